"""Actions on calendars and address books: the diff that is shown is what changes, at the provider too."""

import re
import uuid
from typing import Any

import pytest

from apps.ai.actions import Wish, propose
from apps.ai.models import Action
from apps.calendar.models import Calendar, Event
from apps.contacts.models import Contact
from apps.hitl import deciding, undoing
from apps.providers.adapters import ical, vcard
from apps.providers.adapters.dav import Service
from tests.dav.desk import DavDesk, dav_desk
from tests.hitl.fixtures import Board, work
from tests.providers.radicale import Radicale
from tests.scheduling.conftest import BOB, Office, event
from tests.tenants.fixtures import Cast

START = {"at": "2030-03-04T10:00:00", "zone": "Europe/Rome"}
END = {"at": "2030-03-04T11:00:00", "zone": "Europe/Rome"}


def texts(desk: DavDesk) -> list[bytes]:
    """What the collection holds, as another program reads it."""
    answer = desk.other.request("PROPFIND", desk.place, Depth="1")
    paths = [path for path in re.findall(r"<href>([^<]+)</href>", answer.text) if not path.endswith("/")]
    return [desk.other.request("GET", path).content for path in paths]


def there(office: Office) -> list[ical.Item]:
    """The events of the calendar, as another program reads them at the server."""
    return [ical.read(text).items[0] for text in texts(office.diary)]


@pytest.mark.dovecot
def test_an_event_is_made_and_goes_again(office: Office) -> None:
    board = Board(office.mail)
    action = board.do("calendar.create", {"title": "Plan", "start": START, "end": END})
    assert [item.title for item in there(office)] == ["Plan"]
    assert action.args["calendar_id"] == str(Calendar.objects.get().pk), "the calendar is named"
    assert board.undo(action)["outcome"] == "undone"
    assert there(office) == [] and not Event.objects.exists()


@pytest.mark.dovecot
def test_a_task_is_made(office: Office) -> None:
    board = Board(office.mail)
    Calendar.objects.update(components=["VEVENT", "VTODO"])
    board.do("task.create", {"title": "Write to Bob", "due": {"date": "2030-03-05"}})
    row = Event.objects.get()
    assert (row.component, row.title) == ("VTODO", "Write to Bob")


@pytest.mark.dovecot
def test_a_change_is_shown_field_by_field_and_taken_back(office: Office) -> None:
    board = Board(office.mail)
    board.do("calendar.create", {"title": "Plan", "start": START, "end": END, "location": "Room 1"})
    row = Event.objects.get()
    later = {"at": "2030-03-04T15:00:00", "zone": "Europe/Rome"}
    fields = {"start": later, "end": {"at": "2030-03-04T16:00:00", "zone": "Europe/Rome"}, "location": "Room 2"}
    approval = board.propose("calendar.update", {"event_id": str(row.pk), "fields": fields})
    preview = board.client.get(f"/api/v1/approvals/{approval.pk}").json()["preview"]
    assert {"name": "location", "before": "Room 1", "after": "Room 2"} in preview["fields"]
    assert {
        "name": "start", "before": "2030-03-04 10:00:00 Europe/Rome", "after": "2030-03-04 15:00:00 Europe/Rome"
    } in preview["fields"]  # fmt: skip
    board.decide(approval)
    board.work()
    (item,) = there(office)
    assert item.location == "Room 2" and item.start is not None and item.start.local.hour == 15
    assert board.undo(Action.objects.get(pk=approval.action_id))["outcome"] == "undone"
    (item,) = there(office)
    assert item.location == "Room 1" and item.start is not None and item.start.local.hour == 10


@pytest.mark.dovecot
def test_an_event_that_was_changed_meanwhile_is_not_overwritten(office: Office) -> None:
    board = Board(office.mail)
    board.do("calendar.create", {"title": "Plan", "start": START, "end": END})
    row = Event.objects.get()
    approval = board.propose("calendar.update", {"event_id": str(row.pk), "fields": {"location": "Room 2"}})
    board.decide(approval)
    body = {"title": "Plan B"}
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    assert office.client.patch(f"/api/v1/events/{row.pk}", body, format="json", headers=headers).status_code == 202
    board.work()
    action = Action.objects.get(pk=approval.action_id)
    assert action.state == "failed" and action.error is not None and action.error["code"] == "digest_mismatch"
    assert [(item.title, item.location) for item in there(office)] == [("Plan B", "")]


@pytest.mark.dovecot
def test_an_invitation_is_answered_and_the_calendar_restored(office: Office) -> None:
    board = Board(office.mail)
    message = office.receive(event())
    approval = board.propose("calendar.answer", {"message_id": message, "status": "ACCEPTED"})
    shown = board.client.get(f"/api/v1/approvals/{approval.pk}").json()
    assert shown["recipients"] == [BOB] and shown["preview"]["told"] == [BOB]
    board.decide(approval)
    board.work()
    assert [item.title for item in there(office)] == ["Plan"] and Event.objects.get().mine == "ACCEPTED"
    office.mail.work()
    assert [taken.recipients for taken in office.mail.sink.taken] == [(BOB,)]
    undone = board.undo(Action.objects.get(pk=approval.action_id))
    assert (undone["outcome"], undone["code"]) == ("undone", "organizer_told")
    assert there(office) == []


@pytest.mark.dovecot
def test_an_answer_in_the_calendar_goes_back_to_what_it_was(office: Office) -> None:
    board = Board(office.mail)
    message = office.receive(event())
    office.act(message, action="answer", status="TENTATIVE")
    board.work()
    row = Event.objects.get()
    action = board.do("calendar.answer", {"event_id": str(row.pk), "status": "DECLINED"})
    row.refresh_from_db()
    assert row.mine == "DECLINED"
    assert board.undo(action)["outcome"] == "undone"
    row.refresh_from_db()
    assert row.mine == "TENTATIVE"


def test_a_contact_is_made_and_goes_again(cast: Cast, radicale: Radicale) -> None:
    with dav_desk(cast, radicale, Service.CARDDAV) as desk:
        desk.sync()
        args: dict[str, Any] = {"full_name": "Bob Ross", "emails": [{"value": "bob@partner.example"}]}
        action = propose(desk.member, desk.account, Wish("helper", "contact.create", args, "He wrote.", "1"))
        approval = action.approval
        deciding.decide(desk.member, approval.pk, deciding.Given("approve", approval.digest))
        work(desk.account)
        assert [vcard.read(text).full_name for text in texts(desk)] == ["Bob Ross"]
        assert undoing.one(desk.member, approval.pk).outcome == "undone"
        work(desk.account)
        assert texts(desk) == [] and not Contact.objects.exists()
