"""People and another program change calendars and address books while our processes die and the line to the server
fails: the mirror ends equal, and nothing of either side is lost or there twice.

`make soak` runs it, 3,000 operations (PMSYNC_TEST_OPERATIONS) at a Radicale and at a Xandikos; it is no part of
`make test`.
"""

import os
import random
import re
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest
from django.utils.timezone import now

from apps.calendar.kind import KIND as CALENDAR
from apps.calendar.models import Calendar, Event
from apps.collections.kind import CollectionKind
from apps.contacts.kind import KIND as CONTACTS
from apps.contacts.models import AddressBook, Contact
from apps.outbound.models import OPEN, Command, State
from apps.providers import connections, credentials
from apps.providers.adapters.base import Login
from apps.providers.adapters.dav import Service
from apps.providers.models import AccountStatus, ProviderAccount
from apps.sync import verification
from apps.sync.models import Phase, SyncTarget
from pmsync.private.home import free_port
from tests.dav.servers import Other, xandikos
from tests.fakes.bad_line import BadLine
from tests.faults.chaos import Reaper
from tests.faults.processes import Stack
from tests.providers.radicale import USERS, Radicale
from tests.realtime.server import Valkey
from tests.tenants.fixtures import Cast, Make

pytestmark = [pytest.mark.slow, pytest.mark.soak]

OPERATIONS: Final = int(os.environ.get("PMSYNC_TEST_OPERATIONS", "3000"))
PACE: Final = (0.0, 0.15)
"""Seconds between two operations."""
LOOK: Final = 25
"""Operations between two times that somebody asks for news: DAV does not push."""
FAULTY: Final = 0.08
"""The share of requests that the line does something to."""
EVEN: Final = 240.0
"""Seconds in which beat, sweep and workers bring everything even after the last death."""
KINDS: Final[dict[Service, CollectionKind]] = {Service.CALDAV: CALENDAR, Service.CARDDAV: CONTACTS}
ROWS: Final[dict[Service, Any]] = {Service.CALDAV: Event, Service.CARDDAV: Contact}
PATHS: Final = {Service.CALDAV: "events", Service.CARDDAV: "contacts"}
OURS: Final = {Service.CALDAV: "location", Service.CARDDAV: "notes"}
"""The field that people change."""
LINE: Final = {Service.CALDAV: "LOCATION", Service.CARDDAV: "NOTE"}
THEIRS: Final = "X-ELSEWHERE"
"""The property that the other program changes."""


@dataclass
class Known:
    """What was done to one object: the last value of either side, and whether somebody deleted it."""

    service: Service
    ours: str = ""
    theirs: str = ""
    deleted: str = ""


@dataclass
class Server:
    """A DAV server behind a line that fails; `folder` where a Radicale keeps its data."""

    name: str
    line: BadLine
    homes: dict[Service, str]
    auth: tuple[str, str] | None
    folder: Path | None = None


