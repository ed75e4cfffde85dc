"""What a server or a library says becomes one typed error, row by row and completely."""

import binascii
import imaplib
import inspect
import socket
import ssl

import imapclient.exceptions
import pytest

from apps.providers.adapters import errors
from apps.providers.adapters.imap import wire
from apps.providers.adapters.imap.errors import (
    CODES,
    LOWER,
    Stage,
    from_exception,
    from_refusal,
    from_text,
    may_concern_one,
)

THROTTLE = "Request is throttled. Suggested Backoff Time: 299961 milliseconds"


def answer(line: str) -> wire.Tagged | wire.Status:
    response = wire.parse_line(line.encode())
    assert isinstance(response, wire.Tagged | wire.Status)
    return response


@pytest.mark.parametrize(
    ("line", "stage", "expected", "retry_after"),
    [
        ("a NO [AUTHENTICATIONFAILED] no", Stage.LOGIN, errors.NeedsReconnect, None),
        ("a NO [AUTHENTICATIONFAILED] no", Stage.OAUTH, errors.AuthExpired, None),
        ("a NO [EXPIRED] password too old", Stage.LOGIN, errors.NeedsReconnect, None),
        ("a NO LOGIN failed.", Stage.LOGIN, errors.NeedsReconnect, None),
        ("a NO AUTHENTICATE failed.", Stage.OAUTH, errors.AuthExpired, None),
        ("a NO [AUTHORIZATIONFAILED] no", Stage.LOGIN, errors.NeedsReconnect, None),
        ("a NO [PRIVACYREQUIRED] TLS first", Stage.LOGIN, errors.NeedsReconnect, None),
        ("a NO [CONTACTADMIN] call us", Stage.LOGIN, errors.NeedsReconnect, None),
        (
            "a NO [ALERT] Application-specific password required: https://x (Failure)",
            Stage.LOGIN,
            errors.NeedsReconnect,
            None,
        ),
        ("a NO [WEBALERT https://x] Web login required.", Stage.LOGIN, errors.NeedsReconnect, None),
        ("a NO IMAP is disabled", Stage.LOGIN, errors.NeedsReconnect, None),
        ("a NO Your account is not enabled for IMAP use.", Stage.LOGIN, errors.NeedsReconnect, None),
        ("a NO IMAP access disabled by administrator", Stage.LOGIN, errors.PermissionMissing, None),
        ("a NO EXAMINE Unsafe Login. Please contact kefu@188.com", Stage.READ, errors.NeedsReconnect, None),
        ("a NO [UNAVAILABLE] Temporary authentication failure.", Stage.LOGIN, errors.Transient, 30),
        ("a NO System Error (Failure)", Stage.LOGIN, errors.Transient, 30),
        ("a NO [SERVERBUG] Internal error occurred.", Stage.READ, errors.Transient, 30),
        ("a NO [INUSE] locked", Stage.READ, errors.Transient, 30),
        ("a NO please try again later", Stage.READ, errors.Transient, 30),
        ("a NO [LIMIT] too much", Stage.READ, errors.RateLimited, 60),
        ("a NO Too many simultaneous connections. (Failure)", Stage.LOGIN, errors.RateLimited, 60),
        ("* BYE Maximum number of connections from user+IP exceeded", Stage.CONNECT, errors.RateLimited, 60),
        ("a NO [THROTTLED] slow down", Stage.READ, errors.RateLimited, 600),
        (f"a NO {THROTTLE}", Stage.READ, errors.RateLimited, 299.961),
        (f"a BAD {THROTTLE}", Stage.READ, errors.RateLimited, 299.961),
        (f"* BYE {THROTTLE}", Stage.READ, errors.RateLimited, 299.961),
        (f"a NO [UNAVAILABLE] {THROTTLE}", Stage.READ, errors.RateLimited, 299.961),
        ("a NO Backoff Time: 999999999999 milliseconds", Stage.READ, errors.RateLimited, 86400),
        ("a NO Account exceeded command or bandwidth limits.", Stage.READ, errors.RateLimited, 86400),
        ("a NO [OVERQUOTA] Account exceeded command or bandwidth limits.", Stage.READ, errors.RateLimited, 3600),
        ("a NO [OVERQUOTA] Quota exceeded", Stage.WRITE, errors.Rejected, None),
        ("a BAD User is authenticated but not connected.", Stage.READ, errors.Transient, 60),
        ("a NO [NONEXISTENT] Unknown Mailbox: x (Failure)", Stage.READ, errors.NotFound, None),
        ("a NO [TRYCREATE] no mailbox", Stage.WRITE, errors.NotFound, None),
        ("a NO Mailbox doesn't exist: x", Stage.READ, errors.NotFound, None),
        ("a NO [NOPERM] no", Stage.READ, errors.PermissionMissing, None),
        ("a NO Permission denied", Stage.READ, errors.PermissionMissing, None),
        ("a NO [READ-ONLY] no", Stage.WRITE, errors.PermissionMissing, None),
        ("a NO [CANNOT] no", Stage.WRITE, errors.Rejected, None),
        ("a NO [TOOBIG] no", Stage.WRITE, errors.Rejected, None),
        ("a NO [USEATTR] no", Stage.WRITE, errors.Rejected, None),
        ("a NO [BADCHARSET (UTF-8)] no", Stage.READ, errors.Rejected, None),
        ("a NO [ALREADYEXISTS] is there", Stage.WRITE, errors.Rejected, None),
        ("a NO Command Argument Error. 11", Stage.WRITE, errors.Rejected, None),
        ("a NO [MODIFIED 7] no", Stage.WRITE, errors.Conflict, None),
        ("a NO [EXPUNGEISSUED] no", Stage.READ, errors.Conflict, None),
        ("a NO [UIDNOTSTICKY] no", Stage.READ, errors.CursorExpired, None),
        ("a NO [CORRUPTION] no", Stage.READ, errors.Transient, 30),
        ("a BAD what?", Stage.READ, errors.Transient, 30),
        ("a NO hm", Stage.READ, errors.Transient, 30),
        ("* BYE Autologout; idle for too long", Stage.READ, errors.Transient, 0),
        ("* BYE", Stage.READ, errors.Transient, 30),
        ("* BYE [UNAVAILABLE] down", Stage.CONNECT, errors.Transient, 30),
        ("* BYE go away", Stage.CONNECT, errors.ProviderDown, 30),
    ],
)
def test_a_refusal_is_told_by_code_then_text_then_state(
    line: str, stage: Stage, expected: type[errors.AdapterError], retry_after: float | None
) -> None:
    error = from_refusal(answer(line), stage)
    assert type(error) is expected
    assert getattr(error, "retry_after", None) == retry_after
    assert error.said.endswith(answer(line).text)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("stage", Stage)
