"""Reading objects: many at a time where the server hands them out, one by one where it does not."""

import hashlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Final

from apps.providers.adapters import errors, web
from apps.providers.adapters.collections import ObjectRecord

from .connection import Connection, failure
from .discovery import Service
from .listing import normal
from .xml import CALDAV, CARDDAV, ETAG, Name, multiget

REPORT: Final = {
    Service.CALDAV: Name(CALDAV, "calendar-multiget"),
    Service.CARDDAV: Name(CARDDAV, "addressbook-multiget"),
}
DATA: Final = {Service.CALDAV: Name(CALDAV, "calendar-data"), Service.CARDDAV: Name(CARDDAV, "address-data")}
AT_ONCE: Final = 50
AHEAD: Final = 4
"""Requests that are made before what they bring is taken."""
HASHED: Final = "hash:"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What requests for objects brought: how many were asked for, those that came, and why others did not."""

    asked: int = 0
    records: tuple[ObjectRecord, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)

    def __add__(self, other: "Fetched") -> "Fetched":
        return Fetched(self.asked + other.asked, self.records + other.records, self.refused | other.refused)


def text(octets: bytes) -> bytes:
    """An object's text as it is kept. XML makes one character of CR LF, so line ends are made what they were."""
    return octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def etag_of(told: str, data: bytes) -> str:
    """The etag that an object goes by: one of our own where the server gives none."""
    return told or HASHED + hashlib.sha256(data).hexdigest()


def fetch(connection: Connection, service: Service, collection: str, ids: Sequence[str]) -> Iterator[Fetched]:
    """The objects of these ids, some at a time and in this order; what is gone is left out.

    While some are being kept the next are asked for, in a thread of this call: nobody else may use the connection
    until it is closed. What has come meanwhile is given together, but for the first, for which somebody may be
    waiting. Raises errors of `adapters.errors` that concern the connection, the log-in or the collection; never for
    one object.
    """
    parts = deque(ids[begin : begin + AT_ONCE] for begin in range(0, len(ids), AT_ONCE))
    if len(parts) == 1:
        yield _some(connection, service, collection, parts[0])
        return
    here = copy_context()
    under_way: deque[Future[Fetched]] = deque()
    first = True
    thread = ThreadPoolExecutor(1, thread_name_prefix="dav")
    try:
        while parts or under_way:
            found = under_way.popleft().result() if under_way else Fetched()
            while not first and under_way and under_way[0].done() and under_way[0].exception() is None:
                found += under_way.popleft().result()
            while parts and len(under_way) < AHEAD:
                under_way.append(thread.submit(here.run, _some, connection, service, collection, parts.popleft()))
            if found.asked:
                first = False
                yield found
    finally:
        thread.shutdown(cancel_futures=True)


def _some(connection: Connection, service: Service, collection: str, ids: Sequence[str]) -> Fetched:
    try:
        found = _multiget(connection, service, collection, ids)
    except (errors.NeedsReconnect, errors.ProviderDown, errors.RateLimited):
        raise
    except errors.AdapterError:
        # Too many at once, or one of them that the server chokes on.
        if len(ids) == 1:
            return _alone(connection, ids)
        half = len(ids) // 2
        first = _some(connection, service, collection, ids[:half])
        return first + _some(connection, service, collection, ids[half:])
    # Some servers leave objects out of a long answer, or say that they are not there (pimutils/vdirsyncer#1212, #988).
    left = [remote_id for remote_id in ids if remote_id not in found]
    came = tuple(found[one] for one in ids if one in found)
    return Fetched(len(came), came) + _alone(connection, left)


def _multiget(connection: Connection, service: Service, collection: str, ids: Sequence[str]) -> dict[str, ObjectRecord]:
    asked = {normal(remote_id): remote_id for remote_id in ids}
    body = multiget(REPORT[service], ids, (ETAG, DATA[service]))
    answer, told = connection.multistatus("REPORT", collection, body, depth=1)
    found = {}
    for resource in told.resources:
        remote_id = asked.get(normal(connection.key(resource.href, str(answer.url)))) if resource.href else None
        element = resource.properties.get(DATA[service].tag)
        if remote_id is not None and element is not None and (element.text or "").strip():
            data = text((element.text or "").lstrip().encode())
            found[remote_id] = ObjectRecord(remote_id, etag_of(resource.text_of(ETAG), data), data)
    return found


def _alone(connection: Connection, ids: Sequence[str]) -> Fetched:
    records, refused = [], {}
    for remote_id in ids:
        try:
            records.append(one(connection, remote_id))
        except errors.NotFound:
            continue
        except (errors.NeedsReconnect, errors.ProviderDown, errors.RateLimited):
            raise
        except errors.AdapterError as error:
            refused[remote_id] = error.said or error.reason
    return Fetched(len(ids), tuple(records), refused)


def one(connection: Connection, remote_id: str) -> ObjectRecord:
    """One object as it is now. Raises NotFound and the other errors of `adapters.errors`."""
    return record_of(remote_id, connection.ask("GET", remote_id))


def record_of(remote_id: str, answer: web.Answer) -> ObjectRecord:
    """The object that a GET brought. Raises the typed error of an answer that brought none."""
    if answer.status != 200:
        raise failure(answer)
    data = text(answer.body)
    return ObjectRecord(remote_id, etag_of(answer.headers.get("etag", "").strip(), data), data)
