"""The scheduler's tick: what is due, fairly, once."""

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db import connection
from django.utils.timezone import now

from apps.sync import scheduler, tiers
from apps.sync.models import Breaker, SyncTarget, Tier
from apps.tenants.models import Status, Tenant
from tests.sync import fixtures
from tests.tenants.fixtures import Make


def due(make: Make, tenants: dict[str, int]) -> dict[str, Tenant]:
    """Companies by name with that many due targets each."""
    made = {}
    for name, count in tenants.items():
        cast = make.tenant()
        made[name] = cast.tenant
        for _ in range(count):
            fixtures.target(cast.owner, uuid4(), due_at=now() - timedelta(minutes=5))
    return made


def claimed(tenant: Tenant) -> int:
    return SyncTarget.objects.filter(tenant=tenant, queued_at__isnull=False).count()


def test_no_tenant_gets_a_second_slot_before_each_waiting_one_had_a_first(make: Make, queued: Any) -> None:
    SyncTarget.objects.all().delete()
    made = due(make, {"large": 30, "small": 1, "middle": 3})
    assert scheduler.claim(6) == 6
    counts = {name: claimed(tenant) for name, tenant in made.items()}
    assert counts == {"large": 3, "small": 1, "middle": 2} or counts == {"large": 2, "small": 1, "middle": 3}


def test_a_backlog_is_drained_batch_after_batch(make: Make, queued: Any, settings: Any) -> None:
    SyncTarget.objects.all().delete()
    settings.EMAIL_SYNC_BATCH_SIZE = 10
    made = due(make, {"large": 35})
    assert scheduler.drain() == 35
    assert claimed(made["large"]) == 35
    assert scheduler.drain() == 0


def test_two_beats_at_once_claim_each_target_once(make: Make, queued: Any) -> None:
    SyncTarget.objects.all().delete()
    due(make, {"a": 40, "b": 40})
    counts: list[int] = []
    gate = threading.Barrier(4)

    def beat() -> None:
        gate.wait()
        counts.append(scheduler.claim(50))
        connection.close()

    threads = [threading.Thread(target=beat) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    scheduler.claim(200)
    assert sum(queued().values()) == 80


def test_what_must_not_run_is_not_claimed(make: Make, queued: Any) -> None:
    SyncTarget.objects.all().delete()
    made = due(make, {"suspended": 1, "open": 1, "leased": 1, "later": 1, "fine": 1})
    Tenant.objects.filter(pk=made["suspended"].pk).update(status=Status.SUSPENDED)
    change = SyncTarget.objects.filter
    change(tenant=made["open"]).update(breaker=Breaker.OPEN, breaker_until=now() + timedelta(minutes=5))
    change(tenant=made["leased"]).update(lease_until=now() + timedelta(minutes=1))
    change(tenant=made["later"]).update(due_at=now() + timedelta(minutes=1))
    assert scheduler.claim(10) == 1
    assert claimed(made["fine"]) == 1


def test_a_breaker_whose_pause_is_over_lets_one_try_through(make: Make, queued: Any) -> None:
    SyncTarget.objects.all().delete()
    made = due(make, {"open": 1})
    change = SyncTarget.objects.filter(tenant=made["open"])
    change.update(breaker=Breaker.OPEN, breaker_until=now() - timedelta(seconds=1))
    assert scheduler.claim(10) == 1
    assert change.get().breaker == Breaker.HALF_OPEN


def test_the_tier_follows_plan_and_activity() -> None:
    moment = now()

    def ago(**time: float) -> Any:
        return moment - timedelta(**time)

    assert tiers.tier("premium", None, ago(days=9), moment) == Tier.CRITICAL
    assert tiers.tier("standard", ago(minutes=30), ago(days=9), moment) == Tier.HIGH
    assert tiers.tier("standard", ago(days=3), ago(hours=1), moment) == Tier.HIGH
    assert tiers.tier("standard", ago(days=3), ago(hours=7), moment) == Tier.NORMAL
    assert tiers.tier("standard", None, ago(hours=49), moment) == Tier.LOW
    assert tiers.tier("standard", None, None, moment) == Tier.HIGH


def test_the_interval_is_the_blueprints_unless_push_is_live_or_a_person_looks() -> None:
    moment = now()
    target = SyncTarget(provider_type="imap", tier=Tier.NORMAL)
    assert 57 <= tiers.interval(target, None, moment).total_seconds() / 60 <= 63
    assert 28 <= tiers.interval(target, moment, moment).total_seconds() <= 32
    target.push_until = moment + timedelta(minutes=1)
    assert 14 <= tiers.interval(target, moment, moment).total_seconds() / 60 <= 16
