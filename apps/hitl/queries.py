"""Reading approvals for a person: what waits for them, and what was decided, the newest first."""

from typing import Any, Final

from django.db.models import Q
from django.db.models.functions import Now

from apps.core.problems import Problem
from apps.mail.queries import decode_cursor, encode_cursor
from apps.realtime import journal
from apps.users.members import Member

from . import people, rows
from .models import ApprovalState

LIMIT: Final = 50
SHOWN: Final = ("open", "decided")


def listed(member: Member, shown: str = "open", cursor: str = "") -> dict[str, Any]:
    """A page of those that wait, or of those that are decided."""
    if shown not in SHOWN:
        raise Problem(400, "invalid", "`state` must be one of open, decided.")
    seq = journal.head()
    waits = Q(state=ApprovalState.OPEN, expires_at__gt=Now())
    mine = people.decidable(member)
    found = mine.filter(waits if shown == "open" else ~waits).order_by("-created_at", "-pk")
    if cursor:
        at, key = decode_cursor(cursor)
        found = found.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=key))
    page = list(found[: LIMIT + 1])
    following = encode_cursor(page[LIMIT - 1].created_at, page[LIMIT - 1].pk) if len(page) > LIMIT else None
    page = page[:LIMIT]
    names = people.names([each for row in page for each in (row.decided_by, row.first_by, row.delegated_to)])
    return {
        "seq": seq,
        "items": [rows.summary(row, names) for row in page],
        "next": following,
        "waiting": mine.filter(waits).count(),
    }
