"""Recurrence rules (RFC 5545 section 3.3.10), answered for a window without counting up to it.

No library is used since the one there is (dateutil) begins at the first instance whatever the window, and
looks for one until the year 9999 where a rule has none. Times here are of a wall clock: no zone, no gaps.
"""

import calendar
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

STEPS: Final = 60_000
"""Days and periods that are looked at for one answer; a rule that needs more is none of a calendar."""
WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
UNITS: Final = {"HOURLY": 3600, "MINUTELY": 60, "SECONDLY": 1}
FREQUENCIES: Final = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", *UNITS)
BY_DAY: Final = re.compile(r"([+-]?\d{1,3})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
# Each part: the least and the most of its numbers, and whether they may be counted from the end.
NUMBERS: Final = {
    "BYSECOND": (0, 60, False),
    "BYMINUTE": (0, 59, False),
    "BYHOUR": (0, 23, False),
    "BYMONTHDAY": (1, 31, True),
    "BYYEARDAY": (1, 366, True),
    "BYWEEKNO": (1, 53, True),
    "BYMONTH": (1, 12, False),
    "BYSETPOS": (1, 366, True),
}


class Endless(Exception):
    """The rule was followed for STEPS and would have to be followed further."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `until` is in the start's own time, and included; without a part its tuple is empty."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    by_second: tuple[int, ...] = ()
    by_minute: tuple[int, ...] = ()
    by_hour: tuple[int, ...] = ()
    by_day: tuple[tuple[int, int], ...] = ()
    """Ordinal (0: every one) and weekday (Monday is 0)."""
    by_month_day: tuple[int, ...] = ()
    by_year_day: tuple[int, ...] = ()
    by_week_no: tuple[int, ...] = ()
    by_month: tuple[int, ...] = ()
    by_set_pos: tuple[int, ...] = ()
    week_start: int = 0


def parts(text: str) -> dict[str, str]:
    """A rule's parts by name; of two of a name the first."""
    found: dict[str, str] = {}
    for part in text.replace(" ", "").replace("\\", "").upper().split(";"):
        name, _, value = part.partition("=")
        if value:
            found.setdefault(name, value)
    return found


@lru_cache(4096)
def parse(text: str) -> Rule:
    """A RECUR value without its UNTIL, which only whoever knows the start can read.

    Raises ValueError that says what is wrong.
    """
    given = parts(text)
    frequency = given.get("FREQ", "")
    if frequency not in FREQUENCIES:
        raise ValueError("the rule names no frequency")
    if given.get("RSCALE", "GREGORIAN") != "GREGORIAN":
        raise ValueError("the rule is of a calendar other than the Gregorian one")
    numbers = {f"by_{name[2:].lower()}": _numbers(given.get(name, ""), name) for name in NUMBERS}
    names = {"by_monthday": "by_month_day", "by_yearday": "by_year_day", "by_weekno": "by_week_no"}
    names |= {"by_setpos": "by_set_pos"}
    week_start = given.get("WKST", "MO")
    return Rule(
        frequency,
        _positive(given.get("INTERVAL", "1"), "interval"),
        _positive(given["COUNT"], "count") if "COUNT" in given else None,
        by_day=_days(given.get("BYDAY", "")),
        week_start=WEEKDAYS.index(week_start) if week_start in WEEKDAYS else 0,
        **{names.get(name, name): value for name, value in numbers.items()},  # type: ignore[arg-type]
    )


def _positive(text: str, what: str) -> int:
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII) or int(text) < 1:
        raise ValueError(f"the rule's {what} is no positive number")
    return int(text)


def _numbers(text: str, name: str) -> tuple[int, ...]:
    least, most, backwards = NUMBERS[name]
    found = []
    for each in filter(None, text.split(",")):
        if not re.fullmatch(r"[+-]?\d{1,3}", each, re.ASCII):
            raise ValueError(f"the rule's {name} holds something that is no number")
        number = int(each)
        if not least <= (abs(number) if backwards else number) <= most:
            raise ValueError(f"the rule's {name} holds a number that there is not")
        found.append(number)
    return tuple(sorted(set(found)))


def _days(text: str) -> tuple[tuple[int, int], ...]:
    found = set()
    for each in filter(None, text.split(",")):
        match = BY_DAY.fullmatch(each)
        if match is None:
            raise ValueError("the rule's BYDAY holds something that is no weekday")
        found.add((int(match[1] or 0), WEEKDAYS.index(match[2])))
    return tuple(sorted(found))


