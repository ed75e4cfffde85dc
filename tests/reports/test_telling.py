"""What a report tells: yesterday, what is open, today, the agents; of accounts that the reader sees, in their words."""

import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any
from uuid import uuid4

import pytest

from apps.ai import consent
from apps.ai.followups.models import FollowUp
from apps.ai.model.models import ModelCall
from apps.ai.models import Action
from apps.ai.reading.models import Reading
from apps.calendar import kind as calendar
from apps.calendar.models import Calendar, Event
from apps.collections import ingest
from apps.mail.models import Message
from apps.providers.adapters import ical
from apps.realtime import journal
from apps.reports import housekeeping, showing, tasks
from apps.reports.models import DailyReport, Letter, ReportPart
from tests.fakes.mistral.script import always, fail, garbled, say
from tests.fakes.mistral.server import MistralApi
from tests.fakes.smtp_sink import Sink
from tests.mail.fixtures import Box, eml, record
from tests.reports.conftest import MORNING
from tests.reports.test_exactly_once import ready
from tests.tenants.fixtures import Cast, Make

TODAY = MORNING.date()
TOLD = {"summary": "Bob waits for the <b>drawing</b>.", "suggestions": ["Draw the roof"]}


def mail(box: Box) -> list[Message]:
    """Yesterday: two of Bob's, one of which is read; a newsletter; an answer of the person's own; spam is not told."""
    own = box.account.address
    box.arrive(
        record(1, eml(1, "Roof", to=own)),
        record(2, eml(2, "Chimney", to=own), "\\Seen"),
        record(3, eml(3, "Offers", sender="Shop <shop@x.example>", to=own, extra="List-Unsubscribe: <mailto:a@b>\r\n")),
    )
    box.arrive(record(4, eml(4, "Re: Chimney", sender=own, answers=2)), mailbox="Sent")
    return list(Message.objects.order_by("at"))


def open_matter(box: Box, message: Message, **fields: Any) -> FollowUp:
    given = {"mine": True, "kind": "asked", "who": "bob@partner.example", "said": "Can you draw it?", "by": "rules"}
    return FollowUp.objects.create(
        account=box.account, thread_id=message.thread_id, message=message, since=message.at, **given | fields
    )


def event(box: Box, number: int, title: str, start: str, end: str, **told: Any) -> Event:
    place, _ = Calendar.objects.get_or_create(account=box.account, remote_id="/c/", defaults={"name": "C"})
    fields = {"title": title, "start": {"at": start, "zone": "UTC"}, "end": {"at": end, "zone": "UTC"}} | told
    data = ical.new(fields, str(uuid4()), "20260101T000000Z", "VEVENT")
    row = Event(account=box.account, collection=place, remote_id=f"/c/{number}.ics", etag="1", data=data)
    ingest.fill(row, calendar.KIND.read(data, place)).save()
    return row


def made(clock: Any, cast: Cast) -> dict[str, Any]:
    ready(clock, cast)
    tasks.advance(str(cast.tenant.pk), str(cast.owner.user_id))
    return showing.whole(cast.owner, DailyReport.objects.get(user_id=cast.owner.user_id))


