"""What people can ask for: an act on mail, its undoing, and how their acts stand. For HTTP and for the socket."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Q

from apps.core.clock import now
from apps.core.problems import Problem, not_found
from apps.outbound import acts, requests
from apps.outbound.models import Command, CommandRequest
from apps.providers import access
from apps.providers.models import ProviderAccount
from apps.realtime import journal
from apps.users.members import Member

from .. import locks
from ..models import Mailbox
from . import actions, asked, change, expansion, selection, undoing
from .asked import Asked
from .ledger import Ledger

# How long a failure is listed.
RECENT: Final = timedelta(days=7)
SHOWN: Final = 100
# An act of more commands is undone by the queue, a command at a time.
UNDONE_AT_ONCE: Final = 4


def submit(member: Member, key: str, body: Any) -> dict[str, Any]:
    """Carry out an act: visible when this returns, and on its way to the provider.

    The same key again answers the same act and changes nothing. Raises problems that say what is wrong.
    """
    wanted = asked.parse(body)
    return act(member, key, wanted)


def ordered(member: Member, key: Any, body: Any) -> dict[str, Any]:
    """An act that came over the socket."""
    acts.allow(member)
    return submit(member, acts.key_in(key), body)


def act(member: Member, key: str, wanted: Asked) -> dict[str, Any]:
    """As `submit`, for an act that was read already."""
    with transaction.atomic():
        requests.lock_key(member.user_id, key)
        held = CommandRequest.objects.filter(by_user=member.user_id, key=key).first()
        if held is not None:
            return answer(held, journal.head())
        wide = wanted.query is not None or wanted.all_in is not None
        if wide:
            by_account: dict[UUID, list[UUID]] = {pk: [] for pk in selection.accounts_of(member, wanted)}
        else:
            by_account = selection.named(member, wanted)
        selection.check_mailboxes(member, wanted, list(by_account))
        request = CommandRequest.objects.create(key=key, by_user=member.user_id, action=wanted.action)
        told: list[journal.Event] = []
        for book in _books(by_account):
            if wide:
                if wanted.all_in is not None:
                    wanted = _standing_in(wanted)
                request.total += expansion.begin(book, member, request, wanted)
            else:
                named = bool(wanted.messages)
                request.total += change.apply(book, request, wanted, by_account[book.account.pk], named=named)
            told += book.events()
        requests.refresh_state(request)
        request.save()
        seq = journal.append(told)
    return answer(request, seq)


def _standing_in(wanted: Asked) -> Asked:
    return replace(wanted, here=wanted.here or wanted.all_in)


def _books(account_ids: Sequence[UUID] | dict[UUID, Any]) -> list[Ledger]:
    """The accounts, each locked; always in one order, so that two acts never wait for each other."""
    books = []
    for account_id in sorted(account_ids):
        locks.account(account_id)
        books.append(Ledger(ProviderAccount.objects.get(pk=account_id)))
    return books


def undo(member: Member, request_id: UUID, key: str | None = None) -> dict[str, Any]:
    """Take an act back. Raises 409 `not_undoable` when it cannot be, or nothing of it is left to be taken back."""
    original = _mine(member, request_id)
    if original.action not in actions.UNDOABLE and original.action != "undo":
        raise Problem(409, "not_undoable", "This cannot be taken back.")
    key = key or str(uuid5(original.pk, "undo"))
    with transaction.atomic():
        requests.lock_key(member.user_id, f"undo:{original.pk}")
        held = CommandRequest.objects.filter(by_user=member.user_id, undoes=original.pk).first()
        if held is not None:
            return answer(held, journal.head())
        accounts = _accounts_of(original)
        if not accounts <= access.visible_account_ids(member):
            raise not_found("command")
        access.may_act(member, list(accounts))
        request = CommandRequest.objects.create(key=key, by_user=member.user_id, action="undo", undoes=original.pk)
        told: list[journal.Event] = []
        for book in _books(list(accounts)):
            # Under the lock: a slice of it that was being written is seen now, and no further one will be.
            undoing.recount(CommandRequest.objects.select_for_update().get(pk=original.pk))
            request.total += _undo_in(book, request, original)
            told += book.events()
        if not request.total:
            raise Problem(409, "not_undoable", "Nothing of this is left to be taken back.")
        stands = CommandRequest.objects.get(pk=original.pk)
        undoing.recount(stands)
        requests.refresh_state(request)
        request.save()
        seq = journal.append([*told, requests.event(stands, None)])
    return answer(request, seq)


def _undo_in(book: Ledger, request: CommandRequest, original: CommandRequest) -> int:
    found = undoing.commands_of(original.pk, book.account.pk)
    total = undoing.wake_again(book, request, original)
    if len(found) <= UNDONE_AT_ONCE:
        return total + sum(undoing.reverse(book, request, command) for command in found)
    below, count = undoing.slice_of(book, request, original.pk, None)
    expansion.put(book.account, request, {"undo": str(original.pk)}, {"cursor": below})
    return total + count


def _accounts_of(original: CommandRequest) -> frozenset[UUID]:
    found = set(Command.objects.filter(request=original).values_list("account_id", flat=True))
    boxes = [pair[0] for item in original.args.get("put_off", ()) for pair in item["pairs"]]
    found |= set(Mailbox.objects.filter(pk__in=boxes).values_list("account_id", flat=True))
    return frozenset(found)


def listed(member: Member) -> dict[str, Any]:
    """The person's acts that are under way or failed lately, the newest first."""
    seq = journal.head()
    interesting = Q(state="open") | Q(failed__gt=0, created_at__gt=now() - RECENT)
    found = CommandRequest.objects.filter(interesting, by_user=member.user_id).order_by("-created_at")[:SHOWN]
    return {"seq": seq, "items": [answer(request, seq) for request in found]}


def one(member: Member, request_id: UUID) -> dict[str, Any]:
    """How one of the person's acts stands."""
    return answer(_mine(member, request_id), journal.head())


def _mine(member: Member, request_id: UUID) -> CommandRequest:
    found = CommandRequest.objects.filter(pk=request_id, by_user=member.user_id).first()
    if found is None:
        raise not_found("command")
    return found


def answer(request: CommandRequest, seq: int) -> dict[str, Any]:
    """The act as its person is shown it."""
    undoable = request.action in actions.UNDOABLE or request.action == "undo"
    return requests.as_json(request) | {"seq": seq, "undoable": undoable and request.total > request.failed}
