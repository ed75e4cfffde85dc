"""Celery entry points: the journals' retention, and telling devices of news. Arguments are ids and numbers only."""

from datetime import timedelta
from uuid import UUID

import structlog
from celery import Task, shared_task
from django.conf import settings

from apps.core.clock import now
from apps.tenants.tasks import PublicTask, TenantTask, for_each_tenant

from . import journal
from .push import delivery, subscriptions
from .push.announcing import QUEUE

log = structlog.get_logger(__name__)


@shared_task(base=TenantTask, name="realtime.prune")
def prune(tenant_id: str) -> None:
    """Forget one tenant's events that are older than PMSYNC_JOURNAL_DAYS, and devices that were signed out."""
    removed = journal.prune(now() - timedelta(days=settings.PMSYNC_JOURNAL_DAYS))
    if removed:
        log.info("journal pruned", entries=removed)
    if over := subscriptions.sweep():
        log.info("push subscriptions removed whose session is over", devices=over)


@shared_task(base=PublicTask, name="realtime.prune_all")
def prune_all() -> None:
    """Have every tenant's journal pruned."""
    for_each_tenant(prune)


@shared_task(base=TenantTask, name="realtime.tell", ignore_result=True)
def tell(tenant_id: str, after: str, last: str) -> None:
    """Find the devices to be told of the events after number `after` up to `last`; one task for each.

    Delivered twice, each device is sent the same again under the same Topic, and replaces it.
    """
    for subscription_id in delivery.recipients(int(after), int(last)):
        push.apply_async((tenant_id, str(subscription_id), after, last), queue=QUEUE)


@shared_task(bind=True, base=TenantTask, name="realtime.push", ignore_result=True, max_retries=delivery.TRIES)
def push(self: "Task[..., None]", tenant_id: str, subscription_id: str, after: str, last: str) -> None:
    """Push to one device what its person has to be told of these events; comes back when the push service asks."""
    wait = delivery.deliver(UUID(subscription_id), int(after), int(last), tries=self.request.retries)
    if wait is not None:
        raise self.retry(countdown=wait, queue=QUEUE)
