"""The agents read along: from the journal, once each, without holding anything up; rules where they suffice."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from apps.ai import consent, tasks
from apps.ai.followups import tracking
from apps.ai.followups.models import FollowUp
from apps.ai.followups.tracking import Matter
from apps.ai.model import switches
from apps.ai.model.models import ModelCall
from apps.ai.models import Action
from apps.ai.reading import lease, runner, stream
from apps.ai.reading.models import AgentCursor, Reading
from apps.calendar.models import Calendar
from apps.core.ids import new_id
from apps.mail import queries
from apps.mail.models import Message, Thread
from apps.realtime import journal
from tests.fakes.mistral.script import always, fail, garbled, say
from tests.fakes.mistral.server import MistralApi
from tests.mail.fixtures import Box, record
from tests.tenants.fixtures import Cast

BOB = "Bob <bob@partner.example>"


def letter(
    box: Box, number: int, body: str, *, sender: str = BOB, subject: str = "Roof", answers: int | None = None,
    ago: timedelta = timedelta(hours=2), extra: str = "",
) -> bytes:  # fmt: skip
    """A message to, or from, the account's own person, written lately."""
    own = box.account.address
    me = sender == "me"
    at = datetime.now(UTC) - ago + timedelta(seconds=number)
    refs = f"In-Reply-To: <{answers}@test>\r\nReferences: <{answers}@test>\r\n" if answers is not None else ""
    return (
        f"From: {own if me else sender}\r\nTo: {'bob@partner.example' if me else own}\r\nSubject: {subject}\r\n"
        f"Date: {at:%a, %d %b %Y %H:%M:%S +0000}\r\nMessage-ID: <{number}@test>\r\n{refs}{extra}"
        f"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n"
    ).encode()


def receive(box: Box, number: int, body: str, mailbox: str = "INBOX", live: bool = True, **fields: Any) -> Message:
    raw = letter(box, number, body, **fields)
    at = datetime.now(UTC) - fields.get("ago", timedelta(hours=2)) + timedelta(seconds=number)
    item = record(number, raw, identity=f"i:{number}")
    box.arrive(item.__class__(number, item.flags, item.identity, at, len(raw), raw), mailbox=mailbox, live=live)
    return Message.objects.get(message_id=f"{number}@test")


def understanding(**fields: Any) -> dict[str, Any]:
    """What a model says of a message of which nothing is to be said."""
    told: dict[str, Any] = {
        "category": "project", "urgency": "normal", "sentiment": "neutral", "language": "en", "needs_reply": False,
        "turn": "nothing", "request": "", "deadline": None, "tasks": [], "events": [],
    }  # fmt: skip
    return told | fields


def follow_ups(**fields: Any) -> list[FollowUp]:
    return list(FollowUp.objects.filter(**fields).order_by("since"))


def events(box: Box) -> list[tuple[str, Any]]:
    entries = journal.read(box.seen)
    box.seen = entries[-1].seq if entries else box.seen
    return [(entry.event, json.loads(entry.data)) for entry in entries]


# The stream


def test_new_mail_is_read_once_and_told(box: Box, cast: Cast, mistral: MistralApi) -> None:
    stream.take_in()
    message = receive(box, 1, "Can you send me the drawing of the roof by Friday?")
    mistral.when(always, say(understanding(urgency="high", needs_reply=True, turn="waiting_on_me")))
    box.events()
    assert runner.run() is None
    told = [(name, data) for name, data in events(box) if name.startswith("ai:")]
    assert [name for name, _ in told] == ["ai:classification_done", "ai:followup_update"]
    assert told[0][1]["message_id"] == str(message.pk)
    assert told[0][1]["ai"] | {"by": "model"} == told[0][1]["ai"]
    assert queries.message(cast.owner, message.pk)["ai"]["urgency"] == "high"
    assert runner.run() is None
    assert events(box) == [] and len(mistral.asked()) == 1


def test_the_follower_knows_what_may_be_read() -> None:
    account = new_id()
    assert stream.concerns([journal.Event("email:new", account, {})])
    assert stream.concerns([journal.Event("email:unread_count_update", account, {"backfill": True})])
    assert not stream.concerns([journal.Event("email:unread_count_update", account, {"backfill": False})])
    assert not stream.concerns([journal.Event("email:update", account, {})])


