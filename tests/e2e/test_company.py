"""An administrator connects a whole company at the demo's simulated Google: a key, the people, and what is refused."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from pmsync.demo import cast
from pmsync.demo.cloud_files import SCOPES
from pmsync.demo.servers import ports_of
from pmsync.demo.simulations import Simulations
from tests.e2e.conftest import DESK, EMILY, PHONE, SHOTS, SOON, Complaints, open_page
from tests.e2e.demo import Demo
from tests.e2e.elsewhere import signed_in
from tests.e2e.test_consent import assert_fits, forget_tries
from tests.e2e.test_writing import assert_accessible

pytestmark = [pytest.mark.chromium, pytest.mark.slow]
ADMINISTRATOR: Final = cast.COMPANY[0]
MAIL: Final = "https://www.googleapis.com/auth/gmail.modify"
BASE: Final = "company/connections"


@pytest.fixture
def google(demo: Demo) -> Iterator[Simulations]:
    """The simulated Google, whose domain delegates everything; afterwards Emily's company has what it had before."""
    folder = demo.home / "demo"
    simulations = ports_of(folder).simulations(folder)
    forget_tries(demo)
    yield simulations
    delegate(simulations, SCOPES)
    with signed_in(demo) as client:
        for one in client.get(BASE).json()["items"]:
            client.delete(f"{BASE}/{one['id']}").raise_for_status()


def delegate(google: Simulations, scopes: Any) -> None:
    """What the domain's administrator allows in Google's console from now on."""
    account = json.loads(google.company_key.read_text())["client_email"]
    google.control("google", "delegate", {"account": account, "domain": cast.WORKSPACE, "scopes": list(scopes)})


def fill_in(page: Page, demo: Demo, google: Simulations) -> None:
    """As far as the button."""
    page.goto(f"{demo.url}/accounts")
    page.get_by_role("link", name="The whole company").click()
    expect(page.get_by_role("heading", name="The whole company", level=1)).to_be_visible(timeout=SOON)
    page.get_by_role("button", name=re.compile("Connect a Google Workspace domain")).click()
    page.get_by_label("Key file (JSON)").set_input_files(google.company_key)
    page.get_by_label("Address of an administrator").fill(ADMINISTRATOR.address)


def test_a_whole_company_is_connected_and_comes_alive(page: Page, demo: Demo, google: Simulations) -> None:
    fill_in(page, demo, google)
    assert_accessible(page)
    page.screenshot(path=SHOTS / "company-form-desk.png", full_page=True)
    page.get_by_role("button", name="Check and connect").click()
    card = page.get_by_role("region", name=re.compile(f"Google · {cast.WORKSPACE}"))
    expect(card.get_by_text("0 of 5 connected")).to_be_visible(timeout=SOON)
    # Two of them, by their unit.
    card.get_by_label("Unit", exact=True).select_option("Sales")
    card.get_by_role("checkbox", name="Choose all shown").check()
    assert_accessible(page)
    page.screenshot(path=SHOTS / "company-people-desk.png")
    card.get_by_role("button", name="Connect 2 people").click()
    expect(card.get_by_text("2 of 5 connected")).to_be_visible(timeout=SOON)
    card.get_by_label("Unit", exact=True).select_option("")
    expect(card.get_by_text("Connected", exact=True)).to_have_count(2, timeout=SOON)
    # And everyone else.
    card.get_by_role("button", name="Connect everyone").click()
    expect(card.get_by_text("5 of 5 connected")).to_be_visible(timeout=SOON)
    assert_accessible(page)
    page.screenshot(path=SHOTS / "company-connected-desk.png", full_page=True)

    # Emily's own of them is hers, filled, and not hers to disconnect.
    page.goto(f"{demo.url}/accounts")
    item = page.get_by_role("listitem").filter(
        has=page.get_by_role("heading", name=re.compile(re.escape(ADMINISTRATOR.address)))
    )
    expect(item.get_by_text(re.compile("Connected by your company"))).to_be_visible(timeout=SOON)
    expect(item.get_by_text(re.compile("Up to date as of"))).to_be_visible(timeout=60_000)
    expect(item.get_by_role("button", name="Disconnect")).to_have_count(0)
    page.screenshot(path=SHOTS / "company-accounts-desk.png")
    with signed_in(demo) as client:
        mine = {one["address"]: one for one in client.get("accounts").json()["items"]}
    assert ADMINISTRATOR.address in mine
    assert cast.COMPANY[1].address not in mine, "an administrator sees nobody's mail by this"

    page.goto(f"{demo.url}/accounts/company")
    card.get_by_role("button", name="Disconnect the company").click()
    dialog = page.get_by_role("alertdialog")
    expect(dialog.get_by_text("forgets the key")).to_be_visible()
    assert_accessible(page)
    dialog.get_by_role("button", name="Disconnect the company").click()
    expect(card).to_have_count(0, timeout=SOON)