def test_every_code_has_a_sentence_in_every_stage(code: str, stage: Stage) -> None:
    error = from_refusal(answer(f"a NO [{code}] because"), stage)
    assert error.reason
    assert error.said == f"[{code}] because"


@pytest.mark.parametrize(
    ("line", "one"),
    [
        ("a NO [UNAVAILABLE] UID FETCH Server error", True),
        ("a NO [SERVERBUG] oops", True),
        ("a BAD parse error", True),
        ("a NO cannot be read", True),
        ("a NO [OVERQUOTA] bandwidth", False),
        ("a NO [LIMIT] connections", False),
        ("a NO [NOPERM] not yours", False),
        (f"a NO [UNAVAILABLE] {THROTTLE}", False),
        ("a BAD User is authenticated but not connected.", False),
    ],
)
def test_a_refusal_of_one_message_is_told_from_one_of_the_account(line: str, one: bool) -> None:
    refusal = answer(line)
    assert isinstance(refusal, wire.Tagged)
    assert may_concern_one(refusal) is one


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[AUTHENTICATIONFAILED] Authentication failed.", errors.NeedsReconnect),
        ("* BYE [UNAVAILABLE] later", errors.Transient),
        ("BYE too many connections", errors.RateLimited),
        ("two\r\nlines [x", errors.NeedsReconnect),
        ("", errors.NeedsReconnect),
    ],
)
def test_a_refusal_of_which_only_the_words_are_left(text: str, expected: type[errors.AdapterError]) -> None:
    assert type(from_text(text, Stage.LOGIN)) is expected


