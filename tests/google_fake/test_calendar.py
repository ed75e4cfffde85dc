"""Calendar through its own client library: events, series with exceptions, sync tokens, guests, channels."""

from typing import Any

import pytest

from tests.google_fake.desk import ANNA, AUTH, BOB, Desk, Json, refused

MEETING: Json = {
    "summary": "Review",
    "start": {"dateTime": "2026-03-02T09:00:00+01:00", "timeZone": "Europe/Rome"},
    "end": {"dateTime": "2026-03-02T10:00:00+01:00", "timeZone": "Europe/Rome"},
}
WEEKLY: Json = MEETING | {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=6"]}


def everything(events: Any, **parameters: Any) -> tuple[list[Json], str]:
    """All pages of a listing, and its sync token."""
    items, token = [], None
    while True:
        page = events.list(calendarId="primary", pageToken=token, **parameters).execute()
        items += page["items"]
        assert ("nextPageToken" in page) is not ("nextSyncToken" in page)
        if "nextSyncToken" in page:
            return items, page["nextSyncToken"]
        token = page["nextPageToken"]


def test_an_event_lives_and_dies(desk: Desk) -> None:
    events = desk.service("calendar").events()
    made = events.insert(calendarId="primary", body=MEETING | {"id": "abc123", "unheard": 1}).execute()
    assert made["organizer"] == {"email": ANNA, "self": True} and "unheard" not in made
    assert desk.google.journal.of("calendar.events.insert")[-1].ignored == ("unheard",)
    patch = {"location": "Rome", "extendedProperties": {"private": {"pmsync": "1"}}}
    request = events.patch(calendarId="primary", eventId="abc123", body=patch)
    request.headers["If-Match"] = made["etag"]
    changed = request.execute()
    assert changed["etag"] != made["etag"] and changed["summary"] == "Review"
    with refused(412, "conditionNotMet"):
        request.execute()
    bare = events.update(calendarId="primary", eventId="abc123", body=MEETING | {"summary": "New"}).execute()
    assert "location" not in bare and bare["summary"] == "New" and bare["iCalUID"] == made["iCalUID"]
    events.delete(calendarId="primary", eventId="abc123").execute()
    with refused(410, "deleted"):
        events.delete(calendarId="primary", eventId="abc123").execute()
    with refused(409, "duplicate"):
        events.insert(calendarId="primary", body=MEETING | {"id": "abc123"}).execute()
    with refused(403, "forbidden"):
        events.patch(calendarId="primary", eventId="abc123", body={"summary": "x"}).execute()
    again = events.patch(calendarId="primary", eventId="abc123", body={"status": "confirmed"}).execute()
    assert again["status"] == "confirmed" and again["summary"] == "New"


def test_a_sync_token_tells_what_changed_since_the_first_page(desk: Desk) -> None:
    events = desk.service("calendar").events()
    for number in range(5):
        events.insert(calendarId="primary", body=MEETING | {"id": f"event{number}"}).execute()
    first = events.list(calendarId="primary", maxResults=2).execute()
    events.patch(calendarId="primary", eventId="event0", body={"summary": "While paging"}).execute()
    rest, token = everything(events, maxResults=2)
    assert len(rest) == 5 and "nextSyncToken" not in first
    events.delete(calendarId="primary", eventId="event1").execute()
    changed, token = everything(events, syncToken=token)
    assert [(one["id"], one["status"]) for one in changed] == [("event1", "cancelled")]
    assert everything(events, syncToken=token)[0] == []
    with refused(400, "badRequest"):
        events.list(calendarId="primary", syncToken=token, timeMin="2026-01-01T00:00:00Z").execute()
    with refused(400, "badRequest"):
        events.list(calendarId="primary", syncToken=token, showDeleted=False).execute()
    with refused(400, "badRequest"):
        events.list(calendarId="primary", syncToken=token, singleEvents=True).execute()
    desk.google.cursors.expire("calendar.sync")
    with refused(410, "fullSyncRequired"):
        events.list(calendarId="primary", syncToken=token).execute()


def test_what_changes_while_pages_are_read_comes_with_the_token(desk: Desk) -> None:
    events = desk.service("calendar").events()
    for number in range(3):
        events.insert(calendarId="primary", body=MEETING | {"id": f"event{number}"}).execute()
    page = events.list(calendarId="primary", maxResults=2).execute()
    events.patch(calendarId="primary", eventId="event0", body={"summary": "While paging"}).execute()
    token = events.list(calendarId="primary", maxResults=2, pageToken=page["nextPageToken"]).execute()["nextSyncToken"]
    assert [one["summary"] for one in everything(events, syncToken=token)[0]] == ["While paging"]


def test_a_page_without_events_is_not_the_end(desk: Desk) -> None:
    desk.google.elsewhere.add_event(ANNA, MEETING)
    desk.google.agenda.sparse_pages = True
    events = desk.service("calendar").events()
    assert events.list(calendarId="primary").execute()["items"] == []
    assert len(everything(events)[0]) == 1


def test_a_series_with_exceptions(desk: Desk) -> None:
    events = desk.service("calendar").events()
    series = events.insert(calendarId="primary", body=WEEKLY | {"id": "series"}).execute()
    assert series["recurrence"] == WEEKLY["recurrence"]
    found = events.instances(calendarId="primary", eventId="series", maxResults=4).execute()
    ids = [one["id"] for one in found["items"]]
    assert ids[:2] == ["series_20260302T080000Z", "series_20260309T080000Z"] and "nextPageToken" in found
    rest = events.instances(calendarId="primary", eventId="series", maxResults=4, pageToken=found["nextPageToken"])
    # Summer time begins on 29 March: nine o'clock in Rome is then seven in UTC.
    assert rest.execute()["items"][0]["id"] == "series_20260330T070000Z"
    _, token = everything(events)
    moved = {
        "start": {"dateTime": "2026-03-09T15:00:00+01:00", "timeZone": "Europe/Rome"},
        "end": {"dateTime": "2026-03-09T16:00:00+01:00", "timeZone": "Europe/Rome"},
    }
    one = events.patch(calendarId="primary", eventId=ids[1], body=moved).execute()
    assert one["recurringEventId"] == "series" and one["originalStartTime"]["dateTime"].startswith("2026-03-09T08:00")
    events.delete(calendarId="primary", eventId=ids[2]).execute()
    changed, _ = everything(events, syncToken=token)
    assert {(each["id"], each["status"]) for each in changed} == {(ids[1], "confirmed"), (ids[2], "cancelled")}
    gone = next(each for each in changed if each["status"] == "cancelled")
    assert gone["recurringEventId"] == "series" and "summary" not in gone
    listed = [each["id"] for each in everything(events)[0]]
    assert sorted(listed) == sorted(["series", ids[1], ids[2]])
    expanded = events.list(calendarId="primary", singleEvents=True, orderBy="startTime").execute()["items"]
    assert len(expanded) == 5 and [each["id"] for each in expanded][1] == ids[1]
    with refused(404, "notFound"):
        events.get(calendarId="primary", eventId="series_20260303T080000Z").execute()
    with refused(410, "deleted"):
        events.delete(calendarId="primary", eventId=ids[2]).execute()


def test_guests_have_copies_answer_and_get_letters_only_when_asked(desk: Desk) -> None:
    anna, bob = desk.service("calendar").events(), desk.service("calendar", BOB).events()
    guests = [{"email": BOB}, {"email": "eve@far.example"}]
    quiet = anna.insert(calendarId="primary", body=MEETING | {"attendees": guests}).execute()
    assert desk.google.agenda.letters == []
    copy = bob.get(calendarId="primary", eventId=quiet["id"]).execute()
    assert copy["organizer"] == {"email": ANNA} and copy["attendees"][0]["self"]
    answer = {"attendees": [{"email": BOB, "responseStatus": "accepted"}], "attendeesOmitted": True}
    bob.patch(calendarId="primary", eventId=quiet["id"], body=answer).execute()
    seen = anna.get(calendarId="primary", eventId=quiet["id"]).execute()["attendees"]
    assert [one["responseStatus"] for one in seen] == ["accepted", "needsAction"]
    with refused(403, "forbiddenForNonOrganizer"):
        bob.patch(calendarId="primary", eventId=quiet["id"], body={"summary": "Mine"}).execute()
    anna.delete(calendarId="primary", eventId=quiet["id"], sendUpdates="externalOnly").execute()
    assert [(one.kind, one.recipient) for one in desk.google.agenda.letters] == [("cancellation", "eve@far.example")]
    assert bob.get(calendarId="primary", eventId=quiet["id"]).execute()["status"] == "cancelled"


def test_import_and_move(desk: Desk) -> None:
    service = desk.service("calendar")
    events = service.events()
    body = MEETING | {"iCalUID": "1@far.example", "organizer": {"email": "eve@far.example"}}
    made = events.import_(calendarId="primary", body=body).execute()
    assert made["organizer"]["email"] == "eve@far.example"
    assert events.import_(calendarId="primary", body=body | {"sequence": 1}).execute()["id"] == made["id"]
    with refused(400, "invalid"):
        events.import_(calendarId="primary", body=body).execute()
    other = service.calendars().insert(body={"summary": "Second", "timeZone": "Europe/Rome"}).execute()
    own = events.insert(calendarId="primary", body=MEETING).execute()
    events.move(calendarId="primary", eventId=own["id"], destination=other["id"]).execute()
    assert events.get(calendarId="primary", eventId=own["id"]).execute()["status"] == "cancelled"
    assert events.get(calendarId=other["id"], eventId=own["id"]).execute()["organizer"]["self"]


def test_the_list_of_calendars_has_its_own_token(desk: Desk) -> None:
    service = desk.service("calendar")
    listed = service.calendarList().list().execute()
    assert [(one["id"], one["accessRole"], one["primary"]) for one in listed["items"]] == [(ANNA, "owner", True)]
    made = service.calendars().insert(body={"summary": "Second"}).execute()
    service.calendarList().patch(calendarId=made["id"], body={"summaryOverride": "Mine"}).execute()
    changed = service.calendarList().list(syncToken=listed["nextSyncToken"]).execute()
    assert [one["summaryOverride"] for one in changed["items"]] == ["Mine"]
    service.calendars().delete(calendarId=made["id"]).execute()
    gone = service.calendarList().list(syncToken=changed["nextSyncToken"]).execute()["items"]
    assert [(one["id"], one["deleted"]) for one in gone] == [(made["id"], True)]
    with refused(400, "badRequest"):
        service.calendarList().list(syncToken=changed["nextSyncToken"], minAccessRole="owner").execute()
    with refused(403, "insufficientPermissions"):
        desk.service("calendar", scopes=(f"{AUTH}calendar.events",)).calendarList().list().execute()


def test_a_calendar_that_is_shared(desk: Desk) -> None:
    anna, bob = desk.service("calendar"), desk.service("calendar", BOB)
    anna.events().insert(calendarId="primary", body=MEETING | {"id": "secret"}).execute()
    with refused(404, "notFound"):
        bob.events().list(calendarId=ANNA).execute()
    rule = {"scope": {"type": "user", "value": BOB}, "role": "freeBusyReader"}
    anna.acl().insert(calendarId="primary", body=rule).execute()
    [seen] = bob.events().list(calendarId=ANNA).execute()["items"]
    assert "summary" not in seen and seen["start"]
    with refused(403, "requiredAccessLevel"):
        bob.events().delete(calendarId=ANNA, eventId="secret").execute()
    assert len(anna.acl().list(calendarId="primary").execute()["items"]) == 2
    anna.acl().delete(calendarId="primary", ruleId=f"user:{BOB}").execute()
    busy = {"timeMin": "2026-03-02T00:00:00Z", "timeMax": "2026-03-03T00:00:00Z", "items": [{"id": "primary"}]}
    told = anna.freebusy().query(body=busy).execute()["calendars"][ANNA]["busy"]
    assert told == [{"start": "2026-03-02T08:00:00Z", "end": "2026-03-02T09:00:00Z"}]
    anna.colors().get().execute()
    anna.settings().list().execute()
    anna.settings().get(setting="locale").execute()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"start": {"date": "2026-03-02"}}, "invalid"),
        ({"start": {"date": "2026-03-02"}, "end": {"date": "2026-03-02"}}, "timeRangeEmpty"),
        ({"end": {"dateTime": "2026-03-02T08:00:00+01:00"}}, "timeRangeEmpty"),
        ({"end": None}, "required"),
        ({"start": {"dateTime": "2026-03-02T09:00:00"}}, "required"),
        ({"start": {"dateTime": "2026-03-02T09:00:00", "timeZone": "Mars/Base"}}, "invalid"),
        ({"start": {"dateTime": "2026-03-02T09:00:00+01:00"}, "recurrence": ["RRULE:FREQ=DAILY"]}, "required"),
        ({"recurrence": ["RRULE:FREQ=SOMETIMES"]}, "invalid"),
        ({"recurrence": ["DTSTART:20260302T090000Z"]}, "invalid"),
        ({"recurrence": ["RRULE:FREQ=DAILY;COUNT=2;UNTIL=20260401T000000Z"]}, "invalid"),
        ({"attendees": [{"email": "nobody"}]}, "invalid"),
        ({"attendees": [{"displayName": "Nobody"}]}, "required"),
        ({"id": "WXYZ"}, "invalid"),
        ({"id": "abcd"}, "invalid"),
        ({"id": "abcdef", "iCalUID": "other@x"}, "invalid"),
        ({"status": "perhaps"}, "invalid"),
        ({"summary": 7}, "invalid"),
    ],
)
def test_events_that_are_refused(desk: Desk, change: Json, reason: str) -> None:
    body = {key: value for key, value in (MEETING | change).items() if value is not None}
    with refused(400, reason):
        desk.service("calendar").events().insert(calendarId="primary", body=body).execute()


