"""Invitations end to end: mail comes in and goes out at real servers, and the calendar at a real Radicale follows."""

import email
import uuid
from email.message import Message as Mail
from typing import Any

import pytest

from apps.calendar.models import Calendar, Event
from apps.compose.models import Draft
from apps.outbound.models import Command, State
from apps.providers.adapters import ical
from apps.providers.adapters.ical import itip
from apps.providers.models import AccountAccess, ProviderAccount
from tests.scheduling.conftest import ANNA, BOB, CARA, Office, event, soon


def parts(mail: bytes) -> tuple[Mail, itip.Message]:
    """What left, and the calendar part in it."""
    whole = email.message_from_bytes(mail)
    part = next(each for each in whole.walk() if each.get_content_type() == "text/calendar")
    said = itip.parse(part.get_payload(decode=True))  # type: ignore[arg-type]
    assert said is not None
    assert part.get_param("method") == said.method
    return whole, said


def sent(office: Office) -> list[tuple[str, tuple[str, ...], str]]:
    """METHOD, recipients and subject of what left."""
    found = []
    for taken in office.mail.sink.taken:
        whole, said = parts(taken.data)
        found.append(
            (said.method, taken.recipients, str(email.header.make_header(email.header.decode_header(whole["Subject"]))))
        )
    return found


def there(office: Office, row: Event) -> ical.Item:
    """The event as the calendar's server has it."""
    return ical.read(office.diary.there(row.remote_id).encode()).items[0]


def post(office: Office, path: str, body: dict[str, Any], method: str = "post") -> dict[str, Any]:
    ask = getattr(office.client, method)
    answer = ask(f"/api/v1/{path}", body, format="json", headers={"Idempotency-Key": str(uuid.uuid4())})
    assert answer.status_code == 202, answer.content
    told: dict[str, Any] = answer.json()
    return told


def meeting(office: Office, *people: str, **fields: Any) -> Event:
    """An event of one's own with people invited, at its server and told."""
    start = soon()
    body = {
        "collection_id": str(Calendar.objects.get().pk),
        "title": "Budget",
        "start": {"at": f"{start:%Y-%m-%dT%H:%M:%S}Z"},
        "attendees": [{"address": each} for each in people],
    }
    told = post(office, "events", body | fields)
    office.mail.work()
    return Event.objects.get(pk=told["object"])


# Who is invited


def test_an_invitation_is_shown_and_put_nowhere_until_it_is_answered(office: Office) -> None:
    message = office.receive(event("LOCATION:Room 1"))
    office.mail.work()
    assert not Event.objects.exists()
    card = office.card(message)
    assert (card["method"], card["item"]["title"], card["item"]["location"]) == ("REQUEST", "Plan", "Room 1")
    assert (card["own"], card["mine"], card["may_answer"], card["event"]) == (ANNA, "NEEDS-ACTION", True, None)
    assert (card["from_organizer"], card["outdated"], card["overlaps"]) == (True, False, [])
    assert card["calendar_id"] == str(Calendar.objects.get().pk)
    rows = office.client.get(f"/api/v1/messages/{message}").json()
    assert rows["invitation"] is True


def test_accepting_puts_it_into_the_calendar_and_tells_who_invites(office: Office) -> None:
    message = office.receive(event())
    office.act(message, action="answer", status="ACCEPTED", comment="Gladly")
    row = Event.objects.get()
    assert row.mine == "ACCEPTED"
    office.mail.work()
    assert itip.attendees_of([there(office, row)])[ANNA].status == "ACCEPTED"
    assert sent(office) == [("REPLY", (BOB,), "Accepted: Plan")]
    whole, said = parts(office.mail.sink.taken[0].data)
    (answer,) = itip.answers(said)
    assert (answer.address, answer.status) == (ANNA, "ACCEPTED")
    assert whole["From"] == f"Anna Rossi <{ANNA}>"
    text = whole.get_payload(0).get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert "Anna Rossi will come." in text
    assert "Gladly" in text
    card = office.card(message)
    assert (card["mine"], card["event"]["calendar"]) == ("ACCEPTED", row.collection.name)


