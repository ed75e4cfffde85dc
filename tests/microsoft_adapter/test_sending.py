"""Sending by Graph, at most once, whatever breaks."""

from datetime import timedelta

import pytest

from apps.providers.adapters import errors
from apps.providers.adapters.microsoft.sending import taken_apart, with_bcc
from apps.providers.adapters.smtp.submission import Envelope, Unknown
from tests.fakes.microsoft.faults import answer, bad_gateway, cut, throttled
from tests.microsoft_adapter.desk import Desk

RAW = (
    b"From: Anna <anna@firm.example>\r\nTo: Bob <bob@elsewhere.example>\r\nSubject: Hello\r\n"
    b"Message-ID: <hello-1@firm.example>\r\nIn-Reply-To: <before@elsewhere.example>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nHello.\r\n'
    b"--x\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=a.csv\r\n\r\na,b\r\n--x--\r\n"
)
ENVELOPE = Envelope("anna@firm.example", ("bob@elsewhere.example", "carl@firm.example"))
SEND = r"POST .*/messages/[^/]+/send"


def left_behind(desk: Desk) -> list[str]:
    """Messages outside Sent Items."""
    return [message.id for message in desk.mailbox.messages() if message.parent != desk.box("sentitems")]


def test_a_message_leaves_once_and_its_copy_is_in_sent_items(desk: Desk) -> None:
    noted: list[int] = []
    mirror, adapter = desk.synced()
    desk.sender().submit(ENVELOPE, RAW, lambda: noted.append(len(desk.world.microsoft.sent)))
    (sent,) = desk.world.microsoft.sent
    assert noted == [0]
    assert set(sent.recipients) == set(ENVELOPE.recipients)
    assert b"carl@" not in sent.raw
    assert b"In-Reply-To: <before@elsewhere.example>" in sent.raw
    assert left_behind(desk) == []
    assert len(adapter.find(desk.box("sentitems"), "Message-ID", "<hello-1@firm.example>").uids) == 1
    mirror.sync(adapter)
    assert mirror.differences(adapter) == []


def test_a_cut_after_it_left_is_known_to_have_left(desk: Desk) -> None:
    desk.faults.add(cut(after_commit=True), SEND)
    desk.sender().submit(ENVELOPE, RAW, lambda: None)
    assert len(desk.world.microsoft.sent) == 1
    assert left_behind(desk) == []


@pytest.mark.parametrize("fault", [cut(), bad_gateway()], ids=lambda fault: fault.name)
def test_a_cut_before_it_left_is_known_not_to_have_left(desk: Desk, fault: object) -> None:
    sender = desk.sender()
    desk.faults.add(fault, SEND)  # type: ignore[arg-type]  # the faults above
    with pytest.raises(errors.Transient):
        sender.submit(ENVELOPE, RAW, lambda: None)
    assert desk.world.microsoft.sent == []
    assert left_behind(desk) == []
    sender.submit(ENVELOPE, RAW, lambda: None)
    assert len(desk.world.microsoft.sent) == 1


@pytest.mark.parametrize("after_commit", [True, False])
def test_where_nobody_says_it_is_unknown(desk: Desk, after_commit: bool) -> None:
    desk.faults.add(cut(after_commit=after_commit), SEND)
    desk.faults.add(bad_gateway(), "GET .*/messages/", times=10)
    with pytest.raises(Unknown):
        desk.sender().submit(ENVELOPE, RAW, lambda: None)
    desk.faults.clear()
    assert len(desk.world.microsoft.sent) == after_commit


def test_what_the_caller_raises_before_the_end_sends_nothing_and_leaves_nothing(desk: Desk) -> None:
    def die() -> None:
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        desk.sender().submit(ENVELOPE, RAW, die)
    assert desk.world.microsoft.sent == []
    assert left_behind(desk) == []


def test_a_draft_of_a_try_that_died_is_taken_away_by_the_next(desk: Desk) -> None:
    sender = desk.sender()
    desk.faults.add(cut(after_commit=True), "POST .*/messages$")
    with pytest.raises(errors.Transient):
        sender.submit(ENVELOPE, RAW, lambda: None)
    assert len(left_behind(desk)) == 1
    sender.submit(ENVELOPE, RAW, lambda: None)
    assert left_behind(desk) == []
    assert len(desk.world.microsoft.sent) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (answer("recipient"), errors.Rejected), (answer("send as"), errors.Rejected),
        (answer("large"), errors.Rejected), (answer("daily sends"), errors.RateLimited),
        (throttled(60), errors.RateLimited), (answer("scope"), errors.PermissionMissing),
    ],
    ids=lambda value: getattr(value, "name", getattr(value, "__name__", "")),
)  # fmt: skip
def test_a_refusal_has_its_class_and_leaves_no_draft(
    desk: Desk, fault: object, kind: type[errors.AdapterError]
) -> None:
    desk.faults.add(fault, SEND)  # type: ignore[arg-type]  # the faults above
    with pytest.raises(kind):
        desk.sender().submit(ENVELOPE, RAW, lambda: None)
    assert desk.world.microsoft.sent == []
    assert left_behind(desk) == []


def test_large_files_are_uploaded_by_themselves(desk: Desk) -> None:
    file = (b"QUJD" * 18 + b"\r\n") * 80_000
    more = (
        b"--x\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=b.pdf\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + file + b"--x--\r\n"
    )
    raw = RAW.replace(b"--x--\r\n", more)
    desk.sender().submit(ENVELOPE, raw, lambda: None)
    (sent,) = desk.world.microsoft.sent
    assert set(sent.recipients) == set(ENVELOPE.recipients)
    (message,) = desk.mailbox.messages()
    assert {(one.name, len(one.content)) for one in message.attachments} == {("a.csv", 3), ("b.pdf", 80_000 * 54)}
    assert ("In-Reply-To", "<before@elsewhere.example>") in message.headers


def test_a_message_is_taken_apart_without_loss() -> None:
    frame, files = taken_apart(RAW)
    assert [(file.name, file.content) for file in files] == [("a.csv", b"a,b")]
    assert frame == RAW.replace(
        b"\r\n--x\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=a.csv\r\n\r\na,b", b""
    )


def test_whoever_is_in_the_envelope_only_gets_a_blind_copy() -> None:
    assert with_bcc(RAW, Envelope("anna@firm.example", ("BOB@elsewhere.example",))) == RAW
    assert with_bcc(RAW, ENVELOPE) == b"Bcc: <carl@firm.example>\r\n" + RAW


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("keeps_id", [True, False])
def test_a_copy_that_appears_late_changes_nothing(desk: Desk, keeps_id: bool, lost: bool) -> None:
    behaviour = desk.world.microsoft.graph.behaviour
    behaviour.sent_copy_after, behaviour.sent_keeps_id = timedelta(minutes=1), keeps_id
    mirror, adapter = desk.synced()
    if lost:
        desk.faults.add(cut(after_commit=True), SEND)
    desk.sender().submit(ENVELOPE, RAW, lambda: None)
    assert len(desk.world.microsoft.sent) == 1
    assert adapter.find("Sent", "Message-ID", "<hello-1@firm.example>").uids == ()
    desk.world.microsoft.clock.advance(minutes=2)
    desk.world.microsoft.courier.settle()
    assert len(adapter.find("Sent", "Message-ID", "<hello-1@firm.example>").uids) == 1
    mirror.sync(adapter)
    assert mirror.differences(adapter) == []


def test_what_is_offered_is_what_exchange_takes(desk: Desk) -> None:
    sender = desk.sender()
    assert sender.offer.utf8
    assert sender.offer.message_bytes
    assert sender.alive()
