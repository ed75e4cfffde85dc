"""What the engine does with the outcome of a run: the whole policy, as one pure table and one writer."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from random import uniform
from typing import Final

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.timezone import now

from apps.providers import accounts
from apps.providers.adapters.errors import (
    AdapterError,
    AuthExpired,
    BothChanged,
    CompanyRefused,
    Conflict,
    ConsentMissing,
    CursorExpired,
    NeedsReconnect,
    NotFound,
    PermissionMissing,
    ProviderDown,
    RateLimited,
    RecipientsRefused,
    Rejected,
    ServiceOff,
    SignInRequired,
    TokenRefused,
    Transient,
)
from apps.providers.clouds import Unconfigured
from apps.providers.models import ProviderAccount

from . import breaker, metrics, pushing, registry, targets, tiers
from .lease import Lease
from .models import Breaker, SyncTarget
from .registry import Applied

log = structlog.get_logger(__name__)


class Verdict(StrEnum):
    """What to do with the target."""

    RETRY = "retry"  # after a pause; counts towards the breaker
    WAIT = "wait"  # as long as the provider said; does not count
    ASK = "ask"  # only the person can mend it: one notice, no further log-ins
    REDO = "redo"  # forget the cursors and compare in full at once; a second time in a row it is a failure


# Looked up along the error's own class hierarchy; a test walks the tree and finds each error here.
VERDICTS: Final = {
    RateLimited: Verdict.WAIT,
    ProviderDown: Verdict.RETRY,
    TokenRefused: Verdict.RETRY,
    Transient: Verdict.RETRY,
    AuthExpired: Verdict.ASK,
    NeedsReconnect: Verdict.ASK,
    SignInRequired: Verdict.ASK,
    PermissionMissing: Verdict.ASK,
    ConsentMissing: Verdict.ASK,
    ServiceOff: Verdict.ASK,
    CompanyRefused: Verdict.ASK,
    CursorExpired: Verdict.REDO,
    Conflict: Verdict.RETRY,
    NotFound: Verdict.RETRY,
    Rejected: Verdict.RETRY,
    BothChanged: Verdict.RETRY,
    RecipientsRefused: Verdict.RETRY,
    Unconfigured: Verdict.RETRY,
    AdapterError: Verdict.RETRY,
}
# M054: the retry series is 5 s, 25 s, 125 s, each with jitter; then the ordinary interval goes on.
RETRIES: Final = (5.0, 25.0, 125.0)
RATE_LIMIT_PAUSE: Final = 60.0
EARLY: Final = timedelta(seconds=10)
LONGEST_WAIT: Final = timedelta(hours=24)
HEALTH: Final = ("error_count", "error_code", "error_reason", "breaker", "breaker_trips", "breaker_until")


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that failed, as the target remembers it."""

    verdict: Verdict
    pause: timedelta
    error: AdapterError


def verdict(error: AdapterError) -> Verdict:
    """The policy for one error."""
    return next(VERDICTS[kind] for kind in type(error).__mro__ if kind in VERDICTS)


def failure(error: AdapterError, failures_before: int) -> Failure:
    """The policy and the pause until the next attempt, given how many failures preceded in a row."""
    decided = verdict(error)
    if decided is Verdict.REDO and failures_before:
        decided = Verdict.RETRY
    hint = error.retry_after if isinstance(error, Transient) else None
    if decided is Verdict.WAIT:
        seconds = max(1.0, hint if hint is not None else RATE_LIMIT_PAUSE)
    elif decided is Verdict.REDO:
        seconds = 0.0
    else:
        seconds = RETRIES[min(failures_before, len(RETRIES) - 1)] * uniform(0.8, 1.2)
        seconds = max(seconds, hint or 0.0)
    return Failure(decided, min(timedelta(seconds=seconds), LONGEST_WAIT), error)


def succeeded(held: Lease, applied: Applied) -> None:
    """Record a run that reached the provider's present state, and when the next one is due."""
    target = held.target
    moment = now()
    target.refresh_from_db()
    _recover(target)
    # EWMA of changes a run: what the adaptive intervals of a later stage read.
    target.activity_rate += 0.2 * (applied.changes - target.activity_rate)
    pushing.found(target, applied.changes, target.last_synced_at)
    target.last_synced_at = moment
    pause = tiers.interval(target, target.tenant.last_login_at, moment)
    if applied.look_again is not None:
        pause = min(pause, timedelta(seconds=applied.look_again))
    if target.wanted_because == pushing.KIND and not applied.changes:
        # A notification may come before what it is about can be read.
        pause = min(pause, EARLY)
    target.due_at = moment + pause
    _save(held, *HEALTH, "activity_rate", "last_synced_at", "due_at")


def progressed(held: Lease, account: ProviderAccount) -> None:
    """History came in and more is to come: failures in a row end here, not at the end of an import of hours."""
    target = held.target
    if target.error_code or target.breaker != Breaker.CLOSED:
        _recover(target)
        _save(held, *HEALTH)
    accounts.update(account.pk, reachable=True)


def failed(held: Lease, account: ProviderAccount, error: AdapterError) -> Failure:
    """Record a failed run: pause, breaker, or one notice to the person. Returns what was decided."""
    target = held.target
    target.refresh_from_db()
    decided = failure(error, target.error_count)
    moment = now()
    if decided.verdict is Verdict.ASK:
        mine = SyncTarget.objects.filter(pk=target.pk, lease_fence=held.fence)
        if not accounts.needs_reconnect(account, error, lambda: mine.update(is_active=False)):
            return decided  # the reconnect asked for a run of its own
    if decided.verdict is Verdict.WAIT:
        metrics.count("rate_limit_hits", provider_type=target.provider_type, cap="provider")
    else:
        target.error_count += 1
    target.error_code, target.error_reason = error.code, error.reason[:500]
    if decided.verdict is Verdict.RETRY:
        tripped = target.error_count >= settings.CIRCUIT_BREAKER_THRESHOLD or target.breaker == Breaker.HALF_OPEN
        target.breaker = breaker.after(target.breaker, breaker.Seen.TRIPPED if tripped else breaker.Seen.FAILED)
        # A try that somebody asked for before the pause was over does not lengthen it.
        if target.breaker == Breaker.OPEN and (target.breaker_until is None or target.breaker_until <= moment):
            target.breaker_trips += 1
            target.breaker_until = moment + breaker.pause(target.breaker_trips)
        accounts.unreachable(account, error)
    target.due_at = max(moment + decided.pause, target.breaker_until or moment)
    _save(held, *HEALTH, "due_at")
    log.warning("run failed", target=str(target.pk), account=str(account.pk), code=error.code, reason=error.reason,
                next_step=decided.verdict.value, breaker=target.breaker)  # fmt: skip
    if decided.verdict is Verdict.REDO:
        with transaction.atomic():
            registry.get(target.kind).forget(account)
            targets.request(target.pk, "cursor")
    return decided


def _recover(target: SyncTarget) -> None:
    target.error_count, target.error_code, target.error_reason = 0, "", ""
    target.breaker, target.breaker_trips, target.breaker_until = breaker.after(target.breaker, breaker.Seen.OK), 0, None


def _save(held: Lease, *fields: str) -> None:
    with transaction.atomic():
        SyncTarget.objects.filter(pk=held.target.pk, lease_fence=held.fence).update(
            **{name: getattr(held.target, name) for name in fields}
        )
