"""Celery entry points of mail's housekeeping."""

from celery import shared_task

from apps.tenants.models import Status, Tenant
from apps.tenants.tasks import PublicTask, TenantTask

from . import burial


@shared_task(base=TenantTask, name="mail.bury", ignore_result=True)
def bury(tenant_id: str) -> None:
    """End the grace of one tenant's orphaned messages."""
    burial.bury()


@shared_task(base=PublicTask, name="mail.bury_all", ignore_result=True)
def bury_all() -> None:
    """One burial task for each active tenant."""
    for tenant_id in Tenant.objects.filter(status=Status.ACTIVE).values_list("id", flat=True).iterator():
        bury.apply_async((str(tenant_id),), queue="housekeeping")
