"""What else people do to mail in the browser: labels, spam, deleting for good, mailboxes, snoozing, searches that are
kept, leaving a list, looking at files; each on the screen and at the provider."""

import base64
import imaplib
import re
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pmsync.demo import cast
from tests.e2e.conftest import DESK, EMILY, PHONE, SHOTS, SOON, SQUARE, eventually, open_page
from tests.e2e.demo import Demo, append, letter
from tests.e2e.test_acting import count, lies_in
from tests.e2e.test_writing import assert_accessible, row

pytestmark = [pytest.mark.chromium, pytest.mark.slow]
MAILBOX = EMILY.accounts[0]
GIULIA = cast.TENANTS[0].people[0]


@pytest.fixture
def client(demo: Demo) -> Iterator[imaplib.IMAP4]:
    """Another client of the same mailbox: the provider's truth."""
    with demo.client(MAILBOX) as opened:
        yield opened


def opened(page: Page, client: imaplib.IMAP4, raw: bytes, subject: str) -> None:
    """New mail, come in and open in the reader."""
    append(client, "INBOX", raw)
    row(page, subject).click(timeout=SOON)
    expect(page.locator("[data-message]")).to_have_count(1, timeout=SOON)


def sidebar(page: Page, name: str) -> Locator:
    return page.get_by_role("navigation", name="Mailboxes").get_by_role("link", name=re.compile(f"^{name}"))


def listed(demo: Demo) -> str:
    """The names of all mailboxes at the provider."""
    with demo.client(MAILBOX) as client:
        return "\n".join(item.decode() for item in client.list()[1] if isinstance(item, bytes))


