"""A tenant's journal: one gap-free sequence of everything its people should see change."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


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
