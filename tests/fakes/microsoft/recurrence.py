"""Recurrence patterns: checked, and laid out as dates."""

import calendar
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import count, islice, takewhile
from typing import Any, Final

from tests.fakes.microsoft.errors import refuse
from tests.fakes.microsoft.zones import zone

DAYS: Final = "monday tuesday wednesday thursday friday saturday sunday".split()
_INDEX: Final = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}
_NEEDED: Final = {
    "daily": (),
    "weekly": ("daysOfWeek",),
    "absoluteMonthly": ("dayOfMonth",),
    "relativeMonthly": ("daysOfWeek",),
    "absoluteYearly": ("dayOfMonth", "month"),
    "relativeYearly": ("daysOfWeek", "month"),
}
FAR: Final = date(2200, 1, 1)


def check_recurrence(recurrence: Mapping[str, Any], start: date) -> dict[str, Any]:
    """The recurrence with its defaults. Raises when it is incomplete or contradicts the event's start."""
    pattern, reach = recurrence["pattern"], recurrence["range"]
    if pattern["interval"] < 1:
        raise refuse("recurrence", what="interval")
    for name in _NEEDED[pattern["type"]]:
        if not pattern.get(name):
            raise refuse("recurrence", what=f"{pattern['type']} needs {name}")
    if not 0 <= (pattern.get("dayOfMonth") or 0) <= 31 or not 0 <= (pattern.get("month") or 0) <= 12:
        raise refuse("recurrence", what="dayOfMonth or month")
    if date.fromisoformat(reach["startDate"]) != start:
        raise refuse("recurrence", what="startDate is not the date of the event's start")
    if reach["type"] == "endDate" and not (reach.get("endDate") or "") >= reach["startDate"]:
        raise refuse("recurrence", what="endDate")
    if reach["type"] == "numbered" and not (reach.get("numberOfOccurrences") or 0) >= 1:
        raise refuse("recurrence", what="numberOfOccurrences")
    if reach.get("recurrenceTimeZone"):
        zone(reach["recurrenceTimeZone"])
    whole = {
        "pattern": {
            "month": 0, "dayOfMonth": 0, "firstDayOfWeek": "sunday", "index": "first",
            **{name: value for name, value in pattern.items() if value is not None},
        },
        "range": {
            "endDate": "0001-01-01", "recurrenceTimeZone": "", "numberOfOccurrences": 0,
            **{name: value for name, value in reach.items() if value is not None},
        },
    }  # fmt: skip
    if next(dates(whole, FAR), None) is None:
        raise refuse("recurrence", what="it never happens")
    return whole


def dates(recurrence: Mapping[str, Any], until: date) -> Iterator[date]:
    """The dates on which the series happens, up to and with `until`."""
    pattern, reach = recurrence["pattern"], recurrence["range"]
    first = date.fromisoformat(reach["startDate"])
    end = until
    if reach["type"] == "endDate":
        end = min(end, date.fromisoformat(reach["endDate"]))
    laid: Iterator[date] = (day for day in _LAID[pattern["type"]](pattern, first) if day >= first)
    if reach["type"] == "numbered":
        laid = islice(laid, reach["numberOfOccurrences"])
    return takewhile(lambda day: day <= min(end, FAR), laid)


def _daily(pattern: Mapping[str, Any], first: date) -> Iterator[date]:
    return (first + timedelta(days=step * pattern["interval"]) for step in count())


def _weekly(pattern: Mapping[str, Any], first: date) -> Iterator[date]:
    begins = DAYS.index(pattern.get("firstDayOfWeek") or "sunday")
    week = first - timedelta(days=(first.weekday() - begins) % 7)
    offsets = sorted({(DAYS.index(name) - begins) % 7 for name in pattern["daysOfWeek"]})
    for step in count():
        start = week + timedelta(weeks=step * pattern["interval"])
        yield from (start + timedelta(days=offset) for offset in offsets)


def _months(first: date, interval: int) -> Iterator[tuple[int, int]]:
    for step in count(0, interval):
        year, month = divmod(first.year * 12 + first.month - 1 + step, 12)
        if year > FAR.year:
            return
        yield year, month + 1


def _on_day(year: int, month: int, day: int) -> date:
    """The day of a month; a month that is too short has it at its end, as Exchange does."""
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def _on_weekday(year: int, month: int, pattern: Mapping[str, Any]) -> date | None:
    wanted = {DAYS.index(name) for name in pattern["daysOfWeek"]}
    length = calendar.monthrange(year, month)[1]
    found = [date(year, month, day) for day in range(1, length + 1) if date(year, month, day).weekday() in wanted]
    index = _INDEX[pattern.get("index") or "first"]
    return found[index] if index < len(found) else None


def _absolute_monthly(pattern: Mapping[str, Any], first: date) -> Iterator[date]:
    return (_on_day(*month, pattern["dayOfMonth"]) for month in _months(first, pattern["interval"]))


def _relative_monthly(pattern: Mapping[str, Any], first: date) -> Iterator[date]:
    found = (_on_weekday(*month, pattern) for month in _months(first, pattern["interval"]))
    return (day for day in found if day is not None)


def _years(pattern: Mapping[str, Any], first: date) -> Iterator[int]:
    return iter(range(first.year, FAR.year, pattern["interval"]))


def _absolute_yearly(pattern: Mapping[str, Any], first: date) -> Iterator[date]:
    return (_on_day(year, pattern["month"], pattern["dayOfMonth"]) for year in _years(pattern, first))


def _relative_yearly(pattern: Mapping[str, Any], first: date) -> Iterator[date]:
    found = (_on_weekday(year, pattern["month"], pattern) for year in _years(pattern, first))
    return (day for day in found if day is not None)


_LAID: Final = {
    "daily": _daily,
    "weekly": _weekly,
    "absoluteMonthly": _absolute_monthly,
    "relativeMonthly": _relative_monthly,
    "absoluteYearly": _absolute_yearly,
    "relativeYearly": _relative_yearly,
}
