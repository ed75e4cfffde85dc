"""The blueprint's metrics (M084, M085), counted in Redis so that every process adds to one total.

Losing Redis resets the counters, which Prometheus understands; a run never fails for its metrics.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import redis
import structlog

from apps.core.redis import client

from . import queues
from .models import SyncTarget
from .registry import Applied

log = structlog.get_logger(__name__)

COUNTERS: Final = "pmsync:metrics:counters"
BUCKETS_MS: Final = (50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000)


def series(name: str, **labels: str) -> str:
    """A Prometheus series name with its labels, sorted, values escaped."""
    inner = ",".join(f'{key}="{_escape(value)}"' for key, value in sorted(labels.items()))
    return f"{name}{{{inner}}}" if inner else name


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def count(name: str, by: float = 1, **labels: str) -> None:
    """Add to a counter; silently nothing when Redis is away."""
    add({series(name, **labels): by})


def add(amounts: dict[str, float]) -> None:
    """Add to several counters in one round trip."""
    try:
        pipe = client().pipeline(transaction=False)
        for key, amount in amounts.items():
            pipe.hincrbyfloat(COUNTERS, key, amount)
        pipe.execute()
    except redis.RedisError as error:
        log.debug("metrics not counted", reason=type(error).__name__)


class Measured:
    """One run being measured."""

    def __init__(self, target: SyncTarget, history: bool) -> None:
        self.target = target
        queue = queues.BACKFILL if history else queues.of(target, target.wanted_because)
        self.queue = queue.removeprefix("sync.")
        self.outcome: str | None = None
        self.applied = Applied()

    def done(self, applied: Applied) -> None:
        """The run reached its end."""
        self.applied = applied

    def failed(self, code: str) -> None:
        """The run ended in an error of this code."""
        self.outcome = code


@contextmanager
def run(target: SyncTarget, *, history: bool = False) -> Iterator[Measured]:
    """Count one run: completed or failed, its duration, what it brought; among the backfills when for `history`."""
    provider = {"provider_type": target.provider_type}
    measured = Measured(target, history)
    started = time.monotonic()
    try:
        yield measured
    except BaseException as error:
        measured.failed(type(error).__name__)
        raise
    finally:
        took = (time.monotonic() - started) * 1000
        queue = {"queue": measured.queue}
        amounts: dict[str, float] = {
            series("sync_duration_ms_sum", **provider): took,
            series("sync_duration_ms_count", **provider): 1,
            series("messages_synced_total", **provider): measured.applied.new,
            series("email_sync_queue_duration_ms_sum", **queue): took,
        }
        for limit in (*BUCKETS_MS, "+Inf"):
            if limit == "+Inf" or took <= float(limit):
                amounts[series("sync_duration_ms_bucket", le=str(limit), **provider)] = 1
        if measured.outcome is None:
            amounts[series("sync_jobs_completed", **provider)] = 1
            amounts[series("email_sync_queue_completed", **queue)] = 1
        else:
            amounts[series("sync_jobs_failed", error_type=measured.outcome, **provider)] = 1
            amounts[series("email_sync_queue_failed", **queue)] = 1
        add(amounts)
        _last(measured.queue, took)


def _last(queue: str, took_ms: float) -> None:
    with suppress(redis.RedisError):  # as for the counters
        client().hset(f"pmsync:metrics:last:{queue}", mapping={"duration_ms": took_ms, "at": time.time()})
