"""Microsoft Graph: every request is checked against its declaration before a handler sees it."""

import base64
import binascii
import json
import re
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from tests.fakes.microsoft.attachments import Upload
from tests.fakes.microsoft.behaviour import Behaviour
from tests.fakes.microsoft.call import HANDLERS, UNLOCKED, Call
from tests.fakes.microsoft.clock import Clock, sleep
from tests.fakes.microsoft.directory import Directory, Person
from tests.fakes.microsoft.errors import GraphRefusal, graph_body, refuse
from tests.fakes.microsoft.faults import Faults, marred
from tests.fakes.microsoft.journal import Journal
from tests.fakes.microsoft.listing import LINKS, Links
from tests.fakes.microsoft.mailbox import Mailbox
from tests.fakes.microsoft.meetings import Notice
from tests.fakes.microsoft.notifications import Courier
from tests.fakes.microsoft.permissions import bearer, check_permission
from tests.fakes.microsoft.post import Sent
from tests.fakes.microsoft.query import Query, read_prefer, read_query
from tests.fakes.microsoft.routing import Found, find
from tests.fakes.microsoft.schema import Route, check
from tests.fakes.microsoft.subscriptions import Subscriptions
from tests.fakes.microsoft.throttling import Throttle
from tests.fakes.microsoft.tokens import Access, Tokens
from tests.fakes.microsoft.web import Reply, Request, json_reply

BODY_LIMIT: Final = 4 * 1024 * 1024
_STANDARD: Final = re.compile(rb"[A-Za-z0-9+/\s]*={0,2}\s*")
_NOBODY: Final = Route("", "", "unknown")


class Graph:
    """The service's state, and the way of a request through it. All state is read and written under `lock`."""

    def __init__(
        self, directory: Directory, tokens: Tokens, clock: Clock, behaviour: Behaviour, seed: int, faults: Faults,
        journal: Journal, courier: Courier, trust: ssl.SSLContext | None,
    ) -> None:  # fmt: skip
        self.directory, self.tokens, self.clock, self.behaviour = directory, tokens, clock, behaviour
        self.seed, self.faults, self.journal = seed, faults, journal
        self.lock = threading.RLock()
        self.links = Links()
        self.throttle = Throttle(clock, behaviour)
        self.mailboxes: dict[str, Mailbox] = {}
        self.sent: list[Sent] = []
        self.notices: list[Notice] = []
        self.uploads: dict[str, Upload] = {}
        self._later: list[tuple[datetime, Callable[[], None]]] = []
        courier.tick = self.catch_up
        self._opened: list[Callable[[Mailbox], None]] = []
        self.subscriptions = Subscriptions(self, courier, trust)

    def mailbox(self, person: Person) -> Mailbox:
        """The person's mailbox, made when it is first asked for."""
        with self.lock:
            if person.id not in self.mailboxes:
                self.mailboxes[person.id] = Mailbox(person, self.clock, self.seed, self._after_a_move)
                for opened in self._opened:
                    opened(self.mailboxes[person.id])
            return self.mailboxes[person.id]

    def _after_a_move(self, action: Callable[[], None]) -> None:
        self.later(self.behaviour.move_shows_after, action)

    def when_opened(self, opened: Callable[[Mailbox], None]) -> None:
        """Hear of each mailbox that is made."""
        self._opened.append(opened)

    def later(self, after: timedelta, action: Callable[[], None]) -> None:
        """Do it when the clock has moved on by so much; at once where that is nothing."""
        if after <= timedelta():
            action()
        else:
            self._later.append((self.clock.now() + after, action))

    def catch_up(self) -> None:
        """Do what is due."""
        with self.lock:
            due = [action for at, action in self._later if at <= self.clock.now()]
            self._later = [(at, action) for at, action in self._later if at > self.clock.now()]
            for action in due:
                action()

    # A request

    def answer(self, request: Request, origin: str, *, outer: Access | None = None) -> Reply:
        """The reply, journalled. `outer` is who sent the batch that this is a part of."""
        fault = self.faults.take(request)
        seen = _Seen(request, in_batch=outer is not None)
        if fault is not None and not fault.runs:
            seen.verdict = f"fault: {fault.name}"
            reply = Reply(cut=True) if fault.cut else fault.reply(request, self.clock, origin.removeprefix("https://"))
        else:
            reply = self._carried_out(request, origin, outer, seen)
            if fault is not None:
                seen.verdict = f"fault: {fault.name}"
                if fault.status:
                    reply = fault.reply(request, self.clock, origin.removeprefix("https://"))
                reply = marred(reply, fault)
        seen.write(self, reply)
        return reply

    def _carried_out(self, request: Request, origin: str, outer: Access | None, seen: "_Seen") -> Reply:
        request_id = str(uuid4())
        try:
            reply = self._checked(request, origin, outer, seen)
        except GraphRefusal as refusal:
            seen.verdict, seen.code = f"refused: {refusal.why}", refusal.code
            body = graph_body(
                refusal.code, refusal.message, self.clock.now(), request_id, request.header("client-request-id")
            )
            reply = json_reply(refusal.status, body, refusal.headers)
        reply.headers.setdefault("request-id", request_id)
        if request.header("client-request-id"):
            reply.headers["client-request-id"] = request.header("client-request-id")
        return reply

    def _checked(self, request: Request, origin: str, outer: Access | None, seen: "_Seen") -> Reply:
        version, _, path = request.path.lstrip("/").partition("/")
        if version != "v1.0":
            raise refuse("version", version=version)
        if path.startswith("uploads/"):
            return self._upload(request, origin, find(request.method, path), seen)
        access = outer or bearer(request, self.tokens, self.clock)
        seen.access = access
        found = find(request.method, path)
        seen.route = found.route
        with self.lock:
            person = self._person(found, access)
            seen.person = person
            check_permission(found.route, access, person, self)
        key = (access.app.id, person.id if person else access.tenant.id)
        body = request.body if request.method in ("POST", "PUT", "PATCH") else b""
        # A batch is a parcel: what is in it counts, one by one.
        slot = self.throttle.entered(key, len(body)) if found.route.level != "batch" else nullcontext()
        with slot:
            sleep(self.behaviour.latency)
            return self._handled(request, found, access, person, origin)

    def _person(self, found: Found, access: Access) -> Person | None:
        if found.user is None:
            return access.person
        if found.user == "me":
            if access.person is None:
                raise refuse("me without user")
            return access.person
        person = self.directory.find_person(found.user)
        if person is None or person.tenant is not access.tenant:
            raise refuse("user", user=found.user)
        return person

    def _handled(self, request: Request, found: Found, access: Access, person: Person | None, origin: str) -> Reply:
        route = found.route
        query = read_query(request.query, route)
        prefer = read_prefer(request.header("prefer"))
        if any(option in query.custom for option in LINKS):
            query = Query(custom=query.custom)
        call = Call(self, request, route, found.params, access, query, prefer, origin=origin, base=found.base)
        read_body(call)
        handler = HANDLERS[route.name]
        self.catch_up()
        if route.name in UNLOCKED:
            reply = handler(call)
        else:
            with self.lock:
                call.owner = self.mailbox(person) if person else None
                reply = handler(call)
        if prefer.applied and reply.status < 400:
            reply.headers["Preference-Applied"] = ", ".join(prefer.applied)
        return reply

    def _upload(self, request: Request, origin: str, found: Found, seen: "_Seen") -> Reply:
        seen.route = found.route
        if request.header("authorization"):
            raise refuse("upload authorization")
        with self.lock:
            upload = self.uploads.get(found.params["upload"])
        if upload is None:
            raise refuse("upload session")
        person = upload.mailbox.person
        seen.access, seen.person = upload.access, person
        query = read_query(request.query, found.route)
        call = Call(self, request, found.route, found.params, upload.access, query, read_prefer(""), origin=origin)
        with self.throttle.entered((upload.access.app.id, person.id), len(request.body)):
            sleep(self.behaviour.latency)
            with self.lock:
                return HANDLERS[found.route.name](call)


