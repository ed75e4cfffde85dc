"""When a report is due: days and hours in a person's time zone, DST included. Pure."""

import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

BEFORE: Final = timedelta(minutes=1)
"""It is delivered so long before its hour: ticks and mail servers take seconds, and it is to be there by then."""
LEAD: Final = timedelta(minutes=5)
SPREAD: Final = timedelta(minutes=10)
"""It is prepared between LEAD and LEAD + SPREAD before it is delivered, each person at another moment, so that a
company whose people all begin at 8:00 does not ask the database and the model for everything at once. Early enough for
a model that is slow, and late enough that what it tells is true."""
EVERY_DAY: Final = frozenset(range(7))


@dataclass(frozen=True, slots=True)
class Rhythm:
    """At which hour of which days (0 is Monday) somebody wants a report."""

    at: time = time(8)
    weekdays: Collection[int] = EVERY_DAY


@dataclass(frozen=True, slots=True)
class Goal:
    """The report of a day: when it is prepared and delivered, and the days that it tells of, up to the one before."""

    day: date
    first_day: date
    prepare_at: datetime
    deliver_at: datetime


def moment_of(day: date, at: time, zone: ZoneInfo) -> datetime | None:
    """The one moment at which the clock shows this time on this day; None for a day that the zone left out.

    A time that is there twice is the first of the two; one that is skipped is as much later as the clock was put
    forward (so RFC 5545 section 3.3.5 reads such times).
    """
    found = datetime.combine(day, at, zone).astimezone(UTC)  # fold 0 says both
    return found if found.astimezone(zone).date() == day else None


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When the day begins, whether or not its midnight exists."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def goal(
    rhythm: Rhythm, zone: ZoneInfo, moment: datetime, *, after: date | None, since: datetime, person: UUID
) -> Goal | None:
    """The report to work on: today's, even late, unless it is done (`after` is the last day that was), else the next.

    What was due before `since` is not caught up on, nor is any day before today. None when no day is wanted.
    """
    today = moment.astimezone(zone).date()
    for day in (today + timedelta(days=count) for count in range(15)):
        if day.weekday() not in rhythm.weekdays or (after is not None and day <= after):
            continue
        at = moment_of(day, rhythm.at, zone)
        if at is None or at < since:
            continue
        begins = midnight(day, zone)
        deliver_at = max(at - BEFORE, begins)
        return Goal(day, first_day(day, rhythm), max(deliver_at - _lead(person), begins), deliver_at)
    return None


def _lead(person: UUID) -> timedelta:
    return LEAD + SPREAD * (zlib.crc32(person.bytes) % 600) / 600


def first_day(day: date, rhythm: Rhythm) -> date:
    """The first day that a report tells of: on a Monday after a free weekend, that is Friday."""
    return next(
        (
            before
            for before in (day - timedelta(days=count) for count in range(1, 8))
            if before.weekday() in rhythm.weekdays
        ),
        day - timedelta(days=1),
    )
