"""One message from bytes to `ParsedMail`. Never raises, whatever the bytes are."""

from datetime import datetime
from typing import Final

from . import (
    addresses,
    attachments,
    body,
    dates,
    limits,
    protection,
    reports,
    structure,
    threading,
    tnef,
    transfer,
    words,
)
from .headers import Headers, Notes
from .model import Address, AttachmentInfo, ParsedMail
from .structure import Part

_PRIORITIES: Final = {"1": "high", "2": "high", "3": "normal", "4": "low", "5": "low"}


def parse(raw: bytes, *, internal_date: datetime | None = None, by_sender: bool = False) -> ParsedMail:
    """Read a message, or the skeleton of one (see MessageRecord).

    `internal_date` is the server's arrival time; `by_sender` says that the arrival is only when
    the message was filed (Sent, imports), so that it sorts by its own Date.
    """
    notes = Notes()
    root = structure.read(structure.normal(raw), notes)
    headers = root.headers
    charset = _body_charset(root)
    date_text, date = _date(headers)
    shown, sorted_by = dates.choose(
        date, internal_date=dates.in_utc(internal_date), received=_received(headers, internal_date), by_sender=by_sender
    )
    references, cut = threading.limited(threading.ids(b" ".join(headers.every(b"references"))))
    if cut:
        notes.cut("references")
    in_reply_to = threading.ids(headers.first(b"in-reply-to") or b"")
    subject = headers.text(b"subject", charset).strip()
    from_ = _addresses(headers, b"from", charset, notes)
    text, html, listed = _content(root, notes)
    report = reports.read(root, subject, from_, text)
    signed, encrypted = protection.claims(root, text)
    return_path = headers.first(b"return-path")
    return ParsedMail(
        message_id=threading.message_id(headers),
        in_reply_to=in_reply_to[0] if in_reply_to else "",
        references=references,
        subject=subject,
        from_=from_,
        sender=_addresses(headers, b"sender", charset, notes),
        reply_to=_addresses(headers, b"reply-to", charset, notes),
        to=_addresses(headers, b"to", charset, notes),
        cc=_addresses(headers, b"cc", charset, notes),
        bcc=_addresses(headers, b"bcc", charset, notes),
        date=date,
        date_text=date_text,
        sent_at=shown,
        sort_date=sorted_by,
        text=text,
        html=html,
        attachments=listed,
        list_id=_list_id(headers),
        list_unsubscribe=headers.text(b"list-unsubscribe"),
        list_unsubscribe_post=headers.text(b"list-unsubscribe-post"),
        auto_submitted=_token(headers, b"auto-submitted"),
        auto_response_suppress=_token(headers, b"x-auto-response-suppress"),
        precedence=_token(headers, b"precedence"),
        priority=_priority(headers),
        return_path=None if return_path is None else words.plain(return_path.strip(b"<> \t")),
        report_type=report.kind,
        is_bounce=report.is_bounce,
        bounced=report.recipients,
        bounced_message_id=report.message_id,
        signed=signed,
        encrypted=encrypted,
        truncated=tuple(notes.truncated),
        defects=tuple(notes.defects),
    )


def _body_charset(root: Part) -> str:
    """The charset that the first text part declares: the second guess for raw octets in headers."""
    for leaf in root.leaves():
        if leaf.type.startswith("text/"):
            return leaf.charset if leaf.params else ""
    return ""


def _content(root: Part, notes: Notes) -> tuple[str, str | None, tuple[AttachmentInfo, ...]]:
    """Text, HTML and attachments."""
    found = body.passages(root)
    reader = body.Reader(notes)
    text = body.text_of(found, reader)
    html = body.html_of(found, reader)
    if not text.strip():
        text = text if text and html else _carried_text(root) or body.spare_text(root, reader, notes)
    if len(text) > limits.TEXT:
        notes.cut("text")
        text = text[: limits.TEXT]
    leaves = {id(part) for passage in found for part in (*passage.text, *passage.rich)}
    if not root.children and id(root) in leaves and b"content-disposition" not in root.headers.fields:
        return text, html, ()
    return text, html, attachments.listed(root, leaves, html, notes)


def _carried_text(root: Part) -> str:
    """The text inside a winmail.dat, for a message that has no other."""
    for leaf in root.leaves():
        if tnef.is_carrier(leaf.type, leaf.filename) and not leaf.omitted:
            content = tnef.read(transfer.decode(leaf.body, leaf.encoding))
            if content is not None and content.text.strip():
                return content.text
    return ""


def _addresses(headers: Headers, name: bytes, charset: str, notes: Notes) -> tuple[Address, ...]:
    """The addresses of every field of that name: a second From is kept, so that it can be seen."""
    if name not in headers.fields:
        return ()
    values = headers.every(name)
    found, cut = addresses.parse(b", ".join(values) if len(values) > 1 else values[0], charset)
    if len(values) > 1:
        notes.broken(f"several_{name.decode()}")
    if cut:
        notes.cut("addresses")
    return found


def _date(headers: Headers) -> tuple[str, datetime | None]:
    """The text of the Date field and its moment; of several fields the first valid one."""
    texts = [words.plain(value) for value in headers.every(b"date")]
    for text in texts:
        if (moment := dates.parse(text)) is not None:
            return text, moment
    return (texts[0] if texts else ""), None


def _received(headers: Headers, internal_date: datetime | None) -> datetime | None:
    """When the last server took the message in, asked only where INTERNALDATE is missing."""
    if internal_date is not None:
        return None
    value = headers.first(b"received")
    return dates.parse(words.plain(value.rpartition(b";")[2])) if value else None


def _list_id(headers: Headers) -> str:
    """The id between the angle brackets of List-Id (RFC 2919), else the whole value."""
    value = headers.text(b"list-id")
    opening, closing = value.rfind("<"), value.rfind(">")
    return value[opening + 1 : closing].strip() if 0 <= opening < closing else value.strip()


def _token(headers: Headers, name: bytes) -> str:
    value = headers.text(name)
    return value.partition(";")[0].strip().lower() if value else ""


def _priority(headers: Headers) -> str:
    """ "high", "normal" or "low" by Importance, X-Priority or Priority; empty when none says."""
    importance = _token(headers, b"importance") or _token(headers, b"x-msmail-priority")
    if importance in {"high", "normal", "low"}:
        return importance
    number = _token(headers, b"x-priority")[:1]
    if number in _PRIORITIES:
        return _PRIORITIES[number]
    return {"urgent": "high", "normal": "normal", "non-urgent": "low"}.get(_token(headers, b"priority"), "")
