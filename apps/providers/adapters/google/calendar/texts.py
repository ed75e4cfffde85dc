"""A family of Google's events as one iCalendar object (RFC 5545). Pure, and the same for the same JSON.

What has a property of its own stands in it; the rest of the JSON goes along as X-PMSYNC-GOOGLE, so that an
object that is put somewhere else takes it there.
"""

import json
from typing import Any, Final

from apps.providers.adapters import contentlines
from apps.providers.adapters.contentlines import Line, escape
from apps.providers.adapters.google.calendar import times
from apps.providers.adapters.google.calendar.family import LINES, UID, Family, private
from apps.providers.adapters.ical import tree, zone_text
from apps.providers.adapters.ical.moments import Moment
from apps.providers.adapters.ical.tree import Component

Json = dict[str, Any]

REST: Final = "X-PMSYNC-GOOGLE"
PARTSTAT: Final = {
    "needsAction": "NEEDS-ACTION",
    "declined": "DECLINED",
    "tentative": "TENTATIVE",
    "accepted": "ACCEPTED",
}
CLASS: Final = {"public": "PUBLIC", "private": "PRIVATE", "confidential": "CONFIDENTIAL"}
DEFAULT_REMINDERS: Final = "X-GOOGLE-DEFAULT-REMINDERS"
_TOLD: Final = frozenset(
    {
        "kind", "etag", "id", "status", "created", "updated", "summary", "description", "location", "start", "end",
        "recurrence", "recurringEventId", "originalStartTime", "transparency", "visibility", "iCalUID", "sequence",
        "attendees", "organizer", "reminders", "creator",
    }
)  # fmt: skip
"""Fields that a property tells, or that are Google's own bookkeeping."""


def text(family: Family, default_zone: str) -> bytes:
    """The object. `default_zone` is the calendar's (an IANA name)."""
    calendar = Component(
        "VCALENDAR", contentlines.line("BEGIN", "VCALENDAR"), end=contentlines.line("END", "VCALENDAR")
    )
    calendar.items += [contentlines.line("VERSION", "2.0"), contentlines.line("PRODID", "-//PMSync//Google//EN")]
    writer = _Writer(family, default_zone)
    events = [writer.event(family.master), *(writer.event(one) for one in family.changed)]
    for name, year in sorted(writer.zones.items()):
        calendar.items.append(zone_text.vtimezone(name, year))
    calendar.items += events
    return tree.write([calendar])


class _Writer:
    """Writes the events of one family, and notes the zones that it names."""

    def __init__(self, family: Family, default_zone: str) -> None:
        self._family = family
        self._zone = default_zone
        self.zones: dict[str, int] = {}

    def event(self, event: Json) -> Component:
        made = Component("VEVENT", contentlines.line("BEGIN", "VEVENT"), end=contentlines.line("END", "VEVENT"))
        made.items.append(contentlines.line("UID", escape(self._family.uid)))
        self._stamps(made, event)
        self._times(made, event)
        for name, field in (("SUMMARY", "summary"), ("DESCRIPTION", "description"), ("LOCATION", "location")):
            if event.get(field):
                made.items.append(contentlines.line(name, escape(str(event[field]))))
        made.items.append(contentlines.line("STATUS", str(event.get("status") or "confirmed").upper()))
        if event.get("transparency") == "transparent":
            made.items.append(contentlines.line("TRANSP", "TRANSPARENT"))
        if event.get("visibility") in CLASS:
            made.items.append(contentlines.line("CLASS", CLASS[str(event["visibility"])]))
        made.items += _people(event)
        made.items += contentlines.read(str(private(event).get(LINES, "")).replace("\n", "\r\n").encode())
        made.items += _reminders(event)
        rest = _rest(event)
        if rest:
            made.items.append(contentlines.line(REST, escape(json.dumps(rest, sort_keys=True, ensure_ascii=False))))
        return made

    def _stamps(self, made: Component, event: Json) -> None:
        updated = times.aware(str(event.get("updated", "")))
        created = times.aware(str(event.get("created", "")))
        known = updated or created or times.aware("1970-01-01T00:00:00Z")
        assert known is not None
        made.items.append(times.line("DTSTAMP", known))
        made.items += [times.line("CREATED", created)] if created else []
        made.items += [times.line("LAST-MODIFIED", updated)] if updated else []
        if event.get("sequence"):
            made.items.append(contentlines.line("SEQUENCE", str(event["sequence"])))

    def _times(self, made: Component, event: Json) -> None:
        original = event.get("originalStartTime")
        if original and event is not self._family.master:
            self._time(made, "RECURRENCE-ID", original)
        self._time(made, "DTSTART", event.get("start") or {})
        if not event.get("endTimeUnspecified"):
            self._time(made, "DTEND", event.get("end") or {})
        made.items += [contentlines.parse(str(one).encode()) for one in event.get("recurrence") or ()]
        if event is self._family.master:
            for dropped in self._family.dropped:
                self._time(made, "EXDATE", dropped.get("originalStartTime") or {})
        # Lines that were parsed have no end of their own.
        made.items = [_whole(one) if isinstance(one, Line) else one for one in made.items]

    def _time(self, made: Component, name: str, told: Json) -> None:
        found = times.moment(told, str((self._family.master.get("start") or {}).get("timeZone") or self._zone))
        if found is not None:
            made.items.append(times.line(name, found))
            self._note(found)

    def _note(self, found: Moment) -> None:
        if not found.whole_day and found.name not in ("", times.UTC_NAME):
            self.zones[found.name] = min(self.zones.get(found.name, found.local.year), found.local.year)


