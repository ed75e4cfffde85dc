"""A scripted IMAP server for watchers: thousands of connections, and every way to misbehave.

In a test, in the test's own loop:

    async with IdleServer.running(IdleScript(continuation_after_exists=True)) as server:
        ...
        server.push(b"* 2 EXISTS")        # to everybody who listens
        server.ledger                     # what arrived: connects, log-ins, commands, with their times

As a process of its own, for benches and for tests of the watcher process (it prints its port, then
obeys lines on standard input: `push N`, `push-all`, `drop-all`, `count`):

    python -m tests.fakes.idle_server --certificate FILE
"""

import argparse
import asyncio
import base64
import json
import ssl
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Self

from apps.providers.adapters.base import Endpoint

LOGGED_IN: Final = b"IMAP4rev1 IDLE ID SASL-IR"
NOTIFY_EVENTS: Final = (b"MessageNew", b"MessageExpunge", b"FlagChange", b"MailboxName", b"SubscriptionChange")


@dataclass(frozen=True, slots=True)
class IdleScript:
    """How the server behaves; the default is a well-behaved one. Times in seconds."""

    greeting: bytes = b"* OK ready"
    offered: bytes = b"IMAP4rev1 IDLE ID SASL-IR AUTH=PLAIN"
    offered_in_tls: bytes = b"IMAP4rev1 IDLE ID SASL-IR AUTH=PLAIN"
    offered_logged_in: bytes = LOGGED_IN
    silent: bool = False
    """Accept, and never say a word."""
    drip: float = 0.0
    """Send one byte in so many seconds."""
    login_answer: bytes = b"OK logged in"
    challenge: bytes = b""
    """What a token that is not accepted is answered with (RFC 7628 section 3.2.3)."""
    starttls_answer: bytes = b"OK begin"
    starttls_injection: bytes = b""
    """Text behind the answer to STARTTLS, as a man in the middle puts it there."""
    examine_answer: bytes = b"OK [READ-ONLY] done"
    notify_answer: bytes = b"OK done"
    notify_knows: tuple[bytes, ...] = ()
    stands: bytes = b"INBOX (MESSAGES 1 UIDNEXT 2)"
    """The events it supports, when not all."""
    before_continuation: tuple[bytes, ...] = ()
    no_continuation: bool = False
    idle_answer: bytes = b""
    """A tagged answer to IDLE instead of the `+`."""
    after_continuation: tuple[bytes, ...] = ()
    """Lines sent as soon as the client listens."""
    heartbeat: float = 0.0
    heartbeats: int = 1_000_000
    """How many of them, before the silence."""
    ends_idle_after: float | None = None
    bye_after: float | None = None
    eof_after: float | None = None
    bye: bytes = b"* BYE going down"
    ignores_done: bool = False
    events_at_done: tuple[bytes, ...] = ()


@dataclass(slots=True)
class Ledger:
    """What the server saw."""

    connects: list[float] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    commands: list[bytes] = field(default_factory=list)
    packets: list[bytes] = field(default_factory=list)
    most_at_once: int = 0

    def names(self) -> list[str]:
        """The commands' names in order."""
        return [command.split(b" ")[min(1, command.count(b" "))].decode().upper() for command in self.commands]


class IdleServer:
    """Listens on a free port of the loopback interface."""

    def __init__(self, script: IdleScript, tls: ssl.SSLContext | None, security: str) -> None:
        self.script = script
        self.ledger = Ledger()
        self.listening: set[Connection] = set()
        self.open: set[Connection] = set()
        self._tls = tls
        self._security = security
        self._server: asyncio.Server | None = None

    @classmethod
    @asynccontextmanager
    async def running(
        cls, script: IdleScript = IdleScript(), *, tls: ssl.SSLContext | None = None, security: str = "none"
    ) -> AsyncIterator[Self]:
        """Run for the length of the block. `security` as in Endpoint; tls and starttls need a context."""
        server = cls(script, tls, security)
        await server.start()
        try:
            yield server
        finally:
            server.close()

    async def start(self, port: int = 0) -> None:
        """Begin to listen, on a free port unless one is named (a server that comes back)."""
        implicit = self._tls if self._security == "tls" else None
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), "127.0.0.1", port, ssl=implicit, backlog=4096)

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint("127.0.0.1", self.port, self._security, ("127.0.0.1",))

    def push(self, *lines: bytes) -> int:
        """Send lines to everybody who listens; answer how many that were."""
        return sum(connection.say(*lines) for connection in list(self.listening))

    def drop(self) -> None:
        """Close every connection without a word."""
        for connection in list(self.open):
            connection.transport.close()

    def close(self) -> None:
        """Stop listening, drop everybody."""
        if self._server is not None:
            self._server.close()
        for connection in list(self.open):
            connection.transport.abort()


