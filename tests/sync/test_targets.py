"""Asking for a sync: coalescing, and requests that are never lost."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery
from django.utils.timezone import now

from apps.core.redis import client
from apps.providers.models import ProviderAccount
from apps.sync import accounts, lease, limits, queues, targets, tasks
from apps.sync.models import Phase, SyncTarget
from apps.tenants.models import Status, Tenant
from pmsync.celery import app
from tests.sync import fixtures
from tests.tenants.fixtures import Cast


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


def test_what_could_not_be_sent_is_sent_by_the_sweep(wanted: SyncTarget, queued: Any) -> None:
    SyncTarget.objects.filter(pk=wanted.pk).update(phase=Phase.INITIAL)
    with Celery("nowhere", broker="redis://127.0.0.1:1/0", set_as_current=False) as nowhere:
        nowhere.conf.task_publish_retry = False
        nowhere.set_current()
        targets.backfill(wanted.pk)
        assert targets.request(wanted.pk, "idle")
    app.set_current()
    assert queued() == {}
    SyncTarget.objects.filter(pk=wanted.pk).update(queued_at=now() - timedelta(minutes=2))
    assert targets.sweep() == 1
    SyncTarget.objects.filter(pk=wanted.pk).update(wanted_at=None)
    assert targets.sweep() == 1
    assert queued() == {"sync.high": 1, "backfill": 1}


@pytest.mark.parametrize("kind", ["calendar", "contacts"])
def test_what_is_brought_in_whole_does_not_queue_among_the_news(wanted: SyncTarget, queued: Any, kind: str) -> None:
    SyncTarget.objects.filter(pk=wanted.pk).update(phase=Phase.INITIAL, kind=kind)
    targets.request(wanted.pk, "connect")
    assert queued() == {"backfill": 1}


def test_news_of_an_account_that_is_being_imported_waits_for_no_import(wanted: SyncTarget, queued: Any) -> None:
    SyncTarget.objects.filter(pk=wanted.pk).update(phase=Phase.INITIAL)
    targets.backfill(wanted.pk)
    targets.backfill(wanted.pk)
    targets.request(wanted.pk, "idle")
    assert queued() == {"backfill": 1, "sync.high": 1}


def test_nothing_reads_history_that_is_not_missing(wanted: SyncTarget, queued: Any) -> None:
    targets.backfill(wanted.pk)
    targets.postpone_backfill(wanted.pk)
    tasks.backfill(str(wanted.tenant_id), str(wanted.pk))
    wanted.refresh_from_db()
    assert (queued(), wanted.lease_until, wanted.backfill_queued_at) == ({}, None, None)


def test_a_task_for_history_that_meets_another_runner_looks_again(wanted: SyncTarget, queued: Any) -> None:
    SyncTarget.objects.filter(pk=wanted.pk).update(phase=Phase.INITIAL, backfill_queued_at=now())
    with lease.take(wanted.pk):
        tasks.backfill(str(wanted.tenant_id), str(wanted.pk))
    assert queued() == {"backfill": 1}
    SyncTarget.objects.filter(pk=wanted.pk).update(is_active=False)
    tasks.backfill(str(wanted.tenant_id), str(wanted.pk))
    wanted.refresh_from_db()
    assert (queued(), wanted.backfill_queued_at) == ({"backfill": 1}, None)


def test_history_is_asked_for_again_only_when_none_is_queued(cast: Cast, wanted: SyncTarget, queued: Any) -> None:
    SyncTarget.objects.filter(pk=wanted.pk).update(
        phase=Phase.INITIAL, wanted_at=None, backfill_queued_at=now() - timedelta(minutes=50)
    )
    other = fixtures.target(cast.owner, uuid4(), phase=Phase.INITIAL)
    targets.backfill(other.pk)
    assert targets.sweep() == 0
    SyncTarget.objects.filter(pk=wanted.pk).update(backfill_queued_at=now() - timedelta(minutes=70))
    assert targets.sweep() == 1
    SyncTarget.objects.filter(pk=wanted.pk).update(backfill_queued_at=now() - timedelta(minutes=2))
    assert targets.sweep() == 0
    client().delete("backfill")
    assert targets.sweep() == 1
    assert targets.sweep() == 0
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


def test_a_click_overtakes_a_poll_that_waits_in_the_slow_queue(wanted: SyncTarget, queued: Any) -> None:
    targets.request(wanted.pk, "schedule")
    assert targets.request(wanted.pk, "user")
    assert not targets.request(wanted.pk, "idle")
    assert not targets.request(wanted.pk, "schedule")
    assert queued() == {"sync.normal": 1, "sync.high": 1}
    wanted.refresh_from_db()
    assert wanted.wanted_because == "user"


def test_a_click_that_finds_no_slot_stays_a_click(wanted: SyncTarget, queued: Any, settings: Any) -> None:
    settings.IMAP_CONCURRENT_MAX = -limits.URGENT_RESERVE  # nobody fits
    targets.request(wanted.pk, "user")
    tasks.run_sync(str(wanted.tenant_id), str(wanted.pk))
    wanted.refresh_from_db()
    assert (wanted.wanted_because, wanted.lease_until) == ("user", None)
    assert wanted.wanted_at is not None


def test_a_target_that_is_gone_is_not_put_back(wanted: SyncTarget, queued: Any) -> None:
    SyncTarget.objects.all().delete()
    targets.again(wanted.pk, "backfill")
    assert queued() == {}


def test_the_sweep_takes_up_what_a_dead_runner_had_claimed(wanted: SyncTarget, queued: Any) -> None:
    SyncTarget.objects.filter(pk=wanted.pk).update(lease_until=now() - timedelta(seconds=1), lease_owner="dead")
    assert targets.sweep() == 1
    tasks.run_sync(str(wanted.tenant_id), str(wanted.pk))
    wanted.refresh_from_db()
    assert wanted.last_synced_at is not None
    assert targets.sweep() == 0


def test_the_sweep_leaves_an_import_its_providers_pause_unless_somebody_asks(wanted: SyncTarget, queued: Any) -> None:
    change = SyncTarget.objects.filter(pk=wanted.pk).update
    change(phase=Phase.INITIAL, error_code="rate_limited", due_at=now() + timedelta(hours=1))
    assert targets.sweep() == 0
    change(wanted_at=now())
    assert targets.sweep() == 1


def test_the_sweep_passes_over_a_company_that_is_closed(wanted: SyncTarget, queued: Any) -> None:
    SyncTarget.objects.filter(pk=wanted.pk).update(wanted_at=now())
    Tenant.objects.filter(pk=wanted.tenant_id).update(status=Status.SUSPENDED)
    assert targets.sweep() == 0


def test_celery_declares_exactly_the_queues_of_the_engine() -> None:
    assert [queue.name for queue in app.conf.task_queues] == list(queues.ALL)


def test_what_an_account_has_and_nothing_syncs_is_adopted(cast: Cast, wanted: SyncTarget, queued: Any) -> None:
    with cast.inside():
        account = ProviderAccount.objects.get(pk=wanted.account_id)
        account.settings = {"carddav": {"url": "https://dav.example.test/", "homes": []}}
        account.save(update_fields=["settings"])
        assert (accounts.adopt(), accounts.adopt()) == (1, 0)
    made = SyncTarget.objects.get(account_id=account.pk, kind="contacts")
    assert (made.host, made.wanted_because) == ("dav.example.test", "adopt")
    wanted.refresh_from_db()
    assert wanted.wanted_at is None  # what is synced already is left alone
