"""Celery entry points of mail's housekeeping."""

import structlog
from celery import shared_task
from kombu.exceptions import OperationalError

from apps.tenants.tasks import PublicTask, TenantTask, for_each_tenant

from . import burial
from .search import upkeep

log = structlog.get_logger(__name__)


@shared_task(base=TenantTask, name="mail.bury", ignore_result=True)
def bury(tenant_id: str) -> None:
    """End the grace of one tenant's orphaned messages."""
    burial.bury()


@shared_task(base=PublicTask, name="mail.bury_all", ignore_result=True)
def bury_all() -> None:
    """One burial task for each active tenant."""
    for_each_tenant(bury)


class Upkeep(TenantTask):
    """Hands itself to the queue; lost, the next one does its work too."""

    abstract = True

    def hand_over(self, tenant_id: str) -> None:
        """Enqueue. Never raises for an unreachable queue."""
        try:
            self.apply_async((tenant_id,), queue="housekeeping")
        except (OperationalError, OSError) as error:
            log.warning("sorting of words not enqueued; the next one does both", reason=type(error).__name__)


@shared_task(base=Upkeep, name="mail.sort_words", ignore_result=True)
def sort_words(tenant_id: str) -> None:
    """Sort what is new into the tenant's index of words."""
    upkeep.sort_in()
