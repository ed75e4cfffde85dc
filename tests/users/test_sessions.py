"""Refresh tokens and devices: renewed, shared by tabs, stolen, listed, ended (F86)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from apps.tenants.models import Tenant
from apps.users import people, sessions, tokens
from apps.users.models import Session
from apps.users.sessions import Device, Grant, SessionEnded
from apps.users.signals import session_ended
from tests.tenants.fixtures import Cast, Make


@pytest.fixture
def ended() -> Iterator[list[tuple[UUID, UUID]]]:
    """The (session, tenant) pairs whose end was announced, as open sockets hear of it."""
    heard: list[tuple[UUID, UUID]] = []

    def listen(sender: Any, session_id: UUID, tenant_id: UUID, **_: Any) -> None:
        heard.append((session_id, tenant_id))

    session_ended.connect(listen)
    yield heard
    session_ended.disconnect(listen)


def start(cast: Cast) -> Grant:
    return sessions.start(cast.owner.user, cast.tenant, Device("10.0.0.1", "Firefox"))


def age(session: Session, seconds: float) -> None:
    """Let the last rotation be this much older."""
    row = Session.objects.get(pk=session.pk)
    assert row.rotated_at is not None
    row.rotated_at -= timedelta(seconds=seconds)
    row.save()


def test_a_refresh_token_is_exchanged_for_the_next(cast: Cast) -> None:
    first = start(cast)
    second = sessions.rotate(first.refresh)
    third = sessions.rotate(second.refresh)
    assert len({first.refresh, second.refresh, third.refresh}) == 3
    assert third.session.pk == first.session.pk


def test_the_database_holds_no_refresh_token(cast: Cast) -> None:
    first = start(cast)
    second = sessions.rotate(first.refresh)
    with connection.cursor() as cursor:
        cursor.execute("SELECT users_session::text FROM users_session WHERE id = %s", [first.session.pk])
        row = cursor.fetchone()[0]
    for token in (first.refresh, second.refresh):
        secret = token.split(".")[1]
        assert secret not in row
        assert secret.encode().hex() not in row


def test_two_tabs_that_renew_at_once_get_the_same_answer(cast: Cast) -> None:
    grant = start(cast)

    def renew(_: int) -> str:
        try:
            return sessions.rotate(grant.refresh).refresh
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as tabs:
        answers = set(tabs.map(renew, range(16)))
    assert len(answers) == 1
    assert sessions.rotate(answers.pop()).session.revoked_at is None


def test_the_token_before_the_newest_is_answered_for_ten_seconds(cast: Cast) -> None:
    grant = start(cast)
    successor = sessions.rotate(grant.refresh).refresh
    age(grant.session, 8)
    assert sessions.rotate(grant.refresh).refresh == successor


def test_a_token_used_again_later_ends_the_session_for_both(cast: Cast, ended: list[tuple[UUID, UUID]]) -> None:
    grant = start(cast)
    thief = sessions.rotate(grant.refresh)
    age(grant.session, 11)
    with pytest.raises(SessionEnded):
        sessions.rotate(grant.refresh)
    with pytest.raises(SessionEnded):
        sessions.rotate(thief.refresh)
    assert Session.objects.get(pk=grant.session.pk).revoked_because == "reused"
    assert ended == [(grant.session.pk, cast.tenant.pk)]


def test_a_token_two_generations_old_ends_the_session(cast: Cast) -> None:
    grant = start(cast)
    sessions.rotate(sessions.rotate(grant.refresh).refresh)
    with pytest.raises(SessionEnded):
        sessions.rotate(grant.refresh)
    assert Session.objects.get(pk=grant.session.pk).revoked_because == "reused"


@pytest.mark.parametrize("text", ["", ".", "x.y", "0" * 32 + "." + "a" * 64, "g" * 32 + "." + "a" * 64, "é" * 40])
def test_nonsense_opens_nothing_and_ends_nothing(cast: Cast, text: str) -> None:
    grant = start(cast)
    with pytest.raises(SessionEnded):
        sessions.rotate(text)
    assert sessions.rotate(grant.refresh).session.pk == grant.session.pk


def test_a_session_lapses_when_unused_and_after_half_a_year_in_any_case(cast: Cast) -> None:
    grant = start(cast)
    Session.objects.filter(pk=grant.session.pk).update(created_at=grant.now - timedelta(days=179))
    renewed = sessions.rotate(grant.refresh)
    assert renewed.session.expires_at - grant.now < timedelta(days=1, minutes=1)
    Session.objects.filter(pk=grant.session.pk).update(expires_at=grant.now - timedelta(seconds=1))
    with pytest.raises(SessionEnded):
        sessions.rotate(renewed.refresh)


def test_a_changed_password_ends_the_other_devices_and_tells_their_sockets(
    make: Make, cast: Cast, ended: list[tuple[UUID, UUID]], letters: list[Any]
) -> None:
    mine, other = start(cast), start(cast)
    people.set_password(cast.owner.user, "seven quiet lamps underwater", keep=mine.session.pk)
    assert ended == [(other.session.pk, cast.tenant.pk)]
    assert sessions.rotate(mine.refresh).session.pk == mine.session.pk
    with pytest.raises(SessionEnded):
        sessions.rotate(other.refresh)


def test_leaving_a_company_ends_the_sessions_there_only(make: Make, cast: Cast, ended: list[tuple[UUID, UUID]]) -> None:
    people.join(cast.neighbour, cast.member.user)
    here = sessions.start(cast.member.user, cast.tenant, Device(None))
    there = sessions.start(cast.member.user, cast.neighbour, Device(None))
    people.leave(cast.tenant, cast.member.user)
    assert ended == [(here.session.pk, cast.tenant.pk)]
    assert sessions.rotate(there.refresh).session.pk == there.session.pk


def test_nothing_is_announced_when_the_ending_is_rolled_back(
    cast: Cast, ended: list[tuple[UUID, UUID]], committed: None
) -> None:
    grant = start(cast)
    with transaction.atomic():
        sessions.end([grant.session], "test")
        transaction.set_rollback(True)
    assert ended == []
    assert sessions.rotate(grant.refresh).session.pk == grant.session.pk


def test_moving_to_another_company_ends_the_old_session_without_looking_like_theft(
    cast: Cast, ended: list[tuple[UUID, UUID]]
) -> None:
    grant = start(cast)
    moved = sessions.move(grant.session.pk, cast.neighbour, Device("10.0.0.1"))
    assert moved.session.created_at == Session.objects.get(pk=grant.session.pk).created_at
    assert ended == [(grant.session.pk, cast.tenant.pk)]
    with pytest.raises(SessionEnded):
        sessions.rotate(grant.refresh)
    assert sessions.rotate(moved.refresh).session.tenant == cast.neighbour
    assert Session.objects.get(pk=grant.session.pk).revoked_because == "moved"


def test_only_live_sessions_are_listed(cast: Cast) -> None:
    first, second, third = start(cast), start(cast), start(cast)
    sessions.end([second.session], "test")
    Session.objects.filter(pk=third.session.pk).update(expires_at=tokens.database_now())
    assert [row.pk for row in sessions.live(cast.owner.user)] == [first.session.pk]


def test_the_sweep_removes_what_ended_a_month_ago_and_nothing_younger(cast: Cast) -> None:
    long_ago = tokens.database_now() - timedelta(days=31)
    revoked, lapsed, recent, live = start(cast), start(cast), start(cast), start(cast)
    Session.objects.filter(pk=revoked.session.pk).update(revoked_at=long_ago)
    Session.objects.filter(pk=lapsed.session.pk).update(expires_at=long_ago)
    sessions.end([recent.session], "test")
    assert sessions.sweep() == 2
    kept = set(Session.objects.filter(tenant=cast.tenant).values_list("pk", flat=True))
    assert kept == {recent.session.pk, live.session.pk}


def test_removing_a_company_removes_its_sessions(make: Make) -> None:
    tenant = make.company()
    grant = sessions.start(make.member_of(tenant).user, tenant, Device(None))
    Tenant.objects.filter(pk=tenant.pk).delete()
    with pytest.raises(SessionEnded):
        sessions.rotate(grant.refresh)
