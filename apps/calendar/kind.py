"""Calendars as a kind of the engine: which tables, how an iCalendar object is read into columns, how it is edited."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from apps.collections.kind import Called, CollectionKind, Edited, Reading
from apps.collections.models import Collection
from apps.core.folding import fold
from apps.providers import connections
from apps.providers.adapters import ical
from apps.providers.adapters.collections import CollectionAdapter, CollectionRecord
from apps.providers.adapters.ical import Change, Item, Moment, Series, Whole, itip, series
from apps.providers.clouds import Surface
from apps.providers.models import ProviderAccount

from . import rows
from .models import Calendar, Event

WORDS_MOST: Final = 8_000
UNTIL: Final = datetime(9999, 1, 1, tzinfo=UTC)
SINCE: Final = datetime(1, 1, 2, tzinfo=UTC)
MOMENT: Final = timedelta(seconds=1)


class CalendarKind(CollectionKind):
    """Implements what `CollectionKind` leaves open."""

    name = "calendar"
    called = Called("event", "events", "calendar")
    collections = Calendar
    objects = Event
    new, update, delete, member = "calendar:event_new", "calendar:event_update", "calendar:event_delete", "event"
    suffix = ".ics"
    undone: ClassVar = {
        "en": {
            "create": "The event was not saved",
            "change": "The event was not changed",
            "delete": "The event was not deleted",
        },
        "it": {
            "create": "L'evento non è stato salvato",
            "change": "L'evento non è stato modificato",
            "delete": "L'evento non è stato eliminato",
        },
    }

    def open(self, account: ProviderAccount) -> CollectionAdapter:
        """See CollectionKind."""
        return connections.open_collections(account, Surface.CALENDAR)

    def describe(self, record: CollectionRecord) -> dict[str, Any]:
        """See CollectionKind."""
        return {
            "timezone": record.timezone,
            "components": [*record.components],
            "schedules": record.schedules,
        }

    def read(self, data: bytes, collection: Collection | None) -> Reading:
        """See CollectionKind."""
        zone = collection.timezone if isinstance(collection, Calendar) else ""
        whole = ical.read(data, zone)
        own = collection.account.address if collection is not None else ""
        return Reading(whole.uid, ical.digest_of(whole.nodes), columns(whole, own), whole.problems)

    def before(self, data: bytes, change: Mapping[str, Any]) -> dict[str, Any]:
        """See CollectionKind."""
        if "text" in change:
            return self.whole_before(data)
        return {} if "itip" in change else ical.before(data, edit_of(change))

    def edit(self, data: bytes, change: Mapping[str, Any], before: Mapping[str, Any]) -> Edited:
        """See CollectionKind. Raises ValueError, with a sentence, for an edit that makes no sense."""
        if "text" in change:
            return self.whole(data, change, before)
        if "itip" in change:
            return Edited(itip.applied(data, change["itip"].encode(), change["own"], change["stamp"]), ())
        return Edited(*ical.change(data, edit_of(change), before))

    def collection_json(self, row: Any) -> dict[str, Any]:
        """See CollectionKind."""
        return rows.calendar_json(row)

    def object_json(self, row: Any) -> dict[str, Any]:
        """See CollectionKind."""
        return rows.event_json(row)


KIND: Final = CalendarKind()


def edit_of(change: Mapping[str, Any]) -> Change:
    """An edit as it is kept with a command."""
    reply = change.get("reply")
    return Change(
        change["stamp"],
        change.get("scope", "all"),
        change.get("key", ""),
        change.get("fields"),
        gone=change.get("gone", False),
        reply=(reply[0], reply[1]) if reply else None,
    )


def columns(whole: Whole, own: str) -> dict[str, Any]:
    """The columns of an event, read out of its text. `own` is the address of the account that has it."""
    items = whole.items
    item = whole.master or next(iter(items), Item())
    times = series.of(whole) if whole.component == "VEVENT" else None
    repeats = times is not None and times.repeats
    return {
        "component": whole.component[:16],
        "title": item.title,
        "location": item.location,
        "starts_at": as_utc(times.start) if times else None,
        "ends_at": as_utc(item.end) if times and item.end else None,
        "all_day": bool(times and times.start.whole_day),
        "zone": times.start.name if times else "",
        "span": span(times) if times else None,
        "repeats": repeats,
        "series": {**series.to_json(times, whole), "shown": [rows.shown_json(each, own) for each in whole.overrides]}
        if times and repeats
        else None,
        "status": item.status[:20],
        "busy": item.busy,
        "organizer": item.organizer.address.lower() if item.organizer else "",
        "mine": rows.answer_of(item, own)[:20],
        "due_at": as_utc(item.due) if item.due else None,
        "done": item.status in ("COMPLETED", "CANCELLED") or item.completed is not None,
        "words": fold(" ".join(filter(None, _said(items))))[:WORDS_MOST],
    }


def _said(items: Iterable[Item]) -> Iterable[str]:
    """What is looked for: once, though all overrides of a series say it again."""
    for name in ("title", "location", "description"):
        yield from dict.fromkeys(getattr(item, name) for item in items)
    people = (each for item in items for each in (item.organizer, *item.attendees) if each is not None)
    yield from dict.fromkeys(text for each in people for text in (each.name, each.address))


def as_utc(moment: Moment) -> datetime:
    """A moment as a column has it: dates and times of no place as if they were of UTC."""
    try:
        return max(SINCE, min(UNTIL, moment.instant(UTC)))
    except (OverflowError, ValueError):
        return UNTIL if moment.local.year > 5000 else SINCE


def span(times: Series) -> DateTimeTZRange:
    """From the first instance to the last."""
    begin = as_utc(times.start.at(series.begins(times)))
    last = series.ends(times)
    if last is None:
        return DateTimeTZRange(begin, None)
    return DateTimeTZRange(begin, max(as_utc(times.start.at(last)), begin + MOMENT))
