"""Compares an account's mirror with its server, item by item, for `verify`."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from django.db import connection

from apps.providers.adapters.base import CensusItem, MailAdapter
from apps.providers.models import ProviderAccount
from apps.sync.registry import Comparison, Difference

from .models import Mailbox
from .rows import normalise

Stored = dict[int, tuple[list[str], int]]


def compare(adapter: MailAdapter, account: ProviderAccount) -> Comparison:
    """Mailbox list, UIDs, flags and sizes; then the mirror's own books against themselves."""
    census = adapter.census()
    boxes = {box.remote_id: box for box in Mailbox.objects.filter(account=account)}
    listed = {record.remote_id for record in census.mailboxes}
    differences = [_missing(name, "mailbox is listed by the server and not mirrored") for name in listed - set(boxes)]
    for name, box in boxes.items():
        if name not in listed:
            differences.append(_missing(name, "mailbox is mirrored and not listed by the server"))
        elif box.missing_since is not None:
            differences.append(_missing(name, "mailbox is marked missing and listed by the server"))
    compared = len(listed)
    stored: Stored = {}
    current: str | None = None
    visited: set[str] = set()
    for item in census.items:
        if item.mailbox != current:
            differences += _unseen(current, stored)
            current = item.mailbox
            visited.add(current)
            stored = _placements(boxes[current].pk) if current in boxes else {}
        compared += 1
        differences += _item(item, boxes.get(item.mailbox), stored.pop(item.uid, None))
    differences += _unseen(current, stored)
    for name in boxes.keys() - visited:
        differences += _unseen(name, _placements(boxes[name].pk))
    differences += list(_books(account.pk))
    return Comparison(compared, tuple(differences))


def _missing(name: str, what: str) -> Difference:
    return Difference("mailbox", name, what)


def _placements(mailbox_id: UUID) -> Stored:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.uid, coalesce(p.base_flags, p.flags), m.size FROM mail_placement p "
            "JOIN mail_message m ON m.id = p.message_id WHERE p.mailbox_id = %s AND p.uid > 0",
            [mailbox_id],
        )
        return {uid: (flags, size) for uid, flags, size in cursor.fetchall()}


def _item(item: CensusItem, box: Mailbox | None, held: tuple[list[str], int] | None) -> Iterator[Difference]:
    where = f"{item.mailbox} UID {item.uid}"
    if box is None or held is None:
        yield Difference("message", where, "on the server and not mirrored")
        return
    if item.epoch is not None and box.epoch != item.epoch:
        yield Difference("mailbox", item.mailbox, f"UIDVALIDITY is {item.epoch} and {box.epoch} is mirrored")
    flags, size = held
    if normalise(item.flags) != flags:
        yield Difference("flags", where, f"server has {normalise(item.flags)}, mirror has {flags}")
    if item.size is not None and size != item.size:
        yield Difference("size", where, f"server says {item.size} octets, mirror says {size}")


def _unseen(mailbox: str | None, left: Stored) -> list[Difference]:
    return [Difference("message", f"{mailbox} UID {uid}", "mirrored and not on the server") for uid in left]


