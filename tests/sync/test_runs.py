"""Runs: news before history, imports that give way, and work that survives its worker."""

import time
from datetime import timedelta
from typing import Any

from django.utils.timezone import now

from apps.core.redis import client
from apps.sync import lease, limits, targets, tasks
from apps.sync.models import Phase, SyncTarget
from tests.sync.fixtures import ScriptedKind
from tests.tenants.fixtures import Cast


def test_a_first_import_goes_live_when_its_history_is_in(
    cast: Cast, wanted: SyncTarget, scripted: ScriptedKind, queued: Any
) -> None:
    SyncTarget.objects.filter(pk=wanted.pk).update(phase=Phase.INITIAL)
    scripted.news, scripted.history = ["listing"], ["new", "older", "oldest"]
    targets.request(wanted.pk, "connect")
    tasks.run_sync(str(wanted.tenant_id), str(wanted.pk))
    wanted.refresh_from_db()
    assert scripted.applied == ["listing", "new", "older", "oldest"]
    assert wanted.phase == Phase.LIVE
    assert wanted.last_synced_at is not None


def test_history_that_turns_up_later_is_read_as_well(wanted: SyncTarget, scripted: ScriptedKind, queued: Any) -> None:
    scripted.news, scripted.history = ["a mailbox that is new"], ["new", "older"]

    def find(batch: Any) -> None:
        if batch == "a mailbox that is new":
            scripted.leases[0].history_missing()

    scripted.before_apply = find
    targets.request(wanted.pk, "idle")
    tasks.run_sync(str(wanted.tenant_id), str(wanted.pk))
    wanted.refresh_from_db()
    assert scripted.applied == ["a mailbox that is new", "new", "older"]
    assert wanted.phase == Phase.LIVE


def test_news_that_is_wanted_during_an_import_goes_before_all_that_is_not_fetched_yet(
    wanted: SyncTarget, scripted: ScriptedKind, queued: Any
) -> None:
    SyncTarget.objects.filter(pk=wanted.pk).update(phase=Phase.INITIAL)
    scripted.history = ["new", "older", "oldest", "first"]

    def ring(batch: Any) -> None:
        if batch == "new":
            scripted.news.append("arrival")
            targets.request(wanted.pk, "idle")

    scripted.before_apply = ring
    targets.request(wanted.pk, "connect")
    tasks.run_sync(str(wanted.tenant_id), str(wanted.pk))
    # One batch ahead: "older" was fetched, and paid for from the provider's budget, when the news came.
    assert scripted.applied == ["new", "older", "arrival", "oldest", "first"]


def test_an_import_goes_back_through_the_queue_when_its_slice_is_over(
    wanted: SyncTarget, scripted: ScriptedKind, queued: Any, settings: Any
) -> None:
    SyncTarget.objects.filter(pk=wanted.pk).update(phase=Phase.INITIAL)
    scripted.history = ["new", "older"]
    targets.request(wanted.pk, "connect")

    settings.EMAIL_SYNC_SLICE_SECONDS = 0.0
    tasks.run_sync(str(wanted.tenant_id), str(wanted.pk))
    assert scripted.applied == ["new"]
    assert queued() == {"sync.high": 1, "backfill": 1}
    settings.EMAIL_SYNC_SLICE_SECONDS = 30.0
    tasks.backfill(str(wanted.tenant_id), str(wanted.pk))
    assert scripted.applied == ["new", "older"]
    wanted.refresh_from_db()
    assert (wanted.lease_until, wanted.wanted_at, wanted.phase) == (None, None, Phase.LIVE)


def test_news_leaves_history_to_the_task_that_is_queued_for_it(
    wanted: SyncTarget, scripted: ScriptedKind, queued: Any
) -> None:
    SyncTarget.objects.filter(pk=wanted.pk).update(phase=Phase.INITIAL)
    targets.backfill(wanted.pk)
    scripted.news, scripted.history = ["arrival"], ["new", "older"]
    targets.request(wanted.pk, "idle")
    tasks.run_sync(str(wanted.tenant_id), str(wanted.pk))
    assert scripted.applied == ["arrival"]
    assert queued() == {"backfill": 1, "sync.high": 1}
    tasks.backfill(str(wanted.tenant_id), str(wanted.pk))
    assert scripted.applied == ["arrival", "new", "older"]


