"""`users.labels`, and what a change of labels may contain."""

from typing import Final

from tests.fakes.google.calls import Call, answers
from tests.fakes.google.gmail.mailbox import FIXED, Label, Mailbox
from tests.fakes.google.gmail.post_office import mailbox_of
from tests.fakes.google.refusals import Json, refuse

PER_CHANGE: Final = 100
LABELS: Final = 10_000
NAME: Final = 225
RESERVED: Final = {
    "inbox", "sent", "draft", "drafts", "spam", "trash", "unread", "starred", "important", "chat", "chats", "all mail",
    "migrated", "scheduled", "snoozed", "muted", "personal", "social", "promotions", "updates", "forums", "bin",
}  # fmt: skip
PALETTE: Final = {
    "#000000", "#434343", "#666666", "#999999", "#cccccc", "#efefef", "#f3f3f3", "#ffffff", "#fb4c2f", "#ffad47",
    "#fad165", "#16a766", "#43d692", "#4a86e8", "#a479e2", "#f691b3", "#f6c5be", "#ffe6c7", "#fef1d1", "#b9e4d0",
    "#c6f3de", "#c9daf8", "#e4d7f5", "#fcdee8", "#efa093", "#ffd6a2", "#fce8b3", "#89d3b2", "#a0eac9", "#a4c2f4",
    "#d0bcf1", "#fbc8d9", "#e66550", "#ffbc6b", "#fcda83", "#44b984", "#68dfa9", "#6d9eeb", "#b694e8", "#f7a7c0",
    "#cc3a21", "#eaa041", "#f2c960", "#149e60", "#3dc789", "#3c78d8", "#8e63ce", "#e07798", "#ac2b16", "#cf8933",
    "#d5ae49", "#0b804b", "#2a9c68", "#285bac", "#653e9b", "#b65775", "#822111", "#a46a21", "#aa8831", "#076239",
    "#1a764d", "#1c4587", "#41236d", "#83334c",
}  # fmt: skip


def changes(mailbox: Mailbox, body: Json) -> tuple[list[str], list[str]]:
    """The labels to add and to remove. Raises Refusal."""
    add, remove = body.get("addLabelIds", []), body.get("removeLabelIds", [])
    if not add and not remove:
        raise refuse("gmail: labels missing")
    if len(add) > PER_CHANGE or len(remove) > PER_CHANGE:
        raise refuse("gmail: label limit")
    for label in (*add, *remove):
        if label not in mailbox.labels or label in FIXED:
            raise refuse("gmail: label", label=label)
    if set(add) & set(remove):
        raise refuse("gmail: label both")
    return add, remove


def shown(label: Label) -> Json:
    """A label as lists show it: without counts."""
    told: Json = {"id": label.id, "name": label.name, "type": label.kind}
    if label.message_list:
        told["messageListVisibility"] = label.message_list
    if label.label_list:
        told["labelListVisibility"] = label.label_list
    if label.color:
        told["color"] = label.color
    return told


def counted(mailbox: Mailbox, label: Label) -> Json:
    """A label with its counts."""
    having = [one for one in mailbox.listed() if label.id in one.labels]
    unread = [one for one in having if "UNREAD" in one.labels]
    return shown(label) | {
        "messagesTotal": len(having),
        "messagesUnread": len(unread),
        "threadsTotal": len({one.thread for one in having}),
        "threadsUnread": len({one.thread for one in unread}),
    }


def _found(call: Call, mailbox: Mailbox) -> Label:
    label = mailbox.labels.get(call.values["id"])
    if label is None:
        raise refuse("not found")
    return label


def _named(mailbox: Mailbox, name: str, own: str = "") -> str:
    """A name that is free. Raises Refusal: names are unique whatever their case."""
    plain = name.strip()
    if (
        not plain
        or len(plain) > NAME
        or plain.lower() in RESERVED
        or plain.startswith(("/", "^"))
        or plain.endswith("/")
    ):
        raise refuse("gmail: label name")
    if any(one.name.lower() == plain.lower() and one.id != own for one in mailbox.labels.values()):
        raise refuse("gmail: label exists")
    return plain


def _dressed(label: Label, body: Json) -> Label:
    color = body.get("color", {})
    for value in color.values():
        if value not in PALETTE:
            raise refuse("gmail: label color", color=value)
    label.message_list = body.get("messageListVisibility", label.message_list)
    label.label_list = body.get("labelListVisibility", label.label_list)
    label.color = color or label.color
    return label


@answers("gmail.users.labels.list")
def list_labels(call: Call) -> Json:
    """All of them, on one page."""
    return {"labels": [shown(label) for label in mailbox_of(call).labels.values()]}


@answers("gmail.users.labels.get")
def get(call: Call) -> Json:
    """One, with counts."""
    mailbox = mailbox_of(call)
    return counted(mailbox, _found(call, mailbox))


@answers("gmail.users.labels.create")
def create(call: Call) -> Json:
    """A new label of the user."""
    mailbox = mailbox_of(call)
    name = _named(mailbox, call.body.get("name", ""))
    if len(mailbox.labels) >= LABELS:
        raise refuse("gmail: label limit")
    return shown(_dressed(mailbox.new_label(name), call.body))


@answers("gmail.users.labels.patch", "gmail.users.labels.update")
def change(call: Call) -> Json:
    """Rename or show differently."""
    mailbox = mailbox_of(call)
    label = _found(call, mailbox)
    if label.kind == "system":
        raise refuse("gmail: label system", verb="update")
    if call.body.get("id", label.id) != label.id:
        raise refuse("gmail: id")
    if "name" in call.body or call.match.method.http_method == "PUT":
        label.name = _named(mailbox, call.body.get("name", ""), label.id)
    return shown(_dressed(label, call.body))


@answers("gmail.users.labels.delete")
def delete(call: Call) -> None:
    """Remove it, also from every message."""
    mailbox = mailbox_of(call)
    label = _found(call, mailbox)
    if label.kind == "system":
        raise refuse("gmail: label system", verb="delete")
    mailbox.remove_label(label.id)
