"""Access and refresh tokens.

Written here rather than taken from simplejwt: one `Session` row per device then gives the list of
devices, revocation and detection of a stolen refresh token in one place, where a library's
blacklist would be a second truth to keep equal.

An access token is a JWT (RFC 7519) signed with HS256 and nothing else. Its times are the
database's, at signing and at checking, so a process whose own clock is wrong neither locks people
out nor lets lapsed tokens in. A refresh token is random; the database holds its SHA-256 only.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import jwt
from django.db import connection

from apps.core import crypto

from . import signing

ISSUER: Final = "pmsync"
AUDIENCE: Final = "pmsync-api"
ALGORITHM: Final = "HS256"
LIFE: Final = timedelta(minutes=15)
# Two database hosts after a failover may disagree by this much, and by no more (fault F72).
LEEWAY: Final = timedelta(seconds=60)
# Ours have about 400 characters; a longer one is not worth its parsing.
LONGEST: Final = 2048
PURPOSE: Final = "access token"
REQUIRED: Final = ["iss", "aud", "sub", "tenant", "sid", "iat", "exp"]


class BadToken(Exception):
    """The token was not issued by us, or says something we never say."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a genuine access token says. `issued_at` and `expires_at` are Unix seconds."""

    user_id: UUID
    tenant_id: UUID
    session_id: UUID
    issued_at: int
    expires_at: int

    def valid_at(self, moment: datetime) -> bool:
        """True unless the token has lapsed, or was issued later than this moment, beyond the leeway."""
        seconds, leeway = moment.timestamp(), LEEWAY.total_seconds()
        return self.issued_at - leeway <= seconds <= self.expires_at + leeway


def database_now() -> datetime:
    """This moment by the database's clock, which all processes share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment = cursor.fetchone()[0]
    assert isinstance(moment, datetime)
    return moment


def issue(user_id: UUID, tenant_id: UUID, session_id: UUID, now: datetime) -> str:
    """Sign an access token that begins at `now` (the database's clock) and lives `LIFE`."""
    key = signing.newest(PURPOSE)
    begin = int(now.timestamp())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(user_id),
        "tenant": str(tenant_id),
        "sid": str(session_id),
        "iat": begin,
        "exp": begin + int(LIFE.total_seconds()),
    }
    return jwt.encode(claims, key.key, algorithm=ALGORITHM, headers={"kid": key.id})


def read(token: str) -> Claims:
    """The claims of a token that we signed. Raises BadToken.

    Says nothing about time or revocation: the caller asks the database for both in one query.
    """
    if len(token) > LONGEST:
        raise BadToken("longer than any token of ours")
    try:
        key = signing.ring(PURPOSE).get(str(jwt.get_unverified_header(token).get("kid", "")))
        if key is None:
            raise BadToken("signed by a key that is not ours, or no longer")
        body = jwt.decode(
            token,
            key.key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            # Time is compared with the database's clock, see Claims.valid_at.
            options={"require": REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
        times = int(body["iat"]), int(body["exp"])
        if times[1] - times[0] != LIFE.total_seconds():
            raise BadToken("a life that we never give")
        return Claims(UUID(body["sub"]), UUID(body["tenant"]), UUID(body["sid"]), *times)
    except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise BadToken(type(error).__name__) from None


def new_refresh(session_id: UUID) -> str:
    """A fresh refresh token: the session it belongs to, then 48 random bytes."""
    return f"{session_id.hex}.{secrets.token_urlsafe(48)}"


def session_of(refresh: str) -> UUID:
    """The session a refresh token claims to belong to. Raises BadToken for anything of another form."""
    session, dot, secret = refresh.partition(".")
    if not dot or len(secret) != 64 or len(session) != 32:
        raise BadToken("not a refresh token")
    try:
        return UUID(hex=session)
    except ValueError:
        raise BadToken("not a refresh token") from None


def digest(refresh: str) -> bytes:
    """What is stored of a refresh token. A plain hash suffices: it has 384 random bits."""
    return hashlib.sha256(refresh.encode()).digest()


def _successor_key(refresh: str) -> crypto.DataKey:
    return crypto.DataKey(0, hashlib.sha256(b"successor:" + refresh.encode()).digest())


def seal_successor(refresh: str, successor: str) -> bytes:
    """Seal a token's successor so that only a holder of the token itself can read it."""
    return crypto.seal(_successor_key(refresh), successor.encode(), "refresh successor")


def open_successor(refresh: str, sealed: bytes) -> str:
    """The successor that `seal_successor` put away for this token. Raises crypto.SealBroken for another's."""
    return crypto.unseal({0: _successor_key(refresh)}, sealed, "refresh successor").decode()
