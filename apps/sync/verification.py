"""Proves that an account's mirror equals its provider, item by item: `manage.py verify`.

First one incremental sync brings the mirror up to this moment; then the kind compares it with a
census that reads the provider by another path than sync does. Mail that arrives in between looks
like a difference, so every difference is looked at once more after a pause and another sync; only
what stays is one.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from django.db.models.functions import Now

from apps.core.clock import now
from apps.providers import connections
from apps.providers.adapters.errors import AdapterError
from apps.providers.models import AccountStatus, ProviderAccount

from . import lease, operations, registry, runs
from .models import Phase, SyncTarget
from .registry import Comparison, Difference

log = structlog.get_logger(__name__)

SETTLE: Final = 60.0
# How long to wait for another runner of the same target, or for a slot under the provider's limits.
BUSY: Final = 120.0
PAUSE: Final = 0.5


class Unverifiable(Exception):
    """No comparison was possible; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Verified:
    """One account's outcome for one kind. Equal when `differences` is empty and `obstacle` too."""

    account_id: str
    kind: str
    compared: int
    differences: tuple[Difference, ...]
    obstacle: str = ""

    @property
    def equal(self) -> bool:
        """Whether mirror and provider are proven equal."""
        return not self.differences and not self.obstacle


def verify(account: ProviderAccount, *, settle: float = SETTLE) -> list[Verified]:
    """Every kind of the account, within the open tenant; `settle` is the pause before the second look."""
    return [_verify(account, target, settle) for target in operations.targets_of([account.pk])]


def verify_all(
    accounts: Iterable[ProviderAccount],
    *,
    settle: float = SETTLE,
    report: Callable[[Verified], None] | None = None,
) -> list[Verified]:
    """Several accounts, one after the other; `report` hears of each as it is done."""
    found: list[Verified] = []
    for account in accounts:
        for verified in verify(account, settle=settle):
            found.append(verified)
            if report:
                report(verified)
    return found


def _verify(account: ProviderAccount, target: SyncTarget, settle: float) -> Verified:
    try:
        first = _look(account, target)
        if first.differences:
            time.sleep(settle)
            second = _look(account, target)
            stayed = set(first.differences) & set(second.differences)
            lasting = tuple(item for item in second.differences if item in stayed)
            first = Comparison(second.compared, lasting)
    except Unverifiable as obstacle:
        return Verified(str(account.pk), target.kind, 0, (), str(obstacle))
    log.info("account verified", account=str(account.pk), kind=target.kind, differences=len(first.differences))
    return Verified(str(account.pk), target.kind, first.compared, first.differences)


def _look(account: ProviderAccount, target: SyncTarget) -> Comparison:
    quiesce(account, target)
    kind = registry.get(target.kind)
    try:
        with connections.adapter(account, kind) as adapter:
            return kind.compare(adapter, account)
    except AdapterError as error:
        raise Unverifiable(f"the provider could not be read: {error.reason}") from None


def quiesce(account: ProviderAccount, target: SyncTarget) -> None:
    """Run one incremental sync to its end, here. Raises Unverifiable when that is not possible."""
    status = ProviderAccount.objects.values_list("status", flat=True).get(pk=account.pk)
    if status != AccountStatus.ACTIVE:
        raise Unverifiable(f"the account is {status}; connect it again first")
    begun = now()
    deadline = time.monotonic() + BUSY
    while time.monotonic() < deadline:
        with lease.take(target.pk) as held:
            if held is not None:
                SyncTarget.objects.filter(pk=target.pk).update(wanted_at=None, queued_at=None, started_at=Now())
                runs.catch_up(held)
        target.refresh_from_db()
        if _reached(target, begun):
            return
        time.sleep(PAUSE)
    raise Unverifiable(_why(target))


def _reached(target: SyncTarget, begun: datetime) -> bool:
    """Whether a sync that began after `begun` has ended well."""
    # An expired cursor is due at once: its run is repeated here, not reported.
    if target.error_code and target.due_at > now():
        raise Unverifiable(f"the sync failed: {target.error_reason or target.error_code}")
    return target.phase == Phase.LIVE and target.last_synced_at is not None and target.last_synced_at >= begun


def _why(target: SyncTarget) -> str:
    if target.phase == Phase.INITIAL:
        return "the first import is not complete yet; wait for it with `manage.py sync now --wait`"
    return f"another run held the account for {BUSY:g} s ({target.lease_owner or 'no slot was free'}); try again"