BOOKS: Final = {
    "message counters": (
        "SELECT b.remote_id, b.total, count(p.uid) FROM mail_mailbox b LEFT JOIN mail_placement p "
        "ON p.mailbox_id = b.id AND p.leaving IS NULL WHERE b.account_id = %s "
        "GROUP BY b.id HAVING b.total <> count(p.uid)"
    ),
    "unread counters": (
        "SELECT b.remote_id, b.unread, count(p.uid) FROM mail_mailbox b LEFT JOIN mail_placement p "
        "ON p.mailbox_id = b.id AND p.leaving IS NULL AND NOT p.flags @> ARRAY['\\seen'] WHERE b.account_id = %s "
        "GROUP BY b.id HAVING b.unread <> count(p.uid)"
    ),
    "thread counters": (
        "SELECT b.remote_id, b.threads, count(e.thread_id) FROM mail_mailbox b LEFT JOIN mail_threadentry e "
        "ON e.mailbox_id = b.id AND e.snoozed_until IS NULL "
        "WHERE b.account_id = %s GROUP BY b.id HAVING b.threads <> count(e.thread_id)"
    ),
    "unread thread counters": (
        "SELECT b.remote_id, b.unread_threads, count(e.thread_id) FROM mail_mailbox b LEFT JOIN mail_threadentry e "
        "ON e.mailbox_id = b.id AND e.unread AND e.snoozed_until IS NULL WHERE b.account_id = %s GROUP BY b.id "
        "HAVING b.unread_threads <> count(e.thread_id)"
    ),
    "list entries": (
        "SELECT b.remote_id, count(DISTINCT m.thread_id), (SELECT count(*) FROM mail_threadentry e "
        "WHERE e.mailbox_id = b.id) FROM mail_mailbox b LEFT JOIN mail_placement p ON p.mailbox_id = b.id "
        "AND p.leaving IS NULL LEFT JOIN mail_message m ON m.id = p.message_id WHERE b.account_id = %s GROUP BY b.id "
        "HAVING count(DISTINCT m.thread_id) <> (SELECT count(*) FROM mail_threadentry e WHERE e.mailbox_id = b.id)"
    ),
    "message counts of threads": (
        "SELECT t.id::text, t.count, count(m.id) FROM mail_thread t LEFT JOIN mail_message m "
        "ON m.thread_id = t.id AND m.orphaned_at IS NULL WHERE t.account_id = %s "
        "GROUP BY t.id HAVING t.count <> count(m.id)"
    ),
    "unread counts of threads": (
        "SELECT t.id::text, t.unread, count(m.id) FROM mail_thread t LEFT JOIN mail_message m "
        "ON m.thread_id = t.id AND m.orphaned_at IS NULL AND NOT m.flags @> ARRAY['\\seen'] "
        "WHERE t.account_id = %s GROUP BY t.id HAVING t.unread <> count(m.id)"
    ),
    "orphans past their grace": (
        "SELECT m.id::text, 0, 1 FROM mail_message m WHERE m.account_id = %s "
        "AND m.orphaned_at < now() - interval '1 hour' "
        "AND NOT EXISTS (SELECT 1 FROM mail_placement p WHERE p.message_id = m.id)"
    ),
    "flags without a command": (
        "SELECT b.remote_id, p.uid, 0 FROM mail_placement p JOIN mail_mailbox b ON b.id = p.mailbox_id "
        "WHERE b.account_id = %s AND p.base_flags IS NOT NULL AND NOT EXISTS (SELECT 1 FROM outbound_command c "
        "WHERE (c.finished_at IS NULL OR c.finished_at > now() - interval '1 hour') AND c.action = 'store' "
        "AND p.message_id = ANY(c.concerns))"
    ),
    "leaving without a command": (
        "SELECT b.remote_id, p.uid, 0 FROM mail_placement p JOIN mail_mailbox b ON b.id = p.mailbox_id "
        "WHERE b.account_id = %s AND p.leaving IS NOT NULL AND NOT EXISTS (SELECT 1 FROM outbound_command c "
        "WHERE c.id = p.leaving AND (c.finished_at IS NULL OR c.finished_at > now() - interval '1 hour'))"
    ),
    "expected for no command": (
        "SELECT b.remote_id, p.uid, 0 FROM mail_placement p JOIN mail_mailbox b ON b.id = p.mailbox_id "
        "WHERE b.account_id = %s AND p.uid < 0 AND NOT EXISTS (SELECT 1 FROM outbound_command c "
        "WHERE c.id = p.expected AND (c.finished_at IS NULL OR c.finished_at > now() - interval '1 hour'))"
    ),
}


def _books(account_id: UUID) -> Iterator[Difference]:
    """Counters, entries and threads must follow from messages and placements."""
    with connection.cursor() as cursor:
        for kind, query in BOOKS.items():
            cursor.execute(query, [account_id])
            for where, says, found in cursor.fetchall():
                yield Difference(kind, str(where), f"says {says}, found {found}")
