"""One call of a method, as its handler sees it; and the register of handlers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from tests.fakes.microsoft.errors import refuse
from tests.fakes.microsoft.mailbox import ID, Container, ContainerKind, Item, Mailbox
from tests.fakes.microsoft.query import Prefer, Query
from tests.fakes.microsoft.schema import Route, Structure
from tests.fakes.microsoft.tokens import Access
from tests.fakes.microsoft.web import Reply, Request, json_reply

if TYPE_CHECKING:
    from tests.fakes.microsoft.graph import Graph


@dataclass(slots=True)
class Call:
    """A request that passed everything that can be checked without its resource."""

    graph: "Graph"
    request: Request
    route: Route
    params: Mapping[str, str]
    access: Access
    query: Query
    prefer: Prefer
    body: dict[str, Any] = field(default_factory=dict)
    mime: bytes | None = None
    owner: Mailbox | None = None
    origin: str = ""
    base: str = ""
    """The path of the user or service, as it was asked for: `/v1.0/me`."""

    @property
    def mailbox(self) -> Mailbox:
        assert self.owner is not None
        return self.owner

    @property
    def now(self) -> datetime:
        return self.graph.clock.now()

    def id_of(self, item: Item) -> str:
        """The id in the format that the caller prefers."""
        return item.id if self.prefer.immutable else item.moving_id

    def container(self, kind: ContainerKind, name: str | None = None) -> Container:
        """The folder or calendar that the path, or `name`, names. Raises when there is none."""
        key = {"mail": "folder", "contacts": "contact_folder", "calendar": "calendar"}[kind]
        wanted = self.params[key] if name is None else name
        found = self.mailbox.container(wanted, kind)
        if found is None or (found.well_known == "contacts" and wanted == "contacts" and not self.alias):
            raise refuse("item" if ID.fullmatch(wanted) else "malformed id")
        return found

    @property
    def alias(self) -> bool:
        return self.graph.behaviour.contacts_alias

    def item(self, name: str, kind: type[Item], inside: Container | None = None) -> Item:
        """The item of this id. Raises when there is none, or not in this container."""
        if not ID.fullmatch(name):
            raise refuse("malformed id")
        found = self.mailbox.item(name)
        if not isinstance(found, kind) or (inside is not None and found.parent != inside.id):
            raise refuse("item")
        return found

    def check_match(self, change_key: str) -> None:
        """Compare `If-Match`. Raises when it is another version's."""
        wanted = self.request.header("if-match")
        if wanted and wanted != "*" and wanted not in (etag(change_key), etag(change_key)[2:]):
            raise refuse("change key")

    def reply(self, status: int, view: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Reply:
        """One resource."""
        shown = shape(self.route.entity, view, self.query.select)
        path = self.request.path.rsplit("/v1.0/", 1)[-1]
        return json_reply(status, {"@odata.context": f"{self.origin}/v1.0/$metadata#{path}"} | shown, headers)


def etag(change_key: str) -> str:
    """The weak entity tag of a version."""
    return f'W/"{change_key}"'


def shape(entity: Structure | None, view: Mapping[str, Any], select: frozenset[str] | None) -> dict[str, Any]:
    """What is shown of a resource: what was selected, or all that is not shown on request only."""
    if entity is None:
        return dict(view)
    wanted = entity.kind_of(view).shown if select is None else select | {"id"}
    expanded = entity.navigations
    return {
        name: value
        for name, value in view.items()
        if "@" in name or name in wanted or (name in expanded and name in view)
    }


Handler = Callable[[Call], Reply]
HANDLERS: Final[dict[str, Handler]] = {}
UNLOCKED: Final[set[str]] = set()
"""Handlers that talk to others meanwhile, and so hold the state's lock by themselves."""


def handler(function: Handler) -> Handler:
    """Register a handler under its name, which is its route's."""
    HANDLERS[function.__name__] = function
    return function


def unlocked(function: Handler) -> Handler:
    """Say that the handler locks the state by itself."""
    UNLOCKED.add(function.__name__)
    return function


def empty(status: int) -> Reply:
    """A reply without a body."""
    return Reply(status)
