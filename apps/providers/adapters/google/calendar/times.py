"""The times of Google's events and of iCalendar, each written as the other. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from apps.providers.adapters import contentlines
from apps.providers.adapters.contentlines import Line
from apps.providers.adapters.ical import moments, zones
from apps.providers.adapters.ical.moments import Moment
from apps.providers.adapters.ical.zones import Zones

Json = dict[str, Any]
UTC_NAME: Final = "UTC"


def moment(told: Json, default_zone: str) -> Moment | None:
    """An EventDateTime as a moment in its zone, or in the calendar's. None for what is no time."""
    if told.get("date"):
        return moments.parse(str(told["date"]))
    try:
        at = datetime.fromisoformat(str(told.get("dateTime", "")))
    except ValueError:
        return None
    name = zones.known(str(told.get("timeZone") or default_zone)) or UTC_NAME
    zone = zones.zone(name)
    local = at.astimezone(zone).replace(tzinfo=None) if at.tzinfo else at
    return Moment(local.replace(microsecond=0), zone, name)


def line(name: str, found: Moment) -> Line:
    """A property with this moment (RFC 5545 section 3.8.2.4)."""
    return contentlines.line(name, moments.stamp(found), _form(found))


def _form(found: Moment) -> list[tuple[str, Sequence[str]]]:
    if found.whole_day:
        return [("VALUE", ["DATE"])]
    if found.zone is None or found.name == UTC_NAME:
        return []
    return [("TZID", [found.name])]


def of_line(held: Line, known: Zones) -> Moment | None:
    """The moment that a property says."""
    return next(iter(all_of(held, known)), None)


def all_of(held: Line, known: Zones) -> list[Moment]:
    """All moments of a property that may have several."""
    tzid = held.first("TZID")
    zone, name = known.find(tzid) if tzid else (None, "")
    found = [moments.parse(text, zone, name) for text in held.value.split(",")]
    return [one for one in found if one is not None]


def event_time(found: Moment, default_zone: str) -> Json:
    """A moment as an EventDateTime. A time of no place is one in the calendar's zone: Google has no others."""
    if found.whole_day:
        return {"date": found.local.date().isoformat()}
    name = zones.known(found.name) if found.zone is not None else default_zone or UTC_NAME
    if not name:
        # A zone that only the text describes: the moment is kept, and Google is told it in UTC.
        return {"dateTime": f"{found.instant().replace(tzinfo=None).isoformat()}Z", "timeZone": UTC_NAME}
    if name == UTC_NAME:
        return {"dateTime": f"{found.local.isoformat()}Z", "timeZone": UTC_NAME}
    return {"dateTime": found.local.isoformat(), "timeZone": name}


def key(found: Moment) -> str:
    """How an instance of a series is named: by the moment at which it would have begun."""
    if found.whole_day:
        return f"{found.local:%Y%m%d}"
    return f"{found.instant():%Y%m%dT%H%M%SZ}"


def aware(text: str) -> Moment | None:
    """An RFC 3339 time in UTC."""
    try:
        return Moment(datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None, microsecond=0), UTC, UTC_NAME)
    except ValueError:
        return None
