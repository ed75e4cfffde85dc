"""Writes the VTIMEZONE of a zone of IANA's (RFC 5545 section 3.6.5), which every text that names one must hold."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from apps.providers.adapters.contentlines import Line, line

from . import rules, zones
from .tree import Component

AHEAD: Final = 10
"""Years for which the changes of a zone are listed that follow no rule of a calendar."""
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of a zone's offset: its local time before it, and the offsets."""

    local: datetime
    before: timedelta
    after: timedelta
    name: str

    @property
    def kind(self) -> tuple[timedelta, timedelta, str]:
        """Changes of one kind are told in one component."""
        return self.before, self.after, self.name


@lru_cache(256)
def vtimezone(name: str, year: int) -> Component:
    """The description of a zone from this year on. Nobody may change what is returned."""
    made = Component("VTIMEZONE", line("BEGIN", "VTIMEZONE"), end=line("END", "VTIMEZONE"))
    made.items.append(line("TZID", name))
    changes = list(_changes(name, year - 1, year + AHEAD))
    if not changes:
        now = datetime(year - 1, 1, 1, tzinfo=zones.zone(name))
        offset = now.utcoffset() or timedelta()
        changes = [_Change(datetime(1970, 1, 1), offset, offset, now.tzname() or "")]
    kinds: dict[tuple[timedelta, timedelta, str], list[_Change]] = {}
    for change in changes:
        kinds.setdefault(change.kind, []).append(change)
    made.items += [_observance(each, year) for each in kinds.values()]
    return made


def _changes(name: str, first: int, last: int) -> Iterator[_Change]:
    """The changes of a zone in these years, found between days of different offsets."""
    zone = zones.zone(name)

    def offset(instant: datetime) -> timedelta:
        return instant.astimezone(zone).utcoffset() or timedelta()

    low = datetime(first, 1, 1, tzinfo=UTC)
    while low.year <= last:
        high = low + timedelta(days=1)
        if offset(low) != offset(high):
            begin, end = low, high
            while end - begin > timedelta(seconds=1):
                middle = begin + (end - begin) / 2
                begin, end = (middle, end) if offset(middle) == offset(low) else (begin, middle)
            at = (end + timedelta(seconds=30)).replace(second=0, microsecond=0)
            local = (at + offset(low)).replace(tzinfo=None)
            yield _Change(local, offset(low), offset(high), at.astimezone(zone).tzname() or "")
        low = high


def _observance(changes: list[_Change], year: int) -> Component:
    first = changes[0]
    kind = "DAYLIGHT" if first.after > first.before else "STANDARD"
    made = Component(kind, line("BEGIN", kind), end=line("END", kind))
    made.items += [
        line("DTSTART", f"{first.local:%Y%m%dT%H%M%S}"),
        line("TZOFFSETFROM", _offset(first.before)),
        line("TZOFFSETTO", _offset(first.after)),
    ]
    if first.name and first.name[0].isalpha():
        made.items.append(line("TZNAME", first.name))
    made.items += _again(changes, year + AHEAD)
    return made


def _again(changes: list[_Change], last: int) -> list[Line]:
    """How the change comes again: by a rule if there is one, else one by one."""
    if len(changes) == 1:
        return []
    yearly = [each.local.year for each in changes] == list(range(changes[0].local.year, last + 1))
    for nth in (_from_start, _from_end):
        told = {(each.local.month, nth(each.local), each.local.weekday(), each.local.time()) for each in changes}
        if yearly and len(told) == 1:
            ((month, number, weekday, _),) = told
            return [line("RRULE", f"FREQ=YEARLY;BYMONTH={month};BYDAY={number}{rules.WEEKDAYS[weekday]}")]
    return [line("RDATE", ",".join(f"{each.local:%Y%m%dT%H%M%S}" for each in changes[1:]))]


def _from_start(day: datetime) -> int:
    return (day.day - 1) // 7 + 1


def _from_end(day: datetime) -> int:
    return -((calendar.monthrange(day.year, day.month)[1] - day.day) // 7 + 1)


def _offset(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    hours, rest = divmod(abs(seconds), 3600)
    minutes, left = divmod(rest, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02}{minutes:02}{f'{left:02}' if left else ''}"
