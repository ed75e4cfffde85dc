"""Reading an account: what its journal says is new, or all that waits, embedded batch by batch.

Cut off anywhere it goes on where it stopped, because what waits is asked of the rows themselves: a source with chunks
of the model waits no more. Twice at a time would only waste work, and a lease keeps it from happening.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from pgvector import HalfVector

from apps.ai import consent
from apps.core.ids import new_id
from apps.core.nul import without_nul
from apps.providers.models import AccountStatus, ProviderAccount
from apps.realtime import journal

from . import sources
from .embedder import Embedder, EmbedderError, Vectors
from .models import Chunk, Coverage
from .sources import Source, Waiting

BATCH: Final = 48
"""Sources between two commits: a second or two of work, and all that is lost when the process dies."""

LEASE: Final = timedelta(minutes=3)
READ_MOST: Final = 2_000
"""Journal entries that are followed one by one; after more than that, all that waits is looked for."""

NEWS: Final = {
    "email:new": "message",
    "email:update": "message",
    "calendar:event_new": "event",
    "calendar:event_update": "event",
    "contacts:new": "contact",
    "contacts:update": "contact",
}
"""Events that bring something to read, and the member of their data that names it."""

Touched = Mapping[str, Collection[UUID]] | None
"""Ids by the name of their source; None: anything may wait."""

Step = Callable[[int], None]
"""Told how many sources were read since it was told before."""


@dataclass(frozen=True, slots=True)
class Filled:
    """How many sources were read, and whether none of the account waits any more; `busy`: somebody else reads it."""

    sources: int
    done: bool
    busy: bool = False


NOTHING: Final = Filled(0, done=True)


def accounts() -> list[UUID]:
    """The connected accounts of the open tenant whose owners let them be read."""
    connected = ProviderAccount.objects.exclude(status=AccountStatus.DISCONNECTED).order_by("created_at")
    ids = list(connected.values_list("pk", flat=True))
    allowed = consent.consented(ids)
    return [account_id for account_id in ids if account_id in allowed]


def fill(
    account_id: UUID, embedder: Embedder, *, seconds: float | None = None, whole: bool = False, step: Step | None = None
) -> Filled:
    """Read what waits in an account, for so many seconds at most (None: to the end).

    `whole` looks for all that waits, whatever the journal says. Raises EmbedderError; what was read until then stays.
    """
    if account_id not in consent.consented([account_id]):
        return NOTHING
    lease = _take(account_id)
    if lease is None:
        return Filled(0, done=False, busy=True)
    try:
        return _fill(account_id, embedder, lease, seconds, whole, step)
    finally:
        Coverage.objects.filter(pk=account_id, lease=lease).update(lease=None, leased_until=None)


def _fill(
    account_id: UUID, embedder: Embedder, lease: UUID, seconds: float | None, whole: bool, step: Step | None
) -> Filled:
    until = None if seconds is None else time.monotonic() + seconds
    coverage = Coverage.objects.get(pk=account_id)
    head, touched = news(coverage, embedder.name)
    read = 0
    for source, batch in _batches(account_id, embedder.name, None if whole else touched):
        if not _keep(source, account_id, embedder, lease, batch):
            return Filled(read, done=False)
        read += len(batch)
        if step is not None:
            step(len(batch))
        if until is not None and time.monotonic() > until:
            return Filled(read, done=False)
    Coverage.objects.filter(pk=account_id, lease=lease).update(model=embedder.name, seq=head, covered_at=Now())
    return Filled(read, done=True)


def _take(account_id: UUID) -> UUID | None:
    """A lease on the account's coverage; None while somebody else has it."""
    Coverage.objects.get_or_create(pk=account_id)
    lease = new_id()
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=Now())
    taken = Coverage.objects.filter(free, pk=account_id).update(lease=lease, leased_until=Now() + LEASE)
    return lease if taken else None


def news(coverage: Coverage, model: str) -> tuple[int, Touched]:
    """The journal's head, and which sources it names since the account was read; None when that cannot be told.

    That is so before the first reading, after a change of model, when the journal was pruned past the position, when
    very much happened, and while history is brought in: it is told by counters alone.
    """
    pruned_to, head = journal.bounds()
    if coverage.model != model or not pruned_to <= coverage.seq <= head:
        return head, None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT event, data->%s->>'id', data->%s->>'id', data->%s->>'id', data->>'backfill' "
            "FROM realtime_journalentry WHERE seq > %s AND seq <= %s AND account_id = %s LIMIT %s",
            ["message", "event", "contact", coverage.seq, head, coverage.pk, READ_MOST + 1],
        )
        rows = cursor.fetchall()
    touched: dict[str, set[UUID]] = {source.name: set() for source in sources.ALL}
    if len(rows) > READ_MOST or any(backfill == "true" for *_, backfill in rows):
        return head, None
    for event, *ids, _ in rows:
        name = NEWS.get(event)
        named = dict(zip(("message", "event", "contact"), ids, strict=True)).get(name or "")
        if name and named:
            touched[name].add(UUID(named))
    return head, touched


