"""Approvals: who decides, on what exactly, and that nothing else happens."""

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now

from apps.ai.models import Action
from apps.hitl import executing
from apps.hitl.models import Approval, Entry
from apps.outbound.models import OPEN, Command
from apps.providers.models import AccountAccess
from apps.realtime import journal
from apps.users.models import Role
from tests.hitl.fixtures import Board, record

pytestmark = pytest.mark.dovecot

LETTER: dict[str, Any] = {"to": ["bob@partner.example"], "subject": "Yes", "text": "Agreed."}


def listed(client: Any, state: str = "open") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get("/api/v1/approvals", {"state": state}).json()["items"]
    return items


def told(name: str) -> list[tuple[set[str], dict[str, Any]]]:
    """The events of this name: for whom, and the approval in it."""
    return [
        ({str(user) for user in entry.only_for or ()}, json.loads(entry.data)["approval"])
        for entry in journal.read(0)
        if entry.event == name
    ]


def test_those_who_may_decide_are_told_and_nobody_else(board: Board) -> None:
    delegate = board.delegate()
    approval = board.propose("email.send", LETTER)
    ((who, data),) = told("hitl:approval_required")
    assert who == {str(board.desk.member.user_id), str(delegate.user_id)}
    assert data["digest"] == approval.digest and data["state"] == "open"
    assert [item["id"] for item in listed(board.client)] == [str(approval.pk)]
    board.decide(approval, "reject", reason="Not now")
    ((who, data),) = told("hitl:approval_decided")
    assert data["state"] == "rejected" and data["reason"] == "Not now"
    assert data["decided_by"]["id"] == str(board.desk.member.user_id)
    board.work()
    assert board.desk.sink.taken == [] and listed(board.client) == []
    assert record(approval) == ["proposed", "rejected"]


def test_only_owner_and_delegates_see_it_or_decide(board: Board) -> None:
    approval = board.propose("email.send", LETTER)
    make, cast = board.desk.make, board.desk.cast
    admin, reader = make.member_of(cast.tenant, Role.ADMIN), make.member_of(cast.tenant)
    board.desk.account.access.create(user_id=reader.user_id, role=AccountAccess.Role.READER)
    for other in (admin, reader):
        client = make.client(other)
        assert client.get(f"/api/v1/approvals/{approval.pk}").status_code == 404
        assert listed(client) == []
        body = {"decision": "approve", "digest": approval.digest}
        assert client.post(f"/api/v1/approvals/{approval.pk}/decide", body, format="json").status_code == 404
    assert record(approval) == ["proposed"]


def test_the_second_of_two_is_told_who_decided(board: Board) -> None:
    colleague = board.desk.make.client(board.delegate())
    approval = board.propose("email.send", LETTER)
    board.decide(approval, "reject")
    refused = board.decide(approval, "approve", status=409, client=colleague)
    assert refused["code"] == "already_decided"
    assert board.desk.member.user.name in refused["detail"]
    # The same again by the same person is no other decision.
    assert board.decide(approval, "reject")["state"] == "rejected"
    assert record(approval) == ["proposed", "rejected"]


def test_another_digest_decides_nothing(board: Board) -> None:
    approval = board.propose("email.send", LETTER)
    refused = board.decide(approval, digest="0" * 64, status=409)
    assert refused["code"] == "digest_changed"
    assert Approval.objects.get().state == "open"


@pytest.mark.parametrize("tampered", ["args", "kind", "user_id"])
def test_anything_but_what_was_approved_is_refused_when_it_is_carried_out(board: Board, tampered: str) -> None:
    """Whoever changes the row behind everybody's back: nothing is sent."""
    approval = board.propose("email.send", LETTER)
    board.decide(approval)
    action = Action.objects.get()
    if tampered == "args":
        action.args = action.args | {"to": [{"name": "", "address": "eve@evil.example"}]}
    elif tampered == "kind":
        action.kind = "email.draft"
    else:
        action.user_id = board.delegate().user_id
    action.save()
    board.work()
    action.refresh_from_db()
    assert action.state == "failed" and action.error is not None and action.error["code"] == "digest_mismatch"
    assert board.desk.sink.taken == []
    assert record(approval) == ["proposed", "approved", "failed"]


