"""Contacts in the browser: looked up, written to, changed, and followed live when another program changes them."""

import re
import uuid
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from pmsync.demo import cast
from tests.e2e.conftest import DESK, EMILY, PHONE, SHOTS, open_page
from tests.e2e.demo import Demo
from tests.e2e.test_writing import assert_accessible

pytestmark = [pytest.mark.chromium, pytest.mark.slow]
ACCOUNT = EMILY.accounts[0]
SOON = 20_000


class Elsewhere:
    """Another program at Emily's address book."""

    def __init__(self, demo: Demo) -> None:
        self._root = f"{demo.dav_url}{ACCOUNT.address}/addressbook/"
        self._client = httpx.Client(auth=httpx.BasicAuth(ACCOUNT.address, ACCOUNT.password), timeout=30)

    def put(self, uid: str, given: str, family: str, *lines: str) -> None:
        told = ["BEGIN:VCARD", "VERSION:3.0", f"UID:{uid}", f"FN:{given} {family}", f"N:{family};{given};;;", *lines]
        body = "\r\n".join([*told, "END:VCARD", ""])
        answer = self._client.put(f"{self._root}{uid}.vcf", content=body, headers={"Content-Type": "text/vcard"})
        assert answer.status_code in (201, 204)

    def texts(self) -> str:
        """The whole address book."""
        return self._client.get(self._root).text

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def elsewhere(demo: Demo) -> Iterator[Elsewhere]:
    made = Elsewhere(demo)
    yield made
    made.close()


@pytest.fixture
def contacts(page: Page) -> Page:
    page.keyboard.press("g")
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="Contacts", exact=True)).to_be_visible()
    page.locator("[data-contact]").first.wait_for(timeout=SOON)
    return page


def token(demo: Demo) -> str:
    """A session of Emily's own."""
    body = {"email": EMILY.email, "password": EMILY.password, "cookie": False}
    return str(httpx.post(f"{demo.url}/api/v1/auth/login", json=body, timeout=30).json()["access"])


def sync(page: Page, demo: Demo) -> None:
    """Have the account looked at, as the button of a list does: address books have no push."""
    page.evaluate(
        "async (token) => {"
        "  const headers = {Authorization: `Bearer ${token}`};"
        "  const {items} = await (await fetch('/api/v1/accounts', {headers})).json();"
        "  for (const {id} of items) await fetch(`/api/v1/accounts/${id}/sync`, {method: 'POST', headers});"
        "}",
        token(demo),
    )


def test_a_contact_is_found_opened_changed_and_written_to(contacts: Page, elsewhere: Elsewhere) -> None:
    page = contacts
    page.get_by_role("button", name="New contact").click()
    page.get_by_label("First name").fill("Zoë")
    page.get_by_label("Last name").fill("Aaronson")
    page.get_by_role("button", name="Add an address").click()
    page.get_by_role("textbox", name="Email").fill("zoe@example.test")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Zoë Aaronson")).to_be_visible()
    page.get_by_role("searchbox").fill("zoe aar")
    expect(page.locator("[data-contact]")).to_have_count(1)
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Job title").fill("Harbour master")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("article").get_by_text("Harbour master")).to_be_visible()
    expect(page.get_by_text("Being saved")).to_have_count(0, timeout=SOON)
    assert "TITLE:Harbour master" in elsewhere.texts()
    page.screenshot(path=SHOTS / "contacts-desk.png")
    page.get_by_role("button", name="Write", exact=True).last.click()
    expect(page.get_by_text("zoe@example.test").last).to_be_visible()
    page.keyboard.press("Escape")


