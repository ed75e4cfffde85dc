"""Days and hours that a text names, in five languages, as seen from the day it was written. Pure.

What is excluded ("not on Tuesday") is not named; what does not exist (31 September) neither.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "january gennaio januar janner janvier enero jan gen", "february febbraio februar fevrier febrero feb febr",
            "march marzo marz mars mar", "april aprile avril abril apr", "may maggio mai mayo mag",
            "june giugno juni juin junio jun giu", "july luglio juli juillet julio jul lug",
            "august agosto aout aug ago", "september settembre septembre septiembre sep sept set",
            "october ottobre oktober octobre octubre oct okt ott", "november novembre noviembre nov",
            "december dicembre dezember decembre diciembre dec dez dic",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
WEEKDAYS: Final = {
    name: number
    for number, names in enumerate(
        (
            "monday lunedi montag lundi lunes", "tuesday martedi dienstag mardi martes",
            "wednesday mercoledi mittwoch mercredi miercoles", "thursday giovedi donnerstag jeudi jueves",
            "friday venerdi freitag vendredi viernes", "saturday sabato samstag sonnabend samedi sabado",
            "sunday domenica sonntag dimanche domingo",
        )
    )
    for name in names.split()
}  # fmt: skip
NEAR: Final = {
    "today": 0, "tonight": 0, "this evening": 0, "oggi": 0, "stasera": 0, "in giornata": 0, "heute": 0, "aujourd'hui": 0,
    "ce soir": 0, "hoy": 0, "esta tarde": 0, "this afternoon": 0, "tomorrow": 1, "domani": 1, "domattina": 1, "morgen": 1,
    "demain": 1, "manana": 1, "the day after tomorrow": 2, "dopodomani": 2, "ubermorgen": 2, "apres-demain": 2,
    "pasado manana": 2,
}  # fmt: skip
_DAY: Final = "|".join(WEEKDAYS)
_MONTH: Final = "|".join(sorted(MONTHS, key=len, reverse=True))
_NEAR: Final = "|".join(sorted(map(re.escape, NEAR), key=len, reverse=True))
_YEAR: Final = r"(?:,? (?:of |de |del )?(?P<{0}>20\d\d))?"
NAMED: Final = re.compile(
    rf"(?<!\w)(?:"
    rf"(?P<y>20\d\d)-(?P<m>\d\d)-(?P<d>\d\d)"
    rf"|(?P<d1>\d{{1,2}})(?:st|nd|rd|th|°|º|er|\.)? ?(?:of |de |di )?(?P<m1>{_MONTH})(?!\w){_YEAR.format('y1')}"
    rf"|(?P<m2>{_MONTH}) (?:the )?(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?!\d|:){_YEAR.format('y2')}"
    rf"|(?P<d3>\d{{1,2}})[./](?P<m3>\d{{1,2}})(?:[./](?P<y3>(?:20)?\d\d)?)?(?!\d|[.,]\d)"
    rf"|(?P<end>(?:(?:by |until |before )?(?:the )?end of (?:the |this )?(?P<nextm>next )?month|(?:entro )?(?:la )?fine (?:del |di questo )?(?P<nextmi>prossimo )?mese|ende des (?P<nextmd>nachsten )?monats|(?:d'ici )?(?:la )?fin du mois|(?:a )?finales? de mes|fin de mes))"
    rf"|(?P<week>(?:by |before |until )?(?:the )?(?:end of (?:the|this) week|this week)|entro (?:la )?(?:settimana|fine settimana)|(?:questa|in) settimana|(?:bis )?ende der woche|diese woche|(?:d'ici )?(?:la )?fin de (?:la )?semaine|cette semaine|(?:esta|fin de) semana)"
    rf"|(?P<wend>(?:by|before|over) the weekend|(?:prima del|nel|per il) (?:weekend|fine settimana)|vor dem wochenende|(?:am|bis zum) wochenende|avant le week-?end|antes del fin de semana)"
    rf"|(?P<nextweek>next week|(?:la )?(?:settimana prossima|prossima settimana)|nachste(?:r|n)? woche|la semaine prochaine|la (?:semana que viene|proxima semana))"
    rf"|(?P<near>{_NEAR})"
    rf"|(?P<next>next |prossimo |nachsten |kommenden )?(?P<wd>{_DAY})(?P<nexta> prossimo| prochain| que viene)?(?:,? (?:the |dem |den |il |le |el )?(?P<d4>\d{{1,2}})(?:st|nd|rd|th|\.)?(?![\d:.]|\s?(?:h|uhr|am|pm)\b|[/]\d)(?! (?:{_MONTH})))?"
    rf"|(?:the |il |el |le |dem |den |am |entro il |prima del |al |avant le |dal |del |dia |giorno )(?P<d5>\d{{1,2}})(?:st|nd|rd|th|\.)?(?![\d:/%]|[.,]\d| (?:of |de |di )?(?:{_MONTH})(?!\w)|\s?(?:h|uhr|am|pm|euro|eur|mm|kg|st|x|%)\b)(?! \w*(?:stuck|mal|persone|people|posti|plazas|clock))"
    rf")(?!\w)"
)
HOUR: Final = re.compile(
    r"(?<![\w:.,/])(?:at |by |before |alle |alla |entro le |ore |um |a las |a la |a |vers |ab |dalle |from )?(?P<h>\d{1,2})(?::(?P<min>\d\d)|\.(?P<min2>[0-5]\d)(?! ?[€$])| ?h ?(?P<min3>\d\d)?| ?uhr(?: (?P<min4>\d\d))?)? ?(?P<half>am|pm|a\.m\.|p\.m\.)?(?!\w|[./]\d|%)"
)
CLEAR_HOUR: Final = re.compile(
    r":\d\d|\d ?h\b|\d ?h\d|uhr|am\b|pm\b|a\.m|p\.m|alle |ore |um \d|a las |at \d|o'clock|entro le"
)
NOON: Final = re.compile(r"(?<!\w)(?:noon|midday|mezzogiorno|mittags?|midi|mediodia)(?!\w)")
EXCLUDED: Final = re.compile(
    r"(?<!\w)(?:not|never|non|no|nicht|kein\w*|pas|except|but|tranne|ausser|sauf|excepto|salvo)(?: \w+){0,2}? ?(?:on|at|for|am|il|le|el|di|the|before|prima delle|vor|avant|antes de)? ?$"
)
EXCLUDED_AFTER: Final = re.compile(r"^ (?:no|nicht|non (?:va|posso|possiamo)|geht nicht|isn't|won't|ne va pas)(?!\w)")
FOLLOWED_BY_DATE: Final = re.compile(
    rf"^,? (?:the |dem |den |il |le |el |of )?\d{{1,2}}(?:st|nd|rd|th|\.)? ?(?:(?:of |de |di )?(?:{_MONTH})(?!\w)|\d{{1,2}}\.|[./]\d{{1,2}})"
)
ZONES: Final = {
    "new york": "America/New_York", "eastern": "America/New_York", "los angeles": "America/Los_Angeles",
    "pacific time": "America/Los_Angeles", "chicago": "America/Chicago", "london time": "Europe/London",
    "ora di londra": "Europe/London", "londoner zeit": "Europe/London", "heure de londres": "Europe/London",
    "hora de londres": "Europe/London", "ora italiana": "Europe/Rome", "italian time": "Europe/Rome",
    "tokyo": "Asia/Tokyo", "tokio": "Asia/Tokyo", "japan\\w*": "Asia/Tokyo", "singapor\\w+": "Asia/Singapore",
    "dubai": "Asia/Dubai", "sydney": "Australia/Sydney", "ora di new york": "America/New_York", "toronto": "America/Toronto",
    "delhi": "Asia/Kolkata", "mumbai": "Asia/Kolkata", "india\\w* (?:standard )?time": "Asia/Kolkata", "utc": "UTC",
    "gmt": "UTC", "hong kong": "Asia/Hong_Kong", "shanghai": "Asia/Shanghai", "sao paulo": "America/Sao_Paulo",
    "mexico": "America/Mexico_City", "buenos aires": "America/Argentina/Buenos_Aires", "moscow": "Europe/Moscow",
}  # fmt: skip
FRIDAY, SUNDAY = 4, 6


@dataclass(frozen=True, slots=True)
class Named:
    """A day that a text names, and the hour where it names one, at `place` in the text."""

    day: date
    hour: time | None
    place: int

    def at(self, zone: ZoneInfo) -> date | datetime:
        """A moment of that zone, or the day."""
        return self.day if self.hour is None else datetime.combine(self.day, self.hour, zone)


def named(text: str, written: date) -> list[Named]:
    """The days that a folded text names, in its order; `written` is the writer's own day."""
    found: list[Named] = []
    for match in NAMED.finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        if EXCLUDED.search(before[-40:]) or EXCLUDED_AFTER.match(after[:12]):
            continue
        day = _day(match, written, text)
        if day is not None:
            found.append(Named(day, hour(text, match.start(), match.end()), match.start()))
    return found


