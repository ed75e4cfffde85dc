"""The token end point: codes with PKCE, refresh tokens with rotation, client credentials."""

import base64
import hashlib
import hmac
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import jwt

from tests.fakes.microsoft.behaviour import Behaviour
from tests.fakes.microsoft.clock import Clock
from tests.fakes.microsoft.directory import RESERVED, App, Directory, Person
from tests.fakes.microsoft.errors import LoginRefusal, login_body
from tests.fakes.microsoft.login import SHARED, app_roles, read_scopes
from tests.fakes.microsoft.tokens import (
    CODE_LIFE,
    GRAPH_RESOURCE,
    REFRESH_LIFE,
    Code,
    Refresh,
    Tokens,
    client_info,
)
from tests.fakes.microsoft.web import Reply, Request, json_reply

FORM: Final = "application/x-www-form-urlencoded"
JWT_BEARER: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_UNCACHED: Final = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache", "Content-Type": "application/json"}


class TokenEndpoint:
    """Answers `POST /{tenant}/oauth2/v2.0/token`."""

    def __init__(self, directory: Directory, tokens: Tokens, clock: Clock, behaviour: Behaviour) -> None:
        self.directory, self.tokens, self.clock, self.behaviour = directory, tokens, clock, behaviour

    def answer(self, tenant: str, request: Request, origin: str) -> tuple[Reply, str]:
        """The answer, and the verdict for the journal."""
        try:
            return json_reply(200, self._grant(tenant, request, origin), _UNCACHED), "ok"
        except LoginRefusal as refusal:
            return self.refused(refusal, origin), f"refused: {refusal}"

    def refused(self, refusal: LoginRefusal, origin: str) -> Reply:
        """The error object."""
        body = login_body(refusal, self.clock.now(), origin.removeprefix("https://"))
        return json_reply(refusal.status, body, _UNCACHED)

    def _grant(self, tenant: str, request: Request, origin: str) -> dict[str, Any]:
        if not request.header("content-type").startswith(FORM):
            raise LoginRefusal(900144, name="grant_type")
        for name, count in Counter(name for name, _ in request.form).items():
            if count > 1:
                raise LoginRefusal(9000411, name=name)
        form = dict(request.form)
        if tenant not in SHARED and self.directory.find_tenant(tenant) is None:
            raise LoginRefusal(90002, tenant=tenant)
        if not form.get("grant_type"):
            raise LoginRefusal(900144, name="grant_type")
        app = self._client(form, tenant, origin)
        grants: dict[str, Callable[[], dict[str, Any]]] = {
            "authorization_code": lambda: self._by_code(app, tenant, form, origin),
            "refresh_token": lambda: self._by_refresh(app, tenant, form, origin),
            "client_credentials": lambda: self._by_credentials(app, tenant, form),
        }
        if form["grant_type"] not in grants:
            raise LoginRefusal(70003, grant=form["grant_type"])
        return grants[form["grant_type"]]()

    def _client(self, form: dict[str, str], tenant: str, origin: str) -> App:
        if not form.get("client_id"):
            raise LoginRefusal(900144, name="client_id")
        app = self.directory.apps.get(form["client_id"])
        if app is None:
            raise LoginRefusal(700016, app=form["client_id"], tenant=tenant)
        if form.get("client_assertion"):
            self._check_assertion(app, form, tenant, origin)
            return app
        if not form.get("client_secret"):
            raise LoginRefusal(7000218)
        if not hmac.compare_digest(form["client_secret"].encode(), app.secret.encode()):
            raise LoginRefusal(7000215, app=app.id)
        if app.secret_expired:
            raise LoginRefusal(7000222, app=app.id)
        return app

    def _check_assertion(self, app: App, form: dict[str, str], tenant: str, origin: str) -> None:
        """RFC 7523: signed by the application's certificate, for this end point, and not too old. Raises when not."""
        if form.get("client_assertion_type") != JWT_BEARER or app.public_key is None:
            raise LoginRefusal(700027, what="client_assertion_type")
        audience = f"{origin}/{tenant}/oauth2/v2.0/token"
        try:
            # The times are compared with the fake's clock, not with the machine's.
            claims = jwt.decode(
                form["client_assertion"], app.public_key, algorithms=["RS256", "PS256"], audience=audience,
                options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "require": ["exp", "jti"]},
            )  # fmt: skip
        except jwt.InvalidTokenError as error:
            raise LoginRefusal(700027, what=error) from None
        if not claims.get("iss") == claims.get("sub") == app.id or claims["exp"] <= self.clock.now().timestamp():
            raise LoginRefusal(700027, what="iss, sub or exp")

    # Codes

    def _by_code(self, app: App, tenant: str, form: dict[str, str], origin: str) -> dict[str, Any]:
        if not form.get("code"):
            raise LoginRefusal(900144, name="code")
        code = self.tokens.codes.get(form["code"])
        if code is None or code.app is not app:
            raise LoginRefusal(70000, what="code")
        self._check_tenant(code.person, tenant)
        if code.redeemed:
            # Whoever uses a code twice may have stolen it: what it gave is void as well.
            self.tokens.revoked_grants[code.grant] = 70000
            raise LoginRefusal(54005)
        if self.clock.now() - code.issued > CODE_LIFE:
            raise LoginRefusal(70008)
        if form.get("redirect_uri", "") != code.redirect_uri:
            raise LoginRefusal(500112, given=form.get("redirect_uri", ""), wanted=code.redirect_uri)
        _check_verifier(code, form.get("code_verifier", ""))
        self._check_person(app, code.person)
        scopes = read_scopes(form["scope"], app) if form.get("scope") else code.scopes
        self._check_consent(app, code.person, scopes)
        code.redeemed = True
        refresh = Refresh(app, code.person, scopes | (code.scopes & RESERVED), self.clock.now(), code.grant)
        return self._delegated(refresh, origin, code.nonce)

    # Refresh tokens

    def _by_refresh(self, app: App, tenant: str, form: dict[str, str], origin: str) -> dict[str, Any]:
        if not form.get("refresh_token"):
            raise LoginRefusal(900144, name="refresh_token")
        old = self.tokens.refresh.get(form["refresh_token"])
        if old is None or old.app is not app:
            raise LoginRefusal(70000, what="refresh_token")
        self._check_tenant(old.person, tenant)
        self._check_person(app, old.person)
        if old.grant in self.tokens.revoked_grants:
            raise LoginRefusal(self.tokens.revoked_grants[old.grant], what="refresh_token")
        if self.clock.now() - old.issued > REFRESH_LIFE:
            raise LoginRefusal(700082, issued=old.issued.strftime("%Y-%m-%dT%H:%M:%S.0000000Z"))
        if old.replaced and not self.behaviour.old_refresh_tokens_work:
            raise LoginRefusal(70000, what="refresh_token")
        scopes = read_scopes(form["scope"], app) if form.get("scope") else old.scopes
        self._check_consent(app, old.person, scopes)
        old.replaced = True
        new = Refresh(app, old.person, scopes | (old.scopes & RESERVED), self.clock.now(), old.grant)
        return self._delegated(new, origin, "")

    # Both

    def _check_tenant(self, person: Person, tenant: str) -> None:
        named = self.directory.find_tenant(tenant)
        if named is not None and named is not person.tenant:
            raise LoginRefusal(50020, user=person.address, tenant=tenant)

    def _check_person(self, app: App, person: Person) -> None:
        if not person.enabled:
            raise LoginRefusal(50057)
        if person.refusal is not None:
            raise LoginRefusal(person.refusal, app=app.id, tenant=person.tenant.id)

    def _check_consent(self, app: App, person: Person, scopes: frozenset[str]) -> None:
        if scopes - RESERVED - self.directory.consented(app, person):
            raise LoginRefusal(65001, app=app.id)

    def _delegated(self, refresh: Refresh, origin: str, nonce: str) -> dict[str, Any]:
        app, person = refresh.app, refresh.person
        consented = self.directory.consented(app, person)
        token, life = self.tokens.access_token(app, person.tenant, person, consented, refresh.grant)
        shown = sorted(consented, reverse=True) + sorted(refresh.scopes & RESERVED - {"offline_access"})
        answer = {
            "token_type": "Bearer",
            "scope": " ".join(shown),
            "expires_in": life,
            "ext_expires_in": life,
            "access_token": token,
            "client_info": client_info(person),
        }
        if "offline_access" in refresh.scopes:
            answer["refresh_token"] = self.tokens.refresh_token(refresh)
        if "openid" in refresh.scopes:
            issuer = f"{origin}/{person.tenant.id}/v2.0"
            answer["id_token"] = self.tokens.id_token(app, person, nonce, issuer)
        return answer

    # The application by itself

    def _by_credentials(self, app: App, tenant: str, form: dict[str, str]) -> dict[str, Any]:
        found = self.directory.find_tenant(tenant)
        if found is None:
            raise LoginRefusal(50059)
        if form.get("scope") != f"{GRAPH_RESOURCE}/.default":
            raise LoginRefusal(1002012, scope=form.get("scope", ""))
        token, life = self.tokens.access_token(app, found, None, app_roles(self.directory, app, found))
        return {"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token}


def _check_verifier(code: Code, verifier: str) -> None:
    """RFC 7636, section 4.6; a verifier without a challenge is refused as well."""
    if not code.challenge and not verifier:
        return
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    wanted = digest if code.challenge_method == "S256" else verifier
    if not code.challenge or not verifier or not hmac.compare_digest(wanted, code.challenge):
        raise LoginRefusal(501481)
