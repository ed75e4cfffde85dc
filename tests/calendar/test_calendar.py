"""Calendars end to end: a real CalDAV server, the engine, the journal, the API, and back."""

import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from apps.calendar.kind import KIND
from apps.calendar.models import Calendar, Event
from apps.outbound.models import Command
from apps.providers import connections
from apps.providers.models import AccountAccess
from tests.calendar.conftest import Diary
from tests.tenants.fixtures import Cast, Make

MARCH = {"from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z", "zone": "Europe/Rome"}
WEEKLY = ("RRULE:FREQ=WEEKLY;COUNT=4",)


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


def post(client: APIClient, path: str, body: Any, **headers: Any) -> Any:
    return client.post(f"/api/v1/{path}", body, format="json", headers=headers or key())


def patch(client: APIClient, event: Event, body: Any) -> Any:
    return client.patch(f"/api/v1/events/{event.pk}", body, format="json", headers=key())


def delete(client: APIClient, event: Event, **body: str) -> Any:
    return client.delete(f"/api/v1/events/{event.pk}", body, format="json", headers=key())


def shown(client: APIClient, **query: str) -> list[str]:
    answer = client.get("/api/v1/events", MARCH | query)
    assert answer.status_code == 200, answer.json()
    return [f"{item['start'].removeprefix('2026-')} {item['title']}" for item in answer.json()["items"]]


def at(text: str, zone: str = "Europe/Rome") -> dict[str, str]:
    return {"at": text, "zone": zone}


def verified(diary: Diary) -> tuple[Any, ...]:
    with connections.adapter(diary.account, KIND) as adapter:
        return KIND.compare(adapter, diary.account).differences


def test_a_first_import_fills_the_calendar_and_is_no_news(diary: Diary, client: APIClient) -> None:
    for number in range(1, 31):
        diary.event(f"u{number}", title=f"Nr{number:02}", start=f"202603{number:02}T090000Z")
    diary.event("weekly", *WEEKLY, title="Weekly")
    diary.whole_day("day", "20260310")
    diary.sync()
    assert Event.objects.count() == 32
    (calendar,) = client.get("/api/v1/calendars").json()["items"]
    assert (calendar["total"], calendar["remaining"], calendar["writable"], calendar["events"]) == (32, 0, True, True)
    assert {name for name, _ in diary.events()} == {"calendar:event_update"}
    assert len(shown(client)) == 30 + 4 + 1
    assert [line for line in shown(client) if "Weekly" in line] == [
        "03-02T09:00:00Z Weekly", "03-09T09:00:00Z Weekly", "03-16T09:00:00Z Weekly", "03-23T09:00:00Z Weekly",
    ]  # fmt: skip
    assert verified(diary) == ()
    diary.sync()
    assert [data for _, data in diary.events() if "event" in data] == []


def test_what_another_program_does_is_told_as_it_happens(diary: Diary, client: APIClient) -> None:
    diary.event("one")
    diary.sync()
    diary.events()
    path = diary.event("one", title="Moved", start="20260303T090000Z")
    diary.event("two", title="Dentist")
    diary.sync()
    told = [(name, data["event"]["title"]) for name, data in diary.events() if "event" in data]
    assert sorted(told) == [("calendar:event_new", "Dentist"), ("calendar:event_update", "Moved")]
    gone = Event.objects.get(uid="one").pk
    diary.other.delete(path)
    diary.sync()
    assert (
        "calendar:event_delete",
        {"id": str(gone), "collection_id": str(Calendar.objects.get().pk)},
    ) in diary.events()
    assert shown(client) == ["03-02T09:00:00Z Dentist"]
    assert verified(diary) == ()


