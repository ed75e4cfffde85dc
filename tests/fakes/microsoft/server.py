"""Simulated Microsoft: the identity platform and Graph behind one address, and the people who use it otherwise.

with Microsoft(authority.server(), clock=Clock(datetime(2026, 3, 2, 9, tzinfo=UTC))) as microsoft:
    firm = microsoft.directory.tenant("firm.example")
    anna = microsoft.directory.person(firm, "anna@firm.example")
    app = microsoft.directory.app(["https://pmsync.example/callback"])
    microsoft.authority("common"); microsoft.graph_url      # what the client libraries are given
    microsoft.elsewhere(anna).deliver(raw)                  # what another client would do
    microsoft.faults.add(throttled(5), "GET .*/messages")   # what goes wrong
    microsoft.journal.of("send_mail")                       # what was asked
"""

import ssl
from collections.abc import Callable
from typing import Any, Final, Self

from tests.fakes.microsoft import (
    addressbook,
    batching,
    calendars,
    events,
    folders,
    messages,
    sending,
    subscribing,
    users,
)
from tests.fakes.microsoft.behaviour import Behaviour
from tests.fakes.microsoft.clock import Clock
from tests.fakes.microsoft.directory import App, Directory, Person
from tests.fakes.microsoft.elsewhere import Elsewhere
from tests.fakes.microsoft.faults import Faults, marred
from tests.fakes.microsoft.graph import Graph
from tests.fakes.microsoft.journal import Journal
from tests.fakes.microsoft.login import Login
from tests.fakes.microsoft.mailbox import Mailbox
from tests.fakes.microsoft.meetings import Notice
from tests.fakes.microsoft.notifications import Courier
from tests.fakes.microsoft.pages import page
from tests.fakes.microsoft.post import Sent
from tests.fakes.microsoft.subscriptions import Subscriptions
from tests.fakes.microsoft.token_endpoint import TokenEndpoint
from tests.fakes.microsoft.tokens import Tokens
from tests.fakes.microsoft.web import Listener, Reply, Request, html_reply

HANDLING: Final = (addressbook, batching, calendars, events, folders, messages, sending, subscribing, users)
"""The modules that register handlers."""

_GRAPH: Final = ("v1.0", "beta")
PAGES: Final = ("/oauth2/v2.0/authorize", "/adminconsent", "/simulated/decision")
TOKEN: Final = "oauth2/v2.0/token"  # noqa: S105  # a path


