"""Where messages are: placements written, changed and removed, and what that does to a message."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from django.db import connection

from apps.providers.adapters.base import FlagsRecord, MessageRecord

from .models import Mailbox
from .rows import SEEN, normalise
from .threads import Counted

Place = tuple[int, UUID, list[str], int | None]
"""UID, message, normalised flags, MODSEQ."""


def existing(mailbox: Mailbox, uids: Collection[int]) -> dict[int, tuple[UUID, list[str]]]:
    """Message and flags of the placements that these UIDs have already."""
    if not uids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT uid, message_id, flags FROM mail_placement WHERE mailbox_id = %s AND uid = ANY(%s)",
            [mailbox.pk, list(uids)],
        )
        return {uid: (message, flags) for uid, message, flags in cursor.fetchall()}


def add(mailbox: Mailbox, places: Sequence[Place], counted: Counted) -> None:
    """Insert placements that do not exist yet."""
    if not places:
        return
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY mail_placement (mailbox_id, uid, message_id, flags, modseq) FROM STDIN") as copy,
    ):
        for uid, message, flags, modseq in places:
            copy.write_row((mailbox.pk, uid, message, flags, modseq))
    counted.total += len(places)
    counted.unread += sum(SEEN not in flags for _, _, flags, _ in places)


def set_flags(
    mailbox: Mailbox,
    records: Collection[FlagsRecord | MessageRecord],
    held: dict[int, tuple[UUID, list[str]]],
    counted: Counted,
) -> set[UUID]:
    """Write the flags that differ from what is held; return the messages concerned."""
    changed = {record.uid: normalise(record.flags) for record in records if record.uid in held}
    changed = {uid: flags for uid, flags in changed.items() if held[uid][1] != flags}
    if not changed:
        return set()
    with connection.cursor() as cursor:
        # An array of arrays must be rectangular in PostgreSQL: flags hold no space, so they travel joined.
        cursor.execute(
            "UPDATE mail_placement p SET flags = coalesce(string_to_array(nullif(f.flags, ''), ' '), '{}') "
            "FROM unnest(%s::bigint[], %s::text[]) AS f (uid, flags) WHERE p.mailbox_id = %s AND p.uid = f.uid",
            [list(changed), [" ".join(flags) for flags in changed.values()], mailbox.pk],
        )
    counted.unread += sum((SEEN not in flags) - (SEEN not in held[uid][1]) for uid, flags in changed.items())
    return {held[uid][0] for uid in changed}


def remove(mailbox: Mailbox, uids: Collection[int] | None, counted: Counted) -> set[UUID]:
    """Remove placements (all of them for None); return the messages concerned."""
    if uids is not None and not uids:
        return set()
    condition, parameters = ("", []) if uids is None else (" AND uid = ANY(%s)", [list(uids)])
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM mail_placement WHERE mailbox_id = %s{condition} RETURNING message_id, flags",
            [mailbox.pk, *parameters],
        )
        gone = cursor.fetchall()
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

    A message's flags are the union over its placements. Without a placement it is an orphan: it
    keeps its row for a grace time, so that a move seen in two steps is no delete and no arrival.
    """
    if not message_ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mail_message m SET rev = m.rev + 1, flags = now_.flags, "
            "orphaned_at = CASE WHEN now_.placed THEN NULL ELSE coalesce(m.orphaned_at, now()) END "
            "FROM (SELECT x.id, count(p.uid) > 0 AS placed, "
            "coalesce(array_agg(DISTINCT f.flag ORDER BY f.flag) FILTER (WHERE f.flag IS NOT NULL), '{}') AS flags "
            "FROM unnest(%s::uuid[]) AS x (id) LEFT JOIN mail_placement p ON p.message_id = x.id "
            "LEFT JOIN LATERAL unnest(p.flags) AS f (flag) ON true GROUP BY x.id) AS now_ "
            "WHERE m.id = now_.id RETURNING m.thread_id",
            [list(message_ids)],
        )
        return {row[0] for row in cursor.fetchall()}
