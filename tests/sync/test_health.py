"""What operators are told: each part by name with its next step, and the blueprint's metric names."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery.signals import before_task_publish
from django.db import OperationalError, connection
from django.test import Client
from django.utils.timezone import now

from apps.core.redis import client as redis_client
from apps.sync import health, heartbeats, metrics, tasks
from apps.sync.models import SyncTarget, Tier
from apps.sync.watching import status as watchers
from apps.tenants.models import Tenant
from tests.sync import fixtures
from tests.tenants.fixtures import Cast


@pytest.fixture
def store() -> Iterator[Any]:
    """The test's Redis, without what other tests left of heartbeats, watchers and counters."""
    redis: Any = redis_client()
    ours = (heartbeats.KEY, watchers.OWNERS, metrics.COUNTERS)
    redis.delete(*ours)
    yield redis
    redis.delete(*ours)


@pytest.fixture
def web(committed: None) -> Client:
    """Anybody's browser."""
    return Client()


def part(web: Client, name: str) -> dict[str, Any]:
    """One part of the answer of /health/ready."""
    found: dict[str, Any] = next(check for check in web.get("/health/ready").json()["checks"] if check["name"] == name)
    return found


def alive() -> None:
    """As if beat, a worker and a watcher had just reported."""
    before_task_publish.send(sender="sync.tick")
    heartbeats.note(heartbeats.WORKER)
    watchers.publish(watchers.Status("test", {"idle": 3}, 0, 1))


def test_live_asks_nothing_of_anybody(web: Client) -> None:
    answer = web.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"live": True})
    assert "no-store" in answer["Cache-Control"]


def test_ready_is_green_when_every_part_works(web: Client, store: Any) -> None:
    alive()
    answer = web.get("/health/ready")
    assert (answer.status_code, answer.json()["ready"]) == (200, True), answer.json()
    names = [check["name"] for check in answer.json()["checks"]]
    assert names == ["database", "migrations", "redis", "storage", "beat", "worker", "watcher"]


@pytest.mark.parametrize("name", ["beat", "worker", "watcher"])
def test_a_process_that_never_reported_is_named_with_its_next_step(name: str, web: Client, store: Any) -> None:
    answer = web.get("/health/ready")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    found = part(web, name)
    assert not found["ok"]
    assert f"Start {'a ' if name != 'beat' else ''}{name}" in found["next_step"]


def test_beat_is_missed_after_three_of_its_intervals(web: Client, store: Any, settings: Any, time_machine: Any) -> None:
    start = now()
    time_machine.move_to(start, tick=False)
    alive()
    time_machine.move_to(start + timedelta(seconds=3 * settings.EMAIL_SYNC_TICK_SECONDS - 1), tick=False)
    assert part(web, "beat")["ok"]
    time_machine.move_to(start + timedelta(seconds=3 * settings.EMAIL_SYNC_TICK_SECONDS + 1), tick=False)
    assert not part(web, "beat")["ok"]


def test_a_tick_that_is_carried_out_is_a_workers_sign_of_life(committed: None, store: Any) -> None:
    assert heartbeats.age(heartbeats.WORKER) is None
    tasks.tick()
    assert heartbeats.age(heartbeats.WORKER) is not None
    assert heartbeats.age(heartbeats.BEAT) is None


def test_a_policy_that_evicts_queues_is_red(web: Client, store: Any) -> None:
    """F18."""
    try:
        store.config_set("maxmemory-policy", "allkeys-lru")
        found = part(web, "redis")
    finally:
        store.config_set("maxmemory-policy", "noeviction")
    assert not found["ok"]
    assert "maxmemory-policy noeviction" in found["next_step"]
    assert part(web, "redis")["ok"]


def test_a_full_redis_is_red(web: Client, store: Any) -> None:
    try:
        store.config_set("maxmemory", "1")
        found = part(web, "redis")
    finally:
        store.config_set("maxmemory", "0")
    assert (found["ok"], found["detail"]) == (False, "Redis is full and refuses writes.")


def test_a_redis_out_of_reach_is_red_and_everything_else_is_still_told(web: Client, settings: Any) -> None:
    before = settings.REDIS_URL
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    redis_client.cache_clear()
    try:
        found = {check["name"]: check["ok"] for check in web.get("/health/ready").json()["checks"]}
        assert web.get("/health/queues").status_code == 503
        assert "sync_jobs_queued" in web.get("/health/metrics").content.decode()
    finally:
        settings.REDIS_URL = before
        redis_client.cache_clear()
    assert (found["redis"], found["beat"], found["watcher"]) == (False, False, False)
    assert (found["database"], found["storage"]) == (True, True)


def test_a_database_out_of_reach_is_red_and_everything_else_is_still_told(web: Client, store: Any) -> None:
    def away(*_: object) -> Any:
        raise OperationalError("server closed the connection unexpectedly")

    with connection.execute_wrapper(away):
        found = {check["name"]: check for check in web.get("/health/ready").json()["checks"]}
    assert (found["database"]["ok"], found["migrations"]["ok"], found["redis"]["ok"]) == (False, False, True)
    assert "DATABASE_URL" in found["database"]["next_step"]


def test_a_database_that_takes_no_writes_is_red(web: Client) -> None:
    """F27."""
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
        try:
            found = part(web, "database")
        finally:
            cursor.execute("SET default_transaction_read_only = off")
    assert (found["ok"], found["detail"]) == (False, "PostgreSQL takes no writes.")