def instances(rule: Rule, start: datetime, since: datetime | None = None) -> Iterator[datetime]:
    """The instances from `since` on, in order. The start is the first of all, whatever the rule says, and counts;
    but a rule that ends before it has none: so programs leave a series whose every instance was deleted.

    Raises Endless.
    """
    if rule.until is not None and rule.until < start:
        return
    if since is None or start >= since:
        yield start
    given = 1
    for each in _generated(rule, start, start if since is None or rule.count is not None else max(start, since)):
        if each <= start:
            continue
        if rule.until is not None and each > rule.until:
            return
        given += 1
        if rule.count is not None and given > rule.count:
            return
        if since is None or each >= since:
            yield each


def last(rule: Rule, start: datetime) -> datetime | None:
    """The last instance of a rule that ends; None when it never does, or later than can be told."""
    if rule.count is None:
        return max(start, rule.until) if rule.until is not None else None
    found = start
    try:
        for each in instances(rule, start):
            found = each
    except Endless:
        return None
    return found


def _generated(rule: Rule, start: datetime, since: datetime) -> Iterator[datetime]:
    """What the rule makes, from the period that `since` lies in."""
    pattern = _Pattern(rule, start)
    if rule.frequency in UNITS:
        yield from pattern.times(since)
        return
    for days in pattern.periods(since.date()):
        times = sorted(datetime.combine(day, each) for day in days for each in pattern.clock)
        yield from _positions(times, rule.by_set_pos)


def _positions(found: Sequence[datetime], wanted: Sequence[int]) -> Sequence[datetime]:
    if not wanted:
        return found
    size = len(found)
    places = {each - 1 if each > 0 else size + each for each in wanted}
    return [found[place] for place in sorted(places) if 0 <= place < size]


