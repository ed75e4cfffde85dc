"""What stands between us and a mail server, found step by step without sending any credential.

Used when a log-in failed and the person must be told why: is the port closed, does something else
answer there, does it want TLS at once or not at all, is the certificate bad? Knows no Django.
"""

import io
import socket
import ssl
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NoReturn

from .base import Endpoint
from .imap.channel import Channel, Timeouts, dial

LINE: Final = 8192
LINES: Final = 100
PROBE_NAME: Final = b"pmsync.invalid"
"""What EHLO says in a probe: a name that cannot exist (RFC 2606)."""


class Protocol(StrEnum):
    """What is expected to answer."""

    IMAP = "imap"
    SMTP = "smtp"


class Obstacle(StrEnum):
    """What was found in the way; the part before the dot is the step that failed."""

    PORT_REFUSED = "port.refused"
    PORT_SILENT = "port.silent"
    PORT_UNREACHABLE = "port.unreachable"
    PORT_MUTE = "port.mute"
    """It accepts the connection and never says a word."""
    PORT_OTHER = "port.other"
    """Something answers, but not this protocol."""
    PORT_TURNED_AWAY = "port.turned_away"
    """The server's greeting is a refusal."""
    TLS_EXPIRED = "tls.expired"
    TLS_SELF_SIGNED = "tls.self_signed"
    TLS_UNKNOWN_ISSUER = "tls.unknown_issuer"
    TLS_WRONG_NAME = "tls.wrong_name"
    TLS_INVALID = "tls.invalid"
    TLS_OLD = "tls.old"
    TLS_NOT_SPOKEN = "tls.not_spoken"
    """We said TLS, the server speaks plain text first."""
    TLS_EXPECTED = "tls.expected"
    """We waited for plain text, the server speaks TLS only."""
    TLS_FAILED = "tls.failed"
    TLS_NOT_OFFERED = "tls.not_offered"
    """STARTTLS is not offered, or is refused."""
    TLS_TAMPERED = "tls.tampered"
    """Text was put before the hand-shake, or a log-in is claimed before it (CVE-2011-0411, CVE-2021-33515)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One obstacle, with the server's or the TLS library's own words."""

    obstacle: Obstacle
    said: str = ""


class _Found(Exception):
    def __init__(self, obstacle: Obstacle, said: object = "") -> None:
        self.finding = Finding(obstacle, _shown(said))


def look(endpoint: Endpoint, protocol: Protocol, *, tls: ssl.SSLContext, seconds: float = 4.0) -> Finding | None:
    """Walk from the port to the encrypted greeting; the first obstacle, or None when there is none.

    `seconds` bounds each step.
    """
    timeouts = Timeouts(seconds, seconds, seconds)
    try:
        channel = Channel(_dial(endpoint, seconds), timeouts)
        try:
            _Walk(channel, endpoint, protocol, tls).go()
        finally:
            channel.close()
    except _Found as found:
        mute = found.finding.obstacle is Obstacle.PORT_MUTE
        if mute and endpoint.security != "tls" and _speaks_tls(endpoint, seconds):
            return Finding(Obstacle.TLS_EXPECTED)
        return found.finding
    return None


def _dial(endpoint: Endpoint, seconds: float) -> socket.socket:
    try:
        return dial(endpoint, seconds)
    except ConnectionRefusedError as error:
        raise _Found(Obstacle.PORT_REFUSED, error.strerror) from None
    except TimeoutError:
        raise _Found(Obstacle.PORT_SILENT) from None
    except OSError as error:
        raise _Found(Obstacle.PORT_UNREACHABLE, error.strerror) from None


