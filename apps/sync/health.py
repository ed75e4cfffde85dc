"""Whether the installation works: /health/live, ready, queues and metrics. Public rows only, no content.

`live` says that this process answers; a supervisor restarts on it. `ready` says whether every part
of the installation does its work, each part by name with the next step for whoever operates it.
The names of `queues` and `metrics` are the blueprint's (missions M084 and M085).
"""

import functools
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

import redis
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Count, Min, Q
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.core.clock import now
from apps.core.redis import client
from apps.providers.accounts import iso
from apps.tenants import schema
from apps.tenants.models import Status, Tenant

from . import heartbeats, targets
from . import queues as queue_names
from .metrics import BUCKETS_MS, COUNTERS, series
from .models import Breaker, Phase, SyncTarget, Tier
from .watching import status as watchers

MISSED_BEATS: Final = 3
TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the installation. `next_step` is empty when it works."""

    name: str
    ok: bool
    detail: str
    next_step: str = ""


@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return JsonResponse({"live": True})


@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """Every part of the installation; 503 when one of them does not do its work."""
    parts = [check() for check in PARTS]
    good = all(part.ok for part in parts)
    return JsonResponse({"ready": good, "checks": [asdict(part) for part in parts]}, status=200 if good else 503)


def database() -> Part:
    """PostgreSQL answers and takes writes."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_read_only")
            read_only = cursor.fetchone()[0] == "on"
    except DatabaseError as error:
        step = "Start PostgreSQL, or correct DATABASE_URL."
        return Part("database", False, f"PostgreSQL does not answer ({type(error).__name__}).", step)
    if read_only:
        step = "Point DATABASE_URL at the primary, or end its maintenance."
        return Part("database", False, "PostgreSQL takes no writes.", step)
    return Part("database", True, "PostgreSQL answers and takes writes.")


def migrations() -> Part:
    """The public schema and every tenant stand at this code's version."""
    step = "Run `manage.py migrate`."
    try:
        missing = _public_migrations() - set(MigrationRecorder(connection).applied_migrations())
        behind = Tenant.objects.filter(status=Status.ACTIVE, schema_version__lt=schema.version()).count()
    except DatabaseError as error:
        return Part("migrations", False, f"Not known without the database ({type(error).__name__}).", step)
    if missing:
        return Part("migrations", False, f"{len(missing)} migrations of the public schema are not applied.", step)
    if behind:
        return Part("migrations", False, f"{behind} tenants stand at an older schema and are not served.", step)
    return Part("migrations", True, f"All stand at schema {schema.version()}.")


@functools.cache
def _public_migrations() -> frozenset[tuple[str, str]]:
    labels = {apps.get_containing_app_config(name).label for name in settings.SHARED_APPS}  # type: ignore[union-attr]  # installed, so found
    disk = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    return frozenset(key for key in disk if key[0] in labels)


def redis_store() -> Part:
    """Redis answers, keeps what is queued, and has room."""
    try:
        memory: Any = client().info("memory")
    except redis.RedisError as error:
        step = "Start Redis, or correct REDIS_URL. Nothing is lost meanwhile; syncs and live updates are late."
        return Part("redis", False, f"Redis does not answer ({type(error).__name__}).", step)
    policy, most = str(memory.get("maxmemory_policy", "noeviction")), int(memory.get("maxmemory", 0))
    if policy.startswith("allkeys"):
        step = "Set `maxmemory-policy noeviction` in Redis."
        return Part("redis", False, f"Redis may throw queued work away: its policy is {policy}.", step)
    if most and int(memory["used_memory"]) >= most:
        return Part("redis", False, "Redis is full and refuses writes.", "Raise `maxmemory`, or find what fills it.")
    return Part("redis", True, f"Redis answers; its eviction policy is {policy}.")


