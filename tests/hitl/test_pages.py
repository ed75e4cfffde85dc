"""The server's own screens and the links by mail: GET shows, a POST decides, a link works once for one person."""

import html
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from django.db.models.functions import Now
from django.test import Client

from apps.ai.models import Action
from apps.hitl import company, wording
from apps.hitl.models import Approval, Link, Rule
from apps.outbound.models import Command
from apps.users.models import Session
from tests.hitl.fixtures import Board, record
from tests.tenants.fixtures import PHRASE

pytestmark = pytest.mark.dovecot

LETTER: dict[str, Any] = {"to": ["bob@partner.example"], "subject": "Yes", "text": "Agreed."}


@pytest.fixture
def browser(board: Board) -> Client:
    """A browser without scripts, that keeps cookies and is asked for the token of every form."""
    return Client(enforce_csrf_checks=True, REMOTE_ADDR=board.desk.make.address())


def form(browser: Client, path: str, **fields: str) -> Any:
    """Send a page's form as a browser does: with the hidden fields that the page gave."""
    text = browser.get(path).content.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))
    return browser.post(path, hidden | fields)


def sign_in(browser: Client, email: str, path: str = "/approvals") -> Any:
    return form(browser, f"/approvals/sign-in?next={path}", email=email, password=PHRASE)


@pytest.fixture
def signed_in(board: Board, browser: Client) -> Client:
    """The owner's browser, signed in to the pages."""
    assert sign_in(browser, board.desk.member.user.email).status_code == 302
    return browser


def test_signing_in_leads_back_and_signing_out_ends_it(board: Board, browser: Client) -> None:
    approval = board.propose("email.send", LETTER)
    path = f"/approvals/{approval.pk}"
    sent = browser.get(path)
    assert (sent.status_code, sent["Location"]) == (302, f"/approvals/sign-in?next=%2Fapprovals%2F{approval.pk}")
    assert form(browser, "/approvals/sign-in", email=board.desk.member.user.email, password="wrong").status_code == 401
    assert sign_in(browser, board.desk.member.user.email, path)["Location"] == path
    assert b"Agreed." in browser.get(path).content
    kept = browser.cookies["pmsync_page"].value
    form(browser, "/approvals", do="x")
    assert browser.post("/approvals/sign-out").status_code == 403, "without the form's token nothing is done"
    text = browser.get("/approvals").content.decode()
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]*)"', text)[0]
    assert browser.post("/approvals/sign-out", {"csrfmiddlewaretoken": token}).status_code == 302
    browser.cookies["pmsync_page"] = kept
    assert browser.get(path).status_code == 302, "the session itself has ended"
    for elsewhere in ("https://evil.example/", "//evil.example", "/approvals/../admin", "/approvals//evil.example"):
        answer = browser.get("/approvals/sign-in", {"next": elsewhere})
        assert b"evil.example" not in answer.content


def test_two_steps_are_asked_for(board: Board, browser: Client, letters: list[Any]) -> None:
    user = board.desk.member.user
    user.two_step = True
    user.save(update_fields=["two_step"])
    asked = sign_in(browser, user.email)
    assert asked.status_code == 200 and b"one-time-code" in asked.content
    assert not Session.objects.filter(user=user, ip__isnull=False).exists()
    code = re.findall(r"\b(\d{6})\b", letters[-1].body)[0]
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', asked.content.decode()))
    assert browser.post("/approvals/sign-in", hidden | {"code": code})["Location"] == "/approvals"
    assert browser.get("/approvals").status_code == 200


def test_a_page_shows_all_and_decides_by_its_form_only(board: Board, signed_in: Client) -> None:
    approval = board.propose("email.send", LETTER | {"text": "<script>alert(1)</script>"})
    path = f"/approvals/{approval.pk}"
    shown = signed_in.get(path)
    text = shown.content.decode()
    assert "bob@partner.example" in text and "&lt;script&gt;alert(1)" in text and "<script" not in text
    assert "script-src 'self'" in shown["Content-Security-Policy"] and "no-store" in shown["Cache-Control"]
    assert Approval.objects.get().state == "open"
    assert signed_in.post(path, {"do": "approve", "digest": approval.digest}).status_code == 403
    other = form(signed_in, path, do="approve", digest="0" * 64)
    assert other.status_code == 409 and "Look at it again" in other.content.decode()
    assert form(signed_in, path, do="approve")["Location"].endswith("told=now_approved")
    assert "Approved. It is on its way." in signed_in.get(f"{path}?told=now_approved").content.decode()
    board.work()
    assert len(board.desk.sink.taken) == 1
    assert record(approval) == ["proposed", "approved", "done"]


