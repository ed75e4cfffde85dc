"""Series: RRULE, EXRULE, RDATE and EXDATE lines checked and expanded; ids of instances."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from dateutil.rrule import rrule, rruleset, rrulestr

from tests.fakes.google.calendar import times
from tests.fakes.google.refusals import refuse

Json = dict[str, Any]

LINE: Final = re.compile(r"(RRULE|EXRULE|RDATE|EXDATE)((?:;[A-Z-]+=[^:;]+)*):(.+)", re.ASCII)
STAMP: Final = re.compile(r"(.+)_(\d{8}(?:T\d{6}Z)?)", re.ASCII)
FREQUENCIES: Final = {"YEARLY", "MONTHLY", "WEEKLY", "DAILY"}
LIMIT: Final = 2500
"""Instances of one series that are ever looked at."""


def checked(lines: Sequence[str], start: Json) -> None:
    """Refuse lines that are no recurrence, or none that Google takes."""
    if not any(line.startswith(("RRULE", "RDATE")) for line in lines):
        raise refuse("calendar: recurrence")
    for line in lines:
        found = LINE.fullmatch(line)
        if found is None:
            raise refuse("calendar: recurrence")
        if found[1] in ("RRULE", "EXRULE"):
            parts = dict(part.partition("=")[::2] for part in found[3].split(";"))
            if parts.get("FREQ") not in FREQUENCIES or {"COUNT", "UNTIL"} <= parts.keys():
                raise refuse("calendar: recurrence")
    try:
        next(iter(_set(lines, start)), None)
    except (ValueError, TypeError, KeyError):
        raise refuse("calendar: recurrence") from None


def starts(master: Json, until: datetime) -> Iterator[datetime]:
    """Wall-clock starts of a series, up to a moment."""
    edge = until.astimezone(times.moment(master["start"]).tzinfo).replace(tzinfo=None)
    for number, wall in enumerate(_set(master["recurrence"], master["start"])):
        if wall > edge or number >= LIMIT:
            return
        yield wall


def instance_id(master: Json, wall: datetime) -> str:
    """`{id}_20260105T080000Z`, or `{id}_20260105` for a whole day."""
    if "date" in master["start"]:
        return f"{master['id']}_{wall:%Y%m%d}"
    utc = times.moment(times.at(wall, master["start"])).astimezone(UTC)
    return f"{master['id']}_{utc:%Y%m%dT%H%M%SZ}"


def split_id(event_id: str) -> tuple[str, str] | None:
    """The master's id and the stamp of an instance's id."""
    found = STAMP.fullmatch(event_id)
    return (found[1], found[2]) if found else None


def wall_of(master: Json, stamp: str) -> datetime | None:
    """The start that a stamp names, if the series has it."""
    whole_day = "date" in master["start"]
    if whole_day != (len(stamp) == 8):
        return None
    if whole_day:
        wall = datetime.combine(date(int(stamp[:4]), int(stamp[4:6]), int(stamp[6:8])), datetime.min.time())
    else:
        utc = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        wall = utc.astimezone(times.moment(master["start"]).tzinfo).replace(tzinfo=None)
    edge = times.moment(times.at(wall, master["start"])) + timedelta(days=1)
    return wall if wall in set(starts(master, edge)) else None


def instance(master: Json, wall: datetime) -> Json:
    """What an occurrence looks like that nobody changed."""
    begin, end = times.after(master["start"], wall, times.length(master["start"], master["end"]))
    copied = {key: value for key, value in master.items() if key not in ("recurrence", "start", "end", "id")}
    return copied | {
        "id": instance_id(master, wall),
        "recurringEventId": master["id"],
        "originalStartTime": begin,
        "start": begin,
        "end": end,
    }


def _set(lines: Sequence[str], start: Json) -> rruleset:
    whole = rruleset()
    begin = times.local(start)
    whole.rdate(begin)
    for line in lines:
        found = LINE.fullmatch(line)
        if found is None:
            raise ValueError(line)
        kind, parameters, value = found.groups()
        if kind in ("RRULE", "EXRULE"):
            made = rrulestr(_floating(value, start), dtstart=begin)
            assert isinstance(made, rrule)
            (whole.rrule if kind == "RRULE" else whole.exrule)(made)
            continue
        zone = re.search(r"TZID=([^;:]+)", parameters)
        for one in value.split(","):
            (whole.rdate if kind == "RDATE" else whole.exdate)(_wall(one, start, zone[1] if zone else ""))
    return whole


def _floating(value: str, start: Json) -> str:
    """The rule with UNTIL as the wall clock of the series shows it."""

    def moved(found: re.Match[str]) -> str:
        return f"UNTIL={_wall(found[1], start, '', ends=True):%Y%m%dT%H%M%S}"

    return re.sub(r"UNTIL=(\d{8}(?:T\d{6}Z?)?)", moved, value)


def _wall(text: str, start: Json, zone: str, *, ends: bool = False) -> datetime:
    if len(text) == 8:
        day = datetime.strptime(text, "%Y%m%d")  # a wall clock has no zone
        if "date" in start:
            return day
        return day.replace(hour=23, minute=59, second=59) if ends else datetime.combine(day, times.local(start).time())
    wall = datetime.strptime(text.rstrip("Z"), "%Y%m%dT%H%M%S")  # as above
    if text.endswith("Z"):
        return wall.replace(tzinfo=UTC).astimezone(times.moment(start).tzinfo).replace(tzinfo=None)
    if zone and "date" not in start:
        return wall.replace(tzinfo=times.zone(zone)).astimezone(times.moment(start).tzinfo).replace(tzinfo=None)
    return wall
