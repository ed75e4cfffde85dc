"""Limits and faults: what is throttled, what breaks on demand, and that every request is in the journal."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from tests.fakes.microsoft import faults
from tests.fakes.microsoft.faults import Fault
from tests.microsoft_fake.cast import PLAIN, Client, World

DRAFT = {"subject": "x"}


def code(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["code"])


# Limits


def test_a_fifth_call_at_once_is_throttled(world: World, anna: Client) -> None:
    world.microsoft.behaviour.latency = 0.8
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: anna.http.get("/me/messages"), range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 4 + [429] * 2
    late = next(answer for answer in answers if answer.status_code == 429)
    assert (late.headers["Retry-After"], code(late)) == ("1", "ApplicationThrottled")
    assert max(world.microsoft.graph.throttle.most_at_once.values()) == 4


def test_ten_thousand_in_ten_minutes_and_no_more(world: World, anna: Client) -> None:
    world.microsoft.behaviour.requests_per_10_minutes = 5
    for _ in range(5):
        assert anna.http.get("/me").status_code == 200
        world.microsoft.clock.advance(minutes=1)
    answer = anna.http.get("/me")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "300")
    assert world.graph(world.carl).http.get("/me").status_code == 200, "another mailbox has its own"
    world.microsoft.clock.advance(minutes=5)
    assert anna.http.get("/me").status_code == 200


@pytest.mark.parametrize("form", ["seconds", "date", "none"])
def test_when_to_come_back_is_said_in_the_form_that_is_switched_on(world: World, anna: Client, form: Any) -> None:
    behaviour = world.microsoft.behaviour
    behaviour.requests_per_10_minutes, behaviour.retry_after = 0, form
    told = anna.http.get("/me").headers.get("Retry-After")
    match form:
        case "none":
            assert told is None
        case "date":
            assert parsedate_to_datetime(str(told)) > world.microsoft.clock.now()
        case _:
            assert int(str(told)) >= 1


def test_sending_has_a_rate_of_its_own(world: World, anna: Client) -> None:
    message = {"message": {"toRecipients": [{"emailAddress": {"address": "x@elsewhere.example"}}]}}
    world.microsoft.behaviour.sends_per_minute = 1
    assert anna.http.post("/me/sendMail", json=message).status_code == 202
    assert anna.http.post("/me/sendMail", json=message).status_code == 429
    world.microsoft.clock.advance(minutes=1)
    assert anna.http.post("/me/sendMail", json=message).status_code == 202


# Faults


@pytest.mark.parametrize(
    ("fault", "status", "expected"),
    [
        (faults.unauthorized(), 401, "InvalidAuthenticationToken"),
        (faults.answer("scope"), 403, "ErrorAccessDenied"),
        (faults.answer("daily sends"), 403, "ErrorExceededMessageLimit"),
        (faults.answer("item"), 404, "ErrorItemNotFound"),
        (faults.answer("change key"), 412, "ErrorIrresolvableConflict"),
        (faults.answer("quota"), 507, "ErrorQuotaExceeded"),
        (faults.answer("transient", retry_after=30), 503, "ErrorMailboxStoreUnavailable"),
        (faults.throttled(None), 429, "ApplicationThrottled"),
        (faults.throttled(7), 429, "ApplicationThrottled"),
        (faults.status(410, "resyncRequired"), 410, "resyncRequired"),
        (faults.status(500), 500, "UnknownError"),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else str(value),
)
def test_a_refusal_on_demand_changes_nothing(
    world: World, anna: Client, fault: Fault, status: int, expected: str
) -> None:
    world.microsoft.faults.add(fault, r"POST .*/me/messages$", times=2)
    for _ in range(2):
        answer = anna.http.post("/me/messages", json=DRAFT)
        assert (answer.status_code, code(answer)) == (status, expected)
        wait = str(fault.retry_after) if fault.retry_after is not None else None
        assert answer.headers.get("Retry-After") == wait
    assert anna.values("/me/messages") == []
    assert anna.http.post("/me/messages", json=DRAFT).status_code == 201
    assert world.microsoft.faults.left == 0


def test_an_error_after_the_commit_has_done_it(world: World, anna: Client) -> None:
    world.microsoft.faults.add(faults.answer("unknown error", after_commit=True), "POST")
    assert anna.http.post("/me/messages", json=DRAFT).status_code == 500
    assert len(anna.values("/me/messages")) == 1


@pytest.mark.parametrize("after", [False, True])
def test_a_connection_is_cut_before_or_after_the_commit(world: World, anna: Client, after: bool) -> None:
    world.microsoft.faults.add(faults.cut(after_commit=after), "POST")
    with pytest.raises(httpx.TransportError):
        anna.http.post("/me/messages", json=DRAFT)
    assert len(anna.values("/me/messages")) == after


def test_half_an_answer_is_no_json(world: World, anna: Client) -> None:
    world.microsoft.faults.add(faults.truncated(), "GET")
    with pytest.raises((httpx.RemoteProtocolError, json.JSONDecodeError)):
        anna.http.get("/me").json()


def test_a_page_of_html_in_place_of_json(world: World, anna: Client) -> None:
    world.microsoft.faults.add(faults.bad_gateway(), "GET")
    answer = anna.http.get("/me")
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html")


def test_a_slow_answer_is_a_true_one(world: World, anna: Client) -> None:
    world.microsoft.faults.add(faults.slow(0.5), "GET")
    began = time.monotonic()
    assert anna.http.get("/me").status_code == 200
    assert time.monotonic() - began >= 0.5
    world.microsoft.faults.add(faults.slow(2), "GET")
    with pytest.raises(httpx.ReadTimeout):
        anna.http.get("/me", timeout=httpx.Timeout(10, read=0.3))


def test_a_body_may_drip(world: World, anna: Client) -> None:
    world.microsoft.faults.add(faults.dripping(0.5), "GET")
    began = time.monotonic()
    assert anna.http.get("/me").json()["mail"] == "anna@firm.example"
    assert time.monotonic() - began >= 0.4


def test_when_to_come_back_may_be_a_date(world: World, anna: Client) -> None:
    world.microsoft.faults.add(faults.throttled(90, as_date=True), "GET")
    told = parsedate_to_datetime(anna.http.get("/me").headers["Retry-After"])
    assert (told - world.microsoft.clock.now()).total_seconds() == 90


def test_a_redirect_is_there_to_be_refused(world: World, anna: Client) -> None:
    world.microsoft.faults.add(faults.redirect("https://evil.example/"), "GET")
    assert anna.http.get("/me").headers["Location"] == "https://evil.example/"


def test_a_fault_may_wait_its_turn_and_hit_a_part_of_a_batch(world: World, anna: Client) -> None:
    world.microsoft.faults.add(faults.answer("transient"), r"GET /v1.0/me\b", skip=1)
    parts = [{"id": str(number), "method": "GET", "url": "/me"} for number in range(3)]
    answer = anna.post("/$batch", {"requests": parts}, status=200)
    assert sorted(one["status"] for one in answer["responses"]) == [200, 200, 503]


def test_a_valid_token_is_challenged_until_one_signs_in_anew(world: World, anna: Client) -> None:
    world.anna.challenged = True
    answer = anna.http.get("/me")
    assert answer.status_code == 401
    assert 'error="insufficient_claims"' in answer.headers["WWW-Authenticate"]
    world.sign_in(world.anna)
    assert anna.http.get("/me").status_code == 200


# The journal


def test_every_request_is_kept_with_its_verdict(world: World, anna: Client) -> None:
    journal = world.microsoft.journal
    world.microsoft.elsewhere(world.anna).deliver(PLAIN)
    anna.values("/me/messages")
    anna.http.get("/me/messages?$nonsense=1")
    anna.http.get("/me/nowhere")
    world.microsoft.faults.add(faults.cut(), "DELETE")
    with pytest.raises(httpx.TransportError):
        anna.http.delete("/me/messages/x")
    told = [(one.method, one.status, one.verdict) for one in journal.entries]
    assert told == [
        ("message_list", 200, "ok"),
        ("message_list", 400, "refused: option"),
        ("unknown", 400, "refused: segment"),
        ("unknown", 0, "fault: cut"),
    ]
    assert {one.mailbox for one in journal.of("message_list")} == {"anna@firm.example"}
    assert len(journal.refused()) == 3
    journal.clear()
    assert journal.entries == []
