"""From a URL to the account's calendars or address books, logged in (RFC 6764, RFC 5397). Knows no Django.

Credentials go to the host that was named and to hosts that `trusted` accepts, never to another one
that an answer points at: then `Elsewhere` says which, and the person may name that host themselves.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpx

from apps.providers.adapters import errors, web
from apps.providers.adapters.base import Login

from .signing import Signed
from .xml import CALDAV, CARDDAV, CONTENT_TYPE, DAV, Name, NotDav, Resource, multistatus, propfind

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS: Final = 5
MOST_HOMES: Final = 10
BOUNDS: Final = web.Bounds(seconds=8.0, octets=4 * 1024 * 1024)

PRINCIPAL: Final = Name(DAV, "current-user-principal")
PRINCIPAL_URL: Final = Name(DAV, "principal-URL")
TYPE: Final = Name(DAV, "resourcetype")
DISPLAY_NAME: Final = Name(DAV, "displayname")


class Service(StrEnum):
    """Which of the two is looked for."""

    CALDAV = "caldav"
    CARDDAV = "carddav"

    @property
    def home(self) -> Name:
        """The property that names the home collections (RFC 4791 section 6.2.1, RFC 6352 section 7.1.1)."""
        return _HOMES[self]

    @property
    def collection(self) -> Name:
        """The resource type of one calendar or address book."""
        return _COLLECTIONS[self]

    @property
    def paths(self) -> tuple[str, ...]:
        """Where to ask when the given URL knows nothing, in this order."""
        return (f"/.well-known/{self.value}", "/", *_USUAL[self])


_HOMES: Final = {
    Service.CALDAV: Name(CALDAV, "calendar-home-set"),
    Service.CARDDAV: Name(CARDDAV, "addressbook-home-set"),
}
_COLLECTIONS: Final = {Service.CALDAV: Name(CALDAV, "calendar"), Service.CARDDAV: Name(CARDDAV, "addressbook")}
_SHARED: Final = ("/dav/", "/remote.php/dav/", "/SOGo/dav/")
_USUAL: Final = {
    Service.CALDAV: ("/caldav/", "/caldav.php/", *_SHARED),
    Service.CARDDAV: ("/carddav/", "/carddav.php/", *_SHARED),
}


class Elsewhere(Exception):
    """The server points at another host, which would be sent the password. A question, not a failure."""

    def __init__(self, host: str) -> None:
        super().__init__(f"the server refers to {host}")
        self.host = host


@dataclass(frozen=True, slots=True)
class Collection:
    """One calendar or address book."""

    url: str
    name: str


@dataclass(frozen=True, slots=True)
class Found:
    """An account's place on a server."""

    principal: str | None
    homes: tuple[str, ...]
    collections: tuple[Collection, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """What a search needs: a pinned client, the log-in, and which other hosts may see it."""

    http: httpx.Client
    login: Login
    service: Service
    trusted: Callable[[str], bool]


def find(search: Search, url: str) -> Found:
    """The account's homes and collections, starting at `url`.

    Raises NeedsReconnect, PermissionMissing, Transient, NotFound, Elsewhere; httpx.TransportError
    and the guard's errors pass through.
    """
    begun = _begin(search, url)
    if begun is None:
        raise errors.NotFound("the host does not answer as a DAV server")
    where, resource = begun
    principal = resource.href_of(PRINCIPAL) or resource.href_of(PRINCIPAL_URL)
    homes = _absolute(where, resource.hrefs_of(search.service.home))
    if not homes and principal:
        principal = _joined(where, principal)
        at, answer = _one(search, principal, (search.service.home,))
        homes = _absolute(at, answer.hrefs_of(search.service.home) if answer else ())
    if not homes and resource.has_type(search.service.collection):
        return Found(principal, (), (Collection(where, resource.text_of(DISPLAY_NAME)),))
    if not homes:
        raise errors.NotFound(f"the server has no {search.service.home.local} for this user")
    collections = [item for home in homes[:MOST_HOMES] for item in _collections(search, home)]
    return Found(principal, homes, tuple(collections))


def _begin(search: Search, url: str) -> tuple[str, Resource] | None:
    """The first place that knows a principal, a home, or is a collection itself."""
    names = (PRINCIPAL, PRINCIPAL_URL, TYPE, DISPLAY_NAME, search.service.home)
    forbidden: errors.PermissionMissing | None = None
    for place in _places(url, search.service):
        try:
            where, resource = _one(search, place, names)
        except errors.NotFound:
            continue
        except errors.PermissionMissing as error:  # often the web server's root only
            forbidden = forbidden or error
            continue
        if resource is not None and _useful(resource, search.service):
            return where, resource
    if forbidden is not None:
        raise forbidden
    return None


def _places(url: str, service: Service) -> Iterator[str]:
    yield url
    for path in service.paths:
        place = urljoin(url, path)
        if place != url:
            yield place


def _useful(resource: Resource, service: Service) -> bool:
    return bool(
        resource.href_of(PRINCIPAL)
        or resource.href_of(PRINCIPAL_URL)
        or resource.hrefs_of(service.home)
        or resource.has_type(service.collection)
    )


def _collections(search: Search, home: str) -> Iterator[Collection]:
    where, resources = _propfind(search, home, (TYPE, DISPLAY_NAME), depth=1)
    for resource in resources:
        if resource.has_type(search.service.collection):
            yield Collection(urljoin(where, resource.href), resource.text_of(DISPLAY_NAME))


def _one(search: Search, url: str, names: tuple[Name, ...]) -> tuple[str, Resource | None]:
    where, resources = _propfind(search, url, names, depth=0)
    return where, resources[0] if resources else None


def _absolute(base: str, hrefs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_joined(base, href) for href in hrefs)


def _joined(base: str, href: str) -> str:
    """Where an answer points. Raises Elsewhere for what would send the password out of encryption."""
    target = urljoin(base, href)
    parts = urlsplit(target)
    if parts.scheme != "https" and urlsplit(base).scheme == "https":
        raise Elsewhere(f"{parts.scheme}://{parts.netloc}")
    return target


def _propfind(search: Search, url: str, names: tuple[Name, ...], depth: int) -> tuple[str, list[Resource]]:
    """Ask, following redirects with method and body kept. Returns the final URL and what it said."""
    home = urlsplit(url).hostname or ""
    for _ in range(MOST_REDIRECTS + 1):
        answer = _send(search, url, propfind(names), depth)
        if answer.status in REDIRECTS and answer.headers.get("location"):
            url = _next(search, url, answer.headers["location"], home)
            continue
        _check(answer)
        try:
            return url, multistatus(answer.body)
        except NotDav:
            raise errors.NotFound("the answer is not WebDAV") from None
    raise errors.NotFound("the server redirects in a circle")


def _next(search: Search, url: str, location: str, home: str) -> str:
    target = _joined(url, location)
    parts = urlsplit(target)
    if parts.hostname != home and not search.trusted(parts.hostname or ""):
        raise Elsewhere(parts.netloc)
    return target


def _send(search: Search, url: str, body: bytes, depth: int) -> web.Answer:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not search.trusted(host):
        raise Elsewhere(host)
    headers = {"Depth": str(depth), "Content-Type": CONTENT_TYPE}
    try:
        return Signed(search.http, search.login).ask("PROPFIND", url, body, headers, BOUNDS)
    except web.TooMuch as error:
        raise errors.Transient(str(error)) from None


def _check(answer: web.Answer) -> None:
    """Raise the typed error of an answer that is no multistatus."""
    if answer.status == 207:
        return
    said = f"HTTP {answer.status}"
    if answer.status == 401:
        raise errors.NeedsReconnect("the server did not accept the user name and password", said=said)
    if answer.status == 403:
        raise errors.PermissionMissing("the server does not allow this", said=said)
    if answer.status == 429:
        raise errors.RateLimited("the server asked for fewer requests", said=said)
    if answer.status >= 500 and answer.status not in (501, 505):
        raise errors.Transient("the server reports a fault of its own", said=said)
    raise errors.NotFound("there is no WebDAV here", said=said)
