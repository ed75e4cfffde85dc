"""Which calendar a call means, and whether its user may."""

from typing import Final

from tests.fakes.google.calendar import recurrence, times
from tests.fakes.google.calendar.agenda import ROLES, Calendar, Event
from tests.fakes.google.calls import Call
from tests.fakes.google.refusals import refuse

WRITERS: Final = ("writerWithoutPrivateAccess", "writer", "owner")


def calendar_of(call: Call, name: str = "calendarId") -> tuple[Calendar, str]:
    """The calendar and the user's role in it. Raises Refusal, also for a zone to show times in that is none."""
    wanted = call.values[name]
    calendar = call.google.agenda.calendars.get(call.user if wanted == "primary" else wanted)
    role = call.google.agenda.role(call.user, calendar) if calendar else ""
    if calendar is None or not role:
        raise refuse("calendar: not found")
    try:
        times.zone(call.values.get("timeZone") or "UTC")
    except ValueError:
        raise refuse("calendar: invalid", name="timeZone") from None
    return calendar, role


def writable(call: Call, name: str = "calendarId") -> Calendar:
    """A calendar that the user may write to. Raises Refusal."""
    calendar, role = calendar_of(call, name)
    if role not in WRITERS:
        raise refuse("calendar: writer")
    return calendar


def owned(call: Call) -> Calendar:
    """A calendar that the user may manage. Raises Refusal."""
    calendar, role = calendar_of(call)
    if role != "owner":
        raise refuse("calendar: owner")
    return calendar


def at_least(role: str, wanted: str) -> bool:
    """True when a role includes another."""
    return ROLES.index(role) >= ROLES.index(wanted)


def event_of(call: Call, calendar: Calendar) -> tuple[Event, bool]:
    """An event, and whether it is stored: an unchanged instance of a series is made up. Raises Refusal."""
    event_id = call.values["eventId"]
    stored = calendar.events.get(event_id)
    if stored:
        return stored, True
    named = recurrence.split_id(event_id)
    master = calendar.events.get(named[0]) if named else None
    if named and master and "recurrence" in master.data and not master.cancelled:
        wall = recurrence.wall_of(master.data, named[1])
        if wall is not None:
            return Event(recurrence.instance(master.data, wall), master.revision), False
    raise refuse("calendar: not found")


def precondition(call: Call, event: Event) -> None:
    """Refuse a write whose If-Match names another state."""
    wanted = call.headers.get("if-match")
    if wanted not in (None, "*", call.google.agenda.etag(event)):
        raise refuse("calendar: condition")
