"""What a calendar shows: single events, masters, and the occurrences and exceptions that they expand to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal

from tests.fakes.microsoft.call import Call, etag
from tests.fakes.microsoft.clock import graph_time
from tests.fakes.microsoft.mail_views import body_view, extended_view, preview
from tests.fakes.microsoft.mailbox import Event, Mailbox
from tests.fakes.microsoft.query import Query
from tests.fakes.microsoft.recurrence import FAR, dates
from tests.fakes.microsoft.zones import from_utc, to_utc, write_local

View = dict[str, Any]
Kind = Literal["singleInstance", "seriesMaster", "occurrence", "exception"]
NEVER: Final = "0001-01-01T00:00:00Z"
"""When an answer was given that was not given."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One thing in a calendar. An occurrence has no event of its own: it is its master, on a date."""

    event: Event
    kind: Kind
    day: date | None = None
    exception: Event | None = None

    @property
    def values(self) -> dict[str, Any]:
        """Its properties: an exception's own before its master's."""
        return self.event.values | (self.exception.values if self.exception else {})

    @property
    def start(self) -> datetime:
        """The naive time in its own zone."""
        return self._time("start")

    @property
    def end(self) -> datetime:
        return self._time("end")

    def _time(self, name: str) -> datetime:
        moment = datetime.fromisoformat(self.values[name]["dateTime"])
        if self.kind != "occurrence" or self.day is None:
            return moment
        first = datetime.fromisoformat(self.event.values["start"]["dateTime"]).date()
        return moment + (self.day - first)

    @property
    def zone(self) -> str:
        return str(self.values["start"]["timeZone"])

    @property
    def version(self) -> str:
        """Another one whenever this instance looks different."""
        return self.event.series_key + (self.exception.change_key if self.exception else "")

    def span(self) -> tuple[datetime, datetime]:
        """From when to when, in UTC; a whole day counts as one of UTC, wherever it is."""
        if self.values["isAllDay"]:
            return self.start.replace(tzinfo=UTC), self.end.replace(tzinfo=UTC)
        return to_utc(self.start, self.zone), to_utc(self.end, str(self.values["end"]["timeZone"]))


def whole(event: Event) -> Instance:
    """The event itself: single, or the master of its series."""
    return Instance(event, "seriesMaster" if event.values.get("recurrence") else "singleInstance")


def on_date(event: Event, day: date) -> Instance:
    """One occurrence of a series."""
    exception = event.exceptions.get(day)
    return Instance(event, "exception" if exception else "occurrence", day, exception)


def happens(event: Event, day: date) -> bool:
    """True when the series has an occurrence for this date that is not cancelled."""
    recurrence = event.values.get("recurrence")
    return recurrence is not None and day not in event.cancelled and day in set(dates(recurrence, day))


def expand(event: Event, start: datetime, end: datetime) -> Iterator[Instance]:
    """The instances of an event that lie in the window."""
    recurrence = event.values.get("recurrence")
    if not recurrence:
        found = [whole(event)]
    else:
        horizon = min((end + timedelta(days=2)).date(), FAR)
        days = {day for day in dates(recurrence, horizon) if day not in event.cancelled}
        found = [on_date(event, day) for day in sorted(days | event.exceptions.keys())]
    for instance in found:
        begins, ends = instance.span()
        if begins < end and (ends > start or begins == ends == start):
            yield instance


def ids_of(mailbox: Mailbox, instance: Instance) -> tuple[str, str]:
    """The immutable id and the other one."""
    if instance.day is None:
        return instance.event.id, instance.event.moving_id
    return mailbox.occurrence_ids(instance.event, instance.day)


def find(mailbox: Mailbox, name: str) -> Instance | None:
    """What has this id."""
    item = mailbox.item(name)
    if isinstance(item, Event):
        return whole(item)
    master_id, day = mailbox.occurrences.get(name, ("", date.min))
    master = mailbox.items.get(master_id)
    return on_date(master, day) if isinstance(master, Event) and happens(master, day) else None


def shown_time(instance: Instance, name: str, zone: str) -> View:
    """A time in the zone that the caller prefers. Whole days are dates and stay where they are."""
    moment = instance.start if name == "start" else instance.end
    if instance.values["isAllDay"]:
        return write_local(moment, zone)
    return write_local(from_utc(to_utc(moment, str(instance.values[name]["timeZone"])), zone), zone)


def event_view(call: Call, instance: Instance, query: Query) -> View:
    """All that can be shown of an instance."""
    mailbox, values, event = call.mailbox, instance.values, instance.exception or instance.event
    immutable, moving = ids_of(mailbox, instance)
    view: View = {
        "@odata.etag": etag(event.change_key),
        "id": immutable if call.prefer.immutable else moving,
        "createdDateTime": graph_time(event.created),
        "lastModifiedDateTime": graph_time(event.modified),
        "changeKey": event.change_key,
        "originalStartTimeZone": instance.event.shown_zone or values["start"]["timeZone"],
        "originalEndTimeZone": instance.event.shown_zone or values["end"]["timeZone"],
        "iCalUId": _ical_uid(instance),
        "uid": instance.event.uid,
        "bodyPreview": preview(values.get("body")),
        "body": body_view(values.get("body"), call.prefer.body),
        "type": instance.kind,
        "seriesMasterId": None,
        "start": shown_time(instance, "start", call.prefer.zone),
        "end": shown_time(instance, "end", call.prefer.zone),
        "webLink": f"https://outlook.office365.com/owa/?itemid={immutable[-24:]}&exvsurl=1&path=/calendar/item",
        "onlineMeetingUrl": None,
        "onlineMeeting": None,
        "hasAttachments": False,
        "isDraft": False,
    }
    if instance.day is not None:
        view |= {
            "seriesMasterId": call.id_of(instance.event),
            "recurrence": None,
            "originalStart": graph_time(_original_start(instance)),
            "occurrenceId": f"OID.{call.id_of(instance.event)}.{instance.day.isoformat()}",
        }
    elif instance.kind == "seriesMaster" and call.graph.behaviour.cancelled_occurrences:
        cancelled = sorted(instance.event.cancelled)
        view["cancelledOccurrences"] = [f"OID.{call.id_of(instance.event)}.{day.isoformat()}" for day in cancelled]
    shown = {name: value for name, value in values.items() if name != "transactionId" or instance.day is None}
    return shown | view | extended_view(event.extended, query)


def _original_start(instance: Instance) -> datetime:
    """When an occurrence was meant to be; of a whole day it is shifted by the zone, as Exchange has it."""
    assert instance.day is not None
    plain = Instance(instance.event, "occurrence", instance.day)
    return to_utc(plain.start, str(instance.event.values["start"]["timeZone"]))


def _ical_uid(instance: Instance) -> str:
    """The master's, or one that holds the date of the occurrence."""
    if instance.day is None:
        return instance.event.uid
    return instance.event.uid[:32] + instance.day.strftime("%Y%m%d") + instance.event.uid[40:]
