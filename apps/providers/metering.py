"""A provider's budgets, shared by all workers through Redis: what people wait for goes before what fills a mirror.

A bucket holds a quarter of a minute's units and is refilled with three quarters a minute, so that no minute, wherever
it begins, sees more than is allowed. History and first imports leave a third of it to everything else, and ask for
nothing more once somebody else waits for the account.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final
from uuid import UUID

import redis
import structlog

from apps.core import redis as shared

from .adapters.base import Budget
from .adapters.errors import RateLimited

log = structlog.get_logger(__name__)

HELD: Final = 0.25
"""The share of a minute's units that a bucket holds; the rest comes back over a minute."""
RESERVE: Final = 1 / 3
WAIT: Final = 10.0
"""Seconds that a request waits for its units."""
_in_background: ContextVar[threading.Event | None] = ContextVar("in_background", default=None)
"""Set when what is done in the background is to give way."""


class GaveWay(Exception):
    """What was asked for in the background stops here: somebody else waits for the account. Nothing is wrong."""


# KEYS: buckets. ARGV: units; then for each: now, capacity, refill a second, what must stay. Answers seconds to wait.
SPEND: Final = """
local wait, levels = 0, {}
for i, key in ipairs(KEYS) do
  local now, most = tonumber(ARGV[4 * i - 2]), tonumber(ARGV[4 * i - 1])
  local rate, stay = tonumber(ARGV[4 * i]), tonumber(ARGV[4 * i + 1])
  local told = redis.call('HMGET', key, 'level', 'at')
  local level, at = tonumber(told[1] or most), tonumber(told[2] or now)
  level = math.min(most, level + math.max(0, now - at) * rate)
  levels[i] = {level, math.max(now, at)}
  local short = math.min(tonumber(ARGV[1]) + stay, most) - level
  if short > 0 then wait = math.max(wait, short / rate) end
end
if wait > 0 then return tostring(wait) end
for i, key in ipairs(KEYS) do
  redis.call('HSET', key, 'level', levels[i][1] - tonumber(ARGV[1]), 'at', levels[i][2])
  redis.call('EXPIRE', key, 120)
end
return '0'
"""


@contextmanager
def background() -> Iterator[threading.Event]:
    """What is asked of a provider inside leaves something for what people wait for.

    Whoever sets the event that is given has the next request of it, one that waits for its units too, raise GaveWay:
    nothing is on its way then, so that nothing is lost.
    """
    stop = threading.Event()
    token = _in_background.set(stop)
    try:
        yield stop
    finally:
        _in_background.reset(token)


class AccountMeter:
    """Implements `adapters.base.Meter` for one account. Without Redis nothing is counted: the provider says no."""

    def __init__(self, tenant_id: UUID, account_id: UUID, application: str) -> None:
        self._tenant_id, self._account_id, self._application = tenant_id, account_id, application

    def spend(self, budget: Budget, units: int) -> None:
        """See Meter. In the background it may raise GaveWay."""
        until, stop = time.monotonic() + WAIT, _in_background.get()
        while True:
            if stop is not None and stop.is_set():
                raise GaveWay
            wait = self.asked(budget, units)
            if not wait:
                return
            if time.monotonic() + wait > until:
                raise RateLimited(f"the budget of {budget.name} is used up for the moment", retry_after=wait)
            if stop is None:
                time.sleep(wait)
            else:
                stop.wait(wait)

    def asked(self, budget: Budget, units: int) -> float:
        """Take these units if they are there, and answer 0; else the seconds until they are."""
        keys = [f"pmsync:budget:{budget.name}:{self._tenant_id}:{self._account_id}"]
        told = [units, *_limits(budget.per_user)]
        if budget.per_application is not None:
            keys.append(f"pmsync:budget:{budget.name}:app:{self._application}")
            told += _limits(budget.per_application)
        try:
            return float(shared.client().register_script(SPEND)(keys=keys, args=told))
        except redis.RedisError as error:
            log.warning("budget not counted", reason=type(error).__name__)
            return 0.0


def _limits(per_minute: int) -> list[float]:
    most = per_minute * HELD
    stay = 0.0 if _in_background.get() is None else most * RESERVE
    return [time.time(), most, per_minute * (1 - HELD) / 60, stay]
