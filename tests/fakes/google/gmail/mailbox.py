"""One mailbox: messages, labels, drafts, and a history whose ids rise with gaps."""

import bisect
import functools
import itertools
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.message import Message
from typing import Final

from tests.fakes.google.clock import Clock
from tests.fakes.google.gmail import mime

DAY: Final = 86_400
SYSTEM: Final = (
    "INBOX", "SENT", "DRAFT", "SPAM", "TRASH", "UNREAD", "STARRED", "IMPORTANT", "CHAT", "CATEGORY_PERSONAL",
    "CATEGORY_SOCIAL", "CATEGORY_PROMOTIONS", "CATEGORY_UPDATES", "CATEGORY_FORUMS",
)  # fmt: skip
FIXED: Final = ("SENT", "DRAFT", "CHAT")
"""Labels that nobody sets or clears."""

ADDED: Final = "messagesAdded"
DELETED: Final = "messagesDeleted"
LABELLED: Final = "labelsAdded"
UNLABELLED: Final = "labelsRemoved"


@dataclass
class Stored:
    """A message."""

    id: str
    thread: str
    labels: set[str]
    raw: bytes
    internal_date: int
    history_id: int
    visible_at: float
    searchable_at: float

    @functools.cached_property
    def message(self) -> Message:
        """Parsed once: content never changes."""
        return mime.parse(self.raw)

    @functools.cached_property
    def subject(self) -> str:
        """What threads compare."""
        return mime.base_subject(mime.header(self.message, "Subject"))


@dataclass
class Label:
    """A label of the system or of the user."""

    id: str
    name: str
    kind: str
    message_list: str = ""
    label_list: str = ""
    color: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """One entry of the history."""

    id: int
    kind: str
    message: str
    thread: str
    labels_after: tuple[str, ...]
    changed: tuple[str, ...]
    at: float
    visible_at: float


