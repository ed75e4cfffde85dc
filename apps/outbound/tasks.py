"""Celery entry points of outbound: open the tenant, call it, nothing else."""

from celery import shared_task
from django.db.models.functions import Now

from apps.sync import lease
from apps.sync.models import SyncTarget
from apps.tenants.tasks import PublicTask, TenantTask, for_each_tenant

from . import pruning, runner


@shared_task(base=TenantTask, name="outbound.run", acks_late=True, ignore_result=True)
def run(tenant_id: str, target_id: str) -> None:
    """Execute an account's commands that are due. Delivered twice is harmless: the lease admits one runner."""
    # A task sent for a moment ahead carries no request: that its moment has come is one.
    SyncTarget.objects.filter(pk=target_id, wanted_at__isnull=True, due_at__lte=Now()).update(
        wanted_at=Now(), wanted_because="schedule"
    )
    with lease.take(target_id) as held:
        while held and held.claim_wanted():
            runner.run(held)


@shared_task(base=TenantTask, name="outbound.prune", ignore_result=True)
def prune(tenant_id: str) -> None:
    """Forget one tenant's old commands."""
    pruning.prune()


@shared_task(base=PublicTask, name="outbound.prune_all", ignore_result=True)
def prune_all() -> None:
    """One pruning task for each active tenant."""
    for_each_tenant(prune)
