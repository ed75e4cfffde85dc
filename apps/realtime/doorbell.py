"""Rings a tenant's Channels group from synchronous code, without ever blocking or failing it.

Each process keeps one event loop in one thread for this: a channel layer used through
`async_to_sync` would open a Redis connection for every caller's short-lived loop. Rings of one
tenant that wait at the same moment become one, so a flood of commits costs one message at a time.
"""

import asyncio
import atexit
import os
import random
import threading
import time
from typing import Any, Final
from uuid import UUID

import structlog
from channels.layers import get_channel_layer

log = structlog.get_logger(__name__)

# One message to Redis may take this long (seconds) before the bell gives up on it.
PATIENCE: Final = 3.0
# After a failure the bell rests (seconds), so that a Redis that is away costs next to nothing.
REST: Final = 1.0
# What must be heard (a session ended, access changed) is tried again for this long (seconds);
# beyond it the gateways have asked by themselves.
INSIST: Final = 60.0
# How long (seconds) a process that ends waits for its last rings.
FAREWELL: Final = 1.0

Message = dict[str, Any]
# Group and purpose: a newer message takes the place of one that still waits.
Key = tuple[str, str]


def group(tenant_id: UUID) -> str:
    """The tenant's group; the blueprint's room `tenant:<id>` in Channels' alphabet."""
    return f"tenant.{tenant_id}"


class Bell:
    """One process's ringing thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # The message, and until when (monotonic) it is worth another try.
        self._waiting: dict[Key, tuple[Message, float]] = {}
        self._ringing = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def post(self, key: Key, message: Message, *, insist: float = 0.0) -> None:
        """Leave a message to be sent. Takes microseconds, whatever Redis does."""
        with self._lock:
            held, _ = self._waiting.get(key, (message, 0.0))
            # Two threads that committed one after the other may come here the other way round.
            newest = held if held.get("seq", 0) > message.get("seq", 0) else message
            self._waiting[key] = (newest, time.monotonic() + insist)
            if self._ringing:
                return
            self._ringing = True
            loop = self._started()
        loop.call_soon_threadsafe(self._start_ringing)

    def rest(self, seconds: float) -> bool:
        """Wait until everything left is sent, at most `seconds`; False when something remains."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with self._lock:
                if not self._ringing and not self._waiting:
                    return True
            time.sleep(0.005)
        return False

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, name="doorbell", daemon=True).start()
        return self._loop

    def _start_ringing(self) -> None:
        # The loop keeps only a weak reference to its tasks.
        self._task = asyncio.get_running_loop().create_task(self._ring_all())

    async def _ring_all(self) -> None:
        while batch := self._take():
            while batch and await _send(*next(iter(batch.items()))):
                batch.pop(next(iter(batch)))
            if batch:  # what failed and what waited behind it
                self._put_back(batch)
                await asyncio.sleep(REST * random.uniform(0.5, 1.5))

    def _take(self) -> dict[Key, tuple[Message, float]]:
        with self._lock:
            batch, self._waiting = self._waiting, {}
            self._ringing = bool(batch)
            return batch

    def _put_back(self, failed: dict[Key, tuple[Message, float]]) -> None:
        """Keep what must be heard and is not yet too old; the rest the gateways find by themselves."""
        moment = time.monotonic()
        with self._lock:
            for key, (message, until) in failed.items():
                if until > moment:
                    self._waiting.setdefault(key, (message, until))


async def _send(key: Key, entry: tuple[Message, float]) -> bool:
    try:
        layer = get_channel_layer()
        assert layer is not None
        async with asyncio.timeout(PATIENCE):
            await layer.group_send(key[0], entry[0])
    except Exception as error:  # the outermost line of this thread: Redis away, in any of its ways
        log.warning("doorbell not rung", reason=type(error).__name__)
        return False
    return True


_bell = Bell()
_before_fork: list[Bell] = []


def _after_fork() -> None:
    """A child has the parent's bell but not its thread: it gets its own.

    The old one is kept, not finalised: its loop's descriptors are shared with the parent.
    """
    global _bell
    _before_fork.append(_bell)
    _bell = Bell()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(lambda: _bell.rest(FAREWELL))


def ring(tenant_id: UUID, seq: int) -> None:
    """Tell the tenant's gateways that the journal reached `seq`."""
    name = group(tenant_id)
    _bell.post((name, "journal"), {"type": "journal.doorbell", "tenant": str(tenant_id), "seq": seq})


def end_session(tenant_id: UUID, session_id: UUID) -> None:
    """Tell the tenant's gateways to close the sockets of a session that was revoked."""
    name, session = group(tenant_id), str(session_id)
    message = {"type": "session.ended", "tenant": str(tenant_id), "session": session}
    _bell.post((name, session), message, insist=INSIST)


def access_changed(tenant_id: UUID) -> None:
    """Tell the tenant's gateways to ask anew who may see what."""
    name = group(tenant_id)
    _bell.post((name, "access"), {"type": "access.changed", "tenant": str(tenant_id)}, insist=INSIST)