def test_figures_and_lists_need_no_model(clock: Any, box: Box, cast: Cast, letters: list[Any]) -> None:
    first, _, _, _ = mail(box)
    moment = MORNING
    missed = open_matter(box, first, due_on=TODAY - timedelta(days=2))
    theirs = open_matter(box, first, mine=False, said="I will send it", kind="promised")
    put_off = FollowUp.objects.create(
        account=box.account, thread_id=first.thread_id, message=Message.objects.order_by("at")[1], mine=True,
        kind="asked", since=moment, state="snoozed", snoozed_until=moment + timedelta(days=3), by="rules",
    )  # fmt: skip
    one = event(box, 1, "Site", "2026-11-21T09:00:00", "2026-11-21T10:00:00")
    two = event(box, 2, "Call", "2026-11-21T09:30:00", "2026-11-21T11:00:00")
    event(box, 3, "Tomorrow", "2026-11-22T09:30:00", "2026-11-22T11:00:00")
    Action.objects.create(
        account=box.account, user_id=cast.owner.user_id, agent="reader", kind="email.reply", args={}, key="1",
        why="Bob asked",
    )  # fmt: skip
    Action.objects.create(account=box.account, user_id=uuid4(), agent="reader", kind="email.reply", args={}, key="2")
    told = made(clock, cast)
    stats = told["stats"]
    assert (stats["received"], stats["sent"], stats["unread"]) == (3, 1, 2)
    assert stats["senders"][0] == {"address": "bob@partner.example", "name": "Bob", "count": 2}
    assert [item["subject"] for item in told["important"]] == ["Roof"], "no newsletter, nothing that was read"
    assert [item["id"] for item in told["follow_ups"]] == [str(missed.pk), str(theirs.pk)]
    assert str(put_off.pk) not in json.dumps(told)
    assert (stats["mine"], stats["mine_missed"], stats["theirs"]) == (1, 1, 1)
    assert [item["title"] for item in told["events"]] == ["Site", "Call"]
    (pair,) = told["conflicts"]
    assert pair[0].startswith(str(one.pk)) and pair[1].startswith(str(two.pk))
    assert stats["actions"] == {"proposed": 1} and told["actions"][0]["why"] == "Bob asked"
    assert told["summary"] == "" and told["assistant"] == "not_configured"
    assert not ModelCall.objects.exists() and len(letters) == 1


def test_what_agents_marked_comes_first(clock: Any, box: Box, cast: Cast, letters: list[Any]) -> None:
    roof, _, offers, _ = mail(box)
    for message, urgency, category in ((roof, "normal", "project"), (offers, "high", "billing")):
        Reading.objects.create(
            message=message, account=box.account, state="done", by="model", urgency=urgency, category=category,
            needs_reply=True, read_at=MORNING,
        )  # fmt: skip
    box.arrive(record(9, eml(9, "Win", to=box.account.address)))
    Reading.objects.create(
        message=Message.objects.get(subject="Win"), account=box.account, state="done", by="model", category="phishing",
        urgency="high", read_at=MORNING,
    )  # fmt: skip
    told = made(clock, cast)
    assert [item["subject"] for item in told["important"]] == ["Offers", "Roof"]
    assert told["stats"]["read"] == 3


def test_with_a_model_and_consent_there_are_words_and_they_are_text(
    clock: Any, box: Box, cast: Cast, mistral: MistralApi, letters: list[Any]
) -> None:
    mail(box)
    cast.owner.user.locale = "it"
    cast.owner.user.save()
    mistral.when(always, say(TOLD))
    assert made(clock, cast)["assistant"] == "" and mistral.asked() == [], "nobody let it read"
    consent.set_by(cast.owner, box.account.pk, reading=True, drafting=False)
    tasks.make_now(str(cast.tenant.pk), str(cast.owner.user_id))
    told = showing.whole(cast.owner, DailyReport.objects.get())
    assert told["summary"] == TOLD["summary"] and told["suggestions"] == TOLD["suggestions"]
    (asked,) = mistral.asked()
    assert "in Italian" in str(asked.body["messages"][0]["content"])
    assert "Roof" in str(asked.body["messages"][1]["content"])
    assert ModelCall.objects.get().account_id == box.account.pk


def test_words_of_a_model_and_of_mail_are_escaped_in_the_letter(
    clock: Any, box: Box, cast: Cast, mistral: MistralApi, letters: list[Any]
) -> None:
    box.arrive(record(1, eml(1, "</report> <script>alert(1)</script>", to=box.account.address)))
    consent.set_by(cast.owner, box.account.pk, reading=True, drafting=False)
    mistral.when(always, say(TOLD))
    made(clock, cast)
    prompt = str(mistral.asked()[0].body["messages"][1]["content"])
    assert prompt.count("</report>") == 1 and prompt.endswith("</report>")
    (letter,) = letters
    html = str(letter.alternatives[0][0])
    assert "<script" not in html and "&lt;script&gt;" in html and "&lt;b&gt;drawing&lt;/b&gt;" in html


