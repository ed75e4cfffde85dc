"""What may break around the gateway: Redis in all its ways (F15, F16), the database (F21), clients (F104)."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
import redis
from django.db import connection, transaction

from apps.core.clock import now
from apps.realtime import doorbell, hub, subscriber
from apps.realtime.models import JournalEntry, JournalHead
from apps.tenants import context
from apps.tenants.models import Tenant
from apps.users import sessions
from apps.users.members import Member
from apps.users.models import Session
from tests.tenants.fixtures import Cast, Make

from .client import Closed, Reader, Socket
from .server import Valkey, Web, aside, event, happen, new_account, share, unshare
from .talk import Talk

pytestmark = pytest.mark.serial

# The gateway's own look, its spread, and a loaded machine's share.
BY_ITSELF = hub.LOOK * 1.1 + 1.5
# An echo that does not come back, the rest, and opening anew.
HEARS_AGAIN = 12.0


async def arrives(reader: Reader, socket: Socket, tenant: Tenant, account: UUID) -> float:
    """Commit one event; the seconds until its frame is here."""
    seq = await aside(happen, tenant, event(account))
    began = time.perf_counter()
    while (reader.last or 0) < seq:
        reader.take(await socket.receive())
    return time.perf_counter() - began


async def hears_the_bell(reader: Reader, socket: Socket, tenant: Tenant, account: UUID) -> None:
    """Wait until events arrive as quickly as only a doorbell brings them, three times in a row."""
    until, quick = time.monotonic() + HEARS_AGAIN, 0
    while quick < 3:
        assert time.monotonic() < until, "the line stayed deaf"
        quick = quick + 1 if await arrives(reader, socket, tenant, account) < 0.7 else 0


def reset_connections(url: str) -> None:
    """Cut every client off, as a proxy or a failover does; the server stays."""
    with redis.Redis.from_url(url) as client:
        for kind in ("pubsub", "normal"):
            client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")


@pytest.mark.slow
async def test_live_updates_arrive_whatever_redis_does_and_quickly_again_when_it_is_back(
    make: Make, cast: Cast, valkey: Valkey, own_web: Web
) -> None:
    account = await aside(new_account, cast.owner)
    reader = Reader(await aside(make.token, cast.owner), None)
    socket = await reader.hello(own_web.port)
    await hears_the_bell(reader, socket, cast.tenant, account)

    valkey.kill()
    for _ in range(3):
        assert await arrives(reader, socket, cast.tenant, account) < BY_ITSELF
    valkey.start()
    await hears_the_bell(reader, socket, cast.tenant, account)

    valkey.freeze()
    for _ in range(3):
        assert await arrives(reader, socket, cast.tenant, account) < BY_ITSELF
    valkey.thaw()
    await hears_the_bell(reader, socket, cast.tenant, account)

    for _ in range(2):  # twice in three seconds
        reset_connections(valkey.url)
        await asyncio.sleep(1.5)
    assert await arrives(reader, socket, cast.tenant, account) < BY_ITSELF
    await hears_the_bell(reader, socket, cast.tenant, account)

    with redis.Redis.from_url(valkey.url) as client:
        client.flushall()
    assert await arrives(reader, socket, cast.tenant, account) < BY_ITSELF
    assert (reader.gaps, reader.doubled, reader.resets) == (0, 0, 0)
    socket.abort()


@pytest.mark.slow
async def test_the_line_hears_again_after_each_of_twenty_restarts(
    make: Make, cast: Cast, valkey: Valkey, own_web: Web
) -> None:
    account = await aside(new_account, cast.owner)
    reader = Reader(await aside(make.token, cast.owner), None)
    socket = await reader.hello(own_web.port)
    for _ in range(20):
        valkey.kill()
        valkey.start()
        await hears_the_bell(reader, socket, cast.tenant, account)
    assert (reader.gaps, reader.doubled, reader.resets) == (0, 0, 0)
    socket.abort()


class Swallower:
    """A proxy before Redis that can fall silent on its connections without closing them; new ones pass."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._silent: set[asyncio.Event] = set()
        self._open: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> "Swallower":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._open:
            writer.transport.abort()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"

    def fall_silent(self) -> None:
        for silent in self._silent:
            silent.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
        silent = asyncio.Event()
        self._silent.add(silent)
        self._open += [writer, there_writer]
        await asyncio.gather(self._pass(reader, there_writer, silent), self._pass(there_reader, writer, silent))

    @staticmethod
    async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silent: asyncio.Event) -> None:
        try:
            while data := await reader.read(65536):
                if not silent.is_set():
                    writer.write(data)
        except ConnectionError:
            pass
        finally:
            if not silent.is_set():
                writer.close()


