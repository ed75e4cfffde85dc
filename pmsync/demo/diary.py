"""A person's calendar in the demo: the weeks around today as an office has them, in their language."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from apps.providers.adapters import ical

from . import cast

STAMP: Final = "20260101T080000Z"
WEEKS: Final = range(-4, 9)
"""Of single appointments, around this one."""

# Title, place, weekday or None for any day, hour, minutes, rule.
Repeated = tuple[str, str, int, float, int, str]
REPEATED: Final[dict[str, tuple[Repeated, ...]]] = {
    "en": (
        ("Standup", "", 0, 9.25, 15, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("Team meeting", "Room Elbe", 1, 14, 60, "FREQ=WEEKLY;BYDAY=TU"),
        ("One-to-one with Nora", "", 3, 11, 45, "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH"),
        ("Monthly figures", "Room Rhine", 4, 15, 90, "FREQ=MONTHLY;BYDAY=-1FR"),
        ("Swimming", "Harbour baths", 2, 18.5, 60, "FREQ=WEEKLY;BYDAY=WE"),
    ),
    "it": (
        ("Riunione del mattino", "", 0, 9.25, 15, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("Riunione di reparto", "Sala Po", 1, 14.5, 60, "FREQ=WEEKLY;BYDAY=TU"),
        ("Colloquio con Giulia", "", 3, 11, 45, "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH"),
        ("Chiusura del mese", "Sala Arno", 4, 15, 90, "FREQ=MONTHLY;BYDAY=-1FR"),
        ("Piscina", "Piscina comunale", 2, 18.5, 60, "FREQ=WEEKLY;BYDAY=WE"),
    ),
}
SINGLE: Final[dict[str, tuple[tuple[str, str, int], ...]]] = {
    "en": (
        ("Call with the supplier", "", 30),
        ("Interview: back office", "Room Elbe", 60),
        ("Lunch with Ben", "Café Luna", 75),
        ("Quarterly review", "Room Rhine", 120),
        ("Dentist", "Marktstraße 4", 45),
        ("Visit to the warehouse", "Gate 3", 150),
        ("Draft of the offer", "", 90),
        ("Demo for the new client", "", 60),
    ),
    "it": (
        ("Chiamata con il fornitore", "", 30),
        ("Colloquio di lavoro", "Sala Po", 60),
        ("Pranzo con Marco", "Trattoria da Zoë", 75),
        ("Revisione trimestrale", "Sala Arno", 120),
        ("Dentista", "Via Roma 12", 45),
        ("Visita al magazzino", "Cancello 3", 150),
        ("Bozza dell'offerta", "", 90),
        ("Presentazione al nuovo cliente", "", 60),
    ),
}
WHOLE: Final = {
    "en": (("Offsite", 20, 3), ("Holiday: Mia", 33, 5), ("Invoice day", 9, 1)),
    "it": (("Ritiro aziendale", 20, 3), ("Ferie: Chiara", 33, 5), ("Giorno delle fatture", 9, 1)),
}
BIRTHDAY: Final = {"en": "Birthday of {name}", "it": "Compleanno di {name}"}
TASKS: Final = {
    "en": (("Renew the insurance", 6), ("Send the minutes", 1), ("Order toner", None)),
    "it": (("Rinnovare l'assicurazione", 6), ("Mandare il verbale", 1), ("Ordinare il toner", None)),
}


def objects(account: cast.DemoAccount, zone: str, today: date) -> Iterator[tuple[str, bytes]]:
    """The iCalendar objects of an account's calendar, each with the name of its file."""
    language = account.person.language
    rng = Random(account.seed)
    monday = today - timedelta(days=today.weekday())
    start = monday - timedelta(weeks=26)
    for number, (title, place, weekday, hour, minutes, rule) in enumerate(REPEATED[language]):
        day = start + timedelta(days=weekday)
        yield _event(f"series-{number}", title, place, day, hour, minutes, zone, rule=rule, alarms=[10])
    number = 0
    for week in WEEKS:
        for title, place, minutes in rng.sample(SINGLE[language], rng.randint(2, 4)):
            day = monday + timedelta(weeks=week, days=rng.randrange(5))
            yield _event(
                f"single-{number}", title, place, day, rng.choice((10.0, 11.0, 13.0, 15.5, 16.0)), minutes, zone
            )
            number += 1
    for title, ahead, days in WHOLE[language]:
        first = monday + timedelta(days=ahead)
        fields = {"title": title, "start": _day(first), "end": _day(first + timedelta(days=days)), "busy": False}
        yield _made(f"whole-{title}", fields)
    for each in cast.people_around(account.person)[:4]:
        born = date(rng.randint(1960, 1999), rng.randint(1, 12), rng.randint(1, 28))
        fields = {"title": BIRTHDAY[language].format(name=each.name), "start": _day(born), "rule": "FREQ=YEARLY"}
        yield _made(f"birthday-{each.address}", fields | {"busy": False})
    for title, wait in TASKS[language]:
        due = {} if wait is None else {"due": _day(today + timedelta(days=wait))}
        yield _made(f"task-{title}", {"title": title, **due}, "VTODO")


def _day(day: date) -> dict[str, str]:
    return {"date": day.isoformat()}


def _event(
    uid: str, title: str, place: str, day: date, hour: float, minutes: int, zone: str, **more: Any
) -> tuple[str, bytes]:
    begin = datetime.combine(day, datetime.min.time(), ZoneInfo(zone)).replace(tzinfo=None) + timedelta(hours=hour)
    times = {
        name: {"at": moment.isoformat(timespec="seconds"), "zone": zone}
        for name, moment in (("start", begin), ("end", begin + timedelta(minutes=minutes)))
    }
    return _made(uid, {"title": title, "location": place, **times, **more})


def _made(uid: str, fields: dict[str, Any], component: str = "VEVENT") -> tuple[str, bytes]:
    name = "".join(each if each.isascii() and each.isalnum() else "-" for each in uid).lower()
    return f"{name}.ics", ical.new(fields, f"{name}@demo", STAMP, component)
