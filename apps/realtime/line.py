"""This process's ear on the channel layer: one channel, in the group of each tenant that has sockets here.

A pub/sub connection may be open and deaf (Redis restarted, failed over, frozen). So the line calls
itself every few seconds; when its own call does not come back, it hangs up, makes the layer's
connections anew and joins every group again. Whoever listens is told, and looks by itself.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import structlog
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from . import doorbell

log = structlog.get_logger(__name__)

# Seconds between two calls to oneself.
ECHO: Final = 2.0
# Seconds that one exchange with Redis may take, the call to oneself included.
PATIENCE: Final = 2.0
# Seconds before the line is opened again, so that Redis' return does not meet all processes at once.
REST: Final = 0.5

Message = dict[str, Any]
Listener = Callable[[Message], None]
# Told to a listener each time its group is joined: what was said before was not heard.
REOPENED: Final = "line.reopened"


class Deaf(Exception):
    """The line did not hear its own call."""


class Line:
    """The ear of one event loop. It holds a connection while somebody listens."""

    def __init__(self) -> None:
        self.hears = False
        self._listeners: dict[UUID, Listener] = {}
        self._joined: set[UUID] = set()
        self._changed = asyncio.Event()
        self._echo = asyncio.Event()
        self._closed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def join(self, tenant_id: UUID, listener: Listener) -> None:
        """Call `listener` with each message to the tenant's group, until `leave`."""
        self._listeners[tenant_id] = listener
        self._joined.discard(tenant_id)
        # Whoever waits in `leave` for the connection's end need not: it is wanted again.
        self._closed.set()
        self._closed.clear()
        self._changed.set()
        if self._task is None:
            self._task = asyncio.create_task(self._keep_open(), name="gateway line")

    async def leave(self, tenant_id: UUID) -> None:
        """Stop listening to the tenant; returns once the connection of a last listener is given back or used again."""
        self._listeners.pop(tenant_id, None)
        self._changed.set()
        if not self._listeners:
            await self._closed.wait()

    async def _keep_open(self) -> None:
        lost = False
        while True:
            try:
                await self._open()
                lost = False
                await self._until_wanted()
            except (Deaf, RedisError, OSError, TimeoutError) as error:
                if not lost:
                    log.warning("line lost, gateways look by themselves", reason=type(error).__name__)
                lost = True
                await asyncio.sleep(REST * random.uniform(0.5, 1.5))

    async def _until_wanted(self) -> None:
        while not self._listeners:
            self._closed.set()
            self._changed.clear()
            await self._changed.wait()

    async def _open(self) -> None:
        """Join every group and stay until nobody listens. Raises what breaks it."""
        layer = get_channel_layer()
        assert layer is not None
        receiving: asyncio.Task[None] | None = None
        try:
            async with asyncio.timeout(PATIENCE):
                channel = await layer.new_channel("gateway.")
            receiving = asyncio.create_task(self._receive(layer, channel), name="gateway receive")
            self._joined.clear()
            while self._listeners:
                await self._settle(layer, channel)
                if receiving.done():
                    receiving.result()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ECHO):
                        await self._changed.wait()
        finally:
            self.hears = False
            await self._hang_up(layer, receiving)

    @staticmethod
    async def _hang_up(layer: Any, receiving: "asyncio.Task[None] | None") -> None:
        """Close the layer's connections. First, since a receive cancelled on a live channel asks Redis once more."""
        try:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    await layer.flush()
        finally:
            if receiving is not None:
                receiving.cancel()
                await asyncio.wait({receiving}, timeout=PATIENCE)

    async def _settle(self, layer: Any, channel: str) -> None:
        """Join and leave what changed, then prove that calls arrive. Raises Deaf when they do not."""
        self._changed.clear()
        wanted = set(self._listeners)
        fresh = wanted - self._joined
        for tenant_id in self._joined - wanted:
            async with asyncio.timeout(PATIENCE):
                await layer.group_discard(doorbell.group(tenant_id), channel)
        for tenant_id in fresh:
            async with asyncio.timeout(PATIENCE):
                await layer.group_add(doorbell.group(tenant_id), channel)
        self._echo.clear()
        try:
            async with asyncio.timeout(PATIENCE):
                await layer.send(channel, {"type": "echo"})
                await self._echo.wait()
        except TimeoutError:
            raise Deaf from None
        self._joined = wanted
        self.hears = True
        for tenant_id in fresh:
            self._tell(tenant_id, {"type": REOPENED})

    async def _receive(self, layer: Any, channel: str) -> None:
        while True:
            message = await layer.receive(channel)
            if message.get("type") == "echo":
                self._echo.set()
                continue
            try:
                tenant_id = UUID(message["tenant"])
            except (KeyError, ValueError, TypeError):
                continue  # not one of ours: Redis may be shared
            self._tell(tenant_id, message)

    def _tell(self, tenant_id: UUID, message: Message) -> None:
        listener = self._listeners.get(tenant_id)
        if listener is not None:
            listener(message)