def test_this_and_following_is_two_series(desk: Desk) -> None:
    events = desk.service("calendar").events()
    body = MEETING | {"recurrence": ["RRULE:FREQ=WEEKLY"]}
    events.insert(calendarId="primary", body=body | {"id": "series"}).execute()
    _, token = everything(events)
    desk.google.elsewhere.split_series(ANNA, "series", "series_20260316T080000Z", {"summary": "Later"})
    changed = {one["id"]: one for one in everything(events, syncToken=token)[0]}
    assert changed["series"]["recurrence"] == ["RRULE:FREQ=WEEKLY;UNTIL=20260316T075959Z"]
    assert changed["series_R20260316T080000"]["summary"] == "Later"
    window = {"timeMin": "2026-03-01T00:00:00Z", "timeMax": "2026-03-31T00:00:00Z"}
    found = events.list(calendarId="primary", singleEvents=True, orderBy="startTime", **window).execute()["items"]
    assert [one["summary"] for one in found] == ["Review", "Review", "Later", "Later", "Later"]
    assert found[2]["id"] == "series_R20260316T080000_20260316T080000Z"


def test_a_series_that_moves_loses_its_exceptions_and_one_that_goes_takes_them_along(desk: Desk) -> None:
    events = desk.service("calendar").events()
    events.insert(calendarId="primary", body=WEEKLY | {"id": "series"}).execute()
    one = "series_20260309T080000Z"
    events.patch(calendarId="primary", eventId=one, body={"summary": "Odd"}).execute()
    later = {
        "start": {"dateTime": "2026-03-03T09:00:00", "timeZone": "Europe/Rome"},
        "end": {"dateTime": "2026-03-03T10:00:00", "timeZone": "Europe/Rome"},
    }
    moved = events.patch(calendarId="primary", eventId="series", body=later).execute()
    assert moved["sequence"] == 1
    assert events.get(calendarId="primary", eventId=one).execute()["status"] == "cancelled"
    other = "series_20260310T080000Z"
    events.patch(calendarId="primary", eventId=other, body={"summary": "Odd"}).execute()
    _, token = everything(events)
    events.delete(calendarId="primary", eventId="series").execute()
    gone = {each["id"]: each["status"] for each in everything(events, syncToken=token)[0]}
    assert gone["series"] == gone[other] == "cancelled"
    assert everything(events)[0] == []


