"""A tenant's journal, one gap-free sequence of everything its people should see change, and who is pushed it."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from apps.core.ids import new_id


class JournalHead(models.Model):
    """The last number given out, and the last one pruned. One row; its lock orders the commits."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField(default=0)
    pruned_to = models.BigIntegerField(default=0)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="journal_head_one_row"),)


class JournalEntry(models.Model):
    """One event. `account_id` says whose account it is about; null concerns everybody of the tenant.

    `only_for` narrows an event to certain people (their public ids), beyond account access.
    """

    seq = models.BigIntegerField(primary_key=True)
    event = models.CharField(max_length=40)
    account_id = models.UUIDField(null=True)
    only_for = ArrayField(models.UUIDField(), null=True)
    at = models.DateTimeField()
    data = models.JSONField()

    class Meta:
        indexes = (models.Index(fields=("at",), name="journal_at"),)


class PushSubscription(models.Model):
    """A browser that is told of news while no page of ours is open (RFC 8030).

    It lives as long as the session it was made in. `keys` are the browser's, sealed; `key_id` names
    the master key whose VAPID key it was made for. Times are the database's.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user_id = models.UUIDField(db_index=True)
    session_id = models.UUIDField(db_index=True)
    endpoint = models.CharField(max_length=1000, unique=True)
    keys = models.BinaryField()
    key_id = models.CharField(max_length=40)
    language = models.CharField(max_length=5)
    created_at = models.DateTimeField(db_default=Now())
    last_ok_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
