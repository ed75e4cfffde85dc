"""Graph's patterns as recurrence rules (RFC 5545 section 3.3.10), and back. Pure.

Graph, "patternedRecurrence": no further dates, no position but the first to fourth and the last, nothing below a day.
A day that a month does not have is its last one there, which a rule says with BYSETPOS.
"""

from datetime import UTC, date, datetime, tzinfo
from typing import Any, Final

from apps.providers.adapters import errors
from apps.providers.adapters.ical import rules
from apps.providers.adapters.ical.moments import Moment, parse

from .graph import Json

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
INDEX: Final = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
NAMES: Final = {number: name for name, number in INDEX.items()}
SHORTEST: Final = 28
"""Days that every month has."""


def to_rule(recurrence: Json, start: Moment) -> str:
    """The RRULE of a series that begins at `start`. Raises Transient for a pattern that is none."""
    try:
        pattern, reach = recurrence["pattern"], recurrence["range"]
        parts = _pattern(pattern)
        interval = int(pattern.get("interval") or 1)
        if interval > 1:
            parts.insert(1, f"INTERVAL={interval}")
        if reach["type"] == "numbered":
            parts.append(f"COUNT={int(reach['numberOfOccurrences'])}")
        elif reach["type"] == "endDate":
            parts.append(f"UNTIL={_until(date.fromisoformat(reach['endDate']), start)}")
    except (KeyError, TypeError, ValueError, IndexError):
        raise errors.Transient("a recurrence pattern is not understood") from None
    return ";".join(parts)


def _pattern(pattern: Json) -> list[str]:
    days = [rules.WEEKDAYS[DAYS.index(str(name).lower())] for name in pattern.get("daysOfWeek") or ()]
    month = [f"BYMONTH={int(pattern['month'])}"] if pattern["type"].endswith("Yearly") else []
    match pattern["type"]:
        case "daily":
            return ["FREQ=DAILY"]
        case "weekly":
            week_start = rules.WEEKDAYS[DAYS.index(str(pattern.get("firstDayOfWeek") or "sunday").lower())]
            return ["FREQ=WEEKLY", f"BYDAY={','.join(_in_order(days))}", f"WKST={week_start}"]
        case "absoluteMonthly" | "absoluteYearly":
            frequency = "FREQ=YEARLY" if month else "FREQ=MONTHLY"
            return [frequency, *month, *_day_of_month(int(pattern["dayOfMonth"]))]
        case "relativeMonthly" | "relativeYearly":
            frequency = "FREQ=YEARLY" if month else "FREQ=MONTHLY"
            index = INDEX[str(pattern.get("index") or "first").lower()]
            if len(days) == 1:
                return [frequency, *month, f"BYDAY={index}{days[0]}"]
            return [frequency, *month, f"BYDAY={','.join(_in_order(days))}", f"BYSETPOS={index}"]
    raise ValueError(pattern["type"])


def _in_order(days: list[str]) -> list[str]:
    return sorted(set(days), key=rules.WEEKDAYS.index)


def _day_of_month(day: int) -> list[str]:
    if day <= SHORTEST:
        return [f"BYMONTHDAY={day}"]
    return [f"BYMONTHDAY={','.join(map(str, range(SHORTEST, day + 1)))}", "BYSETPOS=-1"]


def _until(last: date, start: Moment) -> str:
    if start.whole_day:
        return f"{last:%Y%m%d}"
    local = datetime.combine(last, start.local.time())
    return f"{start.at(local).instant():%Y%m%dT%H%M%SZ}"


def from_rule(text: str, start: Moment) -> Json:
    """The pattern and range of an RRULE. Raises Rejected, in a sentence, for what Outlook cannot repeat."""
    try:
        rule, given = rules.parse(text), rules.parts(text)
    except ValueError:
        raise errors.Rejected("The rule by which this repeats cannot be read.") from None
    if rule.by_second or rule.by_minute or rule.by_hour or rule.by_year_day or rule.by_week_no:
        raise _cannot()
    pattern = _from_parts(rule, start)
    pattern["interval"] = rule.interval
    reach: Json = {"type": "noEnd", "startDate": f"{start.local:%Y-%m-%d}"}
    if rule.count is not None:
        reach |= {"type": "numbered", "numberOfOccurrences": rule.count}
    elif until := parse(given.get("UNTIL", "")):
        reach |= {"type": "endDate", "endDate": f"{_local(until, start.zone):%Y-%m-%d}"}
    if start.name and not start.whole_day:
        reach["recurrenceTimeZone"] = start.name
    return {"pattern": pattern, "range": reach}


def _cannot() -> errors.Rejected:
    return errors.Rejected("Outlook cannot repeat an event in this way.")


def _local(until: Moment, zone: tzinfo | None) -> datetime:
    return until.local.replace(tzinfo=UTC).astimezone(zone) if until.name == "UTC" and zone else until.local


def _from_parts(rule: rules.Rule, start: Moment) -> Json:
    simple = not (rule.by_month_day or rule.by_set_pos)
    match rule.frequency:
        case "DAILY" if simple and not (rule.by_day or rule.by_month):
            return {"type": "daily"}
        case "DAILY" | "WEEKLY" if simple and not rule.by_month and all(nth == 0 for nth, _ in rule.by_day):
            if rule.frequency == "DAILY" and rule.interval != 1:
                raise _cannot()
            days = [DAYS[day] for _, day in rule.by_day] or [DAYS[start.local.weekday()]]
            return {
                "type": "weekly",
                "daysOfWeek": sorted(days, key=DAYS.index),
                "firstDayOfWeek": DAYS[rule.week_start],
            }
        case "MONTHLY" if not rule.by_month:
            return _of_month(rule, start, "Monthly")
        case "YEARLY" if len(rule.by_month) <= 1 and not (rule.by_day and not rule.by_month):
            month = rule.by_month[0] if rule.by_month else start.local.month
            return _of_month(rule, start, "Yearly") | {"month": month}
    raise _cannot()


def _of_month(rule: rules.Rule, start: Moment, kind: str) -> Json:
    days: Any = rule.by_month_day
    if rule.by_day and not days:
        ordinals = {nth for nth, _ in rule.by_day}
        nth = rule.by_set_pos[0] if len(rule.by_set_pos) == 1 and ordinals == {0} else next(iter(ordinals))
        if (
            len(ordinals) != 1
            or nth not in NAMES
            or (rule.by_set_pos and ordinals != {0})
            or (len(rule.by_day) > 1 and not rule.by_set_pos)
        ):
            raise _cannot()
        names = [DAYS[day] for _, day in rule.by_day]
        return {"type": f"relative{kind}", "daysOfWeek": sorted(names, key=DAYS.index), "index": NAMES[nth]}
    if rule.by_day:
        raise _cannot()
    if len(days) > 1 and rule.by_set_pos == (-1,) and tuple(days) == tuple(range(SHORTEST, days[-1] + 1)):
        return {"type": f"absolute{kind}", "dayOfMonth": days[-1]}
    if len(days) > 1 or rule.by_set_pos or (days and days[0] < -1):
        raise _cannot()
    day = (31 if days[0] == -1 else days[0]) if days else start.local.day
    return {"type": f"absolute{kind}", "dayOfMonth": day}
