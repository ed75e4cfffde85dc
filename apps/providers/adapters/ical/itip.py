"""Invitations and answers between people's calendars (iTIP, RFC 5546): read, compared, taken into a calendar, written.

Pure. A message says something of an event, of one instance of it, or of several at once.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from apps.providers.adapters.contentlines import Line, escape, line

from . import series, tree
from .model import Attendee, Item
from .reading import Whole, address_of, read
from .tree import Component
from .writing import PRODUCT

REQUEST: Final = "REQUEST"
UNDERSTOOD: Final = (REQUEST, "PUBLISH", "CANCEL", "REPLY", "COUNTER", "DECLINECOUNTER", "REFRESH", "ADD")
FROM_ORGANIZER: Final = (REQUEST, "CANCEL", "ADD")
"""What changes a calendar that holds the event, when its organizer says it."""
# What a calendar's person decides for themselves of an event that another one organizes.
OWN: Final = ("TRANSP", "CATEGORIES", "COLOR")
SCHEDULING: Final = ("SCHEDULE-AGENT", "SCHEDULE-STATUS", "SCHEDULE-FORCE-SEND")
TIMES: Final = ("DTSTART", "DTEND", "DURATION", "RRULE")
# What may differ between two texts of which nobody needs to be told (RFC 5546 section 2.1.4).
UNTOLD: Final = ("DTSTAMP", "LAST-MODIFIED", "CREATED", "SEQUENCE", "ATTENDEE", "TRANSP", *OWN)


@dataclass(frozen=True, slots=True)
class Message:
    """What an iTIP message says: `items` are the event and its instances as the message has them."""

    method: str
    uid: str
    whole: Whole
    data: bytes

    @property
    def items(self) -> tuple[Item, ...]:
        """The event, its instances, or both."""
        return self.whole.items

    @property
    def first(self) -> Item:
        """What is shown of it."""
        return self.items[0]

    @property
    def age(self) -> tuple[int, datetime]:
        """SEQUENCE and DTSTAMP: the order in which its author said it (RFC 5546 section 2.1.4)."""
        return _age(self.first)

    def key(self, held: Whole | None = None) -> str:
        """The instance that it is about, when it is about no whole series: as a calendar that holds it names it."""
        return key_of(self.first, held or self.whole)


def parse(data: bytes) -> Message | None:
    """The message in a calendar part of mail; None when it holds no event with a UID. Without METHOD it is PUBLISH."""
    whole = read(data)
    if whole.component != "VEVENT" or not whole.uid or not whole.items:
        return None
    return Message(whole.method if whole.method in UNDERSTOOD else "PUBLISH", whole.uid, whole, data)


def organizer_of(items: Sequence[Item]) -> str:
    """The address of who invites, in lower case; empty when nobody does."""
    return next((item.organizer.address.lower() for item in items if item.organizer), "")


def attendees_of(items: Sequence[Item]) -> dict[str, Attendee]:
    """Those who take part in any of these, by their address in lower case; who invites is not among them."""
    found: dict[str, Attendee] = {}
    for item in items:
        for each in item.attendees:
            found.setdefault(each.address.lower(), each)
    found.pop(organizer_of(items), None)
    return found


def key_of(item: Item, held: Whole) -> str:
    """The key that an instance has in a series as a calendar holds it; empty for the series itself."""
    times = series.of(held)
    if item.recurrence_id is None or times is None:
        return ""
    return series.key_text(series.local_key(item.recurrence_id, times.start), times.start)


def older(item: Item, held: Whole) -> bool:
    """Whether an answer is to something older than a calendar has (RFC 5546 section 2.1.5)."""
    return any(_same(item, other) and other.sequence > item.sequence for other in held.items)


def outdated(message: Message, held: Whole) -> bool:
    """Whether a calendar knows something newer of all that a message says (RFC 5546 section 2.1.5)."""
    return all(any(_same(item, other) and _age(other) > _age(item) for other in held.items) for item in message.items)


def _same(one: Item, other: Item) -> bool:
    """Of the same instance, or both of the whole series."""
    if one.recurrence_id is None or other.recurrence_id is None:
        return one.recurrence_id is None and other.recurrence_id is None
    return series.local_key(one.recurrence_id, other.recurrence_id) == other.recurrence_id.local


def _age(item: Item) -> tuple[int, datetime]:
    return item.sequence, item.stamp.local if item.stamp else datetime.min


# ---------------------------------------------------------------------------- into a calendar


def invitation(message: bytes, own: str = "", status: str = "") -> bytes:
    """The object that a calendar holds of an invitation: without METHOD (RFC 4791 section 4.1), with the own answer."""
    whole = read(message)
    whole.calendar.drop("METHOD")
    for part in whole.parts if status else ():
        _set_answer(part, own, status)
    return tree.write(whole.nodes)


def applied(held: bytes, message: bytes, own: str, stamp: str) -> bytes:
    """A calendar's object after what the organizer said; as it was when that is nothing new. A second time changes
    nothing."""
    told = parse(message)
    if told is None or told.method not in (*FROM_ORGANIZER, "PUBLISH") or outdated(told, read(held)):
        return held
    return _cancelled(held, told, stamp) if told.method == "CANCEL" else _taken(held, told, own)


def _taken(held: bytes, message: Message, own: str) -> bytes:
    """What the invitation says, with what is the person's own kept; an instance that it does not speak of stays.

    The own answer falls away where the time is another: who is invited anew answers anew (RFC 5546 section 3.2.2.1).
    """
    mine, theirs = read(held), message.whole
    known = {key_of(item, mine): part for part, item in zip(mine.parts, mine.items, strict=True)}
    siblings = mine.calendar.items
    for part, item in zip(theirs.parts, theirs.items, strict=True):
        made, key = _copy(part), key_of(item, mine)
        if (old := known.get(key, known.get(""))) is not None:
            _keep_own(made, old, own, same=key in known)
        if key in known:
            siblings[siblings.index(known[key])] = known[key] = made
        else:
            siblings.append(made)
    named = {value for part in theirs.parts for each in tree.flat([part]) for value in each.of("TZID")}
    added = [zone for name, zone in theirs.zones.held.items() if name in named and name not in mine.zones.held]
    place = next((number for number, each in enumerate(siblings) if isinstance(each, Component)), 0)
    siblings[place:place] = added
    return tree.write(mine.nodes)


def _keep_own(made: Component, old: Component, own: str, *, same: bool) -> None:
    if same and _times(old) == _times(made):
        answer = next((each for each in old.lines("ATTENDEE") if address_of(each.value).lower() == own.lower()), None)
        if answer is not None and answer.first("PARTSTAT"):
            _set_answer(made, own, answer.first("PARTSTAT"))
    for name in OWN:
        if kept := old.lines(name):
            made.drop(name)
            for each in kept:
                made.put(each)
    made.items = [each for each in made.items if not (isinstance(each, Component) and each.name == "VALARM")]
    made.items += old.children("VALARM")


def _set_answer(part: Component, own: str, status: str) -> None:
    for each in part.lines("ATTENDEE"):
        if address_of(each.value).lower() == own.lower() and each.first("PARTSTAT").upper() != status:
            kept = [pair for pair in each.parameters if pair[0].upper() not in ("PARTSTAT", "RSVP")]
            made = Line(each.name, each.value, (*kept, ("PARTSTAT", (status,))), each.group)
            part.items[part.items.index(each)] = made


def _cancelled(held: bytes, message: Message, stamp: str) -> bytes:
    """All of it, or the instances that the message names, marked as cancelled."""
    mine = read(held)
    known = {key_of(item, mine): part for part, item in zip(mine.parts, mine.items, strict=True)}
    for part, item in zip(message.whole.parts, message.items, strict=True):
        key = key_of(item, mine)
        if key and key not in known:
            known[key] = _copy(part)
            mine.calendar.items.append(known[key])
        for each in [known[key]] if key else [*known.values()]:
            if (status := each.first("STATUS")) is None or status.value.strip().upper() != "CANCELLED":
                each.set("STATUS", line("STATUS", "CANCELLED"))
                each.set("DTSTAMP", line("DTSTAMP", stamp))
            if (sequence := part.first("SEQUENCE")) is not None:
                each.set("SEQUENCE", sequence)
    return tree.write(mine.nodes)


# ---------------------------------------------------------------------------- answers


@dataclass(frozen=True, slots=True)
class Answer:
    """What a REPLY or COUNTER says: whose answer, which, and to what."""

    address: str
    name: str
    status: str
    item: Item


def answers(message: Message) -> list[Answer]:
    """The answers of a REPLY or COUNTER: one for each instance that it speaks of."""
    return [
        Answer(each.address.lower(), each.name, each.status, item)
        for item in message.items
        for each in item.attendees[:1]
    ]


def reply(message: bytes, own: str, name: str, status: str, stamp: str, comment: str = "") -> bytes:
    """The REPLY to an invitation: the own answer and what names the event, no more (RFC 5546 section 3.2.3)."""
    kept = ("UID", "RECURRENCE-ID", "DTSTART", "DTEND", "DURATION", "SEQUENCE", "SUMMARY", "ORGANIZER")

    def answer(part: Component) -> None:
        part.items = [_bare(each) for each in part.items if isinstance(each, Line) and each.key in kept]
        told = [("CN", (name.replace('"', "'"),))] if name else []
        part.put(line("ATTENDEE", f"mailto:{own}", [*told, ("PARTSTAT", (status,))]))
        part.put(line("DTSTAMP", stamp))
        if comment:
            part.put(line("COMMENT", escape(comment)))

    return _message(message, "REPLY", answer)


# ---------------------------------------------------------------------------- from who invites


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to people who are invited: METHOD, its text, to whom."""

    method: str
    text: bytes
    to: tuple[Attendee, ...]