class Microsoft:
    """Listens on the loopback. Without `tls` it speaks plain HTTP, which msal refuses.

    With `pages_port` the pages for people are on a second port without TLS: a browser does not know the
    certificate, and msal takes their address as discovery tells it.
    `trust` is what it believes of the receivers of notifications; by default what the machine believes.
    """

    def __init__(
        self, tls: ssl.SSLContext | None, *, clock: Clock | None = None, seed: int = 1,
        behaviour: Behaviour | None = None, port: int = 0, pages_port: int | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self.clock = clock or Clock()
        self.behaviour = behaviour or Behaviour()
        self.directory, self.faults, self.journal = Directory(), Faults(), Journal()
        self.mistakes: list[Exception] = []
        """What went wrong in the fake itself; leaving it raises the first."""
        self.tokens = Tokens(self.clock, seed)
        self.courier = Courier(self.clock, trust)
        self.graph = Graph(
            self.directory,
            self.tokens,
            self.clock,
            self.behaviour,
            seed,
            self.faults,
            self.journal,
            self.courier,
            trust,
        )
        self.login = Login(self.directory, self.tokens, self.clock)
        self._token_endpoint = TokenEndpoint(self.directory, self.tokens, self.clock, self.behaviour)
        self.control: Callable[[Request, str], Reply] | None = None
        """Answers below `/control/`, where that is open."""
        self._scheme = "https" if tls else "http"
        self._listener = Listener(self.answer, tls, port)
        self._pages: Listener | None = None
        if pages_port is not None:
            self._pages = Listener(self._answer_page, None, pages_port)
            self.login.pages_origin = f"http://127.0.0.1:{self._pages.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self._scheme}://127.0.0.1:{self._listener.port}"

    @property
    def graph_url(self) -> str:
        """What stands for `https://graph.microsoft.com/v1.0`."""
        return f"{self.origin}/v1.0"

    def authority(self, tenant: str) -> str:
        """What stands for `https://login.microsoftonline.com/{tenant}`."""
        return f"{self.origin}/{tenant}"

    def mailbox(self, person: Person) -> Mailbox:
        """The person's mailbox, to look into."""
        return self.graph.mailbox(person)

    def elsewhere(self, person: Person) -> Elsewhere:
        """The person at another client."""
        return Elsewhere(self.graph, person)

    @property
    def sent(self) -> list[Sent]:
        """What was handed in to be sent, by whomever."""
        return self.graph.sent

    @property
    def notices(self) -> list[Notice]:
        """The mails about meetings that calendars caused."""
        return self.graph.notices

    @property
    def subscriptions(self) -> Subscriptions:
        """The subscriptions, to disturb."""
        return self.graph.subscriptions

    def token_for(self, app: App, person: Person, scopes: str) -> str:
        """An access token as if the person had just signed in and allowed these scopes."""
        self.directory.consent(app, person, scopes.split())
        consented = self.directory.consented(app, person)
        return self.tokens.access_token(app, person.tenant, person, consented)[0]

    def expire_delta(self, person: Person) -> None:
        """Void every delta link of the person's mailbox that was given out so far."""
        with self.graph.lock:
            self.graph.mailbox(person).forget()

    def expire_pages(self) -> None:
        """Void every link, of lists as well as of rounds."""
        with self.graph.lock:
            self.graph.links.forget()

    def end_sessions(self, person: Person) -> None:
        """Void the person's tokens, as an administrator or a changed password does."""
        with self.graph.lock:
            self.tokens.revoke(person)

    # Requests

    def answer(self, request: Request) -> Reply:
        """The reply to any request."""
        try:
            return self._answer(request)
        except Exception as error:
            # Not a refusal but a mistake of the fake's own, which must end the test that met it.
            self.mistakes.append(error)
            return Reply(500, f"the fake is wrong: {error!r}".encode(), {"Content-Type": "text/plain"})

    def _answer_page(self, request: Request) -> Reply:
        """The reply to a request for a page; nothing else is told without TLS."""
        if not request.path.endswith(PAGES):
            return html_reply(404, page("Not found", "<p>Only the pages for people are here.</p>"))
        return self.answer(request)

    def _answer(self, request: Request) -> Reply:
        first, _, rest = request.path.lstrip("/").partition("/")
        if first == "control" and self.control is not None:
            return self.control(request, rest)
        if first in _GRAPH:
            return self.graph.answer(request, self.origin)
        fault = self.faults.take(request)
        if fault is not None and not fault.runs:
            reply = Reply(cut=True) if fault.cut else fault.reply(request, self.clock, self._host)
            verdict = f"fault: {fault.name}"
        else:
            reply, verdict = self._identity(first, rest, request)
            if fault is not None:
                verdict = f"fault: {fault.name}"
                changed = fault.reply(request, self.clock, self._host) if fault.status or fault.login else reply
                reply = marred(changed, fault)
        self._write(request, rest, reply, verdict)
        return reply

    @property
    def _host(self) -> str:
        return self.origin.partition("//")[2]

    def _identity(self, tenant: str, path: str, request: Request) -> tuple[Reply, str]:
        with self.graph.lock:
            if path == TOKEN and request.method == "POST":
                return self._token_endpoint.answer(tenant, request, self.origin)
            reply = self.login.answer(tenant, path, request, self.origin)
        if reply is None:
            return html_reply(404, page("Not found", "<p>There is no such page.</p>")), "refused: no such page"
        return reply, "ok" if reply.status < 400 else "refused: see the page"

    def _write(self, request: Request, path: str, reply: Reply, verdict: str) -> None:
        form: dict[str, Any] = dict(request.form) if path == TOKEN else dict(request.query)
        method = f"token: {form.get('grant_type', '')}" if path == TOKEN else path
        # Secrets that were sent stay out of what is kept.
        self.journal.write(
            at=self.clock.now(), verb=request.method, target=request.path, method=method,
            app=str(form.get("client_id", "")), person="", mailbox="", status=0 if reply.cut else reply.status,
            code="", verdict=verdict, in_batch=False, seconds=0.0,
        )  # fmt: skip

    def __enter__(self) -> Self:
        self._listener.__enter__()
        if self._pages:
            self._pages.__enter__()
        self.courier.start()
        return self

    def __exit__(self, kind: object, *exc: object) -> None:
        self._listener.__exit__(kind, *exc)
        if self._pages:
            self._pages.__exit__(kind, *exc)
        self.courier.stop()
        self.graph.subscriptions.close()
        if self.mistakes:
            raise self.mistakes[0]
