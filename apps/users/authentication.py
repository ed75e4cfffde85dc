"""From an access token to a person acting in a tenant; over HTTP and over the WebSocket alike.

One query per request asks everything that may have changed since the token was signed: the
session, the person, the membership, and the time. So a revoked session or a lost membership is
refused at once, not when the token lapses.
"""

from datetime import UTC, datetime
from typing import Any, Final

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from apps.core.statement import Given, Statement
from apps.tenants.models import Status

from . import tokens
from .members import Member
from .models import Membership, Session, User

SCHEME: Final = "Bearer"


def _membership() -> QuerySet[Membership]:
    session = Session.objects.filter(
        pk=Given("session"), user_id=OuterRef("user_id"), revoked_at=None, expires_at__gt=Now()
    )
    held = Membership.objects.filter(Exists(session), user_id=Given("user"), tenant_id=Given("tenant"))
    return held.filter(user__is_active=True).select_related("user", "tenant").annotate(clock=Now())


MEMBERSHIP: Final = Statement(_membership)
"""Who a signed-in person is in a company, with PostgreSQL's time."""


def member_of_token(token: str) -> Member | None:
    """Whom a token stands for, if it is genuine, in time, and its session and membership still hold."""
    try:
        claims = tokens.read(token)
    except tokens.BadToken:
        return None
    row: Any = MEMBERSHIP.first(session=claims.session_id, user=claims.user_id, tenant=claims.tenant_id)
    if row is None or not claims.valid_at(row.clock):
        return None
    lapses = datetime.fromtimestamp(claims.expires_at, UTC)
    return Member(row.user, row.tenant, row.role, claims.session_id, lapses)


class AccessTokenAuthentication(BaseAuthentication):
    """Reads `Authorization: Bearer`. Sets `request.user` to the person and `request.auth` to the Member."""

    def authenticate(self, request: Request) -> tuple[User, Member] | None:
        """The person, or None without the header. A bad token is never treated as nobody."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        member = member_of_token(token.strip())
        if member is None:
            raise AuthenticationFailed
        return member.user, member

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return f'{SCHEME} realm="pmsync"'


def authenticate_socket(token: str) -> Member | None:
    """Whom a WebSocket's hello stands for, or None. Synchronous: call through database_sync_to_async."""
    return member_of_token(token)


def still_valid(member: Member) -> bool:
    """Whether what `authenticate_socket` found still holds: session, membership, role, tenant, token in time."""
    session = Session.objects.filter(
        pk=member.device, user_id=OuterRef("user_id"), revoked_at=None, expires_at__gt=Now()
    )
    row = (
        Membership.objects.filter(
            user=member.user, tenant=member.tenant, role=member.role, user__is_active=True, tenant__status=Status.ACTIVE
        )
        .filter(Exists(session))
        .annotate(clock=Now())
        .first()
    )
    if row is None or member.lapses_at is None:
        return False
    clock: datetime = row.clock
    return clock <= member.lapses_at + tokens.LEEWAY
