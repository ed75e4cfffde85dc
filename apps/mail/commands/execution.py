"""Carrying commands out at the provider: which messages lie where now, one adapter command for each mailbox.

Nothing is taken from the moment at which the person acted: UIDs, names and epochs come from the mirror
as it stands. When the provider says that they are out of date nothing was written; a sync is asked for
and the command comes back, its messages found again by what they are.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final
from uuid import UUID

from django.db import connection

from apps.outbound.models import Command
from apps.outbound.registry import Receipt
from apps.outbound.run import Later, Run
from apps.providers.adapters.base import (
    CreateMailbox,
    DeleteMailbox,
    ExpungeMessages,
    MailAdapter,
    MailCommand,
    Mark,
    MoveMessages,
    RenameMailbox,
    StoreFlags,
)
from apps.providers.adapters.errors import CursorExpired, NotFound
from apps.sync import targets
from apps.tenants import context

from ..models import Mailbox
from . import actions
from .change import role_mailbox

# A mirror that is out of date is right again after one sync; seconds between two looks, and how many of them.
SOON: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)


@dataclass(frozen=True, slots=True)
class Group:
    """Messages of one mailbox."""

    mailbox: Mailbox
    uids: tuple[int, ...]
    identities: Mapping[int, str]


def store(run: Run, command: Command) -> Receipt:
    """Flags and keywords, wherever the messages lie by now."""
    # What a later move is to bring waits for this command, so this one does not wait for it.
    groups, expected = _groups(
        "p.message_id = ANY(%s) AND NOT EXISTS (SELECT 1 FROM outbound_command c "
        "WHERE c.id = p.leaving AND c.finished_at IS NOT NULL OR c.id = p.expected AND c.number > %s)",
        [command.concerns, command.number],
    )
    adapter = _adapter(run) if groups else None
    spelling = command.args.get("spelling", "")
    add = frozenset(spelling if flag == spelling.lower() else flag for flag in command.args["add"])
    told: dict[str, dict[str, list[str]]] = {}
    missing = expected
    for group in groups:
        wanted = StoreFlags(
            group.mailbox.remote_id, group.mailbox.epoch, group.uids, add, frozenset(command.args["remove"]),
            group.mailbox.cursor,
        )  # fmt: skip
        receipt = _execute(run, command, adapter, wanted)
        told[str(group.mailbox.pk)] = {str(one.uid): sorted(one.flags) for one in receipt.flags}
        missing = missing or bool(receipt.missing)
    if missing:
        # Another client took it somewhere else, or its own move is not told yet: flags follow the message.
        _look_again(run, command, "a message is not where the mirror has it", otherwise=None)
    return {"flags": told}


def move(run: Run, command: Command) -> Receipt:
    """What the command takes away, to where it is to go."""
    groups, expected = _groups("p.leaving = %s", [command.pk])
    if "stays" in command.args:
        there, more = _groups(
            "p.mailbox_id = %s AND p.message_id = ANY(%s)",
            [command.args["stays"], [UUID(one) for one in command.args["from"][command.args["stays"]]]],
        )
        groups, expected = [*groups, *there], expected or more
    if expected:
        _look_again(run, command, "an earlier move is not told yet", otherwise=None)
    if not groups:
        sync(run)  # all were taken away by somebody else: what is shown at their destination will not come
        return {"moved": {}}
    adapter = _adapter(run)
    to, epoch = _destination(run, command, adapter)
    moved: dict[str, dict[str, int | None]] = command.notes.get("moved", {})
    for group in groups:
        uids = tuple(uid for uid in group.uids if str(uid) not in moved.get(str(group.mailbox.pk), {}))
        if not uids or group.mailbox.remote_id == to:
            continue
        wanted = MoveMessages(group.mailbox.remote_id, group.mailbox.epoch, uids, to, group.identities)
        receipt = _marked(run, command, adapter, group.mailbox, wanted)
        moved[str(group.mailbox.pk)] = moved.get(str(group.mailbox.pk), {}) | {
            str(uid): new for uid, new in receipt.moved.items()
        }
        epoch = receipt.epoch or epoch
        if len(groups) > 1:
            run.note(command, moved=moved)
        if receipt.missing or not all(receipt.moved.values()):
            sync(run)
    return {"moved": moved, "to": to, "epoch": epoch}


def delete(run: Run, command: Command) -> Receipt:
    """What the command takes away, for good."""
    groups, expected = _groups("p.leaving = %s", [command.pk])
    if expected:
        _look_again(run, command, "an earlier move is not told yet", otherwise=None)
    gone: dict[str, list[int]] = {}
    for group in groups:
        wanted = ExpungeMessages(group.mailbox.remote_id, group.mailbox.epoch, group.uids)
        _marked(run, command, _adapter(run), group.mailbox, wanted)
        gone[str(group.mailbox.pk)] = list(group.uids)
    return {"gone": gone}


def create_mailbox(run: Run, command: Command) -> Receipt:
    """A new mailbox; its row comes with the next listing."""
    parent = _mailbox(command.args["parent"]) if command.args["parent"] else None
    wanted = CreateMailbox(
        command.args["name"], parent.remote_id if parent else None, _delimiter(run.account.pk, parent)
    )
    made = _adapter(run).execute(wanted)
    sync(run)
    return {"mailbox": made.mailbox}


def rename_mailbox(run: Run, command: Command) -> Receipt:
    """Another name or place."""
    box = _mailbox(command.args["mailbox"])
    parent = _mailbox(command.args["parent"]) if command.args["parent"] else None
    _wait_for_moves(run, command, box.pk)
    wanted = RenameMailbox(
        command.notes.get("old", box.remote_id), command.args["name"], parent.remote_id if parent else None,
        _delimiter(run.account.pk, box),
    )  # fmt: skip
    if "old" not in command.notes:
        run.note(command, old=box.remote_id)
    made = _adapter(run).execute(wanted)
    return {"mailbox": made.mailbox, "old": wanted.mailbox}


def delete_mailbox(run: Run, command: Command) -> Receipt:
    """The mailbox and all that is in it."""
    box = Mailbox.objects.filter(pk=command.args["mailbox"]).first()
    if box is None:
        return {}
    _wait_for_moves(run, command, box.pk)
    _adapter(run).execute(DeleteMailbox(box.remote_id))
    return {"mailbox": box.remote_id}


def sync(run: Run) -> None:
    """Have the account's mail looked at: what was done is told by the provider's own echo."""
    mail = targets.syncs().filter(tenant=context.current(), account_id=run.account.pk, kind="mail")
    for target_id in mail.values_list("pk", flat=True):
        targets.request(target_id, "command")


def _adapter(run: Run) -> MailAdapter:
    from ..kind import MailKind

    adapter: MailAdapter = run.connection(MailKind())
    return adapter


def _groups(condition: str, parameters: Sequence[Any]) -> tuple[list[Group], bool]:
    """The placements by mailbox; and whether there are some that the provider has not told of yet."""
    uids: dict[UUID, dict[int, str]] = defaultdict(dict)
    expected = False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.mailbox_id, p.uid, m.identity FROM mail_placement p JOIN mail_message m ON m.id = p.message_id "
            f"WHERE {condition} ORDER BY p.mailbox_id, p.uid",
            parameters,
        )
        for mailbox_id, uid, identity in cursor.fetchall():
            if uid < 0:
                expected = True
            else:
                uids[mailbox_id][uid] = identity
    boxes = Mailbox.objects.filter(pk__in=list(uids)).order_by("pk")
    return [Group(box, tuple(uids[box.pk]), uids[box.pk]) for box in boxes], expected


def _marked(run: Run, command: Command, adapter: MailAdapter, box: Mailbox, wanted: Any) -> Any:
    """Execute what cannot simply be repeated: its mark is committed before the first try."""
    marks: dict[str, Any] = dict(command.notes.get("marks", {}))
    held = marks.get(str(box.pk))
    if held is None:
        mark = _guarded(run, command, lambda: adapter.mark(wanted))
        if mark is not None:
            marks[str(box.pk)] = held = asdict(mark)
            run.note(command, marks=marks)
    mark = Mark(held["epoch"], held["uidnext"], tuple(held["deleted"])) if held else None
    return _execute(run, command, adapter, replace(wanted, mark=mark))


def _execute(run: Run, command: Command, adapter: MailAdapter | None, wanted: MailCommand) -> Any:
    if adapter is None:
        raise RuntimeError("a command for the provider needs a connection")
    return _guarded(run, command, lambda: adapter.execute(wanted))


def _guarded(run: Run, command: Command, ask: Any) -> Any:
    """Ask the provider; when the mirror turns out to be old, have it made new and come back."""
    try:
        return ask()
    except CursorExpired as error:
        _look_again(run, command, error.reason, otherwise=error)
        raise


def _look_again(run: Run, command: Command, reason: str, *, otherwise: CursorExpired | None) -> None:
    """Ask for a sync and come back after it. When that has not helped often enough: the error becomes one that
    ends the command, or what is missing is taken for gone."""
    looks = int(command.notes.get("looks", 0))
    if looks < len(SOON):
        run.note(command, looks=looks + 1)
        sync(run)
        raise Later(SOON[looks], reason)
    if otherwise is not None:
        raise NotFound("the mailbox was made anew or is gone", said=otherwise.said) from otherwise


def _destination(run: Run, command: Command, adapter: MailAdapter) -> tuple[str, int | None]:
    """The remote id of where messages go, and its epoch as mirrored. A role's mailbox that is missing is made."""
    if command.args["to"] is not None:
        box = Mailbox.objects.filter(pk=command.args["to"]).first()
        if box is None:
            raise NotFound("the mailbox to move to no longer exists")
        return box.remote_id, box.epoch
    role = command.args["role"]
    box = role_mailbox(run.account.pk, role)
    if box is not None:
        return box.remote_id, box.epoch
    made = adapter.execute(CreateMailbox(actions.NAME_OF_ROLE[role])).mailbox
    sync(run)
    return made, None


def _mailbox(mailbox_id: str) -> Mailbox:
    box = Mailbox.objects.filter(pk=mailbox_id).first()
    if box is None:
        raise NotFound("the mailbox no longer exists")
    return box


def _delimiter(account_id: UUID, near: Mailbox | None) -> str | None:
    if near is not None:
        return near.delimiter
    return Mailbox.objects.filter(account_id=account_id).values_list("delimiter", flat=True).first()


def _wait_for_moves(run: Run, command: Command, mailbox_id: UUID) -> None:
    """Messages that are on their way out of the mailbox, or into it, go first: they must not go down with it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM outbound_command WHERE account_id = %s AND finished_at IS NULL "
            "AND number < %s AND kind = 'mail' AND action IN ('move', 'delete') "
            "AND (args->'from' ? %s OR args->>'to' = %s))",
            [run.account.pk, command.number, str(mailbox_id), str(mailbox_id)],
        )
        if cursor.fetchone()[0]:
            raise Later(2.0, "messages are still on their way out of the mailbox")
