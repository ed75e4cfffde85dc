"""Doorbells on their way into the database: whatever rang while a hop was under way goes with the next.

A thread hop takes milliseconds and holds many doorbells, so a lone one leaves at once and a storm
leaves in batches. Several hops run side by side: one that waits for a lock delays no other.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog
from django import db

from apps.sync import targets

from .shard import CHUNK, Shard

log = structlog.get_logger(__name__)

HOPS: Final = 4
BATCH: Final = 32
# The database is away: what rang is kept, and tried again after this.
RETRY_SECONDS: Final = 1.0
DATABASE_AWAY: Final = (db.Error, psycopg.Error)

Hop = Callable[..., Coroutine[Any, Any, Any]]


@dataclass(slots=True, eq=False)
class Batch:
    """What one hop writes."""

    rung: list[UUID] = field(default_factory=list)
    listening: dict[UUID, str] = field(default_factory=dict)
    deaf: list[UUID] = field(default_factory=list)

    @property
    def marks(self) -> bool:
        """True when it says of a target whether it is pushed to."""
        return bool(self.listening or self.deaf)

    def write(self, shard: Shard) -> None:
        """Say who is pushed to and who no longer is, then request the syncs. Twice is harmless."""
        shard.listening(self.listening)
        shard.deaf(self.deaf)
        for target_id in self.rung:
            targets.request(target_id, "idle")


class Bells:
    """Collects what the watches report and hands it to `hop`, which runs a function in a thread."""

    def __init__(self, shard: Shard, hop: Hop) -> None:
        self._shard = shard
        self._hop = hop
        # Dictionaries, because they keep the order of arrival and each target once.
        self._rung: dict[UUID, None] = {}
        self._push: dict[UUID, str] = {}  # "" for a target that is no longer pushed to
        self._any = asyncio.Event()
        self._under_way: list[Batch] = []
        self.rung = 0

    def ring(self, target_id: UUID) -> None:
        """Something happened in this target's account."""
        self.rung += 1
        self._rung[target_id] = None
        self._any.set()

    def listening(self, target_id: UUID, kind: str) -> None:
        """The target's server tells us from now on."""
        self._push[target_id] = kind
        self._any.set()

    def deaf(self, target_id: UUID) -> None:
        """It no longer does."""
        self._push[target_id] = ""
        self._any.set()

    @property
    def idle(self) -> bool:
        """True when everything is written."""
        return not (self._rung or self._push or self._under_way)

    async def carry(self) -> None:
        """Carry for ever, in so many hops side by side; cancel to end."""
        async with asyncio.TaskGroup() as group:
            for _ in range(HOPS):
                group.create_task(self._carry())

    async def _carry(self) -> None:
        while True:
            await self._any.wait()
            batch = self._take()
            if batch is None:
                self._any.clear()
                continue
            self._under_way.append(batch)
            try:
                await self._hop(batch.write, self._shard)
            except DATABASE_AWAY as error:
                log.warning("doorbells wait for the database", targets=len(batch.rung), reason=type(error).__name__)
                self._put_back(batch)
                await asyncio.sleep(RETRY_SECONDS)
            finally:
                self._under_way.remove(batch)
            self._any.set()  # what was put back, or had to wait for this hop

    def _take(self) -> Batch | None:
        # What is said of a target's push is written in the order in which it was said: by one hop at a time.
        push = {} if any(batch.marks for batch in self._under_way) else self._push
        if not (self._rung or push):
            return None
        batch = Batch(list(islice(self._rung, BATCH)))
        for target_id in batch.rung:
            del self._rung[target_id]
        for target_id in list(islice(push, CHUNK)):
            if kind := push.pop(target_id):
                batch.listening[target_id] = kind
            else:
                batch.deaf.append(target_id)
        return batch

    def _put_back(self, batch: Batch) -> None:
        self._rung = dict.fromkeys(batch.rung) | self._rung
        # What was reported meanwhile is newer.
        self._push = batch.listening | dict.fromkeys(batch.deaf, "") | self._push
