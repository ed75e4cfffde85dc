"""An event of Graph as an iCalendar object (RFC 5545): single, or a series with what differs from its pattern. Pure.

What Graph has and no standard property carries is kept in the properties that Outlook itself writes (MS-OXCICAL), or
under X-PMSYNC names. What a text had and Graph has no place for lies in an extended property of the event, line for
line, and is put back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from apps.providers.adapters import contentlines, errors
from apps.providers.adapters.contentlines import Line, escape, line
from apps.providers.adapters.ical import Moment, tree, zone_text, zones
from apps.providers.adapters.ical.tree import Component

from . import recurrence
from .graph import Json
from .messages import extended, moment

PRODUCT: Final = "-//PMSync//PMSync//EN"
SPACE: Final = "{5c0a9f4e-63f1-4d6e-9b0d-1f6f2a7c8e31}"
"""The name space of our extended properties."""
UID: Final = f"String {SPACE} Name PMSyncUid"
MORE: Final = f"String {SPACE} Name PMSyncMore"
PARTSTAT: Final = {
    "accepted": "ACCEPTED", "organizer": "ACCEPTED", "tentativelyaccepted": "TENTATIVE", "declined": "DECLINED",
}  # fmt: skip
CLASSES: Final = {"private": "PRIVATE", "personal": "PRIVATE", "confidential": "CONFIDENTIAL"}
BUSY: Final = {"free": "FREE", "tentative": "TENTATIVE", "oof": "OOF", "workingelsewhere": "WORKINGELSEWHERE"}
PRIORITY: Final = {"high": "1", "low": "9"}
PERSONAL: Final = "X-PMSYNC-SENSITIVITY"
BUSY_STATUS: Final = "X-MICROSOFT-CDO-BUSYSTATUS"
ONLINE: Final = "X-MICROSOFT-SKYPETEAMSMEETINGURL"
NO_RESPONSE: Final = "X-PMSYNC-RESPONSE-REQUESTED"
NO_COUNTER: Final = "X-MICROSOFT-DISALLOW-COUNTER"
HIDDEN: Final = "X-PMSYNC-HIDE-ATTENDEES"
ZONE: Final = "X-PMSYNC-ZONE"
OUTLOOK_UID: Final = "X-PMSYNC-OUTLOOK-UID"


@dataclass(frozen=True, slots=True)
class Found:
    """An event as it was read: the whole, its exceptions, and the dates of its pattern on which nothing happens."""

    event: Json
    exceptions: Sequence[tuple[Moment, Json]] = ()
    """Each with the time that the pattern meant it for."""
    cancelled: Sequence[Moment] = ()
    me: str = ""
    """The address of whose calendar it is."""

    @property
    def uid(self) -> str:
        """The UID under which we know it: ours, if we made it."""
        return extended(self.event).get(UID.lower()) or str(self.event.get("iCalUId") or self.event["id"])


@dataclass(slots=True)
class _Names:
    """The zones that a text names, and since when."""

    years: dict[str, int] = field(default_factory=dict)

    def of(self, moment: Moment) -> None:
        if moment.name and moment.name != "UTC" and not moment.whole_day:
            self.years[moment.name] = min(self.years.get(moment.name, 9999), moment.local.year)

    def components(self) -> list[Component]:
        return [zone_text.vtimezone(name, year) for name, year in sorted(self.years.items())]


def text(found: Found) -> bytes:
    """The object. Raises Transient for an event that makes no sense."""
    names = _Names()
    start = when(found.event, "start")
    parts = [_part(found, found.event, None, names)]
    if found.event.get("recurrence"):
        parts[0].put(line("RRULE", recurrence.to_rule(found.event["recurrence"], start)))
        for each in found.cancelled:
            parts[0].put(_time("EXDATE", each, names))
    parts += [_part(found, item, original, names) for original, item in found.exceptions]
    calendar = Component("VCALENDAR", line("BEGIN", "VCALENDAR"), end=line("END", "VCALENDAR"))
    calendar.items += [line("VERSION", "2.0"), line("PRODID", PRODUCT), *names.components(), *parts]
    return tree.write([calendar])


def when(item: Json, name: str) -> Moment:
    """The start or end of an event in the zone that it was made in. Raises Transient when it is no time."""
    try:
        told = item[name]["dateTime"].partition(".")[0]
        local = datetime.fromisoformat(told)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise errors.Transient("an event has no time") from None
    if item.get("isAllDay"):
        return Moment(local, whole_day=True)
    return in_zone(local.replace(tzinfo=UTC), zone_of(item, name))


def in_zone(instant: datetime, name: str) -> Moment:
    """A point in time as a clock of that zone shows it."""
    zone = zones.zone(name)
    return Moment(instant.astimezone(zone).replace(tzinfo=None), zone, name)


def zone_of(item: Json, name: str = "start") -> str:
    """IANA's name of the zone that an event was made in; that of its pattern, or UTC, for one that nobody knows."""
    told = str(item.get("originalStartTimeZone" if name == "start" else "originalEndTimeZone") or "")
    reach = (item.get("recurrence") or {}).get("range") or {}
    aliases = "UTC" if told.lower() == "tzone://microsoft/utc" else ""
    return zones.known(told) or aliases or zones.known(str(reach.get("recurrenceTimeZone") or "")) or "UTC"