def test_it_is_changed_and_then_approved_under_another_digest(board: Board) -> None:
    approval = board.propose("email.send", LETTER)
    path = f"/api/v1/approvals/{approval.pk}"
    body = {"digest": approval.digest, "args": {"to": ["carla@partner.example"], "text": "Agreed, thanks."}}
    edited = board.client.patch(path, body, format="json")
    assert edited.status_code == 200, edited.content
    fresh = edited.json()
    assert fresh["digest"] != approval.digest and fresh["recipients"] == ["carla@partner.example"]
    assert board.decide(approval, digest=approval.digest, status=409)["code"] == "digest_changed"
    board.decide(approval, digest=fresh["digest"])
    board.work()
    (taken,) = board.desk.sink.taken
    assert taken.recipients == ("carla@partner.example",) and b"Agreed, thanks." in taken.data
    edit = Entry.objects.get(what="edited")
    assert (edit.digest, edit.details["before"]) == (fresh["digest"], approval.digest)
    late = {"digest": fresh["digest"], "args": {"text": "Too late"}}
    assert board.client.patch(path, late, format="json").json()["code"] == "already_decided"


def test_only_what_a_person_sees_can_be_changed(board: Board) -> None:
    approval = board.propose("email.send", LETTER)
    body = {"digest": approval.digest, "args": {"identity_id": str(uuid.uuid4())}}
    answer = board.client.patch(f"/api/v1/approvals/{approval.pk}", body, format="json")
    assert answer.json()["code"] == "not_editable"


def test_it_lapses_and_cannot_be_approved_then(board: Board) -> None:
    approval = board.propose("email.send", LETTER)
    digest = approval.digest
    Approval.objects.update(expires_at=Now())
    assert listed(board.client) == []
    assert board.decide(approval, digest=digest, status=409)["code"] == "expired"
    assert Action.objects.get().state == "expired"
    assert record(approval) == ["proposed", "expired"]
    assert not Command.objects.filter(OPEN, kind="hitl").exists()


def test_it_lapses_by_itself_when_nobody_looks(board: Board) -> None:
    approval = board.propose("email.send", LETTER)
    board.work()
    assert Approval.objects.get().state == "open", "its time has not come"
    Approval.objects.update(expires_at=Now())
    Command.objects.filter(kind="hitl").update(due_at=Now() - timedelta(seconds=1))
    board.work()
    assert Approval.objects.get().state == "expired"
    assert record(approval) == ["proposed", "expired"]


def test_it_is_handed_to_a_colleague_who_only_reads(board: Board) -> None:
    make, cast = board.desk.make, board.desk.cast
    reader = cast.member
    approval = board.propose("email.send", LETTER)
    path = f"/api/v1/approvals/{approval.pk}/delegate"
    stranger = board.client.post(path, {"user_id": str(reader.user_id)}, format="json")
    assert stranger.status_code == 404, "who does not see the account decides nothing in it"
    grant = board.desk.account.access.create(user_id=reader.user_id, role=AccountAccess.Role.READER)
    assert board.client.post(path, {"user_id": str(reader.user_id)}, format="json").status_code == 200
    client = make.client(reader)
    assert [item["id"] for item in listed(client)] == [str(approval.pk)]
    grant.delete()
    assert listed(client) == [], "and no longer once they do not see it any more"
    board.desk.account.access.create(user_id=reader.user_id, role=AccountAccess.Role.READER)
    board.decide(approval, client=client)
    board.work()
    assert len(board.desk.sink.taken) == 1
    assert record(approval) == ["proposed", "delegated", "approved", "done"]


