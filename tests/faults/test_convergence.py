"""Whatever another client does while our processes and Redis are killed: the mirror ends equal, told exactly once.

`make soak` runs it, 2,000 operations (PMSYNC_TEST_OPERATIONS) against each of three Dovecots: with QRESYNC, with
CONDSTORE alone, with neither. It is no part of `make test`: how long the mirror takes to come even hangs on the server.
"""

import asyncio
import contextlib
import os
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from django.utils.timezone import now

from apps.realtime.models import JournalEntry, JournalHead
from apps.sync import verification
from apps.sync.models import SyncTarget
from pmsync.private.home import free_port
from tests.faults.chaos import Reaper, connected, differences
from tests.faults.processes import Stack
from tests.imap.dovecot import PROFILES, Dovecot
from tests.imap.other_client import OtherClient
from tests.realtime.client import Closed, Reader
from tests.realtime.server import Valkey
from tests.tenants.fixtures import Cast, Make

pytestmark = [pytest.mark.slow, pytest.mark.soak, pytest.mark.dovecot]

OPERATIONS: Final = int(os.environ.get("PMSYNC_TEST_OPERATIONS", "2000"))
SERVERS: Final = ("full", "condstore", "scan")
PACE: Final = (0.0, 0.4)
"""Seconds between two operations."""
# Beat, sweep and workers are given this long (seconds) to bring the mirror even after the last death: what a
# killed worker held is free after 45, the sweep comes within 20, a mailbox that is gone is believed after 60.
EVEN: Final = 180.0


class Browser:
    """A client of the event socket in a thread of its own, which comes back whenever it is cut off."""

    def __init__(self, token: str, port: int) -> None:
        self.reader = Reader(token, 0)
        self.failure: BaseException | None = None
        self._port = port
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            asyncio.run(self._stay())
        except BaseException as error:  # told to the test, which raises it
            self.failure = error

    async def _stay(self) -> None:
        while not self._stop.is_set():
            try:
                socket = await self.reader.hello(self._port)
            except (OSError, Closed, TimeoutError):
                await asyncio.sleep(0.2)
                continue
            with contextlib.suppress(Closed, OSError):
                while not self._stop.is_set():
                    with contextlib.suppress(TimeoutError):
                        self.reader.take(await socket.receive(within=0.5))
            socket.abort()

    def finish(self, until: int) -> Reader:
        """Read on to the journal's end, leave, and give the reader back."""
        deadline = time.monotonic() + 30
        while (self.reader.last or 0) < until and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.05)
        self._stop.set()
        self._thread.join(10)
        if self.failure is not None:
            raise self.failure
        return self.reader


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Dovecot]:
    """A Dovecot that offers what its profile says. A short path: its sockets' names may not be long."""
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        with Dovecot.start(Path(folder) / "faults", PROFILES[request.param]) as dovecot:
            yield dovecot


@pytest.fixture
def redis_of_its_own(tmp_path: Path) -> Iterator[Valkey]:
    server = Valkey(tmp_path / "valkey")
    server.start()
    yield server
    server.kill()


def test_random_changes_amid_random_deaths(
    make: Make, cast: Cast, server: Dovecot, redis_of_its_own: Valkey, tmp_path: Path
) -> None:
    rng = random.Random(OPERATIONS)
    user, token = server.new_user(), make.token(cast.owner)
    done: list[str] = []
    with (
        cast.inside(),
        Stack.running(tmp_path, redis_of_its_own.url, free_port()) as stack,
        contextlib.ExitStack() as lines,
    ):
        browser = Browser(token, stack.port)
        other = OtherClient(rng, lambda: lines.enter_context(server.client(user)))
        for _ in range(20):
            other.append()
        account = connected(cast, server, user)
        reaper = Reaper(stack, redis_of_its_own, rng)
        for _ in range(OPERATIONS):
            done.append(other.step())
            reaper.perhaps()
            time.sleep(rng.uniform(*PACE))

        # What a server does not announce (Dovecot: a mailbox renamed, made anew and removed within half
        # a second) waits for the next poll: ask for it, by the row alone, so that the sweep must find it.
        SyncTarget.objects.filter(account_id=account.pk).update(wanted_at=now(), wanted_because="poll")
        begun = time.monotonic()
        while left := differences(account):
            stack.tend()
            if time.monotonic() - begun > EVEN:
                target = SyncTarget.objects.filter(account_id=account.pk).values().get()
                pytest.fail(f"not even: {left}\n{target}\n{done[-40:]}", pytrace=False)
            time.sleep(2)
        print(f"{OPERATIONS} operations, deaths {dict(reaper.deaths)}, even after {time.monotonic() - begun:.1f} s")
        assert len(server.crashes()) >= len(other.hung_up), [*other.hung_up, *server.complaints()]
        verified = verification.verify(account, settle=5)
        assert [(item.differences, item.obstacle) for item in verified] == [((), "")]
        reader = browser.finish(JournalHead.objects.get().seq)
        told_once(reader)


def told_once(reader: Reader) -> None:
    """The journal has no gap and says nothing twice, and the browser has applied all of it, once each."""
    entries = list(JournalEntry.objects.order_by("seq").values("seq", "event", "data"))
    assert [entry["seq"] for entry in entries] == list(range(1, JournalHead.objects.get().seq + 1))
    new = Counter(entry["data"]["message"]["id"] for entry in entries if entry["event"] == "email:new")
    gone = Counter(entry["data"]["id"] for entry in entries if entry["event"] == "email:delete")
    assert {message for told in (new, gone) for message, count in told.items() if count > 1} == set()
    state: dict[str, Any] = {}
    for entry in entries:
        if entry["event"] == "email:update":
            message = entry["data"]["message"]
            assert state.get(message["id"]) != message, f"told twice: {entry}"
            state[message["id"]] = message
    assert (reader.gaps, reader.doubled, reader.resets) == (0, 0, 0)
    assert [frame["seq"] for frame in reader.applied] == [entry["seq"] for entry in entries]
