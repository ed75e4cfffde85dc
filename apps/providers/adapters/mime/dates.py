"""Mail dates: the Date header, and which moment a message is shown and sorted by."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz
from typing import Final

_EARLIEST: Final = datetime(1980, 1, 1, tzinfo=UTC)
_LEAD: Final = timedelta(hours=24)
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_COMMON = re.compile(
    r"\s*(?:[A-Za-z]{3},\s*)?(\d{1,2})\s([A-Za-z]{3})\s(\d{4})\s(\d\d):(\d\d)(?::(\d\d))?\s"
    r"(?:([+-])(\d\d)(\d\d)|GMT|UTC|UT|Z)\s*(?:\([^()]{0,80}\)\s*)?",
    re.ASCII,
)
_COMMENT = re.compile(r"\([^()]*\)")
_AROUND_COLON = re.compile(r"\s*:\s*")
_ISO = re.compile(r"\s*(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d{1,9})?\s*(Z|[+-]\d\d:?\d\d)?\s*", re.ASCII)


def parse(text: str) -> datetime | None:
    """The moment in UTC that a date-time of RFC 5322 section 3.3 names; None when it names none.

    Obsolete forms (two-digit year, named zone, missing seconds) and the ISO form are read too.
    A zone of a day or more, a day 32 or a year 0 make the date invalid.
    """
    found = _COMMON.fullmatch(text)
    if found is None:
        return _uncommon(text[:200])
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = found.groups()
    number = _MONTHS.get(month.lower())
    if number is None:
        return None
    offset = int(zone_hours) * 3600 + int(zone_minutes) * 60 if sign else 0
    # A leap second is the last of its minute: datetime knows none.
    fields = (int(year), number, int(day), int(hour), int(minute), min(int(second or 0), 59))
    return _moment(fields, -offset if sign == "-" else offset)


def _moment(fields: tuple[int, int, int, int, int, int], offset: int) -> datetime | None:
    if abs(offset) >= 86_400:
        return None
    try:
        return (datetime(*fields, tzinfo=UTC) - timedelta(seconds=offset)).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _uncommon(text: str) -> datetime | None:
    if found := _ISO.fullmatch(text):
        zone = (found[3] or "Z").replace("Z", "+00:00")
        try:
            return datetime.fromisoformat(f"{found[1]}T{found[2]}{zone}").astimezone(UTC)
        except (ValueError, OverflowError):
            return None
    try:
        parsed = parsedate_tz(_AROUND_COLON.sub(":", _COMMENT.sub(" ", text)))
    except (ValueError, TypeError, IndexError, OverflowError):  # it has raised each of them on real mail
        return None
    if parsed is None:
        return None
    year, month, day, hour, minute, second = parsed[:6]
    return _moment((year, month, day, hour, minute, min(second, 59)), parsed[9] or 0)


def in_utc(moment: datetime | None) -> datetime | None:
    """The moment in UTC; one without a zone is taken as UTC."""
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def choose(
    date: datetime | None, *, internal_date: datetime | None, received: datetime | None, by_sender: bool = False
) -> tuple[datetime | None, datetime | None]:
    """The moment to show and the moment to sort by.

    Shown is the Date header, unless it is invalid, before 1980, or more than 24 hours after the
    arrival. Sorted is by the arrival, so a date in the future cannot stay on top; `by_sender`
    (Sent mail and imports, where the arrival is only when it was filed) sorts by what is shown.
    The arrival is INTERNALDATE, else the newest Received header. With neither, both moments are
    the Date header: a caller that has a clock should cap it at its now.
    """
    arrival = internal_date or received
    shown = date
    if date is None or date < _EARLIEST or (arrival is not None and date - arrival > _LEAD):
        shown = arrival or date
    return shown, (shown if by_sender else arrival or shown)
