"""A week of 50,000 events, and calendars and contacts brought in. `make bench-calendar`

A week's view over 40 calendars beside a plain SQL range query on rows that were expanded before; a sync of 20
collections in which nothing happened; the first import of 5,000 events and of 10,000 contacts from Radicale and
the sync after it, beside vdirsyncer's in the same run. Prints one JSON line for each figure.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from tests.bench import installation
from tests.bench.results import show

CALENDARS: Final = 40
COLLECTIONS: Final = 20
REPEATING: Final = 0.15
"""Share of the events that repeat: what two offices' calendars had."""
ENDLESS: Final = 0.1
"""Share of the series without an end: each change of "this and the following" ends one and begins another."""
RULES: Final = (
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=2", "FREQ=MONTHLY;BYDAY=1TU",
    "FREQ=WEEKLY;BYDAY=TU,TH", "FREQ=YEARLY", "FREQ=DAILY;INTERVAL=2",
)  # fmt: skip
WEEK: Final = datetime(2026, 11, 30, tzinfo=UTC)
STAMP: Final = "20260101T000000Z"
VDIRSYNCER: Final = "vdirsyncer==0.21.0"
ROUNDS: Final = 9


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--imported", type=int, default=5_000, help="events; twice as many contacts")
    options = parser.parse_args()
    os.environ["EMAIL_SYNC_SLICE_SECONDS"] = "3600"
    with installation.durable() as folder:
        week(options.events)
        imports(folder, options.imported)


def text_of(number: int, rng: random.Random, share: float = REPEATING) -> bytes:
    """An event like those of an office, within a year and a half of the week."""
    from apps.providers.adapters import ical

    start = WEEK + timedelta(days=rng.randint(-400, 150), minutes=30 * rng.randint(14, 38))
    zone = rng.choice(("Europe/Rome", "Europe/Rome", "UTC", "America/New_York"))
    at = {"at": f"{start:%Y-%m-%dT%H:%M:%S}", "zone": zone}
    end = {"at": f"{start + timedelta(minutes=rng.choice((15, 30, 60, 90))):%Y-%m-%dT%H:%M:%S}", "zone": zone}
    fields: dict[str, Any] = {"title": f"Event {number}", "location": f"Room {number % 30}", "start": at, "end": end}
    if rng.random() < share:
        until = "" if rng.random() < ENDLESS else f";COUNT={rng.randint(3, 30)}"
        fields["rule"] = rng.choice(RULES) + until
    return ical.new(fields, f"event-{number}", STAMP)


def week(count: int) -> None:
    """The view of one week, and the same rows read from a table in which every instance is a row."""
    from django.db import connection

    from apps.calendar import queries
    from apps.calendar.kind import KIND
    from apps.calendar.models import Calendar, Event
    from apps.collections import ingest
    from apps.providers.adapters.ical import expand
    from apps.tenants import context
    from apps.users.models import Role
    from tests.sync import fixtures
    from tests.tenants.fixtures import Make

    make, rng = Make(), random.Random(5)
    owner = make.member_of(make.company(), Role.OWNER)
    with context.open(owner.tenant):
        account = fixtures.account(owner)
        places = [
            Calendar.objects.create(account=account, remote_id=f"/c{number}/", name=f"Calendar {number}")
            for number in range(CALENDARS)
        ]
        made = []
        for number in range(count):
            place = places[number % CALENDARS]
            data = text_of(number, rng)
            row = Event(account=account, collection=place, remote_id=f"/c/{number}.ics", etag="1", data=data)
            made.append(ingest.fill(row, KIND.read(data, place)))
        Event.objects.bulk_create(made, batch_size=1_000)
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE expanded (event uuid, key text, title text, location text, starts timestamptz, "
                "ends timestamptz, span tstzrange)"
            )
            begin, end = WEEK - timedelta(days=400), WEEK + timedelta(days=400)
            with cursor.copy("COPY expanded (event, key, title, location, starts, ends) FROM STDIN") as copy:
                for row in made:
                    for each in expand(queries.times_of(row), begin, end):
                        times = (each.start.instant(), each.end.instant())
                        copy.write_row((row.pk, each.key, row.title, row.location, *times))
            cursor.execute("UPDATE expanded SET span = tstzrange(starts, ends)")
            cursor.execute("CREATE INDEX ON expanded USING gist (span)")
            cursor.execute("VACUUM ANALYZE")
        window = queries.Window(WEEK, WEEK + timedelta(days=7))
        ours, theirs, shown = [], [], 0
        for _ in range(ROUNDS):
            began = time.perf_counter()
            shown = len(queries.instances(owner, window)["items"])
            ours.append(time.perf_counter() - began)
            began = time.perf_counter()
            with connection.cursor() as cursor:
                cursor.execute("SELECT * FROM expanded WHERE span && tstzrange(%s, %s)", [window.begin, window.end])
                expected = len(cursor.fetchall())
            theirs.append(time.perf_counter() - began)
        if shown != expected:
            raise RuntimeError(f"the week has {shown} instances, the expanded table {expected}")
    note = f"{shown} instances of {count} events in {CALENDARS} calendars; baseline: bare SQL on expanded rows"
    show("calendar-week", statistics.median(ours) * 1000, "ms", statistics.median(theirs) * 1000, ROUNDS, note)
    make.tidy()


