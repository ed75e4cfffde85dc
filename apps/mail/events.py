"""Builds mail's journal events from the rows as they stand at the end of a transaction."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.core.statement import Statement, among
from apps.providers.accounts import iso
from apps.realtime.journal import Event

from . import additions, pending, rows
from .models import Attachment, Mailbox, Message, Placement, Thread

# A mailbox that goes, or is numbered anew, concerns all its conversations: they are told in frames of this many.
AT_ONCE: Final = 500


def mailboxes(account_id: UUID, changed: Collection[UUID], *, backfill: bool, gone: Collection[UUID] = ()) -> Event:
    """`email:unread_count_update` with the complete rows of the changed mailboxes."""
    held = list(Mailbox.objects.filter(account_id=account_id))
    parents = {tuple(box.path): box.pk for box in held}
    data = {
        "mailboxes": [rows.mailbox_json(box, parents) for box in held if box.pk in changed],
        "gone": [str(mailbox_id) for mailbox_id in gone],
        "backfill": backfill,
    }
    return Event("email:unread_count_update", account_id, data)


THREADS: Final = Statement(lambda: Thread.objects.filter(among("pk", "ids")).values_list(*rows.ThreadRow.__slots__))
PLACES: Final = Statement(
    lambda: (
        Placement.objects.filter(among("message_id", "ids"), leaving__isnull=True)
        .order_by("mailbox_id", "uid")
        .values_list("message_id", "mailbox_id", "uid")
    )
)
ATTACHMENTS: Final = Statement(lambda: Attachment.objects.filter(among("message_id", "ids")).order_by("id"))
MESSAGES: Final = Statement(lambda: Message.objects.filter(among("pk", "ids")).order_by("at", "id"))


def thread_rows(thread_ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """Complete list rows by id, with `at` per mailbox; threads without a placement are left out.

    A mailbox in which the thread is put off is not among its mailboxes: its list does not show it.
    """
    entries: dict[UUID, dict[UUID, Any]] = defaultdict(dict)
    snoozed: dict[UUID, Any] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT thread_id, mailbox_id, at, snoozed_until FROM mail_threadentry WHERE thread_id = ANY(%s)",
            [list(thread_ids)],
        )
        for thread_id, mailbox_id, at, until in cursor.fetchall():
            if until is None:
                entries[thread_id][mailbox_id] = at
            else:
                entries[thread_id] = entries[thread_id]
                snoozed[thread_id] = min(until, snoozed.get(thread_id, until))
    found = {}
    for columns in THREADS.tuples(ids=list(entries)):
        thread = rows.ThreadRow(*columns)
        at = {str(mailbox_id): iso(moment) for mailbox_id, moment in entries[thread.id].items()}
        row = rows.thread_json(thread, list(entries[thread.id]), snoozed.get(thread.id))
        found[thread.id] = row | {"at": at}
    return found


def threads(account_id: UUID, wanted: Collection[UUID]) -> tuple[list[Event], dict[UUID, dict[str, Any]]]:
    """`email:thread_update` for these threads, and the rows it carries."""
    found = thread_rows(wanted) if wanted else {}
    told, all_of_them = [], list(wanted)
    for start in range(0, len(all_of_them), AT_ONCE):
        some = all_of_them[start : start + AT_ONCE]
        data = {
            "threads": [found[thread_id] for thread_id in some if thread_id in found],
            "gone": [str(thread_id) for thread_id in some if thread_id not in found],
        }
        told.append(Event("email:thread_update", account_id, data))
    return told, found


def places(message_ids: Iterable[UUID]) -> dict[UUID, list[tuple[UUID, int]]]:
    """Mailbox and UID of every placement, by message."""
    found: dict[UUID, list[tuple[UUID, int]]] = defaultdict(list)
    for message_id, mailbox_id, uid in PLACES.tuples(ids=list(message_ids)):
        found[message_id].append((mailbox_id, uid))
    return found


def attachments(message_ids: Iterable[UUID]) -> dict[UUID, list[Attachment]]:
    """Attachments by message, in the message's order."""
    found: dict[UUID, list[Attachment]] = defaultdict(list)
    for item in ATTACHMENTS.all(ids=list(message_ids)):
        found[item.message_id].append(item)
    return found


def arrivals(account_id: UUID, message_ids: Collection[UUID], threads_by_id: dict[UUID, dict[str, Any]]) -> list[Event]:
    """`email:new` for each message, oldest first."""
    if not message_ids:
        return []
    where, files, waiting = places(message_ids), attachments(message_ids), pending.open_on(message_ids)
    held = MESSAGES.all(ids=list(message_ids))
    more = additions.of(held)
    return [
        Event(
            "email:new",
            account_id,
            {
                "message": rows.message_json(message, where[message.pk], files[message.pk], message.pk in waiting)
                | more[message.pk],
                "thread": threads_by_id.get(message.thread_id),
            },
        )
        for message in held
    ]


def states(account_id: UUID, message_ids: Collection[UUID]) -> list[Event]:
    """`email:update` for each message whose flags or mailboxes changed."""
    if not message_ids:
        return []
    where, waiting = places(message_ids), pending.open_on(message_ids)
    held = MESSAGES.all(ids=list(message_ids))
    more = additions.of(held)
    return [
        Event(
            "email:update",
            account_id,
            {"message": rows.state_json(item, where[item.pk], item.pk in waiting) | more[item.pk]},
        )
        for item in held
    ]
