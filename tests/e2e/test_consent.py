"""Connecting Google and Microsoft in the browser: there and back through their own pages, and what tries to sneak in.

Everything happens at the demo's simulated providers, whose pages people see in place of the real ones.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

import httpx
import pytest
import redis
from playwright.sync_api import Browser, Page, Request, ViewportSize, expect

from pmsync.demo import cast
from pmsync.demo.servers import ports_of
from pmsync.demo.simulations import CLIENTS, Simulations
from pmsync.private.home import Home
from tests.e2e.conftest import DESK, EMILY, PHONE, SHOTS, SOON, Complaints, eventually, open_page
from tests.e2e.demo import Demo
from tests.e2e.elsewhere import signed_in
from tests.e2e.test_writing import assert_accessible

pytestmark = [pytest.mark.chromium, pytest.mark.slow]
MARCO: Final = cast.TENANTS[0].people[1]
EVIL: Final = "evil.example"


@dataclass
class Side:
    """One provider, and Emily there."""

    name: str
    title: str
    address: str
    simulations: Simulations

    def button(self, page: Page) -> None:
        """Press it."""
        page.get_by_role("button", name=re.compile(f"Sign in with {self.title}")).click()
        expect(page.get_by_text(f"Simulated {self.title}").first).to_be_visible(timeout=SOON)

    def decide(self, page: Page, *, accept: bool) -> None:
        """On the provider's page: choose the account, and allow or decline what is asked."""
        if self.name == "google":
            page.get_by_label("Account").select_option(self.address)
            page.get_by_role("button", name="Allow" if accept else "Deny").click()
        else:
            page.get_by_label(self.address).check()
            page.get_by_role("button", name="Accept" if accept else "Cancel").click()

    def answer(self, page: Page) -> dict[str, str]:
        """What the provider would send the person back with whose browser shows its page."""
        return self.simulations.consent(self.name, page.url, self.address)

    def withdraw(self) -> None:
        """The person takes the consent back at the provider."""
        if self.name == "google":
            self.simulations.control("google", "withdraw", {"user": self.address, "client": CLIENTS["google"][0]})
        else:
            self.simulations.control("microsoft", "end_sessions", {"address": self.address})

    def callback(self, demo: Demo, answer: dict[str, str]) -> str:
        """Where an answer comes back to."""
        return f"{demo.url}/oauth/{self.name}/callback?{urlencode(answer)}"


def forget_tries(demo: Demo) -> None:
    """A person connects an account once in a while, and not one after the other as these tests do."""
    (env,) = demo.home.rglob("private.env")
    store = redis.Redis.from_url(Home(env.parent).read_env()["REDIS_URL"])
    for key in store.scan_iter("pmsync:limit:accounts.*"):
        store.delete(key)
    store.close()


@pytest.fixture(params=["google", "microsoft"])
def side(request: pytest.FixtureRequest, demo: Demo) -> Iterator[Side]:
    """One provider after the other; afterwards Emily has what she had before."""
    folder = demo.home / "demo"
    (mine,) = [one for one in cast.CLOUDS if one.owner == EMILY.email and one.provider == request.param]
    forget_tries(demo)
    yield Side(request.param, request.param.title(), mine.address, ports_of(folder).simulations(folder))
    with signed_in(demo) as client:
        for account in client.get("accounts").json()["items"]:
            if account["simulated"]:
                client.delete(f"accounts/{account['id']}").raise_for_status()


def connected(demo: Demo) -> list[dict[str, str]]:
    """Emily's accounts at simulated providers."""
    with signed_in(demo) as client:
        return [one for one in client.get("accounts").json()["items"] if one["simulated"]]


def start(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.url}/accounts/new")
    expect(page.get_by_role("heading", name="Add an account")).to_be_visible(timeout=SOON)


def refused(page: Page, demo: Demo, said: str) -> None:
    """The page of ours that says why, and nowhere else."""
    expect(page.get_by_role("alert").get_by_text(said)).to_be_visible(timeout=SOON)
    assert page.url.startswith(f"{demo.url}/accounts/new?consent=")


