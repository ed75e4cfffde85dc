"""An iCalendar object as fields of Google's events, and the difference of two as what is to be patched. Pure.

Both the text that Google's JSON makes and the text to be written are read here, so what this reading loses
is lost on both sides and makes no difference: only what an edit changed is ever sent.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from apps.providers.adapters import errors
from apps.providers.adapters.contentlines import Line, fold, unescape
from apps.providers.adapters.google.calendar import times
from apps.providers.adapters.google.calendar.family import LINES
from apps.providers.adapters.google.calendar.texts import CLASS, DEFAULT_REMINDERS, PARTSTAT, REST
from apps.providers.adapters.ical import moments, reading
from apps.providers.adapters.ical.moments import Moment
from apps.providers.adapters.ical.tree import Component
from apps.providers.adapters.ical.zones import Zones

Json = dict[str, Any]

RULES: Final = ("RRULE", "EXRULE", "RDATE")
KEPT: Final = ("CATEGORIES", "COLOR", "PRIORITY", "GEO", "URL", "COMMENT", "CONTACT", "RESOURCES")
"""Properties that Google has no field for; they are kept in one of the event's private properties."""
KEPT_MOST: Final = 1024
"""Characters that such a property takes."""
CARRIED: Final = (
    "colorId", "guestsCanInviteOthers", "guestsCanModify", "guestsCanSeeOtherGuests", "anyoneCanAddSelf", "source",
    "extendedProperties",
)  # fmt: skip
"""What a new event takes along of another one's JSON."""
ANSWERS: Final = {word: answer for answer, word in PARTSTAT.items()}
VISIBILITY: Final = {word: name for name, word in CLASS.items()}


@dataclass
class Event:
    """One VEVENT. `times` and `excluded` are moments, everything else is as Google writes it."""

    start: Moment
    end: Moment
    plain: Json
    rules: tuple[str, ...] = ()
    excluded: dict[str, Moment] = field(default_factory=dict)
    attendees: tuple[Json, ...] = ()
    reminders: Json = field(default_factory=dict)
    lines: str = ""
    carried: Json = field(default_factory=dict)
    organizer: str = ""


@dataclass
class Object:
    """A whole text: the series or the single event, and its overrides by the moment that each replaces."""

    uid: str
    master: Event
    overrides: dict[str, Event]


def read(data: bytes, default_zone: str) -> Object:
    """What a text says. Raises Rejected, in a sentence, for what Google cannot hold."""
    whole = reading.read(data, default_zone)
    if whole.component != "VEVENT" or not whole.parts:
        raise errors.Rejected("Google's calendars hold events only, neither tasks nor notes.")
    master: Event | None = None
    overrides: dict[str, Event] = {}
    for part in whole.parts:
        event = _event(part, whole.zones)
        told = part.first("RECURRENCE-ID")
        replaced = times.of_line(told, whole.zones) if told else None
        if replaced is None:
            master = event
        elif told is not None and told.first("RANGE"):
            raise errors.Rejected(
                "Google has no change of one instance and all that follow; the series is to be split."
            )
        else:
            overrides[times.key(replaced)] = event
    if master is None:
        raise errors.Rejected("Google's calendars hold no instance without its series.")
    return Object(whole.uid, master, overrides)


def _event(part: Component, known: Zones) -> Event:
    start = _moment(part, "DTSTART", known)
    if start is None:
        raise errors.Rejected("An event begins at some time.")
    length = moments.parse_length(_value(part, "DURATION"))
    end = _moment(part, "DTEND", known)
    if end is None:
        end = moments.after(start, length or (moments.Length(days=1) if start.whole_day else moments.NONE))
    excluded = {times.key(one): one for held in part.lines("EXDATE") for one in times.all_of(held, known)}
    organizer = part.first("ORGANIZER")
    return Event(
        start=start,
        end=end,
        plain=_plain(part),
        rules=tuple(_bare(held) for held in part.lines(*RULES)),
        excluded=excluded,
        attendees=tuple(filter(None, (_attendee(held) for held in part.lines("ATTENDEE")))),
        reminders=_reminders(part),
        lines="\n".join(_bare(held) for held in part.lines(*KEPT)),
        carried=_carried(part),
        organizer=_address(organizer.value) if organizer else "",
    )


def _plain(part: Component) -> Json:
    status = _value(part, "STATUS").lower()
    return {
        "summary": unescape(_value(part, "SUMMARY")),
        "description": unescape(_value(part, "DESCRIPTION")),
        "location": unescape(_value(part, "LOCATION")),
        "status": status if status in ("tentative", "cancelled") else "confirmed",
        "transparency": "transparent" if _value(part, "TRANSP").upper() == "TRANSPARENT" else "opaque",
        "visibility": VISIBILITY.get(_value(part, "CLASS").upper(), "default"),
    }


def _value(part: Component, name: str) -> str:
    held = part.first(name)
    return held.value.strip() if held else ""


def _moment(part: Component, name: str, known: Zones) -> Moment | None:
    held = part.first(name)
    return times.of_line(held, known) if held else None


def _bare(held: Line) -> str:
    """A line as one, without folds or its end."""
    plain = fold(Line(held.name, held.value, held.parameters, held.group))
    return plain.replace(b"\r\n ", b"").rstrip(b"\r\n").decode()


def _address(value: str) -> str:
    text = value.strip()
    return (text[7:] if text.lower().startswith("mailto:") else text).lower()


