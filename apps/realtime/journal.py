"""Appending to the journal and reading it. Events enter here and nowhere else.

`append` runs inside the transaction that makes the change and must be its last statement: it takes
the head row's lock until commit, so numbers follow the order of commits and none is left out. On
commit the tenant's group hears a doorbell that carries the number only; a lost, doubled or late
doorbell changes nothing.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection, transaction

from apps.core.clock import now
from apps.core.nul import without_nul
from apps.tenants import context

from . import doorbell

EVENTS: Final = frozenset(
    {
        "email:new",
        "email:update",
        "email:delete",
        "email:unread_count_update",
        "email:thread_update",
        "calendar:event_new",
        "calendar:event_update",
        "calendar:event_delete",
        "contacts:new",
        "contacts:update",
        "contacts:delete",
        "ai:classification_done",
        "ai:task_suggest",
        "ai:followup_update",
        "hitl:approval_required",
        "hitl:approval_decided",
        "account:status",
        "command:update",
        "command:failed",
        "draft:update",
        "draft:delete",
        "report:ready",
        "alert:new",
    }
)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: a name of `EVENTS`, the account it concerns, and JSON-ready data."""

    name: str
    account_id: UUID | None
    data: dict[str, Any]
    only_for: tuple[UUID, ...] | None = None

    def __post_init__(self) -> None:
        if self.name not in EVENTS:
            raise ValueError(f"{self.name!r} is not an event of the protocol")


@dataclass(frozen=True, slots=True)
class Entry:
    """A journal entry as read back; `data` is the JSON text, written to the socket as it is."""

    seq: int
    event: str
    account_id: UUID | None
    only_for: tuple[UUID, ...] | None
    at: datetime
    data: str


@dataclass(frozen=True, slots=True)
class Page:
    """The entries that follow a position, and the journal's bounds, all of one moment.

    `at` is when the entry of the position itself was written, None when it is no longer kept (or
    the position is 0). Who remembers it can tell this journal from one that went back in time and
    gave the same number to another entry.
    """

    head: int
    pruned_to: int
    at: datetime | None
    entries: tuple[Entry, ...]

    def serves(self, position: int) -> bool:
        """True when everything that followed `position` can still be told from this journal."""
        return self.pruned_to <= position <= self.head


Follower = Callable[[Sequence[Event], int], None]
"""Told, inside the transaction, what was appended and the last number it was given. No query, no network."""

_followers: Final[list[Follower]] = []


def follow(follower: Follower) -> None:
    """Have what is appended told to this function, too."""
    if follower not in _followers:
        _followers.append(follower)


def append(events: Sequence[Event]) -> int:
    """Give the events their numbers; return the last one. Call last in the transaction.

    Raises RuntimeError outside a transaction: an event without its change would be a lie.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("journal.append belongs into the transaction that makes the change")
    if not events:
        return head()
    rows = [
        (event.name, event.account_id, list(event.only_for) if event.only_for is not None else None, _json(event.data))
        for event in events
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO realtime_journalhead (id, seq, pruned_to) VALUES (1, %s, 0) "
            "ON CONFLICT (id) DO UPDATE SET seq = realtime_journalhead.seq + %s RETURNING seq",
            [len(events), len(events)],
        )
        last = int(cursor.fetchone()[0])
        moment = now()  # with the lock held, so times follow the numbers
        with cursor.copy("COPY realtime_journalentry (seq, event, account_id, only_for, at, data) FROM STDIN") as copy:
            for seq, (name, account_id, only_for, data) in enumerate(rows, start=last - len(rows) + 1):
                copy.write_row((seq, name, account_id, only_for, moment, data))
    transaction.on_commit(functools.partial(doorbell.ring, context.current().id, last), robust=True)
    for follower in _followers:
        follower(events, last)
    return last


def _json(data: dict[str, Any]) -> str:
    """JSON that PostgreSQL's jsonb takes: it refuses U+0000, which a subject or a name may hold."""
    text = orjson.dumps(data)
    return (orjson.dumps(without_nul(data)) if b"\\u0000" in text else text).decode()


def head() -> int:
    """The last number given out in this tenant; 0 when nothing has happened yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq FROM realtime_journalhead")
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def bounds() -> tuple[int, int]:
    """(last pruned number, last number given out)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pruned_to, seq FROM realtime_journalhead")
        row = cursor.fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def page(after: int, limit: int) -> Page:
    """The entries that follow `after`, in order, at most `limit`, with the bounds. One statement, one snapshot."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT h.seq, h.pruned_to, e.seq, e.event, e.account_id, e.only_for, e.at, e.data::text "
            "FROM (SELECT coalesce(max(seq), 0) AS seq, coalesce(max(pruned_to), 0) AS pruned_to"
            "      FROM realtime_journalhead) h "
            "LEFT JOIN LATERAL (SELECT * FROM realtime_journalentry WHERE seq >= %s ORDER BY seq LIMIT %s) e ON true "
            "ORDER BY e.seq",
            [after, limit + 1],
        )
        rows = cursor.fetchall()
    head, pruned_to = rows[0][:2]
    stored = [_entry(*row[2:]) for row in rows if row[2] is not None]
    at = stored[0].at if stored and stored[0].seq == after else None
    return Page(head, pruned_to, at, tuple(entry for entry in stored if entry.seq > after)[:limit])


def read(after: int, limit: int = 500) -> list[Entry]:
    """The entries that follow `after`, in order, at most `limit`."""
    return list(page(after, limit).entries)


def _entry(
    seq: int, event: str, account_id: UUID | None, only_for: Sequence[UUID] | None, at: datetime, data: str
) -> Entry:
    return Entry(seq, event, account_id, tuple(only_for) if only_for is not None else None, at, data)


# A slice is short enough that the head's lock, which every writer waits for, is held for milliseconds.
PRUNE_SLICE: Final = 5_000


def prune(before: datetime, at_once: int = PRUNE_SLICE) -> int:
    """Remove entries older than `before`, oldest first; return how many.

    Each slice is a transaction of its own: cut off half-way, the next run goes on. Who asks for
    what is gone is told to reload.
    """
    removed = 0
    while (slice_removed := _prune_slice(before, at_once)) > 0:
        removed += slice_removed
    return removed


def _prune_slice(before: datetime, at_once: int) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(seq) FROM (SELECT seq, at FROM realtime_journalentry ORDER BY seq LIMIT %s) oldest "
            "WHERE at < %s",
            [at_once, before],
        )
        (last,) = cursor.fetchone()
        if last is None:
            return 0
        cursor.execute("DELETE FROM realtime_journalentry WHERE seq <= %s", [last])
        removed = int(cursor.rowcount)
        # The head last: writers wait for its lock from here to the commit only.
        cursor.execute("UPDATE realtime_journalhead SET pruned_to = greatest(pruned_to, %s)", [last])
        return removed
