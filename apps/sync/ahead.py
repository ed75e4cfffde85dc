"""Fetches and prepares the next batch in a thread while the last one is being written.

A first import waits for the network, then parses, then waits for the database. One batch ahead, the
worker's core parses while the database's core indexes; more would only hold more mail in memory.
"""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, Final

from django.db import connection

from apps.tenants import context
from apps.tenants.models import Tenant

END: Final = object()


def one(tenant: Tenant, batches: Iterator[Any]) -> Generator[Any]:
    """Yield the batches, each taken in a thread of this call with the tenant open there.

    Errors come out where their batch would have. When the caller closes it, the batch under way is
    awaited and dropped: afterwards nobody uses the adapter any more.
    """
    # What holds for the caller (log lines, giving way) holds there.
    held = copy_context()
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        try:
            following = thread.submit(held.run, _next, tenant, batches)
            while (batch := following.result()) is not END:
                following = thread.submit(held.run, _next, tenant, batches)
                yield batch
        finally:
            thread.submit(_close)


def _close() -> None:
    """Give this thread's connection back to the pool. (`connection.close` would name the caller's.)"""
    connection.close()


def _next(tenant: Tenant, batches: Iterator[Any]) -> Any:
    with context.open(tenant):
        return next(batches, END)
