"""Contacts in the browser: looked up, written to, changed, and followed live when another program changes them."""

import base64
import re
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pmsync.demo import cast
from tests.e2e.conftest import DESK, PHONE, SHOTS, SOON, SQUARE, eventually, open_page
from tests.e2e.demo import Demo
from tests.e2e.elsewhere import Elsewhere, sync
from tests.e2e.test_writing import assert_accessible

pytestmark = [pytest.mark.chromium, pytest.mark.slow]
GIULIA = cast.TENANTS[0].people[0]
PICTURE = f"PHOTO;ENCODING=b;TYPE=PNG:{base64.b64encode(SQUARE).decode()}"


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
    eventually(lambda: "TITLE:Harbour master" in elsewhere.texts(), "the change did not reach the server")
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
    expect(page.get_by_role("heading", level=1, name="Both Aarden")).to_be_visible()
    assert_accessible(page)
    page.screenshot(path=SHOTS / "contact-conflict-phone.png")
    page.get_by_role("button", name="Keep mine").click()
    expect(page.get_by_role("article").get_by_text("As I have it")).to_be_visible(timeout=SOON)
    expect(page.get_by_role("button", name="Keep mine")).to_have_count(0)
    expect(page.get_by_text("Being saved")).to_have_count(0, timeout=SOON)
    eventually(lambda: "TITLE:As I have it" in elsewhere.texts(), "the change did not reach the server")
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


def more(page: Page, what: str) -> None:
    """Choose something of the list's menu."""
    page.get_by_role("button", name="More", exact=True).first.click()
    page.get_by_role("menuitem", name=what).click()


@pytest.fixture
def pair(contacts: Page, demo: Demo, elsewhere: Cards) -> Iterator[tuple[str, str]]:
    """Two cards of one person, with a group beside them."""
    name = f"Aabel{uuid.uuid4().hex[:5]}"
    uids = [str(uuid.uuid4()) for _ in range(3)]
    elsewhere.card(uids[0], "Pia", name, f"EMAIL:{name}@example.test", "TITLE:Pilot", PICTURE)
    elsewhere.card(
        uids[1],
        "Pippa",
        name,
        f"EMAIL:{name}@example.test",
        "TITLE:Captain",
        f"TEL:+44 20 {uuid.uuid4().int % 10**8:08}",
    )
    elsewhere.card(uids[2], "Crew", name, "X-ADDRESSBOOKSERVER-KIND:group")
    sync(contacts, demo)
    expect(contacts.locator("[data-contact]", has_text=name)).to_have_count(3, timeout=SOON)
    yield name, uids[0]
    for uid in uids:
        elsewhere.remove(uid)


def test_duplicates_are_found_linked_and_merged_and_that_is_undone(contacts: Page, pair: tuple[str, str]) -> None:
    page, (name, _) = contacts, pair
    more(page, "Duplicates")
    group = page.locator("[data-likely]", has_text=name)
    expect(group.get_by_text(f"Same address: {name.lower()}@example.test")).to_be_visible(timeout=SOON)
    assert_accessible(page)
    page.screenshot(path=SHOTS / "contacts-duplicates-desk.png")
    group.get_by_role("button", name="Same person").click()
    expect(group).to_have_count(0, timeout=SOON)
    expect(page.locator("[data-contact]", has_text=name)).to_have_count(2, timeout=SOON)
    page.locator("[data-contact]", has_text="1 more contact").filter(has_text=name).click()
    card = page.get_by_role("article")
    expect(card.locator("[data-source]")).to_have_count(1)
    assert_accessible(page)
    page.screenshot(path=SHOTS / "contact-linked-desk.png")
    card.get_by_role("button", name="Merge").click()
    dialog = page.get_by_role("dialog", name="Merge into one contact")
    dialog.get_by_text("Captain").click()
    assert_accessible(page)
    page.screenshot(path=SHOTS / "contacts-merge-desk.png")
    dialog.get_by_role("button", name="Merge").click()
    expect(card.get_by_text("Captain")).to_be_visible(timeout=SOON)
    expect(card.locator("[data-source]")).to_have_count(0)
    more(page, "Duplicates")
    row = page.get_by_role("listitem").filter(has_text=name).filter(has=page.get_by_role("button", name="Undo"))
    expect(page.get_by_text("Being saved")).to_have_count(0, timeout=SOON)
    page.screenshot(path=SHOTS / "contacts-merged-desk.png")
    row.get_by_role("button", name="Undo").click()
    expect(row).to_have_count(0, timeout=SOON)
    page.get_by_role("searchbox").fill(f"pippa {name}")
    expect(page.locator("[data-contact]")).to_have_count(1, timeout=SOON)
    page.locator("[data-contact]").first.click()
    expect(card.locator("[data-source]")).to_have_count(1, timeout=SOON)