def hour(text: str, start: int, end: int) -> time | None:
    """The hour that is said beside a day: in what follows it, else just before."""
    for part in (text[end : end + 45], text[max(0, start - 30) : start]):
        part = NAMED.split(part)[0] if part is not text[max(0, start - 30) : start] else part
        if NOON.search(part):
            return time(12)
        for match in HOUR.finditer(part):
            if CLEAR_HOUR.search(match[0]) and (read := _hour(match)) is not None:
                return read
    return None


def _hour(match: re.Match[str]) -> time | None:
    hours, minutes = int(match["h"]), int(next((m for m in match.group("min", "min2", "min3", "min4") if m), 0))
    half = (match["half"] or "").replace(".", "")
    if half == "pm" and hours < 12:
        hours += 12
    if half == "am" and hours == 12:
        hours = 0
    return time(hours % 24, minutes) if hours <= 24 and minutes < 60 else None


def zone_of(text: str) -> ZoneInfo | None:
    """The zone that a folded text says its hours are of."""
    for said, name in ZONES.items():
        if re.search(rf"(?<!\w){said}(?!\w)", text):
            return ZoneInfo(name)
    return None


def _day(match: re.Match[str], written: date, text: str) -> date | None:
    if match["near"]:
        return _near(match, written, text)
    if match["wd"]:
        return None if FOLLOWED_BY_DATE.match(text[match.end() :]) else _weekday(match, written, text)
    if match["end"]:
        later = bool(match["nextm"] or match["nextmi"] or match["nextmd"])
        first = _first_of_next(written)
        return (_first_of_next(first) if later else first) - timedelta(days=1)
    if match["week"]:
        return _coming(written, FRIDAY, same=True)
    if match["wend"]:
        friday = match["wend"].startswith(("before", "prima", "vor", "avant", "antes"))
        return _coming(written, FRIDAY if friday else SUNDAY, same=True)
    if match["nextweek"]:
        return _coming(written, 0, same=False) + timedelta(days=FRIDAY)
    if match["d5"]:
        return _of_month(int(match["d5"]), written)
    return _full(match, written)


