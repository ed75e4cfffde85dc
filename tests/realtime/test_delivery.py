"""Every client sees every event of its accounts once and in order: away, replaying, live, or all three in turn (P4)."""

import asyncio
import random
from collections.abc import Callable
from uuid import UUID

import pytest
from django.db import connection, transaction

from apps.core.ids import new_id
from apps.providers import sharing
from apps.providers.models import ProviderAccount
from apps.realtime import doorbell, journal, visibility
from apps.tenants import context
from apps.tenants.models import Tenant
from apps.users.members import Member
from tests.tenants.fixtures import Cast, Make

from .client import Closed, Reader, Socket
from .server import Web, aside, event, happen, new_account, share, unshare
from .talk import Talk


class Undone(Exception):
    """Rolls a writer's transaction back."""


def write(tenant: Tenant, accounts: list[UUID | None], name: int, transactions: int) -> None:
    """Commit some events and take others back, as twenty workers do at once."""
    dice = random.Random(name)
    try:
        for turn in range(transactions):
            news = [event(dice.choice(accounts), writer=name, turn=turn, of=n) for n in range(dice.randint(1, 4))]
            try:
                with context.open(tenant), transaction.atomic():
                    journal.append(news)
                    if dice.random() < 0.25:
                        raise Undone
            except Undone:
                continue
    finally:
        connection.close()


def journal_for(tenant: Tenant, accounts: set[UUID | None], after: int = 0) -> list[int]:
    """The numbers that somebody who sees these accounts must have been sent."""
    with context.open(tenant):
        return [entry.seq for entry in journal.read(after, 100_000) if entry.account_id in accounts]


def head(tenant: Tenant) -> int:
    with context.open(tenant):
        return journal.head()


def seen(reader: Reader) -> list[int]:
    return [frame["seq"] for frame in reader.applied]


async def follow(reader: Reader, port: int, done: Callable[[], bool], seed: int) -> None:
    """Read for a random while, leave without a word, come back; at last stay until caught up."""
    dice = random.Random(seed)
    while not done():
        try:
            connection = await reader.hello(port)
        except (OSError, Closed, TimeoutError, asyncio.IncompleteReadError):
            await asyncio.sleep(0.1)
            continue
        try:
            async with asyncio.timeout(dice.uniform(0.05, 1.0)):
                await reader.read(connection, until=2**62)
        except (TimeoutError, Closed):
            connection.abort()


async def finish(reader: Reader, port: int, until: int) -> None:
    connection = await reader.hello(port)
    reader.caught_up = 0
    await reader.read(connection, until)
    connection.abort()


@pytest.mark.slow
@pytest.mark.parametrize("killed", [False, True], ids=["reconnects", "server killed"])
async def test_readers_see_each_event_once_in_order_while_twenty_write(
    make: Make, cast: Cast, own_web: Web, killed: bool
) -> None:
    mine, theirs = await aside(new_account, cast.owner), await aside(new_account, cast.member)
    tokens = [await aside(make.token, who) for who in (cast.owner, cast.owner, cast.member, cast.member)]
    readers = [Reader(token, last=0) for token in tokens]
    steady = Reader(tokens[0], last=0)
    writing = asyncio.gather(
        *(asyncio.to_thread(write, cast.tenant, [mine, theirs, None], name, 12) for name in range(20))
    )

    async def kill_twice() -> None:
        for _ in range(2):
            await asyncio.sleep(1.5)
            await asyncio.to_thread(own_web.kill)
            await asyncio.to_thread(own_web.start)

    steady_connection = None if killed else await steady.hello(own_web.port)
    await asyncio.gather(
        writing,
        *([kill_twice()] if killed else []),
        *(follow(reader, own_web.port, writing.done, seed) for seed, reader in enumerate(readers)),
    )
    last = await aside(head, cast.tenant)
    for reader in readers:
        await finish(reader, own_web.port, last)
    if steady_connection is not None:
        await steady.read(steady_connection, last)
        steady_connection.abort()
        readers.append(steady)
    owners, members = (
        await aside(journal_for, cast.tenant, {mine, None}),
        await aside(journal_for, cast.tenant, {theirs, None}),
    )
    assert len(owners) > 100
    assert owners != members
    expected = [owners, owners, members, members, owners]
    assert [seen(reader) for reader in readers] == expected[: len(readers)]
    assert [(reader.doubled, reader.gaps, reader.resets) for reader in readers] == [(0, 0, 0)] * len(readers)