def storage() -> Part:
    """The folder of sealed files takes a file."""
    folder: Path = settings.PMSYNC_STORAGE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # A file without a name: several processes share the folder, and each may be asked twice at once.
        with TemporaryFile(dir=folder) as handle:
            handle.write(b"ready")
            handle.flush()
            os.fsync(handle.fileno())
    except OSError as error:
        step = "Mount it, free some space, or give this process the right to write there (PMSYNC_STORAGE)."
        return Part("storage", False, f"The storage folder cannot be written: {error.strerror}.", step)
    return Part("storage", True, "The storage folder takes files.")


def beat() -> Part:
    """The scheduler's clock ticks."""
    return _alive("beat", heartbeats.BEAT, "Start beat: `celery -A pmsync beat`.")


def worker() -> Part:
    """A worker carries the ticks out."""
    return _alive("worker", heartbeats.WORKER, "Start a worker on sync.high: `celery -A pmsync worker -Q sync.high`.")


def _alive(name: str, key: str, step: str) -> Part:
    limit = MISSED_BEATS * settings.EMAIL_SYNC_TICK_SECONDS
    try:
        age = heartbeats.age(key)
    except redis.RedisError:
        return Part(name, False, "Not known without Redis.", "Start Redis, or correct REDIS_URL.")
    if age is None:
        return Part(name, False, "No sign of life yet.", step)
    return Part(name, age <= limit, f"Last sign of life {age:.0f} s ago.", "" if age <= limit else step)


def watcher() -> Part:
    """A watcher listens for new mail."""
    step = "Start a watcher: `manage.py watcher`. Until then mail arrives by polling."
    try:
        alive = watchers.live()
    except redis.RedisError:
        return Part("watcher", False, "Not known without Redis.", "Start Redis, or correct REDIS_URL.")
    if not alive:
        return Part("watcher", False, "No watcher has reported within the last minute.", step)
    return Part("watcher", True, f"{len(alive)} watching {sum(sum(one.moods.values()) for one in alive)} accounts.")


PARTS: Final[tuple[Callable[[], Part], ...]] = (database, migrations, redis_store, storage, beat, worker, watcher)


@require_safe
@never_cache
def queues(request: HttpRequest) -> HttpResponse:
    """Each queue: what waits, and how its runs went since Redis was last emptied (M084)."""
    try:
        counters: dict[str, float] = _counters()
        rows = [_queue(name, counters) for name in queue_names.ALL]
    except redis.RedisError as error:
        return JsonResponse({"queues": [], "error": f"Redis does not answer ({type(error).__name__})."}, status=503)
    return JsonResponse({"queues": rows})


def _queue(name: str, counters: dict[str, float]) -> dict[str, Any]:
    label = name.removeprefix("sync.")
    completed = counters.get(series("email_sync_queue_completed", queue=label), 0)
    failed = counters.get(series("email_sync_queue_failed", queue=label), 0)
    spent = counters.get(series("email_sync_queue_duration_ms_sum", queue=label), 0.0)
    last: Any = client().hgetall(f"pmsync:metrics:last:{label}")
    at = datetime.fromtimestamp(float(last["at"]), UTC) if last else None
    return {
        "queue": name,
        "waiting": client().llen(name),
        "completed": int(completed),
        "failed": int(failed),
        "averageDurationMs": round(spent / (completed + failed), 1) if completed + failed else None,
        "lastDurationMs": round(float(last["duration_ms"]), 1) if last else None,
        "lastCompletedAt": iso(at),
    }


