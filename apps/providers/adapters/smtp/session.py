"""One connection to a submission server: greeting, EHLO, STARTTLS, log-in. Used by one thread.

Written over the same channel as IMAP rather than over smtplib, which sends a password in ASCII
only, has no clock over a whole answer, and keeps what was sent before the TLS hand-shake.
"""

import base64
import contextlib
import io
import socket
import ssl
from collections.abc import Mapping, Sequence
from typing import Final, Self

from apps.providers.adapters import errors
from apps.providers.adapters.base import Endpoint, Login
from apps.providers.adapters.imap import login as sasl
from apps.providers.adapters.imap.channel import Channel, Timeouts, dial
from apps.providers.adapters.tls import for_mail

from .errors import LOWER, Garbled, Reply, from_exception, from_login

LINE: Final = 4096  # RFC 5321 section 4.5.3.1.5 allows 512; servers write more
LINES: Final = 200
CONTROL: Final = frozenset("\0\r\n")
DEFAULT_TIMEOUTS: Final = Timeouts()


class SmtpSession:
    """A connection whose log-in was accepted."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._reader = io.BufferedReader(channel)
        self._aborted = False
        self.extensions: Mapping[str, str] = {}
        """What the last EHLO offered: keyword in upper case to its parameters."""

    @classmethod
    def open(
        cls,
        endpoint: Endpoint,
        login: Login,
        *,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        tls: ssl.SSLContext | None = None,
    ) -> Self:
        """Connect, encrypt, log in. Raises the errors of `adapters.errors`."""
        sasl.check(login)
        channel: Channel | None = None
        try:
            channel = Channel(dial(endpoint, timeouts.connect), timeouts)
            if endpoint.security == "tls":
                channel.start_tls(tls or for_mail(), endpoint.host)
            session = cls(channel)
            session._greet()
            if endpoint.security == "starttls":
                session._encrypt(tls or for_mail(), endpoint.host)
            session._log_in(login)
            return session
        except (errors.AdapterError, *LOWER) as error:
            if channel is not None:
                channel.close()
            raise from_exception(error) from None

    def command(self, line: str) -> Reply:
        """Send one line, read its reply. Raises OSError, Garbled; ValueError for what would be two lines."""
        if CONTROL & set(line):
            raise ValueError("a command is one line")
        self._channel.ask()
        self._channel.send(line.encode("utf-8") + b"\r\n")
        return self._reply()

    def commands(self, lines: Sequence[str]) -> list[Reply]:
        """Send several lines at once, read a reply to each (RFC 2920). Raises as `command` does."""
        if any(CONTROL & set(line) for line in lines):
            raise ValueError("a command is one line")
        self._channel.ask()
        self._channel.send("".join(f"{line}\r\n" for line in lines).encode("utf-8"))
        return [self._reply() for _ in lines]

    def send(self, data: bytes) -> None:
        """Send bytes of a message. Raises OSError."""
        self._channel.send(data)

    def reply(self) -> Reply:
        """Read the reply to what was sent. Raises OSError, EOFError, Garbled."""
        self._channel.ask()
        return self._reply()

    def has_spoken(self) -> bool:
        """True when something lies unread: a reply that nobody waits for, or the end of the connection."""
        return bool(self._channel.buffered(self._reader)) or self._channel.ready()

    def patient(self, timeouts: Timeouts) -> None:
        """Wait for so long from here on."""
        self._channel.patient(timeouts)

    def abort(self) -> None:
        """Close at once, without a word: a QUIT in the middle of a message would be a part of it."""
        self._aborted = True
        self._channel.close()

    def close(self) -> None:
        """Say QUIT and close; never raises."""
        if self._aborted:
            return
        with contextlib.suppress(OSError):  # closed already, which is what was wanted
            self._channel.send(b"QUIT\r\n")
        self._channel.close()

    def _greet(self) -> None:
        self._channel.ask()
        greeting = self._reply()
        if greeting.code != 220:
            raise from_login(greeting)
        self._hello()

    def _hello(self) -> None:
        reply = self.command(f"EHLO {own_name()}")
        if reply.code != 250:
            raise from_login(reply)
        words = (line.upper().replace("=", " ", 1).split(None, 1) for line in reply.lines[1:])
        self.extensions = {word[0]: word[1] if len(word) > 1 else "" for word in words if word}

    def _encrypt(self, tls: ssl.SSLContext, host: str) -> None:
        if "STARTTLS" not in self.extensions:
            raise errors.NeedsReconnect("the server does not offer to encrypt the connection")
        reply = self.command("STARTTLS")
        if reply.code != 220:
            raise errors.NeedsReconnect("the server refuses to encrypt the connection", said=reply.said)
        if self._channel.buffered(self._reader):
            raise errors.NeedsReconnect("somebody put text into the connection before it was encrypted")
        # The reader stays: it is empty, and one that is dropped would close the channel below it.
        self._channel.start_tls(tls, host)
        self._hello()  # what was offered in the clear proves nothing (RFC 3207 section 4.2)

    def _log_in(self, login: Login) -> None:
        offered = self.extensions.get("AUTH", "").split()
        if login.access_token and "XOAUTH2" in offered:
            said = f"user={login.username}\x01auth=Bearer {login.access_token}\x01\x01"
            reply = self.command(f"AUTH XOAUTH2 {_encoded(said)}")
            # A refused token comes as a challenge that wants an empty answer.
            reply = self.command("") if reply.code == 334 else reply
        elif login.password and "PLAIN" in offered:
            reply = self.command("AUTH PLAIN " + _encoded(f"\0{login.username}\0{login.password}"))
        elif login.password and "LOGIN" in offered:
            reply = self._by_login(login)
        else:
            raise errors.NeedsReconnect("the server offers no way to log in with a password on this connection")
        if reply.code != 235:
            raise from_login(reply)

    def _by_login(self, login: Login) -> Reply:
        reply = self.command("AUTH LOGIN")
        for answer in (login.username, login.password):
            if reply.code != 334:
                return reply
            reply = self.command(_encoded(answer))
        return reply

    def _reply(self) -> Reply:
        lines: list[str] = []
        for _ in range(LINES):
            line = self._reader.readline(LINE + 1)
            if not line.endswith(b"\n"):
                raise EOFError("the server hung up") if len(line) <= LINE else Garbled("a line without an end")
            text = line.rstrip(b"\r\n").decode("utf-8", "replace")
            if not text[:3].isdigit() or text[3:4] not in ("", " ", "-"):
                raise Garbled("a line without a code")
            lines.append(text[4:])
            if text[3:4] != "-":
                return Reply(int(text[:3]), tuple(lines))
        raise Garbled("a reply without an end")


def own_name() -> str:
    """What EHLO says: this machine's full name, or an address literal (RFC 5321 section 4.1.4)."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-8")).decode("ascii")
