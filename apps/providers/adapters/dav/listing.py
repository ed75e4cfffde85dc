"""The calendars or address books of an account, with what tells whether they changed: one request for each home."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote
from zoneinfo import available_timezones

from apps.providers.adapters import errors
from apps.providers.adapters.collections import CollectionRecord

from .connection import Connection
from .discovery import DISPLAY_NAME, TYPE, Service
from .xml import APPLE, CALDAV, CALENDARSERVER, CARDDAV, DAV, ETAG, Name, Resource, propfind

CTAG: Final = Name(CALENDARSERVER, "getctag")
TOKEN: Final = Name(DAV, "sync-token")
REPORTS: Final = Name(DAV, "supported-report-set")
PRIVILEGES: Final = Name(DAV, "current-user-privilege-set")
COLOR: Final = Name(APPLE, "calendar-color")
TIMEZONE: Final = Name(CALDAV, "calendar-timezone")
COMPONENTS: Final = Name(CALDAV, "supported-calendar-component-set")
ADDRESS_DATA: Final = Name(CARDDAV, "supported-address-data")
DESCRIPTION: Final = {
    Service.CALDAV: Name(CALDAV, "calendar-description"),
    Service.CARDDAV: Name(CARDDAV, "addressbook-description"),
}
OF: Final = {
    Service.CALDAV: (COLOR, TIMEZONE, COMPONENTS, DESCRIPTION[Service.CALDAV]),
    Service.CARDDAV: (ADDRESS_DATA, DESCRIPTION[Service.CARDDAV]),
}
COMMON: Final = (TYPE, DISPLAY_NAME, CTAG, REPORTS, PRIVILEGES)
WRITING: Final = frozenset({"write", "write-content", "bind", "all"})
TZID: Final = re.compile(r"^(?:TZID|X-LIC-LOCATION)[^:\r\n]*:(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Listed:
    """A collection, and the marks by which its changes are told."""

    record: CollectionRecord
    token: str
    ctag: str
    reports_changes: bool
    """Whether it answers a sync-collection REPORT."""


def collections(
    connection: Connection, service: Service, places: Sequence[str], *, tokens: bool = True, known: Iterable[str] = ()
) -> list[Listed]:
    """All collections below these homes, in the server's order; a place that is a collection itself is one.

    Without `tokens` they are told by their ctags alone: some servers read every object to make a sync-token.
    `known` are remote ids of collections: of such a place its objects are not listed.
    Raises errors of `adapters.errors`.
    """
    found: dict[str, Listed] = {}
    marks = (TOKEN,) if tokens else ()
    themselves = {normal(remote_id) for remote_id in known}
    for place in places:
        depth = 0 if normal(connection.key(place, place)) in themselves else 1
        for listed in _below(connection, service, place, marks, depth):
            found.setdefault(normal(listed.record.remote_id), listed)
    return list(found.values())


def normal(remote_id: str) -> str:
    """A key as it is compared: servers write one path in several ways."""
    return unquote(remote_id).rstrip("/")


def _below(
    connection: Connection, service: Service, place: str, marks: tuple[Name, ...], depth: int
) -> Iterator[Listed]:
    body = propfind((*COMMON, *marks, *OF[service]))
    answer, told = connection.multistatus("PROPFIND", place, body, depth=depth)
    schedules = "calendar-auto-schedule" in answer.headers.get("dav", "")
    for resource in told.resources:
        if resource.status < 300 and resource.href and resource.has_type(service.collection):
            remote_id = connection.key(resource.href, str(answer.url))
            yield _listed(resource, service, remote_id, schedules=schedules)


def _listed(resource: Resource, service: Service, remote_id: str, *, schedules: bool) -> Listed:
    record = CollectionRecord(
        remote_id=remote_id,
        name=resource.text_of(DISPLAY_NAME) or normal(remote_id).rpartition("/")[2],
        writable=_writable(resource),
        color=_color(resource.text_of(COLOR)),
        description=resource.text_of(DESCRIPTION[service]),
        timezone=_timezone(resource.text_of(TIMEZONE)),
        components=tuple(_components(resource)) if service is Service.CALDAV else (),
        version=_version(resource) if service is Service.CARDDAV else "",
        schedules=schedules and service is Service.CALDAV,
    )
    reports = resource.properties.get(REPORTS.tag)
    told = reports is not None and any(element.tag == f"{{{DAV}}}sync-collection" for element in reports.iter())
    token = resource.text_of(TOKEN)
    return Listed(record, token, resource.text_of(CTAG), told or bool(token))


def _writable(resource: Resource) -> bool:
    """A server that does not tell privileges lets people write, or says so when they try."""
    told = resource.properties.get(PRIVILEGES.tag)
    if told is None:
        return True
    return any(element.tag.rpartition("}")[2] in WRITING for element in told.iter())


def _color(text: str) -> str:
    found = re.match(r"#[0-9a-fA-F]{6}", text)
    return found.group().lower() if found else ""


def _timezone(text: str) -> str:
    names = (found.strip() for found in TZID.findall(text))
    return next((name for name in names if name in available_timezones()), "")


def _components(resource: Resource) -> Iterator[str]:
    told = resource.properties.get(COMPONENTS.tag)
    if told is None:
        yield "VEVENT"
        return
    for element in told.iter(f"{{{CALDAV}}}comp"):
        if name := element.get("name"):
            yield name.upper()


def _version(resource: Resource) -> str:
    told = resource.properties.get(ADDRESS_DATA.tag)
    versions = [] if told is None else [element.get("version") for element in told]
    # What every program reads, unless the server keeps the newer form only.
    return "4.0" if versions and "3.0" not in versions and "4.0" in versions else "3.0"


def token_of(connection: Connection, collection: str) -> str:
    """The sync-token of one collection, empty where it has none. Raises errors of `adapters.errors`."""
    told = connection.multistatus("PROPFIND", collection, propfind((TOKEN,)), depth=0)[1]
    return next((resource.text_of(TOKEN) for resource in told.resources if resource.status < 300), "")


def etags(connection: Connection, collection: str) -> dict[str, str]:
    """The etag of every object of a collection by remote id, empty where none is told.

    Raises errors of `adapters.errors`, NotFound when the collection is gone.
    """
    answer, told = connection.multistatus("PROPFIND", collection, propfind((ETAG, TYPE)), depth=1)
    found = {}
    for resource in told.resources:
        remote_id = connection.key(resource.href, str(answer.url)) if resource.href else ""
        itself = normal(remote_id) == normal(collection)
        if remote_id and not itself and resource.status < 300 and not resource.has_type(Name(DAV, "collection")):
            found[remote_id] = resource.text_of(ETAG)
    if not told.resources:
        raise errors.Transient("the server answers with nothing, not even the collection itself")
    return found
