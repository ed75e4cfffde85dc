"""One account's life: when it is tried again, when it is left to polling, when it is given up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from apps.core import clock
from apps.core.ids import new_id
from apps.providers.adapters.base import Endpoint, Login
from apps.providers.adapters.errors import AdapterError
from apps.sync.watching.bells import Batch, Bells
from apps.sync.watching.gate import Gate, Rate
from apps.sync.watching.shard import Shard, Watched
from apps.sync.watching.vigil import THEN, Desk, Mood, Patience, Vigil
from tests.fakes.idle_server import IdleScript, IdleServer
from tests.watcher.listener import QUICK, SOON

# A hundredth of what life takes.
PATIENCE = Patience(first=0.05, longest=0.3, steady=0.2, poll=36.0, second_login=0.3, proves_the_login=9.0)
FAST = Rate(500, 50)


@dataclass(slots=True)
class Written:
    """The database's side of the bells: what each hop would have written."""

    rung: list[UUID] = field(default_factory=list)
    push: list[str] = field(default_factory=list)
    hops: int = 0
    away: bool = False
    marking: int = 0
    most_marks: int = 0

    async def hop(self, write: Any, shard: Shard) -> None:
        """Stands where a thread writes the batch."""
        batch: Batch = write.__self__
        self.hops += 1
        away = self.away
        self.marking += batch.marks
        self.most_marks = max(self.most_marks, self.marking)
        await asyncio.sleep(0.01)
        self.marking -= batch.marks
        if away:
            from django.db import OperationalError

            raise OperationalError("away")
        self.rung += batch.rung
        self.push += [*batch.listening.values(), *["" for _ in batch.deaf]]


@dataclass(slots=True)
class Scene:
    """A vigil at work on a scripted server."""

    vigil: Vigil
    written: Written
    logins: list[Login]
    desk: Desk

    async def mood(self, mood: Mood, within: float = SOON) -> None:
        """Wait for the vigil to be in this mood."""
        async with asyncio.timeout(within):
            while self.vigil.mood is not mood:
                await asyncio.sleep(0.005)


@asynccontextmanager
async def scene(
    endpoint: Endpoint, *, patience: Patience = PATIENCE, per_host: Rate = FAST, failure: Exception | None = None
) -> AsyncIterator[Scene]:
    """One vigil; `failure` is what opening the account raises instead of giving a log-in."""
    written, shard = Written(), Shard("test")
    bells = Bells(shard, written.hop)
    logins = [Login("anna", "secret")]

    async def opened(function: Any, tenant_id: UUID, account_id: UUID) -> tuple[Endpoint, Login]:
        if failure is not None:
            raise failure
        return endpoint, logins[-1]

    desk = Desk(bells, Gate(per_host, FAST), opened, replace(QUICK, quiet=0.02), patience)
    carrier = asyncio.create_task(bells.carry())
    vigil = Vigil(Watched(new_id(), new_id(), new_id(), endpoint.host, None), desk)
    try:
        yield Scene(vigil, written, logins, desk)
    finally:
        for task in (vigil.task, carrier):
            task.cancel()
            with suppress(asyncio.CancelledError, ExceptionGroup):
                await task


async def until(condition: Any, within: float = SOON) -> None:
    """Wait until the condition holds."""
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_live_watch_asks_for_a_sync_and_is_recorded_as_push() -> None:
    async with IdleServer.running() as server, scene(server.endpoint) as on:
        await on.mood(Mood.LISTENING)
        await until(lambda: on.written.rung == [on.vigil.watched.target_id])
        assert on.written.push == ["idle"]


async def test_a_hang_up_is_followed_by_a_new_connection_and_a_new_request() -> None:
    async with IdleServer.running() as server, scene(server.endpoint) as on:
        await on.mood(Mood.LISTENING)
        await until(lambda: len(on.written.rung) == 1)
        server.drop()
        await until(lambda: len(server.ledger.connects) == 2)
        await until(lambda: len(on.written.rung) == 2)
        await until(lambda: on.written.push == ["idle", "", "idle"] or on.written.push == ["idle", "idle"])


