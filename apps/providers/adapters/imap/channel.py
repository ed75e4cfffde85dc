"""The bytes below IMAP: a raced connect to pinned addresses, TLS, and reads under two clocks.

A read ends by the idle limit (no byte for so long) or by the total one, which bounds all waiting
for one answer and so ends a drip of a byte a second. The total grows with what arrives, by
`SLOWEST` bytes a second, so that a big message over a thin line is no timeout.
"""

import errno
import io
import os
import selectors
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any, Final

from apps.providers.adapters.base import Endpoint, Traffic

NEXT_ADDRESS_AFTER: Final = 0.25
"""Seconds until the next address joins the race (RFC 8305 section 5)."""
SLOWEST: Final = 4096  # bytes a second below which a line counts as stuck
LONGEST: Final = 1800.0  # seconds of waiting for one answer, however much comes
BUFFER: Final = 256 * 1024

_Address = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
_Target = tuple[socket.AddressFamily, _Address]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """In seconds. `idle` bounds one read, `total` all waiting for one command's answer."""

    connect: float = 15.0
    idle: float = 60.0
    total: float = 180.0


def dial(endpoint: Endpoint, timeout: float) -> socket.socket:
    """Connect to the first address that answers. Raises OSError, the last address's when all fail."""
    targets = _targets(endpoint)
    deadline = time.monotonic() + timeout
    failure: OSError = TimeoutError("no address answered")
    running: list[socket.socket] = []
    with selectors.DefaultSelector() as selector:
        try:
            while targets or running:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"no address answered within {timeout:g} s")
                if targets:
                    try:
                        sock = _begin(*targets.pop(0))
                    except OSError as error:
                        failure = error
                        continue
                    running.append(sock)
                    selector.register(sock, selectors.EVENT_WRITE)
                for key, _ in selector.select(min(left, NEXT_ADDRESS_AFTER) if targets else left):
                    done = key.fileobj
                    if not isinstance(done, socket.socket):
                        raise TypeError("only sockets are registered")
                    selector.unregister(done)
                    running.remove(done)
                    code = done.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    if code == 0:
                        return done
                    done.close()
                    failure = _os_error(code)
            raise failure
        finally:
            for sock in running:
                sock.close()


def _targets(endpoint: Endpoint) -> list[_Target]:
    """Address families by turns, so that a dead IPv6 route costs one step of the race."""
    found: list[_Target] = []
    for host in endpoint.addresses or (endpoint.host,):
        flags = socket.AI_NUMERICHOST if endpoint.addresses else 0
        for family, _, _, _, address in socket.getaddrinfo(host, endpoint.port, type=socket.SOCK_STREAM, flags=flags):
            found.append((family, address))
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, "no address")
    first = [item for item in found if item[0] == found[0][0]]
    other = [item for item in found if item[0] != found[0][0]]
    mixed: list[_Target] = []
    for index in range(max(len(first), len(other))):
        mixed += first[index : index + 1] + other[index : index + 1]
    return mixed


def _begin(family: socket.AddressFamily, address: _Address) -> socket.socket:
    """Begin to connect. Raises OSError when it fails at once, as without a route or IPv6 on this machine.

    Such a socket must not join the race: it counts as writable, and has no pending error any more.
    """
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = sock.connect_ex(address)
        if code not in (0, errno.EINPROGRESS):
            raise _os_error(code)
    except OSError:
        sock.close()
        raise
    return sock


def _os_error(code: int) -> OSError:
    return OSError(code, os.strerror(code))  # OSError picks its subclass by the code


class Channel(io.RawIOBase):
    """One connection. Reads are for a `BufferedReader`; `ask` starts the clocks of one answer."""

    def __init__(self, sock: socket.socket, timeouts: Timeouts) -> None:
        self._sock = sock
        self._timeouts = timeouts
        self._held = False
        self._waiting = False
        self._waited = 0.0
        self._since = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.round_trips = 0
        sock.settimeout(timeouts.idle)

    @property
    def sock(self) -> socket.socket:
        return self._sock

    @property
    def traffic(self) -> Traffic:
        """What the connection cost so far; TLS and TCP hand-shakes are not counted."""
        return Traffic(self.round_trips, self.bytes_in, self.bytes_out)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int | None:  # type: ignore[override]  # a narrower Buffer
        """Wait for bytes. Raises TimeoutError by either clock, OSError; gives None while held."""
        if self._held:
            return None
        if self._waiting:
            self.round_trips += 1
            self._waiting = False
        left = min(self._timeouts.total + (self.bytes_in - self._since) / SLOWEST, LONGEST) - self._waited
        if left <= 0:
            raise TimeoutError("the answer took too long in all")
        begun = time.monotonic()
        self._sock.settimeout(min(self._timeouts.idle, left))
        try:
            count = self._sock.recv_into(buffer)
        finally:
            self._waited += time.monotonic() - begun
        self.bytes_in += count
        return count

    def send(self, data: bytes) -> None:
        """Send all of it, within the idle limit. Raises OSError."""
        self._sock.settimeout(self._timeouts.idle)
        self._sock.sendall(data)
        self.bytes_out += len(data)
        self._waiting = True

    def patient(self, timeouts: Timeouts) -> None:
        """Other clocks from here on: some answers are known to take long."""
        self._timeouts = timeouts

    def ask(self) -> None:
        """A new command begins: its answer has its own total."""
        self._waited = 0.0
        self._since = self.bytes_in

    def ready(self) -> bool:
        """True when a read would not wait (as far as the socket knows)."""
        if isinstance(self._sock, ssl.SSLSocket) and self._sock.pending():
            return True
        with selectors.DefaultSelector() as selector:
            selector.register(self._sock, selectors.EVENT_READ)
            return bool(selector.select(0))

    def buffered(self, reader: "io.BufferedReader[Any]") -> bytes:
        """What `reader` holds already, without a read from the socket."""
        self._held = True
        try:
            return reader.peek(1)
        finally:
            self._held = False

    def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Shake hands; the certificate must be valid for `host`. Raises ssl.SSLError, OSError."""
        self._sock.settimeout(self._timeouts.connect)
        self._sock = context.wrap_socket(self._sock, server_hostname=host)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._sock.close()
