"""`events.list`, `get` and `instances`: listings with their tokens, series expanded or not."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.fakes.google.calendar import recurrence, times
from tests.fakes.google.calendar.access import calendar_of, event_of
from tests.fakes.google.calendar.agenda import Calendar, Event
from tests.fakes.google.calendar.resources import shown
from tests.fakes.google.calls import Answer, Call, answers, page
from tests.fakes.google.clock import from_rfc3339, rfc3339
from tests.fakes.google.cursors import bound_to
from tests.fakes.google.refusals import Json, refuse

PAGE: Final = 2500
RESTRICTIONS: Final = (
    "iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty", "timeMin", "timeMax", "updatedMin",
)  # fmt: skip
WINDOW: Final = ("timeMin", "timeMax")
UPDATED_MIN: Final = 28 * 86_400
REMINDERS: Final = [{"method": "popup", "minutes": 10}]
FREE: Final = ("maxResults", "fields")
"""Parameters that may change from page to page."""


@answers("calendar.events.list")
def list_events(call: Call) -> Json:
    """A page of all events, or of what changed since a sync token."""
    calendar, role = calendar_of(call)
    values = call.values
    _restrictions(call)
    bound = (calendar.id, *bound_to(values, *FREE))
    size = min(values["maxResults"], PAGE)
    begun = values.get("pageToken")
    if begun:
        items, revision = [], 0
    else:
        since = _since(call, calendar) if values.get("syncToken") else None
        items, revision = _items(call, calendar, role, since), call.google.agenda.tick()
    state = [{"items": items, "revision": revision}] if not begun else []
    taken, following, revision = _page(call, bound, state, size)
    reply = _head(call, calendar, role) | {"items": taken}
    if following:
        return reply | {"nextPageToken": following}
    if any(values.get(name) for name in RESTRICTIONS if name not in WINDOW):
        return reply
    token = call.google.cursors.issue(
        "calendar.sync", call.user, _sync_bound(call, calendar), (revision, _window(call))
    )
    return reply | {"nextSyncToken": token}


def _page(call: Call, bound: tuple[Any, ...], state: list[Json], size: int) -> tuple[list[Json], str | None, int]:
    """A page of a listing whose sync token stands for its beginning."""
    cursors, token = call.google.cursors, call.values.get("pageToken")
    if token:
        cursor = cursors.find(token, "calendar.page")
        if cursor is None or cursor.expired or cursor.owner != call.user or cursor.bound != bound:
            raise refuse("calendar: invalid", name="pageToken")
        items, at, revision = cursor.state
    else:
        items, at, revision = state[0]["items"], 0, state[0]["revision"]
        size = 0 if call.google.agenda.sparse_pages and items else size
    rest = at + size
    following = cursors.issue("calendar.page", call.user, bound, (items, rest, revision)) if rest < len(items) else None
    return items[at:rest], following, revision


def _restrictions(call: Call) -> None:
    values = call.values
    if values.get("syncToken"):
        for name in RESTRICTIONS:
            if values.get(name):
                raise refuse("calendar: sync token parameter")
        if "showDeleted" in call.given and not values["showDeleted"]:
            raise refuse("calendar: sync token parameter")
    if values.get("orderBy") == "startTime" and not values.get("singleEvents"):
        raise refuse("calendar: order by")
    window = [from_rfc3339(values[name]) for name in ("timeMin", "timeMax") if values.get(name)]
    if len(window) == 2 and window[0] >= window[1]:
        raise refuse("calendar: time range", name="timeMax")
    if values.get("updatedMin") and from_rfc3339(values["updatedMin"]) < call.google.clock.now() - UPDATED_MIN:
        raise refuse("calendar: updated min")
    for name in ("privateExtendedProperty", "sharedExtendedProperty"):
        if any("=" not in one for one in values.get(name, ())):
            raise refuse("calendar: invalid", name=name)


def _sync_bound(call: Call, calendar: Calendar) -> tuple[Any, ...]:
    return calendar.id, *bound_to(call.values, *FREE, *RESTRICTIONS, "showDeleted")


def _window(call: Call) -> Json:
    """The window of the first listing, which its sync tokens remember."""
    given = {name: call.values[name] for name in WINDOW if call.values.get(name)}
    token = call.values.get("syncToken")
    cursor = call.google.cursors.find(token, "calendar.sync") if token else None
    return cursor.state[1] if cursor else given


def _since(call: Call, calendar: Calendar) -> int:
    """The revision that a sync token stands for. Raises Refusal."""
    cursor = call.google.cursors.find(call.values["syncToken"], "calendar.sync")
    if cursor is None:
        raise refuse("calendar: sync token other")
    if cursor.expired or cursor.bound[0] != calendar.id or cursor.owner != call.user:
        raise refuse("calendar: full sync")
    if cursor.bound != _sync_bound(call, calendar):
        raise refuse("calendar: sync token parameter")
    return int(cursor.state[0])


def _items(call: Call, calendar: Calendar, role: str, since: int | None) -> list[Json]:
    agenda, values = call.google.agenda, call.values
    single = values.get("singleEvents", False)
    deleted = values.get("showDeleted", False) or since is not None
    found: list[Event] = []
    for event in calendar.events.values():
        if since is not None and event.revision <= since:
            continue
        if single and "recurrence" in event.data and not event.cancelled:
            found += _expanded(call, calendar, event)
        elif not event.cancelled or deleted or _exception_of_living(calendar, event, single):
            found.append(event)
    found = [event for event in found if _chosen(event, calendar, values | _window(call))]
    if values.get("orderBy") == "startTime":
        found.sort(key=lambda event: times.moment(event.data["start"], calendar.zone).astimezone(UTC))
    elif values.get("orderBy") == "updated":
        found.sort(key=lambda event: event.data["updated"])
    else:
        # No order is promised: an exception may come before its series.
        agenda.random.shuffle(found)
    return [shown(agenda, calendar, event, role, values) for event in found]


def _exception_of_living(calendar: Calendar, event: Event, single: bool) -> bool:
    """Cancelled instances are told of as long as their series lives, unless it is expanded."""
    master = calendar.events.get(event.data.get("recurringEventId", ""))
    return not single and master is not None and not master.cancelled


def _expanded(call: Call, calendar: Calendar, master: Event) -> list[Event]:
    """The instances that nobody changed; the others are events of their own."""
    now = call.google.clock.now()
    edge = from_rfc3339(call.values["timeMax"]) if call.values.get("timeMax") else now + call.google.agenda.horizon
    until = datetime.fromtimestamp(edge, UTC) + timedelta(days=1)
    return [
        Event(recurrence.instance(master.data, wall), master.revision)
        for wall in recurrence.starts(master.data, until)
        if recurrence.instance_id(master.data, wall) not in calendar.events
    ]


def _chosen(event: Event, calendar: Calendar, values: Json) -> bool:
    data = event.data
    if values.get("iCalUID") and data.get("iCalUID") != values["iCalUID"]:
        return False
    if values.get("eventTypes") and data.get("eventType", "default") not in values["eventTypes"]:
        return False
    if values.get("updatedMin") and from_rfc3339(data["updated"]) < from_rfc3339(values["updatedMin"]):
        return False
    if values.get("q") and values["q"].lower() not in _text(data):
        return False
    for kind, name in (("private", "privateExtendedProperty"), ("shared", "sharedExtendedProperty")):
        had = data.get("extendedProperties", {}).get(kind, {})
        if any(had.get(one.partition("=")[0]) != one.partition("=")[2] for one in values.get(name, ())):
            return False
    return _in_window(data, calendar, values)


def _in_window(data: Json, calendar: Calendar, values: Json) -> bool:
    if not values.get("timeMin") and not values.get("timeMax"):
        return True
    low = from_rfc3339(values["timeMin"]) if values.get("timeMin") else float("-inf")
    high = from_rfc3339(values["timeMax"]) if values.get("timeMax") else float("inf")
    if "start" not in data:
        return True
    lasting = times.length(data["start"], data["end"])
    begins = [times.moment(data["start"], calendar.zone)]
    if "recurrence" in data and data.get("status") != "cancelled":
        until = datetime.fromtimestamp(min(high, 4_000_000_000), UTC)
        begins = [times.moment(times.at(wall, data["start"]), calendar.zone) for wall in recurrence.starts(data, until)]
    return any(begin.timestamp() < high and (begin + lasting).timestamp() > low for begin in begins)


def _text(data: Json) -> str:
    guests = [one.get("email", "") + " " + one.get("displayName", "") for one in data.get("attendees", ())]
    return " ".join([data.get("summary", ""), data.get("description", ""), data.get("location", ""), *guests]).lower()


def _head(call: Call, calendar: Calendar, role: str) -> Json:
    return {
        "kind": "calendar#events",
        "etag": f'"p{calendar.revision}"',
        "summary": calendar.summary,
        "description": calendar.description,
        "updated": rfc3339(calendar.changed_at or call.google.clock.now()),
        "timeZone": call.values.get("timeZone") or calendar.zone,
        "accessRole": role,
        "defaultReminders": REMINDERS if role in ("owner", "writer") else [],
    }


@answers("calendar.events.get")
def get(call: Call) -> Json | Answer:
    """One event; one that was deleted says so."""
    calendar, role = calendar_of(call)
    event, _ = event_of(call, calendar)
    if call.headers.get("if-none-match") == call.google.agenda.etag(event):
        return Answer(None, 304)
    return shown(call.google.agenda, calendar, event, role, call.values)


@answers("calendar.events.instances")
def instances(call: Call) -> Json:
    """The occurrences of a series."""
    calendar, role = calendar_of(call)
    agenda, values = call.google.agenda, call.values
    master, _ = event_of(call, calendar)
    if "recurrence" not in master.data:
        raise refuse("calendar: bad request")
    if master.cancelled:
        raise refuse("calendar: deleted")
    own = [one for one in calendar.events.values() if one.data.get("recurringEventId") == master.id]
    found = _expanded(call, calendar, master) + [one for one in own if not one.cancelled or values.get("showDeleted")]
    found = [one for one in found if _chosen(one, calendar, values)]
    if values.get("originalStart"):
        found = [one for one in found if _begins(one, values["originalStart"])]
    found.sort(key=lambda one: recurrence.split_id(one.id) or ("", ""))
    whole = [shown(agenda, calendar, one, role, values) for one in found]
    bound = (calendar.id, *bound_to(values, *FREE))
    try:
        taken, following = page(call, "calendar.instances", bound, whole, min(values.get("maxResults", 250), PAGE))
    except LookupError:
        raise refuse("calendar: invalid", name="pageToken") from None
    reply = _head(call, calendar, role) | {"items": taken}
    return reply | ({"nextPageToken": following} if following else {})


def _begins(event: Event, text: str) -> bool:
    start = event.data["originalStartTime"]
    if "date" in start:
        return bool(start["date"] == text)
    try:
        return from_rfc3339(text) == times.moment(start).timestamp()
    except ValueError:
        raise refuse("calendar: invalid", name="originalStart") from None
