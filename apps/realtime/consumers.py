"""The WebSocket `/ws/v1/events`: who speaks, from where on, until when. What is sent is the hub's business.

A socket is nobody's until its hello. Nothing but a token in the hello counts: no cookie, no query.
"""

import asyncio
import time
from typing import Any, Final

import orjson
import structlog
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import Error as DatabaseTrouble

from apps.core.problems import Problem
from apps.tenants.context import TenantBehind, TenantClosed
from apps.users.members import Member

from . import frames, looks, orders
from .hub import gateway
from .subscriber import Subscriber, new_ticket

log = structlog.get_logger(__name__)

# A socket that does not say hello within so many seconds is closed.
HELLO_WITHIN: Final = 10.0
# The longest message we read: a hello has some 500 bytes, an order that names a thousand messages 40 kB.
LONGEST: Final = 16 * 1024
LONGEST_ORDER: Final = 64 * 1024
# A client may say this many things at once, and one more each second.
BURST: Final = 30
PER_SECOND: Final = 1.0
# A held-down key orders ten times a second. What goes beyond is refused, not closed: the client sends it again.
ORDER_BURST: Final = 120
ORDERS_PER_SECOND: Final = 25.0


class EventsConsumer(AsyncWebsocketConsumer):
    """One socket."""

    # The hub listens once for all sockets of a tenant: no channel of one's own, so no Redis is needed here.
    channel_layer_alias = "none"

    member: Member | None = None
    subscriber: Subscriber | None = None
    streaming: "asyncio.Task[None] | None" = None
    late: "asyncio.Task[None] | None" = None
    closed = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the socket; whatever ends it, nothing of it stays."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.closed = True
            if self.late is not None:
                self.late.cancel()
            await self._stop_streaming()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Channels' dispatch without its look at database connections: this loop has none."""
        match message["type"]:
            case "websocket.connect":
                await self.websocket_connect(message)
            case "websocket.receive":
                await self.websocket_receive(message)
            case "websocket.disconnect":
                await self.websocket_disconnect(message)

    async def connect(self) -> None:
        """Accept, and wait for the hello."""
        self.said = Allowance(BURST, PER_SECOND)
        self.ordered = Allowance(ORDER_BURST, ORDERS_PER_SECOND)
        await self.accept()
        self.late = asyncio.create_task(self._await_hello())

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        """The other side left."""
        self.closed = True
        raise StopConsumer

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """One message of the client."""
        if self.closed:
            return
        length = len(text_data or bytes_data or "")
        message = _parse(text_data) if length <= LONGEST_ORDER else {}
        # One after the other, as they come: awaiting an order keeps the next one from overtaking it.
        if message.get("type") == "command" and self.member is not None:
            await self._order(self.member, message)
        elif not self.said.take():
            await self._end(frames.AGAINST_RULES)
        elif length > LONGEST:
            await self._end(frames.TOO_LARGE)
        else:
            await self._understand(message)

    async def _order(self, member: Member, message: dict[str, Any]) -> None:
        """Carry out an act on mail; every order is answered, by `command_accepted` or `command_refused`."""
        key = message.get("key")
        if not self.ordered.take():
            problem = Problem(429, "rate_limited", "Too much at once. Try again in a second.", retry_after=1)
            answer = orders.refusal(key, problem)
        else:
            try:
                answer = await looks.order(member, key, message.get("command"))
            except (TenantBehind, DatabaseTrouble):
                detail = "This is not possible for the moment. Try again in half a minute."
                answer = orders.refusal(key, Problem(503, "try_later", detail, retry_after=30))
            except TenantClosed:
                await self._end(frames.NOT_YOURS)
                return
        if not self.closed:
            await self._write(orjson.dumps(answer).decode())

    async def _understand(self, message: dict[str, Any]) -> None:
        match message:
            case {"type": "hello", "token": str(token)} if type(message.get("since")) in (int, type(None)):
                await self._hello(token, message.get("since"))
            case {"type": "auth", "token": str(token)} if self.member is not None:
                await self._renew(token)
            case {"type": str()} if self.member is not None:
                return  # a newer client may say what this server does not know
            case _:
                await self._end(frames.WHO_ARE_YOU if self.member is None else frames.AGAINST_RULES)

    async def _hello(self, token: str, since: int | None) -> None:
        """Begin, or begin anew from another number: a client that noticed a gap says hello again."""
        if self.late is not None:
            self.late.cancel()
        ticket = new_ticket()
        try:
            greeting = await looks.greet(token, since)
        except (TenantBehind, DatabaseTrouble):
            await self._end(frames.TRY_LATER)
        except TenantClosed:
            await self._end(frames.NOT_YOURS)
        else:
            if greeting is None:
                await self._end(frames.WHO_ARE_YOU)
            elif not self._is_me(greeting.member):
                await self._end(frames.NOT_YOURS)
            elif not self.closed:
                await self._begin(greeting, ticket)

    async def _begin(self, greeting: looks.Greeting, ticket: int) -> None:
        await self._stop_streaming()
        self.member = greeting.member
        await self._write(frames.welcome(greeting.start, frames.build_id(settings.BASE_DIR / "static/dist")))
        if greeting.reset:
            await self._write(frames.RESET)
        self.subscriber = Subscriber(greeting.member, greeting.start, self._write)
        self.subscriber.judge(ticket, greeting.standing)
        self.streaming = asyncio.create_task(self._stream(self.subscriber, greeting.head))

    async def _renew(self, token: str) -> None:
        """Take a newer token of the same person."""
        try:
            member = await looks.identify(token)
        except DatabaseTrouble:
            return  # the older one is asked about anyway
        if member is None:
            await self._end(frames.WHO_ARE_YOU)
        elif not self._is_me(member):
            await self._end(frames.NOT_YOURS)
        elif self.subscriber is not None:
            self.member = member
            gateway().renew(self.subscriber, member)

    def _is_me(self, member: Member) -> bool:
        mine = self.member
        return mine is None or (mine.user_id, mine.tenant.id) == (member.user_id, member.tenant.id)

    async def _stream(self, subscriber: Subscriber, head: int) -> None:
        try:
            code = await gateway().stream(subscriber, head)
        except Exception:  # the outermost line of this task
            log.exception("socket failed")
            code = frames.OUR_FAULT
        await self._end(code)

    async def _stop_streaming(self) -> None:
        task, self.streaming, self.subscriber = self.streaming, None, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()
            await asyncio.wait({task})

    async def _await_hello(self) -> None:
        await asyncio.sleep(HELLO_WITHIN)
        await self._end(frames.WHO_ARE_YOU)

    async def _write(self, text: str) -> None:
        await self.base_send({"type": "websocket.send", "text": text})

    async def _end(self, code: int) -> None:
        """Close once; no frame follows."""
        if self.closed:
            return
        self.closed = True
        await self._stop_streaming()
        await self.close(code)


class Allowance:
    """So many things at once, and so many more each second."""

    __slots__ = ("_burst", "_left", "_per_second", "_seen_at")

    def __init__(self, burst: int, per_second: float) -> None:
        self._burst, self._per_second = float(burst), per_second
        self._left, self._seen_at = float(burst), time.monotonic()

    def take(self) -> bool:
        """Take one; False when none is left."""
        moment = time.monotonic()
        self._left = min(self._burst, self._left + (moment - self._seen_at) * self._per_second)
        self._seen_at = moment
        if self._left < 1:
            return False
        self._left -= 1
        return True


def _parse(text: str | None) -> dict[str, Any]:
    """The message, or an empty one for anything but a JSON object."""
    try:
        message = orjson.loads(text or "")
    except orjson.JSONDecodeError:
        return {}
    return message if isinstance(message, dict) else {}
