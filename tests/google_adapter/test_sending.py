"""A message leaves once, or it is said that nobody knows."""

import pytest

from apps.providers.adapters import errors
from apps.providers.adapters.google import gmail
from apps.providers.adapters.smtp.submission import Envelope, Unknown
from tests.google_adapter.desk import ANNA, BOB, READ, Desk
from tests.google_adapter.mail import Post

RAW = (
    f"From: {ANNA}\r\nTo: {BOB}\r\nSubject: Hello\r\nMessage-ID: <1@firm.example>\r\n"
    "Date: Fri, 29 May 2026 10:00:00 +0000\r\n\r\nHello.\r\n"
).encode()
TO_BOB = Envelope(ANNA, (BOB,))


class Sender:
    """Our adapter, and what it noted before the end."""

    def __init__(self, desk: Desk) -> None:
        self.adapter = gmail.connect_submission(desk.tokens(), **desk.options)
        desk.opened.append(self.adapter)
        self.ended = 0

    def __call__(self, envelope: Envelope = TO_BOB, raw: bytes = RAW) -> str:
        return self.adapter.submit(envelope, raw, self.end).said

    def end(self) -> None:
        self.ended += 1


@pytest.fixture
def send(desk: Desk) -> Sender:
    return Sender(desk)


def test_a_message_is_sent_as_it_is(desk: Desk, send: Sender) -> None:
    send()
    (sent,) = desk.google.gmail.outbox
    assert (sent.raw, sent.recipients, send.ended) == (RAW, (BOB,), 1)
    post = Post(desk)
    post.follow()
    assert len(post.adapter.find("SENT", "Message-ID", "<1@firm.example>").uids) == 1


def test_hidden_recipients_get_it_and_are_not_shown(desk: Desk, send: Sender) -> None:
    send(Envelope(ANNA, (BOB, "hidden@outside.example")))
    (sent,) = desk.google.gmail.outbox
    assert set(sent.recipients) == {BOB, "hidden@outside.example"}
    assert b"hidden" not in sent.raw
    with pytest.raises(errors.Rejected):
        send(Envelope(ANNA, ("other@outside.example",)))


@pytest.mark.parametrize("kind", ["cut", "truncated", "half", "slow", "503", "html"])
def test_an_answer_that_was_lost_is_doubt_and_nothing_is_sent_twice(desk: Desk, send: Sender, kind: str) -> None:
    desk.fail("gmail.users.messages.send", kind, after=True, seconds=READ + 1)
    with pytest.raises(Unknown):
        send()
    assert send.ended == 1
    assert len(desk.google.gmail.outbox) == 1
    assert len(Post(desk).adapter.find("SENT", "Message-ID", "<1@firm.example>").uids) == 1


def test_what_was_refused_was_not_sent(desk: Desk, send: Sender) -> None:
    send()
    desk.google.gmail.sends_per_day = 1
    with pytest.raises(errors.RateLimited) as caught:
        send()
    assert caught.value.retry_after == pytest.approx(86_400, abs=1)
    desk.google.gmail.sends_per_day = 5
    for kind, error in (("403", errors.RateLimited), ("gmail: recipients", errors.Rejected)):
        desk.fail("gmail.users.messages.send", kind)
        with pytest.raises(error):
            send()
    assert len(desk.google.gmail.outbox) == 1
    with pytest.raises(errors.Rejected):
        send(TO_BOB, RAW + b"x" * send.adapter.offer.message_bytes)  # type: ignore[operator]  # it says one


def test_a_spent_token_makes_no_doubt(desk: Desk, send: Sender) -> None:
    send()
    desk.google.grants.expire_access(ANNA)
    send()
    assert len(desk.google.gmail.outbox) == 2


def test_the_caller_may_stop_before_the_end(desk: Desk, send: Sender) -> None:
    class Stop(Exception):
        pass

    def stop() -> None:
        raise Stop

    with pytest.raises(Stop):
        send.adapter.submit(TO_BOB, RAW, stop)
    assert desk.google.gmail.outbox == []


def test_a_large_message_leaves_by_a_session_of_its_own(desk: Desk, send: Sender) -> None:
    raw = RAW + b"x" * 6_000_000 + b"\r\n"
    send(TO_BOB, raw)
    assert desk.google.gmail.outbox[0].raw == raw
