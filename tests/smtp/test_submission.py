"""One message handed over: options, refusals, dots, cuts. Against a server with a ledger, and aiosmtpd."""

import warnings
from collections.abc import Iterator

import pytest

from apps.providers.adapters import errors
from apps.providers.adapters.base import Endpoint, Login
from apps.providers.adapters.errors import RecipientsRefused
from apps.providers.adapters.smtp import submission
from apps.providers.adapters.smtp.errors import Reply
from apps.providers.adapters.smtp.replies import from_transaction
from apps.providers.adapters.smtp.submission import Envelope, SubmissionAdapter, Unknown
from pmsync.private.home import free_port
from tests.fakes.smtp_sink import PASSWORD, Sink

MESSAGE = b"From: a@x.example\r\nMessage-ID: <1@x.example>\r\n\r\n.one\r\n..two\r\n.\r\nend\r\n"
TO_BOB = Envelope("anna@x.example", ("bob@y.example",))


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as server:
        yield server


_open: list[SubmissionAdapter] = []


def connected(sink: Sink) -> SubmissionAdapter:
    """A connection; closed when the test ends."""
    _open.append(submission.connect(Endpoint("127.0.0.1", sink.port, "none"), Login("anna", PASSWORD)))
    return _open[-1]


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    while _open:
        _open.pop().close()


def test_dots_arrive_as_they_were_and_the_connection_serves_again(sink: Sink) -> None:
    adapter = connected(sink)
    noted: list[int] = []
    for _ in range(2):
        adapter.submit(TO_BOB, MESSAGE, lambda: noted.append(len(sink.taken)))
    assert [one.data for one in sink.taken] == [MESSAGE, MESSAGE]
    assert noted == [0, 1], "the note comes before the message is taken"
    assert sink.sessions == 1
    assert sink.taken[0].options == f"SIZE={len(MESSAGE)}"
    adapter.close()