def test_a_commit_wakes_a_reader_where_somebody_lets_it(box: Box, cast: Cast, eager: None, mistral: MistralApi) -> None:
    stream.take_in()
    message = receive(box, 1, "Hello")
    assert list(Reading.objects.values_list("pk", "state")) == [(message.pk, "done")]
    consent.set_by(cast.owner, box.account.pk, reading=False, drafting=False)
    receive(box, 2, "Hello again")
    assert Reading.objects.count() == 1


def test_the_sweep_finds_what_a_lost_task_left_and_forgets_what_is_old(
    box: Box, cast: Cast, eager: None, mistral: MistralApi
) -> None:
    receive(box, 1, "Hello")
    stream.recent(box.account.pk)
    Reading.objects.update(state="waiting", not_before=datetime.now(UTC) - timedelta(seconds=1))
    tasks.look(str(cast.tenant.pk))
    assert Reading.objects.get().state == "done"
    ModelCall.objects.update(at=datetime.now(UTC) - timedelta(days=400))
    tasks.look(str(cast.tenant.pk))
    assert not ModelCall.objects.exists()


def test_nobody_is_read_without_consent(cast: Cast, box: Box, mistral: MistralApi) -> None:
    consent.set_by(cast.owner, box.account.pk, reading=False, drafting=False)
    receive(box, 1, "Can you come?")
    runner.run()
    assert not Reading.objects.exists() and mistral.journal == []


def test_consent_taken_back_stops_what_waits(cast: Cast, box: Box, mistral: MistralApi) -> None:
    receive(box, 1, "Can you come?")
    stream.recent(box.account.pk)
    consent.set_by(cast.owner, box.account.pk, reading=False, drafting=False)
    runner.run()
    assert not Reading.objects.exists() and mistral.journal == []


def test_a_first_import_is_read_only_where_it_is_recent(box: Box, mistral: MistralApi) -> None:
    stream.take_in()
    receive(box, 1, "Old news", ago=timedelta(days=40), live=False)
    recent = receive(box, 2, "Fresh news", live=False, subject="Other")
    receive(box, 3, "A draft", live=False, subject="Third")
    receive(box, 4, "Mine", mailbox="Sent", sender="me", subject="Fourth", ago=timedelta(days=20), live=False)
    stream.recent(box.account.pk)
    assert recent.pk in set(Reading.objects.values_list("pk", flat=True))
    assert Reading.objects.count() == 2


def test_a_journal_that_forgot_is_noticed_and_the_mailbox_looked_through(box: Box, mistral: MistralApi) -> None:
    stream.take_in()
    message = receive(box, 1, "Can you come?")
    journal.prune(datetime.now(UTC) + timedelta(days=1))
    stream.take_in()
    assert AgentCursor.objects.get().gaps == 1
    assert Reading.objects.get().pk == message.pk
    stream.take_in()
    assert AgentCursor.objects.get().gaps == 1


def test_one_reads_at_a_time_and_one_that_died_is_followed(box: Box, mistral: MistralApi) -> None:
    receive(box, 1, "Can you come?")
    stream.recent(box.account.pk)
    with lease.take() as held:
        assert held is not None
        assert runner.run() is None
    assert Reading.objects.get().state == "waiting"
    AgentCursor.objects.update(leased_by=new_id(), leased_until=datetime.now(UTC) - timedelta(seconds=1))
    runner.run()
    assert Reading.objects.get().state == "done"


def test_a_long_backlog_gives_way(box: Box, mistral: MistralApi) -> None:
    for number in range(1, 4):
        receive(box, number, "Can you come?", subject=f"Topic {number}")
    stream.recent(box.account.pk)
    assert runner.run(seconds=-1) == 0.0
    assert Reading.objects.filter(state="waiting").count() == 3


def test_switched_off_nothing_is_read(box: Box, cast: Cast, mistral: MistralApi) -> None:
    receive(box, 1, "Can you come?")
    stream.recent(box.account.pk)
    switches.change(cast.owner.user_id, enabled=False)
    assert runner.run() is None
    assert Reading.objects.get().state == "waiting" and mistral.journal == []


