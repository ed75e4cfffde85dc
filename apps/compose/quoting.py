"""What an answer or a forwarded message begins with: whom it goes to, its subject, the original as a quote."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final

from apps.mail import bodies
from apps.mail.models import Attachment, Message
from apps.mail.rows import attachment_json
from apps.providers.adapters import mime
from apps.providers.adapters.mime import addressing, plain
from apps.providers.models import ProviderAccount
from apps.users.models import User

from . import identities, wording
from .models import Identity, Mode

ANSWERED: Final = re.compile(r"(?:re|r|rif|aw|antw|sv|vs|odp)\s*(?:\[\d{1,3}\])?\s*[:\uff1a]", re.IGNORECASE)
FORWARDED: Final = re.compile(r"(?:fwd?|i|wg|tr|rv|enc)\s*(?:\[\d{1,3}\])?\s*[:\uff1a]", re.IGNORECASE)
QUOTE_STYLE: Final = "margin:0 0 0 0.8ex;border-left:1px solid #ccc;padding-left:1ex"
HTML_MOST: Final = 1_000_000
"""Characters of an original that are quoted; the rest is left out, as a reader would."""

People = list[dict[str, str]]


@dataclass(slots=True)
class Beginning:
    """What the server puts into a new draft."""

    identity: Identity
    to: People = field(default_factory=list)
    cc: People = field(default_factory=list)
    subject: str = ""
    quote: dict[str, str] | None = None
    in_reply_to: str = ""
    references: list[str] = field(default_factory=list)
    files: list[Attachment] = field(default_factory=list)


def begin(user: User, account: ProviderAccount, message: Message, mode: str) -> Beginning:
    """The beginning of an answer to a message, or of its forwarding. May ask the mail server for its text."""
    mail = mime.parse(bodies.raw(message), internal_date=message.received_at)
    held = list(Identity.objects.filter(account=account).order_by("-is_default", "created_at"))
    held = held or [identities.default_of(account)]
    own = {_key(one.address) for one in held} | {_key(account.address)}
    beginning = Beginning(_addressed(held, mail), quote=_quote(user, message, mail, mode))
    if mode == Mode.FORWARD:
        beginning.subject = _prefixed("Fwd: ", FORWARDED, mail.subject)
        beginning.files = list(message.attachments.order_by("id"))
        return beginning
    beginning.subject = _prefixed("Re: ", ANSWERED, mail.subject)
    mine = all(_key(one.address) in own for one in mail.from_) and bool(mail.from_)
    # Whoever answers their own message goes on writing to those they wrote to.
    target = mail.to if mine else (mail.reply_to or mail.from_ or mail.sender)
    beginning.to = _people(target, set())
    if mode == Mode.REPLY_ALL:
        taken = own | {_key(one["address"]) for one in beginning.to}
        others = _people(() if mine else mail.to, taken)
        beginning.to += others
        beginning.cc = _people(mail.cc, taken | {_key(one["address"]) for one in others})
    beginning.in_reply_to = mail.message_id
    beginning.references = [*mime.chain(mail), *([mail.message_id] if mail.message_id else [])]
    return beginning


def _key(address: str) -> str:
    """An address as it is compared: domains in one form, case aside."""
    try:
        return addressing.target(address).address.lower()
    except addressing.BadAddress:
        return address.strip().lower()


def _addressed(held: Sequence[Identity], mail: mime.ParsedMail) -> Identity:
    """The identity that the original was sent to, else the default."""
    to = {_key(one.address) for one in (*mail.to, *mail.cc, *mail.from_)}
    return next((one for one in held if _key(one.address) in to), held[0])


def _people(given: Sequence[mime.Address], without: set[str]) -> People:
    found: dict[str, dict[str, str]] = {}
    for one in given:
        key = _key(one.address)
        if one.address and key not in without:
            found.setdefault(key, {"name": one.name, "address": one.address})
    return list(found.values())


def _prefixed(prefix: str, there: re.Pattern[str], subject: str) -> str:
    subject = " ".join(subject.split())
    return subject if there.match(subject) else f"{prefix}{subject}".rstrip()


def _quote(user: User, message: Message, mail: mime.ParsedMail, mode: str) -> dict[str, str]:
    inner = _original(message, mail)
    if mode == Mode.FORWARD:
        head = _forwarded(user, mail, message)
        html = f"<div>{head}</div><br>{inner}"
    else:
        who = _who(mail)
        moment = mail.sent_at or message.at
        line = wording.of(user).wrote.format(date=wording.date(user, moment), who=who)
        html = (
            f'<div class="pm-attribution">{escape(line)}</div>'
            f'<blockquote type="cite" style="{QUOTE_STYLE}">{inner}</blockquote>'
        )
    return {"html": html, "text": plain.flowed(plain.from_html(html))}


def _who(mail: mime.ParsedMail) -> str:
    sender = next(iter(mail.from_ or mail.sender), None)
    if sender is None:
        return "?"
    return f"{sender.name} <{sender.address}>" if sender.name else sender.address


def _forwarded(user: User, mail: mime.ParsedMail, message: Message) -> str:
    words = wording.of(user)
    lines = [
        words.forwarded,
        f"{words.sender}: {_who(mail)}",
        f"{words.sent}: {wording.date(user, mail.sent_at or message.at)}",
        f"{words.subject}: {mail.subject}",
        f"{words.to}: {_names(mail.to)}",
        *([f"{words.cc}: {_names(mail.cc)}"] if mail.cc else []),
    ]
    return "<br>".join(escape(line) for line in lines)


def _names(people: Sequence[mime.Address]) -> str:
    shown = [f"{one.name} <{one.address}>" if one.name else one.address for one in people[:50]]
    return ", ".join(shown + (["…"] if len(people) > 50 else []))


def _original(message: Message, mail: mime.ParsedMail) -> str:
    """The original as it was shown: cleaned, its own pictures by our addresses, remote ones not fetched."""
    if mail.html is None or len(mail.html) > HTML_MOST:
        return mime.text_to_html(mail.text[:HTML_MOST])
    by_cid = {item.content_id: item for item in message.attachments.all() if item.content_id}

    def url(content_id: str) -> str | None:
        item = by_cid.get(content_id)
        return f"/api/v1/attachments/{item.pk}/inline" if item else None

    return mime.sanitise(mail.html, cid_url=url, allow_remote=False).html


def as_json(account: ProviderAccount, message: Message, mode: str, beginning: Beginning) -> dict[str, Any]:
    """What `GET messages/<id>/reply` answers."""
    return {
        "account_id": str(account.pk),
        "identity_id": str(beginning.identity.pk),
        "mode": mode,
        "source_message_id": str(message.pk),
        "thread_id": str(message.thread_id) if mode != Mode.FORWARD else None,
        "to": beginning.to,
        "cc": beginning.cc,
        "bcc": [],
        "subject": beginning.subject,
        "quote": beginning.quote,
        "include_quote": True,
        "attachments": [attachment_json(item) for item in beginning.files],
        "in_reply_to": beginning.in_reply_to,
        "references": beginning.references,
    }
