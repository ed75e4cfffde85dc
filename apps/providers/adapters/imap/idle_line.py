"""The line of a watch: an opened connection, commands out, answers in. Knows nothing of IDLE or NOTIFY.

One task uses it. What the server says of its own accord goes to `told`; a BYE is raised at once.
"""

import asyncio
import base64
import binascii
import ssl
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from apps.providers.adapters import errors
from apps.providers.adapters.base import Endpoint, Login
from apps.providers.adapters.imap import login as sasl
from apps.providers.adapters.imap import wire
from apps.providers.adapters.imap.arguments import quoted
from apps.providers.adapters.imap.capabilities import effective
from apps.providers.adapters.imap.errors import Stage, from_exception, from_refusal
from apps.providers.adapters.imap.idle_habits import Timing
from apps.providers.adapters.imap.idle_socket import IdleSocket
from apps.providers.adapters.tls import for_mail

REMEMBERED: Final = 5  # status lines kept: the reason of a hang-up stands in the last ones


class Step(StrEnum):
    """What is being done while the line is opened."""

    GREET = "greet"
    TLS = "tls"
    AUTH = "auth"


class Line:
    """One connection, opened by `open`."""

    __slots__ = ("_capabilities", "_count", "_endpoint", "_feed", "_said", "_socket", "_timing", "_told", "stage")

    def __init__(self, endpoint: Endpoint, timing: Timing, told: Callable[[wire.Status | wire.Data], None]) -> None:
        self._endpoint = endpoint
        self._timing = timing
        self._told = told
        self._feed = wire.Feed(wire.IDLE)
        self._socket: IdleSocket | None = None
        self._capabilities: frozenset[str] | None = None
        self._said: tuple[wire.Status, ...] = ()
        self._count = 0
        self.stage = Stage.CONNECT

    # ------------------------------------------------------------------ opening

    async def open(self, login: Login, tls: ssl.SSLContext | None, enter: Callable[[Step], None]) -> None:
        """Connect, greet, encrypt and log in, in the order that the endpoint's security asks for.

        Raises errors of `adapters.errors` and what lies below (`errors.LOWER`).
        """
        async with asyncio.timeout(self._timing.connect):
            self._socket = await IdleSocket.connect(self._endpoint)
        if self._endpoint.security == "tls":
            enter(Step.TLS)
            await self._encrypt(tls)
        enter(Step.GREET)
        greeting = await self._greeting()
        if self._endpoint.security == "starttls":
            await self._ask_for_tls(greeting)
            enter(Step.TLS)
            await self._encrypt(tls)
        enter(Step.AUTH)
        if greeting.status != "PREAUTH":
            await self._log_in(login)
        self.stage = Stage.READ

    async def _encrypt(self, tls: ssl.SSLContext | None) -> None:
        await self._open_socket.start_tls(tls or for_mail(), self._endpoint.host)

    async def _greeting(self) -> wire.Status:
        response = await self.response()
        if not isinstance(response, wire.Status):
            raise wire.WireError("the server's greeting is not IMAP")
        if response.status not in ("OK", "PREAUTH"):
            raise from_refusal(response, self.stage)
        self._take_capabilities(response)
        return response

    async def _ask_for_tls(self, greeting: wire.Status) -> None:
        """STARTTLS; trust nothing that was said before the hand-shake (RFC 3501 section 6.2.1)."""
        if greeting.status == "PREAUTH":
            # It would skip STARTTLS (CVE-2021-33515 and its kin).
            raise errors.NeedsReconnect("the server claims a log-in before the connection is encrypted")
        if "STARTTLS" not in await self.offered():
            raise errors.NeedsReconnect("the server does not offer to encrypt the connection")
        answer = await self.command(b"STARTTLS")
        if answer.status != "OK":
            raise errors.NeedsReconnect("the server refuses to encrypt the connection", said=answer.text)
        if self._feed.inside or next(self._feed.data(b""), None) is not None:
            raise errors.NeedsReconnect("somebody put text into the connection before it was encrypted")
        self._feed = wire.Feed(wire.IDLE)
        self._capabilities, self._said = None, ()

    async def _log_in(self, login: Login) -> None:
        """By the best mechanism, once: servers lock accounts out, so a second try is the owner's decision."""
        self.stage = Stage.OAUTH if login.access_token else Stage.LOGIN
        sasl.check(login)
        offered = await self.offered()
        name = sasl.choose(offered, login)
        self._capabilities = None  # they change at the log-in (RFC 3501 section 6.2.3)
        if name == sasl.LOGIN_COMMAND:
            user, password = quoted(login.username.encode()), quoted(login.password.encode())
            answer = await self.command(b"LOGIN ", user, b" ", password)
        else:
            answer = await self._authenticate(name, sasl.mechanism(name, login, self._endpoint), offered)
        if answer.status != "OK":
            raise from_refusal(answer, self.stage)
        self._take_capabilities(answer)

    async def _authenticate(self, name: str, mechanism: sasl.Mechanism, offered: frozenset[str]) -> wire.Tagged:
        first = b" " + (base64.b64encode(mechanism(b"")) or b"=") if "SASL-IR" in offered else b""
        tag = await self.send(b"AUTHENTICATE ", name.encode(), first)
        while True:
            response = await self.response()
            if isinstance(response, wire.Continuation):
                await self.send_raw(base64.b64encode(await _reply(mechanism, response.text)) + b"\r\n")
            elif isinstance(response, wire.Tagged) and response.tag == tag:
                break
            else:
                self.hear(response)
        if isinstance(mechanism, sasl.OAuth) and response.status != "OK" and (missing := mechanism.missing_scope()):
            raise missing
        if isinstance(mechanism, sasl.Scram) and response.status == "OK" and not mechanism.proven:
            raise errors.NeedsReconnect(sasl.UNPROVEN)
        return response

    # ------------------------------------------------------------------ commands

    async def command(self, *pieces: bytes) -> wire.Tagged:
        """Send a command and read its whole answer. Raises TimeoutError."""
        return await self.finish(await self.send(*pieces))

    async def send(self, *pieces: bytes) -> bytes:
        """Send a command; answer its tag."""
        self._count += 1
        tag = b"w%d" % self._count
        await self.send_raw(b"%b %b\r\n" % (tag, b"".join(pieces)))
        return tag

    async def send_raw(self, data: bytes) -> None:
        """Send bytes that are no command of their own."""
        await self._open_socket.send(data)

    async def finish(self, tag: bytes) -> wire.Tagged:
        """Read to the end of a command's answer. Raises TimeoutError."""
        async with asyncio.timeout(self._timing.answer):
            while True:
                response = await self.response()
                if isinstance(response, wire.Tagged) and response.tag == tag:
                    return response
                self.hear(response)

    async def offered(self) -> frozenset[str]:
        """The capabilities that hold now; asked for when the server has not told them by itself."""
        if self._capabilities is None:
            await self.command(b"CAPABILITY")
        return self._capabilities or frozenset()

    # ------------------------------------------------------------------ answers

    async def response(self) -> wire.Response:
        """The next response. Raises WireError (EndOfStream), OSError."""
        chunk = b""
        while (response := next(self._feed.data(chunk), None)) is None:
            chunk = await self._open_socket.read()
            if not chunk:
                raise wire.EndOfStream(inside=self._feed.inside)
        return response

    def hear(self, response: wire.Response) -> None:
        """Take what is no answer to a command for what it is. Raises the error that a BYE stands for."""
        if isinstance(response, wire.Status):
            if response.status == "BYE":
                # The first one ends the session, however many follow (jstedfast/MailKit#938).
                raise from_refusal(response, self.stage)
            if response.status != "OK" or (response.code is not None and response.code.name == "ALERT"):
                self._said = (*self._said, response)[-REMEMBERED:]
            self._take_capabilities(response)
        elif isinstance(response, wire.Data):
            if response.name == "CAPABILITY":
                self._take_list(b" ".join(response.parts))
        else:
            return  # a `+` or a tag that nobody asked for
        self._told(response)

    def judged(self, exc: BaseException) -> errors.AdapterError:
        """The typed error, with the server's last words: they tell why it hung up (mjs/imapclient#152)."""
        refusal = next((line for line in reversed(self._said) if line.status in ("NO", "BAD")), None)
        if isinstance(exc, wire.EndOfStream) and refusal is not None:
            return from_refusal(refusal, self.stage)
        error = from_exception(exc, self.stage)
        if isinstance(exc, wire.EndOfStream):
            error.said = " / ".join(line.text for line in self._said)[:500]
        return error

    def close(self) -> None:
        """Close at once; a second time does nothing."""
        if self._socket is not None:
            self._socket.close()

    def _take_capabilities(self, answer: wire.Status | wire.Tagged) -> None:
        if answer.code is not None and answer.code.name == "CAPABILITY":
            self._take_list(answer.code.data)

    def _take_list(self, told: bytes) -> None:
        self._capabilities = effective(told.decode("latin-1").upper().split(), self._endpoint.host)

    @property
    def _open_socket(self) -> IdleSocket:
        assert self._socket is not None  # nothing is said before `open` has connected
        return self._socket


async def _reply(mechanism: sasl.Mechanism, challenge: bytes) -> bytes:
    """Our answer to a challenge. SCRAM hashes for as long as the server says: not on everybody's loop."""
    asked = binascii.a2b_base64(challenge)
    return await asyncio.to_thread(mechanism, asked) if isinstance(mechanism, sasl.Scram) else mechanism(asked)
