"""What each provider error leads to."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils.timezone import now

from apps.providers.adapters import errors
from apps.providers.adapters.errors import (
    AdapterError,
    CursorExpired,
    NeedsReconnect,
    ProviderDown,
    RateLimited,
    Transient,
)
from apps.providers.models import AccountStatus, ProviderAccount
from apps.realtime import journal
from apps.sync import breaker, lease, outcomes, targets, tasks
from apps.sync.models import Breaker, Phase, SyncTarget
from apps.sync.outcomes import Verdict
from apps.sync.registry import Applied
from tests.sync.fixtures import ScriptedKind
from tests.tenants.fixtures import Cast


def run(target: SyncTarget) -> None:
    targets.request(target.pk, "user")
    tasks.run_sync(str(target.tenant_id), str(target.pk))
    target.refresh_from_db()


def every_error() -> list[type[AdapterError]]:
    found, seen = [AdapterError], []
    while found:
        kind = found.pop()
        seen.append(kind)
        found += kind.__subclasses__()
    return seen


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_every_error_of_the_tree_has_its_own_verdict(kind: type[AdapterError]) -> None:
    assert kind in outcomes.VERDICTS
    assert kind.code != "adapter_error" or kind is AdapterError
    assert isinstance(outcomes.failure(kind("why"), 0).verdict, Verdict)


def test_the_tree_printed_in_the_module_names_every_error() -> None:
    assert all(kind.__name__ in (errors.__doc__ or "") for kind in every_error())


def test_retries_grow_as_the_blueprint_says() -> None:
    pauses = [outcomes.failure(Transient("x"), failures).pause.total_seconds() for failures in range(4)]
    for pause, base in zip(pauses, (5, 25, 125, 125), strict=True):
        assert base * 0.8 <= pause <= base * 1.2


@pytest.mark.parametrize(
    ("hint", "least", "most"), [(None, 60, 60), (5.0, 5, 5), (0.0, 1, 1), (-10.0, 1, 1), (1e9, 86400, 86400)]
)
def test_a_rate_limits_hint_is_obeyed_within_sane_bounds(hint: float | None, least: int, most: int) -> None:
    pause = outcomes.failure(RateLimited("slow down", retry_after=hint), 3).pause.total_seconds()
    assert least <= pause <= most


def test_a_rate_limit_does_not_count_towards_the_breaker(
    wanted: SyncTarget, scripted: ScriptedKind, queued: Any
) -> None:
    for _ in range(6):
        scripted.news.append(RateLimited("slow down"))
        run(wanted)
    assert wanted.breaker == Breaker.CLOSED
    assert wanted.error_code == "rate_limited"


def test_five_failures_in_a_row_open_the_breaker_and_a_success_closes_it(
    wanted: SyncTarget, scripted: ScriptedKind, queued: Any
) -> None:
    for count in range(5):
        assert wanted.breaker == Breaker.CLOSED, count
        scripted.news.append(ProviderDown("refused"))
        run(wanted)
    assert wanted.breaker == Breaker.OPEN
    assert wanted.breaker_until is not None
    assert wanted.due_at == wanted.breaker_until
    run(wanted)  # a person asked; the provider answers again
    assert wanted.breaker == Breaker.CLOSED.value
    assert wanted.error_count == 0
    assert wanted.breaker_until is None


def test_a_refused_log_in_is_one_notice_and_no_further_try(
    cast: Cast, wanted: SyncTarget, scripted: ScriptedKind, queued: Any
) -> None:
    scripted.news.append(NeedsReconnect("AUTHENTICATIONFAILED", said="Invalid credentials"))
    run(wanted)
    run(wanted)
    with cast.inside():
        account = ProviderAccount.objects.get(pk=wanted.account_id)
        assert account.status == AccountStatus.NEEDS_RECONNECT
        assert "Invalid credentials" in account.status_reason
        notices = [entry for entry in journal.read(0) if '"needs_reconnect"' in entry.data]
    assert len(notices) == 1
    assert scripted.opened == 1
    assert not wanted.is_active


def test_an_expired_cursor_is_redone_at_once(wanted: SyncTarget, scripted: ScriptedKind, queued: Any) -> None:
    scripted.news.append(CursorExpired("UIDVALIDITY moved"))
    run(wanted)
    assert scripted.caught == 1  # the task's own loop claimed the request and ran again
    assert wanted.error_count == 0


def test_a_fault_of_ours_counts_too_and_goes_up(wanted: SyncTarget, scripted: ScriptedKind, queued: Any) -> None:
    scripted.news.append(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        run(wanted)
    wanted.refresh_from_db()
    assert wanted.error_reason == "internal error: ZeroDivisionError"
    assert wanted.lease_until is None


def test_every_pair_of_the_breakers_table_is_listed() -> None:
    assert set(breaker.AFTER) == {(state, seen) for state in Breaker for seen in breaker.Seen}


def test_an_open_breaker_waits_longer_each_time_up_to_two_hours() -> None:
    bases = [5, 10, 20, 40, 80, 120, 120]
    for trips, base in enumerate(bases, start=1):
        assert base * 0.8 <= breaker.pause(trips).total_seconds() / 60 <= base * 1.2


def test_a_run_that_lost_its_lease_writes_nothing_more(
    cast: Cast, wanted: SyncTarget, scripted: ScriptedKind, queued: Any
) -> None:
    def stolen(batch: Any) -> None:
        SyncTarget.objects.filter(pk=wanted.pk).update(lease_fence=wanted.lease_fence + 100)

    scripted.news, scripted.before_apply = ["batch"], stolen
    with cast.inside(), lease.take(wanted.pk) as held:
        assert held is not None
        from apps.sync import runs

        runs.catch_up(held)
    assert scripted.applied == []
    assert scripted.caught == 0


def test_what_is_held_back_makes_the_target_due_when_it_can_be_confirmed(
    wanted: SyncTarget, scripted: ScriptedKind
) -> None:
    scripted.news = [Applied(new=1, look_again=300.0), Applied(look_again=60.0), Applied(updated=2)]
    run(wanted)
    assert wanted.last_synced_at is not None
    assert wanted.due_at - wanted.last_synced_at == timedelta(seconds=60)
    run(wanted)
    assert wanted.due_at - wanted.last_synced_at > timedelta(seconds=400)


def test_a_rate_limits_pauses_bring_a_later_failure_no_nearer_to_the_breaker(
    wanted: SyncTarget, scripted: ScriptedKind, queued: Any
) -> None:
    for _ in range(6):
        scripted.news.append(RateLimited("slow down"))
        run(wanted)
    scripted.news.append(Transient("cut off"))
    run(wanted)
    assert (wanted.breaker, wanted.error_count) == (Breaker.CLOSED, 1)


def test_tries_on_an_open_breaker_do_not_lengthen_its_pause(
    wanted: SyncTarget, scripted: ScriptedKind, queued: Any
) -> None:
    for _ in range(5):
        scripted.news.append(ProviderDown("refused"))
        run(wanted)
    opened_until = wanted.breaker_until
    for _ in range(4):
        scripted.news.append(ProviderDown("refused"))
        run(wanted)
    assert (wanted.breaker_trips, wanted.breaker_until) == (1, opened_until)


def test_an_expired_cursor_is_forgotten_and_one_that_expires_again_is_a_failure(
    wanted: SyncTarget, scripted: ScriptedKind, queued: Any
) -> None:
    scripted.news += [CursorExpired("UIDVALIDITY moved"), CursorExpired("UIDVALIDITY moved")]
    run(wanted)
    assert (scripted.forgotten, scripted.opened, scripted.caught) == (1, 2, 0)
    assert wanted.wanted_at is None
    assert wanted.due_at > now()


def test_an_import_that_gets_on_leaves_its_failures_behind(
    cast: Cast, wanted: SyncTarget, scripted: ScriptedKind, queued: Any, settings: Any
) -> None:
    SyncTarget.objects.filter(pk=wanted.pk).update(phase=Phase.INITIAL)
    scripted.news, scripted.history = [Transient("cut off")], ["new", "older"]
    run(wanted)
    with cast.inside():
        assert not ProviderAccount.objects.get(pk=wanted.account_id).reachable
    settings.EMAIL_SYNC_SLICE_SECONDS = 0.0
    targets.backfill(wanted.pk)
    tasks.backfill(str(wanted.tenant_id), str(wanted.pk))
    wanted.refresh_from_db()
    assert scripted.applied == ["new"]
    assert (wanted.phase, wanted.error_count, wanted.error_code) == (Phase.INITIAL, 0, "")
    with cast.inside():
        assert ProviderAccount.objects.get(pk=wanted.account_id).reachable


def test_a_log_in_that_was_replaced_while_it_was_refused_stops_nothing(
    cast: Cast, wanted: SyncTarget, scripted: ScriptedKind, queued: Any
) -> None:
    def reconnect(batch: Any) -> None:
        with cast.inside():
            ProviderAccount.objects.filter(pk=wanted.account_id).update(logins=F("logins") + 1)

    scripted.before_apply, scripted.news = reconnect, ["batch", NeedsReconnect("refused")]
    run(wanted)
    with cast.inside():
        assert ProviderAccount.objects.get(pk=wanted.account_id).status == AccountStatus.ACTIVE
    assert wanted.is_active
