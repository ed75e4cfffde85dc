"""Finding what matches, newest first, in a mirror of any size: first among the newest, then through the indexes.

A word that many messages hold is found soon by walking back from the newest one, and would take
seconds to gather; a rare word is gathered at once, and walking would read the whole mirror. Which of
both a query is, PostgreSQL's estimates do not tell well enough (words outside of its sample are all
taken for equally common), so the newest few hundred are walked always. How many of these match tells
how far back the page should reach: the indexes are asked within such a span, where those of words and
of time meet before a message is looked at, and within the whole mirror for what is rare.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from .. import queries
from .compile import Condition

WALKS: Final = (600, 2_400)
"""Messages that are looked at one by one, shared among the accounts; the second walk goes on after the first, where
there is no index to ask."""

SPANS: Final = (1_000, 10_000, 200_000)
"""Messages in which the indexes are asked at least, as long as nothing has matched, and at most: what would need more
is rare, and asked for in the whole mirror."""

GATHERED: Final = 1_000
"""Matches that are taken from the indexes at once; conversations are counted up to here."""

MESSAGE: Final = "JOIN mail_message m ON m.id = w.message_id"
Place = tuple[datetime, UUID]
"""When a message came and its id: the order of results, newest first."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A conversation and the newest of its messages that match."""

    thread_id: UUID
    message_id: UUID
    at: datetime
    body: str = field(default="", repr=False)

    @property
    def place(self) -> Place:
        """Where it stands among the results."""
        return self.at, self.message_id


@dataclass(frozen=True, slots=True)
class Page:
    """Hits, where the next page begins (None after the last), and how many conversations were seen to match.

    `more` is True when there may be more than those that were seen.
    """

    hits: Sequence[Hit]
    following: str | None
    seen: int
    more: bool


NOTHING: Final = Page((), None, 0, more=False)


def page(accounts: Sequence[UUID], condition: Condition, cursor: str, limit: int) -> Page:
    """The newest conversations of these accounts that match and that no earlier page had.

    `cursor` is a page's `following`, empty for the first. Raises the 400 problem for one that is none.
    """
    after = queries.decode_cursor(cursor) if cursor else None
    search = _Search(list(accounts), condition)
    found: dict[UUID, Hit] = {}
    place, more, looked = after, True, 0
    for length in WALKS[:1] if condition.indexed else WALKS:
        if not more or len(found) >= limit:
            break
        each = search.each(length)
        horizon = search.horizon(place, each)
        search.collect(found, search.walk(place, horizon, each), after, limit)
        place, more, looked = horizon or place, horizon is not None, looked + length
    while more and len(found) < limit:
        span = _span(looked, len(found), limit) if condition.indexed else None
        horizon = search.horizon(place, search.each(span)) if span else None
        rows, reached = search.gather(place, horizon)
        search.collect(found, rows, after, limit)
        place, looked = reached or horizon, looked + (span or 0)
        more = place is not None
    hits = list(found.values())[:limit]
    going_on = len(found) > limit or (more and hits)
    following = queries.encode_cursor(*hits[-1].place) if going_on else None
    return Page(_with_bodies(hits), following, len(found), more)


def _span(looked: int, found: int, limit: int) -> int | None:
    """Messages that should fill the page, when matches go on as thickly, and as many again; None for all."""
    least, unknown, most = SPANS
    if not found:
        return unknown if looked < unknown else None
    length = max(2 * looked * (limit - found) // found, least)
    return length if length <= most else None


def _with_bodies(hits: Sequence[Hit]) -> list[Hit]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT message_id, body FROM mail_messagewords WHERE message_id = ANY(%s)",
            [[hit.message_id for hit in hits]],
        )
        bodies = dict(cursor.fetchall())
    return [replace(hit, body=bodies.get(hit.message_id, "")) for hit in hits]