def _part(found: Found, item: Json, original: Moment | None, names: _Names) -> Component:
    part = Component("VEVENT", line("BEGIN", "VEVENT"), end=line("END", "VEVENT"))
    start, end = when(item, "start"), when(item, "end")
    part.items += [line("UID", escape(found.uid)), line("DTSTAMP", _stamp(item))]
    if created := moment(item.get("createdDateTime")):
        part.items.append(line("CREATED", f"{created:%Y%m%dT%H%M%SZ}"))
    part.items.append(line("LAST-MODIFIED", _stamp(item)))
    if original is not None:
        part.items.append(_time("RECURRENCE-ID", original, names))
    part.items += [_time("DTSTART", start, names), _time("DTEND", end, names)]
    part.items += [*_words(item), *_standing(item), *_people(found, item), *_own(found, item)]
    if original is None:
        part.items += contentlines.read(extended(item).get(MORE.lower(), "").encode())
    if item.get("isReminderOn") and item.get("reminderMinutesBeforeStart") is not None:
        part.items.append(alarm(int(item["reminderMinutesBeforeStart"]), str(item.get("subject") or "")))
    return part


def _stamp(item: Json) -> str:
    changed = moment(item.get("lastModifiedDateTime")) or datetime(1970, 1, 1, tzinfo=UTC)
    return f"{changed:%Y%m%dT%H%M%SZ}"


def _time(name: str, moment: Moment, names: _Names) -> Line:
    names.of(moment)
    if moment.whole_day:
        return line(name, f"{moment.local:%Y%m%d}", [("VALUE", ("DATE",))])
    if moment.name in ("", "UTC"):
        return line(name, f"{moment.local:%Y%m%dT%H%M%S}" + ("Z" if moment.name else ""))
    return line(name, f"{moment.local:%Y%m%dT%H%M%S}", [("TZID", (moment.name,))])


def _words(item: Json) -> Iterable[Line]:
    yield line("SUMMARY", escape(str(item.get("subject") or "")))
    content = str((item.get("body") or {}).get("content") or "").replace("\r\n", "\n").strip("\n")
    if content:
        yield line("DESCRIPTION", escape(content))
    if place := str((item.get("location") or {}).get("displayName") or ""):
        yield line("LOCATION", escape(place))
    if item.get("categories"):
        yield line("CATEGORIES", ",".join(escape(str(each)) for each in item["categories"]))


