"""Whether an account may submit mail, found without sending any."""

import ssl

from apps.providers.adapters.base import Endpoint, Login
from apps.providers.adapters.imap.channel import Timeouts

from .session import SmtpSession


def log_in(endpoint: Endpoint, login: Login, *, timeouts: Timeouts, tls: ssl.SSLContext | None = None) -> None:
    """Log in and leave. Raises the errors of `adapters.errors`."""
    SmtpSession.open(endpoint, login, timeouts=timeouts, tls=tls).close()
