"""The cast of these tests: one organisation, two colleagues, a stranger, an application; and its two clients."""

import base64
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import httpx
import msal  # type: ignore[import-untyped]  # it carries no types

from tests.fakes.certificates import Authority
from tests.fakes.microsoft.behaviour import Behaviour
from tests.fakes.microsoft.browser import Browser
from tests.fakes.microsoft.clock import Clock
from tests.fakes.microsoft.conformance import problems
from tests.fakes.microsoft.directory import APPLICATION, CONSUMERS, App, Person, Tenant
from tests.fakes.microsoft.server import Microsoft

CALLBACK: Final = "https://pmsync.example/oauth/microsoft"
TWO_WAY: Final = (
    "User.Read Mail.ReadWrite Mail.Send Calendars.ReadWrite Contacts.ReadWrite MailboxSettings.Read"
).split()
PLAIN: Final = (
    b"From: Bob <bob@elsewhere.example>\r\nTo: anna@firm.example\r\nSubject: Lunch?\r\n"
    b"Date: Sun, 01 Mar 2026 10:00:00 +0100\r\nMessage-ID: <lunch-1@elsewhere.example>\r\n\r\nAt noon.\r\n"
)


def letter(number: int, subject: str = "Letter") -> bytes:
    """One of many messages."""
    return PLAIN.replace(b"lunch-1", f"letter-{number}".encode()).replace(b"Lunch?", f"{subject} {number}".encode())


def on_behalf(name: str) -> str:
    """An id as it stands in a path."""
    return quote(name, safe="")


def base64_of(content: bytes) -> bytes:
    """Standard base64, as MIME is posted."""
    return base64.b64encode(content)


class Client:
    """httpx with a bearer; every response is compared with what its method declares."""

    def __init__(self, microsoft: Microsoft, trust: ssl.SSLContext, token: str) -> None:
        self.http = httpx.Client(
            verify=trust, base_url=microsoft.graph_url, trust_env=False, timeout=20,
            headers={"Authorization": f"Bearer {token}", "Prefer": 'IdType="ImmutableId"'},
            event_hooks={"response": [self._check]},
        )  # fmt: skip

    def _check(self, response: httpx.Response) -> None:
        content = response.read()
        if response.is_redirect:
            return
        path = response.request.url.raw_path.decode().partition("?")[0]
        if response.headers.get("Content-Type", "").startswith("application/json") or not content:
            found = list(problems(response.request.method, path, response.status_code, content))
            assert found == []

    def get(self, path: str, **more: Any) -> Any:
        """The JSON of a GET that must succeed."""
        answer = self.http.get(path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def values(self, path: str, **more: Any) -> list[dict[str, Any]]:
        """All items of a list, page after page."""
        page = self.get(path, **more)
        found = list(page["value"])
        while "@odata.nextLink" in page:
            page = self.get(page["@odata.nextLink"], headers=more.get("headers"))
            found += page["value"]
        return found

    def round(self, path: str, **more: Any) -> tuple[list[dict[str, Any]], str]:
        """A whole round of change tracking: its items, and the link to the next one."""
        page = self.get(path, **more)
        found = list(page["value"])
        while "@odata.nextLink" in page:
            assert "@odata.deltaLink" not in page
            page = self.get(page["@odata.nextLink"])
            found += page["value"]
        return found, page["@odata.deltaLink"]

    def post(self, path: str, body: Any = None, *, status: int = 201, **more: Any) -> Any:
        """The JSON of a POST that must end so."""
        answer = self.http.post(path, json=body, **more) if body is not None else self.http.post(path, **more)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def patch(self, path: str, body: Any, **more: Any) -> Any:
        """The JSON of a PATCH that must succeed."""
        answer = self.http.patch(path, json=body, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def delete(self, path: str, **more: Any) -> None:
        """A DELETE that must succeed."""
        answer = self.http.delete(path, **more)
        assert answer.status_code == 204, answer.text


@dataclass
class World:
    """Everybody."""

    microsoft: Microsoft
    authority: Authority
    trust: ssl.SSLContext
    firm: Tenant
    anna: Person
    carl: Person
    boss: Person
    stranger: Person
    private: Person
    app: App
    browser: Browser
    clients: list[Client] = field(default_factory=list)

    def msal(self, tenant: str = "common", *, secret: str = "") -> Any:
        """The real client library, at the simulated authority."""
        return msal.ConfidentialClientApplication(
            self.app.id, client_credential=secret or self.app.secret, authority=self.microsoft.authority(tenant),
            instance_discovery=False, verify=str(self.authority.root),
        )  # fmt: skip

    def sign_in(self, person: Person, scopes: list[str] | None = None, *, accept: bool = True) -> Any:
        """What msal gets when the person signs in, over the wire."""
        client = self.msal()
        flow = client.initiate_auth_code_flow(scopes or TWO_WAY, redirect_uri=CALLBACK, response_mode="form_post")
        return client.acquire_token_by_auth_code_flow(
            flow, self.browser.sign_in(flow["auth_uri"], person, accept=accept)
        )

    def graph(self, person: Person | None = None, scopes: str = "") -> Client:
        """A client of Graph for a person, or for the application itself."""
        if person is None:
            answer = self.msal(self.firm.id).acquire_token_for_client(["https://graph.microsoft.com/.default"])
            token = answer["access_token"]
        else:
            token = self.microsoft.token_for(self.app, person, scopes or " ".join(TWO_WAY))
        self.clients.append(Client(self.microsoft, self.trust, token))
        return self.clients[-1]


@contextmanager
def world(authority: Authority, tls: ssl.SSLContext, behaviour: Behaviour | None = None) -> Iterator[World]:
    """A fresh one. Its clock stands still, at the machine's time: msal compares identity tokens with that."""
    trust = authority.client()
    clock = Clock(datetime.now(UTC).replace(microsecond=0))
    with Microsoft(tls, clock=clock, behaviour=behaviour, trust=trust) as microsoft:
        directory = microsoft.directory
        firm, other = directory.tenant("firm.example"), directory.tenant("other.example")
        made = World(
            microsoft, authority, trust, firm,
            directory.person(firm, "anna@firm.example", "Anna Rossi"),
            directory.person(firm, "carl@firm.example", "Carl Weber"),
            directory.person(firm, "boss@firm.example", "Bea Chief", admin=True),
            directory.person(other, "eve@other.example", "Eve"),
            directory.person(directory.tenants[CONSUMERS], "anna@outlook.example", "Anna at home"),
            directory.app([CALLBACK], application=APPLICATION),
            Browser(trust),
        )  # fmt: skip
        yield made
        made.browser.close()
        for client in made.clients:
            client.http.close()
