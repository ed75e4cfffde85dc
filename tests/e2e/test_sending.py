"""Sending as a person does it: to all, onward, later, under another name, from a template; what is refused, comes back
undelivered or was changed elsewhere is told in words, and nothing of it is lost."""

import email
import email.policy
import re
import uuid
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import DESK, EMILY, SOON, eventually, open_page
from tests.e2e.demo import Demo, append, letter
from tests.e2e.elsewhere import signed_in
from tests.e2e.test_sorting import attached
from tests.e2e.test_writing import LEAVES, MYSELF, assert_accessible, outgoing, row, text, write

pytestmark = [pytest.mark.chromium, pytest.mark.slow]
MAILBOX = EMILY.accounts[0]
HELEN = "helen.okafor@okaforengineering.example"


def new(subject: str) -> str:
    """A subject that no other has."""
    return f"{subject} {uuid.uuid4().hex[:6]}"


def in_mailbox(demo: Demo, mailbox: str, subject: str) -> list[EmailMessage]:
    """The messages of this subject that the provider has there."""
    with demo.client(MAILBOX) as client:
        if client.select(f'"{mailbox}"', readonly=True)[0] != "OK":
            return []
        numbers = client.uid("SEARCH", "SUBJECT", f'"{subject}"')[1][0].decode().split()
        fetched = [client.uid("FETCH", number, "(BODY.PEEK[])")[1][0][1] for number in numbers]
    return [email.message_from_bytes(raw, policy=email.policy.default) for raw in fetched]


def sent(page: Page, demo: Demo, subject: str) -> EmailMessage:
    """Wait until it has left; the one copy in Sent."""
    expect(outgoing(page)).to_contain_text(f"Sent: “{subject}”", timeout=LEAVES)
    found: list[EmailMessage] = []

    def there() -> bool:
        found[:] = in_mailbox(demo, "Sent", subject)
        return len(found) == 1

    eventually(there, "it does not lie in Sent once")
    return found[0]


def plain(message: EmailMessage) -> str:
    """The plain text of a message."""
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_an_answer_to_all_goes_to_all_and_quotes_what_it_answers(page: Page, demo: Demo) -> None:
    subject = new("Lift shaft")
    raw = letter(subject, f"Helen Okafor <{HELEN}>", "The shaft is two metres deep.").replace(
        f"To: {MYSELF}".encode(), f"To: {MYSELF}, tom@baker.example\r\nCc: {MYSELF}, ruth@evans.example".encode()
    )
    with demo.client(MAILBOX) as client:
        append(client, "INBOX", raw)
    row(page, subject).click(timeout=SOON)
    expect(page.locator("[data-message]")).to_have_count(1, timeout=SOON)
    page.keyboard.press("a")
    page.keyboard.type("Deep enough.")
    expect(text(page)).to_contain_text("Deep enough.", timeout=SOON)
    page.keyboard.press("Control+Enter")
    answer = sent(page, demo, f"Re: {subject}")
    original = email.message_from_bytes(raw)["Message-ID"]
    assert (answer["In-Reply-To"], answer["References"]) == (original, original)
    everybody = f"{answer['To']}, {answer['Cc']}"
    assert [address in everybody for address in (HELEN, "tom@baker.example", "ruth@evans.example")] == [True] * 3
    assert MYSELF not in everybody
    written = plain(answer)
    assert written.startswith("Deep enough.")
    assert re.search(r"Helen Okafor.*:\s*\n> The shaft is two metres deep\.", written, re.DOTALL)


def test_what_is_sent_onward_takes_its_files_along(page: Page, demo: Demo) -> None:
    subject = new("Survey")
    with demo.client(MAILBOX) as client:
        append(client, "INBOX", attached(subject, ("levels.csv", "text/csv", b"a;1\r\nb;2\r\n")))
    row(page, subject).click(timeout=SOON)
    expect(page.locator("[data-message]")).to_have_count(1, timeout=SOON)
    page.keyboard.press("f")
    page.keyboard.type(f"{MYSELF},")
    expect(page.get_by_role("button", name="Remove levels.csv")).to_be_visible(timeout=SOON)
    page.keyboard.press("Control+Enter")
    onward = sent(page, demo, f"Fwd: {subject}")
    files = {part.get_filename(): part.get_payload(decode=True) for part in onward.iter_attachments()}
    assert files == {"levels.csv": b"a;1\r\nb;2\r\n"}
    assert "See below." in plain(onward)


