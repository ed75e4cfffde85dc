"""Reads iCalendar objects (RFC 5545), however they are damaged: everything has a reading, and what cannot be
understood is told in `problems`."""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from apps.providers.adapters import contentlines
from apps.providers.adapters.contentlines import Line, unescape

from . import moments, tree
from .model import Attachment, Attendee, Item
from .moments import Length, Moment
from .tree import Component
from .zones import Zones

SHOWN: Final = ("VEVENT", "VTODO", "VJOURNAL")
COMPONENTS: Final = (*SHOWN, "VFREEBUSY", "VAVAILABILITY", "VPOLL")
COLOR: Final = re.compile(r"#[0-9a-f]{6}|[a-z]{3,25}")
SEVERAL_MOST: Final = 500
"""Attendees and attachments of one event that are shown; the text keeps them all."""


@dataclass(slots=True)
class Whole:
    """One object: a series with its overrides, or what stands alone.

    `component` is the first of COMPONENTS that there is. `nodes` is the tree, `calendar` the VCALENDAR in it.
    """

    nodes: list[tree.Node]
    calendar: Component
    component: str = ""
    uid: str = ""
    method: str = ""
    master: Item | None = None
    overrides: tuple[Item, ...] = ()
    parts: list[Component] = field(default_factory=list)
    """The components of this object: the series' own first, if there is one, then the overrides."""
    zones: Zones = field(default_factory=lambda: Zones({}))
    problems: tuple[str, ...] = ()

    @property
    def items(self) -> tuple[Item, ...]:
        """The series, if it is there, and its overrides."""
        return (*((self.master,) if self.master is not None else ()), *self.overrides)


def read(data: bytes, default_zone: str = "") -> Whole:
    """What an object says. `default_zone` is that of its calendar (an IANA name). Never raises."""
    nodes = tree.parse(data)
    calendars = tree.calendars(nodes)
    return _Reader(nodes, calendars, default_zone).whole()


class _Reader:
    def __init__(self, nodes: list[tree.Node], calendars: list[Component], default_zone: str) -> None:
        loose = Component("", Line(""), nodes)
        self.nodes = nodes
        self.calendar = calendars[0] if calendars else loose
        self.problems = [] if calendars else ["no calendar"]
        held = {_text(part.first("TZID")): part for part in self.calendar.children("VTIMEZONE")}
        told = _text(self.calendar.first("X-WR-TIMEZONE"))
        self.zones = Zones(held, default_zone or told)

    def whole(self) -> Whole:
        """All of it."""
        every = self.calendar.children(*COMPONENTS)
        component = every[0].name if every else ""
        uid = _text(every[0].first("UID")) if every else ""
        parts = [part for part in every if part.name == component and _text(part.first("UID")) == uid]
        if len(parts) < len(every):
            self.problems.append("several events in one object")
        own = [part for part in parts if part.first("RECURRENCE-ID") is None]
        if len(own) > 1:
            self.problems.append("several events of one UID")
        ordered = [*own[:1], *(part for part in parts if part.first("RECURRENCE-ID") is not None)]
        items = [self.item(part) for part in ordered] if component in SHOWN else []
        self.problems += [f"unknown time zone {name}" for name in sorted(self.zones.unknown)]
        if any(line.raw.strip() and not line.name for line in tree.flat(self.nodes)):
            self.problems.append("a line that is none")
        method = _text(self.calendar.first("METHOD")).upper()
        master = items[0] if own and items else None
        overrides = tuple(items[len(own[:1]) :])
        problems = tuple(dict.fromkeys(self.problems))
        return Whole(
            self.nodes, self.calendar, component, uid, method, master, overrides, ordered, self.zones, problems
        )

    def item(self, part: Component) -> Item:
        """One component."""
        start = self.moment(part.first("DTSTART"))
        end = self.moment(part.first("DTEND"))
        due = self.moment(part.first("DUE"))
        length = self._length(part, start, end or due)
        if start is not None:
            end = moments.after(start, length)
        recurrence = part.first("RECURRENCE-ID")
        rule = part.first("RRULE")
        return Item(
            start=start,
            end=end,
            length=length,
            recurrence_id=self.moment(recurrence),
            onward=recurrence is not None and recurrence.first("RANGE").upper() == "THISANDFUTURE",
            title=_text(part.first("SUMMARY")),
            location=_text(part.first("LOCATION")),
            description=_text(part.first("DESCRIPTION")),
            url=(part.first("URL") or Line("")).value.strip(),
            status=_text(part.first("STATUS")).upper(),
            busy=_text(part.first("TRANSP")).upper() != "TRANSPARENT",
            visibility=_text(part.first("CLASS")).upper(),
            color=_color(part),
            categories=tuple(_listed(part.lines("CATEGORIES"))),
            rule=rule.value.strip() if rule is not None and recurrence is None else "",
            organizer=next(iter(_people(part.lines("ORGANIZER"))), None),
            attendees=tuple(_people(part.lines("ATTENDEE")))[:SEVERAL_MOST],
            alarms=tuple(sorted(set(_alarms(part)))),
            attachments=tuple(_attachments(part.lines("ATTACH")))[:SEVERAL_MOST],
            priority=_number(part.first("PRIORITY")),
            sequence=_number(part.first("SEQUENCE")),
            stamp=self.moment(part.first("DTSTAMP"), quiet=True),
            due=due,
            completed=self.moment(part.first("COMPLETED"), quiet=True),
            percent=_number(part.first("PERCENT-COMPLETE")),
        )

    def moment(self, line: Line | None, *, quiet: bool = False) -> Moment | None:
        """What a line of one DATE or DATE-TIME says."""
        if line is None:
            return None
        found = next(iter(self.moments(line)), None)
        if found is None and not quiet:
            self.problems.append(f"{line.key} cannot be read")
        return found

    def moments(self, line: Line) -> Iterator[Moment]:
        """What a line of several says; of periods (RFC 5545 section 3.3.9) the starts."""
        return (moment for moment, _ in self.periods(line))

    def periods(self, line: Line) -> Iterator[tuple[Moment, Length | None]]:
        """The same, with how long each lasts if it says so."""
        return periods(line, self.zones)

    def _length(self, part: Component, start: Moment | None, end: Moment | None) -> Length:
        told = part.first("DURATION")
        if start is None:
            return Length()
        # Zimbra writes both; the end is what it means (python-caldav/caldav#247).
        if end is not None:
            return moments.between(start, end)
        length = moments.parse_length(told.value) if told is not None else None
        if told is not None and length is None:
            self.problems.append("DURATION cannot be read")
        if length is not None and length.days >= 0 and length.seconds >= 0:
            return Length(days=length.days or 1) if start.whole_day else length
        return Length(days=1) if start.whole_day and part.name == "VEVENT" else Length()


