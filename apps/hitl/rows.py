"""The JSON shapes of approvals: what the API answers and what events carry, made in one place."""

from typing import Any
from uuid import UUID

from apps.ai.actions import kind
from apps.ai.models import Action, ActionState
from apps.calendar.models import Event
from apps.contacts.models import Contact
from apps.core.problems import Problem
from apps.mail.models import Message, Placement
from apps.providers import access
from apps.providers.accounts import iso
from apps.realtime import journal
from apps.users.members import Member

from . import audit, company, digests, people
from .models import Approval, ApprovalState

MODELS: Any = {"message": (Message, "subject"), "event": (Event, "title"), "contact": (Contact, "name")}


def summary(approval: Approval, names: dict[UUID, str] | None = None) -> dict[str, Any]:
    """As lists and events show it."""
    action = approval.action
    if names is None:
        names = people.names([approval.decided_by, approval.first_by, approval.delegated_to])
    return {
        "id": str(approval.pk),
        "action_id": str(action.pk),
        "account_id": str(approval.account_id),
        "agent": action.agent,
        "kind": action.kind,
        "title": approval.title,
        "risk": str(action.risk),
        "origin": str(action.origin),
        "recipients": action.recipients,
        "state": str(approval.state),
        "digest": approval.digest,
        "second": approval.second,
        "first_by": _person(approval.first_by, names),
        "delegated_to": _person(approval.delegated_to, names),
        "decided_by": _person(approval.decided_by, names),
        "decided_at": iso(approval.decided_at),
        "reason": approval.reason,
        "created_at": iso(approval.created_at),
        "expires_at": iso(approval.expires_at),
        "done": str(action.state),
        "done_at": iso(action.done_at),
        "error": action.error,
        "undoable": action.state == ActionState.DONE and action.inverse is not None,
    }


def _person(user_id: UUID | None, names: dict[UUID, str]) -> dict[str, str] | None:
    return {"id": str(user_id), "name": names.get(user_id, "")} if user_id else None


def detail(member: Member, approval: Approval) -> dict[str, Any]:
    """With exactly what will happen, why, from which sources, and what happened so far. Outside a transaction."""
    action, of_kind = approval.action, kind(approval.action.kind)
    preview: dict[str, Any] | None = None
    problem: dict[str, str] | None = None
    stale = False
    try:
        preview = of_kind.preview(member, action).as_json()
        stale = approval.state == ApprovalState.OPEN and digests.of(action) != approval.digest
    except Problem as gone:
        problem = {"code": gone.code, "sentence": str(gone.detail)}
    entries = audit.of(approval)
    names = people.names(
        [approval.decided_by, approval.first_by, approval.delegated_to, *(entry.by_user for entry in entries)]
    )
    sources, seen = _sources(member, action)
    args = action.args.get("fields", action.args)
    is_open = approval.state == ApprovalState.OPEN
    return summary(approval, names) | {
        "why": action.why if seen else "",
        "why_hidden": not seen,
        "sources": sources,
        "preview": preview,
        "problem": problem,
        "stale": stale,
        "editable": {name: args.get(name, "") for name in of_kind.editable(action.args)} if is_open else {},
        "may_delegate_to": [
            {"id": str(user.pk), "name": user.name or user.email} for user in people.to_hand_to(member, action.account)
        ]
        if is_open
        else [],
        "agents_on": company.agents_on(),
        "record": [audit.as_json(entry, names) for entry in entries],
    }


def _sources(member: Member, action: Action) -> tuple[list[dict[str, str]], bool]:
    """What the agent read, as far as the person sees it; and whether they see all of it: else what it says of the rest
    is not theirs to read."""
    mine = access.visible_account_ids(member)
    found: list[dict[str, str]] = []
    seen = True
    for source in action.sources:
        model, name = MODELS.get(source.get("type"), (None, ""))
        row = model._default_manager.filter(pk=source.get("id")).first() if model is not None else None
        if row is None:
            continue
        if row.account_id not in mine:
            seen = False
            continue
        found.append({"type": source["type"], "id": str(row.pk), "title": getattr(row, name), "href": _href(row)})
    return found, seen


def _href(row: Any) -> str:
    """Where the client shows it; empty for a message that lies in no mailbox now."""
    if isinstance(row, Contact):
        return f"/contacts/{row.pk}"
    if isinstance(row, Event):
        return "/calendar"
    place = Placement.objects.filter(message=row, leaving=None).order_by("mailbox_id").first()
    return f"/mail/{place.mailbox_id}/{row.thread_id}" if place is not None else ""


def required(approval: Approval) -> journal.Event:
    """`hitl:approval_required`, for those who may decide."""
    return _event("hitl:approval_required", approval)


def decided(approval: Approval) -> journal.Event:
    """`hitl:approval_decided`, likewise: it was decided, lapsed, carried out or undone."""
    return _event("hitl:approval_decided", approval)


def _event(name: str, approval: Approval) -> journal.Event:
    return journal.Event(
        name, approval.account_id, {"approval": summary(approval)}, only_for=people.deciders(approval)
    )  # fmt: skip