def test_what_goes_out_later_can_be_taken_back_until_then(page: Page, demo: Demo) -> None:
    subject = new("Monday meeting")
    write(page, subject, "At ten?")
    page.get_by_role("button", name="Other ways to send").click()
    expect(page.get_by_role("menu", name="Send later")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("menuitem", name="Pick date and time…").click()
    asked = page.get_by_role("dialog", name="Send later")
    expect(asked).to_contain_text("In your time zone, Europe/London.")
    asked.get_by_label("Date and time").fill("2020-01-01T10:00")
    page.keyboard.press("Enter")
    expect(asked).to_contain_text("Choose a moment to come.")
    year = str(datetime.now(UTC).year + 1)
    asked.get_by_label("Date and time").fill(f"{year}-11-02T10:00")
    page.keyboard.press("Enter")
    expect(outgoing(page)).to_contain_text(f"“{subject}” goes out", timeout=SOON)
    expect(outgoing(page)).to_contain_text(year)
    page.get_by_role("link", name=re.compile("^Drafts")).first.click()
    row(page, subject).click(timeout=SOON)
    expect(page.get_by_text(re.compile(f"^Goes out .*{year}"))).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Do not send, edit").click()
    expect(text(page)).to_have_attribute("contenteditable", "true", timeout=SOON)
    expect(text(page)).to_have_text("At ten?")
    page.get_by_role("button", name="Discard").click()
    expect(row(page, subject)).to_have_count(0, timeout=SOON)
    assert in_mailbox(demo, "Sent", subject) == []


def test_a_refused_recipient_is_told_as_the_provider_said_it(page: Page, demo: Demo) -> None:
    subject = new("To nobody")
    write(page, subject, "Are you there?", "nobody.at.all@northwind-trading.example")
    page.keyboard.press("Control+Enter")
    expect(outgoing(page)).to_contain_text(f"“{subject}” was not sent", timeout=LEAVES)
    expect(outgoing(page)).to_contain_text("No such mailbox here")
    assert_accessible(page)
    outgoing(page).get_by_role("button", name="Edit").click()
    expect(text(page)).to_have_text("Are you there?", timeout=SOON)
    page.get_by_label("To", exact=True).focus()
    page.keyboard.press("Backspace")
    page.keyboard.press("Delete")
    page.keyboard.type(f"{MYSELF},")
    page.keyboard.press("Control+Enter")
    assert MYSELF in sent(page, demo, subject)["To"]


BOUNCE = """\
From: Mail Delivery System <mailer-daemon@northwind-trading.example>
To: {me}
Subject: Undelivered Mail Returned to Sender
Message-ID: <{uid}@northwind-trading.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

It could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.northwind-trading.example

Final-Recipient: rfc822; {to}
Action: failed
Status: 5.2.2
Diagnostic-Code: smtp; 552 5.2.2 The mailbox is full

--b
Content-Type: text/rfc822-headers

Message-ID: {sent}
Subject: {subject}
--b--
"""


def test_what_comes_back_undelivered_is_told_on_the_message(page: Page, demo: Demo) -> None:
    subject = new("Full mailbox")
    write(page, subject, "A few words.", HELEN)
    page.keyboard.press("Control+Enter")
    identity = sent(page, demo, subject)["Message-ID"]
    bounce = BOUNCE.format(me=MYSELF, to=HELEN, sent=identity, subject=subject, uid=uuid.uuid4())
    with demo.client(MAILBOX) as client:
        append(client, "INBOX", bounce.replace("\n", "\r\n").encode())
    page.get_by_role("link", name=re.compile("^Sent")).first.click()
    row(page, subject).click(timeout=SOON)
    told = page.locator("[data-message]").first
    expect(told).to_contain_text("Not delivered", timeout=SOON)
    expect(told).to_contain_text(HELEN)
    expect(told).to_contain_text("full")
    assert_accessible(page)


def test_a_signature_and_another_address_stand_in_what_is_sent(page: Page, demo: Demo) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("settings")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Add an address").click(timeout=SOON)
    alias = f"sales.{uuid.uuid4().hex[:6]}@northwind-trading.example"
    page.get_by_label("Name", exact=True).last.fill("Northwind Sales")
    page.get_by_label("Address", exact=True).fill(alias)
    page.get_by_role("textbox", name="Signature").click()
    page.keyboard.type("Northwind Sales, Leeds")
    assert_accessible(page)
    page.get_by_role("region", name="Writing as").get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(alias)).to_be_visible(timeout=SOON)
    page.get_by_role("link", name=re.compile("^Inbox")).first.click()
    subject = new("Price list")
    write(page, subject, "Here it is.")
    page.get_by_label("From", exact=True).select_option(label=f"Northwind Sales <{alias}>")
    expect(text(page)).to_contain_text("Northwind Sales, Leeds", timeout=SOON)
    page.keyboard.press("Control+Enter")
    message = sent(page, demo, subject)
    assert str(message["From"]) == f"Northwind Sales <{alias}>"
    assert plain(message).rstrip().endswith("Northwind Sales, Leeds")


