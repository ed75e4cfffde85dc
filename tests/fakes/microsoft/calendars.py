"""Calendars, and views of what happens in a window of time; followed by comparing one view with the one before."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from tests.fakes.microsoft.call import Call, empty, handler, shape
from tests.fakes.microsoft.clock import read_graph_time
from tests.fakes.microsoft.deltas import check_generation, page_reply
from tests.fakes.microsoft.errors import refuse
from tests.fakes.microsoft.instances import Instance, View, event_view, expand, find, ids_of, whole
from tests.fakes.microsoft.listing import effective, list_reply
from tests.fakes.microsoft.mailbox import Container, Event, Mailbox
from tests.fakes.microsoft.query import Query
from tests.fakes.microsoft.web import Reply

LONGEST: Final = timedelta(days=1825)


def calendar_view_of(mailbox: Mailbox, calendar: Container) -> View:
    """How a calendar looks."""
    default = calendar.well_known == "calendar"
    return {
        "id": calendar.id,
        "name": calendar.name,
        "color": calendar.values.get("color", "auto"),
        "hexColor": "",
        "isDefaultCalendar": default,
        "changeKey": calendar.change_key,
        "canShare": default,
        "canViewPrivateItems": True,
        "canEdit": calendar.editable,
        "allowedOnlineMeetingProviders": ["teamsForBusiness"],
        "defaultOnlineMeetingProvider": "teamsForBusiness",
        "isTallyingResponses": True,
        "isRemovable": not default and calendar.editable,
        "owner": {"name": mailbox.person.name, "address": mailbox.person.address},
    }


def the_calendar(call: Call) -> Container:
    """The calendar that the path names, or the default one. Raises when there is none."""
    return call.container("calendar") if "calendar" in call.params else call.mailbox.well_known("calendar")


@handler
def calendar_list(call: Call) -> Reply:
    """All calendars."""
    found = [one for one in call.mailbox.containers.values() if one.kind == "calendar"]
    return list_reply(call, found, lambda one: calendar_view_of(call.mailbox, one))


@handler
def calendar_default(call: Call) -> Reply:
    """The default calendar."""
    return call.reply(200, calendar_view_of(call.mailbox, the_calendar(call)))


@handler
def calendar_get(call: Call) -> Reply:
    """One calendar."""
    return call.reply(200, calendar_view_of(call.mailbox, the_calendar(call)))


def _check_name(call: Call, name: str, but: Container | None = None) -> None:
    others = (one for one in call.mailbox.containers.values() if one.kind == "calendar" and one is not but)
    if any(one.name.lower() == name.lower() for one in others):
        raise refuse("folder exists")


@handler
def calendar_create(call: Call) -> Reply:
    """A new calendar."""
    _check_name(call, call.body["name"])
    made = call.mailbox.add_container("calendar", call.body["name"])
    made.values = {"color": call.body.get("color") or "auto"}
    return call.reply(201, calendar_view_of(call.mailbox, made))


@handler
def calendar_update(call: Call) -> Reply:
    """Another name or colour."""
    calendar = the_calendar(call)
    if not calendar.editable:
        raise refuse("read-only calendar")
    _check_name(call, call.body.get("name", calendar.name), calendar)
    calendar.name = call.body.get("name", calendar.name)
    calendar.values |= {name: value for name, value in call.body.items() if name == "color"}
    call.mailbox.container_changed(calendar, "updated", *call.body)
    return call.reply(200, calendar_view_of(call.mailbox, calendar))


@handler
def calendar_delete(call: Call) -> Reply:
    """Remove it with all that it holds; the default one stays."""
    calendar = the_calendar(call)
    if calendar.well_known or not calendar.editable:
        raise refuse("calendar")
    call.mailbox.remove_container(calendar)
    return empty(204)


# Windows


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when."""

    start: datetime
    end: datetime


