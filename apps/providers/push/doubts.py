"""Polls that found what no notification told of: a subscription that is silent for no good reason is replaced.

A notification may be late, so a doubt stands for a moment before anybody acts on it, and whatever rings meanwhile ends
it. A subscription that took the place of a silent one and is silent, too, is trusted no more: the scheduler polls as if
there were none, until something rings.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db.models import Q
from django.db.models.functions import Least, Now

from apps.core.clock import now

from .models import PushRoute

log = structlog.get_logger(__name__)

LATE: Final = timedelta(minutes=2)
"""How late a notification may be, and how coarsely `rung_at` is kept."""
SILENCES: Final = 2


def found_by_poll(tenant_id: UUID, account_id: UUID, surface: str, since: datetime | None) -> int:
    """A poll of this surface found changes that happened after `since`. Returns how many subscriptions are doubted."""
    begun = since or now()
    silent = Q(rung_at__isnull=True) | Q(rung_at__lt=begun - LATE)
    doubted = PushRoute.objects.filter(
        silent, tenant_id=tenant_id, account_id=account_id, surface=surface, is_ending=False, doubted_at__isnull=True,
        subscribed_at__lt=begun, silences__lt=SILENCES,
    ).update(doubted_at=Now(), due_at=Least("due_at", Now() + LATE))  # fmt: skip
    if doubted:
        log.info("notifications doubted", account=str(account_id), surface=surface, routes=doubted)
    return doubted
