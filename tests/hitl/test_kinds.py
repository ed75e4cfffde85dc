"""Each kind of action on mail: what is shown is what happens, at the provider too, and its inverse restores both."""

from typing import Any

import pytest

from apps.ai.models import Action
from apps.compose.models import Draft
from apps.core.problems import Problem
from apps.hitl.models import Approval
from apps.mail.models import Mailbox, Message, Placement
from apps.providers.adapters import mime
from tests.hitl.fixtures import Board, record

pytestmark = pytest.mark.dovecot


def lies(message: str) -> list[str]:
    """The mailboxes that a message is seen in."""
    held = Placement.objects.filter(message_id=message, leaving=None)
    return sorted(held.values_list("mailbox__remote_id", flat=True))


def flags(board: Board, mailbox: str = "INBOX") -> list[str]:
    """The flags of the only message of a mailbox, as another client reads them."""
    with board.desk.dovecot.client(board.desk.user) as client:
        client.select(mailbox, readonly=True)
        _, found = client.fetch("1", "(FLAGS)")
    assert isinstance(found[0], bytes)
    return sorted(found[0].decode().split("FLAGS (")[1].split(")")[0].lower().split())


@pytest.mark.parametrize(
    ("kind", "args", "flag"),
    [
        ("email.label", {"keyword": "Urgent"}, "urgent"),
        ("email.read", {}, "\\seen"),
    ],
)
def test_a_flag_is_set_at_the_provider_and_taken_back(board: Board, kind: str, args: dict[str, Any], flag: str) -> None:
    message = board.receive()
    action = board.do(kind, {"messages": [message]} | args)
    assert flag in flags(board)
    assert flag in Message.objects.get(pk=message).flags
    assert board.undo(action)["outcome"] == "undone"
    assert flag not in flags(board)
    assert flag not in Message.objects.get(pk=message).flags


@pytest.mark.parametrize(("kind", "role"), [("email.archive", "archive"), ("email.trash", "trash")])
def test_mail_goes_where_it_was_said_to_go_and_comes_back(board: Board, kind: str, role: str) -> None:
    message = board.receive()
    action = board.do(kind, {"message_id": message})
    board.desk.sync()
    there = Mailbox.objects.get(account=board.desk.account, role=role).remote_id
    assert lies(message) == [there]
    assert len(board.desk.raw(there)) == 1 and board.desk.raw("INBOX") == []
    assert board.undo(action)["outcome"] == "undone"
    assert board.desk.raw(there) == [] and len(board.desk.raw("INBOX")) == 1
    board.desk.sync()
    assert lies(message) == ["INBOX"]


def test_mail_is_moved_into_a_mailbox_of_the_same_account(board: Board) -> None:
    with board.desk.dovecot.client(board.desk.user) as client:
        client.create("Work")
    message = board.receive()
    work = Mailbox.objects.get(remote_id="Work")
    approval = board.propose("email.move", {"messages": [message], "to_mailbox_id": str(work.pk)})
    preview = board.client.get(f"/api/v1/approvals/{approval.pk}").json()["preview"]
    assert preview["where"] == "Work" and preview["messages"][0]["where"] == ["INBOX"]
    board.decide(approval)
    board.work()
    assert len(board.desk.raw("Work")) == 1 and board.desk.raw("INBOX") == []


def test_what_was_moved_meanwhile_is_not_moved_again(board: Board) -> None:
    message = board.receive()
    approval = board.propose("email.archive", {"messages": [message]})
    before = board.client.get(f"/api/v1/approvals/{approval.pk}").json()["digest"]
    board.do("email.trash", {"messages": [message]})
    refused = board.decide(approval, digest=before, status=409)
    assert refused["code"] == "changed_meanwhile"
    # Looked at anew, it is approved as it stands now.
    board.decide(approval, digest=refused["approval"]["digest"])


