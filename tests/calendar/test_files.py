"""Files of events: what is taken into a calendar, what is refused and why, and what the same file does again."""

import uuid
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from apps.calendar.kind import KIND
from apps.calendar.models import Calendar, Event
from apps.providers import connections
from tests.calendar.conftest import Diary

ZONE = (
    "BEGIN:VTIMEZONE\r\nTZID:Rome\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nTZOFFSETFROM:+0200\r\n"
    "TZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\n"
    "DTSTART:19700329T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n"
    "END:DAYLIGHT\r\nEND:VTIMEZONE\r\n"
)


def event(uid: str, *lines: str, kind: str = "VEVENT") -> str:
    told = [f"UID:{uid}"] if uid else []
    return "\r\n".join([f"BEGIN:{kind}", *told, "DTSTAMP:20260101T000000Z", *lines, f"END:{kind}", ""])


FILE = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nMETHOD:PUBLISH\r\n"
    + ZONE
    + event("weekly", "DTSTART;TZID=Rome:20260302T090000", "RRULE:FREQ=WEEKLY;COUNT=3", "SUMMARY:Weekly", "X-KEPT:yes")
    + event("weekly", "RECURRENCE-ID;TZID=Rome:20260309T090000", "DTSTART;TZID=Rome:20260309T110000", "SUMMARY:Late")
    + event("", "DTSTART:20260304T090000Z", "SUMMARY:No identity")
    + event("nowhen", "SUMMARY:Some time")
    + event("diary", "DTSTART:20260304T090000Z", kind="VJOURNAL")
    + "END:VCALENDAR\r\n"
)


def bring(client: APIClient, data: str, existing: str = "skip") -> Any:
    into = Calendar.objects.get()
    form = {"collection_id": str(into.pk), "existing": existing, "file": SimpleUploadedFile("x.ics", data.encode())}
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    return client.post("/api/v1/events/import", form, format="multipart", headers=headers)


def test_a_file_is_taken_in_and_the_same_again_makes_nothing_twice(diary: Diary, client: APIClient) -> None:
    diary.sync()
    answer = bring(client, FILE)
    assert answer.status_code == 202, answer.json()
    report = answer.json()["report"]
    assert (report["made"], report["skipped"]) == (2, 0)
    assert [each["code"] for each in report["refused"]] == ["no_start", "other_kind"]
    diary.send()
    there = diary.there(Event.objects.get(uid="weekly").remote_id)
    assert (there.count("BEGIN:VEVENT"), "X-KEPT:yes" in there, "METHOD" in there) == (2, True, False)
    again = bring(client, FILE).json()["report"]
    assert (again["made"], again["skipped"]) == (0, 2)
    changed = bring(client, FILE.replace("SUMMARY:Weekly", "SUMMARY:Renamed"), "update").json()["report"]
    assert (changed["updated"], changed["unchanged"]) == (1, 1)
    diary.send()
    diary.sync()
    assert sorted(row.title for row in Event.objects.all()) == ["No identity", "Renamed"]
    with connections.adapter(diary.account, KIND) as adapter:
        assert KIND.compare(adapter, diary.account).differences == ()
