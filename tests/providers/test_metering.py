"""The budgets of providers: counted by all workers together, and what people wait for goes first."""

import threading
from uuid import uuid4

import pytest

from apps.core.redis import client
from apps.providers import metering
from apps.providers.adapters.base import Budget
from apps.providers.adapters.errors import RateLimited
from apps.providers.adapters.google import costs
from tests.fakes.google.quotas import cost

TENANT = uuid4()


@pytest.fixture
def budget() -> Budget:
    """One of its own, of which a bucket holds 150 units and gets 7.5 back a second."""
    return Budget(f"test-{uuid4().hex}", per_user=600)


def test_what_is_used_up_is_told_with_the_time_until_it_is_there(budget: Budget) -> None:
    meter = metering.AccountMeter(TENANT, uuid4(), "app")
    meter.spend(budget, 150)
    with pytest.raises(RateLimited) as caught:
        meter.spend(budget, 140)
    assert caught.value.retry_after is not None
    assert 15 < caught.value.retry_after < 19
    metering.AccountMeter(TENANT, uuid4(), "app").spend(budget, 150)  # another account's is its own


def test_all_workers_count_together(budget: Budget) -> None:
    account = uuid4()
    spent: list[int] = []

    def work() -> None:
        meter = metering.AccountMeter(TENANT, account, "app")
        spent.extend(10 for _ in range(10) if meter.asked(budget, 10) == 0.0)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert 150 <= sum(spent) <= 160, "what a bucket holds, and what came back meanwhile"


def test_a_first_import_leaves_something_for_what_people_wait_for(budget: Budget) -> None:
    meter = metering.AccountMeter(TENANT, uuid4(), "app")
    with metering.background():
        meter.spend(budget, 100)
        assert meter.asked(budget, 10) > 0
    meter.spend(budget, 40)


def test_our_application_has_one_budget_for_all_accounts() -> None:
    budget = Budget(f"test-{uuid4().hex}", per_user=600, per_application=800)
    app = uuid4().hex
    metering.AccountMeter(TENANT, uuid4(), app).spend(budget, 150)
    assert metering.AccountMeter(TENANT, uuid4(), app).asked(budget, 150) > 0
    metering.AccountMeter(TENANT, uuid4(), uuid4().hex).spend(budget, 150)


def test_one_request_that_costs_more_than_a_bucket_holds_is_not_refused_for_ever(budget: Budget) -> None:
    metering.AccountMeter(TENANT, uuid4(), "app").spend(budget, 200)


def test_without_redis_nothing_is_counted(budget: Budget, settings: object) -> None:
    meter = metering.AccountMeter(TENANT, uuid4(), "app")
    client.cache_clear()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined]
    try:
        for _ in range(3):
            meter.spend(budget, 150)
    finally:
        client.cache_clear()


@pytest.mark.parametrize("method", [pattern for pattern, _ in costs.UNITS if "*" not in pattern])
def test_calls_cost_what_the_simulated_google_charges(method: str) -> None:
    assert costs.units([method]) == cost(method)


def test_what_waits_for_its_units_in_the_background_gives_way_and_spends_nothing(budget: Budget) -> None:
    meter = metering.AccountMeter(TENANT, uuid4(), "app")
    with metering.background() as stop:
        meter.spend(budget, 100)
        assert 0 < meter.asked(budget, 50) < metering.WAIT
        threading.Timer(0.05, stop.set).start()
        with pytest.raises(metering.GaveWay):
            meter.spend(budget, 50)
        with pytest.raises(metering.GaveWay):
            meter.spend(budget, 0)
    meter.spend(budget, 50)  # what was left for what people wait for
