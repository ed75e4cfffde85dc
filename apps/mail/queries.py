"""Reading the mirror for a person: every query passes `providers.access` and answers JSON shapes."""

import base64
import binascii
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.core.problems import Problem, not_found
from apps.providers import access
from apps.providers.accounts import iso
from apps.realtime import journal
from apps.users.members import Member

from . import additions, events, pending, rows
from .models import Attachment, Mailbox, Message, Thread, ThreadEntry

LIMIT: Final = 100
MOST: Final = 200
ROLE_ORDER: Final = ("inbox", "drafts", "sent", "archive", "junk", "trash", "all", "flagged", "important", "")
FILTERS: Final = {
    "": Q(),
    "unread": Q(unread=True),
    "flagged": Q(flagged=True),
    "attachment": Q(thread__has_attachment=True),
    "snoozed": Q(snoozed_until__isnull=False),
}
AWAKE: Final = Q(snoozed_until__isnull=True)


@dataclass(frozen=True, slots=True)
class Page:
    """What part of a list is asked for."""

    cursor: str = ""
    limit: int = LIMIT
    position: int | None = None
    filter: str = ""

    @classmethod
    def parse(cls, query: Any) -> "Page":
        """From query parameters. Raises a problem that names the wrong one."""
        try:
            limit = int(query.get("limit") or LIMIT)
            position = int(query["position"]) if query.get("position") else None
        except ValueError:
            raise Problem(400, "invalid", "`limit` and `position` must be whole numbers.") from None
        if query.get("filter", "") not in FILTERS:
            raise Problem(400, "invalid", "`filter` must be one of unread, flagged, attachment, snoozed.")
        if position is not None and position < 0:
            raise Problem(400, "invalid", "`position` cannot be negative.")
        return cls(query.get("cursor") or "", max(1, min(limit, MOST)), position, query.get("filter", ""))


def encode_cursor(at: datetime, key: UUID) -> str:
    """A place in a list: after this row."""
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{key}".encode()).decode()


def decode_cursor(text: str) -> tuple[datetime, UUID]:
    """The place a cursor names. Raises a problem for one that we did not make."""
    try:
        at, key = base64.urlsafe_b64decode(text.encode()).decode().split("|")
        return datetime.fromisoformat(at), UUID(key)
    except (ValueError, binascii.Error):
        raise Problem(400, "invalid", "This `cursor` is not one that a list gave out.") from None


def mailboxes(member: Member) -> dict[str, Any]:
    """All mailboxes of all accounts the person may see, in the order they are shown."""
    seq = journal.head()
    accounts = list(access.visible_accounts(member))
    order = {account.pk: position for position, account in enumerate(accounts)}
    boxes = sorted(
        Mailbox.objects.filter(account__in=accounts),
        key=lambda box: (order[box.account_id], ROLE_ORDER.index(box.role), [part.lower() for part in box.path]),
    )
    parents: dict[UUID, dict[tuple[str, ...], UUID]] = defaultdict(dict)
    for box in boxes:
        parents[box.account_id][tuple(box.path)] = box.pk
    return {"seq": seq, "items": [rows.mailbox_json(box, parents[box.account_id]) for box in boxes]}


def visible_mailbox(member: Member, mailbox_id: UUID) -> Mailbox:
    """One mailbox. Raises the same 404 for what is missing and for what is another's."""
    box = Mailbox.objects.filter(pk=mailbox_id, account_id__in=access.visible_account_ids(member)).first()
    if box is None:
        raise not_found("mailbox")
    return box


def visible_message(member: Member, message_id: UUID) -> Message:
    """One message, likewise."""
    message = Message.objects.filter(pk=message_id, account_id__in=access.visible_account_ids(member)).first()
    if message is None:
        raise not_found("message")
    return message


def visible_thread(member: Member, thread_id: UUID) -> Thread:
    """One conversation, likewise."""
    found = Thread.objects.filter(pk=thread_id, account_id__in=access.visible_account_ids(member)).first()
    if found is None:
        raise not_found("conversation")
    return found


def visible_attachment(member: Member, attachment_id: UUID) -> Attachment:
    """One attachment with its message, likewise."""
    found = (
        Attachment.objects.select_related("message")
        .filter(pk=attachment_id, message__account_id__in=access.visible_account_ids(member))
        .first()
    )
    if found is None:
        raise not_found("attachment")
    return found


def threads_in(member: Member, mailbox_id: UUID, page: Page) -> dict[str, Any]:
    """A mailbox's conversations, newest first: one page by cursor or by position."""
    box = visible_mailbox(member, mailbox_id)
    seq = journal.head()
    found = ThreadEntry.objects.filter(FILTERS[page.filter], mailbox=box)
    if page.filter != "snoozed":
        found = found.filter(AWAKE)
    total = {"": box.threads, "unread": box.unread_threads}.get(page.filter)
    if total is None:
        total = found.count()
    entries = list(_slice(found, page))
    by_id = events.thread_rows([entry.thread_id for entry in entries])
    items = [by_id[entry.thread_id] | {"at": iso(entry.at)} for entry in entries if entry.thread_id in by_id]
    full = len(entries) == page.limit
    following = encode_cursor(entries[-1].at, entries[-1].thread_id) if full else None
    return {"seq": seq, "items": items, "next": following, "total": total, "as_of": iso(box.as_of)}


def _slice(found: QuerySet[ThreadEntry], page: Page) -> Sequence[ThreadEntry]:
    ordered = found.order_by("-at", "-thread_id")
    if page.cursor:
        at, key = decode_cursor(page.cursor)
        after = Q(at__lt=at) | Q(at=at, thread_id__lt=key)
        return list(ordered.filter(Q(at__lte=at) & after)[: page.limit])
    start = page.position or 0
    return list(ordered[start : start + page.limit])


def thread(member: Member, thread_id: UUID) -> dict[str, Any]:
    """A conversation with its messages, oldest first."""
    seq = journal.head()
    row = visible_thread(member, thread_id)
    messages = list(Message.objects.filter(thread=row, orphaned_at__isnull=True).order_by("at", "id"))
    if not messages:
        raise not_found("conversation")
    ids = [message.pk for message in messages]
    where, files, waiting = events.places(ids), events.attachments(ids), pending.open_on(ids)
    shown, more = events.thread_rows([row.pk]), additions.of(messages)
    return {
        "seq": seq,
        "thread": shown.get(row.pk) or rows.thread_json(row, []),
        "messages": [
            rows.message_json(message, where[message.pk], files[message.pk], message.pk in waiting) | more[message.pk]
            for message in messages
        ],
    }


def message(member: Member, message_id: UUID) -> dict[str, Any]:
    """One message without its body."""
    found = visible_message(member, message_id)
    where, files, waiting = events.places([found.pk]), events.attachments([found.pk]), pending.open_on([found.pk])
    row = rows.message_json(found, where[found.pk], files[found.pk], found.pk in waiting)
    return row | additions.of([found])[found.pk]
