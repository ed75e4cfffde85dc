"""The post: making messages, handing them in, and putting them into the mailboxes they are for."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tests.fakes.microsoft import mime
from tests.fakes.microsoft.clock import graph_time
from tests.fakes.microsoft.mail_views import mime_of
from tests.fakes.microsoft.mailbox import Attachment, Mailbox, Message

if TYPE_CHECKING:
    from tests.fakes.microsoft.graph import Graph

_PREFIX: Final = re.compile(r"^\s*((re|fw|fwd|aw|r|i)\s*:\s*)+", re.IGNORECASE)
_EMPTY: Final[dict[str, Any]] = {
    "categories": [], "subject": "", "importance": "normal", "sender": None, "from": None, "toRecipients": [],
    "ccRecipients": [], "bccRecipients": [], "replyTo": [], "isDeliveryReceiptRequested": None,
    "isReadReceiptRequested": False, "isRead": False, "isDraft": True, "inferenceClassification": "focused",
    "flag": {"flagStatus": "notFlagged"}, "body": {"contentType": "text", "content": ""},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was handed in."""

    at: datetime
    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    message_id: str


def new_message(mailbox: Mailbox, folder: str, values: Mapping[str, Any]) -> Message:
    """A message that is not in its folder yet."""
    now = mailbox.clock.now()
    whole = {**_EMPTY, **values}
    whole.setdefault("receivedDateTime", graph_time(now))
    whole.setdefault("sentDateTime", graph_time(now))
    if not whole.get("internetMessageId"):
        whole["internetMessageId"] = new_message_id(mailbox)
    message = Message(mailbox.new_id(), mailbox.new_id(), folder, whole, now, now)
    if "conversationId" not in whole:
        set_conversation(mailbox, message, ())
    return message


def new_message_id(mailbox: Mailbox) -> str:
    """A Message-ID as Exchange makes them."""
    return f"<{mailbox.new_guid().replace('-', '').upper()[:24]}@PROD.{mailbox.person.tenant.domain}>"


def set_conversation(mailbox: Mailbox, message: Message, references: Iterable[str]) -> None:
    """Put the message into the conversation of what it answers, or start a new one."""
    subject = _PREFIX.sub("", message.values.get("subject") or "").lower()
    found = None
    for reference in references:
        other = mailbox.by_message_id.get(reference)
        if other is not None and _PREFIX.sub("", other.values.get("subject") or "").lower() == subject:
            found = other
    message.values["conversationId"] = found.values["conversationId"] if found else mailbox.new_id()
    message.values["conversationIndex"] = found.values["conversationIndex"] if found else mailbox.new_key()[6:]


def from_mime(mailbox: Mailbox, folder: str, raw: bytes, *, draft: bool) -> Message:
    """A message that came as octets."""
    parsed = mime.parse(raw)
    values = parsed.values | {"isDraft": draft, "isRead": draft}
    if parsed.sent:
        values["sentDateTime"] = graph_time(parsed.sent)
    message = new_message(mailbox, folder, values)
    message.raw, message.headers = raw, parsed.headers
    now = mailbox.clock.now()
    message.attachments = [
        Attachment(
            mailbox.new_id(), part.name, part.content_type, part.content, part.inline, part.content_id, now,
            _kind(part.content_type),
        )
        for part in parsed.parts
    ]  # fmt: skip
    set_conversation(mailbox, message, parsed.references)
    return message


def _kind(content_type: str) -> str:
    return f"#microsoft.graph.{'itemAttachment' if content_type == 'message/rfc822' else 'fileAttachment'}"


def deliver(mailbox: Mailbox, raw: bytes, folder: str = "inbox") -> Message:
    """Put a message that came from outside into a folder."""
    target = mailbox.container(folder, "mail")
    assert target is not None, folder
    message = from_mime(mailbox, target.id, raw, draft=False)
    mailbox.add(message)
    return message


def recipients_of(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Everybody to whom a message goes."""
    keys = ("toRecipients", "ccRecipients", "bccRecipients")
    return tuple(address for key in keys for address in mime.addresses(values.get(key)))


def post(graph: "Graph", mailbox: Mailbox, message: Message) -> Sent:
    """Carry a message to its recipients; those who have a mailbox here find it in their inbox."""
    raw = mime_of(message)
    open_copy = _without_bcc(raw)
    sent = Sent(
        graph.clock.now(), mailbox.person.address, recipients_of(message.values), open_copy,
        str(message.values["internetMessageId"]),
    )  # fmt: skip
    graph.sent.append(sent)
    for address in dict.fromkeys(name.lower() for name in sent.recipients):
        person = graph.directory.find_person(address)
        if person is not None and person.licensed:
            deliver(graph.mailbox(person), open_copy)
    return sent


def _without_bcc(raw: bytes) -> bytes:
    head, separator, body = raw.partition(b"\r\n\r\n" if b"\r\n\r\n" in raw else b"\n\n")
    return re.sub(rb"(?im)^bcc:.*(?:\r?\n[ \t].*)*\r?\n?", b"", head).rstrip(b"\r\n") + separator + body


def with_identity(mailbox: Mailbox, message: Message) -> None:
    """Fill in who sends, where the message does not say it."""
    me = mime.recipient(mailbox.person.name, mailbox.person.address)
    message.values["from"] = message.values.get("from") or me
    message.values["sender"] = me
    if message.raw is not None and not mime.parse(message.raw).values["from"]["emailAddress"]["address"]:
        message.raw = b"From: <" + mailbox.person.address.encode() + b">\r\n" + message.raw
