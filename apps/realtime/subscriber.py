"""One socket's place in its tenant's journal, and the writing of its frames in order.

    BEHIND   reads pages of its own, as fast as its socket takes them
    JOINING  near the journal's end: the hub's next page begins where this one stands
    LIVE     gets each page the hub reads; one whose queue is full falls BEHIND again

Whatever the state, every entry up to `reached` that the person may see was queued; `sent` is the last
one written. `prev` and the right to see an event are settled when its frame is written, so a
queue that waits never tells what was taken away meanwhile.
"""

import asyncio
import enum
import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Final
from uuid import UUID

from apps.users.members import Member

from . import frames
from .frames import Frame
from .looks import Standing

# A queue holds at most this many frames and characters; beyond it the socket reads pages of its own.
QUEUE_FRAMES: Final = 400
QUEUE_SIZE: Final = 256 * 1024
# Below this many frames a socket has room for the next page.
QUEUE_LOW: Final = 50
# A socket that takes nothing for this long (seconds) is closed.
STALL: Final = 10.0
# Every so many seconds a socket hears up to where everything was sent.
HEARTBEAT: Final = 15.0

Write = Callable[[str], Awaitable[None]]
_tickets = itertools.count(1)


def new_ticket() -> int:
    """The number of a question about someone's standing; a later question has a higher one."""
    return next(_tickets)


class State(enum.Enum):
    """Where a socket's frames come from."""

    BEHIND = enum.auto()
    JOINING = enum.auto()
    LIVE = enum.auto()


class Subscriber:
    """A socket that said hello. `end` is final: nothing is written after it."""

    def __init__(self, member: Member, start: int, write: Write) -> None:
        self.member = member
        self.state = State.BEHIND
        self.reached = start
        self.sent = start
        self.reviewed_at = float("-inf")
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._user_id = member.user_id
        self._write = write
        self._accounts: frozenset[UUID] = frozenset()
        self._queue: deque[Frame] = deque()
        self._size = 0
        self._reset = False
        # The last question about the person's standing that was answered, and the last reason to ask.
        self._answered = 0
        self._doubt = 1
        self._wake = asyncio.Event()
        self._writing_since: float | None = None
        self._heartbeat_due = 0.0

    @property
    def doubtful(self) -> bool:
        """True until the person's standing was asked for after the last doubt; nothing is written meanwhile."""
        return self._answered < self._doubt

    def asked_before(self, ticket: int) -> bool:
        """True when what is known of the person's standing is older than this ticket."""
        return self._answered < ticket

    @property
    def has_room(self) -> bool:
        """True when the socket is about to take the next page."""
        return len(self._queue) <= QUEUE_LOW

    # What the hub tells --------------------------------------------------------------------------

    def offer(self, page: Iterable[Frame], upto: int) -> None:
        """Queue what of the page is new and this person's: everything up to `upto` is then reached.

        A page that does not fit is left alone, and the socket falls behind.
        """
        news = [frame for frame in page if frame.seq > self.reached and frame.concerns(self._user_id, self._accounts)]
        size = sum(len(frame.rest) for frame in news)
        if self._queue and (len(self._queue) + len(news) > QUEUE_FRAMES or self._size + size > QUEUE_SIZE):
            self.state = State.BEHIND
            return
        self._queue.extend(news)
        self._size += size
        self.reached = max(self.reached, upto)
        self._wake.set()

    def join(self) -> None:
        """Near enough: the hub's next page begins where this socket stands."""
        self.state = State.JOINING

    def go_live(self) -> None:
        """The hub's page reached the journal's end: from here on this socket is told what happens."""
        self.state = State.LIVE
        self._heartbeat_due = 0.0
        self._wake.set()

    def start_over(self, head: int) -> None:
        """What followed `sent` cannot be told any more: say so, and go on from `head`."""
        self._queue.clear()
        self._size = 0
        self.reached = self.sent = head
        self._reset = True
        self._wake.set()

    def doubt(self) -> None:
        """Something may have changed what the person may see: they have to be asked about."""
        self._doubt = new_ticket()

    def judge(self, ticket: int, standing: Standing) -> None:
        """Take note of how the person stands, unless a later question was already answered."""
        if ticket < self._answered:
            return
        self._answered = ticket
        self._accounts = standing.accounts
        self.reviewed_at = self._now()
        if standing.ended is not None:
            self.end(standing.ended)
        self._wake.set()

    def end(self, code: int) -> None:
        """Write nothing more and close the socket with this code."""
        if not self.ended.done():
            self.ended.set_result(code)

    def stalled(self, moment: float) -> bool:
        """True when the socket has taken nothing for too long (`moment` is the loop's time)."""
        return self._writing_since is not None and moment - self._writing_since > STALL

    # What the socket hears -----------------------------------------------------------------------

    async def write_all(self, read_on: Callable[[], Awaitable[None]]) -> None:
        """Write frames and heartbeats in order, for ever. `read_on` fetches a page when this socket is behind."""
        while True:
            if self._reset:
                self._reset = False
                await self._written(frames.RESET)
            elif self._queue and not self.doubtful:
                await self._write_next()
            elif self.state is State.BEHIND and not self._queue:
                await read_on()
            elif self.state is State.LIVE and not self._queue and self._now() >= self._heartbeat_due:
                self._heartbeat_due = self._now() + HEARTBEAT
                await self._written(frames.caught_up(self.reached))
            else:
                await self._awoken()

    async def _write_next(self) -> None:
        frame = self._queue.popleft()
        self._size -= len(frame.rest)
        if frame.concerns(self._user_id, self._accounts):
            prev, self.sent = self.sent, frame.seq
            await self._written(frame.text(prev))

    async def _written(self, text: str) -> None:
        self._writing_since = self._now()
        await self._write(text)
        self._writing_since = None

    async def _awoken(self) -> None:
        self._wake.clear()
        due = self._heartbeat_due if self.state is State.LIVE and not self._queue else None
        try:
            async with asyncio.timeout_at(due):
                await self._wake.wait()
        except TimeoutError:
            return

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
