"""Sending with real servers: once, to everybody or to nobody, with one copy in Sent and no draft left behind."""

import uuid
from datetime import timedelta
from itertools import groupby
from operator import itemgetter

import pytest
from django.utils.timezone import now

from apps.compose.models import Draft, DraftState, SubmissionServer
from apps.mail.models import Message
from apps.outbound.models import Command
from apps.providers.adapters import mime
from apps.realtime.models import JournalEntry
from tests.compose.fixtures import Desk
from tests.mail.fixtures import eml

pytestmark = pytest.mark.dovecot

BOB = {"name": "Bob", "address": "bob@partner.example"}
CARLA = {"name": "", "address": "carla@partner.example"}


def test_a_message_leaves_once_and_its_copy_lies_in_sent(desk: Desk) -> None:
    desk.sync()
    draft = desk.put(to=[BOB], bcc=[CARLA], subject="Offer", html="<p>See <b>below</b>.</p>")
    assert (draft["state"], draft["rev"]) == ("editing", 1)
    assert desk.send(draft)["state"] == "waiting"
    desk.work()
    (taken,) = desk.sink.taken
    assert taken.sender == "anna@rossi.example"
    assert taken.recipients == ("bob@partner.example", "carla@partner.example")
    assert b"carla" not in taken.data, "a Bcc that leaks is no Bcc"
    assert b"X-PMSync" not in taken.data
    mail = mime.parse(taken.data)
    assert mail.from_ == (mime.Address("Anna Rossi", "anna@rossi.example"),)
    assert (mail.subject, mail.text.strip()) == ("Offer", "See below.")
    (copy,) = desk.raw("Sent")
    assert mime.parse(copy).bcc == (mime.Address("", "carla@partner.example"),)
    assert desk.raw("Drafts") == []
    desk.sync()
    row = Draft.objects.get(pk=draft["id"])
    message = Message.objects.get(pk__in=[row.message_id])
    assert row.state == DraftState.SENT
    assert "\\seen" in message.flags


def test_a_server_that_files_its_own_copy_gets_no_second_one(desk: Desk) -> None:
    draft = desk.put(to=[BOB], subject="Offer", html="<p>x</p>")
    desk.send(draft)
    desk.step()  # the send alone: the copy waits ten seconds for the server's own
    (taken,) = desk.sink.taken
    desk.dovecot.append(desk.user, "Sent", taken.data, flags=r"(\Seen)")
    desk.work()
    assert len(desk.raw("Sent")) == 1
    assert SubmissionServer.objects.get(pk=desk.account.pk).files_sent is True


def test_a_refused_recipient_is_named_and_nobody_gets_anything(desk: Desk) -> None:
    desk.sink.refusals["carla@partner.example"] = "550 5.1.1 No such user"
    draft = desk.put(to=[BOB, CARLA], subject="Offer", html="<p>x</p>")
    desk.send(draft)
    desk.work()
    assert desk.sink.taken == []
    row = Draft.objects.get(pk=draft["id"])
    assert row.state == DraftState.FAILED
    assert row.error is not None
    assert "carla@partner.example (550 5.1.1 No such user)" in row.error["sentence"]
    # The person takes her out and sends again.
    again = desk.put(uuid.UUID(draft["id"]), rev=row.rev, to=[BOB])
    desk.send(again)
    desk.work()
    assert [one.recipients for one in desk.sink.taken] == [("bob@partner.example",)]


def test_what_waits_can_be_taken_back_and_what_left_cannot(desk: Desk) -> None:
    draft = desk.put(to=[BOB], subject="Offer", html="<p>x</p>")
    waiting = desk.send(draft, undo_seconds=10)
    assert waiting["undo_until"] is not None
    back = desk.client.post(f"/api/v1/drafts/{draft['id']}/unsend", {}, format="json")
    assert (back.status_code, back.json()["state"]) == (200, "editing")
    desk.work()
    assert desk.sink.taken == []
    desk.send(draft)
    desk.work()
    late = desk.client.post(f"/api/v1/drafts/{draft['id']}/unsend", {}, format="json")
    assert (late.status_code, late.json()["code"]) == (409, "too_late")
    assert len(desk.sink.taken) == 1


