"""What people do to their mail in the browser: shown at once, done at the provider, taken back."""

import imaplib
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pmsync.demo import cast
from tests.e2e.conftest import DESK, EMILY, PHONE, SOON, eventually, open_page
from tests.e2e.demo import Demo, append, letter
from tests.e2e.elsewhere import signed_in

pytestmark = [pytest.mark.chromium, pytest.mark.slow]
MAILBOX = EMILY.accounts[0]
AT_ONCE = 1_000  # milliseconds, for what needs no answer


@pytest.fixture
def client(demo: Demo) -> Iterator[imaplib.IMAP4]:
    """Another client of the same mailbox: the provider's truth."""
    with demo.client(MAILBOX) as opened:
        yield opened


def row(page: Page, subject: str) -> Locator:
    return page.locator("[data-thread]", has_text=subject)


def arrived(page: Page, client: imaplib.IMAP4, *subjects: str) -> None:
    """New mail with these subjects, shown."""
    for subject in subjects:
        append(client, "INBOX", letter(subject))
    for subject in subjects:
        expect(row(page, subject)).to_be_visible(timeout=SOON)


def count(client: imaplib.IMAP4, mailbox: str, *criteria: str) -> int:
    if client.select(f'"{mailbox}"', readonly=True)[0] != "OK":
        return 0  # it is made when something first goes there
    found = client.search(None, *criteria)[1][0]
    return len(found.split())


def lies_in(client: imaplib.IMAP4, mailbox: str, subject: str) -> Callable[[], bool]:
    return lambda: count(client, mailbox, "SUBJECT", f'"{subject}"') == 1


def test_archive_and_undo(page: Page, client: imaplib.IMAP4) -> None:
    arrived(page, client, "Crane hire")
    row(page, "Crane hire").hover()
    page.locator("[data-row]", has_text="Crane hire").get_by_role("button", name="Archive").click()
    expect(row(page, "Crane hire")).to_have_count(0, timeout=AT_ONCE)
    eventually(lies_in(client, "Archive", "Crane hire"), "it did not reach the archive")
    page.keyboard.press("z")
    expect(row(page, "Crane hire")).to_be_visible(timeout=AT_ONCE)
    eventually(lies_in(client, "INBOX", "Crane hire"), "it did not come back")
    expect(row(page, "Crane hire")).to_have_count(1)


def test_read_after_a_second_and_starred_by_key(page: Page, client: imaplib.IMAP4) -> None:
    arrived(page, client, "Ledger for October")
    row(page, "Ledger for October").click()
    expect(row(page, "Ledger for October")).not_to_have_attribute("data-unread", "true", timeout=SOON)
    page.keyboard.press("s")
    expect(row(page, "Ledger for October").get_by_role("img", name="flagged")).to_be_visible(timeout=AT_ONCE)
    eventually(
        lambda: count(client, "INBOX", "SUBJECT", '"Ledger for October"', "SEEN", "FLAGGED") == 1,
        "the provider has it otherwise",
    )
    page.keyboard.press("Shift+U")
    expect(row(page, "Ledger for October")).to_have_attribute("data-unread", "true", timeout=AT_ONCE)