def test_a_new_event_is_there_at_once_and_goes_to_the_server(diary: Diary, client: APIClient) -> None:
    diary.sync()
    diary.events()
    body = {
        "collection_id": str(Calendar.objects.get().pk),
        "title": "Pranzo, con Zoë",
        "start": at("2026-03-28T12:30:00"),
        "end": at("2026-03-28T13:30:00"),
        "rule": "FREQ=DAILY;COUNT=3",
        "alarms": [15],
    }
    headers = key()
    first = post(client, "events", body, **headers)
    assert (first.status_code, post(client, "events", body, **headers).json()["id"]) == (202, first.json()["id"])
    # Over the change of the clock it stays at half past twelve.
    lines = ["03-28T11:30:00Z Pranzo, con Zoë", "03-29T10:30:00Z Pranzo, con Zoë", "03-30T10:30:00Z Pranzo, con Zoë"]
    assert shown(client) == lines
    row = Event.objects.get()
    diary.send()
    text = diary.there(row.remote_id)
    assert "SUMMARY:Pranzo\\, con Zoë" in text
    assert "TZID:Europe/Rome" in text
    diary.sync()
    assert [name for name, data in diary.events() if "event" in data] == ["calendar:event_new", "calendar:event_update"]
    whole = client.get(f"/api/v1/events/{row.pk}", {"zone": "Europe/Rome"}).json()
    assert (whole["pending"], whole["rule"], whole["item"]["alarms"]) == (False, "FREQ=DAILY;COUNT=3", [15])
    assert whole["item"]["start"] == at("2026-03-28T12:30:00")
    assert (shown(client), verified(diary)) == (lines, ())


def test_what_is_changed_again_and_again_before_its_server_has_it_is_no_conflict(
    diary: Diary, client: APIClient
) -> None:
    diary.sync()
    body = {"collection_id": str(Calendar.objects.get().pk), "title": "A", "start": at("2026-03-28T12:30:00")}
    row = Event.objects.get(pk=post(client, "events", body).json()["object"])
    for title in ("B", "C", "D"):
        patch(client, row, {"title": title})
    diary.send()
    assert "SUMMARY:D" in diary.there(row.remote_id)
    for title in ("E", "F", "G"):
        patch(client, row, {"title": title})
    diary.other.delete(row.remote_id)  # what is being changed is made again
    diary.sync()
    diary.send()
    diary.sync()
    assert "SUMMARY:G" in diary.there(row.remote_id)
    assert (shown(client), verified(diary)) == (["03-28T11:30:00Z G"], ())
    assert not Command.objects.exclude(state="done").exists()


def test_one_instance_of_a_series_is_moved_and_the_others_stay(diary: Diary, client: APIClient) -> None:
    path = diary.event("s", *WEEKLY, "X-KEPT;X-P=1:yes")
    diary.sync()
    row = Event.objects.get()
    moved = {"scope": "this", "key": "20260309T090000Z", "start": at("2026-03-10T15:00:00"), "title": "Once"}
    assert patch(client, row, moved).status_code == 202
    lines = ["03-02T09:00:00Z Standup", "03-10T14:00:00Z Once", "03-16T09:00:00Z Standup", "03-23T09:00:00Z Standup"]
    assert shown(client) == lines
    diary.send()
    assert diary.there(path).count("X-KEPT;X-P=1:yes") == 2
    (item,) = [each for each in client.get("/api/v1/events", MARCH).json()["items"] if each["override"]]
    one = client.get(f"/api/v1/events/{row.pk}", {"key": item["key"]}).json()
    assert (one["item"]["title"], one["start"], one["end"]) == ("Once", "2026-03-10T14:00:00Z", "2026-03-10T14:30:00Z")
    assert delete(client, row, scope="this", key=item["key"]).status_code == 202
    assert shown(client) == [line for line in lines if "Once" not in line]
    diary.send()
    diary.sync()
    assert "EXDATE:20260309T090000Z" in diary.there(path)
    assert verified(diary) == ()


def test_from_one_instance_on_a_series_goes_its_own_way(diary: Diary, client: APIClient) -> None:
    path = diary.event("s", *WEEKLY, title="Old")
    diary.sync()
    diary.events()
    row = Event.objects.get()
    change = {
        "scope": "following", "key": "20260316T090000Z", "title": "New", "start": at("2026-03-17T09:00:00", "UTC"),
    }  # fmt: skip
    assert patch(client, row, change).status_code == 202
    lines = ["03-02T09:00:00Z Old", "03-09T09:00:00Z Old", "03-17T09:00:00Z New", "03-24T09:00:00Z New"]
    assert shown(client) == lines
    assert [name for name, data in diary.events() if "event" in data] == ["calendar:event_update", "calendar:event_new"]
    diary.send()
    diary.sync()
    assert "UNTIL=20260316T085959Z" in diary.there(path)
    rest = Event.objects.get(title="New")
    assert "RELATED-TO;RELTYPE=SIBLING:s" in diary.there(rest.remote_id)
    assert (shown(client), verified(diary)) == (lines, ())
    assert delete(client, rest, scope="following", key="20260324T090000Z").status_code == 202
    assert shown(client) == lines[:3]
    assert delete(client, rest, scope="following", key="20260317T090000Z").status_code == 202
    assert shown(client) == lines[:2]
    diary.send()
    diary.sync()
    assert (shown(client), verified(diary)) == (lines[:2], ())


