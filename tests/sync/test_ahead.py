"""One batch ahead: in order, errors in their place, and nothing left open."""

import threading
import time
from collections.abc import Iterator

import pytest
from django.db import connection

from apps.mail.models import Mailbox
from apps.providers.metering import GaveWay
from apps.sync import ahead
from apps.tenants import context
from tests.tenants.fixtures import Cast


def numbers(until: int, seen: list[int]) -> Iterator[int]:
    for number in range(until):
        assert context.current()
        Mailbox.objects.count()
        seen.append(number)
        yield number


def test_batches_come_in_order_with_the_tenant_open(cast: Cast) -> None:
    seen: list[int] = []
    assert list(ahead.one(cast.tenant, numbers(5, seen))) == [0, 1, 2, 3, 4]


def test_one_batch_is_taken_ahead_and_no_more(cast: Cast) -> None:
    seen: list[int] = []
    batches = ahead.one(cast.tenant, numbers(9, seen))
    next(batches)
    batches.close()  # type: ignore[attr-defined]  # a generator
    assert seen == [0, 1]


def test_an_error_comes_out_where_its_batch_would_have(cast: Cast) -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    batches = ahead.one(cast.tenant, failing())
    assert next(batches) == 1
    with pytest.raises(ZeroDivisionError):
        next(batches)


def test_the_threads_connection_goes_back_and_the_callers_stays(cast: Cast) -> None:
    with cast.inside():
        Mailbox.objects.count()
        mine = connection.connection
        for _ in range(30):
            list(ahead.one(cast.tenant, numbers(2, [])))
        assert connection.connection is mine
    stats = connection.pool.get_stats  # type: ignore[attr-defined]  # psycopg's backend has a pool
    deadline = time.monotonic() + 5  # the pool resets what it gets back in a thread of its own
    while (out := stats()["pool_size"] - stats()["pool_available"]) > 1 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert out <= 1
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]


def test_once_somebody_waits_the_batch_under_way_is_the_last(cast: Cast) -> None:
    seen: list[int] = []
    batches = ahead.one(cast.tenant, numbers(9, seen), lambda: len(seen) >= 3)
    came = [next(batches), next(batches), next(batches)]
    with pytest.raises(GaveWay):
        next(batches)
    assert came == seen, "nothing that was fetched is dropped, and nothing more is begun"


def test_a_batch_under_way_is_told_to_give_way(cast: Cast) -> None:
    stop = threading.Event()

    def patient() -> Iterator[int]:
        yield 1
        assert stop.wait(30), "it would wait for long"
        raise GaveWay

    begun: list[int] = []
    batches = ahead.one(cast.tenant, patient(), lambda: bool(begun), stop.set)
    begun.append(next(batches))
    with pytest.raises(GaveWay):
        next(batches)


def test_an_error_that_is_called_a_time_out_is_the_batchs_own(cast: Cast) -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise TimeoutError("of a socket")

    batches = ahead.one(cast.tenant, failing())
    assert next(batches) == 1
    with pytest.raises(TimeoutError, match="of a socket"):
        next(batches)
