"""An iCalendar object as the JSON that Graph takes. Pure.

Both the text that is there and the one that is wanted are translated by this module, and what differs is written: so
nothing that nobody edited is touched, whatever was lost in between.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from apps.providers.adapters import contentlines, errors
from apps.providers.adapters.contentlines import Line
from apps.providers.adapters.ical import Item, Moment, Whole, read, zones
from apps.providers.adapters.ical.reading import minutes_before, periods
from apps.providers.adapters.ical.tree import Component

from . import recurrence
from .event_text import (
    BUSY,
    BUSY_STATUS,
    HIDDEN,
    MORE,
    NO_COUNTER,
    NO_RESPONSE,
    ONLINE,
    OUTLOOK_UID,
    PERSONAL,
    UID,
    ZONE,
)
from .graph import Json

CARRIED: Final = frozenset(
    "UID DTSTAMP CREATED LAST-MODIFIED SEQUENCE DTSTART DTEND DURATION RECURRENCE-ID RRULE EXDATE SUMMARY DESCRIPTION "
    "LOCATION CATEGORIES STATUS CLASS TRANSP PRIORITY ORGANIZER ATTENDEE".split()
) | {PERSONAL, BUSY_STATUS, ONLINE, NO_RESPONSE, NO_COUNTER, HIDDEN, ZONE, OUTLOOK_UID}
"""Properties that Graph has a place for; all others are kept as lines."""
MORE_MOST: Final = 30_000
SHOWN: Final = {word: name for name, word in BUSY.items()} | {"WORKINGELSEWHERE": "workingElsewhere"}
RESPONSES: Final = {"ACCEPTED": "accept", "TENTATIVE": "tentativelyAccept", "DECLINED": "decline"}
TIMES: Final = frozenset({"start", "end", "isAllDay", "recurrence"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a text asks for. `overrides` are by the time that the pattern meant each for, `gone` are those taken out."""

    uid: str
    event: Json
    overrides: dict[datetime, Json] = field(default_factory=dict)
    gone: frozenset[datetime] = frozenset()
    start: Moment | None = None
    length: timedelta = timedelta()
    answers: dict[str, str] = field(default_factory=dict)
    """What each attendee has answered, by address in lower case."""

    def plain(self, key: datetime) -> Json:
        """An instance as the pattern has it."""
        assert self.start is not None
        begin = self.start.at(key)
        times = {"start": _time(begin), "end": _time(begin.at(key + self.length))}
        return {name: value for name, value in self.event.items() if name != "recurrence"} | times


def wanted(data: bytes) -> Wanted:
    """What an object asks of Graph. Raises Rejected, in a sentence, for what Outlook cannot hold."""
    whole = read(data)
    if whole.component != "VEVENT" or whole.master is None or whole.master.start is None:
        raise errors.Rejected("Outlook's calendars hold events that have a start, and nothing else.")
    master = whole.parts[0]
    if master.lines("RDATE", "EXRULE"):
        raise errors.Rejected("Outlook cannot repeat an event on dates of their own.")
    start = whole.master.start
    event = _json(whole, master, whole.master)
    event["recurrence"] = recurrence.from_rule(whole.master.rule, start) if whole.master.rule else None
    gone = {key(each, start) for line in master.lines("EXDATE") for each, _ in periods(line, whole.zones)}
    overrides = {}
    for item, part in zip(whole.overrides, whole.parts[1:], strict=False):
        if item.recurrence_id is None or item.start is None:
            continue
        if item.onward:
            raise errors.Rejected("Outlook has no changes from one event on: it needs a series of its own.")
        if item.cancelled:
            gone.add(key(item.recurrence_id, start))
        else:
            overrides[key(item.recurrence_id, start)] = _json(whole, part, item)
    end = whole.master.end or start
    answers = {one.address.lower(): one.status for one in whole.master.attendees}
    return Wanted(whole.uid, event, overrides, frozenset(gone), start, end.local - start.local, answers)


def key(moment: Moment, start: Moment) -> datetime:
    """The time of an instance as the clock of its series shows it; of whole days midnight."""
    if start.whole_day:
        return moment.local.replace(hour=0, minute=0, second=0)
    if moment.whole_day:
        return datetime.combine(moment.local.date(), start.local.time())
    return start.seen(moment.instant()).local


