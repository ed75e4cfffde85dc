"""Calendars as files (.ics): given out, each event as its provider has it, and taken in."""

import hashlib
import re
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID, uuid5

from apps.collections import files, service
from apps.collections.files import PIECE_MOST, Import, Piece
from apps.providers.adapters import ical
from apps.users.members import Member

from .kind import KIND
from .models import Calendar, Event

TAKEN: Final = ("VEVENT", "VTODO")
NAMED_BY_TEXT: Final = UUID("c4f2f3d5-5f0a-4d7e-9a55-6b1f8f5d1f3b")
"""Of what has no UID the text itself is the identity, so that the same file again makes nothing twice."""


def export(member: Member, calendar_id: UUID) -> tuple[str, bytes]:
    """A file's name and the events and tasks of a calendar in it. Raises a problem when they are too much for one."""
    place = service.collection(KIND, member, calendar_id)
    found = Event.objects.filter(collection=place, leaving__isnull=True, refused="").order_by("starts_at", "pk")
    held = files.texts(found, "This calendar is too big for one file.")
    name = re.sub(r"[^A-Za-z0-9 _-]", "", place.name).strip() or "calendar"
    return f"{name}.ics", ical.join(held, place.name)


def take_in(member: Member, key: str, calendar_id: UUID, data: bytes, *, update: bool) -> dict[str, Any]:
    """The events and tasks of an .ics file into a calendar; nobody is invited by it. Raises problems that say why
    nothing of it can be taken in."""
    place = service.collection(KIND, member, calendar_id)
    return files.take_in(member, key, Import(KIND, place, update), _pieces(place, data))


def _pieces(place: Calendar, data: bytes) -> Iterator[Piece]:
    for uid, text in ical.pieces(data):
        whole = ical.read(text, place.timezone)
        name = next((item.title for item in whole.items if item.title), "")
        refused = _refused(place, whole, text)
        if not uid and not refused:
            uid = str(uuid5(NAMED_BY_TEXT, hashlib.sha256(text).hexdigest()))
            text = ical.with_uid(text, uid)
        yield Piece(name, uid, text, refused)


def _refused(place: Calendar, whole: ical.Whole, text: bytes) -> str:
    if whole.component not in TAKEN:
        return "other_kind"
    if place.components and whole.component not in place.components:
        return "not_here"
    if len(text) > PIECE_MOST:
        return "too_big"
    if whole.component == "VEVENT" and not any(item.start for item in whole.items):
        return "no_start"
    return ""
