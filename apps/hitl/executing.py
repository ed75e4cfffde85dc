"""Carrying out what was approved: exactly that, at most once, and the record of it.

    allowed ── ready (network, outside) ──▶ lock ▶ look again ▶ the ordinary command, its inverse ──▶ done
        └──── refused: another digest, agents switched off, its person gone ────▶ failed, refused

One transaction holds the row's new state, the command and the record: a worker that dies leaves all of them or none,
and the account's queue takes the action up again.
"""

from collections.abc import Callable
from uuid import UUID

import structlog
from django.db import transaction

from apps.ai.actions import kind
from apps.ai.actions.kinds import Inverse
from apps.ai.models import Action, ActionState
from apps.core.problems import Problem
from apps.providers import access
from apps.realtime import journal
from apps.users import tokens
from apps.users.members import Member

from . import audit, company, digests, people, rows
from .models import Approval, ApprovalState

log = structlog.get_logger(__name__)


def perform(action_id: UUID) -> None:
    """Carry an action out, if it is allowed and was not carried out yet. Outside a transaction."""
    action = _allowed(action_id)
    if action is None:
        return
    of_kind = kind(action.kind)
    member = people.member_of(action.user_id)
    try:
        author = _check(action, member)
        act = of_kind.ready(author, action)
        with transaction.atomic():
            if not _perform(author, action_id, act):
                return
    except Problem as refused:
        _end(action, refused)
        if member is not None:
            _abandon(member, action)


def _allowed(action_id: UUID) -> Action | None:
    return (
        Action.objects.select_related("account", "approval")
        .filter(pk=action_id, state=ActionState.ALLOWED, approval__state=ApprovalState.APPROVED)
        .first()
    )


def _check(action: Action, member: Member | None) -> Member:
    """The person it is done for. Raises the Problem that says why it is not done."""
    if not company.agents_on():
        raise company.switched_off()
    if member is None:
        raise Problem(409, "person_gone", "The person whom this is for has left the company.")
    access.may_act(member, [action.account_id])
    if digests.of(action) != action.approval.digest:
        detail = "What this is about is no longer what was approved, so nothing was done."
        raise Problem(409, "digest_mismatch", detail)
    return member


def _perform(member: Member, action_id: UUID, act: Callable[[], Inverse | None]) -> bool:
    approval = Approval.objects.select_for_update(of=("self",)).get(action_id=action_id)
    action = Action.objects.select_for_update(of=("self",)).select_related("account").get(pk=action_id)
    if action.state != ActionState.ALLOWED:
        return False
    action.approval = approval
    # Under the locks of what it acts upon: from here to the commit nothing of it changes but by us.
    kind(action.kind).lock(action)
    _check(action, member)
    action.inverse = act()
    action.state, action.done_at, action.error = ActionState.DONE, tokens.database_now(), None
    action.save(update_fields=["inverse", "state", "done_at", "error"])
    approval.action = action
    audit.write("done", action, digest=approval.digest)
    journal.append([rows.decided(approval)])
    return True


def _end(action: Action, refused: Problem) -> None:
    """It was not done, and will not be. Nothing of it was: its transaction was rolled back."""
    off = refused.code == "agents_off"
    with transaction.atomic():
        approval = Approval.objects.select_for_update(of=("self",)).get(action_id=action.pk)
        row = Action.objects.select_for_update(of=("self",)).get(pk=action.pk)
        if row.state != ActionState.ALLOWED:
            return
        row.state = ActionState.REFUSED if off else ActionState.FAILED
        row.error = {"code": refused.code, "sentence": str(refused.detail)}
        row.save(update_fields=["state", "error"])
        approval.action = row
        audit.write("refused" if off else "failed", row, digest=approval.digest, code=refused.code)
        journal.append([rows.decided(approval)])


def _abandon(member: Member, action: Action) -> None:
    try:
        kind(action.kind).abandon(member, action)
    except Problem as left:
        log.warning("left behind by an action that was not done", action=str(action.pk), code=left.code)


def give_up(action_id: UUID) -> None:
    """Faults of ours kept it from being done, again and again."""
    action = _allowed(action_id)
    if action is not None:
        _end(action, Problem(500, "internal", "PMSync could not carry this out; it was logged."))