def difference(now: Json, then: Json) -> Json:
    """What of an event is to be written so that `now` becomes `then`."""
    found = {name: value for name, value in then.items() if now.get(name) != value}
    if {"start", "end", "isAllDay"} & found.keys():
        # Graph judges them together.
        found |= {name: then[name] for name in ("start", "end", "isAllDay")}
    return found


def _json(whole: Whole, part: Component, item: Item) -> Json:
    start, end = item.start, item.end
    assert start is not None
    end = end or start
    if start.whole_day and end.local <= start.local:
        end = start.at(start.local + timedelta(days=1))
    alarms = [minutes for each in part.children("VALARM") if (minutes := minutes_before(each)) is not None]
    reminder = max(0, min(alarms)) if alarms else None
    found: Json = {
        "subject": item.title,
        "body": {"contentType": "text", "content": item.description},
        "location": {"displayName": item.location},
        "start": _time(start),
        "end": _time(end),
        "isAllDay": start.whole_day,
        "categories": list(item.categories),
        "showAs": _shown(part, item),
        "sensitivity": _sensitivity(part, item),
        "importance": _importance(item.priority),
        "isReminderOn": reminder is not None,
        "attendees": [
            {
                "emailAddress": {"address": _address(one.address), "name": one.name or _address(one.address)},
                "type": _kind(one.kind, one.role),
            }
            for one in item.attendees
            if item.organizer is None or one.address.lower() != item.organizer.address.lower()
        ],
        "responseRequested": part.first(NO_RESPONSE) is None,
        "allowNewTimeProposals": part.first(NO_COUNTER) is None,
        "hideAttendees": part.first(HIDDEN) is not None,
        "isOnlineMeeting": part.first(ONLINE) is not None,
        "singleValueExtendedProperties": [
            {"id": UID, "value": whole.uid}, {"id": MORE, "value": _more(part, alarms)},
        ],
    }  # fmt: skip
    if reminder is not None:
        found["reminderMinutesBeforeStart"] = reminder
    if item.recurrence_id is not None:
        del found["singleValueExtendedProperties"]
    return found


def _time(moment: Moment) -> Json:
    """A time in a zone that Graph knows; one of no place, or of a zone of its own making, is told in UTC."""
    if not moment.whole_day and moment.name and zones.known(moment.name) != moment.name:
        moment = Moment(moment.instant().replace(tzinfo=None), name="UTC")
    return {"dateTime": f"{moment.local:%Y-%m-%dT%H:%M:%S}", "timeZone": moment.name or "UTC"}


def _shown(part: Component, item: Item) -> str:
    told = part.first(BUSY_STATUS)
    word = SHOWN.get(told.value.strip().upper(), "busy") if told is not None else "busy"
    # The standard property is what people edit.
    if not item.busy:
        return "free"
    return "busy" if word == "free" else word


def _sensitivity(part: Component, item: Item) -> str:
    if item.visibility == "PRIVATE":
        return "personal" if part.first(PERSONAL) is not None else "private"
    return "confidential" if item.visibility == "CONFIDENTIAL" else "normal"


def _importance(priority: int) -> str:
    """1 to 4 is high, 6 to 9 low (RFC 5545 section 3.8.1.9); 0 says nothing."""
    if priority in (0, 5):
        return "normal"
    return "high" if priority < 5 else "low"


def _kind(kind: str, role: str) -> str:
    if kind in ("RESOURCE", "ROOM"):
        return "resource"
    return "optional" if role in ("OPT-PARTICIPANT", "NON-PARTICIPANT") else "required"


def _address(address: str) -> str:
    return address.removeprefix("x-outlook:")


def _more(part: Component, alarms: list[int]) -> str:
    """The lines that Graph has no place for. Raises Rejected when they are too many to be kept."""
    kept: list[Line] = [each for each in part.lines() if each.name and each.key not in CARRIED]
    text = contentlines.write(contentlines.line(one.name, one.value, one.parameters, one.group) for one in kept)
    if len(text) > MORE_MOST:
        raise errors.Rejected("This event carries more than Outlook can keep, such as a file in its text.")
    return text.decode()