def test_groups_pictures_selecting_and_files(
    contacts: Page, demo: Demo, elsewhere: Cards, pair: tuple[str, str], tmp_path: Path
) -> None:
    page, (name, _) = contacts, pair
    page.locator("[data-contact]", has_text=f"Pia {name}").click()
    article = page.get_by_role("article")
    expect(article.locator("img")).to_be_visible(timeout=SOON)
    expect(page.locator("[data-contact]", has_text=f"Pia {name}").locator("img")).to_be_visible(timeout=SOON)
    article.get_by_label(f"Crew {name}").check()
    page.get_by_label("Show").select_option(label=f"Crew {name}")
    expect(page.locator("[data-contact]")).to_have_count(1, timeout=SOON)
    assert_accessible(page)
    page.screenshot(path=SHOTS / "contacts-group-desk.png")
    page.get_by_label("Show").select_option("all")
    more(page, "Select contacts")
    for given in ("Pia", "Pippa"):
        page.locator("[data-contact]", has_text=f"{given} {name}").click()
    expect(page.get_by_text("2 selected")).to_be_visible()
    assert_accessible(page)
    page.screenshot(path=SHOTS / "contacts-selecting-desk.png")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export", exact=True).click()
    file = Path(download.value.path()).read_text()
    assert (file.count("BEGIN:VCARD"), f"FN:Pippa {name}" in file) == (2, True)
    page.get_by_role("button", name="Stop selecting").click()
    card = tmp_path / "more.vcf"
    uid = str(uuid.uuid4())
    head = f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{uid}\r\nFN:From A File {name}\r\n"
    fresh = f"{head}N:{name};From A File;;;\r\nEND:VCARD\r\n"
    card.write_text(file + fresh + "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Cut off\r\n")
    more(page, "Import a file")
    dialog = page.get_by_role("dialog", name="Import a file")
    dialog.get_by_label("File").set_input_files(card)
    assert_accessible(page)
    page.screenshot(path=SHOTS / "contacts-import-desk.png")
    dialog.get_by_role("button", name="Import").click()
    expect(dialog.get_by_text("2 were there already")).to_be_visible(timeout=SOON)
    expect(dialog.get_by_text("Number 4, Cut off: it has no end")).to_be_visible()
    assert_accessible(page)
    page.screenshot(path=SHOTS / "contacts-imported-desk.png")
    dialog.get_by_role("button", name="Close").last.click()
    expect(page.locator("[data-contact]", has_text=f"From A File {name}")).to_be_visible(timeout=SOON)
    row = page.locator("[data-contact]", has_text=f"From A File {name}")
    row.click()
    expect(page.get_by_text("Being saved")).to_have_count(0, timeout=SOON)
    eventually(lambda: f"From A File {name}" in elsewhere.texts(), "the change did not reach the server")
    elsewhere.remove(uid)


def test_duplicates_and_merging_on_a_phone(browser: Browser, demo: Demo, pair: tuple[str, str]) -> None:
    name = pair[0]
    page = open_page(browser, demo, PHONE)
    page.goto(f"{demo.url}/contacts/duplicates")
    group = page.locator("[data-likely]", has_text=name)
    expect(group).to_be_visible(timeout=SOON)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert_accessible(page)
    page.screenshot(path=SHOTS / "contacts-duplicates-phone.png")
    group.get_by_role("button", name="Merge").click()
    expect(page.get_by_role("dialog").get_by_text("Captain")).to_be_visible(timeout=SOON)
    page.emulate_media(color_scheme="dark")
    assert_accessible(page)
    page.screenshot(path=SHOTS / "contacts-merge-phone.png")
    page.get_by_role("button", name="Cancel").click()
    group.get_by_role("button", name="Not the same").click()
    expect(group).to_have_count(0, timeout=SOON)
    page.context.close()


