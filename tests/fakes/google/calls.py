"""One call of one method, as a handler sees it: everything checked that the discovery document can check."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tests.fakes.google.discovery import Json, Match
from tests.fakes.google.grants import Access

if TYPE_CHECKING:
    from tests.fakes.google.service import Google


@dataclass
class Call:
    """A request that may be carried out."""

    google: "Google"
    match: Match
    values: Json
    """Parameters of path and query, typed."""
    access: Access
    body: Json = field(default_factory=dict)
    media: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    given: frozenset[str] = frozenset()
    """Names of the query parameters that were sent, without those that are only defaults."""
    quota_user: str = ""
    selection: Json = field(default_factory=dict)
    """What `fields` names; empty for everything."""

    @property
    def user(self) -> str:
        """The address of the account that the token speaks for."""
        return self.access.user

    def may(self, *scopes: str) -> bool:
        """True when the token has one of these scopes, by the last part of their names."""
        return any(scope.rpartition("/auth/")[2] in scopes for scope in self.access.scopes)


@dataclass(frozen=True, slots=True)
class Answer:
    """More than a body with status 200."""

    body: Json | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[Call], Json | Answer | None]
HANDLERS: Final[dict[str, Handler]] = {}
"""By method id; None as an answer is 204."""


def answers(*methods: str) -> Callable[[Handler], Handler]:
    """Serve these methods."""

    def take(handler: Handler) -> Handler:
        for method in methods:
            HANDLERS[method] = handler
        return handler

    return take


def page(call: Call, kind: str, bound: tuple[Any, ...], whole: list[Any], size: int) -> tuple[list[Any], str | None]:
    """The page that a call asks for of a list that is frozen at its first page, and the token of the next one.

    Raises LookupError for a token that is not of this list.
    """
    cursors, token = call.google.cursors, call.values.get("pageToken")
    at = 0
    if token:
        cursor = cursors.find(token, kind)
        if cursor is None or cursor.expired or cursor.owner != call.user or cursor.bound != bound:
            raise LookupError(token)
        whole, at = cursor.state
    taken, rest = whole[at : at + size], at + size
    following = cursors.issue(kind, call.user, bound, (whole, rest)) if rest < len(whole) else None
    return taken, following
