"""The service worker hears a push: it tells of mail while no page of ours is open, and is silent while one is seen."""

import json
from typing import Any, Final

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.e2e.demo import Demo

pytestmark = [pytest.mark.chromium, pytest.mark.slow]

TOLD: Final = {"title": "New mail from Bob", "body": "Offer", "tag": "message-1", "url": "/settings"}
SHOWN: Final = """async () => {
  const registration = await navigator.serviceWorker.getRegistration('/');
  const notes = await registration.getNotifications();
  return notes.map(({ title, body, tag, data }) => ({ title, body, tag, url: data.url }));
}"""


@pytest.fixture
def installed(page: Page, demo: Demo) -> Page:
    """The page, its worker installed, and notifications allowed."""
    page.context.grant_permissions(["notifications"], origin=demo.url)
    active = "async () => Boolean((await navigator.serviceWorker.getRegistration('/'))?.active)"
    page.wait_for_function(active, timeout=30_000)
    return page


def deliver(cdp: CDPSession, demo: Demo, registration: str) -> None:
    """A push message of this browser's, past its encryption: the push service is not ours to run."""
    given: dict[str, Any] = {"origin": demo.url, "registrationId": registration, "data": json.dumps(TOLD)}
    cdp.send("ServiceWorker.deliverPushMessage", given)


def test_a_push_is_shown_when_no_page_is_open_and_not_while_one_is_seen(installed: Page, demo: Demo) -> None:
    known: list[str] = []
    cdp = installed.context.new_cdp_session(installed)
    cdp.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: known.extend(row["registrationId"] for row in told["registrations"] if not row["isDeleted"]),
    )
    cdp.send("ServiceWorker.enable")
    for _ in range(40):
        if known:
            break
        installed.wait_for_timeout(500)
    deliver(cdp, demo, known[-1])
    installed.wait_for_timeout(1_000)
    assert installed.evaluate(SHOWN) == []
    for patience in (1_000, 4_000, 10_000):
        # A busy browser counts a page for a while after it has gone; a page of ours tells what was shown.
        installed.goto("about:blank")
        installed.wait_for_timeout(patience)
        deliver(cdp, demo, known[-1])
        installed.wait_for_timeout(patience)
        installed.goto(demo.url)
        installed.wait_for_selector("[data-thread]", timeout=60_000)
        if installed.evaluate(SHOWN):
            break
    assert installed.evaluate(SHOWN) == [TOLD]


def test_the_settings_say_what_can_be_switched_on(installed: Page, demo: Demo) -> None:
    installed.goto(f"{demo.url}/settings")
    switch = installed.get_by_role("switch", name="Also when PMSync is closed")
    expect(switch).to_be_visible()
    expect(switch).not_to_be_checked()
