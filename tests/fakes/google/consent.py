"""The authorization endpoint: what a client asks for, and a person or a script who allows it, in part or not at all."""

import html
import secrets
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.fakes.google.grants import IDENTITY, Client, Grants, known_scopes, normal
from tests.fakes.google.wire import Reply, Request

CODE_LIFE: Final = 600
AUTHORIZE: Final = "/o/oauth2/v2/auth"
DECISION: Final = "/o/oauth2/v2/auth/decision"
KNOWN: Final = {
    "client_id", "redirect_uri", "response_type", "scope", "state", "access_type", "prompt", "include_granted_scopes",
    "code_challenge", "code_challenge_method", "login_hint", "nonce", "hd", "enable_granular_consent",
}  # fmt: skip
PROMPTS: Final = {"none", "consent", "select_account"}


@dataclass(frozen=True, slots=True)
class Decision:
    """What the person says on the consent page."""

    user: str
    granted: frozenset[str] | None = None
    """None: everything that was asked for."""
    error: str = ""
    """`access_denied`, `admin_policy_enforced`, `org_internal`: the answer is no."""


@dataclass
class Asked:
    """One authorization request."""

    client: Client
    redirect: str
    scopes: frozenset[str]
    values: dict[str, str]


@dataclass
class Code:
    """An authorization code."""

    code: str
    user: str
    asked: Asked
    scopes: frozenset[str]
    issued: float
    used: bool = False


@dataclass
class Consent:
    """Serves the endpoint. Decisions are taken in order; without one a page asks."""

    grants: Grants
    decisions: deque[Decision] = field(default_factory=deque)
    codes: dict[str, Code] = field(default_factory=dict)
    _pages: dict[str, Asked] = field(default_factory=dict)

    def decide(self, user: str, granted: Iterable[str] | None = None, error: str = "") -> None:
        """What the next authorization request meets, without a page."""
        self.decisions.append(Decision(user, None if granted is None else normal(granted), error))

    def authorize(self, request: Request) -> Reply:
        """GET: a page, or at once what was decided beforehand."""
        values = dict(parse_qsl(urlsplit(request.target).query, keep_blank_values=True))
        asked = self._asked(values)
        if isinstance(asked, Reply):
            return asked
        if self.decisions:
            return self._settle(asked, self.decisions.popleft())
        if values.get("prompt") == "none":
            return self._back(asked, {"error": "interaction_required"})
        ticket = secrets.token_urlsafe(16)
        self._pages[ticket] = asked
        return Reply(200, self._page(ticket, asked).encode(), {"Content-Type": "text/html; charset=utf-8"})

    def decision(self, request: Request) -> Reply:
        """POST: what was ticked on the page."""
        form = parse_qsl(request.body.decode(), keep_blank_values=True)
        values = dict(form)
        asked = self._pages.pop(values.get("ticket", ""), None)
        if asked is None:
            return refused_page(400, "invalid_request", "This page has been answered already.")
        if values.get("answer") != "allow":
            return self._settle(asked, Decision(values.get("user", ""), error="access_denied"))
        ticked = frozenset(value for name, value in form if name == "scope")
        return self._settle(asked, Decision(values.get("user", ""), ticked))

    def _asked(self, values: dict[str, str]) -> Asked | Reply:
        """Faults that Google shows to the person: nothing goes back to an address that was not checked."""
        client = self.grants.clients.get(values.get("client_id", ""))
        if client is None:
            return refused_page(401, "invalid_client", "The OAuth client was not found.")
        if values.get("redirect_uri") not in client.redirects:
            return refused_page(400, "redirect_uri_mismatch", "The redirect URI in the request is not registered.")
        unknown = values.keys() - KNOWN
        if unknown:
            return refused_page(400, "invalid_request", f"Parameter not allowed for this message type: {min(unknown)}")
        if values.get("response_type") != "code":
            return refused_page(400, "unsupported_response_type", "Only the code flow is served here.")
        scopes = values.get("scope", "").split()
        if not scopes:
            return refused_page(400, "invalid_request", "Missing required parameter: scope")
        strange = set(scopes) - known_scopes()
        if strange:
            return refused_page(
                400, "invalid_scope", f"Some requested scopes were invalid: {', '.join(sorted(strange))}"
            )
        if not set(values.get("prompt", "").split()) <= PROMPTS:
            return refused_page(400, "invalid_request", "Invalid parameter value for prompt")
        if values.get("access_type", "online") not in ("online", "offline"):
            return refused_page(400, "invalid_request", "Invalid parameter value for access_type")
        if not self._challenge_stands(values):
            return refused_page(400, "invalid_request", "Invalid parameter value for code_challenge")
        return Asked(client, values["redirect_uri"], normal(scopes), values)

    def _challenge_stands(self, values: dict[str, str]) -> bool:
        method, challenge = values.get("code_challenge_method", "plain"), values.get("code_challenge")
        if challenge is None:
            return "code_challenge_method" not in values
        return method in ("S256", "plain") and 43 <= len(challenge) <= 128

    def _settle(self, asked: Asked, decision: Decision) -> Reply:
        person = self.grants.people.get(decision.user)
        if decision.error or person is None or person.deleted:
            return self._back(asked, {"error": decision.error or "access_denied"})
        wanted = asked.scopes if decision.granted is None else decision.granted & asked.scopes
        # Who signs in shows who they are: identity cannot be unticked.
        wanted |= asked.scopes & set(IDENTITY.values())
        if not wanted:
            return self._back(asked, {"error": "access_denied"})
        known = (person.email, asked.client.project)
        before = self.grants.consented.get(known, frozenset())
        scopes = wanted | before if asked.values.get("include_granted_scopes") == "true" else wanted
        asked.values["first"] = "" if before else "true"
        self.grants.consented[known] = before | wanted
        code = Code(f"4/0{secrets.token_urlsafe(40)}", person.email, asked, scopes, self.grants.clock.now())
        self.codes[code.code] = code
        more = {"scope": " ".join(sorted(scopes)), "authuser": "0", "prompt": asked.values.get("prompt", "none")}
        return self._back(asked, {"code": code.code} | more)

    def _back(self, asked: Asked, values: dict[str, str]) -> Reply:
        state = {"state": asked.values["state"]} if "state" in asked.values else {}
        joint = "&" if "?" in asked.redirect else "?"
        return Reply(302, headers={"Location": f"{asked.redirect}{joint}{urlencode(state | values)}"})

    def _page(self, ticket: str, asked: Asked) -> str:
        hint = asked.values.get("login_hint", "")
        people = "".join(
            f'<option value="{html.escape(one.email)}"{" selected" if hint == one.email else ""}>'
            f"{html.escape(one.name or one.email)} &lt;{html.escape(one.email)}&gt;</option>"
            for one in self.grants.people.values()
            if not one.deleted
        )
        scopes = "".join(
            f'<li><label><input type="checkbox" name="scope" value="{html.escape(scope)}" checked> '
            f"<code>{html.escape(scope)}</code></label></li>"
            for scope in sorted(asked.scopes)
        )
        return PAGE.format(
            client=html.escape(asked.client.id), people=people, scopes=scopes, ticket=ticket, action=DECISION
        )


