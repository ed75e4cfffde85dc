"""The optimistic change: what people see at once, and the commands that will make it true.

Runs inside the caller's transaction, under the account's lock.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from apps.outbound import queue
from apps.outbound.models import Command, CommandRequest
from apps.outbound.queue import Wanted
from apps.providers.adapters.base import Role

from .. import snoozes
from ..models import Mailbox
from ..pending import STORE, Change, Pending
from . import actions, ledger
from .actions import Reach
from .asked import Asked
from .ledger import Ledger, Place

KIND: Final = "mail"
# Messages of one command: a transaction of a few tenths of a second, a handful of lines to the server.
AT_ONCE: Final = 500


def apply(book: Ledger, request: CommandRequest, asked: Asked, message_ids: Sequence[UUID], *, named: bool) -> int:
    """Make one account's part of an act visible and queue its commands; how many messages it concerns.

    `named`: the person named these very messages, so they are taken wherever they lie.
    """
    total = 0
    for some in _chunks(message_ids):
        if asked.change is not None:
            total += len(store(book, request, asked.change, some, spelling=asked.keyword))
        elif asked.action == "snooze" and asked.until is not None:
            total += _snooze(book, request, some, asked.here, asked.until)
        elif asked.action == "unsnooze":
            total += _unsnooze(book, request, some, asked.here)
        else:
            total += _take(book, request, asked, some, named=named)
    return total


def _chunks(ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]


def store(
    book: Ledger, request: CommandRequest | None, change: Change, message_ids: Collection[UUID], *, spelling: str = ""
) -> list[UUID]:
    """Change flags; the messages of which something changes. Those that show it already are left alone."""
    differing = {
        place.message_id
        for place in ledger.visible_places(list(message_ids))
        if sorted(change.over(place.flags)) != place.flags
    }
    concerned = sorted(differing)
    if not concerned:
        return []
    args: dict[str, Any] = {"add": sorted(change.add), "remove": sorted(change.remove)}
    if spelling:
        args["spelling"] = spelling
    queue.put(book.account, [Wanted(KIND, STORE, concerned, args)], request)
    # The command is among the open ones now: what is seen follows from them.
    book.reflag(concerned, {}, Pending.of(book.account.pk, concerned))
    book.told |= differing
    return concerned


def destination(book: Ledger, asked: Asked) -> Mailbox | None:
    """Where the act puts mail; None for a mailbox that is still to be made."""
    if asked.to is not None:
        return Mailbox.objects.get(pk=asked.to)
    role = actions.DESTINATION.get(asked.action)
    return role_mailbox(book.account.pk, role.value) if role else None


def role_mailbox(account_id: UUID, role: str) -> Mailbox | None:
    """The account's mailbox of this role; where messages have labels, what is archived is in ALL and nowhere else."""
    found = Mailbox.objects.filter(account_id=account_id, role=role, selectable=True).first()
    return everything(account_id) if found is None and role == Role.ARCHIVE.value else found


def everything(account_id: UUID) -> Mailbox | None:
    """The mirrored mailbox that holds all mail, where messages have labels. IMAP servers' views of all are not
    mirrored."""
    boxes = Mailbox.objects.filter(account_id=account_id, role=Role.ALL.value, selectable=True, epoch__isnull=False)
    return boxes.first()


def _take(book: Ledger, request: CommandRequest, asked: Asked, message_ids: Sequence[UUID], *, named: bool) -> int:
    """Move or delete: out of where the action reaches."""
    to = destination(book, asked)
    whole = everything(book.account.pk)
    here = str(asked.here) if asked.here else None
    reach = Reach(asked.action, here, str(to.pk) if to else None, labels=whole is not None)
    places = ledger.visible_places(message_ids)
    taken = [place for place in places if reach.takes(str(place.mailbox_id), place.role)]
    if named and asked.here is None:
        reached = {place.message_id for place in taken}
        left = [place for place in places if place.message_id not in reached and place.mailbox_id != reach_to(to)]
        taken += left if whole is None else [place for place in left if place.mailbox_id == whole.pk]
    role = actions.DESTINATION.get(asked.action)
    move(book, request, "delete" if asked.action == "delete" else "move", taken, to, role)
    return len({place.message_id for place in taken})


