"""The one way into a tenant's schema.

`with context.open(tenant):` in synchronous code, nothing else. Two mistakes that are easy to make
with schemas are refused here: opening a tenant inside a running event loop (an async ORM call
would use another thread's connection, on whatever schema that one stands), and opening a second
tenant inside the first (no statement or transaction may span two).
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import structlog
from django.core.exceptions import ValidationError

from . import schema, search_path
from .models import PUBLIC, Status, Tenant


class TenantRequired(Exception):
    """Tenant work was asked for without naming a tenant."""


class TenantClosed(Exception):
    """The tenant exists but may not be worked on now."""


class TenantUnknown(TenantClosed):
    """No such tenant; it may have been erased."""


class TenantSuspended(TenantClosed):
    """An operator suspended the tenant."""


class TenantBehind(TenantClosed):
    """The tenant's schema is older than this code: run `manage.py migrate`."""


class ContextMisuse(RuntimeError):
    """A tenant was opened where it could leak into another's work."""


def get(tenant_id: UUID | str) -> Tenant:
    """The tenant's row. Raises TenantRequired for an empty id, TenantUnknown for a strange one."""
    if not tenant_id:
        raise TenantRequired("Missing tenantId")
    try:
        return Tenant.objects.get(pk=tenant_id)
    except (Tenant.DoesNotExist, ValidationError):
        raise TenantUnknown(f"tenant {tenant_id} does not exist") from None


def check_open(tenant: Tenant) -> None:
    """Raise TenantClosed with the reason and the next step when work may not happen now."""
    if tenant.status == Status.SUSPENDED:
        raise TenantSuspended(f"tenant {tenant.slug} is suspended; `manage.py tenant resume {tenant.slug}` reopens it")
    if tenant.status != Status.ACTIVE:
        raise TenantUnknown(f"tenant {tenant.slug} is {tenant.status}")
    if tenant.schema_version < schema.version():
        raise TenantBehind(f"tenant {tenant.slug} stands at schema {tenant.schema_version}; run `manage.py migrate`")


@contextmanager
def open(tenant: Tenant) -> Iterator[Tenant]:  # noqa: A001  read as context.open
    """Work inside one tenant's schema, in this thread, until the block ends.

    Opening the same tenant again inside is allowed and does nothing. Raises TenantClosed when the
    tenant may not be worked on, ContextMisuse inside an event loop or inside another tenant.
    """
    check_open(tenant)
    _refuse_event_loop()
    held = search_path.schema_name()
    if held == tenant.schema_name:
        yield tenant
    elif held != PUBLIC:
        raise ContextMisuse(f"tenant {tenant.slug} opened inside schema {held}")
    else:
        with search_path.on_tenant(tenant), structlog.contextvars.bound_contextvars(tenant=tenant.slug):
            yield tenant


def _refuse_event_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise ContextMisuse("open a tenant in synchronous code, called through database_sync_to_async")


def current() -> Tenant:
    """The tenant that is open in this thread. Raises TenantRequired when none is."""
    tenant = search_path.tenant()
    if tenant is None:
        raise TenantRequired("no tenant is open here")
    return tenant
