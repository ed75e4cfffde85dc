"""Fetches and prepares the next batch in a thread while the last one is being written, until somebody waits.

A first import waits for the network, then parses, then waits for the database. One batch ahead, the
worker's core parses while the database's core indexes; more would only hold more mail in memory.
"""

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, Final

from django.db import connection

from apps.providers.metering import GaveWay
from apps.tenants import context
from apps.tenants.models import Tenant

END: Final = object()
LOOK: Final = 0.2
"""Seconds between two looks whether somebody waits, while a batch is on its way."""


def one(
    tenant: Tenant,
    batches: Iterator[Any],
    waits: Callable[[], bool] = lambda: False,
    stop: Callable[[], None] = lambda: None,
) -> Generator[Any]:
    """Yield the batches, each taken in a thread of this call with the tenant open there.

    Errors come out where their batch would have. Once `waits` says so, no further batch is begun, `stop` tells the one
    under way, and what came of it is the last: it was paid for. Then GaveWay is raised. When the caller closes it
    earlier, the batch under way is awaited and dropped: afterwards nobody uses the adapter any more.
    """
    # What holds for the caller (log lines, giving way) holds there.
    held = copy_context()
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        try:
            following = thread.submit(held.run, _next, tenant, batches)
            while (batch := _awaited(following, waits, stop)) is not END:
                if waits():
                    stop()
                    yield batch
                    raise GaveWay
                following = thread.submit(held.run, _next, tenant, batches)
                yield batch
        finally:
            thread.submit(_close)


def _awaited(following: Future[Any], waits: Callable[[], bool], stop: Callable[[], None]) -> Any:
    """The batch, or the error that came of it."""
    while True:
        try:
            return following.result(LOOK)
        except TimeoutError:
            if following.done():
                raise  # of the batch itself
            if waits():
                stop()


def _close() -> None:
    """Give this thread's connection back to the pool. (`connection.close` would name the caller's.)"""
    connection.close()


def _next(tenant: Tenant, batches: Iterator[Any]) -> Any:
    with context.open(tenant):
        return next(batches, END)