class _Walk:
    """One walk along one connection."""

    def __init__(self, channel: Channel, endpoint: Endpoint, protocol: Protocol, tls: ssl.SSLContext) -> None:
        self.channel = channel
        self.endpoint = endpoint
        self.protocol = protocol
        self.tls = tls
        self.reader = io.BufferedReader(channel)

    def go(self) -> None:
        if self.endpoint.security == "tls":
            self.encrypt()
            self.greeting()
            return
        self.greeting()
        if self.endpoint.security == "starttls":
            self.ask_for_tls()
            self.encrypt()

    def greeting(self) -> None:
        line = self.line()
        if self.protocol is Protocol.IMAP:
            if line.startswith(b"* BYE"):
                raise _Found(Obstacle.PORT_TURNED_AWAY, line[6:])
            if line.startswith(b"* PREAUTH") and self.endpoint.security == "starttls":
                raise _Found(Obstacle.TLS_TAMPERED, line)
            if not line.startswith((b"* OK", b"* PREAUTH")):
                raise _Found(Obstacle.PORT_OTHER, line)
            return
        while line[3:4] == b"-" and line[:3].isdigit():
            line = self.line()
        if line[:1] in (b"4", b"5") and line[:3].isdigit():
            raise _Found(Obstacle.PORT_TURNED_AWAY, line)
        if not line.startswith(b"220"):
            raise _Found(Obstacle.PORT_OTHER, line)

    def ask_for_tls(self) -> None:
        offered = self.imap_capabilities() if self.protocol is Protocol.IMAP else self.smtp_extensions()
        if b"STARTTLS" not in offered:
            raise _Found(Obstacle.TLS_NOT_OFFERED)
        self.send(b"p2 STARTTLS\r\n" if self.protocol is Protocol.IMAP else b"STARTTLS\r\n")
        answer = self.line()
        if not answer.startswith((b"p2 OK", b"220")):
            raise _Found(Obstacle.TLS_NOT_OFFERED, answer)
        if self.channel.buffered(self.reader):
            raise _Found(Obstacle.TLS_TAMPERED)

    def imap_capabilities(self) -> list[bytes]:
        self.send(b"p1 CAPABILITY\r\n")
        words: list[bytes] = []
        for _ in range(LINES):
            line = self.line().upper()
            if line.startswith(b"P1 "):
                return words
            if line.startswith(b"* CAPABILITY "):
                words += line.split()
        raise _Found(Obstacle.PORT_OTHER)

    def smtp_extensions(self) -> list[bytes]:
        self.send(b"EHLO " + PROBE_NAME + b"\r\n")
        words: list[bytes] = []
        for _ in range(LINES):
            line = self.line().upper()
            words += line[4:].split()[:1]
            if line[3:4] != b"-":
                return words
        raise _Found(Obstacle.PORT_OTHER)

    def encrypt(self) -> None:
        try:
            self.channel.start_tls(self.tls, self.endpoint.host)
        except ssl.SSLError as error:
            raise _Found(*_of_tls(error)) from None
        except TimeoutError:
            raise _Found(Obstacle.PORT_MUTE) from None
        except (OSError, ValueError) as error:
            raise _Found(Obstacle.TLS_FAILED, error) from None

    def send(self, data: bytes) -> None:
        try:
            self.channel.ask()
            self.channel.send(data)
        except OSError as error:
            _hung_up(error)

    def line(self) -> bytes:
        try:
            line = self.reader.readline(LINE)
        except TimeoutError:
            raise _Found(Obstacle.PORT_MUTE) from None
        except OSError as error:
            _hung_up(error)
        if not line:
            raise _Found(Obstacle.PORT_OTHER)
        return line.rstrip(b"\r\n")


def _hung_up(error: OSError) -> NoReturn:
    raise _Found(Obstacle.PORT_OTHER, error.strerror) from None


def obstacle_of(error: BaseException) -> Finding | None:
    """What an exception of a connect or a hand-shake says; None for any other."""
    match error:
        case ssl.SSLError():
            obstacle, said = _of_tls(error)
            return Finding(obstacle, _shown(said))
        case ConnectionRefusedError():
            return Finding(Obstacle.PORT_REFUSED)
        case TimeoutError():
            return Finding(Obstacle.PORT_SILENT)
        case _:
            return None


def _of_tls(error: ssl.SSLError) -> tuple[Obstacle, str]:
    """The library's own words only where ours say less."""
    if isinstance(error, ssl.SSLCertVerificationError):
        known = CERTIFICATE.get(error.verify_code)
        return (known, "") if known else (Obstacle.TLS_INVALID, error.verify_message)
    recognised = HANDSHAKE.get(error.reason or "")
    return (recognised, "") if recognised else (Obstacle.TLS_FAILED, error.reason or "")


# X509_V_ERR_* of OpenSSL.
CERTIFICATE: Final = {
    7: Obstacle.TLS_UNKNOWN_ISSUER,  # signed by another key than that of the authority it names
    9: Obstacle.TLS_EXPIRED,  # not yet valid: a clock or a date, as for an expired one
    10: Obstacle.TLS_EXPIRED,
    18: Obstacle.TLS_SELF_SIGNED,
    19: Obstacle.TLS_UNKNOWN_ISSUER,
    20: Obstacle.TLS_UNKNOWN_ISSUER,
    21: Obstacle.TLS_UNKNOWN_ISSUER,
    62: Obstacle.TLS_WRONG_NAME,
    64: Obstacle.TLS_WRONG_NAME,
}
HANDSHAKE: Final = {
    "WRONG_VERSION_NUMBER": Obstacle.TLS_NOT_SPOKEN,
    "UNKNOWN_PROTOCOL": Obstacle.TLS_NOT_SPOKEN,
    "HTTP_REQUEST": Obstacle.TLS_NOT_SPOKEN,
    "PACKET_LENGTH_TOO_LONG": Obstacle.TLS_NOT_SPOKEN,
    "RECORD_LAYER_FAILURE": Obstacle.TLS_NOT_SPOKEN,
    "UNSUPPORTED_PROTOCOL": Obstacle.TLS_OLD,
    "TLSV1_ALERT_PROTOCOL_VERSION": Obstacle.TLS_OLD,
    "TLSV1_UNRECOGNIZED_NAME": Obstacle.TLS_WRONG_NAME,
}


def _speaks_tls(endpoint: Endpoint, seconds: float) -> bool:
    """True when a TLS hand-shake succeeds. Nothing is sent in it, so nothing need be verified."""
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    try:
        channel = Channel(dial(endpoint, seconds), Timeouts(seconds, seconds, seconds))
    except OSError:
        return False
    try:
        channel.start_tls(unverified, endpoint.host)
    except (OSError, ValueError):
        return False
    finally:
        channel.close()
    return True


def _shown(said: object) -> str:
    """A server's words as one short line of printable text."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said or "")
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:300]
