"""Making, renaming, removing and emptying mailboxes: checked here, done at the provider first."""

from typing import Any
from uuid import UUID

from django.db import transaction

from apps.core.problems import Problem
from apps.outbound import queue, requests
from apps.outbound.models import CommandRequest
from apps.outbound.queue import Wanted
from apps.providers import access
from apps.providers.adapters.base import Role
from apps.providers.adapters.imap.tree import name_problem
from apps.providers.models import ProviderAccount
from apps.realtime import journal
from apps.users.members import Member

from .. import locks, queries
from ..models import Mailbox
from . import change, service
from .asked import Asked

EMPTIED = (Role.TRASH.value, Role.JUNK.value)


def create(member: Member, key: str, account_id: UUID, name: str, parent_id: UUID | None) -> dict[str, Any]:
    """A new mailbox, at the top or below another. Raises 422 for a name that cannot be."""
    account = access.visible_account(member, account_id)
    parent = queries.visible_mailbox(member, parent_id) if parent_id else None
    if parent is not None and parent.account_id != account.pk:
        raise _bad("parent_id", "The mailbox above must be of the same account.")
    _check_name(account, name, parent, None)
    args = {"name": name, "parent": str(parent.pk) if parent else None}
    return _put(member, key, account, "create_mailbox", args, [parent.pk] if parent else [])


def rename(
    member: Member, key: str, mailbox_id: UUID, name: str | None, parent_id: UUID | None, *, moves: bool
) -> dict[str, Any]:
    """Another name, or with `moves` another place (None: the top)."""
    box = queries.visible_mailbox(member, mailbox_id)
    _changeable(box, "renamed")
    held = _parent(box)
    parent = (queries.visible_mailbox(member, parent_id) if parent_id else None) if moves else held
    name = box.path[-1] if name is None else name
    if parent is not None:
        if parent.account_id != box.account_id:
            raise _bad("parent_id", "The mailbox above must be of the same account.")
        if parent.pk == box.pk or parent.path[: len(box.path)] == box.path:
            raise _bad("parent_id", "A mailbox cannot be moved into itself.")
    _check_name(box.account, name, parent, box)
    args = {"mailbox": str(box.pk), "name": name, "parent": str(parent.pk) if parent else None}
    return _put(member, key, box.account, "rename_mailbox", args, [box.pk])


def delete(member: Member, key: str, mailbox_id: UUID) -> dict[str, Any]:
    """The mailbox with all that is in it. Raises 422 for one that others hang on."""
    box = queries.visible_mailbox(member, mailbox_id)
    _changeable(box, "deleted")
    others = Mailbox.objects.filter(account=box.account).exclude(pk=box.pk)
    if any(other.path[: len(box.path)] == box.path for other in others):
        raise Problem(422, "has_children", "There are mailboxes inside this one. Delete or move them first.")
    return _put(member, key, box.account, "delete_mailbox", {"mailbox": str(box.pk)}, [box.pk])


def empty(member: Member, key: str, mailbox_id: UUID) -> dict[str, Any]:
    """Delete for good all that lies in the trash or in junk."""
    box = queries.visible_mailbox(member, mailbox_id)
    if box.role not in EMPTIED:
        raise Problem(422, "not_emptied", "Only the trash and the junk mailbox can be emptied.")
    return service.act(member, key, Asked("delete", all_in=box.pk, here=box.pk))


def _parent(box: Mailbox) -> Mailbox | None:
    return Mailbox.objects.filter(account=box.account, path=box.path[:-1]).first() if len(box.path) > 1 else None


def _changeable(box: Mailbox, what: str) -> None:
    if box.role:
        raise Problem(422, "has_role", f"This mailbox has a purpose of its own ({box.role}) and cannot be {what}.")


def _check_name(account: ProviderAccount, name: str, parent: Mailbox | None, renamed: Mailbox | None) -> None:
    near = parent or renamed or Mailbox.objects.filter(account=account).first()
    problem = name_problem(name, near.delimiter if near else "/")
    wanted = [*(parent.path if parent else []), name]
    taken = set(Mailbox.objects.filter(account=account, path=wanted).values_list("pk", flat=True))
    if not problem and taken - {renamed.pk if renamed else None}:
        problem = "There is a mailbox of this name already."
    if not problem and parent is None and name.upper() == "INBOX":
        problem = "There is a mailbox of this name already."
    if problem:
        raise _bad("name", problem)


def _bad(name: str, problem: str) -> Problem:
    return Problem(422, "bad_name" if name == "name" else "bad_parent", problem, errors={name: [problem]})


def _put(
    member: Member, key: str, account: ProviderAccount, action: str, args: dict[str, Any], concerns: list[UUID]
) -> dict[str, Any]:
    access.may_act(member, [account.pk])
    with transaction.atomic():
        requests.lock_key(member.user_id, key)
        held = CommandRequest.objects.filter(by_user=member.user_id, key=key).first()
        if held is not None:
            return service.answer(held, journal.head())
        locks.account(account.pk)
        request = CommandRequest.objects.create(key=key, by_user=member.user_id, action=action, total=1)
        queue.put(account, [Wanted(change.KIND, action, concerns, args)], request)
        return service.answer(request, journal.head())