async def test_a_long_absence_is_replayed_in_pages_while_others_go_on(make: Make, cast: Cast) -> None:
    account = await aside(new_account, cast.owner)
    token = await aside(make.token, cast.owner)
    await aside(lambda: [happen(cast.tenant, *(event(account, n=n) for n in range(500))) for _ in range(3)])
    async with Talk() as away, Talk() as here:
        await here.hello(token)
        await away.hello(token, since=0)
        await aside(happen, cast.tenant, event(account, n="now"))
        assert [frame["seq"] for frame in await here.hear_frames(1)] == [1501]
        frames = await away.hear_frames(1501)
        assert [frame["seq"] for frame in frames] == list(range(1, 1502))
        assert [frame["prev"] for frame in frames] == list(range(1501))
        assert await away.hear() == {"type": "caught_up", "seq": 1501}


async def test_holes_of_others_events_are_bridged_by_prev(make: Make, cast: Cast) -> None:
    mine, theirs = await aside(new_account, cast.owner), await aside(new_account, cast.member)
    token = await aside(make.token, cast.owner)
    accounts = [theirs, mine, theirs, theirs, mine, theirs]
    await aside(happen, cast.tenant, *(event(account) for account in accounts))
    async with Talk() as talk:
        await talk.hello(token, since=0)
        assert [(frame["seq"], frame["prev"]) for frame in await talk.hear_frames(2)] == [(2, 0), (5, 2)]
        assert await talk.hear() == {"type": "caught_up", "seq": 6}
        await aside(happen, cast.tenant, event(theirs), event(mine))
        assert [(frame["seq"], frame["prev"]) for frame in await talk.hear_frames(1)] == [(8, 5)]


# Who sees what


async def test_a_person_sees_their_accounts_shared_ones_and_what_concerns_everybody(make: Make, cast: Cast) -> None:
    mine, theirs, shared = [await aside(new_account, cast.owner), await aside(new_account, cast.member), new_id()]
    await aside(_another_account, cast.member, shared)
    await aside(share, shared, cast.owner)
    token = await aside(make.token, cast.owner)
    news = [
        event(mine),  # 1 yes
        event(theirs),  # 2 no: an owner of the company does not thereby read mail
        event(shared),  # 3 yes
        event(None),  # 4 yes
        event(new_id()),  # 5 no: nobody's account
        event(mine, only_for=(cast.member.user_id,)),  # 6 no
        event(theirs, only_for=(cast.owner.user_id,)),  # 7 no: narrowing gives no access
        event(None, only_for=(cast.owner.user_id, cast.member.user_id)),  # 8 yes
        event(None, only_for=()),  # 9 no
        event(mine, only_for=(cast.owner.user_id,)),  # 10 yes
    ]
    await aside(happen, cast.tenant, *news)
    async with Talk() as talk:
        await talk.hello(token, since=0)
        assert [frame["seq"] for frame in await talk.hear_frames(5)] == [1, 3, 4, 8, 10]
        assert await talk.hear() == {"type": "caught_up", "seq": 10}
        await aside(happen, cast.tenant, *news)
        assert [frame["seq"] for frame in await talk.hear_frames(5)] == [11, 13, 14, 18, 20]
        assert await talk.nothing()


def _another_account(member: Member, account_id: UUID) -> None:
    with context.open(member.tenant):
        ProviderAccount.objects.create(
            id=account_id, owner_id=member.user_id, address="second@example.test", provider_type="imap"
        )


async def test_until_somebody_says_who_sees_what_nobody_sees_anything(cast: Cast) -> None:
    answer = visibility._answer
    visibility.register(visibility._nothing)
    try:
        assert visibility.accounts_visible_to(cast.owner) == frozenset()
    finally:
        visibility.register(answer)


async def test_two_companies_with_equal_ids_never_mix(make: Make, cast: Cast) -> None:
    account, outsider = new_id(), await aside(lambda: cast.outsider)
    for who in (cast.owner, outsider):
        await aside(new_account, who, account)
    ours, theirs = await aside(make.token, cast.owner), await aside(make.token, outsider)
    async with Talk() as here, Talk() as there:
        await here.hello(ours)
        await there.hello(theirs)
        for turn in range(20):
            await aside(happen, cast.tenant, event(account, company="here", turn=turn))
            await aside(happen, cast.neighbour, event(account, company="there", turn=turn))
        for talk, name in ((here, "here"), (there, "there")):
            frames = await talk.hear_frames(20)
            assert [frame["data"] for frame in frames] == [{"company": name, "turn": turn} for turn in range(20)]
            assert [frame["seq"] for frame in frames] == list(range(1, 21))
            assert await talk.nothing(during=0.1)


# Access that goes and comes (F61)


