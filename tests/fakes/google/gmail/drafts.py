"""`users.drafts`: an id that stays, and a message behind it that is another after each update."""

import secrets

from tests.fakes.google.calls import Call, answers
from tests.fakes.google.gmail.mailbox import Mailbox, Stored
from tests.fakes.google.gmail.messages import listing, metadata_only, selected
from tests.fakes.google.gmail.post_office import brief, mailbox_of, raw_of, shown
from tests.fakes.google.refusals import Json, refuse


def _found(mailbox: Mailbox, draft: str) -> Stored:
    stored = mailbox.visible(mailbox.drafts.get(draft, ""))
    if stored is None:
        raise refuse("not found")
    return stored


def _filed(call: Call, mailbox: Mailbox) -> Stored:
    message = call.body.get("message", {})
    raw = raw_of(call, message)
    thread = message.get("threadId")
    if thread and not mailbox.thread(thread):
        raise refuse("gmail: thread")
    # Another subject, or no reference to the thread, and the draft begins a thread of its own.
    return mailbox.add(raw, ["DRAFT"], thread=mailbox.find_thread(raw, thread) if thread else None)


@answers("gmail.users.drafts.create")
def create(call: Call) -> Json:
    """A new draft."""
    mailbox = mailbox_of(call)
    stored = _filed(call, mailbox)
    draft = f"r{secrets.randbits(62)}"
    mailbox.drafts[draft] = stored.id
    return {"id": draft, "message": brief(stored)}


@answers("gmail.users.drafts.update")
def update(call: Call) -> Json:
    """Replace everything: the old message goes, a new one comes."""
    mailbox = mailbox_of(call)
    draft = call.values["id"]
    before = _found(mailbox, draft)
    if call.body.get("id", draft) != draft:
        raise refuse("gmail: draft id")
    stored = _filed(call, mailbox)
    mailbox.remove(before.id)
    mailbox.drafts[draft] = stored.id
    return {"id": draft, "message": brief(stored)}


@answers("gmail.users.drafts.get")
def get(call: Call) -> Json:
    """One draft."""
    mailbox = mailbox_of(call)
    stored = _found(mailbox, call.values["id"])
    form = call.values["format"]
    if form in ("full", "raw") and metadata_only(call):
        raise refuse("gmail: metadata format", format=form.upper())
    return {"id": call.values["id"], "message": shown(call, mailbox, stored, form, [])}


@answers("gmail.users.drafts.list")
def list_drafts(call: Call) -> Json:
    """Ids of drafts and of their messages."""
    mailbox = mailbox_of(call)
    names = {message: draft for draft, message in mailbox.drafts.items()}

    def find() -> list[Json]:
        return [
            {"id": names[one.id], "message": {"id": one.id, "threadId": one.thread}}
            for one in selected(call, mailbox)
            if one.id in names
        ]

    return listing(call, "drafts", find)


@answers("gmail.users.drafts.delete")
def delete(call: Call) -> None:
    """Gone for good, not to the trash."""
    mailbox = mailbox_of(call)
    mailbox.remove(_found(mailbox, call.values["id"]).id)


@answers("gmail.users.drafts.send")
def send(call: Call) -> Json:
    """The draft goes, and what was sent is another message."""
    mailbox = mailbox_of(call)
    draft = call.body.get("id")
    if not draft:
        raise refuse("gmail: draft id")
    before = _found(mailbox, draft)
    message = call.body.get("message", {})
    raw = raw_of(call, message) if message.get("raw") or call.media is not None else before.raw
    stored = call.google.gmail.send(mailbox, raw, before.thread)
    mailbox.remove(before.id)
    return brief(stored)
