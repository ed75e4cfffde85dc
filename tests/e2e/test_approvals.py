"""Approvals in the browser: an agent asks, the person sees exactly what would happen, and decides; live, and without a
script on the server's own pages."""

import uuid

import pytest
from playwright.sync_api import Browser, Page, expect

from pmsync.demo import cast
from tests.e2e.conftest import DESK, EMILY, PHONE, SHOTS, SOON, open_page
from tests.e2e.demo import Demo
from tests.e2e.proposing import propose
from tests.e2e.test_writing import assert_accessible, sent_copies

pytestmark = [pytest.mark.chromium, pytest.mark.slow]


def new(subject: str) -> str:
    """A subject that no other has."""
    return f"{subject} {uuid.uuid4().hex[:6]}"


def ask(demo: Demo, subject: str, person: cast.DemoPerson = EMILY) -> None:
    """An agent wants to send a message."""
    propose(
        demo, person, "email.send", uuid.uuid4().hex, to=["Helen Okafor <helen.okafor@okaforengineering.example>"],
        subject=subject, text="Dear Helen,\n\nthe pumps leave on Monday.\n\nEmily",
    )  # fmt: skip


def test_an_approval_comes_in_live_is_read_changed_and_approved(page: Page, demo: Demo) -> None:
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(page.get_by_role("heading", name="Approvals")).to_be_visible(timeout=SOON)
    before, after = new("Pumps on Monday"), new("Pumps on Tuesday")
    ask(demo, before)
    row = page.get_by_role("link", name=before)
    expect(row).to_be_visible(timeout=SOON)
    row.click()
    expect(page.get_by_text("the pumps leave on Monday")).to_be_visible(timeout=SOON)
    assert_accessible(page)
    page.screenshot(path=SHOTS / "approvals-desk.png")
    page.get_by_role("button", name="Change it first").click()
    page.get_by_label("Subject").fill(after)
    assert_accessible(page)
    page.get_by_role("button", name="Save the change").click()
    expect(page.get_by_role("heading", name=after)).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved. It is on its way.")).to_be_visible(timeout=SOON)
    expect(page.get_by_role("link", name=after)).to_have_count(0, timeout=SOON)
    page.get_by_role("button", name="Decided").click()
    expect(page.get_by_role("link", name=after)).to_contain_text("Done", timeout=SOON)
    for _ in range(100):
        if sent_copies(demo, after):
            break
        page.wait_for_timeout(200)
    assert sent_copies(demo, after) == 1 and sent_copies(demo, before) == 0


def test_a_phone_decides(browser: Browser, demo: Demo) -> None:
    page = open_page(browser, demo, PHONE)
    subject = new("Crates by sea")
    ask(demo, subject)
    page.goto(f"{demo.url}/review")
    page.get_by_role("link", name=subject).click()
    expect(page.get_by_role("button", name="Approve")).to_be_visible(timeout=SOON)
    assert_accessible(page)
    page.screenshot(path=SHOTS / "approvals-phone.png", full_page=True)
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("Rejected. Nothing is done.")).to_be_visible(timeout=SOON)
    page.context.close()


def test_it_works_without_a_script_and_from_a_phone(browser: Browser, demo: Demo) -> None:
    subject = new("Ropes and sails")
    ask(demo, subject)
    for viewport, name in ((DESK, "desk"), (PHONE, "phone")):
        context = browser.new_context(viewport=viewport, java_script_enabled=False, color_scheme="dark", locale="en-GB")
        page = context.new_page()
        page.goto(f"{demo.url}/approvals")
        sign_in_plain(page)
        page.screenshot(path=SHOTS / f"pages-list-{name}.png", full_page=True)
        page.get_by_role("link", name=subject).click()
        expect(page.get_by_text("the pumps leave on Monday")).to_be_visible()
        page.screenshot(path=SHOTS / f"pages-approval-{name}.png", full_page=True)
        page.goto(f"{demo.url}/approvals/rules")
        page.screenshot(path=SHOTS / f"pages-rules-{name}.png", full_page=True)
        context.close()
    scripted = browser.new_context(viewport=PHONE, locale="en-GB")  # axe is a script
    page = scripted.new_page()
    page.goto(f"{demo.url}/approvals/sign-in")
    assert_accessible(page)
    sign_in_plain(page)
    assert_accessible(page)
    page.goto(f"{demo.url}/approvals/rules")
    assert_accessible(page)
    page.goto(f"{demo.url}/approvals/undo")
    assert_accessible(page)
    page.goto(f"{demo.url}/approvals")
    page.get_by_role("link", name=subject).click()
    assert_accessible(page)
    page.get_by_role("link", name="Change it first").click()
    assert_accessible(page)
    page.go_back()
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("Rejected. Nothing is done.")).to_be_visible()
    scripted.close()


def sign_in_plain(page: Page) -> None:
    """On the server's own page."""
    page.fill("input[name=email]", EMILY.email)
    page.fill("input[name=password]", EMILY.password)
    page.get_by_role("button", name="Sign in").click()
