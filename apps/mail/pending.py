"""What open commands make of what the provider has: `view = pending over base`."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from uuid import UUID

import orjson
from django.db import connection

from apps.outbound.models import State

STORE = "store"
TAKING = ("move", "delete")


@dataclass(frozen=True, slots=True)
class Change:
    """Flags that a command adds and removes."""

    add: frozenset[str]
    remove: frozenset[str]

    def over(self, flags: Iterable[str]) -> frozenset[str]:
        """The flags with the change made."""
        return (frozenset(flags) - self.remove) | self.add


@dataclass(slots=True)
class Pending:
    """The changes of flags that are under way, or not told yet, by message, in their order."""

    changes: dict[UUID, list[Change]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, account_id: UUID, message_ids: Collection[UUID], since: datetime | None = None) -> Self:
        """Those that concern these messages; one query.

        With `since` also those that were carried out after that moment: what has been read at the provider
        since then may not know of them yet.
        """
        found = cls()
        if not message_ids:
            return found
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT x.id, c.args->'add', c.args->'remove' FROM outbound_command c, unnest(c.concerns) AS x (id) "
                "WHERE c.account_id = %s AND (c.finished_at IS NULL OR c.finished_at > %s AND c.state = %s) "
                "AND c.kind = 'mail' AND c.action = %s AND x.id = ANY(%s) ORDER BY c.number",
                [account_id, since, State.DONE, STORE, list(message_ids)],
            )
            for message, add, remove in cursor.fetchall():
                found.changes[message].append(Change(frozenset(_list(add)), frozenset(_list(remove))))
        return found

    def flags(self, message: UUID, base: Sequence[str]) -> list[str]:
        """What people see of a placement whose flags at the provider are `base`; sorted."""
        seen = frozenset(base)
        for change in self.changes.get(message, ()):
            seen = change.over(seen)
        return sorted(seen)

    def concerns(self, message: UUID) -> bool:
        """True when a change of its flags is under way."""
        return bool(self.changes.get(message))


def _list(value: object) -> list[str]:
    """A JSON list, as the driver hands it over."""
    found = orjson.loads(value) if isinstance(value, str | bytes) else value
    return list(found) if isinstance(found, list) else []


def takers(account_id: UUID, mailbox_id: UUID, message_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The open command that takes each of these messages out of the mailbox, if there is one."""
    if not message_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT x.id, c.id FROM outbound_command c, unnest(c.concerns) AS x (id) "
            "WHERE c.account_id = %s AND c.finished_at IS NULL AND c.kind = 'mail' AND c.action = ANY(%s) "
            "AND x.id = ANY(%s) AND c.args->'from'->%s @> to_jsonb(x.id::text) ORDER BY c.number",
            [account_id, list(TAKING), list(message_ids), str(mailbox_id)],
        )
        return dict(cursor.fetchall())


def open_on(message_ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of these messages that a command is under way for."""
    if not message_ids:
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT x.id FROM outbound_command c, unnest(c.concerns) AS x (id) "
            "WHERE c.finished_at IS NULL AND x.id = ANY(%s)",
            [list(message_ids)],
        )
        return frozenset(row[0] for row in cursor.fetchall())
