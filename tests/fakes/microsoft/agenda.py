"""Writing events: checked, stored, and told to those who are invited."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from tests.fakes.microsoft import meetings, mime
from tests.fakes.microsoft.errors import refuse
from tests.fakes.microsoft.extended import extended_of
from tests.fakes.microsoft.instances import NEVER, Instance, on_date
from tests.fakes.microsoft.mailbox import Container, Event, Mailbox
from tests.fakes.microsoft.recurrence import FAR, check_recurrence, dates
from tests.fakes.microsoft.zones import read_local, write_local

if TYPE_CHECKING:
    from tests.fakes.microsoft.graph import Graph

Values = dict[str, Any]
ATTENDEES: Final = 500
DAY: Final = timedelta(days=1)
_TIMES: Final = frozenset({"start", "end", "isAllDay", "recurrence"})
_UNSTORED: Final = frozenset({"singleValueExtendedProperties", "@odata.type"})
_EMPTY: Final[Values] = {
    "categories": [], "reminderMinutesBeforeStart": 15, "isReminderOn": True, "subject": "", "importance": "normal",
    "sensitivity": "normal", "isAllDay": False, "isCancelled": False, "isOrganizer": True, "responseRequested": True,
    "showAs": "busy", "isOnlineMeeting": False, "onlineMeetingProvider": "unknown", "allowNewTimeProposals": True,
    "hideAttendees": False, "recurrence": None, "attendees": [], "locations": [],
    "location": {"displayName": "", "locationType": "default", "uniqueIdType": "unknown"},
    "body": {"contentType": "html", "content": ""},
    "responseStatus": {"response": "organizer", "time": NEVER},
}  # fmt: skip


def create(graph: "Graph", mailbox: Mailbox, calendar: Container, body: Mapping[str, Any]) -> Event:
    """A new event. Raises the refusal of what is wrong with it. The same transaction again gives the same event."""
    transaction = body.get("transactionId") or ""
    before = mailbox.items.get(mailbox.transactions.get(transaction, ""))
    if isinstance(before, Event):
        if graph.behaviour.repeated_transaction == "conflict":
            raise refuse("transaction")
        return before
    if not calendar.editable:
        raise refuse("read-only calendar")
    given = {name: value for name, value in body.items() if value is not None and name not in _UNSTORED}
    values = checked(_EMPTY | {"organizer": me(mailbox)} | given)
    now = mailbox.clock.now()
    event = Event(mailbox.new_id(), mailbox.new_id(), calendar.id, values, now, now, uid=new_uid(mailbox))
    event.extended = extended_of(body)
    mailbox.add(event)
    event.series_key = event.change_key
    if transaction:
        mailbox.transactions[transaction] = event.id
    meetings.tell(graph, mailbox, event, "request")
    return event


def me(mailbox: Mailbox) -> Values:
    """The mailbox's owner as organizer."""
    return mime.recipient(mailbox.person.name, mailbox.person.address)


def new_uid(mailbox: Mailbox) -> str:
    """A global object id, as Exchange makes them."""
    return "040000008200E00074C5B7101A82E008" + "0" * 8 + mailbox.new_guid().replace("-", "").upper() * 2


def checked(values: Values) -> Values:
    """The values as they are stored. Raises when they contradict each other."""
    start, zone = read_local(values["start"], "start")
    end, end_zone = read_local(values["end"], "end")
    if values["isAllDay"]:
        if start.time() != time() or end.time() != time() or zone != end_zone or end - start < DAY:
            raise refuse("all day")
    elif end < start and zone == end_zone:
        raise refuse("event end")
    stored = values | {"start": write_local(start, zone), "end": write_local(end, end_zone)}
    if values.get("recurrence"):
        if not values["start"].get("timeZone"):
            raise refuse("recurrence", what="a series needs a time zone")
        stored["recurrence"] = check_recurrence(values["recurrence"], start.date())
        reach = stored["recurrence"]["range"]
        reach["recurrenceTimeZone"] = reach["recurrenceTimeZone"] or zone
    if len(values["attendees"]) > ATTENDEES:
        raise refuse("attendees")
    stored["attendees"] = [_attendee(one) for one in values["attendees"]]
    return stored