def _counters() -> dict[str, float]:
    stored: Any = client().hgetall(COUNTERS)
    return {name: float(value) for name, value in stored.items()}


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text: the counters of all processes, and gauges of this moment (M085)."""
    lines = list(_counter_lines())
    for name, kind, help_text, samples in _gauges():
        lines += [f"# HELP {name} {help_text}", f"# TYPE {name} {kind}"]
        lines += [f"{key} {value:g}" for key, value in samples]
    return HttpResponse("\n".join(lines) + "\n", content_type=TEXT)


FAMILIES: Final = {
    "sync_jobs_completed": ("counter", "Runs that reached the provider's present state."),
    "sync_jobs_failed": ("counter", "Runs that ended in an error, by its type."),
    "sync_duration_ms": ("histogram", "Duration of a run in milliseconds."),
    "messages_synced_total": ("counter", "Messages taken into a mirror."),
    "rate_limit_hits": ("counter", "Runs put off by a limit of ours or the provider's."),
    "email_sync_queue_completed": ("counter", "Runs completed, by queue."),
    "email_sync_queue_failed": ("counter", "Runs failed, by queue."),
}


def _counter_lines() -> Iterator[str]:
    try:
        counters = _counters()
    except redis.RedisError:
        counters = {}
    for family, (kind, help_text) in FAMILIES.items():
        names = [name for name in counters if _family(name) == family]
        yield f"# HELP {family} {help_text}"
        yield f"# TYPE {family} {kind}"
        for name in sorted(names, key=_order):
            yield f"{name} {counters[name]:g}"


def _family(name: str) -> str:
    bare = name.split("{")[0]
    if bare.startswith("sync_duration_ms_"):
        return "sync_duration_ms"
    return bare


def _order(name: str) -> tuple[str, float, str]:
    """Buckets in rising order, as the format asks; all else by name."""
    limits = {f'le="{limit}"': float(limit) for limit in BUCKETS_MS} | {'le="+Inf"': float("inf")}
    bound = next((value for label, value in limits.items() if label in name), -1.0)
    return (name.split("{")[0], bound, name)


Samples = list[tuple[str, float]]


def _gauges() -> Iterator[tuple[str, str, str, Samples]]:
    idle = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    active = targets.syncs().filter(is_active=True)
    waiting = active.filter(idle, wanted_at__isnull=False)
    queued = {row["tier"]: row["n"] for row in waiting.values("tier").annotate(n=Count("pk"))}
    yield (
        "sync_jobs_queued",
        "gauge",
        "Targets that wait for a run, by priority.",
        [(series("sync_jobs_queued", priority=tier.name), queued.get(tier.value, 0)) for tier in Tier],
    )
    running = active.filter(lease_until__gte=Now()).values("provider_type").annotate(n=Count("pk"))
    yield (
        "sync_jobs_processing",
        "gauge",
        "Targets being synced now.",
        [(series("sync_jobs_processing", provider_type=row["provider_type"]), row["n"]) for row in running],
    )
    broken = active.values("provider_type", "breaker").annotate(n=Count("pk")).order_by("provider_type", "breaker")
    counted = {(row["provider_type"], row["breaker"]): row["n"] for row in broken}
    yield (
        "circuit_breaker_state",
        "gauge",
        "Targets by the state of their breaker.",
        [
            (series("circuit_breaker_state", provider_type=provider, state=state), counted.get((provider, state), 0))
            for provider in sorted({key[0] for key in counted})
            for state in Breaker.values
        ],
    )
    everything = SyncTarget.objects.filter(idle, is_active=True)
    yield "queue_lag_seconds", "gauge", "How long the oldest waiting target of a queue has waited.", _lag(everything)


def _lag(idle: Any) -> Samples:
    oldest: dict[str, float] = dict.fromkeys(queue_names.ALL, 0.0)
    moment = now()
    importing = idle.filter(phase=Phase.INITIAL, backfill_queued_at__isnull=False)
    if asked := importing.aggregate(asked=Min("backfill_queued_at"))["asked"]:
        oldest[queue_names.BACKFILL] = (moment - asked).total_seconds()
    waiting = idle.filter(wanted_at__isnull=False)
    for row in waiting.values("kind", "phase", "tier", "wanted_because").annotate(since=Min("wanted_at")):
        since = row.pop("since")
        queue = queue_names.of(SyncTarget(**row), row["wanted_because"])
        oldest[queue] = max(oldest[queue], (moment - since).total_seconds())
    return [(series("queue_lag_seconds", queue=queue), lag) for queue, lag in oldest.items()]