# Rules and model


@pytest.mark.parametrize(
    ("extra", "sender", "subject", "category"),
    [
        ("List-Unsubscribe: <https://x.example/u>\r\n", "News <news@letter.example>", "Five ideas?", "newsletter"),
        ("List-Id: <tiles.lists.example>\r\n", BOB, "[tiles] Who knows?", "list"),
        ("Auto-Submitted: auto-replied\r\n", BOB, "Automatic reply: Roof", "auto_reply"),
        ("Auto-Submitted: auto-generated\r\n", "Bank <no-reply@bank.example>", "Statement", "notification"),
        ("Precedence: bulk\r\n", "Shop <shop@shop.example>", "Sale", "newsletter"),
        ("Auto-Submitted: auto-replied\r\n", "MAILER-DAEMON <mailer-daemon@mx.example>", "Undelivered mail", "bounce"),
    ],
)
def test_what_the_head_tells_needs_no_model(
    box: Box, mistral: MistralApi, extra: str, sender: str, subject: str, category: str
) -> None:
    receive(box, 1, "Would you like to know more?", sender=sender, subject=subject, extra=extra)
    stream.recent(box.account.pk)
    runner.run()
    row = Reading.objects.get()
    assert (row.by, row.category, row.needs_reply) == ("rules", category, False)
    assert mistral.journal == []


def test_without_a_model_rules_say_what_they_can(box: Box, settings: Any) -> None:
    settings.MISTRAL_API_KEY = ""
    receive(box, 1, "Could you please send me the drawing of the roof by tomorrow? It is urgent for us.")
    stream.recent(box.account.pk)
    runner.run()
    row = Reading.objects.get()
    assert (row.state, row.by, row.error) == ("done", "rules", "not_configured")
    assert (row.category, row.urgency, row.needs_reply, row.language) == ("", "high", True, "en")
    (matter,) = follow_ups()
    assert matter.mine and matter.who == "bob@partner.example" and matter.by == "rules"
    assert matter.due_on == (datetime.now(UTC) - timedelta(hours=2) + timedelta(seconds=1, days=1)).date()


