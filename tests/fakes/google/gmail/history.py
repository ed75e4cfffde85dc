"""What happened since: `users.history`, `getProfile`, `watch`, `stop`, and the addresses to send from."""

import re
from typing import Final

from tests.fakes.google.calls import Call, answers, page
from tests.fakes.google.cursors import bound_to
from tests.fakes.google.gmail.mailbox import ADDED, DELETED, LABELLED, UNLABELLED, Record
from tests.fakes.google.gmail.post_office import WATCH_LIFE, Watch, mailbox_of
from tests.fakes.google.refusals import Json, refuse

PAGE: Final = 500
TYPES: Final = {
    "messageAdded": ADDED, "messageDeleted": DELETED, "labelAdded": LABELLED, "labelRemoved": UNLABELLED,
}  # fmt: skip
TOPIC: Final = re.compile(r"projects/([^/]+)/topics/[A-Za-z][\w.~+%-]{2,254}", re.ASCII)


@answers("gmail.users.getProfile")
def profile(call: Call) -> Json:
    """The address, the counts, and the id to begin a history from."""
    mailbox = mailbox_of(call)
    listed = mailbox.listed()
    return {
        "emailAddress": mailbox.email,
        "messagesTotal": len(listed),
        "threadsTotal": len({one.thread for one in listed}),
        "historyId": str(mailbox.readable_history_id()),
    }


@answers("gmail.users.history.list")
def history(call: Call) -> Json:
    """Records after an id, ascending; the id of the last page is where to go on."""
    mailbox = mailbox_of(call)
    start = call.values.get("startHistoryId")
    if start is None or not start.isdecimal() or int(start) == 0:
        raise refuse("gmail: history id")
    records = mailbox.since(int(start))
    if records is None:
        raise refuse("not found")
    wanted = {TYPES[one] for one in call.values.get("historyTypes", TYPES)}
    label = call.values.get("labelId")
    shown = [
        _shown(record)
        for record in records
        if record.kind in wanted and (label is None or label in {*record.labels_after, *record.changed})
    ]
    bound = bound_to(call.values, "maxResults")
    whole = [shown, mailbox.readable_history_id()]
    return _page(call, bound, whole)


def _page(call: Call, bound: tuple[object, ...], whole: list[object]) -> Json:
    """A page; the first is empty where pages are sparse."""
    cursors, token = call.google.cursors, call.values.get("pageToken")
    size = min(call.values["maxResults"] or 100, PAGE)
    if call.google.gmail.sparse_pages and not token and whole[0]:
        following = cursors.issue("gmail.users.history.list", call.user, bound, (whole[0], 0))
        return {"historyId": str(whole[1]), "nextPageToken": following}
    records = whole[0]
    assert isinstance(records, list)
    try:
        taken, following_page = page(call, "gmail.users.history.list", bound, records, size)
    except LookupError:
        raise refuse("page token") from None
    reply: Json = {"historyId": str(whole[1])}
    if taken:
        reply["history"] = taken
    if following_page:
        reply["nextPageToken"] = following_page
    return reply


def _shown(record: Record) -> Json:
    message: Json = {"id": record.message, "threadId": record.thread}
    one: Json = {"message": message | ({"labelIds": list(record.labels_after)} if record.labels_after else {})}
    if record.kind in (LABELLED, UNLABELLED):
        one["labelIds"] = list(record.changed)
    return {"id": str(record.id), "messages": [message], record.kind: [one]}


@answers("gmail.users.watch")
def watch(call: Call) -> Json:
    """Publish changes to a topic of the client's own project, beginning with one at once."""
    mailbox = mailbox_of(call)
    topic, project = call.body.get("topicName", ""), call.access.project
    named = TOPIC.fullmatch(topic)
    if named is None or named[1] != project:
        raise refuse("gmail: topic name", project=project)
    if not call.google.pubsub.has_topic(topic):
        raise refuse("gmail: topic missing", topic=topic, short=topic.rpartition("/")[2])
    if not call.google.pubsub.may_publish(topic):
        raise refuse("gmail: topic denied", topic=topic)
    labels = frozenset(call.body.get("labelIds", ()))
    for label in sorted(labels):
        if label not in mailbox.labels:
            raise refuse("gmail: label", label=label)
    behavior = call.body.get("labelFilterBehavior", call.body.get("labelFilterAction", "include"))
    expires = call.google.clock.now() + WATCH_LIFE
    made = Watch(topic, labels, behavior == "exclude", expires, call.google.clock.now())
    call.google.gmail.watches[mailbox.email, project] = made
    call.google.gmail.push(mailbox, made)
    return {"historyId": str(mailbox.history_id), "expiration": str(int(expires * 1000))}


@answers("gmail.users.stop")
def stop(call: Call) -> None:
    """No more of it; without a watch it is no error."""
    mailbox = mailbox_of(call)
    call.google.gmail.watches.pop((mailbox.email, call.access.project), None)


@answers("gmail.users.settings.sendAs.list")
def aliases(call: Call) -> Json:
    """The addresses that may stand in From."""
    mailbox = mailbox_of(call)
    return {"sendAs": [_alias(mailbox.email, one, good) for one, good in mailbox.aliases.items()]}


@answers("gmail.users.settings.sendAs.get")
def alias(call: Call) -> Json:
    """One of them."""
    mailbox = mailbox_of(call)
    name = call.values["sendAsEmail"]
    if name not in mailbox.aliases:
        raise refuse("not found")
    return _alias(mailbox.email, name, mailbox.aliases[name])


def _alias(own: str, address: str, verified: bool) -> Json:
    if address == own:
        return {"sendAsEmail": own, "displayName": "", "isPrimary": True, "isDefault": True}
    return {"sendAsEmail": address, "displayName": "", "verificationStatus": "accepted" if verified else "pending"}