def only(whole: Whole, key: str) -> bytes:
    """The text of an event that one answers: the instance of a key, or without one all of it."""
    text = tree.write(whole.nodes)
    has = key in {key_of(item, whole) for item in whole.items}
    return _message(text, REQUEST, _public, key) if key and has else text


def letters(before: bytes | None, now: bytes | None, stamp: str) -> list[Letter]:
    """What those who are invited must hear when an event of one's own became another; None: there is none.

    Who is not invited any more hears that it is cancelled; the others only when something changed that is theirs.
    """
    old, new = _invited(before), _invited(now)
    found = []
    gone = [each for address, each in old.items() if address not in new]
    if before is not None and gone:
        found.append(Letter("CANCEL", cancel(before, stamp), tuple(gone)))
    if now is None or not new:
        return found
    changed = before is None or _told(before) != _told(now)
    to = [each for address, each in new.items() if changed or address not in old]
    if to:
        found.append(Letter(REQUEST, request(now), tuple(to)))
    return found


def _invited(data: bytes | None) -> dict[str, Attendee]:
    """Who takes part in an event that takes place; nobody in one that does not."""
    items = read(data).items if data is not None else ()
    return {} if not items or all(item.cancelled for item in items) else attendees_of(items)


def _told(data: bytes) -> bytes:
    """What others must hear of an event, in a form that can be compared."""

    def bare(part: Component) -> None:
        _public(part)
        untold = [each.key for each in part.lines() if each.key in UNTOLD or each.key.startswith("X-")]
        part.drop(*untold)

    return _message(data, REQUEST, bare)


