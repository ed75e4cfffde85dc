"""All calendars: their events, who may see them, what changed when, and the letters that invitations cause."""

import copy
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.fakes.google.calendar import recurrence
from tests.fakes.google.clock import Clock, rfc3339

Json = dict[str, Any]

ROLES: Final = ("freeBusyReader", "reader", "writerWithoutPrivateAccess", "writer", "owner")
ALPHABET: Final = "0123456789abcdefghijklmnopqrstuv"
PRIVATE: Final = ("reminders", "colorId", "transparency", "visibility", "eventLabelId", "privateCopy")
"""What each guest has for himself."""

QUIET: Final = {"reminders"}
"""A change of nothing else does not move `updated`."""


@dataclass
class Event:
    """One resource, or an exception of a series."""

    data: Json
    revision: int

    @property
    def id(self) -> str:
        """Its id in the calendar."""
        return str(self.data["id"])

    @property
    def cancelled(self) -> bool:
        """True for one that was deleted."""
        return self.data.get("status") == "cancelled"


@dataclass
class Calendar:
    """One calendar."""

    id: str
    summary: str
    zone: str
    owner: str
    primary: bool = False
    description: str = ""
    events: dict[str, Event] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    revision: int = 0
    pushes: bool = True
    """False for calendars of holidays, birthdays and resources."""
    deleted: bool = False
    changed_at: float = 0.0


@dataclass
class Entry:
    """A calendar in somebody's list."""

    calendar: Calendar
    revision: int
    deleted: bool = False
    own: Json = field(default_factory=dict)
    """What the person chose: colours, a name, whether it is hidden."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that Google wrote to a guest."""

    kind: str
    event: str
    recipient: str