def test_moved_by_the_keyboard_alone(page: Page, client: imaplib.IMAP4) -> None:
    arrived(page, client, "Invoice of the joiner")
    row(page, "Invoice of the joiner").focus()
    page.keyboard.press("x")
    page.keyboard.press("v")
    page.get_by_role("dialog").locator("input").fill("arch")
    expect(page.get_by_role("menuitem")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(row(page, "Invoice of the joiner")).to_have_count(0, timeout=AT_ONCE)
    expect(page.locator("body")).not_to_be_focused()
    eventually(lies_in(client, "Archive", "Invoice of the joiner"), "it was not moved")


def test_several_chosen_go_together_and_come_back_together(page: Page, client: imaplib.IMAP4) -> None:
    subjects = [f"Tender {word}" for word in ("alder", "beech", "cedar", "durmast")]
    arrived(page, client, *subjects)
    tenders = page.locator("[data-row]", has_text="Tender")  # of one second: in any order
    tenders.first.hover()
    tenders.first.get_by_role("checkbox").check()
    tenders.last.get_by_role("checkbox").click(modifiers=["Shift"])
    expect(page.get_by_role("toolbar").get_by_text("4 chosen")).to_be_visible()
    page.keyboard.press("Delete")
    for subject in subjects:
        expect(row(page, subject)).to_have_count(0, timeout=AT_ONCE)
    expect(page.get_by_role("toolbar")).to_have_count(0)
    eventually(lambda: count(client, "Trash", "SUBJECT", '"Tender"') == 4, "not all were deleted")
    page.get_by_role("button", name="Undo").click()
    for subject in subjects:
        expect(row(page, subject)).to_be_visible(timeout=AT_ONCE)
    eventually(lambda: count(client, "INBOX", "SUBJECT", '"Tender"') == 4, "not all came back")


def test_everything_a_search_finds(page: Page, demo: Demo, client: imaplib.IMAP4) -> None:
    for number in range(60):
        append(client, "INBOX", letter(f"Plumbline {number:02}"))
    # Those of one second stand in no order: which of them are on the screen is not known.
    with signed_in(demo) as api:
        asked = "search?q=subject:plumbline&limit=100"
        eventually(lambda: len(api.get(asked).json()["items"]) == 60, "not all came in")
    page.keyboard.press("/")
    page.get_by_role("combobox", name="Search mail").fill("subject:plumbline")
    page.keyboard.press("Enter")
    expect(page.get_by_text("60 results")).to_be_visible(timeout=SOON)
    page.keyboard.press("*")
    page.keyboard.press("a")
    page.get_by_role("button", name=re.compile("^Choose all 60")).click()
    page.get_by_role("toolbar").get_by_role("button", name="Archive").click()
    eventually(lambda: count(client, "Archive", "SUBJECT", '"Plumbline"') == 60, "not all were archived")
    page.get_by_role("button", name="Undo").click(timeout=SOON)
    eventually(lambda: count(client, "INBOX", "SUBJECT", '"Plumbline"') == 60, "not all came back")


def test_a_held_key_keeps_up_and_typing_does_nothing(page: Page, client: imaplib.IMAP4) -> None:
    subjects = [f"Gutter {number}" for number in range(8)]
    arrived(page, client, *subjects)
    page.get_by_role("combobox", name="Search mail").fill("edge # ! e")
    expect(row(page, "Gutter 7")).to_be_visible()
    page.get_by_role("combobox", name="Search mail").fill("")
    row(page, "Gutter").first.focus()
    for _ in range(8):
        page.keyboard.press("e")
        page.wait_for_timeout(60)
    for subject in subjects:
        expect(row(page, subject)).to_have_count(0, timeout=AT_ONCE)
    eventually(lambda: count(client, "Archive", "SUBJECT", '"Gutter"') == 8, "not all were archived")


def test_without_a_connection_it_waits_and_survives_a_reload(
    browser: Browser, demo: Demo, client: imaplib.IMAP4
) -> None:
    page = open_page(browser, demo, DESK)  # its own: a request that is cut is written to the console
    arrived(page, client, "Scaffold permit")
    page.route("**/api/v1/commands", lambda route: route.abort())
    row(page, "Scaffold permit").hover()
    page.locator("[data-row]", has_text="Scaffold permit").get_by_role("button", name="Archive").click()
    expect(row(page, "Scaffold permit")).to_have_count(0, timeout=AT_ONCE)
    page.wait_for_timeout(500)
    page.unroute("**/api/v1/commands")
    page.reload()
    page.wait_for_selector("[data-thread]")
    expect(row(page, "Scaffold permit")).to_have_count(0)
    eventually(lies_in(client, "Archive", "Scaffold permit"), "the waiting action was lost")
    page.context.close()


def test_a_swipe_archives_on_a_phone(browser: Browser, demo: Demo, client: imaplib.IMAP4) -> None:
    page = open_page(browser, demo, PHONE, cast.TENANTS[1].people[0])
    arrived(page, client, "Site photographs")
    box = row(page, "Site photographs").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    finger = page.context.new_cdp_session(page)
    steps = [{"x": 60 + 30 * step, "y": middle} for step in range(9)]
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": steps[:1]})
    for step in steps[1:]:
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [step]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(row(page, "Site photographs")).to_have_count(0, timeout=AT_ONCE)
    eventually(lies_in(client, "Archive", "Site photographs"), "it did not reach the archive")
    page.context.close()
