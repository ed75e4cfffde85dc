"""Pages to print: a message or a conversation with its headers, in the person's language and time.

The page is no part of the client. Nothing in it runs, each mail's styles stay in a shadow root of its
own, and its images are those that the reader was showing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core import signing
from django.template.loader import render_to_string
from django.utils import timezone, translation

from apps.core.problems import Problem, not_found
from apps.providers.adapters import mime
from apps.tenants import context
from apps.users.members import Member

from . import bodies, events, links
from .images import links as image_links
from .images import senders
from .models import Attachment, Message, Thread

SALT: Final = "mail.print"
LIVES: Final = 300
MOST: Final = 200
"""Messages of a conversation that are printed, the newest."""

WORDS: Final = {
    "en": {
        "to": "To", "cc": "Cc", "bcc": "Bcc", "none": "(no subject)", "nobody": "(no sender)", "file": "Attachment",
        "files": "Attachments", "messages": "messages", "cut": f"Only the newest {MOST} messages are printed.",
        "empty": "This message has no text.", "lapsed": "This page has lapsed",
        "again": "Close it and choose “Print” again.",
    },
    "it": {
        "to": "A", "cc": "Cc", "bcc": "Ccn", "none": "(senza oggetto)", "nobody": "(senza mittente)",
        "file": "Allegato", "files": "Allegati", "messages": "messaggi",
        "cut": f"Sono stampati solo gli ultimi {MOST} messaggi.",
        "empty": "Questo messaggio non ha testo.", "lapsed": "Questa pagina è scaduta",
        "again": "Chiudila e scegli di nuovo «Stampa».",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Printed:
    """One message as the template takes it; `html` and `css` are safe to be put into the page."""

    sender: dict[str, str]
    people: Sequence[tuple[str, Sequence[dict[str, str]]]]
    at: datetime
    html: str
    css: str
    problem: str
    files: Sequence[Attachment]


def of_message(member: Member, message: Message, images: Iterable[UUID]) -> str:
    """The path of a page with one message, good for five minutes."""
    return _sign(member, "message", message.pk, {message.pk} & set(images) | _allowed(member, [message]))


def of_thread(member: Member, thread: Thread, images: Iterable[UUID]) -> str:
    """The path of a page with a conversation, likewise."""
    messages = list(_messages_of(thread.pk))
    asked = {message.pk for message in messages} & set(images)
    return _sign(member, "thread", thread.pk, asked | _allowed(member, messages))


def _allowed(member: Member, messages: Iterable[Message]) -> set[UUID]:
    listed = set(senders.all_of(member))
    return {message.pk for message in messages if senders.sender_of(message) in listed}


def _messages_of(thread_id: UUID) -> Sequence[Message]:
    found = Message.objects.filter(thread_id=thread_id, orphaned_at__isnull=True).order_by("-at", "-id")
    return list(found[: MOST + 1])[::-1]


def _sign(member: Member, what: str, pk: UUID, images: set[UUID]) -> str:
    user = member.user
    shown = sorted(image.hex for image in images)
    claims = [member.tenant.pk.hex, what, pk.hex, shown, user.locale, user.timezone]
    return f"/mail/print/{signing.dumps(claims, salt=SALT, compress=True)}"


def page(token: str) -> str:
    """The page that a link names. Raises the 404 problem for one that is forged, lapsed, or whose mail is gone."""
    try:
        tenant_id, what, pk, images, locale, zone = signing.loads(token, salt=SALT, max_age=LIVES)
    except signing.BadSignature:
        raise Problem(404, "link_lapsed", "This page has lapsed. Choose “Print” again.") from None
    try:
        with context.open(context.get(UUID(tenant_id))):
            wanted = frozenset(UUID(image) for image in images)
            return _thread(UUID(pk), wanted, locale, zone) if what == "thread" else _one(UUID(pk), wanted, locale, zone)
    except context.TenantClosed:
        raise not_found("message") from None


def _one(message_id: UUID, images: frozenset[UUID], locale: str, zone: str) -> str:
    found = list(Message.objects.filter(pk=message_id))
    return _rendered(found, images, locale, zone)


def _thread(thread_id: UUID, images: frozenset[UUID], locale: str, zone: str) -> str:
    return _rendered(_messages_of(thread_id), images, locale, zone)


def _rendered(messages: Sequence[Message], images: frozenset[UUID], locale: str, zone: str) -> str:
    if not messages:
        raise not_found("message")
    cut, messages = len(messages) > MOST, messages[-MOST:]
    words, language = words_of(locale), locale if locale in WORDS else "en"
    files = events.attachments([message.pk for message in messages])
    filled = {
        "locale": language,
        "words": words,
        "subject": messages[0].subject or words["none"],
        "cut": cut,
        "messages": [_printed(one, one.pk in images, files[one.pk], words) for one in messages],
    }
    with translation.override(language), timezone.override(_zone(zone)):
        return render_to_string("mail/print.html", filled)


def words_of(locale: str) -> dict[str, str]:
    """The page's own words."""
    return WORDS.get(locale, WORDS["en"])


def _zone(name: str) -> tzinfo | str:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"


def _printed(message: Message, images: bool, files: Sequence[Attachment], words: dict[str, str]) -> Printed:
    html = css = problem = ""
    try:
        html, css = _content(message, images)
    except Problem as error:  # the others are printed all the same
        problem = str(error.detail)
    recipients: dict[str, Any] = message.recipients
    return Printed(
        sender=next(iter(message.senders), {"name": words["nobody"], "address": ""}),
        people=[(words[kind], recipients[kind]) for kind in ("to", "cc", "bcc") if recipients.get(kind)],
        at=message.at,
        html=html,
        css=css,
        problem=problem,
        files=[item for item in files if not item.inline],
    )


def _content(message: Message, images: bool) -> tuple[str, str]:
    mail = mime.parse(bodies.raw(message), internal_date=message.received_at)
    if mail.html is None:
        return (mime.text_to_html(mail.text) if mail.text.strip() else ""), ""
    tenant_id = context.current().pk
    safe = bodies.sanitised(
        message,
        mail.html,
        lambda item: f"{links.sign(tenant_id, item.pk)}?inline=1",
        image_links.lapses_at() if images else None,
    )
    return safe.html, safe.css