@pytest.mark.parametrize(
    ("exc", "stage", "expected"),
    [
        (ssl.SSLCertVerificationError("x"), Stage.CONNECT, errors.NeedsReconnect),
        (ssl.SSLError("alert"), Stage.CONNECT, errors.ProviderDown),
        (ssl.SSLError("alert"), Stage.READ, errors.Transient),
        (ssl.SSLEOFError("eof"), Stage.READ, errors.Transient),
        (socket.gaierror(-2, "unknown"), Stage.CONNECT, errors.ProviderDown),
        (ConnectionRefusedError(), Stage.CONNECT, errors.ProviderDown),
        (TimeoutError(), Stage.CONNECT, errors.ProviderDown),
        (TimeoutError(), Stage.LOGIN, errors.Transient),
        (ConnectionResetError(), Stage.READ, errors.Transient),
        (BrokenPipeError(), Stage.READ, errors.Transient),
        (OSError(113, "no route"), Stage.CONNECT, errors.ProviderDown),
        (wire.EndOfStream(inside=True), Stage.READ, errors.Transient),
        (wire.WireError("x"), Stage.READ, errors.Transient),
        (binascii.Error(), Stage.LOGIN, errors.Transient),
        (UnicodeDecodeError("ascii", b"\xff", 0, 1, "x"), Stage.LOGIN, errors.Transient),
        (imaplib.IMAP4.readonly("x"), Stage.READ, errors.PermissionMissing),
        (imaplib.IMAP4.abort("socket error: EOF"), Stage.LOGIN, errors.Transient),
        (imaplib.IMAP4.abort("[THROTTLED] slow"), Stage.LOGIN, errors.RateLimited),
        (imaplib.IMAP4.error(b"* BYE [LIMIT] no"), Stage.CONNECT, errors.RateLimited),
        (imapclient.exceptions.LoginError("LOGIN failed"), Stage.LOGIN, errors.NeedsReconnect),
        (errors.Rejected("ours"), Stage.READ, errors.Rejected),
    ],
)
def test_each_lower_exception_becomes_ours(
    exc: BaseException, stage: Stage, expected: type[errors.AdapterError]
) -> None:
    assert type(from_exception(exc, stage)) is expected


def library_exceptions() -> list[type[BaseException]]:
    """Every exception class that the libraries below define."""
    found: set[type[BaseException]] = {imaplib.IMAP4.error, imaplib.IMAP4.abort, imaplib.IMAP4.readonly}
    for module in (imapclient.exceptions, imaplib, ssl, socket, binascii):
        found |= {
            member
            for _, member in inspect.getmembers(module, inspect.isclass)
            if issubclass(member, Exception) and member.__module__ != "builtins" and not member.__name__.startswith("_")
        }
    return sorted(found, key=lambda kind: kind.__qualname__)


@pytest.mark.parametrize("kind", library_exceptions(), ids=lambda kind: kind.__qualname__)
@pytest.mark.parametrize("stage", Stage)
def test_no_exception_of_a_library_is_unknown(kind: type[Exception], stage: Stage) -> None:
    """Fails when a library grows an exception that nobody mapped."""
    assert issubclass(kind, LOWER)
    assert from_exception(kind("something"), stage).reason


def test_a_programming_error_stays_one() -> None:
    with pytest.raises(TypeError, match="KeyError"):
        from_exception(KeyError("x"), Stage.READ)
