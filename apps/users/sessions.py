"""Signed-in devices: begun, renewed, listed and ended.

Every refresh replaces the token. The one before it is answered once more within GRACE (two tabs
of one browser renew at the same moment), with the same successor; later, or any older token, means
that two parties hold it, and the whole session ends (RFC 9700, section 4.14.2).
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from apps.core.ids import new_id
from apps.tenants.models import Tenant

from . import tokens
from .models import Session, User
from .signals import session_ended

log = structlog.get_logger(__name__)

GRACE: Final = timedelta(seconds=10)
# A device that was not used for this long signs in again; so does any device after LONGEST.
IDLE: Final = timedelta(days=30)
LONGEST: Final = timedelta(days=180)
# An ended session is kept for a while: a thief's late use of its token is then still recognised.
KEPT: Final = timedelta(days=30)


class SessionEnded(Exception):
    """The refresh token opens nothing: ended, lapsed, used before, or never ours."""


@dataclass(frozen=True, slots=True)
class Device:
    """What a request tells of where it comes from."""

    ip: str | None
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """A session that may be used now, its refresh token, and the database's time."""

    session: Session
    refresh: str
    now: datetime

    def __repr__(self) -> str:
        return f"Grant({self.session.pk})"


def start(user: User, tenant: Tenant, device: Device) -> Grant:
    """Begin a session on this device."""
    session_id = new_id()
    refresh = tokens.new_refresh(session_id)
    now = tokens.database_now()
    session = Session.objects.create(
        id=session_id,
        user=user,
        tenant=tenant,
        expires_at=now + IDLE,
        refresh_digest=tokens.digest(refresh),
        ip=device.ip,
        user_agent=device.user_agent[:300],
    )
    return Grant(session, refresh, now)


def rotate(refresh: str) -> Grant:
    """Exchange a refresh token for its successor. Raises SessionEnded; a reused token ends the session."""
    try:
        session_id = tokens.session_of(refresh)
    except tokens.BadToken:
        raise SessionEnded("not a refresh token") from None
    with transaction.atomic():
        session = _locked(session_id)
        grant = _renewed(session, refresh) if session else None
        if session and grant is None:
            log.warning("refresh token used twice, session ended", session=str(session.pk))
            _revoke([session], "reused")
    if grant is None:
        raise SessionEnded("ended, lapsed or used before")
    return grant


def _locked(session_id: UUID) -> Session | None:
    return (
        Session.objects.select_for_update(of=("self",))
        .select_related("user", "tenant")
        .filter(pk=session_id, revoked_at=None, expires_at__gt=Now(), user__is_active=True)
        .first()
    )


def _renewed(session: Session, refresh: str) -> Grant | None:
    """The grant for the newest token, or for the one before it within GRACE; else None."""
    now, presented = tokens.database_now(), tokens.digest(refresh)
    if hmac.compare_digest(presented, bytes(session.refresh_digest)):
        successor = tokens.new_refresh(session.pk)
        session.previous_digest = presented
        session.refresh_digest = tokens.digest(successor)
        session.successor = tokens.seal_successor(refresh, successor)
        session.rotated_at = session.last_seen_at = now
        session.expires_at = min(now + IDLE, session.created_at + LONGEST)
        session.save()
        return Grant(session, successor, now)
    if (
        session.previous_digest is not None
        and session.successor is not None
        and session.rotated_at is not None
        and hmac.compare_digest(presented, bytes(session.previous_digest))
        and now - session.rotated_at <= GRACE
    ):
        return Grant(session, tokens.open_successor(refresh, bytes(session.successor)), now)
    return None


def move(session_id: UUID, tenant: Tenant, device: Device) -> Grant:
    """Exchange a session for one in another tenant. Raises SessionEnded when it is over already.

    A new row, not the old one changed: a tab that renews with the old cookie at this moment is then
    told that its session ended, and does not look like a thief to the new one.
    """
    with transaction.atomic():
        session = _locked(session_id)
        if session is None:
            raise SessionEnded("ended while it was being moved")
        _revoke([session], "moved")
        grant = start(session.user, tenant, device)
        grant.session.created_at = session.created_at
        grant.session.save(update_fields=["created_at"])
    return grant


def live(user: User) -> QuerySet[Session]:
    """The person's sessions that can still be used, the most recently seen first."""
    return Session.objects.filter(user=user, revoked_at=None, expires_at__gt=Now()).order_by("-last_seen_at")


def end(sessions: Iterable[Session], because: str) -> int:
    """End these sessions now and tell whoever holds sockets of them; return how many were live."""
    with transaction.atomic():
        keys = [session.pk for session in sessions]
        return _revoke(list(Session.objects.select_for_update().filter(pk__in=keys, revoked_at=None)), because)


def end_by_refresh(refresh: str, because: str) -> None:
    """End the session whose newest token (or the one before it, within GRACE or not) this is.

    Nothing happens for any other text, so that signing out twice is signing out once.
    """
    try:
        session = Session.objects.filter(pk=tokens.session_of(refresh), revoked_at=None).first()
    except tokens.BadToken:
        return
    ours = [session.refresh_digest, session.previous_digest] if session else []
    if session and any(hmac.compare_digest(tokens.digest(refresh), bytes(stored)) for stored in ours if stored):
        end([session], because)


def _revoke(sessions: list[Session], because: str) -> int:
    Session.objects.filter(pk__in=[session.pk for session in sessions]).update(
        revoked_at=Now(), revoked_because=because, successor=None
    )
    for session in sessions:
        _announce(session)
    return len(sessions)


def _announce(session: Session) -> None:
    transaction.on_commit(
        lambda: session_ended.send(Session, session_id=session.pk, tenant_id=session.tenant_id) and None
    )


def sweep() -> int:
    """Remove sessions that ended or lapsed long ago; return how many."""
    before = Now() - KEPT
    return Session.objects.filter(Q(expires_at__lt=before) | Q(revoked_at__lt=before)).delete()[0]
