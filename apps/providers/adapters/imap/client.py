"""imapclient over our channel: greeting, STARTTLS and log-in, with the libraries' traps closed.

imaplib's stubs leave out the members that a subclass needs, so `_Imap` meets them as Any.
"""

import base64
import binascii
import imaplib
import io
import re
import ssl
from typing import Any, Final

from imapclient import IMAPClient

from apps.providers.adapters import errors
from apps.providers.adapters.base import Endpoint, Login
from apps.providers.adapters.imap import login as sasl
from apps.providers.adapters.imap import wire
from apps.providers.adapters.imap.channel import BUFFER, Channel

_BARE: Final = re.compile(rb"[^\s*+]+ (?:OK|NO|BAD)", re.IGNORECASE)
_Base: Any = imaplib.IMAP4
_ClientBase: Any = IMAPClient


class _Imap(_Base):  # type: ignore[misc]  # the stubs lack what is overridden here
    """imaplib over a Channel."""

    file: Any = None

    def __init__(self, endpoint: Endpoint, channel: Channel, tls: ssl.SSLContext) -> None:
        self.endpoint = endpoint
        self.channel = channel
        self.context = tls
        super().__init__(endpoint.host, endpoint.port)

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:
        self.host, self.port = host, port
        if self.endpoint.security == "tls":
            self.channel.start_tls(self.context, host)
        self._attach()

    def _attach(self) -> None:
        """Read from the channel as it is now; what an older reader had buffered is gone."""
        if self.file is not None:
            self.file.detach()  # else the end of the old reader closes the channel
        self.sock = self.channel.sock
        self.file = io.BufferedReader(self.channel, BUFFER)

    def _mode_ascii(self) -> None:
        super()._mode_ascii()
        self._encoding = "latin-1"  # 8-bit text in an answer must not raise

    def _mesg(self, *args: object) -> None:
        """imaplib's trace would show the password."""

    def _log(self, line: str) -> None:
        """So would its memory of the last commands."""

    def readline(self) -> bytes:
        """A line as imaplib insists on it: CRLF at its end, a space behind a bare `tag OK`."""
        line: bytes = self.file.readline(wire.DEFAULT.line + 1)
        if len(line) > wire.DEFAULT.line:
            raise wire.WireError(f"the server sent a line of more than {wire.DEFAULT.line} bytes")
        if not line.endswith(b"\n"):
            raise wire.EndOfStream(inside=bool(line))
        text = line.rstrip(b"\r\n")
        return text + (b" \r\n" if _BARE.fullmatch(text) else b"\r\n")

    def read(self, size: int) -> bytes:
        if size > wire.DEFAULT.line:
            raise wire.WireError(f"the server announced {size} bytes before the log-in")
        data: bytes = self.file.read(size)
        return data

    def send(self, data: bytes) -> None:
        self.channel.ask()
        self.channel.send(data)

    def shutdown(self) -> None:
        self.channel.close()

    def _get_capabilities(self) -> None:
        """Take the greeting's list when it has one: a round trip less."""
        told = self.untagged_responses.pop("CAPABILITY", None)
        if told and not self._tls_established:
            self.capabilities = tuple(told[-1].decode("latin-1").upper().split())
        else:
            super()._get_capabilities()
            self.untagged_responses.pop("CAPABILITY", None)

    def login(self, user: str, password: str) -> tuple[str, list[Any]]:
        """LOGIN; imaplib leaves the user name unquoted."""
        status, data = self._simple_command("LOGIN", self._quote(user), self._quote(password))
        if status != "OK":
            raise self.error(data[-1].decode("utf-8", "replace"))
        self.state = "AUTH"
        return status, data

    def starttls(self, ssl_context: ssl.SSLContext | None = None) -> tuple[str, list[Any]]:
        """STARTTLS that trusts nothing said before the hand-shake (RFC 3501 section 6.2.1)."""
        status, data = self._simple_command("STARTTLS")
        if status != "OK":
            raise errors.NeedsReconnect("the server refuses to encrypt the connection")
        if self.channel.buffered(self.file):
            raise errors.NeedsReconnect("somebody put text into the connection before it was encrypted")
        self.channel.start_tls(self.context, self.host)
        self._attach()
        self._tls_established = True
        self.untagged_responses: dict[str, list[Any]] = {}
        self._get_capabilities()
        return status, data

    def authenticate(self, mechanism: str, authobject: sasl.Mechanism) -> tuple[str, list[Any]]:
        """AUTHENTICATE, with the first answer in the same line where the server takes that (RFC 4959)."""
        first = [base64.b64encode(authobject(b""))] if "SASL-IR" in self.capabilities else []
        tag = self._command("AUTHENTICATE", mechanism, *first)
        while self.tagged_commands[tag] is None:
            if self._get_response() is None:
                challenge = binascii.a2b_base64(self.continuation_response or b"")
                self.send(base64.b64encode(authobject(challenge)) + b"\r\n")
            self._check_bye()
        status, data = self.tagged_commands.pop(tag)
        if status != "OK":
            raise self.error(data[-1].decode("utf-8", "replace"))
        self.state = "AUTH"
        return status, data


class Client(_ClientBase):  # type: ignore[misc]  # imapclient has no types
    """imapclient over `_Imap`: connects when it is made. Raises whatever `errors.from_exception` knows."""

    def __init__(self, endpoint: Endpoint, channel: Channel, tls: ssl.SSLContext) -> None:
        self._endpoint = endpoint
        self._over = (endpoint, channel, tls)
        super().__init__(endpoint.host, endpoint.port, ssl=endpoint.security == "tls")
        self._imap.debug = 0
        self.normalise_times = False

    def _create_IMAP4(self) -> _Imap:  # noqa: N802  # imapclient's name
        return _Imap(*self._over)

    def _set_read_timeout(self) -> None:
        """The channel keeps the clocks."""

    @property
    def reader(self) -> io.BufferedReader:
        """The stream from the server, at the point where imaplib stopped reading."""
        reader: io.BufferedReader = self._imap.file
        return reader

    def encrypt(self) -> None:
        """STARTTLS where it is asked for; never on in the clear then. Raises NeedsReconnect."""
        if self._endpoint.security != "starttls":
            return
        if self._imap.state != "NONAUTH":
            # A PREAUTH greeting would skip STARTTLS (CVE-2021-33515 and its kin).
            raise errors.NeedsReconnect("the server claims a log-in before the connection is encrypted")
        if "STARTTLS" not in self._imap.capabilities:
            raise errors.NeedsReconnect("the server does not offer to encrypt the connection")
        self.starttls()

    def log_in(self, login: Login) -> frozenset[str]:
        """Log in by the best mechanism; give the capabilities that hold afterwards."""
        if self._imap.state == "NONAUTH":
            name = sasl.choose(frozenset(self._imap.capabilities), login)
            if name == sasl.LOGIN_COMMAND:
                # Not imapclient's own `login`: it writes the user name into the log.
                self._imap.login(login.username, login.password)
            else:
                self._authenticate(name, sasl.mechanism(name, login, self._endpoint))
        return frozenset(name.decode("latin-1") for name in self.capabilities())

    def _authenticate(self, name: str, mechanism: sasl.Mechanism) -> None:
        try:
            self.sasl_login(name, mechanism)
        except imaplib.IMAP4.error as exc:
            missing = mechanism.missing_scope() if isinstance(mechanism, sasl.OAuth) else None
            raise (missing or exc) from None
        if isinstance(mechanism, sasl.Scram) and not mechanism.proven:
            raise errors.NeedsReconnect(sasl.UNPROVEN)
