"""A client that knew the old state and heard the events knows the new state: the property of the journal."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.utils.timezone import now

from apps.mail import events, queries
from apps.mail.models import Mailbox
from apps.providers.adapters.base import MailBatch
from apps.realtime import journal
from tests.mail.fixtures import LISTING, Box, eml, record

Rows = dict[str, dict[str, Any]]


def fetch(inbox: Box) -> tuple[Rows, Rows]:
    """What a fresh page load would show: mailboxes and conversations by id."""
    boxes = {item["id"]: item for item in queries.mailboxes(inbox.member)["items"]}
    threads: Rows = {}
    for name in Mailbox.objects.filter(account=inbox.account).values_list("remote_id", flat=True):
        for row in inbox.rows(name):
            at = threads.get(row["id"], {}).get("at", {})
            threads[row["id"]] = row | {"at": at | {str(inbox.box(name).pk): row["at"]}}
    return boxes, threads


def fold(state: tuple[Rows, Rows], entries: list[journal.Entry]) -> tuple[Rows, Rows]:
    """The client's patch, as simple as the protocol promises: complete rows replace what is held."""
    boxes, threads = dict(state[0]), dict(state[1])
    for entry in entries:
        data = orjson.loads(entry.data)
        if entry.event == "email:unread_count_update":
            boxes |= {item["id"]: item for item in data["mailboxes"]}
            for gone in data["gone"]:
                boxes.pop(gone, None)
        elif entry.event == "email:thread_update":
            threads |= {item["id"]: item for item in data["threads"]}
            for gone in data["gone"]:
                threads.pop(gone, None)
    return boxes, threads


def without_work(box: Box) -> None:
    """Work is missing for long enough; one of its messages is in INBOX, too."""
    short = MailBatch(listing=tuple(item for item in LISTING if item.remote_id != "Work"))
    box.take(short)
    Mailbox.objects.filter(remote_id="Work").update(missing_since=now() - timedelta(minutes=2))
    box.take(short)


CHANGES: dict[str, Callable[[Box], Any]] = {
    "arrival": lambda box: box.arrive(record(3, eml(3, "New"))),
    "reply": lambda box: box.arrive(record(3, eml(3, "Re: Offer", answers=1))),
    "flags": lambda box: box.flag(1, "\\Seen", "\\Flagged"),
    "expunge": lambda box: box.apply(vanished=(1,)),
    "copy": lambda box: box.arrive(record(9, None, identity="f1:1"), mailbox="Work"),
    "merge": lambda box: box.arrive(record(4, eml(4, "Re: both", extra="References: <1@test> <2@test>\r\n"))),
    "mailbox gone": lambda box: without_work(box),
    "epoch": lambda box: box.apply(epoch=8, upserts=(record(21, None, identity="f1:1"),)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_old_state_and_events_make_the_new_state(inbox: Box, change: str) -> None:
    inbox.arrive(record(1, eml(1, "Offer")), record(2, eml(2, "Other")))
    inbox.arrive(record(1, None, identity="f1:2"), record(7, eml(7, "Only there")), mailbox="Work")
    before, since = fetch(inbox), journal.head()
    CHANGES[change](inbox)
    entries = journal.read(since)
    assert entries
    assert fold(before, entries) == fetch(inbox)


def test_many_conversations_are_told_in_frames_of_a_bounded_size(inbox: Box) -> None:
    inbox.arrive(*(record(uid, eml(uid, f"Topic {uid}")) for uid in range(1, events.AT_ONCE + 2)))
    told = [orjson.loads(entry.data) for entry in journal.read(0, 1000) if entry.event == "email:thread_update"]
    assert [len(data["threads"]) for data in told] == [events.AT_ONCE, 1]
