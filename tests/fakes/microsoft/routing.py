"""From a path to the declared method: segments, keys in brackets, functions with and without them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from tests.fakes.microsoft.errors import refuse
from tests.fakes.microsoft.resources import calendar, contacts, mail, service
from tests.fakes.microsoft.schema import Route

ROUTES: Final[list[Route]] = [*service.ROUTES, *mail.ROUTES, *calendar.ROUTES, *contacts.ROUTES]
_KEYED: Final = re.compile(r"([A-Za-z]+)\('((?:[^']|'')*)'\)")


def split(path: str) -> list[str]:
    """The path's segments, decoded; `name('key')` is two, `delta()` and `microsoft.graph.delta` are `delta`."""
    segments: list[str] = []
    for raw in path.strip("/").split("/"):
        text = unquote(raw)
        keyed = _KEYED.fullmatch(text)
        if keyed:
            segments += [keyed[1], keyed[2].replace("''", "'")]
        else:
            segments.append(text.removesuffix("()").removeprefix("microsoft.graph."))
    return segments


@dataclass(slots=True)
class _Node:
    words: dict[str, "_Node"] = field(default_factory=dict)
    parameter: str = ""
    below: "_Node | None" = None
    routes: dict[str, Route] = field(default_factory=dict)


class Router:
    """The declared methods as a tree."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            node = self._root
            for part in route.parts:
                node = self._step(node, part)
            node.routes[route.method] = route

    def _step(self, node: _Node, part: str) -> _Node:
        if not part.startswith("{"):
            return node.words.setdefault(part.lower(), _Node())
        if node.below is None:
            node.parameter, node.below = part[1:-1], _Node()
        assert node.parameter == part[1:-1], f"{part} is already called {node.parameter}"
        return node.below

    def find(self, method: str, segments: list[str]) -> tuple[Route, dict[str, str]]:
        """The method and the values in its path. Raises when there is no such path, or not this method on it."""
        node, params = self._root, dict[str, str]()
        for segment in segments:
            word = node.words.get(segment.lower())
            if word is not None:
                node = word
            elif node.below is not None:
                params[node.parameter] = segment
                node = node.below
            else:
                raise refuse("segment", segment=segment)
        if not node.routes:
            raise refuse("segment", segment=segments[-1])
        if method not in node.routes:
            raise refuse("method", {"Allow": ", ".join(sorted(node.routes))})
        return node.routes[method], params


USER: Final = Router(route for route in ROUTES if route.level == "user")
SERVICE: Final = Router(route for route in ROUTES if route.level != "user")


@dataclass(frozen=True, slots=True)
class Found:
    """Where a request goes."""

    route: Route
    params: dict[str, str]
    user: str | None
    """`me`, the user of the path, or None for what belongs to no user."""
    base: str


def find(method: str, path: str) -> Found:
    """The declared method of a path below the version. Raises when there is none."""
    segments = split(path)
    first = segments[0].lower()
    if first == "me":
        route, params = USER.find(method, segments[1:])
        return Found(route, params, "me", "/v1.0/me")
    if first == "users" and len(segments) > 1:
        route, params = USER.find(method, segments[2:])
        return Found(route, params, segments[1], f"/v1.0/users/{segments[1]}")
    route, params = SERVICE.find(method, segments)
    return Found(route, params, None, "/v1.0")