async def test_a_log_in_that_is_refused_twice_is_not_tried_again_and_the_engine_is_asked_to_look() -> None:
    # F48: servers lock accounts out. The watcher's share of the attempts is two.
    script = IdleScript(login_answer=b"NO [AUTHENTICATIONFAILED] no")
    async with IdleServer.running(script) as server, scene(server.endpoint) as on:
        await on.mood(Mood.REFUSED)
        await asyncio.sleep(0.5)
        assert server.ledger.logins == ["anna", "anna"]
        assert on.written.rung == [on.vigil.watched.target_id] * 2
        assert server.ledger.connects[1] - server.ledger.connects[0] >= PATIENCE.second_login


async def test_a_refused_account_is_tried_again_when_it_was_changed() -> None:
    script = IdleScript(login_answer=b"NO [AUTHENTICATIONFAILED] no")
    async with IdleServer.running(script) as server, scene(server.endpoint) as on:
        await on.mood(Mood.REFUSED)
        server.script = IdleScript()
        on.vigil.begin_anew()
        await on.mood(Mood.LISTENING)


async def test_a_refused_account_is_tried_once_when_the_engine_has_logged_in_since() -> None:
    script = IdleScript(login_answer=b"NO [AUTHENTICATIONFAILED] no")
    async with IdleServer.running(script) as server, scene(server.endpoint) as on:
        await on.mood(Mood.REFUSED)
        row = on.vigil.watched
        on.vigil.renewed(replace(row, synced_at=clock.now() + timedelta(seconds=1)))  # by a kept connection, perhaps
        await asyncio.sleep(0.2)
        assert len(server.ledger.logins) == 2
        on.vigil.renewed(replace(row, synced_at=clock.now() + timedelta(seconds=PATIENCE.proves_the_login + 1)))
        await until(lambda: len(server.ledger.logins) == 3)
        await on.mood(Mood.REFUSED)
        await asyncio.sleep(0.5)
        assert len(server.ledger.logins) == 3


@pytest.mark.parametrize(
    "script",
    [
        IdleScript(greeting=b"* BYE Too many connections from your IP"),
        IdleScript(login_answer=b"NO [LIMIT] Maximum number of connections from user+IP exceeded"),
        IdleScript(offered_logged_in=b"IMAP4rev1"),
    ],
    ids=["too many", "limit", "no idle"],
)
async def test_a_server_that_gives_no_connection_is_left_to_polling(script: IdleScript) -> None:
    async with IdleServer.running(script) as server, scene(server.endpoint) as on:
        await on.mood(Mood.POLLING)
        await asyncio.sleep(0.3)
        assert len(server.ledger.connects) == 1
        assert on.written.push == []


async def test_pauses_grow_while_connections_are_short_and_begin_anew_behind_a_steady_one() -> None:
    # F54: the server closes each IDLE soon. A short connection is not taken for a steady one by a machine that halts.
    patience = replace(PATIENCE, steady=1.0)
    async with (
        IdleServer.running(IdleScript(eof_after=0.01)) as server,
        scene(server.endpoint, patience=patience) as on,
    ):
        await until(lambda: on.vigil.failures >= 4, within=10)
        # Of the connections before it, none may be taken for the steady one.
        server.script, before = IdleScript(), len(server.ledger.connects)
        server.drop()
        await until(lambda: len(server.ledger.connects) > before and on.vigil.mood is Mood.LISTENING)
        await asyncio.sleep(patience.steady * 1.2)
        grown = on.vigil.failures
        server.drop()
        # The pause is of milliseconds now: it is over before anybody looks.
        await until(lambda: on.vigil.failures != grown)
        assert on.vigil.failures == 1


async def test_a_moved_account_leaves_its_old_server_and_comes_back() -> None:
    async with IdleServer.running() as server, scene(server.endpoint) as on:
        await on.mood(Mood.LISTENING)
        on.logins.append(Login("anna2", "secret"))
        on.vigil.renewed(replace(on.vigil.watched, host="localhost"))
        await until(lambda: server.ledger.logins == ["anna", "anna2"])
        assert "LOGOUT" in server.ledger.names()


async def test_a_bug_in_one_account_does_not_end_its_watch_for_good() -> None:
    async with IdleServer.running() as server, scene(server.endpoint, failure=ZeroDivisionError()) as on:
        await until(lambda: on.vigil.failures >= 2)
        assert not on.vigil.task.done()
        assert server.ledger.connects == []