class _Pattern:
    """A rule with what it leaves open taken from the start."""

    def __init__(self, rule: Rule, start: datetime) -> None:
        self.rule, self.start = rule, start
        self.steps = 0
        day, by_day, month_day, month = start.date(), rule.by_day, rule.by_month_day, rule.by_month
        if not (rule.by_week_no or rule.by_year_day or month_day or by_day):
            if rule.frequency == "YEARLY":
                month, month_day = month or (day.month,), (day.day,)
            elif rule.frequency == "MONTHLY":
                month_day = (day.day,)
            elif rule.frequency == "WEEKLY":
                by_day = ((0, day.weekday()),)
        elif rule.by_week_no and not (by_day or month_day or rule.by_year_day):
            by_day = ((0, day.weekday()),)
        self.by_day, self.month_day, self.month = by_day, month_day, month
        nth_in_year = rule.frequency == "YEARLY" and not month and not rule.by_week_no
        self.nth = "year" if nth_in_year else "month" if rule.frequency in ("YEARLY", "MONTHLY") else ""
        if rule.by_week_no:
            self.nth = ""
        clock = start.time()
        self.hours = rule.by_hour or (clock.hour,)
        self.minutes = rule.by_minute or (clock.minute,)
        self.seconds = tuple(min(each, 59) for each in rule.by_second) or (clock.second,)
        self.clock = [time(hour, minute, second) for hour in self.hours for minute in self.minutes
                      for second in self.seconds]  # fmt: skip

    def step(self, number: int = 1) -> None:
        self.steps += number
        if self.steps > STEPS:
            raise Endless

    def periods(self, since: date) -> Iterator[list[date]]:
        """The days of each year, month, week or day that the rule's interval reaches, from that of `since` on."""
        frequency, interval, start = self.rule.frequency, self.rule.interval, self.start.date()
        try:
            if frequency == "YEARLY":
                for year in range(start.year + _skipped(since.year - start.year, interval), 10_000, interval):
                    self.step()
                    yield [day for month in self.month or range(1, 13) for day in self._of_month(year, month)]
            elif frequency == "MONTHLY":
                first = start.year * 12 + start.month - 1
                for number in range(
                    first + _skipped(since.year * 12 + since.month - 1 - first, interval), 120_000, interval
                ):
                    self.step()
                    year, month = divmod(number, 12)
                    yield [] if self.month and month + 1 not in self.month else self._of_month(year, month + 1)
            else:
                long = 7 if frequency == "WEEKLY" else 1
                back = (start.weekday() - self.rule.week_start) % 7 if long == 7 else 0
                first_day = start - timedelta(days=back)
                skipped = _skipped((since - first_day).days // long, interval)
                day = first_day + timedelta(days=skipped * long)
                while True:
                    self.step()
                    yield [each for each in (day + timedelta(days=n) for n in range(long)) if self._fits(each)]
                    day += timedelta(days=interval * long)
        except (OverflowError, ValueError):
            return  # beyond the year 9999

    def _of_month(self, year: int, month: int) -> list[date]:
        size = calendar.monthrange(year, month)[1]
        if self.month_day:
            numbers = sorted({each if each > 0 else size + 1 + each for each in self.month_day})
            days = [date(year, month, number) for number in numbers if 1 <= number <= size]
        else:
            days = [date(year, month, number) for number in range(1, size + 1)]
        self.step(len(days))
        return [day for day in days if self._fits(day)]

    def _fits(self, day: date) -> bool:
        rule = self.rule
        if self.month and day.month not in self.month:
            return False
        if self.by_day and not any(self._weekday(day, nth, weekday) for nth, weekday in self.by_day):
            return False
        if self.month_day:
            size = calendar.monthrange(day.year, day.month)[1]
            if day.day not in self.month_day and day.day - size - 1 not in self.month_day:
                return False
        if rule.by_year_day:
            number, size = day.timetuple().tm_yday, 366 if calendar.isleap(day.year) else 365
            if number not in rule.by_year_day and number - size - 1 not in rule.by_year_day:
                return False
        return not rule.by_week_no or self._week(day)

    def _weekday(self, day: date, nth: int, weekday: int) -> bool:
        if day.weekday() != weekday:
            return False
        if not nth or not self.nth:
            return True
        if self.nth == "month":
            number, size = day.day, calendar.monthrange(day.year, day.month)[1]
        else:
            number, size = day.timetuple().tm_yday, 366 if calendar.isleap(day.year) else 365
        return (number - 1) // 7 + 1 == nth if nth > 0 else (size - number) // 7 + 1 == -nth

    def _week(self, day: date) -> bool:
        year = next(each for each in (day.year + 1, day.year, day.year - 1) if day >= self._first_week(each))
        begin = self._first_week(year)
        number, size = (day - begin).days // 7 + 1, (self._first_week(year + 1) - begin).days // 7
        return number in self.rule.by_week_no or number - size - 1 in self.rule.by_week_no

    def _first_week(self, year: int) -> date:
        """The first day of the first week that has at least four days in a year."""
        fourth = date(year, 1, 4)
        return fourth - timedelta(days=(fourth.weekday() - self.rule.week_start) % 7)

    def times(self, since: datetime) -> Iterator[datetime]:
        """The instances of a rule of hours, minutes or seconds."""
        unit = UNITS[self.rule.frequency]
        each = timedelta(seconds=unit * self.rule.interval)
        number = max(0, (since - self.start) // each)
        while True:
            self.step()
            try:
                now = self.start + number * each
                blocked = self._blocked_until(now, unit)
            except OverflowError:
                return
            if blocked is not None:
                number = max(number + 1, -((self.start - blocked) // each))
                continue
            number += 1
            yield from _positions(self._within(now, unit), self.rule.by_set_pos)

    def _blocked_until(self, now: datetime, unit: int) -> datetime | None:
        """When what keeps a period out is over; None when it is in."""
        rule = self.rule
        if not self._fits(now.date()):
            return datetime.combine(now.date(), time()) + timedelta(days=1)
        if rule.by_hour and now.hour not in rule.by_hour:
            return now.replace(minute=0, second=0) + timedelta(hours=1)
        if unit < 3600 and rule.by_minute and now.minute not in rule.by_minute:
            return now.replace(second=0) + timedelta(minutes=1)
        if unit == 1 and rule.by_second and now.second not in self.seconds:
            return now + timedelta(seconds=1)
        return None

    def _within(self, now: datetime, unit: int) -> list[datetime]:
        minutes = self.minutes if unit == 3600 and self.rule.by_minute else (now.minute,)
        seconds = self.seconds if unit > 1 and self.rule.by_second else (now.second,)
        return [now.replace(minute=minute, second=second) for minute in minutes for second in seconds]


def _skipped(distance: int, interval: int) -> int:
    """How many units can be left out before a period that lies so far away, in whole intervals."""
    return max(0, distance // interval * interval)
