"""The assistant as a person meets it: marks in the list, summaries, drafts and suggestions in the reader, and a panel
to ask in; what happens when the model is slow, busy, wrong or absent, told in words."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from pmsync.demo import cast
from tests.e2e.conftest import DESK, EMILY, PHONE, SHOTS, SOON, open_page
from tests.e2e.demo import Demo, append
from tests.e2e.model import Model
from tests.e2e.test_writing import assert_accessible, row, text
from tests.e2e.ticking import tick

pytestmark = [pytest.mark.chromium, pytest.mark.slow]
MAILBOX: Final = EMILY.accounts[0]
HELEN: Final = "Helen Okafor <helen.okafor@okaforengineering.example>"


@pytest.fixture
def model(demo: Demo) -> Iterator[Model]:
    """The simulated model, quick; what a test taught it is forgotten."""
    model = Model(demo)
    model.clear()
    yield model
    model.clear()


def new(subject: str) -> str:
    """A subject that no other has."""
    return f"{subject} {uuid.uuid4().hex[:6]}"


def mail(subject: str, body: str, sender: str = HELEN, to: str = MAILBOX.address, at: datetime | None = None,
         name: str = "", answers: str = "") -> bytes:  # fmt: skip
    """A message with a name of its own, that may answer another."""
    moment, named = at or datetime.now(UTC), name or f"{uuid.uuid4()}@okaforengineering.example"
    reply = f"In-Reply-To: <{answers}>\r\nReferences: <{answers}>\r\n" if answers else ""
    return (
        f"Date: {moment:%a, %d %b %Y %H:%M:%S} +0000\r\nFrom: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\n"
        f"Message-ID: <{named}>\r\n{reply}\r\n{body}\r\n"
    ).encode()


def ask(page: Page, question: str) -> Locator:
    """Ask in the panel, or on the page; the turn that is made of it."""
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    return page.get_by_role("log").get_by_role("article").last


def in_sent(page: Page, subject: str) -> None:
    """What another client has put into Sent is fetched and shown there."""
    page.keyboard.press("g")
    page.keyboard.press("t")
    page.get_by_role("button", name="Check for new mail").click()
    expect(row(page, subject)).to_be_visible(timeout=SOON)


def test_a_message_is_marked_summed_up_answered_and_its_date_taken_over(page: Page, demo: Demo, model: Model) -> None:
    subject = new("Depot roof")
    day = (datetime.now(UTC) + timedelta(days=6)).strftime("%-d %B %Y")
    body = (
        f"Dear Emily,\r\n\r\nthe roofers come to the depot. Shall we meet on {day} at 15:00 in the depot?\r\n"
        "Could you send me the drawings before?\r\n\r\nHelen\r\n"
    )
    with demo.client(MAILBOX) as other:
        append(other, "INBOX", mail(subject, body))
    listed = row(page, subject)
    expect(listed).to_contain_text("Needs a reply", timeout=SOON)
    assert_accessible(page)
    listed.click()
    strip = page.get_by_role("region", name="Assistant")
    strip.get_by_role("button", name="Summarise").click()
    expect(strip.get_by_role("heading", name="Summary")).to_be_visible(timeout=SOON)
    expect(strip).to_contain_text("roofers")
    event = strip.locator("li", has_text="Event").first
    expect(event).to_be_visible(timeout=SOON)
    assert_accessible(page)
    page.screenshot(path=SHOTS / "assistant-reader-desk.png")
    event.get_by_role("button", name="Accept").click()
    expect(page.get_by_text("Accepted. It is on its way.")).to_be_visible(timeout=SOON)
    expect(event).to_have_count(0, timeout=SOON)
    strip.get_by_role("button", name="Draft a reply").click()
    strip.get_by_label("What should it say? (optional)").fill("They follow tomorrow.")
    page.keyboard.press("Enter")
    expect(text(page)).to_contain_text("drawings", timeout=SOON)


def test_who_is_always_answered_counts_as_important(page: Page, demo: Demo, model: Model) -> None:
    sender = f"Ada Byrne <ada.{uuid.uuid4().hex[:6]}@byrne.example>"
    subject, now = new("Figures of the quarter"), datetime.now(UTC)
    with demo.client(MAILBOX) as other:
        for number in range(5):
            name, title = f"{uuid.uuid4()}@byrne.example", f"{subject} {number}"
            at = now - timedelta(days=9, hours=number)
            append(other, "INBOX", mail(title, "See below.", sender, at=at, name=name), r"(\Seen)", at)
            soon = at + timedelta(minutes=9)
            answer = mail(f"Re: {title}", "Seen, fine.", MAILBOX.address, sender, soon, answers=name)
            append(other, "Sent", answer, r"(\Seen)", soon)
    in_sent(page, f"{subject} 0")
    tick(demo, EMILY)
    page.keyboard.press("g")
    page.keyboard.press("i")
    latest = new(subject)
    with demo.client(MAILBOX) as other:
        append(other, "INBOX", mail(latest, "Here is the next one.", sender))
    row(page, latest).click(timeout=SOON)
    expect(page.get_by_role("list", name="What the assistant says of this message")).to_contain_text(
        "Important contact", timeout=SOON
    )  # fmt: skip


def test_a_question_is_answered_from_mail_and_its_citation_opens(page: Page, demo: Demo, model: Model) -> None:
    subject = new("Chimney of the annexe")
    with demo.client(MAILBOX) as other:
        append(other, "INBOX", mail(subject, "The chimney of the annexe is swept by Alder and Sons on Tuesday.\r\n"))
    expect(row(page, subject)).to_be_visible(timeout=SOON)
    page.keyboard.press("q")
    expect(page.get_by_label("Your question")).to_be_focused()
    turn = ask(page, f"Who sweeps the chimney of the annexe, {subject.rsplit(' ', 1)[1]}?")
    expect(turn).to_contain_text("swept by Alder and Sons", timeout=SOON)
    expect(turn).to_contain_text("Searched · Read a message")
    assert_accessible(page)
    page.screenshot(path=SHOTS / "assistant-panel-desk.png")
    turn.get_by_role("link", name=f"Source 1: {subject}").click()
    expect(page.get_by_role("heading", name=subject)).to_be_visible(timeout=SOON)
    # It is kept: after a reload it is among the earlier conversations.
    page.reload()
    page.get_by_role("button", name="Earlier conversations").click()
    page.get_by_role("list", name="Earlier conversations").get_by_role(
        "button", name="Who sweeps the chimney"
    ).first.click()
    expect(page.get_by_role("log")).to_contain_text("swept by Alder and Sons", timeout=SOON)
    page.get_by_label("Your question").press("Escape")
    expect(page.get_by_label("Your question")).to_have_count(0)


def test_a_slot_is_found_and_an_event_proposed_waits_for_its_person(page: Page, demo: Demo, model: Model) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("Ask the assistant")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your question")).to_be_focused()
    slots = ask(page, "Find a slot with Owen next week")
    expect(slots).to_contain_text("free at these times", timeout=SOON)
    expect(slots).to_contain_text("Monday")
    title = new("Crane inspection")
    proposed = ask(page, f"Propose “{title}” with Owen on Friday at 15:00")
    expect(proposed).to_contain_text("before you approve it", timeout=SOON)
    proposed.get_by_role("link", name=title).click()
    expect(page.get_by_role("heading", name=title)).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved. It is on its way.")).to_be_visible(timeout=SOON)


def test_what_is_typed_before_the_palette_is_there_goes_into_it(browser: Browser, demo: Demo) -> None:
    page = open_page(browser, demo, DESK, service_workers="block")
    held: list[Route] = []
    page.route("**/Palette-*.js", lambda route: held.append(route))
    with page.expect_request("**/Palette-*.js"):
        page.keyboard.press("Control+k")
    shown = page.url
    page.keyboard.type("Ask the assistent")
    for _ in range(3):
        page.keyboard.press("Backspace")
    page.keyboard.type("ant")
    page.keyboard.press("Enter")
    held[0].continue_()
    expect(page.get_by_label("Your question")).to_be_focused(timeout=SOON)
    # None of these keys did what it does in the list.
    assert page.url == shown
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.context.close()


def test_an_answer_is_text_comes_as_it_is_written_and_can_be_stopped(page: Page, model: Model) -> None:
    page.keyboard.press("q")
    hostile = "<img src=x onerror=alert(1)> ![x](http://evil.example/x.png) [M9]"
    model.chat({"say": f"{hostile} One word after the other. {'And on it goes. ' * 200}", "pause": 0.05})
    turn = ask(page, "Tell me a long story")
    expect(turn).to_contain_text("<img src=x onerror=alert(1)> ![x](http://evil.example/x.png)", timeout=SOON)
    assert turn.locator("img").count() == 0
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(turn).to_contain_text("You stopped this answer.", timeout=SOON)
    expect(turn).to_contain_text("One word")
    assert "M9" not in turn.inner_text()


def test_what_goes_wrong_with_the_model_is_said_in_words(page: Page, model: Model) -> None:
    page.keyboard.press("q")
    told: dict[str, dict[str, Any]] = {
        "asked too often": {"fail": "rate_limited", "retry_after": 60},
        "makes no sense": {"garbled": "{"},
        "cannot be reached": {"dropped": True},
        "took too long": {"say": "Late.", "delay": 10},
    }
    for words, act in told.items():
        model.clear()
        model.chat(act)
        turn = ask(page, "What is new?")
        expect(turn).to_contain_text(words, timeout=SOON)
        expect(turn.get_by_role("button", name="Ask again")).to_be_visible()
    assert_accessible(page)
    page.screenshot(path=SHOTS / "assistant-faults-desk.png")
    model.clear()
    model.chat({"say": "I may not delete anything."})
    model.chat({"calls": [["delete_everything", {"all": True}]]}, times=1)
    refused = ask(page, "Delete everything")
    expect(refused).to_contain_text("The model asked for something that it may not do. It was not done.", timeout=SOON)
    expect(refused).to_contain_text("I may not delete anything.")


def test_a_phone_asks_and_hears_that_nothing_may_be_read(browser: Browser, demo: Demo, model: Model) -> None:
    page = open_page(browser, demo, PHONE)
    page.get_by_role("link", name="Assistant", exact=True).click()
    turn = ask(page, "What is on my calendar tomorrow?")
    expect(turn).to_contain_text("calendar", timeout=SOON)
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible(timeout=SOON)
    assert_accessible(page)
    page.screenshot(path=SHOTS / "assistant-phone.png")
    page.get_by_role("link", name="More", exact=True).click()
    expect(page.get_by_role("link", name="Approvals", exact=True)).to_be_visible()
    assert_accessible(page)
    page.context.close()
    marco = cast.TENANTS[0].people[1]
    page = open_page(browser, demo, PHONE, marco)
    page.goto(f"{demo.url}/assistant")
    expect(page.get_by_text("non può ancora leggere nessuno dei tuoi account")).to_be_visible(timeout=SOON)
    page.get_by_label("La tua domanda").fill("Verbale")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Permettilo per un account, poi chiedi di nuovo.")).to_be_visible(timeout=SOON)
    assert_accessible(page)
    page.get_by_role("log").get_by_role("link", name="Assistente nelle impostazioni").last.click()
    expect(page.get_by_role("heading", name="Assistente")).to_be_visible(timeout=SOON)
    page.context.close()