def request(held: bytes) -> bytes:
    """The REQUEST that invites to an event of one's own (RFC 5546 section 3.2.2)."""
    return _message(held, REQUEST, _public)


def cancel(held: bytes, stamp: str) -> bytes:
    """The CANCEL of an event of one's own (RFC 5546 section 3.2.5)."""

    def off(part: Component) -> None:
        _public(part)
        number = part.first("SEQUENCE")
        sequence = int(number.value) if number is not None and number.value.strip().isdecimal() else 0
        part.set("STATUS", line("STATUS", "CANCELLED"))
        part.set("DTSTAMP", line("DTSTAMP", stamp))
        part.set("SEQUENCE", line("SEQUENCE", str(sequence + 1)))

    return _message(held, "CANCEL", off)


def decline_counter(message: bytes, stamp: str) -> bytes:
    """The DECLINECOUNTER to another time that was proposed (RFC 5546 section 3.2.8)."""

    def no(part: Component) -> None:
        _public(part)
        part.set("DTSTAMP", line("DTSTAMP", stamp))

    return _message(message, "DECLINECOUNTER", no)


def _public(part: Component) -> None:
    """What is the calendar's own, or its server's, goes."""
    part.items = [
        _bare(each) if isinstance(each, Line) else each
        for each in part.items
        if not (isinstance(each, Component) and each.name == "VALARM")
    ]


def _bare(each: "Line | Component") -> "Line | Component":
    """A line without what a server wrote to it for itself (RFC 6638 section 7)."""
    if not isinstance(each, Line) or each.key not in ("ATTENDEE", "ORGANIZER"):
        return each
    told = tuple(pair for pair in each.parameters if pair[0].upper() not in SCHEDULING)
    return each if told == each.parameters else Line(each.name, each.value, told, each.group)


def _message(data: bytes, method: str, change: Callable[[Component], None], key: str | None = None) -> bytes:
    """A text with its METHOD, each of its events, or the instance of a key, changed; what is beside but zones goes."""
    whole = read(data)
    held = zip(whole.parts, whole.items, strict=True)
    parts = [_copy(part) for part, item in held if key is None or key_of(item, whole) == key]
    for part in parts:
        change(part)
    named = {value for part in parts for each in tree.flat([part]) for value in each.of("TZID")}
    zones = [zone for name, zone in whole.zones.held.items() if name in named]
    head = [line("VERSION", "2.0"), line("PRODID", PRODUCT), line("METHOD", method)]
    made = Component("VCALENDAR", line("BEGIN", "VCALENDAR"), [*head, *zones, *parts], line("END", "VCALENDAR"))
    return tree.write([made])


def _copy(part: Component) -> Component:
    return Component(part.name, part.begin, list(part.items), part.end)


def _times(part: Component) -> tuple[str, ...]:
    return tuple(sorted(_timed(part.lines(*TIMES))))


def _timed(lines: Iterable[Line]) -> Iterable[str]:
    return (f"{each.key};{each.first('TZID')}:{each.value.strip()}" for each in lines)
