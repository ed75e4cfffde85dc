"""Events written to Graph, each change safe to be tried again when its outcome is not known.

Making one is kept from happening twice by a transactionId that follows from our own name for it. What an edit changed
is found by comparing what the two texts ask for; a series is written master first, since a new time or pattern makes
Graph forget what was different about its dates.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from apps.providers.adapters import errors
from apps.providers.adapters.collections import DeleteObject, PutObject, Stored

from . import event_json
from .event_json import TIMES, Wanted
from .event_text import UID, Found, text
from .events import Events, etag
from .graph import Graph, Json, segment

NAMES: Final = uuid.UUID("0b7e1e0f-9c5f-4a56-8d0d-0c6a5b8a9d11")
TRIES: Final = 3


class EventWriter:
    """Writes the events of one account."""

    def __init__(self, graph: Graph, events: Events) -> None:
        self._graph, self._events = graph, events

    def put(self, command: PutObject) -> Stored:
        """See CollectionAdapter.execute."""
        wanted = event_json.wanted(command.data)
        if command.if_match is None:
            return self._create(command, wanted)
        found = self._events.found(command.collection, command.remote_id)
        now = event_json.wanted(text(found))
        if now == wanted:
            return self._stored(command.collection, command.remote_id)
        if etag(found.event) != command.if_match:
            raise errors.Conflict("the event changed at Microsoft", remote_etag=etag(found.event))
        answered = self._answer(command, found.me, now, wanted)
        # An answer makes another version of the event, which is ours.
        self._write(command.collection, command.remote_id, now, wanted, "" if answered else command.if_match)
        return self._stored(command.collection, command.remote_id)

    def _stored(self, calendar: str, name: str) -> Stored:
        try:
            return Stored(name, self._events.record(calendar, name))
        except errors.NotFound:
            return Stored(name)  # declined: Outlook takes it out of the calendar

    # ------------------------------------------------------------------ making

    def _create(self, command: PutObject, wanted: Wanted) -> Stored:
        path = f"calendars/{segment(command.collection)}/events"
        transaction = str(uuid.uuid5(NAMES, f"{command.collection} {command.remote_id} {wanted.uid}"))
        body = {name: value for name, value in wanted.event.items() if value is not None}
        try:
            made = self._graph.send("POST", path, body | {"transactionId": transaction}).json
        except errors.Conflict:
            # The transaction is known: a first try got through.
            made = self._made(path, wanted.uid)
        name = str(made["id"])
        if wanted.overrides or wanted.gone:
            found = self._events.found(command.collection, name)
            self._write(command.collection, name, event_json.wanted(text(found)), wanted, "")
        return self._stored(command.collection, name)

    def _made(self, path: str, uid: str) -> Json:
        quoted = uid.replace("'", "''")
        condition = f"singleValueExtendedProperties/Any(ep: ep/id eq '{UID}' and ep/value eq '{quoted}')"
        for item in self._graph.values(path, select="id", filter=condition):
            return item
        raise errors.Transient("an event was made before, and is not in the list yet")

    # ------------------------------------------------------------------ changing

    def _write(self, calendar: str, name: str, now: Wanted, then: Wanted, if_match: str) -> None:
        """Write what differs: the series, then its dates."""
        if now.gone - then.gone and now.event.get("recurrence") == then.event.get("recurrence"):
            raise errors.Rejected("Outlook cannot bring back an event that was taken out of its series.")
        body = event_json.difference(now.event, then.event)
        self._check_online(now.event, body)
        if body:
            self._patch(name, body, if_match)
        overrides: Mapping[datetime, Json] = now.overrides
        gone = now.gone
        if TIMES & body.keys():
            overrides, gone = {}, frozenset()
        if then.overrides == overrides and then.gone == gone:
            return
        found = self._events.found(calendar, name)
        for local in sorted(then.gone - gone):
            self._remove(name, self._id(name, found, local))
        for local in sorted(then.overrides.keys() | overrides.keys()):
            there = overrides.get(local) or then.plain(local)
            change = event_json.difference(there, then.overrides.get(local) or then.plain(local))
            change.pop("singleValueExtendedProperties", None)
            if change and (instance := self._id(name, found, local)):
                self._check_online(there, change)
                self._patch(instance, change, "")

    def _id(self, name: str, found: Found, local: datetime) -> str:
        try:
            return str(self._events.occurrence(name, found, local)["id"])
        except errors.NotFound:
            return ""

    def _patch(self, name: str, body: Json, if_match: str) -> None:
        try:
            self._graph.send("PATCH", f"events/{segment(name)}", body, if_match=if_match)
        except errors.Conflict as error:
            now = etag(self._events.event(name))
            raise errors.Conflict("the event changed at Microsoft", said=error.said, remote_etag=now) from None

    def _check_online(self, now: Json, body: Json) -> None:
        """The text of an online meeting holds the way into it: one without would end it."""
        if now.get("isOnlineMeeting") and "body" in body:
            raise errors.Rejected("Outlook keeps the way into an online meeting in its text: change it in Outlook.")

    def _remove(self, name: str, instance: str) -> None:
        if not instance:
            return
        try:
            self._graph.send("DELETE", f"events/{segment(instance)}")
        except errors.NotFound:
            return

    def _answer(self, command: PutObject, me: str, now: Wanted, then: Wanted) -> bool:
        """Answer an invitation when that was edited: the organizer hears of it from Exchange. True when it was."""
        answer = then.answers.get(me.lower(), "")
        if not me or answer == now.answers.get(me.lower(), "") or answer not in event_json.RESPONSES:
            return False
        path = f"events/{segment(command.remote_id)}/{event_json.RESPONSES[answer]}"
        try:
            self._graph.send("POST", path, {"sendResponse": True})
        except errors.Rejected as error:
            raise errors.Rejected("Outlook does not take this answer", said=error.said) from None
        return True

    # ------------------------------------------------------------------ deleting

    def delete(self, command: DeleteObject) -> Stored:
        """See CollectionAdapter.execute. Exchange tells those who were invited."""
        try:
            self._graph.send("DELETE", f"events/{segment(command.remote_id)}", if_match=command.if_match)
        except errors.NotFound:
            return Stored(command.remote_id)
        except errors.Conflict as error:
            try:
                now = etag(self._events.event(command.remote_id))
            except errors.NotFound:
                return Stored(command.remote_id)
            raise errors.Conflict("the event changed at Microsoft", said=error.said, remote_etag=now) from None
        return Stored(command.remote_id)
