"""`users.messages`: list, get, label, trash, delete, send, insert, import, and attachments."""

from collections.abc import Callable
from typing import Any, Final

from tests.fakes.google.calls import Call, answers, page
from tests.fakes.google.cursors import bound_to
from tests.fakes.google.gmail import mime, search
from tests.fakes.google.gmail.labels import changes
from tests.fakes.google.gmail.mailbox import Mailbox, Stored
from tests.fakes.google.gmail.post_office import brief, mailbox_of, raw_of, readable, shown
from tests.fakes.google.refusals import Json, refuse

PAGE: Final = 500
IDS: Final = 1000
BEYOND_METADATA: Final = ("gmail.readonly", "gmail.modify", "https://mail.google.com/")


def metadata_only(call: Call) -> bool:
    """True when the token may see headers and nothing else."""
    return call.may("gmail.metadata") and not call.may(*BEYOND_METADATA)


def selected(call: Call, mailbox: Mailbox) -> list[Stored]:
    """The messages that `q`, `labelIds` and `includeSpamTrash` choose: labels are joined by AND."""
    query, labels = call.values.get("q", ""), set(call.values.get("labelIds", ()))
    if query and metadata_only(call):
        raise refuse("gmail: metadata q")
    for label in sorted(labels):
        if label not in mailbox.labels:
            raise refuse("gmail: label", label=label)
    everywhere = call.values["includeSpamTrash"] or labels & {"SPAM", "TRASH"} or search.reaches_everywhere(query)
    return [
        stored
        for stored in mailbox.listed()
        if labels <= stored.labels
        and (everywhere or not stored.labels & {"SPAM", "TRASH"})
        and (not query or search.matches(mailbox, stored, query))
    ]


def listing(call: Call, name: str, find: Callable[[], list[Any]]) -> Json:
    """A page of a listing, with an estimate that is as good as Gmail's."""
    size = min(call.values["maxResults"] or 100, PAGE)
    found = [] if call.values.get("pageToken") else find()
    try:
        taken, following = page(call, call.match.method.id, bound_to(call.values, "maxResults"), found, size)
    except LookupError:
        raise refuse("page token") from None
    reply: Json = {"resultSizeEstimate": len(taken) + (1 if following else 0)}
    if taken:
        reply[name] = taken
    if following:
        reply["nextPageToken"] = following
    return reply


@answers("gmail.users.messages.list")
def list_messages(call: Call) -> Json:
    """Ids, newest first."""
    mailbox = mailbox_of(call)
    return listing(
        call, "messages", lambda: [{"id": one.id, "threadId": one.thread} for one in selected(call, mailbox)]
    )


@answers("gmail.users.messages.get")
def get(call: Call) -> Json:
    """One message."""
    mailbox = mailbox_of(call)
    form = call.values["format"]
    if form in ("full", "raw") and metadata_only(call):
        raise refuse("gmail: metadata format", format=form.upper())
    stored = readable(call, mailbox, call.values["id"])
    return shown(call, mailbox, stored, form, call.values.get("metadataHeaders", []))


@answers("gmail.users.messages.attachments.get")
def attachment(call: Call) -> Json:
    """The octets behind an attachment id."""
    mailbox = mailbox_of(call)
    stored = readable(call, mailbox, call.values["messageId"])
    known = call.google.gmail.attachments.get(call.values["id"])
    if known is None or known[:2] != (mailbox.email, stored.id):
        raise refuse("gmail: id")
    data = mime.octets_of(stored.raw, known[2])
    return {"size": len(data), "data": mime.encoded(data)}


@answers("gmail.users.messages.modify")
def modify(call: Call) -> Json:
    """Add and remove labels."""
    mailbox = mailbox_of(call)
    stored = readable(call, mailbox, call.values["id"])
    add, remove = changes(mailbox, call.body)
    return brief(mailbox.relabel(stored.id, add, remove))


def _several(call: Call) -> list[str]:
    ids = call.body.get("ids", [])
    if not ids:
        raise refuse("gmail: ids missing")
    if len(ids) > IDS:
        raise refuse("gmail: ids limit")
    return ids  # type: ignore[no-any-return]


@answers("gmail.users.messages.batchModify")
def batch_modify(call: Call) -> None:
    """The same for up to a thousand; ids that are nothing are passed over."""
    mailbox = mailbox_of(call)
    ids = _several(call)
    add, remove = changes(mailbox, call.body)
    for one in ids:
        if mailbox.visible(one):
            mailbox.relabel(one, add, remove)


@answers("gmail.users.messages.batchDelete")
def batch_delete(call: Call) -> None:
    """Gone for good."""
    mailbox = mailbox_of(call)
    for one in _several(call):
        if mailbox.visible(one):
            mailbox.remove(one)


@answers("gmail.users.messages.trash")
def trash(call: Call) -> Json:
    """To the trash."""
    mailbox = mailbox_of(call)
    return brief(mailbox.trash(readable(call, mailbox, call.values["id"]).id))


@answers("gmail.users.messages.untrash")
def untrash(call: Call) -> Json:
    """Out of the trash; not back into the inbox."""
    mailbox = mailbox_of(call)
    return brief(mailbox.relabel(readable(call, mailbox, call.values["id"]).id, (), ["TRASH"]))


@answers("gmail.users.messages.delete")
def delete(call: Call) -> None:
    """Gone for good."""
    mailbox = mailbox_of(call)
    mailbox.remove(readable(call, mailbox, call.values["id"]).id)


@answers("gmail.users.messages.send")
def send(call: Call) -> Json:
    """Send, and file under SENT."""
    mailbox = mailbox_of(call)
    thread = call.body.get("threadId")
    if thread and not mailbox.thread(thread):
        raise refuse("gmail: thread")
    return brief(call.google.gmail.send(mailbox, raw_of(call, call.body), thread))


@answers("gmail.users.messages.insert", "gmail.users.messages.import")
def insert(call: Call) -> Json:
    """Put a message in without sending it."""
    mailbox = mailbox_of(call)
    raw = raw_of(call, call.body)
    labels = call.body.get("labelIds", [])
    for label in labels:
        if label not in mailbox.labels or label == "CHAT":
            raise refuse("gmail: label", label=label)
    thread = call.body.get("threadId")
    if thread and not mailbox.thread(thread):
        raise refuse("gmail: thread")
    source = call.values.get("internalDateSource")
    dated = mime.internal_date(mime.parse(raw)) if source == "dateHeader" else None
    within = mailbox.find_thread(raw, thread) if thread else None
    stored = mailbox.add(raw, labels, thread=within, internal_date=dated)
    return brief(stored)
