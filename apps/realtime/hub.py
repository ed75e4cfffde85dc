"""One reader of the journal per process and tenant, and the sockets it reads for.

A doorbell, or every few seconds nothing at all, makes the hub read what follows the place of the
socket that stands furthest back; each page goes to every socket, which takes what is new to it.
All of this runs in one event loop and changes its state between awaits only.
"""

import asyncio
import contextlib
import functools
import random
import weakref
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import Error as DatabaseTrouble

from apps.tenants.context import TenantBehind, TenantClosed
from apps.users.members import Member

from . import frames, journal, looks
from .frames import Frame
from .line import REOPENED, Line, Message
from .subscriber import State, Subscriber, new_ticket

log = structlog.get_logger(__name__)

# The hub looks by itself after so many seconds without a doorbell.
LOOK: Final = 3.0
# Entries of one read, for everybody and for a socket that is behind.
PAGE: Final = 200
OWN_PAGE: Final = 100
# Seconds that one read may take before the journal counts as out of sight.
DATABASE: Final = 5.0
# How long (seconds) a hub with more to tell waits for sockets whose queues are all full.
PATIENCE: Final = 1.0
# Session, membership and access of everybody are asked for anew within so many seconds, in portions:
# all at once would delay what happens meanwhile.
REVIEW: Final = 30.0
PORTION: Final = 20