def reach_to(to: Mailbox | None) -> UUID | None:
    """The id of a mailbox that may be missing."""
    return to.pk if to else None


def move(
    book: Ledger, request: CommandRequest | None, action: str, taken: Sequence[Place], to: Mailbox | None,
    role: Role | None = None,
) -> Command | None:  # fmt: skip
    """Take these placements away and, for a move, show them at their destination."""
    if not taken:
        return None
    where: dict[str, list[str]] = defaultdict(list)
    for place in taken:
        where[str(place.mailbox_id)].append(str(place.message_id))
    args: dict[str, Any] = {"from": {box: sorted(ids) for box, ids in where.items()}}
    if action == "move":
        args |= {"to": str(to.pk) if to else None, "role": role.value if role else None}
    concerned = sorted({place.message_id for place in taken})
    seen = ledger.visible_places(concerned) if to is not None and to.role == Role.ALL.value else []
    there = {place.message_id for place in seen if to is not None and place.mailbox_id == to.pk}
    # ALL lets mail go to trash and junk only: what is labelled, or comes to the inbox, is still in it.
    apart = to is not None and to.role in (Role.TRASH.value, Role.JUNK.value)
    staying = [place for place in taken if action == "move" and place.role == Role.ALL.value and not apart]
    if staying:
        args["stays"] = str(staying[0].mailbox_id)
    (command,) = queue.put(book.account, [Wanted(KIND, action, concerned, args)], request)
    book.leave([place for place in taken if place not in staying], command.pk)
    if to is not None and action == "move":
        book.expect(to.pk, [place for place in taken if place.message_id not in there], command.pk)
    return command


def _snooze(
    book: Ledger, request: CommandRequest, message_ids: Sequence[UUID], here: UUID | None, until: datetime
) -> int:
    """Hide the messages' threads until then. Waking them is a command, so that nothing has to look."""
    pairs = thread_places(message_ids, Reach("snooze", str(here) if here else None, None))
    if not pairs:
        return 0
    (wake,) = queue.put(book.account, [Wanted(KIND, "wake", not_before=until)])
    snoozes.put_off(pairs, until, wake.pk)
    book.threads |= {thread for _, thread in pairs}
    _remember(request, pairs, wake.pk, until)
    return len(message_ids)


def _unsnooze(book: Ledger, request: CommandRequest, message_ids: Sequence[UUID], here: UUID | None) -> int:
    pairs = snoozes.of_messages(message_ids, here)
    if not pairs:
        return 0
    snoozes.end([(mailbox, thread) for mailbox, thread, _ in pairs])
    book.threads |= {thread for _, thread, _ in pairs}
    for until in {until for *_, until in pairs}:
        _remember(request, [(mailbox, thread) for mailbox, thread, at in pairs if at == until], None, until)
    return len(message_ids)


def _remember(request: CommandRequest, pairs: Sequence[tuple[UUID, UUID]], wake: UUID | None, until: datetime) -> None:
    """What undo needs of an act that no command to the provider stands for."""
    put_off = request.args.setdefault("put_off", [])
    put_off.append(
        {
            "pairs": [[str(mailbox), str(thread)] for mailbox, thread in pairs],
            "wake": str(wake) if wake else None,
            "until": until.isoformat(),
        }
    )


def thread_places(message_ids: Sequence[UUID], reach: Reach) -> list[tuple[UUID, UUID]]:
    """The (mailbox, thread) pairs of these messages' threads that the action reaches."""
    return [
        (mailbox, thread) for mailbox, thread, role in snoozes.entries(message_ids) if reach.takes(str(mailbox), role)
    ]
