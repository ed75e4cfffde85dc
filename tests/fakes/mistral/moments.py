"""Days and hours that a text names, in five languages, told from the day on which it was written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from tests.fakes.mistral.words import folded

WEEKDAYS: Final = {
    name: day
    for day, names in enumerate(
        (
            "monday lunedi montag lundi lunes",
            "tuesday martedi dienstag mardi martes",
            "wednesday mercoledi mittwoch mercredi miercoles",
            "thursday giovedi donnerstag jeudi jueves",
            "friday venerdi freitag vendredi viernes",
            "saturday sabato samstag samedi sabado",
            "sunday domenica sonntag dimanche domingo",
        )
    )
    for name in names.split()
}
MONTHS: Final = {
    name: month
    for month, names in enumerate(
        (
            "january jan gennaio gen januar janvier enero",
            "february feb febbraio februar fevrier febrero",
            "march mar marzo marz mars",
            "april apr aprile avril abril",
            "may maggio mag mai mayo",
            "june jun giugno giu juni juin junio",
            "july jul luglio lug juli juillet julio",
            "august aug agosto ago aout",
            "september sep sept settembre set septembre septiembre",
            "october oct ottobre ott oktober octobre octubre",
            "november nov novembre noviembre",
            "december dec dicembre dic dezember decembre diciembre",
        ),
        1,
    )
    for name in names.split()
}
AWAY: Final = {
    "today": 0, "oggi": 0, "heute": 0, "aujourd'hui": 0, "hoy": 0,
    "tomorrow": 1, "domani": 1, "morgen": 1, "demain": 1, "manana": 1,
    "dopodomani": 2, "ubermorgen": 2, "apres-demain": 2,
}  # fmt: skip
_DAYS: Final = "|".join(WEEKDAYS)
_MONTHS: Final = "|".join(sorted(MONTHS, key=len, reverse=True))
DAY: Final = re.compile(
    rf"""\b(?:
    (?P<year>20\d\d)-(?P<month>\d\d)-(?P<day>\d\d)
    | (?P<day2>\d{{1,2}})[./](?P<month2>\d{{1,2}})(?:[./](?P<year2>20\d\d|\d\d))?\b
    | (?P<day3>\d{{1,2}})(?:st|nd|rd|th|\.|er)?\s+(?:de\s+|of\s+)?(?P<month3>{_MONTHS})\b
      (?:,?\s+(?:de\s+)?(?P<year3>20\d\d))?
    | (?P<month4>{_MONTHS})\s+(?P<day4>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<year4>20\d\d))?
    | (?P<named>{_DAYS}),?\s+(?:the\s+)?(?P<of_month>\d{{1,2}})(?:st|nd|rd|th)?\b
      (?!\s*(?:[:./h]|am\b|pm\b|uhr\b|{_MONTHS}))
    | (?P<weekday>{_DAYS})\b(?!,?\s+(?:den\s+|dem\s+)?\d{{1,2}}(?:[./]\d|\.?\s+(?:of\s+|de\s+)?(?:{_MONTHS})\b))
    | (?P<away>{"|".join(AWAY)})\b
    )""",
    re.VERBOSE,
)
HOUR: Final = re.compile(
    r"\b(?:(?:at|alle|all'|ore|um|a las|vers|from|dalle|von)\s*(?:ore\s+)?)?"
    r"(?:(?P<hour>[01]?\d|2[0-3])[:.h](?P<minute>[0-5]\d)(?:\s*(?P<half>am|pm)\b)?|(?P<hour2>1?\d)\s*(?P<half2>am|pm)\b"
    r"|(?:at|alle|ore|um|a las)\s+(?P<hour3>[01]?\d|2[0-3])\b(?![./]))"
)
DENIED: Final = re.compile(
    r"\b(?:not|non|nicht|pas|no|except|tranne|ausser|sauf|salvo)\s+(?:on\s+|di\s+|am\s+|el\s+|le\s+)?$"
)
SENT: Final = re.compile(r"^(?:date|sent|data|inviato|datum|gesendet|envoye|enviado)\s*:\s*(?P<when>.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, perhaps with its hour."""

    day: date
    hour: time | None

    def iso(self) -> str:
        """As a date, or as a date and a time without a zone."""
        return self.day.isoformat() if self.hour is None else datetime.combine(self.day, self.hour).isoformat()


def written_on(text: str) -> date | None:
    """The day that a Date or Sent line of the text names."""
    found = SENT.search(folded(text))
    if found is None:
        return None
    told = found["when"].strip()
    try:
        return datetime.fromisoformat(told).date()
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(told).date()
    except (ValueError, TypeError):
        named = next(_days(told, date(1970, 1, 1)), None)
        return named[0] if named else None


def moments(text: str, base: date | None) -> list[Moment]:
    """What the text names, in its order; without `base` only days that need none. What it denies is left out."""
    plain = folded(text)
    found = []
    for day, start, end in _days(plain, base):
        if DENIED.search(plain[max(0, start - 20) : start]):
            continue
        near = plain[end : end + 40].split("\n")[0]
        found.append(Moment(day, _hour(near) or _hour(plain[max(0, start - 15) : start])))
    return found


def _days(text: str, base: date | None) -> Iterator[tuple[date, int, int]]:
    for match in DAY.finditer(text):
        day = _day(match, base)
        if day is not None:
            yield day, match.start(), match.end()


def _day(match: re.Match[str], base: date | None) -> date | None:
    if match["weekday"] or match["away"]:
        if base is None:
            return None
        if match["away"]:
            return base + timedelta(days=AWAY[match["away"]])
        # A weekday is the next one: on a Friday, "Friday" is in a week.
        return base + timedelta(days=(WEEKDAYS[match["weekday"]] - base.weekday() - 1) % 7 + 1)
    if match["named"]:
        return None if base is None else _of_month(int(match["of_month"]), base)
    for suffix in ("", "2", "3", "4"):
        if match[f"day{suffix}"]:
            month = match[f"month{suffix}"]
            year = match[f"year{suffix}"]
            return _existing(year, MONTHS.get(month) or int(month), int(match[f"day{suffix}"]), base)
    return None


def _of_month(day: int, base: date) -> date | None:
    """The next day of that number, from `base` on."""
    ahead = (base + timedelta(days=days) for days in range(62))
    return next((one for one in ahead if one.day == day), None)


def _existing(year: str | None, month: int, day: int, base: date | None) -> date | None:
    if year is None and base is None:
        return None
    try:
        if year is not None:
            return date(int(year) + (2000 if len(year) == 2 else 0), month, day)
        assert base is not None
        told = date(base.year, month, day)
    except ValueError:
        return None
    # Without a year a day that has long passed is next year's.
    return told if (base - told).days < 90 else told.replace(year=base.year + 1, day=min(told.day, 28))


def _hour(text: str) -> time | None:
    match = HOUR.search(text)
    if match is None:
        return None
    hour = int(match["hour"] or match["hour2"] or match["hour3"])
    half = match["half"] or match["half2"]
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, int(match["minute"] or 0)) if hour < 24 else None
