"""Reading calendars for a person: every query passes `providers.access` and answers JSON shapes."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import QuerySet

from apps.collections import service
from apps.core.clock import now
from apps.core.folding import fold
from apps.core.problems import Problem, not_found
from apps.providers import access
from apps.providers.adapters import ical
from apps.providers.adapters.ical import Instance, Item, Moment, Series, Whole, series, zones
from apps.realtime import journal
from apps.users.members import Member

from . import rows
from .kind import KIND
from .models import Calendar, Event

LONGEST: Final = timedelta(days=400)
MOST: Final = 10_000
"""Instances of one answer."""
# Dates and times of no place are kept as if of UTC; somewhere it is this much earlier or later.
ELSEWHERE: Final = timedelta(hours=14)
FOUND: Final = 100
TASKS: Final = 500
NEXT: Final = 5
SHOWN: Final = (
    "account_id", "collection_id", "title", "location", "starts_at", "ends_at", "all_day", "zone", "series", "repeats",
    "status", "busy", "organizer", "mine", "etag", "base", "ours", "rev",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when (UTC), seen from which zone, of which calendars (empty: all)."""

    begin: datetime
    end: datetime
    here: tzinfo = UTC
    calendars: frozenset[UUID] = frozenset()

    @classmethod
    def parse(cls, given: Any) -> "Window":
        """From query parameters. Raises a problem that names the wrong one."""
        begin, end = _moment(given, "from"), _moment(given, "to")
        if not timedelta() < end - begin <= LONGEST:
            raise Problem(400, "invalid", f"`to` must lie after `from`, by {LONGEST.days} days at most.")
        try:
            calendars = frozenset(UUID(each) for each in given.get("calendars", "").split(",") if each)
        except ValueError:
            raise Problem(400, "invalid", "`calendars` must be ids of calendars, with commas between.") from None
        return cls(begin, end, zone_of(given.get("zone") or "UTC"), calendars)


def zone_of(name: str) -> tzinfo:
    """IANA's zone of this name. Raises the problem that says there is none."""
    if name not in available_timezones():
        raise Problem(400, "invalid", "`zone` must be a name such as Europe/Rome.")
    return ZoneInfo(name)


def _moment(given: Any, name: str) -> datetime:
    text = given.get(name) or ""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Problem(400, "invalid", f"`{name}` must be a time such as 2026-03-01T00:00:00Z.") from None


def calendars(member: Member) -> dict[str, Any]:
    """The calendars of all accounts the person may see."""
    seq = journal.head()
    order = {account.pk: place for place, account in enumerate(access.visible_accounts(member))}
    held = Calendar.objects.filter(account_id__in=order)
    shown = sorted(held, key=lambda row: (order[row.account_id], row.name.lower(), row.pk))
    return {"seq": seq, "items": [rows.calendar_json(row) for row in shown]}


def instances(member: Member, window: Window) -> dict[str, Any]:
    """What takes place in a window, in all calendars the person sees, by its start."""
    seq = journal.head()
    found = list(islice(_instances(access.visible_account_ids(member), window), MOST + 1))
    if len(found) > MOST:
        raise Problem(400, "too_many", "More takes place then than can be shown. Ask for a shorter time.")
    items = [rows.instance_json(row, instance, window.here) for row, instance in found]
    return {"seq": seq, "items": sorted(items, key=lambda item: (item["start"], item["id"]))}


def _instances(accounts: Collection[UUID], window: Window) -> Iterator[tuple[Event, Instance]]:
    wide = DateTimeTZRange(window.begin - ELSEWHERE, window.end + ELSEWHERE)
    found = _shown(accounts).filter(component="VEVENT", span__overlap=wide)
    if window.calendars:
        found = found.filter(collection_id__in=window.calendars)
    for row in found.only(*SHOWN):
        for instance in series.expand(times_of(row), window.begin, window.end, window.here):
            yield row, instance


def _shown(accounts: Collection[UUID]) -> "QuerySet[Event]":
    return Event.objects.filter(account_id__in=accounts, leaving__isnull=True, refused="")


def times_of(row: Event) -> Series:
    """When an event takes place, from its columns alone."""
    if row.series is not None:
        return series.from_json(row.series)
    assert row.starts_at is not None
    start = _seen(row.starts_at, row)
    end = _seen(row.ends_at, row) if row.ends_at else start
    return Series(start, ical.between(start, end))


def _seen(instant: datetime, row: Event) -> Moment:
    """A column as the moment that it is kept for."""
    if row.all_day or not row.zone:
        return Moment(instant.replace(tzinfo=None), whole_day=row.all_day)
    name = zones.known(row.zone)
    if not name:  # a zone that the text alone describes: the instant is what is known without it
        return Moment(instant.replace(tzinfo=None), UTC, row.zone)
    return Moment(instant, zones.zone(name), name).seen(instant)


