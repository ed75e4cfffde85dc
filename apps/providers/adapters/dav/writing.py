"""Changes at the server: each is safe to be tried again when its outcome is not known."""

import re
from dataclasses import dataclass
from typing import Final

from apps.providers.adapters import contentlines, errors, web
from apps.providers.adapters.collections import DeleteObject, MoveObject, ObjectRecord, PutObject, Stored

from . import objects, xml
from .connection import GONE, Connection, failure
from .discovery import TYPE, Service

COMPONENT: Final = re.compile(rb"^BEGIN:(VEVENT|VTODO|VJOURNAL|VFREEBUSY)", re.MULTILINE | re.IGNORECASE)
FOUR: Final = re.compile(rb"^VERSION:4\.0\s*$", re.MULTILINE | re.IGNORECASE)
UNUSABLE: Final = ("W/", objects.HASHED)
"""Etags that If-Match does not take: weak ones (RFC 9110 section 8.8.3) and ours."""

UNMOVED: Final = (400, 403, 405, 409, 415, 501, 502)


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes through one connection."""

    connection: Connection
    service: Service

    def put(self, command: PutObject) -> Stored:
        """Write an object. Raises Conflict, Rejected, NotFound, PermissionMissing and those of the connection."""
        headers = {"Content-Type": self._type(command.data)}
        if command.if_match is None:
            headers["If-None-Match"] = "*"
        elif command.if_match.startswith(UNUSABLE):
            # The race that is left is the server's: it offers nothing to close it with.
            there = self._there(command.remote_id)
            if there is None or there.etag != command.if_match:
                return self._refused(command, "")
        else:
            headers["If-Match"] = command.if_match
        answer = self.connection.ask("PUT", command.remote_id, command.data, headers)
        if answer.status in (200, 201, 204):
            # The server may have rewritten the text, whatever etag it answered with.
            return Stored(command.remote_id, objects.one(self.connection, command.remote_id))
        if answer.status == 412 or xml.precondition(answer.body) == "no-uid-conflict":
            return self._refused(command, _said(answer))
        if answer.status in GONE or answer.status == 409:
            raise self._missing(command, answer)
        error = failure(answer)
        if isinstance(error, errors.PermissionMissing) and xml.precondition(answer.body) not in ("", "need-privileges"):
            raise errors.Rejected("the server does not take this text", said=error.said)
        raise error

    def _type(self, data: bytes) -> str:
        if self.service is Service.CARDDAV:
            return "text/vcard; charset=utf-8" + ("; version=4.0" if FOUR.search(data) else "")
        found = COMPONENT.search(data)
        component = f"; component={found.group(1).decode().upper()}" if found else ""
        return f"text/calendar; charset=utf-8{component}"

    def _refused(self, command: PutObject, said: str) -> Stored:
        """The object is not the one that was read: unless it is what we wrote ourselves, before an answer was lost."""
        there = self._there(command.remote_id)
        if there is None:
            raise errors.Conflict("the object is gone, or the server has it elsewhere", said=said)
        if _lines(there.data) == _lines(command.data):
            return Stored(command.remote_id, there)
        raise errors.Conflict("the object changed at the server", said=said, remote_etag=there.etag)

    def _missing(self, command: PutObject, answer: web.Answer) -> errors.AdapterError:
        """404 to a PUT: the collection is gone; or it is there, and the server means the text (iCloud)."""
        try:
            _, told = self.connection.multistatus("PROPFIND", command.collection, xml.propfind((TYPE,)), depth=0)
        except errors.NotFound:
            told = xml.Multistatus(())
        # Xandikos answers 207 for a place where nothing is.
        if any(resource.has_type(self.service.collection) for resource in told.resources):
            return errors.Rejected("the server does not take this text", said=_said(answer))
        return errors.NotFound("the collection does not exist at the server", said=_said(answer))

    def delete(self, command: DeleteObject) -> Stored:
        """Delete an object. Raises Conflict when it is not the one that was read; one that is gone is no error."""
        headers = {}
        if not command.if_match.startswith(UNUSABLE):
            headers["If-Match"] = command.if_match
        elif (there := self._there(command.remote_id)) is not None and there.etag != command.if_match:
            raise errors.Conflict("the object changed at the server", remote_etag=there.etag)
        answer = self.connection.ask("DELETE", command.remote_id, b"", headers)
        if answer.status in (200, 202, 204) or answer.status in GONE:
            return Stored(command.remote_id)
        if answer.status == 412:
            there = self._there(command.remote_id)
            if there is None:
                return Stored(command.remote_id)
            raise errors.Conflict("the object changed at the server", said=_said(answer), remote_etag=there.etag)
        raise failure(answer)

    def move(self, command: MoveObject) -> Stored:
        """Move an object (RFC 4918 section 9.9). Raises Conflict when it is not the one that was read, or something is
        where it is to go; Rejected where the server does not move: it can still be written there and deleted here."""
        headers = {"Destination": self.connection.url(command.to_remote_id), "Overwrite": "F"}
        if not command.if_match.startswith(UNUSABLE):
            headers["If-Match"] = command.if_match
        answer = self.connection.ask("MOVE", command.remote_id, b"", headers)
        if answer.status in (200, 201, 204):
            return Stored(command.to_remote_id, objects.one(self.connection, command.to_remote_id))
        if answer.status == 412 or answer.status in GONE:
            there, moved = self._there(command.remote_id), self._there(command.to_remote_id)
            if there is None and moved is not None:
                return Stored(command.to_remote_id, moved)  # an answer was lost
            etag = there.etag if there is not None else None
            raise errors.Conflict("the object changed at the server", said=_said(answer), remote_etag=etag)
        if answer.status in UNMOVED:
            raise errors.Rejected("the server does not move it", said=_said(answer))
        raise failure(answer)

    def _there(self, remote_id: str) -> ObjectRecord | None:
        try:
            return objects.one(self.connection, remote_id)
        except errors.NotFound:
            return None


def _lines(data: bytes) -> list[tuple[str, str, str]]:
    """What a text says, line by line: servers order and fold what they are given in their own way."""
    return sorted((line.key, line.value, repr(sorted(line.parameters))) for line in contentlines.read(data))


def _said(answer: web.Answer) -> str:
    condition = xml.precondition(answer.body)
    return f"HTTP {answer.status}" + (f" {condition}" if condition else "")