def test_an_account_is_connected_mended_and_let_go(page: Page, demo: Demo, side: Side) -> None:
    start(page, demo)
    page.screenshot(path=SHOTS / f"consent-{side.name}-start-desk.png")
    side.button(page)
    page.screenshot(path=SHOTS / f"consent-{side.name}-page-desk.png")
    authorize = page.url
    side.decide(page, accept=True)
    done = page.get_by_role("heading", name=re.compile(f"{re.escape(side.address)} is connected"))
    expect(done).to_be_visible(timeout=SOON)
    assert page.url.startswith(f"{demo.url}/accounts?connected=")
    expect(page.get_by_text("Everything is here.")).to_be_visible(timeout=60_000)
    assert_accessible(page)
    page.screenshot(path=SHOTS / f"consent-{side.name}-done-desk.png")
    page.get_by_role("link", name="Go to inbox").click()
    expect(page.locator("[data-thread]").first).to_be_visible(timeout=SOON)
    expect(page.get_by_role("navigation").first.get_by_text("Simulated")).to_be_visible()

    # The same authorization once more makes no second account.
    page.goto(authorize)
    side.decide(page, accept=True)
    refused(page, demo, "took too long or was used already")
    assert [one["address"] for one in connected(demo)] == [side.address]

    side.withdraw()
    with signed_in(demo) as client:
        client.post(f"accounts/{connected(demo)[0]['id']}/sync").raise_for_status()
    page.goto(demo.url)
    banner = page.get_by_role("status").filter(has_text=side.address)
    again = banner.get_by_role("button", name="Sign in again")
    expect(again).to_be_visible(timeout=SOON)
    page.screenshot(path=SHOTS / f"consent-{side.name}-withdrawn-desk.png")
    again.click()
    expect(page.get_by_text(f"Simulated {side.title}").first).to_be_visible(timeout=SOON)
    side.decide(page, accept=True)
    expect(done).to_be_visible(timeout=SOON)
    assert [(one["status"], one["status_reason"]) for one in connected(demo)] == [("active", "")]

    page.get_by_role("link", name="Go to accounts").click()
    item = page.get_by_role("listitem").filter(
        has=page.get_by_role("heading", name=re.compile(re.escape(side.address)))
    )
    expect(item.get_by_text(f"{side.title} · Mail, Calendars and Contacts")).to_be_visible()
    assert_accessible(page)
    page.screenshot(path=SHOTS / f"consent-{side.name}-accounts-desk.png")
    item.get_by_role("button", name="Disconnect").click()
    dialog = page.get_by_role("alertdialog")
    expect(dialog.get_by_text("gives up its access")).to_be_visible()
    dialog.get_by_role("button", name="Disconnect").click()
    expect(item).to_have_count(0, timeout=SOON)
    assert connected(demo) == []
    if side.name == "google":  # Microsoft has no address for that
        expect_no_grant(side)


def expect_no_grant(side: Side) -> None:
    """The refresh token has ended at Google; the task that gives it back runs behind the page."""
    url = f"{side.simulations.origin('google')}/control/state"

    def gone() -> bool:
        people = {one["email"]: one for one in httpx.get(url, trust_env=False).json()["people"]}
        return bool(people[side.address]["grants"] == 0)

    eventually(gone, "Google holds a grant still")


def test_only_the_right_answer_in_the_right_browser_connects(
    page: Page, browser: Browser, demo: Demo, side: Side
) -> None:
    start(page, demo)
    side.button(page)
    side.decide(page, accept=False)
    refused(page, demo, "the permission was not given")
    assert_accessible(page)
    page.screenshot(path=SHOTS / f"consent-{side.name}-declined-desk.png")

    # Another state than the one that was begun with.
    side.button(page)
    answer = side.answer(page)
    page.goto(side.callback(demo, answer | {"state": "made-up"}))
    refused(page, demo, "took too long or was used already")

    # The whole address, in the browser of somebody else; it serves nobody afterwards.
    side.button(page)
    answer = side.answer(page)
    thief = open_page(browser, demo, DESK, MARCO)
    thief.goto(side.callback(demo, answer))
    expect(thief.get_by_role("alert").get_by_text("in un altro browser")).to_be_visible(timeout=SOON)
    thief.context.close()
    page.goto(side.callback(demo, answer))
    refused(page, demo, "took too long or was used already")
    assert connected(demo) == []

    # Once is once.
    side.button(page)
    answer = side.answer(page)
    page.goto(side.callback(demo, answer))
    expect(page.get_by_role("heading", name=re.compile("is connected"))).to_be_visible(timeout=SOON)
    page.goto(side.callback(demo, answer))
    refused(page, demo, "took too long or was used already")
    assert [one["address"] for one in connected(demo)] == [side.address]


