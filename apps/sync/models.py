"""What the scheduler reads: one public row per account and resource kind, with no content and no secret."""

from django.db import models

from apps.core.ids import new_id
from apps.tenants.models import Tenant


class Tier(models.IntegerChoices):
    """Scheduling tiers of the blueprint (mission M035)."""

    CRITICAL = 1
    HIGH = 2
    NORMAL = 3
    LOW = 4


class Phase(models.TextChoices):
    """`initial` while history is missing: in a first import, and when a mailbox appears or is numbered anew."""

    INITIAL = "initial"
    LIVE = "live"


class Breaker(models.TextChoices):
    """The circuit breaker of one target (mission M053)."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


class SyncTarget(models.Model):
    """One account's mail (or calendar, or contacts) as a thing to be synced.

    `wanted_at` says that somebody asked and nobody has begun to answer; `queued_at` that a task is
    on its way. In the phase `initial` history is missing, and `backfill_queued_at` says that a task
    to read it is on its way. The lease admits one runner; `lease_fence` grows with each, and a runner
    whose number is no longer the newest may write nothing.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="sync_targets")
    account_id = models.UUIDField()
    kind = models.CharField(max_length=12)
    provider_type = models.CharField(max_length=12)
    host = models.CharField(max_length=255, blank=True)
    is_active = models.BooleanField(default=True)
    phase = models.CharField(max_length=8, choices=Phase, default=Phase.INITIAL)
    tier = models.SmallIntegerField(choices=Tier, default=Tier.NORMAL)
    due_at = models.DateTimeField()
    wanted_at = models.DateTimeField(null=True)
    wanted_because = models.CharField(max_length=20, blank=True)
    queued_at = models.DateTimeField(null=True)
    backfill_queued_at = models.DateTimeField(null=True)
    lease_fence = models.BigIntegerField(default=0)
    lease_owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    last_synced_at = models.DateTimeField(null=True)
    activity_rate = models.FloatField(default=0.0)
    error_count = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=40, blank=True)
    error_reason = models.CharField(max_length=500, blank=True)
    breaker = models.CharField(max_length=10, choices=Breaker, default=Breaker.CLOSED)
    breaker_until = models.DateTimeField(null=True)
    breaker_trips = models.PositiveIntegerField(default=0)
    push_until = models.DateTimeField(null=True)
    push_kind = models.CharField(max_length=10, blank=True)
    watch_owner = models.CharField(max_length=80, blank=True)
    watch_until = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("tenant", "account_id", "kind"), name="target_once"),)
        indexes = (
            models.Index(fields=("due_at",), name="target_due", condition=models.Q(is_active=True)),
            models.Index(fields=("wanted_at",), name="target_wanted", condition=models.Q(wanted_at__isnull=False)),
            models.Index(fields=("host",), name="target_host", condition=models.Q(is_active=True)),
        )

    def __str__(self) -> str:
        return f"{self.kind} of account {self.account_id}"