async def test_an_ended_vigil_says_goodbye() -> None:
    async with IdleServer.running() as server, scene(server.endpoint) as on:
        await on.mood(Mood.LISTENING)
        on.vigil.end()
        await asyncio.wait_for(on.vigil.task, 1)
        assert server.ledger.names()[-2:] == ["DONE", "LOGOUT"]


async def test_a_doorbell_of_a_database_that_is_away_is_kept_and_written_later_without_another() -> None:
    written = Written(away=True)
    bells = Bells(Shard("test"), written.hop)
    carrier = asyncio.create_task(bells.carry())
    rung, heard, lost = new_id(), new_id(), new_id()
    await asyncio.sleep(0.05)  # all carriers wait
    bells.ring(rung)
    bells.listening(heard, "idle")
    bells.deaf(lost)
    await until(lambda: written.hops >= 1)
    bells.deaf(heard)  # newer than what could not be written
    written.away = False
    await until(lambda: bells.idle)
    carrier.cancel()
    assert written.rung == [rung]
    assert written.push == ["", ""]


async def test_what_is_said_of_a_push_is_written_in_its_order() -> None:
    written = Written()
    bells = Bells(Shard("test"), written.hop)
    carrier = asyncio.create_task(bells.carry())
    target_id = new_id()
    for kind in ("idle", "", "notify", "", "idle"):
        bells.listening(target_id, kind) if kind else bells.deaf(target_id)
        await asyncio.sleep(0.002)
        bells.ring(new_id())  # wakes a hop that is free
        await asyncio.sleep(0.002)
    await until(lambda: bells.idle)
    carrier.cancel()
    assert written.push[-1] == "idle"
    assert written.most_marks == 1


async def test_what_rings_while_a_hop_is_under_way_goes_out_in_batches_and_once_each() -> None:
    written = Written()
    bells = Bells(Shard("test"), written.hop)
    carrier = asyncio.create_task(bells.carry())
    ids = [new_id() for _ in range(200)]
    for _ in range(3):
        for target_id in ids:
            bells.ring(target_id)
    await until(lambda: bells.idle)
    carrier.cancel()
    assert sorted(map(str, written.rung)) == sorted(map(str, ids))
    assert written.hops <= 8


async def test_a_provider_that_flaps_sees_no_more_connections_than_allowed() -> None:
    # F36, in hundredths of its time: up and down by turns, fifty accounts.
    allowed = Rate(40, 5)
    server = IdleServer(IdleScript(), None, "none")
    await server.start()
    endpoint, ledger = server.endpoint, server.ledger
    written = Written()
    bells = Bells(Shard("test"), written.hop)

    async def opened(function: Any, tenant_id: UUID, account_id: UUID) -> tuple[Endpoint, Login]:
        return endpoint, Login("anna", "secret")

    desk = Desk(bells, Gate(allowed, FAST), opened, QUICK, replace(PATIENCE, first=0.05, longest=1.0, steady=0.5))
    carrier = asyncio.create_task(bells.carry())
    vigils = [Vigil(Watched(new_id(), new_id(), new_id(), endpoint.host, None), desk) for _ in range(50)]
    try:
        for _ in range(4):
            await asyncio.sleep(0.4)
            server.close()
            await asyncio.sleep(0.4)
            server = IdleServer(IdleScript(), None, "none")
            server.ledger = ledger
            await server.start(endpoint.port)
        await until(lambda: all(vigil.mood is Mood.LISTENING for vigil in vigils), within=15)
    finally:
        for task in (carrier, *(vigil.task for vigil in vigils)):
            task.cancel()
        await asyncio.gather(carrier, *(vigil.task for vigil in vigils), return_exceptions=True)
        server.close()
    for index, start in enumerate(ledger.connects):
        within = sum(1 for moment in ledger.connects[index:] if moment < start + 1.0)
        assert within <= allowed.per_second + allowed.burst + 5


def test_every_error_of_the_adapters_has_a_consequence() -> None:
    def tree(kind: type[AdapterError]) -> list[type[AdapterError]]:
        return [kind, *(below for child in kind.__subclasses__() for below in tree(child))]

    for kind in tree(AdapterError):
        assert next(THEN[base] for base in kind.__mro__ if base in THEN)