def test_where_two_must_approve_one_is_not_enough(board: Board) -> None:
    rule = {"by_company": True, "kind": "email.send", "verdict": "ask", "second": True}
    assert board.client.post("/api/v1/approvals/rules", rule, format="json").status_code == 201
    colleague = board.desk.make.client(board.delegate())
    approval = board.propose("email.send", LETTER)
    first = board.decide(approval)
    assert first["state"] == "open" and first["first_by"]["id"] == str(board.desk.member.user_id)
    board.work()
    assert board.desk.sink.taken == []
    assert board.decide(approval, status=409)["code"] == "other_person"
    assert board.decide(approval, client=colleague)["state"] == "approved"
    board.work()
    assert len(board.desk.sink.taken) == 1
    assert record(approval) == ["proposed", "approved_first", "approved", "done"]


def test_a_person_switches_labels_to_automatic_and_only_for_themselves(board: Board) -> None:
    rule = {"kind": "email.label", "verdict": "auto"}
    message = board.receive()
    assert board.propose("email.label", {"messages": [message], "keyword": "A"}).state == "open"
    assert board.client.post("/api/v1/approvals/rules", rule, format="json").status_code == 201
    taken = board.propose("email.label", {"messages": [message], "keyword": "B"})
    assert taken.state == "open", "an agent took this from mail, and the rule does not say that it holds for that"
    approval = board.propose("email.label", {"messages": [message], "keyword": "B"}, origin="person")
    assert approval.state == "approved" and approval.decided_by is None
    board.work()
    assert record(approval) == ["proposed", "approved", "done"]
    assert Entry.objects.get(action_id=approval.action_id, what="approved").via == "rule"
    assert board.client.post("/api/v1/approvals/rules", rule, format="json").json()["code"] == "rule_exists"
    (made,) = board.client.get("/api/v1/approvals/rules").json()["items"]
    board.client.delete(f"/api/v1/approvals/rules/{made['id']}")
    answer = board.client.post("/api/v1/approvals/rules", rule | {"on_content": True}, format="json")
    assert answer.json()["on_content"] is True
    assert board.propose("email.label", {"messages": [message], "keyword": "C"}).state == "approved"


def test_what_is_never_done_is_refused_at_once_and_cannot_be_approved(board: Board) -> None:
    waiting = board.propose("email.send", LETTER)
    rule = {"by_company": True, "kind": "email.send", "scope": "outside", "verdict": "never"}
    board.client.post("/api/v1/approvals/rules", rule, format="json")
    refused = board.propose("email.send", LETTER)
    assert refused.state == "rejected" and Action.objects.get(pk=refused.action_id).state == "refused"
    assert board.decide(waiting, status=403)["code"] == "not_allowed"


def test_members_read_the_companys_rules_and_change_their_own(board: Board) -> None:
    member = board.desk.make.client(board.desk.cast.member)
    rule = {"by_company": True, "verdict": "ask", "binding": True}
    assert member.post("/api/v1/approvals/rules", rule, format="json").status_code == 403
    made = board.client.post("/api/v1/approvals/rules", rule, format="json").json()
    own = member.post("/api/v1/approvals/rules", {"kind": "email.label", "verdict": "auto"}, format="json").json()
    seen = member.get("/api/v1/approvals/rules").json()
    assert {each["id"] for each in seen["items"]} == {made["id"], own["id"]} and not seen["governs"]
    assert member.delete(f"/api/v1/approvals/rules/{made['id']}").status_code == 403
    assert board.client.delete(f"/api/v1/approvals/rules/{own['id']}").status_code == 404
    assert member.delete(f"/api/v1/approvals/rules/{own['id']}").status_code == 204
    assert member.patch("/api/v1/approvals/settings", {"agents_on": False}, format="json").status_code == 403


def test_switched_off_nothing_is_approved_or_carried_out(board: Board) -> None:
    waiting, approved = board.propose("email.send", LETTER), board.propose("email.send", LETTER)
    board.decide(approved)
    assert board.client.patch("/api/v1/approvals/settings", {"agents_on": False}, format="json").status_code == 200
    board.work()
    action = Action.objects.get(pk=approved.action_id)
    assert action.state == "refused" and action.error is not None and action.error["code"] == "agents_off"
    assert board.decide(waiting, status=409)["code"] == "agents_off"
    assert board.propose("email.send", LETTER).state == "rejected"
    assert board.desk.sink.taken == []
    board.client.patch("/api/v1/approvals/settings", {"agents_on": True}, format="json")
    board.decide(waiting)
    board.work()
    assert len(board.desk.sink.taken) == 1


