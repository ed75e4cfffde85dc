"""Messages: listed, followed, read, made as drafts, changed, moved, copied and deleted."""

import copy
import re
from collections.abc import Iterable
from typing import Any, Final, cast

from tests.fakes.microsoft.attachments import attached
from tests.fakes.microsoft.call import Call, empty, handler
from tests.fakes.microsoft.clock import graph_time
from tests.fakes.microsoft.deltas import Tracked, View, delta_reply
from tests.fakes.microsoft.errors import refuse
from tests.fakes.microsoft.extended import extended_of
from tests.fakes.microsoft.listing import effective, list_reply
from tests.fakes.microsoft.mail_views import message_view, mime_of
from tests.fakes.microsoft.mailbox import Container, Mailbox, Message
from tests.fakes.microsoft.post import from_mime, new_message
from tests.fakes.microsoft.query import Query
from tests.fakes.microsoft.resources.mail import MESSAGE
from tests.fakes.microsoft.web import Reply

MESSAGE_ID: Final = re.compile(r"<[^<>\s@]+@[^<>\s@]+>")
ADDRESS: Final = re.compile(r"[^@\s<>]+@[^@\s<>]+")
HEADERS: Final = 5
_RECIPIENTS: Final = ("toRecipients", "ccRecipients", "bccRecipients", "replyTo")


def the_message(call: Call) -> Message:
    """The message that the path names. Raises when it is not there, or not in the path's folder."""
    inside = call.container("mail") if "folder" in call.params else None
    return cast("Message", call.item(call.params["message"], Message, inside))


@handler
def message_list(call: Call) -> Reply:
    """Messages of a folder or of all, the newest first unless another order is asked for."""
    mailbox, query = call.mailbox, effective(call)
    if "folder" in call.params:
        held: Iterable[Any] = mailbox.inside(call.container("mail"))
    else:
        held = mailbox.messages()
    newest = sorted(held, key=lambda one: str(one.values["receivedDateTime"]), reverse=True)
    return list_reply(call, newest, lambda message: message_view(call, message, query))


@handler
def message_delta(call: Call) -> Reply:
    """What changed in one folder."""
    mailbox, folder = call.mailbox, call.container("mail")

    def view(name: str, query: Query) -> View | None:
        message = mailbox.items.get(name)
        if not isinstance(message, Message) or message.parent != folder.id:
            return None
        return message_view(call, message, query)

    def ids() -> list[str]:
        newest = sorted(mailbox.inside(folder), key=lambda one: str(one.values["receivedDateTime"]), reverse=True)
        return [message.id for message in newest]

    return delta_reply(call, Tracked(folder.id, ids, view))


@handler
def message_get(call: Call) -> Reply:
    """One message."""
    message = the_message(call)
    return call.reply(200, message_view(call, message, call.query))


@handler
def message_mime(call: Call) -> Reply:
    """Its octets."""
    return Reply(200, mime_of(the_message(call)), {"Content-Type": "text/plain"})


# Drafts


def check_content(values: dict[str, Any]) -> None:
    """Look at what types cannot say. Raises the refusal of the first thing that is wrong."""
    headers = values.get("internetMessageHeaders") or []
    for header in headers:
        if not header["name"].lower().startswith("x-"):
            raise refuse("header name", name=header["name"])
    if len(headers) > HEADERS:
        raise refuse("header count")
    if values.get("internetMessageId") and not MESSAGE_ID.fullmatch(values["internetMessageId"]):
        raise refuse("message id", value=values["internetMessageId"])
    for key in _RECIPIENTS:
        for one in values.get(key) or []:
            if not ADDRESS.fullmatch(one["emailAddress"].get("address") or ""):
                raise refuse("recipient")


def from_json(call: Call, folder: str, body: dict[str, Any]) -> Message:
    """A draft that came as properties, not in its folder yet."""
    check_content(body)
    values = {name: value for name, value in body.items() if name not in _APART and value is not None}
    message = new_message(call.mailbox, folder, values | {"isDraft": True, "isRead": True})
    message.headers = [(one["name"], one["value"]) for one in body.get("internetMessageHeaders") or []]
    message.attachments = [attached(call.mailbox, one) for one in body.get("attachments") or []]
    message.extended = extended_of(body)
    return message


