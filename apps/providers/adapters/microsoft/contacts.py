"""An account's contact folders on Microsoft Graph, each an address book, as `adapters.collections` has them.

Graph lists every folder but the default one, whose id is told nowhere when it is empty: here it is `contacts`, which
is also its path. Photos are asked for one by one: they are part of no list.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import structlog

from apps.providers.adapters import errors
from apps.providers.adapters.base import Traffic
from apps.providers.adapters.collections import (
    CollectionBatch,
    CollectionCensus,
    CollectionCommand,
    CollectionMirror,
    CollectionRecord,
    DeleteObject,
    MoveObject,
    ObjectRecord,
    PutObject,
    Stored,
)

from . import contact_text
from .comparing import compared
from .event_text import UID
from .events import EXPAND, etag
from .graph import Graph, Json, segment

log = structlog.get_logger(__name__)

DEFAULT: Final = "contacts"
VERSION: Final = "3.0"
PAGE: Final = "odata.maxpagesize=500"
FULL_PAGE: Final = "odata.maxpagesize=100"
DEPTH: Final = 20
PHOTO_MOST: Final = 4 * 1024 * 1024


class GraphContacts:
    """Implements `adapters.collections.CollectionAdapter`."""

    def __init__(self, graph: Graph, *, clock: Callable[[], float] = time.time) -> None:
        self._graph, self._clock = graph, clock

    @property
    def traffic(self) -> Traffic:
        """What the connection has cost so far."""
        return self._graph.traffic

    # ------------------------------------------------------------------ reading

    def _listing(self) -> tuple[CollectionRecord, ...]:
        found = [CollectionRecord(DEFAULT, "Contacts", version=VERSION)]
        level, depth = list(self._graph.values("contactFolders", PAGE)), 0
        seen: set[str] = set()
        while level and depth < DEPTH:
            fresh = [item for item in level if str(item["id"]) not in seen]
            seen |= {str(item["id"]) for item in fresh}
            found += [CollectionRecord(str(one["id"]), str(one["displayName"]), version=VERSION) for one in fresh]
            paths = [f"contactFolders/{segment(str(item['id']))}/childFolders" for item in fresh]
            level, depth = [child for path in paths for child in self._graph.values(path, PAGE)], depth + 1
        return tuple(found)

    def changes(self, mirror: CollectionMirror) -> Iterator[CollectionBatch]:
        """See CollectionAdapter. A folder that fails alone is left for the next run."""
        listing = self._listing()
        yield CollectionBatch(listing=listing)
        cursors = {held.remote_id: held.cursor for held in mirror.collections()}
        for record in listing:
            folder = record.remote_id
            try:
                # For a first import the list brings the contacts themselves.
                whole = {} if mirror.etags(folder) else self._whole(folder)
                there = {name: etag(item) for name, item in whole.items()} or self._versions(folder)
            except (errors.NotFound, errors.PermissionMissing) as error:
                log.info("contact folder skipped", reason=error.reason)
                continue
            read = partial(self._record, known=whole)
            yield from compared(self._graph, folder, there, read, mirror, cursors.get(folder), self._clock())

    def _versions(self, folder: str) -> dict[str, str]:
        listed = self._graph.values(_path(folder), PAGE, select="id,changeKey", top="500")
        return {str(item["id"]): etag(item) for item in listed}

    def _whole(self, folder: str) -> dict[str, Json]:
        return {str(item["id"]): item for item in self._graph.values(_path(folder), FULL_PAGE, expand=EXPAND)}

    def _record(self, name: str, known: dict[str, Json] | None = None) -> ObjectRecord:
        item = (known or {}).get(name) or self._contact(name)
        return ObjectRecord(name, etag(item), contact_text.text(item, self._photo(name)))

    def _contact(self, name: str) -> Json:
        return self._graph.get(f"contacts/{segment(name)}", expand=EXPAND)

    def _photo(self, name: str) -> bytes:
        try:
            url = self._graph.url(f"contacts/{segment(name)}/photo/$value")
            return self._graph.ask("GET", url, most=PHOTO_MOST).body
        except (errors.NotFound, errors.Rejected):
            return b""

    def fetch(self, collection: str, remote_id: str) -> ObjectRecord:
        """See CollectionAdapter."""
        return self._record(remote_id)

    def census(self) -> CollectionCensus:
        """See CollectionAdapter."""
        listing = self._listing()
        return CollectionCensus(listing, self._items(listing))

    def _items(self, listing: tuple[CollectionRecord, ...]) -> Iterator[tuple[str, str, str]]:
        for record in listing:
            for name, version in self._versions(record.remote_id).items():
                yield record.remote_id, name, version

    # ------------------------------------------------------------------ writing

    def execute(self, command: CollectionCommand) -> Stored:
        """See CollectionAdapter. Graph moves no contact between folders: it can be written there, and deleted here."""
        if isinstance(command, MoveObject):
            raise errors.Rejected("Outlook does not move contacts between folders")
        return self._put(command) if isinstance(command, PutObject) else self._delete(command)

    def _put(self, command: PutObject) -> Stored:
        wanted = contact_text.wanted(command.data)
        if command.if_match is None:
            return self._create(command, wanted)
        item = self._contact(command.remote_id)
        photo = self._photo(command.remote_id)
        now = contact_text.text(item, photo)
        body = contact_text.difference(contact_text.wanted(now), wanted)
        picture = contact_text.photo_of(command.data)
        if (body or picture != photo) and etag(item) != command.if_match:
            raise errors.Conflict("the contact changed at Microsoft", remote_etag=etag(item))
        self._patch(command.remote_id, body, command.if_match)
        self._put_photo(command.remote_id, photo, picture)
        return Stored(command.remote_id, self._record(command.remote_id))

    def _create(self, command: PutObject, wanted: Json) -> Stored:
        """Nothing at Graph keeps a repeated request from making another contact, so it is looked for by its UID."""
        path = _path(command.collection)
        item = self._made(path, wanted)
        if item is None:
            item = self._graph.send("POST", path, contact_text.filled(wanted)).json
        name = str(item["id"])
        self._put_photo(name, self._photo(name), contact_text.photo_of(command.data))
        return Stored(name, self._record(name))

    def _made(self, path: str, wanted: Json) -> Json | None:
        uid = next(str(one["value"]) for one in wanted["singleValueExtendedProperties"] if one["id"] == UID)
        quoted = uid.replace("'", "''")
        condition = f"singleValueExtendedProperties/Any(ep: ep/id eq '{UID}' and ep/value eq '{quoted}')"
        return next(iter(self._graph.values(path, select="id", filter=condition)), None) if uid else None

    def _patch(self, name: str, body: Json, if_match: str) -> None:
        if not body:
            return
        try:
            self._graph.send("PATCH", f"contacts/{segment(name)}", body, if_match=if_match)
        except errors.Conflict as error:
            now = etag(self._contact(name))
            raise errors.Conflict("the contact changed at Microsoft", said=error.said, remote_etag=now) from None

    def _put_photo(self, name: str, now: bytes, then: bytes) -> None:
        if now == then:
            return
        path = f"contacts/{segment(name)}/photo/$value"
        if then:
            self._graph.ask("PUT", self._graph.url(path), then, {"Content-Type": _kind(then)})
            return
        try:
            self._graph.send("DELETE", path)
        except errors.NotFound:
            return

    def _delete(self, command: DeleteObject) -> Stored:
        try:
            self._graph.send("DELETE", f"contacts/{segment(command.remote_id)}", if_match=command.if_match)
        except errors.NotFound:
            return Stored(command.remote_id)
        except errors.Conflict as error:
            try:
                now = etag(self._contact(command.remote_id))
            except errors.NotFound:
                return Stored(command.remote_id)
            raise errors.Conflict("the contact changed at Microsoft", said=error.said, remote_etag=now) from None
        return Stored(command.remote_id)

    def alive(self) -> bool:
        """HTTP connects anew by itself."""
        return True

    def close(self) -> None:
        """Let the connections go."""
        self._graph.close()


def _path(folder: str) -> str:
    return DEFAULT if folder == DEFAULT else f"contactFolders/{segment(folder)}/contacts"


def _kind(photo: bytes) -> str:
    return "image/png" if photo.startswith(b"\x89PNG") else "image/jpeg"
