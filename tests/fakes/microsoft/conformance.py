"""Whether a response is what its method's declaration says: the same tables that requests are checked against."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.fakes.microsoft import routing
from tests.fakes.microsoft.schema import Route, Structure

_INNER: Final = frozenset({"date", "request-id", "client-request-id"})


def problems(method: str, path: str, status: int, body: bytes) -> Iterator[str]:
    """What is wrong with the response to a request below `/v1.0/`."""
    if status >= 400:
        yield from _error(body)
        return
    route = routing.find(method, path.removeprefix("/v1.0/")).route
    # A piece of an upload is answered with 200, the last one with 201.
    if status != route.status and not (route.name == "upload_put" and status == 201):
        yield f"{route.name}: {status} is not {route.status}"
    yield from _content(route, body)


def _error(body: bytes) -> Iterator[str]:
    error = json.loads(body)["error"]
    if set(error) != {"code", "message", "innerError"} or set(error["innerError"]) != _INNER:
        yield f"no error object of Graph's: {error}"


def _content(route: Route, body: bytes) -> Iterator[str]:
    if route.returns == "nothing" or route.name == "upload_put":
        if route.returns == "nothing" and body:
            yield f"{route.name}: a body where none belongs"
        return
    if route.returns == "bytes":
        return
    value, entity = json.loads(body), route.entity
    assert entity is not None, route.name
    if route.name == "batch":
        yield from _inside(entity, value, route)
    elif route.returns == "one":
        if "@odata.context" not in value:
            yield f"{route.name}: no @odata.context"
        yield from _inside(entity, value, route)
    else:
        yield from _collection(route, entity, value)


def _collection(route: Route, entity: Structure, value: Mapping[str, Any]) -> Iterator[str]:
    links = {"@odata.nextLink", "@odata.deltaLink"} & value.keys()
    unknown = value.keys() - {"@odata.context", "@odata.count", "@odata.nextLink", "@odata.deltaLink", "value"}
    if unknown:
        yield f"{route.name}: {sorted(unknown)}"
    if route.returns == "delta" and len(links) != 1:
        yield f"{route.name}: a page of a round has one link, not {sorted(links)}"
    if route.returns == "many" and "@odata.deltaLink" in links:
        yield f"{route.name}: a delta link in a list"
    for item in value["value"]:
        if "@removed" in item:
            if item["@removed"].get("reason") not in ("changed", "deleted") or "id" not in item:
                yield f"{route.name}: {item}"
        else:
            yield from _inside(entity, item, route)


def _inside(entity: Structure, value: Any, route: Route) -> Iterator[str]:
    for fault in entity.faults(value, "", "response"):
        yield f"{route.name}: {fault}"