def test_the_database_keeps_the_record_as_it_is(board: Board) -> None:
    board.propose("email.send", LETTER)
    for statement in ("UPDATE hitl_entry SET what = 'x'", "DELETE FROM hitl_entry", "TRUNCATE hitl_entry"):
        with pytest.raises(DatabaseError, match="never changed or removed"), transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(statement)
    assert Entry.objects.count() == 1


def test_all_that_agents_did_since_is_undone_the_newest_first(board: Board) -> None:
    message = board.receive()
    before = board.do("email.label", {"messages": [message], "keyword": "Old"})
    board.do("email.label", {"messages": [message], "keyword": "New"})
    board.do("email.trash", {"messages": [message]})
    other = board.do("email.read", {"messages": [message]}, agent="other")
    board.do("email.send", LETTER)
    Action.objects.filter(pk=before.pk).update(done_at=Now() - timedelta(hours=2))
    since = (Action.objects.get(pk=before.pk).done_at or other.created_at) + timedelta(hours=1)
    answer = board.client.post(
        "/api/v1/approvals/undo", {"since": since.isoformat(), "agent": "helper"}, format="json"
    )  # fmt: skip
    assert [(item["kind"], item["outcome"]) for item in answer.json()["items"]] == [
        ("email.send", "impossible"), ("email.trash", "undone"), ("email.label", "undone"),
    ]  # fmt: skip
    board.work()
    board.desk.sync()
    with board.desk.dovecot.client(board.desk.user) as client:
        client.select("INBOX", readonly=True)
        _, found = client.fetch("1", "(FLAGS)")
    assert isinstance(found[0], bytes)
    flags = found[0].decode().lower()
    assert "old" in flags and "new" not in flags and "\\seen" in flags
    # A reader of the account takes nothing back.
    reader = board.desk.make.client(board.desk.cast.member)
    board.desk.account.access.create(user_id=board.desk.cast.member.user_id, role=AccountAccess.Role.READER)
    body = {"since": since.isoformat(), "account_id": str(board.desk.account.pk)}
    assert reader.post("/api/v1/approvals/undo", body, format="json").status_code == 403


def test_an_agent_proposes_once_for_one_reason(board: Board) -> None:
    from apps.ai.actions import Wish, propose

    wish = Wish("helper", "email.send", LETTER, "Because.", "the same reason")
    first = propose(board.desk.member, board.desk.account, wish)
    assert propose(board.desk.member, board.desk.account, wish) == first
    assert Approval.objects.count() == 1


def test_a_person_who_lost_the_account_has_nothing_done_for_them(board: Board) -> None:
    approval = board.propose("email.send", LETTER)
    board.decide(approval)
    board.desk.account.owner_id = board.desk.cast.member.user_id
    board.desk.account.save(update_fields=["owner_id"])
    executing.perform(approval.action_id)
    assert Action.objects.get().state == "failed" and board.desk.sink.taken == []
    assert not Command.objects.filter(OPEN, kind="compose", action="send").exists()


def test_the_reason_is_not_shown_to_who_may_not_read_its_sources(board: Board) -> None:
    message = board.receive("Secret")
    delegate = board.delegate()
    hidden = board.desk.make.member_of(board.desk.cast.tenant)
    approval = board.propose(
        "email.send", LETTER, why="Bob asked in “Secret”.", sources=({"type": "message", "id": message},)
    )
    shown = board.client.get(f"/api/v1/approvals/{approval.pk}").json()
    assert shown["why"] and shown["sources"][0]["title"] == "Secret"
    # The message lies in another account, which the delegate does not see.
    from apps.mail.models import Message
    from tests.sync import fixtures as engine

    other = engine.account(hidden)
    Message.objects.filter(pk=message).update(account=other)
    shown = board.desk.make.client(delegate).get(f"/api/v1/approvals/{approval.pk}").json()
    assert shown["why"] == "" and shown["why_hidden"] and shown["sources"] == []
