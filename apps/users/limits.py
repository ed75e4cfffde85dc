"""How often somebody may try: per account and address together, per address, and per account.

Each limit is a leaky bucket (GCRA) in Redis: a burst, then one try per period; a refused try costs
nothing and is told exactly how long to wait. The pair (account, address) is what slows a guesser
down. The limit over a whole account is soft: an address from which the person signed in before is
exempt, so a stranger cannot lock an owner out of the places they work at.

Without Redis there is no counting, and signing in by password is refused (fault F15); mailed codes
count their tries in PostgreSQL besides (`users.codes`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import redis
import structlog

from apps.core.problems import Problem
from apps.core.redis import client

from . import signing

log = structlog.get_logger(__name__)

PURPOSE: Final = "limits"


class LimitsAway(Exception):
    """Redis does not answer, so nothing can be counted."""


@dataclass(frozen=True, slots=True)
class Limit:
    """`burst` tries at once, then one per `period` seconds."""

    name: str
    burst: int
    period: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """One limit applied to one subject, such as an address."""

    limit: Limit
    subject: str

    @property
    def key(self) -> str:
        """Its Redis key; the subject is hashed with a key, so that Redis holds no addresses."""
        return f"pmsync:limit:{self.limit.name}:{signing.newest(PURPOSE).mac(self.subject).hex()[:32]}"


LOGIN_PAIR: Final = Limit("login.pair", burst=8, period=30)
LOGIN_ADDRESS: Final = Limit("login.address", burst=60, period=2)
LOGIN_ACCOUNT: Final = Limit("login.account", burst=200, period=5)
CODE_PAIR: Final = Limit("code.pair", burst=3, period=120)
CODE_ADDRESS: Final = Limit("code.address", burst=20, period=15)
CODE_ACCOUNT: Final = Limit("code.account", burst=10, period=300)
VERIFY_ADDRESS: Final = Limit("verify.address", burst=30, period=10)
PASSWORD_PERSON: Final = Limit("password.person", burst=8, period=30)

# Takes from all buckets, or from none when one is full. Times are Redis's own, in microseconds.
# Answers -1, or how many microseconds to wait.
TAKE: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local wait, fresh = -1, {}
for i, key in ipairs(KEYS) do
  local burst, period = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local arrival = math.max(tonumber(redis.call('GET', key) or '0'), now) + period
  local early = arrival - now - burst * period
  if early > 0 and early > wait then wait = early end
  fresh[i] = arrival
end
if wait > 0 then return string.format('%.0f', wait) end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.0f', fresh[i]), 'PX', math.ceil((fresh[i] - now) / 1000))
end
return '-1'
"""


def wait_for(buckets: Sequence[Bucket]) -> float:
    """Take one try from every bucket; 0 when granted, else how many seconds to wait (nothing is taken).

    Raises LimitsAway.
    """
    arguments: list[float] = []
    for bucket in buckets:
        arguments += [bucket.limit.burst, bucket.limit.period * 1e6]
    try:
        keys = [bucket.key for bucket in buckets]
        answer = int(client().eval(TAKE, len(keys), *keys, *arguments))
    except (redis.RedisError, OSError) as error:
        log.warning("limits cannot be counted", reason=type(error).__name__)
        raise LimitsAway from None
    return max(0.0, answer / 1e6)


def forgive(bucket: Bucket) -> None:
    """Empty a bucket: the person proved who they are. Losing this costs them a slower next mistake."""
    try:
        client().delete(bucket.key)
    except (redis.RedisError, OSError):
        log.warning("limit not forgiven")


def require(*buckets: Bucket) -> None:
    """Take one try from every bucket. Raises the problem `rate_limited`, or `try_later` without Redis."""
    try:
        wait = wait_for(buckets)
    except LimitsAway:
        raise away() from None
    if wait:
        raise too_many(wait)


def too_many(wait: float) -> Problem:
    """The 429 that says how long to wait."""
    # Rounded up: whoever waits for so long is let in.
    seconds = max(1, math.ceil(wait))
    count, unit = (seconds, "second") if seconds < 90 else (math.ceil(seconds / 60), "minute")
    length = f"{count} {unit}{'s' if count > 1 else ''}"
    return Problem(429, "rate_limited", f"Too many attempts. Try again in {length}.", retry_after=wait)


def away() -> Problem:
    """The 503 of an installation that cannot count attempts or mail codes now."""
    detail = "This is not possible for the moment. Try again in half a minute."
    return Problem(503, "try_later", detail, retry_after=30)