class Agenda:
    """The state of Calendar."""

    def __init__(self, clock: Clock, order: random.Random) -> None:
        self.clock = clock
        self.random = order
        self.calendars: dict[str, Calendar] = {}
        self.lists: dict[str, dict[str, Entry]] = {}
        self.letters: list[Letter] = []
        self.changed: Callable[[str], None] = lambda resource: None
        """Told `calendar/{id}` or `list/{user}`."""
        self.horizon = 2 * 365 * 86_400.0
        """How far ahead a series is expanded."""
        self.sparse_pages = False
        """True: the first page of a listing has no events, and yet a next page."""
        self._revision = order.randrange(1_000_000, 9_000_000)

    def open(self, email: str, zone: str = "UTC") -> Calendar:
        """A person's primary calendar."""
        return self.add_calendar(email, Calendar(email, email, zone, email, primary=True))

    def add_calendar(self, user: str, calendar: Calendar) -> Calendar:
        """A calendar that a person owns."""
        calendar.roles[user] = "owner"
        self.calendars[calendar.id] = calendar
        self.enter(user, calendar)
        return calendar

    def new_id(self) -> str:
        """Of an event."""
        return "".join(secrets.choice(ALPHABET) for _ in range(26))

    def tick(self) -> int:
        """The next revision; they have gaps."""
        self._revision += self.random.randrange(1, 50)
        return self._revision

    def role(self, user: str, calendar: Calendar) -> str:
        """Empty when the calendar is none of the user's business."""
        return "" if calendar.deleted else calendar.roles.get(user, "")

    # The list

    def enter(self, user: str, calendar: Calendar, own: Json | None = None) -> Entry:
        """Put a calendar into a person's list."""
        entry = Entry(calendar, self.tick(), own=own or {})
        self.lists.setdefault(user, {})[calendar.id] = entry
        self.changed(f"list/{user}")
        return entry

    def touch(self, user: str, entry: Entry) -> None:
        """The entry changed."""
        entry.revision = self.tick()
        self.changed(f"list/{user}")

    def leave(self, user: str, calendar: Calendar) -> None:
        """Take it out of the list."""
        entry = self.lists[user][calendar.id]
        entry.deleted = True
        self.touch(user, entry)

    def share(self, calendar: Calendar, user: str, role: str) -> None:
        """Give somebody a role, or none; it appears in the list, or goes."""
        if role:
            calendar.roles[user] = role
            if user in self.lists:
                self.enter(user, calendar)
        elif calendar.roles.pop(user, None) and calendar.id in self.lists.get(user, {}):
            self.leave(user, calendar)

    def remove_calendar(self, calendar: Calendar) -> None:
        """With all its events, from everybody's list."""
        calendar.deleted = True
        for user, entries in self.lists.items():
            if calendar.id in entries and not entries[calendar.id].deleted:
                self.leave(user, calendar)

    # Events

    def put(self, calendar: Calendar, data: Json, before: Json | None = None) -> Event:
        """Store a resource as the newest revision; guests who have a calendar here see it too."""
        event = self._store(calendar, data, before)
        self._tell_guests(calendar, data)
        return event

    def cancel(self, calendar: Calendar, event: Event) -> None:
        """Delete: the id stays taken, and a series takes its exceptions along."""
        data = event.data | {"status": "cancelled"}
        self._store(calendar, data, event.data)
        if "recurrence" in data:
            for other in [one for one in calendar.events.values() if one.data.get("recurringEventId") == event.id]:
                if not other.cancelled:
                    self._store(calendar, other.data | {"status": "cancelled"}, other.data)
        self._tell_guests(calendar, data)

    def drop_strays(self, calendar: Calendar, master: Event) -> None:
        """Exceptions of starts that the series no longer has."""
        for other in [one for one in calendar.events.values() if one.data.get("recurringEventId") == master.id]:
            named = recurrence.split_id(other.id)
            if named and recurrence.wall_of(master.data, named[1]) is None and not other.cancelled:
                self._store(calendar, other.data | {"status": "cancelled"}, other.data)

    def write(self, kind: str, data: Json, sender: str, recipients: set[str], updates: str) -> None:
        """Letters to guests, as `sendUpdates` says."""
        for guest in sorted(recipients - {sender}):
            if updates == "all" or (updates == "externalOnly" and guest not in self.lists):
                self.letters.append(Letter(kind, data["id"], guest))

    def etag(self, event: Event) -> str:
        """Quoted, as it goes into If-Match."""
        return f'"{event.revision * 2}"'

    def _store(self, calendar: Calendar, data: Json, before: Json | None) -> Event:
        now = rfc3339(self.clock.now())
        moved = before is None or {key for key in {*data, *before} if data.get(key) != before.get(key)} - QUIET
        data = copy.deepcopy(data) | ({"updated": now} if moved else {})
        data.setdefault("created", now)
        calendar.revision = self.tick()
        calendar.changed_at = self.clock.now()
        event = Event(data, calendar.revision)
        calendar.events[data["id"]] = event
        self.changed(f"calendar/{calendar.id}")
        return event

    def _tell_guests(self, calendar: Calendar, data: Json) -> None:
        """The organizer's event is everybody's: copies follow it, and one who is no longer invited loses his."""
        organizer = data.get("organizer", {}).get("email")
        invited = {one["email"] for one in data.get("attendees", ())}
        if calendar.id != organizer:
            return
        for email in self.lists:
            other = self.calendars.get(email)
            if other is None or other is calendar:
                continue
            mine = other.events.get(data["id"])
            if email in invited:
                own = {key: mine.data[key] for key in PRIVATE if key in mine.data} if mine else {}
                shared = {key: value for key, value in data.items() if key not in PRIVATE}
                self._store(other, _without_private(shared) | own, mine.data if mine else None)
            elif mine and not mine.cancelled and mine.data.get("organizer", {}).get("email") == organizer:
                self._store(other, mine.data | {"status": "cancelled"}, mine.data)


def _without_private(data: Json) -> Json:
    properties = {key: value for key, value in data.get("extendedProperties", {}).items() if key == "shared"}
    rest = {key: value for key, value in data.items() if key != "extendedProperties"}
    return rest | ({"extendedProperties": properties} if properties else {})
