"""A server that says what a test tells it to, over plain text or TLS, and keeps what it hears.

def greet_and_hang(line: Line) -> None:
    line.send(b"220 mail.example ESMTP\\r\\n")
    line.hang()

with LineServer(greet_and_hang) as server:
    server.port; server.heard                 # every byte that arrived, decrypted
"""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Self


class Line:
    """One connection, for a script. Reads and writes raise OSError when the peer has gone: the script ends."""

    def __init__(self, server: "LineServer", sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self._rest = b""

    def send(self, data: bytes) -> None:
        """Say something."""
        self.sock.sendall(data)

    def drip(self, data: bytes, pause: float) -> None:
        """Say something, a byte at a time."""
        for byte in data:
            self.sock.sendall(bytes([byte]))
            time.sleep(pause)

    def line(self) -> bytes:
        """The next line, without its end; empty when the peer has gone."""
        while b"\n" not in self._rest:
            data = self.sock.recv(4096)
            if not data:
                return b""
            self.server.hear(data)
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line.rstrip(b"\r")

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Shake hands as the server."""
        self.sock = context.wrap_socket(self.sock, server_side=True)

    def hang(self) -> None:
        """Keep the connection and listen, without a word, until the peer has gone."""
        while data := self.sock.recv(4096):
            self.server.hear(data)


Script = Callable[[Line], None]


class LineServer:
    """Listens on a free port of the loopback; each connection plays the script in a thread of its own."""

    def __init__(
        self, script: Script, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.script = script
        self.tls = tls
        self.heard = b""
        self.connections = 0
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._socket = socket.create_server((address, port))
        self.address = address
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def hear(self, data: bytes) -> None:
        """Keep what arrived."""
        with self._lock:
            self.heard += data

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)
        with self._lock:
            left, self._open = self._open, []
        for sock in left:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.append(sock)
            threading.Thread(target=self._talk, args=(sock,), daemon=True).start()

    def _talk(self, sock: socket.socket) -> None:
        line = Line(self, sock)
        try:
            if self.tls is not None:
                line.start_tls(self.tls)
            self.script(line)
        except OSError:
            pass  # the peer hung up, which many tests are about
        finally:
            with self._lock:
                if sock in self._open:
                    self._open.remove(sock)
            line.sock.close()
            sock.close()
