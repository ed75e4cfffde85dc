"""A watch on a server that misbehaves: each fault ends it with the right error, and soon."""

import asyncio
from dataclasses import replace

import pytest

from apps.providers.adapters.base import Login
from apps.providers.adapters.errors import AdapterError, NeedsReconnect, ProviderDown, RateLimited, Transient
from apps.providers.adapters.imap.idle import State
from apps.providers.adapters.imap.idle_habits import Habits
from tests.fakes.idle_server import IdleScript, IdleServer
from tests.watcher.listener import QUICK, watching


async def end_of(script: IdleScript, *, login: Login | None = None) -> AdapterError:
    """The error with which a watch on this script ends."""
    async with IdleServer.running(script) as server:
        if login is None:
            async with watching(server.endpoint) as listener:
                return await listener.end()
        async with watching(server.endpoint, login=login) as listener:
            return await listener.end()


async def test_a_bye_ends_the_watch_and_its_words_are_kept() -> None:
    error = await end_of(IdleScript(bye_after=0.05, bye=b"* BYE Server shutting down."))
    assert type(error) is Transient
    assert "shutting down" in error.said


async def test_the_first_of_endless_byes_ends_the_watch() -> None:
    # jstedfast/MailKit#938
    script = IdleScript(after_continuation=(b"* BYE Autologout",) * 5000)
    assert "Autologout" in (await end_of(script)).said


async def test_an_end_of_the_stream_is_a_passing_fault() -> None:
    # mjs/imapclient#234: once or twice an hour at some providers.
    assert type(await end_of(IdleScript(eof_after=0.05))) is Transient


async def test_the_reason_of_a_hang_up_is_read_from_the_lines_before_it() -> None:
    # mjs/imapclient#152: the close itself says nothing.
    script = IdleScript(
        after_continuation=(b"* NO [ALERT] Too many simultaneous connections. (Failure)",), eof_after=0.1
    )
    assert isinstance(await end_of(script), RateLimited)


async def test_a_done_without_an_answer_is_a_silent_death() -> None:
    habits = Habits()
    async with (
        IdleServer.running(IdleScript(ignores_done=True)) as server,
        watching(server.endpoint, habits=habits, timing=replace(QUICK, renewal=0.1)) as listener,
    ):
        assert isinstance(await listener.end(), Transient)
        assert habits.deaths == 1


async def test_a_line_that_drops_silently_is_found_by_the_renewal() -> None:
    # F29: no FIN, no error; the peer just does not answer any more.
    habits = Habits()
    async with (
        IdleServer.running() as server,
        watching(server.endpoint, habits=habits, timing=replace(QUICK, renewal=0.2)) as listener,
    ):
        await listener.bell()
        for connection in server.open:
            connection.transport.pause_reading()
        assert isinstance(await listener.end(), Transient)
        assert habits.deaths == 1


async def test_a_host_that_sends_heartbeats_and_stops_is_dead_after_three() -> None:
    habits = Habits()
    async with (
        IdleServer.running(IdleScript(heartbeat=0.1, heartbeats=3)) as server,
        watching(server.endpoint, habits=habits) as listener,
    ):
        await listener.bell()
        begun = asyncio.get_running_loop().time()
        error = await listener.end()
        lasted = asyncio.get_running_loop().time() - begun
        assert "heartbeat" in error.reason
        assert 0.5 < lasted < 1.5  # 3 beats, then 3 missed
        assert habits.deaths == 1


async def test_a_host_without_heartbeats_may_be_silent() -> None:
    async with IdleServer.running() as server, watching(server.endpoint) as listener:
        await listener.bell()
        await asyncio.sleep(0.5)
        assert listener.watch.state is State.IDLE


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (IdleScript(silent=True), Transient),
        (IdleScript(drip=0.2), Transient),
        (IdleScript(no_continuation=True), Transient),
        (IdleScript(idle_answer=b"NO not now"), Transient),
        (IdleScript(idle_answer=b"OK done"), Transient),
        (IdleScript(ends_idle_after=0.0), Transient),
        (IdleScript(greeting=b"* BYE Too many connections from your IP"), RateLimited),
        (IdleScript(greeting=b"HTTP/1.1 400 Bad Request"), AdapterError),
        (IdleScript(login_answer=b"NO [AUTHENTICATIONFAILED] no"), NeedsReconnect),
        (IdleScript(login_answer=b"NO [UNAVAILABLE] later"), Transient),
        (IdleScript(login_answer=b"NO [LIMIT] Maximum number of connections from user+IP exceeded"), RateLimited),
        (IdleScript(examine_answer=b"NO [SERVERBUG] oops"), Transient),
        (IdleScript(after_continuation=(b"* OK " + b"x" * 70_000,)), Transient),
        (IdleScript(after_continuation=(b"* 1 FETCH (BODY[] {2000000}",)), Transient),
        (IdleScript(after_continuation=(b"\x00\xff garbage",)), Transient),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)
async def test_each_fault_ends_the_watch_with_its_error(script: IdleScript, kind: type[AdapterError]) -> None:
    error = await end_of(script)
    assert isinstance(error, kind), error


async def test_a_refused_log_in_is_tried_once() -> None:
    async with (
        IdleServer.running(IdleScript(login_answer=b"NO [AUTHENTICATIONFAILED] no")) as server,
        watching(server.endpoint) as listener,
    ):
        await listener.end()
        assert server.ledger.logins == ["anna"]


async def test_nothing_is_listening_at_all() -> None:
    async with IdleServer.running() as server:
        endpoint = server.endpoint
    async with watching(endpoint) as listener:
        assert isinstance(await listener.end(), ProviderDown)


@pytest.mark.parametrize("name", ["anna\r\nw9 DELETE INBOX", "anna\0", ""])
async def test_a_user_name_cannot_end_a_command(name: str) -> None:
    async with IdleServer.running(IdleScript(offered=b"IMAP4rev1")) as server:
        async with watching(server.endpoint, login=Login(name, "secret")) as listener:
            assert isinstance(await listener.end(), NeedsReconnect)
        assert server.ledger.commands == []


async def test_a_flood_leaves_the_others_their_turns_and_rings_once_a_second() -> None:
    async with IdleServer.running() as server, watching(server.endpoint, timing=replace(QUICK, quiet=30)) as listener:
        await listener.bell()
        server.push(*[b"* 2 EXISTS"] * 50_000, b"* BYE enough")
        turns = 0
        while not listener.task.done():
            await asyncio.sleep(0)
            turns += 1
        # 600 KB in pieces of 16: between two of them everybody else has a turn.
        assert turns >= 30
        await listener.end()
        assert listener.bells.qsize() == 1
