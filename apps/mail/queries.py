"""Reading the mirror for a person: every query passes `providers.access` and answers JSON shapes."""

import base64
import binascii
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.core.problems import Problem, not_found
from apps.core.statement import Given, Statement
from apps.providers import access
from apps.providers.accounts import iso
from apps.realtime import journal
from apps.users.members import Member

from . import additions, events, pending, rows
from .models import Attachment, Mailbox, Message, Thread, ThreadEntry

M = TypeVar("M", Mailbox, Message, Thread)
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


def _seen(model: type[M]) -> Statement[M]:
    return Statement(lambda: model._default_manager.filter(pk=Given("pk"), account__in=access.seen_by(Given("user"))))


MAILBOX: Final = _seen(Mailbox)
MESSAGE: Final = _seen(Message)
THREAD: Final = _seen(Thread)


def visible_mailbox(member: Member, mailbox_id: UUID) -> Mailbox:
    """One mailbox. Raises the same 404 for what is missing and for what is another's."""
    box = MAILBOX.first(pk=mailbox_id, user=member.user_id)
    if box is None:
        raise not_found("mailbox")
    return box


def visible_message(member: Member, message_id: UUID) -> Message:
    """One message, likewise."""
    message = MESSAGE.first(pk=message_id, user=member.user_id)
    if message is None:
        raise not_found("message")
    return message


def visible_thread(member: Member, thread_id: UUID) -> Thread:
    """One conversation, likewise."""
    found = THREAD.first(pk=thread_id, user=member.user_id)
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
    total = {"": box.threads, "unread": box.unread_threads}.get(page.filter)
    if total is None:
        total = listed(page.filter).filter(mailbox=box).count()
    entries = _slice(box.pk, page)
    by_id = events.thread_rows([thread_id for _, thread_id in entries])
    items = [by_id[thread_id] | {"at": iso(at)} for at, thread_id in entries if thread_id in by_id]
    following = encode_cursor(*entries[-1]) if len(entries) == page.limit else None
    return {"seq": seq, "items": items, "next": following, "total": total, "as_of": iso(box.as_of)}


def listed(filter_: str) -> QuerySet[ThreadEntry]:
    """The entries that a mailbox's list shows under a filter."""
    found = ThreadEntry.objects.filter(FILTERS[filter_])
    return found if filter_ == "snoozed" else found.filter(AWAKE)


def _entries(filter_: str, *, below: bool) -> Statement[ThreadEntry]:
    def build() -> QuerySet[ThreadEntry, Any]:
        found = listed(filter_).filter(mailbox_id=Given("mailbox"))
        if below:
            at, thread = Given("at"), Given("thread")
            found = found.filter(Q(at__lte=at) & (Q(at__lt=at) | Q(at=at, thread_id__lt=thread)))
        return found.order_by("-at", "-thread_id").values_list("at", "thread_id")

    return Statement(build)


FROM_TOP: Final = {name: _entries(name, below=False) for name in FILTERS}
BELOW: Final = {name: _entries(name, below=True) for name in FILTERS}


def _slice(mailbox_id: UUID, page: Page) -> Sequence[tuple[datetime, UUID]]:
    if not page.cursor:
        return FROM_TOP[page.filter].tuples(mailbox=mailbox_id, limit=page.limit, offset=page.position or 0)
    at, thread = decode_cursor(page.cursor)
    return BELOW[page.filter].tuples(mailbox=mailbox_id, at=at, thread=thread, limit=page.limit)


CONVERSATION: Final = Statement(
    lambda: Message.objects.filter(thread_id=Given("thread"), orphaned_at__isnull=True).order_by("at", "id")
)


def thread(member: Member, thread_id: UUID) -> dict[str, Any]:
    """A conversation with its messages, oldest first."""
    seq = journal.head()
    row = visible_thread(member, thread_id)
    messages = CONVERSATION.all(thread=row.pk)
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