class Mailbox:
    """The state, and every way in which it changes; each change is one or more records."""

    def __init__(self, email: str, clock: Clock, order: random.Random) -> None:
        self.email = email
        self.clock = clock
        self._random = order
        self.messages: dict[str, Stored] = {}
        self.drafts: dict[str, str] = {}
        """Message ids by draft ids."""
        self.labels = {name: Label(name, name, "system") for name in SYSTEM}
        self.records: list[Record] = []
        self.history_id = order.randrange(10_000, 10_000_000)
        self.floor = self.history_id
        """The oldest history id that can still be asked for."""
        self.aliases: dict[str, bool] = {email: True}
        """Addresses to send from, and whether they are verified."""
        self.history_life = 7.0 * DAY
        self.lag = 0.0
        """Seconds until a new message can be read; its notification does not wait for it."""
        self.index_lag = 0.0
        """Seconds until a search finds a new message."""
        self.changed: Callable[[Mailbox, set[str]], None] = lambda mailbox, labels: None
        self._labels_made = 0
        self._by_identifier: dict[str, list[str]] = {}

    # Looking

    def visible(self, message_id: str) -> Stored | None:
        """A message that can be read by now."""
        stored = self.messages.get(message_id)
        return stored if stored and stored.visible_at <= self.clock.now() else None

    def listed(self) -> list[Stored]:
        """All that can be read, newest first."""
        now = self.clock.now()
        found = [one for one in self.messages.values() if one.visible_at <= now]
        return sorted(found, key=lambda one: (one.internal_date, one.id), reverse=True)

    def thread(self, thread_id: str) -> list[Stored]:
        """The messages of a thread, oldest first."""
        return sorted(
            (one for one in self.listed() if one.thread == thread_id), key=lambda one: (one.internal_date, one.id)
        )

    def since(self, history_id: int) -> list[Record] | None:
        """Records after an id; None when the history no longer reaches back so far, or never reached there."""
        now = self.clock.now()
        while self.records and self.records[0].at < now - self.history_life:
            self.floor = self.records.pop(0).id
        if not self.floor <= history_id <= self.history_id:
            return None
        at = bisect.bisect_right(self.records, history_id, key=lambda record: record.id)
        return list(itertools.takewhile(lambda record: record.visible_at <= now, self.records[at:]))

    def readable_history_id(self) -> int:
        """The newest id up to which everything can be read."""
        now = self.clock.now()
        hidden = next((record.id for record in self.records if record.visible_at > now), None)
        return self.history_id if hidden is None else hidden - 1

    # Changing

    def add(
        self,
        raw: bytes,
        labels: Iterable[str],
        *,
        thread: str | None = None,
        internal_date: int | None = None,
    ) -> Stored:
        """Put a message in; it joins a thread by its references and subject unless one is named."""
        number = (self.clock.milliseconds() << 20) | self._random.getrandbits(20)
        while f"{number:016x}" in self.messages:
            number += 1
        message_id = f"{number:016x}"
        now = self.clock.now()
        stored = Stored(
            id=message_id,
            thread=thread or self.find_thread(raw) or message_id,
            labels=set(labels),
            raw=raw,
            internal_date=self.clock.milliseconds() if internal_date is None else internal_date,
            history_id=0,
            visible_at=now + self.lag,
            searchable_at=now + self.lag + self.index_lag,
        )
        self.messages[message_id] = stored
        for identifier in mime.message_ids(stored.message, "Message-ID"):
            self._by_identifier.setdefault(identifier, []).append(message_id)
        self._record(ADDED, stored, ())
        self.changed(self, set(stored.labels))
        return stored

    def relabel(self, message_id: str, add: Iterable[str] = (), remove: Iterable[str] = ()) -> Stored:
        """Set semantics: what is there already, or not there at all, makes no record."""
        stored = self.messages[message_id]
        gained, lost = set(add) - stored.labels, set(remove) & stored.labels
        before = set(stored.labels)
        if gained:
            stored.labels |= gained
            self._record(LABELLED, stored, sorted(gained))
        if lost:
            stored.labels -= lost
            self._record(UNLABELLED, stored, sorted(lost))
        if gained or lost:
            self.changed(self, before | stored.labels)
        return stored

    def remove(self, message_id: str) -> None:
        """For good, past the trash."""
        stored = self.messages.pop(message_id)
        self.drafts = {draft: message for draft, message in self.drafts.items() if message != message_id}
        self._record(DELETED, stored, ())
        self.changed(self, set(stored.labels))

    def trash(self, message_id: str) -> Stored:
        """To the trash, out of the inbox."""
        return self.relabel(message_id, ["TRASH"], ["INBOX"])

    def new_label(self, name: str) -> Label:
        """A label of the user. Whether the name is free is asked before."""
        self._labels_made += 1
        label = Label(f"Label_{self._labels_made}", name, "user", "show", "labelShow")
        self.labels[label.id] = label
        return label

    def remove_label(self, label_id: str) -> None:
        """It vanishes from all messages, without a record for each."""
        del self.labels[label_id]
        for stored in self.messages.values():
            stored.labels.discard(label_id)

    def rename(self, email: str) -> None:
        """The account's address changes."""
        self.aliases[email] = True
        self.email = email

    def forget_history(self) -> None:
        """Every history id that was handed out until now is too old."""
        self._tick()
        self.records.clear()
        self.floor = self.history_id

    def find_thread(self, raw: bytes, within: str | None = None) -> str | None:
        """The thread that a message answers to: by its references, and only with the same subject."""
        message = mime.parse(raw)
        subject = mime.base_subject(mime.header(message, "Subject"))
        for identifier in mime.message_ids(message, "In-Reply-To", "References"):
            for name in self._by_identifier.get(identifier, ()):
                stored = self.messages.get(name)
                if stored and within in (None, stored.thread) and stored.subject == subject:
                    return stored.thread
        return None

    def _tick(self) -> int:
        self.history_id += self._random.randrange(1, 60)
        return self.history_id

    def _record(self, kind: str, stored: Stored, changed: Iterable[str]) -> None:
        stored.history_id = self._tick()
        visible = stored.visible_at if kind == ADDED else 0.0
        self.records.append(
            Record(
                stored.history_id,
                kind,
                stored.id,
                stored.thread,
                tuple(sorted(stored.labels)),
                tuple(changed),
                self.clock.now(),
                visible,
            )
        )