def event(member: Member, event_id: UUID, key: str = "", here: tzinfo = UTC) -> dict[str, Any]:
    """An event, or one instance of it, with all that it says. Raises 404 for an instance that there is not."""
    row = service.one(KIND, member, event_id)
    whole = ical.read(bytes(row.data), row.collection.timezone)
    times = series.of(whole)
    item = whole.master or next(iter(whole.items), None)
    shown: Instance | None = None
    if times is not None:
        shown = Instance("", times.start, ical.after(times.start, times.length))
        if key:
            try:
                item = ical.instance(whole, times, key)
            except ValueError:
                item = None
            if item is None or item.start is None or item.end is None:
                raise not_found("event")
            shown = Instance(key, item.start, item.end)
    answer = rows.event_json(row) | {
        "key": key,
        "item": rows.item_json(item) if item is not None else None,
        "rule": whole.master.rule if whole.master else "",
        "ours": None,
        "problems": row.problems,
        "writable": row.collection.writable,
        "schedules": row.collection.schedules,
        "own": row.account.address,
    }
    if shown is not None and times is not None:
        answer |= rows.times_json(shown, here)
        answer["next"] = [rows.times_json(each, here) for each in _next(times, shown, here)]
    if row.ours is not None:
        answer["ours"] = _conflict(whole, ical.read(bytes(row.ours), row.collection.timezone))
    return answer


def _conflict(theirs: Whole, mine: Whole) -> dict[str, Any] | None:
    """What is to be decided between two texts of an event: of the series, or of the first instance that differs."""
    if theirs.master and mine.master and rows.item_json(theirs.master) != rows.item_json(mine.master):
        return _choice("all", "", theirs.master, mine.master)
    ours, others = series.of(mine), series.of(theirs)
    if ours is None or others is None:
        return None
    for each in ours.overrides:
        key = series.key_text(each.key, ours.start)
        one, other = ical.instance(mine, ours, key), ical.instance(theirs, others, key)
        if one is not None and other is not None and rows.item_json(one) != rows.item_json(other):
            return _choice("this", key, other, one)
    return None


def _choice(scope: str, key: str, theirs: Item, mine: Item) -> dict[str, Any]:
    return {"scope": scope, "key": key, "theirs": rows.item_json(theirs), "mine": rows.item_json(mine)}


def _next(times: Series, shown: Instance, here: tzinfo) -> list[Instance]:
    """The dates that come after one that is shown, or from today on."""
    begin = max(shown.end.instant(here), now() if not shown.key else shown.end.instant(here))
    return series.expand(times, begin, begin + LONGEST * 5, here, NEXT)


def overlaps(member: Member, window: Window, without: UUID | None) -> dict[str, Any]:
    """What else takes the person's time in a window: not what is cancelled, free, or declined."""
    found = [
        rows.instance_json(row, instance, window.here)
        for row, instance in _instances(access.visible_account_ids(member), window)
        if row.pk != without
    ]
    taken = [item for item in found if item["busy"] and item["status"] != "CANCELLED" and item["mine"] != "DECLINED"]
    return {"items": sorted(taken, key=lambda item: (item["all_day"], item["start"], item["id"]))[:FOUND]}


def search(member: Member, query: str, here: tzinfo) -> dict[str, Any]:
    """Events that hold all words of a query: each with the instance that is next, or else was last."""
    words = fold(query.strip()[:200]).split()
    if not words:
        return {"items": []}
    found = _shown(access.visible_account_ids(member)).filter(component="VEVENT", span__isnull=False)
    for word in words:
        found = found.filter(words__contains=word)
    moment = now()
    items = []
    for row in found.only(*SHOWN).order_by("-starts_at")[:FOUND]:
        instance = _nearest(times_of(row), moment, here)
        if instance is not None:
            items.append(rows.instance_json(row, instance, here))
    coming = sorted((each for each in items if each["end"] >= rows.point(moment)), key=lambda item: item["start"])
    past = sorted((each for each in items if each not in coming), key=lambda item: item["start"], reverse=True)
    return {"items": [*coming, *past]}


def _nearest(times: Series, moment: datetime, here: tzinfo) -> Instance | None:
    coming = series.expand(times, moment, moment + LONGEST * 5, here, 1)
    if coming:
        return coming[0]
    past = series.expand(times, moment - LONGEST * 20, moment, here)
    return past[-1] if past else next(iter(series.expand(times, _first(times), moment, here)), None)


def _first(times: Series) -> datetime:
    return times.start.at(series.begins(times)).instant() - timedelta(days=1)


def tasks(member: Member, *, done: bool) -> dict[str, Any]:
    """Tasks of all calendars: those with a date first, by it; done ones, the latest first."""
    seq = journal.head()
    found = _shown(access.visible_account_ids(member)).filter(component="VTODO", done=done)
    order = ("-updated_at", "pk") if done else ("due_at", "title", "pk")
    shown = found.defer("data", "words", "series").order_by(*order)[:TASKS]
    return {"seq": seq, "items": [rows.event_json(row) for row in shown]}
