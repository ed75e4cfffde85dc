"""One run: asks the registry for the kind, feeds the adapter's batches to its `apply`, hands any
error to `outcomes`. Network on one side, transactions on the other, never one inside the other."""

import time
from collections.abc import Iterator
from typing import Any

import structlog
from django.conf import settings
from structlog.contextvars import bound_contextvars

from apps.core.ids import new_id
from apps.providers import connections
from apps.providers.adapters.errors import AdapterError, Transient
from apps.providers.models import AccountStatus, ProviderAccount
from apps.tenants import context

from . import ahead, limits, metrics, outcomes, registry, targets
from .lease import Lease, LeaseLost
from .models import Phase, SyncTarget
from .registry import Applied, Kind

log = structlog.get_logger(__name__)


def run(held: Lease) -> None:
    """Bring one target up to date; then, while it is importing, go on with its history."""
    target = held.target
    with bound_contextvars(account=str(target.account_id), target=str(target.pk), run=new_id().hex[:12]):
        account = ProviderAccount.objects.filter(pk=target.account_id, status=AccountStatus.ACTIVE).first()
        if account is None:
            SyncTarget.objects.filter(pk=target.pk).update(is_active=False)
            return
        slot = limits.take(target)
        if slot is None:
            _later(held)
            return
        with slot, metrics.run(target) as measured:
            try:
                with connections.adapter(account, registry.get(target.kind)) as adapter:
                    applied = _sync(held, account, registry.get(target.kind), adapter)
                measured.done(applied)
            except AdapterError as error:
                measured.failed(error.code)
                outcomes.failed(held, account, error)
            except LeaseLost as lost:
                measured.failed("lease_lost")
                log.warning("run given up", reason=str(lost))
            except Exception as error:
                # A fault of ours, or of the database: it counts like a provider's, so that the
                # breaker slows it down, and then goes up to be logged in full.
                outcomes.failed(held, account, Transient(f"internal error: {type(error).__name__}"))
                raise


def _sync(held: Lease, account: ProviderAccount, kind: Kind, adapter: Any) -> Applied:
    total = _feed(held, account, kind, kind.changes(adapter, account))
    if held.target.phase == Phase.LIVE:
        kind.caught_up(held, account)
        outcomes.succeeded(held, total)
        return total
    started = time.monotonic()
    for prepared in ahead.one(context.current(), _prepared(kind, account, kind.backfill(adapter, account))):
        total += kind.apply(held, account, prepared)
        held.renew()
        if held.wanted():
            # News goes first: the task's loop claims the request, and comes back here after it.
            return total
        if time.monotonic() - started > settings.EMAIL_SYNC_SLICE_SECONDS:
            # Many imports share few workers: come back through the queue.
            held.release()
            targets.again(held.target.pk)
            return total
    held.history_complete()
    kind.caught_up(held, account)
    outcomes.succeeded(held, total)
    return total


def _feed(held: Lease, account: ProviderAccount, kind: Kind, batches: Iterator[Any]) -> Applied:
    total = Applied()
    for prepared in _prepared(kind, account, batches):
        total += kind.apply(held, account, prepared)
        held.renew()
    return total


def _prepared(kind: Kind, account: ProviderAccount, batches: Iterator[Any]) -> Iterator[Any]:
    return (kind.prepare(account, batch) for batch in batches)


def _later(held: Lease) -> None:
    """No slot is free under the provider's limits: ask again in a moment, by the sweep's path."""
    held.release()
    targets.again(held.target.pk, delay=limits.retry_delay())
