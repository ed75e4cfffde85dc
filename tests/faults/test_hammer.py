"""Two browsers and another mail program change one mailbox while processes are killed: all three end with the same.

`make soak` runs it with 5,000 changes (PMSYNC_TEST_HAMMER); it is no part of `make test`.
"""

import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
from django.utils.timezone import now
from playwright.sync_api import Browser, Error, Page, sync_playwright

from apps.mail import queries
from apps.mail.models import Mailbox, Placement
from apps.outbound.models import OPEN, Command
from apps.providers.models import ProviderAccount
from apps.sync import verification
from apps.sync.models import SyncTarget
from pmsync.private.home import free_port
from tests.conftest import CHROMIUM
from tests.faults.chaos import Reaper, connected, differences
from tests.faults.processes import Stack
from tests.imap.dovecot import PROFILES, Dovecot
from tests.imap.other_client import OtherClient
from tests.realtime.server import Valkey
from tests.tenants.fixtures import PHRASE, Cast

pytestmark = [pytest.mark.slow, pytest.mark.soak, pytest.mark.dovecot, pytest.mark.chromium]

Result = TypeVar("Result")
CHANGES: Final = int(os.environ.get("PMSYNC_TEST_HAMMER", "5000"))
FIRST: Final = 60
"""Messages that are there before it begins."""
MORE: Final = 20
"""Messages that arrive when all were put away."""
PACE: Final = (0.0, 0.15)
"""Seconds between two changes."""
EVEN: Final = 240.0
"""Seconds after the last death within which all must be the same everywhere."""
KEYS: Final = ("e", "#", "s", "s", "Shift+I", "Shift+U", "Shift+I", "z")
# The first rows as a person sees them: which, unread or not, flagged or not.
SEEN: Final = """() => [...document.querySelectorAll('[data-thread]')].map((row) => [
  row.dataset.thread, row.hasAttribute('data-unread'), row.querySelector('[role=img][aria-label=flagged]') !== null,
])"""


@dataclass
class Chromium:
    """The browser, in a thread of its own: Playwright keeps an event loop there, beside which no ORM call may run."""

    thread: ThreadPoolExecutor
    browser: Browser

    def do(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """Do it in the browser's thread."""
        return self.thread.submit(work, *arguments).result()


@pytest.fixture
def chromium() -> Iterator[Chromium]:
    path = next(path for path in CHROMIUM if Path(path).exists())
    with ThreadPoolExecutor(1) as thread:
        playwright = thread.submit(lambda: sync_playwright().start()).result()
        launch = playwright.chromium.launch
        opened = thread.submit(lambda: launch(executable_path=path, args=["--no-sandbox"])).result()
        yield Chromium(thread, opened)
        thread.submit(opened.close).result()
        thread.submit(playwright.stop).result()


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        with Dovecot.start(Path(folder) / "faults", PROFILES["full"]) as dovecot:
            yield dovecot


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Valkey]:
    server = Valkey(tmp_path / "valkey")
    server.start()
    yield server
    server.kill()


@dataclass
class Person:
    """Somebody at a browser, who acts on a row that happens to be there."""

    chromium: Chromium
    page: Page
    rng: random.Random

    @classmethod
    def sign_in(cls, chromium: Chromium, cast: Cast, port: int, rng: random.Random) -> "Person":
        """A profile of its own with the list shown."""
        email = cast.owner.user.email

        def opened() -> Page:
            page = chromium.browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB").new_page()
            page.goto(f"http://127.0.0.1:{port}/")
            page.fill("input[name=email]", email)
            page.fill("input[name=password]", PHRASE)
            page.click("button[type=submit]")
            page.wait_for_selector("[data-thread]", timeout=60_000)
            return page

        return cls(chromium, chromium.do(opened), rng)

    def step(self) -> str:
        """One key on one row; what it was, nothing when there is no row."""
        return self.chromium.do(self._press, self.rng.choice(KEYS), self.rng.random())

    def _press(self, key: str, place: float) -> str:
        try:
            rows = self.page.locator("[data-thread]")
            if not (count := rows.count()):
                return ""
            rows.nth(int(place * count)).evaluate("(row) => row.focus()", timeout=2_000)
            self.page.keyboard.press(key)
        except Error as gone:  # the row left between two looks
            return f"{key}: {gone.message.splitlines()[0]}"
        return key

    def seen(self) -> list[Any]:
        """The rows shown, from the top of the list."""
        self.chromium.do(self.page.evaluate, "document.querySelector('[data-list]')?.scrollTo(0, 0)")
        found: list[Any] = self.chromium.do(self.page.evaluate, SEEN)
        return found

    def wait(self, seconds: float) -> None:
        """Let the page go on by itself."""
        self.chromium.do(self.page.wait_for_timeout, seconds * 1000)