def _standing(item: Json) -> Iterable[Line]:
    """How it stands: cancelled, private, taken, weighty."""
    shown = str(item.get("showAs") or "busy").lower()
    sensitivity = str(item.get("sensitivity") or "normal").lower()
    importance = str(item.get("importance") or "normal").lower()
    if item.get("isCancelled"):
        yield line("STATUS", "CANCELLED")
    if sensitivity in CLASSES:
        yield line("CLASS", CLASSES[sensitivity])
    if sensitivity == "personal":
        yield line(PERSONAL, "personal")
    yield line("TRANSP", "TRANSPARENT" if shown == "free" else "OPAQUE")
    if shown in BUSY:
        yield line(BUSY_STATUS, BUSY[shown])
    if importance in PRIORITY:
        yield line("PRIORITY", PRIORITY[importance])


def _people(found: Found, item: Json) -> Iterable[Line]:
    attendees = item.get("attendees") or ()
    if not attendees:
        return
    organizer = (item.get("organizer") or {}).get("emailAddress") or {}
    if organizer.get("address"):
        yield line("ORGANIZER", address_uri(organizer["address"]), _named(organizer))
    for one in attendees:
        address = one.get("emailAddress") or {}
        # Exchange's own names (X.500) are no addresses; they stay as they are.
        uri = address_uri(str(address.get("address") or ""))
        kind = str(one.get("type") or "required").lower()
        parameters = _named(address)
        if kind == "resource":
            parameters += [("CUTYPE", ("RESOURCE",)), ("ROLE", ("NON-PARTICIPANT",))]
        elif kind == "optional":
            parameters.append(("ROLE", ("OPT-PARTICIPANT",)))
        status = str((one.get("status") or {}).get("response") or "none").lower()
        if not item.get("isOrganizer") and str(address.get("address") or "").lower() == found.me.lower():
            status = str((item.get("responseStatus") or {}).get("response") or status).lower()
        parameters.append(("PARTSTAT", (PARTSTAT.get(status, "NEEDS-ACTION"),)))
        if item.get("responseRequested", True):
            parameters.append(("RSVP", ("TRUE",)))
        yield line("ATTENDEE", uri, parameters)


def address_uri(address: str) -> str:
    """An address as a CAL-ADDRESS."""
    return f"mailto:{address}" if "@" in address else f"x-outlook:{contentlines.CONTROLS.sub('', address)}"


def _named(address: Mapping[str, str]) -> list[tuple[str, tuple[str, ...]]]:
    name = contentlines.CONTROLS.sub(" ", str(address.get("name") or ""))
    return [("CN", (name,))] if name and name != address.get("address") else []


def _own(found: Found, item: Json) -> Iterable[Line]:
    """What only Outlook knows."""
    joined = (item.get("onlineMeeting") or {}).get("joinUrl") or item.get("onlineMeetingUrl")
    if item.get("isOnlineMeeting"):
        yield line(ONLINE, contentlines.CONTROLS.sub("", str(joined or "")))
    if item.get("responseRequested") is False:
        yield line(NO_RESPONSE, "FALSE")
    if item.get("allowNewTimeProposals") is False:
        yield line(NO_COUNTER, "TRUE")
    if item.get("hideAttendees"):
        yield line(HIDDEN, "TRUE")
    told = str(item.get("originalStartTimeZone") or "")
    if told and not item.get("isAllDay") and not zones.known(told):
        yield line(ZONE, escape(told))
    if str(item.get("iCalUId") or found.uid) != found.uid and item is found.event:
        yield line(OUTLOOK_UID, escape(str(item["iCalUId"])))


def alarm(minutes: int, title: str) -> Component:
    """A reminder so long before the start."""
    made = Component("VALARM", line("BEGIN", "VALARM"), end=line("END", "VALARM"))
    made.items += [line("ACTION", "DISPLAY"), line("TRIGGER", f"-PT{minutes}M" if minutes else "PT0S")]
    made.items.append(line("DESCRIPTION", escape(title or "Reminder")))
    return made
