"""`calendarList`, `calendars`, `acl`, `colors`, `settings` and `freebusy`."""

import secrets
from datetime import UTC, datetime
from typing import Final

from tests.fakes.google.calendar import recurrence, times
from tests.fakes.google.calendar.access import at_least, calendar_of, owned
from tests.fakes.google.calendar.agenda import ROLES, Calendar, Entry
from tests.fakes.google.calendar.reading import REMINDERS
from tests.fakes.google.calendar.resources import ADDRESS
from tests.fakes.google.calls import Call, answers
from tests.fakes.google.clock import from_rfc3339, rfc3339
from tests.fakes.google.cursors import bound_to
from tests.fakes.google.refusals import Json, refuse

PAGE: Final = 250
OWN: Final = (
    "summaryOverride", "colorId", "backgroundColor", "foregroundColor", "hidden", "selected", "defaultReminders",
    "notificationSettings",
)  # fmt: skip
SETTINGS: Final = {"locale": "en", "timezone": "UTC", "weekStart": "1", "format24HourTime": "true"}
PALETTE: Final = ("#ac725e", "#d06b64", "#f83a22", "#fa573c", "#ff7537", "#ffad46", "#42d692", "#16a765", "#7bd148")


def _shown(call: Call, entry: Entry) -> Json:
    calendar = entry.calendar
    told: Json = {"kind": "calendar#calendarListEntry", "etag": f'"{entry.revision}"', "id": calendar.id}
    if entry.deleted:
        return told | {"deleted": True}
    told |= {
        "summary": calendar.summary,
        "timeZone": calendar.zone,
        "colorId": "1",
        "backgroundColor": PALETTE[0],
        "foregroundColor": "#000000",
        "selected": True,
        "accessRole": call.google.agenda.role(call.user, calendar) or "freeBusyReader",
        "defaultReminders": REMINDERS if calendar.primary else [],
        "dataOwner": calendar.owner,
    }
    told |= {"primary": True} if calendar.id == call.user else {}
    return told | entry.own


@answers("calendar.calendarList.list")
def list_calendars(call: Call) -> Json:
    """A page of the list, or of what changed in it."""
    values, agenda, cursors = call.values, call.google.agenda, call.google.cursors
    _restrictions(call)
    bound = bound_to(values, "maxResults", "showDeleted", "showHidden")
    if values.get("pageToken"):
        cursor = cursors.find(values["pageToken"], "calendarList.page")
        if cursor is None or cursor.expired or cursor.owner != call.user or cursor.bound != bound:
            raise refuse("calendar: invalid", name="pageToken")
        items, at, revision = cursor.state
    else:
        since = _since(call, bound) if values.get("syncToken") else None
        items, at, revision = _items(call, since), 0, agenda.tick()
    rest = at + min(values.get("maxResults", 100), PAGE)
    reply: Json = {"kind": "calendar#calendarList", "etag": f'"p{revision}"', "items": items[at:rest]}
    if rest < len(items):
        token = cursors.issue("calendarList.page", call.user, bound, (items, rest, revision))
        return reply | {"nextPageToken": token}
    return reply | {"nextSyncToken": cursors.issue("calendarList.sync", call.user, bound, revision)}


def _restrictions(call: Call) -> None:
    values = call.values
    if not values.get("syncToken"):
        return
    if values.get("minAccessRole") or values.get("showOwnOrganizationOnly"):
        raise refuse("calendar: sync token parameter")
    for name in ("showDeleted", "showHidden"):
        if name in call.given and not values[name]:
            raise refuse("calendar: sync token parameter")


def _since(call: Call, bound: tuple[object, ...]) -> int:
    cursor = call.google.cursors.find(call.values["syncToken"], "calendarList.sync")
    if cursor is None:
        raise refuse("calendar: sync token other")
    if cursor.expired or cursor.owner != call.user:
        raise refuse("calendar: full sync")
    if cursor.bound != bound:
        raise refuse("calendar: sync token parameter")
    return int(cursor.state)


