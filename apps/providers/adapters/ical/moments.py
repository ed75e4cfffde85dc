"""Points in time and lengths as iCalendar has them (RFC 5545 sections 3.3.4 to 3.3.6)."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

STAMP: Final = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:[Tt](\d\d):?(\d\d):?(\d\d)?(?:[.,]\d+)?\s*([Zz])?)?", re.ASCII)
LENGTH: Final = re.compile(
    r"([+-])?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.ASCII | re.IGNORECASE
)
MOST_DAYS: Final = 366 * 200


@dataclass(frozen=True, slots=True)
class Moment:
    """A date (`whole_day`; `local` is its midnight), a time of no place (`zone` None), or a time in a zone.

    `local` is what a clock there shows, `name` the zone's name: IANA's where it is known, else as the text has it.
    """

    local: datetime
    zone: tzinfo | None = None
    name: str = ""
    whole_day: bool = False

    def instant(self, here: tzinfo = UTC) -> datetime:
        """The point in time in UTC; dates and times of no place are those of `here`.

        A time that a clock skips is read with the offset before the gap, one that it shows twice is the first
        (RFC 5545 section 3.3.5).
        """
        return self.local.replace(tzinfo=self.zone or here).astimezone(UTC)

    def at(self, local: datetime) -> "Moment":
        """Another time of the same form and zone."""
        return replace(self, local=local)

    def seen(self, instant: datetime) -> "Moment":
        """A point in time (UTC) in this form and zone."""
        return replace(self, local=instant.astimezone(self.zone or UTC).replace(tzinfo=None))


@dataclass(frozen=True, slots=True)
class Length:
    """How long something lasts: days as a calendar has them, and seconds exactly."""

    days: int = 0
    seconds: int = 0

    def __neg__(self) -> "Length":
        return Length(-self.days, -self.seconds)

    @property
    def about(self) -> timedelta:
        """As a clock without changes would have it."""
        return timedelta(days=self.days, seconds=self.seconds)


NONE: Final = Length()


def parse(text: str, zone: tzinfo | None = None, name: str = "") -> Moment | None:
    """A DATE or DATE-TIME; one without a Z is of this zone. None when it is neither."""
    found = STAMP.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day = int(found[1]), int(found[2]), int(found[3])
    try:
        if found[4] is None:
            return Moment(datetime(year, month, day), whole_day=True)
        extra = timedelta(days=1) if found[4] == "24" else timedelta()
        second = min(int(found[6] or 0), 59)  # a leap second
        local = datetime(year, month, day, int(found[4]) % 24, int(found[5]), second) + extra
    except (ValueError, OverflowError):
        return None
    if found[7]:
        return Moment(local, UTC, "UTC")
    return Moment(local, zone, name if zone is not None else "")


def parse_length(text: str) -> Length | None:
    """A DURATION. None when it is none."""
    found = LENGTH.fullmatch(text.strip())
    if found is None or not any(found.groups()[1:]):
        return None
    weeks, days, hours, minutes, seconds = (int(each or 0) for each in found.groups()[1:])
    length = Length(weeks * 7 + days, hours * 3600 + minutes * 60 + seconds)
    if length.days + length.seconds // 86400 > MOST_DAYS:
        return None
    return -length if found[1] == "-" else length


def after(start: Moment, length: Length, here: tzinfo = UTC) -> Moment:
    """The moment so long after another: days by the calendar, seconds exactly."""
    local = start.local + timedelta(days=length.days)
    if not length.seconds:
        return start.at(local)
    if start.zone is None:
        return start.at(local + timedelta(seconds=length.seconds))
    return start.seen(start.at(local).instant(here) + timedelta(seconds=length.seconds))


def between(start: Moment, end: Moment) -> Length:
    """How long it is from one moment to another: days between dates, else exact seconds; never less than nothing."""
    if start.whole_day:
        last = end.local.date() if end.whole_day or end.local.time() == datetime.min.time() else _next(end.local)
        return Length(days=max(0, (last - start.local.date()).days))
    if start.zone is None or end.zone is None:
        return Length(seconds=max(0, round((end.local - start.local).total_seconds())))
    return Length(seconds=max(0, round((end.instant() - start.instant()).total_seconds())))


def _next(local: datetime) -> date:
    return local.date() + timedelta(days=1)


def stamp(moment: Moment) -> str:
    """A moment as a DATE or DATE-TIME is written, without its zone."""
    if moment.whole_day:
        return moment.local.strftime("%Y%m%d").rjust(8, "0")
    text = moment.local.strftime("%Y%m%dT%H%M%S").rjust(15, "0")
    return f"{text}Z" if moment.name == "UTC" else text


def stamp_length(length: Length) -> str:
    """A length as a DURATION is written."""
    sign = "-" if length.days < 0 or length.seconds < 0 else ""
    days, seconds = abs(length.days), abs(length.seconds)
    hours, minutes, rest = seconds // 3600, seconds % 3600 // 60, seconds % 60
    time = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M"), (rest, "S")) if number)
    if not days and not time:
        return "PT0S"
    return f"{sign}P{f'{days}D' if days else ''}{f'T{time}' if time else ''}"