@pytest.mark.slow
async def test_a_line_whose_connection_is_half_open_is_noticed_and_made_anew(
    make: Make, cast: Cast, valkey: Valkey
) -> None:
    """No error, no end, no message: only the line's call to itself shows it."""
    account = await aside(new_account, cast.owner)
    async with Swallower(valkey.port) as proxy:
        web = Web(proxy.url)
        try:
            await asyncio.to_thread(web.start)
            reader = Reader(await aside(make.token, cast.owner), None)
            socket = await reader.hello(web.port)
            await hears_the_bell(reader, socket, cast.tenant, account)
            for _ in range(2):
                proxy.fall_silent()
                await hears_the_bell(reader, socket, cast.tenant, account)
            assert (reader.gaps, reader.doubled, reader.resets) == (0, 0, 0)
            socket.abort()
        finally:
            await asyncio.to_thread(web.stop)


def end_sessions(member: Member) -> None:
    sessions.end(Session.objects.filter(user=member.user), "revoked")


@pytest.mark.slow
async def test_without_redis_a_revoked_session_is_closed_and_lost_access_ends_within_five_seconds(
    make: Make, cast: Cast, valkey: Valkey, own_web: Web
) -> None:
    account = await aside(new_account, cast.member)
    await aside(share, account, cast.owner)
    reader = Reader(await aside(make.token, cast.owner), None)
    socket = await reader.hello(own_web.port)
    leaving = await Reader(await aside(make.token, cast.member), None).hello(own_web.port)
    valkey.kill()
    assert await arrives(reader, socket, cast.tenant, account) < BY_ITSELF
    await asyncio.sleep(3)  # the line has noticed
    await aside(end_sessions, cast.member)
    await aside(unshare, account, cast.owner)
    assert await leaving.closed(within=5) == 4401
    secret = await aside(happen, cast.tenant, event(account, n="secret"))
    last = await aside(happen, cast.tenant, event(None, n="last"))
    await reader.read(socket, last)
    assert secret not in [frame["seq"] for frame in reader.applied]
    valkey.start()
    socket.abort()


# The database


def lose_the_last(tenant: Tenant, number: int) -> int:
    """What a failover to a copy that lagged does: the last entries and their numbers never were."""
    with context.open(tenant):
        head = JournalHead.objects.get()
        JournalEntry.objects.filter(seq__gt=head.seq - number).delete()
        head.seq -= number
        head.save()
        return head.seq


@pytest.mark.parametrize("since_then", [0, 2, 5, 9], ids=["shorter", "still shorter", "as long", "longer"])
async def test_a_journal_that_went_back_makes_open_sockets_reload(make: Make, cast: Cast, since_then: int) -> None:
    """F21: the numbers alone do not show it once as many were given out again; the entries' times do."""
    account = await aside(new_account, cast.owner)
    token = await aside(make.token, cast.owner)
    async with Talk() as talk:
        await talk.hello(token)
        await aside(happen, cast.tenant, *(event(account, n=n) for n in range(10)))
        assert len(await talk.hear_frames(10)) == 10

        def fail_over() -> int:
            with context.open(cast.tenant), transaction.atomic():
                seq = lose_the_last(cast.tenant, 5)
                for n in range(since_then):
                    seq += 1
                    JournalEntry.objects.create(seq=seq, event="email:update", at=now(), data={"other": n})
                JournalHead.objects.update(seq=seq)
            return seq

        seq = await aside(fail_over)
        while (message := await talk.hear()) != {"type": "reset"}:
            assert message["type"] == "caught_up"
        await aside(happen, cast.tenant, event(account, n="after"))
        frame = (await talk.hear_frames(1))[0]
        assert (frame["seq"], frame["prev"], frame["data"]) == (seq + 1, seq, {"n": "after"})


