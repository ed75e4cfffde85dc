"""What one transaction changes of an account's mail beyond placements: counters, threads, events.

Callers hold the account's lock, note in the ledger what they touch, and ask for the events last.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from apps.providers.models import ProviderAccount
from apps.realtime.journal import Event

from .. import events, mailboxes, placements, threads
from ..pending import Pending
from ..rows import SEEN
from ..threads import Counted


@dataclass(frozen=True, slots=True)
class Place:
    """One placement, with what a command must know of it."""

    mailbox_id: UUID
    uid: int
    message_id: UUID
    flags: list[str]
    base: list[str] | None
    modseq: int | None
    role: str


@dataclass(slots=True)
class Ledger:
    """`touched` are messages of which people see something new, `told` those whose commands came or went."""

    account: ProviderAccount
    counted: dict[UUID, Counted] = field(default_factory=lambda: defaultdict(Counted))
    touched: set[UUID] = field(default_factory=set)
    told: set[UUID] = field(default_factory=set)
    threads: set[UUID] = field(default_factory=set)

    def events(self) -> list[Event]:
        """Settle everything that was touched; the events that tell it."""
        placements.settle(self.told - self.touched)
        thread_ids = placements.settle(self.touched) | self.threads
        threads.refresh(self.account.pk, self.account.address, thread_ids, (), self.counted)
        changed = mailboxes.count(self.counted)
        told, _ = events.threads(self.account.pk, thread_ids)
        found = [*events.states(self.account.pk, self.touched | self.told), *told]
        if changed:
            found.append(events.mailboxes(self.account.pk, changed, backfill=False))
        return found

    def leave(self, places: Sequence[Place], command_id: UUID) -> None:
        """These are taken away: seen and counted nowhere from now on."""
        self._mark(places, command_id)
        self._count(places, -1)

    def stay(self, command_id: UUID) -> None:
        """What the command took away is back where the provider has it."""
        places = of_command("leaving", [command_id])
        self._mark(places, None)
        self._count(places, +1)

    def expect(self, mailbox_id: UUID, places: Sequence[Place], command_id: UUID) -> None:
        """These messages are seen in this mailbox from now on; the provider will have them later."""
        if not places:
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT least(min(uid), 0) FROM mail_placement WHERE mailbox_id = %s", [mailbox_id])
            lowest = int(cursor.fetchone()[0] or 0)
            with cursor.copy(
                "COPY mail_placement (mailbox_id, uid, message_id, flags, base_flags, expected) FROM STDIN"
            ) as copy:
                for uid, place in enumerate(places, start=1):
                    copy.write_row((mailbox_id, lowest - uid, place.message_id, place.flags, place.base, command_id))
        self._count([_at(place, mailbox_id) for place in places], +1)

    def unexpect(self, command_id: UUID) -> None:
        """What the command was to bring is expected no longer."""
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM mail_placement WHERE expected = %s AND uid < 0 "
                "RETURNING mailbox_id, uid, message_id, flags, base_flags, modseq, '', leaving IS NOT NULL",
                [command_id],
            )
            gone = [Place(*row[:7]) for row in cursor.fetchall() if not row[7]]
        self._count(gone, -1)

    def reflag(
        self, message_ids: Sequence[UUID], told: dict[tuple[UUID, int], list[str]], over: Pending | None = None
    ) -> None:
        """Compute anew what is seen of these messages' flags; `told` is what the provider has of some of them."""
        over = over or Pending.of(self.account.pk, message_ids)
        rows: dict[UUID, list[tuple[int, str, str | None]]] = defaultdict(list)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT mailbox_id, uid, message_id, flags, base_flags, leaving IS NOT NULL FROM mail_placement "
                "WHERE message_id = ANY(%s)",
                [list(message_ids)],
            )
            for mailbox_id, uid, message, flags, base, leaving in cursor.fetchall():
                held = told.get((mailbox_id, uid), flags if base is None else base)
                seen = over.flags(message, held)
                kept = held if over.concerns(message) else None
                if seen == flags and kept == base:
                    continue
                rows[mailbox_id].append((uid, " ".join(seen), None if kept is None else " ".join(kept)))
                if seen != flags and not leaving:
                    self.touched.add(message)
                    self.counted[mailbox_id].unread += (SEEN not in seen) - (SEEN not in flags)
        for mailbox_id, changed in rows.items():
            placements.write_flags(mailbox_id, changed)

    def _mark(self, places: Sequence[Place], command_id: UUID | None) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE mail_placement p SET leaving = %s FROM unnest(%s::uuid[], %s::bigint[]) AS x (mailbox, uid) "
                "WHERE p.mailbox_id = x.mailbox AND p.uid = x.uid",
                [command_id, [place.mailbox_id for place in places], [place.uid for place in places]],
            )

    def _count(self, places: Sequence[Place], sign: int) -> None:
        for place in places:
            self.counted[place.mailbox_id].total += sign
            self.counted[place.mailbox_id].unread += sign * (SEEN not in place.flags)
            self.touched.add(place.message_id)


def _at(place: Place, mailbox_id: UUID) -> Place:
    return Place(mailbox_id, 0, place.message_id, place.flags, place.base, None, "")


COLUMNS = "p.mailbox_id, p.uid, p.message_id, p.flags, p.base_flags, p.modseq, b.role"


def visible_places(message_ids: Sequence[UUID]) -> list[Place]:
    """Where these messages are seen."""
    return _places("p.message_id = ANY(%s) AND p.leaving IS NULL", [list(message_ids)])


def places_of(message_ids: Sequence[UUID]) -> list[Place]:
    """Every placement of these messages, seen or not."""
    return _places("p.message_id = ANY(%s)", [list(message_ids)])


def of_command(column: str, command_ids: Sequence[UUID]) -> list[Place]:
    """The placements that these commands take away (`leaving`) or bring (`expected`)."""
    return _places(f"p.{column} = ANY(%s)", [list(command_ids)])


def _places(condition: str, parameters: list[Any]) -> list[Place]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {COLUMNS} FROM mail_placement p JOIN mail_mailbox b ON b.id = p.mailbox_id WHERE {condition}",
            parameters,
        )
        return [Place(*row) for row in cursor.fetchall()]
