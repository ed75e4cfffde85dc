"""Attachments: small ones in one request, large ones in pieces through an upload session."""

import base64
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from tests.fakes.microsoft.call import Call, empty, handler
from tests.fakes.microsoft.clock import graph_time
from tests.fakes.microsoft.errors import refuse
from tests.fakes.microsoft.listing import list_reply
from tests.fakes.microsoft.mail_views import attachment_view
from tests.fakes.microsoft.mailbox import ID, Attachment, Mailbox, Message
from tests.fakes.microsoft.tokens import Access
from tests.fakes.microsoft.web import Reply, json_reply

SMALL: Final = 3 * 1024 * 1024
LARGE: Final = 150 * 1024 * 1024
PIECE: Final = 4 * 1024 * 1024
SESSION_LIFE: Final = timedelta(hours=1)
_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


@dataclass(slots=True)
class Upload:
    """A session that waits for the next piece."""

    access: Access
    mailbox: Mailbox
    message: Message
    item: dict[str, Any]
    until: datetime
    received: bytearray
    path: str


def _message(call: Call) -> Message:
    inside = call.container("mail") if "folder" in call.params else None
    found = call.item(call.params["message"], Message, inside)
    assert isinstance(found, Message)
    return found


def _attachment(call: Call) -> Attachment:
    wanted = call.params["attachment"]
    if not ID.fullmatch(wanted):
        raise refuse("malformed id")
    for one in _message(call).attachments:
        if one.id == wanted:
            return one
    raise refuse("item")


def attached(mailbox: Mailbox, body: dict[str, Any]) -> Attachment:
    """A file attachment of its properties. Raises when it is of another kind, or too large for one request."""
    if body.get("@odata.type") != "#microsoft.graph.fileAttachment":
        raise refuse("missing", name="@odata.type")
    content = base64.b64decode(body["contentBytes"])
    if len(content) > SMALL:
        raise refuse("attachment size")
    return Attachment(
        mailbox.new_id(), body["name"], body.get("contentType") or "application/octet-stream", content,
        bool(body.get("isInline")), body.get("contentId"), mailbox.clock.now(),
    )  # fmt: skip


def put(mailbox: Mailbox, message: Message, attachment: Attachment) -> None:
    """Hang it on the message."""
    message.attachments.append(attachment)
    message.raw = None
    mailbox.changed(message, ["attachments", "hasAttachments"])


@handler
def attachment_list(call: Call) -> Reply:
    """The attachments of a message."""
    return list_reply(call, _message(call).attachments, attachment_view)


@handler
def attachment_get(call: Call) -> Reply:
    """One attachment."""
    return call.reply(200, attachment_view(_attachment(call)))


@handler
def attachment_content(call: Call) -> Reply:
    """Its octets."""
    one = _attachment(call)
    return Reply(200, one.content, {"Content-Type": one.content_type})


@handler
def attachment_add(call: Call) -> Reply:
    """A small one."""
    message = _message(call)
    made = attached(call.mailbox, call.body)
    put(call.mailbox, message, made)
    return call.reply(201, attachment_view(made))


@handler
def attachment_delete(call: Call) -> Reply:
    """Take one off."""
    message, one = _message(call), _attachment(call)
    # The octets that came still hold it; what is left of the message is written anew.
    message.raw = None
    message.attachments.remove(one)
    call.mailbox.changed(message, ["attachments", "hasAttachments"])
    return empty(204)


# Upload sessions


@handler
def upload_create(call: Call) -> Reply:
    """Begin a session for a large file."""
    message, item = _message(call), call.body["AttachmentItem"]
    if item["attachmentType"] != "file":
        raise refuse("parameter", name="attachmentType", what=item["attachmentType"])
    if item["size"] < SMALL:
        raise refuse("small session")
    if item["size"] > LARGE:
        raise refuse("attachment size")
    key = call.mailbox.new_guid()
    path = f"{call.origin}{call.request.path.removesuffix('/createUploadSession')}"
    until = call.now + SESSION_LIFE
    call.graph.uploads[key] = Upload(call.access, call.mailbox, message, item, until, bytearray(), path)
    return json_reply(201, _state(call, key))


def _state(call: Call, key: str) -> dict[str, Any]:
    upload = call.graph.uploads[key]
    return {
        "@odata.context": f"{call.origin}/v1.0/$metadata#microsoft.graph.uploadSession",
        "uploadUrl": f"{call.origin}/v1.0/uploads/{key}",
        "expirationDateTime": graph_time(upload.until),
        "nextExpectedRanges": [f"{len(upload.received)}-"],
    }


def _session(call: Call) -> Upload:
    upload = call.graph.uploads.get(call.params["upload"])
    if upload is None or upload.until <= call.now or upload.message.id not in upload.mailbox.items:
        raise refuse("upload session")
    return upload


@handler
def upload_state(call: Call) -> Reply:
    """How far it is."""
    _session(call)
    return json_reply(200, _state(call, call.params["upload"]))


@handler
def upload_cancel(call: Call) -> Reply:
    """End it without an attachment."""
    _session(call)
    del call.graph.uploads[call.params["upload"]]
    return empty(204)


@handler
def upload_put(call: Call) -> Reply:
    """The next piece; the last one makes the attachment."""
    upload, content = _session(call), call.request.body
    given = _RANGE.fullmatch(call.request.header("content-range"))
    if given is None:
        raise refuse("content range")
    first, last, total = map(int, given.groups())
    if last - first + 1 != len(content) or total != upload.item["size"] or last >= total:
        raise refuse("content range")
    if len(content) > PIECE:
        raise refuse("large")
    if first != len(upload.received):
        raise refuse("upload range")
    upload.received += content
    if len(upload.received) < total:
        return json_reply(200, _state(call, call.params["upload"]))
    item, mailbox = upload.item, upload.mailbox
    made = Attachment(
        mailbox.new_id(), item["name"], item.get("contentType") or "application/octet-stream", bytes(upload.received),
        bool(item.get("isInline")), item.get("contentId"), call.now,
    )  # fmt: skip
    put(mailbox, upload.message, made)
    del call.graph.uploads[call.params["upload"]]
    return Reply(201, b"", {"Location": f"{upload.path}('{made.id}')"})
