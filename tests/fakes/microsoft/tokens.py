"""Access, identity and refresh tokens, and authorization codes: issued, rotated, aged and revoked."""

import base64
import json
import random
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fakes.microsoft.clock import Clock
from tests.fakes.microsoft.directory import App, Person, Tenant

GRAPH_RESOURCE: Final = "https://graph.microsoft.com"
CODE_LIFE: Final = timedelta(minutes=10)
REFRESH_LIFE: Final = timedelta(days=90)
KEY_ID: Final = "simulated-microsoft-1"


@cache
def signing_key() -> rsa.RSAPrivateKey:
    """The key of every token; made once, because making one takes long."""
    return rsa.generate_private_key(65537, 2048)


def key_set() -> dict[str, Any]:
    """The public half, as the JWKS end point shows it."""
    key = jwt.algorithms.RSAAlgorithm.to_jwk(signing_key().public_key(), as_dict=True)
    return {"keys": [key | {"kid": KEY_ID, "use": "sig", "alg": "RS256"}]}


def signed(claims: dict[str, Any], key: rsa.RSAPrivateKey | None = None) -> str:
    """A JWT of ours; with another key, one that only claims to be."""
    return jwt.encode(claims, key or signing_key(), algorithm="RS256", headers={"kid": KEY_ID})


@dataclass(frozen=True, slots=True)
class Access:
    """What a bearer may do, until when."""

    app: App
    tenant: Tenant
    person: Person | None
    scopes: frozenset[str]
    roles: frozenset[str]
    issued: datetime
    expires: datetime
    grant: str
    audience: str = GRAPH_RESOURCE


@dataclass(slots=True)
class Code:
    """An authorization code."""

    app: App
    person: Person
    redirect_uri: str
    scopes: frozenset[str]
    nonce: str
    challenge: str
    challenge_method: str
    issued: datetime
    grant: str = field(default_factory=lambda: uuid4().hex)
    redeemed: bool = False


@dataclass(slots=True)
class Refresh:
    """A refresh token; all that came from one sign-in share the `grant`."""

    app: App
    person: Person
    scopes: frozenset[str]
    issued: datetime
    grant: str
    replaced: bool = False


class Tokens:
    """Everything that was issued. `seed` decides the lifetimes."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self._clock = clock
        self._random = random.Random(seed)
        self.access: dict[str, Access] = {}
        self.codes: dict[str, Code] = {}
        self.refresh: dict[str, Refresh] = {}
        self.revoked_grants: dict[str, int] = {}
        """Sign-ins whose tokens are void, and the AADSTS number that says why."""
        self.void: set[str] = set()
        """Access tokens that are void before their time."""

    def code(self, code: Code) -> str:
        """A new code."""
        text = f"0.A{secrets.token_urlsafe(60)}"
        self.codes[text] = code
        return text

    def refresh_token(self, refresh: Refresh) -> str:
        """A new refresh token."""
        text = f"0.A{secrets.token_urlsafe(90)}"
        self.refresh[text] = refresh
        return text

    def access_token(
        self, app: App, tenant: Tenant, person: Person | None, permissions: frozenset[str], grant: str = ""
    ) -> tuple[str, int]:
        """A new access token and its life in seconds: from 60 to 90 minutes."""
        now, life = self._clock.now(), self._random.randrange(3600, 5400)
        scopes, roles = (permissions, frozenset[str]()) if person else (frozenset[str](), permissions)
        access = Access(app, tenant, person, scopes, roles, now, now + timedelta(seconds=life), grant)
        text = f"EwB{secrets.token_urlsafe(120)}" if tenant.personal else signed(self._claims(access))
        self.access[text] = access
        return text, life

    def _claims(self, access: Access) -> dict[str, Any]:
        claims = {
            "aud": access.audience,
            "iss": f"https://sts.windows.net/{access.tenant.id}/",
            "iat": int(access.issued.timestamp()),
            "nbf": int(access.issued.timestamp()),
            "exp": int(access.expires.timestamp()),
            "appid": access.app.id,
            "tid": access.tenant.id,
            "jti": uuid4().hex,
            "ver": "1.0",
        }
        if access.person is None:
            return claims | {"idtyp": "app", "roles": sorted(access.roles), "oid": access.app.id}
        return claims | {
            "idtyp": "user",
            "scp": " ".join(sorted(access.scopes)),
            "oid": access.person.id,
            "upn": access.person.address,
        }

    def id_token(self, app: App, person: Person, nonce: str, issuer: str) -> str:
        """A new identity token."""
        now = self._clock.now()
        claims = {
            "aud": app.id,
            "iss": issuer,
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int((now + timedelta(hours=1)).timestamp()),
            "oid": person.id,
            "sub": f"{app.id[:8]}-{person.id}",
            "tid": person.tenant.id,
            "name": person.name,
            "preferred_username": person.address,
            "email": person.address,
            "ver": "2.0",
        }
        return signed(claims | ({"nonce": nonce} if nonce else {}))

    def revoke(self, person: Person) -> None:
        """End every session of the person."""
        for token in self.refresh.values():
            if token.person is person:
                self.revoked_grants.setdefault(token.grant, 50173)
        self.void |= {text for text, access in self.access.items() if access.person is person}


def client_info(person: Person) -> str:
    """What tells the account apart from others: object and tenant, base64url."""
    text = json.dumps({"uid": person.id, "utid": person.tenant.id}).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()