def test_days_are_dates_and_change_to_times_only_with_both_keys(desk: Desk) -> None:
    events = desk.service("calendar").events()
    day = {"start": {"date": "2026-03-02"}, "end": {"date": "2026-03-03"}, "recurrence": ["RRULE:FREQ=DAILY;COUNT=3"]}
    made = events.insert(calendarId="primary", body=day).execute()
    assert made["start"] == {"date": "2026-03-02"}
    found = events.instances(calendarId="primary", eventId=made["id"], originalStart="2026-03-03").execute()["items"]
    assert [one["id"] for one in found] == [f"{made['id']}_20260303"]
    times = {"start": MEETING["start"], "end": MEETING["end"]}
    with refused(400, "invalid"):
        events.patch(calendarId="primary", eventId=made["id"], body=times).execute()
    both = {key: value | {"date": None} for key, value in times.items()}
    assert "dateTime" in events.patch(calendarId="primary", eventId=made["id"], body=both).execute()["start"]


def test_a_change_of_reminders_alone_moves_the_etag_and_not_the_time(desk: Desk) -> None:
    events = desk.service("calendar").events()
    made = events.insert(calendarId="primary", body=MEETING).execute()
    desk.google.clock.advance(60)
    body = {"reminders": {"useDefault": False, "overrides": [{"method": "popup", "minutes": 5}]}}
    changed = events.patch(calendarId="primary", eventId=made["id"], body=body).execute()
    assert changed["updated"] == made["updated"] and changed["etag"] != made["etag"]
    moved = events.patch(calendarId="primary", eventId=made["id"], body={"summary": "x"}).execute()
    assert moved["updated"] > made["updated"]


