"""Which accounts a watcher holds: real rows, the database's clock."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.utils.timezone import now

from apps.providers.adapters.base import Endpoint
from apps.sync import tiers
from apps.sync.models import SyncTarget
from apps.sync.watching.shard import Shard
from apps.tenants.models import Status, Tenant
from tests.tenants.fixtures import Make
from tests.watcher.accounts import accounts_on

ENDPOINT = Endpoint("mail.example", 993, "tls")
FIRST, SECOND = Shard("first"), Shard("second")


@pytest.fixture
def tenant(make: Make) -> Tenant:
    return make.company()


@pytest.fixture
def five(tenant: Tenant) -> list[SyncTarget]:
    return accounts_on(ENDPOINT, tenant, "a", "b", "c", "d", "e")


def ids(targets: list[SyncTarget]) -> set[UUID]:
    return {target.pk for target in targets}


def claimed(shard: Shard, most: int = 100) -> set[UUID]:
    return {row.target_id for row in shard.claim(most)}


def expire(owner: str) -> None:
    """As when the owner's lease ran out a second ago."""
    SyncTarget.objects.filter(watch_owner=owner).update(watch_until=now() - timedelta(seconds=1))


def test_a_target_is_claimed_by_one(five: list[SyncTarget]) -> None:
    assert claimed(FIRST, 3) | claimed(SECOND) == ids(five)
    assert claimed(FIRST) == set()
    assert FIRST.census().held == 3
    assert SECOND.census().held == 2


def test_watchers_that_claim_at_once_never_claim_the_same(tenant: Tenant) -> None:
    targets = accounts_on(ENDPOINT, tenant, *(f"u{number}" for number in range(60)))

    def claim(number: int) -> list[UUID]:
        mine: list[UUID] = []
        while rows := Shard(f"w{number}").claim(7):
            mine += [row.target_id for row in rows]
        connection.close()
        return mine

    with ThreadPoolExecutor(4) as pool:
        shares = list(pool.map(claim, range(4)))
    claims = [target_id for share in shares for target_id in share]
    assert sorted(map(str, claims)) == sorted(str(target.pk) for target in targets)


def test_a_lease_that_ran_out_is_taken_over_and_one_that_lives_is_not(five: list[SyncTarget]) -> None:
    assert claimed(FIRST) == ids(five)
    assert claimed(SECOND) == set()
    expire("first")
    assert claimed(SECOND) == ids(five)


def test_one_that_woke_late_renews_nothing_that_was_taken_over(five: list[SyncTarget]) -> None:
    mine = list(claimed(FIRST))
    expire("first")
    SECOND.claim(2)
    kept = {row.target_id for row in FIRST.renew([target.pk for target in five], [])}
    assert len(kept) == 3
    assert kept < set(mine)
    # Nor may it say that it listens, or no longer listens, or let go, for what is another's now.
    FIRST.listening({target.pk: "idle" for target in five})
    FIRST.deaf(ids(five))
    FIRST.release(ids(five))
    assert SyncTarget.objects.filter(watch_owner="second", watch_until__gt=now()).count() == 2
    assert not SyncTarget.objects.filter(watch_owner="second", push_until__isnull=False).exists()


def test_a_lease_that_ran_out_and_was_not_taken_can_be_renewed(five: list[SyncTarget]) -> None:
    FIRST.claim(100)
    expire("first")
    assert len(FIRST.renew(ids(five), [])) == 5
    assert claimed(SECOND) == set()


def test_only_active_mail_of_open_companies_is_watched(make: Make, five: list[SyncTarget]) -> None:
    SyncTarget.objects.filter(pk=five[0].pk).update(is_active=False)
    SyncTarget.objects.filter(pk=five[1].pk).update(kind="calendar")
    SyncTarget.objects.filter(pk=five[2].pk).update(provider_type="google")
    closed = make.company()
    accounts_on(ENDPOINT, closed, "x")
    Tenant.objects.filter(pk=closed.pk).update(status=Status.SUSPENDED)
    assert claimed(FIRST) == ids(five[3:])


def test_the_census_tells_what_must_not_be_watched_any_more(five: list[SyncTarget], tenant: Tenant) -> None:
    FIRST.claim(100)
    SyncTarget.objects.filter(pk=five[0].pk).update(is_active=False)
    assert FIRST.census().ended == {five[0].pk}
    five[1].delete()
    assert FIRST.census().held == 4
    Tenant.objects.filter(pk=tenant.pk).update(status=Status.SUSPENDED)
    assert FIRST.census().ended == ids([five[0], *five[2:]])


def test_a_live_watch_makes_polling_a_safety_net_and_a_lost_one_brings_the_next_look_near(
    five: list[SyncTarget],
) -> None:
    FIRST.claim(100)
    FIRST.listening({five[0].pk: "idle", five[1].pk: "notify"})
    watched = SyncTarget.objects.get(pk=five[0].pk)
    assert watched.push_kind == "idle"
    assert SyncTarget.objects.get(pk=five[1].pk).push_kind == "notify"
    assert tiers.interval(watched, None, now()) >= tiers.SAFETY_NET * 0.95
    SyncTarget.objects.filter(pk=five[0].pk).update(due_at=now() + timedelta(minutes=15))
    FIRST.deaf([five[0].pk])
    lost = SyncTarget.objects.get(pk=five[0].pk)
    assert lost.push_until is None
    assert timedelta(seconds=50) < lost.due_at - now() < timedelta(seconds=125)


def test_a_renewal_extends_the_push_of_those_that_listen_only(five: list[SyncTarget]) -> None:
    FIRST.claim(100)
    earlier = now() + timedelta(seconds=5)
    SyncTarget.objects.update(push_kind="idle", push_until=earlier)
    FIRST.renew(ids(five), [five[0].pk])
    assert _push_until(five[0]) > now() + timedelta(seconds=FIRST.trust - 5)
    assert _push_until(five[1]) == earlier


def _push_until(target: SyncTarget) -> datetime:
    until = SyncTarget.objects.get(pk=target.pk).push_until
    assert until is not None
    return until


def test_what_is_released_can_be_claimed_at_once_and_is_looked_at_soon(five: list[SyncTarget]) -> None:
    FIRST.claim(100)
    FIRST.listening({target.pk: "idle" for target in five})
    SyncTarget.objects.update(due_at=now() + timedelta(minutes=15))
    FIRST.release(ids(five[:2]))
    released = SyncTarget.objects.get(pk=five[0].pk)
    assert released.push_until is None
    assert released.due_at < now() + timedelta(minutes=3)
    assert claimed(SECOND) == ids(five[:2])
