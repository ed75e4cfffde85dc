"""The small pure parts: sets, searches, identities, dates, cursors, retries, refusals."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.providers.adapters.base import MessageRecord
from apps.providers.adapters.imap import identity, search, sets, unreadable, wire
from apps.providers.adapters.imap.cursor import MailboxCursor, Mode
from apps.providers.adapters.imap.identity import Facts
from apps.providers.adapters.imap.refusals import FORGET, Refusals
from apps.providers.adapters.imap.session import ImapSession
from tests.fakes.imap_script import FULL, LOGIN, FakeMailbox, FakeMessage, Rule, ScriptedServer
from tests.imap.mirror import Box, MemoryMirror, Placement

NOON = datetime(2024, 7, 17, 12, tzinfo=UTC)


# ---------------------------------------------------------------------------- sets


@given(st.sets(st.integers(1, 2000)) | st.sets(st.integers(1, 2**32 - 1), max_size=3000))
def test_pieces_of_a_set_fit_a_line_and_say_exactly_its_uids_ascending(uids: set[int]) -> None:
    pieces = list(sets.pieces(sorted(uids)))
    assert all(len(piece) <= sets.LINE for piece in pieces)
    spans = [span for piece in pieces for span in wire.uid_ranges(piece)]
    assert [uid for low, high in spans for uid in range(low, high + 1)] == sorted(uids)


@given(st.sets(st.integers(1, 200)), st.lists(st.tuples(st.integers(1, 200), st.integers(1, 2**32))))
def test_what_spans_cover_is_found_without_expanding_them(uids: set[int], spans: list[tuple[int, int]]) -> None:
    expected = sorted(uid for uid in uids if any(low <= uid <= high for low, high in spans))
    assert sets.inside(sorted(uids), spans) == expected


# ---------------------------------------------------------------------------- dates, identities


@pytest.mark.parametrize(
    ("text", "date"),
    [
        (b"17-Jul-2024 14:00:00 +0200", NOON),
        (b" 7-jul-2024 12:00:00 -0000", datetime(2024, 7, 7, 12, tzinfo=UTC)),
        (b"31-Dec-2023 23:59:60 +0000", None),
        (b"17-Xyz-2024 14:00:00 +0200", None),
        (b"17-Jul-0000 14:00:00 +0200", None),
        (b"01-Jan-0001 00:00:00 +2359", None),
        (b"17-Jul-2024 14:00:00 +9999", None),
        (b"17-Jul-2024", None),
        (b"", None),
        (None, None),
        ((), None),
    ],
)
def test_internaldate_is_read_in_utc_or_is_missing(text: wire.Value, date: datetime | None) -> None:
    assert identity.read_date(text) == date


def facts(header: wire.Value = b"Message-ID: <a@x>\r\n\r\n", **items: wire.Value) -> Facts:
    told: dict[str, wire.Value] = {
        "UID": b"5", "FLAGS": (), "INTERNALDATE": b"17-Jul-2024 12:00:00 +0000", "RFC822.SIZE": b"100",
        "BODY[HEADER.FIELDS (MESSAGE-ID)]": header,
    }  # fmt: skip
    return identity.read_facts(told | items)


def test_an_identity_does_not_depend_on_where_the_message_is() -> None:
    assert facts().identity == facts(UID=b"9", FLAGS=(b"\\Seen",), MODSEQ=(b"4",)).identity
    assert facts().identity == facts(b"message-id:\r\n  <a@x> \r\n\r\n").identity
    assert facts().identity == facts(INTERNALDATE=b"17-Jul-2024 14:00:00 +0200").identity


@pytest.mark.parametrize(
    "other",
    [
        {"RFC822.SIZE": b"101"},
        {"INTERNALDATE": b"17-Jul-2024 12:00:01 +0000"},
        {"BODY[HEADER.FIELDS (MESSAGE-ID)]": b"Message-ID: <b@x>\r\n\r\n"},
    ],
)
def test_a_message_id_alone_is_not_enough(other: dict[str, wire.Value]) -> None:
    """List copies, re-sent drafts and spam repeat it."""
    assert facts(**other).identity != facts().identity


def test_what_the_provider_knows_comes_first() -> None:
    assert facts(EMAILID=(b"M1",), THREADID=(b"T1",)).identity == "emailid:M1"
    assert facts(EMAILID=(b"M1",), THREADID=(b"T1",)).thread_key == "threadid:T1"
    assert facts(EMAILID=None, THREADID=None).identity == facts().identity
    assert facts(THREADID=(None,)).thread_key is None
    gmail = facts(**{"X-GM-MSGID": b"1278455344230334865", "X-GM-THRID": b"12"})
    assert (gmail.identity, gmail.thread_key) == ("gm:1278455344230334865", "gm:12")


def test_a_message_without_an_id_is_known_by_its_header() -> None:
    bare = facts(b"\r\n")
    assert bare.identity is None
    header = b"Date: d\r\nFrom: f\r\nTo: t\r\nSubject: s\r\n\r\nSubject: not this one"
    key = bare.identity_with(header)
    assert key.startswith("f2:")
    assert key == bare.identity_with(header.replace(b"\r\n", b"\n"))
    assert key != bare.identity_with(header.replace(b"Subject: s\r\n", b"Subject: other\r\n"))
    assert facts().identity_with(b"") == facts().identity


@pytest.mark.parametrize(
    "items",
    [
        {},
        {"UID": b"0"},
        {"UID": b"x"},
        {"UID": b"1", "RFC822.SIZE": None},
        {"UID": b"1", "FLAGS": b"x"},
        {"UID": b"1", "MODSEQ": ((),)},
    ],
)
def test_facts_that_make_no_sense_are_an_error(items: dict[str, wire.Value]) -> None:
    with pytest.raises(wire.WireError):
        identity.read_facts(items)


# ---------------------------------------------------------------------------- cursors, retries, refusals


def test_a_cursor_is_json_and_comes_back_the_same() -> None:
    cursor = MailboxCursor(
        7, 100, 50, modseq=2**62, exists=3, mailboxid="F1", mode=Mode.QRESYNC, flags_pos=4, swept_at=1.5,
        doubt_since=2.5, retry={9: (1, 3.5)},
    )  # fmt: skip
    assert MailboxCursor.load(json.loads(json.dumps(cursor.save()))) == cursor


@pytest.mark.parametrize("saved", [None, {}, {"v": 0}, {"v": 99, "uidnext": 1}])
def test_a_cursor_of_another_version_begins_anew(saved: dict[str, int] | None) -> None:
    assert MailboxCursor.load(saved) is None


def test_an_unreadable_message_is_asked_for_after_an_hour_a_day_a_week_and_no_more() -> None:
    record = MessageRecord(9, frozenset(), "none:x", None, 0, None, unreadable=True)
    cursor, now, waits = MailboxCursor(1, 10, 1), 1000.0, []
    while (cursor := unreadable.scheduled(cursor, [record], now)).retry:
        wait = cursor.retry[9][1] - now
        assert unreadable.due(cursor, now + wait - 1) == []
        assert unreadable.due(cursor, now + wait) == [9]
        waits.append(wait)
        now += wait
    assert waits == list(unreadable.PAUSES)


def test_a_message_that_was_read_is_not_asked_for_again() -> None:
    cursor = MailboxCursor(1, 10, 1, retry={9: (1, 5.0)})
    read = MessageRecord(9, frozenset(), "f1:x", None, 1, b"x")
    assert unreadable.scheduled(cursor, [read], 0).retry == {}


def test_a_capability_is_done_without_after_two_refusals_and_for_a_day() -> None:
    now = [0.0]
    refusals = Refusals(lambda: now[0])
    assert not refusals.add("h", 993, "QRESYNC")
    assert refusals.of("h", 993) == frozenset()
    assert refusals.add("h", 993, "QRESYNC")
    assert refusals.of("h", 993) == {"QRESYNC"}
    assert refusals.of("h", 143) == refusals.of("other", 993) == frozenset()
    now[0] = FORGET
    assert refusals.of("h", 993) == frozenset()


def test_two_bad_answers_to_an_extension_end_its_use() -> None:
    rules = [Rule(rb"EXAMINE .*QRESYNC.*", b"{tag} BAD syntax\r\n")]
    with ScriptedServer(capability=FULL, rules=rules) as server:
        session = ImapSession.open(server.endpoint, LOGIN)
        for _ in range(2):
            session.start_examine("INBOX", b" (QRESYNC (7 1))").finish()
        assert not session.qresync
        assert session.condstore
        session.close()


# ---------------------------------------------------------------------------- searches


@pytest.fixture(params=[FULL, b"IMAP4rev1"], ids=["esearch", "plain"])
def capability(request: pytest.FixtureRequest) -> bytes:
    offered: bytes = request.param
    return offered


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (range(1, 3000), range(1, 3000)),
        (range(1, 3000), (*range(1, 500), *range(501, 3000))),
        ((*range(1, 500), *range(502, 3000)), range(1, 3000)),
        (range(1, 3000, 2), range(1, 3000)),
        ((), range(1, 3000)),
        (range(1, 3000), ()),
        ((1, 4_000_000_000), (1, 2, 4_000_000_000)),
    ],
)
def test_differences_are_found_on_both_sides(capability: bytes, theirs: tuple[int, ...], ours: tuple[int, ...]) -> None:
    box = FakeMailbox("INBOX", [FakeMessage(uid, b"") for uid in theirs])
    mirror = MemoryMirror()
    mirror.boxes["INBOX"] = Box(None, placements={uid: Placement("x", frozenset(), 0) for uid in ours})  # type: ignore[arg-type]  # no record is looked at
    with ScriptedServer([box], capability=capability) as server:
        session = ImapSession.open(server.endpoint, LOGIN)
        session.examine("INBOX")
        gone, missing = search.differences(session, search.Ours(mirror, "INBOX"), 1, 2**32 - 1, len(box.messages))
        assert (gone, missing) == (sorted(set(ours) - set(theirs)), sorted(set(theirs) - set(ours)))
        assert search.between(session, 5, 2000, len(box.messages)) == [uid for uid in theirs if 5 <= uid <= 2000]
        assert search.count(session, 5, 2000, len(box.messages)) == sum(5 <= uid <= 2000 for uid in theirs)
        session.close()


def test_few_differences_cost_few_small_answers() -> None:
    ours = range(1, 60_001)
    box = FakeMailbox("INBOX", [FakeMessage(uid, b"") for uid in ours if uid != 31_415])
    mirror = MemoryMirror()
    mirror.boxes["INBOX"] = Box(None, placements={uid: Placement("x", frozenset(), 0) for uid in ours})  # type: ignore[arg-type]  # as above
    with ScriptedServer([box], capability=FULL) as server:
        session = ImapSession.open(server.endpoint, LOGIN)
        session.examine("INBOX")
        before = session.traffic
        assert search.differences(session, search.Ours(mirror, "INBOX"), 1, 2**32 - 1, 59_999) == ([31_415], [])
        assert session.traffic.round_trips - before.round_trips <= 8
        assert session.traffic.bytes_in - before.bytes_in < 10_000
        session.close()


def test_a_set_without_end_is_not_expanded() -> None:
    rules = [Rule(rb"UID SEARCH .*", b'* ESEARCH (TAG "{tag}") UID ALL 1:4294967295\r\n{tag} OK x\r\n')]
    with ScriptedServer([FakeMailbox("INBOX", [FakeMessage(1, b"")])], capability=FULL, rules=rules) as server:
        session = ImapSession.open(server.endpoint, LOGIN)
        session.examine("INBOX")
        with pytest.raises(wire.WireError, match="more UIDs than"):
            search.between(session, 1, 2**32 - 1, 1)
        session.close()


def test_a_modseq_behind_a_search_result_is_no_uid() -> None:
    rules = [Rule(rb"UID SEARCH .*", b"* SEARCH 2 5 (MODSEQ 917162500)\r\n{tag} OK x\r\n")]
    with ScriptedServer(rules=rules) as server:
        session = ImapSession.open(server.endpoint, LOGIN)
        session.examine("INBOX")
        assert search.listed(session, [1, 2, 5]) == [2, 5]
        session.close()
