"""What an IMAP server or a library said, as one of the errors of `adapters.errors`. Pure.

A refusal is judged by its response code first, then by its text, then by what was being done
(RFC 5530; the texts are those of servers that send no code). `from_exception` is the one place
where exceptions of the socket, ssl, imaplib and imapclient modules become ours.
"""

import binascii
import imaplib
import re
import socket
import ssl
from collections.abc import Callable
from enum import StrEnum
from typing import Final

import imapclient.exceptions

from apps.providers.adapters import errors
from apps.providers.adapters.imap import wire

TRY_LATER: Final = 30.0  # seconds; the caller grows it with each failure in a row
TOO_MANY_CONNECTIONS: Final = 60.0
THROTTLED: Final = 600.0
OVER_QUOTA: Final = 3600.0
BANDWIDTH: Final = 24 * 3600.0
LONGEST_BACKOFF: Final = 24 * 3600.0


class Stage(StrEnum):
    """What was being done when the server refused."""

    CONNECT = "connect"
    LOGIN = "login"
    OAUTH = "oauth"
    """A log-in with an access token."""
    READ = "read"
    WRITE = "write"


_Make = Callable[[str, Stage], errors.AdapterError]


def _a(kind: type[errors.AdapterError], reason: str) -> _Make:
    return lambda said, stage: kind(reason, said=said)


def _later(kind: type[errors.Transient], reason: str, seconds: float) -> _Make:
    return lambda said, stage: kind(reason, said=said, retry_after=seconds)


def _credentials(said: str, stage: Stage) -> errors.AdapterError:
    if stage is Stage.OAUTH:
        return errors.AuthExpired("the server did not accept the access token", said=said)
    return errors.NeedsReconnect("the server did not accept the user name and password", said=said)


def _over_quota(said: str, stage: Stage) -> errors.AdapterError:
    # Gmail answers reading commands so when the day's download allowance is spent.
    if stage is Stage.WRITE:
        return errors.Rejected("mailbox full", said=said)
    return errors.RateLimited("the server's quota is spent", said=said, retry_after=OVER_QUOTA)


def _throttled(said: str, stage: Stage) -> errors.AdapterError:
    found = _BACKOFF.search(said)
    seconds = min(int(found[1]) / 1000, LONGEST_BACKOFF) if found else THROTTLED
    return errors.RateLimited("the server asked for fewer requests", said=said, retry_after=seconds)


def _read_only(said: str, stage: Stage) -> errors.AdapterError:
    return errors.PermissionMissing("the server does not allow this", said=said)


_BACKOFF: Final = re.compile(r"backoff time: *(\d{1,12})", re.IGNORECASE)

CODES: Final[dict[str, _Make]] = {
    "AUTHENTICATIONFAILED": _credentials,
    "EXPIRED": _credentials,
    "AUTHORIZATIONFAILED": _a(errors.NeedsReconnect, "the server does not let this user in"),
    "PRIVACYREQUIRED": _a(errors.NeedsReconnect, "the server demands an encrypted connection"),
    "CONTACTADMIN": _a(errors.NeedsReconnect, "the server refers to its administrator"),
    "UNAVAILABLE": _later(errors.Transient, "the server is not available at the moment", TRY_LATER),
    "SERVERBUG": _later(errors.Transient, "the server reports a fault of its own", TRY_LATER),
    "INUSE": _later(errors.Transient, "the mailbox is in use", TRY_LATER),
    "CORRUPTION": _later(errors.Transient, "the server found its data damaged", TRY_LATER),
    "LIMIT": _later(errors.RateLimited, "the server's limit is reached", TOO_MANY_CONNECTIONS),
    "THROTTLED": _throttled,
    "OVERQUOTA": _over_quota,
    "NONEXISTENT": _a(errors.NotFound, "the mailbox does not exist"),
    "TRYCREATE": _a(errors.NotFound, "the mailbox does not exist"),
    "NOPERM": _read_only,
    "READ-ONLY": _read_only,
    "CANNOT": _a(errors.Rejected, "the server cannot do this"),
    "TOOBIG": _a(errors.Rejected, "the server finds the message too big"),
    "USEATTR": _a(errors.Rejected, "the server does not support this special use"),
    "BADCHARSET": _a(errors.Rejected, "the server does not know the character set"),
    "ALREADYEXISTS": _a(errors.Rejected, "the mailbox exists already"),
    "MODIFIED": _a(errors.Conflict, "another client changed the message meanwhile"),
    "EXPUNGEISSUED": _a(errors.Conflict, "another client removed a message meanwhile"),
    "UIDNOTSTICKY": _a(errors.CursorExpired, "the mailbox does not keep its UIDs"),
}

