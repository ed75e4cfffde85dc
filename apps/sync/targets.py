"""Asking for a sync: marks the target wanted, coalesces, picks the queue, enqueues on commit."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

import redis
import structlog
from celery import current_app
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.timezone import now
from kombu.exceptions import OperationalError

from apps.core.redis import client
from apps.tenants.models import Status

from . import queues
from .models import Phase, SyncTarget

log = structlog.get_logger(__name__)

# A task that was enqueued this long ago and has not begun is taken for lost (Redis restarted).
LOST_AFTER: Final = timedelta(seconds=60)
# How long one for history may wait behind others; a second that turns out to be one too many takes a turn more.
LONGEST_QUEUE: Final = timedelta(hours=1)
# When a task for history that found another runner looks again.
BUSY_SECONDS: Final = 5.0


def request(target_id: UUID, because: str) -> bool:
    """Mark the target wanted and make sure a task will see it; True when a task was enqueued.

    Many requests before a run begins make one run; a request during a run makes one more. Somebody
    who waits does not wait behind a poll that was asked for earlier: a second task goes by the
    faster queue, and whichever comes last finds nothing wanted. The task is sent on commit; when the
    queue is out of reach the mark stays and the sweep finds it.
    """
    with transaction.atomic():
        target = SyncTarget.objects.select_for_update(of=("self",)).filter(pk=target_id, is_active=True).first()
        if target is None:
            return False
        more_urgent = because in queues.URGENT and target.wanted_because not in queues.URGENT
        overtakes = more_urgent and queues.of(target, because) != queues.of(target, target.wanted_because)
        if target.wanted_at is None or more_urgent:
            target.wanted_at, target.wanted_because = target.wanted_at or now(), because
        on_its_way = target.queued_at is not None and target.queued_at > now() - LOST_AFTER and not overtakes
        if not on_its_way:
            target.queued_at = now()
        target.save(update_fields=["wanted_at", "wanted_because", "queued_at"])
        if on_its_way:
            return False
        transaction.on_commit(lambda: enqueue(target, because))
        return True


def syncs() -> "QuerySet[SyncTarget]":
    """The targets that are synced: all but the queues of commands, which share their leases and due times."""
    return SyncTarget.objects.exclude(kind=queues.OUTBOUND)


def request_account(tenant_id: UUID, account_id: UUID, because: str) -> int:
    """Request every target of an account; return how many tasks were enqueued."""
    ids = syncs().filter(tenant_id=tenant_id, account_id=account_id, is_active=True)
    return sum(request(target_id, because) for target_id in ids.values_list("id", flat=True))


def again(target_id: UUID, because: str, *, delay: float = 0.0) -> None:
    """Put a target whose run gave way back into its queue, `delay` seconds from now.

    The mark `queued_at` is set whatever stands there: the caller's own task is ending.
    """
    with transaction.atomic():
        target = SyncTarget.objects.select_for_update(of=("self",)).filter(pk=target_id).first()
        if target is None:
            return  # its account was disconnected meanwhile
        if target.wanted_at is None:
            target.wanted_at, target.wanted_because = now(), because
        target.queued_at = now()
        target.save(update_fields=["wanted_at", "wanted_because", "queued_at"])
        transaction.on_commit(lambda: enqueue(target, target.wanted_because, delay=delay))


def backfill(target_id: UUID, *, delay: float = 0.0) -> None:
    """Have a task read what is missing of a target's history, `delay` seconds from now; nothing happens when none is
    missing, or such a task is on its way."""
    with transaction.atomic():
        missing = SyncTarget.objects.filter(pk=target_id, phase=Phase.INITIAL, is_active=True)
        if missing.filter(backfill_queued_at__isnull=True).update(backfill_queued_at=Now()):
            # It may be over, or disconnected, by the time of the commit.
            transaction.on_commit(lambda: _enqueue_backfills(missing, delay))


def postpone_backfill(target_id: UUID | str) -> None:
    """Send a task for missing history that met another runner once more; it is over when the target is active no more,
    or somebody else has begun with it."""
    mine = SyncTarget.objects.filter(pk=target_id, backfill_queued_at__isnull=False)
    mine.exclude(phase=Phase.INITIAL, is_active=True).update(backfill_queued_at=None)
    _enqueue_backfills(mine, BUSY_SECONDS)


def call(target: SyncTarget, delay: float) -> None:
    """Have a task look at the target `delay` seconds after the commit, whether or not it is wanted by then."""
    transaction.on_commit(lambda: enqueue(target, target.wanted_because or "schedule", delay=delay))


def enqueue(target: SyncTarget, because: str, *, delay: float = 0.0) -> None:
    """Send the run's task. An unreachable queue is logged, not raised: the row still says wanted."""
    _send(queues.task_of(target), target, queues.of(target, because), delay)