def test_a_label_is_made_and_taken_off_again(page: Page, client: imaplib.IMAP4) -> None:
    opened(page, client, letter("Scaffold offer"), "Scaffold offer")
    label = f"offers{uuid.uuid4().hex[:4]}"
    page.keyboard.press("l")
    page.keyboard.type(label)
    expect(page.get_by_role("menuitem", name=f"Add “{label}”")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Enter")
    expect(row(page, "Scaffold offer")).to_contain_text(label, timeout=SOON)
    eventually(lambda: count(client, "INBOX", "KEYWORD", label) == 1, "the provider does not have the label")
    page.keyboard.press("l")
    page.keyboard.type(label)
    expect(page.get_by_role("menuitem", name=label).get_by_role("img", name="set")).to_be_visible()
    page.keyboard.press("Enter")
    expect(row(page, "Scaffold offer")).not_to_contain_text(label, timeout=SOON)
    eventually(lambda: count(client, "INBOX", "KEYWORD", label) == 0, "the provider still has the label")


def test_spam_goes_where_it_belongs_and_comes_back(page: Page, client: imaplib.IMAP4) -> None:
    opened(page, client, letter("Win a drill"), "Win a drill")
    page.keyboard.press("!")
    expect(page.get_by_text("Marked as spam.")).to_be_visible()
    expect(row(page, "Win a drill")).to_have_count(0)
    eventually(lies_in(client, "Junk", "Win a drill"), "it was not put with the spam")
    sidebar(page, "Junk").click()
    row(page, "Win a drill").click(timeout=SOON)
    page.keyboard.press("!")
    expect(page.get_by_text("Not spam: back in the inbox.")).to_be_visible()
    eventually(lies_in(client, "INBOX", "Win a drill"), "it did not come back")


def test_what_is_deleted_for_good_is_asked_for_and_gone(page: Page, client: imaplib.IMAP4) -> None:
    opened(page, client, letter("Old estimate"), "Old estimate")
    page.keyboard.press("#")
    expect(page.get_by_text("Moved to trash.")).to_be_visible()
    eventually(lies_in(client, "Trash", "Old estimate"), "it is not in the trash")
    sidebar(page, "Trash").click()
    row(page, "Old estimate").click(timeout=SOON)
    page.keyboard.press("#")
    asked = page.get_by_role("alertdialog", name="Delete this conversation for good?")
    expect(asked).to_contain_text("cannot be brought back")
    expect(asked.get_by_role("button", name="Cancel")).to_be_focused()
    assert_accessible(page)
    asked.get_by_role("button", name="Delete for good").click()
    expect(row(page, "Old estimate")).to_have_count(0)
    eventually(lambda: count(client, "Trash", "SUBJECT", '"Old estimate"') == 0, "the provider still has it")


def test_a_mailbox_is_made_named_anew_filled_and_deleted(page: Page, demo: Demo, client: imaplib.IMAP4) -> None:
    page.get_by_role("button", name=f"Actions on {MAILBOX.address}").click()
    menu = page.get_by_role("menu")
    expect(menu).to_be_visible()
    assert_accessible(page)
    menu.get_by_role("menuitem", name="New mailbox…").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Rooves")
    page.keyboard.press("Enter")
    expect(sidebar(page, "Rooves")).to_be_visible(timeout=SOON)
    eventually(lambda: "Rooves" in listed(demo), "the provider did not get it")
    page.get_by_role("button", name="Actions on Rooves").click()
    page.get_by_role("menuitem", name="Rename…").click()
    page.get_by_role("dialog").get_by_label("Name").fill("Roofs & gutters")
    page.keyboard.press("Enter")
    expect(sidebar(page, "Roofs & gutters")).to_be_visible(timeout=SOON)
    opened(page, client, letter("Slates for the annexe"), "Slates for the annexe")
    page.keyboard.press("v")
    page.keyboard.type("gutters")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Moved to Roofs & gutters.")).to_be_visible()
    eventually(lies_in(client, "Roofs &- gutters", "Slates for the annexe"), "it was not moved")
    page.get_by_role("button", name="Actions on Roofs & gutters").click()
    page.get_by_role("menuitem", name="Delete the mailbox…").click()
    asked = page.get_by_role("alertdialog")
    expect(asked).to_contain_text("cannot be brought back")
    asked.get_by_role("button", name="Delete for good").click()
    expect(sidebar(page, "Roofs & gutters")).to_have_count(0, timeout=SOON)
    eventually(lambda: "Roofs" not in listed(demo), "the provider still has it")


def test_what_is_snoozed_goes_from_sight_and_can_be_taken_back(page: Page, client: imaplib.IMAP4) -> None:
    opened(page, client, letter("Call the surveyor"), "Call the surveyor")
    page.keyboard.press("b")
    asked = page.get_by_role("dialog", name="Snooze the conversation until")
    expect(asked).to_be_visible()
    assert_accessible(page)
    asked.get_by_role("button", name=re.compile("^Next week")).click()
    expect(page.get_by_text(re.compile("^Snoozed until"))).to_be_visible()
    expect(row(page, "Call the surveyor")).to_have_count(0)
    page.get_by_role("button", name="Snoozed", exact=True).click()
    expect(row(page, "Call the surveyor")).to_be_visible(timeout=SOON)
    # Snoozing is ours alone: the provider's mailbox is as it was.
    assert count(client, "INBOX", "SUBJECT", '"Call the surveyor"') == 1
    row(page, "Call the surveyor").hover()
    page.locator("[data-row]", has_text="Call the surveyor").get_by_role("button", name="End the snooze").click()
    expect(page.get_by_text("Back in the inbox.")).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="All", exact=True).click()
    expect(row(page, "Call the surveyor")).to_be_visible(timeout=SOON)


def test_a_list_is_left_by_mail(page: Page, client: imaplib.IMAP4) -> None:
    word = f"leave-{uuid.uuid4().hex[:6]}"
    raw = letter("Timber weekly", "Timber Weekly <news@timberweekly.example>").replace(
        b"\r\n\r\n", f"\r\nList-Unsubscribe: <mailto:{MAILBOX.address}?subject={word}>\r\n\r\n".encode(), 1
    )
    opened(page, client, raw, "Timber weekly")
    page.locator("[data-message]").get_by_role("button", name="Unsubscribe").click()
    asked = page.get_by_role("alertdialog", name="Unsubscribe from Timber Weekly?")
    expect(asked).to_be_visible()
    assert_accessible(page)
    asked.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_text("A message to unsubscribe is on its way to the sender.")).to_be_visible(timeout=SOON)
    eventually(lies_in(client, "INBOX", word), "the list was not told")
    expect(page.locator("[data-message]").get_by_role("button", name="Unsubscribe")).to_have_count(0)


