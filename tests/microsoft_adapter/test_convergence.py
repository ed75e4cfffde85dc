"""Both sides change the same account at random, amid faults: at the end the mirror is what the provider has."""

import os
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from apps.providers.adapters import errors, ical, vcard
from apps.providers.adapters.base import (
    CreateMailbox,
    DeleteMailbox,
    ExpungeMessages,
    MailCommand,
    MoveMessages,
    RenameMailbox,
    StoreFlags,
)
from apps.providers.adapters.collections import CollectionAdapter, DeleteObject, PutObject
from apps.providers.adapters.ical import Change
from apps.providers.adapters.microsoft.mail import GraphMail
from tests.dav.servers import MemoryMirror as Shelf
from tests.fakes.microsoft.faults import Fault, bad_gateway, cut, throttled, truncated, unauthorized
from tests.fakes.microsoft.mailbox import Contact, Event, Message
from tests.fakes.microsoft.messages import write
from tests.imap.mirror import MemoryMirror
from tests.microsoft_adapter.desk import Desk
from tests.microsoft_adapter.shelf import differences, sync
from tests.microsoft_fake.cast import letter

SEEDS = range(1, 1 + int(os.environ.get("PMSYNC_TEST_WALKS", "1")))
"""Of each walk; `make soak` takes more."""
STEPS = 250
FAULTS: tuple[Callable[[], Fault], ...] = (
    cut, lambda: cut(after_commit=True), bad_gateway, lambda: bad_gateway(after_commit=True), truncated,
    lambda: throttled(1), lambda: throttled(90), unauthorized,
)  # fmt: skip


