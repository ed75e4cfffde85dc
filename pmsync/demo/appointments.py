"""A person's private calendar at a simulated Google or Microsoft: the diary's appointments as these take them. Pure."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final

from .cast import CloudAccount
from .diary import REPEATED, SINGLE, WHOLE

WEEKS: Final = range(-2, 6)
"""Of single appointments, around this one."""
DAYS: Final = {
    "MO": "monday", "TU": "tuesday", "WE": "wednesday", "TH": "thursday", "FR": "friday", "SA": "saturday",
    "SU": "sunday",
}  # fmt: skip


def of(account: CloudAccount, today: date) -> Iterator[dict[str, Any]]:
    """The events of an account, as they are posted to its provider."""
    language, rng = account.person.language, Random(account.seed)
    monday = today - timedelta(days=today.weekday())
    for title, place, weekday, hour, minutes, rule in REPEATED[language][1:]:
        day = monday - timedelta(weeks=12) + timedelta(days=weekday)
        yield _event(account, title, place, _moment(day, hour), minutes, rule)
    for week in WEEKS:
        for title, place, minutes in rng.sample(SINGLE[language], 2):
            day = monday + timedelta(weeks=week, days=rng.randrange(5))
            yield _event(account, title, place, _moment(day, rng.choice((9.0, 12.5, 16.5, 18.0))), minutes)
    for title, ahead, days in WHOLE[language][:2]:
        yield _whole(account, title, monday + timedelta(days=ahead), days)


def _moment(day: date, hour: float) -> datetime:
    return datetime.combine(day, datetime.min.time()) + timedelta(hours=hour)


def _event(
    account: CloudAccount, title: str, place: str, begin: datetime, minutes: int, rule: str = ""
) -> dict[str, Any]:
    end = begin + timedelta(minutes=minutes)
    times = {
        name: {"dateTime": moment.isoformat(), "timeZone": account.zone}
        for name, moment in (("start", begin), ("end", end))
    }
    if account.provider == "google":
        event = {"summary": title, **times, **({"location": place} if place else {})}
        return event | ({"recurrence": [f"RRULE:{rule}"]} if rule else {})
    event = {"subject": title, **times, **({"location": {"displayName": place}} if place else {})}
    return event | ({"recurrence": _recurrence(rule, begin.date(), account.zone)} if rule else {})


def _whole(account: CloudAccount, title: str, first: date, days: int) -> dict[str, Any]:
    last = first + timedelta(days=days)
    if account.provider == "google":
        return {"summary": title, "start": {"date": first.isoformat()}, "end": {"date": last.isoformat()}}
    times = {
        name: {"dateTime": f"{day.isoformat()}T00:00:00", "timeZone": account.zone}
        for name, day in (("start", first), ("end", last))
    }
    return {"subject": title, "isAllDay": True, "showAs": "free", **times}


def _recurrence(rule: str, first: date, zone: str) -> dict[str, Any]:
    """A weekly rule, or a monthly one of the last weekday, as Graph says it."""
    told = dict(part.split("=", 1) for part in rule.split(";"))  # type: ignore[misc]  # one cut makes pairs
    names = [DAYS[day[-2:]] for day in told["BYDAY"].split(",")]
    pattern: dict[str, Any] = {"interval": int(told.get("INTERVAL", "1")), "daysOfWeek": names}
    if told["FREQ"] == "MONTHLY":
        pattern |= {"type": "relativeMonthly", "index": "last"}
    else:
        pattern |= {"type": "weekly", "firstDayOfWeek": "monday"}
    return {"pattern": pattern, "range": {"type": "noEnd", "startDate": first.isoformat(), "recurrenceTimeZone": zone}}