def _near(match: re.Match[str], written: date, text: str) -> date | None:
    around = text[max(0, match.start() - 4) : match.end() + 8]
    if match["near"] == "aujourd'hui" and (later := re.search(r"en (huit|quinze)", around)):
        return written + timedelta(days=7 if later[1] == "huit" else 14)
    if match["near"] == "morgen" and re.search(r"(?:guten|am|jeden) $", text[: match.start()]):
        return None
    if match["near"] == "manana" and re.search(r"(?:la|por la|de la) $", text[: match.start()]):
        return None
    return written + timedelta(days=NEAR[match["near"]])


def _weekday(match: re.Match[str], written: date, text: str) -> date | None:
    wanted = WEEKDAYS[match["wd"]]
    if match["d4"]:
        return _of_month(int(match["d4"]), written)
    day = _coming(written, wanted, same=False)
    following = text[match.end() : match.end() + 9]
    if following.startswith((" en ocho", " a otto", " ad otto")):
        return day + timedelta(days=7)
    if match["next"] == "next " and day - written < timedelta(days=7 - written.weekday()):
        return day + timedelta(days=7)
    return day


def _full(match: re.Match[str], written: date) -> date | None:
    for d, m, y in (("d", "m", "y"), ("d1", "m1", "y1"), ("d2", "m2", "y2"), ("d3", "m3", "y3")):
        if match[d] and match[m]:
            month = MONTHS.get(match[m]) or (int(match[m]) if match[m].isdecimal() else 0)
            year = int(match[y]) if match[y] else None
            return _dated(int(match[d]), month, 2000 + year if year and year < 100 else year, written)
    return None


def _dated(day: int, month: int, year: int | None, written: date) -> date | None:
    try:
        found = date(year or written.year, month, day)
    except ValueError:
        return None
    if year is None and found < written - timedelta(days=60):
        return date(written.year + 1, month, day) if (month, day) != (2, 29) else None
    return found


def _of_month(day: int, written: date) -> date | None:
    """That day of this month, or of the next when it has passed."""
    for base in (written, _first_of_next(written)):
        try:
            found = base.replace(day=day)
        except ValueError:
            continue
        if found >= written:
            return found
    return None


def _first_of_next(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _coming(written: date, weekday: int, *, same: bool) -> date:
    ahead = (weekday - written.weekday()) % 7
    return written + timedelta(days=ahead if ahead or same else 7)


def deadlines(text: str, written: datetime, zone: ZoneInfo) -> Iterator[date | datetime]:
    """What a folded sentence names, as days or as moments of `zone`; hours of another zone are converted."""
    other = zone_of(text)
    seen_from = written.astimezone(other or zone)
    for one in named(text, seen_from.date()):
        if other is not None and one.hour is not None:
            moment = datetime.combine(one.day, one.hour, other)
            yield moment.astimezone(zone)
        else:
            yield one.at(zone)