class Hub:
    """A tenant's sockets in this process."""

    def __init__(self, tenant_id: UUID, line: Line) -> None:
        self.tenant_id = tenant_id
        self.subscribers: set[Subscriber] = set()
        self._line = line
        self._rung = asyncio.Event()
        # The journal's end as last heard of, and how far this hub itself has read.
        self._head = 0
        self._read_to = 0
        self._everyone: frozenset[Member] | None = None
        # The last reason to ask anew that came by doorbell: who was asked about before it is in doubt.
        self._doubted = 0
        # Number and time of the newest entry read: another time under the same number is another journal.
        self._anchor: tuple[int, datetime] | None = None
        # True while the last read was a success, and while one is under way.
        self._sees = False
        self._looking = False
        self._task: asyncio.Task[None] | None = None

    # Sockets come and go -------------------------------------------------------------------------

    def open(self) -> None:
        """Begin to listen and to look."""
        self._line.join(self.tenant_id, self.hear)
        self._task = asyncio.create_task(self._keep_looking(), name=f"hub {self.tenant_id}")

    async def close(self) -> None:
        """Stop looking and listening."""
        if self._task is not None:
            self._task.cancel()
        await self._line.leave(self.tenant_id)

    @property
    def alive(self) -> bool:
        """False once its task ended."""
        return self._task is not None and not self._task.done()

    def add(self, subscriber: Subscriber, head: int) -> None:
        """Take in a socket; `head` is the journal's end at its hello."""
        self._head = max(self._head, head)
        self.subscribers.add(subscriber)
        self._everyone = None
        if subscriber.asked_before(self._doubted):
            subscriber.doubt()
        self._let_join(subscriber)

    def remove(self, subscriber: Subscriber) -> None:
        """Forget a socket."""
        self.subscribers.discard(subscriber)
        self._everyone = None

    def renew(self, subscriber: Subscriber, member: Member) -> None:
        """The person showed a newer token."""
        subscriber.member = member
        self._everyone = None
        self._doubt([subscriber])

    def hear(self, message: Message) -> None:
        """A message from the tenant's group."""
        match message:
            case {"type": "journal.doorbell", "seq": int(seq)} if seq > self._read_to:
                self._rung.set()
            case {"type": "session.ended", "session": str(session)}:
                self._doubt(subscriber for subscriber in self.subscribers if _session(subscriber) == session)
            case {"type": "access.changed"}:
                self._doubt(self.subscribers)
            case {"type": kind} if kind == REOPENED:
                self._doubt(self.subscribers)

    def _doubt(self, subscribers: Iterable[Subscriber]) -> None:
        self._doubted = new_ticket()
        for subscriber in subscribers:
            subscriber.doubt()
        self._rung.set()

    # Looking -------------------------------------------------------------------------------------

    async def _keep_looking(self) -> None:
        try:
            while True:
                await self._look()
                try:
                    async with asyncio.timeout(LOOK * random.uniform(0.9, 1.1)):
                        await self._rung.wait()
                except TimeoutError:
                    continue
        except Exception:  # the outermost line of this task: nobody may wait for a hub that is dead
            log.exception("hub failed", tenant=str(self.tenant_id))
            self._end_all(frames.OUR_FAULT)

    async def _look(self) -> None:
        """Read until the journal's end."""
        more = self._looking = True
        while more and self.subscribers:
            self._rung.clear()
            self._end_stalled()
            followers = [one for one in self.subscribers if one.state is not State.BEHIND]
            after = min((one.reached for one in followers), default=self._head)
            page = await self._ask(after, PAGE, self._all(), self._to_review())
            if page is None:
                self._lose_sight(followers)
                break
            if self._went_back(after, page):
                self._start_all_over(page)
            more = self._tell(page, followers)
            if more:
                await self._until_room()
        self._looking = False

    async def _ask(
        self, after: int, limit: int, everyone: frozenset[Member], doubtful: frozenset[Member]
    ) -> journal.Page | None:
        """A page; what was learned of people's standing is noted before it is returned. None: not to be had now."""
        ticket = new_ticket()
        try:
            async with asyncio.timeout(DATABASE):
                look = await looks.look(self.tenant_id, after, limit, everyone, doubtful)
        except TenantBehind:
            self._end_all(frames.TRY_LATER)
            return None
        except TenantClosed:
            self._end_all(frames.NOT_YOURS)
            return None
        except (DatabaseTrouble, TimeoutError) as error:
            if self._sees:
                log.warning("journal not readable", tenant=str(self.tenant_id), reason=type(error).__name__)
            return None
        for subscriber in list(self.subscribers) if look.standings else ():
            if (standing := look.standings.get(subscriber.member)) is not None:
                subscriber.judge(ticket, standing)
        return look.page

    def _tell(self, page: journal.Page, followers: list[Subscriber]) -> bool:
        """Give the page to the sockets it was read for; True when the journal goes on."""
        upto = page.entries[-1].seq if page.entries else page.head
        self._head, self._read_to = page.head, upto
        self._sees = True
        news = [Frame.of(entry) for entry in page.entries]
        for subscriber in followers:
            if not page.serves(subscriber.reached):
                subscriber.start_over(page.head)
            subscriber.offer(news, upto)
            if subscriber.state is State.JOINING and upto == page.head:
                subscriber.go_live()
        if page.entries:
            self._anchor = (page.entries[-1].seq, page.entries[-1].at)
        return upto < page.head

    def _lose_sight(self, followers: list[Subscriber]) -> None:
        """What cannot be read cannot be called up to date: no heartbeat until it can."""
        self._sees = False
        for subscriber in followers:
            if subscriber.state is State.LIVE:
                subscriber.join()

    async def _until_room(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while loop.time() < until and not any(
            one.has_room for one in self.subscribers if one.state is not State.BEHIND
        ):
            await asyncio.sleep(0.005)

    def _end_stalled(self) -> None:
        moment = asyncio.get_running_loop().time()
        for subscriber in list(self.subscribers):
            if subscriber.stalled(moment):
                subscriber.end(frames.TOO_SLOW)

    def _end_all(self, code: int) -> None:
        for subscriber in list(self.subscribers):
            subscriber.end(code)

    def _all(self) -> frozenset[Member]:
        if self._everyone is None:
            self._everyone = frozenset(one.member for one in self.subscribers)
        return self._everyone

    def _to_review(self) -> frozenset[Member]:
        """Who is in doubt, everybody when no doorbell can be heard, and a portion of those asked about long ago."""
        if not self._line.hears:
            return self._all()
        doubtful = {one.member for one in self.subscribers if one.doubtful}
        overdue = asyncio.get_running_loop().time() - REVIEW
        waiting = sorted(
            (one.reviewed_at, id(one), one.member) for one in self.subscribers if one.reviewed_at < overdue
        )
        portion = max(PORTION, len(self.subscribers) // 8)
        return frozenset(doubtful | {member for _, _, member in waiting[:portion]})

    # A journal that is not the one we knew -------------------------------------------------------

    def _went_back(self, after: int, page: journal.Page) -> bool:
        """True when the database lost what we have read: restored, or failed over to a copy that was behind."""
        if self._anchor is None:
            return False
        number, at = self._anchor
        times = {entry.seq: entry.at for entry in page.entries if entry.seq == number}
        if after == number and page.at is not None:
            times[number] = page.at
        return page.head < number or times.get(number, at) != at

    def _start_all_over(self, page: journal.Page) -> None:
        log.warning("journal went back, everybody reloads", tenant=str(self.tenant_id), head=page.head)
        self._anchor = None
        for subscriber in self.subscribers:
            subscriber.start_over(page.head)

    # Sockets that are behind ---------------------------------------------------------------------

    async def read_on(self, subscriber: Subscriber) -> None:
        """Read one page for a socket that is behind; near the journal's end it joins the others."""
        asked = frozenset({subscriber.member})
        page = await self._ask(subscriber.reached, OWN_PAGE, asked, asked)
        if page is None:
            await asyncio.sleep(LOOK)
            return
        if not page.serves(subscriber.reached):
            subscriber.start_over(page.head)
        self._head = max(self._head, page.head)
        upto = page.entries[-1].seq if page.entries else page.head
        subscriber.offer([Frame.of(entry) for entry in page.entries], upto)
        self._let_join(subscriber)

    def _let_join(self, subscriber: Subscriber) -> None:
        """Near the journal's end a socket joins; at the very place where this hub stands it is live at once."""
        if self._head - subscriber.reached > PAGE:
            return
        subscriber.join()
        current = self._sees and not self._looking and subscriber.reached == self._read_to == self._head
        if current and not subscriber.doubtful:
            subscriber.go_live()
        else:
            self._rung.set()


def _session(subscriber: Subscriber) -> str:
    return str(subscriber.member.session_id)


class Gateway:
    """The hubs of one event loop, and their line."""

    def __init__(self) -> None:
        self._line = Line()
        self._hubs: dict[UUID, Hub] = {}

    async def stream(self, subscriber: Subscriber, head: int) -> int:
        """Serve a socket until it is ended; return the close code. Cancelling it ends it as well."""
        hub = self._hub(subscriber.member.tenant.id)
        hub.add(subscriber, head)
        writing = asyncio.create_task(subscriber.write_all(functools.partial(hub.read_on, subscriber)))
        try:
            first: set[asyncio.Future[Any]] = {writing, subscriber.ended}
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            if writing.done():
                writing.result()
            return subscriber.ended.result()
        finally:
            writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writing
            await self._leave(hub, subscriber)

    def renew(self, subscriber: Subscriber, member: Member) -> None:
        """Take a newer token of the same person for a socket that is being served."""
        hub = self._hubs.get(member.tenant.id)
        if hub is not None and subscriber in hub.subscribers:
            hub.renew(subscriber, member)

    def _hub(self, tenant_id: UUID) -> Hub:
        hub = self._hubs.get(tenant_id)
        if hub is None or not hub.alive:
            hub = self._hubs[tenant_id] = Hub(tenant_id, self._line)
            hub.open()
        return hub

    async def _leave(self, hub: Hub, subscriber: Subscriber) -> None:
        hub.remove(subscriber)
        if not hub.subscribers and self._hubs.get(hub.tenant_id) is hub:
            del self._hubs[hub.tenant_id]
            await hub.close()


_gateways: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Gateway]" = weakref.WeakKeyDictionary()


def gateway() -> Gateway:
    """The gateway of the running event loop."""
    loop = asyncio.get_running_loop()
    found = _gateways.get(loop)
    if found is None:
        found = _gateways[loop] = Gateway()
    return found
