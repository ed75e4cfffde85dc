"""Fixtures: one demo and one browser for the run, a signed-in page for each test."""

import base64
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, ViewportSize, sync_playwright

from pmsync.demo import cast
from pmsync.private.home import REPOSITORY
from tests.conftest import CHROMIUM
from tests.e2e.demo import Demo
from tests.fakes.web_server import Reply, WebServer

SHOTS: Final = REPOSITORY / "test-results"
EMILY: Final = cast.TENANTS[1].people[0]
DESK: Final[ViewportSize] = {"width": 1440, "height": 900}
SQUARE: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQAQMAAAAlPW0iAAAAA1BMVEUkVtYbb17VAAAADElEQVR4nGNgIA0AAAAwAAEWiZrRAAAAAElFTkSuQmCC"
)
PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
# Milliseconds for what comes by way of a provider, on a machine that does other things besides; what it usually
# takes is measured by `make bench-live`.
SOON: Final = 40_000


def eventually(true: Callable[[], bool], what: str) -> None:
    """Wait for what another program is to find. Fails with `what` is wrong when it does not come."""
    deadline = time.monotonic() + SOON / 1000
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


@pytest.fixture(scope="session")
def pictures() -> Iterator[WebServer]:
    """A server somewhere in the world that mail takes its remote images from: each is a blue square."""
    with WebServer(lambda request: Reply(200, SQUARE, {"Content-Type": "image/png"})) as server:
        yield server


@pytest.fixture(scope="session")
def demo(pictures: WebServer) -> Iterator[Demo]:
    """The demo, quiet and small."""
    home = Path(os.environ["PMSYNC_HOME"]).parent / f"e2e{os.environ.get('PYTEST_XDIST_WORKER', '')}"
    # What an earlier run left in the database would vanish from under this one, as soon as it is synced.
    shutil.rmtree(home, ignore_errors=True)
    # A model that says nothing is given up soon: one test waits for that.
    settings = {"PMSYNC_IMAGE_HOSTS": f"127.0.0.1:{pictures.port}", "PMSYNC_MISTRAL_TIMEOUT": "3"}
    running = Demo.start(home, "--scale", "0.1", "--still", settings=settings)
    yield running
    running.end()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    path = next(path for path in CHROMIUM if Path(path).exists())
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


class Complaints:
    """What the page said that it should not: errors, refused requests, violations of the content policy."""

    def __init__(self, page: Page) -> None:
        self.heard: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", self._error)

    def _error(self, error: Error) -> None:
        # While a window prints, Chromium may refuse a callback of the one that opened it, and report that as an error
        # of the page, although the call of `print` catches whatever it throws.
        halted = "Failed to execute 'print'" in str(error) and "callback is no longer runnable" in str(error)
        if not halted:
            self.heard.append(str(error))

    def _console(self, message: ConsoleMessage) -> None:
        url = message.location.get("url", "")
        # A page that is opened without a session asks for one and is told that there is none. What a provider is at
        # cannot be undone yet: the page asks again.
        awaited = "401" in message.text or ("409" in message.text and url.endswith("/undo"))
        if message.type == "error" and not awaited:
            self.heard.append(f"{message.text} ({url})")


def open_page(
    browser: Browser,
    demo: Demo,
    viewport: ViewportSize,
    person: cast.DemoPerson = EMILY,
    service_workers: Literal["allow", "block"] = "allow",
) -> Page:
    """A new browser profile with the person signed in and their first list shown."""
    context = browser.new_context(
        viewport=viewport,
        service_workers=service_workers,
        locale="it-IT" if person.locale == "it" else "en-GB",
        timezone_id=person.timezone,
    )
    page = context.new_page()
    page.goto(demo.url)
    sign_in(page, person)
    page.wait_for_selector("[data-thread]", timeout=60_000)
    return page


def sign_in(page: Page, person: cast.DemoPerson) -> None:
    """Fill the form and send it."""
    page.fill("input[name=email]", person.email)
    page.fill("input[name=password]", person.password)
    page.click("button[type=submit]")


@pytest.fixture
def page(browser: Browser, demo: Demo) -> Iterator[Page]:
    """Emily's page on a desk; the test fails when the page complained of anything."""
    opened = open_page(browser, demo, DESK)
    complaints = Complaints(opened)
    yield opened
    opened.context.close()
    assert complaints.heard == []
