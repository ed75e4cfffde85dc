"""Where messages are: placements written, changed and removed, and what that does to a message.

What a provider tells goes below what open commands say: a change here counts and is told only when it
changes what people see.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from apps.providers.adapters.base import FlagsRecord, MessageRecord

from . import pending
from .models import Mailbox
from .pending import Pending
from .rows import SEEN, normalise
from .threads import Counted

Place = tuple[int, UUID, list[str], int | None]
"""UID, message, normalised flags, MODSEQ."""


@dataclass(slots=True)
class Held:
    """A placement as it is stored. `base` is what the provider has, where that differs from `flags`."""

    message: UUID
    flags: list[str]
    base: list[str] | None = None
    leaving: bool = False


def existing(mailbox: Mailbox, uids: Collection[int]) -> dict[int, Held]:
    """The placements that these UIDs have already."""
    if not uids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT uid, message_id, flags, base_flags, leaving IS NOT NULL FROM mail_placement "
            "WHERE mailbox_id = %s AND uid = ANY(%s)",
            [mailbox.pk, list(uids)],
        )
        return {uid: Held(*rest) for uid, *rest in cursor.fetchall()}


def add(mailbox: Mailbox, places: Sequence[Place], counted: Counted, since: datetime | None) -> set[UUID]:
    """Insert placements that do not exist yet; return the messages of which people see something new.

    A message that a command put there already takes that place: it was shown and counted before.
    `since` is the moment after which the provider was read.
    """
    if not places:
        return set()
    messages = {message for _, message, _, _ in places}
    over = Pending.of(mailbox.account_id, messages, since)
    seen: set[UUID] = set()
    places = _meet_expected(mailbox, places, over, counted, seen)
    taken = _taken(mailbox, places)
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY mail_placement (mailbox_id, uid, message_id, flags, modseq, base_flags, leaving) FROM STDIN"
        ) as copy,
    ):
        for uid, message, base, modseq in places:
            flags = over.flags(message, base)
            taker = taken.get(message)
            copy.write_row((mailbox.pk, uid, message, flags, modseq, base if over.concerns(message) else None, taker))
            if taker is None:
                counted.total += 1
                counted.unread += SEEN not in flags
                seen.add(message)
    return seen


def _meet_expected(
    mailbox: Mailbox, places: Sequence[Place], over: Pending, counted: Counted, seen: set[UUID]
) -> list[Place]:
    """Give expected placements the UIDs under which their messages arrived; return the places that are left."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT uid, message_id, flags, leaving IS NOT NULL FROM mail_placement "
            "WHERE mailbox_id = %s AND uid < 0 AND message_id = ANY(%s) ORDER BY uid DESC",
            [mailbox.pk, [message for _, message, _, _ in places]],
        )
        waiting: dict[UUID, list[tuple[int, list[str], bool]]] = {}
        for uid, message, flags, leaving in cursor.fetchall():
            waiting.setdefault(message, []).append((uid, flags, leaving))
    if not waiting:
        return list(places)
    left: list[Place] = []
    met: list[tuple[int, int, str, str | None, int | None]] = []
    for uid, message, base, modseq in places:
        if not waiting.get(message):
            left.append((uid, message, base, modseq))
            continue
        old, before, leaving = waiting[message].pop(0)
        flags = over.flags(message, base)
        met.append((old, uid, " ".join(flags), " ".join(base) if over.concerns(message) else None, modseq))
        if flags != before and not leaving:
            counted.unread += (SEEN not in flags) - (SEEN not in before)
            seen.add(message)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mail_placement p SET uid = f.uid, expected = NULL, modseq = f.modseq, "
            "flags = coalesce(string_to_array(nullif(f.flags, ''), ' '), '{}'), "
            f"base_flags = {_NULLABLE} FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::bigint[]) "
            "AS f (old, uid, flags, base, modseq) WHERE p.mailbox_id = %s AND p.uid = f.old",
            [*([list(column) for column in zip(*met, strict=True)]), mailbox.pk],
        )
    return left


_NULLABLE = "CASE WHEN f.base IS NULL THEN NULL ELSE coalesce(string_to_array(nullif(f.base, ''), ' '), '{}') END"


def _taken(mailbox: Mailbox, places: Sequence[Place]) -> dict[UUID, UUID]:
    """Which of these are on their way out already: the mailbox was numbered anew while a command was open."""
    found = pending.takers(mailbox.account_id, mailbox.pk, {message for _, message, _, _ in places})
    if not found:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT message_id FROM mail_placement WHERE mailbox_id = %s AND leaving = ANY(%s)",
            [mailbox.pk, list(found.values())],
        )
        for (message,) in cursor.fetchall():
            found.pop(message, None)
    return found


