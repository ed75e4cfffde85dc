"""Commands: what people asked to be changed at their providers, and how far each of them has come."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from apps.core.ids import new_id
from apps.providers.models import ProviderAccount


class State(models.TextChoices):
    """A command's life. `executing` outlives its worker: the next runner takes it up again.

    `doubt`: whether it took effect cannot be told (a send that was cut off); a person decides.
    """

    PENDING = "pending"
    EXECUTING = "executing"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DOUBT = "doubt"


# `finished_at` tells the same as the states `pending` and `executing`, in words that an index can hold.
OPEN = models.Q(finished_at__isnull=True)


class CommandRequest(models.Model):
    """One act of a person, however many commands it takes. The same key again answers the same request."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.CharField(max_length=80)
    by_user = models.UUIDField()
    action = models.CharField(max_length=24)
    args = models.JSONField(default=dict)
    selection = models.JSONField(null=True)
    """What is still to be found and changed, slice by slice; null once all of it is."""
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=8, default="open")
    undoes = models.UUIDField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("by_user", "key"), name="request_once"),)
        indexes = (models.Index(fields=("created_at",), name="request_age"),)

    def __str__(self) -> str:
        return f"{self.action} {self.id}"


class Command(models.Model):
    """One change at one account's provider.

    `number` orders the commands of an account; those that share an id of `concerns` never overtake one
    another. `notes` is what a step that cannot be repeated commits before it is tried.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    request = models.ForeignKey(CommandRequest, on_delete=models.SET_NULL, null=True, related_name="commands")
    account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="commands")
    number = models.BigIntegerField()
    kind = models.CharField(max_length=12)
    action = models.CharField(max_length=24)
    concerns = ArrayField(models.UUIDField(), default=list)
    args = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    not_before = models.DateTimeField(null=True)
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    notes = models.JSONField(default=dict)
    receipt = models.JSONField(null=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("account", "number"), name="command_order"),)
        indexes = (
            models.Index(
                fields=("account", "number"), name="command_open", condition=models.Q(finished_at__isnull=True)
            ),
            models.Index(fields=("account", "finished_at"), name="command_ended"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.action} {self.id}"