def _whole(held: Line) -> Line:
    return Line(held.name, held.value, held.parameters, held.group)


def _people(event: Json) -> list[Line]:
    made = []
    organizer = event.get("organizer") or {}
    if event.get("attendees") and organizer.get("email"):
        made.append(_person("ORGANIZER", organizer, []))
    for one in event.get("attendees") or ():
        if not one.get("email"):
            continue
        more: list[tuple[str, list[str]]] = []
        if one.get("resource"):
            more.append(("CUTYPE", ["RESOURCE"]))
        if one.get("optional"):
            more.append(("ROLE", ["OPT-PARTICIPANT"]))
        more.append(("PARTSTAT", [PARTSTAT.get(str(one.get("responseStatus")), "NEEDS-ACTION")]))
        if one.get("additionalGuests"):
            more.append(("X-NUM-GUESTS", [str(one["additionalGuests"])]))
        if one.get("comment"):
            more.append(("X-RESPONSE-COMMENT", [_plain(one["comment"])]))
        made.append(_person("ATTENDEE", one, more))
    return made


def _person(name: str, told: Json, more: list[tuple[str, list[str]]]) -> Line:
    named = [("CN", [_plain(told["displayName"])])] if told.get("displayName") else []
    return contentlines.line(name, f"mailto:{_plain(told['email'])}", [*named, *more])


def _plain(value: Any) -> str:
    return contentlines.CONTROLS.sub(" ", str(value).replace("\n", " "))


def _reminders(event: Json) -> list[Line | Component]:
    told = event.get("reminders") or {}
    made: list[Line | Component] = []
    if told.get("useDefault"):
        made.append(contentlines.line(DEFAULT_REMINDERS, "TRUE"))
    for one in told.get("overrides") or ():
        mail = one.get("method") == "email"
        title = escape(str(event.get("summary") or "Reminder"))
        alarm = Component("VALARM", contentlines.line("BEGIN", "VALARM"), end=contentlines.line("END", "VALARM"))
        alarm.items += [
            contentlines.line("ACTION", "EMAIL" if mail else "DISPLAY"),
            contentlines.line("DESCRIPTION", title),
            contentlines.line("TRIGGER", f"-PT{int(one.get('minutes', 0))}M"),
        ]
        if mail:
            alarm.items.append(contentlines.line("SUMMARY", title))
        made.append(alarm)
    return made


def _rest(event: Json) -> Json:
    rest = {name: value for name, value in event.items() if name not in _TOLD and value not in (None, "")}
    if "extendedProperties" in rest:
        own = {name: value for name, value in private(event).items() if name not in (UID, LINES)}
        both = {**rest["extendedProperties"], "private": own}
        rest["extendedProperties"] = {name: value for name, value in both.items() if value}
        if not rest["extendedProperties"]:
            del rest["extendedProperties"]
    if event.get("visibility") == "default":
        rest.pop("visibility", None)
    return rest
