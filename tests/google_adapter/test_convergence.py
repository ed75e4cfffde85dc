"""Both sides at random, with faults: at the end the mirror is what Google holds, and nothing happened twice."""

import contextlib
import os
import random
from typing import Any

import pytest

from apps.providers.adapters import errors
from apps.providers.adapters.base import CreateMailbox, DeleteMailbox, MoveMessages, StoreFlags
from apps.providers.adapters.collections import DeleteObject, PutObject
from apps.providers.adapters.google import calendar, contacts
from apps.providers.adapters.google.contacts.adapter import CONNECTIONS
from tests.dav.servers import MemoryMirror
from tests.fakes.google.refusals import Refusal
from tests.google_adapter.collections import follow, sync
from tests.google_adapter.desk import ANNA, Desk, again
from tests.google_adapter.mail import Post
from tests.google_adapter.test_calendar import EVENT, WEEKLY
from tests.google_adapter.test_contacts import CARD, CARLA

SEEDS = range(1, 1 + int(os.environ.get("PMSYNC_TEST_WALKS", "1")))
"""Of each walk; `make soak` takes more."""
KINDS = ("cut", "503", "half", "truncated", "429", "html")


def trouble(desk: Desk, dice: random.Random, methods: str) -> None:
    """Perhaps a fault of one of the next requests, or of its answer."""
    desk.google.faults.clear()
    if dice.random() < 0.4:
        desk.fail(f"{methods}.*", dice.choice(KINDS), after=dice.random() < 0.5, skip=dice.randrange(6))


def busy(desk: Desk, *methods: str) -> None:
    """The walk was one: these methods were carried out, and faults were met."""
    assert all(desk.asked(method) > 5 for method in methods), {one: desk.asked(one) for one in methods}
    assert sum(entry.verdict.startswith("fault") for entry in desk.google.journal.entries) > 10