def test_a_poll_asks_for_history_and_reads_none(wanted: SyncTarget, scripted: ScriptedKind, queued: Any) -> None:
    SyncTarget.objects.filter(pk=wanted.pk).update(phase=Phase.INITIAL)
    scripted.news, scripted.history = ["arrival"], ["new"]
    targets.request(wanted.pk, "schedule")
    tasks.run_sync(str(wanted.tenant_id), str(wanted.pk))
    assert scripted.applied == ["arrival"]
    assert queued() == {"sync.normal": 1, "backfill": 1}


def test_news_does_not_bring_back_before_its_time_what_failed_of_the_history(
    wanted: SyncTarget, scripted: ScriptedKind, queued: Any
) -> None:
    SyncTarget.objects.filter(pk=wanted.pk).update(
        phase=Phase.INITIAL, error_code="transient", error_count=2, due_at=now() + timedelta(seconds=25)
    )
    scripted.history = ["new"]
    targets.request(wanted.pk, "idle")
    tasks.run_sync(str(wanted.tenant_id), str(wanted.pk))
    assert (scripted.applied, queued()) == ([], {"sync.high": 1})
    wanted.refresh_from_db()
    assert wanted.error_count == 2
    targets.request(wanted.pk, "schedule")
    tasks.run_sync(str(wanted.tenant_id), str(wanted.pk))
    assert queued()["backfill"] == 1


def test_a_disconnected_account_stops_being_synced(
    cast: Cast, wanted: SyncTarget, scripted: ScriptedKind, queued: Any
) -> None:
    with cast.inside():
        from apps.providers.models import AccountStatus, ProviderAccount

        ProviderAccount.objects.filter(pk=wanted.account_id).update(status=AccountStatus.DISCONNECTED)
    targets.request(wanted.pk, "user")
    tasks.run_sync(str(wanted.tenant_id), str(wanted.pk))
    wanted.refresh_from_db()
    assert not wanted.is_active
    assert scripted.opened == 0


def test_a_reconnect_during_the_last_look_at_a_stopped_account_is_not_undone(
    cast: Cast, wanted: SyncTarget, scripted: ScriptedKind, queued: Any
) -> None:
    with lease.take(wanted.pk) as held:
        assert held is not None
        targets.request(wanted.pk, "connect")
        held.stop()
        wanted.refresh_from_db()
        assert wanted.is_active
        assert held.claim_wanted()
        held.stop()
        wanted.refresh_from_db()
        assert not wanted.is_active


def test_a_background_run_over_the_tenants_cap_waits_and_one_that_a_person_waits_for_does_not(
    wanted: SyncTarget, queued: Any
) -> None:
    wanted.wanted_because = "schedule"
    first = limits.take(wanted)
    assert first is not None
    with first:
        assert limits.take(wanted) is None
        wanted.wanted_because = "idle"
        urgent = limits.take(wanted)
        assert urgent is not None
        with urgent:
            pass
    wanted.wanted_because = "schedule"
    again = limits.take(wanted)
    assert again is not None
    with again:
        pass


def test_without_a_slot_history_and_news_each_go_back_to_their_queue(
    wanted: SyncTarget, scripted: ScriptedKind, queued: Any
) -> None:
    SyncTarget.objects.filter(pk=wanted.pk).update(phase=Phase.INITIAL)
    wanted.wanted_because = "schedule"
    first = limits.take(wanted)
    assert first is not None
    with first:
        targets.backfill(wanted.pk)
        tasks.backfill(str(wanted.tenant_id), str(wanted.pk))
        assert queued() == {"backfill": 2}
        targets.request(wanted.pk, "schedule")
        tasks.run_sync(str(wanted.tenant_id), str(wanted.pk))
        assert queued() == {"backfill": 2, "sync.normal": 2}
    assert scripted.opened == 0
    wanted.refresh_from_db()
    assert (wanted.lease_until, wanted.wanted_because) == (None, "schedule")
    assert None not in (wanted.wanted_at, wanted.backfill_queued_at)


def test_a_slot_lasts_as_long_as_its_run_and_comes_back_by_no_extending(wanted: SyncTarget, queued: Any) -> None:
    wanted.wanted_because = "schedule"
    slot = limits.take(wanted)
    assert slot is not None
    with slot:
        for key in slot.caps:
            client().zadd(key, {slot.member: time.time() + 1})
        slot.extend()
        for key in slot.caps:
            assert float(client().zscore(key, slot.member) or 0) > time.time() + 30
    slot.extend()
    assert all(client().zscore(key, slot.member) is None for key in slot.caps)