def test_fields_that_need_a_parameter_are_dropped_without_it(desk: Desk) -> None:
    events = desk.service("calendar").events()
    body = MEETING | {
        "conferenceData": {"createRequest": {"requestId": "1"}},
        "attachments": [{"fileUrl": "https://drive.example/1"}],
    }
    assert not {"conferenceData", "attachments"} & events.insert(calendarId="primary", body=body).execute().keys()
    made = events.insert(
        calendarId="primary", body=body, conferenceDataVersion=1, supportsAttachments=True, maxAttendees=1
    ).execute()
    assert made["hangoutLink"].startswith("https://meet.google.com/") and made["attachments"]
    kept = events.update(calendarId="primary", eventId=made["id"], body=MEETING).execute()
    assert kept["conferenceData"] == made["conferenceData"] and kept["attachments"] == made["attachments"]


def test_events_that_google_made_refuse_most_writes(desk: Desk) -> None:
    events = desk.service("calendar").events()
    made = desk.google.elsewhere.special_event(ANNA, "fromGmail", MEETING)
    assert events.get(calendarId="primary", eventId=made["id"]).execute()["eventType"] == "fromGmail"
    for change in ({"summary": "x"}, {"eventType": "default"}):
        with refused(400, "eventTypeRestriction"):
            events.patch(calendarId="primary", eventId=made["id"], body=change).execute()
    events.patch(calendarId="primary", eventId=made["id"], body={"colorId": "3"}).execute()
    with refused(400, "eventTypeRestriction"):
        events.insert(calendarId="primary", body=MEETING | {"eventType": "fromGmail"}).execute()