def read_window(query: Query) -> Window:
    """The window of the query. Raises when it is none, or too long."""
    moments = {}
    for option in ("startDateTime", "endDateTime"):
        try:
            moments[option] = read_graph_time(query.custom[option])
        except ValueError:
            raise refuse("window", option=option, value=query.custom[option]) from None
    window = Window(moments["startDateTime"], moments["endDateTime"])
    if window.end <= window.start:
        raise refuse("reversed window")
    if window.end - window.start > LONGEST:
        raise refuse("long window")
    return window


def events_of(mailbox: Mailbox, calendar: Container) -> list[Event]:
    """The events of a calendar, series folded up."""
    return [item for item in mailbox.inside(calendar) if isinstance(item, Event)]


def _in(mailbox: Mailbox, calendar: Container, window: Window) -> list[Instance]:
    found = [one for event in events_of(mailbox, calendar) for one in expand(event, window.start, window.end)]
    return sorted(found, key=lambda one: one.span())


@handler
def calendar_view(call: Call) -> Reply:
    """What happens in a window, series laid out."""
    query = effective(call)
    found = _in(call.mailbox, the_calendar(call), read_window(query))
    return list_reply(call, found, lambda one: event_view(call, one, query))


@dataclass(frozen=True, slots=True)
class Following:
    """Where a round stands: what the view before looked like, and what of this one is still to be shown."""

    window: Window
    until: int
    known: Mapping[str, tuple[str, str]]
    """Versions and the other ids, by immutable id."""
    pending: tuple[tuple[str, str, bool], ...]
    """The two ids of each instance that is to be shown, and whether it is gone from the window."""


@handler
def calendar_view_delta(call: Call) -> Reply:
    """What changed in a window; the window is part of the token and never moves."""
    mailbox, calendar = call.mailbox, the_calendar(call)
    if not call.graph.behaviour.calendar_delta_everywhere and calendar.well_known != "calendar":
        raise refuse("segment", segment="delta")
    opened = call.graph.links.open(call)
    if opened is None:
        now = _next(mailbox, calendar, Following(read_window(call.query), 0, {}, ()))
    else:
        option, before = opened
        check_generation(call, before.until)
        now = before if option == "$skiptoken" else _next(mailbox, calendar, before)
    size = call.prefer.page or call.graph.behaviour.page_size
    if call.graph.behaviour.empty_first_page and opened is None:
        return page_reply(call, [], now, more=True)
    shown, rest = now.pending[:size], now.pending[size:]
    values = [_shown(call, *one) for one in shown]
    return page_reply(call, values, replace(now, pending=rest), more=bool(rest))


def _next(mailbox: Mailbox, calendar: Container, before: Following) -> Following:
    seen: dict[str, tuple[str, str]] = {}
    for instance in _with_masters(_in(mailbox, calendar, before.window)):
        immutable, moving = ids_of(mailbox, instance)
        seen[immutable] = instance.version, moving
    news = [(name, seen[name][1], False) for name in seen if before.known.get(name) != seen[name]]
    gone = [(name, before.known[name][1], True) for name in before.known if name not in seen]
    return Following(before.window, mailbox.generation, seen, (*gone, *news))


def _with_masters(instances: list[Instance]) -> Iterator[Instance]:
    """The instances, each series' first one led by its master."""
    masters: set[str] = set()
    for instance in instances:
        if instance.day is not None and instance.event.id not in masters:
            masters.add(instance.event.id)
            yield whole(instance.event)
        yield instance


def _shown(call: Call, immutable: str, moving: str, gone: bool) -> dict[str, Any]:
    found = find(call.mailbox, immutable)
    if gone or found is None:
        # It may be elsewhere still: what left the window is told like what was deleted.
        name = immutable if call.prefer.immutable else moving
        return {"@odata.type": "#microsoft.graph.event", "id": name, "@removed": {"reason": "deleted"}}
    view = shape(call.route.entity, event_view(call, found, Query()), None)
    if found.kind != "occurrence":
        return {"@odata.type": "#microsoft.graph.event"} | view
    few = ("@odata.etag", "id", "type", "start", "end", "seriesMasterId")
    return {"@odata.type": "#microsoft.graph.event"} | {name: view[name] for name in few}
