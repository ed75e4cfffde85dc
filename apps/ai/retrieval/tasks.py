"""Celery entry points of reading: open the tenant, call it, nothing else."""

import structlog
from celery import shared_task
from kombu.exceptions import OperationalError

from apps.ai.chat import keeping as chat
from apps.tenants.tasks import PublicTask, TenantTask, for_each_tenant

from . import filling, rounds

log = structlog.get_logger(__name__)


class Reading(TenantTask):
    """Hands itself to the queue; lost, the sweep finds what it would have done."""

    abstract = True

    def hand_over(self, tenant_id: str, *, after: float = 0) -> None:
        """Enqueue, to begin after so many seconds. Never raises for an unreachable queue."""
        try:
            self.apply_async((tenant_id,), queue="embedding", countdown=after)
        except (OperationalError, OSError) as error:
            log.warning("reading not enqueued; the sweep does it", reason=type(error).__name__)


@shared_task(base=Reading, name="ai.embed", bind=True, ignore_result=True)
def embed(self: Reading, tenant_id: str) -> None:
    """Read what waits in one tenant for a while, and hand over what is left."""
    left = rounds.read()
    if left is not None:
        self.hand_over(tenant_id, after=left)


@shared_task(base=Reading, name="ai.embed_sweep", ignore_result=True)
def sweep(tenant_id: str) -> None:
    """Remove what may not be kept any more, then read what no wake-up told of."""
    filling.forget_withdrawn()
    chat.forget_withdrawn()
    chat.prune()
    if filling.accounts():
        embed.hand_over(tenant_id)


@shared_task(base=PublicTask, name="ai.embed_all", ignore_result=True)
def sweep_all() -> None:
    """One sweep for each active tenant."""
    for_each_tenant(sweep, "embedding")
