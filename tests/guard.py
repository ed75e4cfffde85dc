"""Invariant 8, watched at the socket: no network call inside a database transaction.

PostgreSQL itself is reached through libpq and passes by here; everything else we speak, Redis
included, goes through Python's sockets.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from django.db import connection


class NetworkInTransaction(AssertionError):
    """Code waited for the network while it held a database transaction open."""


@contextmanager
def no_network_in_a_transaction() -> Iterator[list[str]]:
    """Refuse connecting and sending in a thread that is inside `atomic`; yields what was refused.

    Blocks that were open before do not count: a test may run inside a transaction of its own.
    """
    caught: list[str] = []
    depth = len(connection.atomic_blocks)

    def guard(name: str) -> Callable[..., Any]:
        method = getattr(socket.socket, name)

        def guarded(self: socket.socket, *args: Any, **kwargs: Any) -> Any:
            if self.family in (socket.AF_INET, socket.AF_INET6) and len(connection.atomic_blocks) > depth:
                caught.append(f"{name} to {args[0] if name.startswith('connect') else _peer(self)}")
                raise NetworkInTransaction(caught[-1])
            return method(self, *args, **kwargs)

        return guarded

    with ExitStack() as patches:
        for name in ("connect", "connect_ex", "send", "sendall"):
            patches.enter_context(mock.patch.object(socket.socket, name, guard(name)))
        yield caught


def _peer(sock: socket.socket) -> object:
    try:
        return sock.getpeername()
    except OSError:
        return "a closed connection"
