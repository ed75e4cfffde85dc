"""Events read from Graph: the lists of ids and versions, and one event with all that belongs to it.

A series is its master, the exceptions among its instances, and the dates of its pattern that no instance has.
Instances are asked for in windows, since Graph bounds one, up to `AHEAD` from now.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

from apps.providers.adapters import errors
from apps.providers.adapters.collections import ObjectRecord
from apps.providers.adapters.ical import Moment, rules, series

from . import recurrence
from .event_text import MORE, UID, Found, in_zone, text, when, zone_of
from .graph import Graph, Json, segment
from .messages import moment

BODY: Final = 'outlook.body-content-type="text"'
PAGE: Final = "odata.maxpagesize=500"
EXPAND: Final = f"singleValueExtendedProperties($filter=id eq '{UID}' or id eq '{MORE}')"
WINDOW: Final = timedelta(days=1800)
AHEAD: Final = timedelta(days=1100)
MARGIN: Final = timedelta(days=2)


class Events:
    """The events of one account. `owners` tells whose calendar each is."""

    def __init__(self, graph: Graph, clock: Callable[[], float]) -> None:
        self._graph, self._clock = graph, clock
        self.owners: dict[str, str] = {}

    def versions(self, calendar: str) -> dict[str, str]:
        """Every event of a calendar with its etag, series folded up. Raises errors."""
        path = f"calendars/{segment(calendar)}/events"
        listed = self._graph.values(path, PAGE, select="id,changeKey", top="500")
        return {str(item["id"]): str(item.get("@odata.etag") or "") for item in listed}

    def record(self, calendar: str, name: str) -> ObjectRecord:
        """One event as an object. Raises NotFound."""
        found = self.found(calendar, name)
        return ObjectRecord(name, etag(found.event), text(found))

    def event(self, name: str) -> Json:
        """The event alone. Raises NotFound."""
        return self._graph.get(f"events/{segment(name)}", BODY, expand=EXPAND)

    def found(self, calendar: str, name: str) -> Found:
        """One event with all that belongs to it. Raises NotFound, Transient when it changes while it is read."""
        event = self.event(name)
        me = self.owners.get(calendar, "")
        if event.get("type") != "seriesMaster" or not event.get("recurrence"):
            return Found(event, me=me)
        start = when(event, "start")
        seen: dict[datetime, Json] = {}
        for begin, end in self._windows(event, start):
            for instance in self._instances(name, begin, end):
                seen[_original(instance, event, start)] = instance
        exceptions = [
            (start.at(local), instance) for local, instance in sorted(seen.items()) if instance["type"] == "exception"
        ]
        cancelled = [start.at(local) for local in self._planned(event, start) if local not in seen]
        if exceptions and etag(self.event(name)) != etag(event):
            raise errors.Transient("the series changed while it was read")
        return Found(event, exceptions, cancelled, me)

    def _windows(self, event: Json, start: Moment) -> Iterator[tuple[datetime, datetime]]:
        begin, last = start.instant() - MARGIN, self._horizon(event, start) + MARGIN
        while begin < last:
            end = min(begin + WINDOW, last)
            yield begin, end
            begin = end

    def _horizon(self, event: Json, start: Moment) -> datetime:
        """Up to when instances are looked at: the end of the series, or a while ahead."""
        reach = event["recurrence"]["range"]
        ahead = max(datetime.fromtimestamp(self._clock(), UTC), start.instant()) + AHEAD
        if reach.get("type") == "endDate":
            last = date.fromisoformat(reach["endDate"])
            return min(ahead, datetime(last.year, last.month, last.day, tzinfo=UTC) + MARGIN)
        return ahead

    def _instances(self, name: str, begin: datetime, end: datetime) -> Iterator[Json]:
        return self._graph.values(
            f"events/{segment(name)}/instances", f"{BODY}, {PAGE}", startDateTime=f"{begin:%Y-%m-%dT%H:%M:%SZ}",
            endDateTime=f"{end:%Y-%m-%dT%H:%M:%SZ}",
            select=INSTANCE,
        )  # fmt: skip

    def _planned(self, event: Json, start: Moment) -> Iterator[datetime]:
        """The times that the pattern means, as far as instances were looked at."""
        rule = series.rule_of(recurrence.to_rule(event["recurrence"], start), start)
        last = start.seen(self._horizon(event, start)).local
        try:
            for local in rules.instances(rule, start.local):
                if local > last:
                    return
                yield local
        except rules.Endless:
            return

    def occurrence(self, master: str, found: Found, local: datetime) -> Json:
        """The instance that the pattern means for this time. Raises NotFound."""
        start = when(found.event, "start")
        around = start.at(local).instant()
        for original, instance in found.exceptions:
            if original.local == local:
                return instance
        for instance in self._instances(master, around - MARGIN, around + MARGIN):
            if _original(instance, found.event, start) == local:
                return instance
        raise errors.NotFound("the series has no event on this date")


INSTANCE: Final = (
    "id,type,changeKey,start,end,isAllDay,originalStart,originalStartTimeZone,originalEndTimeZone,occurrenceId,subject,"
    "body,location,categories,showAs,sensitivity,importance,isCancelled,isOrganizer,attendees,organizer,responseStatus,"
    "responseRequested,allowNewTimeProposals,hideAttendees,isOnlineMeeting,onlineMeeting,onlineMeetingUrl,isReminderOn,"
    "reminderMinutesBeforeStart,createdDateTime,lastModifiedDateTime"
)


def _original(instance: Json, master: Json, start: Moment) -> datetime:
    """The time that the pattern meant an instance for. Of whole days `originalStart` is shifted by the zone."""
    told = moment(instance.get("originalStart"))
    if told is None:
        return when(instance, "start").local
    if start.whole_day:
        return in_zone(told, zone_of(master)).local.replace(hour=0, minute=0, second=0)
    return start.seen(told).local


def etag(item: Json) -> str:
    """The version of an event, as If-Match takes it."""
    return str(item.get("@odata.etag") or "")
