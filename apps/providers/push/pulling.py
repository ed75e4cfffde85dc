"""Being told without a webhook: the watcher process fetches what waits at the provider, and acknowledges it once the
requests for a sync stand in their rows. Several watchers may fetch; each message goes to one of them at a time."""

import asyncio
from collections.abc import Callable, Coroutine
from random import uniform
from typing import Any, Final

import psycopg
import structlog
from django import db

from apps.providers import clouds
from apps.providers.adapters.errors import AdapterError
from apps.providers.clouds import Puller

from . import taking

log = structlog.get_logger(__name__)

QUIET: Final = 1.0
"""Seconds behind an answer that came at once and was empty: the provider should have let us wait."""
PAUSE: Final = 2.0
LONGEST: Final = 120.0

Hop = Callable[..., Coroutine[Any, Any, Any]]


async def pull(hop: Hop) -> None:
    """Fetch for ever; cancel to end. Returns at once where there is nothing to fetch. `hop` runs a function that needs
    the database in a thread."""
    async with asyncio.TaskGroup() as group:
        for name, cloud in clouds.configured().items():
            try:
                puller = cloud.pusher.puller()
            except AdapterError as error:
                log.error("notifications cannot be fetched", provider=name, reason=error.reason)
                continue
            if puller is not None:
                group.create_task(_pull(name, puller, hop))


async def _pull(provider_type: str, puller: Puller, hop: Hop) -> None:
    failures = 0
    try:
        while True:
            try:
                pause = await once(provider_type, puller, hop)
                failures = 0
            except (AdapterError, db.Error, psycopg.Error) as error:
                failures += 1
                pause = uniform(0.5, 1.0) * min(PAUSE * 2 ** min(failures, 10), LONGEST)
                reason = error.reason if isinstance(error, AdapterError) else type(error).__name__
                log.warning("notifications not fetched", provider=provider_type, reason=reason, again_in=round(pause))
            except Exception:
                # The outermost line: a fault of ours must not end the watches of this process.
                log.exception("fetching notifications broke", provider=provider_type)
                pause = LONGEST
            await asyncio.sleep(pause)
    finally:
        await puller.close()


async def once(provider_type: str, puller: Puller, hop: Hop) -> float:
    """Fetch once; returns how many seconds to wait before the next time. Raises the errors of `adapters.errors` and
    the database's: what was fetched and not acknowledged comes again."""
    begun = asyncio.get_running_loop().time()
    fetched = await puller.pull()
    told = [one.told for one in fetched if one.told is not None]
    if told:
        await hop(taking.take, provider_type, told)
    await puller.acknowledge([one.ack for one in fetched])
    return QUIET if not fetched and asyncio.get_running_loop().time() - begun < QUIET else 0.0
