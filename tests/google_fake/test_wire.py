"""What lies below the methods: batches, partial answers, long addresses, faults, budgets, the journal, a process."""

import gc
import http.client
import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import google_auth_httplib2
import httpx
import pytest
from googleapiclient.errors import HttpError

from tests.fakes.google import Clock, Google
from tests.fakes.google.faults import CUT, HALF, HTML, REDIRECT, SLOW, TRUNCATED
from tests.fakes.web_server import Reply, WebServer
from tests.google_fake.desk import ANNA, AUTH, BOB, CALLBACK, FULL_MAIL, Desk, Json, refused
from tests.google_fake.test_calendar import MEETING
from tests.google_fake.test_gmail import RAW, encoded
from tests.google_fake.test_people import person


def batched(service: Any, requests: list[Any]) -> list[Any]:
    """Each answer, or the exception in its place."""
    # A batch that has to refresh does so over a connection that the library never closes.
    service._http.credentials.refresh(google_auth_httplib2.Request(service._http.http))
    told: dict[str, Any] = {}
    batch = service.new_batch_http_request(callback=lambda name, answer, error: told.update({name: error or answer}))
    for number, request in enumerate(requests):
        batch.add(request, request_id=str(number))
    batch.execute()
    return [told[str(number)] for number in range(len(requests))]


def test_a_batch_answers_each_part_for_itself(desk: Desk) -> None:
    gmail = desk.service("gmail")
    stored = desk.google.elsewhere.deliver(ANNA, RAW)
    messages = gmail.users().messages()
    good, bad, written = batched(
        gmail,
        [
            messages.get(userId="me", id=stored.id, format="minimal"),
            messages.get(userId="me", id="1" * 16),
            messages.modify(userId="me", id=stored.id, body={"addLabelIds": ["STARRED"]}),
        ],
    )
    assert good["id"] == stored.id and "STARRED" in written["labelIds"]
    assert isinstance(bad, HttpError) and bad.resp.status == 404
    entries = [entry for entry in desk.google.journal.entries if entry.batch]
    assert len(entries) == 3 and entries[0].user == ANNA


def test_batches_of_calendar_and_people_go_to_their_own_paths(desk: Desk) -> None:
    calendar, people = desk.service("calendar"), desk.service("people")
    [made] = batched(calendar, [calendar.events().insert(calendarId="primary", body=MEETING)])
    [found] = batched(people, [people.people().createContact(body=person("Carla"))])
    assert made["summary"] == "Review" and found["names"]
    assert {"calendar.batch", "people.batch"} <= set(desk.google.journal.count())


def test_two_writes_to_one_event_in_a_batch_run_against_each_other(desk: Desk) -> None:
    calendar = desk.service("calendar")
    made = desk.google.elsewhere.add_event(ANNA, MEETING)
    patch = calendar.events().patch
    requests = [patch(calendarId="primary", eventId=made["id"], body={"summary": text}) for text in ("a", "b")]
    answers = batched(calendar, requests)
    assert sorted(answer.resp.status if isinstance(answer, HttpError) else 200 for answer in answers) == [200, 409]


def test_a_batch_that_is_too_big_or_too_sudden(desk: Desk) -> None:
    gmail = desk.service("gmail")
    one = gmail.users().labels().get
    with refused(400, "badRequest") as told:
        batched(gmail, [one(userId="me", id="INBOX") for _ in range(101)])
    assert told[0]["message"] == "Inner request count exceeds the limit. Received: 101, Limit: 100"
    answers = batched(gmail, [one(userId="me", id="INBOX") for _ in range(60)])
    assert [answer.resp.status for answer in answers if isinstance(answer, HttpError)] == [429] * 10


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_part_with_an_old_token_is_refreshed_and_sent_again(desk: Desk) -> None:
    gmail = desk.service("gmail")
    desk.google.faults.add("gmail.users.labels.get", 401)
    [answer] = batched(gmail, [gmail.users().labels().get(userId="me", id="INBOX")])
    assert answer["id"] == "INBOX"
    gc.collect()  # here, and not in the next test, the connection is found that was left open


def test_an_address_that_is_too_long_comes_as_a_form(desk: Desk) -> None:
    people = desk.service("people").people()
    names = [f"people/c{10**18 + number}" for number in range(150)]
    answer = people.getBatchGet(resourceNames=names, personFields="names").execute()
    assert len(answer["responses"]) == 150
    entry = desk.google.journal.of("people.people.getBatchGet")[0]
    assert entry.http_method == "POST" and entry.headers["x-http-method-override"] == "GET"


def test_fields_select_and_names_that_are_none_are_refused(desk: Desk) -> None:
    desk.google.elsewhere.add_event(ANNA, MEETING)
    events = desk.service("calendar").events()
    page = events.list(calendarId="primary", fields="items(summary,start/dateTime),timeZone").execute()
    assert page == {"items": [{"summary": "Review", "start": {"dateTime": "2026-03-02T08:00:00Z"}}], "timeZone": "UTC"}
    with refused(400, "invalidParameter"):
        events.list(calendarId="primary", fields="items(colour)").execute()


