"""Celery entry points of compose: open the tenant, call it, nothing else."""

from celery import shared_task

from apps.providers.models import ProviderAccount
from apps.tenants.tasks import PublicTask, TenantTask, for_each_tenant

from . import housekeeping, people


@shared_task(base=TenantTask, name="compose.gather_people", ignore_result=True)
def gather_people(tenant_id: str) -> None:
    """Gather whom the tenant's people write to, to the end."""
    for account in ProviderAccount.objects.all():
        while people.gather(account):
            pass


@shared_task(base=TenantTask, name="compose.tidy", ignore_result=True)
def tidy(tenant_id: str) -> None:
    """Tidy one tenant's drafts and files."""
    housekeeping.tidy()


@shared_task(base=PublicTask, name="compose.tidy_all", ignore_result=True)
def tidy_all() -> None:
    """One tidying task for each active tenant."""
    for_each_tenant(tidy)