def _items(call: Call, since: int | None) -> list[Json]:
    values, agenda = call.values, call.google.agenda
    found = []
    for entry in agenda.lists.get(call.user, {}).values():
        if since is not None:
            if entry.revision > since:
                found.append(entry)
            continue
        if entry.deleted and not values.get("showDeleted"):
            continue
        if entry.own.get("hidden") and not values.get("showHidden"):
            continue
        role = agenda.role(call.user, entry.calendar)
        if values.get("minAccessRole") and (not role or not at_least(role, values["minAccessRole"])):
            continue
        found.append(entry)
    return [_shown(call, entry) for entry in found]


def _entry(call: Call) -> Entry:
    wanted = call.values["calendarId"]
    entry = call.google.agenda.lists.get(call.user, {}).get(call.user if wanted == "primary" else wanted)
    if entry is None or entry.deleted:
        raise refuse("calendar: not found")
    return entry


@answers("calendar.calendarList.get")
def get_entry(call: Call) -> Json:
    """One of them."""
    return _shown(call, _entry(call))


@answers("calendar.calendarList.insert")
def insert_entry(call: Call) -> Json:
    """Put a calendar that one may see into one's list."""
    calendar = call.google.agenda.calendars.get(call.body.get("id", ""))
    if calendar is None or not call.google.agenda.role(call.user, calendar):
        raise refuse("calendar: not found")
    own = {key: value for key, value in call.body.items() if key in OWN}
    return _shown(call, call.google.agenda.enter(call.user, calendar, own))


@answers("calendar.calendarList.patch", "calendar.calendarList.update")
def change_entry(call: Call) -> Json:
    """Colours, a name of one's own, whether it is shown."""
    entry = _entry(call)
    own = {key: value for key, value in call.body.items() if key in OWN}
    before = entry.own if call.match.method.http_method == "PATCH" else {}
    entry.own = {key: value for key, value in (before | own).items() if value is not None}
    call.google.agenda.touch(call.user, entry)
    return _shown(call, entry)


@answers("calendar.calendarList.delete")
def delete_entry(call: Call) -> None:
    """Out of the list; the calendar stays."""
    entry = _entry(call)
    if entry.calendar.id == call.user:
        raise refuse("calendar: primary")
    call.google.agenda.leave(call.user, entry.calendar)


def _calendar(calendar: Calendar) -> Json:
    told = {
        "kind": "calendar#calendar", "etag": f'"c{calendar.revision}"', "id": calendar.id, "summary": calendar.summary,
        "timeZone": calendar.zone, "dataOwner": calendar.owner,
    }  # fmt: skip
    return told | ({"description": calendar.description} if calendar.description else {})


@answers("calendar.calendars.get")
def get_calendar(call: Call) -> Json:
    """Its metadata."""
    return _calendar(calendar_of(call)[0])


@answers("calendar.calendars.insert")
def insert_calendar(call: Call) -> Json:
    """A secondary calendar."""
    if not call.body.get("summary"):
        raise refuse("calendar: field", what="summary")
    name = f"c_{secrets.token_hex(32)}@group.calendar.google.com"
    zone = _zone(call.body.get("timeZone", "UTC"))
    made = Calendar(name, call.body["summary"], zone, call.user, description=call.body.get("description", ""))
    return _calendar(call.google.agenda.add_calendar(call.user, made))


def _zone(name: str) -> str:
    try:
        times.zone(name)
    except ValueError:
        raise refuse("calendar: invalid", name="timeZone") from None
    return name


@answers("calendar.calendars.patch", "calendar.calendars.update")
def change_calendar(call: Call) -> Json:
    """Its name, its zone."""
    calendar = owned(call)
    calendar.summary = call.body.get("summary") or calendar.summary
    calendar.description = call.body.get("description") or ""
    calendar.zone = _zone(call.body.get("timeZone") or calendar.zone)
    for user, entries in call.google.agenda.lists.items():
        if calendar.id in entries:
            call.google.agenda.touch(user, entries[calendar.id])
    return _calendar(calendar)


@answers("calendar.calendars.delete")
def delete_calendar(call: Call) -> None:
    """A secondary calendar, with all its events."""
    calendar = owned(call)
    if calendar.primary:
        raise refuse("calendar: primary")
    call.google.agenda.remove_calendar(calendar)


