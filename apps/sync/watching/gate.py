"""How fast connections may be opened: token buckets by host and in all. One event loop, no I/O."""

import asyncio
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rate:
    """`per_second` tokens a second, of which `burst` may be spent at once after a quiet time."""

    per_second: float
    burst: int


# A handshake costs both sides milliseconds of CPU: what this process may do in all.
HANDSHAKES: Final = Rate(50.0, 10)
# A provider that restarts must not see all its accounts come back within a second.
PER_HOST: Final = Rate(10.0, 10)


class Bucket:
    """Hands out places in a queue that moves at the rate; a fresh one holds one token, not a burst."""

    __slots__ = ("_next", "_rate")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._next = now - 1 / rate.per_second

    def place(self, now: float) -> float:
        """Take the next place; answer the moment at which it is ours."""
        earliest = now - self._rate.burst / self._rate.per_second
        self._next = max(self._next, earliest) + 1 / self._rate.per_second
        return max(self._next, now)


class Gate:
    """Lets each account through when its host's turn and the process's turn have come."""

    def __init__(self, per_host: Rate = PER_HOST, in_all: Rate = HANDSHAKES) -> None:
        self._per_host = per_host
        self._in_all_rate = in_all
        self._in_all: Bucket | None = None
        self._hosts: dict[str, Bucket] = {}

    async def through(self, host: str) -> None:
        """Wait for a turn. Waiters of one host pass in the order in which they came."""
        loop = asyncio.get_running_loop()
        bucket = self._hosts.setdefault(host, Bucket(self._per_host, loop.time()))
        await asyncio.sleep(bucket.place(loop.time()) - loop.time())
        # The common queue is joined only now, so that a slow host's accounts hold no places in it.
        if self._in_all is None:
            self._in_all = Bucket(self._in_all_rate, loop.time())
        await asyncio.sleep(self._in_all.place(loop.time()) - loop.time())