def allow_connections(allowed: bool) -> None:
    """Let clients into the test's database, or throw them out and let none in."""
    database = connection.settings_dict
    with psycopg.connect(
        host=database["HOST"], port=database["PORT"], user=database["USER"], dbname="postgres", autocommit=True
    ) as raw:
        raw.execute(f'ALTER DATABASE "{database["NAME"]}" ALLOW_CONNECTIONS {allowed}')
        if not allowed:
            raw.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database["NAME"]])


@pytest.mark.slow
def test_without_the_database_sockets_stay_and_no_heartbeat_claims_to_be_current(
    make: Make, cast: Cast, own_web: Web
) -> None:
    account, token = new_account(cast.owner), make.token(cast.owner)
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]  # this process' own would be thrown out too

    async def scenario() -> None:
        reader = Reader(token, None)
        socket = await reader.hello(own_web.port)
        assert (await socket.receive())["type"] == "caught_up"
        await asyncio.to_thread(allow_connections, False)
        try:
            hearing = asyncio.create_task(socket.receive(within=60))
            late = await Socket.connect(own_web.port)
            await late.send({"type": "hello", "token": token, "since": None})
            assert await late.closed(within=40) == 1013
            await asyncio.sleep(subscriber.HEARTBEAT)
            assert not hearing.done()  # a heartbeat would have been due
            hearing.cancel()
        finally:
            await asyncio.to_thread(allow_connections, True)
        assert await arrives(reader, socket, cast.tenant, account) < 15
        assert (reader.gaps, reader.doubled) == (0, 0)
        socket.abort()

    asyncio.run(scenario())


# Clients


def memory(web: Web) -> int:
    """Resident bytes of the web process."""
    assert web.process is not None
    fields = dict(
        line.split(":", 1) for line in Path(f"/proc/{web.process.pid}/status").read_text().splitlines() if ":" in line
    )
    return int(fields["VmRSS"].split()[0]) * 1024


def flood(tenant: Tenant, account: UUID, pages: int) -> int:
    last = 0
    for _ in range(pages):
        last = happen(tenant, *(event(account, n=n, padding="x" * 2000) for n in range(100)))
    return last


@pytest.mark.slow
async def test_sockets_that_never_read_are_closed_cost_little_and_delay_nobody(
    make: Make, cast: Cast, own_web: Web
) -> None:
    account = await aside(new_account, cast.owner)
    token = await aside(make.token, cast.owner)
    reader = Reader(token, None)
    healthy = await reader.hello(own_web.port)
    await reader.read(healthy, await aside(flood, cast.tenant, account, 10))  # warm
    sleepers = [Reader(token, None) for _ in range(100)]
    sockets = [await sleeper.hello(own_web.port, receive_buffer=4096) for sleeper in sleepers]
    before = memory(own_web)
    began = time.monotonic()
    last = await aside(flood, cast.tenant, account, 30)
    await reader.read(healthy, last)
    took = time.monotonic() - began
    peak = memory(own_web)
    assert took < 15
    assert (peak - before) / len(sockets) < 64 * 1024
    # Closed after the stall and the look that notices it, before the goodbye is given up.
    await asyncio.sleep(subscriber.STALL + hub.LOOK * 1.1 + 1 - (time.monotonic() - began))
    codes = set()
    for sleeper, socket in zip(sleepers, sockets, strict=True):
        try:
            async with asyncio.timeout(10):
                while True:
                    sleeper.take(json.loads(await socket.text()))
        except Closed as end:
            codes.add(end.code)
    assert codes == {4408}
    returned = sleepers[0]
    socket = await returned.hello(own_web.port)
    await returned.read(socket, last)
    assert [frame["seq"] for frame in returned.applied] == list(range(1001, last + 1))
    assert (returned.gaps, returned.doubled, returned.resets) == (0, 0, 0)
    socket.abort()
    healthy.abort()


