"""Reading approvals for a person: what waits for them, and what was decided, the newest first."""

from typing import Any, Final
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from apps.core.problems import Problem
from apps.mail.models import Message
from apps.mail.queries import decode_cursor, encode_cursor, visible_thread
from apps.realtime import journal
from apps.users.members import Member

from . import people, rows
from .models import Approval, ApprovalState

LIMIT: Final = 50
OF_A_THREAD: Final = 10
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


def of_thread(member: Member, thread_id: UUID) -> dict[str, Any]:
    """What waits for the person because of a conversation, the newest first. Raises the 404 problem."""
    seq = journal.head()
    thread = visible_thread(member, thread_id)
    messages = Message.objects.filter(thread=thread, orphaned_at__isnull=True).values_list("pk", flat=True)
    because = Q()
    for message_id in messages:
        because |= Q(action__sources__contains=[{"type": "message", "id": str(message_id)}])
    waits = Q(state=ApprovalState.OPEN, expires_at__gt=Now())
    found = people.decidable(member).filter(waits, because) if because else Approval.objects.none()
    # The chat names what it looked at; only what a message itself led to belongs beside that message.
    found = found.exclude(action__agent="chat").order_by("-created_at", "-pk")[:OF_A_THREAD]
    return {"seq": seq, "items": [rows.summary(row) for row in found], "next": None, "waiting": len(found)}
