"""Wide acts, slice by slice: everything in a mailbox, everything that a search finds, the undoing of such an act.

What is left of one is a command of its own in the account's queue: it has the engine's lease, and is
found again when its worker dies. Each slice is one transaction that changes what people see, queues
the commands for it, and moves the cursor on; the person is told how far it is.
"""

import time
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from apps.outbound import queue, requests
from apps.outbound.models import OPEN, Command, CommandRequest
from apps.outbound.queue import Wanted
from apps.outbound.registry import Receipt
from apps.outbound.run import Later, Run
from apps.providers.models import ProviderAccount
from apps.realtime import journal
from apps.tenants import context
from apps.users import members
from apps.users.members import Member
from apps.users.models import User

from .. import locks
from . import change, selection, undoing
from .asked import Asked
from .ledger import Ledger

# Between two such turns the account's other commands have theirs.
TURN: Final = 2.0
REST: Final = 0.05


def begin(book: Ledger, member: Member, request: CommandRequest, asked: Asked) -> int:
    """Do the first slice here and now, and queue the rest; how many messages the first slice concerns."""
    cursor, count = _slice(book, member, request, asked, None)
    if cursor is not None:
        put(book.account, request, {"asked": asked.as_json()}, {"cursor": cursor})
    return count


def put(account: ProviderAccount, request: CommandRequest, args: dict[str, Any], notes: dict[str, Any]) -> None:
    """Queue what is left of a wide act."""
    (command,) = queue.put(account, [Wanted(change.KIND, "expand", (), args)], request)
    command.notes = notes
    command.save(update_fields=["notes"])
    request.selection = args


def execute(run: Run, command: Command) -> Receipt:
    """Slice after slice for a while; the rest after others had a turn."""
    until = time.monotonic() + TURN
    while _step(run, command):
        if time.monotonic() > until:
            raise Later(REST, "more to come")
    return {}


def settle(book: Ledger, command: Command, receipt: Receipt) -> None:
    """Nothing of this account is left to be found; when that goes for all accounts, the request knows its total."""
    others = Command.objects.filter(OPEN, request_id=command.request_id, action="expand").exclude(pk=command.pk)
    if not others.exists():
        CommandRequest.objects.filter(commands=command).update(selection=None)


def _step(run: Run, command: Command) -> bool:
    """One slice, in one transaction; False when it was the last, or the act was undone meanwhile."""
    with transaction.atomic():
        locks.account(run.account.pk)
        run.held.check()
        request = CommandRequest.objects.select_for_update(of=("self",)).get(commands=command)
        member = _member(request)
        if request.selection is None or member is None:
            return False
        book = Ledger(run.account)
        if "undo" in command.args:
            cursor, count = undoing.slice_of(book, request, UUID(command.args["undo"]), command.notes.get("cursor"))
        else:
            asked = Asked.of_json(command.args["asked"])
            cursor, count = _slice(book, member, request, asked, command.notes["cursor"])
        request.total += count
        request.save(update_fields=["total", "args"])
        command.notes = command.notes | {"cursor": cursor}
        Command.objects.filter(pk=command.pk).update(notes=command.notes)
        journal.append([*book.events(), requests.event(request, run.account.pk)])
    return cursor is not None


def _slice(book: Ledger, member: Member, request: CommandRequest, asked: Asked, cursor: Any) -> tuple[Any, int]:
    found = selection.first(member, asked, book.account.pk, cursor)
    return found.following, change.apply(book, request, asked, found.messages, named=False)


def _member(request: CommandRequest) -> Member | None:
    """The person who asked, as they stand now: whoever has left the company changes nothing any more."""
    user = User.objects.filter(pk=request.by_user).first()
    return members.of(user, context.current()) if user else None
