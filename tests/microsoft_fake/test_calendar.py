"""Calendars over the wire: events, series with what differs from them, zones, meetings, and views that are followed."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.fakes.microsoft.mailbox import Event
from tests.microsoft_fake.cast import Client, World, on_behalf

ROME = "W. Europe Standard Time"
IMMUTABLE = 'IdType="ImmutableId"'


def at(moment: str, zone: str = "UTC") -> dict[str, str]:
    return {"dateTime": moment, "timeZone": zone}


def window(start: str, end: str) -> str:
    return urlencode({"startDateTime": f"{start}T00:00:00Z", "endDateTime": f"{end}T00:00:00Z"})


SPRING = window("2026-03-01", "2026-05-01")
VIEW = f"/me/calendarView/delta?{SPRING}"
LUNCH = {"subject": "Lunch", "start": at("2026-03-04T12:00:00", ROME), "end": at("2026-03-04T13:00:00", ROME)}
WEEKLY: dict[str, Any] = {
    "subject": "Weekly",
    "start": at("2026-03-16T09:00:00", ROME),
    "end": at("2026-03-16T10:00:00", ROME),
    "recurrence": {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]},
        "range": {"type": "numbered", "startDate": "2026-03-16", "numberOfOccurrences": 5},
    },
}  # fmt: skip


def path_of(item: dict[str, Any]) -> str:
    return f"/me/events/{on_behalf(item['id'])}"


def guests(*addresses: str) -> list[dict[str, Any]]:
    return [{"type": "required", "emailAddress": {"address": address}} for address in addresses]


def times(items: list[dict[str, Any]]) -> list[str]:
    return [item["start"]["dateTime"][:16] for item in items if item.get("type") != "seriesMaster"]


def test_an_event_is_made_read_changed_and_removed(anna: Client) -> None:
    made = anna.post("/me/events", LUNCH)
    assert (made["type"], made["isOrganizer"], made["start"]) == (
        "singleInstance", True, at("2026-03-04T11:00:00.0000000"),
    )  # fmt: skip
    assert made["originalStartTimeZone"] == ROME
    assert "transactionId" not in made
    local = anna.get(path_of(made), headers={"Prefer": f'{IMMUTABLE}, outlook.timezone="Europe/Rome"'})
    assert local["start"] == at("2026-03-04T12:00:00.0000000", "Europe/Rome")
    changed = anna.patch(path_of(made), {"subject": "Dinner"}, headers={"If-Match": made["@odata.etag"]})
    assert changed["changeKey"] != made["changeKey"]
    stale = anna.http.patch(path_of(made), json={"subject": "x"}, headers={"If-Match": made["@odata.etag"]})
    assert stale.status_code == 412
    anna.delete(path_of(made))
    assert anna.http.delete(path_of(made)).status_code == 404


def test_whole_days_are_dates_in_every_zone(anna: Client) -> None:
    day = {"isAllDay": True, "start": at("2026-03-04T00:00:00", ROME), "end": at("2026-03-05T00:00:00", ROME)}
    made = anna.post("/me/events", {"subject": "Holiday", **day})
    for zone in ("Tokyo Standard Time", "America/New_York"):
        shown = anna.get(path_of(made), headers={"Prefer": f'{IMMUTABLE}, outlook.timezone="{zone}"'})
        assert shown["start"] == at("2026-03-04T00:00:00.0000000", zone)


def test_a_transaction_makes_one_event_however_often_it_is_sent(world: World, anna: Client) -> None:
    body = {**LUNCH, "transactionId": "t-1"}
    first, again = anna.post("/me/events", body), anna.post("/me/events", body)
    assert first["id"] == again["id"]
    assert first["transactionId"] == "t-1"
    assert len(anna.values("/me/events")) == 1
    world.microsoft.behaviour.repeated_transaction = "conflict"
    assert anna.http.post("/me/events", json=body).status_code == 409


def test_calendars_are_made_renamed_and_removed(world: World, anna: Client) -> None:
    team = anna.post("/me/calendars", {"name": "Team", "color": "lightBlue"})
    path = f"/me/calendars/{on_behalf(team['id'])}"
    assert anna.patch(path, {"name": "Crew"})["name"] == "Crew"
    made = anna.post(f"{path}/events", LUNCH)
    assert anna.values("/me/events") == []
    assert [one["id"] for one in anna.values(f"{path}/events")] == [made["id"]]
    assert [one["id"] for one in anna.round(f"{path}/calendarView/delta?{SPRING}")[0]] == [made["id"]]
    holidays = world.microsoft.elsewhere(world.anna).add_calendar("Holidays", editable=False)
    assert anna.http.post(f"/me/calendars/{on_behalf(holidays.id)}/events", json=LUNCH).status_code == 403
    assert [one["canEdit"] for one in anna.values("/me/calendars")] == [True, True, False]
    anna.delete(path)
    assert anna.http.delete(f"/me/calendars/{on_behalf(anna.get('/me/calendar')['id'])}").status_code == 403


# Series


def test_a_series_follows_the_clock_on_the_wall(anna: Client) -> None:
    master = anna.post("/me/events", WEEKLY)
    assert master["type"] == "seriesMaster"
    assert [one["id"] for one in anna.values("/me/events")] == [master["id"]], "folded up"
    instances = anna.values(f"{path_of(master)}/instances?{SPRING}")
    # Summer time begins in between: nine o'clock in Rome is an hour earlier in UTC from then on.
    assert times(instances) == [
        "2026-03-16T08:00", "2026-03-23T08:00", "2026-03-30T07:00", "2026-04-06T07:00", "2026-04-13T07:00",
    ]  # fmt: skip
    assert {one["seriesMasterId"] for one in instances} == {master["id"]}
    assert len({one["iCalUId"] for one in [master, *instances]}) == 6
    assert times(anna.values(f"/me/calendarView?{window('2026-03-20', '2026-04-01')}")) == [
        "2026-03-23T08:00", "2026-03-30T07:00",
    ]  # fmt: skip


def test_one_occurrence_differs_and_another_is_removed(anna: Client) -> None:
    master = anna.post("/me/events", WEEKLY)
    occurrences = anna.values(f"{path_of(master)}/instances?{SPRING}")
    later = {"start": at("2026-03-24T15:00:00", ROME), "end": at("2026-03-24T16:00:00", ROME)}
    exception = anna.patch(path_of(occurrences[1]), {"subject": "Moved", **later})
    assert (exception["type"], exception["id"]) == ("exception", occurrences[1]["id"])
    anna.delete(path_of(occurrences[2]))
    assert anna.http.get(path_of(occurrences[2])).status_code == 404
    instances = anna.values(f"{path_of(master)}/instances?{SPRING}")
    assert [one["type"] for one in instances] == ["occurrence", "exception", "occurrence", "occurrence"]
    assert instances[1]["start"]["dateTime"].startswith("2026-03-24T14:00")
    shown = anna.get(f"{path_of(exception)}?$select=originalStart,subject")
    assert shown["originalStart"] == "2026-03-23T08:00:00Z"
    [cancelled] = anna.get(f"{path_of(master)}?$select=cancelledOccurrences")["cancelledOccurrences"]
    assert cancelled == f"OID.{master['id']}.2026-03-30"


def test_an_occurrence_cannot_pass_its_neighbours(anna: Client) -> None:
    master = anna.post("/me/events", WEEKLY)
    second = anna.values(f"{path_of(master)}/instances?{SPRING}")[1]
    beyond = {"start": at("2026-03-31T09:00:00", ROME), "end": at("2026-03-31T10:00:00", ROME)}
    answer = anna.http.patch(path_of(second), json=beyond)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "ErrorOccurrenceCrossingBoundary")


def test_a_new_pattern_forgets_what_differed(anna: Client) -> None:
    master = anna.post("/me/events", WEEKLY)
    occurrences = anna.values(f"{path_of(master)}/instances?{SPRING}")
    anna.patch(path_of(occurrences[1]), {"subject": "Differs"})
    anna.delete(path_of(occurrences[2]))
    anna.patch(path_of(master), {"subject": "Other name"})
    names = [one["subject"] for one in anna.values(f"{path_of(master)}/instances?{SPRING}")]
    assert names == ["Other name", "Differs", "Other name", "Other name"]
    longer = {**WEEKLY["recurrence"], "range": {**WEEKLY["recurrence"]["range"], "numberOfOccurrences": 6}}
    anna.patch(path_of(master), {"recurrence": longer})
    names = [one["subject"] for one in anna.values(f"{path_of(master)}/instances?{SPRING}")]
    assert names == ["Other name"] * 6


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"type": "daily", "interval": 10}, ["01-31", "02-10", "02-20", "03-02"]),
        ({"type": "weekly", "interval": 2, "daysOfWeek": ["saturday", "sunday"]}, ["01-31", "02-08", "02-14", "02-22"]),
        ({"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 31}, ["01-31", "02-28", "03-31", "04-30"]),
        ({"type": "relativeMonthly", "interval": 1, "daysOfWeek": ["saturday"], "index": "last"},
         ["01-31", "02-28", "03-28", "04-25"]),
        ({"type": "relativeMonthly", "interval": 3, "daysOfWeek": ["saturday"], "index": "last"}, ["01-31", "04-25"]),
        ({"type": "absoluteYearly", "interval": 1, "dayOfMonth": 31, "month": 1}, ["01-31"]),
        ({"type": "relativeYearly", "interval": 1, "daysOfWeek": ["saturday"], "index": "last", "month": 1}, ["01-31"]),
    ],
)  # fmt: skip
def test_every_pattern_is_laid_out(anna: Client, pattern: dict[str, Any], expected: list[str]) -> None:
    body = {
        "subject": "x", "start": at("2026-01-31T09:00:00"), "end": at("2026-01-31T09:30:00"),
        "recurrence": {"pattern": pattern, "range": {"type": "noEnd", "startDate": "2026-01-31"}},
    }  # fmt: skip
    made = anna.post("/me/events", body)
    found = anna.values(f"{path_of(made)}/instances?{window('2026-01-01', '2026-05-10')}")
    assert [moment[5:10] for moment in times(found)][: len(expected)] == expected
    endless = pattern["type"] in ("daily", "weekly")
    assert endless or len(found) == len(expected)


# Following a view


def test_a_view_tells_masters_occurrences_and_what_became_of_them(world: World, anna: Client) -> None:
    elsewhere = world.microsoft.elsewhere(world.anna)
    series = elsewhere.add_event(WEEKLY)
    single = elsewhere.add_event(LUNCH)
    first, link = anna.round(VIEW, headers={"Prefer": f"{IMMUTABLE}, odata.maxpagesize=2"})
    assert [one["type"] for one in first] == ["singleInstance", "seriesMaster", *["occurrence"] * 5]
    few = {"@odata.type", "@odata.etag", "id", "type", "start", "end", "seriesMasterId"}
    assert set(first[2]) == few
    assert anna.round(link)[0] == []
    elsewhere.edit_occurrence(series, date(2026, 3, 23), {"subject": "Differs"})
    news, link = anna.round(link)
    assert [(one["type"], one["subject"]) for one in news] == [("exception", "Differs")]
    elsewhere.delete_occurrence(series, date(2026, 3, 30))
    news, link = anna.round(link)
    assert [one["@removed"] for one in news] == [{"reason": "deleted"}]
    elsewhere.edit_event(single, {"start": at("2026-07-01T12:00:00"), "end": at("2026-07-01T13:00:00")})
    news, link = anna.round(link)
    assert [(one["id"], "@removed" in one) for one in news] == [(single.id, True)], "it left the window, and still is"
    assert anna.get(path_of({"id": single.id}))["start"]["dateTime"].startswith("2026-07-01")
    elsewhere.delete_event(series)
    news, link = anna.round(link)
    assert len(news) == 5 and all("@removed" in one for one in news)


def test_the_window_of_a_view_is_frozen_and_its_links_expire(world: World, anna: Client) -> None:
    link = anna.round(VIEW)[1]
    world.microsoft.elsewhere(world.anna).add_event(
        {"start": at("2026-06-01T12:00:00"), "end": at("2026-06-01T13:00:00")}
    )
    assert anna.round(link)[0] == []
    world.microsoft.expire_delta(world.anna)
    assert anna.http.get(link).json()["error"]["code"] == "SyncStateNotFound"


# Meetings


def test_a_meeting_reaches_its_guests_and_their_answers_its_organizer(world: World, anna: Client) -> None:
    made = anna.post("/me/events", {**LUNCH, "attendees": guests("carl@firm.example", "x@elsewhere.example")})
    [notice] = world.microsoft.notices
    assert (notice.what, notice.recipients) == ("request", ("carl@firm.example", "x@elsewhere.example"))
    carl = world.graph(world.carl)
    [invited] = carl.values("/me/events")
    assert (invited["isOrganizer"], invited["responseStatus"]["response"]) == (False, "notResponded")
    assert invited["iCalUId"] == made["iCalUId"]
    [mail] = carl.values("/me/mailFolders/inbox/messages")
    assert (mail["@odata.type"], mail["meetingMessageType"]) == (
        "#microsoft.graph.eventMessageRequest", "meetingRequest",
    )  # fmt: skip
    carl.post(f"{path_of(invited)}/accept", {"sendResponse": True, "comment": "Good"}, status=202)
    assert [one["status"]["response"] for one in anna.get(path_of(made))["attendees"]] == ["accepted", "none"]
    anna.patch(path_of(made), {"subject": "Long lunch"})
    assert carl.get(path_of(invited))["subject"] == "Long lunch"
    assert carl.get(path_of(invited))["responseStatus"]["response"] == "accepted"
    anna.post(f"{path_of(made)}/cancel", {"comment": "Sorry"}, status=202)
    assert anna.http.get(path_of(made)).status_code == 404
    assert carl.get(path_of(invited))["isCancelled"]
    assert [one.what for one in world.microsoft.notices] == ["request", "accepted", "request", "cancel"]


def test_an_answer_may_be_kept_silent_but_an_organizers_write_never_is(world: World, anna: Client) -> None:
    world.microsoft.elsewhere(world.carl).add_event({**LUNCH, "attendees": guests("anna@firm.example")})
    [invited] = anna.values("/me/events")
    anna.post(f"{path_of(invited)}/tentativelyAccept", {"sendResponse": False}, status=202)
    assert anna.get(path_of(invited))["responseStatus"]["response"] == "tentativelyAccepted"
    anna.post(f"{path_of(invited)}/decline", {"sendResponse": False}, status=202)
    assert anna.values("/me/events") == []
    assert [one.what for one in world.microsoft.notices] == ["request"]


def test_people_answer_at_other_clients_too(world: World, anna: Client) -> None:
    made = anna.post("/me/events", {**WEEKLY, "attendees": guests("carl@firm.example")})
    elsewhere, mailbox = world.microsoft.elsewhere(world.carl), world.microsoft.mailbox(world.carl)
    [invited] = [item for item in mailbox.items.values() if isinstance(item, Event)]
    elsewhere.answer_invitation(invited, "declined", date(2026, 3, 23))
    elsewhere.answer_invitation(invited, "accepted")
    assert anna.get(path_of(made))["attendees"][0]["status"]["response"] == "accepted"
    assert date(2026, 3, 23) in invited.cancelled


def test_organizers_do_not_answer_and_guests_do_not_cancel(world: World, anna: Client) -> None:
    mine = anna.post("/me/events", {**LUNCH, "attendees": guests("carl@firm.example")})
    assert anna.http.post(f"{path_of(mine)}/accept", json={}).status_code == 400
    carl = world.graph(world.carl)
    [theirs] = carl.values("/me/events")
    assert carl.http.post(f"{path_of(theirs)}/cancel", json={}).status_code == 400
    assert anna.http.get(path_of(mine)).status_code == 200


def test_one_occurrence_of_a_meeting_is_declined(world: World, anna: Client) -> None:
    world.microsoft.elsewhere(world.carl).add_event({**WEEKLY, "attendees": guests("anna@firm.example")})
    [master] = anna.values("/me/events")
    occurrences = anna.values(f"{path_of(master)}/instances?{SPRING}")
    anna.post(f"{path_of(occurrences[0])}/decline", {"sendResponse": True}, status=202)
    anna.post(f"{path_of(occurrences[1])}/accept", {"sendResponse": False}, status=202)
    left = anna.values(f"{path_of(master)}/instances?{SPRING}")
    assert len(left) == 4
    assert left[0]["responseStatus"]["response"] == "accepted"


def test_what_is_the_organizers_own_is_told_to_nobody(world: World, anna: Client) -> None:
    made = anna.post("/me/events", {**LUNCH, "attendees": guests("carl@firm.example")})
    anna.patch(path_of(made), {"categories": ["Blue"], "isReminderOn": False})
    assert [one.what for one in world.microsoft.notices] == ["request"]


def test_zones_that_others_wrote_may_mean_nothing(world: World, anna: Client) -> None:
    elsewhere = world.microsoft.elsewhere(world.anna)
    event = elsewhere.add_event(LUNCH)
    elsewhere.name_zone(event, "tzone://Microsoft/Custom")
    [shown] = anna.values("/me/events")
    assert shown["originalStartTimeZone"] == "tzone://Microsoft/Custom"
    assert shown["start"] == at("2026-03-04T11:00:00.0000000")


def test_the_original_start_of_a_whole_day_is_shifted_by_its_zone(anna: Client) -> None:
    day = {"isAllDay": True, "start": at("2026-03-16T00:00:00", ROME), "end": at("2026-03-17T00:00:00", ROME)}
    master = anna.post("/me/events", {**WEEKLY, **day})
    first = anna.values(f"{path_of(master)}/instances?{SPRING}&$select=originalStart,start")[0]
    assert first["originalStart"] == "2026-03-15T23:00:00Z"
    assert first["start"]["dateTime"].startswith("2026-03-16T00:00")
