"""One run: asks the registry for the kind, feeds the adapter's batches to its `apply`, hands any
error to `outcomes`. Network on one side, transactions on the other, never one inside the other."""

import time
from collections.abc import Iterator
from contextlib import closing, nullcontext, suppress
from typing import Any, Final

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

FIRST_LOOK: Final = 2.0
"""Seconds of history that a run for somebody who waits reads: the newest of what was just connected or made."""


def news(held: Lease) -> None:
    """Bring one target up to date. What is missing of its history is left to a task of its own, but for a first look
    when somebody waits and that task is not on its way yet."""
    target = held.target
    waits = target.wanted_because in queues.URGENT and target.backfill_queued_at is None and not target.error_code
    if target.kind in queues.WHOLE:
        catch_up(held)
    else:
        run(held, min(FIRST_LOOK, settings.EMAIL_SYNC_SLICE_SECONDS) if waits else None)


def backfill(held: Lease) -> None:
    """Go on with a target's history for one slice, and with its news whenever some is wanted."""
    seconds: float | None = settings.EMAIL_SYNC_SLICE_SECONDS
    until = time.monotonic() + settings.EMAIL_SYNC_SLICE_SECONDS
    claimed = held.claim_backfill() or held.claim_wanted()
    while claimed:
        run(held, seconds, history=True)
        left = until - time.monotonic()
        seconds = left if left > 0 else None
        claimed = held.claim_wanted()


def catch_up(held: Lease) -> None:
    """Bring one target up to date and read a slice of its history, whatever is queued."""
    run(held, settings.EMAIL_SYNC_SLICE_SECONDS)


def run(held: Lease, seconds: float | None, *, history: bool = False) -> None:
    """Bring one target up to date; then, when its history is missing, go on with that for so many seconds, at least
    for a batch; not at all when None. A run for the sake of `history` is one that nobody waits for."""
    target = held.target
    with bound_contextvars(account=str(target.account_id), target=str(target.pk), run=new_id().hex[:12]):
        account = ProviderAccount.objects.filter(pk=target.account_id, status=AccountStatus.ACTIVE).first()
        if account is None:
            held.stop()
            return
        slot = limits.take(target, history=history)
        if slot is None:
            _later(held)
            return
        with slot, lease.kept(held, slot.extend), metrics.run(target, history=history) as measured:
            try:
                with connections.adapter(account, registry.get(target.kind)) as adapter:
                    applied = _sync(held, account, registry.get(target.kind), adapter, seconds)
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


def _sync(held: Lease, account: ProviderAccount, kind: Kind, adapter: Any, seconds: float | None) -> Applied:
    first = held.target.phase == Phase.INITIAL and held.target.wanted_because not in queues.URGENT
    with metering.background() if first else nullcontext():
        total = _feed(held, account, kind, kind.changes(adapter, account))
    if held.target.phase == Phase.INITIAL:
        total += _history(held, account, kind, adapter, seconds)
    if held.target.phase == Phase.LIVE:
        kind.caught_up(held, account)
        outcomes.succeeded(held, total)
    return total


def _history(held: Lease, account: ProviderAccount, kind: Kind, adapter: Any, seconds: float | None) -> Applied:
    """Some of the missing history; the rest is asked for."""
    total = Applied()
    if seconds is not None:
        total = _look_back(held, account, kind, kind.backfill(adapter, account), time.monotonic() + seconds)
        if held.target.phase == Phase.LIVE:
            return total
        outcomes.progressed(held, account)
    # History that failed waits for its time. Behind what is wanted meanwhile the task's loop comes back here.
    pausing = held.target.error_code and held.target.wanted_because in queues.URGENT
    if not pausing and not held.wanted():
        targets.backfill(held.target.pk)
    return total


def _look_back(held: Lease, account: ProviderAccount, kind: Kind, history: Iterator[Any], until: float) -> Applied:
    total = Applied()

    def others_wait() -> bool:
        return time.monotonic() > until or held.wanted()

    with (
        metering.background() as stop,
        # Closed before the lease is given back: the batch under way still uses the adapter.
        closing(ahead.one(context.current(), _prepared(kind, account, history), others_wait, stop.set)) as batches,
        suppress(metering.GaveWay),
    ):
        for prepared in batches:
            total += kind.apply(held, account, prepared)
            held.renew()
        held.history_complete()
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
    """No slot is free under the provider's limits: ask again in a moment, for the same reason. The lease goes back in
    the same step: a process that dies between would lose the target."""
    with transaction.atomic():
        held.release()
        if held.target.wanted_because == queues.BACKFILL:
            targets.backfill(held.target.pk, delay=limits.retry_delay())
        else:
            targets.again(held.target.pk, held.target.wanted_because, delay=limits.retry_delay())
