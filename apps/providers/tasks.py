"""Celery entry points of providers: open the tenant, call one function, nothing else."""

from uuid import UUID

import structlog
from celery import shared_task
from kombu.exceptions import OperationalError

from apps.tenants.tasks import PublicTask, TenantTask, for_each_tenant

from . import removal

log = structlog.get_logger(__name__)


class Removal(TenantTask):
    """Hands itself to the queue; when that is out of reach, the hourly look finds the account."""

    abstract = True

    def hand_over(self, tenant_id: str, account_id: str) -> None:
        """Enqueue. Never raises for an unreachable queue."""
        try:
            self.apply_async((tenant_id, account_id), queue="housekeeping")
        except (OperationalError, OSError) as error:
            log.warning("removal not enqueued; the hourly look will", account=account_id, reason=type(error).__name__)


@shared_task(base=Removal, name="providers.remove_mirror", acks_late=True, ignore_result=True)
def remove_mirror(tenant_id: str, account_id: str) -> None:
    """Remove a disconnected account's mirror. Delivered twice, the second finds nothing."""
    removal.remove(UUID(account_id))


@shared_task(base=TenantTask, name="providers.finish_removals", ignore_result=True)
def finish_removals(tenant_id: str) -> None:
    """Go on with a tenant's removals that were cut off, and remove files that belong to no account any more."""
    for account_id in removal.unfinished():
        removal.remove(account_id)
    removal.sweep_files()


@shared_task(base=PublicTask, name="providers.finish_all_removals", ignore_result=True)
def finish_all_removals() -> None:
    """One such task for each active tenant, so that a tenant in trouble stops no other."""
    for_each_tenant(finish_removals)
