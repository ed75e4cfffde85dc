"""The collection contract over the Calendar API. Knows neither Django nor Celery."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import structlog

from apps.providers.adapters import errors
from apps.providers.adapters.base import Cursor, TokenSource, Traffic
from apps.providers.adapters.collections import (
    CollectionBatch,
    CollectionCensus,
    CollectionCommand,
    CollectionMirror,
    DeleteObject,
    MoveObject,
    ObjectRecord,
    PutObject,
    Stored,
)
from apps.providers.adapters.google.api import Api, Json
from apps.providers.adapters.google.calendar.family import CANCELLED, Family, is_series
from apps.providers.adapters.google.calendar.reading import Calendars, touched
from apps.providers.adapters.google.calendar.writing import Writing

log = structlog.get_logger(__name__)

AT_ONCE: Final = 200
VERSION: Final = 1


class CalendarAdapter:
    """CollectionAdapter for Google Calendar. Make one with `connect`."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._calendars = Calendars(api)
        self._writing = Writing(self._calendars)

    @property
    def traffic(self) -> Traffic:
        """What the connection cost so far."""
        return self._api.wire.traffic

    def changes(self, mirror: CollectionMirror) -> Iterator[CollectionBatch]:
        """See CollectionAdapter. A calendar whose token has ended is compared in full."""
        cursors = {held.remote_id: held.cursor for held in mirror.collections()}
        listing = self._calendars.listing()
        yield CollectionBatch(listing=listing)
        for record in listing:
            name = record.remote_id
            token = _token(cursors.get(name))
            try:
                if token:
                    try:
                        yield from self._since(mirror, name, token)
                        continue
                    except errors.CursorExpired as expired:
                        log.info("sync token ended, comparing in full", reason=expired.reason)
                yield from self._whole(mirror, name, live=bool(token))
            except (errors.NotFound, errors.PermissionMissing) as refused:
                log.info("calendar skipped", reason=refused.reason)  # withdrawn since the listing

    def _whole(self, mirror: CollectionMirror, calendar: str, *, live: bool) -> Iterator[CollectionBatch]:
        found, token = self._calendars.whole(calendar)
        held = mirror.etags(calendar)
        records = (self._calendars.record(calendar, family) for family in found.values())
        changed = [record for record in records if held.get(record.remote_id) != record.etag]
        for start in range(0, len(changed), AT_ONCE):
            some = tuple(changed[start : start + AT_ONCE])
            yield CollectionBatch(
                collection=calendar, upserts=some, live=live, remaining=len(changed) - start - len(some)
            )
        gone = tuple(one for one in held if one not in found)
        yield CollectionBatch(collection=calendar, vanished=gone, cursor=_cursor(token), live=live)

    def _since(self, mirror: CollectionMirror, calendar: str, token: str) -> Iterator[CollectionBatch]:
        items: list[Json] = []
        following = token
        for page, then in self._calendars.items(calendar, token):
            items += page
            following = then
        alone, instances = touched(items)
        upserts: list[ObjectRecord] = []
        gone: set[str] = set()
        for one in {**alone, **instances}:
            family, lost = self._now(calendar, one, alone.get(one), instances.get(one, []))
            upserts += [self._calendars.record(calendar, each) for each in family]
            gone |= lost
        held = mirror.known(calendar, [*gone, *(record.remote_id for record in upserts)])
        changed = [record for record in upserts if held.get(record.remote_id) != record.etag]
        vanished = tuple(one for one in gone if one in held)
        for start in range(0, len(changed), AT_ONCE):
            yield CollectionBatch(collection=calendar, upserts=tuple(changed[start : start + AT_ONCE]))
        if vanished or following != token:
            yield CollectionBatch(collection=calendar, vanished=vanished, cursor=_cursor(following))

    def _now(
        self, calendar: str, event: str, told: Json | None, instances: list[Json]
    ) -> tuple[list[Family], set[str]]:
        """The objects that a change is about as they are now, and the ids that are no objects any more."""
        if told is not None and not instances and not is_series(told):
            return ([], {event}) if told.get("status") == CANCELLED else ([Family(told)], set())
        ids = {str(one["id"]) for one in instances}
        try:
            # What the feed tells may be older than the rest of the series: it is read as a whole.
            return [self._calendars.family(calendar, event)], ids
        except errors.NotFound:
            # Somebody who is invited to single instances does not see the series: each stands alone.
            living = [Family(one) for one in instances if one.get("status") != CANCELLED]
            return living, ids - {one.id for one in living} | {event}

    def fetch(self, collection: str, remote_id: str) -> ObjectRecord:
        """See CollectionAdapter."""
        return self._calendars.record(collection, self._calendars.family(collection, remote_id))

    def execute(self, command: CollectionCommand) -> Stored:
        """See CollectionAdapter."""
        match command:
            case PutObject():
                return self._writing.put(command)
            case DeleteObject():
                return self._writing.delete(command)
            case MoveObject():
                return self._writing.move(command)

    def census(self) -> CollectionCensus:
        """See CollectionAdapter."""
        listing = self._calendars.listing()

        def items() -> Iterator[tuple[str, str, str]]:
            for collection in listing:
                found, _ = self._calendars.whole(collection.remote_id)
                for family in found.values():
                    record = self._calendars.record(collection.remote_id, family)
                    yield collection.remote_id, record.remote_id, record.etag

        return CollectionCensus(listing, items())

    def alive(self) -> bool:
        """See CollectionAdapter."""
        try:
            self._api.run(self._api.service.calendarList().list(maxResults=1, fields="kind"))
        except errors.AdapterError as exc:
            log.info("kept connection is gone", reason=exc.reason)
            return False
        return True

    def close(self) -> None:
        """See CollectionAdapter."""
        self._api.close()


def _token(cursor: Cursor | None) -> str:
    return str(cursor["s"]) if cursor and cursor.get("v") == VERSION else ""


def _cursor(token: str) -> Cursor:
    return {"v": VERSION, "s": token}


def connect(
    tokens: TokenSource, *, root: str = "", clock: Callable[[], float] = time.time, **wire: Any
) -> CalendarAdapter:
    """An adapter for the calendars of the account whose token it is given. Nothing is asked yet.

    `root` replaces Google's address; `clock` gives seconds since the epoch; `wire` is passed on to `Wire`.
    """
    return CalendarAdapter(Api("calendar", tokens, root=root, clock=clock, **wire))
