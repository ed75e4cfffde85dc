"""The tenant schema that this code needs: its version, its migrations, and what makes two schemas equal."""

import functools
import hashlib
from typing import Final

from django.apps import AppConfig
from django.conf import settings
from django.core.management import call_command
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from . import search_path


def tenant_app_labels() -> frozenset[str]:
    """Labels of the applications whose tables live in every tenant's schema."""
    return frozenset(AppConfig.create(entry).label for entry in settings.TENANT_APPS)


@functools.cache
def version() -> int:
    """How many migrations the tenant applications have: grows by each one, equal for equal code.

    Migrations add before they drop (a release apart), so a tenant that stands higher than this is
    served, one that stands lower is not until it has been migrated.
    """
    labels = tenant_app_labels()
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return sum(1 for app, _ in loader.disk_migrations if app in labels)


def migrate_public(verbosity: int = 0) -> None:
    """Run Django's own migrate in the public schema (the router decides which tables belong there)."""
    search_path.to_public()
    call_command(DjangoMigrate(), verbosity=verbosity, interactive=False, skip_checks=True)


def pending_public() -> list[str]:
    """Migrations that the public schema still lacks, as `app.name`, in their order."""
    search_path.to_public()
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def migrate(schema_name: str) -> None:
    """Run the tenant applications' migrations in one schema, those that it still lacks.

    Django's command would also ask whether the models changed and announce itself to every
    application, for each of ten thousand schemas; the executor below it does the work alone.
    The migrations' own record is made in the schema first: with `public` on the search path, that
    of the public schema would be taken for it and nothing would be applied.
    """
    with search_path.on_schema(schema_name, include_public=False):
        MigrationRecorder(connection).ensure_schema()
    with search_path.on_schema(schema_name):
        executor = MigrationExecutor(connection)
        labels = tenant_app_labels()
        executor.migrate([node for node in executor.loader.graph.leaf_nodes() if node[0] in labels])


# Everything that makes two schemas behave alike; names and types, not oids or column numbers.
CATALOGUE: Final = """
SELECT 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.atttypmod::text, a.attnotnull::text,
       a.attidentity::text || a.attgenerated::text, coalesce(pg_get_expr(d.adbin, d.adrelid), ''),
       coalesce(l.collname, '')
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
  LEFT JOIN pg_collation l ON l.oid = a.attcollation
 WHERE c.relnamespace = %(oid)s AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
UNION ALL
SELECT 'index', c.relname, i.relname, pg_get_indexdef(i.oid), x.indisvalid::text, '', '', '', ''
  FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
 WHERE c.relnamespace = %(oid)s AND c.relkind IN ('r', 'p', 'm')
UNION ALL
SELECT 'constraint', c.relname, n.conname, pg_get_constraintdef(n.oid), n.convalidated::text, '', '', '', ''
  FROM pg_constraint n JOIN pg_class c ON c.oid = n.conrelid WHERE c.relnamespace = %(oid)s
UNION ALL
SELECT 'trigger', c.relname, t.tgname, pg_get_triggerdef(t.oid), '', '', '', '', ''
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = %(oid)s AND NOT t.tgisinternal
UNION ALL
SELECT 'function', p.proname, pg_get_function_identity_arguments(p.oid), pg_get_functiondef(p.oid), '', '', '', '', ''
  FROM pg_proc p WHERE p.pronamespace = %(oid)s AND p.prokind IN ('f', 'p')
UNION ALL
SELECT 'type', t.typname, t.typtype::text, '', '', '', '', '', ''
  FROM pg_type t WHERE t.typnamespace = %(oid)s AND t.typtype IN ('e', 'd')
"""


def description(schema_name: str) -> list[str]:
    """A schema's columns, indexes, constraints, triggers, functions and types, one a line, sorted.

    The schema's own name is written as `*`, so equal schemas give equal lines.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT oid FROM pg_namespace WHERE nspname = %s", [schema_name])
        row = cursor.fetchone()
        if row is None:
            return []
        cursor.execute(CATALOGUE, {"oid": row[0]})
        return sorted("\t".join(fields).replace(schema_name, "*") for fields in cursor.fetchall())


def digest(schema_name: str) -> str:
    """One number for `description`: equal schemas, equal digests. Empty for a schema that does not exist."""
    lines = description(schema_name)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest() if lines else ""


def exists(schema_name: str) -> bool:
    """Whether there is such a schema."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [schema_name])
        return cursor.fetchone() is not None
