"""Schemas that a test is done with, emptied for the next: making one anew is most of what a small test costs."""

from typing import Final
from uuid import uuid4

from django.db import IntegrityError, connection, transaction
from psycopg import sql

from apps.tenants import keys, provisioning, schema
from apps.tenants.models import Status, Tenant

KEPT: Final = frozenset({"django_migrations"})
_empty: Final[list[str]] = []


def provision(slug: str, name: str, plan: str) -> Tenant:
    """A company as `provisioning.create` makes it, in a schema that was another's where one is left."""
    if not _empty:
        return provisioning.create(slug, name, plan)
    row = provisioning.reserve(slug, name, plan)
    with transaction.atomic():
        keys.create(row)
        _rename(_empty.pop(), row.schema_name)
        row.schema_version, row.status = schema.version(), Status.ACTIVE
        row.save(update_fields=["schema_version", "status"])
    return row


def take_back(schema_name: str) -> None:
    """Empty a schema, as new, for the next company; one that holds what may not be removed goes as a whole."""
    try:
        _truncate(schema_name)
    except IntegrityError:  # the record of decisions
        drop(schema_name)
        return
    spare = f"spare_{uuid4().hex[:12]}"
    _rename(schema_name, spare)
    _empty.append(spare)


def drop(schema_name: str) -> None:
    """Remove a schema, if it is there."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema_name)))


def _truncate(schema_name: str) -> None:
    """A table that nothing was ever written to is left as it is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r'"
            " AND (pg_relation_size(oid) > 0 OR reltuples > 0)",
            [schema_name],
        )
        names = [name for (name,) in cursor.fetchall() if name not in KEPT]
        if names:
            tables = sql.SQL(", ").join(sql.Identifier(schema_name, name) for name in names)
            cursor.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(tables))


def _rename(before: str, after: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(sql.Identifier(before), sql.Identifier(after)))
