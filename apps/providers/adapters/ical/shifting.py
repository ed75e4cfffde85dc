"""What a series becomes when one of its instances is moved and all are meant."""

import calendar
from datetime import datetime
from typing import Final

from . import rules
from .moments import Moment

LAST: Final = 5
"""The fifth weekday of a month is its last, wherever there is one."""


def moved(start: Moment, was: Moment, wanted: Moment) -> Moment:
    """Where a series begins when the instance that was at `was` is to be at `wanted`."""
    if was.whole_day or wanted.whole_day:
        day = start.local.date() + (wanted.local.date() - was.local.date())
        return wanted.at(datetime.combine(day, wanted.local.time()))
    return wanted.at(start.local + (wanted.local - was.local))


def follows(text: str, old: Moment, new: Moment) -> str:
    """The rule of a series that began at `old` and begins at `new`: its weekdays and days of the month go with it.

    Parts that the start has nothing to do with stay as they are.
    """
    before, after = old.local.date(), new.local.date()
    if before == after or not text:
        return text
    told = rules.parts(text)
    rule = rules.parse(text)
    changed: dict[str, str] = {}
    if rule.by_day and any(weekday == before.weekday() for _, weekday in rule.by_day):
        days = (after.weekday() - before.weekday()) % 7
        if rule.frequency in ("WEEKLY", "DAILY"):
            changed["BYDAY"] = ",".join(
                rules.WEEKDAYS[weekday] for weekday in sorted((weekday + days) % 7 for _, weekday in rule.by_day)
            )
        elif len(rule.by_day) == 1 and rule.by_day[0][0]:
            changed["BYDAY"] = f"{_nth(new.local, rule.by_day[0][0])}{rules.WEEKDAYS[after.weekday()]}"
    if rule.by_month_day == (before.day,):
        changed["BYMONTHDAY"] = str(after.day)
    if rule.by_month == (before.month,):
        changed["BYMONTH"] = str(after.month)
    return ";".join(f"{name}={changed.get(name, value)}" for name, value in told.items()) if changed else text


def _nth(day: datetime, was: int) -> int:
    size = calendar.monthrange(day.year, day.month)[1]
    number = (day.day - 1) // 7 + 1
    return -1 if number == LAST or (was < 0 and day.day + 7 > size) else number
