"""One real watcher process: accounts come, change and go, servers push, connections are lost under its hands."""

import time
from collections.abc import Iterator
from datetime import timedelta

import psutil
import pytest
import redis
from django.db import connection
from django.utils.timezone import now

from apps.sync.models import SyncTarget
from apps.sync.watching import status
from apps.sync.watching.shard import LEASE
from apps.tenants.models import Status, Tenant
from tests.tenants.fixtures import Make
from tests.watcher.accounts import accounts_on
from tests.watcher.processes import Stub, WatcherProcess, until, variables

pytestmark = [pytest.mark.slow, pytest.mark.serial]
START = 60.0  # seconds for a process to come up on a busy machine
SOON = 10.0  # a look every 2 seconds, on a busy machine


@pytest.fixture(scope="module")
def stub() -> Iterator[Stub]:
    with Stub.running() as server:
        yield server


@pytest.fixture(scope="module")
def watcher(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WatcherProcess]:
    with WatcherProcess.running(tmp_path_factory.mktemp("watcher") / "log", "--connects-per-host", "200") as process:
        until(lambda: process.owner, START)
        yield process


@pytest.fixture
def tenant(make: Make, stub: Stub, watcher: WatcherProcess) -> Iterator[Tenant]:
    yield make.company()
    SyncTarget.objects.all().delete()
    until(lambda: not stub.users, SOON)


def is_wanted(target: SyncTarget) -> bool:
    """True when a sync of it was requested and nobody has begun one."""
    return SyncTarget.objects.filter(pk=target.pk, wanted_at__isnull=False).exists()


def answer(target: SyncTarget) -> None:
    """As when a worker has taken the request."""
    SyncTarget.objects.filter(pk=target.pk).update(wanted_at=None, queued_at=None)


def test_accounts_come_and_go_within_seconds(stub: Stub, tenant: Tenant) -> None:
    first, second, _ = accounts_on(stub.endpoint, tenant, "first", "second", "third")
    until(lambda: sorted(stub.users) == ["first", "second", "third"], SOON)
    SyncTarget.objects.filter(pk=first.pk).update(is_active=False)
    until(lambda: sorted(stub.users) == ["second", "third"], SOON)
    second.delete()
    until(lambda: stub.users == ["third"], SOON)
    SyncTarget.objects.filter(pk=first.pk).update(is_active=True)
    until(lambda: sorted(stub.users) == ["first", "third"], SOON)
    Tenant.objects.filter(pk=tenant.pk).update(status=Status.SUSPENDED)
    until(lambda: not stub.users, SOON)
    assert not SyncTarget.objects.filter(watch_until__gt=now()).exists()


def test_a_changed_account_connects_anew_at_once(stub: Stub, tenant: Tenant) -> None:
    (target,) = accounts_on(stub.endpoint, tenant, "moved")
    until(lambda: stub.users == ["moved"], SOON)
    logins = stub.ask("count")["logins"]
    redis.Redis.from_url(variables()["REDIS_URL"]).publish(status.CHANGED, str(target.pk))
    until(lambda: stub.ask("count")["logins"] == logins + 1, SOON)
    until(lambda: stub.users == ["moved"], SOON)


def seconds_until_listened_for(stub: Stub, user: str) -> float:
    """How long it takes from now until a watch of this user listens."""
    return until(lambda: user in stub.users, 5)


def test_a_new_account_is_watched_as_soon_as_it_is_announced(stub: Stub, tenant: Tenant) -> None:
    server = redis.Redis.from_url(variables()["REDIS_URL"])
    until(lambda: server.pubsub_numsub(status.CHANGED)[0][1], SOON)
    delays = []
    for user in ("ann", "bob", "cid", "dan", "eve"):
        (target,) = accounts_on(stub.endpoint, tenant, user)
        server.publish(status.CHANGED, str(target.pk))
        delays.append(seconds_until_listened_for(stub, user))
    assert sorted(delays)[2] < 1  # half of what a look takes to come round without the announcement


def test_a_push_is_a_queued_request_within_150_milliseconds(stub: Stub, tenant: Tenant) -> None:
    (target,) = accounts_on(stub.endpoint, tenant, "quick")
    until(lambda: is_wanted(target), SOON)
    delays = []
    for _ in range(10):
        time.sleep(1.1)
        answer(target)
        pushed = stub.ask("push", "quick")
        assert pushed["pushed"] == 1
        until(lambda: is_wanted(target), SOON)
        wanted_at = SyncTarget.objects.get(pk=target.pk).wanted_at
        assert wanted_at is not None
        delays.append(wanted_at.timestamp() - pushed["at"])
    assert sorted(delays)[len(delays) // 2] < 0.15
    # The poll is a safety net for as long as the watch is renewed.
    watched = SyncTarget.objects.get(pk=target.pk)
    assert watched.push_kind == "idle"
    assert watched.push_until is not None
    assert watched.push_until > now() + timedelta(seconds=LEASE)


def test_a_watcher_outlives_its_database_connections(stub: Stub, tenant: Tenant, watcher: WatcherProcess) -> None:
    # F20: they are terminated under its hands, again and again.
    (target,) = accounts_on(stub.endpoint, tenant, "steady")
    until(lambda: stub.users == ["steady"], SOON)
    for _ in range(5):
        terminate_connections(watcher)
        stub.ask("push", "steady")
        time.sleep(1.1)
    answer(target)
    stub.ask("push", "steady")
    until(lambda: is_wanted(target), SOON)
    assert watcher.process.poll() is None
    assert SyncTarget.objects.get(pk=target.pk).watch_owner == watcher.owner
    assert stub.users == ["steady"]


def terminate_connections(watcher: WatcherProcess) -> None:
    """End the database's side of every connection that the watcher has, whatever it does."""
    ports = [link.laddr.port for link in psutil.Process(watcher.process.pid).net_connections("tcp")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_port = ANY(%s)", [ports])


def test_the_log_holds_no_secret_and_no_address(stub: Stub, tenant: Tenant, watcher: WatcherProcess) -> None:
    accounts_on(stub.endpoint, tenant, "canary1", "canary2")
    until(lambda: stub.users == ["canary1", "canary2"], SOON)
    stub.ask("drop-all")
    until(lambda: "watch ended" in watcher.log.read_text(), SOON)
    until(lambda: stub.users == ["canary1", "canary2"], SOON)
    text = watcher.log.read_text()
    assert "secret of" not in text
    assert "@example.test" not in text
    assert "canary" not in text
