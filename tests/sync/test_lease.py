"""One runner per target, whatever sleeps, dies or wakes late."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.utils.timezone import now

from apps.sync import lease
from apps.sync.models import SyncTarget


def expire(target: SyncTarget) -> None:
    SyncTarget.objects.filter(pk=target.pk).update(lease_until=now() - timedelta(seconds=1))


def test_a_second_runner_leaves_while_the_lease_is_held(wanted: SyncTarget) -> None:
    with lease.take(wanted.pk) as first, lease.take(wanted.pk) as second:
        assert first is not None
        assert second is None


def test_the_lease_is_free_after_the_block(wanted: SyncTarget) -> None:
    with lease.take(wanted.pk):
        pass
    with lease.take(wanted.pk) as again:
        assert again is not None


def test_a_runner_that_slept_past_its_lease_may_write_nothing(wanted: SyncTarget) -> None:
    with lease.take(wanted.pk) as frozen:
        assert frozen is not None
        expire(wanted)
        with lease.take(wanted.pk) as other:
            assert other is not None
            with pytest.raises(lease.LeaseLost):
                frozen.check()
            with pytest.raises(lease.LeaseLost):
                frozen.renew()
            assert not frozen.claim_wanted()
            other.check()


def test_a_frozen_runner_does_not_release_its_successors_lease(wanted: SyncTarget) -> None:
    with lease.take(wanted.pk) as frozen:
        assert frozen is not None
        expire(wanted)
        with lease.take(wanted.pk) as other:
            assert other is not None
            frozen.release()
            other.renew()


def test_of_fifty_takers_at_once_one_gets_it(wanted: SyncTarget) -> None:
    got: list[int] = []
    gate, done = threading.Barrier(12), threading.Event()

    def take() -> None:
        gate.wait()
        with lease.take(wanted.pk) as held:
            if held:
                got.append(held.fence)
                done.wait(5)
        connection.close()

    threads = [threading.Thread(target=take) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads[:-1]:
        thread.join(0.5)
    done.set()
    for thread in threads:
        thread.join()
    assert len(got) == 1


def test_a_batch_that_takes_longer_than_the_lease_keeps_it(wanted: SyncTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEW_EVERY", 0.02)
    with lease.take(wanted.pk) as held:
        assert held is not None
        soon = now() + timedelta(seconds=5)
        SyncTarget.objects.filter(pk=wanted.pk).update(lease_until=soon)
        extended = threading.Event()
        with lease.kept(held, extended.set):
            until(lambda: lease_until(wanted) != soon)
            assert extended.wait(20)
    assert lease_until(wanted) is None


def test_a_lease_is_not_kept_once_it_is_given_back_or_nothing_moves(wanted: SyncTarget) -> None:
    with lease.take(wanted.pk) as held:
        assert held is not None
        assert held.extend()
        held.progress_at -= lease.LONGEST_BATCH + 1
        assert not held.extend()
        held.renew()
        assert held.extend()
        held.release()
        assert not held.extend()
        assert lease_until(wanted) is None


def test_a_lease_that_was_taken_over_is_not_kept(wanted: SyncTarget) -> None:
    with lease.take(wanted.pk) as slow:
        assert slow is not None
        expire(wanted)
        with lease.take(wanted.pk):
            assert not slow.extend()


def lease_until(target: SyncTarget) -> datetime | None:
    return SyncTarget.objects.values_list("lease_until", flat=True).get(pk=target.pk)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