def test_a_storage_that_cannot_be_written_is_red(web: Client, settings: Any, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    settings.PMSYNC_STORAGE = blocked / "storage"
    found = part(web, "storage")
    assert not found["ok"]
    assert "PMSYNC_STORAGE" in found["next_step"]


def test_a_storage_that_many_look_at_at_once_is_green_and_left_empty(settings: Any, tmp_path: Path) -> None:
    settings.PMSYNC_STORAGE = tmp_path
    with ThreadPoolExecutor(8) as pool:
        assert all(found.ok for found in pool.map(lambda _: health.storage(), range(80)))
    assert list(tmp_path.iterdir()) == []


def test_a_company_at_an_older_schema_is_red(web: Client, cast: Cast) -> None:
    Tenant.objects.filter(pk=cast.tenant.pk).update(schema_version=0)
    found = part(web, "migrations")
    assert (found["ok"], found["next_step"]) == (False, "Run `manage.py migrate`.")


def test_a_public_migration_that_is_not_applied_is_red(web: Client) -> None:
    wanted = health._public_migrations()
    assert ("sync", "0001_initial") in wanted
    assert ("providers", "0001_initial") not in wanted


def test_queues_tell_how_their_runs_went(web: Client, cast: Cast, store: Any) -> None:
    with cast.inside():
        account = fixtures.account(cast.owner)
        target = fixtures.target(cast.owner, account.pk, wanted_because="idle")
    with metrics.run(target) as measured:
        measured.done(measured.applied)
    with metrics.run(target) as measured:
        measured.failed("transient")
    rows = {row["queue"]: row for row in web.get("/health/queues").json()["queues"]}
    high = rows["sync.high"]
    assert (high["completed"], high["failed"]) == (1, 1)
    assert high["averageDurationMs"] >= 0
    assert high["lastDurationMs"] >= 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", high["lastCompletedAt"])
    assert rows["calendar"]["averageDurationMs"] is None


SAMPLE = re.compile(r'^([a-z_]+)(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? ([0-9.e+-]+|\+Inf)$')
BLUEPRINT = {
    "sync_jobs_queued", "sync_jobs_processing", "sync_jobs_completed", "sync_jobs_failed", "sync_duration_ms",
    "messages_synced_total", "circuit_breaker_state", "queue_lag_seconds", "rate_limit_hits",
    "email_sync_queue_completed", "email_sync_queue_failed",
}  # fmt: skip


def test_metrics_have_the_blueprints_names_and_prometheus_form(web: Client, cast: Cast, store: Any) -> None:
    with cast.inside():
        account = fixtures.account(cast.owner)
        target = fixtures.target(cast.owner, account.pk, wanted_because="idle")
    with metrics.run(target) as measured:
        measured.failed("transient")
    answer = web.get("/health/metrics")
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = answer.content.decode().splitlines()
    declared = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert declared == BLUEPRINT
    samples = [line for line in lines if not line.startswith("#")]
    assert all(SAMPLE.match(line) for line in samples)
    assert len({line.rsplit(" ", 1)[0] for line in samples}) == len(samples)
    assert 'sync_jobs_failed{error_type="transient",provider_type="imap"} 1' in samples
    assert 'email_sync_queue_failed{queue="high"} 1' in samples


def test_buckets_stand_in_rising_order_and_end_with_all(web: Client, cast: Cast, store: Any) -> None:
    with cast.inside():
        target = fixtures.target(cast.owner, fixtures.account(cast.owner).pk)
    with metrics.run(target) as measured:
        measured.done(measured.applied)
    text = web.get("/health/metrics").content.decode()
    bounds = re.findall(r'sync_duration_ms_bucket\{le="([^"]+)"', text)
    assert bounds[-1] == "+Inf"
    assert [float(bound) for bound in bounds] == sorted(float(bound) for bound in bounds)


def test_what_waits_is_counted_by_priority_and_its_lag_by_queue(web: Client, cast: Cast, store: Any) -> None:
    SyncTarget.objects.all().delete()
    with cast.inside():
        for address, tier, because in (("a@x.example", Tier.LOW, "schedule"), ("b@x.example", Tier.HIGH, "push")):
            account = fixtures.account(cast.owner, address)
            fixtures.target(
                cast.owner, account.pk, tier=tier, wanted_because=because, wanted_at=now() - timedelta(seconds=90)
            )
        broken = fixtures.account(cast.owner, "c@x.example")
        fixtures.target(cast.owner, broken.pk, breaker="OPEN")
    samples = dict(
        line.rsplit(" ", 1)
        for line in web.get("/health/metrics").content.decode().splitlines()
        if not line.startswith("#")
    )
    assert samples['sync_jobs_queued{priority="LOW"}'] == samples['sync_jobs_queued{priority="HIGH"}'] == "1"
    assert samples['sync_jobs_queued{priority="NORMAL"}'] == "0"
    assert 89 < float(samples['queue_lag_seconds{queue="sync.low"}']) < 120
    assert 89 < float(samples['queue_lag_seconds{queue="sync.high"}']) < 120
    assert samples['queue_lag_seconds{queue="backfill"}'] == "0"
    assert samples['circuit_breaker_state{provider_type="imap",state="OPEN"}'] == "1"


def test_no_answer_names_a_company_an_address_or_an_account(web: Client, cast: Cast, store: Any) -> None:
    with cast.inside():
        account = fixtures.account(cast.owner, "canary-4471@x.example")
        fixtures.target(cast.owner, account.pk, wanted_because="idle", wanted_at=now(), host="canary-host")
    for path in ("live", "ready", "queues", "metrics"):
        text = web.get(f"/health/{path}").content.decode()
        for secret in ("canary", cast.tenant.slug, str(cast.tenant.pk), str(account.pk)):
            assert secret not in text