class Connection(asyncio.Protocol):
    """One client."""

    __slots__ = (
        "_buffer", "_idle_tag", "_server", "_timers", "_upgrade", "_upgrading", "_wants_sasl", "encrypted",
        "transport", "user",
    )  # fmt: skip

    def __init__(self, server: IdleServer) -> None:
        self._server = server
        self._buffer = b""
        self._idle_tag = b""
        self._wants_sasl = b""
        self._upgrading = False
        self._timers: list[asyncio.TimerHandle] = []
        self.encrypted = server._security == "tls"
        self.user = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        ledger, script = self._server.ledger, self._server.script
        self._server.open.add(self)
        ledger.connects.append(time.monotonic())
        ledger.most_at_once = max(ledger.most_at_once, len(self._server.open))
        if not script.silent:
            self.say(script.greeting)
        if script.greeting.startswith(b"* BYE"):
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.open.discard(self)
        self._server.listening.discard(self)
        for timer in self._timers:
            timer.cancel()

    def say(self, *lines: bytes) -> bool:
        """Send lines."""
        data = b"".join(line + b"\r\n" for line in lines)
        if not self._server.script.drip:
            self.transport.write(data)
        for index, byte in enumerate(data if self._server.script.drip else b""):
            self._later(index * self._server.script.drip, partial(self.transport.write, bytes([byte])))
        return True

    def _later(self, seconds: float, call: Callable[[], object]) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(seconds, call))

    def data_received(self, data: bytes) -> None:
        self._server.ledger.packets.append(data)
        self._buffer += data
        self._read_on()

    def _read_on(self) -> None:
        while b"\r\n" in self._buffer and not self._upgrading:
            line, _, self._buffer = self._buffer.partition(b"\r\n")
            self._server.ledger.commands.append(line)
            self._obey(line)

    def _obey(self, line: bytes) -> None:
        script = self._server.script
        if self._wants_sasl:
            tag, self._wants_sasl = self._wants_sasl, b""
            self._logged_in(tag, _user_of_plain(line))
            return
        if line == b"DONE":
            self._done()
            return
        tag, _, rest = line.partition(b" ")
        name, _, argument = rest.partition(b" ")
        match name.upper():
            case b"CAPABILITY":
                self.say(b"* CAPABILITY " + self._offered(), tag + b" OK done")
            case b"STARTTLS":
                self._start_tls(tag)
            case b"AUTHENTICATE" if b" " in argument and not script.challenge:
                self._logged_in(tag, _user_of_plain(argument.split(b" ")[1]))
            case b"AUTHENTICATE":
                self._wants_sasl = tag
                self.say(b"+ " + base64.b64encode(script.challenge))
            case b"LOGIN":
                self._logged_in(tag, argument.split(b" ")[0].strip(b'"').decode())
            case b"EXAMINE":
                self.say(b"* 1 EXISTS", b"* OK [UIDVALIDITY 1] valid", tag + b" " + script.examine_answer)
            case b"NOTIFY":
                self._notify(tag, argument)
            case b"IDLE":
                self._idle(tag)
            case b"LOGOUT":
                self.say(b"* BYE logging out", tag + b" OK done")
                self.transport.close()
            case _:
                self.say(tag + b" OK done")

    def _offered(self) -> bytes:
        script = self._server.script
        if self.user:
            return script.offered_logged_in
        return script.offered_in_tls if self.encrypted else script.offered

    def _logged_in(self, tag: bytes, user: str) -> None:
        answer = self._server.script.login_answer
        self._server.ledger.logins.append(user)
        if answer.startswith(b"OK"):
            self.user = user
        self.say(tag + b" " + answer)

    def _start_tls(self, tag: bytes) -> None:
        script = self._server.script
        self.transport.write(tag + b" " + script.starttls_answer + b"\r\n" + script.starttls_injection)
        if script.starttls_answer.startswith(b"OK"):
            self.transport.pause_reading()  # what comes next belongs to the hand-shake
            self._upgrading = True
            self._upgrade = asyncio.ensure_future(self._encrypt())

    async def _encrypt(self) -> None:
        assert self._server._tls is not None
        loop = asyncio.get_running_loop()
        try:
            upgraded = await loop.start_tls(self.transport, self, self._server._tls, server_side=True)
        except OSError:
            return
        assert upgraded is not None
        self.transport, self.encrypted, self._upgrading = upgraded, True, False
        self._read_on()  # a quick client spoke before we had the new transport

    def _notify(self, tag: bytes, argument: bytes) -> None:
        script = self._server.script
        refused = script.notify_knows and [
            event for event in NOTIFY_EVENTS if event in argument and event not in script.notify_knows
        ]
        if refused:
            self.say(tag + b" NO [BADEVENT (" + b" ".join(script.notify_knows) + b")] not all of them")
            return
        self.say(b"* STATUS " + script.stands, tag + b" " + script.notify_answer)

    def _idle(self, tag: bytes) -> None:
        script = self._server.script
        if script.idle_answer:
            self.say(tag + b" " + script.idle_answer)
            return
        self._idle_tag = tag
        self.say(*script.before_continuation)
        if script.no_continuation:
            return
        self.say(b"+ idling", *script.after_continuation)
        self._server.listening.add(self)
        if script.heartbeat:
            for number in range(1, min(script.heartbeats, 50) + 1):
                self._later(number * script.heartbeat, lambda: self.say(b"* OK Still here"))
        if script.ends_idle_after is not None:
            self._later(script.ends_idle_after, self._done)
        if script.bye_after is not None:
            self._later(script.bye_after, self._say_bye)
        if script.eof_after is not None:
            self._later(script.eof_after, self.transport.close)

    def _say_bye(self) -> None:
        self.say(self._server.script.bye)
        self.transport.close()

    def _done(self) -> None:
        script = self._server.script
        tag, self._idle_tag = self._idle_tag, b""
        self._server.listening.discard(self)
        if tag and not script.ignores_done:
            self.say(*script.events_at_done, tag + b" OK idle done")


