"""One mailbox: its containers and items, and the log of every change, which delta and notifications read."""

import base64
import random
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import uuid4

from tests.fakes.microsoft.clock import Clock
from tests.fakes.microsoft.directory import Person

ContainerKind = Literal["mail", "contacts", "calendar"]
Verb = Literal["created", "updated", "deleted"]
ID: Final = re.compile(r"[A-Za-z0-9+/=_-]{24,}")
FOLDERS: Final[dict[ContainerKind, str]] = {
    "mail": "mailFolders", "contacts": "contactFolders", "calendar": "calendars",
}  # fmt: skip
"""The collections of containers, as the log of changes names them."""

WELL_KNOWN: Final = {
    "msgfolderroot": "Top of Information Store",
    "inbox": "Inbox",
    "drafts": "Drafts",
    "sentitems": "Sent Items",
    "deleteditems": "Deleted Items",
    "junkemail": "Junk Email",
    "archive": "Archive",
    "outbox": "Outbox",
    "conversationhistory": "Conversation History",
    "syncissues": "Sync Issues",
    "recoverableitemsdeletions": "Deletions",
    "scheduled": "Scheduled",
    "searchfolders": "Search Folders",
}
_HIDDEN: Final = frozenset("conversationhistory syncissues scheduled searchfolders".split())
_OUTSIDE: Final = frozenset("recoverableitemsdeletions msgfolderroot".split())
"""Reachable by name, never listed."""


@dataclass(eq=False, slots=True)
class Container:
    """A mail folder, a contact folder or a calendar. Its id is constant."""

    id: str
    kind: ContainerKind
    name: str
    parent: str = ""
    well_known: str = ""
    hidden: bool = False
    search: bool = False
    editable: bool = True
    change_key: str = ""
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def listed(self) -> bool:
        return self.well_known not in _OUTSIDE


@dataclass(eq=False, slots=True)
class Attachment:
    """What hangs on a message."""

    id: str
    name: str
    content_type: str
    content: bytes
    inline: bool = False
    content_id: str | None = None
    modified: datetime | None = None
    kind: str = "#microsoft.graph.fileAttachment"


@dataclass(eq=False, slots=True)
class Item:
    """What a container holds. `id` is the immutable one, `moving_id` is new after each move."""

    id: str
    moving_id: str
    parent: str
    values: dict[str, Any]
    created: datetime
    modified: datetime
    change_key: str = ""
    extended: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Message(Item):
    """A message; `raw` is what arrived, until an edit makes it untrue."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    raw: bytes | None = None


@dataclass(eq=False, slots=True)
class Event(Item):
    """A single event or a series, with what differs from its pattern by the date that it was meant for."""

    uid: str = ""
    exceptions: dict[date, "Event"] = field(default_factory=dict)
    cancelled: set[date] = field(default_factory=set)
    shown_zone: str = ""
    """What is shown as the original zone, where another client wrote a name that means nothing elsewhere."""
    series_key: str = ""
    """The change key since which all of it looks different, not only one occurrence."""


@dataclass(eq=False, slots=True)
class Contact(Item):
    """A person in the address book."""

    photo: bytes | None = None
    photo_type: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the log."""

    generation: int
    collection: str
    verb: Verb
    item: str
    moving_id: str
    kind: str
    fields: frozenset[str]
    change_key: str
    reason: str = ""
    quiet: bool = False
    """Nobody is notified of it."""