def test_each_state_is_told_under_a_number_of_its_own(desk: Desk) -> None:
    desk.sink.refusals["carla@partner.example"] = "550 5.1.1 No such user"
    draft = desk.put(to=[CARLA], subject="Offer", html="<p>x</p>")
    desk.send(draft, undo_seconds=10)
    desk.client.post(f"/api/v1/drafts/{draft['id']}/unsend", {}, format="json")
    desk.send(draft)
    desk.work()
    desk.send(desk.put(uuid.UUID(draft["id"]), rev=draft["rev"], to=[BOB]))
    desk.work()
    entries = JournalEntry.objects.filter(event="draft:update", data__draft__id=draft["id"]).order_by("seq")
    told = [(one["rev"], one["moves"], one["state"]) for one in (entry.data["draft"] for entry in entries)]
    states = [state for state, _ in groupby(told, key=itemgetter(2))]
    walked = ["editing", "waiting", "editing", "waiting", "sending", "failed", "editing", "waiting", "sending", "sent"]
    assert states == walked
    # Who is told in any order can say which is the newest.
    assert told == sorted(told, key=itemgetter(0, 1))
    assert len({numbers[:2] for numbers in told}) >= len(walked)


def test_a_scheduled_message_carries_the_time_at_which_it_leaves(desk: Desk) -> None:
    draft = desk.put(to=[BOB], subject="Offer", html="<p>x</p>")
    at = (now() + timedelta(days=1)).replace(microsecond=0)
    scheduled = desk.send(draft, send_at=at.isoformat())
    assert scheduled["state"] == "scheduled"
    command = Command.objects.get(action="send")
    assert command.not_before == at
    desk.work()
    assert mime.parse(desk.sink.taken[0].data).date == at


def test_an_answer_hangs_below_its_original_which_is_marked(desk: Desk) -> None:
    desk.dovecot.append(desk.user, "INBOX", eml(1, extra="References: <0@test>\r\n"))
    desk.sync()
    source = Message.objects.get()
    prefill = desk.client.get(f"/api/v1/messages/{source.pk}/reply?mode=reply").json()
    assert prefill["to"] == [{"name": "Bob", "address": "bob@partner.example"}]
    assert "Bob &lt;bob@partner.example&gt; wrote:" in prefill["quote"]["html"]
    draft = desk.put(mode="reply", source_message_id=str(source.pk), html="<p>Yes.</p>")
    assert (draft["subject"], draft["thread_id"]) == ("Re: Offer", str(source.thread_id))
    desk.send(draft)
    desk.work()
    mail = mime.parse(desk.sink.taken[0].data)
    assert (mail.in_reply_to, mail.references) == ("1@test", ("0@test", "1@test"))
    assert mail.text.splitlines()[-1] == "> See below."
    desk.sync()
    source.refresh_from_db()
    assert "\\answered" in source.flags
    sent = Message.objects.get(pk__in=Draft.objects.values("message_id"))
    assert sent.thread_id == source.thread_id


@pytest.mark.parametrize("stage", ["connect", "mail", "rcpt", "data", "body"])
def test_a_cut_before_the_end_is_tried_again(desk: Desk, stage: str) -> None:
    left = [stage]
    desk.sink.fault = lambda here: here == stage and bool(left) and left.pop() == stage
    # Long enough that the cut is felt before the end is reached.
    draft = desk.put(to=[BOB], subject="Offer", html=f"<p>{'x' * 1_400_000}</p>" if stage == "body" else "<p>x</p>")
    desk.send(draft)
    desk.work()
    assert len(desk.sink.taken) == 1
    assert desk.state(draft) == "sent"


@pytest.mark.parametrize("stage", ["before taking", "in the answer", "after taking"])
def test_a_cut_after_the_end_is_never_tried_again_by_itself(desk: Desk, stage: str) -> None:
    desk.sink.fault = lambda here: here == stage
    draft = desk.put(to=[BOB], subject="Offer", html="<p>x</p>")
    desk.send(draft)
    desk.work()
    count = len(desk.sink.taken)
    assert count == (0 if stage == "before taking" else 1)
    row = Draft.objects.get(pk=draft["id"])
    assert row.state == DraftState.DOUBT
    assert row.error is not None and row.error["code"] == "in_doubt"
    desk.sink.fault = lambda here: False
    decision = "resend" if count == 0 else "was_sent"
    answer = desk.client.post(f"/api/v1/drafts/{draft['id']}/resolve", {"decision": decision}, format="json")
    assert answer.status_code == 200
    desk.work()
    assert (len(desk.sink.taken), desk.state(draft)) == (1, "sent")
    assert len(desk.raw("Sent")) == 1


def test_a_doubt_ends_when_the_message_is_seen_in_sent(desk: Desk) -> None:
    desk.sync()
    desk.sink.fault = lambda here: here == "after taking"
    draft = desk.put(to=[BOB], subject="Offer", html="<p>x</p>")
    desk.send(draft)
    desk.work()
    assert desk.state(draft) == "doubt"
    desk.dovecot.append(desk.user, "Sent", desk.sink.taken[0].data)
    desk.sync()
    assert desk.state(draft) == "sent"
    desk.work()
    assert len(desk.raw("Sent")) == 1