@pytest.mark.parametrize("size", [65_530, 65_536, 65_537, 200_000])
def test_pieces_end_between_lines(sink: Sink, size: int) -> None:
    body = b"Message-ID: <1@x>\r\n\r\n" + (b"." * 40 + b"\r\n") * (size // 42) + b"." * (size % 42) + b"\r\n"
    connected(sink).submit(TO_BOB, body, lambda: None)
    assert sink.taken[0].data == body


def test_what_the_server_offers_is_read(sink: Sink) -> None:
    sink.extensions = ("SIZE 1000", "LIMITS RCPTMAX=20 MAILMAX=5", "AUTH PLAIN")
    offer = connected(sink).offer
    assert offer == submission.Offer(1000, 20, utf8=False, eight_bit=False, pipelining=False)
    sink.extensions = ("SIZE", "AUTH PLAIN")
    assert connected(sink).offer.message_bytes is None
    sink.extensions = ("SIZE 0", "AUTH PLAIN")
    assert connected(sink).offer.message_bytes is None


def test_what_it_does_not_take_is_refused_before_a_byte(sink: Sink) -> None:
    sink.extensions = ("SIZE 60", "AUTH PLAIN")
    adapter = connected(sink)
    with pytest.raises(errors.Rejected, match="takes 60"):
        adapter.submit(TO_BOB, MESSAGE, lambda: None)
    with pytest.raises(errors.Rejected, match="not ASCII"):
        adapter.submit(Envelope("a@x", ("müller@y",), utf8=True), b"x\r\n", lambda: None)
    with pytest.raises(errors.Rejected, match="7-bit"):
        adapter.submit(TO_BOB, "é\r\n".encode(), lambda: None)
    for smuggled in (b"a\n.\r\nMAIL FROM:<x>", b"a\r.\r\n", b"a\0"):
        with pytest.raises(ValueError, match="CRLF"):
            adapter.submit(TO_BOB, smuggled, lambda: None)
    assert sink.taken == []


def test_addresses_that_are_not_ascii_go_with_smtputf8(sink: Sink) -> None:
    connected(sink).submit(Envelope("a@x.example", ("müller@y.example",), utf8=True), "x é\r\n".encode(), lambda: None)
    assert sink.taken[0].recipients == ("müller@y.example",)
    assert sink.taken[0].options.endswith("BODY=8BITMIME SMTPUTF8")


@pytest.mark.parametrize("pipelining", [True, False])
def test_all_recipients_or_none(sink: Sink, pipelining: bool) -> None:
    if not pipelining:
        sink.extensions = ("AUTH PLAIN",)
    sink.refusals = {"r250@y.example": "550 5.1.1 No", "r7@y.example": "450 4.2.0 Later"}
    adapter = connected(sink)
    everybody = tuple(f"r{number}@y.example" for number in range(1000))
    with pytest.raises(RecipientsRefused) as refused:
        adapter.submit(Envelope("a@x", everybody), MESSAGE, lambda: None)
    assert [(one.address, one.said) for one in refused.value.refusals] == [("r250@y.example", "550 5.1.1 No")]
    del sink.refusals["r250@y.example"]
    with pytest.raises(errors.Transient) as put_off:
        adapter.submit(Envelope("a@x", everybody), MESSAGE, lambda: None)
    assert put_off.value.retry_after
    assert sink.taken == []
    sink.refusals.clear()
    adapter.submit(Envelope("a@x", everybody), MESSAGE, lambda: None)
    assert sink.taken[0].recipients == everybody


@pytest.mark.parametrize("stage", ["before taking", "in the answer", "after taking"])
def test_a_cut_at_the_end_is_unknown(sink: Sink, stage: str) -> None:
    sink.fault = lambda here: here == stage
    adapter = connected(sink)
    with pytest.raises(Unknown):
        adapter.submit(TO_BOB, MESSAGE, lambda: None)
    assert not adapter.alive()


def test_when_the_note_cannot_be_made_nothing_is_sent(sink: Sink) -> None:
    def lost() -> None:
        raise RuntimeError("another runner")

    adapter = connected(sink)
    with pytest.raises(RuntimeError, match="another runner"):
        adapter.submit(TO_BOB, MESSAGE, lost)
    assert sink.taken == []


def test_a_refusal_at_the_end_is_no_doubt(sink: Sink) -> None:
    sink.answer = "554 5.7.1 Spam"
    adapter = connected(sink)
    with pytest.raises(errors.Rejected) as refused:
        adapter.submit(TO_BOB, MESSAGE, lambda: None)
    assert refused.value.said == "554 5.7.1 Spam"
    assert adapter.alive()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("421 4.7.0 Try later", errors.Transient),
        ("451 4.3.0 Local error", errors.Transient),
        ("452 4.2.2 Full", errors.Transient),
        ("432 4.3.2 Concurrent connections limit exceeded", errors.RateLimited),
        ("550 5.4.5 Daily user sending limit exceeded", errors.RateLimited),
        ("530 5.7.0 Log in", errors.NeedsReconnect),
        ("552 5.3.4 Too big", errors.Rejected),
        ("553 5.7.1 Sender address rejected: not owned by user", errors.PermissionMissing),
        ("554 5.2.252 SendAsDenied; a not allowed to send as b", errors.PermissionMissing),
        ("554 5.7.1 Policy", errors.Rejected),
        ("503 5.5.1 Bad sequence", errors.Rejected),
    ],
)
def test_refusals_by_code_and_words(said: str, kind: type[errors.AdapterError]) -> None:
    error = from_transaction(Reply(int(said[:3]), (said[4:],)))
    assert type(error) is kind
    assert error.said == said


def test_another_server_takes_it_too() -> None:
    """aiosmtpd, written by others."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import AuthResult
    from aiosmtpd.smtp import Envelope as Theirs

    taken: list[Theirs] = []

    class Handler:
        async def handle_DATA(self, server: object, session: object, envelope: Theirs) -> str:  # noqa: N802
            taken.append(envelope)
            return "250 OK"

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        controller = Controller(
            Handler(), hostname="127.0.0.1", port=free_port(), auth_require_tls=False, auth_required=True,
            enable_SMTPUTF8=True, authenticator=lambda *_: AuthResult(success=True),
        )  # fmt: skip
        controller.start()
        try:
            adapter = submission.connect(Endpoint("127.0.0.1", controller.port, "none"), Login("anna", "x"))
            adapter.submit(Envelope("a@x.example", ("müller@y.example",), utf8=True), MESSAGE, lambda: None)
            adapter.close()
        finally:
            controller.stop()
    assert taken[0].rcpt_tos == ["müller@y.example"]
    assert taken[0].content == MESSAGE
