"""What a watcher tells of itself, and hears of accounts, through Redis. Losing all of it loses nothing."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import redis
import structlog

from apps.core.redis import client

log = structlog.get_logger(__name__)

PREFIX: Final = "pmsync:watcher:"
OWNERS: Final = "pmsync:watchers"  # sorted set of owners by the moment at which they expire
KEPT_SECONDS: Final = 60
CHANGED: Final = "pmsync:watch:changed"  # channel of target ids


@dataclass(frozen=True, slots=True)
class Status:
    """One live watcher: its accounts by mood, doorbells so far, seconds since its start."""

    owner: str
    moods: Mapping[str, int]
    rung: int
    uptime: int


def publish(status: Status) -> None:
    """Let the health page see this watcher for the next minute. Never raises for an absent Redis."""
    key, moment = PREFIX + status.owner, time.time()
    values: Any = {f"mood:{mood}": count for mood, count in status.moods.items()}
    try:
        with client().pipeline() as pipe:
            pipe.hset(key, mapping=values | {"rung": status.rung, "uptime": status.uptime})
            pipe.expire(key, KEPT_SECONDS)
            pipe.zadd(OWNERS, {status.owner: moment + KEPT_SECONDS})
            pipe.zremrangebyscore(OWNERS, "-inf", moment)
            pipe.execute()
    except redis.RedisError as error:
        log.warning("watcher status not published", reason=type(error).__name__)


def withdraw(owner: str) -> None:
    """This watcher has ended."""
    try:
        client().zrem(OWNERS, owner)
        client().delete(PREFIX + owner)
    except redis.RedisError:
        pass  # it expires by itself


def live() -> list[Status]:
    """Every watcher that reported within the last minute. Raises redis.RedisError."""
    owners: Any = client().zrangebyscore(OWNERS, time.time(), "+inf")
    found: list[tuple[str, Any]] = [(owner, client().hgetall(PREFIX + owner)) for owner in owners]
    return [_read(owner, values) for owner, values in found if values]


def _read(owner: str, values: Mapping[str, str]) -> Status:
    moods = {name.removeprefix("mood:"): int(value) for name, value in values.items() if name.startswith("mood:")}
    return Status(owner, moods, int(values["rung"]), int(values["uptime"]))


def account_changed(target_id: UUID) -> None:
    """Tell the watchers that an account's server or log-in changed. A hint: it may get lost."""
    try:
        client().publish(CHANGED, str(target_id))
    except redis.RedisError as error:
        log.warning("watchers not told of a change", target=str(target_id), reason=type(error).__name__)