class _Seen:
    """What is learned about a request on its way, for the journal."""

    def __init__(self, request: Request, *, in_batch: bool) -> None:
        self.request, self.began, self.in_batch = request, time.monotonic(), in_batch
        self.access: Access | None = None
        self.route = _NOBODY
        self.person: Person | None = None
        self.verdict, self.code = "ok", ""

    def write(self, graph: Graph, reply: Reply) -> None:
        """Put it into the journal."""
        graph.journal.write(
            at=graph.clock.now(), verb=self.request.method, target=self.request.target, method=self.route.name,
            app=self.access.app.id if self.access else "",
            person=self.access.person.address if self.access and self.access.person else "",
            mailbox=self.person.address if self.person else "", status=0 if reply.cut else reply.status,
            code=self.code, verdict=self.verdict, in_batch=self.in_batch,
            seconds=time.monotonic() - self.began,
        )  # fmt: skip


def read_body(call: Call) -> None:
    """Read and check the body that the route takes. Raises when it is not one."""
    route, request = call.route, call.request
    if route.raw or route.takes is None:
        return
    if not request.body:
        if not route.optional_body:
            raise refuse("no body")
        return
    if len(request.body) > BODY_LIMIT:
        raise refuse("large")
    kind = request.header("content-type").partition(";")[0].strip().lower()
    if kind == "text/plain" and route.mime:
        call.mime = _mime(request.body)
        return
    if kind != "application/json":
        raise refuse("media type", type=kind)
    try:
        body: Any = json.loads(request.body)
    except ValueError:
        raise refuse("json") from None
    call.body = check(body, route.takes, route.purpose)


def _mime(body: bytes) -> bytes:
    """The message in standard base64; the alphabet of URLs and missing padding are refused."""
    if not _STANDARD.fullmatch(body):
        raise refuse("base64")
    try:
        raw = base64.b64decode(re.sub(rb"\s", b"", body), validate=True)
    except binascii.Error:
        raise refuse("base64") from None
    if b":" not in raw.split(b"\n", 1)[0]:
        raise refuse("mime")
    return raw


def part_of(call: Call, request: Request) -> Reply:
    """Carry out one part of a batch, as whoever sent the batch."""
    return call.graph.answer(request, call.origin, outer=call.access)