def _enqueue_backfills(found: Iterable[SyncTarget], delay: float = 0.0) -> None:
    """Send the tasks that read history. As `enqueue`; what was not sent is not marked so."""
    for target in found:
        if not _send(queues.BACKFILL_TASK, target, queues.BACKFILL, delay):
            SyncTarget.objects.filter(pk=target.pk).update(backfill_queued_at=None)


def _send(task: str, target: SyncTarget, queue: str, delay: float) -> bool:
    try:
        current_app.send_task(task, (str(target.tenant_id), str(target.id)), queue=queue, countdown=delay)
    except (OperationalError, OSError) as error:
        log.warning("run not enqueued; the sweep will", target=str(target.id), reason=type(error).__name__)
        return False
    return True


def sweep() -> int:
    """Enqueue wanted targets whose task was lost, and unfinished work; return how many.

    A target counts as lost when it is wanted, still importing, or was left by a runner that died, no
    lease is live and its task should have begun long ago. What failed waits for its time unless
    somebody asked.
    """
    return _sweep_runs() + _sweep_history()


def _sweep_runs() -> int:
    stale = Q(queued_at__isnull=True) | Q(queued_at__lt=Now() - LOST_AFTER)
    # Every run that ends gives its lease back: one that ran out was a dead runner's, which had claimed the request.
    abandoned = Q(lease_until__lt=Now())
    # Commands do not depend on the scheduler's switch.
    overdue = Q(kind=queues.OUTBOUND, due_at__lt=Now() - LOST_AFTER)
    importing = Q(phase=Phase.INITIAL, kind__in=queues.WHOLE)
    unfinished = Q(wanted_at__isnull=False) | importing | abandoned | overdue
    with transaction.atomic():
        lost = list(_runnable(stale, unfinished).order_by("wanted_at")[:500])
        SyncTarget.objects.filter(pk__in=[target.pk for target in lost]).update(queued_at=Now())
    for target in lost:
        if target.wanted_at is None:
            SyncTarget.objects.filter(pk=target.pk, wanted_at__isnull=True).update(
                wanted_at=Now(), wanted_because="sweep"
            )
        enqueue(target, target.wanted_because or "sweep")
    return len(lost)


def _sweep_history() -> int:
    """Of news the end asks for the history, so one that is wanted is not looked at. A task of long ago may still wait
    among the imports of others: it is lost when nothing waits there, and taken for lost when it is very old."""
    old = LOST_AFTER if _nothing_waits(queues.BACKFILL) else LONGEST_QUEUE
    lost = Q(backfill_queued_at__isnull=True, wanted_at__isnull=True) | Q(backfill_queued_at__lt=Now() - old)
    with transaction.atomic():
        found = _runnable(lost, Q(phase=Phase.INITIAL)).exclude(kind__in=queues.WHOLE)
        rows = list(found.order_by("backfill_queued_at")[:500])
        SyncTarget.objects.filter(pk__in=[target.pk for target in rows]).update(backfill_queued_at=Now())
    _enqueue_backfills(rows)
    return len(rows)


def _runnable(*conditions: Q) -> "QuerySet[SyncTarget]":
    """Those targets, locked, of which nobody holds the lease and which are not to wait."""
    idle = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    parked = Q(breaker_until__gt=Now())
    # A provider that said "in an hour" is not asked every minute because history is missing.
    paused = Q(wanted_at__isnull=True, due_at__gt=Now()) & ~Q(error_code="")
    found = SyncTarget.objects.select_for_update(skip_locked=True, of=("self",))
    return found.filter(idle, *conditions, is_active=True, tenant__status=Status.ACTIVE).exclude(parked).exclude(paused)


def _nothing_waits(queue: str) -> bool:
    """Whether the queue is empty; False when it is out of reach."""
    try:
        return client().llen(queue) == 0
    except redis.RedisError:
        return False