def test_a_group_is_made_named_anew_emptied_and_deleted(
    contacts: Page, elsewhere: Cards, pair: tuple[str, str]
) -> None:
    page, (name, _) = contacts, pair
    more(page, "Select contacts")
    for given in ("Pia", "Pippa"):
        page.locator("[data-contact]", has_text=f"{given} {name}").click()
    page.get_by_role("button", name="Group").click()
    dialog = page.get_by_role("dialog", name="Put into a group")
    dialog.get_by_label("Group", exact=True).select_option(label="A new group")
    dialog.get_by_label("Name of the group").fill(f"Pilots {name}")
    assert_accessible(page)
    page.screenshot(path=SHOTS / "contacts-into-group-desk.png")
    dialog.get_by_role("button", name="Put into the group").click()
    show = page.get_by_label("Show")
    expect(show.locator("option:checked")).to_have_text(f"Pilots {name}", timeout=SOON)
    expect(page.locator("[data-contact]")).to_have_count(2, timeout=SOON)
    more(page, "Rename the group")
    dialog = page.get_by_role("dialog", name="Rename the group")
    dialog.get_by_label("Name of the group").fill(f"Captains {name}")
    dialog.get_by_role("button", name="Save").click()
    expect(show.locator("option:checked")).to_have_text(f"Captains {name}", timeout=SOON)
    more(page, "Select contacts")
    page.locator("[data-contact]", has_text=f"Pia {name}").click()
    page.get_by_role("button", name="Take out of the group").click()
    expect(page.locator("[data-contact]")).to_have_count(1, timeout=SOON)
    page.locator("[data-contact]", has_text=f"Pippa {name}").click()
    expect(page.get_by_role("article").get_by_label(f"Captains {name}")).to_be_checked()
    more(page, "Delete the group")
    expect(page.get_by_text("The contacts in it stay.")).to_be_visible()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(show.locator("option:checked")).to_have_text("All contacts")
    expect(page.locator("[data-contact]", has_text=f"Pippa {name}")).to_be_visible(timeout=SOON)
    expect(page.get_by_role("option", name=f"Captains {name}")).to_have_count(0, timeout=SOON)
    expect(page.get_by_text("Being saved")).to_have_count(0, timeout=SOON)
    eventually(lambda: f"Captains {name}" not in elsewhere.texts(), "the group is there still")


def test_a_contact_moves_to_another_address_book_on_a_phone(browser: Browser, demo: Demo) -> None:
    with ExitStack() as books:
        held = [books.enter_context(closing(Cards(demo, "addressbook", account))) for account in GIULIA.accounts[:2]]
        moves_on_a_phone(open_page(browser, demo, PHONE, GIULIA), demo, held)


def moves_on_a_phone(page: Page, demo: Demo, held: list[Cards]) -> None:
    name = f"Trasloco{uuid.uuid4().hex[:5]}"

    def lies() -> list[bool]:
        return [f"FN:{name}" in cards.texts() for cards in held]

    page.goto(f"{demo.url}/contacts/new")
    page.get_by_label("Cognome").fill(name)
    page.get_by_label("Categorie").fill("Cantiere, Fornitori")
    page.get_by_role("button", name="Salva").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible(timeout=SOON)
    expect(page.get_by_text("Cantiere, Fornitori")).to_be_visible()
    expect(page.get_by_text("In corso di salvataggio")).to_have_count(0, timeout=SOON)
    eventually(lambda: sum(lies()) == 1, "it is not in one book")
    elsewhere = [not there for there in lies()]
    page.get_by_role("button", name="Altro", exact=True).click()
    page.get_by_role("menuitem", name="Sposta in un’altra rubrica").click()
    dialog = page.get_by_role("dialog", name=f"Sposta {name}")
    expect(dialog.get_by_role("button", name="Sposta")).to_be_visible(timeout=SOON)
    expect(page.get_by_role("menu")).to_have_count(0)
    assert_accessible(page)
    page.screenshot(path=SHOTS / "contacts-move-phone.png")
    dialog.get_by_role("button", name="Sposta").click()
    expect(page.get_by_text("ora è in")).to_be_visible(timeout=SOON)
    expect(page.get_by_role("heading", name=name)).to_be_visible(timeout=SOON)
    expect(page.get_by_text("In corso di salvataggio")).to_have_count(0, timeout=SOON)
    eventually(lambda: lies() == elsewhere, "it is not in the other book alone")
    page.context.close()