def test_what_is_shown_is_what_is_sent(board: Board) -> None:
    text = "Dear Bob,\n\nagreed: <b>100 €</b> & more.\n- one\n> two\n\nAnna"
    approval = board.propose(
        "email.send",
        {"to": ["Bob Ross <bob@partner.example>"], "cc": ["carla@rossi.example"], "subject": "Yes", "text": text},
    )
    shown = board.client.get(f"/api/v1/approvals/{approval.pk}").json()
    letter = shown["preview"]["letter"]
    assert letter["to"] == ["Bob Ross <bob@partner.example>"] and letter["text"] == text and letter["sends"]
    assert shown["recipients"] == ["bob@partner.example", "carla@rossi.example"]
    assert board.desk.sink.taken == [], "nothing leaves before somebody decides"
    board.decide(approval)
    board.work()
    (taken,) = board.desk.sink.taken
    mail = mime.parse(taken.data)
    assert sorted(taken.recipients) == ["bob@partner.example", "carla@rossi.example"]
    assert mail.subject == "Yes" and mail.text.strip() == text
    assert [each.address for each in mail.to] == ["bob@partner.example"]
    undone = board.undo(Action.objects.get(pk=approval.action_id))
    assert (undone["outcome"], undone["code"]) == ("impossible", "too_late")
    assert record(approval) == ["proposed", "approved", "done", "not_undone"]


def test_an_answer_goes_to_whom_a_person_would_answer_and_quotes_it(board: Board) -> None:
    message = board.receive(body="Shall we meet?")
    approval = board.propose("email.reply", {"message_id": message, "text": "Yes."})
    letter = board.client.get(f"/api/v1/approvals/{approval.pk}").json()["preview"]["letter"]
    assert letter["to"] == ["Bob <bob@partner.example>"] and letter["subject"] == "Re: Offer"
    assert "Shall we meet?" in letter["quote"]
    board.decide(approval)
    board.work()
    (taken,) = board.desk.sink.taken
    mail = mime.parse(taken.data)
    assert mail.in_reply_to == Message.objects.get(pk=message).message_id
    assert mail.text.startswith("Yes.") and "Shall we meet?" in mail.text


def test_what_waits_to_leave_is_taken_back_whole(board: Board) -> None:
    approval = board.propose("email.send", {"to": ["bob@partner.example"], "subject": "x", "text": "x"})
    board.decide(approval)
    from apps.hitl import executing

    executing.perform(approval.action_id)  # the send itself is still a command in the queue
    assert board.undo(Action.objects.get(pk=approval.action_id))["outcome"] == "undone"
    assert board.desk.sink.taken == [] and not Draft.objects.exists()


def test_a_draft_is_left_and_nothing_sent(board: Board) -> None:
    message = board.receive()
    action = board.do("email.draft", {"message_id": message, "text": "Perhaps."})
    draft = Draft.objects.get()
    assert draft.state == "editing" and "Perhaps." in draft.html and board.desk.sink.taken == []
    assert board.undo(action)["outcome"] == "undone"
    assert not Draft.objects.exists()


def test_a_draft_that_somebody_went_on_with_is_left_alone(board: Board) -> None:
    action = board.do("email.draft", {"to": ["bob@partner.example"], "subject": "x", "text": "x"})
    draft = Draft.objects.get()
    board.desk.put(draft.pk, draft.rev, html="<p>mine</p>")
    assert board.undo(action)["code"] == "changed_meanwhile"
    assert "mine" in Draft.objects.get().html


@pytest.mark.parametrize(
    ("kind", "args", "code"),
    [
        ("email.send", {"to": [], "text": "x"}, "no_recipient"),
        ("email.send", {"to": ["nobody"], "text": "x"}, "bad_recipient"),
        ("email.send", {"to": ["a@b.example"], "text": " "}, "no_text"),
        ("email.send", {"to": ["a@b.example"], "text": "x", "subject": "x\r\nBcc: eve@evil.example"}, "bad_header"),
        ("email.label", {"messages": [], "keyword": "x"}, "bad_arguments"),
        ("email.label", {"messages": ["00000000-0000-0000-0000-000000000001"], "keyword": "x"}, "not_found"),
        ("email.reply", {"text": "x"}, "bad_arguments"),
    ],
)
def test_what_could_not_be_done_is_not_proposed(board: Board, kind: str, args: dict[str, Any], code: str) -> None:
    with pytest.raises(Problem) as refused:
        board.propose(kind, args)
    assert refused.value.code == code
    assert not Action.objects.exists() and not Approval.objects.exists()
