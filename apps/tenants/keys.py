"""A tenant's data keys, unwrapped and cached for a while."""

import threading
import time
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from apps.core import crypto

from .models import DataKey, Tenant

# Long enough to spare a query per message, short enough that a shredded key is soon forgotten.
CACHE_SECONDS: Final = 60.0
_cache: dict[UUID, tuple[float, dict[int, crypto.DataKey]]] = {}
_lock = threading.Lock()


def create(tenant: Tenant) -> crypto.DataKey:
    """Give the tenant its next data key and return it. The newest key seals, all of them open."""
    with transaction.atomic():
        latest = DataKey.objects.select_for_update().filter(tenant=tenant).order_by("-number").first()
        key = crypto.new_data_key(latest.number + 1 if latest else 1)
        master = settings.PMSYNC_MASTER_KEYS[0]
        wrapped = crypto.wrap(master, key, str(tenant.id))
        DataKey.objects.create(tenant=tenant, number=key.number, master_key_id=master.id, wrapped=wrapped)
    forget(tenant.id)
    return key


def all_of(tenant: Tenant) -> Mapping[int, crypto.DataKey]:
    """Every data key of the tenant by number. Raises UnknownKey or SealBroken when one will not open."""
    now = time.monotonic()
    with _lock:
        cached = _cache.get(tenant.id)
    if cached and cached[0] > now:
        return cached[1]
    keys = {
        row.number: crypto.unwrap(
            settings.PMSYNC_MASTER_KEYS, row.master_key_id, bytes(row.wrapped), row.number, str(tenant.id)
        )
        for row in DataKey.objects.filter(tenant=tenant)
    }
    if not keys:
        raise crypto.UnknownKey(f"tenant {tenant.slug} has no data key: its contents were shredded")
    with _lock:
        _cache[tenant.id] = (now + CACHE_SECONDS, keys)
    return keys


def newest(tenant: Tenant) -> crypto.DataKey:
    """The key that seals new values."""
    keys = all_of(tenant)
    return keys[max(keys)]


def forget(tenant_id: UUID) -> None:
    """Drop the tenant's keys from this process's memory."""
    with _lock:
        _cache.pop(tenant_id, None)
