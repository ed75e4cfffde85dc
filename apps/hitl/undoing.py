"""Taking back what agents did: one action, or all since a time, the newest first. What cannot be taken back is said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from apps.ai.actions import kind
from apps.ai.models import Action, ActionState
from apps.core.problems import Problem, not_found
from apps.providers import access
from apps.realtime import journal
from apps.users import tokens
from apps.users.members import Member

from . import audit, people, rows
from .models import Approval

MOST: Final = 500
REMAINS: Final = {"organizer_told": "Whoever invited you keeps the answer that they were sent."}


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of one: `outcome` is `undone`, `impossible` or `failed`; the sentence says why, or what remains."""

    action: Action
    outcome: str
    code: str = ""
    sentence: str = ""

    def as_json(self) -> dict[str, Any]:
        """As the API answers it."""
        return {
            "action_id": str(self.action.pk),
            "approval_id": str(self.action.approval.pk),
            "kind": self.action.kind,
            "agent": self.action.agent,
            "title": self.action.approval.title,
            "outcome": self.outcome,
            "code": self.code,
            "sentence": self.sentence,
        }


def since(
    member: Member, moment: datetime, *, account_id: UUID | None = None, agent: str = ""
) -> tuple[list[Undone], bool]:
    """Undo what agents did in the accounts that the person may change, the newest first; and whether more is left.

    Each is a transaction of its own: one that cannot be undone does not keep the others.
    """
    accounts = access.changeable_account_ids(member)
    if account_id is not None:
        access.visible_account(member, account_id)
        access.may_act(member, [account_id])
        accounts = frozenset({account_id})
    found = Action.objects.filter(account_id__in=accounts, state=ActionState.DONE, done_at__gte=moment)
    if agent:
        found = found.filter(agent=agent)
    newest = list(found.select_related("account", "approval").order_by("-done_at", "-id")[: MOST + 1])
    return [_undo(member, action) for action in newest[:MOST]], len(newest) > MOST


def one(member: Member, approval_id: UUID) -> Undone:
    """Undo what came of one approval. Raises 404, 403, 409 `not_done`."""
    approval = people.one(member, approval_id)
    access.may_act(member, [approval.account_id])
    if approval.action.state != ActionState.DONE:
        raise Problem(409, "not_done", "There is nothing to undo: this was not done, or is undone already.")
    return _undo(member, approval.action)


def _undo(member: Member, action: Action) -> Undone:
    try:
        with transaction.atomic():
            return _undone(member, action.pk)
    except Problem as refused:
        outcome = "impossible" if refused.code in ("too_late", "not_undoable") else "failed"
        with transaction.atomic():
            audit.write("not_undone", action, by=member.user_id, via="app", code=refused.code)
        return Undone(action, outcome, refused.code, str(refused.detail))


def _undone(member: Member, action_id: UUID) -> Undone:
    approval = Approval.objects.select_for_update(of=("self",)).select_related("account").get(action_id=action_id)
    action = Action.objects.select_for_update(of=("self",)).select_related("account").get(pk=action_id)
    approval.action = action
    action.approval = approval
    if action.state != ActionState.DONE:
        raise Problem(409, "not_done", "This is undone already.")
    if action.inverse is None:
        raise Problem(409, "not_undoable", "Nothing can take this back.")
    # As whoever it was done for: the inverse is one of their own acts taken back.
    author = people.member_of(action.user_id)
    if author is None:
        raise not_found("person")
    access.may_act(author, [action.account_id])
    kind(action.kind).lock(action)
    kind(action.kind).undo(author, action)
    action.state, action.undone_at = ActionState.UNDONE, tokens.database_now()
    action.save(update_fields=["state", "undone_at"])
    remains = action.inverse.get("remains", "")
    audit.write("undone", action, by=member.user_id, via="app", digest=approval.digest)
    journal.append([rows.decided(approval)])
    return Undone(action, "undone", remains, REMAINS.get(remains, ""))


def told(undone: Sequence[Undone], *, more: bool) -> dict[str, Any]:
    """As the API answers it."""
    return {"items": [each.as_json() for each in undone], "more": more}