class Mail:
    """One walk through one mailbox."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk, self.dice, self.post = desk, random.Random(seed), Post(desk)
        self.count = 0

    def step(self) -> None:
        self.desk.google.clock.advance(self.dice.choice((1, 5, 60)))
        trouble(self.desk, self.dice, "gmail.users")
        self.dice.choices((self.elsewhere, self.here, self.sync, self.end), (5, 5, 3, 0.3))[0]()

    def elsewhere(self) -> None:
        box, user, they = self.post.box, self.post.user, self.post.elsewhere
        ids = list(box.messages)
        labels = [one.id for one in box.labels.values() if one.kind == "user"]
        self.count += 1
        with contextlib.suppress(Refusal):
            match self.dice.randrange(8):
                case 0 | 1:
                    self.post.deliver(
                        f"Letter {self.count}", self.dice.choice((["INBOX", "UNREAD"], ["SENT"], ["SPAM"]))
                    )
                case 2 if len(labels) < 4:
                    they.label(user, f"Label {self.count}")
                case 3 if labels and self.dice.random() < 0.3:
                    they.call(user, "gmail.users.labels.delete", id=self.dice.choice(labels))
                case 4 if ids:
                    they.trash(user, self.dice.choice(ids))
                case 5 if ids:
                    they.delete(user, self.dice.choice(ids))
                case _ if ids:
                    add = {self.dice.choice(["INBOX", "STARRED", "UNREAD", "IMPORTANT", *labels])}
                    remove = {self.dice.choice(["INBOX", "STARRED", "UNREAD", "TRASH", *labels])}
                    they.relabel(user, self.dice.choice(ids), add - remove, remove - add)

    def here(self) -> None:
        """A command of ours on what the mirror has, tried until it succeeds or is refused."""
        places = list(self.post.mirror.placements())
        if not places:
            return
        name, uid, _ = self.dice.choice(places)
        flag = self.dice.choice((r"\Seen", r"\Flagged"))
        command = self.dice.choice(
            (
                StoreFlags(name, 1, (uid,), frozenset({flag})),
                StoreFlags(name, 1, (uid,), remove=frozenset({flag})),
                MoveMessages(
                    name, 1, (uid,), self.dice.choice(["INBOX", "TRASH", "ALL", "SPAM", *self.post.mirror.boxes])
                ),
                CreateMailbox(f"Made {self.dice.randrange(4)}"),
                DeleteMailbox(self.dice.choice(list(self.post.mirror.boxes))),
            )
        )
        with contextlib.suppress(errors.Rejected, errors.CursorExpired):
            again(lambda: self.post.adapter.execute(command))

    def sync(self) -> None:
        with contextlib.suppress(errors.Transient):
            self.post.sync()

    def end(self) -> None:
        self.post.box.forget_history()


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_mail_converges(desk: Desk, seed: int) -> None:
    walk = Mail(desk, seed)
    for _ in range(250):
        walk.step()
    desk.google.faults.clear()
    walk.post.follow()
    assert walk.post.follow().quiet
    users = "gmail.users"
    busy(desk, f"{users}.messages.modify", f"{users}.history.list", f"{users}.messages.get")


class Collections:
    """One walk through a calendar, or through the contacts."""

    def __init__(self, desk: Desk, adapter: Any, home: str, seed: int) -> None:
        self.desk, self.adapter, self.home, self.dice = desk, adapter, home, random.Random(seed)
        self.mirror = MemoryMirror()
        self.count = 0
        desk.opened.append(adapter)

    def here(self, text: bytes, old: bytes) -> None:
        held = self.mirror.objects.get(self.home, {})
        self.count += 1
        new = str(self.count).encode()
        command: Any = PutObject(self.home, f"new:{self.count}", text.replace(b"u-1", b"u-" + new))
        if held and self.dice.random() < 0.7:
            name = self.dice.choice(list(held))
            etag, data = held[name]
            command = DeleteObject(self.home, name, etag)
            if self.dice.random() < 0.7:
                command = PutObject(self.home, name, data.replace(old, old + new), etag)
        with contextlib.suppress(errors.Conflict, errors.Rejected):
            again(lambda: self.adapter.execute(command))

    def sync(self) -> None:
        with contextlib.suppress(errors.Transient):
            sync(self.adapter, self.mirror)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_calendars_converge(desk: Desk, seed: int) -> None:
    walk = Collections(desk, calendar.connect(desk.tokens(), **desk.options), ANNA, seed)
    made = (
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//T//T//EN\r\nBEGIN:VEVENT\r\nUID:u-1\r\nDTSTAMP:20260529T100000Z\r\n"
        b"DTSTART:20260602T090000Z\r\nDTEND:20260602T100000Z\r\nSUMMARY:Ours\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    they = desk.google.elsewhere
    for _ in range(200):
        desk.google.clock.advance(1)
        trouble(desk, walk.dice, "calendar")
        events = [one.id for one in desk.google.agenda.calendars[ANNA].events.values() if not one.cancelled]
        with contextlib.suppress(Refusal):
            match walk.dice.randrange(8):
                case 0:
                    they.add_event(ANNA, walk.dice.choice((EVENT, WEEKLY)))
                case 1 if events:
                    they.edit_event(ANNA, walk.dice.choice(events), {"location": f"Room {walk.dice.random()}"})
                case 2 if events:
                    they.delete_event(ANNA, walk.dice.choice(events))
                case 3 if events:
                    name = f"{walk.dice.choice(events)}_20260608T100000Z"
                    they.edit_event(ANNA, name, {"summary": f"Other {walk.dice.random()}"})
                case 4 if walk.dice.random() < 0.2:
                    desk.google.cursors.expire("calendar.sync")
                case 5 | 6:
                    walk.here(made, b"SUMMARY:")
                case _:
                    walk.sync()
    desk.google.faults.clear()
    follow(walk.adapter, walk.mirror)
    busy(desk, *(f"calendar.events.{one}" for one in ("insert", "patch", "delete", "list")))


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_contacts_converge(desk: Desk, seed: int) -> None:
    walk = Collections(desk, contacts.connect(desk.tokens(), **desk.options), CONNECTIONS, seed)
    they = desk.google.elsewhere
    for _ in range(200):
        desk.google.clock.advance(1)
        trouble(desk, walk.dice, "people")
        people = [one.name for one in desk.google.people[ANNA].contacts.values() if not one.deleted]
        match walk.dice.randrange(8):
            case 0:
                they.add_contact(ANNA, CARLA)
            case 1 if people:
                nickname = [{"value": f"Nick {walk.dice.random()}"}]
                they.edit_contact(ANNA, walk.dice.choice(people), {"nicknames": nickname})
            case 2 if people:
                they.delete_contact(ANNA, walk.dice.choice(people))
            case 3 if people:
                they.link_contact(ANNA, walk.dice.choice(people))
            case 4 if walk.dice.random() < 0.2:
                desk.google.cursors.expire("people.people.connections.list.sync")
            case 5 | 6:
                walk.here(CARD, b"NOTE:")
            case _:
                walk.sync()
    desk.google.faults.clear()
    follow(walk.adapter, walk.mirror)
    uids = [data for data in walk.mirror.texts().values() if b"u-1@" in data]
    assert len(uids) <= 1
    busy(desk, *(f"people.people.{one}" for one in ("createContact", "updateContact", "deleteContact")))