def _user_of_plain(coded: bytes) -> str:
    parts = base64.b64decode(coded).split(b"\0")
    return parts[1].decode() if len(parts) == 3 else ""


async def serve(tls: ssl.SSLContext | None, port: int) -> None:
    """Serve until standard input ends; print the port, then answer its lines."""
    server = IdleServer(IdleScript(), tls, "tls" if tls else "none")
    await server.start(port)
    print(json.dumps({"port": server.port}), flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        print(json.dumps(_obeyed(server, line.split())), flush=True)
    server.close()


def _obeyed(server: IdleServer, words: list[bytes]) -> dict[str, object]:
    if words[0] == b"push":  # to one user; the answer holds the moment of the push
        mine = [connection for connection in server.listening if connection.user == words[1].decode()]
        moment = time.time()
        return {"pushed": sum(connection.say(b"* 2 EXISTS") for connection in mine), "at": moment}
    if words[0] == b"push-all":
        return {"pushed": server.push(b"* 2 EXISTS"), "at": time.time()}
    if words[0] == b"drop-all":
        server.drop()
    ledger = server.ledger
    return {
        "open": len(server.open),
        "listening": len(server.listening),
        "users": sorted(connection.user for connection in server.listening),
        "connects": len(ledger.connects),
        "logins": len(ledger.logins),
        "logouts": sum(command.endswith(b"LOGOUT") for command in ledger.commands),
    }


def main() -> None:
    """The command line of `python -m tests.fakes.idle_server`."""
    parser = argparse.ArgumentParser(description="An IMAP server that accepts everybody and pushes when told.")
    parser.add_argument("--certificate", type=Path, help="PEM file of key and chain; without it, no TLS")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    tls = None
    if options.certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.certificate)
    asyncio.run(serve(tls, options.port))


if __name__ == "__main__":
    main()
