"""What other clients do to a mailbox is seen in an open browser, without reload."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import EMILY, SOON
from tests.e2e.demo import Demo, append, letter

pytestmark = [pytest.mark.chromium, pytest.mark.slow]
MAILBOX = EMILY.accounts[0]


def row(page: Page, subject: str) -> Locator:
    return page.locator("[data-thread]", has_text=subject)


@pytest.fixture
def loaded(page: Page) -> Page:
    """The page, marked so that a reload would be noticed."""
    page.evaluate("window.notReloaded = true")
    return page


def assert_not_reloaded(page: Page) -> None:
    assert page.evaluate("window.notReloaded") is True


def test_a_message_appended_by_another_client_appears(loaded: Page, demo: Demo) -> None:
    with demo.client(MAILBOX) as client:
        append(client, "INBOX", letter("Keys for the warehouse"))
    expect(row(loaded, "Keys for the warehouse")).to_be_visible(timeout=SOON)
    expect(row(loaded, "Keys for the warehouse")).to_have_attribute("data-unread", "true")
    assert_not_reloaded(loaded)


def test_a_message_read_and_starred_elsewhere_is_shown_so(loaded: Page, demo: Demo) -> None:
    with demo.client(MAILBOX) as client:
        uid = append(client, "INBOX", letter("Parking permits"))
        expect(row(loaded, "Parking permits")).to_have_attribute("data-unread", "true", timeout=SOON)
        client.select("INBOX")
        client.uid("STORE", str(uid), "+FLAGS", r"(\Seen \Flagged)")
        expect(row(loaded, "Parking permits")).not_to_have_attribute("data-unread", "true", timeout=SOON)
    expect(row(loaded, "Parking permits").get_by_role("img")).to_be_visible(timeout=SOON)
    assert_not_reloaded(loaded)


def test_a_message_moved_elsewhere_changes_its_list(loaded: Page, demo: Demo) -> None:
    with demo.client(MAILBOX) as client:
        uid = append(client, "INBOX", letter("Old price list"))
        expect(row(loaded, "Old price list")).to_be_visible(timeout=SOON)
        client.select("INBOX")
        client.uid("MOVE", str(uid), "Archive")
        expect(row(loaded, "Old price list")).to_have_count(0, timeout=SOON)
    loaded.get_by_role("link", name=re.compile("^Archive")).first.click()
    expect(row(loaded, "Old price list")).to_be_visible(timeout=SOON)
    assert_not_reloaded(loaded)


def test_a_message_expunged_elsewhere_disappears(loaded: Page, demo: Demo) -> None:
    with demo.client(MAILBOX) as client:
        uid = append(client, "INBOX", letter("Wrong recipient"))
        expect(row(loaded, "Wrong recipient")).to_be_visible(timeout=SOON)
        client.select("INBOX")
        client.uid("STORE", str(uid), "+FLAGS", r"(\Deleted)")
        client.expunge()
    expect(row(loaded, "Wrong recipient")).to_have_count(0, timeout=SOON)
    assert_not_reloaded(loaded)


def test_a_reply_joins_its_conversation(loaded: Page, demo: Demo) -> None:
    first = letter("Delivery on Thursday")
    identifier = re.search(rb"Message-ID: (<[^>]+>)", first)
    assert identifier is not None
    answer = letter("Re: Delivery on Thursday", "Grace Abara <grace.abara@abara.example>")
    answer = b"In-Reply-To: " + identifier.group(1) + b"\r\nReferences: " + identifier.group(1) + b"\r\n" + answer
    with demo.client(MAILBOX) as client:
        append(client, "INBOX", first)
        expect(row(loaded, "Delivery on Thursday")).to_be_visible(timeout=SOON)
        append(client, "INBOX", answer)
    expect(row(loaded, "Delivery on Thursday")).to_have_count(1)
    expect(row(loaded, "Delivery on Thursday").locator("[data-num]")).to_contain_text("2", timeout=SOON)
