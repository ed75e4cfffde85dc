"""Celery entry points of contacts: open the tenant, call it, nothing else."""

from celery import shared_task

from apps.tenants.models import Status, Tenant
from apps.tenants.tasks import PublicTask, TenantTask

from . import merging


@shared_task(base=TenantTask, name="contacts.forget_merges", ignore_result=True)
def forget_merges(tenant_id: str) -> None:
    """Forget one tenant's merges that can no longer be undone."""
    merging.forget()


@shared_task(base=PublicTask, name="contacts.forget_all_merges", ignore_result=True)
def forget_all_merges() -> None:
    """One such task for each active tenant."""
    for tenant_id in Tenant.objects.filter(status=Status.ACTIVE).values_list("id", flat=True).iterator():
        forget_merges.apply_async((str(tenant_id),), queue="housekeeping")