@pytest.mark.slow
async def test_a_client_that_reads_slowly_is_served_at_its_own_pace_and_not_closed(
    make: Make, cast: Cast, web: Web
) -> None:
    account = await aside(new_account, cast.owner)
    reader = Reader(await aside(make.token, cast.owner), None)
    socket = await reader.hello(web.port, receive_buffer=4096)
    last = await aside(flood, cast.tenant, account, 15)
    while (reader.last or 0) < last:
        reader.take(await socket.receive())
        await asyncio.sleep(0.002)
    assert [frame["seq"] for frame in reader.applied] == list(range(1, last + 1))
    assert (reader.gaps, reader.doubled) == (0, 0)
    socket.abort()


async def still_serves(make: Make, cast: Cast, web: Web) -> None:
    account = await aside(new_account, cast.member)
    reader = Reader(await aside(make.token, cast.member), None)
    socket = await reader.hello(web.port)
    assert await arrives(reader, socket, cast.tenant, account) < 5
    socket.abort()


async def a_thousand_messages(socket: Socket) -> None:
    for _ in range(1000):
        await socket.send({"type": "typing"})


async def ten_megabytes_in_one_frame(socket: Socket) -> None:
    await socket.send("x" * 10_000_000)


async def ten_megabytes_in_small_frames(socket: Socket) -> None:
    await socket.send_frame(0x1, b"x")
    for _ in range(1000):
        socket.writer.write(b"\x00\xfe" + (10_000).to_bytes(2, "big") + b"\0\0\0\0" + b"x" * 10_000)
        await socket.writer.drain()


@pytest.mark.parametrize("attack", [a_thousand_messages, ten_megabytes_in_one_frame, ten_megabytes_in_small_frames])
async def test_a_client_that_floods_is_cut_off(
    make: Make, cast: Cast, web: Web, attack: Callable[[Socket], Awaitable[None]]
) -> None:
    socket = await Reader(await aside(make.token, cast.owner), None).hello(web.port)
    before = memory(web)
    try:
        await attack(socket)
    except (ConnectionError, TimeoutError):
        code = 1006
    else:
        code = await socket.closed(within=15)
    assert code in (1006, 1008, 1009)
    assert memory(web) - before < 8 * 1024 * 1024
    await still_serves(make, cast, web)


@pytest.mark.slow
async def test_five_hundred_silent_connects_hold_up_nobody_and_are_closed(make: Make, cast: Cast, web: Web) -> None:
    sockets = [await Socket.connect(web.port) for _ in range(500)]
    await still_serves(make, cast, web)
    codes = await asyncio.gather(*(socket.closed(within=25) for socket in sockets))
    assert set(codes) == {4401}


async def test_a_doorbell_of_somebody_else_s_making_is_passed_over(make: Make, cast: Cast, web: Web) -> None:
    account = await aside(new_account, cast.owner)
    reader = Reader(await aside(make.token, cast.owner), None)
    socket = await reader.hello(web.port)
    name = doorbell.group(cast.tenant.pk)
    for message in ({"type": "journal.doorbell"}, {"type": "journal.doorbell", "tenant": 7, "seq": "x"}, {"no": 1}):
        doorbell._bell.post((name, json.dumps(message)), message)
    assert await arrives(reader, socket, cast.tenant, account) < BY_ITSELF
    socket.abort()
