"""Follow-ups, alerts and the daily report as a person meets them: what waits on both sides, what is late, and today."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import EMILY, PHONE, SHOTS, SOON, open_page
from tests.e2e.demo import Demo, append
from tests.e2e.test_assistant import MAILBOX, in_sent, mail, new
from tests.e2e.test_writing import assert_accessible
from tests.e2e.ticking import tick

pytestmark = [pytest.mark.chromium, pytest.mark.slow]


def test_what_was_missed_on_both_sides_is_shown_told_and_settled(page: Page, demo: Demo) -> None:
    mine, theirs = new("survey"), new("lease")
    # Nobody else's mail may settle it.
    lena = f"Lena Park <lena.{uuid.uuid4().hex[:6]}@park.example>"
    passed = datetime.now(UTC) - timedelta(days=1)
    asked = f"Could you send me the {mine} by {passed:%-d %B %Y}?"
    wanted = f"Could you send us the {theirs} by {passed:%-d %B %Y}?"
    with demo.client(MAILBOX) as other:
        at = datetime.now(UTC) - timedelta(days=3)
        append(other, "INBOX", mail(f"About the {mine}", f"Dear Emily,\r\n\r\n{asked}\r\n\r\nHelen\r\n", at=at), at=at)
        sent = mail(f"About the {theirs}", f"Dear Lena,\r\n\r\n{wanted}\r\n\r\nEmily\r\n", MAILBOX.address, lena, at)
        append(other, "Sent", sent, r"(\Seen)", at)
    in_sent(page, f"About the {theirs}")
    page.goto(f"{demo.url}/follow-ups")
    waiting = page.get_by_role("listitem").filter(has_text=mine)
    expect(waiting).to_contain_text("Overdue", timeout=SOON)
    assert_accessible(page)
    page.screenshot(path=SHOTS / "follow-ups-desk.png")
    page.get_by_role("button", name="You are waiting for").click()
    other_way = page.get_by_role("listitem").filter(has_text=theirs)
    expect(other_way).to_contain_text("Overdue", timeout=SOON)
    expect(other_way.get_by_role("button", name="Ask again")).to_be_visible()
    tick(demo, EMILY)
    expect(page.get_by_text("Time is up:")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Alerts").click()
    expect(page.get_by_role("link").filter(has_text=mine)).to_be_visible(timeout=SOON)
    expect(page.get_by_role("link").filter(has_text=theirs)).to_be_visible()
    page.get_by_role("button", name="Waiting for you").click()
    waiting.get_by_role("button", name="Done").click()
    expect(waiting).to_have_count(0, timeout=SOON)


@pytest.mark.parametrize("side", ["desk", "phone"])
def test_todays_report_is_made_and_read(side: str, browser: Browser, page: Page, demo: Demo) -> None:
    if side == "phone":
        page = open_page(browser, demo, PHONE)
    page.goto(f"{demo.url}/reports")
    page.get_by_role("button", name="Make today’s report now").click()
    today = datetime.now().astimezone().strftime("%-d %B")
    page.get_by_role("link").filter(has_text=today).first.click(timeout=SOON)
    for heading in ("Waiting for you", "You are waiting for", "Calendar", "The assistant"):
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible(timeout=SOON)
    expect(page.get_by_text("Suggestions of the assistant")).to_be_visible(timeout=SOON)
    assert_accessible(page)
    page.screenshot(path=SHOTS / f"report-{side}.png", full_page=True)
    if side == "phone":
        page.context.close()
