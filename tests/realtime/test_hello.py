"""Who may open the event socket, from where, with what (F89), and what the first words mean."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from apps.realtime import journal, origin
from apps.tenants import context
from apps.tenants.models import Status, Tenant
from apps.users import sessions, tokens
from apps.users.members import Member
from apps.users.models import Membership, Session
from tests.tenants.fixtures import Cast, Make

from .server import aside, event, happen, new_account
from .talk import HOST, Talk


@pytest.fixture
def token(make: Make, cast: Cast) -> str:
    return make.token(cast.owner)


# From where


@pytest.mark.parametrize(
    ("page", "host", "ours"),
    [
        ("http://localhost:8000", "localhost:8000", True),
        ("http://127.0.0.1:9000", "127.0.0.1:9000", True),
        ("http://[::1]:9000", "[::1]:9000", True),
        ("https://localhost", "localhost", True),
        ("http://localhost:8000", "proxy.internal", True),  # the public address, behind a proxy that renames the host
        ("http://localhost:9000", "localhost:8001", False),  # another port is another site
        ("http://evil.example", "localhost:8000", False),
        ("http://localhost.evil.example", "localhost:8000", False),
        ("http://evil.example:8000", "evil.example:8000", False),  # DNS rebinding: the host is none of ours
        ("null", "localhost:8000", False),
        ("file://", "localhost:8000", False),
        ("http://localhost:99999", "localhost:8000", False),
        ("http://localhost:8000, http://evil.example", "localhost:8000", False),
        ("", "localhost:8000", False),
        (None, "localhost:8000", False),
        ("http://localhost:9000", None, False),
    ],
)
def test_only_our_own_pages_are_let_in(page: str | None, host: str | None, ours: bool) -> None:
    assert origin.allowed(page, host) is ours


def test_under_https_a_page_that_came_unencrypted_is_foreign(settings: Any) -> None:
    settings.PMSYNC_PUBLIC_URL, settings.SECURE = "https://mail.example", True
    settings.ALLOWED_HOSTS = [".mail.example"]
    assert origin.allowed("https://mail.example", "mail.example")
    assert origin.allowed("https://acme.mail.example", "acme.mail.example")
    assert not origin.allowed("http://acme.mail.example", "acme.mail.example")


def test_a_header_given_twice_counts_as_absent() -> None:
    headers = [(b"origin", b"http://localhost:8000"), (b"origin", b"http://evil.example")]
    assert origin.header(headers, b"origin") is None


@pytest.mark.parametrize("page", ["http://evil.example", "null", None, f"http://{HOST}.evil.example"])
async def test_a_foreign_page_is_closed_before_it_says_anything(page: str | None) -> None:
    async with Talk(origin=page) as talk:
        assert await talk.code() == 4403


async def test_an_unknown_address_is_closed() -> None:
    async with Talk(path="/ws/v1/else") as talk:
        assert await talk.code() == 4403


# With what


async def test_nothing_is_sent_before_the_hello(cast: Cast) -> None:
    async with Talk() as talk:
        await aside(happen, cast.tenant, event(None, n=1))
        assert await talk.nothing()


@pytest.mark.parametrize(
    "first",
    [
        {"type": "hello"},
        {"type": "hello", "token": None},
        {"type": "hello", "token": ""},
        {"type": "hello", "token": "x.y.z"},
        {"type": "hello", "token": "x" * 5000},
        {"type": "auth", "token": "x.y.z"},
        {"type": "caught_up", "seq": 1},
        ["hello"],
        "hello",
        "{",
        "\ud83d\ude00",
        {"type": "hello", "token": "x.y.z", "since": "7"},
        {"type": "hello", "token": "x.y.z", "since": True},
        {"type": "hello", "token": "x.y.z", "since": 1.5},
    ],
    ids=repr,
)
async def test_a_first_message_that_is_no_hello_of_ours_is_asked_who_it_is(committed: None, first: Any) -> None:
    async with Talk() as talk:
        await talk.say(first)
        assert await talk.code() == 4401


async def test_a_token_in_the_address_or_a_cookie_opens_nothing(token: str) -> None:
    path = f"/ws/v1/events?token={token}"
    async with Talk(path=path, cookie=f"pmsync_refresh={token}; token={token}") as talk:
        await talk.say({"type": "hello"})
        assert await talk.code() == 4401


@pytest.mark.slow
async def test_a_socket_that_says_no_hello_is_closed_after_ten_seconds() -> None:
    async with Talk() as talk:
        assert await talk.nothing(during=9)
        assert await talk.code(within=3) == 4401


def token_issued(make: Make, member: Member, ago: timedelta) -> str:
    """A token of a live session that was signed a while ago."""
    claims = tokens.read(make.token(member))
    moment = tokens.database_now() - ago
    return tokens.issue(claims.user_id, claims.tenant_id, claims.session_id, moment)


async def test_a_lapsed_token_is_asked_who_it_is(make: Make, cast: Cast) -> None:
    lapsed = await aside(token_issued, make, cast.owner, tokens.LIFE + tokens.LEEWAY + timedelta(seconds=1))
    async with Talk() as talk:
        await talk.say({"type": "hello", "token": lapsed})
        assert await talk.code() == 4401


async def test_a_person_of_another_company_may_not_take_over_a_socket(make: Make, cast: Cast, token: str) -> None:
    other = await aside(lambda: make.token(cast.outsider))
    async with Talk() as talk:
        assert (await talk.hello(token))["type"] == "welcome"
        await talk.say({"type": "hello", "token": other, "since": None})
        assert await talk.code() == 4403


@pytest.mark.parametrize("kind", ["hello", "auth"])
async def test_a_colleague_may_not_take_over_a_socket(make: Make, cast: Cast, token: str, kind: str) -> None:
    other = await aside(make.token, cast.member)
    async with Talk() as talk:
        await talk.hello(token)
        await talk.say({"type": kind, "token": other, "since": None})
        assert await talk.code() == 4403


async def test_a_renewal_with_a_bad_token_ends_the_socket(token: str) -> None:
    async with Talk() as talk:
        await talk.hello(token)
        await talk.say({"type": "auth", "token": "x.y.z"})
        assert await talk.code() == 4401


async def test_what_a_newer_client_may_say_is_passed_over(token: str) -> None:
    async with Talk() as talk:
        await talk.hello(token)
        await talk.say({"type": "typing", "in": "a draft"})
        assert (await talk.hear())["type"] == "caught_up"
        assert await talk.nothing()


async def test_a_client_that_talks_too_much_is_cut_off(token: str) -> None:
    async with Talk() as talk:
        await talk.hello(token)
        for _ in range(40):
            await talk.say({"type": "typing"})
        assert await talk.code() == 1008


async def test_a_message_that_is_far_too_long_is_cut_off(token: str) -> None:
    async with Talk() as talk:
        await talk.hello(token)
        await talk.say({"type": "typing", "in": "x" * 17_000})
        assert await talk.code() == 1009


# Companies that may not be worked on


def _set(tenant: Tenant, **fields: Any) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(**fields)


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"status": Status.SUSPENDED}, 4403), ({"status": Status.ERASING}, 4403), ({"schema_version": 0}, 1013)],
    ids=["suspended", "erasing", "behind"],
)
async def test_a_company_that_is_not_open_says_so(cast: Cast, token: str, fields: dict[str, Any], code: int) -> None:
    await aside(lambda: _set(cast.tenant, **fields))
    async with Talk() as talk:
        await talk.say({"type": "hello", "token": token})
        assert await talk.code() == code


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"status": Status.SUSPENDED}, 4403), ({"schema_version": 0}, 1013)],
    ids=["suspended", "behind"],
)
async def test_a_company_that_closes_meanwhile_ends_its_sockets(
    cast: Cast, token: str, fields: dict[str, Any], code: int
) -> None:
    async with Talk() as talk:
        await talk.hello(token)
        await aside(lambda: _set(cast.tenant, **fields))
        assert await talk.code(within=5) == code


# What the first words mean


async def test_a_hello_without_a_number_begins_now(cast: Cast, token: str) -> None:
    account = await aside(new_account, cast.owner)
    seq = await aside(happen, cast.tenant, event(account, n=1), event(account, n=2))
    async with Talk() as talk:
        welcome = await talk.hello(token)
        assert (welcome["type"], welcome["seq"]) == ("welcome", seq)
        assert welcome["build"]
        assert await talk.hear() == {"type": "caught_up", "seq": seq}
        await aside(happen, cast.tenant, event(account, n=3))
        frame = await talk.hear()
        assert set(frame) == {"seq", "prev", "event", "account", "at", "data"}
        assert frame["at"].endswith("Z")
        assert (frame["seq"], frame["prev"], frame["event"]) == (seq + 1, seq, "email:update")
        assert (frame["account"], frame["data"]) == (str(account), {"n": 3})


async def test_a_hello_with_a_number_replays_what_followed_it(cast: Cast, token: str) -> None:
    account = await aside(new_account, cast.owner)
    await aside(happen, cast.tenant, *(event(account, n=n) for n in range(1, 8)))
    async with Talk() as talk:
        assert (await talk.hello(token, since=3))["seq"] == 3
        frames = await talk.hear_frames(4)
        assert [(frame["seq"], frame["prev"]) for frame in frames] == [(4, 3), (5, 4), (6, 5), (7, 6)]
        assert await talk.hear() == {"type": "caught_up", "seq": 7}


async def test_a_second_hello_of_the_same_person_replays_from_where_it_says(cast: Cast, token: str) -> None:
    account = await aside(new_account, cast.owner)
    await aside(happen, cast.tenant, *(event(account, n=n) for n in range(1, 4)))
    async with Talk() as talk:
        await talk.hello(token, since=0)
        assert len(await talk.hear_frames(3)) == 3
        await talk.say({"type": "hello", "token": token, "since": 1})
        while (message := await talk.hear())["type"] != "welcome":
            assert message["type"] == "caught_up"
        assert [frame["seq"] for frame in await talk.hear_frames(2)] == [2, 3]
        assert await talk.hear() == {"type": "caught_up", "seq": 3}
        await aside(happen, cast.tenant, event(account, n=4))
        assert [frame["seq"] for frame in await talk.hear_frames(1)] == [4]
        assert await talk.nothing()


@pytest.mark.parametrize("since", [8, 10**9, 2**62, -1])
async def test_a_number_that_was_never_given_out_means_reset(cast: Cast, token: str, since: int) -> None:
    account = await aside(new_account, cast.owner)
    await aside(happen, cast.tenant, *(event(account, n=n) for n in range(1, 8)))
    async with Talk() as talk:
        assert (await talk.hello(token, since=since))["seq"] == 7
        assert await talk.hear() == {"type": "reset"}
        assert await talk.hear() == {"type": "caught_up", "seq": 7}
        await aside(happen, cast.tenant, event(account, n=8))
        assert [(frame["seq"], frame["prev"]) for frame in await talk.hear_frames(1)] == [(8, 7)]


def _forget_all(tenant: Tenant) -> int:
    with context.open(tenant):
        return journal.prune(tokens.database_now() + timedelta(days=1))


async def test_a_number_that_was_forgotten_means_reset(cast: Cast, token: str) -> None:
    await aside(happen, cast.tenant, *(event(None, n=n) for n in range(1, 8)))
    assert await aside(_forget_all, cast.tenant) == 7
    await aside(happen, cast.tenant, event(None, n=8))
    async with Talk() as talk:
        assert (await talk.hello(token, since=6))["seq"] == 8
        assert await talk.hear() == {"type": "reset"}
    async with Talk() as talk:
        await talk.hello(token, since=7)
        assert [frame["seq"] for frame in await talk.hear_frames(1)] == [8]


# Until when


def _end_session(member: Member) -> int:
    return sessions.end(Session.objects.filter(user=member.user), "revoked")


async def test_a_revoked_session_closes_its_sockets_at_once(cast: Cast, token: str) -> None:
    async with Talk() as talk:
        await talk.hello(token)
        assert (await talk.hear())["type"] == "caught_up"
        await asyncio.sleep(1)  # the line is open: until then everybody is asked about at every look
        assert await aside(_end_session, cast.owner) == 1
        assert await talk.code(within=1.5) == 4401


async def test_another_device_of_the_person_stays_open(make: Make, cast: Cast, token: str) -> None:
    other = await aside(make.token, cast.owner)
    gone = await aside(lambda: Session.objects.get(pk=tokens.read(token).session_id))
    async with Talk() as leaving, Talk() as staying:
        await leaving.hello(token)
        await staying.hello(other)
        await aside(lambda: sessions.end([gone], "revoked"))
        assert await leaving.code(within=2) == 4401
        await aside(happen, cast.tenant, event(None, n=1))
        assert len(await staying.hear_frames(1)) == 1


async def test_who_left_the_company_is_sent_away_within_the_review(cast: Cast, token: str) -> None:
    async with Talk() as talk:
        await talk.hello(token)
        assert (await talk.hear())["type"] == "caught_up"
        await aside(lambda: Membership.objects.filter(user=cast.owner.user).delete())
        await aside(_end_session, cast.owner)  # what removing a member does too
        assert await talk.code(within=2) == 4403


@pytest.mark.slow
async def test_a_token_that_lapses_ends_the_socket_and_one_renewed_does_not(make: Make, cast: Cast) -> None:
    # Valid for 3 s more, then asked about within the 30 s of the review.
    ago = tokens.LIFE + tokens.LEEWAY - timedelta(seconds=3)
    lapsing = await aside(token_issued, make, cast.owner, ago)
    renewed = await aside(token_issued, make, cast.owner, ago)
    fresh = await aside(make.token, cast.owner)
    async with Talk() as one, Talk() as other:
        await one.hello(lapsing)
        await other.hello(renewed)
        await other.say({"type": "auth", "token": fresh})
        assert await one.code(within=40) == 4401
        await aside(happen, cast.tenant, event(None, n=1))
        assert len(await other.hear_frames(1)) == 1
