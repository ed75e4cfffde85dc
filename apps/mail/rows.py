"""The JSON shapes of mail: what the API answers and what events carry, made in one place."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from apps.providers.accounts import iso

from .models import Attachment, Mailbox, Message, Thread

SEEN: Final = "\\seen"
FLAGGED: Final = "\\flagged"
ANSWERED: Final = "\\answered"
DRAFT: Final = "\\draft"
RECENT: Final = "\\recent"


def normalise(flags: Iterable[str]) -> list[str]:
    """Flags as they are stored and compared: lower case, sorted, without \\Recent (RFC 3501, 2.3.2)."""
    return sorted({flag.lower() for flag in flags} - {RECENT})


def is_keyword(flag: str) -> bool:
    """True for a label that people set: no system flag, none of the `$` names that programs use (RFC 5788)."""
    return not flag.startswith(("\\", "$"))


def mailbox_json(mailbox: Mailbox, parents: Mapping[tuple[str, ...], UUID]) -> dict[str, Any]:
    """A mailbox with its counters; `parents` maps paths of the same account to ids."""
    parent = parents.get(tuple(mailbox.path[:-1]))
    return {
        "id": str(mailbox.pk),
        "account_id": str(mailbox.account_id),
        "name": mailbox.path[-1] if mailbox.path else "",
        "path": mailbox.path,
        "role": mailbox.role or None,
        "parent_id": str(parent) if parent else None,
        "selectable": mailbox.selectable,
        "whole": mailbox.whole,
        "total": mailbox.total,
        "unread": mailbox.unread,
        "threads": mailbox.threads,
        "unread_threads": mailbox.unread_threads,
        "as_of": iso(mailbox.as_of),
        "backfill_remaining": mailbox.remaining,
        "rev": mailbox.rev,
    }


@dataclass(slots=True)
class ThreadRow:
    """The columns of a conversation that its row shows."""

    id: UUID
    account_id: UUID
    subject: str
    snippet: str
    participants: Any
    count: int
    unread: int
    flagged: bool
    has_attachment: bool
    last_at: datetime | None
    keywords: list[str] | None
    rev: int


def thread_json(
    thread: Thread | ThreadRow, mailbox_ids: Sequence[UUID], snoozed_until: datetime | None = None
) -> dict[str, Any]:
    """A conversation as a list row."""
    return {
        "id": str(thread.id),
        "account_id": str(thread.account_id),
        "subject": thread.subject,
        "snippet": thread.snippet,
        "participants": thread.participants,
        "count": thread.count,
        "unread": thread.unread,
        "flagged": thread.flagged,
        "has_attachment": thread.has_attachment,
        "last_at": iso(thread.last_at),
        "mailbox_ids": [str(mailbox_id) for mailbox_id in mailbox_ids],
        "keywords": thread.keywords or [],
        "snoozed_until": iso(snoozed_until),
        "rev": thread.rev,
    }


def state_json(message: Message, places: Iterable[tuple[UUID, int]], pending: bool) -> dict[str, Any]:
    """What can change of a message: flags and mailboxes; `pending` while a command on it is under way. A UID of 0
    says that the message is on its way to the mailbox."""
    flags = set(message.flags)
    return {
        "id": str(message.pk),
        "thread_id": str(message.thread_id),
        "flags": message.flags,
        "unread": SEEN not in flags,
        "flagged": FLAGGED in flags,
        "answered": ANSWERED in flags,
        "draft": DRAFT in flags,
        "mailboxes": [{"id": str(mailbox_id), "uid": max(uid, 0)} for mailbox_id, uid in places],
        "pending": pending,
        "rev": message.rev,
    }


def attachment_json(attachment: Attachment) -> dict[str, Any]:
    """An attachment as it is listed."""
    return {
        "id": str(attachment.pk),
        "filename": attachment.filename,
        "content_type": attachment.content_type,
        "size": attachment.size,
        "inline": attachment.inline,
        "content_id": attachment.content_id or None,
        "url": f"/api/v1/attachments/{attachment.pk}",
    }


def message_json(
    message: Message, places: Iterable[tuple[UUID, int]], attachments: Iterable[Attachment], pending: bool
) -> dict[str, Any]:
    """A message without its body."""
    recipients: Mapping[str, Any] = message.recipients
    return state_json(message, places, pending) | {
        "account_id": str(message.account_id),
        "message_id": message.message_id,
        "subject": message.subject,
        "from": message.senders,
        "to": recipients.get("to", []),
        "cc": recipients.get("cc", []),
        "bcc": recipients.get("bcc", []),
        "reply_to": recipients.get("reply_to", []),
        "date": iso(message.at),
        "date_header": iso(message.date_header),
        "received_at": iso(message.received_at),
        "snippet": message.snippet,
        "size": message.size,
        "attachments": [attachment_json(item) for item in attachments],
        "list_id": message.facts.get("list_id", ""),
        "can_unsubscribe": bool(message.facts.get("list_unsubscribe")),
        "truncated": message.truncated,
        "unreadable": message.unreadable,
    }