def periods(line: Line, zones: Zones) -> Iterator[tuple[Moment, Length | None]]:
    """The dates, times or periods of a line; what cannot be read is left out."""
    tzid = line.first("TZID")
    zone, name = zones.find(tzid) if tzid else (None, "")
    for each in line.value.split(","):
        begin, _, rest = each.partition("/")
        start = moments.parse(begin, zone, name)
        if start is None:
            continue
        length = moments.parse_length(rest) if rest else None
        end = moments.parse(rest, zone, name) if rest and length is None else None
        yield start, moments.between(start, end) if end is not None else length


def _text(line: Line | None) -> str:
    return "" if line is None else _decoded(line).strip()


def _decoded(line: Line) -> str:
    """What a TEXT says; one in quoted-printable is of vCalendar 1.0, which some still write."""
    if line.first("ENCODING").upper() == "QUOTED-PRINTABLE":
        octets = binascii.a2b_qp(line.value.encode("utf-8", "surrogateescape"))
        return contentlines.decode(octets)
    return unescape(line.value)


def _listed(lines: Sequence[Line]) -> Iterator[str]:
    for line in lines:
        yield from (text for each in contentlines.split(line.value, ",") if (text := unescape(each).strip()))


def _number(line: Line | None) -> int:
    text = "" if line is None else line.value.strip()
    return int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else 0


def _color(part: Component) -> str:
    text = _text(part.first("COLOR")).lower()
    return text if COLOR.fullmatch(text) else ""


def address_of(value: str) -> str:
    """The address of a CAL-ADDRESS; what is no `mailto:` stays as it is."""
    plain = value.strip()
    return plain[7:].strip() if plain[:7].lower() == "mailto:" else plain


def _people(lines: Sequence[Line]) -> Iterator[Attendee]:
    for line in lines:
        address = address_of(line.value) or line.first("EMAIL")
        if "@" not in address and line.first("EMAIL"):
            address = address_of(line.first("EMAIL"))
        yield Attendee(
            address,
            line.first("CN").strip(),
            line.first("PARTSTAT").upper() or "NEEDS-ACTION",
            line.first("ROLE").upper() or "REQ-PARTICIPANT",
            line.first("CUTYPE").upper() or "INDIVIDUAL",
            line.first("RSVP").upper() == "TRUE",
            line.first("SCHEDULE-STATUS"),
        )


def minutes_before(alarm: Component) -> int | None:
    """How long before the start an alarm rings, in minutes; None when it says something else."""
    trigger = alarm.first("TRIGGER")
    if trigger is None or trigger.first("RELATED").upper() == "END":
        return None
    length = moments.parse_length(trigger.value)
    if length is None or _text(alarm.first("ACTION")).upper() not in ("DISPLAY", "AUDIO"):
        return None
    return -(length.days * 1440 + length.seconds // 60)


def _alarms(part: Component) -> Iterator[int]:
    found = (minutes_before(alarm) for alarm in part.children("VALARM"))
    return (each for each in found if each is not None)


def _attachments(lines: Sequence[Line]) -> Iterator[Attachment]:
    for line in lines:
        inline = line.first("VALUE").upper() == "BINARY" or line.first("ENCODING").upper() in ("BASE64", "B")
        name = line.first("FILENAME") or line.first("X-FILENAME") or line.first("X-APPLE-FILENAME")
        size = line.first("SIZE")
        yield Attachment(
            uri="" if inline else line.value.strip(),
            media_type=line.first("FMTTYPE").lower(),
            name=name or ("" if inline else line.value.strip().rpartition("/")[2]),
            size=len(line.value) * 3 // 4 if inline else int(size) if re.fullmatch(r"\d{1,15}", size) else 0,
        )


def inline(line: Line) -> bytes:
    """The octets of an attachment that lies in the text; none when it is no base64."""
    try:
        return base64.b64decode("".join(line.value.split()))
    except binascii.Error:
        return b""
