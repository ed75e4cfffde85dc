"""What the engine keeps for an account: its targets come, are woken and go with it.

Receivers of `providers.signals`, run inside the transaction that changes the account.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from apps.providers import connections
from apps.providers.models import AccountStatus, ProviderAccount
from apps.tenants import context

from . import registry, targets
from .models import Breaker, SyncTarget
from .watching import status as watchers


def begin(*, account: ProviderAccount, **_: Any) -> None:
    """Create and request the targets of a connected account, or wake them after a reconnect."""
    tenant, connected = context.current(), kinds_of(account)
    # Of what is no longer connected the mirror stays as it was; nothing asks for it any more.
    held = SyncTarget.objects.filter(tenant=tenant, account_id=account.pk, kind__in=registry.names())
    held.exclude(kind__in=connected).update(is_active=False)
    # A company's accounts come by the thousand, and nobody sits before each.
    _begin(account, connected, "adopt" if account.company_id else "connect")


def _begin(account: ProviderAccount, kinds: Mapping[str, str], because: str) -> None:
    for kind, host in kinds.items():
        target, _fresh = SyncTarget.objects.update_or_create(
            tenant=context.current(),
            account_id=account.pk,
            kind=kind,
            defaults={
                "provider_type": account.provider_type,
                "host": host,
                "is_active": True,
                "due_at": now(),
                "error_count": 0,
                "error_code": "",
                "error_reason": "",
                "breaker": Breaker.CLOSED,
                "breaker_trips": 0,
                "breaker_until": None,
                "backfill_queued_at": None,
            },
        )
        targets.request(target.pk, because)
        transaction.on_commit(partial(watchers.account_changed, target.pk))


def adopt() -> int:
    """Begin with what is connected of the open tenant's accounts and has no target yet: accounts of a release that
    knew fewer kinds. Return how many accounts that were."""
    held = set(SyncTarget.objects.filter(tenant=context.current()).values_list("account_id", "kind"))
    adopted = 0
    for account in ProviderAccount.objects.filter(status=AccountStatus.ACTIVE):
        missing = {kind: host for kind, host in kinds_of(account).items() if (account.pk, kind) not in held}
        if missing:
            with transaction.atomic():
                _begin(account, missing, "adopt")
            adopted += 1
    return adopted


def end(*, account: ProviderAccount, **_: Any) -> None:
    """Remove the targets: a run under way finds its lease gone and writes nothing more."""
    gone = SyncTarget.objects.filter(tenant=context.current(), account_id=account.pk)
    ids: list[UUID] = list(gone.values_list("pk", flat=True))
    gone.delete()
    for target_id in ids:
        transaction.on_commit(partial(watchers.account_changed, target_id))


def kinds_of(account: ProviderAccount) -> dict[str, str]:
    """The registered kinds that are connected of this account, with the host of each."""
    return {kind: host[:255] for kind, host in connections.surfaces_of(account).items() if kind in registry.names()}
