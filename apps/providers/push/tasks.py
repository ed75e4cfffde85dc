"""Celery entry points of the subscriptions at providers: open the tenant, call one function, nothing else."""

from uuid import UUID

from celery import shared_task

from apps.providers import clouds
from apps.tenants.tasks import PublicTask, TenantTask, for_each_tenant

from . import rings, upkeep
from .models import PushRoute


@shared_task(base=PublicTask, name="push.tick", ignore_result=True)
def tick() -> None:
    """Hand on what is due, and keep at hand what pushes are checked with."""
    upkeep.tick()
    for cloud in clouds.configured().values():
        cloud.pusher.prepare()


@shared_task(base=TenantTask, name="push.keep", acks_late=True, ignore_result=True)
def keep(tenant_id: str, account_id: str) -> None:
    """Look after an account's subscriptions. Delivered twice, the second finds nothing due."""
    upkeep.keep(UUID(account_id))


@shared_task(base=TenantTask, name="push.ring", ignore_result=True)
def ring(tenant_id: str, route_id: str) -> None:
    """The ring behind a storm of them."""
    for route in PushRoute.objects.filter(pk=route_id, tenant_id=tenant_id, is_ending=False):
        rings.ring(route)


@shared_task(base=PublicTask, name="push.prepare", ignore_result=True)
def prepare() -> None:
    """Fetch what webhooks check with: something came that what is at hand does not suffice for."""
    for cloud in clouds.configured().values():
        cloud.pusher.prepare(anew=True)


@shared_task(base=TenantTask, name="push.adopt", ignore_result=True)
def adopt(tenant_id: str) -> None:
    """Subscribe for a tenant's accounts that were connected when this installation could not be told of anything."""
    upkeep.adopt()


@shared_task(base=PublicTask, name="push.adopt_all", ignore_result=True)
def adopt_all() -> None:
    """One such task for each active tenant."""
    if clouds.configured():
        for_each_tenant(adopt)