def pending(account_id: UUID, model: str) -> int:
    """How many sources of an account wait, of all that it has."""
    return sum(1 for _, batch in _batches(account_id, model, None, limit=1_000) for _ in batch)


def _batches(
    account_id: UUID, model: str, touched: Touched, limit: int = BATCH
) -> Iterator[tuple[Source, list[Waiting]]]:
    for source in sources.ALL:
        only = None if touched is None else touched[source.name]
        after: Any = None
        more = only is None or bool(only)
        while more:
            batch, after = source.waiting(account_id, model, only, after, limit)
            more = after is not None
            if batch:
                yield source, batch


def _keep(source: Source, account_id: UUID, embedder: Embedder, lease: UUID, batch: Sequence[Waiting]) -> bool:
    """Embed a batch and write its chunks; False when the lease or the consent went meanwhile."""
    texts = [text for waiting in batch for text in waiting.embedded()]
    vectors = embedder.embed(texts)
    with transaction.atomic():
        held = Coverage.objects.filter(pk=account_id, lease=lease).update(leased_until=Now() + LEASE)
        # Asked under the coverage's lock, which forgetting takes too: nothing is written after it was forgotten.
        if not held or account_id not in consent.consented([account_id]):
            return False
        write(source, account_id, embedder, batch, vectors)
    return True


def write(source: Source, account_id: UUID, embedder: Embedder, batch: Sequence[Waiting], vectors: Vectors) -> None:
    """Replace the chunks of these sources, of whichever model; those that are gone by now are left out."""
    key, ids = f"{source.name}_id", [waiting.id for waiting in batch]
    with connection.cursor() as cursor:
        # Locked against deletion until the commit: a chunk of what is gone would be refused.
        cursor.execute(f"SELECT id FROM {source.table} WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE", [ids])
        there = {pk for (pk,) in cursor.fetchall()}
    Chunk.objects.filter(**{f"{key}__in": ids}).delete()
    following = iter(vectors)
    rows = [
        Chunk(
            account_id=account_id,
            rev=waiting.rev,
            position=position,
            model=embedder.name,
            text=without_nul(text),
            **{key: waiting.id, embedder.column: HalfVector(next(following)) if waiting.texts else None},
        )
        for waiting in batch
        for position, text in enumerate(waiting.texts or [""])
    ]
    Chunk.objects.bulk_create(row for row in rows if getattr(row, key) in there)


FORGET_AT_ONCE: Final = 2_000


def forget(account_id: UUID) -> int:
    """Remove all chunks of an account whose owner took their consent back; return how many."""
    # First: a reader that is at it loses its lease, and writes nothing any more.
    Coverage.objects.filter(pk=account_id).delete()
    removed = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM ai_chunk WHERE ctid IN (SELECT ctid FROM ai_chunk WHERE account_id = %s LIMIT %s)",
                [account_id, FORGET_AT_ONCE],
            )
            removed += cursor.rowcount
            if cursor.rowcount < FORGET_AT_ONCE:
                return int(removed)


def forget_withdrawn() -> int:
    """Remove the chunks of every account of the open tenant that may not be read any more; return how many."""
    held = {*Coverage.objects.values_list("pk", flat=True)}
    with connection.cursor() as cursor:
        # Each account once, by hopping through the index instead of reading all of it.
        cursor.execute(
            "WITH RECURSIVE one AS ((SELECT account_id FROM ai_chunk ORDER BY account_id LIMIT 1) UNION ALL "
            "SELECT (SELECT account_id FROM ai_chunk WHERE account_id > one.account_id ORDER BY account_id LIMIT 1) "
            "FROM one WHERE one.account_id IS NOT NULL) SELECT account_id FROM one WHERE account_id IS NOT NULL"
        )
        held |= {account_id for (account_id,) in cursor.fetchall()}
    return sum(forget(account_id) for account_id in held - consent.consented(held))


__all__ = ["EmbedderError", "Filled", "accounts", "fill", "forget", "forget_withdrawn", "news", "pending", "write"]
