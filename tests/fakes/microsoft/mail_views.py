"""How mail folders, messages and attachments look to a caller."""

import base64
from collections.abc import Mapping
from typing import Any, Final

from tests.fakes.microsoft import mime
from tests.fakes.microsoft.call import Call, etag, shape
from tests.fakes.microsoft.clock import graph_time
from tests.fakes.microsoft.mailbox import Attachment, Container, Mailbox, Message
from tests.fakes.microsoft.query import Query
from tests.fakes.microsoft.resources.mail import ATTACHMENT

View = dict[str, Any]
PREVIEW: Final = 255


def folder_view(mailbox: Mailbox, folder: Container) -> View:
    """A mail folder with its counters."""
    held = [item for item in mailbox.inside(folder) if isinstance(item, Message)]
    view: View = {
        "id": folder.id,
        "displayName": folder.name,
        "parentFolderId": folder.parent or folder.id,
        "childFolderCount": len([child for child in mailbox.children(folder) if not child.hidden]),
        "unreadItemCount": sum(not message.values["isRead"] for message in held),
        "totalItemCount": len(held),
        "sizeInBytes": sum(len(message.raw or b"") for message in held),
        "isHidden": folder.hidden,
    }
    return ({"@odata.type": "#microsoft.graph.mailSearchFolder"} if folder.search else {}) | view


def attachment_view(attachment: Attachment, *, content: bool = True) -> View:
    """An attachment, with its octets unless it is a line of a list that leaves them out."""
    view: View = {
        "@odata.type": attachment.kind,
        "id": attachment.id,
        "lastModifiedDateTime": graph_time(attachment.modified) if attachment.modified else None,
        "name": attachment.name,
        "contentType": attachment.content_type,
        "size": len(attachment.content),
        "isInline": attachment.inline,
    }
    if attachment.kind == "#microsoft.graph.fileAttachment":
        view |= {"contentId": attachment.content_id, "contentLocation": None}
        if content:
            view["contentBytes"] = base64.b64encode(attachment.content).decode()
    return view


def body_view(body: Mapping[str, Any] | None, preferred: str) -> View:
    """A body in the form that is preferred; without a preference Exchange shows HTML."""
    kind = str((body or {}).get("contentType") or "text").lower()
    content = str((body or {}).get("content") or "")
    wanted = preferred or "html"
    if kind == wanted:
        return {"contentType": kind, "content": content}
    return {"contentType": wanted, "content": mime.as_text(content) if wanted == "text" else mime.as_html(content)}


def preview(body: Mapping[str, Any] | None) -> str:
    """The first words of a body."""
    text = body_view(body, "text")["content"]
    return str(text)[:PREVIEW]


def message_view(call: Call, message: Message, query: Query) -> View:
    """All that can be shown of a message; the caller's selection is made later."""
    values = message.values
    view: View = {
        "@odata.etag": etag(message.change_key),
        "id": call.id_of(message),
        "createdDateTime": graph_time(message.created),
        "lastModifiedDateTime": graph_time(message.modified),
        "changeKey": message.change_key,
        "hasAttachments": any(not one.inline for one in message.attachments),
        "bodyPreview": preview(values.get("body")),
        "parentFolderId": message.parent,
        "webLink": f"https://outlook.office365.com/owa/?ItemID={message.id[-24:]}&exvsurl=1&viewmodel=ReadMessageItem",
        "uniqueBody": body_view(values.get("body"), call.prefer.body),
        "internetMessageHeaders": [{"name": name, "value": value} for name, value in message.headers],
    }
    view = values | view | {"body": body_view(values.get("body"), call.prefer.body)}
    if values["isDraft"] and not values.get("from"):
        view |= {"from": None, "sender": None}
    if "attachments" in query.expand:
        select = query.expand_attachments
        view["attachments"] = [shape(ATTACHMENT, attachment_view(one), select) for one in message.attachments]
    return view | extended_view(message.extended, query)


def extended_view(extended: Mapping[str, str], query: Query) -> View:
    """The extended properties that were asked for, where the item has them."""
    wanted = {name.lower() for name in query.expand_extended}
    found = [{"id": name, "value": value} for name, value in extended.items() if name.lower() in wanted]
    return {"singleValueExtendedProperties": found} if found else {}


def mime_of(message: Message) -> bytes:
    """The message's octets: those that came, or those that its properties make."""
    if message.raw is not None:
        return message.raw
    parts = (
        mime.Part(one.name, one.content_type, one.content, one.inline, one.content_id) for one in message.attachments
    )
    return mime.compose(message.values, message.headers, parts, message.created)