def _attendee(one: Values) -> Values:
    if "@" not in (one["emailAddress"].get("address") or ""):
        raise refuse("recipient")
    status = one.get("status") or {"response": "none", "time": NEVER}
    return {"type": "required", **one, "status": status}


def update(graph: "Graph", mailbox: Mailbox, instance: Instance, body: Mapping[str, Any]) -> Instance:
    """Write to a series, a single event, or one occurrence, which thereby becomes an exception."""
    event = instance.event
    changes = {name: value for name, value in body.items() if name not in _UNSTORED}
    if instance.day is not None:
        updated = _update_occurrence(graph, mailbox, instance, changes)
        assert updated.exception is not None
        updated.exception.extended |= extended_of(body)
        return updated
    before = event.values
    event.values = checked(before | _without_null(changes))
    if _TIMES & changes.keys() and any(event.values[name] != before[name] for name in _TIMES):
        # A new pattern is a new series: what was different about its dates is forgotten.
        event.exceptions.clear()
        event.cancelled.clear()
    event.extended |= extended_of(body)
    mailbox.changed(event, changes)
    event.series_key = event.change_key
    _invite_again(graph, mailbox, event, changes)
    return Instance(event, "seriesMaster" if event.values.get("recurrence") else "singleInstance")


def _without_null(changes: Values) -> Values:
    return {name: _EMPTY.get(name, value) if value is None else value for name, value in changes.items()}


def _update_occurrence(graph: "Graph", mailbox: Mailbox, instance: Instance, changes: Values) -> Instance:
    event, day = instance.event, instance.day
    assert day is not None
    if "recurrence" in changes:
        raise refuse("occurrence")
    times = {
        "start": write_local(instance.start, str(instance.values["start"]["timeZone"])),
        "end": write_local(instance.end, str(instance.values["end"]["timeZone"])),
    }
    own = (instance.exception.values if instance.exception else {}) | _without_null(changes)
    whole = checked(event.values | times | own | {"recurrence": None})
    _check_neighbours(event, day, datetime.fromisoformat(whole["start"]["dateTime"]).date())
    now = mailbox.clock.now()
    exception = instance.exception or Event("", "", event.parent, {}, event.created, now)
    exception.values = {name: whole[name] for name in {*own, "start", "end"}}
    exception.modified, exception.change_key = now, mailbox.new_key()
    event.exceptions[day] = exception
    mailbox.changed(event, changes, told=mailbox.occurrence_ids(event, day))
    _invite_again(graph, mailbox, event, changes)
    return on_date(event, day)


def _invite_again(graph: "Graph", mailbox: Mailbox, event: Event, changes: Values) -> None:
    """Tell the guests, unless all that changed is the organizer's own."""
    if changes.keys() - meetings.OWN:
        meetings.tell(graph, mailbox, event, "request")


def _check_neighbours(event: Event, day: date, wanted: date) -> None:
    """An occurrence cannot pass the one before or the one after it. Raises when it would."""
    if wanted == day:
        return
    laid = list(dates(event.values["recurrence"], min(max(day, wanted) + 400 * DAY, FAR)))
    at = laid.index(day)
    others = {
        one: event.exceptions[one].values["start"]["dateTime"][:10] if one in event.exceptions else one.isoformat()
        for one in laid[max(0, at - 1) : at + 2]
        if one != day and one not in event.cancelled
    }
    for one, shown in others.items():
        if (one < day and wanted.isoformat() <= shown) or (one > day and wanted.isoformat() >= shown):
            raise refuse("crossing")


def remove(graph: "Graph", mailbox: Mailbox, instance: Instance, *, comment: str = "") -> None:
    """Remove a series, a single event or one occurrence. An organizer thereby cancels the meeting."""
    event = instance.event
    if not mailbox.containers[event.parent].editable:
        raise refuse("read-only calendar")
    if instance.day is None:
        meetings.cancel(graph, mailbox, event, comment)
        mailbox.remove(event)
        return
    event.exceptions.pop(instance.day, None)
    event.cancelled.add(instance.day)
    mailbox.changed(event, ["cancelledOccurrences"], told=mailbox.occurrence_ids(event, instance.day))
    meetings.tell(graph, mailbox, event, "cancel", comment)