@dataclass(frozen=True, slots=True)
class _Search:
    """One condition over some accounts."""

    accounts: list[UUID]
    condition: Condition

    def each(self, length: int) -> int:
        """So many messages, shared among the accounts."""
        return max(length // max(len(self.accounts), 1), 1)

    def horizon(self, place: Place | None, each: int) -> Place | None:
        """Down to where so many messages of each account reach; None when that is all there is."""
        between, values = _between(place, None)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT w.at, w.message_id FROM unnest(%s::uuid[]) a(id), LATERAL ("
                f"SELECT w.at, w.message_id FROM mail_messagewords w WHERE w.account_id = a.id {between}"
                "ORDER BY w.at DESC, w.message_id DESC OFFSET %s LIMIT 1) w "
                "ORDER BY w.at DESC, w.message_id DESC LIMIT 1",
                [self.accounts, *values, each - 1],
            )
            row: Place | None = cursor.fetchone()
            return row

    def walk(self, place: Place | None, horizon: Place | None, each: int) -> list[Hit]:
        """All matches between these places, the horizon's message included, newest first; read one by one."""
        between, values = _between(place, horizon)
        return self._hits(
            "SELECT m.thread_id, w.message_id, w.at FROM unnest(%s::uuid[]) a(id), LATERAL ("
            f"SELECT * FROM mail_messagewords w WHERE w.account_id = a.id {between}"
            "ORDER BY w.at DESC, w.message_id DESC LIMIT %s) w JOIN mail_message m ON m.id = w.message_id "
            f"WHERE m.orphaned_at IS NULL AND ({self.condition.sql}) ORDER BY w.at DESC, w.message_id DESC",
            [self.accounts, *values, each, *self.condition.parameters],
        )

    def gather(self, place: Place | None, horizon: Place | None) -> tuple[list[Hit], Place | None]:
        """The newest matches between these places by what the indexes know, and where the next go on when there may
        be more of them."""
        between, values = _between(place, horizon)
        # Messages are looked up for all matches only where the condition asks something of them.
        joined = "" if self.condition.words_alone else MESSAGE
        with connection.cursor() as cursor:
            cursor.execute(
                # Materialised, or the order would tempt the planner to walk back from the newest one.
                "WITH found AS MATERIALIZED (SELECT w.message_id, w.at FROM mail_messagewords w "
                f"{joined} WHERE w.account_id = ANY(%s) {between}AND ({self.condition.sql})), "
                "newest AS (SELECT * FROM found ORDER BY at DESC, message_id DESC LIMIT %s) "
                f"SELECT m.thread_id, w.message_id, w.at, m.orphaned_at IS NULL FROM newest w {MESSAGE} "
                "ORDER BY w.at DESC, w.message_id DESC",
                [self.accounts, *values, *self.condition.parameters, GATHERED],
            )
            rows = cursor.fetchall()
        hits = [Hit(thread, message, at) for thread, message, at, shown in rows if shown]
        return hits, (rows[-1][2], rows[-1][1]) if len(rows) == GATHERED else None

    def collect(self, found: dict[UUID, Hit], rows: Sequence[Hit], after: Place | None, limit: int) -> None:
        """Add each conversation's newest match, until one more than the limit when earlier pages must be asked."""
        fresh: dict[UUID, Hit] = {}
        for hit in rows:
            if hit.thread_id not in found:
                fresh.setdefault(hit.thread_id, hit)
        if after is None:
            found |= fresh
            return
        threads = list(fresh)
        while threads and len(found) <= limit:
            chunk, threads = threads[: 2 * limit], threads[2 * limit :]
            shown = self._shown_before(after, chunk)
            found |= {thread: fresh[thread] for thread in chunk if thread not in shown}

    def _shown_before(self, place: Place, threads: Sequence[UUID]) -> set[UUID]:
        """Those of the conversations that a page before this place has shown."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT m.thread_id FROM mail_message m JOIN mail_messagewords w ON w.message_id = m.id "
                "WHERE m.thread_id = ANY(%s) AND w.account_id = ANY(%s) AND (w.at, w.message_id) >= (%s, %s) "
                f"AND m.orphaned_at IS NULL AND ({self.condition.sql})",
                [list(threads), self.accounts, *place, *self.condition.parameters],
            )
            return {thread for (thread,) in cursor.fetchall()}

    def _hits(self, sql: str, parameters: Sequence[Any]) -> list[Hit]:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return [Hit(*row) for row in cursor.fetchall()]


def _between(place: Place | None, horizon: Place | None) -> tuple[str, list[Any]]:
    """What comes after a place down to a horizon, its message included."""
    after = ("AND (w.at, w.message_id) < (%s, %s) ", place) if place else ("", ())
    down_to = ("AND (w.at, w.message_id) >= (%s, %s) ", horizon) if horizon else ("", ())
    return after[0] + down_to[0], [*after[1], *down_to[1]]