def test_what_is_wanted_of_one_for_all_moves_all_by_as_much(diary: Diary, client: APIClient) -> None:
    diary.event("s", "RRULE:FREQ=WEEKLY;COUNT=3;BYDAY=MO")
    diary.sync()
    change = {"scope": "all", "key": "20260309T090000Z", "start": at("2026-03-11T10:00:00", "UTC")}
    assert patch(client, Event.objects.get(), change).status_code == 202
    lines = ["03-04T10:00:00Z Standup", "03-11T10:00:00Z Standup", "03-18T10:00:00Z Standup"]
    assert shown(client) == lines
    diary.send()
    diary.sync()
    assert (shown(client), verified(diary)) == (lines, ())


def test_edits_of_both_sides_meet_and_the_same_one_is_left_to_the_person(diary: Diary, client: APIClient) -> None:
    path = diary.event("one", "LOCATION:Here")
    diary.sync()
    row = Event.objects.get()
    patch(client, row, {"location": "Ours"})
    diary.event("one", "LOCATION:Here", title="Theirs")
    diary.send()
    there = diary.there(path)
    assert ("LOCATION:Ours" in there, "SUMMARY:Theirs" in there) == (True, True)
    diary.sync()
    patch(client, row, {"title": "Mine"})
    diary.event("one", "LOCATION:Ours", title="Theirs again")
    diary.events()
    diary.send()
    told = dict(diary.events())
    assert told["command:failed"]["code"] == "both_changed"
    diary.sync()
    whole = client.get(f"/api/v1/events/{row.pk}").json()
    assert (whole["title"], whole["conflict"], whole["ours"]["scope"]) == ("Theirs again", True, "all")
    assert (whole["ours"]["mine"]["title"], whole["ours"]["theirs"]["title"]) == ("Mine", "Theirs again")
    patch(client, row, {"title": "Mine"})
    diary.send()
    diary.sync()
    assert "SUMMARY:Mine" in diary.there(path)
    assert verified(diary) == ()


def test_what_changed_while_a_form_was_open_is_not_overwritten_unasked(diary: Diary, client: APIClient) -> None:
    diary.event("one", "LOCATION:Here", title="Shown")
    diary.sync()
    row = Event.objects.get()
    diary.event("one", "LOCATION:Elsewhere", title="Theirs")
    diary.sync()
    refused = patch(client, row, {"title": "Mine", "seen": {"title": "Shown", "location": "Here"}})
    assert (refused.status_code, refused.json()["code"]) == (409, "changed_meanwhile")
    assert refused.json()["current"] == {"title": "Theirs"}
    assert not Command.objects.exists()
    assert patch(client, row, {"title": "Mine", "seen": {"title": "Theirs"}}).status_code == 202
    diary.send()
    assert "SUMMARY:Mine" in diary.there(row.remote_id)
    assert "LOCATION:Elsewhere" in diary.there(row.remote_id)


def test_a_date_that_two_changed_is_decided_for_that_date(diary: Diary, client: APIClient) -> None:
    path = diary.event("s", *WEEKLY)
    diary.sync()
    row = Event.objects.get()
    patch(client, row, {"scope": "this", "key": "20260309T090000Z", "title": "First"})
    diary.send()
    patch(client, row, {"scope": "this", "key": "20260309T090000Z", "title": "Mine"})
    diary.put(path, diary.there(path).replace("SUMMARY:First", "SUMMARY:Theirs").encode())
    diary.send()
    diary.sync()
    ours = client.get(f"/api/v1/events/{row.pk}").json()["ours"]
    assert (ours["scope"], ours["key"], ours["mine"]["title"]) == ("this", "20260309T090000", "Mine")
    patch(client, row, {"scope": ours["scope"], "key": ours["key"], "title": ours["mine"]["title"]})
    diary.send()
    diary.sync()
    assert "03-09T09:00:00Z Mine" in shown(client)
    assert (client.get(f"/api/v1/events/{row.pk}").json()["ours"], verified(diary)) == (None, ())


