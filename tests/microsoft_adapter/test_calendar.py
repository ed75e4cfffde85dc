"""Calendars over Graph: followed, written, and translated both ways."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from apps.providers.adapters import errors, ical
from apps.providers.adapters.collections import DeleteObject, MoveObject, PutObject, Stored
from apps.providers.adapters.ical import Change
from apps.providers.adapters.microsoft import comparing, event_json
from apps.providers.adapters.microsoft.calendars import GraphCalendars
from tests.dav.servers import MemoryMirror
from tests.fakes.microsoft.faults import cut
from tests.microsoft_adapter.desk import Desk
from tests.microsoft_adapter.shelf import differences, sync

STAMP = "20260101T000000Z"
BERLIN = {"timeZone": "W. Europe Standard Time"}


def times(start: str, end: str, zone: dict[str, str] | None = None) -> dict[str, Any]:
    """Start and end of an event."""
    where = zone or {"timeZone": "UTC"}
    return {"start": {"dateTime": start, **where}, "end": {"dateTime": end, **where}}


LUNCH = {"subject": "Lunch", **times("2026-03-02T12:00:00", "2026-03-02T13:00:00", BERLIN)}
DAILY = {"pattern": {"type": "daily", "interval": 1}, "range": {"type": "numbered", "startDate": "2026-03-02",
         "numberOfOccurrences": 10}}  # fmt: skip
SERIES = LUNCH | {"subject": "Stand-up", "recurrence": DAILY}


def one(mirror: MemoryMirror) -> tuple[str, str, str, bytes]:
    """The one object that is mirrored: its calendar, key, etag and text."""
    ((calendar, name, etag, data),) = [
        (calendar, name, etag, data) for calendar, held in mirror.objects.items() for name, (etag, data) in held.items()
    ]
    return calendar, name, etag, data


def synced(desk: Desk) -> tuple[MemoryMirror, GraphCalendars]:
    """A mirror of all there is."""
    mirror, adapter = MemoryMirror(), desk.calendars()
    sync(adapter, mirror)
    return mirror, adapter


@pytest.fixture(params=["answered", "answer lost", "never arrived"])
def write(request: pytest.FixtureRequest, desk: Desk) -> Callable[[GraphCalendars, Any], Stored]:
    """Carry out a command; where its first try is cut, before or after it took effect, a second time."""

    def run(adapter: GraphCalendars, command: Any) -> Stored:
        if request.param != "answered":
            desk.faults.add(cut(after_commit=request.param == "answer lost"), "^(POST|PATCH|DELETE)")
            with pytest.raises(errors.Transient):
                adapter.execute(command)
        return adapter.execute(command)

    return run


Write = Callable[[GraphCalendars, Any], Stored]


def test_events_are_mirrored_and_followed(desk: Desk) -> None:
    lunch = desk.elsewhere.add_event(LUNCH)
    desk.elsewhere.add_calendar("Shared", editable=False)
    mirror, adapter = synced(desk)
    assert differences(adapter, mirror) == []
    assert len(sync(adapter, mirror)) == 1
    desk.elsewhere.edit_event(lunch, {"subject": "Late lunch"})
    calendar = desk.elsewhere.add_calendar("Private")
    party = desk.elsewhere.add_event(LUNCH | {"subject": "Party"}, calendar.id)
    sync(adapter, mirror)
    assert differences(adapter, mirror) == []
    assert {ical.read(data).items[0].title for data in mirror.texts().values()} == {"Late lunch", "Party"}
    desk.elsewhere.delete_event(party)
    sync(adapter, mirror)
    assert differences(adapter, mirror) == []
    assert {record.name: record.writable for record in adapter.census().listing} == {
        "Calendar": True, "Shared": False, "Private": True,
    }  # fmt: skip


def test_a_series_is_one_object_with_its_exceptions_and_gaps(desk: Desk) -> None:
    series = desk.elsewhere.add_event(SERIES)
    desk.elsewhere.edit_occurrence(series, date(2026, 3, 4), {"subject": "Long one"})
    desk.elsewhere.edit_occurrence(
        series, date(2026, 3, 5), times("2026-03-05T15:00:00", "2026-03-05T16:00:00", BERLIN)
    )
    desk.elsewhere.delete_occurrence(series, date(2026, 3, 6))
    mirror, adapter = synced(desk)
    *_, data = one(mirror)
    whole = ical.read(data)
    assert whole.problems == ()
    assert whole.master is not None
    assert whole.master.rule == "FREQ=DAILY;COUNT=10"
    assert b"DTSTART;TZID=Europe/Berlin:20260302T120000" in data
    assert b"EXDATE;TZID=Europe/Berlin:20260306T120000" in data
    assert [(item.title, item.start.local.hour) for item in whole.overrides if item.start] == [
        ("Long one", 12), ("Stand-up", 15),
    ]  # fmt: skip
    desk.elsewhere.delete_occurrence(series, date(2026, 3, 4))
    sync(adapter, mirror)
    assert differences(adapter, mirror) == []
    assert len(ical.read(one(mirror)[3]).overrides) == 1


def test_whole_days_are_dates_wherever_they_are(desk: Desk) -> None:
    zone = {"timeZone": "Pacific Standard Time"}
    desk.elsewhere.add_event(
        {"subject": "Off", "isAllDay": True, **times("2026-03-02T00:00:00", "2026-03-04T00:00:00", zone)}
    )
    series = desk.elsewhere.add_event({
        "subject": "Bins", "isAllDay": True, **times("2026-03-02T00:00:00", "2026-03-03T00:00:00", zone),
        "recurrence": {"pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]},
                       "range": {"type": "endDate", "startDate": "2026-03-02", "endDate": "2026-03-30"}},
    })  # fmt: skip
    desk.elsewhere.edit_occurrence(series, date(2026, 3, 9), {"subject": "No bins"})
    desk.elsewhere.delete_occurrence(series, date(2026, 3, 16))
    mirror, _ = synced(desk)
    text = b"".join(mirror.texts().values())
    for expected in (
        b"DTSTART;VALUE=DATE:20260302", b"DTEND;VALUE=DATE:20260304", b"UNTIL=20260330",
        b"RECURRENCE-ID;VALUE=DATE:20260309", b"EXDATE;VALUE=DATE:20260316",
    ):  # fmt: skip
        assert expected in text


def test_a_zone_that_nobody_knows_is_told(desk: Desk) -> None:
    lunch = desk.elsewhere.add_event(LUNCH)
    desk.elsewhere.name_zone(lunch, "tzone://Microsoft/Custom")
    mirror, _ = synced(desk)
    *_, data = one(mirror)
    assert b"DTSTART:20260302T110000Z" in data
    assert b"X-PMSYNC-ZONE:tzone://Microsoft/Custom" in data


NEW = ical.new(
    {
        "title": "Review; part 1, two", "location": "Room 7", "description": "Bring\nslides",
        "start": {"at": "2026-04-01T10:00:00", "zone": "Europe/Rome"},
        "end": {"at": "2026-04-01T11:30:00", "zone": "Europe/Rome"},
        "categories": ["Work", "Blue"], "alarms": [10], "url": "https://example.org/x", "color": "tomato",
    },
    "3d9f0e8e-1111-4222-8333-944455556666", STAMP,
)  # fmt: skip


def test_a_new_event_is_made_once_and_reads_as_it_was_written(desk: Desk, write: Write) -> None:
    mirror, adapter = synced(desk)
    calendar = next(iter(mirror.cursors))
    stored = write(adapter, PutObject(calendar, "new:1", NEW))
    assert stored.record is not None
    assert stored.remote_id == stored.record.remote_id != "new:1"
    assert event_json.wanted(stored.record.data).event == event_json.wanted(NEW).event
    assert ical.read(stored.record.data).uid == "3d9f0e8e-1111-4222-8333-944455556666"
    assert b"COLOR:tomato" in stored.record.data
    sync(adapter, mirror)
    assert one(mirror)[1:] == (stored.remote_id, stored.record.etag, stored.record.data)


def test_a_conflict_of_transactions_finds_what_was_made(desk: Desk) -> None:
    desk.world.microsoft.graph.behaviour.repeated_transaction = "conflict"
    mirror, adapter = synced(desk)
    calendar = next(iter(mirror.cursors))
    first = adapter.execute(PutObject(calendar, "new:1", NEW))
    assert adapter.execute(PutObject(calendar, "new:1", NEW)).remote_id == first.remote_id


def changed(data: bytes, fields: dict[str, Any], **more: Any) -> bytes:
    """A text after an edit."""
    edit = Change(STAMP, fields=fields, **more)
    return ical.change(data, edit, {} if more else ical.before(data, edit))[0]


def test_an_edit_sends_only_what_changed(desk: Desk, write: Write) -> None:
    html = {"contentType": "html", "content": "<b>Bold</b> plans"}
    lunch = desk.elsewhere.add_event(LUNCH | {"body": html, "sensitivity": "personal", "showAs": "oof"})
    mirror, adapter = synced(desk)
    calendar, name, etag, data = one(mirror)
    stored = write(adapter, PutObject(calendar, name, changed(data, {"title": "Brunch"}), etag))
    assert stored.record is not None
    assert lunch.values["subject"] == "Brunch"
    assert lunch.values["body"] == html
    assert (lunch.values["sensitivity"], lunch.values["showAs"]) == ("personal", "oof")
    sync(adapter, mirror)
    assert differences(adapter, mirror) == []


def test_an_edit_of_what_changed_meanwhile_is_a_conflict(desk: Desk) -> None:
    lunch = desk.elsewhere.add_event(LUNCH)
    mirror, adapter = synced(desk)
    calendar, name, etag, data = one(mirror)
    desk.elsewhere.edit_event(lunch, {"subject": "Theirs"})
    for command in (
        PutObject(calendar, name, changed(data, {"title": "Ours"}), etag),
        DeleteObject(calendar, name, etag),
    ):
        with pytest.raises(errors.Conflict) as caught:
            adapter.execute(command)
        assert caught.value.remote_etag == adapter.fetch(calendar, name).etag
    assert lunch.values["subject"] == "Theirs"


def test_one_of_a_series_is_changed_and_one_is_taken_out(desk: Desk, write: Write) -> None:
    series = desk.elsewhere.add_event(SERIES)
    mirror, adapter = synced(desk)
    calendar, name, etag, data = one(mirror)
    edited, _ = ical.change(
        data, Change(STAMP, "this", "20260304T120000", {"title": "Long one"}), {"title": "Stand-up"}
    )
    stored = write(adapter, PutObject(calendar, name, edited, etag))
    assert stored.record is not None
    assert [item.title for item in ical.read(stored.record.data).overrides] == ["Long one"]
    shorter, _ = ical.change(stored.record.data, Change(STAMP, "this", "20260305T120000", gone=True), {})
    stored = adapter.execute(PutObject(calendar, name, shorter, stored.record.etag))
    assert series.cancelled == {date(2026, 3, 5)}
    assert series.exceptions[date(2026, 3, 4)].values["subject"] == "Long one"
    sync(adapter, mirror)
    assert differences(adapter, mirror) == []
    restored = (stored.record.data if stored.record else b"").replace(b"EXDATE", b"X-EXDATE")
    with pytest.raises(errors.Rejected):
        adapter.execute(PutObject(calendar, name, restored, stored.record.etag if stored.record else ""))


def test_a_new_pattern_keeps_what_is_different_about_its_dates(desk: Desk) -> None:
    series = desk.elsewhere.add_event(SERIES)
    desk.elsewhere.edit_occurrence(series, date(2026, 3, 4), {"subject": "Long one"})
    desk.elsewhere.delete_occurrence(series, date(2026, 3, 6))
    mirror, adapter = synced(desk)
    calendar, name, etag, data = one(mirror)
    longer = data.replace(b"COUNT=10", b"COUNT=20")
    adapter.execute(PutObject(calendar, name, longer, etag))
    assert series.values["recurrence"]["range"]["numberOfOccurrences"] == 20
    assert series.cancelled == {date(2026, 3, 6)}
    assert series.exceptions[date(2026, 3, 4)].values["subject"] == "Long one"


def test_an_event_is_deleted_once(desk: Desk, write: Write) -> None:
    desk.elsewhere.add_event(LUNCH)
    mirror, adapter = synced(desk)
    calendar, name, etag, _ = one(mirror)
    write(adapter, DeleteObject(calendar, name, etag))
    sync(adapter, mirror)
    assert mirror.texts() == {}
    with pytest.raises(errors.Rejected):
        adapter.execute(MoveObject(calendar, name, etag, "elsewhere", "new:2"))


def test_an_invitation_is_answered_and_the_organizer_hears_of_it(desk: Desk) -> None:
    carl = desk.world.microsoft.elsewhere(desk.world.carl)
    meeting = carl.add_event(LUNCH | {"attendees": [
        {"emailAddress": {"address": "anna@firm.example", "name": "Anna"}, "type": "required"}]})  # fmt: skip
    mirror, adapter = synced(desk)
    calendar, name, etag, data = one(mirror)
    assert b"PARTSTAT=NEEDS-ACTION" in data
    accepted, _ = ical.change(data, Change(STAMP, reply=("anna@firm.example", "ACCEPTED")), {})
    stored = adapter.execute(PutObject(calendar, name, accepted, etag))
    assert stored.record is not None
    assert b"PARTSTAT=ACCEPTED" in stored.record.data.replace(b"\r\n ", b"")
    assert meeting.values["attendees"][0]["status"]["response"] == "accepted"
    declined, _ = ical.change(stored.record.data, Change(STAMP, reply=("anna@firm.example", "DECLINED")), {})
    adapter.execute(PutObject(calendar, name, declined, stored.record.etag))
    sync(adapter, mirror)
    assert mirror.texts() == {}
    assert meeting.values["attendees"][0]["status"]["response"] == "declined"


def test_the_text_of_an_online_meeting_is_left_alone(desk: Desk) -> None:
    desk.elsewhere.add_event(LUNCH | {"isOnlineMeeting": True, "body": {"contentType": "text", "content": "Join: x"}})
    mirror, adapter = synced(desk)
    calendar, name, etag, data = one(mirror)
    with pytest.raises(errors.Rejected, match="online meeting"):
        adapter.execute(PutObject(calendar, name, changed(data, {"description": "Gone"}), etag))
    assert adapter.execute(PutObject(calendar, name, changed(data, {"title": "Fine"}), etag)).record


RULES = [
    "FREQ=DAILY;INTERVAL=2", "FREQ=WEEKLY;BYDAY=MO,WE;WKST=MO;COUNT=5", "FREQ=MONTHLY;BYMONTHDAY=2",
    "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "FREQ=MONTHLY;BYDAY=1MO;UNTIL=20261231T110000Z",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=2",
    "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_the_same_there_and_back(desk: Desk, rule: str) -> None:
    mirror, adapter = synced(desk)
    series = NEW.replace(b"END:VEVENT", f"RRULE:{rule}\r\nEND:VEVENT".encode())
    for name in (b"DTSTART", b"DTEND"):
        series = series.replace(name + b";TZID=Europe/Rome:20260401", name + b";TZID=Europe/Rome:20260302")
    stored = adapter.execute(PutObject(next(iter(mirror.cursors)), "new:1", series))
    assert stored.record is not None
    master = ical.read(stored.record.data).master
    assert master is not None
    assert event_json.wanted(stored.record.data).event["recurrence"] == event_json.wanted(series).event["recurrence"]
    # A start that the rule does not name is an instance to iCalendar, and none to Graph.
    lines = [line for line in stored.record.data.split(b"\r\n") if line.startswith(b"EXDATE")]
    assert lines in ([], [b"EXDATE;TZID=Europe/Rome:20260302T100000"])


@pytest.mark.parametrize(
    "line",
    ["RRULE:FREQ=HOURLY", "RRULE:FREQ=MONTHLY;BYDAY=5MO", "RRULE:FREQ=YEARLY;BYYEARDAY=7", "RDATE:20260501T080000Z"],
)
def test_what_outlook_cannot_repeat_is_refused_in_a_sentence(desk: Desk, line: str) -> None:
    mirror, adapter = synced(desk)
    text = NEW.replace(b"END:VEVENT", f"{line}\r\nEND:VEVENT".encode())
    with pytest.raises(errors.Rejected, match="Outlook cannot"):
        adapter.execute(PutObject(next(iter(mirror.cursors)), "new:1", text))


def test_much_that_is_gone_at_once_is_believed_at_the_second_look(desk: Desk) -> None:
    events = [desk.elsewhere.add_event(LUNCH | {"subject": str(number)}) for number in range(comparing.MASS_LEAST + 5)]
    mirror, adapter = synced(desk)
    for event in events[:-1]:
        desk.elsewhere.delete_event(event)
    assert sync(adapter, mirror)[-1].look_again
    assert len(mirror.texts()) == len(events)
    desk.world.microsoft.clock.advance(seconds=comparing.LOOK_AGAIN)
    sync(adapter, mirror)
    assert differences(adapter, mirror) == []