def truth(cast: Cast, account: ProviderAccount) -> list[Any]:
    """The same from the mirror."""
    inbox = Mailbox.objects.get(account=account, role="inbox")
    rows = queries.threads_in(cast.owner, inbox.pk, queries.Page())["items"]
    return [[row["id"], row["unread"] > 0, row["flagged"]] for row in rows]


def at_rest(account: ProviderAccount) -> bool:
    """No change of ours is on its way, and the mirror equals the server."""
    waiting = Command.objects.filter(OPEN, account_id=account.pk).exists()
    return not waiting and differences(account) == ()


def standing(account: ProviderAccount, stack: Stack) -> str:
    """All that says why it does not come to rest."""
    account.refresh_from_db()
    targets = SyncTarget.objects.filter(account_id=account.pk).values()
    commands = Command.objects.filter(OPEN, account_id=account.pk).values()
    told = [f"{name}: {process.log.read_text()[-1500:]}" for name, process in stack.processes.items()]
    rows = [account.status, account.status_reason, *targets, *commands, *differences(account), *told]
    return "\n".join(map(str, rows))


def test_two_browsers_and_a_mail_program_end_with_the_same(
    cast: Cast, chromium: Chromium, server: Dovecot, redis: Valkey, tmp_path: Path
) -> None:
    rng = random.Random(CHANGES)
    user = server.new_user()
    port = free_port()
    with cast.inside(), Stack.running(tmp_path, redis.url, port) as stack, ExitStack() as lines:
        other = OtherClient(rng, lambda: lines.enter_context(server.client(user)))
        for _ in range(FIRST):
            other.append()
        account = connected(cast, server, user)
        people = [Person.sign_in(chromium, cast, port, rng) for _ in range(2)]
        reaper = Reaper(stack, redis, rng)
        done: Counter[str] = Counter()
        while sum(done.values()) < CHANGES:
            who = rng.randrange(3)
            if who == 2:
                other.step()
                done["mail program"] += 1
            elif key := people[who].step():
                done[key] += 1
            else:
                for _ in range(MORE):
                    other.append()
                done["mail program"] += MORE
                people[who].wait(1)
            reaper.perhaps()
            people[rng.randrange(2)].wait(rng.uniform(*PACE))

        SyncTarget.objects.filter(account_id=account.pk, kind="mail").update(wanted_at=now(), wanted_because="poll")
        begun = time.monotonic()
        while not at_rest(account) or any(person.seen() != _top(truth(cast, account), person) for person in people):
            stack.tend()
            if time.monotonic() - begun > EVEN:
                shown = [person.seen() for person in people]
                pytest.fail(f"{shown}\n{truth(cast, account)[:30]}\n{standing(account, stack)}", pytrace=False)
            people[0].wait(2)
        print(f"{dict(done)}, deaths {dict(reaper.deaths)}, even after {time.monotonic() - begun:.1f} s")
        assert len(server.crashes()) >= len(other.hung_up), [*other.hung_up, *server.complaints()]
        verified = verification.verify(account, settle=5)
        assert [(item.differences, item.obstacle) for item in verified] == [((), "")]
        assert not Placement.objects.filter(uid__lt=0).exists()
        assert not Placement.objects.filter(leaving__isnull=False).exists()


def _top(rows: list[Any], person: Person) -> list[Any]:
    """As many of the first rows as the person's window shows."""
    return rows[: len(person.seen())]
