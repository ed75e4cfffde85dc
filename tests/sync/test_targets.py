"""Asking for a sync: coalescing, and requests that are never lost."""

from datetime import timedelta
from typing import Any

from django.utils.timezone import now

from apps.sync import lease, targets
from apps.sync.models import Phase, SyncTarget


def test_many_requests_before_a_run_make_one_task(wanted: SyncTarget, queued: Any) -> None:
    assert [targets.request(wanted.pk, "idle") for _ in range(50)] == [True] + [False] * 49
    assert queued() == {"sync.high": 1}


def test_a_request_during_a_run_makes_one_more(wanted: SyncTarget, queued: Any) -> None:
    targets.request(wanted.pk, "idle")
    with lease.take(wanted.pk) as held:
        assert held is not None
        assert held.claim_wanted()
        targets.request(wanted.pk, "idle")
        targets.request(wanted.pk, "idle")
        assert held.claim_wanted()
        assert not held.claim_wanted()


def test_no_request_falls_between_the_last_look_and_the_release(wanted: SyncTarget, queued: Any) -> None:
    with lease.take(wanted.pk) as held:
        assert held is not None
        assert not held.claim_wanted()  # nothing wanted: the lease is free again
        targets.request(wanted.pk, "idle")
        with lease.take(wanted.pk) as other:
            assert other is not None
            assert other.claim_wanted()


def test_an_import_does_not_queue_among_the_news(wanted: SyncTarget, queued: Any) -> None:
    SyncTarget.objects.filter(pk=wanted.pk).update(phase=Phase.INITIAL)
    targets.request(wanted.pk, "connect")
    assert queued() == {"backfill": 1}


def test_a_target_that_is_not_active_takes_no_request(wanted: SyncTarget, queued: Any) -> None:
    SyncTarget.objects.filter(pk=wanted.pk).update(is_active=False)
    assert not targets.request(wanted.pk, "user")
    assert queued() == {}


def test_the_sweep_enqueues_a_wanted_target_whose_task_was_lost(wanted: SyncTarget, queued: Any) -> None:
    SyncTarget.objects.filter(pk=wanted.pk).update(wanted_at=now(), queued_at=now() - timedelta(minutes=2))
    assert targets.sweep() == 1
    assert targets.sweep() == 0  # it is on its way now
    assert queued() == {"sync.normal": 1}


def test_the_sweep_leaves_alone_what_runs_or_waits_for_its_breaker(wanted: SyncTarget, queued: Any) -> None:
    stale = {"wanted_at": now(), "queued_at": now() - timedelta(minutes=2)}
    SyncTarget.objects.filter(pk=wanted.pk).update(lease_until=now() + timedelta(minutes=1), **stale)
    assert targets.sweep() == 0
    SyncTarget.objects.filter(pk=wanted.pk).update(
        lease_until=None, breaker_until=now() + timedelta(minutes=5), **stale
    )
    assert targets.sweep() == 0
    assert queued() == {}


def test_an_import_that_stopped_half_way_is_swept_up(wanted: SyncTarget, queued: Any) -> None:
    SyncTarget.objects.filter(pk=wanted.pk).update(phase=Phase.INITIAL, wanted_at=None, queued_at=None)
    assert targets.sweep() == 1
    assert queued() == {"backfill": 1}
