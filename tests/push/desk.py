"""What the tests of notifications stand on: our webhooks behind a port of their own, and the queue worked by hand."""

import ssl
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from celery import current_app
from celery.signals import before_task_publish
from django.db import connection
from django.test import Client
from django.utils.timezone import now

from apps.providers.push.models import PushRoute
from apps.sync.models import SyncTarget
from tests.cross.stages import Stage
from tests.fakes.google.service import PROJECT
from tests.fakes.web_server import Reply, Request, WebServer
from tests.providers.clouds import GoogleSide, MicrosoftSide

TOPIC: Final = f"projects/{PROJECT}/topics/mail"
SUBSCRIPTION: Final = f"projects/{PROJECT}/subscriptions/pmsync"
PUSHER: Final = f"push@{PROJECT}.iam.gserviceaccount.com"
OURS: Final = ("sync.run", "sync.backfill", "push.", "outbound.run")


@dataclass
class Front:
    """Our web process as providers reach it: over TLS, at `url`. While it is `down` it answers 503."""

    down: bool = False
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    @contextmanager
    def open(self, tls: ssl.SSLContext) -> Iterator["Front"]:
        """Listen for the length of the block."""
        with WebServer(self._answer, tls) as server:
            self.url, self.requests = f"https://127.0.0.1:{server.port}", server.requests
            yield self

    def _answer(self, request: Request) -> Reply:
        if self.down:
            return Reply(503)
        kind = request.headers.get("content-type", "")
        headers = {name: value for name, value in request.headers.items() if name not in ("host", "content-length")}
        try:
            got = Client().generic(
                request.method, request.path, request.body, content_type=kind, secure=True, headers=headers
            )  # fmt: skip
            self.statuses.append(got.status_code)
            return Reply(got.status_code, got.content, dict(got.headers.items()))
        finally:
            connection.close()


class Queue:
    """The tasks that are enqueued while it is open, carried out when a test says so."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, tuple[str, ...], bool]] = deque()
        self.done: list[str] = []

    @contextmanager
    def open(self) -> Iterator["Queue"]:
        """Take what is enqueued for the length of the block."""
        before_task_publish.connect(self._took, weak=False)
        try:
            yield self
        finally:
            before_task_publish.disconnect(self._took)

    def _took(self, sender: str = "", body: Any = None, headers: Any = None, **_: Any) -> None:
        if sender.startswith(OURS):
            self._waiting.append((sender, tuple(body[0]), bool(headers.get("eta"))))

    def names(self) -> list[str]:
        """What waits."""
        return [name for name, _, _ in self._waiting]

    def forget(self) -> None:
        """The broker was lost."""
        self._waiting.clear()

    def work(self, *, later: bool = True) -> list[str]:
        """Carry out what waits and what follows from it; what is for later as well, unless told otherwise."""
        current_app.loader.import_default_modules()  # as a worker does
        ran: list[str] = []
        kept = []
        while self._waiting:
            name, arguments, put_off = self._waiting.popleft()
            if put_off and not later:
                kept.append((name, arguments, put_off))
                continue
            assert len(ran) < 500, f"without end: {ran[-10:]}"
            current_app.tasks[name](*arguments)
            ran.append(name)
        self._waiting.extend(kept)
        self.done += ran
        return ran


@dataclass
class Desk:
    """An account at a provider that tells of changes, and all that a test looks at."""

    stage: Stage
    side: GoogleSide | MicrosoftSide
    front: Front
    queue: Queue

    @property
    def surfaces(self) -> tuple[str, ...]:
        """What the provider tells of."""
        return ("mail", "calendar") if isinstance(self.side, GoogleSide) else ("mail", "calendar", "contacts")

    @property
    def google(self) -> Any:
        """The simulated Google."""
        assert isinstance(self.side, GoogleSide)
        return self.side.google

    @property
    def microsoft(self) -> Any:
        """The simulated Microsoft."""
        assert isinstance(self.side, MicrosoftSide)
        return self.side.microsoft

    def arrived(self) -> None:
        """Wait until the provider has no notification left."""
        (self.google if isinstance(self.side, GoogleSide) else self.microsoft).courier.settle()

    def told(self) -> list[str]:
        """Let notifications arrive and do what they ask for; the names of the tasks."""
        self.arrived()
        return self.queue.work()

    def quiet(self) -> None:
        """Until neither side has anything left to say."""
        for _ in range(10):
            if not self.told():
                return
        raise AssertionError("they talk without end")

    def routes(self, surface: str = "") -> list[PushRoute]:
        """The account's routes."""
        rows = PushRoute.objects.filter(account_id=self.stage.account.pk).order_by("surface", "part")
        return list(rows.filter(surface=surface) if surface else rows)

    def route(self, surface: str) -> PushRoute:
        """The one that tells of what this test changes: of a calendar itself, not of the list of them."""
        return max(self.routes(surface), key=lambda row: bool(row.part))

    def target(self, kind: str) -> SyncTarget:
        """The engine's row."""
        return SyncTarget.objects.get(account_id=self.stage.account.pk, kind=kind)

    def due(self, **which: Any) -> int:
        """Let the time of routes have come, and the tick find them."""
        from apps.providers.push import upkeep

        PushRoute.objects.filter(account_id=self.stage.account.pk, **which).update(due_at=now(), queued_at=None)
        return upkeep.tick()

    def poll(self, kind: str) -> None:
        """The scheduler's own look."""
        from apps.sync import lease, runs, targets

        target = self.target(kind)
        SyncTarget.objects.filter(pk=target.pk).update(wanted_at=None, wanted_because="", queued_at=None)
        targets.request(target.pk, "schedule")
        with lease.take(target.pk) as held:
            assert held is not None
            assert held.claim_wanted()
            runs.catch_up(held)
        self.queue.forget()

    def held(self) -> list[str]:
        """What the provider holds: the surfaces it tells of, each as often as it would."""
        if isinstance(self.side, MicrosoftSide):
            kinds = {"message": "mail", "event": "calendar", "contact": "contacts"}
            return sorted(kinds[one.resource.kind] for one in self.microsoft.subscriptions.active())
        told = ["mail"] * len(self.google.gmail.watches)
        channels = self.google.channels
        alive = [one for one in channels.opened.values() if channels._alive(one)]
        return sorted(told + ["list" if one.resource.startswith("list/") else "calendar" for one in alive])


def change(desk: Desk, surface: str, name: str) -> Any:
    """Something new at the provider; a function that says whether it is in our mirror."""
    from tests.cross.stages import START, letter, new_message_id
    from tests.cross.test_scenarios import people, week

    stage = desk.stage
    if surface == "mail":
        from apps.mail.models import Message

        message_id = new_message_id()
        stage.elsewhere.deliver(letter(name, message_id))
        return lambda: Message.objects.filter(message_id=message_id, orphaned_at=None).exists()
    if surface == "calendar":
        stage.elsewhere.add_event(name, START)
        return lambda: name in week(stage)
    stage.elsewhere.add_contact(name, "Dotti")
    return lambda: f"{name} Dotti" in people(stage)