def test_declining_puts_nothing_anywhere_and_is_remembered(office: Office) -> None:
    message = office.receive(event())
    office.act(message, action="answer", status="DECLINED")
    office.mail.work()
    assert not Event.objects.exists()
    assert sent(office) == [("REPLY", (BOB,), "Declined: Plan")]
    assert office.card(message)["mine"] == "DECLINED"


def test_another_mind_changes_the_same_event_and_is_told_again(office: Office) -> None:
    message = office.receive(event())
    for status in ("TENTATIVE", "DECLINED"):
        office.act(message, action="answer", status=status)
        office.mail.work()
    row = Event.objects.get()
    assert row.mine == "DECLINED"
    assert [subject for _, _, subject in sent(office)] == ["Maybe: Plan", "Declined: Plan"]


def test_an_answer_from_the_calendar_is_told_too(office: Office) -> None:
    message = office.receive(event())
    office.act(message, action="add")
    office.mail.work()
    assert sent(office) == []
    row = Event.objects.get()
    assert row.mine == "NEEDS-ACTION"
    post(office, f"events/{row.pk}/answer", {"status": "ACCEPTED"})
    office.mail.work()
    assert sent(office) == [("REPLY", (BOB,), "Accepted: Plan")]
    post(office, f"events/{row.pk}/answer", {"status": "DECLINED", "tell": False})
    office.mail.work()
    assert len(sent(office)) == 1


def test_what_else_is_then_is_shown(office: Office) -> None:
    meeting(office, title="Dentist", attendees=[])
    card = office.card(office.receive(event()))
    assert [each["title"] for each in card["overlaps"]] == ["Dentist"]


def test_an_update_moves_the_event_and_asks_anew(office: Office) -> None:
    office.act(office.receive(event()), action="answer", status="ACCEPTED")
    office.mail.work()
    later = office.receive(event(start=soon(48), sequence=1, title="Plan B"))
    office.mail.work()
    row = Event.objects.get()
    assert (row.title, row.starts_at, row.mine) == ("Plan B", soon(48), "NEEDS-ACTION")
    assert there(office, row).title == "Plan B"
    assert office.card(later)["mine"] == "NEEDS-ACTION"


@pytest.mark.parametrize("sender", ["mallory@elsewhere.example", ANNA])
def test_nobody_but_the_organizer_changes_or_calls_off(office: Office, sender: str) -> None:
    office.act(office.receive(event()), action="answer", status="ACCEPTED")
    office.mail.work()
    office.receive(event(sequence=1, title="Hijacked"), sender=sender)
    message = office.receive(event(sequence=2, method="CANCEL"), sender=sender)
    office.mail.work()
    row = Event.objects.get()
    assert (row.title, row.status) == ("Plan", "")
    card = office.card(message)
    assert (card["from_organizer"], card["sender"]) == (False, sender)


def test_what_is_called_off_is_marked_and_stays(office: Office) -> None:
    office.act(office.receive(event()), action="answer", status="ACCEPTED")
    office.mail.work()
    message = office.receive(event(sequence=1, method="CANCEL"))
    office.mail.work()
    row = Event.objects.get()
    assert row.status == "CANCELLED"
    assert there(office, row).cancelled
    assert office.card(message)["event"]["status"] == "CANCELLED"


def test_an_older_message_that_comes_late_changes_nothing(office: Office) -> None:
    office.act(office.receive(event(sequence=2, title="Newest")), action="answer", status="ACCEPTED")
    office.mail.work()
    late = office.receive(event(sequence=1, title="Old"))
    office.mail.work()
    assert Event.objects.get().title == "Newest"
    assert office.card(late)["outdated"] is True


def test_one_date_of_a_series_is_called_off(office: Office) -> None:
    start = soon()
    office.act(office.receive(event("RRULE:FREQ=DAILY;COUNT=3", start=start)), action="answer", status="ACCEPTED")
    office.mail.work()
    second = soon(48)
    office.receive(event(f"RECURRENCE-ID:{second:%Y%m%dT%H%M%SZ}", start=second, sequence=1, method="CANCEL"))
    office.mail.work()
    window = {"from": f"{start:%Y-%m-%dT%H:%M:%SZ}", "to": f"{soon(96):%Y-%m-%dT%H:%M:%SZ}"}
    found = office.client.get("/api/v1/events", window).json()["items"]
    assert [each["start"] for each in found] == [f"{each:%Y-%m-%dT%H:%M:%SZ}" for each in (start, soon(72))]