def test_a_model_that_is_away_is_asked_again_and_then_rules_do(
    box: Box, mistral: MistralApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    mistral.when(always, fail("rate_limited", retry_after=30))
    receive(box, 1, "Can you come?")
    stream.recent(box.account.pk)
    waits = []
    for _ in range(4):
        waits.append(runner.run())
        Reading.objects.update(not_before=datetime.now(UTC) - timedelta(seconds=1))
    assert all(wait is not None and 0 < wait <= 30 for wait in waits[:3]) and waits[3] is None
    row = Reading.objects.get()
    assert (row.state, row.by, row.error) == ("done", "rules", "rate_limited")
    assert len(mistral.journal) == 4


def test_an_answer_without_sense_leaves_it_to_the_rules(box: Box, cast: Cast, mistral: MistralApi) -> None:
    mistral.when(always, fail("unauthorized"))
    receive(box, 1, "Can you come?")
    stream.recent(box.account.pk)
    runner.run()
    assert Reading.objects.get().error == "key_refused"
    mistral.when(always, garbled("nonsense"))
    receive(box, 2, "Can you come, too?", subject="Other")
    stream.recent(box.account.pk)
    assert runner.run() is not None
    assert Reading.objects.get(message__message_id="2@test").tries == 1


# Follow-ups


def test_asked_and_answered(box: Box, settings: Any) -> None:
    settings.MISTRAL_API_KEY = ""
    stream.take_in()
    receive(box, 1, "Can you send me the drawing of the roof?")
    runner.run()
    (row,) = follow_ups()
    assert (row.state, row.mine, row.kind) == ("open", True, "asked")
    receive(box, 2, "Here it is, with the measures.", mailbox="Sent", sender="me", answers=1)
    runner.run()
    assert [row.state for row in follow_ups()] == ["done"]


def test_promised_and_waited_for(box: Box, settings: Any) -> None:
    settings.MISTRAL_API_KEY = ""
    stream.take_in()
    receive(box, 1, "Bob, when do we get the tiles?", mailbox="Sent", sender="me")
    runner.run()
    assert [(row.mine, row.kind) for row in follow_ups(state="open")] == [(False, "asked")]
    receive(box, 2, "You will have them on Tuesday.", answers=1)
    runner.run()
    (row,) = follow_ups(state="open")
    assert (row.mine, row.kind, row.who) == (False, "promised", "bob@partner.example")
    assert row.due_on is not None and row.due_on.weekday() == 1


def test_a_message_that_comes_to_another_conversation_brings_its_row_along(box: Box) -> None:
    message = receive(box, 1, "Can you send me the plan?")
    matter = Matter(message.pk, True, "question", "bob@test", "Can you send me the plan?", None, message.at)
    other = Thread.objects.create(account=box.account, subject="Joined")
    with transaction.atomic():
        tracking.settle(box.account, message.thread_id, [matter], "rules")
        assert tracking.settle(box.account, other.pk, [matter], "rules")
    row = FollowUp.objects.get()
    assert (row.thread_id, row.state) == (other.pk, FollowUp.State.OPEN)


def test_an_answer_in_another_thread_closes_it(box: Box, settings: Any) -> None:
    settings.MISTRAL_API_KEY = ""
    stream.take_in()
    receive(box, 1, "Ten or twenty millimetre gravel?", subject="Gravel for the drive")
    runner.run()
    receive(box, 2, "See you at nine. And take the ten millimetre.", subject="Saturday", mailbox="Sent", sender="me")
    runner.run()
    assert [row.state for row in follow_ups()] == ["done"]


def test_what_a_person_dismissed_stays_dismissed(box: Box, cast: Cast, settings: Any, make: Any) -> None:
    settings.MISTRAL_API_KEY = ""
    stream.take_in()
    receive(box, 1, "Can you send me the drawing of the roof?")
    runner.run()
    client = make.client(cast.owner)
    (item,) = client.get("/api/v1/follow-ups?direction=mine").json()["items"]
    assert item["said"] == "Can you send me the drawing of the roof?" and item["missed"] is False
    answer = client.patch(f"/api/v1/follow-ups/{item['id']}", {"state": "dismissed"}, format="json")
    assert answer.json()["state"] == "dismissed"
    receive(box, 2, "Also, Bob wrote the other day.", answers=1)
    runner.run()
    assert [row.state for row in follow_ups(message__message_id="1@test")] == ["dismissed"]
    assert client.get("/api/v1/follow-ups").json()["items"] == []


def test_put_off_it_comes_back_by_itself(box: Box, cast: Cast, settings: Any, make: Any) -> None:
    settings.MISTRAL_API_KEY = ""
    stream.take_in()
    receive(box, 1, "Can you send me the drawing of the roof?", ago=timedelta(days=5))
    stream.recent(box.account.pk)
    runner.run()
    client = make.client(cast.owner)
    (item,) = client.get("/api/v1/follow-ups?missed=true").json()["items"]
    path, later = f"/api/v1/follow-ups/{item['id']}", datetime.now(UTC) + timedelta(hours=1)
    assert client.patch(path, {"state": "snoozed"}, format="json").status_code == 400
    assert client.patch(path, {"state": "snoozed", "until": later.isoformat()}, format="json").status_code == 200
    assert client.get("/api/v1/follow-ups").json()["items"] == []
    assert len(client.get("/api/v1/follow-ups?state=snoozed").json()["items"]) == 1
    FollowUp.objects.update(snoozed_until=datetime.now(UTC) - timedelta(minutes=1))
    assert [one["id"] for one in client.get("/api/v1/follow-ups").json()["items"]] == [item["id"]]


# Suggestions


def test_tasks_and_dates_become_proposals(box: Box, diary: Calendar, mistral: MistralApi) -> None:
    stream.take_in()
    day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    told = understanding(
        tasks=[
            {"what": "Send the drawing", "who": "me", "due": day},
            {"what": "Order tiles", "who": "them", "due": None},
        ],
        events=[
            {"title": "Site visit", "start": f"{day}T10:00", "end": None, "location": "Mill Lane"},
            {"title": "Long ago", "start": "2020-01-01", "end": None, "location": ""},
            {"title": "Nonsense", "start": "soon", "end": "2026-99-99", "location": ""},
        ],
    )
    mistral.when(always, say(told))
    message = receive(box, 1, "We meet on site. Please send the drawing.")
    box.events()
    runner.run()
    rows = list(Action.objects.order_by("created_at"))
    assert [row.kind for row in rows] == ["task.create", "calendar.create"]
    assert {row.args["calendar_id"] for row in rows} == {str(diary.pk)}
    assert rows[0].args["fields"] == {"title": "Send the drawing", "due": {"date": day}}
    assert rows[1].args["fields"] == {
        "title": "Site visit", "location": "Mill Lane",
        "start": {"at": f"{day}T10:00:00", "zone": "UTC"}, "end": {"at": f"{day}T11:00:00", "zone": "UTC"},
    }  # fmt: skip
    assert rows[0].sources == [{"type": "message", "id": str(message.pk)}] and rows[0].state == "proposed"
    data = next(data for name, data in events(box) if name == "ai:task_suggest")
    assert [one["kind"] for one in data["suggestions"]] == ["task.create", "calendar.create"]


def test_a_reader_that_died_before_its_end_proposes_nothing_twice(
    box: Box, diary: Calendar, mistral: MistralApi
) -> None:
    told = understanding(tasks=[{"what": "Send the drawing", "who": "me", "due": None}])
    mistral.when(always, say(told))
    receive(box, 1, "Please send the drawing.")
    stream.recent(box.account.pk)
    runner.run()
    Reading.objects.update(state="waiting")
    runner.run()
    assert Action.objects.count() == 1


def test_what_cannot_be_carried_out_is_not_proposed(box: Box, mistral: MistralApi) -> None:
    mistral.when(always, say(understanding(tasks=[{"what": "Send it", "who": "me", "due": None}])))
    receive(box, 1, "Please send the drawing.")
    stream.recent(box.account.pk)
    runner.run()
    assert Reading.objects.get().state == "done" and not Action.objects.exists()


def test_a_draft_is_proposed_where_the_person_wants_that(box: Box, cast: Cast, mistral: MistralApi) -> None:
    mistral.when(always, say("Dear Bob,\nFriday suits me.\nAnna"))
    needs = understanding(needs_reply=True, turn="waiting_on_me", request="Does Friday suit you?")
    mistral.when(lambda asked: asked.schema is not None, say(needs))
    receive(box, 1, "Does Friday suit you?")
    stream.recent(box.account.pk)
    runner.run()
    assert not Action.objects.exists()
    consent.set_by(cast.owner, box.account.pk, reading=True, drafting=True)
    message = receive(box, 2, "Or does Saturday suit you?", subject="Other day")
    stream.recent(box.account.pk)
    runner.run()
    (action,) = Action.objects.all()
    assert action.kind == "email.reply"
    assert action.args["message_id"] == str(message.pk)
    assert action.args["text"] == "Dear Bob,\nFriday suits me.\nAnna"


def test_a_removed_message_is_forgotten(box: Box, mistral: MistralApi) -> None:
    message = receive(box, 1, "Can you come?")
    stream.recent(box.account.pk)
    Message.objects.filter(pk=message.pk).update(orphaned_at=datetime.now(UTC))
    runner.run()
    assert not Reading.objects.exists() and mistral.journal == []


def test_what_was_made_of_an_account_can_be_erased(box: Box, cast: Cast, mistral: MistralApi, make: Any) -> None:
    mistral.when(always, say(understanding(needs_reply=True, turn="waiting_on_me")))
    receive(box, 1, "Can you come?")
    stream.recent(box.account.pk)
    runner.run()
    assert Reading.objects.exists() and FollowUp.objects.exists() and ModelCall.objects.exists()
    client = make.client(cast.owner)
    assert client.delete(f"/api/v1/assistant/accounts/{box.account.pk}").status_code == 204
    assert not Reading.objects.exists() and not FollowUp.objects.exists() and not ModelCall.objects.exists()
    assert not consent.given(box.account.pk)
    assert Thread.objects.exists()