_APART: Final = ("internetMessageHeaders", "attachments", "singleValueExtendedProperties", "@odata.type")


@handler
def message_create(call: Call) -> Reply:
    """A draft, in Drafts or the folder that is named."""
    folder = call.container("mail") if "folder" in call.params else call.mailbox.well_known("drafts")
    if call.mime is not None:
        message = from_mime(call.mailbox, folder.id, call.mime, draft=True)
    else:
        message = from_json(call, folder.id, call.body)
    call.mailbox.add(message)
    return call.reply(201, message_view(call, message, call.query))


@handler
def message_update(call: Call) -> Reply:
    """Change properties; those of the content only while it is a draft."""
    message = the_message(call)
    call.check_match(message.change_key)
    for name in call.body:
        wanted = MESSAGE.properties.get(name)
        if wanted is not None and "d" in wanted.access and not message.values["isDraft"]:
            raise refuse("not a draft", name=name)
    check_content(call.body)
    write(call.mailbox, message, call.body)
    return call.reply(200, message_view(call, message, call.query))


def write(mailbox: Mailbox, message: Message, changes: dict[str, Any]) -> None:
    """Write properties of a message."""
    message.extended |= extended_of(changes)
    plain = {name: value for name, value in changes.items() if name not in _APART}
    message.values |= {name: [] if value is None and name in _RECIPIENTS else value for name, value in plain.items()}
    if "internetMessageId" in plain:
        mailbox.by_message_id[plain["internetMessageId"]] = message
    if any("d" in MESSAGE.properties[name].access for name in plain):
        # What came as octets is no longer what the message says; its other headers stay.
        message.raw = None
    mailbox.changed(message, changes)


# Moving and deleting


@handler
def message_move(call: Call) -> Reply:
    """To another folder; the immutable id stays."""
    message, target = the_message(call), call.container("mail", call.body["destinationId"])
    call.check_match(message.change_key)
    call.mailbox.move(message, target)
    return call.reply(201, message_view(call, message, call.query))


@handler
def message_copy(call: Call) -> Reply:
    """A new message in another folder."""
    message, target = the_message(call), call.container("mail", call.body["destinationId"])
    made = copied(call.mailbox, message, target)
    return call.reply(201, message_view(call, made, call.query))


def copied(mailbox: Mailbox, message: Message, target: Container) -> Message:
    """A copy of the message in a folder."""
    made = new_message(mailbox, target.id, copy.deepcopy(message.values))
    made.headers, made.raw, made.extended = list(message.headers), message.raw, dict(message.extended)
    made.attachments = [copy.copy(one) for one in message.attachments]
    for one in made.attachments:
        one.id = mailbox.new_id()
    mailbox.add(made)
    return made


@handler
def message_delete(call: Call) -> Reply:
    """Into Deleted Items; from there into what can still be recovered."""
    message = the_message(call)
    call.check_match(message.change_key)
    delete(call.mailbox, message, call.graph.behaviour.delete_goes_to)
    return empty(204)


def delete(mailbox: Mailbox, message: Message, goes_to: str) -> None:
    """Delete a message as Outlook does; what was deleted twice can only be recovered, and thrice is gone."""
    trash, dumpster = mailbox.well_known("deleteditems"), mailbox.well_known("recoverableitemsdeletions")
    if message.parent == dumpster.id:
        mailbox.remove(message)
    elif mailbox.containers[message.parent] in list(mailbox.below(trash)):
        mailbox.move(message, dumpster)
    else:
        mailbox.move(message, mailbox.well_known(goes_to))


@handler
def message_purge(call: Call) -> Reply:
    """Gone for good."""
    call.mailbox.remove(the_message(call))
    return empty(204)


def stamp(message: Message, mailbox: Mailbox) -> None:
    """Say when the message was sent: now."""
    now = graph_time(mailbox.clock.now())
    message.values |= {"sentDateTime": now, "receivedDateTime": now}