def refused_page(status: int, error: str, what: str) -> Reply:
    """What the person sees when the request itself is wrong."""
    body = REFUSED.format(status=status, error=html.escape(error), what=html.escape(what))
    return Reply(status, body.encode(), {"Content-Type": "text/html; charset=utf-8"})


STYLE: Final = (
    '<link rel="icon" href="data:,">'
    "<style>body{font:16px/1.5 system-ui;max-width:40rem;margin:2rem auto;padding:0 1rem}"
    "b{background:#fd6;padding:.2rem .5rem}</style>"
)
PAGE: Final = (
    """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Simulated Google: consent</title>"""
    + STYLE.replace("{", "{{").replace("}", "}}")
    + """<p><b>Simulated Google</b> Nothing on this page reaches a real account.</p>
<h1>An application asks for access</h1><p>Client <code>{client}</code> wants to:</p>
<form method="post" action="{action}"><input type="hidden" name="ticket" value="{ticket}">
<ul>{scopes}</ul><p><label>Account <select name="user">{people}</select></label></p>
<p><button name="answer" value="allow">Allow</button>
<button name="answer" value="deny">Deny</button></p></form></html>"""
)
REFUSED: Final = (
    """<!doctype html><html lang="en"><meta charset="utf-8"><title>Simulated Google: Error {status}</title>"""
    + STYLE.replace("{", "{{").replace("}", "}}")
    + """<p><b>Simulated Google</b></p><h1>Access blocked: authorization error</h1>
<p>{what}</p><p>Error {status}: {error}</p></html>"""
)