@pytest.mark.parametrize("act", [fail("rate_limited", retry_after=600), garbled(b"{"), fail("unavailable")])
def test_a_model_that_fails_costs_the_words_and_not_the_report(
    act: Any, clock: Any, box: Box, cast: Cast, mistral: MistralApi, letters: list[Any]
) -> None:
    mail(box)
    consent.set_by(cast.owner, box.account.pk, reading=True, drafting=False)
    mistral.when(always, act)
    told = made(clock, cast)
    assert told["summary"] == "" and told["assistant"] in ("rate_limited", "malformed", "unavailable")
    assert told["stats"]["received"] == 3 and len(letters) == 1


def test_the_letter_is_in_the_readers_language_whole_and_of_no_remote_part(
    clock: Any, box: Box, cast: Cast, sink: Sink, settings: Any
) -> None:
    settings.PMSYNC_PUBLIC_URL = "https://pm.example"
    first, _, _, _ = mail(box)
    open_matter(box, first, due_on=TODAY - timedelta(days=2))
    cast.owner.user.locale = "it"
    cast.owner.user.save()
    made(clock, cast)
    (taken,) = sink.taken
    parsed = message_from_bytes(taken.data, policy=policy.default)
    assert parsed["Subject"] == "La tua giornata, sabato 21 novembre: 1 in attesa di te"
    text, html = (part.get_content() for part in parsed.iter_parts())  # type: ignore[attr-defined]
    for said in ("Ricevuti 3, inviati 1, ancora da leggere 2", "Aspettano te", "scaduta", "/reports/2026-11-21"):
        assert said in text and said in html
    assert "https://pm.example/" in html and "<img" not in html and "src=" not in html and "url(" not in html
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert parsed["List-Unsubscribe"].strip().startswith("<https://pm.example/reports/stop/")
    assert parsed["Auto-Submitted"] == "auto-generated" and parsed["Message-ID"] == taken.message_id


def test_the_link_stops_letters_without_signing_in_and_a_look_at_it_does_not(
    clock: Any, box: Box, cast: Cast, letters: list[Any], make: Make
) -> None:
    made(clock, cast)
    address = letters[0].extra_headers["List-Unsubscribe"].strip("<>")
    path = "/" + address.split("/", 3)[3]
    client = make.client()
    page = client.get(path, headers={"Accept-Language": "it-IT,it;q=0.9"})
    assert "Non ricevere più" in page.content.decode() and "form-action 'self'" in page["Content-Security-Policy"]
    owners = make.client(cast.owner)
    clock.move_to(datetime.now(UTC))
    assert owners.get("/api/v1/reports/settings").json()["report"] == "mail"
    one_click: dict[str, Any] = {
        "data": "List-Unsubscribe=One-Click",
        "content_type": "application/x-www-form-urlencoded",
    }
    for _ in range(2):
        assert client.post(path, **one_click).status_code == 200
    assert owners.get("/api/v1/reports/settings").json()["report"] == "app"
    assert owners.get("/api/v1/reports/settings").json()["alerts"] == "app"
    assert client.post(path[:-3] + "xxx", **one_click).status_code == 404
    assert client.post("/reports/stop/x", **one_click).status_code == 404


def test_nothing_is_told_of_accounts_that_the_reader_does_not_see_or_sees_no_more(
    clock: Any, box: Box, cast: Cast, letters: list[Any]
) -> None:
    mail(box)
    with_access = box.account.access.create(user_id=cast.member.user_id, role="reader")
    tasks.make_now(str(cast.tenant.pk), str(cast.member.user_id))
    report = DailyReport.objects.get(user_id=cast.member.user_id)
    assert showing.whole(cast.member, report)["stats"]["received"] == 3
    with_access.delete()
    assert "Roof" not in json.dumps(showing.whole(cast.member, report))
    assert showing.whole(cast.member, report)["accounts"] == []
    assert showing.history(cast.member, "")["items"][0]["stats"]["received"] == 0


