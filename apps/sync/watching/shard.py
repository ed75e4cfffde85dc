"""Which accounts this process watches: leases on rows, on the database's clock. Synchronous, SQL only.

Every statement stands alone (autocommit) and touches few rows, so that a doorbell, which locks one
of them, never waits long. Rows that somebody else holds at the moment are skipped and taken later.
A process that slept past its lease finds its name gone from its rows and lets go of them.
"""

import os
import secrets
import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

# In seconds: a watcher that died is followed by another after this. It renews three times as often.
LEASE: Final = 60.0
CHUNK: Final = 250  # rows in one statement
# The provider types whose mail server can be watched; the others bring their own push.
WATCHED: Final = ["imap"]


@dataclass(frozen=True, slots=True)
class Watched:
    """What the public row says of an account to watch."""

    target_id: UUID
    tenant_id: UUID
    account_id: UUID
    host: str
    synced_at: datetime | None


@dataclass(frozen=True, slots=True)
class Census:
    """How many targets carry our name, and which of them must not be watched any more."""

    held: int
    ended: frozenset[UUID]


FIELDS: Final = "t.id, t.tenant_id, t.account_id, t.host, t.last_synced_at"
MAY_BE_WATCHED: Final = "t.is_active AND n.status = 'active'"
CLAIM: Final = f"""
WITH free AS (
    SELECT t.id FROM sync_synctarget t JOIN tenants_tenant n ON n.id = t.tenant_id
    WHERE t.kind = 'mail' AND t.provider_type = ANY(%(types)s) AND {MAY_BE_WATCHED}
      AND (t.watch_until IS NULL OR t.watch_until < now())
    ORDER BY t.id LIMIT %(most)s FOR UPDATE OF t SKIP LOCKED
)
UPDATE sync_synctarget t SET watch_owner = %(owner)s, watch_until = now() + make_interval(secs => %(lease)s) FROM free
WHERE free.id = t.id RETURNING {FIELDS}
"""
RENEW: Final = f"""
UPDATE sync_synctarget t SET watch_until = now() + make_interval(secs => %(lease)s),
    push_until = CASE WHEN t.id = ANY(%(listening)s) THEN now() + make_interval(secs => %(trust)s) ELSE t.push_until END
WHERE t.id = ANY(%(ids)s) AND t.watch_owner = %(owner)s RETURNING {FIELDS}
"""
CENSUS: Final = f"""
SELECT count(*), array_agg(t.id) FILTER (WHERE NOT ({MAY_BE_WATCHED}))
FROM sync_synctarget t JOIN tenants_tenant n ON n.id = t.tenant_id WHERE t.watch_owner = %(owner)s
"""
LISTENING: Final = """
UPDATE sync_synctarget SET push_kind = %(kind)s, push_until = now() + make_interval(secs => %(trust)s)
WHERE id = ANY(%(ids)s) AND watch_owner = %(owner)s
"""
# The next look moves near: a watched target's is a quarter of an hour away. Spread over a minute,
# because the watches of one host end together.
LOOK_SOON: Final = (
    "push_kind = '', push_until = NULL, due_at = least(due_at, now() + (1 + random()) * interval '1 minute')"
)
DEAF: Final = f"UPDATE sync_synctarget SET {LOOK_SOON} WHERE id = ANY(%(ids)s) AND watch_owner = %(owner)s"
RELEASE: Final = f"""
UPDATE sync_synctarget SET watch_owner = '', watch_until = NULL, {LOOK_SOON}
WHERE id = ANY(%(ids)s) AND watch_owner = %(owner)s
"""


@dataclass(frozen=True, slots=True)
class Shard:
    """The targets that carry one process's name. Nothing here is cached: every call is SQL."""

    owner: str
    lease: float = LEASE

    @property
    def renew_after(self) -> float:
        """Seconds after which a lease should be renewed: twice may fail before it is lost."""
        return self.lease / 3

    @property
    def trust(self) -> float:
        """Seconds that the scheduler trusts a live watch without hearing of it again."""
        return self.lease * 2

    def claim(self, most: int) -> list[Watched]:
        """Take at most `most` targets that nobody watches, a chunk at a time."""
        rows = self._rows(CLAIM, types=WATCHED, most=min(most, CHUNK))
        return [Watched(*row) for row in rows]

    def renew(self, ids: Collection[UUID], listening: Collection[UUID]) -> list[Watched]:
        """Extend these leases; what is missing from the answer is no longer ours.

        Those that are `listening` are recorded as pushed to, so that the scheduler leaves them alone.
        """
        kept: list[Watched] = []
        for chunk in _chunks(ids):
            told = [target_id for target_id in chunk if target_id in listening]
            kept += [Watched(*row) for row in self._rows(RENEW, ids=chunk, listening=told)]
        return kept

    def census(self) -> Census:
        """What carries our name."""
        ((held, ended),) = self._rows(CENSUS)
        return Census(held, frozenset(ended or ()))

    def listening(self, kinds: Mapping[UUID, str]) -> None:
        """These servers tell us of changes from now on, by the kind of push named."""
        for kind in sorted(set(kinds.values())):
            for chunk in _chunks([target_id for target_id, how in kinds.items() if how == kind]):
                self._run(LISTENING, ids=chunk, kind=kind)

    def deaf(self, ids: Collection[UUID]) -> None:
        """These no longer do: they are polled, the first time soon."""
        for chunk in _chunks(ids):
            self._run(DEAF, ids=chunk)

    def release(self, ids: Collection[UUID]) -> None:
        """Let others have these at once."""
        for chunk in _chunks(ids):
            self._run(RELEASE, ids=chunk)

    def _rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement, self._named(values))
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

    def _run(self, statement: str, **values: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, self._named(values))

    def _named(self, values: dict[str, Any]) -> dict[str, Any]:
        return values | {"owner": self.owner, "lease": self.lease, "trust": self.trust}


def new_owner() -> str:
    """A name for this process that none had before: one that wakes late is not taken for its successor."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"


def _chunks(ids: Collection[UUID]) -> list[list[UUID]]:
    # In one order everywhere, so that two statements never wait for each other's rows.
    ordered = sorted(ids)
    return [ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK)]
