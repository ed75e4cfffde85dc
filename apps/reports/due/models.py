"""One public row for each person of a company: when there is something to do about their report."""

from django.db import models

from apps.tenants.models import Tenant
from apps.users.models import Membership


class ReportDue(models.Model):
    """When a person's report is next worked on, in UTC. No content, no address.

    `due_at` is null for who wants none. `deliver_at` is the hour that must not be missed: from then on nothing waits
    for a model. `last_day` is the last day that was dealt with, so that no day is dealt with twice. `zone` is the time
    zone that the times were worked out in. A tick that hands the row on sets `queued_until`, a worker that takes it
    `leased_until`; `fence` grows with each, and a worker whose number is no longer the newest writes nothing here.
    """

    membership = models.OneToOneField(Membership, on_delete=models.CASCADE, primary_key=True, related_name="+")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    zone = models.CharField(max_length=64)
    due_at = models.DateTimeField(null=True)
    deliver_at = models.DateTimeField(null=True)
    last_day = models.DateField(null=True)
    queued_until = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    fence = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("due_at",), name="report_due", condition=models.Q(due_at__isnull=False)),)

    def __str__(self) -> str:
        return str(self.membership_id)
