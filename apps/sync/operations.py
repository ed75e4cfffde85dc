"""The engine by hand: ask for a run, start again after trouble, compare in full. For API and command line."""

from collections.abc import Iterable
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.timezone import now

from apps.core.problems import Problem
from apps.providers.models import AccountStatus, ProviderAccount
from apps.tenants import context

from . import registry, targets
from .models import Breaker, Phase, SyncTarget

log = structlog.get_logger(__name__)


def targets_of(account_ids: Iterable[UUID] | None = None, kind: str | None = None) -> QuerySet[SyncTarget]:
    """The open tenant's synced targets: all of them, or those of some accounts, of one kind."""
    found = targets.syncs().filter(tenant=context.current()).order_by("account_id", "kind")
    if account_ids is not None:
        found = found.filter(account_id__in=list(account_ids))
    return found.filter(kind=kind) if kind else found


def sync_now(account: ProviderAccount) -> int:
    """Ask for a run of everything the account has; return how many tasks went out.

    Raises the problem `needs_reconnect` (409): a run could only fail.
    """
    if account.status in (AccountStatus.NEEDS_RECONNECT, AccountStatus.SUSPENDED):
        raise Problem(409, "needs_reconnect", account.status_reason or "Connect the account again first.")
    return targets.request_account(context.current().pk, account.pk, "user")


def restart(found: QuerySet[SyncTarget]) -> int:
    """Forget failures and pauses of these targets and ask for a run of each; return how many.

    A target whose account waits for its owner stays stopped: another wrong log-in could lock it.
    """
    runnable = _runnable(found)
    for target in runnable:
        _unpause([target.pk])
        targets.request(target.pk, "user")
    return len(runnable)


def reset(found: QuerySet[SyncTarget]) -> int:
    """As `restart`, and forget the cursors, so that the next run compares with the provider in full."""
    runnable = _runnable(found)
    for target in runnable:
        account = ProviderAccount.objects.get(pk=target.account_id)
        with transaction.atomic():
            registry.get(target.kind).forget(account)
            _unpause([target.pk])
            # History is read anew by the same path that a first import takes. A run under way loses its
            # lease: its next batch would store a cursor again.
            SyncTarget.objects.filter(pk=target.pk).update(
                phase=Phase.INITIAL, lease_fence=F("lease_fence") + 1, lease_until=None, lease_owner=""
            )
            targets.request(target.pk, "user")
        log.info("sync state reset", account=str(account.pk), kind=target.kind)
    return len(runnable)


def _runnable(found: QuerySet[SyncTarget]) -> list[SyncTarget]:
    active = set(ProviderAccount.objects.filter(status=AccountStatus.ACTIVE).values_list("pk", flat=True))
    return [target for target in found if target.account_id in active]


def _unpause(ids: list[UUID]) -> None:
    SyncTarget.objects.filter(pk__in=ids).update(
        is_active=True, error_count=0, error_code="", error_reason="", breaker=Breaker.CLOSED, breaker_trips=0,
        breaker_until=None, due_at=now(),
    )  # fmt: skip
