"""The watcher process: keeps the roster of its accounts right, from start to SIGTERM.

It runs on asyncio's own loop: with sockets that have no transport, uvloop was measured to save
neither memory nor CPU.
"""

import asyncio
import functools
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import redis.asyncio
import structlog
from channels.db import DatabaseSyncToAsync
from django.conf import settings

from apps.providers.push import pulling

from . import status
from .bells import DATABASE_AWAY, HOPS, Bells
from .gate import PER_HOST, Gate, Rate
from .shard import CHUNK, LEASE, Shard, Watched, new_owner
from .vigil import Desk, Mood, Vigil

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 2.0
STATUS_SECONDS: Final = 5.0
REPORT_EVERY: Final = 12  # statuses, so once a minute
FAREWELL_SECONDS: Final = 3.0
LAST_WRITES_SECONDS: Final = 1.0
# Files that are not watches: the database, Redis, logs, the loop's own.
SPARE_FILES: Final = 256
WRITERS: Final = HOPS + 2  # the doorbells' hops, the roster, and one to spare
OPENERS: Final = 8


ACCOUNTS: Final = 5000
SHORTEST_LEASE: Final = 3 * POLL_SECONDS  # renewed at every look


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line may set."""

    accounts: int = ACCOUNTS
    per_host: Rate = PER_HOST
    lease: float = LEASE


class Watcher:
    """One process's share of all watched accounts."""

    def __init__(self, options: Options) -> None:
        self.owner = new_owner()
        self._shard = Shard(self.owner, options.lease)
        self._most = max(1, raise_file_limit(options.accounts + SPARE_FILES) - SPARE_FILES)
        # Opening an account resolves a host name, which may hang: it gets threads of its own.
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="writer")
        self._openers = ThreadPoolExecutor(OPENERS, thread_name_prefix="opener")
        self._bells = Bells(self._shard, self._hop)
        self._desk = Desk(self._bells, Gate(options.per_host), functools.partial(hop, self._openers))
        self._vigils: dict[UUID, Vigil] = {}
        self._renew_at: dict[UUID, float] = {}
        self._started = time.monotonic()
        self._leaving: set[asyncio.Task[None]] = set()
        self._changed: set[UUID] = set()
        self._look_now = asyncio.Event()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Watch until SIGTERM or SIGINT; then say goodbye and release the leases within 5 seconds."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        log.info("watcher started", owner=self.owner, most=self._most)
        async with asyncio.TaskGroup() as group:
            carrier = group.create_task(self._bells.carry())
            works = (self._hear_changes(), self._report(), pulling.pull(self._hop))
            others = [group.create_task(work) for work in works]
            roster = group.create_task(self._keep_roster())
            await self._stopping.wait()
            # A look under way may just have claimed something, so it is let to its end.
            await asyncio.wait({roster}, timeout=LAST_WRITES_SECONDS)
            for task in (roster, *others):
                task.cancel()
            await self._say_goodbye()
            carrier.cancel()
        for threads in (self._writers, self._openers):
            threads.shutdown(wait=False, cancel_futures=True)

    def _stop(self) -> None:
        self._stopping.set()
        self._look_now.set()

    async def _hop(self, function: Callable[..., Any], *args: Any) -> Any:
        return await hop(self._writers, function, *args)

    # ------------------------------------------------------------------ roster

    async def _keep_roster(self) -> None:
        while not self._stopping.is_set():
            self._look_now.clear()
            try:
                await self._look()
            except DATABASE_AWAY as error:
                # The connections stay: without the database nobody else can have taken them over.
                log.warning("roster not read", reason=type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look_now.wait(), POLL_SECONDS)

    async def _look(self) -> None:
        """Renew what is ours, let go of what is not, begin anew what was changed, take what is free."""
        now = time.monotonic()
        due = [target_id for target_id, moment in self._renew_at.items() if moment <= now]
        if due:
            await self._renew(due)
        counted = await self._hop(self._shard.census)
        if counted.held != len(self._vigils):
            await self._renew(list(self._vigils))
        ended = [target_id for target_id in counted.ended if target_id in self._vigils]
        if ended:
            await self._hop(self._shard.release, ended)
            self._let_go(ended, "ended")
        self._begin_anew()
        while (room := self._most - len(self._vigils)) > 0:
            claimed = await self._hop(self._shard.claim, room)
            self._take(claimed)
            if len(claimed) < min(room, CHUNK):
                break

    async def _renew(self, due: list[UUID]) -> None:
        listening = {target_id for target_id in due if self._vigils[target_id].mood is Mood.LISTENING}
        kept = {row.target_id: row for row in await self._hop(self._shard.renew, due, listening)}
        self._let_go([target_id for target_id in due if target_id not in kept], "taken over")
        for target_id, row in kept.items():
            if target_id in self._vigils:
                self._renew_at[target_id] = time.monotonic() + self._shard.renew_after
                self._vigils[target_id].renewed(row)

    def _begin_anew(self) -> None:
        changed, self._changed = self._changed, set()
        for target_id in changed & self._vigils.keys():
            self._vigils[target_id].begin_anew()

    def _take(self, rows: list[Watched]) -> None:
        for row in rows:
            if row.target_id in self._vigils:
                # Our own lease ran out unnoticed (the machine was suspended) and we took it again.
                self._vigils[row.target_id].renewed(row)
            else:
                self._vigils[row.target_id] = Vigil(row, self._desk)
            self._renew_at[row.target_id] = time.monotonic() + self._shard.renew_after
        if rows:
            log.info("accounts taken", count=len(rows), held=len(self._vigils))

    def _let_go(self, ids: list[UUID], because: str) -> None:
        for target_id in ids:
            self._renew_at.pop(target_id, None)
            if (vigil := self._vigils.pop(target_id, None)) is not None:
                self._leaving.add(vigil.task)
                vigil.task.add_done_callback(self._leaving.discard)
                vigil.end()
        if ids:
            log.info("accounts let go", count=len(ids), because=because, held=len(self._vigils))

    # ------------------------------------------------------------------ hints, status

    async def _hear_changes(self) -> None:
        """Look at once when an account is new, gone, or has another server or log-in."""
        while True:
            try:
                async with redis.asyncio.Redis.from_url(settings.REDIS_URL) as server, server.pubsub() as channel:
                    await channel.subscribe(status.CHANGED)
                    async for message in channel.listen():
                        self._heard(message["data"])
            except (redis.RedisError, OSError) as error:
                log.warning("changes are not heard", reason=type(error).__name__)
            await asyncio.sleep(5)

    def _heard(self, said: object) -> None:
        if not isinstance(said, bytes):
            return  # the answer to our subscription
        try:
            self._changed.add(UUID(said.decode()))
        except ValueError:
            return  # not one of ours: Redis' channels are shared by all its databases
        self._look_now.set()

    async def _report(self) -> None:
        turn = 0
        while True:
            told = self._status()
            await asyncio.to_thread(status.publish, told)
            if turn % REPORT_EVERY == 0:
                log.info("watching", **told.moods, rung=told.rung, uptime=told.uptime)
            turn += 1
            await asyncio.sleep(STATUS_SECONDS)

    def _status(self) -> status.Status:
        counted = Counter(vigil.mood.value for vigil in self._vigils.values())
        moods = {mood.value: counted[mood.value] for mood in Mood}
        return status.Status(self.owner, moods, self._bells.rung, round(time.monotonic() - self._started))

    # ------------------------------------------------------------------ the end

    async def _say_goodbye(self) -> None:
        held = list(self._vigils)
        self._let_go(held, "stopping")
        if self._leaving:
            await asyncio.wait(self._leaving, timeout=FAREWELL_SECONDS)
        try:
            async with asyncio.timeout(LAST_WRITES_SECONDS):
                await self._hop(self._shard.release, held)
                while not self._bells.idle:
                    await asyncio.sleep(0.02)
        except (TimeoutError, *DATABASE_AWAY) as error:
            log.warning("leases not released; they run out", reason=type(error).__name__)
        await asyncio.to_thread(status.withdraw, self.owner)
        log.info("watcher stopped", owner=self.owner)


async def hop(threads: ThreadPoolExecutor, function: Callable[..., Any], *args: Any) -> Any:
    """Run database work in one of `threads`: Channels' own thread would put all of it in one line."""
    return await DatabaseSyncToAsync(function, thread_sensitive=False, executor=threads)(*args)


def raise_file_limit(wanted: int) -> int:
    """Allow this process as many open files as it may have, up to `wanted`; answer how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most < wanted:
        log.warning("fewer accounts than asked for: the limit on open files is lower", limit=most)
    return most
