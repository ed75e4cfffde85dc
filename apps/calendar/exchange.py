"""Calendars as files (.ics): given out, each event as its provider has it."""

import re
from typing import Final
from uuid import UUID

from django.db.models import BigIntegerField, Func, Sum

from apps.collections import service
from apps.core.problems import Problem
from apps.providers.adapters import ical
from apps.users.members import Member

from .kind import KIND
from .models import Event

EXPORTED_MOST: Final = 100_000_000
"""Octets of one file."""


def export(member: Member, calendar_id: UUID) -> tuple[str, bytes]:
    """A file's name and the events and tasks of a calendar in it. Raises a problem when they are too much for one."""
    place = service.collection(KIND, member, calendar_id)
    found = Event.objects.filter(collection=place, leaving__isnull=True, refused="")
    size = found.aggregate(size=Sum(Func("data", function="octet_length", output_field=BigIntegerField())))["size"]
    if (size or 0) > EXPORTED_MOST:
        raise Problem(413, "too_big", "This calendar is too big for one file.")
    texts = found.order_by("starts_at", "pk").values_list("data", flat=True).iterator()
    name = re.sub(r"[^A-Za-z0-9 _-]", "", place.name).strip() or "calendar"
    return f"{name}.ics", ical.join((bytes(text) for text in texts), place.name)
