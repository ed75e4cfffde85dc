"""Writing as a person does it: a draft outlives a reload, leaves, can be taken back, and lies in Sent once."""

import base64
import email
import re
import time
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pmsync.private.home import REPOSITORY
from tests.e2e.conftest import DESK, EMILY, PHONE, SHOTS, SOON, SQUARE, eventually, open_page
from tests.e2e.demo import Demo, append, letter

pytestmark = [pytest.mark.chromium, pytest.mark.slow]
MAILBOX = EMILY.accounts[0]
MYSELF = MAILBOX.address
LEAVES = 30_000  # the time to undo, and the way out
AXE = (REPOSITORY / "static/app/node_modules/axe-core/axe.min.js").read_text()


def row(page: Page, subject: str) -> Locator:
    return page.locator("[data-thread]", has_text=subject)


def text(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Message text")


def outgoing(page: Page) -> Locator:
    return page.get_by_role("status", name="Outgoing messages")


def write(page: Page, subject: str, body: str, to: str = MYSELF) -> None:
    """By keyboard alone, from the first key."""
    page.keyboard.press("c")
    page.keyboard.type(f"{to},")
    page.get_by_label("Subject").focus()
    page.keyboard.type(subject)
    page.keyboard.press("Enter")
    page.keyboard.type(body)


# What is moving is no state that anybody reads. A dialog hides the page behind it, and its heading with it.
SCAN = """
async () => {
  const finite = (one) => Number.isFinite(one.effect?.getComputedTiming().endTime);
  await Promise.allSettled(document.getAnimations().filter(finite).map((one) => one.finished));
  const dialog = document.querySelector('[role=dialog], [role=alertdialog]');
  const rules = dialog ? { 'page-has-heading-one': { enabled: false } } : {};
  const { violations } = await axe.run(document, { rules });
  return violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
}
"""


def assert_accessible(page: Page) -> None:
    page.evaluate(AXE)
    assert page.evaluate(SCAN) == []


def sent_copies(demo: Demo, subject: str) -> int:
    with demo.client(MAILBOX) as client:
        client.select("Sent", readonly=True)
        return len(client.uid("SEARCH", "SUBJECT", f'"{subject}"')[1][0].split())


def test_a_message_outlives_a_reload_and_lies_in_sent_once(page: Page, demo: Demo) -> None:
    write(page, "Keys of the cabin", "They are with Nora.")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible(timeout=SOON)
    page.reload()
    expect(text(page)).to_have_text("They are with Nora.", timeout=SOON)
    assert_accessible(page)
    text(page).focus()
    page.keyboard.press("Control+Enter")
    expect(text(page)).to_have_count(0)
    expect(outgoing(page)).to_contain_text("Sent: “Keys of the cabin”", timeout=LEAVES)
    page.get_by_role("link", name=re.compile("^Sent")).first.click()
    expect(row(page, "Keys of the cabin")).to_be_visible(timeout=SOON)
    eventually(lambda: sent_copies(demo, "Keys of the cabin") > 0, "the provider's Sent mailbox has no copy")
    assert sent_copies(demo, "Keys of the cabin") == 1


def test_what_is_typed_right_after_the_key_belongs_to_the_answer(page: Page, demo: Demo) -> None:
    with demo.client(MAILBOX) as client:
        append(client, "INBOX", letter("Roof estimate"))
    row(page, "Roof estimate").click(timeout=SOON)
    expect(page.locator("[data-message]")).to_be_visible()
    page.keyboard.press("r")
    page.keyboard.type("edge e! is fine")
    expect(text(page)).to_have_text("edge e! is fine", timeout=SOON)
    expect(page.get_by_label("Subject")).to_have_value("Re: Roof estimate")
    expect(row(page, "Roof estimate")).to_be_visible()
    page.get_by_label("To", exact=True).focus()
    page.keyboard.press("Backspace")
    page.keyboard.press("Delete")
    page.keyboard.type(f"{MYSELF},")
    page.keyboard.press("Control+Enter")
    expect(outgoing(page)).to_contain_text("Sent: “Re: Roof estimate”", timeout=LEAVES)
    # The answer stands in the same conversation.
    answer = page.locator("[data-message]").nth(1).frame_locator("iframe")
    expect(answer.get_by_text("edge e! is fine")).to_be_visible(timeout=SOON)


def test_a_send_is_taken_back_as_it_was(page: Page, demo: Demo) -> None:
    write(page, "Too early", "Not finished")
    page.keyboard.press("Control+Enter")
    outgoing(page).get_by_role("button", name="Undo").click(timeout=SOON)
    expect(text(page)).to_have_text("Not finished", timeout=SOON)
    expect(page.get_by_label("Subject")).to_have_value("Too early")
    page.get_by_role("button", name="Discard").click()
    expect(text(page)).to_have_count(0)
    time.sleep(12)  # longer than the time to undo: it must not have left all the same
    assert sent_copies(demo, "Too early") == 0


def test_a_promised_file_is_asked_for_and_goes_along(page: Page, demo: Demo, tmp_path: Path) -> None:
    plan = tmp_path / "plan.pdf"
    plan.write_bytes(b"%PDF-1.4 " + bytes(2_500_000))
    write(page, "Floor plan", "The plan is attached.")
    page.keyboard.press("Control+Enter")
    asked = page.get_by_role("alertdialog")
    expect(asked).to_contain_text("nothing is attached", timeout=SOON)
    with page.expect_file_chooser() as chooser:
        asked.get_by_role("button", name="Attach a file").click()
    chooser.value.set_files(plan)
    expect(page.get_by_role("button", name="Remove plan.pdf")).to_be_visible(timeout=SOON)
    text(page).focus()
    page.keyboard.press("Control+Enter")
    expect(outgoing(page)).to_contain_text("Sent: “Floor plan”", timeout=LEAVES)
    row(page, "Floor plan").click(timeout=SOON)
    # The copy in Sent has it, and the one that arrives in INBOX, when it is there.
    expect(page.get_by_role("button", name=re.compile("Show plan.pdf")).first).to_be_visible(timeout=SOON)


PASTE: Final = """async (square) => {
  const file = new File([Uint8Array.from(atob(square), (c) => c.charCodeAt(0))], 'plan.png', { type: 'image/png' });
  const clipboardData = new DataTransfer();
  clipboardData.items.add(file);
  document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
}"""
WIDTH: Final = "(image) => image.decode().then(() => image.naturalWidth)"


def test_a_pasted_picture_stands_in_the_text_at_both_ends(page: Page, demo: Demo) -> None:
    write(page, "Plan of the attic", "See the plan: ")
    page.evaluate(PASTE, base64.b64encode(SQUARE).decode())
    expect(text(page).locator("img:not(.ProseMirror-separator)")).to_have_count(1, timeout=SOON)
    expect(page.get_by_text("Saved", exact=True)).to_be_visible(timeout=SOON)
    page.reload()
    expect(text(page).locator("img:not(.ProseMirror-separator)")).to_have_count(1, timeout=SOON)
    text(page).focus()
    page.keyboard.press("Control+Enter")
    expect(outgoing(page)).to_contain_text("Sent: “Plan of the attic”", timeout=LEAVES)
    row(page, "Plan of the attic").first.click(timeout=LEAVES)
    shown = page.locator("[data-message] iframe").last.content_frame.locator("img")
    expect(shown).to_have_count(1, timeout=SOON)
    assert shown.evaluate(WIDTH) == 16
    page.get_by_role("link", name=re.compile("^Sent")).first.click()
    expect(row(page, "Plan of the attic")).to_be_visible(timeout=LEAVES)
    with demo.client(MAILBOX) as client:
        client.select("Sent", readonly=True)
        (number,) = client.uid("SEARCH", "SUBJECT", '"Plan of the attic"')[1][0].split()
        sent = email.message_from_bytes(client.uid("FETCH", number, "(BODY.PEEK[])")[1][0][1])
    kinds = [(part.get_content_type(), part.get("Content-Disposition", "").partition(";")[0]) for part in sent.walk()]
    assert ("image/png", "inline") in kinds
    assert "multipart/related" in dict(kinds)
    assert kinds.count(("image/png", "inline")) == 1


def test_a_draft_is_gone_on_with_from_its_mailbox(page: Page) -> None:
    write(page, "Half a thought", "It begins")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible(timeout=SOON)
    page.keyboard.press("Escape")
    expect(text(page)).to_have_count(0)
    page.get_by_role("link", name=re.compile("^Drafts")).first.click()
    row(page, "Half a thought").click(timeout=SOON)
    expect(text(page)).to_have_text("It begins", timeout=SOON)


def test_on_a_phone_it_fills_the_screen(browser: Browser, demo: Demo) -> None:
    page = open_page(browser, demo, PHONE)
    page.locator("[data-thread]").first.click()
    page.get_by_role("button", name="Reply", exact=True).last.click()
    page.keyboard.type("From the train")
    expect(text(page)).to_have_text("From the train", timeout=SOON)
    box = page.get_by_role("dialog").bounding_box()
    assert box is not None
    assert (box["x"], box["width"], box["height"]) == (0, PHONE["width"], PHONE["height"])
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert_accessible(page)
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / "phone-writing.png")
    page.get_by_role("button", name="Save and go back").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.context.close()


def test_a_draft_is_not_written_in_two_tabs(browser: Browser, demo: Demo) -> None:
    page = open_page(browser, demo, DESK)
    write(page, "One pen", "Mine")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible(timeout=SOON)
    other = page.context.new_page()
    other.goto(demo.url)
    other.get_by_role("link", name=re.compile("^Drafts")).first.click(timeout=SOON)
    row(other, "One pen").click(timeout=SOON)
    expect(other.get_by_text("This draft is open in another tab.")).to_be_visible(timeout=SOON)
    other.get_by_role("button", name="Go on here").click()
    expect(page.get_by_text("This draft was taken over by another tab.")).to_be_visible(timeout=SOON)
    expect(text(other)).to_have_attribute("contenteditable", "true")
    expect(text(page)).to_have_attribute("contenteditable", "false")
    page.context.close()
