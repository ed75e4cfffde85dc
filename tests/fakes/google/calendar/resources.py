"""An event as it is sent in and as it is shown: what may be written, what is checked, who sees how much."""

import re
import secrets
from typing import Any, Final

from tests.fakes.google.calendar import recurrence, times
from tests.fakes.google.calendar.agenda import Agenda, Calendar, Event
from tests.fakes.google.calls import Call
from tests.fakes.google.refusals import refuse

Json = dict[str, Any]

READ_ONLY: Final = (
    "kind", "etag", "htmlLink", "created", "updated", "creator", "organizer", "recurringEventId", "originalStartTime",
    "hangoutLink", "locked", "privateCopy", "endTimeUnspecified", "attendeesOmitted", "iCalUID", "id",
)  # fmt: skip
SHARED: Final = (
    "summary", "description", "location", "start", "end", "recurrence", "guestsCanModify", "guestsCanInviteOthers",
    "guestsCanSeeOtherGuests", "conferenceData", "attachments", "source", "anyoneCanAddSelf",
)  # fmt: skip
CHOICES: Final = {
    "status": ("confirmed", "tentative", "cancelled"),
    "transparency": ("opaque", "transparent"),
    "visibility": ("default", "public", "private", "confidential"),
    "eventType": ("default", "focusTime", "outOfOffice", "workingLocation", "birthday", "fromGmail"),
}
ANSWERS: Final = ("needsAction", "declined", "tentative", "accepted")
ADDRESS: Final = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
ID: Final = re.compile(r"[a-v0-9]{5,1024}", re.ASCII)
ATTENDEES: Final = 200
ATTACHMENTS: Final = 25
BUSY: Final = (
    "id",
    "status",
    "start",
    "end",
    "recurringEventId",
    "originalStartTime",
    "recurrence",
    "iCalUID",
    "updated",
)
GONE: Final = ("id", "status", "recurringEventId", "originalStartTime")


def writable(call: Call, body: Json) -> Json:
    """What of a body is taken: the rest is read-only, or needs a parameter that is not there."""
    kept = {key: value for key, value in body.items() if key not in READ_ONLY}
    if not call.values.get("supportsAttachments"):
        kept.pop("attachments", None)
    if not call.values.get("conferenceDataVersion"):
        kept.pop("conferenceData", None)
    if not call.values.get("eventLabelVersion"):
        kept.pop("eventLabelId", None)
    return kept


def merged(before: Json, patch: Json) -> Json:
    """Semantics of PATCH: objects are merged, lists replaced, null removes."""
    whole = dict(before)
    for key, value in patch.items():
        if value is None:
            whole.pop(key, None)
        elif isinstance(value, dict) and isinstance(whole.get(key), dict):
            whole[key] = merged(whole[key], value)
        else:
            whole[key] = merged({}, value) if isinstance(value, dict) else value
    return whole


def checked(data: Json, calendar: Calendar) -> Json:
    """A whole resource, its times made normal. Raises Refusal."""
    for key, allowed in CHOICES.items():
        if data.get(key) is not None and data[key] not in allowed:
            raise refuse("calendar: field", what=key)
    series = bool(data.get("recurrence"))
    if series and data.get("recurringEventId"):
        raise refuse("calendar: instance recurrence")
    start = times.normal("start", data.get("start"), calendar.zone, series=series)
    end = times.normal("end", data.get("end"), calendar.zone, series=series)
    times.checked(start, end)
    data = data | {"start": start, "end": end}
    if series:
        recurrence.checked(data["recurrence"], start)
    else:
        data.pop("recurrence", None)
    _guests(data)
    if len(data.get("attachments", ())) > ATTACHMENTS:
        raise refuse("calendar: attachments limit")
    for one in data.get("reminders", {}).get("overrides") or ():
        if one.get("method") not in ("email", "popup") or not 0 <= one.get("minutes", -1) <= 40_320:
            raise refuse("calendar: field", what="reminders.overrides")
    request = (data.get("conferenceData") or {}).get("createRequest")
    if request and "status" not in request:
        data["conferenceData"] = _conference(request)
        data["hangoutLink"] = data["conferenceData"]["entryPoints"][0]["uri"]
    return data


def _guests(data: Json) -> None:
    for one in data.get("attendees", ()):
        if not one.get("email"):
            raise refuse("calendar: attendee missing")
        if not ADDRESS.fullmatch(one["email"]):
            raise refuse("calendar: attendee")
        if one.setdefault("responseStatus", "needsAction") not in ANSWERS:
            raise refuse("calendar: field", what="attendees.responseStatus")
        for flag in ("self", "organizer"):
            one.pop(flag, None)
        one["email"] = one["email"].lower()
    if len(data.get("attendees", ())) > ATTENDEES:
        raise refuse("calendar: attendees limit")


def _conference(request: Json) -> Json:
    if not request.get("requestId"):
        raise refuse("calendar: field", what="conferenceData.createRequest.requestId")
    letters = "".join(secrets.choice("abcdefghijkmnopqrstuvwxyz") for _ in range(10))
    code = f"{letters[:3]}-{letters[3:7]}-{letters[7:]}"
    key = {"type": "hangoutsMeet"}
    return {
        "createRequest": request | {"conferenceSolutionKey": key, "status": {"statusCode": "success"}},
        "entryPoints": [{"entryPointType": "video", "uri": f"https://meet.google.com/{code}", "label": code}],
        "conferenceSolution": {"key": key, "name": "Google Meet"},
        "conferenceId": code,
    }


def shown(agenda: Agenda, calendar: Calendar, event: Event, role: str, values: Json) -> Json:
    """A resource as one person sees it in one calendar."""
    data = dict(event.data)
    told: Json = {"kind": "calendar#event", "etag": agenda.etag(event)}
    foreign = data.get("organizer", {}).get("email") != calendar.id
    if event.cancelled and not foreign:
        return told | {key: data[key] for key in GONE if key in data}
    if role == "freeBusyReader" or (role == "reader" and data.get("visibility") in ("private", "confidential")):
        data = {key: data[key] for key in BUSY if key in data} | {"visibility": "private"}
    else:
        data["htmlLink"] = f"https://www.google.com/calendar/event?eid={data['id']}"
    zone = values.get("timeZone") or calendar.zone
    for key in ("start", "end", "originalStartTime"):
        if key in data:
            data[key] = times.shown(data[key], zone)
    for key in ("organizer", "creator"):
        if data.get(key, {}).get("email") == calendar.id:
            data[key] = data[key] | {"self": True}
    if "attendees" in data:
        data |= _seen_guests(data, calendar, values.get("maxAttendees"))
    return told | data


def _seen_guests(data: Json, calendar: Calendar, limit: int | None) -> Json:
    organizer = data.get("organizer", {}).get("email")
    guests = [
        one
        | ({"self": True} if one["email"] == calendar.id else {})
        | ({"organizer": True} if one["email"] == organizer else {})
        for one in data["attendees"]
    ]
    if limit is None or len(guests) <= limit:
        return {"attendees": guests}
    own = [one for one in guests if one.get("self")]
    return {"attendees": own or guests[:limit], "attendeesOmitted": True}
