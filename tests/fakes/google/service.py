"""Google, simulated: one object that holds all state, and one port of the loopback that speaks for every host.

with Google() as google:
    anna = google.person("anna@firm.example", "Anna")
    client = google.client("http://127.0.0.1:8000/callback")
    token = google.grant("anna@firm.example", client, ["https://www.googleapis.com/auth/gmail.modify"])
    gmail = build_from_document(google.document("gmail"), credentials=google.credentials(token))
"""

import json
import random
import ssl
import threading
from collections.abc import Iterable
from typing import Any, Self

from google.oauth2.credentials import Credentials
from tests.fakes.google import company, discovery
from tests.fakes.google.calendar import channels, lists, reading, writing
from tests.fakes.google.calendar.agenda import Agenda
from tests.fakes.google.clock import Clock
from tests.fakes.google.consent import AUTHORIZE, DECISION, Consent
from tests.fakes.google.control import PATH, Control
from tests.fakes.google.courier import Courier
from tests.fakes.google.cursors import Cursors
from tests.fakes.google.dispatch import Dispatcher, refused, spoiled
from tests.fakes.google.elsewhere import Elsewhere
from tests.fakes.google.faults import CARRIED_OUT, EFFECTS, Fault, Faults
from tests.fakes.google.gmail import drafts, history, labels, messages, threads
from tests.fakes.google.gmail.post_office import PostOffice
from tests.fakes.google.grants import Client, Grants, Person, Refresh, normal
from tests.fakes.google.journal import Entry, Journal
from tests.fakes.google.keys import KeyRing
from tests.fakes.google.oauth import OAuth
from tests.fakes.google.people import contacts, groups, listing
from tests.fakes.google.people.address_book import AddressBook
from tests.fakes.google.pubsub import methods
from tests.fakes.google.pubsub.broker import Pubsub
from tests.fakes.google.quotas import Quotas
from tests.fakes.google.refusals import refuse
from tests.fakes.google.uploads import Uploads
from tests.fakes.google.wire import Reply, Request, Wire

PROJECT = "pmsync-simulated"
COMMANDED = 2_000
"""Entries that the journal of a process keeps: it runs for long, and bodies are large."""
HANDLED = (
    channels, lists, reading, writing, drafts, history, labels, messages, threads, contacts, groups, listing,
    methods, company,
)  # fmt: skip
"""Modules that serve methods: importing them is what registers these."""


