"""Removing the mirror of a disconnected account: every row that hangs on it, in small bites, then its files.

Which tables these are is read from the models: each application's tables that reach an account
through cascading foreign keys, the farthest first. So a table that is added later is not forgotten,
and providers need not know who keeps something for an account.
"""

import shutil
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection, models, transaction
from django.db.models.deletion import CASCADE
from psycopg import sql

from apps.core.clock import now
from apps.realtime.models import JournalEntry
from apps.tenants import context

from . import tokens
from .adapters.errors import Transient
from .companies import connecting
from .models import AccountStatus, OAuthGrant, ProviderAccount
from .push import upkeep

log = structlog.get_logger(__name__)

# Rows a bite: a few milliseconds of locks each.
BITE: Final = 2000
# A run that was under way may still write a file; what is older belongs to nobody.
STRAY: Final = timedelta(hours=1)
PATIENCE: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Step:
    """From a table to the one it hangs on: `column` here equals `target` there."""

    column: str
    table: str
    target: str


@dataclass(frozen=True, slots=True)
class Dependent:
    """A table, and the steps that lead from it to the account; the last one ends at the account."""

    table: str
    steps: tuple[Step, ...]


def dependents() -> list[Dependent]:
    """Every table that hangs on an account, the farthest first, so that no row is left pointing nowhere."""
    found: dict[str, Dependent] = {}
    _collect(ProviderAccount, (), found)
    return sorted(found.values(), key=lambda item: len(item.steps), reverse=True)


def _collect(model: type[models.Model], above: tuple[Step, ...], found: dict[str, Dependent]) -> None:
    # Also relations without a name (`related_name="+"`), which `related_objects` leaves out.
    for relation in model._meta.get_fields(include_hidden=True):
        if not relation.auto_created or relation.concrete or getattr(relation, "on_delete", None) is not CASCADE:
            continue
        child: Any = relation.related_model
        field: Any = relation.field  # type: ignore[union-attr]  # what is made by a foreign key has it
        if child is model or any(step.table == child._meta.db_table for step in above):
            continue  # a table that points at itself
        step = Step(field.column, model._meta.db_table, field.target_field.column)
        steps = (step, *above)
        held = found.get(child._meta.db_table)
        # Of several ways to the account the longest decides the order; any of them finds the rows.
        if held is None or len(steps) > len(held.steps):
            found[child._meta.db_table] = Dependent(child._meta.db_table, steps)
            _collect(child, steps, found)


def remove(account_id: UUID) -> bool:
    """Remove all that is left of a disconnected account; True when this call finished it.

    Can be cut off anywhere and called again; an account that is not disconnected is left alone.
    """
    ended = ProviderAccount.objects.filter(pk=account_id, status=AccountStatus.DISCONNECTED)
    account = ended.first()
    if account is None or not _given_back(account):
        return False
    removed = sum(_empty(dependent, account_id) for dependent in dependents())
    blanked = _blank_journal(account_id)
    _remove_folder(_folder(account_id))
    ended.delete()
    if account.company_id is not None:
        connecting.end(account.company_id)
    log.info("mirror removed", account=str(account_id), rows=removed, journal=blanked)
    return True


def _given_back(account: ProviderAccount) -> bool:
    """End the subscriptions and revoke the consent, if there is one; a provider that is away for long keeps nobody's
    mirror here."""
    try:
        upkeep.end_all(account)
        tokens.give_back(account)
    except Transient as error:
        patient = OAuthGrant.objects.filter(account=account, renewed_at__gt=now() - PATIENCE).exists()
        log.warning("consent not revoked yet", account=str(account.pk), reason=error.reason, again=patient)
        if not patient:
            upkeep.forget(account)
        return not patient
    return True


def _empty(dependent: Dependent, account_id: UUID) -> int:
    """Delete the table's rows of this account, a bite at a time; return how many."""
    total = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_bite(dependent), [account_id])
            total += cursor.rowcount
            if cursor.rowcount < BITE:
                return int(total)


def _bite(dependent: Dependent) -> sql.Composed:
    """DELETE of at most BITE rows whose steps end at the account."""
    joins, here = [], sql.Identifier("t0")
    for number, step in enumerate(dependent.steps[:-1], start=1):
        there = sql.Identifier(f"t{number}")
        joins.append(
            sql.SQL(" JOIN {} {} ON {}.{} = {}.{}").format(
                sql.Identifier(step.table), there, here, sql.Identifier(step.column), there, sql.Identifier(step.target)
            )
        )
        here = there
    return sql.SQL("DELETE FROM {} WHERE ctid IN (SELECT t0.ctid FROM {} t0{} WHERE {}.{} = %s LIMIT {})").format(
        sql.Identifier(dependent.table),
        sql.Identifier(dependent.table),
        sql.Composed(joins),
        here,
        sql.Identifier(dependent.steps[-1].column),
        sql.Literal(BITE),
    )


def _blank_journal(account_id: UUID) -> int:
    """The account's events keep their numbers, which must stay without a gap, and lose their content."""
    total = 0
    while True:
        entries = JournalEntry.objects.filter(account_id=account_id).exclude(data={})
        numbers = list(entries.order_by("seq").values_list("pk", flat=True)[:BITE])
        total += JournalEntry.objects.filter(pk__in=numbers).update(data={})
        if len(numbers) < BITE:
            return total


def unfinished() -> list[UUID]:
    """Disconnected accounts of the open tenant whose removal was cut off."""
    return list(ProviderAccount.objects.filter(status=AccountStatus.DISCONNECTED).values_list("pk", flat=True))


def sweep_files() -> int:
    """Remove folders of accounts that no longer exist in the open tenant; return how many."""
    root = _folder(None)
    if not root.exists():
        return 0
    known = {str(account_id) for account_id in ProviderAccount.objects.values_list("pk", flat=True)}
    limit = time.time() - STRAY.total_seconds()
    folders = [item for item in root.iterdir() if item.is_dir()]
    strays = [item for item in folders if item.name not in known and item.stat().st_mtime < limit]
    return sum(map(_remove_folder, strays))


def _remove_folder(folder: Path) -> bool:
    """Remove it with all that is in it; False when that failed, and the hourly look tries again."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return False  # never made, or another removal is at it
    except OSError as error:
        log.error("files not removed", folder=folder.name, reason=error.strerror)
        return False
    return True


def _folder(account_id: UUID | None) -> Path:
    tenant: Path = settings.PMSYNC_STORAGE / str(context.current().pk)
    return tenant / str(account_id) if account_id else tenant
