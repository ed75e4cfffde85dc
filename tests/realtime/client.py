"""A small WebSocket client (RFC 6455) for tests: it can also misbehave, which libraries do not let one do."""

import asyncio
import base64
import contextlib
import json
import os
import secrets
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


class Refused(Exception):
    """The handshake was answered with another HTTP status than 101."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


class Closed(Exception):
    """The server closed the socket; 1006 stands for a connection that was lost without a word."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


# What was opened and not yet closed, for the fixture that tidies up after each test.
opened: "list[Socket]" = []


@dataclass(eq=False)
class Socket:
    """An open WebSocket."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def __post_init__(self) -> None:
        opened.append(self)

    @classmethod
    async def connect(
        cls,
        port: int,
        *,
        origin: str | None = "same",
        path: str = "/ws/v1/events",
        headers: Iterable[tuple[str, str]] = (),
        receive_buffer: int | None = None,
    ) -> "Socket":
        """Shake hands; `origin` "same" is the server's own address. Raises Refused."""
        raw = socket.socket()
        raw.setblocking(False)
        if receive_buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
        except OSError:
            raw.close()
            raise
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader, writer = await asyncio.open_connection(sock=raw, limit=receive_buffer or 2**16)
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(secrets.token_bytes(16)).decode()}",
            *(f"{name}: {value}" for name, value in headers),
        ]
        if origin is not None:
            lines.append(f"Origin: {f'http://127.0.0.1:{port}' if origin == 'same' else origin}")
        writer.write("\r\n".join([*lines, "", ""]).encode())
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (OSError, asyncio.IncompleteReadError):
            writer.transport.abort()
            raise Closed(1006) from None
        status = int(head.split(b" ", 2)[1])
        if status != 101:
            writer.transport.abort()
            raise Refused(status)
        return cls(reader, writer)

    async def send(self, message: Any) -> None:
        """Send one JSON message (a string goes out as it is)."""
        await self.send_frame(TEXT, (message if isinstance(message, str) else json.dumps(message)).encode())

    async def send_frame(self, opcode: int, payload: bytes) -> None:
        """Send one masked frame."""
        size = len(payload)
        if size < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
        elif size < 65536:
            head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
        mask = os.urandom(4)
        key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
        masked = (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")
        self.writer.write(head + mask + masked)
        await self.writer.drain()

    async def text(self) -> str:
        """The next text message as it came. Raises Closed."""
        parts: list[bytes] = []
        while True:
            final, opcode, payload = await self._frame()
            if opcode == CLOSE:
                code = struct.unpack("!H", payload[:2])[0] if payload else 1005
                self.abort()
                raise Closed(code)
            if opcode == PING:
                await self.send_frame(PONG, payload)
            elif opcode != PONG:
                parts.append(payload)
                if final:
                    return b"".join(parts).decode()

    async def receive(self, within: float = 20.0) -> dict[str, Any]:
        """The next message. Raises Closed, or TimeoutError after `within` seconds."""
        async with asyncio.timeout(within):
            message = json.loads(await self.text())
        assert isinstance(message, dict)
        return message

    async def closed(self, within: float = 5.0) -> int:
        """Read on until the server closes; the close code."""
        try:
            async with asyncio.timeout(within):
                while True:
                    await self.text()
        except Closed as end:
            return end.code

    async def _frame(self) -> tuple[bool, int, bytes]:
        try:
            first, second = await self.reader.readexactly(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", await self.reader.readexactly(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
            return bool(first & 0x80), first & 0x0F, await self.reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise Closed(1006) from None

    def abort(self) -> None:
        """Leave without a word."""
        # After a test that failed, its loop may be closed, and the transport with it.
        with contextlib.suppress(RuntimeError):
            self.writer.transport.abort()
        if self in opened:
            opened.remove(self)


@dataclass
class Reader:
    """A client that keeps the protocol's rule, and every frame it applied."""

    token: str
    last: int | None
    applied: list[dict[str, Any]] = field(default_factory=list)
    doubled: int = 0
    gaps: int = 0
    resets: int = 0
    caught_up: int = 0

    async def hello(self, port: int, **options: Any) -> Socket:
        """Connect and say hello from the last number held."""
        connection = await Socket.connect(port, **options)
        try:
            await connection.send({"type": "hello", "token": self.token, "since": self.last})
            welcome = await connection.receive()
        except BaseException:
            connection.abort()
            raise
        assert welcome["type"] == "welcome", welcome
        self.last = welcome["seq"] if self.last is None else self.last
        return connection

    def take(self, frame: dict[str, Any]) -> None:
        """Fold one message in by the rule of the protocol."""
        assert self.last is not None
        match frame:
            case {"type": "caught_up", "seq": int(seq)}:
                self.caught_up = seq
                self.last = max(self.last, seq)
            case {"type": "reset"}:
                self.resets += 1
            case {"seq": int(seq)} if seq <= self.last:
                self.doubled += 1
            case {"seq": int(seq), "prev": int(prev)} if prev <= self.last:
                self.last = seq
                self.applied.append(frame)
            case {"seq": int(), "prev": int()}:
                self.gaps += 1
            case _:
                raise AssertionError(f"not a frame of the protocol: {frame}")

    async def read(self, connection: Socket, until: int, within: float = 30.0) -> None:
        """Read until caught up to at least `until`."""
        async with asyncio.timeout(within):
            while self.caught_up < until and (self.last or 0) < until:
                self.take(json.loads(await connection.text()))
