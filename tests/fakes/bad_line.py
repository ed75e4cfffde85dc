"""A proxy before an HTTP server, on a line that fails: cut before or after the server heard, in the middle, slow, busy.

with BadLine("127.0.0.1", port, random.Random(1)) as line:
    line.url            # where the server is now
    line.share = 0.2    # of the requests that something happens to; 0: a good line
    line.faults         # what happened, counted
"""

import contextlib
import http.client
import random
import socket
import struct
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

FAULTS: Final = ("never heard", "answer lost", "cut short", "slow", "503", "429", "500")
HOP: Final = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that was killed in the middle is what this is for: no traceback."""


class BadLine:
    """Listens on a free port of the loopback."""

    def __init__(self, host: str, port: int, rng: random.Random) -> None:
        self.share = 0.0
        self.faults: Counter[str] = Counter()
        outer, chance = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def __getattr__(self, name: str) -> Any:
                if name.startswith("do_"):
                    return self._pass
                raise AttributeError(name)

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with chance:
                    fault = rng.choice(FAULTS) if rng.random() < outer.share else ""
                    outer.faults[fault] += 1
                if fault == "never heard":
                    return self._reset()
                if fault in ("503", "429", "500"):
                    return self._answer(int(fault), [("Retry-After", "1")] if fault != "500" else [], b"busy")
                if fault == "slow":
                    time.sleep(rng.uniform(0.5, 3))
                upstream = http.client.HTTPConnection(host, port, timeout=60)
                with contextlib.closing(upstream):
                    upstream.request(self.command, self.path, body, dict(self.headers.items()))
                    answer = upstream.getresponse()
                    data = answer.read()
                if fault == "answer lost":
                    return self._reset()
                headers = [pair for pair in answer.getheaders() if pair[0].lower() not in HOP]
                return self._answer(answer.status, headers, data, short=fault == "cut short")

            def _answer(self, status: int, headers: list[tuple[str, str]], data: bytes, *, short: bool = False) -> None:
                self.send_response_only(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data[: len(data) // 2] if short else data)
                if short:
                    self._reset()

            def _reset(self) -> None:
                self.close_connection = True
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