@pytest.fixture(params=["radicale", "xandikos"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    rng = random.Random(OPERATIONS)
    if request.param == "radicale":
        folder = tmp_path / "radicale"
        folder.mkdir()
        with Radicale(folder) as made, BadLine("127.0.0.1", made.port, rng) as line:
            homes = dict.fromkeys(Service, f"{made.url}/ada/")
            yield Server("radicale", line, homes, ("ada", USERS["ada"]), folder / "data")
    else:
        with xandikos(tmp_path / "xandikos") as url:
            port = urlsplit(url).port or 0
            with BadLine("127.0.0.1", port, rng) as line:
                homes = {Service.CALDAV: f"{url}calendars/", Service.CARDDAV: f"{url}contacts/"}
                yield Server("xandikos", line, homes, None)


@pytest.fixture
def redis_of_its_own(tmp_path: Path) -> Iterator[Valkey]:
    server = Valkey(tmp_path / "valkey")
    server.start()
    yield server
    server.kill()


@dataclass
class World:
    """Both sides, and what they know of each other's doing."""

    server: Server
    account: ProviderAccount
    places: dict[Service, list[str]]
    sign_in: Callable[[], str]
    port: int
    rng: random.Random
    known: dict[str, Known] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    token: str = ""

    def step(self) -> bool:
        """One random thing; False when there was nothing to do it to."""
        service = self.rng.choice(list(Service))
        act = self.rng.choices(
            [self.make, self.change, self.delete, self.move, self.make_there, self.change_there, self.delete_there],
            [14, 30, 5, 5, 14, 28, 4],
        )[0]
        done = act(service)
        self.done[f"{service.value} {act.__name__}"] += done
        return done

    # What people do, over the API.

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """One act: asked for again, under its key, until the web process lives long enough to answer."""
        key, url = str(uuid.uuid4()), f"http://127.0.0.1:{self.port}/api/v1/{path}"
        deadline = time.monotonic() + 60
        while True:
            signed = {"Authorization": f"Bearer {self.token}"} if self.token else {}
            headers = {"Idempotency-Key": key, **signed}
            try:
                answer = httpx.request(method, url, json=body, headers=headers, timeout=20)
                if answer.status_code == 401:
                    self.token = self.sign_in()
                    continue
                if answer.status_code < 500 and answer.status_code != 429:
                    return answer
            except httpx.HTTPError as error:
                if time.monotonic() > deadline:
                    raise AssertionError(f"the web process does not answer: {error}") from error
            time.sleep(0.2)

    def accepted(self, answer: httpx.Response) -> bool:
        """Whether it was; what the other side deleted in this moment is not, and a moment's 409 neither."""
        if answer.status_code != 202:
            assert answer.status_code in (404, 409), answer.text
            self.refused[f"{answer.status_code}"] += 1
        return answer.status_code == 202

    def make(self, service: Service) -> bool:
        """Somebody makes an object."""
        value = f"ours-{self.rng.randrange(10**9)}"
        place: Any
        if service is Service.CALDAV:
            place = self.rng.choice(list(Calendar.objects.all()))
            body: dict[str, Any] = {"title": "Made here", "start": {"at": "2026-12-01T10:00:00", "zone": "Europe/Rome"}}
            if self.rng.random() < 0.3:
                body["rule"] = "FREQ=WEEKLY;COUNT=5"
        else:
            place = AddressBook.objects.get()
            body = {"name": {"given": "Made", "family": "Here"}}
        answer = self.ask("POST", PATHS[service], body | {"collection_id": str(place.pk), OURS[service]: value})
        if not self.accepted(answer):
            return False
        uid = ROWS[service].objects.filter(pk=answer.json()["object"]).values_list("uid", flat=True).first()
        if uid is None:
            return False  # its server refused it already, which the end would show
        self.known[uid] = Known(service, ours=value)
        return True

    def _row(self, service: Service) -> Any:
        living = [uid for uid, one in self.known.items() if one.service is service and not one.deleted]
        if not living:
            return None
        return ROWS[service].objects.filter(uid=self.rng.choice(living), leaving=None, refused="").first()

    def change(self, service: Service) -> bool:
        """Somebody changes our field of an object."""
        row = self._row(service)
        if row is None:
            return False
        value = f"ours-{self.rng.randrange(10**9)}"
        if not self.accepted(self.ask("PATCH", f"{PATHS[service]}/{row.pk}", {OURS[service]: value})):
            return False
        self.known[row.uid].ours = value
        return True

    def delete(self, service: Service) -> bool:
        """Somebody deletes an object."""
        row = self._row(service)
        if row is None or not self.accepted(self.ask("DELETE", f"{PATHS[service]}/{row.pk}", {})):
            return False
        self.known[row.uid].deleted = "here"
        return True

    def move(self, service: Service) -> bool:
        """Somebody moves an event, where the server moves it in one step: else a change there may leave two."""
        row = self._row(service) if service is Service.CALDAV and self.server.name == "radicale" else None
        if row is None:
            return False
        place = self.rng.choice(list(Calendar.objects.exclude(pk=row.collection_id)))
        return self.accepted(self.ask("POST", f"events/{row.pk}/move", {"collection_id": str(place.pk)}))

    # What the other program does, at the server itself.

    def other(self, service: Service) -> Other:
        return Other(service, self.server.homes[service], self.server.auth)

    def make_there(self, service: Service) -> bool:
        """It makes an object."""
        uid = str(uuid.uuid4())
        path = self.other(service).put(self.rng.choice(self.places[service]), "Made elsewhere", uid)
        assert path
        self.known[uid] = Known(service)
        return True

    def _there(self, service: Service) -> tuple[str, str, httpx.Response] | None:
        row = self._row(service)
        if row is None:
            return None
        held = self.other(service).request("GET", row.remote_id)
        return (row.uid, row.remote_id, held) if held.status_code == 200 else None

    def change_there(self, service: Service) -> bool:
        """It changes its property of an object that is still as it read it."""
        found = self._there(service)
        if found is None:
            return False
        uid, path, held = found
        value = f"theirs-{self.rng.randrange(10**9)}"
        lines = re.sub(rf"{THEIRS}:[^\r\n]*\r?\n", "", held.text)
        end = "END:VEVENT" if service is Service.CALDAV else "END:VCARD"
        text = lines.replace(end, f"{THEIRS}:{value}\r\n{end}", 1)
        headers = {"Content-Type": held.headers["Content-Type"], "If-Match": held.headers["ETag"]}
        if self.other(service).request("PUT", path, text.encode(), **headers).status_code not in (200, 201, 204):
            return False
        self.known[uid].theirs = value
        return True

    def delete_there(self, service: Service) -> bool:
        """It deletes an object that is still as it read it."""
        found = self._there(service)
        if found is None:
            return False
        uid, path, held = found
        answer = self.other(service).request("DELETE", path, b"", **{"If-Match": held.headers["ETag"]})
        if answer.status_code not in (200, 204):
            return False
        self.known[uid].deleted = "there"
        return True

    def look(self) -> None:
        """Somebody asks for news; a Radicale has forgotten its sync-tokens now and then."""
        self.ask("POST", f"accounts/{self.account.pk}/sync", {})
        if self.server.folder is not None and self.rng.random() < 0.3:
            for path in self.server.folder.glob("collection-root/*/*/.Radicale.cache/sync-token/*"):
                path.unlink(missing_ok=True)

    # How it ends.

    def differences(self) -> list[str]:
        """What is not even yet."""
        left = [f"{each.kind} {each.action} {each.state} {each.error_reason}" for each in Command.objects.filter(OPEN)]
        for kind in KINDS.values():
            with connections.adapter(self.account, kind) as adapter:
                left += [str(each) for each in kind.compare(adapter, self.account).differences]
        return left

    def held(self) -> dict[str, list[str]]:
        """All texts at the server, by the UID."""
        found: dict[str, list[str]] = {}
        for service in Service:
            for place in self.places[service]:
                headers = {"Depth": "1", "Content-Type": "application/xml"}
                body = b'<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>'
                answer = self.other(service).request("PROPFIND", place, body, **headers)
                for path in re.findall(r"<(?:\w+:)?href>([^<]+\.(?:ics|vcf))</", answer.text):
                    text = self.other(service).request("GET", path).text
                    uid = re.search(r"^UID:(\S+)", text, re.MULTILINE)
                    assert uid is not None, text
                    found.setdefault(uid[1], []).append(text)
        return found


def connected(cast: Cast, server: Server, places: dict[Service, list[str]]) -> ProviderAccount:
    """An account whose calendars and address books are wanted at once."""
    where: dict[str, Any] = {"trusted": []}
    for service, paths in places.items():
        homes = [f"{server.line.url}{path}" for path in paths]
        where[service.value] = {"url": homes[0], "principal": None, "homes": homes}
    account = ProviderAccount(
        owner_id=cast.owner.user_id, address=cast.owner.user.email, provider_type="imap", settings=where,
        status=AccountStatus.ACTIVE, import_started_at=now(),
    )  # fmt: skip
    credentials.seal(account, Login(*(server.auth or ("nobody", "nothing"))))
    account.save()
    for kind in KINDS.values():
        SyncTarget.objects.create(
            tenant=cast.tenant, account_id=account.pk, kind=kind.name, provider_type="imap", host="127.0.0.1",
            due_at=now(), phase=Phase.INITIAL, wanted_at=now(), wanted_because="user",
        )  # fmt: skip
    return account


def test_both_sides_change_everything_amid_deaths_and_a_bad_line(
    make: Make, cast: Cast, server: Server, redis_of_its_own: Valkey, tmp_path: Path
) -> None:
    rng = random.Random(OPERATIONS)
    places = {
        service: [
            Other(service, server.homes[service], server.auth).make(f"c{uuid.uuid4().hex[:8]}")
            for _ in range(2 if service is Service.CALDAV else 1)
        ]
        for service in Service
    }
    with cast.inside(), Stack.running(tmp_path, redis_of_its_own.url, free_port()) as stack:
        account = connected(cast, server, places)
        world = World(server, account, places, lambda: make.token(cast.owner), stack.port, rng)
        deadline = time.monotonic() + 60
        while Calendar.objects.count() < 2 or AddressBook.objects.count() < 1:
            assert time.monotonic() < deadline, "the collections were not imported"
            time.sleep(0.2)
        reaper = Reaper(stack, redis_of_its_own, rng)
        server.line.share = FAULTY
        number = 0
        while number < OPERATIONS:
            number += world.step()
            reaper.perhaps()
            if number % LOOK == 0:
                world.look()
            time.sleep(rng.uniform(*PACE))
        server.line.share = 0
        begun = time.monotonic()
        world.look()
        while left := world.differences():
            stack.tend()
            if time.monotonic() - begun > EVEN:
                pytest.fail(f"not even: {left[:20]}\n{world.done}", pytrace=False)
            time.sleep(2)
        print(
            f"{server.name}: {OPERATIONS} operations {dict(world.done)}, refused {dict(world.refused)}, deaths "
            f"{dict(reaper.deaths)}, line {dict(server.line.faults)}, even after {time.monotonic() - begun:.1f} s"
        )
        verified = verification.verify(account, settle=2)
        assert [(item.differences, item.obstacle) for item in verified] == [((), "")] * len(KINDS)
        nothing_lost(world)


def nothing_lost(world: World) -> None:
    """Every object is there once, with the last word of either side; what was deleted is gone, or its deleting was
    refused because the other side had changed it, or its changing brought it back."""
    held = world.held()
    assert {uid: len(texts) for uid, texts in held.items() if len(texts) > 1} == {}
    assert set(held) <= set(world.known), "somebody made what nobody asked for"
    failed = Command.objects.filter(state=State.FAILED)
    lost = [f"{each.kind} {each.action} {each.args}: {each.error_reason}" for each in failed if each.action != "delete"]
    assert lost == []
    kept = {uid for command in failed for uid in _uids(command)}
    wrong = []
    for uid, one in world.known.items():
        texts = held.get(uid, [])
        if one.deleted == "here" and (bool(texts) != (uid in kept)):
            wrong.append((uid, one, "deleted here, and there"))
        if one.deleted or not texts:
            if not one.deleted:
                wrong.append((uid, one, "lost"))
            continue
        text = texts[0].replace("\r\n ", "")
        if one.ours and f"{LINE[one.service]}:{one.ours}" not in text:
            wrong.append((uid, one, f"our value lost: {text}"))
        if one.theirs and f"{THEIRS}:{one.theirs}" not in text:
            wrong.append((uid, one, f"their value lost: {text}"))
    assert wrong == []


def _uids(command: Command) -> Iterator[str]:
    for rows in ROWS.values():
        yield from rows.objects.filter(pk__in=command.concerns).values_list("uid", flat=True)
