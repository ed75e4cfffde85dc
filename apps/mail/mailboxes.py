"""The mailbox list: what a listing changes, and the counters."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from apps.providers.adapters.base import MailboxRecord
from apps.providers.models import ProviderAccount
from apps.realtime import journal
from apps.sync import absence
from apps.sync.lease import Lease
from apps.sync.registry import Applied

from . import events, locks, placements, threads
from .models import Mailbox
from .threads import Counted

LISTED: Final = ("path", "delimiter", "role", "selectable", "subscribed", "stable_id")


def apply_listing(held: Lease, account: ProviderAccount, listing: Collection[MailboxRecord]) -> Applied:
    """Make the stored list equal to the provider's, keeping what a renamed mailbox holds."""
    with transaction.atomic():
        locks.account(account.pk)
        held.check()
        stored = {box.remote_id: box for box in Mailbox.objects.filter(account=account)}
        listed = {record.remote_id: record for record in listing}
        _renames(stored, listed)
        new = [_create(account, record) for key, record in listed.items() if key not in stored]
        changed = [box for key, box in stored.items() if key in listed and _update(box, listed[key])]
        missing = [box for key, box in stored.items() if key not in listed]
        leaving = absence.believed(Mailbox.objects, missing)
        counted, told = _empty(account, leaving)
        gone = [box.pk for box in leaving]
        Mailbox.objects.filter(pk__in=gone).delete()
        touched = {box.pk for box in new + changed} | (counted - set(gone))
        if touched or gone:
            journal.append([*told, events.mailboxes(account.pk, touched, backfill=False, gone=gone)])
    look_again = absence.GRACE.total_seconds() if len(missing) > len(gone) else None
    return Applied(len(new), len(changed), len(gone), look_again)


def take_out(account: ProviderAccount, gone: Collection[Mailbox]) -> list[journal.Event]:
    """Remove mailboxes that the provider has removed, with what they held; what to tell. Under the account's lock."""
    counted, told = _empty(account, gone)
    ids = [box.pk for box in gone]
    Mailbox.objects.filter(pk__in=ids).delete()
    return [*told, events.mailboxes(account.pk, counted - set(ids), backfill=False, gone=ids)] if ids else []


def _renames(stored: dict[str, Mailbox], listed: Mapping[str, MailboxRecord]) -> None:
    """A mailbox that the server knows by a stable id keeps its row under its new name (RFC 8474)."""
    by_stable = {record.stable_id: record for key, record in listed.items() if record.stable_id and key not in stored}
    for key in [key for key in stored if key not in listed]:
        record = by_stable.get(stored[key].stable_id or "")
        if record is not None:
            box = stored.pop(key)
            box.remote_id = record.remote_id
            box.save(update_fields=["remote_id"])
            stored[record.remote_id] = box


def _fields(record: MailboxRecord) -> dict[str, object]:
    return {
        "path": list(record.path),
        "delimiter": record.delimiter,
        "role": record.role.value if record.role else "",
        "selectable": record.selectable,
        "subscribed": record.subscribed,
        "stable_id": record.stable_id,
    }


def _create(account: ProviderAccount, record: MailboxRecord) -> Mailbox:
    return Mailbox.objects.create(account=account, remote_id=record.remote_id, rev=1, **_fields(record))


def _update(box: Mailbox, record: MailboxRecord) -> bool:
    wanted = _fields(record) | {"missing_since": None}
    if all(getattr(box, name) == value for name, value in wanted.items()):
        return False
    for name, value in wanted.items():
        setattr(box, name, value)
    box.rev += 1
    box.save(update_fields=[*wanted, "rev"])
    return True


def _empty(account: ProviderAccount, gone: Collection[Mailbox]) -> tuple[set[UUID], list[journal.Event]]:
    """Take everything out of these mailboxes; return the mailboxes whose counters moved, and what to tell."""
    counted: dict[UUID, Counted] = defaultdict(Counted)
    touched = {message for box in gone for message in placements.remove_all(box, counted[box.pk])}
    thread_ids = placements.settle(touched)
    threads.refresh(account.pk, account.address, thread_ids, (), counted)
    told, _ = events.threads(account.pk, thread_ids)
    return count(counted), [*events.states(account.pk, touched), *told]


def count(counted: Mapping[UUID, Counted]) -> set[UUID]:
    """Move counters by what changed; return the mailboxes whose row changed thereby."""
    moved = {
        mailbox_id: change
        for mailbox_id, change in counted.items()
        if change.total or change.unread or change.threads or change.unread_threads
    }
    if not moved:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mail_mailbox b SET rev = rev + 1, total = b.total + c.total, unread = b.unread + c.unread, "
            "threads = b.threads + c.threads, unread_threads = b.unread_threads + c.unread_threads "
            "FROM unnest(%s::uuid[], %s::int[], %s::int[], %s::int[], %s::int[]) "
            "AS c (id, total, unread, threads, unread_threads) WHERE b.id = c.id",
            [
                list(moved),
                [change.total for change in moved.values()],
                [change.unread for change in moved.values()],
                [change.threads for change in moved.values()],
                [change.unread_threads for change in moved.values()],
            ],
        )
    return set(moved)
