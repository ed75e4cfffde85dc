"""What a submission server said, as one of the errors of `adapters.errors`. Pure.

The enhanced code is judged first (RFC 3463, RFC 2034), then the basic one, then its class.
"""

import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from apps.providers.adapters import errors

TRY_LATER: Final = 60.0
ENHANCED: Final = re.compile(r"^([245])\.(\d{1,3})\.(\d{1,3})\b")


@dataclass(frozen=True, slots=True)
class Reply:
    """One complete reply: its code, and the text of its lines."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All lines as one."""
        return " ".join(self.lines)

    @property
    def enhanced(self) -> str:
        """The enhanced status code, such as 5.7.8; empty when there is none."""
        found = ENHANCED.match(self.lines[0]) if self.lines else None
        return found[0] if found else ""

    @property
    def said(self) -> str:
        """As the server wrote it, for the person."""
        return f"{self.code} {self.text}".strip()


class Garbled(ValueError):
    """What arrived is not SMTP."""


_Make = Callable[[str], errors.AdapterError]


def _a(kind: type[errors.AdapterError], reason: str) -> _Make:
    return lambda said: kind(reason, said=said)


def _later(kind: type[errors.Transient], reason: str) -> _Make:
    return lambda said: kind(reason, said=said, retry_after=TRY_LATER)


_CREDENTIALS: Final = _a(errors.NeedsReconnect, "the server did not accept the user name and password")
_SWITCHED_OFF: Final = _a(errors.PermissionMissing, "sending by SMTP is switched off for this user")
_WEBSITE: Final = _a(errors.NeedsReconnect, "the server asks for a step at the provider's website first")
_TOO_MANY: Final = _later(errors.RateLimited, "the server asked for fewer connections")
_PASSING: Final = _later(errors.Transient, "a passing fault of the server")

# Looked up as "basic enhanced", then as "basic"; what is not listed is judged by its class.
AT_LOGIN: Final[dict[str, _Make]] = {
    "535 5.7.139": _SWITCHED_OFF,  # Microsoft 365: SMTP AUTH is off for the tenant or the mailbox
    "535 5.7.3": _CREDENTIALS,
    "535": _CREDENTIALS,
    "530 5.7.57": _SWITCHED_OFF,
    "530": _a(errors.NeedsReconnect, "the server demands an encrypted connection or a log-in"),
    "534 5.7.9": _WEBSITE,  # application-specific password required
    "534 5.7.14": _WEBSITE,  # log in via your web browser
    "534": _WEBSITE,
    "538": _a(errors.NeedsReconnect, "the server demands an encrypted connection"),
    "432": _TOO_MANY,
    "454 4.7.0": _PASSING,
    "421": _PASSING,
    "450": _PASSING,
    "451": _PASSING,
    "454": _PASSING,
    "500": _a(errors.Rejected, "the server does not know how to log in by password"),
    "502": _a(errors.Rejected, "the server does not know how to log in by password"),
    "503": _a(errors.Rejected, "the server does not offer a log-in"),
    "504": _a(errors.Rejected, "the server does not know this way to log in"),
    "550": _SWITCHED_OFF,
    "554": _a(errors.PermissionMissing, "the server turns this user or this address away"),
}
_RATE: Final = re.compile(r"\brate\b|too many|daily .*limit|throttl", re.IGNORECASE)


def from_login(reply: Reply) -> errors.AdapterError:
    """The typed error of a reply that refuses the connection or the log-in."""
    if _RATE.search(reply.text) and reply.code != 535:
        return _TOO_MANY(reply.said)
    for key in (f"{reply.code} {reply.enhanced}", str(reply.code)):
        if key in AT_LOGIN:
            return AT_LOGIN[key](reply.said)
    return _PASSING(reply.said) if reply.code < 500 else _CREDENTIALS(reply.said)


LOWER: Final = (OSError, EOFError, ValueError)
"""What the layers below may raise: sockets and TLS raise OSErrors, a garbled reply a ValueError."""


def from_exception(error: BaseException) -> errors.AdapterError:
    """The typed error of what a lower layer raised; one of ours is given back as it is."""
    match error:
        case errors.AdapterError():
            return error
        case ssl.SSLCertVerificationError():
            reason = "the server's certificate is not valid for this host"
            return errors.NeedsReconnect(reason, said=error.verify_message)
        case ssl.SSLError():
            reason = "no safe TLS connection to the server could be made"
            return errors.ProviderDown(reason, said=str(error.reason or ""))
        case TimeoutError():
            return errors.ProviderDown("the server did not answer in time")
        case Garbled() | ValueError():
            return errors.Transient("the server's answer is not SMTP")
        case OSError() | EOFError():
            return errors.ProviderDown("the server cannot be reached", said=str(error))
        case _:
            raise TypeError(f"not an exception of the SMTP connection: {type(error).__name__}") from error