class Mailbox:
    """A mailbox; every write goes through here and leaves a line in the log."""

    def __init__(
        self, person: Person, clock: Clock, seed: int, postpone: Callable[[Callable[[], None]], None]
    ) -> None:  # fmt: skip
        self.person, self.clock, self._postpone = person, clock, postpone
        self._random = random.Random(f"{seed}-{person.address}")
        self.containers: dict[str, Container] = {}
        self.items: dict[str, Item] = {}
        self._inside: dict[str, dict[str, Item]] = {}
        self._moving: dict[str, str] = {}
        self.occurrences: dict[str, tuple[str, date]] = {}
        """Masters and dates, by the id of an occurrence."""
        self._occurrence_ids: dict[tuple[str, date], tuple[str, str]] = {}
        self.transactions: dict[str, str] = {}
        """Events by the transactionId that they were created with."""
        self.by_message_id: dict[str, Message] = {}
        self.changes: list[Change] = []
        self.generation = 1
        self.forgotten = 0
        self.watchers: list[Callable[[Mailbox, Change], None]] = []
        self.delegates: set[str] = set()
        """Ids of people who may open this mailbox."""
        self._root = Container(self.new_id(), "mail", "Top of Information Store", well_known="msgfolderroot")
        self.containers[self._root.id] = self._root
        for well_known, name in WELL_KNOWN.items():
            if well_known != "msgfolderroot":
                self._found(name, "mail", well_known)
        self._found("Contacts", "contacts", "contacts")
        self._found("Calendar", "calendar", "calendar")

    def _found(self, name: str, kind: ContainerKind, well_known: str) -> None:
        parent = self._root.id if kind == "mail" else ""
        hidden = well_known in _HIDDEN
        found = Container(self.new_id(), kind, name, parent, well_known, hidden, change_key=self.new_key())
        self.containers[found.id] = found

    # Names

    def new_id(self) -> str:
        """An id as Exchange makes them: long, and with characters that a path must escape."""
        text = list(base64.b64encode(self._random.randbytes(70)).decode())
        text[17], text[41] = "/", "+"
        return "AAkALg" + "".join(text)

    def new_key(self) -> str:
        """A change key."""
        self.generation += 1
        return "CQAAAA" + base64.b64encode(self._random.randbytes(6) + self.generation.to_bytes(6, "big")).decode()

    def new_guid(self) -> str:
        """An id of the other sort."""
        return str(uuid4())

    def well_known(self, name: str) -> Container:
        """A container by its well-known name."""
        return next(one for one in self.containers.values() if one.well_known == name.lower())

    def container(self, name: str, kind: ContainerKind) -> Container | None:
        """A container by id or well-known name."""
        found = self.containers.get(name)
        if found is None:
            found = next(
                (one for one in self.containers.values() if one.well_known and one.well_known == name.lower()), None
            )
        return found if found is not None and found.kind == kind else None

    def item(self, name: str) -> Item | None:
        """An item by either of its ids."""
        return self.items.get(name) or self.items.get(self._moving.get(name, ""))

    def inside(self, container: Container) -> list[Item]:
        """What the container holds."""
        return list(self._inside.get(container.id, {}).values())

    def children(self, parent: Container) -> list[Container]:
        """The containers directly below."""
        return [one for one in self.containers.values() if one.parent == parent.id and one.listed]

    def below(self, parent: Container) -> Iterator[Container]:
        """The container and all below it, the deepest first."""
        for child in [one for one in self.containers.values() if one.parent == parent.id]:
            yield from self.below(child)
        yield parent

    def occurrence_ids(self, master: Item, day: date) -> tuple[str, str]:
        """The two ids of an occurrence."""
        key = (master.id, day)
        if key not in self._occurrence_ids:
            self._occurrence_ids[key] = self.new_id(), self.new_id()
            for name in self._occurrence_ids[key]:
                self.occurrences[name] = key
        return self._occurrence_ids[key]

    def messages(self) -> Iterator[Message]:
        """All messages."""
        return (item for item in self.items.values() if isinstance(item, Message))

    # Items

    def add(self, item: Item) -> None:
        """Put a new item where its `parent` says."""
        item.change_key = self.new_key()
        self.items[item.id] = item
        self._moving[item.moving_id] = item.id
        self._inside.setdefault(item.parent, {})[item.id] = item
        if isinstance(item, Message):
            self.by_message_id[str(item.values.get("internetMessageId"))] = item
        self._log("created", item, item.parent)

    def changed(self, item: Item, fields: Iterable[str], *, told: tuple[str, str] | None = None) -> None:
        """Something about the item was written; notifications name it, or the occurrence with the ids of `told`."""
        names = frozenset(fields)
        # Reading a message does not count as modifying it.
        if names - {"isRead"}:
            item.modified = self.clock.now()
        item.change_key = self.new_key()
        self._log("updated", item, item.parent, names, told=told)

    def move(self, item: Item, target: Container) -> None:
        """Move the item: gone from one collection, new in another."""
        if item.parent == target.id:
            return
        del self._inside[item.parent][item.id]
        self.new_key()
        left, item.parent = item.parent, target.id
        self._log("deleted", item, left, reason="changed")
        del self._moving[item.moving_id]
        item.moving_id = self.new_id()
        self._moving[item.moving_id] = item.id
        self._inside.setdefault(target.id, {})[item.id] = item
        item.modified = self.clock.now()
        item.change_key = self.new_key()
        self._postpone(lambda: self._arrived(item, target))

    def _arrived(self, item: Item, target: Container) -> None:
        """Say that it is in another collection now; it may be elsewhere again by then."""
        if item.id in self.items and item.parent == target.id:
            self.new_key()
            self._log("created", item, target.id)

    def remove(self, item: Item) -> None:
        """Remove the item for good."""
        del self.items[item.id], self._moving[item.moving_id], self._inside[item.parent][item.id]
        self.new_key()
        self._log("deleted", item, item.parent, reason="deleted")

    def _log(
        self, verb: Verb, item: Item, collection: str, fields: frozenset[str] = frozenset(), *,
        reason: str = "", told: tuple[str, str] | None = None,
    ) -> None:  # fmt: skip
        kind = type(item).__name__.lower()
        name, moving = told or (item.id, item.moving_id)
        self._append(Change(self.generation, collection, verb, name, moving, kind, fields, item.change_key, reason))
        holder = self.containers.get(collection)
        if kind == "message" and holder is not None and (verb != "updated" or "isRead" in fields):
            self._counted(holder)

    def _counted(self, holder: Container) -> None:
        fields = frozenset({"totalItemCount", "unreadItemCount"})
        self._append(
            Change(
                self.generation, FOLDERS["mail"], "updated", holder.id, holder.id, "container", fields, "", quiet=True
            )
        )

    def _append(self, change: Change) -> None:
        self.changes.append(change)
        for watcher in self.watchers:
            watcher(self, change)

    # Containers

    def add_container(self, kind: ContainerKind, name: str, parent: str = "", *, hidden: bool = False) -> Container:
        """A new folder or calendar."""
        container = Container(self.new_id(), kind, name, parent, hidden=hidden)
        self.containers[container.id] = container
        self.container_changed(container, "created")
        return container

    def container_changed(self, container: Container, verb: Verb = "updated", *fields: str) -> None:
        """A folder or calendar was written."""
        container.change_key = self.new_key()
        named = frozenset(fields)
        reason = "deleted" if verb == "deleted" else ""
        change = Change(
            self.generation, FOLDERS[container.kind], verb, container.id, container.id, "container", named,
            container.change_key, reason, quiet=True,
        )  # fmt: skip
        self._append(change)

    def remove_container(self, container: Container) -> None:
        """Remove a folder or calendar with all that it holds."""
        for one in list(self.below(container)):
            for item in self.inside(one):
                self.remove(item)
            del self.containers[one.id]
            self.container_changed(one, "deleted")

    # The log

    def since(self, generation: int, until: int, collection: str) -> list[Change]:
        """The lines of one collection after `generation`, up to `until`."""
        start = bisect_right(self.changes, generation, key=lambda change: change.generation)
        end = bisect_right(self.changes, until, key=lambda change: change.generation)
        return [change for change in self.changes[start:end] if change.collection == collection]

    def forget(self) -> None:
        """Void every delta link that was given out so far."""
        self.forgotten = self.generation + 1
        self.generation += 1
