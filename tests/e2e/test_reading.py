"""Signing in, the list, a conversation and the search, as a person goes through them; with screenshots."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, ViewportSize, expect

from pmsync.demo import cast
from tests.e2e.conftest import DESK, EMILY, PHONE, SHOTS, Complaints, open_page, sign_in
from tests.e2e.demo import Demo, append, letter

pytestmark = [pytest.mark.chromium, pytest.mark.slow]
# An HTML body is in its frame, or a text body below its header.
BODY_SHOWN = """() => [...document.querySelectorAll('[data-message]')].some((message) =>
  message.querySelector('iframe')?.contentDocument?.body?.childElementCount || message.innerText.length > 200)"""
GIULIA = cast.TENANTS[0].people[0]
MARCO = cast.TENANTS[0].people[1]
NEWSLETTER = (
    b"Date: Mon, 02 Mar 2026 09:00:00 +0000\r\nFrom: Shop <news@oakandember.example>\r\n"
    b"To: emily@northwind-trading.example\r\n"
    b"Subject: Pictures from far away\r\nMessage-ID: <far@oakandember.example>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>Look:</p><img src='https://img.oakandember.example/hero.jpg'>\r\n"
)


def test_a_wrong_password_is_refused_in_words(browser: Browser, demo: Demo) -> None:
    page = browser.new_context(locale="en-GB").new_page()
    page.goto(demo.url)
    page.fill("input[name=email]", EMILY.email)
    page.fill("input[name=password]", "not it")
    page.click("button[type=submit]")
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.input_value("input[name=email]") == EMILY.email
    page.context.close()


def test_a_conversation_is_opened_and_read(page: Page) -> None:
    page.locator("[data-thread]").first.click()
    expect(page.locator("[data-message]").first).to_be_visible()
    subject = page.get_by_role("region", name="Conversation", exact=True).get_by_role("heading").first.inner_text()
    assert subject
    assert subject in page.locator("[data-thread][aria-current=true]").inner_text()


def test_a_message_is_found_by_its_words(page: Page, demo: Demo) -> None:
    with demo.client(EMILY.accounts[0]) as client:
        append(client, "INBOX", letter("Glulam for the café", body="The crème brûlée beams arrive in Çatalhöyük."))
    expect(page.locator("[data-thread]", has_text="Glulam for the café")).to_be_visible(timeout=15_000)
    page.keyboard.press("/")
    page.get_by_role("combobox").fill("creme brulee catalhoyuk")
    page.keyboard.press("Enter")
    expect(page.locator("[data-thread]", has_text="Glulam for the café")).to_be_visible(timeout=15_000)
    expect(page.locator("[data-thread] mark").first).to_be_visible()


def test_remote_pictures_are_not_fetched(page: Page, demo: Demo) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(_host(request)))
    with demo.client(EMILY.accounts[0]) as client:
        append(client, "INBOX", NEWSLETTER)
    row = page.locator("[data-thread]", has_text="Pictures from far away")
    expect(row).to_have_count(1, timeout=15_000)
    row.click()
    expect(page.frame_locator("iframe").first.get_by_text("Look:")).to_be_visible()
    assert set(asked) <= {"localhost", ""}


def _host(request: Request) -> str:
    return urlsplit(request.url).hostname or ""


def test_a_colleague_sees_the_shared_mailbox_and_no_other(browser: Browser, demo: Demo) -> None:
    page = open_page(browser, demo, DESK, MARCO)
    nav = page.get_by_role("navigation").first
    expect(nav).to_contain_text("Marco Bellini")
    expect(nav).to_contain_text("Rossi & Partners")
    expect(nav).not_to_contain_text("Giulia Rossi")
    page.context.close()


# Not until the network is idle: mail may hold what never arrives.
IDLE = (
    "document.fonts.ready.then(() => new Promise((done) => requestIdleCallback(() => done(true), { timeout: 2000 })))"
)


@pytest.mark.parametrize(("name", "viewport"), [("1440x900", DESK), ("390x844", PHONE)])
def test_the_screens_are_kept_as_pictures(browser: Browser, demo: Demo, name: str, viewport: ViewportSize) -> None:
    SHOTS.mkdir(exist_ok=True)
    context = browser.new_context(viewport=viewport, locale="it-IT", timezone_id="Europe/Rome")
    page = context.new_page()
    page.goto(demo.url)
    page.wait_for_selector("input[name=email]")
    page.screenshot(path=SHOTS / f"login-{name}.png")
    sign_in(page, GIULIA)
    page.wait_for_selector("[data-thread]", timeout=60_000)
    complaints = Complaints(page)
    page.evaluate(IDLE)
    page.screenshot(path=SHOTS / f"list-{name}.png")
    page.locator("[data-thread]").nth(1).click()
    page.wait_for_function(BODY_SHOWN)
    page.evaluate(IDLE)
    page.screenshot(path=SHOTS / f"thread-{name}.png")
    page.goto(f"{demo.url}/search?q=preventivo")
    page.wait_for_selector("[data-thread]")
    page.evaluate(IDLE)
    page.screenshot(path=SHOTS / f"search-{name}.png")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, "the page scrolls sideways"
    assert complaints.heard == []
    context.close()
