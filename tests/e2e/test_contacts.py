"""Contacts in the browser: looked up, written to, changed, and followed live when another program changes them."""

import re
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from pmsync.demo import cast
from tests.e2e.conftest import DESK, PHONE, SHOTS, open_page
from tests.e2e.demo import Demo
from tests.e2e.elsewhere import Elsewhere, sync
from tests.e2e.test_writing import assert_accessible

pytestmark = [pytest.mark.chromium, pytest.mark.slow]
SOON = 20_000


class Cards(Elsewhere):
    """Another program at Emily's address book."""

    def card(self, uid: str, given: str, family: str, *lines: str) -> None:
        """Put a card."""
        head = ("BEGIN:VCARD", "VERSION:3.0", f"UID:{uid}", f"FN:{given} {family}", f"N:{family};{given};;;")
        self.put(uid, *head, *lines, "END:VCARD")


@pytest.fixture
def elsewhere(demo: Demo) -> Iterator[Cards]:
    made = Cards(demo, "addressbook")
    yield made
    made.close()


@pytest.fixture
def contacts(page: Page) -> Page:
    page.keyboard.press("g")
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="Contacts", exact=True)).to_be_visible()
    page.locator("[data-contact]").first.wait_for(timeout=SOON)
    return page


def test_a_contact_is_found_opened_changed_and_written_to(contacts: Page, elsewhere: Cards) -> None:
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


def test_another_programs_changes_are_seen_without_a_reload(contacts: Page, demo: Demo, elsewhere: Cards) -> None:
    page, uid = contacts, str(uuid.uuid4())
    page.evaluate("window.notReloaded = true")
    elsewhere.card(uid, "Live", "Aardvark", "EMAIL:live@example.test")
    sync(page, demo)
    row = page.locator("[data-contact]", has_text="Live Aardvark")
    expect(row).to_be_visible(timeout=SOON)
    row.click()
    elsewhere.card(uid, "Live", "Aardvark", "EMAIL:live@example.test", "ORG:Seen at once")
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


def test_what_two_changed_is_decided_by_the_person(contacts: Page, demo: Demo, elsewhere: Cards) -> None:
    page, uid = contacts, str(uuid.uuid4())
    elsewhere.card(uid, "Both", "Aarden", "TITLE:Old", "TEL;TYPE=CELL:+44 20 1")
    sync(page, demo)
    page.locator("[data-contact]", has_text="Both Aarden").click(timeout=SOON)
    expect(page.get_by_role("article").get_by_text("Old")).to_be_visible()
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Job title").fill("As I have it")
    page.screenshot(path=SHOTS / "contact-form-desk.png")
    elsewhere.card(uid, "Both", "Aarden", "TITLE:As they have it", "TEL;TYPE=CELL:+44 20 1")
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
