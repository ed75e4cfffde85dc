"""Migrates the tenants that are behind: several at a time, resumable, one failure hurting no other."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog
from django.db import connection

from . import schema, template
from .models import Status, Tenant

log = structlog.get_logger(__name__)

# A table that a transaction holds for longer is left for the next run: waiting for it in the queue
# of its locks would stop everyone else who wants to read that table.
LOCK_WAIT: Final = "5s"
# Another run may be at the same tenant; by then it has long finished, or its connection is dead.
OTHER_RUN_WAIT: Final = "15min"


@dataclass(slots=True)
class Outcome:
    """How many tenants were migrated, and which could not be and why, by short name."""

    migrated: int = 0
    failed: dict[str, str] = field(default_factory=dict)


def behind() -> list[Tenant]:
    """Tenants whose schema is older than this code. One query, whatever their number."""
    rows = Tenant.objects.filter(schema_version__lt=schema.version())
    # Two columns of the first migration: `migrate --plan` asks before a newer one is there.
    return list(rows.exclude(status__in=[Status.CREATING, Status.ERASING]).only("slug"))


def public_and_template(verbosity: int) -> None:
    """Migrate the public schema and the template. Two runs at once take turns."""
    with _alone("public"):
        schema.migrate_public(verbosity)
        if template.is_behind():
            template.migrate()


@contextmanager
def _alone(what: str) -> Iterator[None]:
    """Hold an advisory lock of this session while the block runs; a killed holder's is freed with its connection."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{OTHER_RUN_WAIT}'")
        cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 1))", [f"migrate:{what}"])
        cursor.execute(f"SET lock_timeout = '{LOCK_WAIT}'")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 1))", [f"migrate:{what}"])
            cursor.execute("RESET lock_timeout")


def migrate_one(tenant_id: UUID) -> None:
    """Migrate one tenant to this code's version. Raises whatever its migrations raise.

    The version is written only when every migration is in, so a run that was cut off half-way is
    taken up by the next; Django's record in the schema says which migrations are in already.
    """
    with _alone(str(tenant_id)):
        tenant = Tenant.objects.get(pk=tenant_id)
        if tenant.schema_version < schema.version():
            schema.migrate(tenant.schema_name)
            Tenant.objects.filter(pk=tenant_id).update(schema_version=schema.version())


def _attempt(tenant_id: UUID) -> str:
    """Migrate one tenant in a thread of its own; "" or what went wrong."""
    try:
        migrate_one(tenant_id)
    except Exception as error:
        log.warning("tenant not migrated", tenant=str(tenant_id), reason=type(error).__name__)
        return f"{type(error).__name__}: {error}".strip()
    finally:
        connection.close()
    return ""


def run(*, at_once: int, report: Callable[[int, int], object] = lambda done, total: None) -> Outcome:
    """Migrate every tenant that is behind, `at_once` at a time; `report` hears how many are done."""
    waiting = behind()
    outcome = Outcome()
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="migrate") as pool:
        jobs = {pool.submit(_attempt, tenant.pk): tenant for tenant in waiting}
        for done, job in enumerate(as_completed(jobs), start=1):
            if problem := job.result():
                outcome.failed[jobs[job].slug] = problem
            else:
                outcome.migrated += 1
            report(done, len(waiting))
    return outcome