_STEP_AT_THE_PROVIDER: Final = (
    r"imap (access )?is disabled|not enabled|enable imap|(web|browser) login required|log ?in via your web browser|"
    r"application-specific password|app password|unsafe login"
)
TEXTS: Final[tuple[tuple[re.Pattern[str], _Make], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), make)
    for pattern, make in (
        (r"backoff time|throttl", _throttled),
        (
            r"bandwidth limit|account exceeded command",
            _later(errors.RateLimited, "the day's allowance is spent", BANDWIDTH),
        ),
        (
            r"too many (simultaneous )?(connections|sessions)|maximum number of connections|connection limit",
            _later(errors.RateLimited, "the server allows no further connection", TOO_MANY_CONNECTIONS),
        ),
        (
            r"authenticated but not connected",
            _later(errors.Transient, "the server let the user in and then refused the mailbox", TOO_MANY_CONNECTIONS),
        ),
        (
            r"disabled by (the |your )?administrator|scope",
            _a(errors.PermissionMissing, "IMAP is switched off for this user, or the consent does not cover it"),
        ),
        (
            _STEP_AT_THE_PROVIDER,
            _a(errors.NeedsReconnect, "the server asks for a step at the provider's website first"),
        ),
        (
            r"autologout|inactivity|idle (for )?too long|timed? ?out",
            _later(errors.Transient, "the server hung up", 0.0),
        ),
    )
)

_PASSING: Final = (
    re.compile(r"temporar|try again|system error|server (busy|error)|unavailable", re.IGNORECASE),
    _later(errors.Transient, "a passing fault", TRY_LATER),
)
_READ_TEXTS: Final = (
    (re.compile(r"(does not|doesn't|not) exist|no such|not found|unknown (mailbox|folder)|nonexistent", re.IGNORECASE),
     CODES["NONEXISTENT"]),
    (re.compile(r"permission|access denied|not allowed|acl", re.IGNORECASE), _read_only),
)  # fmt: skip


def from_refusal(answer: wire.Tagged | wire.Status, stage: Stage) -> errors.AdapterError:
    """The typed error of a NO, BAD or BYE."""
    code = answer.code
    said = f"[{code.name}] {answer.text}".strip() if code else answer.text
    if code is not None and code.name in CODES:
        # M365 and others put the wait into the text behind a general code.
        if _BACKOFF.search(answer.text):
            return _throttled(said, stage)
        return CODES[code.name](said, stage)
    texts = (*TEXTS, _PASSING)
    if stage in (Stage.READ, Stage.WRITE):
        texts += _READ_TEXTS
    for pattern, make in texts:
        if pattern.search(answer.text):
            return make(said, stage)
    return _by_stage(answer, said, stage)


ITEM_CODES: Final = frozenset(
    {"UNAVAILABLE", "SERVERBUG", "CORRUPTION", "EXPUNGEISSUED", "NONEXISTENT", "CANNOT", "TOOBIG", "UNKNOWN-CTE"}
)


def may_concern_one(answer: wire.Tagged) -> bool:
    """True for a refusal that says nothing about the connection or the account: it may be about one message of many."""
    if _BACKOFF.search(answer.text):
        return False
    if answer.code is not None and answer.code.name in CODES:
        return answer.code.name in ITEM_CODES
    return not any(pattern.search(answer.text) for pattern, _ in TEXTS)


def _by_stage(answer: wire.Tagged | wire.Status, said: str, stage: Stage) -> errors.AdapterError:
    if stage in (Stage.LOGIN, Stage.OAUTH) and answer.status == "NO":
        return _credentials(said, stage)
    if stage is Stage.WRITE and answer.status != "BYE":
        return errors.Rejected("the server refused the change", said=said)
    if stage is Stage.CONNECT:
        return errors.ProviderDown("the server turns the connection away", said=said, retry_after=TRY_LATER)
    if answer.status == "BYE":
        return errors.Transient("the server hung up", said=said, retry_after=TRY_LATER)
    return errors.Transient("the server refused the command", said=said, retry_after=TRY_LATER)