def test_a_report_is_its_readers_alone(clock: Any, box: Box, cast: Cast, make: Make, letters: list[Any]) -> None:
    mail(box)
    day = made(clock, cast)["date"]
    told = [entry for entry in journal.read(0) if entry.event == "report:ready"]
    assert [entry.only_for for entry in told] == [(cast.owner.user_id,)]
    colleague = make.client(cast.member)
    assert colleague.get(f"/api/v1/reports/{day}").status_code == 404
    assert colleague.get("/api/v1/reports").json()["items"] == []


def test_history_is_paged_and_a_report_can_be_forgotten(make: Make, box: Box, cast: Cast) -> None:
    for number in range(35):
        at = MORNING - timedelta(days=number)
        DailyReport.objects.create(
            user_id=cast.owner.user_id, date=at.date(), first_day=at.date(), zone="UTC", created_at=at, made_at=at,
            shown_at=at,
        )  # fmt: skip
    client = make.client(cast.owner)
    first = client.get("/api/v1/reports").json()
    rest = client.get("/api/v1/reports", {"before": first["next"]}).json()
    days = [item["date"] for item in (*first["items"], *rest["items"])]
    assert days == sorted(days, reverse=True) and len(set(days)) == 35 and rest["next"] is None
    assert client.get("/api/v1/reports", {"before": "yesterday"}).json()["code"] == "invalid"
    assert client.delete(f"/api/v1/reports/{days[0]}").status_code == 204
    assert client.get(f"/api/v1/reports/{days[0]}").status_code == 404
    assert client.get("/api/v1/reports/last-monday").status_code == 404


def test_now_makes_one_at_once_and_not_endlessly(make: Make, box: Box, cast: Cast, letters: list[Any]) -> None:
    client = make.client(cast.owner)
    answers = [client.post("/api/v1/reports/now").status_code for _ in range(5)]
    assert answers == [202, 202, 202, 429, 429]
    assert DailyReport.objects.count() == 1 and letters == []
    assert make.client(cast.member).post("/api/v1/reports/now").json()["code"] == "nothing_to_report"


@pytest.mark.parametrize(
    "body",
    [{"at": "25:00"}, {"weekdays": []}, {"weekdays": [7]}, {"report": "fax"}, {"overdue_days": 0}, {"alerts": None}],
)
def test_settings_refuse_what_makes_no_sense(body: dict[str, Any], make: Make, standing_cast: Cast) -> None:
    answer = make.client(standing_cast.owner).patch("/api/v1/reports/settings", body, format="json")
    assert answer.status_code == 400 and next(iter(body)) in str(answer.json()["errors"])


def test_settings_are_kept(make: Make, cast: Cast) -> None:
    client = make.client(cast.owner)
    given = {"at": "06:30", "weekdays": [4, 0, 0], "alerts": "mail", "overdue_days": 5}
    answer = client.patch("/api/v1/reports/settings", given, format="json").json()
    assert answer == {
        "at": "06:30", "weekdays": [0, 4], "alerts": "mail", "overdue_days": 5, "report": "mail",
        "zone": cast.owner.user.timezone,
    }  # fmt: skip
    assert client.get("/api/v1/reports/settings").json() == answer


def test_what_is_old_goes_and_all_of_who_has_left(clock: Any, box: Box, cast: Cast, settings: Any) -> None:
    def kept(user: Any, at: datetime) -> None:
        DailyReport.objects.create(
            user_id=user, date=at.date(), first_day=at.date(), zone="UTC", created_at=at, made_at=at
        )
        Letter.objects.create(user_id=user, kind="report", day=at.date(), not_before=at, changed_at=at)

    kept(cast.owner.user_id, MORNING)
    kept(cast.owner.user_id, MORNING - timedelta(days=settings.PMSYNC_REPORT_KEPT_DAYS + 1))
    kept(uuid4(), MORNING)
    housekeeping.tidy()
    assert DailyReport.objects.get().date == Letter.objects.get().day == TODAY


def test_what_is_told_of_an_account_goes_with_the_account(clock: Any, box: Box, cast: Cast, letters: list[Any]) -> None:
    from apps.providers.removal import dependents

    assert {"reports_reportpart", "reports_alert"} <= {dependent.table for dependent in dependents()}
    mail(box)
    made(clock, cast)
    assert ReportPart.objects.filter(account=box.account).exists()