def test_another_programs_changes_are_seen_without_a_reload(contacts: Page, demo: Demo, elsewhere: Elsewhere) -> None:
    page, uid = contacts, str(uuid.uuid4())
    page.evaluate("window.notReloaded = true")
    elsewhere.put(uid, "Live", "Aardvark", "EMAIL:live@example.test")
    sync(page, demo)
    row = page.locator("[data-contact]", has_text="Live Aardvark")
    expect(row).to_be_visible(timeout=SOON)
    row.click()
    elsewhere.put(uid, "Live", "Aardvark", "EMAIL:live@example.test", "ORG:Seen at once")
    sync(page, demo)
    expect(page.get_by_role("article").get_by_text("Seen at once")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0, timeout=SOON)
    assert page.evaluate("window.notReloaded") is True


def test_contacts_on_a_phone_in_the_dark_and_for_everybody(browser: Browser, demo: Demo) -> None:
    page = open_page(browser, demo, PHONE)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Contacts").click()
    page.locator("[data-contact]").first.wait_for(timeout=SOON)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert_accessible(page)
    page.screenshot(path=SHOTS / "contacts-phone.png")
    page.locator("[data-contact]").first.click()
    expect(page.get_by_role("article")).to_be_visible()
    assert_accessible(page)
    page.screenshot(path=SHOTS / "contact-phone.png")
    page.get_by_role("button", name="Edit").click()
    expect(page.get_by_label("First name")).to_be_visible()
    assert_accessible(page)
    page.emulate_media(color_scheme="dark")
    assert_accessible(page)
    page.screenshot(path=SHOTS / "contact-form-phone.png")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name=re.compile("Back to contacts")).click()
    expect(page.locator("[data-contact]").first).to_be_visible()
    page.context.close()


def test_what_two_changed_is_decided_by_the_person(contacts: Page, demo: Demo, elsewhere: Elsewhere) -> None:
    page, uid = contacts, str(uuid.uuid4())
    elsewhere.put(uid, "Both", "Aarden", "TITLE:Old", "TEL;TYPE=CELL:+44 20 1")
    sync(page, demo)
    page.locator("[data-contact]", has_text="Both Aarden").click(timeout=SOON)
    expect(page.get_by_role("article").get_by_text("Old")).to_be_visible()
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Job title").fill("As I have it")
    page.screenshot(path=SHOTS / "contact-form-desk.png")
    elsewhere.put(uid, "Both", "Aarden", "TITLE:As they have it", "TEL;TYPE=CELL:+44 20 1")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Job title, yours: As I have it")).to_be_visible(timeout=SOON)
    expect(page.get_by_text(", yours:")).to_have_count(1)
    expect(page.get_by_role("article").get_by_text("As they have it")).to_be_visible(timeout=SOON)
    assert_accessible(page)
    page.screenshot(path=SHOTS / "contact-conflict-desk.png")
    page.set_viewport_size(PHONE)
    assert_accessible(page)
    page.screenshot(path=SHOTS / "contact-conflict-phone.png")
    page.get_by_role("button", name="Keep mine").click()
    expect(page.get_by_role("article").get_by_text("As I have it")).to_be_visible(timeout=SOON)
    expect(page.get_by_role("button", name="Keep mine")).to_have_count(0)
    expect(page.get_by_text("Being saved")).to_have_count(0, timeout=SOON)
    assert "TITLE:As I have it" in elsewhere.texts()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("alertdialog")).to_be_visible()
    assert_accessible(page)
    page.screenshot(path=SHOTS / "contact-delete-phone.png")
    page.get_by_role("alertdialog").get_by_role("button", name="Cancel").click()


def test_contacts_in_italian_and_when_nobody_matches(browser: Browser, demo: Demo) -> None:
    page = open_page(browser, demo, DESK, cast.TENANTS[0].people[0])
    page.get_by_role("link", name="Contatti").click()
    page.locator("[data-contact]").first.wait_for(timeout=SOON)
    page.screenshot(path=SHOTS / "contacts-italian.png")
    page.get_by_role("searchbox").fill("nessuno si chiama così")
    expect(page.get_by_text("Nessuno corrisponde")).to_be_visible()
    assert_accessible(page)
    page.screenshot(path=SHOTS / "contacts-nobody.png")
    page.context.close()
