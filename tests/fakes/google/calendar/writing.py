"""`events.insert`, `patch`, `update`, `delete`, `import` and `move`."""

from typing import Any, Final

from tests.fakes.google.calendar.access import event_of, precondition, writable
from tests.fakes.google.calendar.agenda import PRIVATE, Calendar, Event
from tests.fakes.google.calendar.resources import ID, SHARED, checked, merged, shown
from tests.fakes.google.calendar.resources import writable as taken
from tests.fakes.google.calls import Call, answers
from tests.fakes.google.refusals import Json, refuse

RIGID: Final = ("birthday", "fromGmail", "workingLocation", "outOfOffice", "focusTime")
MADE_BY_GOOGLE: Final = ("birthday", "fromGmail")
FIXED: Final = (
    "id", "iCalUID", "sequence", "creator", "organizer", "created", "recurringEventId", "originalStartTime",
    "eventType",
)  # fmt: skip
TIMES: Final = ("start", "end", "recurrence")


def _shown(call: Call, calendar: Calendar, event: Event) -> Json:
    role = call.google.agenda.role(call.user, calendar)
    return shown(call.google.agenda, calendar, event, role, call.values)


def _updates(call: Call) -> str:
    if "sendUpdates" in call.values:
        return str(call.values["sendUpdates"])
    return "all" if call.values.get("sendNotifications") else "none"


def _guests(data: Json) -> set[str]:
    return {one["email"] for one in data.get("attendees", ())}


@answers("calendar.events.insert")
def insert(call: Call) -> Json:
    """A new event, under the client's id or one of Google's."""
    calendar = writable(call)
    body, agenda = call.body, call.google.agenda
    event_id = body.get("id")
    if event_id and body.get("iCalUID") and body["iCalUID"] != f"{event_id}@google.com":
        raise refuse("calendar: id and uid")
    if event_id is not None and not ID.fullmatch(event_id):
        raise refuse("calendar: event id")
    if body.get("eventType") == "fromGmail":
        raise refuse("calendar: event type")
    data = checked(merged({}, taken(call, body)), calendar)
    if event_id in calendar.events:
        raise refuse("calendar: duplicate")
    event_id = event_id or agenda.new_id()
    who = {"email": calendar.id} | ({} if calendar.primary else {"displayName": calendar.summary})
    data = _defaults(data) | {
        "id": event_id,
        "iCalUID": body.get("iCalUID") or f"{event_id}@google.com",
        "sequence": data.get("sequence", 0),
        "creator": {"email": call.user},
        "organizer": who,
    }
    event = agenda.put(calendar, data)
    agenda.write("invitation", data, calendar.id, _guests(data), _updates(call))
    return _shown(call, calendar, event)


def _defaults(data: Json) -> Json:
    return {"status": "confirmed", "eventType": "default", "reminders": {"useDefault": True}} | data


@answers("calendar.events.import")
def import_event(call: Call) -> Json:
    """A private copy of a foreign event: its organizer stays, and nobody is told."""
    calendar = writable(call)
    body, agenda = call.body, call.google.agenda
    if not body.get("iCalUID"):
        raise refuse("calendar: uid missing")
    if body.get("eventType", "default") != "default":
        raise refuse("calendar: event type")
    data = checked(merged({}, taken(call, body)), calendar)
    before = next((one for one in calendar.events.values() if _same(one, body)), None)
    if before and data.get("sequence", 0) < before.data.get("sequence", 0):
        raise refuse("calendar: sequence")
    organizer = body.get("organizer") or {"email": calendar.id}
    if not organizer.get("email"):
        raise refuse("calendar: field", what="organizer.email")
    data = _defaults(data) | {
        "id": before.id if before else f"_{agenda.new_id()}",
        "iCalUID": body["iCalUID"],
        "sequence": data.get("sequence", 0),
        "creator": {"email": call.user},
        "organizer": {key: value for key, value in organizer.items() if key != "self"},
    }
    return _shown(call, calendar, agenda.put(calendar, data, before.data if before else None))


def _same(event: Event, body: Json) -> bool:
    return event.data.get("iCalUID") == body["iCalUID"] and "recurringEventId" not in event.data


@answers("calendar.events.patch", "calendar.events.update")
def change(call: Call) -> Json:
    """PATCH keeps what it does not name; PUT drops it."""
    calendar = writable(call)
    event, stored = event_of(call, calendar)
    precondition(call, event)
    body, before = taken(call, call.body), event.data
    if event.cancelled and body.get("status") not in ("confirmed", "tentative"):
        raise refuse("calendar: forbidden")
    if call.body.get("eventType", before.get("eventType")) != before.get("eventType"):
        raise refuse("calendar: event type")
    rigid = before.get("eventType") in RIGID and {"attendees", "recurrence"} & body.keys()
    if rigid or (before.get("eventType") in MADE_BY_GOOGLE and body.keys() - set(PRIVATE)):
        raise refuse("calendar: event type")
    if call.body.get("sequence", before.get("sequence", 0)) < before.get("sequence", 0):
        raise refuse("calendar: sequence")
    if call.match.method.http_method == "PATCH":
        whole = merged(before, _with_omitted(call, before, body))
    else:
        whole = _replaced(call, before, body)
    data = checked(whole, calendar)
    if before.get("recurringEventId") and data.get("recurrence"):
        raise refuse("calendar: instance recurrence")
    return _change(call, calendar, event, data, stored)


