"""The mirrored calendars of a tenant. An iCalendar object is the truth; the other columns are read out of it."""

from django.contrib.postgres.fields import ArrayField, DateTimeRangeField
from django.contrib.postgres.indexes import GinIndex, GistIndex
from django.db import models

from apps.collections.models import Collection, CollectionObject


class Calendar(Collection):
    """A calendar: of events, of tasks, or of both."""

    timezone = models.CharField(max_length=64, blank=True)
    """Of what names no zone that is known; an IANA name."""
    components = ArrayField(models.CharField(max_length=20), default=list)
    schedules = models.BooleanField(default=False)
    """The server sends invitations and replies itself (RFC 6638)."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "remote_id"), name="calendar_once"),)


class Event(CollectionObject):
    """An event with all its instances, or a task: one iCalendar object of a calendar."""

    collection = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="events")
    component = models.CharField(max_length=16, blank=True)
    title = models.TextField(blank=True)
    location = models.TextField(blank=True)
    starts_at = models.DateTimeField(null=True)
    """Start of the first instance; of dates and times of no place as if they were of UTC."""
    ends_at = models.DateTimeField(null=True)
    all_day = models.BooleanField(default=False)
    zone = models.TextField(blank=True)
    """Of the start: an IANA name, or what the text calls it; empty for times of no place."""
    span = DateTimeRangeField(null=True)
    """From the start of the first instance to the end of the last; without an end when there is none."""
    repeats = models.BooleanField(default=False)
    series = models.JSONField(null=True)
    """When it repeats: its times, and what a list shows of each override (`shown`)."""
    status = models.CharField(max_length=20, blank=True)
    busy = models.BooleanField(default=True)
    organizer = models.TextField(blank=True)
    """The address of who invites, in lower case."""
    mine = models.CharField(max_length=20, blank=True)
    """The answer of the account's own person, when they are invited (PARTSTAT)."""
    due_at = models.DateTimeField(null=True)
    done = models.BooleanField(default=False)
    words = models.TextField(blank=True)
    """All that a search looks at, folded."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("collection", "remote_id"), name="event_once"),)
        indexes = (
            GistIndex(fields=("span",), name="event_span"),
            models.Index(fields=("account", "uid"), name="event_uid"),
            models.Index(
                fields=("account", "done", "due_at"), name="event_tasks", condition=models.Q(component="VTODO")
            ),
            GinIndex(fields=("words",), name="event_words", opclasses=("gin_trgm_ops",)),
        )
