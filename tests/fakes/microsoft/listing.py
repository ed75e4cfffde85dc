"""Lists, page by page: what is not on this page is behind a link that carries a token and nothing else."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import quote

from tests.fakes.microsoft.call import Call, shape
from tests.fakes.microsoft.errors import refuse
from tests.fakes.microsoft.query import Query
from tests.fakes.microsoft.web import Reply, json_reply

View = dict[str, Any]
Item = TypeVar("Item")
LINKS: Final = ("$skiptoken", "$deltatoken")


@dataclass(frozen=True, slots=True)
class Binding:
    """Whose link it is, and of what."""

    caller: str
    app: str
    path: str


@dataclass(frozen=True, slots=True)
class Page:
    """Where a list goes on."""

    query: Query
    offset: int


class Links:
    """The tokens in links, and what each stands for."""

    def __init__(self) -> None:
        self._states: dict[str, tuple[str, Binding, Any]] = {}

    def forget(self) -> None:
        """Void every link that was given out, of lists as well as of rounds."""
        self._states.clear()

    def make(self, call: Call, option: str, state: Any) -> str:
        """A link back to the same path."""
        token = f"R0usmci39OQxqJrx{secrets.token_urlsafe(32)}"
        self._states[token] = (option, binding(call), state)
        return f"{call.origin}{call.request.path}?{quote(option)}={token}"

    def open(self, call: Call) -> tuple[str, Any] | None:
        """The state behind the request's token, if it has one. Raises when it is not exactly a link of ours."""
        given = dict(call.request.query)
        options = [option for option in LINKS if option in given]
        if not options:
            return None
        if len(given) > 1:
            raise refuse("edited link", options=", ".join(sorted(given.keys() - {options[0]})))
        option, bound, state = self._states.get(given[options[0]], ("", None, None))
        if option != options[0] or bound != binding(call):
            raise refuse("token")
        return option, state


def binding(call: Call) -> Binding:
    """Whose request it is, and for what."""
    person = call.access.person
    return Binding(person.id if person else "", call.access.app.id, call.request.path)


def list_reply(call: Call, items: Iterable[Item], view: Callable[[Item], View]) -> Reply:
    """One page of a list: filtered, searched, sorted and cut as the query says.

    Only what is on the page is looked at, unless the query is about what the items hold.
    """
    opened = call.graph.links.open(call)
    page = opened[1] if opened else Page(call.query, call.query.skip)
    query: Query = page.query
    found: Sequence[Callable[[], View]]
    if query.filter is None and not query.search and not query.order:
        found = [partial(view, item) for item in items]
    else:
        found = [partial(_same, one) for one in _chosen(query, items, view)]
    limit = query.top or call.prefer.page or call.graph.behaviour.page_size
    body: dict[str, Any] = {"@odata.context": f"{call.origin}/v1.0/$metadata#{call.request.path.rsplit('/', 1)[-1]}"}
    if query.count:
        body["@odata.count"] = len(found)
    shown = found[page.offset : page.offset + limit]
    body["value"] = [shape(call.route.entity, make(), query.select) for make in shown]
    if page.offset + limit < len(found):
        body["@odata.nextLink"] = call.graph.links.make(call, "$skiptoken", Page(query, page.offset + limit))
    return json_reply(200, body)


def _same(view: View) -> View:
    return view


def _chosen(query: Query, items: Iterable[Any], view: Callable[[Any], View]) -> list[View]:
    found = []
    words = query.search.lower().split()
    for item in items:
        shown = view(item)
        # A filter may name extended properties, though they are not shown.
        seen = _with(shown, getattr(item, "extended", {}))
        fits = query.filter is None or query.filter.matches(seen)
        if fits and all(word in _searched(shown) for word in words):
            found.append(shown)
    for name, descending in reversed(query.order):
        found.sort(key=_sort_key(name), reverse=descending)
    return found


def _with(view: View, extended: Mapping[str, str]) -> View:
    return view | {"singleValueExtendedProperties": [{"id": name, "value": value} for name, value in extended.items()]}


def effective(call: Call) -> Query:
    """The query of the request, or of the one whose link it follows."""
    opened = call.graph.links.open(call)
    if opened and isinstance(opened[1], Page):
        query: Query = opened[1].query
        return query
    return call.query


def _searched(view: View) -> str:
    body = view.get("body") or {}
    sender = (view.get("from") or {}).get("emailAddress") or {}
    return " ".join(
        str(part or "")
        for part in (view.get("subject"), body.get("content"), sender.get("name"), sender.get("address"))
    ).lower()


def _sort_key(name: str) -> Callable[[View], tuple[bool, Any]]:
    def key(view: View) -> tuple[bool, Any]:
        value: Any = view
        for part in name.split("/"):
            value = value.get(part) if isinstance(value, dict) else None
        if isinstance(value, dict):
            value = str(value.get("dateTime") or value)
        return value is not None, value.lower() if isinstance(value, str) else value if value is not None else ""

    return key