def test_a_template_asks_for_what_it_does_not_know(page: Page, demo: Demo) -> None:
    name = new("Site visit")
    with signed_in(demo) as api:
        made = {"name": name, "subject": "Visit to {{site}}", "html": "<p>We come to {{site}} on {{day}}.</p>"}
        assert api.post("templates", json=made).status_code == 201
    page.reload()
    page.wait_for_selector("[data-thread]")
    page.keyboard.press("c")
    page.keyboard.type(f"{MYSELF},")
    page.get_by_role("button", name="Templates").click(timeout=SOON)
    expect(page.get_by_role("menu", name="Templates")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("menuitem", name=name).click()
    asked = page.get_by_role("dialog", name="Fill in the template")
    site = new("Quay")
    asked.get_by_label("site").fill(site)
    asked.get_by_label("day").fill("Friday")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Subject")).to_have_value(f"Visit to {site}")
    expect(text(page)).to_contain_text(f"We come to {site} on Friday.")
    text(page).focus()
    page.keyboard.press("Control+Enter")
    assert f"We come to {site} on Friday." in plain(sent(page, demo, f"Visit to {site}"))


def test_people_are_found_as_one_types_and_a_mistyped_domain_is_asked_about(page: Page, demo: Demo) -> None:
    subject = new("Spelling")
    page.keyboard.press("c")
    page.keyboard.type("helen ok")
    offered = page.get_by_role("listbox", name="Suggestions")
    expect(offered.get_by_role("option").first).to_contain_text(HELEN, timeout=SOON)
    assert_accessible(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Helen Okafor <")).to_be_visible()
    page.keyboard.press("Backspace")
    page.keyboard.press("Delete")
    page.keyboard.type("helen.okafor@okaforenginering.example,")
    page.get_by_label("Subject").fill(subject)
    text(page).click()
    page.keyboard.type("Hello.")
    page.keyboard.press("Control+Enter")
    asked = page.get_by_role("alertdialog")
    expect(asked).to_contain_text("Did you mean okaforengineering.example?", timeout=SOON)
    assert_accessible(page)
    asked.get_by_role("button", name="Change to okaforengineering.example").click()
    text(page).focus()
    page.keyboard.press("Control+Enter")
    assert HELEN in sent(page, demo, subject)["To"]


WORD = """() => {
  const clipboardData = new DataTransfer();
  clipboardData.setData('text/html', `<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>
    p.MsoNormal {margin:0cm; font-family:"Calibri",sans-serif;}</style></head><body lang=EN-GB><!--StartFragment-->
    <p class=MsoNormal style='mso-margin-top-alt:auto'><b style='mso-bidi-font-weight:normal'><span
    style='font-size:14.0pt;color:#2F5496'>Heading<o:p></o:p></span></b></p>
    <p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><![if !supportLists]><span
    style='mso-list:Ignore'>·<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;</span></span><![endif]>First</p>
    <script>window.hit = true</script><!--EndFragment--></body></html>`);
  clipboardData.setData('text/plain', 'Heading\\nFirst');
  document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
}"""


def test_what_comes_from_a_word_processor_is_cleaned(page: Page, demo: Demo) -> None:
    subject = new("From a document")
    write(page, subject, "")
    text(page).click()
    page.evaluate(WORD)
    expect(text(page).locator("strong")).to_have_text("Heading", timeout=SOON)
    page.keyboard.press("Control+Enter")
    message = sent(page, demo, subject)
    html = message.get_body(("html",))
    assert html is not None
    made = str(html.get_content())
    assert re.search(r"mso|<o:p|calibri|<style|<script", made, re.IGNORECASE) is None, made
    assert "<strong>Heading</strong>" in made
    assert page.evaluate("window.hit") is None
    assert "Heading" in plain(message) and "First" in plain(message)


def test_a_draft_follows_another_device_and_no_version_is_lost(browser: Browser, demo: Demo) -> None:
    page = open_page(browser, demo, DESK)  # its own: a request that is cut is written to the console
    subject = new("Two pens")
    write(page, subject, "Mine")
    expect(page.get_by_text("Saved", exact=True)).to_be_visible(timeout=SOON)
    eventually(lambda: len(in_mailbox(demo, "Drafts", subject)) == 1, "no other program sees the draft")
    assert "Mine" in plain(in_mailbox(demo, "Drafts", subject)[0])
    write_elsewhere(demo, subject, "Theirs")
    expect(text(page)).to_have_text("Theirs", timeout=SOON)
    expect(page.get_by_text("This draft was changed elsewhere.")).to_be_visible()
    # Two at once: what is typed here is still on its way when the other device saves.
    page.route("**/api/v1/drafts/*", lambda route: route.abort())
    text(page).focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(" and mine")
    expect(page.get_by_text("Saved on this device", exact=True)).to_be_visible(timeout=SOON)
    write_elsewhere(demo, subject, "Theirs again")
    page.unroute("**/api/v1/drafts/*")
    expect(page.get_by_text("This draft was also changed elsewhere.")).to_be_visible(timeout=SOON)
    assert_accessible(page)
    expect(text(page)).to_have_text("Theirs and mine")
    both = ["Theirs again", "Theirs and mine"]
    eventually(
        lambda: sorted(plain(each).strip() for each in in_mailbox(demo, "Drafts", subject)) == both,
        "one of the two versions was lost",
    )
    page.context.close()


def write_elsewhere(demo: Demo, subject: str, words: str) -> None:
    """Another device saves this text in the draft of that subject."""
    with signed_in(demo) as api:
        held = next(each for each in api.get("drafts").json()["items"] if each["subject"] == subject)
        answer = api.put(f"drafts/{held['id']}", json={"rev": held["rev"], "html": f"<p>{words}</p>"})
        assert answer.status_code == 200, answer.text
