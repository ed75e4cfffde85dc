"""Change tracking: rounds of pages that end in a delta link, read from a mailbox's log of changes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from tests.fakes.microsoft.call import Call, shape
from tests.fakes.microsoft.errors import refuse
from tests.fakes.microsoft.mailbox import Mailbox
from tests.fakes.microsoft.query import Query
from tests.fakes.microsoft.web import Reply, json_reply

View = dict[str, Any]
VERBS: Final = frozenset({"created", "updated", "deleted"})
FILTERED: Final = 5_000
"""A round with a filter shows no more than so many messages."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a round: an item as it will be when the line is read, or its absence."""

    id: str
    fields: frozenset[str] = frozenset()
    reason: str = ""
    moving_id: str = ""


@dataclass(frozen=True, slots=True)
class Round:
    """Where a round stands. `until` is the generation that it leads up to."""

    query: Query
    verbs: frozenset[str]
    until: int
    pending: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Tracked:
    """A collection that can be followed: how it is called in the log, what it holds, and how an item looks."""

    collection: str
    ids: Callable[[], Iterable[str]]
    view: Callable[[str, Query], View | None]
    """What is shown of an item; None when it is no longer there."""


def delta_reply(call: Call, tracked: Tracked) -> Reply:
    """One page of a round."""
    mailbox = call.mailbox
    opened = call.graph.links.open(call)
    if opened is None:
        now = _first(call, tracked, mailbox)
    else:
        option, state = opened
        check_generation(call, state.until)
        now = state if option == "$skiptoken" else _next(state, mailbox, tracked.collection)
    size = now.query.top or call.prefer.page or call.graph.behaviour.page_size
    if call.graph.behaviour.empty_first_page and opened is None:
        return page_reply(call, [], now, more=True)
    values: list[View] = []
    rest = list(now.pending)
    while rest and len(values) < size:
        shown = _shown(call, tracked, now.query, rest.pop(0))
        if shown is not None:
            values.append(shown)
    if call.graph.behaviour.repeats_in_delta and values:
        values.append(values[0])
    return page_reply(call, values, replace(now, pending=tuple(rest)), more=bool(rest))


def page_reply(call: Call, values: list[View], state: Any, *, more: bool) -> Reply:
    """A page with the link that follows it."""
    option, name = ("$skiptoken", "@odata.nextLink") if more else ("$deltatoken", "@odata.deltaLink")
    context = f"{call.origin}/v1.0/$metadata#Collection({call.route.entity.name if call.route.entity else ''})"
    link = call.graph.links.make(call, option, state)
    return json_reply(200, {"@odata.context": context, "value": values, name: link})


def check_generation(call: Call, until: int) -> None:
    """Raise when the changes since then are forgotten: links of a round live as short as those between two."""
    mailbox, kept = call.mailbox, call.graph.behaviour.kept_generations
    if until < max(mailbox.forgotten, mailbox.generation - kept if kept else 0):
        raise refuse("generation", generation=until, highest=mailbox.generation)


def _first(call: Call, tracked: Tracked, mailbox: Mailbox) -> Round:
    query = call.query
    verbs = frozenset(query.custom["changeType"].split(",")) if "changeType" in query.custom else VERBS
    if not verbs <= VERBS:
        raise refuse("parameter", name="changeType", what=query.custom["changeType"])
    pending: Iterable[str] = tracked.ids()
    if query.filter is not None or query.order:
        pending = _chosen(tracked, query)
    entries = tuple(Entry(name) for name in pending) if "created" in verbs else ()
    return Round(query, verbs, mailbox.generation, entries)


def _chosen(tracked: Tracked, query: Query) -> list[str]:
    """The ids that pass the filter, newest first. Only a lower bound on the time of receipt is supported."""
    if query.filter is not None and set(query.filter.properties) != {"receivedDateTime"}:
        raise refuse("tracking filter", what=query.filter.text)
    if query.order and query.order != (("receivedDateTime", True),):
        raise refuse("tracking filter", what="$orderby")
    whole = replace(query, select=None)
    views = [(name, tracked.view(name, whole)) for name in tracked.ids()]
    passed = [(name, view) for name, view in views if view and (query.filter is None or query.filter.matches(view))]
    passed.sort(key=lambda pair: str(pair[1].get("receivedDateTime")), reverse=True)
    return [name for name, _ in passed][:FILTERED] if query.filter else [name for name, _ in passed]


def _next(state: Round, mailbox: Mailbox, collection: str) -> Round:
    """The round after `state`: every item that changed, once, as its last line says."""
    lines: dict[str, Entry] = {}
    created: set[str] = set()
    for change in mailbox.since(state.until, mailbox.generation, collection):
        before = lines.pop(change.item, None)
        match change.verb:
            case "created":
                created.add(change.item)
                lines[change.item] = Entry(change.item)
            case "updated":
                fields = change.fields | (before.fields if before else frozenset())
                lines[change.item] = Entry(change.item) if change.item in created else Entry(change.item, fields)
            case "deleted":
                created.discard(change.item)
                lines[change.item] = Entry(change.item, reason=change.reason, moving_id=change.moving_id)
    entries = [entry for entry in lines.values() if _wanted(state, entry, entry.id in created)]
    return replace(state, until=mailbox.generation, pending=tuple(entries))


def _wanted(state: Round, entry: Entry, new: bool) -> bool:
    if entry.reason:
        return "deleted" in state.verbs
    if new:
        return "created" in state.verbs
    # A change of what was not selected is not told.
    selected = state.query.select
    return "updated" in state.verbs and (selected is None or bool(entry.fields & selected) or not entry.fields)


def _shown(call: Call, tracked: Tracked, query: Query, entry: Entry) -> View | None:
    if entry.reason:
        name = entry.id if call.prefer.immutable else entry.moving_id
        kind = call.route.entity.name if call.route.entity else ""
        return {"@odata.type": f"#{kind}", "id": name, "@removed": {"reason": entry.reason}}
    view = tracked.view(entry.id, query)
    if view is None:
        # It went meanwhile; the next round says so.
        return None
    if query.filter is not None and not query.filter.matches(view):
        return {"id": view["id"], "@removed": {"reason": "changed"}}
    shown = shape(call.route.entity, view, query.select)
    if call.graph.behaviour.sparse_updates and entry.fields:
        kept = entry.fields | {"id"}
        return {name: value for name, value in shown.items() if name in kept or "@" in name}
    return shown
