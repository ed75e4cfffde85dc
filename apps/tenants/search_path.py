"""The only lines that speak to django-tenants' connection: where this thread's connection stands.

Everything else goes through `tenants.context`; provisioning and migrations come here directly.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from .models import PUBLIC, Tenant

# django-tenants' wrapper adds these methods to Django's connection, without types.
_connection: Any = connection


def schema_name() -> str:
    """The schema this thread's connection stands on."""
    return str(_connection.schema_name)


def tenant() -> Tenant | None:
    """The tenant whose schema this thread's connection stands on, or None on the public schema."""
    held = _connection.tenant
    return held if isinstance(held, Tenant) else None


@contextmanager
def on_tenant(opened: Tenant) -> Iterator[None]:
    """Stand on a tenant's schema, with the public one behind it; on the public schema afterwards."""
    _connection.set_tenant(opened, include_public=True)
    try:
        yield
    finally:
        _connection.set_schema_to_public()


@contextmanager
def on_schema(name: str, *, include_public: bool = True) -> Iterator[None]:
    """Stand on a schema by name; on the public schema afterwards."""
    _connection.set_schema(name, include_public=include_public)
    try:
        yield
    finally:
        _connection.set_schema_to_public()


def to_public() -> None:
    """Stand on the public schema."""
    if schema_name() != PUBLIC:
        _connection.set_schema_to_public()
