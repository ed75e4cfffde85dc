"""A connection stands on a tenant only while that tenant is open, in that thread, whatever happens (F77)."""

import asyncio
import inspect
import linecache
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.db import database_sync_to_async
from django.db import DatabaseError, ProgrammingError, close_old_connections, connection, transaction
from django_tenants.utils import tenant_context

from apps.core.clock import now
from apps.realtime.models import JournalEntry
from apps.tenants import context, search_path
from apps.tenants.models import PUBLIC, Tenant
from tests.tenants.fixtures import Cast, Make


def where() -> str:
    """The search path of this thread's connection, as the server sees it."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW search_path")
        return str(cursor.fetchone()[0])


def assert_on_public() -> None:
    assert search_path.schema_name() == PUBLIC
    assert where() == PUBLIC
    with pytest.raises(ProgrammingError, match="does not exist"):
        JournalEntry.objects.count()
    connection.rollback()


def write(seq: int) -> None:
    JournalEntry.objects.create(seq=seq, event="account:status", at=now(), data={})


def test_rows_written_in_a_tenant_are_seen_in_that_tenant_only(cast: Cast) -> None:
    with context.open(cast.tenant):
        write(1)
        assert JournalEntry.objects.count() == 1
    with context.open(cast.neighbour):
        assert JournalEntry.objects.count() == 0
    assert_on_public()


def test_nothing_is_open_before_and_after(cast: Cast) -> None:
    with pytest.raises(context.TenantRequired):
        context.current()
    with context.open(cast.tenant):
        assert context.current() == cast.tenant
    with pytest.raises(context.TenantRequired):
        context.current()


def test_the_same_tenant_may_be_opened_inside_itself(cast: Cast) -> None:
    with context.open(cast.tenant):
        with context.open(cast.tenant):
            write(1)
        assert context.current() == cast.tenant
        assert JournalEntry.objects.count() == 1


def test_another_tenant_inside_a_tenant_is_refused(cast: Cast) -> None:
    with context.open(cast.tenant):
        with pytest.raises(context.ContextMisuse), context.open(cast.neighbour):
            pytest.fail("two tenants open at once")
        assert context.current() == cast.tenant


def test_opening_inside_an_event_loop_is_refused(cast: Cast) -> None:
    async def coroutine() -> None:
        with context.open(cast.tenant):
            pytest.fail("a tenant open in an event loop")

    with pytest.raises(context.ContextMisuse, match="database_sync_to_async"):
        asyncio.run(coroutine())


def test_a_rollback_inside_a_tenant_does_not_lose_it(cast: Cast) -> None:
    with context.open(cast.tenant):
        with transaction.atomic():
            write(1)
            transaction.set_rollback(True)
        with transaction.atomic():
            write(2)
            with pytest.raises(DatabaseError), transaction.atomic():
                write(2)
            write(3)
        assert list(JournalEntry.objects.order_by("seq").values_list("seq", flat=True)) == [2, 3]


def test_a_connection_lost_inside_a_tenant_comes_back_in_it(cast: Cast) -> None:
    with context.open(cast.tenant):
        write(1)
        with connection.cursor() as cursor, pytest.raises(DatabaseError):
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        connection.close()
        assert JournalEntry.objects.count() == 1
    assert_on_public()


def test_a_thread_started_inside_a_tenant_stands_on_public(cast: Cast) -> None:
    seen: list[str] = []

    def look() -> None:
        seen.append(where())
        try:
            JournalEntry.objects.count()
        except ProgrammingError:
            seen.append("no product table")
        finally:
            connection.close()

    with context.open(cast.tenant):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert seen == [PUBLIC, "no product table"]


def test_the_pool_hands_out_no_connection_that_remembers_a_tenant(cast: Cast) -> None:
    with context.open(cast.tenant):
        write(1)
        connection.close()  # goes back to the pool from inside the tenant
    pool = connection.pool  # type: ignore[attr-defined]  # psycopg's backend has it
    assert pool is not None
    borrowed = [pool.getconn() for _ in range(pool.get_stats()["pool_size"])]
    try:
        paths = {str(raw.execute("SHOW search_path").fetchone()[0]) for raw in borrowed}
    finally:
        for raw in borrowed:
            pool.putconn(raw)
    assert len(borrowed) > 0
    assert paths == {'"$user", public'}


def test_a_pooled_connection_keeps_no_advisory_lock(cast: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(4711)")
    connection.close()
    # The pool resets a returned connection in a thread of its own.
    deadline = time.monotonic() + 5
    while _locks_on(4711) and time.monotonic() < deadline:
        pass
    assert _locks_on(4711) == 0


def _locks_on(number: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s", [number])
        return int(cursor.fetchone()[0])


def _body(tenant: Tenant) -> None:
    with context.open(tenant):
        write(1)
        with transaction.atomic():
            write(2)
            with transaction.atomic():
                write(3)
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        with context.open(tenant):
            write(4)
        JournalEntry.objects.all().delete()


WATCHED = {inspect.getsourcefile(context), inspect.getsourcefile(search_path), __file__}


class Interrupted(Exception):
    """What the tracer raises; says in which file."""


def _raise_at(line_number: int) -> Callable[[FrameType, str, Any], Any]:
    """A tracer that raises at the n-th line executed in the watched files, once."""
    left = line_number

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in WATCHED:
            return None
        # Python visits a `with` line again on the way out, and an exception raised by a tracer just
        # there skips `__exit__`; nothing but a tracer can raise at that point.
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).lstrip()
        if event == "line" and not line.startswith("with "):
            left -= 1
            if left == 0:
                raise Interrupted(frame.f_code.co_filename)
        return trace

    return trace


def test_an_exception_at_any_line_between_open_and_close_leaves_no_tenant_behind(cast: Cast) -> None:
    interrupted = 0
    for line in range(1, 400):
        with context.open(cast.tenant):
            JournalEntry.objects.all().delete()
        sys.settrace(_raise_at(line))
        where_it_fell = ""
        try:
            _body(cast.tenant)
        except Interrupted as interruption:
            where_it_fell = str(interruption)
            interrupted += 1
        finally:
            sys.settrace(None)
        if search_path.schema_name() != PUBLIC:
            # The only lines after which this may be so are those of the clean-up itself; the next
            # opening must then refuse instead of mixing tenants.
            assert where_it_fell == inspect.getsourcefile(search_path)
            with pytest.raises(context.ContextMisuse), context.open(cast.neighbour):
                pytest.fail("opened over a tenant that was left behind")
            close_old_connections()
            search_path.to_public()
        assert_on_public()
        if not where_it_fell:
            break
    assert interrupted > 30


async def _leak(cast: Cast) -> int:
    """Django's async ORM under django-tenants' own context, as one would naively write it."""

    def stand_on_neighbour() -> None:
        search_path._connection.set_tenant(cast.neighbour)
        JournalEntry.objects.count()

    def leave() -> None:
        search_path._connection.set_schema_to_public()
        connection.close()

    await sync_to_async(stand_on_neighbour)()
    try:
        with tenant_context(cast.tenant):
            return await JournalEntry.objects.acount()
    finally:
        await sync_to_async(leave)()


def test_the_async_orm_reads_the_wrong_tenant_and_our_context_refuses_to_let_it(cast: Cast) -> None:
    with context.open(cast.neighbour):
        write(1)
        write(2)

    async def ours() -> int:
        with context.open(cast.tenant):
            return await JournalEntry.objects.acount()

    def count(tenant: Tenant) -> int:
        with context.open(tenant):
            return JournalEntry.objects.count()

    async def right_way() -> tuple[int, int]:
        counting = database_sync_to_async(count)
        return await counting(cast.tenant), await counting(cast.neighbour)

    # The leak is real: two rows of the neighbour, asked for under the tenant that has none.
    assert asyncio.run(_leak(cast)) == 2
    with pytest.raises(context.ContextMisuse):
        asyncio.run(ours())
    assert asyncio.run(right_way()) == (0, 2)


def test_a_hundred_interleaved_calls_each_see_their_own_tenant(make: Make) -> None:
    tenants = [make.company() for _ in range(4)]
    for number, tenant in enumerate(tenants, start=1):
        with context.open(tenant):
            for seq in range(1, number + 1):
                write(seq)

    def count(tenant: Tenant) -> int:
        with context.open(tenant):
            return JournalEntry.objects.count()

    async def all_at_once() -> list[int]:
        counting = database_sync_to_async(count, thread_sensitive=False)
        return await asyncio.gather(*(counting(tenants[turn % 4]) for turn in range(100)))

    assert asyncio.run(all_at_once()) == [turn % 4 + 1 for turn in range(100)]
