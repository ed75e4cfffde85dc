"""An account's calendars or address books on a DAV server, as `adapters.collections` has them."""

from collections.abc import Iterator, Sequence

from apps.providers.adapters.base import Traffic
from apps.providers.adapters.collections import (
    CollectionBatch,
    CollectionCensus,
    CollectionCommand,
    CollectionMirror,
    MoveObject,
    ObjectRecord,
    PutObject,
    Stored,
)

from . import changes, listing, objects
from .connection import Connection
from .discovery import Service
from .writing import Writer


class DavAdapter:
    """Implements `adapters.collections.CollectionAdapter`. `places` are the homes, or a collection itself."""

    def __init__(self, service: Service, connection: Connection, places: Sequence[str]) -> None:
        self._service = service
        self._connection = connection
        self._places = places
        self._writer = Writer(connection, service)

    @property
    def traffic(self) -> Traffic:
        """What the connection has cost so far."""
        return self._connection.traffic

    def changes(self, mirror: CollectionMirror) -> Iterator[CollectionBatch]:
        """See CollectionAdapter. Where nothing happened, one request for each home is all."""
        known = mirror.collections()
        tokens = not known or not all(changes.told_by_ctag(held.cursor) for held in known)
        found = listing.collections(
            self._connection, self._service, self._places, tokens=tokens, known=[held.remote_id for held in known]
        )
        yield CollectionBatch(listing=tuple(listed.record for listed in found))
        cursors = {held.remote_id: held.cursor for held in known}
        for listed in found:
            cursor = cursors.get(listed.record.remote_id)
            yield from changes.of(self._connection, self._service, listed, cursor, mirror)

    def fetch(self, collection: str, remote_id: str) -> ObjectRecord:
        """See CollectionAdapter."""
        return objects.one(self._connection, remote_id)

    def execute(self, command: CollectionCommand) -> Stored:
        """See CollectionAdapter."""
        if isinstance(command, PutObject):
            return self._writer.put(command)
        return self._writer.move(command) if isinstance(command, MoveObject) else self._writer.delete(command)

    def census(self) -> CollectionCensus:
        """See CollectionAdapter: neither tokens nor ctags are asked."""
        found = listing.collections(self._connection, self._service, self._places, tokens=False)
        return CollectionCensus(tuple(listed.record for listed in found), self._items(found))

    def _items(self, found: Sequence[listing.Listed]) -> Iterator[tuple[str, str, str]]:
        for listed in found:
            collection = listed.record.remote_id
            for remote_id, etag in listing.etags(self._connection, collection).items():
                yield collection, remote_id, etag

    def alive(self) -> bool:
        """HTTP connects anew by itself."""
        return True

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()