def test_who_is_not_invited_can_only_add_it(office: Office) -> None:
    message = office.receive(event(people=(CARA,)))
    card = office.card(message)
    assert (card["own"], card["may_answer"]) == ("", False)
    assert office.act(message, 409, action="answer", status="ACCEPTED")["code"] == "not_invited"
    office.act(message, action="add")
    office.mail.work()
    assert Event.objects.get().title == "Plan"
    assert sent(office) == []


def test_an_invitation_of_nobody_can_be_added_and_not_answered(office: Office) -> None:
    lines = [line for line in event().split("\r\n") if not line.startswith("ORGANIZER")]
    message = office.receive("\r\n".join(lines))
    assert office.card(message)["may_answer"] is False
    office.act(message, 409, action="answer", status="ACCEPTED")
    office.act(message, action="add")
    office.mail.work()
    assert (Event.objects.get().title, sent(office)) == ("Plan", [])


def test_a_reader_of_the_account_sees_the_card_and_answers_nothing(office: Office) -> None:
    message = office.receive(event())
    colleague = office.mail.cast.member
    AccountAccess.objects.create(account=office.mail.account, user_id=colleague.user_id, role="reader")
    client = office.mail.make.client(colleague)
    card = client.get(f"/api/v1/messages/{message}/invitation").json()
    assert (card["may_answer"], card["calendars"]) == (False, [])
    body = {"action": "answer", "status": "ACCEPTED"}
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    answer = client.post(f"/api/v1/messages/{message}/invitation", body, format="json", headers=headers)
    assert answer.status_code == 403


def test_a_message_without_an_invitation_has_no_card(office: Office) -> None:
    message = office.receive("nonsense")
    assert office.client.get(f"/api/v1/messages/{message}/invitation").status_code == 404


# Who invites


def test_those_invited_get_an_invitation_that_they_can_answer(office: Office) -> None:
    row = meeting(office, BOB, CARA)
    assert sent(office) == [("REQUEST", (BOB, CARA), "Invitation: Budget")]
    _, said = parts(office.mail.sink.taken[0].data)
    assert (said.uid, itip.organizer_of(said.items)) == (row.uid, ANNA)
    office.receive(answer_of(row, BOB, "ACCEPTED"), sender=BOB)
    office.receive(answer_of(row, CARA, "DECLINED"), sender=CARA)
    office.mail.work()
    row.refresh_from_db()
    people = itip.attendees_of([there(office, row)])
    assert (people[BOB].status, people[CARA].status) == ("ACCEPTED", "DECLINED")
    assert len(sent(office)) == 1  # an answer is no change that others must hear of


def answer_of(row: Event, who: str, status: str, method: str = "REPLY") -> str:
    """What somebody's program answers to an event."""
    text = itip.reply(bytes(row.data), who, "", status, "20260301T000000Z").decode()
    return text.replace("METHOD:REPLY", f"METHOD:{method}")


def test_nobody_answers_for_another(office: Office) -> None:
    row = meeting(office, BOB)
    office.receive(answer_of(row, BOB, "DECLINED"), sender="mallory@elsewhere.example")
    office.mail.work()
    assert itip.attendees_of([there(office, row)])[BOB].status == "NEEDS-ACTION"


def test_a_change_is_told_once_and_only_when_it_concerns_others(office: Office) -> None:
    row = meeting(office, BOB)
    post(office, f"events/{row.pk}", {"alarms": [10]}, "patch")
    office.mail.work()
    assert len(sent(office)) == 1
    for title in ("Budget 2", "Budget 3"):
        post(office, f"events/{row.pk}", {"title": title}, "patch")
    office.mail.work()
    assert sent(office)[1:] == [("REQUEST", (BOB,), "Updated invitation: Budget 3")]
    post(office, f"events/{row.pk}", {"title": "Quiet", "tell": False}, "patch")
    office.mail.work()
    assert len(sent(office)) == 2


