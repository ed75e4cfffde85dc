"""Celery entry points of contacts: open the tenant, call it, nothing else."""

from celery import shared_task

from apps.tenants.tasks import PublicTask, TenantTask, for_each_tenant

from . import merging


@shared_task(base=TenantTask, name="contacts.forget_merges", ignore_result=True)
def forget_merges(tenant_id: str) -> None:
    """Forget one tenant's merges that can no longer be undone."""
    merging.forget()


@shared_task(base=PublicTask, name="contacts.forget_all_merges", ignore_result=True)
def forget_all_merges() -> None:
    """One such task for each active tenant."""
    for_each_tenant(forget_merges)