# Faults


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        (401, 401, "authError"), ("user rate", 403, "userRateLimitExceeded"), ("rate", 403, "rateLimitExceeded"),
        ("scope", 403, "insufficientPermissions"), (404, 404, "notFound"),
        ("calendar: full sync", 410, "fullSyncRequired"),
        ("calendar: condition", 412, "conditionNotMet"), (429, 429, "rateLimitExceeded"), (500, 500, "backendError"),
        (503, 503, "backendError"), ("quota exceeded", 403, "quotaExceeded"),
        ("gmail: send cap", 429, "rateLimitExceeded"),
    ],
)  # fmt: skip
def test_refusals_on_demand(desk: Desk, kind: str | int, status: int, reason: str) -> None:
    service = desk.service("calendar")
    # An authorized client refreshes and asks again by itself, twice, before it tells of a 401.
    desk.google.faults.add("calendar.events.*", kind, times=3 if status == 401 else 1, headers={"Retry-After": "7"})
    with refused(status, reason):
        service.events().list(calendarId="primary").execute()
    assert service.events().list(calendarId="primary").execute()["items"] == []
    assert any(entry.verdict.startswith("fault: ") for entry in desk.google.journal.entries)


def test_faults_of_the_wire(desk: Desk) -> None:
    users = desk.service("gmail").users()
    profile = users.getProfile(userId="me")
    desk.google.faults.add("gmail.users.getProfile", HTML)
    with pytest.raises(HttpError) as caught:
        profile.execute()
    assert caught.value.resp.status == 502 and caught.value.content.startswith(b"<html>")
    desk.google.faults.add("gmail.users.getProfile", TRUNCATED)
    with pytest.raises(http.client.IncompleteRead):
        profile.execute()
    desk.google.faults.add("gmail.users.getProfile", HALF)
    # What is no JSON is handed over as text, without an error.
    assert profile.execute().startswith('{"emailAddress')
    desk.google.faults.add("gmail.users.getProfile", SLOW, seconds=0.2)
    assert profile.execute()["emailAddress"] == ANNA


def test_who_is_redirected_takes_no_token_along(desk: Desk) -> None:
    profile = desk.service("gmail").users().getProfile(userId="me")
    profile.execute()
    with WebServer(lambda request: Reply(404)) as other:
        desk.google.faults.add("gmail.users.getProfile", REDIRECT, url=f"http://127.0.0.1:{other.port}/x")
        with pytest.raises(HttpError):
            profile.execute()
        assert [request.path for request in other.requests] == ["/x"]
        assert "authorization" not in other.requests[0].headers


def test_a_send_whose_answer_is_lost_was_made_all_the_same(desk: Desk) -> None:
    messages = desk.service("gmail").users().messages()
    messages.list(userId="me").execute()
    desk.google.faults.add("gmail.users.messages.send", CUT, after=True)
    with pytest.raises(OSError, match=r"reset|Remote"):
        messages.send(userId="me", body={"raw": encoded(RAW)}).execute()
    assert len(desk.google.gmail.outbox) == 1
    found = messages.list(userId="me", q="rfc822msgid:<1@firm.example>").execute()
    assert len(found["messages"]) == 1
    desk.google.faults.add("gmail.users.messages.send", 500)
    with refused(500, "backendError"):
        messages.send(userId="me", body={"raw": encoded(RAW)}).execute()
    committed = [entry.committed for entry in desk.google.journal.of("gmail.users.messages.send")]
    assert committed == [True, False] and len(desk.google.gmail.outbox) == 1


def test_faults_begin_late_and_meet_one_person(desk: Desk) -> None:
    anna, bob = desk.service("gmail").users(), desk.service("gmail", BOB).users()
    desk.google.faults.add("gmail.users.getProfile", 503, skip=1, user=ANNA)
    bob.getProfile(userId="me").execute()
    anna.getProfile(userId="me").execute()
    with refused(503, "backendError"):
        anna.getProfile(userId="me").execute()
    with pytest.raises(KeyError):
        desk.google.faults.add("*", "no such wording")


# Budgets


@pytest.mark.parametrize("status", [403, 429])
def test_units_are_counted_by_the_minute(desk: Desk, status: int) -> None:
    users = desk.service("gmail").users()
    desk.google.quotas.per_user["gmail"], desk.google.quotas.status = 25, status
    stored = desk.google.elsewhere.deliver(ANNA, RAW)
    users.messages().get(userId="me", id=stored.id).execute()
    users.messages().list(userId="me").execute()
    with refused(status, "rateLimitExceeded") as told:
        users.getProfile(userId="me").execute()
    assert "Queries per minute per user" in told[0]["message"]
    desk.google.clock.advance(61)
    users.getProfile(userId="me").execute()
    assert desk.google.quotas.spent[ANNA] == 26


def test_a_quota_user_has_a_budget_of_its_own(desk: Desk) -> None:
    events = desk.service("calendar").events()
    desk.google.quotas.per_user["calendar"] = 1
    events.list(calendarId="primary", quotaUser="a").execute()
    events.list(calendarId="primary", quotaUser="b").execute()
    with refused(429, "rateLimitExceeded"):
        events.list(calendarId="primary", quotaUser="a").execute()