def test_it_is_changed_rejected_handed_on_and_undone_without_a_script(board: Board, signed_in: Client) -> None:
    first = board.propose("email.send", LETTER)
    path = f"/approvals/{first.pk}"
    edit = form(signed_in, f"{path}/edit", to="Carla <carla@partner.example>\ndan@partner.example", text="Other")
    assert edit["Location"].endswith("told=edited"), edit.content.decode()
    wrong = form(signed_in, f"{path}/edit", to="nobody")
    assert wrong.status_code == 422 and "nobody" in wrong.content.decode()
    colleague = board.delegate()
    handed = form(signed_in, path, do="delegate", to=str(colleague.user_id))
    assert handed["Location"].endswith("told=now_delegated")
    assert form(signed_in, path, do="reject", reason="No")["Location"].endswith("told=now_rejected")
    message = board.receive()
    action = board.do("email.label", {"messages": [message], "keyword": "Urgent"})
    undone = form(signed_in, "/approvals/undo", hours="1").content.decode()
    assert "Taken back" in undone
    action.refresh_from_db()
    assert action.state == "undone"
    for page in ("/approvals", "/approvals?state=decided", "/approvals/undo", "/approvals/rules", path):
        assert signed_in.get(page).status_code == 200


def test_owners_govern_on_a_page(board: Board, signed_in: Client) -> None:
    made = form(
        signed_in, "/approvals/rules", do="add", kind="email.send", scope="domain", recipient="partner.example",
        verdict="never", by_company="on",
    )  # fmt: skip
    assert made["Location"].endswith("told=saved")
    assert board.propose("email.send", LETTER).state == "rejected"
    off = form(
        signed_in,
        "/approvals/rules",
        do="settings",
        expire_hours="24",
        letter_minutes="",
        domains="b.example\na.example",
    )
    assert off.status_code == 302
    assert "switched its agents off" in signed_in.get("/approvals").content.decode()
    assert company.settings().domains == ["a.example", "b.example"]
    text = signed_in.get("/approvals/rules").content.decode()
    shown = re.findall(r"<textarea[^>]*>([^<]*)</textarea>", text)
    assert shown == ["a.example\nb.example"] and "{{" not in text, "what is shown can be sent again"
    bad = form(signed_in, "/approvals/rules", do="settings", expire_hours="x")
    assert bad.status_code == 400


def test_pages_say_whose_wish_it_was_and_what_a_rule_covers(board: Board, signed_in: Client) -> None:
    taken = board.propose("email.send", LETTER, why="They asked for it.")
    own = board.propose("email.send", LETTER, why="Write to Bob.", origin="person")
    for approval, whose in ((taken, "content"), (own, "person")):
        text = html.unescape(signed_in.get(f"/approvals/{approval.pk}").content.decode())
        assert wording.ENGLISH["origins"][whose] in text and approval.action.why in text
    form(signed_in, "/approvals/rules", do="add", kind="task.create", verdict="auto", on_content="on")
    form(signed_in, "/approvals/rules", do="add", kind="email.send", verdict="ask", on_content="on")
    assert dict(Rule.objects.values_list("kind", "on_content")) == {"task.create": True, "email.send": False}
    assert wording.ENGLISH["rule_on_content"] in signed_in.get("/approvals/rules").content.decode()


def mailed(board: Board, letters: list[Any]) -> list[str]:
    """Have the letters of what waits sent; the addresses in them."""
    Command.objects.filter(kind="hitl", action="letters").update(due_at=Now() - timedelta(seconds=1))
    board.work()
    current_app.conf.task_always_eager = False  # what follows is queued as in production
    return [re.findall(r"https?://\S+?(/approvals/\S+)", letter.body)[0] for letter in letters]


