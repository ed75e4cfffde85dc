"""The record of who decided what and when. Written in the transaction of what it records, never changed."""

from typing import Any
from uuid import UUID

from apps.ai.models import Action
from apps.users.members import Member

from .models import Approval, Entry


def write(
    what: str, action: Action | None, *, by: UUID | None = None, via: str = "system", digest: str = "", **details: Any
) -> None:
    """Add a line about an action, or about the company's settings."""
    Entry.objects.create(
        what=what,
        by_user=by,
        via=via,
        account_id=action.account_id if action else None,
        action_id=action.pk if action else None,
        digest=digest,
        details=details,
    )


def of(approval: Approval) -> list[Entry]:
    """What happened to an action, in order."""
    return list(Entry.objects.filter(action_id=approval.action_id).order_by("id"))


def as_json(entry: Entry, names: dict[UUID, str]) -> dict[str, Any]:
    """As those who may see the approval are shown it."""
    return {
        "at": entry.at.isoformat().replace("+00:00", "Z"),
        "what": entry.what,
        "by": names.get(entry.by_user, "") if entry.by_user else "",
        "via": entry.via,
        "digest": entry.digest,
        "details": entry.details,
    }


def settings_changed(member: Member, what: str, **details: Any) -> None:
    """A line about a rule or a setting."""
    write(what, None, by=member.user_id, via="person", **details)
