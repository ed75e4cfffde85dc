"""Taking an act back: what has not begun is cancelled, what has is reversed by commands of its own.

Exactly what the act changed is changed back: messages that showed the wanted state before it were
left alone by it, and are by its undoing; each goes back to the mailbox it was taken from.
"""

from collections import defaultdict
from datetime import datetime
from typing import Any
from uuid import UUID

from apps.core.problems import Problem
from apps.outbound import queue, requests
from apps.outbound.models import Command, CommandRequest, State
from apps.outbound.queue import Wanted

from .. import snoozes
from ..models import Mailbox
from ..pending import STORE, Change
from . import change, ledger, settlement
from .ledger import Ledger, Place

REVERSIBLE = (STORE, "move")


def commands_of(request_id: UUID, account_id: UUID) -> list[Command]:
    """What an act did in one account, the last first."""
    found = Command.objects.filter(request_id=request_id, account_id=account_id, action__in=REVERSIBLE)
    return list(found.order_by("-number"))


def slice_of(book: Ledger, request: CommandRequest, undone: UUID, below: int | None) -> tuple[int | None, int]:
    """Reverse the next command of a wide act; the number to go on below, None at the end."""
    left = [command for command in commands_of(undone, book.account.pk) if below is None or command.number < below]
    if not left:
        return None, 0
    count = reverse(book, request, left[0])
    return (left[0].number if len(left) > 1 else None), count


def reverse(book: Ledger, request: CommandRequest, command: Command) -> int:
    """Take one command back; how many messages that concerns. Under the account's lock."""
    if queue.cancel([command.pk]):
        command.state = State.CANCELLED
        settlement.rolled_back(book, command)
        return len(command.concerns)
    command.refresh_from_db()
    if command.state in (State.FAILED, State.CANCELLED):
        return 0
    if command.action == STORE:
        opposite = Change(frozenset(command.args["remove"]), frozenset(command.args["add"]))
        spelling = command.args.get("spelling", "")
        return len(change.store(book, request, opposite, command.concerns, spelling=spelling))
    return sum(_move_back(book, request, command, UUID(box), ids) for box, ids in command.args["from"].items())


def _move_back(book: Ledger, request: CommandRequest, command: Command, box_id: UUID, ids: list[str]) -> int:
    back = Mailbox.objects.filter(pk=box_id).first()
    to = _destination(book, command)
    if back is None or to is None or back.pk == to.pk:
        return 0
    wanted: dict[UUID, int] = defaultdict(int)
    for message in ids:
        wanted[UUID(message)] += 1
    taken: list[Place] = []
    # What the command brought is the newest there: expected still, else the highest UID.
    newest = sorted(ledger.visible_places(list(wanted)), key=lambda place: (place.uid > 0, -place.uid))
    for place in newest:
        if place.mailbox_id == to.pk and wanted[place.message_id]:
            wanted[place.message_id] -= 1
            taken.append(place)
    change.move(book, request, "move", taken, back)
    return len({place.message_id for place in taken})


def _destination(book: Ledger, command: Command) -> Mailbox | None:
    if command.args["to"] is not None:
        return Mailbox.objects.filter(pk=command.args["to"]).first()
    box = change.role_mailbox(book.account.pk, command.args["role"])
    if box is None:
        raise Problem(409, "not_undoable", "The mailbox this mail went to is only being made. Try again in a moment.")
    return box


def wake_again(book: Ledger, request: CommandRequest, original: CommandRequest) -> int:
    """Take back what an act put off, or put off again what it woke."""
    count = 0
    for item in original.args.get("put_off", ()):
        pairs = [(UUID(mailbox), UUID(thread)) for mailbox, thread in item["pairs"]]
        mine = set(
            Mailbox.objects.filter(account=book.account, pk__in=[box for box, _ in pairs]).values_list("pk", flat=True)
        )
        pairs = [pair for pair in pairs if pair[0] in mine]
        if not pairs:
            continue
        until = datetime.fromisoformat(item["until"])
        put_off = {"pairs": [[str(box), str(thread)] for box, thread in pairs], "until": item["until"], "wake": None}
        if item["wake"] is not None:
            queue.cancel([UUID(item["wake"])])
            snoozes.end(pairs)
        else:
            (wake,) = queue.put(book.account, [Wanted(change.KIND, "wake", not_before=until)])
            snoozes.put_off(snoozes.still(pairs), until, wake.pk)
            put_off["wake"] = str(wake.pk)
        request.args.setdefault("put_off", []).append(put_off)
        book.threads |= {thread for _, thread in pairs}
        count += len(pairs)
    return count


def recount(original: CommandRequest) -> dict[str, Any]:
    """An act some of whose commands were cancelled may have nothing left to wait for."""
    original.selection = None
    requests.refresh_state(original)
    original.save(update_fields=["selection", "state"])
    return requests.as_json(original)