def test_a_search_is_kept_in_the_sidebar(page: Page, client: imaplib.IMAP4) -> None:
    word = f"quoin{uuid.uuid4().hex[:5]}"
    append(client, "INBOX", letter(f"About the {word}"))
    expect(row(page, word)).to_be_visible(timeout=SOON)
    page.keyboard.press("/")
    page.keyboard.type(f"subject:{word}")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 result", exact=True)).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Save this search").click()
    kept = page.get_by_role("navigation", name="Mailboxes").get_by_role("link", name=f"subject:{word}")
    expect(kept).to_be_visible()
    assert_accessible(page)
    sidebar(page, "Inbox").click()
    kept.click()
    expect(row(page, word)).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Remove from saved searches").click()
    expect(kept).to_have_count(0)


def attached(subject: str, *files: tuple[str, str, bytes]) -> bytes:
    """A message with files: name, media type, content."""
    parts = "".join(
        f'--b\r\nContent-Type: {media}; name="{name}"\r\nContent-Disposition: attachment; filename="{name}"\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{base64.encodebytes(content).decode()}\r\n"
        for name, media, content in files
    )
    head, _ = letter(subject).split(b"\r\n\r\n", 1)
    mixed = "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    return head + f"{mixed}--b\r\nContent-Type: text/plain\r\n\r\nSee below.\r\n{parts}--b--\r\n".encode()


def test_pictures_and_texts_are_looked_at_in_place(page: Page, client: imaplib.IMAP4) -> None:
    files = (("plan.png", "image/png", SQUARE), ("notes.txt", "text/plain", "Höhe 3 m\n<b>not bold</b>".encode()))
    opened(page, client, attached("Measurements", *files), "Measurements")
    page.get_by_role("button", name="Show plan.png").click()
    shown = page.get_by_role("dialog", name="plan.png")
    picture = shown.get_by_role("img", name="plan.png")
    expect(picture).to_be_visible(timeout=SOON)
    assert picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 16
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(shown).to_have_count(0)
    page.get_by_role("button", name="Show notes.txt").click()
    text = page.get_by_role("dialog", name="notes.txt")
    expect(text).to_contain_text("Höhe 3 m", timeout=SOON)
    expect(text).to_contain_text("<b>not bold</b>")
    with page.expect_download() as download:
        text.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "notes.txt"


def test_each_menu_and_sheet_is_for_everybody(page: Page) -> None:
    page.locator("[data-thread]").first.click()
    expect(page.locator("[data-message]").first).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="More for this message").last.click()
    expect(page.get_by_role("menu")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Commands")).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    page.keyboard.press("v")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_accessible(page)


def test_all_inboxes_in_italian_in_the_dark_and_on_a_phone(browser: Browser, demo: Demo) -> None:
    page = open_page(browser, demo, DESK, GIULIA)
    page.emulate_media(color_scheme="dark")
    subjects = [f"Ponteggio {account.person.name.split()[0]} {uuid.uuid4().hex[:4]}" for account in GIULIA.accounts]
    for account, subject in zip(GIULIA.accounts, subjects, strict=True):
        with demo.client(account) as other:
            append(other, "INBOX", letter(subject))
    page.get_by_role("link", name=re.compile("^Tutta la posta in arrivo")).click()
    for subject in subjects:
        expect(row(page, subject)).to_be_visible(timeout=SOON)
    row(page, subjects[1]).click()
    expect(page.get_by_role("heading", name=subjects[1])).to_be_visible(timeout=SOON)
    assert_accessible(page)
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / "all-inboxes-dark.png")
    page.set_viewport_size(PHONE)
    expect(page.get_by_role("heading", name=subjects[1])).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert_accessible(page)
    page.screenshot(path=SHOTS / "all-inboxes-phone-dark.png")
    page.keyboard.press("e")
    expect(page.get_by_text("Archiviata.")).to_be_visible()
    with demo.client(GIULIA.accounts[1]) as other:
        eventually(lies_in(other, "Archive", subjects[1]), "it was not archived in its own account")
    page.context.close()