def test_who_is_not_invited_any_more_hears_it_and_deleting_tells_the_rest(office: Office) -> None:
    row = meeting(office, BOB, CARA)
    post(office, f"events/{row.pk}", {"attendees": [{"address": CARA}]}, "patch")
    office.mail.work()
    assert sent(office)[1:] == [("CANCEL", (BOB,), "Cancelled: Budget")]
    post(office, f"events/{row.pk}", {}, "delete")
    office.mail.work()
    assert sent(office)[2:] == [("CANCEL", (CARA,), "Cancelled: Budget")]
    assert not Event.objects.exists()


def test_what_is_made_and_taken_back_at_once_is_told_to_nobody(office: Office) -> None:
    start = soon()
    body = {"collection_id": str(Calendar.objects.get().pk), "title": "Oops", "attendees": [{"address": BOB}],
            "start": {"at": f"{start:%Y-%m-%dT%H:%M:%S}Z"}}  # fmt: skip
    row = post(office, "events", body)["object"]
    post(office, f"events/{row}", {}, "delete")
    office.mail.work()
    assert sent(office) == []


def test_from_one_date_on_there_are_two_series_and_both_are_told(office: Office) -> None:
    row = meeting(office, BOB, rule="FREQ=DAILY;COUNT=5")
    key = f"{soon(72):%Y%m%dT%H%M%S}"
    post(office, f"events/{row.pk}", {"scope": "following", "key": key, "title": "Later"}, "patch")
    office.mail.work()
    assert sorted(sent(office)[1:]) == [
        ("REQUEST", (BOB,), "Invitation: Later"),
        ("REQUEST", (BOB,), "Updated invitation: Budget"),
    ]


def test_another_time_that_is_proposed_is_taken_or_refused(office: Office) -> None:
    row = meeting(office, BOB)
    first, second = soon(), soon(30)
    counter = answer_of(row, BOB, "TENTATIVE", "COUNTER")
    counter = counter.replace(f"{first:%Y%m%dT%H%M%SZ}", f"{second:%Y%m%dT%H%M%SZ}", 1)
    counter = counter.replace(f"{soon(25):%Y%m%dT%H%M%SZ}", f"{soon(31):%Y%m%dT%H%M%SZ}")
    message = office.receive(counter, sender=BOB)
    card = office.card(message)
    assert (card["method"], card["organizes"], card["answer"]["address"]) == ("COUNTER", True, BOB)
    assert card["instance"]["start"] == f"{second:%Y-%m-%dT%H:%M:%SZ}"
    office.act(message, action="refuse")
    office.mail.work()
    assert sent(office)[-1] == ("DECLINECOUNTER", (BOB,), "The time stays: Budget")
    office.act(message, action="accept")
    office.mail.work()
    row.refresh_from_db()
    assert row.starts_at == second
    assert sent(office)[-1] == ("REQUEST", (BOB,), "Updated invitation: Budget")


def test_a_mail_that_cannot_be_sent_is_said_and_the_event_stays(office: Office) -> None:
    office.diary.events()
    without = {name: value for name, value in office.mail.account.settings.items() if name != "smtp"}
    ProviderAccount.objects.update(settings=without)
    row = meeting(office, BOB)
    told = [data for name, data in office.diary.events() if name == "command:failed"]
    assert [one["sentence"].startswith("Those invited were not told:") for one in told] == [True]
    assert Event.objects.filter(pk=row.pk, etag__gt="").exists()


def test_a_mail_whose_sending_was_cut_short_leaves_once(office: Office) -> None:
    message = office.receive(event())
    office.act(message, action="answer", status="ACCEPTED")
    office.mail.step()  # the reply is a message now, and on its way
    Command.objects.filter(kind="scheduling", action="reply").update(state=State.PENDING, finished_at=None)
    office.mail.work()
    assert len(office.mail.sink.taken) == 1
    assert Draft.objects.count() == 1
