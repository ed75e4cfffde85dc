"""Free time between what takes it: working hours of working days, cut by events. Pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice
from typing import Any, Final

from apps.calendar.queries import Window

LONGEST: Final = timedelta(days=14)
BEGIN, END = time(9), time(18)
"""Working hours, from Monday to Friday."""

Span = tuple[datetime, datetime]
MOST: Final = 12
STEP: Final = timedelta(minutes=15)
"""Proposed times begin at full quarters of an hour."""


def free(
    window: Window, busy: Sequence[dict[str, Any]], length: timedelta, here: tzinfo, now: datetime
) -> list[dict[str, str]]:
    """Times of at least this length in which nothing takes place, as local times: `from` and `until`; at most MOST.

    `busy` are instances as `calendar.queries.overlaps` answers them. Nothing that lies behind `now` is free.
    """
    taken = sorted(_span(item, here) for item in busy)
    found = (gap for day in _days(window, here) for gap in _gaps(*day, taken, here, now) if gap[1] - gap[0] >= length)
    return [{"from": _text(begin), "until": _text(end)} for begin, end in islice(found, MOST)]


def _gaps(begin: datetime, end: datetime, taken: Sequence[Span], here: tzinfo, now: datetime) -> Iterator[Span]:
    """What is left of a day's hours."""
    place = _rounded(max(begin, now.astimezone(here)), here)
    for start, until in taken:
        if until <= place:
            continue
        if start >= end:
            break
        yield place, start
        place = max(place, _rounded(until, here))
    yield place, end


def _days(window: Window, here: tzinfo) -> Iterator[Span]:
    day: date = window.begin.astimezone(here).date()
    last = (window.end - timedelta(seconds=1)).astimezone(here).date()
    while day <= last:
        if day.weekday() < 5:
            yield datetime.combine(day, BEGIN, here), datetime.combine(day, END, here)
        day += timedelta(days=1)


def _span(item: dict[str, Any], here: tzinfo) -> Span:
    """An instance as two moments; one of whole days from midnight to midnight where the person is."""
    begin, end = datetime.fromisoformat(item["start"]), datetime.fromisoformat(item["end"])
    if item["all_day"]:
        begin, end = begin.replace(tzinfo=here), end.replace(tzinfo=here)
    return _aware(begin).astimezone(here), _aware(end).astimezone(here)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _rounded(moment: datetime, here: tzinfo) -> datetime:
    """The next full quarter of an hour."""
    past = timedelta(minutes=moment.minute % 15, seconds=moment.second, microseconds=moment.microsecond)
    return (moment + (STEP - past if past else timedelta())).astimezone(here)


def _text(moment: datetime) -> str:
    return f"{moment:%A} {moment:%Y-%m-%dT%H:%M}"
