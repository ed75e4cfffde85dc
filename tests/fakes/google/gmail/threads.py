"""`users.threads`: the same as for messages, for all of a conversation."""

from tests.fakes.google.calls import Call, answers
from tests.fakes.google.gmail import mime
from tests.fakes.google.gmail.labels import changes
from tests.fakes.google.gmail.mailbox import Mailbox, Stored
from tests.fakes.google.gmail.messages import listing, metadata_only, selected
from tests.fakes.google.gmail.post_office import brief, mailbox_of, shown
from tests.fakes.google.refusals import Json, refuse


def _found(call: Call, mailbox: Mailbox) -> list[Stored]:
    members = mailbox.thread(call.values["id"])
    if not members:
        raise refuse("not found")
    return members


def _answer(call: Call, mailbox: Mailbox) -> Json:
    members = mailbox.thread(call.values["id"])
    return {"id": call.values["id"], "messages": [brief(one) for one in members]}


@answers("gmail.users.threads.list")
def list_threads(call: Call) -> Json:
    """Conversations by their newest message."""
    mailbox = mailbox_of(call)
    return listing(call, "threads", lambda: _threads(call, mailbox))


def _threads(call: Call, mailbox: Mailbox) -> list[Json]:
    newest: dict[str, Stored] = {}
    for stored in selected(call, mailbox):
        newest.setdefault(stored.thread, stored)
    return [
        {
            "id": thread,
            "snippet": mime.snippet(stored.message),
            "historyId": str(max(one.history_id for one in mailbox.thread(thread))),
        }
        for thread, stored in newest.items()
    ]


@answers("gmail.users.threads.get")
def get(call: Call) -> Json:
    """All messages of a conversation, oldest first."""
    mailbox = mailbox_of(call)
    form = call.values["format"]
    if form == "full" and metadata_only(call):
        raise refuse("gmail: metadata format", format="FULL")
    members = _found(call, mailbox)
    wanted = call.values.get("metadataHeaders", [])
    return {
        "id": call.values["id"],
        "historyId": str(max(one.history_id for one in members)),
        "messages": [shown(call, mailbox, one, form, wanted) for one in members],
    }


@answers("gmail.users.threads.modify")
def modify(call: Call) -> Json:
    """Labels of every message."""
    mailbox = mailbox_of(call)
    members = _found(call, mailbox)
    add, remove = changes(mailbox, call.body)
    for one in members:
        mailbox.relabel(one.id, add, remove)
    return _answer(call, mailbox)


@answers("gmail.users.threads.trash")
def trash(call: Call) -> Json:
    """All to the trash."""
    mailbox = mailbox_of(call)
    for one in _found(call, mailbox):
        mailbox.trash(one.id)
    return _answer(call, mailbox)


@answers("gmail.users.threads.untrash")
def untrash(call: Call) -> Json:
    """All out of it."""
    mailbox = mailbox_of(call)
    for one in _found(call, mailbox):
        mailbox.relabel(one.id, (), ["TRASH"])
    return _answer(call, mailbox)


@answers("gmail.users.threads.delete")
def delete(call: Call) -> None:
    """All gone for good."""
    mailbox = mailbox_of(call)
    for one in _found(call, mailbox):
        mailbox.remove(one.id)
