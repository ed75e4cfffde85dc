"""Delivery reports and bounces: who did not get which message, and why."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from . import limits, parameters, threading, transfer, words
from .headers import Headers, Notes
from .headers import read as read_headers
from .model import Address, BouncedRecipient
from .structure import Part

_MAILER: Final = ("mailer-daemon", "postmaster@", "mail-daemon", "mailerdaemon", "maildelivery@", "mail delivery s")
_SUBJECT = re.compile(
    r"undeliver|delivery (?:status notification|failure|has failed|problem|report)|failure notice|returned mail"
    r"|mail delivery (?:failed|failure|system)|not delivered|could not be delivered|non recapitat|mancato recapito"
    r"|unzustellbar|nicht zugestellt|error sending your mail|delivery status"
    r"|permanent(?:es)? fehler|non remis|no se pudo entregar",
    re.IGNORECASE,
)
_TEXT_MESSAGE_ID = re.compile(r"^[ \t>]{0,20}message-id:[ \t]{0,20}<([^<>\s]{3,998})>", re.IGNORECASE | re.MULTILINE)
_STATUS_TYPES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_EXPLANATION: Final = 4_000
"""Characters in which a mail system says what went wrong, before it quotes the message."""
_LINE_ADDRESS = re.compile(
    r"^[ \t]{0,20}(?:Recipient:[ \t]{0,5})?<?([^\s<>@:;,()]{1,64}@[^\s<>@:;,()]{1,255})>?", re.MULTILINE
)
_QUOTED_MESSAGE = re.compile(r"^(?:Received|Return-Path|From|Message-ID):", re.MULTILINE | re.IGNORECASE)
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


@dataclass(slots=True)
class Report:
    """What a message reports about another one."""

    kind: str = ""
    is_bounce: bool = False
    recipients: tuple[BouncedRecipient, ...] = ()
    message_id: str = ""


def read(root: Part, subject: str, senders: tuple[Address, ...], text: str) -> Report:
    """The report that the message is; an empty one for any other message."""
    report = Report()
    leaves = list(root.leaves())
    if root.type == "multipart/report":
        report.kind = parameters.simple(root.params, b"report-type").lower()
    statuses = [leaf for leaf in leaves if leaf.type in _STATUS_TYPES and not leaf.omitted]
    if statuses:
        report.kind = report.kind or "delivery-status"
        report.recipients = tuple(one for leaf in statuses for one in _recipients(leaf))[: limits.REPORT_RECIPIENTS]
    failed = root.headers.first(b"x-failed-recipients")
    if not report.kind and failed is None and not _from_a_mailer(senders, subject):
        return report
    report.message_id = _original_id(leaves, text)
    if report.kind == "delivery-status":
        actions = {recipient.action for recipient in report.recipients}
        report.is_bounce = "failed" in actions or not actions & {"delayed", "delivered", "relayed", "expanded"}
    elif not report.kind:
        report.is_bounce = True
        report.recipients = _told_in_words(failed, text)
    return report


def _from_a_mailer(senders: tuple[Address, ...], subject: str) -> bool:
    """A bounce that follows no standard: a mail system writes, and its subject says so."""
    written = [part for sender in senders for part in (f"{sender.address}@", f"{sender.name}@")]
    return any(part.lower().startswith(_MAILER) for part in written) and _SUBJECT.search(subject) is not None


def _recipients(leaf: Part) -> tuple[BouncedRecipient, ...]:
    """The per-recipient groups of fields (RFC 3464 section 2.3)."""
    return tuple(_groups(leaf.source, leaf.start, leaf.end))[: limits.REPORT_RECIPIENTS]


def _groups(source: bytes, position: int, end: int) -> Iterator[BouncedRecipient]:
    """Each group that names a recipient. A filter that encodes the groups says so in the one before."""
    notes = Notes()
    for _ in range(limits.REPORT_RECIPIENTS + 1):
        block, _, following = read_headers(source, position, end, notes)
        if following <= position:
            return
        position = following
        recipient = _typed(block, b"final-recipient") or _typed(block, b"original-recipient")
        if recipient:
            yield BouncedRecipient(
                recipient,
                block.text(b"action").partition(" ")[0].lower(),
                block.text(b"status").partition(" ")[0],
                _typed(block, b"diagnostic-code")[:1_000],
            )
        encoding = block.text(b"content-transfer-encoding").lower()
        if encoding in transfer.BASE64 | transfer.QUOTED_PRINTABLE:
            decoded = transfer.decode(source[position:end], encoding)
            yield from _groups(decoded, 0, len(decoded)) if b"content-transfer-encoding" not in decoded.lower() else ()
            return


def _typed(block: Headers, name: bytes) -> str:
    """The value of `type; value` (RFC 3464 section 2.1.2)."""
    value = block.text(name)
    return (value.partition(";")[2] or value).strip().strip("<>").strip()


def _told_in_words(failed: bytes | None, text: str) -> tuple[BouncedRecipient, ...]:
    """Recipients by X-Failed-Recipients, else by the addresses that open a line above the quoted message."""
    head = _QUOTED_MESSAGE.split(text[:_EXPLANATION], maxsplit=1)[0]
    status = _STATUS.search(head)
    if failed is not None:
        names = [piece.strip() for piece in words.decode(failed).split(",")]
    else:
        names = list(dict.fromkeys(_LINE_ADDRESS.findall(head)))
    return tuple(
        BouncedRecipient(name, "failed", status[1] if status else "", "")
        for name in list(filter(None, names))[: limits.REPORT_RECIPIENTS]
    )


def _original_id(leaves: list[Part], text: str) -> str:
    """The Message-ID of the message that is reported about."""
    for leaf in leaves:
        fields: Headers | None = None
        if leaf.omitted:
            continue
        if leaf.type in {"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers"}:
            fields, _, _ = read_headers(leaf.source, leaf.start, leaf.end, Notes())
        if fields is not None and (found := threading.message_id(fields)):
            return found
        if leaf.type == "message/disposition-notification":
            fields, _, _ = read_headers(leaf.source, leaf.start, leaf.end, Notes())
            if ids := threading.ids(fields.first(b"original-message-id") or b""):
                return ids[0]
    in_text = _TEXT_MESSAGE_ID.search(text[:200_000])
    return in_text[1] if in_text else ""
