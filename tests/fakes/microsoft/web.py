"""Requests, replies and the listener: HTTP as it comes over the wire, and a wire that can be cut."""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.fakes.microsoft.clock import sleep

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, no seconds: closing sends RST."""


PIECES = 10
"""In so many a body drips."""


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived; `target` is the path with its query, as it was on the request line."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def segments(self) -> list[str]:
        """The path's parts, each decoded by itself: an id may hold a slash."""
        return [unquote(part) for part in self.path.split("/")[1:]]

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def form(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    def header(self, name: str) -> str:
        """A header's value, or nothing."""
        return self.headers.get(name.lower(), "")


@dataclass(slots=True)
class Reply:
    """What to answer, and what the wire does to it."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    cut: bool = False
    truncate: bool = False
    drip: float = 0.0


def json_reply(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """A reply with a JSON body."""
    body = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return Reply(status, body, {"Content-Type": "application/json; odata.metadata=minimal"} | dict(headers or {}))


def html_reply(status: int, text: str) -> Reply:
    """A page; it loads nothing and no other page may frame it."""
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": "frame-ancestors 'none'"}
    return Reply(status, text.encode(), headers)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that refuses our certificate or hangs up is what tests are about: no traceback."""


class Listener:
    """An HTTP(S) server on the loopback that hands each request to `answer`."""

    def __init__(
        self, answer: Callable[[Request], Reply], tls: ssl.SSLContext | None, port: int = 0, address: str = "127.0.0.1"
    ) -> None:
        self._server = _Server((address, port), _handler(answer))
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


def _handler(answer: Callable[[Request], Reply]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # A reply is two writes; without this the second waits for the client's delayed acknowledgement.
        disable_nagle_algorithm = True
        wbufsize = -1

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self._handle
            raise AttributeError(name)

        def _handle(self) -> None:
            body = _body(self.rfile, self.headers)
            headers = {key.lower(): value for key, value in self.headers.items()}
            self._send(answer(Request(self.command, self.path, headers, body)))

        def _send(self, reply: Reply) -> None:
            if reply.delay:
                sleep(reply.delay)
            if reply.cut:
                self._reset()
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.status not in (204, 304):
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            if reply.truncate:
                self.wfile.write(reply.body[: len(reply.body) // 2])
                self.wfile.flush()
                self.close_connection = True
                return
            if self.command != "HEAD" and reply.status not in (204, 304):
                self._write(reply)

        def _write(self, reply: Reply) -> None:
            pieces = PIECES if reply.drip else 1
            size = -(-len(reply.body) // pieces) or 1
            for start in range(0, len(reply.body), size):
                self.wfile.write(reply.body[start : start + size])
                if reply.drip:
                    self.wfile.flush()
                    sleep(reply.drip / pieces)

        def _reset(self) -> None:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.connection.close()

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    return Handler


def _body(stream: Any, headers: Message) -> bytes:
    if "chunked" not in (headers.get("Transfer-Encoding") or "").lower():
        return bytes(stream.read(int(headers.get("Content-Length") or 0)))
    parts = []
    while size := int(stream.readline().split(b";")[0], 16):
        parts.append(stream.read(size))
        stream.readline()
    while stream.readline().strip():
        pass
    return b"".join(parts)
