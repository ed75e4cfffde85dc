"""What the engine makes of subscriptions at providers: a notification is a request, a live subscription saves polls.

Receivers of `providers.signals`. No tenant is open, and only public rows are touched.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Value
from django.db.models.functions import Least, Now, Random

from apps.providers.push import doubts

from . import targets
from .models import SyncTarget

KIND: Final = "push"


def rang(*, tenant_id: UUID, account_id: UUID, surface: str, **_: Any) -> None:
    """A provider told of a change: request the target. Many before a run begins make one run."""
    found = SyncTarget.objects.filter(tenant_id=tenant_id, account_id=account_id, kind=surface)
    for target_id in found.values_list("pk", flat=True):
        targets.request(target_id, "push")


def changed(*, tenant_id: UUID, account_id: UUID, surface: str, until: datetime | None, **_: Any) -> None:
    """The provider tells of changes until then, or does not: then the next look moves near, within a minute."""
    found = SyncTarget.objects.filter(tenant_id=tenant_id, account_id=account_id, kind=surface)
    if until is not None:
        found.update(push_kind=KIND, push_until=until)
        return
    soon = Now() + Value(timedelta(minutes=1)) * Random()
    found.filter(push_kind=KIND).update(push_kind="", push_until=None, due_at=Least(F("due_at"), soon))


def found(target: SyncTarget, changes: int, before: datetime | None) -> None:
    """A run found so many changes, the run before it having been at `before`. A poll that found what a live
    subscription did not tell of makes it doubtful."""
    live = target.push_kind == KIND and target.push_until is not None
    if changes and live and target.wanted_because == "schedule":
        doubts.found_by_poll(target.tenant_id, target.account_id, target.kind, before)
