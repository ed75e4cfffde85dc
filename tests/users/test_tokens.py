"""Access tokens: only what we signed, in time by the database's clock, while it holds (F71, F72, F85, F118)."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import time_machine
from rest_framework.test import APIClient

from apps.users import authentication, people, sessions, signing, tokens
from apps.users.members import Member
from apps.users.models import Role, Session
from apps.users.sessions import Device
from tests.tenants.fixtures import Cast, Make

ME = "/api/v1/me"


@pytest.fixture
def grant(cast: Cast) -> sessions.Grant:
    return sessions.start(cast.owner.user, cast.tenant, Device("10.1.2.3", "test"))


def issue(member: Member, grant: sessions.Grant, at: datetime | None = None) -> str:
    return tokens.issue(member.user_id, member.tenant.pk, grant.session.pk, at or grant.now)


def forge(token: str, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """The token with claims or header changed, and signed with our own key."""
    body = jwt.decode(token, options={"verify_signature": False}) | claims
    body = {name: value for name, value in body.items() if value is not None}
    key = signing.newest(tokens.PURPOSE)
    return jwt.encode(body, key.key, algorithm="HS256", headers={"kid": key.id} | (header or {}))


def b64(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def refused(token: str) -> bool:
    return authentication.member_of_token(token) is None


def test_a_token_stands_for_its_person_tenant_and_session(cast: Cast, grant: sessions.Grant) -> None:
    member = authentication.member_of_token(issue(cast.owner, grant))
    assert member is not None
    assert (member.user, member.tenant, member.role) == (cast.owner.user, cast.tenant, "owner")
    assert member.session_id == grant.session.pk
    assert member.lapses_at is not None
    assert abs(member.lapses_at - grant.now - timedelta(minutes=15)) < timedelta(seconds=1)


def test_a_token_without_signature_is_refused(cast: Cast, grant: sessions.Grant) -> None:
    header, body, _ = issue(cast.owner, grant).split(".")
    kid = json.loads(base64.urlsafe_b64decode(header + "=="))["kid"]
    for algorithm in ("none", "None", "NONE", "nOnE"):
        assert refused(f"{b64({'alg': algorithm, 'typ': 'JWT', 'kid': kid})}.{body}.")


def test_another_algorithm_over_the_same_key_is_refused(cast: Cast, grant: sessions.Grant) -> None:
    token = issue(cast.owner, grant)
    body = jwt.decode(token, options={"verify_signature": False})
    key = signing.newest(tokens.PURPOSE)
    for algorithm in ("HS384", "HS512"):
        header = b64({"alg": algorithm, "typ": "JWT", "kid": key.id})
        signed = f"{header}.{b64(body)}"
        digest = hmac.digest(key.key, signed.encode(), f"sha{algorithm[2:]}")
        assert refused(f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}")


@pytest.mark.parametrize("kid", ["", "../../dev/null", "' OR 1=1 --", "0" * 16, "a" * 1500])
def test_a_key_id_that_is_not_ours_is_refused(cast: Cast, grant: sessions.Grant, kid: str) -> None:
    assert refused(forge(issue(cast.owner, grant), header={"kid": kid}))


def test_a_key_id_that_is_no_text_is_refused(cast: Cast, grant: sessions.Grant) -> None:
    _, body, signature = issue(cast.owner, grant).split(".")
    for kid in (None, 7, ["x"], {"a": 1}):
        assert refused(f"{b64({'alg': 'HS256', 'typ': 'JWT', 'kid': kid})}.{body}.{signature}")


def test_a_foreign_issuer_or_audience_is_refused(cast: Cast, grant: sessions.Grant) -> None:
    token = issue(cast.owner, grant)
    assert not refused(forge(token))
    assert refused(forge(token, iss="somebody"))
    assert refused(forge(token, aud="pmsync-other"))


@pytest.mark.parametrize("claim", tokens.REQUIRED)
def test_a_token_that_lacks_a_claim_is_refused(cast: Cast, grant: sessions.Grant, claim: str) -> None:
    assert refused(forge(issue(cast.owner, grant), **{claim: None}))


@pytest.mark.parametrize("value", ["", "x", 5, ["a"], {"a": 1}, "00000000-0000-0000-0000-000000000000"])
def test_a_claim_of_another_form_is_refused(cast: Cast, grant: sessions.Grant, value: Any) -> None:
    for claim in ("sub", "tenant", "sid"):
        assert refused(forge(issue(cast.owner, grant), **{claim: value}))


@pytest.mark.parametrize("value", ["soon", [1], 1e40])
def test_times_that_are_no_times_are_refused(cast: Cast, grant: sessions.Grant, value: Any) -> None:
    for claim in ("iat", "exp"):
        assert refused(forge(issue(cast.owner, grant), **{claim: value}))


def test_changing_the_tenant_claim_breaks_the_signature(cast: Cast, grant: sessions.Grant) -> None:
    header, body, signature = issue(cast.owner, grant).split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["tenant"] = str(cast.neighbour.pk)
    assert refused(f"{header}.{b64(claims)}.{signature}")


def test_a_tenant_claim_of_a_tenant_one_is_no_member_of_is_refused(cast: Cast, grant: sessions.Grant) -> None:
    assert refused(forge(issue(cast.owner, grant), tenant=str(cast.neighbour.pk)))


def test_a_session_of_somebody_else_is_refused(cast: Cast, grant: sessions.Grant) -> None:
    theirs = sessions.start(cast.outsider.user, cast.neighbour, Device(None))
    assert refused(forge(issue(cast.owner, grant), sid=str(theirs.session.pk)))


def test_a_token_of_a_megabyte_is_refused_without_being_parsed(make: Make, cast: Cast) -> None:
    client = make.client()
    client.credentials(HTTP_AUTHORIZATION="Bearer " + "a" * 1_000_000)
    assert client.get(ME).status_code == 401
    assert refused("a." * 500_000)


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer x", "bearer a.b.c", "Bearer a b c", "Token x", "\x00"])
def test_a_malformed_header_is_401_with_a_problem(make: Make, header: str) -> None:
    answer = make.client(HTTP_AUTHORIZATION=header).get(ME)
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_authenticated"


def test_the_token_in_the_address_does_not_sign_in(make: Make, cast: Cast, grant: sessions.Grant) -> None:
    token = issue(cast.owner, grant)
    for name in ("token", "access_token", "authorization"):
        assert make.client().get(ME, {name: token}).status_code == 401


# Time: the database's, with a minute's leeway and no more.


@pytest.mark.parametrize(("age", "accepted"), [(0, True), (899, True), (955, True), (970, False), (86_400, False)])
def test_a_token_lapses_after_a_quarter_of_an_hour_and_a_minute(
    cast: Cast, grant: sessions.Grant, age: int, accepted: bool
) -> None:
    token = issue(cast.owner, grant, grant.now - timedelta(seconds=age))
    assert refused(token) is not accepted


@pytest.mark.parametrize(("ahead", "accepted"), [(30, True), (55, True), (90, False), (3600, False)])
def test_a_token_from_the_future_is_accepted_within_a_minute(
    cast: Cast, grant: sessions.Grant, ahead: int, accepted: bool
) -> None:
    token = issue(cast.owner, grant, grant.now + timedelta(seconds=ahead))
    assert refused(token) is not accepted


@pytest.mark.parametrize(
    "shift", [timedelta(days=1), timedelta(hours=-1), timedelta(days=365 * 30), timedelta(seconds=90)]
)
def test_a_process_with_a_wrong_clock_neither_locks_out_nor_lets_in(make: Make, cast: Cast, shift: timedelta) -> None:
    stale = sessions.start(cast.owner.user, cast.tenant, Device(None))
    lapsed = issue(cast.owner, stale, stale.now - timedelta(minutes=17))
    with time_machine.travel(datetime.now(UTC) + shift, tick=True):
        grant = sessions.start(cast.owner.user, cast.tenant, Device(None))
        issued_here = issue(cast.owner, grant)
        assert not refused(issued_here)
        assert refused(lapsed)
        renewed = sessions.rotate(grant.refresh)
    assert not refused(issued_here)
    assert abs(renewed.session.expires_at - tokens.database_now() - sessions.IDLE) < timedelta(minutes=1)


# A token holds only as long as what it says.


def test_an_ended_session_is_refused_at_once(make: Make, cast: Cast, grant: sessions.Grant) -> None:
    client = make.client()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {issue(cast.owner, grant)}")
    assert client.get(ME).status_code == 200
    sessions.end([grant.session], "test")
    assert client.get(ME).status_code == 401


def test_a_lapsed_session_is_refused_although_the_token_is_young(cast: Cast, grant: sessions.Grant) -> None:
    Session.objects.filter(pk=grant.session.pk).update(expires_at=grant.now - timedelta(seconds=1))
    assert refused(issue(cast.owner, grant))


def test_a_lost_membership_is_refused_at_once(cast: Cast) -> None:
    grant = sessions.start(cast.member.user, cast.tenant, Device(None))
    token = issue(cast.member, grant)
    assert not refused(token)
    people.leave(cast.tenant, cast.member.user)
    assert refused(token)


def test_a_deactivated_person_is_refused_at_once(cast: Cast, grant: sessions.Grant) -> None:
    token = issue(cast.owner, grant)
    cast.owner.user.is_active = False
    cast.owner.user.save()
    assert refused(token)


def test_a_token_of_an_erased_company_does_not_open_the_next_one_of_that_name(make: Make, cast: Cast) -> None:
    old = make.company(slug="phoenix-" + cast.tenant.slug)
    member = make.member_of(old)
    token = make.token(member)
    old.delete()
    people.join(make.company(slug=old.slug), member.user)
    assert refused(token)


def test_asking_costs_one_query(cast: Cast, grant: sessions.Grant, django_assert_num_queries: Any) -> None:
    token = issue(cast.owner, grant)
    with django_assert_num_queries(1):
        assert not refused(token)


def test_a_socket_is_told_the_same_and_loses_it_with_the_session(cast: Cast, grant: sessions.Grant) -> None:
    member = authentication.authenticate_socket(issue(cast.owner, grant))
    assert member is not None
    assert authentication.still_valid(member)
    assert authentication.authenticate_socket("nonsense") is None
    sessions.end([grant.session], "test")
    assert not authentication.still_valid(member)


@pytest.mark.parametrize("change", ["left", "role", "suspended", "lapsed"])
def test_a_socket_does_not_outlive_what_its_token_said(cast: Cast, change: str) -> None:
    grant = sessions.start(cast.member.user, cast.tenant, Device(None))
    early = grant.now - timedelta(minutes=15, seconds=57)
    member = authentication.authenticate_socket(issue(cast.member, grant, early if change == "lapsed" else None))
    assert member is not None
    assert authentication.still_valid(member)
    match change:
        case "left":
            people.leave(cast.tenant, cast.member.user)
        case "role":
            people.join(cast.tenant, cast.member.user, Role.ADMIN)
        case "suspended":
            cast.tenant.status = "suspended"
            cast.tenant.save()
        case "lapsed":
            _wait_until_lapsed(member)
    assert not authentication.still_valid(member)


def _wait_until_lapsed(member: Member) -> None:
    assert member.lapses_at is not None
    while tokens.database_now() <= member.lapses_at + tokens.LEEWAY:
        pass


# SECRET_KEY rotates with both live.


def test_a_new_secret_key_throws_nobody_out_and_the_old_one_is_refused_after_the_window(
    make: Make, cast: Cast, settings: Any
) -> None:
    old, new = settings.SECRET_KEY, "n" * 48
    grant = sessions.start(cast.owner.user, cast.tenant, Device(None))
    before = issue(cast.owner, grant)

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = new, [old]
    during = issue(cast.owner, grant)
    assert not refused(before)
    assert not refused(during)
    renewed = sessions.rotate(grant.refresh)

    settings.SECRET_KEY_FALLBACKS = []
    assert refused(before)
    assert not refused(during)
    assert sessions.rotate(renewed.refresh).session == grant.session

    settings.SECRET_KEY = old
    assert refused(during)


def test_signing_keys_do_not_show_themselves(cast: Cast, grant: sessions.Grant) -> None:
    key = signing.newest(tokens.PURPOSE)
    assert key.key.hex() not in repr(key)
    assert str(key.key) not in repr(key)
    assert grant.refresh not in repr(grant)


def test_purposes_do_not_share_a_key() -> None:
    keys = {signing.newest(purpose).key for purpose in ("access token", "one-time codes", "limits")}
    assert len(keys) == 3


def test_another_scheme_is_nobody(make: Make, cast: Cast) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Basic " + base64.b64encode(b"a:b").decode())
    assert client.get(ME).status_code == 401
