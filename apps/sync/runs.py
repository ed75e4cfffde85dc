"""One run: asks the registry for the kind, feeds the adapter's batches to its `apply`, hands any
error to `outcomes`. Network on one side, transactions on the other, never one inside the other."""

import time
from collections.abc import Iterator
from contextlib import closing, nullcontext, suppress
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from structlog.contextvars import bound_contextvars

from apps.core.ids import new_id
from apps.providers import connections, metering
from apps.providers.adapters.errors import AdapterError, Transient
from apps.providers.models import AccountStatus, ProviderAccount
from apps.tenants import context

from . import ahead, lease, limits, metrics, outcomes, queues, registry, targets
from .lease import Lease, LeaseLost
from .models import Phase
from .registry import Applied, Kind

log = structlog.get_logger(__name__)


def run(held: Lease) -> None:
    """Bring one target up to date; then, while it is importing, go on with its history."""
    target = held.target
    with bound_contextvars(account=str(target.account_id), target=str(target.pk), run=new_id().hex[:12]):
        account = ProviderAccount.objects.filter(pk=target.account_id, status=AccountStatus.ACTIVE).first()
        if account is None:
            held.stop()
            return
        slot = limits.take(target)
        if slot is None:
            _later(held)
            return
        with slot, lease.kept(held, slot.extend), metrics.run(target) as measured:
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
    first = held.target.phase == Phase.INITIAL and held.target.wanted_because not in queues.URGENT
    with metering.background() if first else nullcontext():
        total = _feed(held, account, kind, kind.changes(adapter, account))
    if held.target.phase == Phase.LIVE:
        kind.caught_up(held, account)
        outcomes.succeeded(held, total)
        return total
    until = time.monotonic() + settings.EMAIL_SYNC_SLICE_SECONDS
    history = _prepared(kind, account, kind.backfill(adapter, account))
    # Closed before the lease is given back: the batch under way still uses the adapter.

    def others_wait() -> bool:
        return time.monotonic() > until or held.wanted()

    with (
        metering.background() as stop,
        closing(ahead.one(context.current(), history, others_wait, stop.set)) as batches,
        suppress(metering.GaveWay),
    ):
        for prepared in batches:
            total += kind.apply(held, account, prepared)
            held.renew()
        held.history_complete()
    if held.target.phase == Phase.INITIAL:
        _give_way(held, account)
        return total
    kind.caught_up(held, account)
    outcomes.succeeded(held, total)
    return total


def _give_way(held: Lease, account: ProviderAccount) -> None:
    """More history is to come. The task's loop claims what is wanted and comes back here after it; else the
    queue brings the target back, since many imports share few workers."""
    outcomes.progressed(held, account)
    if not held.wanted():
        _requeue(held, "backfill")


def _feed(held: Lease, account: ProviderAccount, kind: Kind, batches: Iterator[Any]) -> Applied:
    total = Applied()
    for prepared in _prepared(kind, account, batches):
        total += kind.apply(held, account, prepared)
        held.renew()
    return total


def _prepared(kind: Kind, account: ProviderAccount, batches: Iterator[Any]) -> Iterator[Any]:
    return (kind.prepare(account, batch) for batch in batches)


def _later(held: Lease) -> None:
    """No slot is free under the provider's limits: ask again in a moment, for the same reason."""
    _requeue(held, held.target.wanted_because, delay=limits.retry_delay())


def _requeue(held: Lease, because: str, *, delay: float = 0.0) -> None:
    """Give the lease back and the target to its queue, in one step: a process that dies between would lose it."""
    with transaction.atomic():
        held.release()
        targets.again(held.target.pk, because, delay=delay)