def test_nobody_is_led_anywhere_else(page: Page, demo: Demo) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(_host(request)))
    away = (f"https://{EVIL}/", f"//{EVIL}", f"/\\{EVIL}", f"\\\\{EVIL}", f"javascript:location='//{EVIL}'")
    forged = [{"code": "y"} | dict.fromkeys(("next", "redirect_uri", "state"), told) for told in away]
    for given in [*forged, {"state": "x", "code": "y", "ticket": away[1]}]:
        page.goto(f"{demo.url}/oauth/google/callback?{urlencode(given)}")
        refused(page, demo, "took too long or was used already")
    for path in (
        f"/accounts/new?{urlencode({'consent': away[4], 'account': away[0]})}",
        f"/accounts?connected={away[1]}",
    ):
        page.goto(demo.url + path)
        expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=SOON)
    for path in (f"/oauth/{EVIL}/callback", f"/oauth//{EVIL}/callback", f"/oauth/google/callback//{EVIL}"):
        answer = httpx.get(demo.url + path, timeout=30)
        assert urlsplit(answer.headers.get("location", "")).netloc == "", path
    assert set(asked) == {"localhost"}


def _host(request: Request) -> str:
    return urlsplit(request.url).hostname or ""


@pytest.mark.parametrize(("name", "viewport"), [("desk", DESK), ("phone", PHONE)])
def test_the_wizard_is_for_everybody(browser: Browser, demo: Demo, name: str, viewport: ViewportSize) -> None:
    page = open_page(browser, demo, viewport)
    complaints = Complaints(page)
    start(page, demo)
    expect(page.get_by_role("button", name="Sign in with Google Simulated")).to_be_visible(timeout=SOON)
    assert_fits(page, viewport)
    # By keyboard alone: what is not wanted is unticked, and what is wanted is asked for.
    page.get_by_role("checkbox", name="Mail").focus()
    for _ in range(3):
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").get_by_text("Choose at least one of them.")).to_be_visible()
    assert_fits(page, viewport)
    page.get_by_label("Email address").fill("ada.lovelace@gmail.com")
    page.keyboard.press("Enter")
    expect(page.get_by_text("gmail.com is kept at Google.")).to_be_visible(timeout=SOON)
    page.emulate_media(color_scheme="dark")
    assert_fits(page, viewport)
    page.screenshot(path=SHOTS / f"consent-address-{name}-dark.png")
    page.get_by_role("button", name="Use a password instead").click()
    expect(page.get_by_label("Password", exact=True)).to_be_visible()
    page.goto(f"{demo.url}/accounts/new?consent=nothing_granted")
    expect(page.get_by_role("alert").get_by_text("left out every permission")).to_be_visible(timeout=SOON)
    expect(page.get_by_role("button", name="Sign in with Microsoft Simulated")).to_be_visible(timeout=SOON)
    assert_fits(page, viewport)
    page.screenshot(path=SHOTS / f"consent-failed-{name}-dark.png")
    page.emulate_media(color_scheme="light")
    page.screenshot(path=SHOTS / f"consent-failed-{name}.png")
    assert complaints.heard == []
    page.context.close()


def test_simulated_accounts_say_so_on_a_phone(browser: Browser, demo: Demo) -> None:
    page = open_page(browser, demo, PHONE, MARCO)
    page.goto(f"{demo.url}/accounts")
    for one in (one for one in cast.CLOUDS if one.connected):
        heading = page.get_by_role("heading", level=2, name=f"{one.address} Simulato")
        expect(heading).to_be_visible(timeout=SOON)
    assert_fits(page, PHONE)
    page.screenshot(path=SHOTS / "consent-accounts-phone.png")
    page.context.close()


def assert_fits(page: Page, viewport: ViewportSize) -> None:
    """Nothing for axe to find, and nothing to scroll to the side."""
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
