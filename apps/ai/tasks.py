"""Celery entry points of the agents. Arguments are ids only."""

import structlog
from celery import shared_task

from apps.providers.models import ProviderAccount
from apps.tenants import context
from apps.tenants.tasks import PublicTask, TenantTask, for_each_tenant

from . import consent
from .model import keeping
from .reading import runner, stream, waking

log = structlog.get_logger(__name__)


@shared_task(base=TenantTask, name="ai.read", ignore_result=True)
def read(tenant_id: str) -> None:
    """Read along in one tenant for a while; comes back while there is more. Delivered twice, one of them reads."""
    again = runner.run()
    if again is not None:
        waking.wake(tenant_id, again)


@shared_task(base=TenantTask, name="ai.look", ignore_result=True)
def look(tenant_id: str) -> None:
    """Find what a lost task left behind, and forget what is no longer kept."""
    removed = keeping.prune()
    if removed:
        log.info("calls of the model forgotten", calls=removed)
    if consent.anybody():
        waking.wake(tenant_id)


@shared_task(base=PublicTask, name="ai.look_all", ignore_result=True)
def look_all() -> None:
    """One look for each active tenant."""
    for_each_tenant(look, waking.QUEUE)


def begin(account: ProviderAccount) -> None:
    """The agents may read this account from now on: its mail of the last days first."""
    stream.recent(account.pk)
    waking.wake(str(context.current().pk))
