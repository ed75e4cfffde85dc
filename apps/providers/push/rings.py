"""What a notification leads to: one request for a sync, whatever it says and however often it comes.

Messages that were heard lately are remembered in Redis, a few hundred a route, so that what comes twice rings once.
A route that rings without end is answered by one ring behind the storm. Redis may be away: then everything rings, and
the requests coalesce in the target's row.
"""

import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final

import redis
import structlog
from django.db import transaction
from django.db.models.functions import Now

from apps.core.clock import now
from apps.core.redis import client
from apps.providers import signals
from apps.users.limits import Bucket, Limit, LimitsAway, wait_for

from . import queue
from .models import PushRoute

log = structlog.get_logger(__name__)

ROUTE: Final = Limit("push.route", burst=60, period=1)
BEHIND: Final = 5
"""Seconds after which a storm is answered once more."""
REMEMBERED: Final = 300
REMEMBERED_SECONDS: Final = 1800
NOTED_EVERY: Final = timedelta(seconds=30)


def heard(route: PushRoute, message: str = "") -> bool:
    """A notification of this route came; `message` names it where the provider does. True when it rang."""
    if message and _remembers(route, message):
        return False
    if not _may_ring(route):
        _ring_later(route)
        return False
    ring(route)
    note(route)
    if message:
        _remember(route, message)
    return True


def ring(route: PushRoute) -> None:
    """Have the account's surface looked at. Twice is harmless."""
    signals.push_rang.send(
        PushRoute, tenant_id=route.tenant_id, account_id=route.account_id, surface=route.surface
    )  # fmt: skip


def note(route: PushRoute) -> None:
    """Keep that the route told something: it is alive, and trusted again if it was not."""
    revived = route.doubted_at is not None or route.silences > 0
    if revived or route.rung_at is None or now() - route.rung_at > NOTED_EVERY:
        PushRoute.objects.filter(pk=route.pk).update(rung_at=Now(), doubted_at=None, silences=0)
    if revived:
        announce([route])


def announce(routes: Iterable[PushRoute]) -> None:
    """Tell whoever polls until when these routes' surfaces are looked after, as things stand now."""
    for tenant_id, account_id, surface in {(route.tenant_id, route.account_id, route.surface) for route in routes}:
        with transaction.atomic():
            rows = PushRoute.objects.filter(tenant_id=tenant_id, account_id=account_id, surface=surface)
            until = _trusted_until(list(rows))
            signals.push_changed.send(
                PushRoute, tenant_id=tenant_id, account_id=account_id, surface=surface, until=until
            )  # fmt: skip


def _trusted_until(rows: list[PushRoute]) -> Any:
    """The end of the first of a surface's subscriptions; None when one of them is missing or not trusted.

    Parts that the provider tells nobody about (Google's holidays) do not count: they hardly change, and the safety
    net looks at them.
    """
    from .doubts import SILENCES

    counted = [row for row in rows if not row.is_ending and row.error_code != UNSUPPORTED]
    ends = [row.expires_at for row in counted if row.is_held and row.silences < SILENCES and row.expires_at]
    return min(ends) if ends and len(ends) == len(counted) else None


UNSUPPORTED: Final = "unsupported"
"""`error_code` of a part that the provider tells nobody about."""


def _key(route: PushRoute, name: str) -> str:
    return f"pmsync:push:{name}:{route.tenant_id}:{route.pk}"


def _remembers(route: PushRoute, message: str) -> bool:
    try:
        return client().zscore(_key(route, "heard"), message) is not None
    except redis.RedisError:
        return False


def _remember(route: PushRoute, message: str) -> None:
    """Only once it rang: a message whose ring failed is sent again, and must ring then."""
    key = _key(route, "heard")
    try:
        with client().pipeline() as pipe:
            pipe.zadd(key, {message: time.time()})
            pipe.zremrangebyrank(key, 0, -REMEMBERED - 1)
            pipe.expire(key, REMEMBERED_SECONDS)
            pipe.execute()
    except redis.RedisError as error:
        log.debug("message not remembered", reason=type(error).__name__)


def _may_ring(route: PushRoute) -> bool:
    try:
        return not wait_for([Bucket(ROUTE, str(route.pk))])
    except LimitsAway:
        return True


def _ring_later(route: PushRoute) -> None:
    """One ring behind the storm; nothing that was told is lost."""
    try:
        first = client().set(_key(route, "later"), "1", nx=True, ex=BEHIND)
    except redis.RedisError:
        first = True
    if first and not queue.send("push.ring", route.tenant_id, route.pk, delay=BEHIND):
        ring(route)