def test_a_doubt_is_no_doubt_where_sent_already_shows_it(desk: Desk) -> None:
    """The server files what it takes before it answers."""

    def filing(here: str) -> bool:
        if here == "after taking":
            desk.dovecot.append(desk.user, "Sent", desk.sink.taken[-1].data)
        return here == "after taking"

    desk.sink.fault = filing
    draft = desk.put(to=[BOB], subject="Offer", html="<p>x</p>")
    desk.send(draft)
    desk.work()
    assert (len(desk.sink.taken), desk.state(draft), len(desk.raw("Sent"))) == (1, "sent", 1)


def test_the_blueprints_call_sends_once_for_one_key(desk: Desk) -> None:
    body = {"account_id": str(desk.account.pk), "to": "Bob <bob@partner.example>", "subject": "Hi", "html": "<p>x</p>"}
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first = desk.client.post("/emails/send", body, format="json", headers=key)
    desk.work()
    second = desk.client.post("/api/v1/emails/send", body, format="json", headers=key)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    other = desk.client.post("/emails/send", body | {"subject": "Other"}, format="json", headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    desk.work()
    assert len(desk.sink.taken) == 1


def test_what_the_server_takes_is_known_before_anything_is_sent(desk: Desk) -> None:
    SubmissionServer.objects.all().delete()
    draft = desk.put(to=[BOB], subject="Offer", html="<p>x</p>")
    desk.work()
    (identity,) = desk.client.get("/api/v1/identities").json()["items"]
    assert identity["limits"] == {"message_bytes": 36_700_160, "recipients": None}
    desk.sink.extensions = ("SIZE 500", "AUTH PLAIN", "LIMITS RCPTMAX=1")
    desk.send(draft)
    desk.work()
    assert desk.state(draft) == "sent", "the server is believed at each log-in, and this one is warm"


def test_odd_addresses_go_out_or_are_refused_by_name(desk: Desk) -> None:
    odd = {"name": "Jürgen", "address": "jürgen@x.example"}
    draft = desk.put(to=[{"name": "", "address": "anna@rössi.example"}, odd], subject="Offer", html="<p>x</p>")
    desk.send(draft)
    desk.work()
    (taken,) = desk.sink.taken
    assert taken.recipients == ("anna@xn--rssi-5qa.example", "jürgen@x.example")
    assert taken.options.endswith("SMTPUTF8")
    SubmissionServer.objects.update(utf8=False)
    again = desk.put(to=[odd], subject="Offer", html="<p>x</p>")
    refused = desk.send(again, status=422)
    assert refused["code"] == "address_not_supported"
    assert "jürgen@x.example" in refused["detail"]


def test_a_thousand_recipients_at_once_or_a_sentence(desk: Desk) -> None:
    many = [{"name": f"Person {number}", "address": f"p{number}@x.example"} for number in range(1000)]
    draft = desk.put(to=many, subject="Offer", html="<p>x</p>")
    desk.send(draft)
    desk.work()
    assert len(desk.sink.taken[0].recipients) == 1000
    SubmissionServer.objects.update(recipients=100)
    refused = desk.send(desk.put(to=many, subject="Offer"), status=422)
    assert (refused["code"], list(refused["errors"])) == ("too_many", ["to"])
    nobody = desk.send(desk.put(subject="Offer"), status=422)
    assert nobody["code"] == "no_recipient"
    half = desk.send(desk.put(to=[{"name": "", "address": "bob@"}]), status=422)
    assert (half["code"], list(half["errors"])) == ("bad_recipient", ["to.0"])


def test_pictures_of_a_quoted_message_come_along(desk: Desk) -> None:
    source = (
        b"From: Bob <bob@partner.example>\r\nTo: anna@rossi.example\r\nSubject: Logo\r\nMessage-ID: <l@test>\r\n"
        b"Date: Fri, 20 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/related; boundary=b\r\n\r\n"
        b'--b\r\nContent-Type: text/html\r\n\r\n<p>Our logo</p><img src="cid:logo"><script>x</script>\r\n'
        b"--b\r\nContent-Type: image/png\r\nContent-ID: <logo>\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        b"iVBO\r\n--b--\r\n"
    )
    desk.dovecot.append(desk.user, "INBOX", source)
    desk.sync()
    message = Message.objects.get()
    draft = desk.put(mode="reply", source_message_id=str(message.pk), html="<p>Nice</p>")
    assert "/api/v1/attachments/" in draft["quote"]["html"] and "script" not in draft["quote"]["html"]
    desk.send(draft)
    desk.work()
    raw = desk.sink.taken[0].data
    mail = mime.parse(raw)
    (picture,) = mail.attachments
    assert picture.inline and f"cid:{picture.content_id}" in (mail.html or "")
    assert mime.part(raw, picture.section).data == b"\x89PN"
    assert str(message.pk) not in raw.decode() and "/api/v1/" not in (mail.html or "")