@dataclass(frozen=True, slots=True)
class Server:
    """A Radicale with collections that were filled behind its back."""

    folder: Path
    url: str

    def fill(self, name: str, tag: str, items: dict[str, bytes]) -> None:
        """One collection of Ada's."""
        place = self.folder / "data" / "collection-root" / "ada" / name
        place.mkdir(parents=True)
        (place / ".Radicale.props").write_text(f'{{"tag": "{tag}", "D:displayname": "{name}"}}')
        for file, data in items.items():
            (place / file).write_bytes(data)

    def warm(self, path: str) -> None:
        """Have Radicale read every object once: whoever asks first would pay for its cache."""
        from tests.providers.radicale import USERS

        asked = httpx.request(
            "PROPFIND", f"{self.url}{path}", headers={"Depth": "1"}, auth=("ada", USERS["ada"]), timeout=600
        )
        asked.raise_for_status()


def imports(folder: Path, count: int) -> None:
    """First imports and the syncs after them, ours and vdirsyncer's in turns, each kind at a server of its own: an
    account is looked at by its home, and a server reads all that lies there."""
    from tests.providers.radicale import Radicale

    rng = random.Random(7)
    tool = vdirsyncer(folder)
    events = {f"{number}.ics": text_of(number, rng) for number in range(count)}
    cards = {f"{number}.vcf": card(number) for number in range(count * 2)}
    for kind, tag, name, held in (
        ("calendar", "VCALENDAR", "events", events), ("contacts", "VADDRESSBOOK", "people", cards),
    ):  # fmt: skip
        place = folder / kind
        place.mkdir()
        with Radicale(place) as radicale:
            server = Server(place, radicale.url)
            server.fill(name, tag, held)
            _beside(server, kind, Vdirsyncer(tool, place / "vdirsyncer", server, kind, name), len(held))
            if kind == "calendar":
                for number in range(COLLECTIONS):
                    server.fill(f"c{number}", tag, {f"{number}.ics": text_of(number, rng)})
                _many(server)


def _beside(server: Server, kind: str, other: "Vdirsyncer", size: int) -> None:
    with mirror(server, kind, ["/ada/"]) as ours:
        server.warm(f"/ada/{other.name}/")
        baseline, first = other.run(), ours.sync()
        note = f"{size} objects, {size / first:.0f} a second; baseline: vdirsyncer"
        show(f"{kind}-initial", first, "s", baseline, 1, note)
        again = [(ours.sync(), other.run()) for _ in range(ROUNDS)]
        before = ours.trips()
        ours.sync()
        own, theirs = (statistics.median(each) for each in zip(*again, strict=True))
        note = f"{size} objects, nothing new, {ours.trips() - before} requests; baseline: vdirsyncer"
        show(f"{kind}-noop", own * 1000, "ms", theirs * 1000, ROUNDS, note)


def _many(server: Server) -> None:
    with mirror(server, "calendar", ["/ada/"]) as ours:
        ours.sync()
        before = ours.trips()
        seconds = ours.sync()
        note = f"{COLLECTIONS} collections beside a big one, nothing new: {seconds * 1000:.0f} ms"
        show("collections-noop-round-trips", ours.trips() - before, "requests", 1, 1, f"{note}; baseline: one")


def card(number: int) -> bytes:
    """A card like those of a company's address book."""
    from apps.providers.adapters import vcard

    fields = {
        "name": {"family": f"Family{number}", "given": f"Given{number % 500}"},
        "emails": [{"value": f"person{number}@example.test", "label": "work"}],
        "phones": [{"value": f"+39 06 {number:07}", "label": "cell"}],
        "organization": f"Company {number % 300}",
    }
    return vcard.new(fields, f"card-{number}")


