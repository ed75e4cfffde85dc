"""Events: listed, read, written, answered and cancelled; one occurrence of a series as well as all of it."""

from tests.fakes.microsoft import agenda, meetings
from tests.fakes.microsoft.calendars import events_of, read_window, the_calendar
from tests.fakes.microsoft.call import Call, empty, handler
from tests.fakes.microsoft.errors import refuse
from tests.fakes.microsoft.instances import Instance, event_view, expand, find, whole
from tests.fakes.microsoft.listing import effective, list_reply
from tests.fakes.microsoft.mailbox import ID
from tests.fakes.microsoft.web import Reply


def the_event(call: Call) -> Instance:
    """What the path names. Raises when it is not there, or in another calendar."""
    name = call.params["event"]
    if not ID.fullmatch(name):
        raise refuse("malformed id")
    found = find(call.mailbox, name)
    if found is None or ("calendar" in call.params and found.event.parent != the_calendar(call).id):
        raise refuse("item")
    return found


def _shown(call: Call, instance: Instance, status: int) -> Reply:
    return call.reply(status, event_view(call, instance, call.query))


@handler
def event_list(call: Call) -> Reply:
    """Single events and masters, series folded up."""
    query = effective(call)
    events = events_of(call.mailbox, the_calendar(call))
    newest = sorted(events, key=lambda event: str(event.values["start"]["dateTime"]), reverse=True)
    return list_reply(call, newest, lambda event: event_view(call, whole(event), query))


@handler
def event_get(call: Call) -> Reply:
    """One of them."""
    return _shown(call, the_event(call), 200)


@handler
def event_instances(call: Call) -> Reply:
    """The occurrences and exceptions of one series in a window."""
    query = effective(call)
    window, found = read_window(query), the_event(call)
    if found.kind != "seriesMaster":
        raise refuse("not a series")
    return list_reply(call, expand(found.event, window.start, window.end), lambda one: event_view(call, one, query))


@handler
def event_create(call: Call) -> Reply:
    """A new one; whoever is invited hears of it."""
    event = agenda.create(call.graph, call.mailbox, the_calendar(call), call.body)
    return _shown(call, whole(event), 201)


def _check_writable(call: Call, instance: Instance) -> None:
    if not call.mailbox.containers[instance.event.parent].editable:
        raise refuse("read-only calendar")
    call.check_match((instance.exception or instance.event).change_key)


@handler
def event_update(call: Call) -> Reply:
    """Change it; an occurrence becomes an exception."""
    found = the_event(call)
    _check_writable(call, found)
    return _shown(call, agenda.update(call.graph, call.mailbox, found, call.body), 200)


@handler
def event_delete(call: Call) -> Reply:
    """Remove it; an organizer thereby cancels."""
    found = the_event(call)
    _check_writable(call, found)
    agenda.remove(call.graph, call.mailbox, found)
    return empty(204)


@handler
def event_purge(call: Call) -> Reply:
    """Remove it for good."""
    return event_delete(call)


@handler
def event_cancel(call: Call) -> Reply:
    """Cancel a meeting that one has called."""
    found = the_event(call)
    if not found.values["isOrganizer"]:
        raise refuse("organizer")
    agenda.remove(call.graph, call.mailbox, found, comment=call.body.get("comment") or "")
    return empty(202)


def _respond(call: Call, answer: meetings.What) -> Reply:
    send = call.body.get("sendResponse")
    meetings.respond(
        call.graph, call.mailbox, the_event(call), answer, send=send is None or send,
        comment=call.body.get("comment") or "",
    )  # fmt: skip
    return empty(202)


@handler
def event_accept(call: Call) -> Reply:
    """Say yes."""
    return _respond(call, "accepted")


@handler
def event_decline(call: Call) -> Reply:
    """Say no."""
    return _respond(call, "declined")


@handler
def event_tentatively_accept(call: Call) -> Reply:
    """Say perhaps."""
    return _respond(call, "tentativelyAccepted")
