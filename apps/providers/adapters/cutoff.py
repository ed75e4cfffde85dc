"""An end in time for HTTP that no server can put off: when it comes, every connection made under it is cut.

A client's own time-outs begin anew with each piece that arrives, so a server that sends one byte
now and then could hold a thread for as long as it likes.
"""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any, Self


class Cutoff:
    """Give `trace` to each request as its extension of that name; leave the context when all is read."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._made: list[socket.socket] = []
        self._lock = threading.Lock()

    @property
    def left(self) -> float:
        """Seconds until the end, 0 after it."""
        return max(0.0, self._end - time.monotonic())

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of a connection that httpcore has made."""
        if event != "connection.connect_tcp.complete":
            return
        # A duplicate: TLS takes the socket itself over, and shutting either down ends both.
        there = info["return_value"].get_extra_info("socket")
        with self._lock:
            self._made.append(socket.socket(fileno=os.dup(there.fileno())))
        if not self.left:
            self._cut()

    def _cut(self) -> None:
        with self._lock:
            for made in self._made:
                with contextlib.suppress(OSError):  # it has ended already
                    made.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._timer.cancel()
        with self._lock:
            for made in self._made:
                made.close()
            self._made.clear()