def test_a_long_list_of_guests_is_cut(desk: Desk) -> None:
    guests = [{"email": f"g{number}@far.example"} for number in range(5)]
    made = desk.google.elsewhere.add_event(ANNA, MEETING | {"attendees": guests})
    events = desk.service("calendar").events()
    cut = events.get(calendarId="primary", eventId=made["id"], maxAttendees=2).execute()
    assert len(cut["attendees"]) == 2 and cut["attendeesOmitted"]
    [only] = desk.google.agenda.calendars[ANNA].events.values()
    assert len(only.data["attendees"]) == 5
    with refused(403, "calendarUsageLimits"):
        many = [{"email": f"g{number}@far.example"} for number in range(201)]
        events.patch(calendarId="primary", eventId=made["id"], body={"attendees": many}).execute()


def test_a_token_of_another_calendar_is_no_longer_valid(desk: Desk) -> None:
    service = desk.service("calendar")
    other = service.calendars().insert(body={"summary": "Second"}).execute()["id"]
    _, token = everything(service.events())
    with refused(410, "fullSyncRequired"):
        service.events().list(calendarId=other, syncToken=token).execute()
    with refused(410, "fullSyncRequired"):
        desk.service("calendar", BOB).events().list(calendarId="primary", syncToken=token).execute()


def test_calendars_and_their_places_in_the_list(desk: Desk) -> None:
    service = desk.service("calendar")
    calendars, entries = service.calendars(), service.calendarList()
    made = calendars.insert(body={"summary": "Second"}).execute()["id"]
    assert calendars.patch(calendarId=made, body={"summary": "Two"}).execute()["summary"] == "Two"
    calendars.update(calendarId=made, body={"summary": "Zwei", "timeZone": "Europe/Berlin"}).execute()
    assert calendars.get(calendarId=made).execute()["timeZone"] == "Europe/Berlin"
    assert entries.get(calendarId=made).execute()["summary"] == "Zwei"
    entries.update(calendarId=made, body={"hidden": True}).execute()
    assert [one["id"] for one in entries.list().execute()["items"]] == [ANNA]
    assert len(entries.list(showHidden=True).execute()["items"]) == 2
    entries.delete(calendarId=made).execute()
    with refused(404, "notFound"):
        entries.get(calendarId=made).execute()
    entries.insert(body={"id": made, "colorId": "2"}).execute()
    with refused(403, "cannotDeletePrimaryCalendar"):
        calendars.delete(calendarId="primary").execute()
    with refused(400, "invalid"):
        calendars.insert(body={"summary": "x", "timeZone": "Mars/Base"}).execute()
