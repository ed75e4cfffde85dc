"""Deciding: approve, reject, change first, hand on, lapse. The approval's row lock makes one decision win."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from apps.ai.actions import kind
from apps.ai.models import Action, ActionState
from apps.core.nul import without_nul
from apps.core.problems import Problem, not_found
from apps.outbound import queue
from apps.outbound.models import OPEN, Command
from apps.outbound.queue import Wanted
from apps.realtime import journal
from apps.tenants import context
from apps.users import tokens
from apps.users.members import Member

from . import audit, company, digests, people, proposals, rows, rules
from .models import Approval, ApprovalState, Verdict

REASON_MOST: Final = 500
DECISIONS: Final = {"approve": ApprovalState.APPROVED, "reject": ApprovalState.REJECTED}
SAID: Final = {
    ApprovalState.APPROVED: "{who} has approved this already.",
    ApprovalState.REJECTED: "{who} has rejected this already.",
    ApprovalState.EXPIRED: "Nobody decided in time: this has lapsed.",
}


@dataclass(frozen=True, slots=True)
class Given:
    """A decision: `digest` is of what the person saw, `via` says where they were (`app`, `page`, `link`)."""

    decision: str
    digest: str
    reason: str = ""
    via: str = "app"


def decide(member: Member, approval_id: UUID, given: Given) -> Approval:
    """Approve or reject. The same again by the same person answers how it stands.

    Raises 404, 409 `already_decided` (with who), `expired`, `digest_changed`, `changed_meanwhile`, `agents_off`,
    `other_person`, 403 `not_allowed`.
    """
    with transaction.atomic():
        approval = locked(member, approval_id)
        refused = _decide(member, approval, given)
    # Raised outside: that it lapsed, or what it says now, is written all the same.
    if refused is not None:
        raise refused
    return approval


def locked(member: Member, approval_id: UUID) -> Approval:
    """An approval of theirs under its lock. Raises 404, likewise."""
    found = people.decidable(member).select_for_update(of=("self",)).filter(pk=approval_id).first()
    if found is None:
        raise not_found("approval")
    found.action = Action.objects.select_for_update(of=("self",)).select_related("account").get(pk=found.action_id)
    return found


def _decide(member: Member, approval: Approval, given: Given) -> Problem | None:
    wanted = DECISIONS[given.decision]
    if approval.state == wanted and approval.decided_by == member.user_id and given.digest == approval.digest:
        return None
    closed = closing(approval)
    if closed is not None:
        return closed
    if given.digest != approval.digest:
        detail = "This was changed after you had opened it. Look at it again before you decide."
        return Problem(409, "digest_changed", detail, approval=rows.summary(approval))
    if wanted == ApprovalState.REJECTED:
        close(approval, wanted, by=member.user_id, via=given.via, reason=given.reason)
        return None
    return _approve(member, approval, given)


def _approve(member: Member, approval: Approval, given: Given) -> Problem | None:
    action = approval.action
    if not company.agents_on():
        return company.switched_off()
    changed = _anew(approval)
    if changed is not None:
        return changed
    judged = rules.judged(action, context.current().pk)
    if judged.verdict == Verdict.NEVER:
        return Problem(403, "not_allowed", "A rule says that this is never done, so it cannot be approved.")
    approval.second = approval.second or judged.second
    if approval.second:
        if approval.first_by is None:
            approval.first_by = member.user_id
            approval.save(update_fields=["first_by", "second"])
            audit.write("approved_first", action, by=member.user_id, via=given.via, digest=approval.digest)
            journal.append([rows.required(approval)])
            return None
        if approval.first_by == member.user_id:
            return Problem(409, "other_person", "You have approved this. A second person must approve it, too.")
    close(approval, ApprovalState.APPROVED, by=member.user_id, via=given.via, reason=given.reason)
    return None


def closing(approval: Approval) -> Problem | None:
    """Why nothing can be decided any more; None when something can. What has run out of time lapses here."""
    if approval.state == ApprovalState.OPEN and approval.expires_at <= tokens.database_now():
        lapse(approval)
    if approval.state == ApprovalState.OPEN:
        return None
    who = people.names([approval.decided_by]).get(approval.decided_by or UUID(int=0), "A rule of the company")
    code = "expired" if approval.state == ApprovalState.EXPIRED else "already_decided"
    sentence = SAID[ApprovalState(approval.state)].format(who=who)
    return Problem(409, code, sentence, approval=rows.summary(approval))


def _anew(approval: Approval) -> Problem | None:
    """Look again at what it acts upon: when that changed, the approval is of what it would be now."""
    try:
        digest = digests.of(approval.action)
    except Problem as gone:
        return gone
    if digest == approval.digest:
        return None
    audit.write("changed_meanwhile", approval.action, digest=digest, before=approval.digest)
    approval.digest, approval.first_by = digest, None
    _take_over(approval)
    approval.save(update_fields=["digest", "first_by", "title"])
    journal.append([rows.required(approval)])
    detail = "What this is about was changed meanwhile. Look at it again before you decide."
    return Problem(409, "changed_meanwhile", detail, approval=rows.summary(approval))


def _take_over(approval: Approval) -> None:
    """The columns that follow from the action's arguments and from what it acts upon."""
    action = approval.action
    of_kind = kind(action.kind)
    action.recipients = of_kind.recipients(action.account, action.args)
    action.risk = of_kind.risk(action.args, action.recipients)
    action.version = of_kind.version(action.account, action.args)
    action.save(update_fields=["args", "recipients", "risk", "version"])
    approval.title = of_kind.title(action.account, action.args)[: proposals.TITLE_MOST]


