"""Signs of life of the processes that nobody calls: kept in Redis, read by `health`. Losing them loses nothing."""

import time
from typing import Any, Final

import redis
import structlog

from apps.core.redis import client

log = structlog.get_logger(__name__)

KEY: Final = "pmsync:heartbeats"
BEAT: Final = "beat"
WORKER: Final = "worker"


def note(name: str) -> None:
    """This part of the installation is alive now. Never raises for an absent Redis."""
    try:
        client().hset(KEY, name, str(time.time()))
    except redis.RedisError as error:
        log.debug("heartbeat not noted", name=name, reason=type(error).__name__)


def age(name: str) -> float | None:
    """Seconds since the last sign of life, None when there was none. Raises redis.RedisError."""
    seen: Any = client().hget(KEY, name)
    return max(0.0, time.time() - float(seen)) if seen is not None else None


def tick_published(**_: Any) -> None:
    """Receiver of Celery's `before_task_publish` for the tick: only beat sends it."""
    note(BEAT)
