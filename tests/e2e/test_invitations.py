"""Invitations in the browser: answered from the message, followed by the calendar, told to those invited."""

import imaplib
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pmsync.demo import cast
from tests.e2e.conftest import EMILY, PHONE, SHOTS, SOON, open_page
from tests.e2e.demo import Demo, append
from tests.e2e.elsewhere import Elsewhere, sync
from tests.e2e.test_writing import assert_accessible

pytestmark = [pytest.mark.chromium, pytest.mark.slow]
GIULIA = cast.TENANTS[0].people[0]
RITA = "rita@elsewhere.test"


@pytest.fixture
def client(demo: Demo) -> Iterator[imaplib.IMAP4]:
    """Another client of Emily's mailbox."""
    with demo.client(EMILY.accounts[0]) as opened:
        yield opened


def soon(days: int) -> datetime:
    """Ten o'clock of a day that comes and is no weekend."""
    day = datetime.now(UTC).replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=days)
    return day + timedelta(days=max(0, day.weekday() - 4) and 7 - day.weekday())


def invitation(uid: str, title: str, start: datetime, *lines: str, method: str = "REQUEST", sequence: int = 0) -> bytes:
    """Rita's message about an event of an hour."""
    subject = f"Cancelled: {title}" if method == "CANCEL" else title
    calendar = "\r\n".join((
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//T//T//EN", f"METHOD:{method}", "BEGIN:VEVENT", f"UID:{uid}",
        f"DTSTAMP:{datetime.now(UTC):%Y%m%dT%H%M%SZ}", f"SEQUENCE:{sequence}", f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
        f"DTEND:{start + timedelta(hours=1):%Y%m%dT%H%M%SZ}", f"SUMMARY:{title}", "LOCATION:Room Elbe",
        f"ORGANIZER;CN=Rita Boss:mailto:{RITA}", f"ATTENDEE;RSVP=TRUE:mailto:{EMILY.email}",
        "ATTENDEE;CN=Owen Hughes:mailto:owen@northwind-trading.example", *lines, "END:VEVENT", "END:VCALENDAR", "",
    ))  # fmt: skip
    return (
        f"Date: {datetime.now(UTC):%a, %d %b %Y %H:%M:%S +0000}\r\nFrom: Rita Boss <{RITA}>\r\nTo: {EMILY.email}\r\n"
        f"Subject: {subject}\r\nMessage-ID: <{uuid.uuid4()}@elsewhere.test>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        "Dear Emily,\r\n\r\nplease come to this meeting.\r\n\r\nRita\r\n"
        f"--b\r\nContent-Type: text/calendar; charset=utf-8; method={method}\r\n\r\n{calendar}\r\n--b--\r\n"
    ).encode()


def opened(page: Page, subject: str) -> Locator:
    """The card in a conversation that is opened from the list."""
    page.locator("[data-thread]", has_text=subject).first.click(timeout=SOON)
    card = page.get_by_role("region", name=re.compile(rf"(message|messaggio): .*{subject.rpartition(': ')[2]}"))
    card.wait_for(timeout=SOON)
    return card


def test_an_invitation_is_answered_moved_and_called_off(page: Page, demo: Demo, client: imaplib.IMAP4) -> None:
    uid, first, second = str(uuid.uuid4()), soon(20), soon(24)
    title = f"Board of the harbour {uid[:4]}"
    diary = Elsewhere(demo, "calendar")
    diary.put(
        "clash", "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//T//T//EN", "BEGIN:VEVENT", "UID:clash",
        "DTSTAMP:20260101T000000Z", f"DTSTART:{first:%Y%m%dT%H%M%SZ}", "DURATION:PT1H", "SUMMARY:Haircut", "END:VEVENT",
        "END:VCALENDAR",
    )  # fmt: skip
    sync(page, demo)
    append(client, "INBOX", invitation(uid, title, first))
    card = opened(page, title)
    expect(card.get_by_text("Rita Boss invites you")).to_be_visible()
    expect(card.get_by_text("At the same time: Haircut")).to_be_visible(timeout=SOON)
    page.screenshot(path=SHOTS / "invitation-desk.png")
    assert_accessible(page)
    card.get_by_role("button", name="Add a note").click()
    card.get_by_label("A note to Rita Boss").fill("I will be ten minutes late.")
    card.get_by_role("button", name="Yes").click()
    expect(card.get_by_text("You said yes.")).to_be_visible(timeout=SOON)
    expect(card.get_by_text("In your calendar")).to_be_visible()
    page.screenshot(path=SHOTS / "invitation-answered-desk.png")
    assert_accessible(page)
    page.keyboard.press("u")
    append(client, "INBOX", invitation(uid, title, second, sequence=1))
    append(client, "INBOX", invitation(uid, title, second, method="CANCEL", sequence=2))
    expect(page.locator("[data-thread]", has_text=title)).to_have_count(3, timeout=SOON)
    card = opened(page, f"Cancelled: {title}")
    expect(card.get_by_text("Rita Boss has cancelled this event")).to_be_visible(timeout=SOON)
    expect(card.get_by_role("button", name="Mark as cancelled")).to_have_count(0, timeout=SOON)
    page.screenshot(path=SHOTS / "invitation-cancelled-desk.png")
    assert_accessible(page)
    card.get_by_role("link", name="In your calendar").click()
    expect(page.locator("[data-event]").filter(has_text=title).first).to_be_visible(timeout=SOON)
    diary.close()


def test_guests_are_invited_and_their_answer_comes_back(browser: Browser, page: Page, demo: Demo) -> None:
    day, title = soon(15).date(), f"Price talks {uuid.uuid4().hex[:4]}"
    page.evaluate(
        "path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }",
        f"/calendar/day/{day.isoformat()}",
    )
    page.get_by_role("group", name="View").wait_for(timeout=SOON)
    page.get_by_role("button", name="New event").click(timeout=SOON)
    page.get_by_label("Title").fill(title)
    page.get_by_role("button", name="More options").click()
    page.get_by_label("Starts").fill(day.isoformat())
    page.get_by_label("Start time").fill("15:00")
    page.get_by_label("Guests").fill(GIULIA.email)
    expect(page.get_by_label("Tell the guests by mail")).to_be_checked()
    page.screenshot(path=SHOTS / "calendar-guests-desk.png", full_page=True)
    assert_accessible(page)
    page.get_by_role("button", name="Save").click()
    shown = page.locator("[data-event]").filter(has_text=title)
    expect(shown.first).to_be_visible(timeout=SOON)

    hers = open_page(browser, demo, PHONE, GIULIA)
    hers.emulate_media(color_scheme="dark")
    card = opened(hers, title)
    expect(card.get_by_text("Emily Clarke ti invita")).to_be_visible(timeout=SOON)
    hers.wait_for_timeout(300)
    hers.screenshot(path=SHOTS / "invitation-phone-it.png")
    assert_accessible(hers)
    card.get_by_role("button", name="Sì").click()
    expect(card.get_by_text("Hai risposto sì.")).to_be_visible(timeout=SOON)
    hers.context.close()

    shown.first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("accepted")).to_be_visible(timeout=SOON * 2)
    page.screenshot(path=SHOTS / "calendar-accepted-desk.png")
    page.keyboard.press("Escape")
    page.evaluate("path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }", "/")
    card = opened(page, f"Accettato: {title}")
    expect(card.get_by_text("Giulia Rossi will come")).to_be_visible(timeout=SOON)
    page.screenshot(path=SHOTS / "invitation-reply-desk.png")
