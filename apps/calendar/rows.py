"""The JSON shapes of calendars: what the API answers and what events carry, made in one place."""

from datetime import UTC, datetime, tzinfo
from typing import Any

from apps.providers.accounts import iso
from apps.providers.adapters.ical import Instance, Item, values

from .models import Calendar, Event


def calendar_json(row: Calendar) -> dict[str, Any]:
    """A calendar as it is listed."""
    return {
        "id": str(row.pk),
        "account_id": str(row.account_id),
        "name": row.name,
        "color": row.color,
        "description": row.description,
        "timezone": row.timezone,
        "events": not row.components or "VEVENT" in row.components,
        "tasks": "VTODO" in row.components,
        "writable": row.writable,
        "schedules": row.schedules,
        "total": row.total,
        "remaining": row.remaining,
        "as_of": iso(row.as_of),
        "rev": row.rev,
    }


def event_json(row: Event) -> dict[str, Any]:
    """An event as journal events carry it: enough to know which windows it is in."""
    return {
        "id": str(row.pk),
        "account_id": str(row.account_id),
        "collection_id": str(row.collection_id),
        "uid": row.uid,
        "component": row.component,
        "title": row.title,
        "location": row.location,
        "starts_at": iso(row.starts_at),
        "ends_at": iso(row.ends_at),
        "all_day": row.all_day,
        "zone": row.zone,
        "repeats": row.repeats,
        "status": row.status,
        "busy": row.busy,
        "organizer": row.organizer,
        "mine": row.mine,
        "due_at": iso(row.due_at),
        "done": row.done,
        "pending": row.base is not None or not row.etag,
        "conflict": row.ours is not None,
        "rev": row.rev,
    }


def shown_json(item: Item, own: str) -> dict[str, Any]:
    """What a list shows of one override of a series."""
    return {
        "title": item.title,
        "location": item.location,
        "status": item.status,
        "busy": item.busy,
        "mine": answer_of(item, own),
    }


def answer_of(item: Item, own: str) -> str:
    """The account's own answer to an invitation; empty when it is none, or theirs to give."""
    return next((each.status for each in item.attendees if each.address.lower() == own.lower()), "")


def instance_json(row: Event, instance: Instance, here: tzinfo) -> dict[str, Any]:
    """One instance in a window: dates for what lasts whole days, else points in time."""
    shown = row.series["shown"][instance.item] if instance.item is not None and row.series else {}
    return {
        "id": str(row.pk),
        "key": instance.key,
        "account_id": str(row.account_id),
        "collection_id": str(row.collection_id),
        "title": shown.get("title", row.title),
        "location": shown.get("location", row.location),
        **times_json(instance, here),
        "all_day": instance.start.whole_day,
        "zone": instance.start.name,
        "status": shown.get("status", row.status),
        "busy": shown.get("busy", row.busy),
        "repeats": row.repeats,
        "override": instance.item is not None,
        "organizer": row.organizer,
        "mine": shown.get("mine", row.mine),
        "pending": row.base is not None or not row.etag,
        "conflict": row.ours is not None,
        "rev": row.rev,
    }


def times_json(instance: Instance, here: tzinfo) -> dict[str, str]:
    """Start and end of an instance; the end is the first day, or moment, that it does not last."""
    if instance.start.whole_day:
        return {"start": instance.start.local.date().isoformat(), "end": instance.end.local.date().isoformat()}
    return {"start": point(instance.start.instant(here)), "end": point(instance.end.instant(here))}


def point(moment: datetime) -> str:
    """A point in time."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def item_json(item: Item) -> dict[str, Any]:
    """What an event says, in the form in which it is edited; and what can only be shown."""
    return {field: values.of(item, field) for field in values.FIELDS} | {
        "attachments": [
            {"uri": each.uri, "media_type": each.media_type, "name": each.name, "size": each.size}
            for each in item.attachments
        ],
    }
