"""Who is calling, and whether that is enough: bearers, scopes, roles, shared mailboxes, access policies."""

import base64
import json
from typing import TYPE_CHECKING, Final

from tests.fakes.microsoft.clock import Clock
from tests.fakes.microsoft.directory import Person
from tests.fakes.microsoft.errors import GraphRefusal, refuse
from tests.fakes.microsoft.schema import Route
from tests.fakes.microsoft.tokens import GRAPH_RESOURCE, Access, Tokens
from tests.fakes.microsoft.web import Request

if TYPE_CHECKING:
    from tests.fakes.microsoft.graph import Graph

_REALM: Final = 'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"'


def bearer(request: Request, tokens: Tokens, clock: Clock) -> Access:
    """Whose token it is. Raises when it is none of ours, or no longer good."""
    kind, _, text = request.header("authorization").partition(" ")
    if kind.lower() != "bearer" or not text.strip():
        raise _unauthorized("no token")
    access = tokens.access.get(text.strip())
    if access is None:
        raise _unauthorized("malformed token")
    if text.strip() in tokens.void or access.grant in tokens.revoked_grants:
        raise _challenge()
    if access.audience != GRAPH_RESOURCE:
        raise _unauthorized("wrong audience")
    if access.expires <= clock.now():
        raise _unauthorized("expired token")
    person = access.person
    if person is not None and (person.challenged or not person.enabled):
        raise _challenge()
    return access


def _unauthorized(name: str) -> GraphRefusal:
    return refuse(name, {"WWW-Authenticate": f'{_REALM}, error="invalid_token"'})


def _challenge() -> GraphRefusal:
    claims = base64.b64encode(json.dumps({"access_token": {"nbf": {"essential": True, "value": "0"}}}).encode())
    header = f'{_REALM}, error="insufficient_claims", claims="{claims.decode()}"'
    return refuse("revoked token", {"WWW-Authenticate": header})


def check_permission(route: Route, access: Access, person: Person | None, graph: "Graph") -> None:
    """Compare what the method needs with what was granted. Raises when it is too little."""
    if route.level == "batch":
        return
    if access.person is None:
        _check_application(route, access, person, graph)
    else:
        _check_delegated(route, access, person, graph)
    if route.level == "user" and route.name != "user_get" and person is not None and not person.licensed:
        raise refuse("no mailbox")


def _check_application(route: Route, access: Access, person: Person | None, graph: "Graph") -> None:
    if not access.roles & set(route.application):
        raise refuse(_missing(route))
    if person is not None:
        check_policy(graph, access, person)


def _check_delegated(route: Route, access: Access, person: Person | None, graph: "Graph") -> None:
    shared = {f"{scope}.Shared" for scope in route.delegated}
    if person is access.person:
        if not access.scopes & (set(route.delegated) | shared):
            raise refuse(_missing(route))
        return
    if access.scopes & {scope for scope in route.delegated if scope.endswith(".All")}:
        return
    if not access.scopes & shared:
        raise refuse(_missing(route))
    assert access.person is not None
    if person is not None and access.person.id not in graph.mailbox(person).delegates:
        raise refuse("not shared")


def _missing(route: Route) -> str:
    """Users are objects of the directory, which refuses in words of its own; all else is Exchange's."""
    return "directory" if route.name.startswith("user_") else "scope"


def check_policy(graph: "Graph", access: Access, person: Person) -> None:
    """An application access policy may leave out a mailbox. Raises when it does."""
    granted = graph.directory.admin_consents.get((access.app.id, access.tenant.id))
    if granted is not None and granted.only is not None and person.id not in granted.only:
        raise refuse("policy")
