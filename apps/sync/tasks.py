"""Celery entry points of the engine: open the tenant, call it, nothing else."""

from celery import shared_task

from apps.tenants.tasks import PublicTask, TenantTask, for_each_tenant

from . import accounts, heartbeats, lease, runs, scheduler, targets


@shared_task(base=TenantTask, name="sync.run", acks_late=True, ignore_result=True)
def run_sync(tenant_id: str, target_id: str) -> None:
    """Sync one target. Delivered twice is harmless: the lease admits one runner."""
    with lease.take(target_id) as held:
        while held and held.claim_wanted():
            runs.news(held)


@shared_task(base=TenantTask, name="sync.backfill", acks_late=True, ignore_result=True)
def backfill(tenant_id: str, target_id: str) -> None:
    """Read missing history of one target for a slice. Behind a runner that has the lease it waits its turn."""
    with lease.take(target_id) as held:
        if held:
            runs.backfill(held)
        else:
            targets.postpone_backfill(target_id)


@shared_task(base=PublicTask, name="sync.tick", ignore_result=True)
def tick() -> None:
    """Claim what is due and enqueue it, batch after batch until less than a full one was due."""
    heartbeats.note(heartbeats.WORKER)
    scheduler.drain()


@shared_task(base=PublicTask, name="sync.sweep", ignore_result=True)
def sweep() -> None:
    """Enqueue wanted targets whose task was lost."""
    targets.sweep()


@shared_task(base=TenantTask, name="sync.adopt", ignore_result=True)
def adopt(tenant_id: str) -> None:
    """Begin with what one tenant's accounts have and nothing syncs yet."""
    accounts.adopt()


@shared_task(base=PublicTask, name="sync.adopt_all", ignore_result=True)
def adopt_all() -> None:
    """One such task for each active tenant."""
    for_each_tenant(adopt)