def test_too_many_at_a_time(desk: Desk) -> None:
    services = [desk.service("gmail") for _ in range(4)]
    for service in services:
        service.users().getProfile(userId="me").execute()
    desk.google.quotas.concurrent = 2

    def ask(service: Any) -> int:
        try:
            service.users().getProfile(userId="me").execute()
        except HttpError as error:
            return int(error.resp.status)
        return 200

    desk.google.lock.acquire()
    try:
        with ThreadPoolExecutor(4) as pool:
            waiting = [pool.submit(ask, service) for service in services]
            while sum(future.done() for future in waiting) < 2:
                """Two are refused at once; the others wait for the lock."""
            desk.google.lock.release()
            statuses = sorted(future.result() for future in waiting)
    finally:
        if desk.google.lock._is_owned():  # type: ignore[attr-defined]  # a lock that one may ask
            desk.google.lock.release()
    assert statuses == [200, 200, 429, 429]


# The process


def test_it_runs_as_a_process_with_commands(tmp_path: Path) -> None:
    own = tmp_path / ANNA
    (own / "mail/Travel").mkdir(parents=True)
    (own / "calendar").mkdir()
    (own / "contacts").mkdir()
    (tmp_path / "people.json").write_text(json.dumps([{"email": ANNA, "name": "Anna", "zone": "Europe/Rome"}]))
    (own / "mail/1.eml").write_bytes(RAW)
    (own / "mail/Travel/2.eml").write_bytes(RAW)
    (own / "calendar/1.json").write_text(json.dumps([MEETING, MEETING]))
    (own / "contacts/1.json").write_text(json.dumps(person("Carla")))
    command = [sys.executable, "-m", "tests.fakes.google", "--fill", str(tmp_path), "--redirect", CALLBACK]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            told = json.loads(process.stdout.readline())
            assert told["filled"] == {"people": 1, "messages": 2, "events": 2, "contacts": 1}
            with httpx.Client(base_url=told["root"]) as client:
                _commands(client, told)
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def _commands(client: httpx.Client, told: Json) -> None:
    state = client.get("/control/state").json()
    assert state["people"][0] == {"email": ANNA, "name": "Anna", "messages": 2, "events": 2, "contacts": 1, "grants": 0}
    client.post("/control/deliver", json={"to": ANNA, "subject": "Hello", "text": "there"}).raise_for_status()
    client.post("/control/person", json={"email": BOB}).raise_for_status()
    granted = client.post(
        "/control/grant", json={"user": ANNA, "client": told["client_id"], "scopes": [FULL_MAIL, f"{AUTH}calendar"]}
    ).json()
    form = {
        "grant_type": "refresh_token", "client_id": told["client_id"], "client_secret": told["client_secret"],
        **granted,
    }  # fmt: skip
    token = client.post("/token", data=form).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/gmail/v1/users/me/profile", headers=headers).json()["messagesTotal"] == 3
    moved = {"user": ANNA, "method": "calendar.calendars.insert", "body": {"summary": "New"}}
    assert client.post("/control/call", json=moved).json()["summary"] == "New"
    client.post("/control/fault", json={"method": "gmail.users.getProfile", "kind": "503"}).raise_for_status()
    assert client.get("/gmail/v1/users/me/profile", headers=headers).status_code == 503
    client.post("/control/clock", json={"advance": 4000}).raise_for_status()
    assert client.get("/gmail/v1/users/me/profile", headers=headers).status_code == 401
    verdicts = [one["verdict"] for one in client.get("/control/journal?method=gmail.*").json()]
    assert verdicts == ["served", "fault: 503", "ACCESS_TOKEN_INVALID"]
    wrong = client.post("/control/call", json=moved | {"body": {}})
    assert (wrong.status_code, wrong.json()["reason"]) == (409, "invalid")
    for command, body in (
        ("consent", {"user": ANNA, "granted": [FULL_MAIL]}), ("chaos", {"seed": 1, "delay": [0, 0.1]}),
        ("topic", {"name": "projects/p/topics/t"}), ("expire", {"history": ANNA, "access": ANNA, "cursors": "x"}),
        ("subscription", {"name": "projects/p/subscriptions/s", "topic": "projects/p/topics/t"}),
        ("withdraw", {"user": ANNA, "client": told["client_id"]}), ("client", {"redirects": [CALLBACK]}),
    ):  # fmt: skip
        client.post(f"/control/{command}", json=body).raise_for_status()
    assert client.post("/control/nothing").status_code == 404


def test_a_clock_that_stands_still_moves_everything_when_it_is_moved() -> None:
    with Google(clock=Clock(1_772_445_600), seed=2) as google:
        desk = Desk(google)
        users = desk.service("gmail").users()
        stored = google.elsewhere.deliver(ANNA, RAW)
        assert stored.internal_date == 1_772_445_600_000
        users.getProfile(userId="me").execute()
        google.clock.advance(3600)
        users.getProfile(userId="me").execute()
        statuses = [entry.status for entry in google.journal.of("gmail.users.getProfile")]
        assert statuses == [200, 401, 200]
        desk.close()
