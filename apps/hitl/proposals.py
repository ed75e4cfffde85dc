"""What was proposed meets the rules: done at once, asked of people, or refused. In the transaction that proposes."""

from datetime import timedelta
from typing import Final

from apps.ai.actions import kind
from apps.ai.models import Action, ActionState
from apps.outbound import queue
from apps.outbound.queue import Wanted
from apps.realtime import journal
from apps.tenants import context
from apps.users import tokens
from apps.users.members import Member

from . import audit, company, digests, rows, rules
from .models import Approval, ApprovalState, Verdict

KIND: Final = "hitl"
TITLE_MOST: Final = 300
SENTENCES: Final = {
    "agents_off": "The company has switched its agents off.",
    "never": "A rule says that this is never done.",
}


def take(member: Member, action: Action) -> None:
    """See `ai.actions.on_proposed`."""
    held = company.settings()
    judged = rules.judged(action, context.current().pk)
    now = tokens.database_now()
    approval = Approval(
        action=action,
        account=action.account,
        title=kind(action.kind).title(action.account, action.args)[:TITLE_MOST],
        digest=digests.of(action),
        second=judged.second,
        expires_at=now + timedelta(hours=held.expire_hours),
    )
    audit.write(
        "proposed", action, via="agent", digest=approval.digest, agent=action.agent, rules=[*map(str, judged.rules)]
    )
    if not company.agents_on():
        _refuse(approval, "agents_off")
    elif judged.verdict == Verdict.NEVER:
        _refuse(approval, "never")
    elif judged.verdict == Verdict.AUTO:
        approval.state, approval.decided_at = ApprovalState.APPROVED, now
        approval.save()
        allow(approval)
        audit.write("approved", action, via="rule", digest=approval.digest)
    else:
        approval.save()
        _ask(approval, held.letter_minutes)
        journal.append([rows.required(approval)])
        return
    journal.append([rows.decided(approval)])


def _refuse(approval: Approval, code: str) -> None:
    action = approval.action
    approval.state, approval.decided_at = ApprovalState.REJECTED, tokens.database_now()
    approval.reason = SENTENCES[code]
    approval.save()
    action.state, action.error = ActionState.REFUSED, {"code": code, "sentence": SENTENCES[code]}
    action.save(update_fields=["state", "error"])
    audit.write("refused", action, via="rule", digest=approval.digest, code=code)


def _ask(approval: Approval, letter_minutes: int | None) -> None:
    """Have it lapse in time, and its people written to when it still waits then. Letters first: what concerns the same
    comes in its order."""
    wanted = []
    if letter_minutes is not None:
        then = tokens.database_now() + timedelta(minutes=letter_minutes)
        wanted.append(Wanted(KIND, "letters", [approval.pk], {}, then))
    wanted.append(Wanted(KIND, "expire", [approval.pk], {}, approval.expires_at))
    queue.put(approval.account, wanted)


def allow(approval: Approval) -> None:
    """What was approved goes the way of every change: a command of the account, which outlives workers and queues."""
    action = approval.action
    action.state = ActionState.ALLOWED
    action.save(update_fields=["state"])
    queue.put(approval.account, [Wanted(KIND, "perform", [action.pk])])