def _attendee(held: Line) -> Json | None:
    address = _address(held.value)
    if "@" not in address:
        return None
    told: Json = {"email": address, "responseStatus": ANSWERS.get(held.first("PARTSTAT").upper(), "needsAction")}
    if held.first("CN"):
        told["displayName"] = held.first("CN")
    if held.first("ROLE").upper() == "OPT-PARTICIPANT":
        told["optional"] = True
    if held.first("CUTYPE").upper() in ("RESOURCE", "ROOM"):
        told["resource"] = True
    if held.first("X-NUM-GUESTS").isdecimal():
        told["additionalGuests"] = int(held.first("X-NUM-GUESTS"))
    if held.first("X-RESPONSE-COMMENT"):
        told["comment"] = held.first("X-RESPONSE-COMMENT")
    return told


def _reminders(part: Component) -> Json:
    overrides = []
    for alarm in part.children("VALARM"):
        length = moments.parse_length(_value(alarm, "TRIGGER"))
        minutes = -length.about.total_seconds() / 60 if length else -1
        if 0 <= minutes <= 40_320:
            method = "email" if _value(alarm, "ACTION").upper() == "EMAIL" else "popup"
            overrides.append({"method": method, "minutes": int(minutes)})
    default = _value(part, DEFAULT_REMINDERS).upper() == "TRUE" and not overrides
    overrides.sort(key=lambda one: (one["minutes"], one["method"]))
    return {"useDefault": True} if default else {"useDefault": False, "overrides": overrides}


def _carried(part: Component) -> Json:
    try:
        told = json.loads(unescape(_value(part, REST)) or "{}")
    except ValueError:
        return {}
    return {name: told[name] for name in CARRIED if name in told} if isinstance(told, dict) else {}


def whole(event: Event, default_zone: str) -> Json:
    """A new event's JSON."""
    body: Json = {name: value for name, value in event.plain.items() if value}
    body |= {"start": times.event_time(event.start, default_zone), "end": times.event_time(event.end, default_zone)}
    recurrence = _recurrence(event.rules, list(event.excluded.values()))
    if recurrence:
        body["recurrence"] = recurrence
        for name in ("start", "end"):
            if "dateTime" in body[name]:
                body[name].setdefault("timeZone", default_zone or times.UTC_NAME)
    if event.attendees:
        body["attendees"] = list(event.attendees)
    if event.reminders.get("overrides") or event.reminders.get("useDefault"):
        body["reminders"] = event.reminders
    return event.carried | body


def _recurrence(rules: Sequence[str], excluded: Sequence[Moment]) -> list[str]:
    return [*rules, *(_bare(times.line("EXDATE", one)) for one in excluded)]


def patch(before: Event, wanted: Event, current: Json, default_zone: str, own: str) -> Json:
    """What changes an event from one reading into another; empty when nothing does. `current` is its JSON, whose
    guests keep what no property tells; `own` is the address that this calendar answers for."""
    body: Json = {name: value or None for name, value in wanted.plain.items() if value != before.plain[name]}
    for name in ("start", "end"):
        was, will = (times.event_time(getattr(one, name), default_zone) for one in (before, wanted))
        if was != will:
            nothing = {"date": None, "dateTime": None, "timeZone": None}
            body[name] = nothing | will if was.keys() != will.keys() else will
    if wanted.attendees != before.attendees:
        body |= _guests(before, wanted, current, own)
    if wanted.reminders != before.reminders:
        body["reminders"] = wanted.reminders
    if wanted.lines != before.lines:
        body["extendedProperties"] = {"private": {LINES: kept(wanted.lines) or None}}
    return body


def kept(lines: str) -> str:
    """Lines as a private property takes them. Raises Rejected for more than it holds."""
    if len(lines) > KEPT_MOST:
        raise errors.Rejected("Categories, links and notes of this event are longer than Google keeps.")
    return lines


def _guests(before: Event, wanted: Event, current: Json, own: str) -> Json:
    """Guests as they are, with what the edit changed: answers and notes that no property tells stay."""
    was = {one["email"]: one for one in before.attendees}
    will = {one["email"]: one for one in wanted.attendees}
    mine = [one for one in wanted.attendees if one["email"] == own]
    if current.get("attendeesOmitted"):
        if {one: told for one, told in was.items() if one != own} != {
            one: told for one, told in will.items() if one != own
        }:
            raise errors.Rejected("Google does not show all guests of this event, so they cannot be changed here.")
        return {"attendees": mine, "attendeesOmitted": True}
    held = {str(one.get("email", "")).lower(): one for one in current.get("attendees") or ()}
    names = ("responseStatus", "displayName", "optional", "additionalGuests", "comment")
    made = []
    for email, told in will.items():
        changed = {
            name: told.get(name) for name in names if told.get(name) != was.get(email, {}).get(name)
        } if email in held else told  # fmt: skip
        both = {**held.get(email, {}), **changed}
        made.append({name: value for name, value in both.items() if value is not None})
    return {"attendees": made}


def recurrence_patch(before: Event, wanted: Event, current: Json, dropped: Mapping[str, Json]) -> Json:
    """The change of a series' own rules. Instances that Google keeps as cancelled events are not among them."""
    held = [str(one) for one in current.get("recurrence") or ()]
    other = [one for one in held if one.upper().startswith("EXDATE")]
    stays = {one: moment for one, moment in before.excluded.items() if one not in dropped and one in wanted.excluded}
    lost = [one for one in before.excluded if one not in dropped and one not in wanted.excluded]
    if wanted.rules == before.rules and not lost:
        return {}
    again = other if not lost else _recurrence((), list(stays.values()))
    return {"recurrence": [*wanted.rules, *again] or None}
