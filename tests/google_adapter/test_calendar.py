"""Calendars: read as iCalendar, followed, and written back event by event."""

import re
from typing import Any

import pytest

from apps.providers.adapters import errors, ical
from apps.providers.adapters.collections import DeleteObject, MoveObject, ObjectRecord, PutObject
from apps.providers.adapters.google import calendar
from tests.dav.servers import MemoryMirror
from tests.google_adapter.collections import follow, quiet, sync
from tests.google_adapter.desk import ANNA, BOB, Desk, Json, again

STAMP = "20260529T100000Z"
EVENT: Json = {
    "summary": "Lunch; with, Bob",
    "description": "Two\nlines",
    "location": "Canteen",
    "start": {"dateTime": "2026-06-01T12:00:00+02:00", "timeZone": "Europe/Rome"},
    "end": {"dateTime": "2026-06-01T13:00:00+02:00", "timeZone": "Europe/Rome"},
}
WEEKLY: Json = EVENT | {"summary": "Weekly", "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=5"]}


class Agenda:
    """One person's calendars: our adapter and the mirror it keeps."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.adapter = calendar.connect(desk.tokens(), **desk.options)
        desk.opened.append(self.adapter)
        self.mirror = MemoryMirror()
        self.elsewhere: Any = desk.google.elsewhere

    def follow(self) -> bool:
        """Sync and compare; whether it was quiet."""
        return quiet(follow(self.adapter, self.mirror))

    def add(self, event: Json) -> str:
        self.desk.google.clock.advance(60)
        return str(self.elsewhere.add_event(ANNA, event)["id"])

    def google(self, event: str, of: str = ANNA) -> Json:
        """What Google has."""
        return dict(self.desk.google.agenda.calendars[of].events[event].data)

    def held(self, event: str) -> ObjectRecord:
        etag, data = self.mirror.objects[ANNA][event]
        return ObjectRecord(event, etag, data)

    def edit(self, event: str, fields: Json) -> ObjectRecord:
        """An edit of ours, as the application makes it."""
        held = self.held(event)
        edit = ical.Change(STAMP, fields=fields)
        data, _ = ical.change(held.data, edit, ical.before(held.data, edit))
        record = self.adapter.execute(PutObject(ANNA, event, data, held.etag)).record
        assert record is not None
        return record

    def make(self, title: str, uid: str = "u-1@pmsync") -> PutObject:
        fields = {
            "title": title,
            "start": {"at": "2026-06-02T09:00:00", "zone": "Europe/Rome"},
            "end": {"at": "2026-06-02T10:00:00", "zone": "Europe/Rome"},
        }
        return PutObject(ANNA, f"new:{uid}", ical.new(fields, uid, STAMP))


@pytest.fixture
def agenda(desk: Desk) -> Agenda:
    return Agenda(desk)


def lines(data: bytes) -> list[str]:
    return data.replace(b"\r\n ", b"").decode().split("\r\n")


def test_an_event_is_read_as_icalendar(agenda: Agenda) -> None:
    event = agenda.add(EVENT | {"colorId": "5", "reminders": {"useDefault": False, "overrides": [
        {"method": "popup", "minutes": 30}]}, "attendees": [{"email": BOB, "displayName": "Bob, B.", "optional": True}],
        "visibility": "private", "transparency": "transparent"})  # fmt: skip
    agenda.follow()
    text = lines(agenda.held(event).data)
    assert "SUMMARY:Lunch\\; with\\, Bob" in text
    assert "DTSTART;TZID=Europe/Rome:20260601T120000" in text
    assert "BEGIN:VTIMEZONE" in text
    assert 'ATTENDEE;CN="Bob, B.";ROLE=OPT-PARTICIPANT;PARTSTAT=NEEDS-ACTION:mailto:bob@firm.example' in text
    item = ical.read(agenda.held(event).data).master
    assert item is not None
    assert (item.title, item.alarms, item.busy, item.visibility) == ("Lunch; with, Bob", (30,), False, item.visibility)
    assert agenda.follow()


def test_changes_at_another_client_are_followed(agenda: Agenda) -> None:
    agenda.follow()
    event = agenda.add(EVENT)
    agenda.follow()
    agenda.elsewhere.edit_event(ANNA, event, {"summary": "Dinner"})
    agenda.follow()
    assert "SUMMARY:Dinner" in lines(agenda.held(event).data)
    agenda.elsewhere.delete_event(ANNA, event)
    agenda.follow()
    assert event not in agenda.mirror.objects[ANNA]
    assert agenda.follow()


def test_a_series_is_one_object_with_its_exceptions(agenda: Agenda) -> None:
    event = agenda.add(WEEKLY)
    agenda.follow()
    agenda.elsewhere.edit_event(ANNA, f"{event}_20260608T100000Z", {"summary": "Moved"})
    agenda.elsewhere.delete_event(ANNA, f"{event}_20260615T100000Z")
    agenda.follow()
    text = lines(agenda.held(event).data)
    assert set(agenda.mirror.objects[ANNA]) == {event}
    assert "RECURRENCE-ID;TZID=Europe/Rome:20260608T120000" in text
    assert "EXDATE;TZID=Europe/Rome:20260615T120000" in text
    endless = agenda.add(WEEKLY | {"recurrence": ["RRULE:FREQ=WEEKLY"]})
    agenda.elsewhere.split_series(ANNA, endless, f"{endless}_20260608T100000Z")
    agenda.follow()
    assert len(agenda.mirror.objects[ANNA]) == 3
    again_read = Agenda(agenda.desk)
    again_read.follow()
    assert again_read.mirror.texts() == agenda.mirror.texts()


def test_an_edit_sends_only_what_it_changed(agenda: Agenda) -> None:
    guest = {"email": BOB, "comment": "late", "additionalGuests": 2}
    more = {"guestsCanModify": True, "extendedProperties": {"private": {"a": "b"}}}
    event = agenda.add(EVENT | more | {"colorId": "5", "attendees": [guest]})
    agenda.follow()
    record = agenda.edit(event, {"title": "Dinner"})
    sent = [entry for entry in agenda.desk.google.journal.entries if entry.method == "calendar.events.patch"]
    assert [entry.body for entry in sent] == [b'{"summary": "Dinner"}']
    now = agenda.google(event)
    assert (now["summary"], now["colorId"], now["attendees"][0]["comment"]) == ("Dinner", "5", "late")
    sync(agenda.adapter, agenda.mirror)
    assert agenda.held(event).etag == record.etag
    before = agenda.desk.asked("calendar.events.patch")
    agenda.adapter.execute(PutObject(ANNA, event, record.data, record.etag))
    assert agenda.desk.asked("calendar.events.patch") == before, "what is there already is not written"


def test_an_edit_moves_between_days_and_times(agenda: Agenda) -> None:
    event = agenda.add(EVENT)
    agenda.follow()
    agenda.edit(event, {"start": {"date": "2026-06-03"}, "end": {"date": "2026-06-04"}})
    assert agenda.google(event)["start"] == {"date": "2026-06-03"}
    agenda.follow()
    guest = {"address": BOB, "name": "Bob", "status": "NEEDS-ACTION", "role": "REQ-PARTICIPANT"}
    more = {"kind": "INDIVIDUAL", "rsvp": True}
    agenda.edit(event, {"alarms": [10, 60], "categories": ["Food"], "attendees": [guest | more]})
    agenda.follow()
    now = agenda.google(event)
    assert {one["minutes"] for one in now["reminders"]["overrides"]} == {10, 60}
    assert [one["email"] for one in now["attendees"]] == [BOB]
    assert "CATEGORIES:Food" in lines(agenda.held(event).data)
    assert agenda.desk.google.agenda.letters, "Google itself writes to guests"


def test_an_instance_is_changed_dropped_and_restored(agenda: Agenda) -> None:
    event = agenda.add(WEEKLY)
    agenda.follow()
    text = agenda.held(event).data
    other = text.replace(b"SUMMARY:Weekly", b"SUMMARY:Other").replace(b"RRULE:FREQ=WEEKLY;COUNT=5\r\n", b"")
    override = re.search(rb"BEGIN:VEVENT.*END:VEVENT\r\n", other, re.DOTALL)
    assert override is not None
    changed = override[0].replace(b"DTSTART;", b"RECURRENCE-ID;TZID=Europe/Rome:20260608T120000\r\nDTSTART;")
    changed = changed.replace(b":20260601T", b":20260608T")
    edited = text.replace(b"END:VCALENDAR", changed + b"END:VCALENDAR")
    edited = edited.replace(b"RRULE:", b"EXDATE;TZID=Europe/Rome:20260615T120000\r\nRRULE:")
    stored = agenda.adapter.execute(PutObject(ANNA, event, edited, agenda.held(event).etag))
    assert agenda.google(f"{event}_20260608T100000Z")["summary"] == "Other"
    assert agenda.google(f"{event}_20260615T100000Z")["status"] == "cancelled"
    assert stored.record is not None
    agenda.adapter.execute(PutObject(ANNA, event, text, stored.record.etag))
    agenda.follow()
    assert b"EXDATE" not in agenda.held(event).data
    assert b"Other" not in agenda.held(event).data


@pytest.mark.parametrize("kind", ["cut", "half", "503"])
def test_a_create_whose_answer_was_lost_makes_one_event(agenda: Agenda, desk: Desk, kind: str) -> None:
    agenda.follow()
    desk.fail("calendar.events.insert", kind, after=True)
    command = agenda.make("Once")
    stored = again(lambda: agenda.adapter.execute(command))
    assert len([one for one in desk.google.agenda.calendars[ANNA].events.values() if not one.cancelled]) == 1
    assert stored.record.remote_id == stored.remote_id
    assert ical.read(stored.record.data).uid == "u-1@pmsync"
    agenda.follow()
    assert agenda.held(stored.remote_id).etag == stored.record.etag
    agenda.adapter.execute(DeleteObject(ANNA, stored.remote_id, stored.record.etag))
    anew = agenda.adapter.execute(command)
    assert anew.remote_id != stored.remote_id, "the id of a deleted event stays taken"
    agenda.follow()


@pytest.mark.parametrize("method", ["patch", "delete", "move"])
@pytest.mark.parametrize("kind", ["cut", "503"])
def test_other_commands_repeated_take_effect_once(agenda: Agenda, desk: Desk, method: str, kind: str) -> None:
    event = agenda.add(EVENT)
    other = (
        agenda.elsewhere.call(ANNA, "calendar.calendars.insert", {"summary": "Other"})["id"] if method == "move" else ""
    )
    agenda.follow()
    held = agenda.held(event)
    command: Any = {
        "patch": PutObject(ANNA, event, held.data.replace(b"Canteen", b"Hall"), held.etag),
        "delete": DeleteObject(ANNA, event, held.etag),
        "move": MoveObject(ANNA, event, held.etag, other, event),
    }[method]
    desk.fail(f"calendar.events.{method}", kind, after=True)
    with pytest.raises(errors.Transient):
        agenda.adapter.execute(command)
    if method == "patch":
        with pytest.raises(errors.Conflict) as caught:
            agenda.adapter.execute(command)
        assert caught.value.remote_etag == agenda.adapter.fetch(ANNA, event).etag
        assert b"Hall" in agenda.adapter.fetch(ANNA, event).data
    else:
        agenda.adapter.execute(command)
    assert desk.asked(f"calendar.events.{method}") == 1
    agenda.follow()


def test_what_somebody_else_changed_is_a_conflict(agenda: Agenda) -> None:
    event = agenda.add(EVENT)
    agenda.follow()
    held = agenda.held(event)
    agenda.elsewhere.edit_event(ANNA, event, {"location": "Hall"})
    for command in (PutObject(ANNA, event, held.data, held.etag), DeleteObject(ANNA, event, held.etag)):
        with pytest.raises(errors.Conflict) as caught:
            agenda.adapter.execute(command)
        assert caught.value.remote_etag
    agenda.elsewhere.delete_event(ANNA, event)
    with pytest.raises(errors.Conflict) as caught:
        agenda.adapter.execute(PutObject(ANNA, event, held.data, held.etag))
    assert caught.value.remote_etag is None
    assert agenda.adapter.execute(DeleteObject(ANNA, event, held.etag)).record is None
    with pytest.raises(errors.NotFound):
        agenda.adapter.fetch(ANNA, event)


def test_an_answer_to_an_invitation_is_the_guests_own(agenda: Agenda) -> None:
    made = agenda.elsewhere.add_event(BOB, EVENT | {"attendees": [{"email": ANNA}, {"email": "c@outside.example"}]})
    agenda.follow()
    held = agenda.held(made["id"])
    edit = ical.Change(fields={}, stamp=STAMP, reply=(ANNA, "ACCEPTED"))
    data, _ = ical.change(held.data, edit, ical.before(held.data, edit))
    agenda.adapter.execute(PutObject(ANNA, made["id"], data, held.etag))
    answers = {one["email"]: one["responseStatus"] for one in agenda.google(made["id"], BOB)["attendees"]}
    assert answers == {ANNA: "accepted", "c@outside.example": "needsAction"}
    agenda.follow()
    held = agenda.held(made["id"])
    with pytest.raises(errors.Rejected):
        agenda.adapter.execute(PutObject(ANNA, made["id"], held.data.replace(b"Canteen", b"Hall"), held.etag))


def test_a_token_that_ended_costs_a_comparison_and_nothing_else(agenda: Agenda, desk: Desk) -> None:
    kept, lost = agenda.add(EVENT), agenda.add(EVENT)
    agenda.follow()
    agenda.elsewhere.delete_event(ANNA, lost)
    new = agenda.add(EVENT)
    desk.google.cursors.expire("calendar.sync")
    batches = follow(agenda.adapter, agenda.mirror)
    assert set(agenda.mirror.objects[ANNA]) == {kept, new}
    assert [record.remote_id for batch in batches for record in batch.upserts] == [new]


@pytest.mark.parametrize("kind", ["429", "quota exceeded", "503", "cut", "half", "html"])
@pytest.mark.parametrize("method", ["calendarList.list", "events.list"])
def test_faults_are_typed_and_pass(agenda: Agenda, desk: Desk, method: str, kind: str) -> None:
    event = agenda.add(EVENT)
    desk.google.agenda.sparse_pages = True
    desk.fail(f"calendar.{method}", kind)
    with pytest.raises(errors.Transient):
        sync(agenda.adapter, agenda.mirror)
    agenda.follow()
    assert agenda.held(event)
