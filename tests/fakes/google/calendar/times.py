"""The times of an event: dates and moments in zones, checked and written as Google writes them."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from tests.fakes.google.refusals import refuse

Json = dict[str, Any]


def zone(name: str) -> tzinfo:
    """An IANA zone. Raises ValueError for a name that is none."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, KeyError) as unknown:
        raise ValueError(name) from unknown


def normal(which: str, given: Json | None, calendar_zone: str, *, series: bool) -> Json:
    """An EventDateTime with one of `date` and `dateTime`, and its zone. Raises Refusal."""
    if not given or not any(given.get(key) for key in ("date", "dateTime")):
        raise refuse(f"calendar: missing {which}")
    if given.get("date") and given.get("dateTime"):
        raise refuse("calendar: time", which=which)
    name = given.get("timeZone")
    try:
        if name:
            zone(name)
    except ValueError:
        raise refuse("calendar: zone", which=which) from None
    try:
        if given.get("date"):
            return {"date": date.fromisoformat(given["date"]).isoformat()}
        moment = datetime.fromisoformat(given["dateTime"])
    except ValueError:
        raise refuse("calendar: time", which=which) from None
    if not name and (series or moment.tzinfo is None):
        raise refuse("calendar: zone missing", which=which)
    name = name or calendar_zone
    moment = moment.replace(tzinfo=zone(name)) if moment.tzinfo is None else moment.astimezone(zone(name))
    return {"dateTime": written(moment), "timeZone": name}


def checked(start: Json, end: Json) -> None:
    """Refuse times of two kinds, and ranges that are empty or run backwards."""
    if ("date" in start) != ("date" in end):
        raise refuse("calendar: kinds")
    if "date" in start:
        if end["date"] <= start["date"]:
            raise refuse("calendar: time range", name="")
    elif moment(end) < moment(start):
        raise refuse("calendar: time range", name="")


def written(value: datetime) -> str:
    """`2026-01-05T09:00:00+01:00`, or with Z."""
    return value.isoformat(timespec="seconds").replace("+00:00", "Z")


def moment(given: Json, calendar_zone: str = "UTC") -> datetime:
    """The moment that an EventDateTime begins with, in its own zone."""
    if "date" in given:
        return datetime.combine(date.fromisoformat(given["date"]), datetime.min.time(), zone(calendar_zone))
    return datetime.fromisoformat(given["dateTime"]).astimezone(zone(given.get("timeZone", "UTC")))


def local(given: Json) -> datetime:
    """The same as a clock on the wall shows it, without a zone."""
    if "date" in given:
        return datetime.combine(date.fromisoformat(given["date"]), datetime.min.time())
    return moment(given).replace(tzinfo=None)


def at(wall: datetime, like: Json) -> Json:
    """The wall-clock time in the manner and zone of another EventDateTime."""
    if "date" in like:
        return {"date": wall.date().isoformat()}
    name = like.get("timeZone", "UTC")
    return {"dateTime": written(wall.replace(tzinfo=zone(name))), "timeZone": name}


def length(start: Json, end: Json) -> timedelta:
    """How long an event lasts."""
    return local(end) - local(start) if "date" in start else moment(end) - moment(start)


def after(start: Json, wall: datetime, lasting: timedelta) -> tuple[Json, Json]:
    """Start and end of an occurrence that begins at this wall-clock time."""
    begin = at(wall, start)
    if "date" in start:
        return begin, at(wall + lasting, start)
    ending = (moment(begin).astimezone(UTC) + lasting).astimezone(zone(start.get("timeZone", "UTC")))
    return begin, {"dateTime": written(ending), "timeZone": start.get("timeZone", "UTC")}


def shown(given: Json, name: str) -> Json:
    """An EventDateTime with its moment written in another zone."""
    if "dateTime" not in given:
        return dict(given)
    return given | {"dateTime": written(datetime.fromisoformat(given["dateTime"]).astimezone(zone(name)))}
