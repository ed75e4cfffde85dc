"""The identity platform: discovery, authorize with its consent, admin consent; tokens are another module's."""

import secrets
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from tests.fakes.microsoft import pages
from tests.fakes.microsoft.clock import Clock
from tests.fakes.microsoft.directory import APPLICATION, DELEGATED, RESERVED, App, Directory, Person, Tenant
from tests.fakes.microsoft.errors import LoginRefusal
from tests.fakes.microsoft.tokens import GRAPH_RESOURCE, Code, Tokens, key_set
from tests.fakes.microsoft.web import Reply, Request, html_reply, json_reply

SHARED: Final = ("common", "organizations", "consumers")
_PROMPTS: Final = frozenset({"", "login", "none", "consent", "select_account"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One authorize or admin consent request that waits for a person."""

    app: App
    tenant: str
    redirect_uri: str
    state: str
    mode: str
    scopes: frozenset[str]
    nonce: str = ""
    challenge: str = ""
    challenge_method: str = ""
    admin: bool = False


class Login:
    """Answers everything below `/{tenant}/` except the token end point."""

    def __init__(self, directory: Directory, tokens: Tokens, clock: Clock) -> None:
        self.directory, self.tokens, self.clock = directory, tokens, clock
        self._waiting: dict[str, Asked] = {}
        self.decisions: deque[str] = deque()
        """Addresses of those who accept, at once and without a page, what is asked next."""
        self.pages_origin = ""
        """Where people find the pages, if not where programs find the rest."""

    def answer(self, tenant: str, path: str, request: Request, origin: str) -> Reply | None:
        """The answer, or None where there is no such page."""
        if tenant not in SHARED and self.directory.find_tenant(tenant) is None:
            refusal = LoginRefusal(90002, tenant=tenant)
            return self._page_of(refusal)
        pages_here: dict[tuple[str, str], Callable[[], Reply]] = {
            ("GET", "v2.0/.well-known/openid-configuration"): lambda: self._discovery(tenant, origin),
            ("GET", "discovery/v2.0/keys"): lambda: json_reply(200, key_set()),
            ("GET", "oauth2/v2.0/authorize"): lambda: self._authorize(tenant, request.query),
            ("POST", "oauth2/v2.0/authorize"): lambda: self._authorize(tenant, request.form),
            ("GET", "v2.0/adminconsent"): lambda: self._admin_consent(tenant, request.query),
            ("POST", "simulated/decision"): lambda: self._decision(request),
        }
        handler = pages_here.get((request.method, path))
        if handler is None:
            return None
        try:
            return handler()
        except LoginRefusal as refusal:
            return self._page_of(refusal)

    def _page_of(self, refusal: LoginRefusal) -> Reply:
        """What is wrong with the application is shown to the person, never sent to an address that is not trusted."""
        return html_reply(400, pages.page("Sorry, but we're having trouble signing you in", f"<p>{refusal}</p>"))

    def _discovery(self, tenant: str, origin: str) -> Reply:
        found = self.directory.find_tenant(tenant)
        base = f"{origin}/{tenant}"
        return json_reply(
            200,
            {
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "response_modes_supported": ["query", "fragment", "form_post"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "response_types_supported": ["code"],
                "scopes_supported": sorted(RESERVED),
                "issuer": f"{origin}/{found.id if found else '{tenantid}'}/v2.0",
                "authorization_endpoint": f"{self.pages_origin or origin}/{tenant}/oauth2/v2.0/authorize",
                "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
            },
        )

    # Authorize

    def _authorize(self, tenant: str, pairs: list[tuple[str, str]]) -> Reply:
        given = _once(pairs)
        app = self._app(given, tenant)
        uri = self._redirect_uri(app, given)
        mode, state = given.get("response_mode", "query"), given.get("state", "")
        asked = Asked(app, tenant, uri, state, mode, frozenset())
        try:
            asked = self._asked(app, tenant, uri, given)
        except LoginRefusal as refusal:
            return self._back(asked, {"error": refusal.error, "error_description": str(refusal)})
        if given.get("prompt") == "none":
            return self._back(asked, {"error": "login_required", "error_description": str(LoginRefusal(160021))})
        if self.decisions:
            return self._decided(asked, self.decisions.popleft())
        return self._ask(asked, given.get("login_hint", ""))

    def _asked(self, app: App, tenant: str, uri: str, given: Mapping[str, str]) -> Asked:
        if given.get("response_type") != "code":
            raise LoginRefusal(70005, type=given.get("response_type", ""))
        if given.get("response_mode", "query") not in ("query", "fragment", "form_post"):
            raise LoginRefusal(90023, what="response_mode")
        if given.get("prompt", "") not in _PROMPTS:
            raise LoginRefusal(90023, what="prompt")
        method = given.get("code_challenge_method", "")
        if given.get("code_challenge") and method not in ("S256", "plain"):
            raise LoginRefusal(90023, what="code_challenge_method")
        return Asked(
            app, tenant, uri, given.get("state", ""), given.get("response_mode", "query"),
            read_scopes(given.get("scope", ""), app), given.get("nonce", ""), given.get("code_challenge", ""), method,
        )  # fmt: skip

    def _admin_consent(self, tenant: str, pairs: list[tuple[str, str]]) -> Reply:
        given = _once(pairs)
        app = self._app(given, tenant)
        scopes = read_scopes(given.get("scope", f"{GRAPH_RESOURCE}/.default"), app)
        uri = self._redirect_uri(app, given)
        return self._ask(Asked(app, tenant, uri, given.get("state", ""), "query", scopes, admin=True), "")

    def _app(self, given: Mapping[str, str], tenant: str) -> App:
        if not given.get("client_id"):
            raise LoginRefusal(900144, name="client_id")
        app = self.directory.apps.get(given["client_id"])
        if app is None:
            raise LoginRefusal(700016, app=given["client_id"], tenant=tenant)
        return app

    def _redirect_uri(self, app: App, given: Mapping[str, str]) -> str:
        uri = given.get("redirect_uri", "")
        if uri not in app.redirect_uris:
            raise LoginRefusal(50011, uri=uri, app=app.id)
        return uri

    def _ask(self, asked: Asked, hint: str) -> Reply:
        ticket = secrets.token_urlsafe(24)
        self._waiting[ticket] = asked
        accounts = [person.address for person in self.directory.people.values() if self._belongs(person, asked.tenant)]
        shown = sorted(asked.app.application | asked.scopes) if asked.admin else sorted(asked.scopes)
        action = f"/{asked.tenant}/simulated/decision"
        return html_reply(200, pages.consent_page(action, ticket, asked.app.name, shown, accounts, hint))

    def _belongs(self, person: Person, tenant: str) -> bool:
        if tenant == "common":
            return True
        if tenant in ("organizations", "consumers"):
            return person.tenant.personal is (tenant == "consumers")
        return person.tenant is self.directory.find_tenant(tenant)

    # What the person decides

    def _decision(self, request: Request) -> Reply:
        form = _once(request.form)
        asked = self._waiting.pop(form.get("ticket", ""), None)
        if asked is None:
            raise LoginRefusal(9002313)
        if form.get("decision") != "accept":
            return self._declined(asked, LoginRefusal(65004), "cancel")
        return self._decided(asked, form.get("account", ""))

    def _decided(self, asked: Asked, address: str) -> Reply:
        person = self.directory.find_person(address)
        if person is None:
            raise LoginRefusal(50034)
        if not self._belongs(person, asked.tenant):
            raise LoginRefusal(50020, user=person.address, tenant=asked.tenant)
        if not person.enabled:
            raise LoginRefusal(50057)
        return self._consented_by_admin(asked, person) if asked.admin else self._accepted(asked, person)

    def _declined(self, asked: Asked, refusal: LoginRefusal, subcode: str = "") -> Reply:
        answer = {"error": refusal.error, "error_description": str(refusal)}
        return self._back(asked, answer | ({"error_subcode": subcode} if subcode else {}))

    def _accepted(self, asked: Asked, person: Person) -> Reply:
        missing = asked.scopes - RESERVED - self.directory.consented(asked.app, person)
        if missing and not person.tenant.people_may_consent and not person.admin:
            return self._declined(asked, LoginRefusal(90094))
        self.directory.consent(asked.app, person, asked.scopes - RESERVED)
        # Whoever signs in by hand has passed what stood in the way: another factor, a new password.
        person.refusal, person.challenged = None, False
        code = Code(
            asked.app, person, asked.redirect_uri, asked.scopes, asked.nonce, asked.challenge, asked.challenge_method,
            self.clock.now(),
        )  # fmt: skip
        return self._back(asked, {"code": self.tokens.code(code), "session_state": secrets.token_hex(16)})

    def _consented_by_admin(self, asked: Asked, person: Person) -> Reply:
        if not person.admin or person.tenant.personal:
            return self._declined(asked, LoginRefusal(90094))
        self.directory.consent_as_admin(asked.app, person.tenant, asked.scopes - RESERVED)
        return self._back(asked, {"admin_consent": "True", "tenant": person.tenant.id})

    def _back(self, asked: Asked, answer: dict[str, str]) -> Reply:
        """Send the person's browser back to the application."""
        fields = answer | ({"state": asked.state} if asked.state else {})
        if asked.mode == "form_post":
            return html_reply(200, pages.form_post_page(asked.redirect_uri, fields))
        mark = "#" if asked.mode == "fragment" else "&" if "?" in asked.redirect_uri else "?"
        return Reply(302, headers={"Location": f"{asked.redirect_uri}{mark}{urlencode(fields)}"})


def read_scopes(text: str, app: App) -> frozenset[str]:
    """The scopes without the resource's prefix. Raises when one is unknown."""
    names = [name.removeprefix(f"{GRAPH_RESOURCE}/") for name in text.split()]
    if not names:
        raise LoginRefusal(900144, name="scope")
    if ".default" in names:
        return app.delegated | (frozenset(names) & RESERVED)
    unknown = [name for name in names if name not in DELEGATED | RESERVED]
    if unknown:
        raise LoginRefusal(70011, scope=" ".join(unknown))
    return frozenset(names)


def _once(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """The parameters. Raises when one is there twice."""
    for name, count in Counter(name for name, _ in pairs).items():
        if count > 1:
            raise LoginRefusal(9000411, name=name)
    return dict(pairs)


def app_roles(directory: Directory, app: App, tenant: Tenant) -> frozenset[str]:
    """The application permissions that an administrator granted. Raises when nobody did."""
    granted = directory.admin_consents.get((app.id, tenant.id))
    if granted is None or tenant.personal:
        raise LoginRefusal(7000229, app=app.id, tenant=tenant.id)
    return granted.roles & APPLICATION
