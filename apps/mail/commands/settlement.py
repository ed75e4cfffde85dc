"""After the provider answered: what it has becomes what is stored; what it refuses is rolled back.

Runs inside the transaction that closes the command, under the account's lock; the command counts as
closed already, so what is seen follows from the commands that are still open.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection

from apps.outbound.models import Command
from apps.outbound.registry import Receipt
from apps.providers.models import ProviderAccount
from apps.realtime.journal import Event

from .. import events, mailboxes, snoozes
from ..models import Mailbox
from ..pending import Change, Pending
from ..rows import normalise
from . import ledger
from .ledger import Ledger


def stored(book: Ledger, command: Command, receipt: Receipt) -> None:
    """The flags that the messages carry now, as the provider told them."""
    told = {
        (UUID(mailbox), int(uid)): normalise(flags)
        for mailbox, by_uid in receipt["flags"].items()
        for uid, flags in by_uid.items()
    }
    change = Change(frozenset(command.args["add"]), frozenset(command.args["remove"]))
    for place in ledger.places_of(command.concerns):
        # Of what was not told (it is on its way between mailboxes) the change is taken for made: its echo decides.
        base = place.flags if place.base is None else place.base
        told.setdefault((place.mailbox_id, place.uid), sorted(change.over(base)) if place.uid < 0 else base)
    book.reflag(command.concerns, told)
    book.told |= set(command.concerns)


def moved(book: Ledger, command: Command, receipt: Receipt) -> None:
    """The old placements go; the expected ones get the UIDs that the provider gave, where it told them."""
    where = [
        (UUID(mailbox), int(uid), new) for mailbox, by_uid in receipt["moved"].items() for uid, new in by_uid.items()
    ]
    news: dict[UUID, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM mail_placement p USING unnest(%s::uuid[], %s::bigint[], %s::bigint[]) "
            "AS x (mailbox, uid, new) WHERE p.mailbox_id = x.mailbox AND p.uid = x.uid AND p.leaving = %s "
            "RETURNING p.message_id, x.new",
            [[box for box, _, _ in where], [uid for _, uid, _ in where], [new for _, _, new in where], command.pk],
        )
        for message, new in cursor.fetchall():
            if new is not None:
                news.setdefault(message, []).append(new)
    to = Mailbox.objects.filter(pk=command.args["to"]).first() if command.args["to"] else None
    if to is not None and to.epoch in (None, receipt.get("epoch")):
        _number(book, command, to, news)
    book.told |= set(command.concerns)


def _number(book: Ledger, command: Command, to: Mailbox, news: Mapping[UUID, list[int]]) -> None:
    """Give this command's expected placements their UIDs. One that the echo has brought already is not doubled."""
    pairs: list[tuple[int, int]] = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT uid FROM mail_placement WHERE mailbox_id = %s AND uid = ANY(%s)",
            [to.pk, [uid for uids in news.values() for uid in uids]],
        )
        there = {row[0] for row in cursor.fetchall()}
    for place in ledger.of_command("expected", [command.pk]):
        free = [uid for uid in news.get(place.message_id, ()) if uid not in there]
        if free:
            pairs.append((place.uid, free[0]))
            there.add(free[0])
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mail_placement p SET uid = x.new, expected = NULL FROM unnest(%s::bigint[], %s::bigint[]) "
            "AS x (old, new) WHERE p.mailbox_id = %s AND p.uid = x.old",
            [[old for old, _ in pairs], [new for _, new in pairs], to.pk],
        )


def deleted(book: Ledger, command: Command, receipt: Receipt) -> None:
    """The placements go for good; they were seen nowhere any more."""
    where = [(UUID(mailbox), uid) for mailbox, uids in receipt["gone"].items() for uid in uids]
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM mail_placement p USING unnest(%s::uuid[], %s::bigint[]) AS x (mailbox, uid) "
            "WHERE p.mailbox_id = x.mailbox AND p.uid = x.uid AND p.leaving = %s",
            [[box for box, _ in where], [uid for _, uid in where], command.pk],
        )
    book.told |= set(command.concerns)


def woken(book: Ledger, command: Command, receipt: Receipt) -> None:
    """Threads whose time has come are back on top."""
    book.threads |= snoozes.wake(command.pk)


def mailbox_renamed(book: Ledger, command: Command, receipt: Receipt) -> list[Event]:
    """The mailbox keeps its row and all that is in it under its new name, and so do those below it."""
    old, new = receipt["old"], receipt["mailbox"]
    held = list(Mailbox.objects.filter(account=book.account))
    renamed = next((box for box in held if str(box.pk) == command.args["mailbox"]), None)
    if renamed is None or any(box.remote_id == new and box is not renamed for box in held):
        return []  # the listing came first, or will sort it out
    parent = next((box for box in held if str(box.pk) == command.args["parent"]), None)
    depth = len(renamed.path)
    path = [*(parent.path if parent else []), command.args["name"]]
    below = f"{old}{renamed.delimiter}" if renamed.delimiter else None
    changed = []
    for box in held:
        if box is renamed or (below is not None and box.remote_id.startswith(below)):
            box.remote_id = new + box.remote_id[len(old) :]
            box.path = [*path, *box.path[depth:]]
            box.rev += 1
            box.missing_since = None
            box.save(update_fields=["remote_id", "path", "rev", "missing_since"])
            changed.append(box.pk)
    return [events.mailboxes(book.account.pk, changed, backfill=False)]


def mailbox_deleted(book: Ledger, command: Command, receipt: Receipt) -> list[Event]:
    """The mailbox is gone, and the mail in it."""
    gone = list(Mailbox.objects.filter(pk=command.args["mailbox"], account=book.account))
    return mailboxes.take_out(book.account, gone)


def rolled_back(book: Ledger, command: Command) -> None:
    """As if the command had never been: what is seen is what the provider has, under the commands still open."""
    book.unexpect(command.pk)
    book.stay(command.pk)
    if command.action == "store":
        book.reflag(command.concerns, {})
    book.told |= set(command.concerns)


def reconcile(account: ProviderAccount, begun: datetime) -> list[Event]:
    """A whole sync that began after commands were carried out has ended: what still says otherwise is the truth.

    What was taken away and is there, is there; what was to come and did not, is not; flags are those that were read.
    Call under the lock.
    """
    book = Ledger(account)
    for column, undo in _REMAINS.items():
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT DISTINCT p.{column} FROM mail_placement p JOIN mail_mailbox b ON b.id = p.mailbox_id "
                f"JOIN outbound_command c ON c.id = p.{column} WHERE p.{column} IS NOT NULL AND b.account_id = %s "
                "AND c.finished_at < %s",
                [account.pk, begun],
            )
            for (command_id,) in cursor.fetchall():
                undo(book, command_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT p.message_id FROM mail_placement p JOIN mail_mailbox b ON b.id = p.mailbox_id "
            "WHERE p.base_flags IS NOT NULL AND b.account_id = %s",
            [account.pk],
        )
        overlaid = [message for (message,) in cursor.fetchall()]
    if overlaid:
        book.reflag(overlaid, {}, Pending.of(account.pk, overlaid, begun))
    return book.events() if book.touched else []


_REMAINS: Final[Mapping[str, Callable[[Ledger, UUID], None]]] = {"expected": Ledger.unexpect, "leaving": Ledger.stay}
