"""A non-blocking socket for a watcher that holds thousands: plain or TLS, with no buffer of its own.

asyncio's TLS transport keeps a read buffer of 256 KiB for each connection (286 KB resident were
measured). Here OpenSSL reads from the file descriptor itself and gives its buffers back between
records (SSL_MODE_RELEASE_BUFFERS, which Python's contexts set), so a quiet connection costs its
OpenSSL state and little else.
"""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable
from enum import Enum
from itertools import chain, zip_longest
from typing import Any, Final, Self

from apps.providers.adapters.base import Endpoint
from apps.providers.adapters.imap.channel import NEXT_ADDRESS_AFTER

READ: Final = 16 * 1024  # one TLS record (RFC 8446 section 5.1)
KEEPALIVE: Final = (
    (socket.TCP_KEEPIDLE, 60),  # seconds of silence before the first probe
    (socket.TCP_KEEPINTVL, 20),  # seconds between probes
    (socket.TCP_KEEPCNT, 3),  # unanswered probes that end the connection
)
Address = tuple[str, int]


class Until(Enum):
    """What a socket is waited for."""

    READABLE = "readable"
    WRITABLE = "writable"


class IdleSocket:
    """One connection of one task. Its calls raise OSError (ssl.SSLError is one)."""

    __slots__ = ("_sock",)

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    @classmethod
    async def connect(cls, endpoint: Endpoint) -> Self:
        """Connect to the address that answers first. Raises OSError, the last address's when all fail."""
        sock = await _race(await _addresses(endpoint))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in KEEPALIVE:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
        return cls(sock)

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Shake hands; the certificate must be valid for `host`. Raises ssl.SSLError, OSError."""
        wrapped = context.wrap_socket(self._sock, server_hostname=host, do_handshake_on_connect=False)
        self._sock = wrapped
        await _attempt(wrapped, Until.READABLE, wrapped.do_handshake)

    async def read(self) -> bytes:
        """Wait for bytes; b"" at the end of the stream.

        Other tasks get a turn with each call, however fast the server sends.
        """
        await asyncio.sleep(0)
        received: bytes = await _attempt(self._sock, Until.READABLE, self._sock.recv, READ)
        return received

    async def send(self, data: bytes) -> None:
        """Send all of it."""
        while data:
            data = data[await _attempt(self._sock, Until.WRITABLE, self._sock.send, data) :]

    def close(self) -> None:
        """Close at once; a second time does nothing."""
        self._sock.close()


async def _attempt(sock: socket.socket, until: Until, call: Callable[..., Any], *args: Any) -> Any:
    """Call until it does not have to wait. TLS may want to read in order to write, and the reverse."""
    while True:
        try:
            return call(*args)
        except BlockingIOError:
            await _ready(sock, until)
        except ssl.SSLWantReadError:
            await _ready(sock, Until.READABLE)
        except ssl.SSLWantWriteError:
            await _ready(sock, Until.WRITABLE)


async def _ready(sock: socket.socket, until: Until) -> None:
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()
    descriptor = sock.fileno()
    reading = until is Until.READABLE
    (loop.add_reader if reading else loop.add_writer)(descriptor, _wake, waiter)
    try:
        await waiter
    finally:
        (loop.remove_reader if reading else loop.remove_writer)(descriptor)


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)


async def _addresses(endpoint: Endpoint) -> list[Address]:
    """Numeric addresses, families by turns, so that a dead IPv6 route costs one step of the race."""
    found = endpoint.addresses
    if not found:
        loop = asyncio.get_running_loop()
        answers = await loop.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
        found = tuple(str(answer[4][0]) for answer in answers)
    six = [(address, endpoint.port) for address in found if ":" in address]
    four = [(address, endpoint.port) for address in found if ":" not in address]
    first, other = (six, four) if ":" in found[0] else (four, six)
    return [address for address in chain.from_iterable(zip_longest(first, other)) if address is not None]


async def _race(addresses: list[Address]) -> socket.socket:
    """Start one attempt after another (RFC 8305 section 5); the first to connect wins."""
    running: set[asyncio.Task[socket.socket]] = set()
    failure: OSError = TimeoutError("no address answered")
    waiting = list(addresses)
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.create_task(_dial(waiting.pop(0))))
            pause = NEXT_ADDRESS_AFTER if waiting else None
            done, running = await asyncio.wait(running, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if (error := task.exception()) is None:
                    running |= done - {task}  # two may have won at once: the others are closed below
                    return task.result()
                if not isinstance(error, OSError):
                    raise error
                failure = error
        raise failure
    finally:
        for task in running:
            task.cancel()
            task.add_done_callback(_discard)


async def _dial(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        code = sock.connect_ex(address)
        if code == errno.EINPROGRESS:
            await _ready(sock, Until.WRITABLE)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))  # OSError picks its subclass by the code
    except BaseException:
        sock.close()
        raise
    return sock


def _discard(task: "asyncio.Task[socket.socket]") -> None:
    if not task.cancelled() and task.exception() is None:
        task.result().close()
