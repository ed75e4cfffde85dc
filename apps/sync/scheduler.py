"""The scheduler's tick: claims what is due, fairly across tenants, and hands it to the queues.

Two beats at once are harmless: a claim takes rows with FOR UPDATE SKIP LOCKED and moves their due
time, so each target is claimed once.
"""

from datetime import timedelta
from typing import Final

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.utils.timezone import now

from . import breaker, targets, tiers
from .models import Breaker, SyncTarget

log = structlog.get_logger(__name__)

# How far a single tick goes on claiming full batches before it lets the next beat take over.
MOST_BATCHES: Final = 50
# A claimed target that never ran comes up again after this, without waiting for its whole interval.
CLAIM_HOLDS: Final = timedelta(minutes=5)

# The window looks at ten batches of the longest due; each tenant gets its nth slot only after
# every waiting tenant had n-1, and within a slot the higher tier and the longer wait go first.
CLAIM: Final = """
WITH due AS (
    SELECT t.id, t.tenant_id, t.tier, t.due_at
    FROM sync_synctarget t JOIN tenants_tenant n ON n.id = t.tenant_id
    WHERE t.is_active AND t.due_at <= now() AND n.status = 'active'
      AND (t.breaker <> 'OPEN' OR t.breaker_until <= now())
      AND (t.lease_until IS NULL OR t.lease_until < now())
    ORDER BY t.due_at LIMIT %(window)s FOR UPDATE OF t SKIP LOCKED
), fair AS (
    SELECT id, row_number() OVER (PARTITION BY tenant_id ORDER BY tier, due_at) AS slot, tier, due_at FROM due
), claimed AS (
    SELECT id, row_number() OVER (ORDER BY slot, tier, due_at) AS position FROM fair
    ORDER BY slot, tier, due_at LIMIT %(batch)s
)
UPDATE sync_synctarget t SET due_at = now() + make_interval(secs => %(hold)s),
    wanted_at = coalesce(t.wanted_at, now()),
    wanted_because = CASE WHEN t.wanted_at IS NULL THEN 'schedule' ELSE t.wanted_because END,
    queued_at = now()
FROM claimed WHERE claimed.id = t.id RETURNING t.id, claimed.position
"""


def drain() -> int:
    """Claim batch after batch until one comes back less than full; return how many were enqueued."""
    if not settings.EMAIL_SYNC_ENABLED:
        return 0
    total = 0
    for _ in range(MOST_BATCHES):
        claimed = claim(settings.EMAIL_SYNC_BATCH_SIZE)
        total += claimed
        if claimed < settings.EMAIL_SYNC_BATCH_SIZE:
            break
    return total


def claim(batch: int) -> int:
    """Claim and enqueue at most `batch` due targets, staggered; return how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLAIM, {"window": batch * 10, "batch": batch, "hold": CLAIM_HOLDS.total_seconds()})
        positions = dict(cursor.fetchall())
        claimed = list(SyncTarget.objects.select_related("tenant").filter(pk__in=positions))
        for target in claimed:
            _prepare(target)
    for target in sorted(claimed, key=lambda target: positions[target.pk]):
        delay = (positions[target.pk] - 1) * settings.EMAIL_SYNC_STAGGER_MS / 1000
        targets.enqueue(target, "schedule", delay=delay)
    return len(claimed)


def _prepare(target: SyncTarget) -> None:
    """Recompute the tier, and let a breaker whose pause is over try once."""
    moment = now()
    wanted = tiers.tier(target.tenant.plan, target.tenant.last_login_at, target.last_synced_at, moment)
    state = breaker.after(target.breaker, breaker.Seen.DUE) if target.breaker != Breaker.CLOSED else Breaker.CLOSED
    if (wanted, state) != (target.tier, target.breaker):
        target.tier, target.breaker = wanted, state
        target.save(update_fields=["tier", "breaker"])
