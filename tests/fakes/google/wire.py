"""HTTP on the loopback: requests in, replies out, and the ways in which a connection goes wrong."""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

LIMIT: Final = 160 * 1024 * 1024
"""Octets of the largest body that is read at all."""


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """Without the query, still encoded."""
        return self.target.partition("?")[0]


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: float = 0.0
    cut: bool = False
    """Reset the connection instead of answering."""
    keep: int | None = None
    """Send so many octets of the body and hang up."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is nothing to report."""


class Wire:
    """Listens on the loopback."""

    def __init__(self, answer: Callable[[Request], Reply], port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Headers and body go out in two writes: without this each answer waits for the client's delayed ACK.
            disable_nagle_algorithm = True

            def __getattr__(self, name: str) -> Any:
                if name.startswith("do_"):
                    return self._handle
                raise AttributeError(name)

            def _handle(self) -> None:
                body = self._body()
                if body is None:
                    return self._reply(Reply(413, b"Request Entity Too Large"))
                headers = {key.lower(): value for key, value in self.headers.items()}
                return self._reply(answer(Request(self.command, self.path, headers, body)))

            def _body(self) -> bytes | None:
                if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                    return self._chunked()
                length = int(self.headers.get("Content-Length") or 0)
                return None if length > LIMIT else self.rfile.read(length)

            def _chunked(self) -> bytes | None:
                parts: list[bytes] = []
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                    if sum(map(len, parts)) > LIMIT:
                        return None
                while self.rfile.readline().strip():
                    """Trailers."""
                return b"".join(parts)

            def _reply(self, reply: Reply) -> None:
                time.sleep(reply.wait)
                if reply.cut:
                    self._reset()
                    return
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.status not in (204, 304):
                    self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                if reply.keep is not None:
                    self.wfile.write(reply.body[: reply.keep])
                    self.close_connection = True
                elif self.command != "HEAD" and reply.status not in (204, 304):
                    self.wfile.write(reply.body)

            def _reset(self) -> None:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        self._server = _Server(("127.0.0.1", port), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def start(self) -> None:
        """Serve from a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Close the listener."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
