"""What the engine keeps for an account: its targets come, are woken and go with it.

Receivers of `providers.signals`, run inside the transaction that changes the account.
"""

from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from apps.providers.models import ProviderAccount
from apps.tenants import context

from . import registry, targets
from .models import Breaker, SyncTarget
from .watching import status as watchers

# Which service of an account a kind is synced from.
SERVICES: Final = {"mail": ("imap",), "calendar": ("caldav",), "contacts": ("carddav",)}


def begin(*, account: ProviderAccount, **_: Any) -> None:
    """Create and request the targets of a connected account, or wake them after a reconnect."""
    tenant = context.current()
    for kind, host in kinds_of(account).items():
        target, _fresh = SyncTarget.objects.update_or_create(
            tenant=tenant,
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
            },
        )
        targets.request(target.pk, "connect")
        transaction.on_commit(partial(watchers.account_changed, target.pk))


def end(*, account: ProviderAccount, **_: Any) -> None:
    """Remove the targets: a run under way finds its lease gone and writes nothing more."""
    gone = SyncTarget.objects.filter(tenant=context.current(), account_id=account.pk)
    ids: list[UUID] = list(gone.values_list("pk", flat=True))
    gone.delete()
    for target_id in ids:
        transaction.on_commit(partial(watchers.account_changed, target_id))


def kinds_of(account: ProviderAccount) -> dict[str, str]:
    """The registered kinds that this account has a service for, with the host of each."""
    found = {}
    for kind in registry.names():
        for service in SERVICES.get(kind, ()):
            where = account.settings.get(service)
            if where:
                found[kind] = str(where.get("host") or _host(where.get("url", "")))[:255]
    return found


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
