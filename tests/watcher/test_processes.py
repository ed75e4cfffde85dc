"""Real watcher processes on real rows: they share, one dies, one freezes, one is told to stop."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.utils.timezone import now

from apps.sync.models import SyncTarget
from apps.sync.watching import status
from apps.sync.watching.shard import LEASE
from apps.tenants.models import Tenant
from tests.tenants.fixtures import Make
from tests.watcher.accounts import accounts_on
from tests.watcher.processes import Stub, WatcherProcess, until, variables

pytestmark = [pytest.mark.slow, pytest.mark.serial]
# A tenth of the usual lease: the tests wait for it to run out.
SHORT = 6.0
QUICKLY = ("--lease", f"{SHORT:g}", "--connects-per-host", "200")
USERS = [f"user{number}" for number in range(12)]
START = 60.0  # seconds for a process to come up on a busy machine


@pytest.fixture(scope="module")
def stub() -> Iterator[Stub]:
    with Stub.running() as server:
        yield server


@pytest.fixture
def tenant(make: Make) -> Tenant:
    return make.company()


@pytest.fixture
def dozen(tenant: Tenant, stub: Stub) -> list[SyncTarget]:
    until(lambda: not stub.users, START)
    return accounts_on(stub.endpoint, tenant, *USERS)


def owners() -> set[str]:
    """Under whose live leases the accounts are."""
    return set(SyncTarget.objects.filter(watch_until__gt=now()).values_list("watch_owner", flat=True))


def test_one_of_two_is_killed_and_the_other_takes_over(stub: Stub, dozen: list[SyncTarget], tmp_path: Path) -> None:
    # F10, with `kill -9`.
    with WatcherProcess.running(tmp_path / "one", *QUICKLY, "--accounts", "7") as one:
        until(lambda: len(stub.users) == 7, START)
        with WatcherProcess.running(tmp_path / "two", *QUICKLY) as two:
            until(lambda: sorted(stub.users) == sorted(USERS), START)
            assert owners() == {one.owner, two.owner}
            one.send(signal.SIGKILL)
            one.process.wait(5)
            took = until(lambda: sorted(stub.users) == sorted(USERS) and owners() == {two.owner}, SHORT + START)
            assert took < SHORT + 6
            # Nothing that came meanwhile is missed: each new watch begins with a request.
            assert SyncTarget.objects.filter(wanted_at__isnull=False).count() == len(dozen)
    assert LEASE <= 60


def test_a_frozen_one_that_wakes_lets_go_of_what_was_taken_over(
    stub: Stub, dozen: list[SyncTarget], tmp_path: Path
) -> None:
    # F07 for a watcher.
    with WatcherProcess.running(tmp_path / "one", *QUICKLY) as one:
        until(lambda: sorted(stub.users) == sorted(USERS), START)
        with WatcherProcess.running(tmp_path / "two", *QUICKLY) as two:
            until(lambda: two.owner, START)
            one.send(signal.SIGSTOP)
            until(lambda: owners() == {two.owner}, SHORT + START)
            until(lambda: len(stub.users) == 2 * len(USERS), START)
            logouts = stub.ask("count")["logouts"]
            one.send(signal.SIGCONT)
            until(lambda: sorted(stub.users) == sorted(USERS), START)
            # Who has said DONE is not listened for any more; LOGOUT is the next round trip.
            until(lambda: stub.ask("count")["logouts"] - logouts == len(USERS), START)
            assert owners() == {two.owner}
            assert one.process.poll() is None
            assert any(line.get("because") == "taken over" for line in one.said())


def test_sigterm_says_goodbye_and_releases_at_once(stub: Stub, dozen: list[SyncTarget], tmp_path: Path) -> None:
    with WatcherProcess.running(tmp_path / "one", "--connects-per-host", "200") as one:
        until(lambda: sorted(stub.users) == sorted(USERS), START)
        with WatcherProcess.running(tmp_path / "two", "--connects-per-host", "200") as two:
            until(lambda: two.owner, START)
            logouts = stub.ask("count")["logouts"]
            begun = time.monotonic()
            one.send(signal.SIGTERM)
            assert one.process.wait(10) == 0
            assert time.monotonic() - begun < 5
            assert stub.ask("count")["logouts"] - logouts == len(USERS)
            # With the usual lease of a minute: the other need not wait for it.
            assert until(lambda: owners() == {two.owner}, START) < 6
            server = redis.Redis.from_url(variables()["REDIS_URL"], decode_responses=True)
            until(lambda: server.hget(status.PREFIX + two.owner, "mood:listening") == str(len(USERS)), START)
            assert not server.exists(status.PREFIX + one.owner)
