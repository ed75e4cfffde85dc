"""The parts of an event that can be edited, as JSON; and what becomes of an edit when somebody else edited, too."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from apps.providers.adapters import three_way

from . import moments, zones
from .model import Attendee, Item
from .moments import Moment

TEXTS: Final = ("title", "location", "description", "url", "status", "visibility", "color", "rule")
MOMENTS: Final = ("start", "end", "due", "completed")
NUMBERS: Final = ("priority", "percent")
FIELDS: Final = (*TEXTS, *MOMENTS, *NUMBERS, "busy", "categories", "organizer", "attendees", "alarms")
KEYS: Final[dict[str, Callable[[Any], Any]]] = {
    "categories": lambda item: item,
    "attendees": lambda item: item["address"].lower(),
    "alarms": lambda item: item,
}
"""Fields that hold several values, and by what one is told from another."""


def of(item: Item, field: str) -> Any:
    """What an event says now of one of FIELDS."""
    if field in MOMENTS:
        return moment(getattr(item, field))
    if field == "organizer":
        return attendee(item.organizer) if item.organizer else None
    if field == "attendees":
        return [attendee(each) for each in item.attendees]
    if field in ("categories", "alarms"):
        return list(getattr(item, field))
    return getattr(item, field)


def moment(found: Moment | None) -> dict[str, str] | None:
    """A date, or a time and its zone: empty for a time of no place."""
    if found is None:
        return None
    if found.whole_day:
        return {"date": found.local.date().isoformat()}
    return {"at": found.local.isoformat(timespec="seconds"), "zone": found.name}


def attendee(found: Attendee) -> dict[str, Any]:
    """One who takes part."""
    return {
        "address": found.address,
        "name": found.name,
        "status": found.status,
        "role": found.role,
        "kind": found.kind,
        "rsvp": found.rsvp,
    }


def to_moment(told: Mapping[str, str], known: Item | None = None) -> Moment:
    """A moment from its JSON. A zone that `known` is in is kept though nobody else knows it.

    Raises ValueError with a sentence.
    """
    text = told.get("date") or told.get("at") or ""
    found = moments.parse(text)
    if found is None or found.whole_day != ("date" in told):
        raise ValueError(f"“{text}” is no date and time.")
    if found.whole_day or found.name == "UTC":
        return found
    name = told.get("zone", "")
    if not name:
        return found
    for held in (known.start, known.end, known.due) if known else ():
        if held is not None and held.name == name:
            return Moment(found.local, held.zone, name)
    if not (plain := zones.known(name)):
        raise ValueError(f"There is no time zone “{name}”.")
    return Moment(found.local, zones.zone(plain), plain)


def changes(item: Item, wanted: Mapping[str, Any], before: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The fields of an edit that an event does not have yet, as they are to become; and those that override somebody.

    Alarms are the person's own: theirs win.
    """
    found, conflicts = {}, []
    for field, value in wanted.items():
        now = of(item, field)
        becomes, overrides = three_way.settled(KEYS.get(field), before.get(field, now), value, now)
        if becomes != now:
            found[field] = becomes
        if overrides:
            conflicts.append(field)
    return found, tuple(conflicts)
