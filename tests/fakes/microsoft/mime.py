"""Between a message's octets and Graph's properties, both ways."""

import email
import email.header
import email.policy
import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage, Message
from email.utils import format_datetime, getaddresses, parsedate_to_datetime
from typing import Any, Final

_POLICY: Final = email.policy.compat32  # the newer one raises on headers that are broken badly enough
_STRICT: Final = email.policy.SMTP
_IMPORTANCE: Final = {"high": "high", "low": "low", "urgent": "high", "non-urgent": "low"}
_MADE: Final = frozenset(
    "from sender to cc bcc reply-to subject date message-id mime-version content-type content-transfer-encoding "
    "content-disposition importance".split()
)
"""Headers that are written from properties."""


@dataclass(slots=True)
class Part:
    """An attachment as it came."""

    name: str
    content_type: str
    content: bytes
    inline: bool
    content_id: str | None


@dataclass(slots=True)
class Parsed:
    """What a message's octets say."""

    values: dict[str, Any]
    headers: list[tuple[str, str]]
    parts: list[Part] = field(default_factory=list)
    sent: datetime | None = None
    references: list[str] = field(default_factory=list)


def recipient(name: str, address: str) -> dict[str, Any]:
    """One mailbox, as Graph writes it."""
    return {"emailAddress": {"name": name or address, "address": address}}


def addresses(recipients: Iterable[Mapping[str, Any]] | None) -> list[str]:
    """The bare addresses."""
    return [str(one["emailAddress"].get("address") or "") for one in recipients or ()]


def parse(raw: bytes) -> Parsed:
    """The properties of a message; what is broken in it is read as far as it can be."""
    message = email.message_from_bytes(raw, policy=_POLICY)
    headers = [(name, _text(value)) for name, value in message.raw_items()]
    first: dict[str, str] = {}
    for name, value in headers:
        first.setdefault(name.lower(), value)
    senders = _people(first.get("from", "")) or [recipient("", "")]
    values = {
        "subject": first.get("subject", ""),
        "from": senders[0],
        "sender": (_people(first.get("sender", "")) or senders)[0],
        "toRecipients": _people(first.get("to", "")),
        "ccRecipients": _people(first.get("cc", "")),
        "bccRecipients": _people(first.get("bcc", "")),
        "replyTo": _people(first.get("reply-to", "")),
        "importance": _IMPORTANCE.get(first.get("importance", "").lower(), "normal"),
        "body": {"contentType": "text", "content": ""},
    }
    if first.get("message-id"):
        values["internetMessageId"] = first["message-id"].strip()
    parsed = Parsed(values, headers, sent=_date(first.get("date", "")))
    parsed.references = re.findall(r"<[^<>\s]+>", f"{first.get('references', '')} {first.get('in-reply-to', '')}")
    _walk(message, parsed)
    return parsed


def _text(value: Any) -> str:
    text = re.sub(r"\r?\n", "", str(value)).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    try:
        return str(email.header.make_header(email.header.decode_header(text)))
    except (LookupError, UnicodeError, ValueError):
        return text


def _people(text: str) -> list[dict[str, Any]]:
    return [recipient(name, address) for name, address in getaddresses([text]) if address or name]


def _date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def _walk(message: Message, parsed: Parsed) -> None:
    """Find the body and what is attached. HTML is preferred, as Exchange prefers it."""
    bodies: dict[str, str] = {}
    for part in message.walk():
        if part.is_multipart() and part.get_content_type() != "message/rfc822":
            continue
        kind = part.get_content_type()
        attached = part.get_content_disposition() == "attachment" or part.get_filename() is not None
        if kind in ("text/plain", "text/html") and not attached and kind not in bodies:
            bodies[kind] = _decoded(part)
        elif part is not message or kind not in ("text/plain", "text/html"):
            content_id = str(part.get("Content-ID") or "").strip().strip("<>") or None
            inline = part.get_content_disposition() == "inline" or (content_id is not None and not attached)
            name = part.get_filename() or ("message.eml" if kind == "message/rfc822" else "attachment")
            parsed.parts.append(Part(name, kind, _octets(part), inline, content_id))
        if kind == "message/rfc822":
            break
    if "text/html" in bodies:
        parsed.values["body"] = {"contentType": "html", "content": bodies["text/html"]}
    elif "text/plain" in bodies:
        parsed.values["body"] = {"contentType": "text", "content": bodies["text/plain"]}


def _octets(part: Message) -> bytes:
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload()
        return inner[0].as_bytes() if isinstance(inner, list) and inner else b""  # type: ignore[union-attr]  # Message
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _decoded(part: Message) -> str:
    octets = _octets(part)
    try:
        return octets.decode(part.get_content_charset() or "utf-8", "replace")
    except LookupError:
        return octets.decode("latin-1")


def compose(
    values: Mapping[str, Any], headers: Iterable[tuple[str, str]], parts: Iterable[Part], date: datetime
) -> bytes:
    """The octets of a message that exists as properties."""
    message = EmailMessage(policy=_STRICT)
    for name, key in (("From", "from"), ("Sender", "sender"), ("Reply-To", "replyTo"), ("To", "toRecipients"),
                      ("Cc", "ccRecipients"), ("Bcc", "bccRecipients")):  # fmt: skip
        given = values.get(key)
        people = [given] if isinstance(given, dict) else given or []
        if people and not (name == "Sender" and values.get("from") == given):
            message[name] = [_address(one) for one in people]
    message["Subject"] = re.sub(r"[\r\n]+", " ", values.get("subject") or "")
    message["Date"] = format_datetime(date)
    message["Message-ID"] = values["internetMessageId"]
    if values.get("importance", "normal") != "normal":
        message["Importance"] = values["importance"]
    for name, value in headers:
        if name.lower() not in _MADE:
            message[name] = re.sub(r"[\r\n]+", " ", value)
    body = values.get("body") or {}
    subtype = "html" if str(body.get("contentType", "")).lower() == "html" else "plain"
    message.set_content(body.get("content") or "", subtype=subtype)
    for part in parts:
        main, _, sub = (part.content_type or "application/octet-stream").partition("/")
        if main in ("multipart", "message") or not sub:
            main, sub = "application", "octet-stream"
        message.add_attachment(
            part.content, maintype=main, subtype=sub, filename=part.name,
            disposition="inline" if part.inline else "attachment",
            cid=f"<{part.content_id}>" if part.content_id else None,
        )  # fmt: skip
    return message.as_bytes()


def _address(one: Mapping[str, Any]) -> Address:
    inner = one["emailAddress"]
    name = re.sub(r"[\r\n]+", " ", inner.get("name") or "")
    return Address(display_name=name, addr_spec=inner.get("address") or "")


def as_text(content: str) -> str:
    """An HTML body as plain text."""
    without = re.sub(r"(?is)<(head|style|script)\b.*?</\1>", "", content)
    broken = re.sub(r"(?i)<br\s*/?>|</(p|div|tr|h\d|li)>", "\r\n", without)
    return html.unescape(re.sub(r"(?s)<[^>]*>", "", broken)).strip()


def as_html(content: str) -> str:
    """A plain text body as HTML, as Exchange wraps it."""
    return f'<html><head></head><body><pre class="PlainText">{html.escape(content)}</pre></body></html>'
