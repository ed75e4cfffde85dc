"""The token endpoint and its neighbours: exchange, refresh, assertions, revocation, keys and identity."""

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import jwt

from tests.fakes.google.consent import CODE_LIFE, Code, Consent
from tests.fakes.google.grants import ACCESS_LIFE, HOUR, IDENTITY, Access, Client, Grants, Refresh, known_scopes
from tests.fakes.google.keys import KeyRing
from tests.fakes.google.refusals import Json, OAuthRefusal
from tests.fakes.google.wire import Reply, Request

BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ISSUER: Final = "https://accounts.google.com"
TOKEN_URI: Final = "https://oauth2.googleapis.com/token"  # noqa: S105  # an address
SKEW: Final = 300
VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)


class OAuth:
    """Speaks for accounts.google.com, oauth2.googleapis.com and the identity parts of www.googleapis.com."""

    def __init__(self, grants: Grants, keys: KeyRing, consent: Consent) -> None:
        self.grants = grants
        self.keys = keys
        self.consent = consent
        self.root = ""
        """Where the fake listens: the audience that assertions may name beside the true one."""
        self.rotates_refresh_tokens = False
        """Google normally keeps the token; True hands out a new one at each refresh."""

    def token(self, request: Request) -> tuple[Reply, str, str]:
        """POST /token. Answers with the reply, the user and the client for the journal."""
        user = client = ""
        try:
            form = self._form(request)
            client = form.get("client_id", "")
            answers = {"authorization_code": self._exchange, "refresh_token": self._refresh, BEARER: self._assertion}
            kind = _wanted(form, "grant_type")
            if kind not in answers:
                raise OAuthRefusal("grant type", name=kind)
            reply, user, client = answers[kind](form)
        except OAuthRefusal as refusal:
            return _json(refusal.status, refusal.body()), user, client
        return _json(200, reply), user, client

    def revoke(self, request: Request) -> Reply:
        """POST /revoke."""
        values = dict(parse_qsl(request.body.decode(errors="replace")))
        values = dict(parse_qsl(urlsplit(request.target).query)) | values
        if not self.grants.revoke(values.get("token", "")):
            refusal = OAuthRefusal("revoked")
            return _json(refusal.status, refusal.body())
        return _json(200, {})

    def userinfo(self, access: Access) -> Reply:
        """GET userinfo: who the token speaks for."""
        person = self.grants.people[access.user]
        told: Json = {"sub": person.sub}
        if IDENTITY["email"] in access.scopes:
            told |= {"email": person.email, "email_verified": True, "hd": person.domain}
        if IDENTITY["profile"] in access.scopes:
            told |= {"name": person.name}
        return _json(200, told)

    def tokeninfo(self, request: Request) -> Reply:
        """GET tokeninfo: what an access token is good for."""
        token = dict(parse_qsl(urlsplit(request.target).query)).get("access_token", "")
        access = self.grants.bearer(token)
        if access is None:
            return _json(400, {"error": "invalid_token", "error_description": "Invalid Value"})
        left = int(access.expires - self.grants.clock.now())
        return _json(200, {"aud": access.client, "scope": " ".join(sorted(access.scopes)), "expires_in": str(left)})

    def configuration(self) -> Reply:
        """GET /.well-known/openid-configuration."""
        return _json(
            200,
            {
                "issuer": ISSUER,
                "authorization_endpoint": f"{self.root}/o/oauth2/v2/auth",
                "token_endpoint": f"{self.root}/token",
                "revocation_endpoint": f"{self.root}/revoke",
                "userinfo_endpoint": f"{self.root}/v1/userinfo",
                "jwks_uri": f"{self.root}/oauth2/v3/certs",
                "response_types_supported": ["code"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["plain", "S256"],
            },
        )

    def _form(self, request: Request) -> dict[str, str]:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise OAuthRefusal("content")
        form = dict(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True))
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                name, _, secret = base64.b64decode(given + "==").decode(errors="replace").partition(":")
            except binascii.Error:
                raise OAuthRefusal("secret") from None
            form |= {"client_id": unquote(name), "client_secret": unquote(secret)}
        return form

    def _client(self, form: dict[str, str]) -> Client:
        client = self.grants.clients.get(_wanted(form, "client_id"))
        if client is None:
            raise OAuthRefusal("client")
        if "client_secret" not in form:
            raise OAuthRefusal("missing", name="client_secret")
        if not hmac.compare_digest(form["client_secret"].encode(), client.secret.encode()):
            raise OAuthRefusal("secret")
        return client

    def _exchange(self, form: dict[str, str]) -> tuple[Json, str, str]:
        client = self._client(form)
        code = self.consent.codes.get(_wanted(form, "code"))
        if code is None or code.asked.client is not client:
            raise OAuthRefusal("bad grant")
        if code.used:
            # RFC 6749, 4.1.2: what was given out for a code that comes twice is taken back.
            self.grants.withdraw_family(code.code)
            raise OAuthRefusal("bad grant")
        if self.grants.clock.now() - code.issued > CODE_LIFE:
            raise OAuthRefusal("bad grant")
        if _wanted(form, "redirect_uri") != code.asked.redirect:
            raise OAuthRefusal("redirect")
        self._verify(code, form.get("code_verifier"))
        code.used = True
        asked = code.asked.values
        offline = asked.get("access_type") == "offline"
        refresh = None
        if offline and (asked["first"] or "consent" in asked.get("prompt", "").split()):
            refresh = self.grants.issue_refresh(code.user, client, code.scopes, code.code)
        family = refresh.token if refresh else code.code
        return self._reply(code.user, client, code.scopes, family, refresh, asked.get("nonce")), code.user, client.id

    def _verify(self, code: Code, verifier: str | None) -> None:
        challenge = code.asked.values.get("code_challenge")
        if challenge is None:
            if verifier is not None:
                raise OAuthRefusal("verifier")
            return
        if verifier is None:
            raise OAuthRefusal("verifier missing")
        made = verifier
        if code.asked.values.get("code_challenge_method", "plain") == "S256":
            made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if not VERIFIER.fullmatch(verifier) or not hmac.compare_digest(made, challenge):
            raise OAuthRefusal("verifier")

    def _refresh(self, form: dict[str, str]) -> tuple[Json, str, str]:
        client = self._client(form)
        token = self.grants.refresh.get(_wanted(form, "refresh_token"))
        if token is None or token.client != client.id:
            raise OAuthRefusal("bad grant")
        state = self.grants.state_of(token)
        if state:
            raise OAuthRefusal(state)
        scopes = token.scopes
        if form.get("scope"):
            wanted = frozenset(form["scope"].split())
            if not wanted <= scopes | set(IDENTITY):
                raise OAuthRefusal("scope", name=min(wanted - scopes))
            scopes = frozenset(IDENTITY.get(one, one) for one in wanted)
        token.used = self.grants.clock.now()
        fresh = None
        if self.rotates_refresh_tokens:
            fresh = self.grants.issue_refresh(token.user, client, token.scopes, token.code)
        return self._reply(token.user, client, scopes, token.token, fresh, None), token.user, client.id

    def _assertion(self, form: dict[str, str]) -> tuple[Json, str, str]:
        assertion = _wanted(form, "assertion")
        try:
            claims = jwt.decode(assertion, options={"verify_signature": False, "verify_aud": False})
        except jwt.InvalidTokenError:
            raise OAuthRefusal("assertion") from None
        account = self.grants.service_accounts.get(str(claims.get("iss")))
        if account is None:
            raise OAuthRefusal("assertion issuer")
        try:
            jwt.decode(
                assertion,
                account.key.public_pem,
                algorithms=["RS256"],
                options={"verify_aud": False, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except jwt.InvalidTokenError:
            raise OAuthRefusal("assertion") from None
        self._times(claims)
        if claims.get("aud") not in (TOKEN_URI, f"{self.root}/token"):
            raise OAuthRefusal("assertion audience")
        scopes = frozenset(str(claims.get("scope", "")).split())
        if not scopes or not scopes <= known_scopes():
            raise OAuthRefusal("assertion scope")
        user = str(claims.get("sub") or account.email)
        if user != account.email:
            person = self.grants.people.get(user)
            if person is None or person.deleted:
                raise OAuthRefusal("subject")
            if person.suspended:
                raise OAuthRefusal("account disabled")
            if not scopes <= account.delegated.get(person.domain, frozenset()):
                raise OAuthRefusal("delegation")
        access = self.grants.issue_access(user, account.client_id, account.project, scopes)
        access.caller = account.email
        reply = {"access_token": access.token, "expires_in": ACCESS_LIFE, "token_type": "Bearer"}
        return reply, user, account.client_id

    def _times(self, claims: Json) -> None:
        now = self.grants.clock.now()
        issued, expires = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int) or not isinstance(expires, int) or expires - issued > HOUR:
            raise OAuthRefusal("assertion time")
        if expires < now - SKEW or issued > now + SKEW:
            raise OAuthRefusal("assertion time")

    def _reply(
        self, user: str, client: Client, scopes: frozenset[str], family: str, refresh: Refresh | None, nonce: str | None
    ) -> Json:
        access = self.grants.issue_access(user, client.id, client.project, scopes, family)
        # The order of scopes is nobody's promise: sorting them backwards catches who compares strings.
        reply: Json = {
            "access_token": access.token,
            "expires_in": ACCESS_LIFE,
            "scope": " ".join(sorted(scopes, reverse=True)),
            "token_type": "Bearer",
        }
        if refresh:
            reply["refresh_token"] = refresh.token
            if refresh.expires is not None:
                reply["refresh_token_expires_in"] = int(refresh.expires - refresh.issued)
        if "openid" in scopes:
            reply["id_token"] = self.id_token(user, client, scopes, nonce)
        return reply

    def id_token(self, user: str, client: Client, scopes: frozenset[str], nonce: str | None) -> str:
        """OpenID Connect: who signed in."""
        person, now = self.grants.people[user], int(self.grants.clock.now())
        claims: Json = {
            "iss": ISSUER, "azp": client.id, "aud": client.id, "sub": person.sub, "iat": now, "exp": now + HOUR,
            "at_hash": secrets.token_urlsafe(16),
        }  # fmt: skip
        if IDENTITY["email"] in scopes:
            claims |= {"email": person.email, "email_verified": True, "hd": person.domain}
        if IDENTITY["profile"] in scopes and person.name:
            claims["name"] = person.name
        if nonce:
            claims["nonce"] = nonce
        return self.keys.current.signed(claims)


def _wanted(form: dict[str, str], name: str) -> str:
    if not form.get(name):
        raise OAuthRefusal("missing", name=name)
    return form[name]


def _json(status: int, body: Any) -> Reply:
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
    }
    return Reply(status, json.dumps(body).encode(), headers)