def test_an_invitation_is_answered_by_my_own_line_alone(diary: Diary, client: APIClient) -> None:
    people = ("ORGANIZER:mailto:boss@example.test", f"ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:{diary.account.address}")
    path = diary.event("i", *people, *WEEKLY)
    diary.sync()
    row = Event.objects.get()
    assert client.get("/api/v1/events", MARCH).json()["items"][0]["mine"] == "NEEDS-ACTION"
    assert post(client, f"events/{row.pk}/answer", {"status": "ACCEPTED"}).status_code == 202
    once = {"status": "DECLINED", "key": "20260309T090000Z"}
    assert post(client, f"events/{row.pk}/answer", once).status_code == 202
    answers = [item["mine"] for item in client.get("/api/v1/events", MARCH).json()["items"]]
    assert answers == ["ACCEPTED", "DECLINED", "ACCEPTED", "ACCEPTED"]
    diary.send()
    diary.sync()
    assert "RECURRENCE-ID:20260309T090000Z" in diary.there(path)
    assert verified(diary) == ()


def test_what_else_takes_my_time_is_told(diary: Diary, client: APIClient) -> None:
    diary.event("one")
    diary.event("two", title="Overlaps", start="20260302T091500Z")
    diary.event("free", "TRANSP:TRANSPARENT", title="Free")
    diary.event("off", "STATUS:CANCELLED", title="Cancelled")
    diary.event("next", title="Right after", start="20260302T093000Z")
    diary.sync()
    window = {"from": "2026-03-02T09:00:00Z", "to": "2026-03-02T09:30:00Z"}
    one = Event.objects.get(uid="one")
    found = client.get("/api/v1/events/overlaps", window | {"without": str(one.pk)}).json()["items"]
    assert [item["title"] for item in found] == ["Overlaps"]


def test_search_finds_by_any_word_and_shows_the_next_date(diary: Diary, client: APIClient) -> None:
    diary.event("old", "LOCATION:Café Zoë", title="Colazione", start="20200302T090000Z")
    diary.event("again", "LOCATION:cafe zoe", "RRULE:FREQ=WEEKLY", title="Weekly", start="20200302T090000Z")
    diary.sync()
    found = client.get("/api/v1/events/search", {"q": "CAFE zoe"}).json()["items"]
    assert [item["title"] for item in found] == ["Weekly", "Colazione"]
    assert datetime.fromisoformat(found[0]["end"]) >= datetime.now(UTC)