@dataclass(frozen=True, slots=True)
class Ours:
    """An account of ours at the server."""

    tenant: Any
    target: Any
    kind: str

    def sync(self) -> float:
        """One run; seconds."""
        from django.utils.timezone import now

        from apps.sync.models import SyncTarget
        from apps.sync.tasks import run_sync

        SyncTarget.objects.filter(pk=self.target.pk).update(wanted_at=now(), wanted_because="user")
        began = time.perf_counter()
        run_sync(str(self.tenant.pk), str(self.target.pk))
        seconds = time.perf_counter() - began
        self.target.refresh_from_db()
        if self.target.error_code:
            raise RuntimeError(f"the sync failed: {self.target.error_code} {self.target.error_reason}")
        return seconds

    def trips(self) -> int:
        """Requests that the kept connection has made."""
        from apps.providers import connections
        from apps.providers.models import ProviderAccount
        from apps.sync import registry
        from apps.tenants import context

        with context.open(self.tenant):
            account = ProviderAccount.objects.get(pk=self.target.account_id)
            with connections.adapter(account, registry.get(self.kind)) as adapter:
                return int(adapter.traffic.round_trips)


class mirror:  # noqa: N801  a context manager reads like a function
    """A tenant with an account whose homes these paths are."""

    def __init__(self, server: Server, kind: str, paths: list[str]) -> None:
        self.server, self.kind, self.paths = server, kind, paths

    def __enter__(self) -> Ours:
        from apps.providers import credentials
        from apps.providers.adapters.base import Login
        from apps.sync.models import Phase
        from apps.tenants import context
        from apps.users.models import Role
        from tests.providers.radicale import USERS
        from tests.sync import fixtures
        from tests.tenants.fixtures import Make

        self.make = Make()
        owner = self.make.member_of(self.make.company(), Role.OWNER)
        service = "caldav" if self.kind == "calendar" else "carddav"
        homes = [f"{self.server.url}{path}" for path in self.paths]
        with context.open(owner.tenant):
            settings = {service: {"url": homes[0], "principal": None, "homes": homes}, "trusted": []}
            account = fixtures.account(owner, settings=settings)
            credentials.seal(account, Login("ada", USERS["ada"]))
            account.save()
        target = fixtures.target(owner, account.pk, kind=self.kind, host="127.0.0.1", phase=Phase.INITIAL)
        return Ours(owner.tenant, target, self.kind)

    def __exit__(self, *exc: object) -> None:
        self.make.tidy()


def vdirsyncer(folder: Path) -> Path:
    """vdirsyncer in an environment of its own: it is compared with, and nothing of ours uses it."""
    environment = folder / "vdirsyncer"
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "-q", str(environment)], check=True)
    subprocess.run([*uv, "pip", "install", "-q", "--python", str(environment / "bin/python"), VDIRSYNCER], check=True)
    return environment / "bin/vdirsyncer"


class Vdirsyncer:
    """One pair of a collection at the server and a folder."""

    def __init__(self, tool: Path, folder: Path, server: Server, kind: str, name: str) -> None:
        from tests.providers.radicale import USERS

        folder.mkdir()
        self.name = name
        self.command = [str(tool), "-c", str(folder / "config")]
        remote, suffix = ("caldav", ".ics") if kind == "calendar" else ("carddav", ".vcf")
        (folder / "config").write_text(
            f'[general]\nstatus_path = "{folder}/status"\n\n[pair bench]\na = "near"\nb = "far"\n'
            f'collections = ["{name}"]\nconflict_resolution = "b wins"\n\n'
            f'[storage near]\ntype = "filesystem"\npath = "{folder}/files"\nfileext = "{suffix}"\n\n'
            f'[storage far]\ntype = "{remote}"\nurl = "{server.url}/ada/"\nusername = "ada"\n'
            f'password = "{USERS["ada"]}"\n'
        )
        subprocess.run([*self.command, "discover"], input=b"y\ny\ny\n", capture_output=True, check=True)

    def run(self) -> float:
        """One synchronisation; seconds."""
        began = time.perf_counter()
        done = subprocess.run([*self.command, "sync"], capture_output=True, text=True)
        seconds = time.perf_counter() - began
        if done.returncode:
            raise RuntimeError(f"vdirsyncer failed: {done.stderr.strip()[-500:]}")
        return seconds


if __name__ == "__main__":
    main()
