"""Re-wraps every tenant's data keys under the newest master key, while everything runs.

What the data keys sealed is not touched, so nothing has to be read or written but the keys. Each
row says which master key wraps it: a run that was cut off leaves some under either, all of them
open, and the next run goes on with the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import transaction

from apps.core import crypto

from .models import DataKey

BATCH: Final = 200


class CannotRotate(Exception):
    """A data key does not open with the master keys at hand, so nothing was written."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many data keys were re-wrapped, and how many already stood under the newest master key."""

    master_key_id: str
    rewrapped: int
    already: int


def rotate(report: Callable[[int, int], object]) -> Rotated:
    """Bring every data key under the newest master key. Raises CannotRotate before anything is written."""
    newest = settings.PMSYNC_MASTER_KEYS[0]
    check_all_open()
    waiting = list(DataKey.objects.exclude(master_key_id=newest.id).order_by("pk").values_list("pk", flat=True))
    already = DataKey.objects.filter(master_key_id=newest.id).count()
    for start in range(0, len(waiting), BATCH):
        _rewrap(waiting[start : start + BATCH])
        report(min(start + BATCH, len(waiting)), len(waiting))
    return Rotated(newest.id, len(waiting), already)


def check_all_open() -> None:
    """Raise CannotRotate, naming the tenant and the master key, unless every data key opens."""
    for row in DataKey.objects.select_related("tenant").iterator(chunk_size=2000):
        try:
            _open(row)
        except (crypto.UnknownKey, crypto.SealBroken) as closed:
            raise CannotRotate(f"data key {row.number} of tenant {row.tenant.slug}: {closed}") from None


def _open(row: DataKey) -> crypto.DataKey:
    return crypto.unwrap(
        settings.PMSYNC_MASTER_KEYS, row.master_key_id, bytes(row.wrapped), row.number, str(row.tenant_id)
    )


def _rewrap(batch: list[int]) -> None:
    newest = settings.PMSYNC_MASTER_KEYS[0]
    with transaction.atomic():
        rows = DataKey.objects.select_for_update().filter(pk__in=batch).exclude(master_key_id=newest.id)
        for row in rows:
            row.wrapped = crypto.wrap(newest, _open(row), str(row.tenant_id))
            row.master_key_id = newest.id
            row.save(update_fields=["wrapped", "master_key_id"])
