"""Sending: drafts, `sendMail`, and the drafts that answer or forward a message."""

import copy
from typing import Any

from tests.fakes.microsoft import mime
from tests.fakes.microsoft.call import Call, empty, handler
from tests.fakes.microsoft.errors import refuse
from tests.fakes.microsoft.mail_views import body_view, message_view, mime_of
from tests.fakes.microsoft.mailbox import Mailbox, Message
from tests.fakes.microsoft.messages import ADDRESS, check_content, from_json, stamp, the_message
from tests.fakes.microsoft.post import (
    from_mime,
    new_message,
    new_message_id,
    post,
    recipients_of,
    with_identity,
)
from tests.fakes.microsoft.web import Reply


def _check_sending(call: Call, message: Message) -> None:
    """May it be sent, by this person, to these? Raises when not."""
    mailbox, values = call.mailbox, message.values
    sender = mime.addresses([values["from"]] if values.get("from") else [])
    if sender and sender[0] and sender[0].lower() not in mailbox.person.addresses:
        raise refuse("send as")
    recipients = recipients_of(values)
    if not recipients:
        raise refuse("recipients")
    if not all(ADDRESS.fullmatch(address) for address in recipients):
        raise refuse("recipient")
    if len(mime_of(message)) > call.graph.behaviour.message_size:
        raise refuse("large")
    call.graph.throttle.sent((call.access.app.id, mailbox.person.id), len(recipients))


def _hand_in(call: Call, message: Message) -> None:
    with_identity(call.mailbox, message)
    stamp(message, call.mailbox)
    post(call.graph, call.mailbox, message)


@handler
def message_send(call: Call) -> Reply:
    """Send a draft: it leaves Drafts, and its copy is in Sent Items a moment later."""
    draft, mailbox, behaviour = the_message(call), call.mailbox, call.graph.behaviour
    if not draft.values["isDraft"]:
        raise refuse("sent already")
    call.check_match(draft.change_key)
    _check_sending(call, draft)
    if not behaviour.sent_keeps_message_id:
        draft.values["internetMessageId"], draft.raw = new_message_id(mailbox), None
    _hand_in(call, draft)
    draft.values |= {"isDraft": False, "isRead": True}
    sent_items = mailbox.well_known("sentitems")
    if behaviour.sent_keeps_id and not behaviour.sent_copy_after:
        mailbox.move(draft, sent_items)
        return empty(202)
    made = copy.deepcopy(draft.values), list(draft.headers), mime_of(draft), list(draft.attachments), draft.id
    mailbox.remove(draft)

    def appear() -> None:
        message = new_message(mailbox, sent_items.id, made[0])
        message.headers, message.raw, message.attachments = made[1], made[2], made[3]
        if behaviour.sent_keeps_id:
            message.id = made[4]
        mailbox.add(message)

    call.graph.later(behaviour.sent_copy_after, appear)
    return empty(202)


@handler
def send_mail(call: Call) -> Reply:
    """Send at once. Nothing tells the id of the copy."""
    mailbox = call.mailbox
    sent_items = mailbox.well_known("sentitems")
    if call.mime is not None:
        message = from_mime(mailbox, sent_items.id, call.mime, draft=False)
    else:
        message = from_json(call, sent_items.id, call.body["message"])
    message.values |= {"isDraft": False, "isRead": True}
    _check_sending(call, message)
    _hand_in(call, message)
    if call.body.get("saveToSentItems", True):
        call.graph.later(call.graph.behaviour.sent_copy_after, lambda: mailbox.add(message))
    return empty(202)


# Answers


def _respond(call: Call, original: Message, prefix: str, recipients: dict[str, Any], *, forward: bool = False) -> Reply:
    mailbox = call.mailbox
    if call.mime is not None:
        draft = from_mime(mailbox, mailbox.well_known("drafts").id, call.mime, draft=True)
    else:
        draft = _answer(call, original, prefix, recipients, forward=forward)
    draft.values["conversationId"] = original.values["conversationId"]
    draft.values["conversationIndex"] = original.values["conversationIndex"]
    mailbox.add(draft)
    return call.reply(201, message_view(call, draft, call.query))


def _answer(call: Call, original: Message, prefix: str, recipients: dict[str, Any], *, forward: bool) -> Message:
    mailbox, body = call.mailbox, call.body
    if "comment" in body and "body" in (body.get("message") or {}):
        raise refuse("parameter", name="comment", what="both a comment and a body are given")
    subject = original.values.get("subject") or ""
    if not subject.lower().startswith(prefix.lower()):
        subject = f"{prefix}{subject}"
    quoted = body_view(original.values.get("body"), "html")["content"]
    content = f"<html><body>{body.get('comment') or ''}<hr>{quoted}</body></html>"
    values = {"subject": subject, "body": {"contentType": "html", "content": content}, **recipients}
    draft = new_message(mailbox, mailbox.well_known("drafts").id, values | {"isDraft": True, "isRead": True})
    draft.headers = _threading(original)
    if forward:
        draft.attachments = [copy.copy(one) for one in original.attachments]
        for one in draft.attachments:
            one.id = mailbox.new_id()
    changes = {name: value for name, value in (body.get("message") or {}).items() if value is not None}
    check_content(changes)
    draft.values |= {name: value for name, value in changes.items() if name not in ("internetMessageHeaders",)}
    draft.headers += [(one["name"], one["value"]) for one in changes.get("internetMessageHeaders") or []]
    return draft


def _threading(original: Message) -> list[tuple[str, str]]:
    parent = str(original.values.get("internetMessageId") or "")
    before = next((value for name, value in original.headers if name.lower() == "references"), "")
    return [("In-Reply-To", parent), ("References", f"{before} {parent}".strip())]


def _others(mailbox: Mailbox, people: list[dict[str, Any]]) -> list[dict[str, Any]]:
    mine = mailbox.person.addresses
    return [one for one in people if (one["emailAddress"].get("address") or "").lower() not in mine]


@handler
def message_create_reply(call: Call) -> Reply:
    """A draft to whoever sent it."""
    original = the_message(call)
    to = original.values.get("replyTo") or [original.values["from"]]
    return _respond(call, original, "RE: ", {"toRecipients": to})


@handler
def message_create_reply_all(call: Call) -> Reply:
    """A draft to all but oneself."""
    original = the_message(call)
    to = (original.values.get("replyTo") or [original.values["from"]]) + original.values["toRecipients"]
    recipients = {
        "toRecipients": _others(call.mailbox, to),
        "ccRecipients": _others(call.mailbox, original.values["ccRecipients"]),
    }
    return _respond(call, original, "RE: ", recipients)


@handler
def message_create_forward(call: Call) -> Reply:
    """A draft to others, with what is attached."""
    if "toRecipients" in call.body and "toRecipients" in (call.body.get("message") or {}):
        raise refuse("parameter", name="toRecipients", what="given twice")
    check_content({"toRecipients": call.body.get("toRecipients") or []})
    return _respond(
        call, the_message(call), "FW: ", {"toRecipients": call.body.get("toRecipients") or []}, forward=True
    )
