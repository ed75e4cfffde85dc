"""Threads put off: hidden from a mailbox's list until their time, then back at its top. Known to us only.

The list entry stays and says until when; `threads.refresh` writes it from these rows. Callers hold the
account's lock and refresh the threads afterwards.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import connection


def put_off(pairs: Collection[tuple[UUID, UUID]], until: datetime, command_id: UUID) -> None:
    """Hide (mailbox, thread) pairs until then; a thread that is put off already is put off anew."""
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO mail_snooze (mailbox_id, thread_id, until, woken_at, by_command) "
            "SELECT x.mailbox, x.thread, %s, NULL, %s FROM unnest(%s::uuid[], %s::uuid[]) AS x (mailbox, thread) "
            "ON CONFLICT (mailbox_id, thread_id) DO UPDATE SET until = excluded.until, woken_at = NULL, "
            "by_command = excluded.by_command",
            [until, command_id, [mailbox for mailbox, _ in pairs], [thread for _, thread in pairs]],
        )


def wake(command_id: UUID) -> set[UUID]:
    """The time of this command's threads has come: back to the top of their lists. Returns the threads."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mail_snooze SET woken_at = until WHERE by_command = %s AND woken_at IS NULL RETURNING thread_id",
            [command_id],
        )
        return {row[0] for row in cursor.fetchall()}


def end(pairs: Collection[tuple[UUID, UUID]]) -> set[UUID]:
    """Show these (mailbox, thread) pairs again, where their mail puts them; the threads that were hidden."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM mail_snooze s USING unnest(%s::uuid[], %s::uuid[]) AS x (mailbox, thread) "
            "WHERE s.mailbox_id = x.mailbox AND s.thread_id = x.thread AND s.woken_at IS NULL RETURNING s.thread_id",
            [[mailbox for mailbox, _ in pairs], [thread for _, thread in pairs]],
        )
        return {row[0] for row in cursor.fetchall()}


def interrupt(thread_ids: Collection[UUID]) -> None:
    """News came into these threads: what is put off of them is shown again, with its news on top."""
    if not thread_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM mail_snooze WHERE thread_id = ANY(%s) AND woken_at IS NULL", [list(thread_ids)])


def entries(message_ids: Collection[UUID]) -> list[tuple[UUID, UUID, str]]:
    """Mailbox, thread and the mailbox's role of every list entry that these messages' threads have."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.mailbox_id, e.thread_id, b.role FROM mail_threadentry e JOIN mail_mailbox b "
            "ON b.id = e.mailbox_id WHERE e.thread_id IN (SELECT thread_id FROM mail_message WHERE id = ANY(%s))",
            [list(message_ids)],
        )
        return cursor.fetchall()


def of_messages(message_ids: Collection[UUID], mailbox_id: UUID | None) -> list[tuple[UUID, UUID, datetime]]:
    """Mailbox, thread and time of what is put off of these messages' threads, in one mailbox or in all."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT mailbox_id, thread_id, until FROM mail_snooze WHERE woken_at IS NULL "
            "AND (%s::uuid IS NULL OR mailbox_id = %s) "
            "AND thread_id IN (SELECT thread_id FROM mail_message WHERE id = ANY(%s))",
            [mailbox_id, mailbox_id, list(message_ids)],
        )
        return cursor.fetchall()


def still(pairs: Collection[tuple[UUID, UUID]]) -> list[tuple[UUID, UUID]]:
    """Those of the (mailbox, thread) pairs that a list has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.mailbox_id, e.thread_id FROM mail_threadentry e JOIN unnest(%s::uuid[], %s::uuid[]) "
            "AS x (mailbox, thread) ON e.mailbox_id = x.mailbox AND e.thread_id = x.thread",
            [[mailbox for mailbox, _ in pairs], [thread for _, thread in pairs]],
        )
        return cursor.fetchall()
