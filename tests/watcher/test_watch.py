"""A watch on a scripted server: what rings, when, and how a watch renews and leaves."""

import asyncio
from dataclasses import replace

from apps.providers.adapters.base import Endpoint, Login
from apps.providers.adapters.errors import AuthExpired, Rejected
from apps.providers.adapters.imap.idle import Doorbell, State
from apps.providers.adapters.imap.idle_habits import Habits, Timing
from tests.fakes.idle_server import IdleScript, IdleServer
from tests.watcher.listener import QUICK, watching

ANY = Doorbell(None)
INBOX = Doorbell("INBOX")


async def test_the_first_doorbell_goes_out_when_the_server_listens() -> None:
    async with IdleServer.running() as server, watching(server.endpoint) as listener:
        _, bell = await listener.bell()
        assert bell == ANY
        assert len(server.listening) == 1
        assert server.ledger.names() == ["CAPABILITY", "AUTHENTICATE", "CAPABILITY", "ID", "EXAMINE", "IDLE"]
        assert server.ledger.logins == ["anna"]


async def test_a_notice_rings_at_once() -> None:
    async with IdleServer.running() as server, watching(server.endpoint) as listener:
        await listener.bell()
        await asyncio.sleep(QUICK.quiet * 1.2)
        pushed_at = asyncio.get_running_loop().time()
        server.push(b"* 2 EXISTS")
        rang_at, bell = await listener.bell()
        assert bell == INBOX
        assert rang_at - pushed_at < 0.05


async def test_notices_within_a_second_go_out_as_one_behind_the_first() -> None:
    async with IdleServer.running() as server, watching(server.endpoint) as listener:
        await listener.bell()
        await asyncio.sleep(QUICK.quiet * 1.2)
        server.push(b"* 2 EXISTS")
        first_at, _ = await listener.bell()
        for number in range(3, 8):
            server.push(b"* %d EXISTS" % number)
            await asyncio.sleep(0.01)
        second_at, bell = await listener.bell()
        assert bell == INBOX
        assert second_at - first_at >= QUICK.quiet * 0.9
        assert await listener.quiet(QUICK.quiet * 2)


async def test_two_lines_of_one_packet_ring_once() -> None:
    async with IdleServer.running() as server, watching(server.endpoint) as listener:
        await listener.bell()
        await asyncio.sleep(QUICK.quiet * 1.2)
        server.push(b"* 2 EXISTS", b"* 1 RECENT")
        await listener.bell()
        assert await listener.quiet(QUICK.quiet * 2)


async def test_every_kind_of_untagged_line_rings_and_a_heartbeat_does_not() -> None:
    lines = (
        b"* 2 EXISTS",
        b"* 1 EXPUNGE",
        b"* VANISHED 1",
        b"* 1 FETCH (FLAGS ())",
        b"* XNEW thing",
        b"* OK [ALERT] hello",
    )
    async with IdleServer.running() as server, watching(server.endpoint, timing=replace(QUICK, quiet=0.01)) as listener:
        await listener.bell()
        for line in lines:
            await asyncio.sleep(0.03)
            server.push(line)
            assert (await listener.bell())[1] == INBOX, line
        server.push(b"* OK Still here")
        assert await listener.quiet(0.1)


async def test_a_renewal_is_done_then_its_answer_then_a_new_idle() -> None:
    async with IdleServer.running() as server:
        async with watching(server.endpoint, timing=replace(QUICK, renewal=0.1)) as listener:
            await listener.enters(State.IDLE, 4)
        # Nothing shares a packet with DONE (stalwartlabs/stalwart#765).
        assert server.ledger.packets.count(b"DONE\r\n") >= 3
        assert all(packet == b"DONE\r\n" for packet in server.ledger.packets if b"DONE" in packet)


async def test_what_is_told_between_done_and_its_answer_rings() -> None:
    script = IdleScript(events_at_done=(b"* 3 EXISTS",))
    async with (
        IdleServer.running(script) as server,
        watching(server.endpoint, timing=replace(QUICK, renewal=0.5)) as listener,
    ):
        await listener.bell()
        assert (await listener.bell())[1] == INBOX


async def test_lines_before_the_continuation_are_no_failure_and_ring_at_a_renewal() -> None:
    # Webklex/php-imap#258: `* 1521 EXISTS` before `+ idling`.
    script = IdleScript(before_continuation=(b"* 1521 EXISTS",))
    async with (
        IdleServer.running(script) as server,
        watching(server.endpoint, timing=replace(QUICK, renewal=0.5)) as listener,
    ):
        assert (await listener.bell())[1] == ANY
        assert (await listener.bell())[1] == INBOX
        assert listener.watch.state is State.IDLE


async def test_an_idle_that_the_server_ends_is_begun_anew() -> None:
    async with (
        IdleServer.running(IdleScript(ends_idle_after=0.1)) as server,
        watching(server.endpoint) as listener,
    ):
        await listener.enters(State.IDLE, 4)
        assert len(server.ledger.connects) == 1
        assert b"DONE" not in server.ledger.commands


async def test_leaving_says_done_and_logout() -> None:
    async with IdleServer.running() as server, watching(server.endpoint) as listener:
        await listener.bell()
        listener.watch.stop()
        await asyncio.wait_for(listener.task, 1)
        assert server.ledger.names()[-2:] == ["DONE", "LOGOUT"]
        assert listener.watch.state is State.CLOSED


async def test_what_rang_within_the_last_second_is_not_lost_when_the_connection_ends() -> None:
    async with IdleServer.running() as server, watching(server.endpoint, timing=replace(QUICK, quiet=30)) as listener:
        await listener.bell()
        server.push(b"* 2 EXISTS")
        await asyncio.sleep(0.05)
        server.drop()
        assert (await listener.bell())[1] == INBOX