async def test_access_taken_away_ends_the_account_s_frames_at_once_and_access_given_begins_them(
    make: Make, cast: Cast
) -> None:
    account = await aside(new_account, cast.member)
    await aside(share, account, cast.owner)
    token = await aside(make.token, cast.owner)
    async with Talk() as talk:
        await talk.hello(token)
        await aside(happen, cast.tenant, event(account, n=1))
        assert [frame["data"] for frame in await talk.hear_frames(1)] == [{"n": 1}]
        await aside(unshare, account, cast.owner)
        doorbell.access_changed(cast.tenant.pk)
        await asyncio.sleep(0.5)
        await aside(happen, cast.tenant, event(account, n=2), event(None, n=3))
        assert [frame["data"] for frame in await talk.hear_frames(1)] == [{"n": 3}]
        await aside(share, account, cast.owner)
        doorbell.access_changed(cast.tenant.pk)
        await asyncio.sleep(0.5)
        await aside(happen, cast.tenant, event(account, n=4))
        assert [frame["data"] for frame in await talk.hear_frames(1)] == [{"n": 4}]


def _let_in(account_id: UUID, member: Member, guest: Member) -> None:
    with context.open(member.tenant):
        sharing.let_in(member, ProviderAccount.objects.get(pk=account_id), guest.user_id, "reader")


def _let_go(account_id: UUID, guest: Member) -> None:
    with context.open(guest.tenant):
        sharing.let_go(ProviderAccount.objects.get(pk=account_id), guest.user_id)


async def test_access_given_and_taken_back_takes_effect_where_the_journal_tells_of_it(make: Make, cast: Cast) -> None:
    """No doorbell says so: who sees what is asked anew when a page holds the event that tells the person."""
    account = await aside(new_account, cast.member)
    token = await aside(make.token, cast.owner)
    async with Talk() as talk:
        await talk.hello(token)
        assert (await talk.hear())["type"] == "caught_up"
        for turn in range(5):
            await aside(_let_in, account, cast.member, cast.owner)
            await aside(happen, cast.tenant, event(account, n=turn))
            seen_event, between = await talk.hear_frames(2)
            assert seen_event["data"]["account"]["id"] == str(account)
            assert between["data"] == {"n": turn}
            await aside(_let_go, account, cast.owner)
            await aside(happen, cast.tenant, event(account, n="late"), event(None, n="next"))
            gone, following = await talk.hear_frames(2)
            assert gone["data"]["gone"] == str(account)
            assert following["data"] == {"n": "next"}


async def test_access_taken_away_during_a_replay_ends_the_account_s_frames(make: Make, cast: Cast, web: Web) -> None:
    shared, own = await aside(new_account, cast.member), await aside(new_account, cast.owner)
    await aside(share, shared, cast.owner)
    token = await aside(make.token, cast.owner)
    padding = "x" * 2000
    pages = [[event(shared, n=n, padding=padding) for n in range(100)] for _ in range(40)]
    await aside(lambda: [happen(cast.tenant, *page) for page in pages])
    last = await aside(happen, cast.tenant, event(own, n="mine"))
    # A small window keeps most of the replay on the server's side.
    reader = Reader(token, last=0)
    connection = await reader.hello(web.port, receive_buffer=4096)
    while len(reader.applied) < 50:
        reader.take(await connection.receive())
    await aside(unshare, shared, cast.owner)
    doorbell.access_changed(cast.tenant.pk)
    await asyncio.sleep(1.0)  # what had left the server before is on its way
    await reader.read(connection, last)
    connection.abort()
    numbers = seen(reader)
    assert numbers[-1] == last
    assert len(numbers) < 2000, "the replay went on after the access was gone"
    assert reader.gaps == reader.doubled == 0


async def test_a_socket_of_a_removed_member_hears_nothing_more(make: Make, cast: Cast, web: Web) -> None:
    from apps.users import people

    token = await aside(make.token, cast.member)
    connection = await Reader(token, None).hello(web.port)
    await aside(lambda: people.leave(cast.tenant, cast.member.user))
    assert await connection.closed(within=5) == 4403


async def test_many_sockets_of_one_company_share_the_reading(make: Make, cast: Cast, web: Web) -> None:
    account = await aside(new_account, cast.owner)
    token = await aside(make.token, cast.owner)
    readers = [Reader(token, None) for _ in range(30)]
    sockets = [await reader.hello(web.port) for reader in readers]
    last = await aside(happen, cast.tenant, *(event(account, n=n) for n in range(20)))
    await asyncio.gather(*(reader.read(each, last) for reader, each in zip(readers, sockets, strict=True)))
    assert all(len(reader.applied) == 20 and not reader.gaps for reader in readers)
    for each in sockets:
        each.abort()


async def test_a_refused_page_gets_its_code_over_the_wire_too(web: Web) -> None:
    for page in ("http://evil.example", None):
        connection = await Socket.connect(web.port, origin=page)
        assert await connection.closed() == 4403
