"""Writing calendars: each command as the few requests that change what the edit changed, and nothing else.

Every request on an event says If-Match with the event's own etag, so a change of somebody else's in between
is a Conflict and never lost. Google itself writes to guests where an event has some; it alone knows who has
been told what.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from apps.providers.adapters import errors
from apps.providers.adapters.collections import DeleteObject, MoveObject, PutObject, Stored
from apps.providers.adapters.google.api import Json
from apps.providers.adapters.google.calendar import fields, times
from apps.providers.adapters.google.calendar.family import CANCELLED, LINES, UID, Family, private
from apps.providers.adapters.google.calendar.fields import Event, Object
from apps.providers.adapters.google.calendar.reading import Calendars
from apps.providers.adapters.ical import moments
from apps.providers.adapters.ical.moments import Moment

IDS: Final = 20
"""Ids that are tried for one UID: that of a deleted event stays taken for ever."""
_ALPHABET: Final = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghijklmnopqrstuv")


class Writing:
    """Changes the calendars of one account."""

    def __init__(self, calendars: Calendars) -> None:
        self._calendars = calendars
        self._api = calendars.api

    def put(self, command: PutObject) -> Stored:
        """Make or change an object. See CollectionAdapter.execute."""
        calendar = command.collection
        wanted = fields.read(command.data, self._calendars.zone(calendar))
        if command.if_match is None:
            event = self._create(calendar, wanted)
        else:
            event = command.remote_id
            self._update(calendar, self._same(calendar, event, command.if_match), wanted)
        return self._stored(calendar, event)

    def delete(self, command: DeleteObject) -> Stored:
        """Delete an object that is as it was read; a series with all its instances."""
        try:
            family = self._same(command.collection, command.remote_id, command.if_match)
        except errors.Conflict as conflict:
            if conflict.remote_etag is None:
                return Stored()
            raise
        self._remove(command.collection, family.master, _letters(family.master))
        return Stored()

    def move(self, command: MoveObject) -> Stored:
        """Move an object; it keeps its id. A first try that was cut off is found at the destination."""
        try:
            family = self._same(command.collection, command.remote_id, command.if_match)
        except errors.Conflict as conflict:
            if conflict.remote_etag is None and self._is_there(command.to_collection, command.remote_id):
                return self._stored(command.to_collection, command.remote_id)
            raise
        asked = self._events().move(
            calendarId=command.collection, eventId=family.id, destination=command.to_collection, sendUpdates="none"
        )
        try:
            self._api.run(asked)
        except errors.NotFound:
            raise errors.Conflict("the event is gone") from None
        return self._stored(command.to_collection, command.remote_id)

    # ------------------------------------------------------------------ making

    def _create(self, calendar: str, wanted: Object) -> str:
        """A new event under an id that follows from its UID: repeated, it is found there. Its id."""
        zone = self._calendars.zone(calendar)
        body = fields.whole(wanted.master, zone)
        own = {UID: wanted.uid} | ({LINES: fields.kept(wanted.master.lines)} if wanted.master.lines else {})
        carried = body.get("extendedProperties") or {}
        body["extendedProperties"] = {**carried, "private": {**(carried.get("private") or {}), **own}}
        foreign = wanted.master.organizer
        if foreign and foreign not in (calendar.lower(), self._calendars.primary.lower()):
            event = self._import(calendar, wanted, body)
        else:
            event = self._insert(calendar, wanted.uid, body)
        family = self._calendars.family(calendar, event)
        held = fields.read(self._calendars.record(calendar, family).data, zone)
        missing = {one: event for one, event in wanted.overrides.items() if one not in held.overrides}
        self._overrides(calendar, family, replace(held, overrides={}), missing)
        return event

    def _insert(self, calendar: str, uid: str, body: Json) -> str:
        for number in range(IDS):
            event = event_id(uid, number)
            asked = self._events().insert(
                calendarId=calendar, body=body | {"id": event}, sendUpdates="all" if body.get("attendees") else "none"
            )
            try:
                self._api.run(asked)
            except errors.Conflict:
                there = self._api.run(self._events().get(calendarId=calendar, eventId=event))
                if there.get("status") == CANCELLED:
                    continue  # the id of a deleted event stays taken
                if private(there).get(UID) != uid:
                    continue
            return event
        raise errors.Rejected("Google keeps too many deleted events of this kind to take it once more.")

    def _import(self, calendar: str, wanted: Object, body: Json) -> str:
        """A copy of somebody else's event: it keeps its organizer and its UID, and nobody is told."""
        organizer = {"organizer": {"email": wanted.master.organizer}, "iCalUID": wanted.uid}
        made = self._api.run(self._events().import_(calendarId=calendar, body=body | organizer))
        return str(made["id"])

    # ------------------------------------------------------------------ changing

    def _update(self, calendar: str, family: Family, wanted: Object) -> None:
        zone = self._calendars.zone(calendar)
        before = fields.read(self._calendars.record(calendar, family).data, zone)
        dropped = {_key(one, zone): one for one in family.dropped}
        body = fields.patch(before.master, wanted.master, family.master, zone, calendar.lower())
        body |= fields.recurrence_patch(before.master, wanted.master, family.master, dropped)
        if body:
            self._patch(calendar, family.master, body)
            if body.keys() & {"start", "end", "recurrence"}:
                # Google lets go of exceptions that no longer fit: what is left of them is read again.
                family = self._calendars.family(calendar, family.id)
                before = fields.read(self._calendars.record(calendar, family).data, zone)
                dropped = {_key(one, zone): one for one in family.dropped}
        self._overrides(calendar, family, before, wanted.overrides)
        self._excluded(calendar, family, before, wanted, dropped)

    def _overrides(self, calendar: str, family: Family, before: Object, wanted: Mapping[str, Event]) -> None:
        zone = self._calendars.zone(calendar)
        held = {_key(one, zone): one for one in family.changed}
        for key, event in wanted.items():
            current = held.get(key)
            if current is None:
                current = self._api.run(self._events().get(calendarId=calendar, eventId=f"{family.id}_{key}"))
            was = before.overrides.get(key) or self._reading(calendar, current)
            body = fields.patch(was, event, current, zone, calendar.lower())
            if current.get("status") == CANCELLED:
                body["status"] = event.plain["status"]
            if body:
                self._patch(calendar, current, body)

    def _excluded(
        self, calendar: str, family: Family, before: Object, wanted: Object, dropped: Mapping[str, Json]
    ) -> None:
        """Instances that are to go, or to come back, or to be as the series has them."""
        zone = self._calendars.zone(calendar)
        held = {_key(one, zone): one for one in family.changed}
        for key in wanted.master.excluded.keys() - before.master.excluded.keys():
            event = held.get(key) or {"id": f"{family.id}_{key}"}
            self._remove(calendar, event, _letters(family.master))
        for key in before.master.excluded.keys() - wanted.master.excluded.keys() - wanted.overrides.keys():
            if key in dropped:
                self._patch(calendar, dropped[key], {"status": "confirmed"})
        for key in before.overrides.keys() - wanted.overrides.keys() - wanted.master.excluded.keys():
            usual = _instance(wanted.master, _key_moment(held[key], zone))
            body = fields.patch(before.overrides[key], usual, held[key], zone, calendar.lower())
            if body:
                self._patch(calendar, held[key], body)

    def _reading(self, calendar: str, event: Json) -> Event:
        alone = {name: value for name, value in event.items() if name not in ("recurringEventId", "originalStartTime")}
        return fields.read(self._calendars.record(calendar, Family(alone)).data, self._calendars.zone(calendar)).master

    # ------------------------------------------------------------------ requests

    def _patch(self, calendar: str, event: Json, body: Json) -> None:
        guests = _letters(event) if "attendees" not in body else "all"
        asked = self._events().patch(calendarId=calendar, eventId=event["id"], body=body, sendUpdates=guests)
        self._conditional(calendar, asked, event)

    def _remove(self, calendar: str, event: Json, letters: str) -> None:
        asked = self._events().delete(calendarId=calendar, eventId=event["id"], sendUpdates=letters)
        try:
            self._conditional(calendar, asked, event)
        except (errors.NotFound, errors.CursorExpired):
            return  # gone already

    def _conditional(self, calendar: str, asked: Any, event: Json) -> None:
        if event.get("etag"):
            asked.headers["If-Match"] = event["etag"]
        try:
            self._api.run(asked)
        except errors.Conflict as conflict:
            series = str(event.get("recurringEventId") or event["id"])
            there = self._record_of(calendar, series)
            raise errors.Conflict(conflict.reason, said=conflict.said, remote_etag=there) from None

    def _same(self, calendar: str, event: str, etag: str) -> Family:
        """The object, if it is as it was read. Raises Conflict."""
        try:
            family = self._calendars.family(calendar, event)
        except errors.NotFound:
            raise errors.Conflict("the event is gone") from None
        now = self._calendars.record(calendar, family).etag
        if now != etag:
            raise errors.Conflict("the event was changed meanwhile", remote_etag=now)
        return family

    def _record_of(self, calendar: str, event: str) -> str | None:
        try:
            return self._calendars.record(calendar, self._calendars.family(calendar, event)).etag
        except errors.NotFound:
            return None

    def _is_there(self, calendar: str, event: str) -> bool:
        return self._record_of(calendar, event) is not None

    def _stored(self, calendar: str, event: str) -> Stored:
        record = self._calendars.record(calendar, self._calendars.family(calendar, event))
        return Stored(record.remote_id, record)

    def _events(self) -> Any:
        return self._api.service.events()


def event_id(uid: str, number: int) -> str:
    """The id of an event that is made here: base32hex, as Google asks, of a digest of its UID."""
    digest = hashlib.blake2b(f"{uid}\n{number}".encode(), digest_size=20).digest()
    return base64.b32encode(digest).translate(_ALPHABET).decode().rstrip("=")


def _letters(event: Json) -> str:
    """Whether Google writes to the guests of an event about a change."""
    return "all" if event.get("attendees") else "none"


def _key_moment(exception: Json, zone: str) -> Moment:
    found = times.moment(exception.get("originalStartTime") or {}, zone)
    if found is None:
        raise errors.Transient("Google tells of an instance and not when it would have begun")
    return found


def _key(exception: Json, zone: str) -> str:
    return times.key(_key_moment(exception, zone))


def _instance(series: Event, begins: Moment) -> Event:
    """An instance as the series has it."""
    length = moments.between(series.start, series.end)
    start = begins if begins.whole_day else series.start.seen(begins.instant())
    return replace(series, start=start, end=moments.after(start, length), rules=(), excluded={})