def from_text(text: str, stage: Stage) -> errors.AdapterError:
    """The typed error of a refusal of which a library kept the words only."""
    line = re.sub(r"^(\* )?(NO|BAD|BYE) +", "", text.strip())
    status = wire.parse_line(b"* NO " + line.encode("utf-8", "replace").replace(b"\r", b" ").replace(b"\n", b" "))
    if not isinstance(status, wire.Status):
        raise TypeError("a line that begins with `* NO` is a status")
    return from_refusal(status, stage)


def from_exception(exc: BaseException, stage: Stage) -> errors.AdapterError:
    """The typed error of an exception that a lower layer raised; one of ours is given back as it is."""
    if isinstance(exc, errors.AdapterError):
        return exc
    for kind, make in _EXCEPTIONS:
        if isinstance(exc, kind):
            return make(exc, stage)
    raise TypeError(f"not an exception of the IMAP connection: {type(exc).__name__}") from exc


LOWER: Final = (OSError, EOFError, ValueError, binascii.Incomplete, imaplib.IMAP4.error, wire.WireError)
"""What the layers below may raise: socket and ssl errors are OSErrors, bad base64 and 8-bit text ValueErrors."""


def _certificate(exc: BaseException, stage: Stage) -> errors.AdapterError:
    said = getattr(exc, "verify_message", "") or str(exc)
    return errors.NeedsReconnect("the server's certificate is not valid for this host", said=said)


def _tls(exc: BaseException, stage: Stage) -> errors.AdapterError:
    if stage is Stage.CONNECT:
        return errors.ProviderDown("no safe TLS connection to the server could be made", said=str(exc))
    return errors.Transient("the encrypted connection broke", said=str(exc))


def _unreachable(reason: str) -> Callable[[BaseException, Stage], errors.AdapterError]:
    return lambda exc, stage: errors.ProviderDown(reason, said=str(exc))


def _timeout(exc: BaseException, stage: Stage) -> errors.AdapterError:
    if stage is Stage.CONNECT:
        return errors.ProviderDown("the server did not answer in time", said=str(exc))
    return errors.Transient("the server did not answer in time", said=str(exc))


def _broken(exc: BaseException, stage: Stage) -> errors.AdapterError:
    if stage is Stage.CONNECT:
        return errors.ProviderDown("the server cannot be reached", said=str(exc))
    return errors.Transient("the connection broke", said=str(exc))


def _garbled(exc: BaseException, stage: Stage) -> errors.AdapterError:
    if isinstance(exc, wire.WireError):
        return errors.Transient(str(exc), said=exc.sample.decode("utf-8", "replace"))
    return errors.Transient("the server's answer is not IMAP", said=str(exc))


def _library(exc: BaseException, stage: Stage) -> errors.AdapterError:
    said = exc.args[0] if exc.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    if "socket error" in text or "unexpected" in text or "not IMAP4 compliant" in text:
        return errors.Transient("the server's answer is not IMAP", said=text)
    return from_text(text, stage)


_EXCEPTIONS: Final[tuple[tuple[type[BaseException], Callable[[BaseException, Stage], errors.AdapterError]], ...]] = (
    (ssl.CertificateError, _certificate),
    (ssl.SSLError, _tls),
    (socket.gaierror, _unreachable("the server's name cannot be found")),
    (ConnectionRefusedError, _unreachable("the server refuses connections")),
    (TimeoutError, _timeout),
    (wire.EndOfStream, _broken),
    (wire.WireError, _garbled),
    (imapclient.exceptions.ProtocolError, _garbled),
    (
        imapclient.exceptions.CapabilityError,
        lambda exc, stage: errors.Rejected(f"the server lacks a capability: {exc}"),
    ),
    (imaplib.IMAP4.readonly, lambda exc, stage: _read_only(str(exc), stage)),
    (imaplib.IMAP4.error, _library),
    (binascii.Error, _garbled),
    (binascii.Incomplete, _garbled),
    (UnicodeError, _garbled),
    (ValueError, _garbled),
    (EOFError, _broken),
    (OSError, _broken),
)
