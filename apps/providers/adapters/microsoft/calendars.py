"""An account's calendars on Microsoft Graph, as `adapters.collections` has them."""

import re
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
    MoveObject,
    ObjectRecord,
    PutObject,
    Stored,
)

from .comparing import compared
from .event_writing import EventWriter
from .events import Events
from .graph import Graph

log = structlog.get_logger(__name__)

COLOR: Final = re.compile(r"#[0-9a-fA-F]{6}")
COLORS: Final = {
    "lightBlue": "#a6d1f5", "lightGreen": "#a9d99a", "lightOrange": "#f5c59a", "lightGray": "#c8c8c8",
    "lightYellow": "#f5e79a", "lightTeal": "#9adbd5", "lightPink": "#f5b0cf", "lightBrown": "#d5b79a",
    "lightRed": "#f5a5a5",
}  # fmt: skip


class GraphCalendars:
    """Implements `adapters.collections.CollectionAdapter`."""

    def __init__(self, graph: Graph, *, clock: Callable[[], float] = time.time) -> None:
        self._graph, self._clock = graph, clock
        self._events = Events(graph, clock)
        self._writer = EventWriter(graph, self._events)

    @property
    def traffic(self) -> Traffic:
        """What the connection has cost so far."""
        return self._graph.traffic

    def _listing(self) -> tuple[CollectionRecord, ...]:
        found = []
        for item in self._graph.values("calendars", "odata.maxpagesize=100"):
            name = str(item["id"])
            self._events.owners[name] = str((item.get("owner") or {}).get("address") or "")
            color = str(item.get("hexColor") or "")
            found.append(
                CollectionRecord(
                    name,
                    str(item.get("name") or ""),
                    writable=bool(item.get("canEdit")),
                    color=color.lower() if COLOR.fullmatch(color) else COLORS.get(str(item.get("color")), ""),
                    components=("VEVENT",),
                    schedules=True,
                )
            )
        return tuple(found)

    def changes(self, mirror: CollectionMirror) -> Iterator[CollectionBatch]:
        """See CollectionAdapter. A calendar that fails alone is left for the next run."""
        listing = self._listing()
        yield CollectionBatch(listing=listing)
        cursors = {held.remote_id: held.cursor for held in mirror.collections()}
        for record in listing:
            calendar = record.remote_id
            try:
                there = self._events.versions(calendar)
            except (errors.NotFound, errors.PermissionMissing) as error:
                log.info("calendar skipped", reason=error.reason)
                continue
            read = partial(self._events.record, calendar)
            yield from compared(self._graph, calendar, there, read, mirror, cursors.get(calendar), self._clock())

    def fetch(self, collection: str, remote_id: str) -> ObjectRecord:
        """See CollectionAdapter."""
        self._know_owners()
        return self._events.record(collection, remote_id)

    def _know_owners(self) -> None:
        """Whose calendar one is says which attendee answers there; one list for a connection."""
        if not self._events.owners:
            self._listing()

    def execute(self, command: CollectionCommand) -> Stored:
        """See CollectionAdapter. Graph moves no event between calendars: it can be written there, and deleted here."""
        if isinstance(command, MoveObject):
            raise errors.Rejected("Outlook does not move events between calendars")
        if isinstance(command, PutObject):
            self._know_owners()
            return self._writer.put(command)
        return self._writer.delete(command)

    def census(self) -> CollectionCensus:
        """See CollectionAdapter."""
        listing = self._listing()
        return CollectionCensus(listing, self._items(listing))

    def _items(self, listing: tuple[CollectionRecord, ...]) -> Iterator[tuple[str, str, str]]:
        for record in listing:
            for name, etag in self._events.versions(record.remote_id).items():
                yield record.remote_id, name, etag

    def alive(self) -> bool:
        """HTTP connects anew by itself."""
        return True

    def close(self) -> None:
        """Let the connections go."""
        self._graph.close()