def test_a_link_shows_and_then_decides_once(board: Board, browser: Client, letters: list[Any]) -> None:
    approval = board.propose("email.send", LETTER)
    (path,) = mailed(board, letters)
    assert letters[0].to == [board.desk.member.user.email] and "Agreed." not in letters[0].body
    for _ in range(3):  # mail scanners look, too
        assert "Agreed." in browser.get(path).content.decode()
    assert browser.head(path).status_code == 200
    assert Approval.objects.get().state == "open" and Link.objects.get().used_at is None
    assert browser.post(path, {"do": "approve"}).status_code == 403, "another site's form decides nothing"
    assert "on its way" in form(browser, path, do="approve").content.decode()
    board.work()
    assert len(board.desk.sink.taken) == 1
    token = re.findall(
        r'name="csrfmiddlewaretoken" value="([^"]*)"', browser.get("/approvals/sign-in").content.decode()
    )
    for decision in ("approve", "reject"):
        replayed = browser.post(path, {"do": decision, "csrfmiddlewaretoken": token[0]})
        assert replayed.status_code == 410 and b"Agreed." not in replayed.content
    assert browser.get(path).status_code == 410
    board.work()
    assert len(board.desk.sink.taken) == 1
    assert record(approval) == ["proposed", "letter_sent", "approved", "link_used", "done"]


def test_a_link_opens_nothing_but_what_it_was_made_for(board: Board, browser: Client, letters: list[Any]) -> None:
    first, second = board.propose("email.send", LETTER), board.propose("email.send", LETTER | {"text": "Other"})
    path, other = mailed(board, letters)
    tenant, link, mac = path.rsplit("/", 1)[1].split(".")
    theirs = other.rsplit("/", 1)[1].split(".")
    forged = ["x", f"{tenant}..{mac}", f"{tenant}.{link}.", f"{uuid.uuid4().hex}.{link}.{mac}"]
    forged += [f"{tenant}.{theirs[1]}.{mac}", f"{tenant}.{link}.{mac[:-2]}xx"]
    for token in forged:
        assert browser.get(f"/approvals/link/{token}").status_code == 410, token
    # What was changed is another thing than the link was for.
    body = {"digest": first.digest, "args": {"text": "Changed"}}
    assert board.client.patch(f"/api/v1/approvals/{first.pk}", body, format="json").status_code == 200
    assert browser.get(path).status_code == 410
    Link.objects.filter(approval=second).update(expires_at=Now())
    assert browser.get(other).status_code == 410


@pytest.mark.parametrize("why", ["left", "lost the account", "two steps"])
def test_a_link_opens_nothing_for_who_may_no_longer_decide_by_it(
    board: Board, browser: Client, letters: list[Any], why: str
) -> None:
    delegate = board.delegate()
    approval = board.propose("email.send", LETTER)
    mailed(board, letters)
    paths = {letter.to[0]: re.findall(r"https?://\S+?(/approvals/\S+)", letter.body)[0] for letter in letters}
    path = paths[delegate.user.email]
    assert browser.get(path).status_code == 200
    if why == "left":
        delegate.user.memberships.all().delete()
    elif why == "lost the account":
        board.desk.account.access.all().delete()
    else:
        delegate.user.two_step = True
        delegate.user.save(update_fields=["two_step"])
    assert browser.get(path).status_code == 410
    assert record(approval)[0] == "proposed" and Action.objects.get().state == "proposed"


def test_who_asked_for_two_steps_gets_a_letter_that_makes_them_sign_in(board: Board, letters: list[Any]) -> None:
    user = board.desk.member.user
    user.two_step, user.locale = True, "it"
    user.save(update_fields=["two_step", "locale"])
    approval = board.propose("email.send", LETTER)
    assert mailed(board, letters) == [f"/approvals/{approval.pk}"]
    assert letters[0].subject == "In attesa di una tua decisione: Inviare un messaggio"
    assert mailed(board, letters) == [f"/approvals/{approval.pk}"], "one letter, however often the task runs"


def test_every_word_is_there_in_both_languages() -> None:
    def shape(words: Any) -> Any:
        return {name: shape(value) for name, value in words.items()} if isinstance(words, dict) else bool(words)

    assert shape(wording.ENGLISH) == shape(wording.ITALIAN)
