"""One Redis connection pool per process, for counters, limits and hints; never for truth."""

import functools

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry


@functools.cache
def client() -> redis.Redis:
    """The shared client. Its time-outs are short: whoever calls must be able to go on without Redis."""
    once = Retry(NoBackoff(), 1)
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, decode_responses=True, retry=once
    )