def close(approval: Approval, state: ApprovalState, *, by: UUID | None, via: str, reason: str = "") -> None:
    """End it: the row, what waits for it, what follows, the record and the event."""
    action = approval.action
    approval.state, approval.decided_by, approval.decided_at = state, by, tokens.database_now()
    approval.reason = without_nul(reason).strip()[:REASON_MOST]
    approval.save()
    waiting = Command.objects.filter(OPEN, account_id=approval.account_id, kind=proposals.KIND)
    queue.cancel(list(waiting.filter(concerns__contains=[approval.pk]).values_list("pk", flat=True)))
    if state == ApprovalState.APPROVED:
        proposals.allow(approval)
    else:
        action.state = ActionState.EXPIRED if state == ApprovalState.EXPIRED else ActionState.REFUSED
        action.save(update_fields=["state"])
    details = {"reason": approval.reason} if approval.reason else {}
    audit.write(str(state), action, by=by, via=via, digest=approval.digest, **details)
    journal.append([rows.decided(approval)])


def lapse(approval: Approval) -> None:
    """Nobody decided in time."""
    close(approval, ApprovalState.EXPIRED, by=None, via="system")


def edit(member: Member, approval_id: UUID, digest: str, given: Mapping[str, Any], via: str = "app") -> Approval:
    """Change what will happen before it is approved: the approval is then of that, under another digest.

    `given` are arguments that the kind lets people change. Raises as `decide`, and the problems of the kind's `clean`.
    """
    approval = people.one(member, approval_id)
    action, of_kind = approval.action, kind(approval.action.kind)
    unknown = sorted(set(given) - set(of_kind.editable(action.args)))
    if unknown:
        raise Problem(422, "not_editable", f"`{unknown[0]}` of this cannot be changed here. Reject it instead.")
    author = people.member_of(action.user_id)
    if author is None:
        raise Problem(409, "person_gone", "The person whom this is for has left the company.")
    inner = "fields" in action.args
    wanted = action.args | ({"fields": action.args["fields"] | dict(given)} if inner else dict(given))
    args = without_nul(of_kind.clean(author, action.account, wanted))
    with transaction.atomic():
        approval = locked(member, approval_id)
        refused = closing(approval)
        if refused is None:
            refused = _edit(member, approval, digest, args, via)
    if refused is not None:
        raise refused
    return approval


def _edit(member: Member, approval: Approval, digest: str, args: dict[str, Any], via: str) -> Problem | None:
    if digest != approval.digest:
        detail = "This was changed after you had opened it. Look at it again."
        return Problem(409, "digest_changed", detail, approval=rows.summary(approval))
    action = approval.action
    action.args = args
    _take_over(approval)
    judged = rules.judged(action, context.current().pk)
    if judged.verdict == Verdict.NEVER:
        transaction.set_rollback(True)
        return Problem(403, "not_allowed", "A rule says that this is never done.")
    approval.digest, approval.first_by, approval.second = digests.of(action), None, judged.second
    approval.save(update_fields=["digest", "first_by", "second", "title"])
    audit.write("edited", action, by=member.user_id, via=via, digest=approval.digest, before=digest)
    journal.append([rows.required(approval)])
    return None


def delegate(member: Member, approval_id: UUID, user_id: UUID, via: str = "app") -> Approval:
    """Hand the decision to a colleague who sees the account; whoever handed it on may still decide.

    Raises as `decide`, and the 404 of somebody who does not see the account.
    """
    with transaction.atomic():
        approval = locked(member, approval_id)
        refused = closing(approval)
        if refused is None:
            if user_id not in {user.pk for user in people.to_hand_to(member, approval.account)}:
                raise not_found("colleague who sees this account")
            approval.delegated_to = user_id
            approval.save(update_fields=["delegated_to"])
            queue.put(approval.account, [Wanted(proposals.KIND, "hand", [], {"approval": str(approval.pk)})])
            audit.write(
                "delegated", approval.action, by=member.user_id, via=via, digest=approval.digest, to=str(user_id)
            )
            journal.append([rows.required(approval)])
    if refused is not None:
        raise refused
    return approval