class MailWalk:
    """One account's mail under random changes."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk, self.random = desk, random.Random(seed)
        self.mirror = MemoryMirror()
        self.adapter: GraphMail = desk.mail(self.mirror)
        self.number = 0
        for _ in range(120):
            self.number += 1
            desk.elsewhere.deliver(letter(self.number), self.random.choice(["inbox", "archive", "junkemail"]))
        desk.world.microsoft.clock.advance(hours=1)

    def elsewhere(self) -> None:
        """The person does something at another client."""
        theirs = self.desk.elsewhere
        messages = list(self.desk.mailbox.messages())
        folders = [one for one in self.desk.mailbox.containers.values() if one.kind == "mail" and not one.hidden]
        own = [one.id for one in folders if not one.well_known]
        shown = own + [self.desk.box(name) for name in ("inbox", "archive", "deleteditems", "sentitems")]
        self.number += 1
        kind = self.random.randrange(16)
        if kind <= 2 or kind >= 14 or not messages:
            theirs.deliver(letter(self.number), self.random.choice(shown))
            return
        message: Message = self.random.choice(messages)
        match kind:
            case 3:
                theirs.mark_read(message, read=self.random.random() < 0.7)
            case 4:
                theirs.flag(message, self.random.choice(["flagged", "notFlagged", "complete"]))
            case 5:
                theirs.categorise(message, *self.random.sample(["Red", "Blue", "Grün"], self.random.randrange(3)))
            case 6 | 7:
                theirs.move(message, self.random.choice(shown))
            case 8:
                theirs.delete(message)
            case 9:
                theirs.purge(message)
            case 10:
                theirs.add_folder(f"Folder {self.number}", self.random.choice(["msgfolderroot", *own[:2]]))
            case 11 if own:
                name = self.random.choice(own)
                if self.random.random() < 0.2:
                    theirs.remove_folder(name)
                else:
                    theirs.rename_folder(name, f"Renamed {self.number}")
            case 12:
                theirs.save_draft(letter(self.number, "Draft"))
            case 13:
                drafts = [one for one in messages if one.values["isDraft"]]
                for draft in drafts[:1]:
                    with self.desk.world.microsoft.graph.lock:
                        write(self.desk.mailbox, draft, {"subject": f"Edited {self.number}"})

    def command(self) -> MailCommand | None:
        """Something that we change, of what the mirror shows."""
        boxes = {name: box for name, box in self.mirror.boxes.items() if box.placements}
        self.number += 1
        kind = self.random.randrange(8)
        if kind == 0 or not boxes:
            return CreateMailbox(f"Ours {self.number}")
        plain = [name for name, box in self.mirror.boxes.items() if box.record.role is None]
        if kind == 1 and plain:
            name = self.random.choice(plain)
            return DeleteMailbox(name) if self.random.random() < 0.1 else RenameMailbox(name, f"Other {self.number}")
        name, box = self.random.choice(sorted(boxes.items()))
        some = tuple(self.random.sample(sorted(box.placements), min(len(box.placements), 3)))
        if kind <= 4:
            add, remove = self.random.sample(["\\Seen", "\\Flagged", "Red", "Ours"], 2)
            return StoreFlags(name, box.epoch, some, frozenset({add}), frozenset({remove}))
        if kind <= 6:
            to = self.random.choice(sorted(self.mirror.boxes))
            return MoveMessages(name, box.epoch, some, to, {uid: box.placements[uid].identity for uid in some})
        return ExpungeMessages(name, box.epoch, some[:1])

    def step(self) -> None:
        """One of many things."""
        kind = self.random.randrange(10)
        if kind <= 4:
            self.elsewhere()
        elif kind <= 6 and (command := self.command()) is not None:
            self.tried(lambda: self.adapter.execute(command))
        elif kind == 7:
            self.desk.faults.add(self.random.choice(FAULTS)(), skip=self.random.randrange(6))
        elif kind == 8 and self.random.random() < 0.15:
            self.desk.world.microsoft.expire_delta(self.desk.person)
        else:
            self.tried(lambda: self.mirror.sync(self.adapter))
        self.desk.world.microsoft.clock.advance(seconds=self.random.randrange(90))

    def tried(self, ask: Callable[[], object]) -> None:
        """Once, and again where a passing fault was in the way; what is refused is refused."""
        for _ in range(3):
            try:
                ask()
                return
            except errors.Transient:
                continue
            except (errors.NotFound, errors.Rejected, errors.Conflict):
                return

    def settle(self) -> None:
        """Let everything come to rest."""
        self.desk.faults.clear()
        self.desk.world.microsoft.clock.advance(minutes=20)
        for _ in range(3):
            self.mirror.sync(self.adapter)
            self.desk.world.microsoft.clock.advance(minutes=2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "switches",
    [{}, {"sparse_updates": True, "repeats_in_delta": True}, {"move_shows_after": timedelta(minutes=3)}],
    ids=["plain", "odd", "late"],
)
def test_mail_converges(desk: Desk, seed: int, switches: dict[str, Any]) -> None:
    for name, value in switches.items():
        setattr(desk.world.microsoft.graph.behaviour, name, value)
    desk.world.microsoft.graph.behaviour.requests_per_10_minutes = 10**9
    walk = MailWalk(desk, seed)
    for _ in range(STEPS):
        walk.step()
    walk.settle()
    assert len(list(walk.mirror.placements())) > 50
    assert walk.mirror.differences(walk.adapter) == []
    for name, uid, _ in walk.mirror.placements():
        assert walk.adapter.fetch(name, 1, uid) == walk.mirror.raw(name, uid)


# Calendars and address books


class ShelfWalk:
    """Events and contacts under random changes: how each is made and edited is given in."""

    def __init__(self, desk: Desk, adapter: CollectionAdapter, seed: int) -> None:
        self.desk, self.adapter, self.random = desk, adapter, random.Random(seed)
        self.mirror = Shelf()
        self.number = 0

    def tried(self, ask: Callable[[], object]) -> None:
        for _ in range(3):
            try:
                ask()
                return
            except errors.Transient:
                continue
            except (errors.NotFound, errors.Rejected, errors.Conflict):
                return

    def ours(self, new: Callable[[int], bytes], edit: Callable[[bytes, int], bytes]) -> None:
        """Make, change or delete one."""
        self.number += 1
        held = [(folder, name) for folder, objects in self.mirror.objects.items() for name in objects]
        kind = self.random.randrange(4)
        if kind == 0 or not held:
            folder = self.random.choice(sorted(self.mirror.cursors) or [""])
            put = PutObject(folder, f"new:{self.number}", new(self.number))
            if folder:
                self.tried(lambda: self.adapter.execute(put))
            return
        folder, name = self.random.choice(held)
        etag, data = self.mirror.objects[folder][name]
        command = (
            DeleteObject(folder, name, etag) if kind == 1 else PutObject(folder, name, edit(data, self.number), etag)
        )
        self.tried(lambda: self.adapter.execute(command))

    def run(self, theirs: Callable[[], None], new: Callable[[int], bytes], edit: Callable[[bytes, int], bytes]) -> None:
        """So many steps, then rest."""
        for _ in range(STEPS):
            kind = self.random.randrange(10)
            if kind <= 3:
                theirs()
            elif kind <= 6:
                self.ours(new, edit)
            elif kind == 7:
                self.desk.faults.add(self.random.choice(FAULTS)(), skip=self.random.randrange(6))
            else:
                self.tried(lambda: sync(self.adapter, self.mirror))
            self.desk.world.microsoft.clock.advance(seconds=self.random.randrange(90))
        self.desk.faults.clear()
        for _ in range(2):
            sync(self.adapter, self.mirror)
            self.desk.world.microsoft.clock.advance(minutes=5)
        assert differences(self.adapter, self.mirror) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_calendars_converge_and_nothing_is_made_twice(desk: Desk, seed: int) -> None:
    walk = ShelfWalk(desk, desk.calendars(), seed)

    def theirs() -> None:
        events = [one for one in desk.mailbox.items.values() if isinstance(one, Event)]
        walk.number += 1
        day = f"2026-03-{1 + walk.number % 28:02}"
        times = {
            name: {"dateTime": f"{day}T{hour}:00:00", "timeZone": "Europe/Rome"}
            for name, hour in (("start", "09"), ("end", "10"))
        }  # fmt: skip
        if not events or walk.random.random() < 0.4:
            pattern = {"pattern": {"type": "daily", "interval": 1},
                       "range": {"type": "numbered", "startDate": day, "numberOfOccurrences": 5}}  # fmt: skip
            repeats = {"recurrence": pattern} if walk.random.random() < 0.5 else {}
            desk.elsewhere.add_event({"subject": f"Theirs {walk.number}", **times, **repeats})
            return
        event = walk.random.choice(events)
        if walk.random.random() < 0.3:
            desk.elsewhere.delete_event(event)
        else:
            desk.elsewhere.edit_event(event, {"subject": f"Edited {walk.number}"})

    def new(number: int) -> bytes:
        fields = {
            "title": f"Ours {number}", "start": {"at": "2026-04-01T10:00:00", "zone": "Europe/Rome"},
            "end": {"at": "2026-04-01T11:00:00", "zone": "Europe/Rome"},
        }  # fmt: skip
        return ical.new(fields, f"uid-{number}", "20260101T000000Z")

    def edit(data: bytes, number: int) -> bytes:
        change = Change("20260101T000000Z", fields={"title": f"Changed {number}"})
        return ical.change(data, change, ical.before(data, change))[0]

    walk.run(theirs, new, edit)
    uids = [ical.read(data).uid for data in walk.mirror.texts().values()]
    assert len(uids) == len(set(uids))


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_address_books_converge_and_nothing_is_made_twice(desk: Desk, seed: int) -> None:
    walk = ShelfWalk(desk, desk.contacts(), seed)
    desk.elsewhere.add_contact_folder("Team")

    def theirs() -> None:
        contacts = [one for one in desk.mailbox.items.values() if isinstance(one, Contact)]
        walk.number += 1
        if not contacts or walk.random.random() < 0.4:
            desk.elsewhere.add_contact({"givenName": f"Theirs {walk.number}"})
            return
        contact = walk.random.choice(contacts)
        if walk.random.random() < 0.3:
            desk.elsewhere.delete_contact(contact)
        else:
            desk.elsewhere.edit_contact(contact, {"jobTitle": f"Edited {walk.number}"})

    def new(number: int) -> bytes:
        return vcard.new({"full_name": f"Ours {number}"}, f"9d9f0e8e-1111-4222-8333-{number:012}")

    def edit(data: bytes, number: int) -> bytes:
        return vcard.change(data, {"nickname": f"Changed {number}"})

    walk.run(theirs, new, edit)
    uids = [vcard.read(data).uid for data in walk.mirror.texts().values()]
    assert len(uids) == len(set(uids))
