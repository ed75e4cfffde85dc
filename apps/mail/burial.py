"""Ends the grace of messages that are in no mailbox any more, and the packs that nothing needs."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from apps.core import blobs
from apps.providers.models import ProviderAccount
from apps.realtime import journal
from apps.tenants import context

from . import locks
from .models import Message, Placement

# A move by another client is seen as gone here and new there, in either order and up to one full
# pass apart; until then the message keeps its row, its words and its bytes.
GRACE: Final = timedelta(minutes=10)
AT_ONCE: Final = 500


def bury(*, grace: timedelta = GRACE) -> int:
    """Delete the open tenant's orphans whose grace is over; return how many."""
    return sum(_bury_account(account, grace) for account in ProviderAccount.objects.all())


@dataclass(frozen=True, slots=True)
class Dead:
    """A message whose rows go."""

    message_id: UUID
    thread_id: UUID


def _bury_account(account: ProviderAccount, grace: timedelta) -> int:
    total = 0
    while True:
        with transaction.atomic():
            locks.account(account.pk)
            dead = [Dead(*row) for row in _over(account, grace).values_list("id", "thread_id")[:AT_ONCE]]
            if not dead:
                break
            delete(dead)
            journal.append(events(account.pk, dead))
        total += len(dead)
    if total:
        sweep_packs(account)
    return total


def events(account_id: UUID, dead: Collection[Dead]) -> list[journal.Event]:
    """`email:delete` for each."""
    return [
        journal.Event("email:delete", account_id, {"id": str(item.message_id), "thread_id": str(item.thread_id)})
        for item in dead
    ]


def placeholders(message_ids: Collection[UUID]) -> list[Dead]:
    """Those of these messages that stand for one the server would not hand out."""
    found = Message.objects.filter(pk__in=list(message_ids), unreadable=True)
    return [Dead(*row) for row in found.values_list("id", "thread_id")]


def _over(account: ProviderAccount, grace: timedelta) -> "QuerySet[Message]":
    with connection.cursor() as cursor:
        cursor.execute("SELECT now() - make_interval(secs => %s)", [grace.total_seconds()])
        limit = cursor.fetchone()[0]
    # Only a full pass that came after can have shown the message elsewhere.
    passed = account.as_of or limit
    # What a command takes away is seen nowhere; as long as the provider has it, it is not gone.
    still = Exists(Placement.objects.filter(message=OuterRef("pk")))
    return Message.objects.filter(~still, account=account, orphaned_at__lt=min(limit, passed)).order_by("id")


def delete(dead: Collection[Dead]) -> None:
    """Remove the messages' rows, and threads that hold nothing any more. They must have no placement."""
    messages, thread_ids = [item.message_id for item in dead], [item.thread_id for item in dead]
    with connection.cursor() as cursor:
        for table in ("mail_attachment", "mail_messagewords"):
            cursor.execute(f"DELETE FROM {table} WHERE message_id = ANY(%s)", [messages])
        cursor.execute("DELETE FROM mail_message WHERE id = ANY(%s)", [messages])
        cursor.execute(
            "WITH empty AS (SELECT t.id FROM mail_thread t WHERE t.id = ANY(%s) "
            "AND NOT EXISTS (SELECT 1 FROM mail_message m WHERE m.thread_id = t.id) "
            "AND NOT EXISTS (SELECT 1 FROM mail_threadentry e WHERE e.thread_id = t.id)), "
            "unlinked AS (DELETE FROM mail_threadlink l USING empty WHERE l.thread_id = empty.id) "
            "DELETE FROM mail_thread t USING empty WHERE t.id = empty.id",
            [thread_ids],
        )


def sweep_packs(account: ProviderAccount) -> int:
    """Remove packs that no message points at; return how many. A pack being written is never younger
    than its rows by more than a batch, so those of the last hour are left alone."""
    prefix = f"{context.current().pk}/{account.pk}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT pack FROM mail_message WHERE account_id = %s", [account.pk])
        needed = {row[0] for row in cursor.fetchall()}
    unneeded = [pack for pack in blobs.packs(prefix, older_than=timedelta(hours=1)) if pack not in needed]
    for pack in unneeded:
        blobs.delete_pack(pack)
    return len(unneeded)
