"""How many syncs may run at once, shared by all workers through Redis (mission M040).

A provider's limit is kept per provider type and host: for IMAP the host is the provider. Runs that
somebody waits for (a push, a click) do not queue behind polls and imports: the per-tenant cap binds
background runs only, and the host's cap leaves urgent runs a reserve. M040's seconds between two
background syncs of one account need no counter: every interval and retry is about as long. Slots are
leases in a sorted set, so a killed worker's slot frees itself. Without Redis there are no slots to
count and runs go on: the lease still admits one runner a target.
"""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from random import uniform
from typing import Final, Self

import redis
import structlog
from django.conf import settings

from apps.core.redis import client

from . import metrics, queues
from .models import SyncTarget

log = structlog.get_logger(__name__)

# Extended while the run goes on: a killed worker's slot is in nobody's way for longer.
SLOT_SECONDS: Final = 60
URGENT_RESERVE: Final = 2


@dataclass(frozen=True, slots=True)
class Limit:
    """What one provider type allows."""

    concurrent: int
    per_tenant: int


def of(provider_type: str) -> Limit:
    """The limits of a provider type, as the blueprint sets them."""
    return {
        "imap": Limit(settings.IMAP_CONCURRENT_MAX, 1),
        "google": Limit(settings.GMAIL_CONCURRENT_MAX, 2),
        "microsoft": Limit(settings.MICROSOFT_CONCURRENT_MAX, 2),
        "dav": Limit(settings.IMAP_CONCURRENT_MAX, 1),
    }[provider_type]


# KEYS: one sorted set per cap. ARGV: now, expiry, member, then each set's cap. All or nothing.
TAKE: Final = """
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', ARGV[1])
  if redis.call('ZCARD', key) >= tonumber(ARGV[3 + i]) then return i end
end
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, ARGV[2], ARGV[3])
  redis.call('EXPIRE', key, 600)
end
return 0
"""
RETRY_SECONDS: Final = 1.0


def urgent(target: SyncTarget) -> bool:
    """True for a run that somebody waits for: what people do themselves always is."""
    if target.kind == queues.OUTBOUND:
        return True
    return target.wanted_because in queues.URGENT and queues.of(target, target.wanted_because) != queues.BACKFILL


@dataclass(frozen=True, slots=True)
class Slot:
    """A place under each cap, given back when its block ends. Without caps it counts nothing."""

    caps: tuple[str, ...]
    member: str

    def extend(self) -> None:
        """Hold it for as long again."""
        self._each(lambda key: client().zadd(key, {self.member: time.time() + SLOT_SECONDS}, xx=True))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._each(lambda key: client().zrem(key, self.member))

    def _each(self, do: Callable[[str], object]) -> None:
        try:
            for key in self.caps:
                do(key)
        except redis.RedisError:
            pass  # the slot frees itself when its time is over


def take(target: SyncTarget, *, history: bool = False) -> Slot | None:
    """A slot for one run; None when a cap is reached. Nobody waits for one that is for `history`."""
    limit = of(target.provider_type)
    waited_for = urgent(target) and not history
    caps = {f"pmsync:slots:{target.provider_type}:{target.host}": limit.concurrent + URGENT_RESERVE * waited_for}
    if not waited_for:
        caps[f"pmsync:slots:{target.tenant_id}:{target.provider_type}"] = limit.per_tenant
    member, moment = uuid.uuid4().hex, time.time()
    try:
        script = client().register_script(TAKE)
        full = script(keys=list(caps), args=[moment, moment + SLOT_SECONDS, member, *caps.values()])
    except redis.RedisError as error:
        log.warning("limits not counted", reason=type(error).__name__)
        return Slot((), member)
    if full:
        cap = "host" if int(full) == 1 else "tenant"
        metrics.count("rate_limit_hits", provider_type=target.provider_type, cap=cap)
        return None
    return Slot(tuple(caps), member)


def retry_delay() -> float:
    """Seconds until a run that found no slot asks again, with jitter."""
    return RETRY_SECONDS * uniform(0.5, 1.5)