async def test_notify_watches_all_mailboxes_and_names_the_one_that_rang() -> None:
    script = IdleScript(offered_logged_in=b"IMAP4rev1 IDLE NOTIFY")
    async with (
        IdleServer.running(script) as server,
        watching(server.endpoint, timing=replace(QUICK, quiet=0.01)) as listener,
    ):
        await listener.bell()
        assert listener.watch.kind == "notify"
        assert server.ledger.names()[-3:] == ["EXAMINE", "NOTIFY", "IDLE"]
        await asyncio.sleep(0.03)
        server.push(b'* STATUS "Lists/dev" (MESSAGES 3 UIDNEXT 4)')
        assert (await listener.bell())[1] == Doorbell("Lists/dev")
        await asyncio.sleep(0.03)
        server.push(b"* 2 EXISTS")
        assert (await listener.bell())[1] == INBOX
        await asyncio.sleep(0.03)
        server.push(b'* LIST () "/" "New one"')
        assert (await listener.bell())[1] == ANY


async def test_a_renewal_sets_notify_anew_and_rings_only_when_mailboxes_stand_otherwise() -> None:
    script = IdleScript(offered_logged_in=b"IMAP4rev1 IDLE NOTIFY")
    async with (
        IdleServer.running(script) as server,
        watching(server.endpoint, timing=replace(QUICK, renewal=0.1, quiet=0.01)) as listener,
    ):
        await listener.bell()
        await listener.enters(State.IDLE, 3)
        assert server.ledger.names().count("NOTIFY") >= 3
        assert await listener.quiet(0.3)
        server.script = replace(script, stands=b"INBOX (MESSAGES 2 UIDNEXT 3)")
        assert (await listener.bell())[1] == ANY
        assert await listener.quiet(0.3)


async def test_a_notify_that_knows_fewer_events_is_asked_for_those() -> None:
    knows = (b"MessageNew", b"MessageExpunge", b"FlagChange")
    script = IdleScript(offered_logged_in=b"IMAP4rev1 IDLE NOTIFY", notify_knows=knows)
    async with IdleServer.running(script) as server, watching(server.endpoint) as listener:
        await listener.bell()
        assert listener.watch.kind == "notify"
        assert server.ledger.commands[-2].endswith(
            b"NOTIFY SET STATUS (selected (MessageNew MessageExpunge FlagChange)) "
            b"(personal (MessageNew MessageExpunge FlagChange))"
        )


async def test_a_refused_notify_falls_back_to_idle_and_is_remembered_for_the_host() -> None:
    script = IdleScript(offered_logged_in=b"IMAP4rev1 IDLE NOTIFY", notify_answer=b"BAD what")
    habits = Habits()
    async with IdleServer.running(script) as server:
        for _ in range(2):
            async with watching(server.endpoint, habits=habits) as listener:
                await listener.bell()
                assert listener.watch.kind == "idle"
        assert server.ledger.names().count("NOTIFY") == 1


async def test_an_overflow_of_notifications_is_asked_for_again_and_looked_into() -> None:
    script = IdleScript(offered_logged_in=b"IMAP4rev1 IDLE NOTIFY")
    async with IdleServer.running(script) as server, watching(server.endpoint) as listener:
        await listener.bell()
        await asyncio.sleep(QUICK.quiet * 1.2)
        server.push(b"* OK [NOTIFICATIONOVERFLOW] too much")
        assert (await listener.bell())[1] == ANY
        await listener.enters(State.IDLE, 2)
        assert server.ledger.names().count("NOTIFY") == 2


async def test_a_server_that_tells_nobody_is_left_to_polling() -> None:
    script = IdleScript(offered_logged_in=b"IMAP4rev1")
    async with IdleServer.running(script) as server, watching(server.endpoint) as listener:
        assert isinstance(await listener.end(), Rejected)


async def test_a_token_that_is_refused_is_answered_once_and_expired() -> None:
    # RFC 7628 section 3.2.3: the refusal is a challenge that wants a dummy answer.
    script = IdleScript(
        offered=b"IMAP4rev1 SASL-IR AUTH=XOAUTH2", challenge=b'{"status":"400"}', login_answer=b"NO refused"
    )
    async with (
        IdleServer.running(script) as server,
        watching(server.endpoint, login=Login("anna", access_token="stale")) as listener,
    ):
        assert isinstance(await listener.end(), AuthExpired)
        assert server.ledger.packets[-1] == b"\r\n"


async def test_an_address_that_refuses_is_followed_by_the_next() -> None:
    async with IdleServer.running() as server:
        endpoint = Endpoint("mail.example", server.endpoint.port, "none", ("127.0.0.9", "::1", "127.0.0.1"))
        async with watching(endpoint) as listener:
            assert (await listener.bell())[1] == ANY


async def test_the_password_is_forgotten_once_it_was_used() -> None:
    async with IdleServer.running() as server, watching(server.endpoint) as listener:
        await listener.bell()
        assert listener.watch._login is None


def test_renewals_are_spread_and_come_sooner_on_a_host_where_lines_died() -> None:
    timing, habits = Timing(), Habits()
    usual = [habits.renewal(timing) for _ in range(500)]
    assert min(usual) >= 540 * 0.8
    assert max(usual) <= 540 * 1.2
    assert max(usual) - min(usual) > 540 * 0.3  # five thousand of them must not lapse in one minute
    for _ in range(timing.silent_deaths):
        habits.died_silently()
    assert all(240 * 0.8 <= habits.renewal(timing) <= 240 * 1.2 for _ in range(500))
