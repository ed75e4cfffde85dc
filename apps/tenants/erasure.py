"""Erasing a tenant: its schema, keys, files, shared traces and rows, and a certificate of what went.

The tenant's row goes last and says `erasing` meanwhile, so nobody can open the tenant and the same
call again completes a run that was cut off. Deleting the wrapped data keys makes what a backup
still holds of sealed values unreadable; searchable text in a backup lives until the backup ages out.
"""

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import Model
from psycopg import sql

from apps.core.clock import now
from apps.core.redis import client

from . import keys, schema
from .models import DataKey, Status, Tenant

NOTE = (
    "Sealed values in backups made before can no longer be opened, because their key is gone. "
    "Searchable text in those backups stays readable until they are deleted."
)


@dataclass(slots=True)
class Certificate:
    """What one run removed, and what it then still found (all zeros, or the erasure is not complete)."""

    tenant: dict[str, str]
    erased_at: datetime
    schema_rows: dict[str, int] = field(default_factory=dict)
    public_rows: dict[str, int] = field(default_factory=dict)
    data_keys: int = 0
    files: int = 0
    bytes: int = 0
    redis_keys: int = 0
    left: dict[str, int] = field(default_factory=dict)
    note: str = NOTE

    @property
    def complete(self) -> bool:
        """True when nothing is left."""
        return not any(self.left.values())

    def as_json(self) -> dict[str, Any]:
        """Ready for json.dumps."""
        return asdict(self) | {"erased_at": self.erased_at.isoformat(), "complete": self.complete}


def begin(tenant: Tenant) -> None:
    """Close the tenant for good: from here on nobody can open it, and only erasing goes on."""
    Tenant.objects.filter(pk=tenant.pk).update(status=Status.ERASING)


def erase(tenant: Tenant) -> Certificate:
    """Remove everything of a tenant. Resumes when cut off; raises redis.RedisError when Redis is away."""
    begin(tenant)
    named = {"id": str(tenant.pk), "slug": tenant.slug, "schema": tenant.schema_name}
    done = Certificate(named, now())
    done.schema_rows = _count_schema(tenant.schema_name)
    with connection.cursor() as cursor:
        # Waits for whoever still works in the schema; nobody new can open it.
        cursor.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(tenant.schema_name)))
    done.data_keys = DataKey.objects.filter(tenant=tenant).delete()[0]
    keys.forget(tenant.pk)
    done.files, done.bytes = _remove_files(tenant)
    done.redis_keys = _remove_redis_keys(tenant)
    done.public_rows = _count_public(tenant)
    Tenant.objects.filter(pk=tenant.pk).delete()
    done.left = remains(tenant)
    return done


def remains(tenant: Tenant) -> dict[str, int]:
    """What is still there of a tenant, kind by kind; all zeros after a complete erasure."""
    return {
        "schemas": int(schema.exists(tenant.schema_name)),
        "public_rows": sum(_count_public(tenant).values()) + Tenant.objects.filter(pk=tenant.pk).count(),
        "data_keys": DataKey.objects.filter(tenant_id=tenant.pk).count(),
        "files": sum(1 for path in _folder(tenant).rglob("*") if path.is_file()),
        "redis_keys": sum(1 for _ in _redis_keys(tenant)),
    }


def _count_schema(schema_name: str) -> dict[str, int]:
    counts = {}
    with connection.cursor() as cursor:
        for table in tables(schema_name):
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema_name, table)))
            counts[table] = int(cursor.fetchone()[0])
    return counts


def tables(schema_name: str) -> list[str]:
    """The tables of a schema, by name. From the catalogue: information_schema is slow with many schemas."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %s) "
            "AND relkind IN ('r', 'p') ORDER BY relname",
            [schema_name],
        )
        return [str(name) for (name,) in cursor.fetchall()]


def public_models() -> Iterator[type[Model]]:
    """The public models whose rows belong to a tenant: found by their foreign key, so none can be forgotten."""
    labels = schema.tenant_app_labels()
    for model in apps.get_models(include_auto_created=True):
        fields = {item.name: item for item in model._meta.get_fields()}
        if model._meta.app_label not in labels and getattr(fields.get("tenant"), "related_model", None) is Tenant:
            yield model


def _count_public(tenant: Tenant) -> dict[str, int]:
    counts = {
        model._meta.db_table: model._default_manager.filter(tenant_id=tenant.pk).count() for model in public_models()
    }
    return {table: count for table, count in counts.items() if count}


def _folder(tenant: Tenant) -> Path:
    root: Path = settings.PMSYNC_STORAGE
    return root / str(tenant.pk)


def _remove_files(tenant: Tenant) -> tuple[int, int]:
    sizes = [path.stat().st_size for path in _folder(tenant).rglob("*") if path.is_file()]
    if _folder(tenant).exists():
        shutil.rmtree(_folder(tenant))
    return len(sizes), sum(sizes)


def _redis_keys(tenant: Tenant) -> Iterator[str]:
    """Every key that names the tenant, with or without hyphens: nothing shares a key between tenants."""
    for spelling in (str(tenant.pk), tenant.pk.hex):
        yield from client().scan_iter(match=f"*{spelling}*", count=1000)


def _remove_redis_keys(tenant: Tenant) -> int:
    found = list(_redis_keys(tenant))
    return int(client().unlink(*found)) if found else 0