def _with_omitted(call: Call, before: Json, body: Json) -> Json:
    """A guest may answer by sending only himself with `attendeesOmitted`."""
    if not call.body.get("attendeesOmitted") or "attendees" not in body:
        return body
    mine = {one["email"].lower(): one for one in body["attendees"] if one.get("email")}
    kept = [mine.pop(one["email"], one) for one in before.get("attendees", ())]
    return body | {"attendees": [*kept, *mine.values()]}


def _replaced(call: Call, before: Json, body: Json) -> Json:
    """PUT: what the client cannot write stays, all else is what it says."""
    kept = set(FIXED)
    if not call.values.get("conferenceDataVersion"):
        kept |= {"conferenceData", "hangoutLink"}
    if not call.values.get("supportsAttachments"):
        kept.add("attachments")
    fixed = {key: value for key, value in before.items() if key in kept}
    return _defaults(merged({}, body) | fixed | ({"sequence": body["sequence"]} if "sequence" in body else {}))


def _change(call: Call, calendar: Calendar, event: Event, data: Json, stored: bool) -> Json:
    agenda, before = call.google.agenda, event.data
    organizer = before.get("organizer", {}).get("email")
    if organizer != calendar.id:
        return _as_guest(call, calendar, event, data)
    if data.get("status") == "cancelled" and not event.cancelled:
        return _shown(call, calendar, _removed(call, calendar, event, stored))
    if any(data.get(key) != before.get(key) for key in TIMES) and data.get("sequence", 0) == before.get("sequence", 0):
        data["sequence"] = before.get("sequence", 0) + 1
    made = agenda.put(calendar, data, before if stored else None)
    if stored and "recurrence" in before and any(data.get(key) != before.get(key) for key in TIMES):
        agenda.drop_strays(calendar, made)
    agenda.write("update", data, calendar.id, _guests(data) & _guests(before), _updates(call))
    agenda.write("invitation", data, calendar.id, _guests(data) - _guests(before), _updates(call))
    agenda.write("cancellation", data, calendar.id, _guests(before) - _guests(data), _updates(call))
    return _shown(call, calendar, made)


def _as_guest(call: Call, calendar: Calendar, event: Event, data: Json) -> Json:
    """A guest answers, and keeps his own colours and reminders; the rest is the organizer's."""
    agenda, before = call.google.agenda, event.data
    changed = {key for key in SHARED if data.get(key) != before.get(key)}
    others = [_others(one, calendar.id) for one in (before, data)]
    if (changed or others[0] != others[1]) and not before.get("guestsCanModify"):
        raise refuse("calendar: organizer")
    made = agenda.put(calendar, data, before)
    home = agenda.calendars.get(before["organizer"]["email"])
    original = home.events.get(event.id) if home else None
    if home and original and not original.cancelled:
        mine = {one["email"]: one for one in data.get("attendees", ())}.get(calendar.id)
        guests = [mine if mine and one["email"] == calendar.id else one for one in original.data.get("attendees", ())]
        agenda.put(home, original.data | {"attendees": guests}, original.data)
        agenda.write("answer", data, calendar.id, {home.id}, _updates(call))
        made = calendar.events[event.id]
    return _shown(call, calendar, made)


def _others(data: Json, own: str) -> list[tuple[Any, ...]]:
    """Of every other guest what only he or the organizer may change."""
    return [
        (one["email"], one.get("responseStatus"), one.get("optional", False))
        for one in data.get("attendees", ())
        if one["email"] != own
    ]


def _removed(call: Call, calendar: Calendar, event: Event, stored: bool) -> Event:
    agenda = call.google.agenda
    if not stored:
        event = agenda.put(calendar, event.data)
    agenda.cancel(calendar, event)
    if event.data.get("organizer", {}).get("email") == calendar.id:
        agenda.write("cancellation", event.data, calendar.id, _guests(event.data), _updates(call))
    return calendar.events[event.id]


@answers("calendar.events.delete")
def delete(call: Call) -> None:
    """A second time it is gone, and an instance becomes an exception that is cancelled."""
    calendar = writable(call)
    event, stored = event_of(call, calendar)
    if event.cancelled:
        raise refuse("calendar: deleted")
    precondition(call, event)
    _removed(call, calendar, event, stored)


@answers("calendar.events.move")
def move(call: Call) -> Json:
    """To another calendar, whose event it becomes."""
    calendar, target = writable(call), writable(call, "destination")
    event, stored = event_of(call, calendar)
    if event.cancelled:
        raise refuse("calendar: deleted")
    if not stored or "recurringEventId" in event.data:
        raise refuse("calendar: move instance")
    if event.data.get("eventType", "default") != "default":
        raise refuse("calendar: event type")
    if event.data.get("organizer", {}).get("email") != calendar.id:
        raise refuse("calendar: organizer")
    if event.id in target.events and target is not calendar:
        raise refuse("calendar: duplicate")
    agenda = call.google.agenda
    who = {"email": target.id} | ({} if target.primary else {"displayName": target.summary})
    family = [one for one in calendar.events.values() if one.data.get("recurringEventId") == event.id]
    for one in (event, *family):
        agenda.put(target, one.data | {"organizer": who})
    if target is not calendar:
        agenda.cancel(calendar, event)
    agenda.write("update", event.data, target.id, _guests(event.data), _updates(call))
    return _shown(call, target, target.events[event.id])