class Google:
    """Listens from the moment it is made until `stop`."""

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        seed: int = 0,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        control: bool = False,
    ) -> None:
        self.clock = clock or Clock()
        self.random = random.Random(seed)
        self.lock = threading.RLock()
        """Held while the state is read or changed."""
        self.journal = Journal(COMMANDED if control else None)
        self.faults = Faults()
        self.cursors = Cursors(self.clock)
        self.quotas = Quotas(self.clock)
        self.grants = Grants(self.clock)
        self.keys = KeyRing()
        self.consent = Consent(self.grants)
        self.oauth = OAuth(self.grants, self.keys, self.consent)
        self.uploads = Uploads()
        self.courier = Courier(self.clock)
        self.pubsub = Pubsub(self.clock, self.courier, self.keys)
        self.gmail = PostOffice(self.clock, self.random, self.pubsub.publish)
        self.agenda = Agenda(self.clock, self.random)
        self.channels = channels.Channels(self.clock, self.courier)
        self.agenda.changed = self.channels.changed
        self.people: dict[str, AddressBook] = {}
        self.people_takes_file_ases = False
        """The discovery document lists `fileAses` in no mask; True takes it all the same."""
        self.disabled: set[tuple[str, str]] = set()
        """Project and API pairs that nobody enabled in the console."""
        self.crashes: list[Exception] = []
        """Mistakes of the fake itself: a test that finds one here proves nothing."""
        self.elsewhere = Elsewhere(self)
        self._control = Control(self) if control else None
        self._dispatcher = Dispatcher(self)
        self._wire = Wire(self.handle, port, tls)
        self.root = f"{'https' if tls else 'http'}://127.0.0.1:{self._wire.port}"
        self.oauth.root = self.root

    # Living

    def start(self) -> None:
        """Serve."""
        self._wire.start()
        self.courier.open()

    def stop(self) -> None:
        """Close everything."""
        self.courier.close()
        self._wire.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    # Setting up

    def person(self, email: str, name: str = "", *, zone: str = "UTC") -> Person:
        """A Google account with nothing in it yet. Raises ValueError for one that is there."""
        with self.lock:
            if email in self.grants.people:
                raise ValueError(f"{email} has an account")
            person = Person(email, name)
            self.grants.people[email] = person
            self.gmail.open(email)
            self.agenda.open(email, zone)
            self.people[email] = AddressBook(email, self.clock, self.random)
            return person

    def client(self, *redirects: str, project: str = PROJECT, testing: bool = False) -> Client:
        """An OAuth client of a project."""
        number = len(self.grants.clients) + 1
        name = f"{number:012d}-simulated.apps.googleusercontent.com"
        return self.grants.new_client(
            id=name, secret=f"GOCSPX-simulated-{number}", redirects=redirects, project=project, testing=testing
        )

    def grant(self, user: str, client: Client, scopes: Iterable[str]) -> Refresh:
        """A refresh token as if the person had consented."""
        with self.lock:
            wanted = normal(scopes)
            known = (user, client.project)
            self.grants.consented[known] = self.grants.consented.get(known, frozenset()) | wanted
            return self.grants.issue_refresh(user, client, wanted)

    def credentials(self, token: Refresh) -> Credentials:
        """What google-auth makes of a refresh token."""
        client = self.grants.clients[token.client]
        return Credentials(  # type: ignore[no-untyped-call]  # google-auth types only a part
            None,
            refresh_token=token.token,
            token_uri=f"{self.root}/token",
            client_id=client.id,
            client_secret=client.secret,
        )

    def document(self, api: str) -> dict[str, Any]:
        """The discovery document of `gmail`, `calendar`, `people`, `pubsub` or `directory`, pointed here."""
        return discovery.pointed_at(api, self.root)

    # Answering

    def handle(self, request: Request) -> Reply:
        """One request, journalled whatever becomes of it."""
        if self._control and request.path.startswith(PATH):
            return self._control.answer(request)
        entry = self.journal.open(self.clock.now(), request.method, request.path)
        entry.headers, entry.body = dict(request.headers), request.body
        try:
            reply = self._route(request, entry)
        except Exception as crash:  # a mistake of the fake must not look like a fault of the wire
            self.crashes.append(crash)
            entry.verdict = f"crash: {crash!r}"
            reply = Reply(500, b"The simulation itself failed.\n", {"Content-Type": "text/plain"})
        entry.status, entry.answer = (0, b"") if reply.cut else (reply.status, reply.body)
        return reply

    def _route(self, request: Request, entry: Entry) -> Reply:
        served = {
            ("GET", AUTHORIZE): self.consent.authorize,
            ("GET", "/o/oauth2/auth"): self.consent.authorize,
            ("POST", DECISION): self.consent.decision,
            ("POST", "/token"): self._token,
            ("POST", "/revoke"): self.oauth.revoke,
            ("GET", "/tokeninfo"): self.oauth.tokeninfo,
            ("GET", "/oauth2/v1/certs"): lambda _: _json(self.keys.certificates()),
            ("GET", "/oauth2/v3/certs"): lambda _: _json(self.keys.jwks()),
            ("GET", "/v1/userinfo"): self._userinfo,
            ("GET", "/oauth2/v3/userinfo"): self._userinfo,
            ("GET", "/.well-known/openid-configuration"): lambda _: self.oauth.configuration(),
        }
        answer = served.get((request.method, request.path))
        if answer is None:
            return self._dispatcher.answer(request, entry)
        entry.method = f"oauth.{request.path.rpartition('/')[2]}"
        fault = self.faults.take(entry.method, "")
        if fault and not fault.after and fault.kind not in CARRIED_OUT:
            return self._faulty(fault, entry, None)
        with self.lock:
            reply = self._token(request, entry) if request.path == "/token" else answer(request)
        entry.committed = reply.status < 400
        entry.verdict = "served" if reply.status < 400 else _error_of(reply)
        return self._faulty(fault, entry, reply) if fault else reply

    def _token(self, request: Request, entry: Entry | None = None) -> Reply:
        reply, user, client = self.oauth.token(request)
        if entry:
            entry.user, entry.client = user, client
        return reply

    def _userinfo(self, request: Request) -> Reply:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        access = self.grants.bearer(token) if scheme.lower() == "bearer" else None
        if access is None:
            return refused(refuse("unauthenticated"), discovery.load("people"))
        return self.oauth.userinfo(access)

    def _faulty(self, fault: Fault, entry: Entry, reply: Reply | None) -> Reply:
        """Faults of the token endpoint speak its own language."""
        entry.verdict = f"fault: {fault.kind}"
        if fault.kind in EFFECTS:
            return spoiled(fault, reply)
        refusal = fault.refusal("oauth2.googleapis.com")
        status = refusal.status
        name = "internal_failure" if status == 500 else "temporarily_unavailable" if status > 500 else "access_denied"
        body = {"error": name, "error_description": refusal.message}
        return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json", **fault.headers})


def _json(body: Any) -> Reply:
    headers = {"Content-Type": "application/json; charset=UTF-8", "Cache-Control": "public, max-age=20000"}
    return Reply(200, json.dumps(body).encode(), headers)


def _error_of(reply: Reply) -> str:
    try:
        return str(json.loads(reply.body)["error"])
    except (ValueError, KeyError, TypeError):
        return "refused"