def _rule(calendar: Calendar, user: str) -> Json:
    role = calendar.roles[user]
    return {
        "kind": "calendar#aclRule", "etag": f'"{calendar.revision}{ROLES.index(role)}"', "id": f"user:{user}",
        "scope": {"type": "user", "value": user}, "role": role,
    }  # fmt: skip


@answers("calendar.acl.list")
def list_rules(call: Call) -> Json:
    """Who may what."""
    calendar = owned(call)
    rules = [_rule(calendar, user) for user in calendar.roles]
    return {"kind": "calendar#acl", "etag": f'"p{calendar.revision}"', "items": rules}


@answers("calendar.acl.insert")
def insert_rule(call: Call) -> Json:
    """Share with one person."""
    calendar, scope = owned(call), call.body.get("scope", {})
    if scope.get("type") != "user" or not ADDRESS.fullmatch(scope.get("value", "")):
        raise refuse("calendar: field", what="scope")
    if call.body.get("role") not in ROLES:
        raise refuse("calendar: field", what="role")
    call.google.agenda.share(calendar, scope["value"], call.body["role"])
    return _rule(calendar, scope["value"])


@answers("calendar.acl.delete")
def delete_rule(call: Call) -> None:
    """Share no longer."""
    calendar, user = owned(call), call.values["ruleId"].removeprefix("user:")
    if user not in calendar.roles or user == calendar.owner:
        raise refuse("calendar: not found")
    call.google.agenda.share(calendar, user, "")


@answers("calendar.colors.get")
def colors(call: Call) -> Json:
    """The palette."""
    shades = {str(at): {"background": shade, "foreground": "#1d1d1d"} for at, shade in enumerate(PALETTE, 1)}
    return {
        "kind": "calendar#colors", "updated": rfc3339(1_328_054_400), "calendar": shades, "event": shades,
    }  # fmt: skip


def _setting(name: str) -> Json:
    return {"kind": "calendar#setting", "etag": '"0"', "id": name, "value": SETTINGS[name]}


@answers("calendar.settings.list")
def settings(call: Call) -> Json:
    """What the person set."""
    return {"kind": "calendar#settings", "etag": '"0"', "items": [_setting(name) for name in SETTINGS]}


@answers("calendar.settings.get")
def setting(call: Call) -> Json:
    """One of them."""
    if call.values["setting"] not in SETTINGS:
        raise refuse("calendar: not found")
    return _setting(call.values["setting"])


@answers("calendar.freebusy.query")
def freebusy(call: Call) -> Json:
    """When somebody is not free."""
    body, agenda = call.body, call.google.agenda
    try:
        low, high = from_rfc3339(body["timeMin"]), from_rfc3339(body["timeMax"])
    except (KeyError, ValueError):
        raise refuse("calendar: bad request") from None
    if low >= high:
        raise refuse("calendar: time range", name="timeMax")
    told: Json = {}
    for one in body.get("items", ()):
        name = call.user if one.get("id") == "primary" else one.get("id", "")
        calendar = agenda.calendars.get(name)
        if calendar is None or not agenda.role(call.user, calendar):
            told[name] = {"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}
        else:
            told[name] = {"busy": _busy(calendar, low, high)}
    return {"kind": "calendar#freeBusy", "timeMin": body["timeMin"], "timeMax": body["timeMax"], "calendars": told}


def _busy(calendar: Calendar, low: float, high: float) -> list[Json]:
    spans = []
    for event in calendar.events.values():
        data = event.data
        if event.cancelled or data.get("transparency") == "transparent":
            continue
        every = [data]
        if "recurrence" in data:
            walls = recurrence.starts(data, datetime.fromtimestamp(high, UTC))
            made = [recurrence.instance(data, wall) for wall in walls]
            every = [one for one in made if one["id"] not in calendar.events]
        for one in every:
            begin, end = (times.moment(one[key], calendar.zone).timestamp() for key in ("start", "end"))
            if begin < high and end > low:
                spans.append((max(begin, low), min(end, high)))
    return [
        {
            "start": times.written(datetime.fromtimestamp(begin, UTC)),
            "end": times.written(datetime.fromtimestamp(end, UTC)),
        }
        for begin, end in sorted(spans)
    ]