def set_flags(
    mailbox: Mailbox,
    records: Collection[FlagsRecord | MessageRecord],
    held: dict[int, Held],
    counted: Counted,
    since: datetime | None,
) -> set[UUID]:
    """Write the provider's flags where they differ from what is held; return the messages seen changed.

    `since` is the moment after which they were read: a command that was carried out meanwhile stays seen.
    """
    told = {record.uid: normalise(record.flags) for record in records if record.uid in held}
    changed = {uid: flags for uid, flags in told.items() if _base(held[uid]) != flags}
    if not changed:
        return set()
    over = Pending.of(mailbox.account_id, {held[uid].message for uid in changed}, since)
    seen: set[UUID] = set()
    rows: list[tuple[int, str, str | None]] = []
    for uid, base in changed.items():
        one = held[uid]
        flags = over.flags(one.message, base)
        rows.append((uid, " ".join(flags), " ".join(base) if over.concerns(one.message) else None))
        if flags != one.flags and not one.leaving:
            counted.unread += (SEEN not in flags) - (SEEN not in one.flags)
            seen.add(one.message)
    write_flags(mailbox.pk, rows)
    return seen


def write_flags(mailbox_id: UUID, rows: Sequence[tuple[int, str, str | None]]) -> None:
    """Store flags and base flags, each joined by spaces, by UID."""
    if not rows:
        return
    with connection.cursor() as cursor:
        # An array of arrays must be rectangular in PostgreSQL: flags hold no space, so they travel joined.
        cursor.execute(
            "UPDATE mail_placement p SET flags = coalesce(string_to_array(nullif(f.flags, ''), ' '), '{}'), "
            f"base_flags = {_NULLABLE} FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS f (uid, flags, base) "
            "WHERE p.mailbox_id = %s AND p.uid = f.uid",
            [*([list(column) for column in zip(*rows, strict=True)]), mailbox_id],
        )


def _base(held: Held) -> list[str]:
    return held.flags if held.base is None else held.base


def remove(mailbox: Mailbox, uids: Collection[int], counted: Counted) -> set[UUID]:
    """Remove placements; return the messages that are seen to go."""
    if not uids:
        return set()
    return _remove(mailbox, counted, " AND uid = ANY(%s)", [list(uids)])


def remove_numbered(mailbox: Mailbox, counted: Counted) -> set[UUID]:
    """Remove what the provider had under numbers that are void; what commands are about to bring stays."""
    return _remove(mailbox, counted, " AND uid > 0", [])


def remove_all(mailbox: Mailbox, counted: Counted) -> set[UUID]:
    """Remove whatever the mailbox holds: it is gone."""
    return _remove(mailbox, counted, "", [])


def _remove(mailbox: Mailbox, counted: Counted, condition: str, parameters: list[Any]) -> set[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM mail_placement WHERE mailbox_id = %s{condition} "
            "RETURNING message_id, flags, leaving IS NOT NULL",
            [mailbox.pk, *parameters],
        )
        gone = [(message, flags) for message, flags, leaving in cursor.fetchall() if not leaving]
    counted.total -= len(gone)
    counted.unread -= sum(SEEN not in flags for _, flags in gone)
    return {message for message, _ in gone}


def hand_over(instead: Mapping[UUID, UUID]) -> None:
    """Let every placement of the one message be a placement of the other; counters do not move."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mail_placement p SET message_id = pair.new "
            "FROM unnest(%s::uuid[], %s::uuid[]) AS pair (old, new) WHERE p.message_id = pair.old",
            [list(instead), list(instead.values())],
        )


def settle(message_ids: Collection[UUID]) -> set[UUID]:
    """Make flags and orphan mark of these messages follow their placements; return their threads.

    A message's flags are the union over its placements. Without a placement that is seen it is an orphan:
    it keeps its row for a grace time, so that a move seen in two steps is no delete and no arrival.
    """
    if not message_ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mail_message m SET rev = m.rev + 1, flags = now_.flags, "
            "orphaned_at = CASE WHEN now_.placed THEN NULL ELSE coalesce(m.orphaned_at, now()) END "
            "FROM (SELECT x.id, count(p.uid) > 0 AS placed, "
            "coalesce(array_agg(DISTINCT f.flag ORDER BY f.flag) FILTER (WHERE f.flag IS NOT NULL), '{}') AS flags "
            "FROM unnest(%s::uuid[]) AS x (id) "
            "LEFT JOIN mail_placement p ON p.message_id = x.id AND p.leaving IS NULL "
            "LEFT JOIN LATERAL unnest(p.flags) AS f (flag) ON true GROUP BY x.id) AS now_ "
            "WHERE m.id = now_.id RETURNING m.thread_id",
            [list(message_ids)],
        )
        return {row[0] for row in cursor.fetchall()}
