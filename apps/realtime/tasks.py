"""Celery entry points: the journals' retention."""

from datetime import timedelta

import structlog
from celery import shared_task
from django.conf import settings

from apps.core.clock import now
from apps.tenants.models import Status, Tenant
from apps.tenants.tasks import PublicTask, TenantTask

from . import journal

log = structlog.get_logger(__name__)


@shared_task(base=TenantTask, name="realtime.prune")
def prune(tenant_id: str) -> None:
    """Forget one tenant's events that are older than PMSYNC_JOURNAL_DAYS."""
    removed = journal.prune(now() - timedelta(days=settings.PMSYNC_JOURNAL_DAYS))
    if removed:
        log.info("journal pruned", entries=removed)


@shared_task(base=PublicTask, name="realtime.prune_all")
def prune_all() -> None:
    """Have every tenant's journal pruned."""
    for tenant_id in Tenant.objects.filter(status=Status.ACTIVE).values_list("id", flat=True).iterator():
        prune.apply_async((str(tenant_id),), queue="housekeeping")
