"""A message's bytes: from its sealed pack, or from the server for what was left there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from apps.core import blobs
from apps.core.problems import Problem
from apps.providers import connections
from apps.providers.accounts import iso
from apps.providers.adapters import mime
from apps.providers.adapters.errors import AdapterError, NotFound, Rejected
from apps.providers.models import AccountStatus
from apps.tenants import context, keys

from .images import links as image_links
from .models import Attachment, Mailbox, Message, Placement
from .prepare import blob_context

SHOWN_INLINE: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})


@dataclass(frozen=True, slots=True)
class File:
    """An attachment's bytes and how to name them."""

    content_type: str
    filename: str
    data: bytes


def _unavailable(why: str) -> Problem:
    return Problem(409, "body_unavailable", why)


def raw(message: Message) -> bytes:
    """The stored bytes: the whole message, or its skeleton. Raises the 409 problem `body_unavailable`."""
    if message.unreadable:
        raise _unavailable("The mail server lists this message but does not hand it out. It is asked again later.")
    ref = blobs.BlobRef(message.pack, message.pack_offset, message.pack_length)
    try:
        return blobs.read(keys.all_of(context.current()), ref, blob_context(message.pk))
    except blobs.BlobMissing:
        return _from_server(message)


def whole(message: Message) -> bytes:
    """The complete message as the server has it."""
    return raw(message) if message.complete else _from_server(message)


def _place(message: Message) -> tuple[Mailbox, int]:
    # Also one that a command takes away: until it is executed, the provider has it there.
    found = Placement.objects.select_related("mailbox").filter(message=message, uid__gt=0).first()
    if found is None:
        raise _unavailable("This message is in no mailbox of the mail server now. Try again in a moment.")
    return found.mailbox, found.uid


def _from_server(message: Message) -> bytes:
    box, uid = _place(message)
    return _ask(message, lambda adapter: adapter.fetch(box.remote_id, box.epoch, uid))


def _ask(message: Message, question: Any) -> bytes:
    from .kind import MailKind

    if message.account.status != AccountStatus.ACTIVE:
        # Another log-in with credentials that are refused could lock the account at its provider.
        raise _unavailable(
            "This part of the message is still at the mail server. Connect the account again to read it."
        )
    try:
        with connections.adapter(message.account, MailKind()) as adapter:
            data: bytes = question(adapter)
            return data
    except NotFound:
        raise _unavailable("The message was removed from the mail server.") from None
    except Rejected as error:
        raise _unavailable(f"The mail server does not hand this out: {error.reason}.") from None
    except AdapterError as error:
        raise _unavailable(f"The mail server cannot be asked now ({error.reason}). Try again in a while.") from None


def shown(message: Message, *, images: bool) -> dict[str, Any]:
    """The body for reading: sanitised HTML with its styles, and the text with its quotes marked.

    With `images`, remote images are addressed through our proxy until `images_until`; without,
    `images_waiting` counts those that could be shown.
    """
    mail = mime.parse(raw(message), internal_date=message.received_at)
    folded = mime.fold_quotes(mail.text)
    answer: dict[str, Any] = {
        "html": "",
        "css": "",
        "blocked_remote": 0,
        "trackers": 0,
        "images": False,
        "images_waiting": 0,
        "images_until": None,
        "text": mail.text,
        "quoted_from": folded.quoted[0][0] if folded.quoted else None,
        "from_html": mail.html is not None,
    }
    if mail.html is not None:
        until = image_links.lapses_at()
        safe = sanitised(message, mail.html, _inline_path, until if images else None)
        answer |= {
            "html": safe.html,
            "css": safe.css,
            "blocked_remote": safe.blocked_remote,
            "trackers": safe.trackers,
            "images": images,
            # Values of attributes have their quotes escaped, so this is an attribute and nothing else.
            "images_waiting": safe.html.count(' data-src="'),
            "images_until": iso(datetime.fromtimestamp(until, UTC)) if images else None,
        }
    return answer


def _inline_path(attachment: Attachment) -> str:
    return f"/api/v1/attachments/{attachment.pk}/inline"


def sanitised(
    message: Message, html: str, inline_url: Callable[[Attachment], str], images_until: int | None
) -> mime.SafeHtml:
    """A message's HTML made safe to show: its own pictures where `inline_url` says, remote ones through our proxy.

    `images_until` is when links to remote images lapse, in seconds since 1970; None leaves the images out.
    """
    by_cid = {item.content_id: item for item in message.attachments.all() if item.content_id}
    tenant_id = context.current().pk

    def cid_url(content_id: str) -> str | None:
        item = by_cid.get(content_id)
        return inline_url(item) if item and item.content_type in SHOWN_INLINE else None

    def remote_url(url: str) -> str:
        return image_links.sign(tenant_id, message.pk, url, images_until or 0)

    return mime.sanitise(html, cid_url=cid_url, allow_remote=images_until is not None, remote_url=remote_url)


def file(attachment: Attachment) -> File:
    """An attachment's decoded bytes, fetched from the server when it was left there."""
    message = attachment.message
    try:
        found = mime.part(raw(message), attachment.section)
        return File(found.content_type, attachment.filename or found.filename, found.data)
    except mime.PartOmitted as omitted:
        box, uid = _place(message)
        section = omitted.section
        encoded = _ask(message, lambda adapter: adapter.fetch_part(box.remote_id, box.epoch, uid, section))
        found = mime.decode_part(omitted.headers, encoded)
        return File(found.content_type, attachment.filename or found.filename, found.data)
    except mime.PartNotFound:
        raise _unavailable("This part is no longer in the message.") from None