def test_a_refused_key_says_what_to_grant(browser: Browser, demo: Demo, google: Simulations) -> None:
    # A page of its own: a refusal is an error to the browser's console.
    page = open_page(browser, demo, DESK)
    delegate(google, [scope for scope in SCOPES if scope != MAIL])
    fill_in(page, demo, google)
    page.get_by_label("Key file (JSON)").set_input_files([])
    paste = page.get_by_label("Or paste what is in it")
    paste.fill("no key at all")
    page.get_by_role("button", name="Check and connect").click()
    alert = page.get_by_role("alert")
    expect(alert.get_by_text("This is no key of a service account")).to_be_visible(timeout=SOON)
    paste.fill(google.company_key.read_text())
    page.get_by_role("button", name="Check and connect").click()
    client_id = json.loads(google.company_key.read_text())["client_id"]
    expect(alert.get_by_text(f"Missing now: {MAIL}.")).to_be_visible(timeout=SOON)
    expect(alert.get_by_text(re.compile(f"admin.google.com.*{client_id}"))).to_be_visible()
    assert_accessible(page)
    alert.scroll_into_view_if_needed()
    page.screenshot(path=SHOTS / "company-refused-desk.png")
    delegate(google, SCOPES)
    page.get_by_role("button", name="Check and connect").click()
    expect(page.get_by_text("0 of 5 connected")).to_be_visible(timeout=SOON)
    page.context.close()


@pytest.mark.parametrize(("name", "viewport"), [("phone", PHONE), ("desk", DESK)])
def test_the_page_is_for_everybody_who_administers(
    browser: Browser, demo: Demo, google: Simulations, name: str, viewport: ViewportSize
) -> None:
    page = open_page(browser, demo, viewport)
    complaints = Complaints(page)
    fill_in(page, demo, google)
    assert_fits(page, viewport)
    page.screenshot(path=SHOTS / f"company-form-{name}.png", full_page=True)
    page.get_by_role("button", name="Check and connect").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("0 of 5 connected")).to_be_visible(timeout=SOON)
    page.emulate_media(color_scheme="dark")
    assert_fits(page, viewport)
    page.get_by_role("group", name=f"People of {cast.WORKSPACE}").scroll_into_view_if_needed()
    page.screenshot(path=SHOTS / f"company-people-{name}-dark.png")
    assert complaints.heard == []
    page.context.close()


def test_nobody_else_is_shown_the_page(browser: Browser, demo: Demo) -> None:
    marco = cast.TENANTS[0].people[1]
    page = open_page(browser, demo, DESK, marco)
    page.goto(f"{demo.url}/accounts")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=SOON)
    expect(page.get_by_role("link", name="Tutta l’azienda")).to_have_count(0)
    page.goto(f"{demo.url}/accounts/company")
    expect(page.get_by_text("Solo i titolari e gli amministratori")).to_be_visible(timeout=SOON)
    page.context.close()
    assert EMILY.role == "owner"