def test_tasks_are_listed_and_done(diary: Diary, client: APIClient) -> None:
    diary.sync()
    place = str(Calendar.objects.get().pk)
    for title, due in (("Later", {"date": "2026-05-01"}), ("Sooner", {"date": "2026-04-01"}), ("Whenever", None)):
        post(client, "events", {"collection_id": place, "component": "VTODO", "title": title, "due": due})
    assert [item["title"] for item in client.get("/api/v1/tasks").json()["items"]] == ["Sooner", "Later", "Whenever"]
    row = Event.objects.get(title="Sooner")
    patch(client, row, {"status": "COMPLETED", "completed": at("2026-03-30T10:00:00"), "percent": 100})
    diary.send()
    assert [item["title"] for item in client.get("/api/v1/tasks", {"done": "1"}).json()["items"]] == ["Sooner"]
    assert "COMPLETED:20260330T080000Z" in diary.there(row.remote_id)
    diary.sync()
    assert (shown(client), verified(diary)) == ([], ())


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"rule": "FREQ=SOMETIMES"}, "cannot be repeated so"),
        ({"start": at("2026-03-02T10:00:00", "Mars/Base")}, "no time zone"),
        ({"end": at("2020-03-02T10:00:00")}, "cannot end before"),
        ({"start": {}}, "Give a `date`"),
        ({"attendees": [{"address": "nobody"}]}, "valid email"),
        ({"scope": "this", "key": "20270101T000000", "title": "x"}, "no such date"),
    ],
)
def test_what_cannot_be_is_refused_in_words(diary: Diary, client: APIClient, body: Any, named: str) -> None:
    diary.event("one", *WEEKLY)
    diary.sync()
    answer = patch(client, Event.objects.get(), body)
    assert (answer.status_code, named in str(answer.json())) == (400, True), answer.json()
    assert not Command.objects.exists()


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"from": "x"}, "`from`"),
        ({"to": "2020-01-01T00:00:00Z"}, "`to`"),
        ({"to": "2036-01-01T00:00:00Z"}, "400 days"),
        ({"zone": "Rome"}, "`zone`"),
        ({"calendars": "1"}, "`calendars`"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused_in_words(
    diary: Diary, client: APIClient, query: dict[str, str], named: str
) -> None:
    answer = client.get("/api/v1/events", MARCH | query)
    assert (answer.status_code, named in answer.json()["detail"]) == (400, True), answer.json()


def test_a_colleague_sees_nothing_and_a_reader_changes_nothing(diary: Diary, cast: Cast, make: Make) -> None:
    diary.event("one")
    diary.sync()
    row, colleague = Event.objects.get(), make.client(cast.member)
    assert (colleague.get(f"/api/v1/events/{row.pk}").status_code, shown(colleague)) == (404, [])
    assert patch(colleague, row, {"title": "x"}).status_code == 404
    AccountAccess.objects.create(account=diary.account, user_id=cast.member.user_id, role=AccountAccess.Role.READER)
    assert shown(colleague) == ["03-02T09:00:00Z Standup"]
    refused = patch(colleague, row, {"title": "x"})
    assert (refused.status_code, refused.json()["code"]) == (403, "read_only_access")


def test_a_week_costs_as_many_queries_however_much_is_in_it(diary: Diary, client: APIClient) -> None:
    counts = []
    for number in (1, 12):
        for each in range(number):
            diary.event(f"{number}-{each}", *(WEEKLY if each % 2 else ()))
        diary.sync()
        with CaptureQueriesContext(
            connection,
        ) as caught:
            shown(client)
        counts.append(len(caught))
    assert counts[0] == counts[1]


def test_a_calendar_is_given_out_as_a_file_that_others_read(diary: Diary, client: APIClient) -> None:
    diary.event("one", "X-KEPT:yes")
    diary.event("two", *WEEKLY)
    diary.sync()
    answer = client.get(f"/api/v1/calendars/{Calendar.objects.get().pk}/export")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert answer.content.count(b"BEGIN:VCALENDAR") == 1
    assert (answer.content.count(b"BEGIN:VEVENT"), b"X-KEPT:yes" in answer.content) == (2, True)


@pytest.fixture
def second(diary: Diary) -> Calendar:
    """Another calendar of the account."""
    place = diary.other.make(f"c{uuid.uuid4().hex[:8]}")
    where = diary.account.settings["caldav"]
    base = where["url"].removesuffix(diary.place)
    diary.account.settings["caldav"] = where | {
        "url": f"{base}/ada/",
        "homes": [f"{base}{diary.place}", f"{base}{place}"],
    }
    diary.account.save(update_fields=["settings"])
    diary.sync()
    return Calendar.objects.get(remote_id__endswith=place)


def move(client: APIClient, event: Event, to: Calendar) -> Any:
    return post(client, f"events/{event.pk}/move", {"collection_id": str(to.pk)})


def test_an_event_moves_to_another_calendar_whole(diary: Diary, client: APIClient, second: Calendar) -> None:
    path = diary.event("s", *WEEKLY, "X-KEPT:1")
    diary.sync()
    before, row = shown(client), Event.objects.get()
    answer = move(client, row, second)
    assert (answer.status_code, shown(client)) == (202, before)
    made = Event.objects.get(pk=answer.json()["object"])
    assert made.collection == second
    diary.send()
    assert "X-KEPT:1" in diary.there(made.remote_id)
    assert diary.other.request("GET", path).status_code == 404
    diary.sync()
    assert [each.pk for each in Event.objects.all()] == [made.pk]
    assert (shown(client), verified(diary)) == (before, ())
    assert [calendar["total"] for calendar in client.get("/api/v1/calendars").json()["items"]].count(1) == 1


def test_what_moves_there_and_back_at_once_is_there_once(diary: Diary, client: APIClient, second: Calendar) -> None:
    diary.event("one")
    diary.sync()
    row = Event.objects.get()
    patch(client, row, {"title": "Changed first"})
    there = Event.objects.get(pk=move(client, row, second).json()["object"])
    back = Event.objects.get(pk=move(client, there, row.collection).json()["object"])
    for _ in range(3):
        diary.send()
    diary.sync()
    assert [(each.pk, each.title) for each in Event.objects.all()] == [(back.pk, "Changed first")]
    assert verified(diary) == ()


def test_what_its_new_calendar_does_not_take_stays_where_it_was(
    diary: Diary, client: APIClient, second: Calendar
) -> None:
    path = diary.event("one")
    diary.sync()
    row = Event.objects.get()
    move(client, row, second)
    diary.other.delete(second.remote_id)
    diary.send()
    assert [each.pk for each in Event.objects.filter(leaving=None)] == [row.pk]
    assert shown(client) == ["03-02T09:00:00Z Standup"]
    assert "SUMMARY:Standup" in diary.there(path)
    assert dict(diary.events())["command:failed"]["objects"][1] == str(row.pk)


def test_what_somebody_changes_while_it_moves_is_not_lost(diary: Diary, client: APIClient, second: Calendar) -> None:
    diary.event("one")
    diary.sync()
    row = Event.objects.get()
    move(client, row, second)
    diary.event("one", title="Changed elsewhere")
    for _ in range(2):
        diary.send()
    diary.sync()
    # Radicale moves whatever is there, so the change goes along; where If-Match is heeded there would be two.
    assert [each.title for each in Event.objects.filter(leaving=None)] == ["Changed elsewhere"]
    assert verified(diary) == ()


def test_what_was_moved_before_anybody_could_note_it_is_there_once(
    diary: Diary, client: APIClient, second: Calendar
) -> None:
    """It was changed elsewhere, then moved, and the process died: its old place must not come back."""
    path = diary.event("one")
    diary.sync()
    row = Event.objects.get()
    made = Event.objects.get(pk=move(client, row, second).json()["object"])
    diary.event("one", title="Changed elsewhere")
    diary.sync()
    answer = diary.other.request("MOVE", path, Destination=urljoin(diary.other.home, made.remote_id))
    assert answer.status_code == 201
    diary.sync()
    for _ in range(2):
        diary.send()
    assert [(each.pk, each.title) for each in Event.objects.all()] == [(made.pk, "Changed elsewhere")]
    assert (verified(diary), len(shown(client))) == ((), 1)


def test_a_change_that_comes_to_nothing_leaves_nothing_of_what_is_gone(
    diary: Diary, client: APIClient, second: Calendar
) -> None:
    path = diary.put(f"{second.remote_id}one.ics", diary.there(diary.event("one")).encode())
    diary.sync()
    row = Event.objects.get(collection=second)
    patch(client, row, {"title": "Changed here"})
    diary.other.request("DELETE", path)
    diary.sync()
    assert Event.objects.get(pk=row.pk).title == "Changed here"
    diary.other.delete(second.remote_id)
    diary.send()
    assert not Event.objects.filter(pk=row.pk).exists()
    assert Calendar.objects.get(pk=second.pk).total == 0
    assert "Changed here" not in " ".join(shown(client))


def test_what_was_deleted_elsewhere_while_it_moved_does_not_come_back(
    diary: Diary, client: APIClient, second: Calendar
) -> None:
    path = diary.event("one")
    diary.sync()
    move(client, Event.objects.get(), second)
    diary.other.request("DELETE", path)
    diary.sync()
    diary.other.delete(second.remote_id)
    diary.send()
    assert (Event.objects.count(), shown(client)) == (0, [])
    assert [each.total for each in Calendar.objects.all()] == [0, 0]
