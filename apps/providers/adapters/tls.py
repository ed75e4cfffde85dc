"""What we trust, read once a process: reading the system's authorities takes 24 ms, longer than many a request.

Mail and HTTP have a context each. An HTTP client writes the protocol that it speaks (RFC 7301) into the context which
it is given; a mail server that hears `http/1.1` may refuse the connection, as section 3.2 asks.
"""

import ssl
from functools import cache
from typing import Final

OLDEST: Final = ssl.TLSVersion.TLSv1_2


@cache
def for_mail() -> ssl.SSLContext:
    """For IMAP and SMTP: TLS 1.2 or newer, certificate and host name checked against the system's authorities."""
    return _checked()


@cache
def for_http() -> ssl.SSLContext:
    """For HTTP, likewise."""
    return _checked()


def _checked() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    context.minimum_version = OLDEST
    return context
