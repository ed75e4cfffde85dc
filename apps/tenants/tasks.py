"""The base of every Celery task: a task names its tenant, or is declared as working on public rows."""

from typing import Any

import structlog
from celery import Task
from django.db import close_old_connections

from . import context
from .models import Status, Tenant

log = structlog.get_logger(__name__)


class TenantTask(Task):  # type: ignore[type-arg]  # celery-types' Task takes parameters only for checkers
    """Opens the tenant named by the first argument around the task's body.

    A task without a tenant raises TenantRequired: nothing runs on a default. A suspended, erased
    or not yet migrated tenant ends the task with a line in the log, because its work is found
    again by the sweep once it may run.
    """

    abstract = True
    tenant_scoped = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        tenant_id = args[0] if args else kwargs.get("tenant_id")
        if not tenant_id:
            raise context.TenantRequired(f"Missing tenantId in task {self.name}")
        try:
            tenant = context.get(tenant_id)
            with context.open(tenant):
                return super().__call__(*args, **kwargs)
        except context.TenantClosed as closed:
            log.warning("task left out", task=self.name, reason=str(closed))
            return None
        finally:
            close_old_connections()


class PublicTask(Task):  # type: ignore[type-arg]  # as above
    """A task over public rows (schedulers, sweeps): it opens no tenant."""

    abstract = True
    tenant_scoped = False


def for_each_tenant(task: "Task[..., Any]", queue: str = "housekeeping") -> None:
    """Enqueue a task for every active tenant, one each, so that a tenant in trouble stops no other."""
    for tenant_id in Tenant.objects.filter(status=Status.ACTIVE).values_list("id", flat=True).iterator():
        task.apply_async((str(tenant_id),), queue=queue)
