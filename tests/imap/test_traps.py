"""What servers do wrong, and that the mirror is right all the same (a scripted server, one trap each)."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from apps.providers.adapters import errors
from apps.providers.adapters.base import MailBatch, Role
from apps.providers.adapters.imap import ImapAdapter, connect
from apps.providers.adapters.imap.channel import Timeouts
from tests.fakes.imap_script import (
    CAPABILITY,
    FULL,
    LOGIN,
    Dialogue,
    FakeMailbox,
    FakeMessage,
    Rule,
    ScriptedServer,
)
from tests.imap.messages import message
from tests.imap.mirror import MemoryMirror

QUICK = Timeouts(connect=2.0, idle=2.0, total=4.0)
CONDSTORE = CAPABILITY + b" ENABLE CONDSTORE ESEARCH LIST-EXTENDED LIST-STATUS"
SCAN = CAPABILITY + b" ESEARCH LIST-EXTENDED LIST-STATUS"
EVERY_MODE = pytest.mark.parametrize(
    "capability", [FULL, CONDSTORE, SCAN, b"IMAP4rev1"], ids=["qresync", "condstore", "scan", "plain"]
)


def mailbox(*uids: int, name: str = "INBOX") -> FakeMailbox:
    """A mailbox with small messages."""
    return FakeMailbox(name, [FakeMessage(uid, message(uid)) for uid in uids])


class Clock:
    """The time as the adapter sees it."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def serving(
    *boxes: FakeMailbox,
    capability: bytes = FULL,
    rules: tuple[Rule, ...] = (),
    clock: Callable[[], float] | None = None,
) -> Iterator[tuple[ScriptedServer, ImapAdapter, MemoryMirror]]:
    """A server, an adapter that is logged in, and an empty mirror."""
    with ScriptedServer(boxes, capability=capability, rules=rules) as server:
        adapter = connect(server.endpoint, LOGIN, timeouts=QUICK, clock=clock or Clock())
        yield server, adapter, MemoryMirror()
        adapter.close()


def uids(mirror: MemoryMirror, name: str = "INBOX") -> list[int]:
    return sorted(mirror.boxes[name].placements)


# ---------------------------------------------------------------------------- the ordinary course


@EVERY_MODE
def test_arrivals_flags_and_deletions_come_through_in_every_mode(capability: bytes) -> None:
    box = mailbox(1, 2, 3, 5)
    with serving(box, capability=capability) as (_, adapter, mirror):
        mirror.sync(adapter)
        assert uids(mirror) == [1, 2, 3, 5]
        box.messages[0].flags, box.messages[0].modseq = "\\Seen", 4
        del box.messages[2]
        box.vanished.append((5, "3"))
        box.messages.append(FakeMessage(9, message(9), modseq=6))
        applied = mirror.sync(adapter)
        assert (applied.new, applied.updated, applied.vanished) == ([("INBOX", 9)], [("INBOX", 1)], [("INBOX", 3)])
        assert mirror.differences(adapter) == []
        assert mirror.sync(adapter).quiet


@EVERY_MODE
def test_nothing_that_is_not_offered_is_ever_said(capability: bytes) -> None:
    """The fake server is strict: a word of an extension that it does not offer is BAD (warmbly/warmbly#407)."""
    box = mailbox(*range(1, 70))
    with serving(box, mailbox(1, name="Work"), capability=capability) as (server, adapter, mirror):
        mirror.sync(adapter)
        box.messages.append(FakeMessage(99, message(99), modseq=9))
        del box.messages[5]
        mirror.sync(adapter)
        assert len(uids(mirror)) == 69
    assert server.refused == []
    assert b"1:0" not in server.received


# ---------------------------------------------------------------------------- UIDNEXT, MODSEQ, UIDVALIDITY


@EVERY_MODE
def test_a_uidnext_too_high_loses_no_arrival(capability: bytes) -> None:
    box = mailbox(1, 2)
    box.uidnext = 1000
    with serving(box, capability=capability) as (_, adapter, mirror):
        mirror.sync(adapter)
        box.messages.append(FakeMessage(3, message(3), modseq=2))
        box.uidnext = 1001
        mirror.sync(adapter)
        assert uids(mirror) == [1, 2, 3]


@EVERY_MODE
def test_a_uidnext_too_low_loses_no_arrival(capability: bytes) -> None:
    box = mailbox(1, 2, 7)
    box.uidnext = 2
    with serving(box, capability=capability) as (_, adapter, mirror):
        mirror.sync(adapter)
        mirror.sync(adapter)
        box.messages.append(FakeMessage(9, message(9), modseq=2))
        mirror.sync(adapter)
        assert uids(mirror) == [1, 2, 7, 9]
        assert mirror.sync(adapter).quiet


def test_a_server_that_tells_no_uidnext_is_asked_for_its_last_message() -> None:
    box = mailbox(1, 2, 7)
    box.uidnext = 0
    status = Rule(rb"STATUS.*", b'* STATUS "INBOX" (MESSAGES 3)\r\n{tag} OK x\r\n')
    with serving(box, capability=b"IMAP4rev1", rules=(status,)) as (_, adapter, mirror):
        mirror.sync(adapter)
        assert uids(mirror) == [1, 2, 7]
        box.messages.append(FakeMessage(8, message(8)))
        mirror.sync(adapter)
        assert uids(mirror) == [1, 2, 7, 8]


def test_the_last_message_that_answers_below_the_asked_range_is_no_arrival() -> None:
    """`UID FETCH 9:*` is swapped when 8 is the highest (RFC 3501 section 6.4.8)."""
    box = mailbox(1, 8)
    with serving(box, capability=SCAN) as (_, adapter, mirror):
        mirror.sync(adapter)
        box.uidnext = 10
        assert mirror.sync(adapter).quiet


def test_a_mailbox_without_modseq_is_compared() -> None:
    """HIGHESTMODSEQ 0, or none, means that this mailbox keeps none (RFC 7162 section 3.1.2)."""
    box = mailbox(1, 2)
    box.modseq = 0
    with serving(box) as (server, adapter, mirror):
        mirror.sync(adapter)
        box.messages[1].flags = "\\Flagged"
        assert mirror.sync(adapter).updated == [("INBOX", 2)]
        assert b"MODSEQ" not in b"".join(c for c in server.commands if b"FETCH" in c)
        assert not any(b"QRESYNC (" in c for c in server.commands)


def test_an_empty_mailbox_with_modseq_0_costs_no_further_round_trip() -> None:
    """Purelymail/purelymail-issues#446: an endless full sync at every poll."""
    box = FakeMailbox("INBOX", modseq=0)
    with serving(box) as (_, adapter, mirror):
        mirror.sync(adapter)
        before = adapter.traffic.round_trips
        mirror.sync(adapter)
        assert adapter.traffic.round_trips - before == 1


@pytest.mark.parametrize("capability", [FULL, CONDSTORE])
def test_a_modseq_that_goes_back_means_a_comparison(capability: bytes) -> None:
    """A server restored from a backup: what it told since is void."""
    box = mailbox(1, 2, 3)
    box.modseq = 100
    with serving(box, capability=capability) as (_, adapter, mirror):
        mirror.sync(adapter)
        box.modseq = 50
        box.messages[0].flags = "\\Seen"
        del box.messages[1]
        applied = mirror.sync(adapter)
        assert (applied.updated, applied.vanished) == ([("INBOX", 1)], [("INBOX", 2)])
        assert mirror.differences(adapter) == []


def test_a_modseq_beyond_63_bits_counts_as_none() -> None:
    box = mailbox(1, 2)
    box.modseq = 2**64
    with serving(box) as (_, adapter, mirror):
        mirror.sync(adapter)
        box.messages[0].flags = "\\Seen"
        mirror.sync(adapter)
        assert mirror.differences(adapter) == []


def test_a_qresync_promise_that_is_not_kept_is_noticed_by_the_count() -> None:
    box = mailbox(1, 2, 3)
    with serving(box) as (_, adapter, mirror):
        mirror.sync(adapter)
        del box.messages[1]
        box.modseq = 9
        assert mirror.sync(adapter).vanished == [("INBOX", 2)]


def test_vanished_lines_out_of_order_unknown_and_endless_do_no_harm() -> None:
    box = mailbox(2, 3, 5, 6)
    with serving(box) as (_, adapter, mirror):
        mirror.sync(adapter)
        box.messages = [m for m in box.messages if m.uid in (3,)]
        box.vanished = [(9, "900:4294967295,6,4"), (9, "5"), (9, "1:2")]
        assert sorted(uid for _, uid in mirror.sync(adapter).vanished) == [2, 5, 6]
        assert mirror.differences(adapter) == []


@pytest.mark.parametrize("line", [b"* VANISHED (EARLIER) x:y", b"* VANISHED", b"* VANISHED (EARLIER"])
def test_a_malformed_vanished_line_is_replaced_by_a_comparison(line: bytes) -> None:
    """iCloud (Foundry376/Mailspring-Sync#91)."""
    box = mailbox(1, 2, 3)
    said = b"* 2 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 4] x\r\n* OK [HIGHESTMODSEQ 9] x\r\n"
    with serving(box) as (server, adapter, mirror):
        mirror.sync(adapter)
        del box.messages[0]
        box.modseq = 9

        def examine(dialogue: Dialogue, tag: bytes) -> None:
            dialogue.selected = box
            dialogue.send(said + line + b"\r\n" + tag + b" OK done\r\n")

        server.rules.append(Rule(rb"EXAMINE.*", examine))
        assert mirror.sync(adapter).vanished == [("INBOX", 1)]


def test_uidvalidity_0_is_a_mailbox_like_another() -> None:
    box = mailbox(1, 2)
    box.uidvalidity = 0
    with serving(box) as (_, adapter, mirror):
        mirror.sync(adapter)
        box.messages.append(FakeMessage(3, message(3), modseq=2))
        box.messages[0].flags, box.messages[0].modseq = "\\Seen", 3
        mirror.sync(adapter)
        assert mirror.differences(adapter) == []


def test_a_mailbox_without_uidvalidity_is_a_mailbox_like_another() -> None:
    box = mailbox(1, 2)
    box.uidvalidity = None
    with serving(box, capability=SCAN) as (_, adapter, mirror):
        mirror.sync(adapter)
        del box.messages[0]
        mirror.sync(adapter)
        assert uids(mirror) == [2]


@EVERY_MODE
def test_a_new_uidvalidity_binds_known_messages_again_without_their_bytes(capability: bytes) -> None:
    """ProtonMail/proton-bridge#220: UIDs are used again for other messages."""
    box = mailbox(1, 2, 3)
    with serving(box, capability=capability) as (_, adapter, mirror):
        mirror.sync(adapter)
        box.uidvalidity = 8
        box.messages = [FakeMessage(1, message(3)), FakeMessage(2, message(1)), FakeMessage(3, message(50))]
        applied = mirror.sync(adapter)
        assert applied.new == [("INBOX", 3)]
        assert sorted(applied.placed) == [("INBOX", 1), ("INBOX", 2)]
        assert mirror.boxes["INBOX"].epoch == 8
        bodies = [record.uid for batch in applied.batches for record in batch.upserts if record.raw is not None]
        assert bodies == [3]
        assert mirror.differences(adapter) == []


def test_a_uidvalidity_that_changes_between_status_and_examine_is_seen() -> None:
    box = mailbox(1, 2)
    status = Rule(
        rb"LIST .*",
        b'* LIST () "/" INBOX\r\n* STATUS INBOX (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 7)\r\n{tag} OK x\r\n',
        times=1,
    )
    with serving(box) as (server, adapter, mirror):
        mirror.sync(adapter)
        box.uidvalidity = 9
        server.rules.append(status)
        mirror.sync(adapter)
        assert mirror.boxes["INBOX"].epoch == 9
        assert mirror.differences(adapter) == []


@EVERY_MODE
def test_an_arrival_from_behind_the_examine_that_goes_again_is_seen_to_go(capability: bytes) -> None:
    """The count of the EXAMINE is of a mailbox without it: 0 then, and 0 again when it has gone."""
    box = mailbox()
    promised = Rule(
        rb"(LIST|STATUS) .*",
        b'* LIST () "/" INBOX\r\n* STATUS INBOX (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 7)\r\n{tag} OK x\r\n',
        times=1,
    )
    with serving(box, capability=capability) as (server, adapter, mirror):
        mirror.sync(adapter)
        box.uidnext = 2  # the first one came and went

        def behind(dialogue: Dialogue, tag: bytes) -> None:
            box.messages, box.uidnext = [FakeMessage(2, message(2), modseq=3)], 3
            server.honest(dialogue, tag, server.commands[-1])

        server.rules += [promised, Rule(rb"(UID )?FETCH 1:\*.*", behind, times=1)]
        mirror.sync(adapter)
        assert uids(mirror) == [2]
        box.messages, box.vanished = [], [(4, "2")]
        mirror.sync(adapter)
        assert uids(mirror) == []


# ---------------------------------------------------------------------------- FETCH


@EVERY_MODE
def test_ok_without_the_message_that_was_asked_for_is_no_deletion(capability: bytes) -> None:
    """Exchange: UID FETCH n (BODY.PEEK[]) answers OK and nothing (OfflineIMAP/offlineimap#62)."""
    box = mailbox(1, 2, 3)
    clock = Clock()
    with serving(box, capability=capability, clock=clock) as (server, adapter, mirror):
        server.rules.append(Rule(rb"(UID )?FETCH .*BODY\.PEEK.*", lambda d, tag: _without(server, d, tag, {2})))
        mirror.sync(adapter)
        assert uids(mirror) == [1, 2, 3]
        assert mirror.boxes["INBOX"].placements[2].unreadable
        server.rules.clear()
        assert mirror.sync(adapter).quiet
        clock.now += 3601
        mirror.sync(adapter)
        assert not mirror.boxes["INBOX"].placements[2].unreadable
        assert mirror.raw("INBOX", 2) == message(2)


@EVERY_MODE
@pytest.mark.parametrize("complete", [True, False])
def test_an_arrival_that_is_left_out_of_the_answer_is_not_lost(capability: bytes, complete: bool) -> None:
    box = mailbox(*range(1, 300))
    with serving(box, capability=capability) as (server, adapter, mirror):
        mirror.apply(adapter.changes(mirror))
        backfill = adapter.backfill(mirror)
        mirror.apply(backfill if complete else [next(backfill)])
        box.messages += [FakeMessage(uid, message(uid), modseq=5) for uid in (300, 301, 302)]
        hide = Rule(rb"UID FETCH 300:\* .*", lambda d, tag: _without(server, d, tag, {301}))
        server.rules.append(hide)
        applied = mirror.apply(adapter.changes(mirror))
        assert sorted(uid for _, uid in applied.new) == [300, 301, 302]
        assert mirror.raw("INBOX", 301) == message(301)


def _without(server: ScriptedServer, dialogue: Dialogue, tag: bytes, hidden: set[int], status: bytes = b"OK") -> None:
    """The honest answer to the last command, without some UIDs."""
    lines = server.fetch_lines(dialogue, server.commands[-1])
    hidden_too = [re.compile(rb"\(UID %d " % uid) for uid in hidden]
    shown = [line for line in lines if not any(pattern.search(line) for pattern in hidden_too)]
    dialogue.send(b"".join(shown) + tag + b" " + status + b" done\r\n")


@EVERY_MODE
def test_no_for_one_message_of_many_costs_that_one_only(capability: bytes) -> None:
    """Yahoo, for days (imapsync/imapsync#119)."""
    box = mailbox(1, 2, 3)
    status = b"NO [UNAVAILABLE] UID FETCH Server error"
    with serving(box, capability=capability) as (server, adapter, mirror):
        server.rules.append(Rule(rb"(UID )?FETCH .*BODY\.PEEK.*", lambda d, tag: _without(server, d, tag, {3}, status)))
        mirror.sync(adapter)
        assert [uid for uid in uids(mirror) if mirror.boxes["INBOX"].placements[uid].unreadable] == [3]
        assert uids(mirror) == [1, 2, 3]


@EVERY_MODE
def test_a_malformed_answer_costs_its_message_only(capability: bytes) -> None:
    box = mailbox(1, 2, 3)
    with serving(box, capability=capability) as (server, adapter, mirror):

        def garbled(dialogue: Dialogue, tag: bytes) -> None:
            said = b"".join(server.fetch_lines(dialogue, server.commands[-1]))
            dialogue.send(said.replace(b"UID 2 ", b"UID 2 ((( ") + tag + b" OK done\r\n")

        server.rules.append(Rule(rb"(UID )?FETCH .*BODY\.PEEK.*", garbled))
        mirror.sync(adapter)
        assert uids(mirror) == [1, 2, 3]
        assert mirror.boxes["INBOX"].placements[2].unreadable
        assert not mirror.boxes["INBOX"].placements[3].unreadable


@EVERY_MODE
def test_answers_in_any_order_in_pieces_and_with_strangers_between_are_taken_by_uid(capability: bytes) -> None:
    box = mailbox(1, 2, 3, 4)
    with serving(box, capability=capability) as (server, adapter, mirror):

        def shuffled(dialogue: Dialogue, tag: bytes) -> None:
            lines = server.fetch_lines(dialogue, server.commands[-1])
            strangers = (
                b"* 7 FETCH (FLAGS (\\Answered))\r\n* 1 FETCH (UID 77 FLAGS (\\Seen))\r\n* 12 EXISTS\r\n* 3 RECENT\r\n"
            )
            dialogue.send(b"".join(reversed(lines)) + strangers + tag + b" OK done\r\n")

        server.rules.append(Rule(rb"(UID )?FETCH .*", shuffled))
        mirror.sync(adapter)
        box.messages.append(FakeMessage(5, message(5), modseq=3))
        mirror.sync(adapter)
        server.rules.clear()
        assert uids(mirror) == [1, 2, 3, 4, 5]
        assert all(not placement.flags for placement in mirror.boxes["INBOX"].placements.values())
        assert mirror.differences(adapter) == []


def test_the_items_of_one_message_may_come_in_several_lines() -> None:
    box = mailbox(1)
    with serving(box, capability=SCAN) as (server, adapter, mirror):

        def apart(dialogue: Dialogue, tag: bytes) -> None:
            said = b"".join(server.fetch_lines(dialogue, server.commands[-1]))
            dialogue.send(
                b"* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n" + said.replace(b"FLAGS () ", b"") + tag + b" OK x\r\n"
            )

        server.rules.append(Rule(rb"(UID )?FETCH .*BODY\.PEEK.*", apart))
        mirror.sync(adapter)
        assert mirror.boxes["INBOX"].placements[1].flags == {"\\Seen"}


@EVERY_MODE
def test_an_expunge_in_the_middle_of_a_fetch_deletes_nothing_by_number(capability: bytes) -> None:
    """Sequence numbers are never evidence (jakartaee/mail-api#150)."""
    box = mailbox(1, 2, 3, 4)
    with serving(box, capability=capability) as (server, adapter, mirror):

        def expunging(dialogue: Dialogue, tag: bytes) -> None:
            said = b"".join(server.fetch_lines(dialogue, server.commands[-1]))
            dialogue.send(b"* 2 EXPUNGE\r\n* 900 EXPUNGE\r\n* VANISHED 3\r\n" + said + tag + b" OK done\r\n")

        server.rules.append(Rule(rb"(UID )?FETCH .*", expunging, times=3))
        mirror.sync(adapter)
        mirror.sync(adapter)
        assert uids(mirror) == [1, 2, 3, 4]


@EVERY_MODE
def test_a_message_expunged_before_its_fetch_is_left_out(capability: bytes) -> None:
    box = mailbox(1, 2, 3)
    with serving(box, capability=capability) as (server, adapter, mirror):

        def late(dialogue: Dialogue, tag: bytes) -> None:
            box.messages = [m for m in box.messages if m.uid != 2]
            server.honest(dialogue, tag, server.commands[-1])

        server.rules.append(Rule(rb"(UID )?FETCH .*BODY\.PEEK.*", late))
        mirror.sync(adapter)
        assert uids(mirror) == [1, 3]
        assert mirror.sync(adapter).quiet or uids(mirror) == [1, 3]


def test_flags_with_brackets_and_8_bit_keywords_survive() -> None:
    box = mailbox(1)
    box.messages[0].flags = "\\Seen odd]one [x] gr\xfcn"
    with serving(box) as (_, adapter, mirror):
        mirror.sync(adapter)
        assert mirror.boxes["INBOX"].placements[1].flags == {"\\Seen", "odd]one", "[x]", "gr\xfcn"}


@pytest.mark.parametrize("email_id", ["", "M7"])
def test_an_email_id_is_the_identity_unless_it_is_nil(email_id: str) -> None:
    """bkaankose/Wino-Mail#692: THREADID NIL kills the parser."""
    box = mailbox(1)
    box.messages[0].email_id = email_id
    with serving(box, capability=FULL + b" OBJECTID") as (_, adapter, mirror):
        mirror.sync(adapter)
        identity = mirror.boxes["INBOX"].placements[1].identity
        assert identity == "emailid:M7" if email_id else identity.startswith("f1:")


# ---------------------------------------------------------------------------- deletions that cannot be true


def test_an_empty_inbox_for_a_moment_deletes_nothing() -> None:
    """SELECT says 0 EXISTS for a minute: held until a later look confirms it."""
    box = mailbox(*range(1, 81))
    clock = Clock()
    with serving(box, clock=clock) as (_, adapter, mirror):
        mirror.sync(adapter)
        kept, box.messages, box.modseq, box.uidnext = box.messages, [], 9, 81
        assert mirror.sync(adapter).quiet
        clock.now += 30
        assert mirror.sync(adapter).quiet
        box.messages = kept
        assert mirror.sync(adapter).quiet
        assert len(uids(mirror)) == 80


def test_an_emptied_mailbox_is_believed_when_it_stays_empty() -> None:
    box = mailbox(*range(1, 81))
    clock = Clock()
    with serving(box, clock=clock) as (server, adapter, mirror):
        mirror.sync(adapter)
        box.messages, box.modseq, box.uidnext = [], 9, 81
        assert mirror.sync(adapter).quiet
        clock.now += 61
        assert len(mirror.sync(adapter).vanished) == 80
        assert server.connections == 2
        assert mirror.sync(adapter).quiet


@EVERY_MODE
def test_a_mass_deletion_is_confirmed_by_a_second_connection(capability: bytes) -> None:
    box = mailbox(*range(1, 201))
    with serving(box, capability=capability) as (server, adapter, mirror):
        mirror.sync(adapter)
        box.messages = box.messages[:100]
        box.uidnext = 201
        box.vanished = [(9, "101:200")]
        assert len(mirror.sync(adapter).vanished) == 100
        assert server.connections == 2


def test_a_mass_deletion_that_a_second_connection_does_not_see_is_not_applied() -> None:
    box = mailbox(*range(1, 201))
    with serving(box) as (server, adapter, mirror):
        mirror.sync(adapter)
        box.vanished = [(9, "1:200")]
        assert mirror.sync(adapter).vanished == []
        assert server.connections == 2
        assert len(uids(mirror)) == 200


def test_a_partial_mirror_never_proves_absence() -> None:
    """Only [low_uid, uidnext) is compared while history is still missing (LukeSmithxyz/mutt-wizard#307)."""
    box = mailbox(*range(1, 301))
    with serving(box, capability=SCAN) as (_, adapter, mirror):
        mirror.apply(adapter.changes(mirror))
        backfill = adapter.backfill(mirror)
        mirror.apply([next(backfill)])
        assert len(uids(mirror)) == 50
        del box.messages[299], box.messages[10]
        box.uidnext = 301
        assert mirror.apply(adapter.changes(mirror)).vanished == [("INBOX", 300)]
        mirror.apply(adapter.backfill(mirror))
        assert mirror.differences(adapter) == []


# ---------------------------------------------------------------------------- the list


def test_a_list_without_inbox_is_not_believed() -> None:
    """The folder list answers OK and empty."""
    with serving(mailbox(1, 2)) as (server, adapter, mirror):
        mirror.sync(adapter)
        server.rules.append(Rule(rb"LIST.*", b"{tag} OK done\r\n"))
        with pytest.raises(errors.Transient, match="lacks INBOX"):
            mirror.sync(adapter)
        assert uids(mirror) == [1, 2]


def test_a_mailbox_gone_between_list_and_status_is_gone() -> None:
    """Foundry376/Mailspring#50: it crashed the whole account."""
    rules = (Rule(rb'STATUS "Work".*', b"{tag} NO [NONEXISTENT] gone\r\n"),)
    with serving(mailbox(1), mailbox(1, name="Work"), capability=b"IMAP4rev1", rules=rules) as (_, adapter, mirror):
        mirror.sync(adapter)
        assert list(mirror.boxes) == ["INBOX"]
        assert uids(mirror) == [1]


@pytest.mark.parametrize("why", [b"[NOPERM] not yours", b"[CANNOT] not this one"])
def test_a_mailbox_that_cannot_be_opened_does_not_stop_the_others(why: bytes) -> None:
    rules = (Rule(rb'EXAMINE "Closed".*', b"{tag} NO %b\r\n" % why),)
    boxes = (mailbox(1), mailbox(1, name="Closed"), mailbox(1, name="Work"))
    with serving(*boxes, rules=rules) as (_, adapter, mirror):
        mirror.sync(adapter)
        assert uids(mirror) == uids(mirror, "Work") == [1]
        assert uids(mirror, "Closed") == []
        assert mirror.differences(adapter) == []


def test_a_new_mailbox_under_the_name_of_a_renamed_one_is_another() -> None:
    """Renamed while its history was still coming in: what it holds must follow, or come in anew."""
    old = mailbox(*range(1, 61), name="Archive")
    old.mailbox_id = "F1"
    with serving(mailbox(), old, capability=FULL + b" OBJECTID") as (server, adapter, mirror):
        mirror.apply(adapter.changes(mirror))
        mirror.apply([next(adapter.backfill(mirror))])
        assert len(uids(mirror, "Archive")) == 50
        renamed = FakeMailbox("Old", old.messages, mailbox_id="F1")
        server.mailboxes[1:] = [renamed, FakeMailbox("Archive", uidvalidity=8, mailbox_id="F2")]
        mirror.sync(adapter)
        assert uids(mirror, "Old") == list(range(1, 61))
        assert mirror.differences(adapter) == []


def test_a_census_that_makes_no_sense_is_a_typed_error() -> None:
    rules = (Rule(rb"UID SEARCH .*", b'* ESEARCH (TAG "{tag}") UID ALL x:y\r\n{tag} OK done\r\n'),)
    with serving(mailbox(1), rules=rules) as (_, adapter, _), pytest.raises(errors.Transient):
        list(adapter.census().items)


def test_an_inbox_that_may_not_be_read_is_told() -> None:
    rules = (Rule(rb"EXAMINE.*", b"{tag} NO IMAP access disabled by administrator\r\n"),)
    with serving(mailbox(1), mailbox(1, name="Work"), rules=rules) as (_, adapter, mirror):
        mirror.apply(adapter.changes(mirror))
        with pytest.raises(errors.PermissionMissing):
            mirror.apply(adapter.backfill(mirror))


def test_a_mailbox_in_trouble_ends_the_run_only_after_the_others() -> None:
    rules = (Rule(rb'EXAMINE "Broken".*', b"{tag} NO [CORRUPTION] index damaged\r\n"),)
    boxes = (mailbox(1), mailbox(1, name="Broken"), mailbox(1, name="Work"))
    with serving(*boxes, rules=rules) as (_, adapter, mirror):
        mirror.apply(adapter.changes(mirror))
        with pytest.raises(errors.Transient, match="damaged"):
            mirror.apply(adapter.backfill(mirror))
        assert uids(mirror) == uids(mirror, "Work") == [1]


def test_a_throttle_in_mid_run_ends_it_at_once() -> None:
    rules = (Rule(rb"EXAMINE.*", b"{tag} NO Request is throttled. Suggested Backoff Time: 5000 milliseconds\r\n"),)
    with serving(mailbox(1), mailbox(1, name="Work"), rules=rules) as (server, adapter, mirror):
        mirror.apply(adapter.changes(mirror))
        with pytest.raises(errors.RateLimited) as caught:
            mirror.apply(adapter.backfill(mirror))
        assert caught.value.retry_after == 5
        assert len([c for c in server.commands if c.startswith(b"EXAMINE")]) == 1


def test_a_throttled_success_ends_a_backfill_behind_its_batch() -> None:
    box = mailbox(*range(1, 700))
    with serving(box) as (server, adapter, mirror):

        def slowed(dialogue: Dialogue, tag: bytes) -> None:
            dialogue.send(
                b"".join(server.fetch_lines(dialogue, server.commands[-1])) + tag + b" OK [THROTTLED] Success\r\n"
            )

        mirror.apply(adapter.changes(mirror))
        server.rules.append(Rule(rb"UID FETCH .*", slowed))
        with pytest.raises(errors.RateLimited):
            mirror.apply(adapter.backfill(mirror))
        server.rules.clear()
        assert 50 < len(uids(mirror)) < 699
        mirror.apply(adapter.backfill(mirror))
        assert len(uids(mirror)) == 699


def test_views_are_listed_and_not_mirrored() -> None:
    boxes = (mailbox(1), mailbox(1, name="All Mail"), mailbox(1, name="Starred"))
    boxes[1].attributes, boxes[2].attributes = "\\All", "\\Flagged"
    with serving(*boxes) as (_, adapter, mirror):
        mirror.sync(adapter)
        assert [box.record.role for box in mirror.boxes.values()] == [Role.INBOX, Role.ALL, Role.FLAGGED]
        assert uids(mirror, "All Mail") == []


# ---------------------------------------------------------------------------- breaks


@EVERY_MODE
def test_a_cut_after_any_byte_loses_nothing_and_repeats_nothing(capability: bytes) -> None:
    """For every N: the server's side breaks off after N bytes; what follows ends in the same state."""

    def story(cut: int | None) -> tuple[int, list[str]]:
        box, work = mailbox(1, 2, 3), mailbox(4, name="Work")
        with ScriptedServer([box, work], capability=capability) as server:
            mirror = MemoryMirror()
            _until_done(server, mirror, cut)
            box.messages[0].flags, box.messages[0].modseq = "\\Seen", 4
            del box.messages[1]
            box.vanished.append((5, "2"))
            box.messages.append(FakeMessage(9, message(9), modseq=6))
            sent = _until_done(server, mirror, cut)
            adapter = connect(server.endpoint, LOGIN, timeouts=QUICK)
            differences = mirror.differences(adapter)
            adapter.close()
            return sent, differences

    total, differences = story(None)
    assert differences == []
    for cut in range(1, total, 7):
        assert story(cut)[1] == [], f"cut after {cut} bytes"


def _until_done(server: ScriptedServer, mirror: MemoryMirror, cut: int | None) -> int:
    """Sync; where the connection is cut, once more on a whole one. The bytes that the server said."""
    server.cut_after = cut
    try:
        adapter = connect(server.endpoint, LOGIN, timeouts=QUICK)
        mirror.sync(adapter)
        said = adapter.traffic.bytes_in
        adapter.close()
    except errors.Transient:
        said = 0
    server.cut_after = None
    adapter = connect(server.endpoint, LOGIN, timeouts=QUICK)
    mirror.sync(adapter)
    adapter.close()
    return said


@EVERY_MODE
def test_applying_every_prefix_of_a_run_and_starting_again_ends_right(capability: bytes) -> None:
    """A consumer that stops after any number of batches."""
    for stop in range(12):
        box, work = mailbox(*range(1, 121)), mailbox(4, name="Work")
        with serving(box, work, capability=capability) as (_, adapter, mirror):
            _apply_first(mirror, adapter.changes(mirror), stop)
            _apply_first(mirror, adapter.backfill(mirror), stop)
            box.messages += [FakeMessage(uid, message(uid), modseq=9) for uid in range(130, 140)]
            del box.messages[3]
            box.vanished.append((9, "4"))
            _apply_first(mirror, adapter.changes(mirror), stop)
            mirror.sync(adapter)
            assert mirror.differences(adapter) == [], stop


@EVERY_MODE
@pytest.mark.parametrize("complete", [True, False])
def test_a_run_that_stops_between_two_batches_of_arrivals_loses_none(capability: bytes, complete: bool) -> None:
    box = mailbox(*range(1, 101))
    with serving(box, capability=capability) as (_, adapter, mirror):
        mirror.apply(adapter.changes(mirror))
        backfill = adapter.backfill(mirror)
        mirror.apply(backfill if complete else [next(backfill)])
        held = len(uids(mirror))
        box.messages += [FakeMessage(uid, message(uid), modseq=5) for uid in range(101, 1201)]
        _apply_first(mirror, adapter.changes(mirror), 2)
        assert len(uids(mirror)) == held + 500
        mirror.apply(adapter.changes(mirror))
        assert len(uids(mirror)) == held + 1100
        mirror.apply(adapter.backfill(mirror))
        assert mirror.differences(adapter) == []


def _apply_first(mirror: MemoryMirror, batches: Iterator[MailBatch], count: int) -> None:
    for _ in range(count):
        batch = next(batches, None)
        if batch is None:
            return
        mirror.apply([batch])


def test_an_iteration_that_another_call_overtook_says_so() -> None:
    with serving(mailbox(*range(1, 1200))) as (_, adapter, mirror):
        mirror.apply(adapter.changes(mirror))
        backfill = adapter.backfill(mirror)
        mirror.apply([next(backfill), next(backfill)])
        assert adapter.fetch("INBOX", 7, 5) == message(5)
        with pytest.raises(RuntimeError, match="put an end to this answer"):
            mirror.apply(backfill)


def test_a_dead_connection_is_told_by_alive() -> None:
    with serving(mailbox(1)) as (server, adapter, _):
        assert adapter.alive()
        server.rules.append(Rule(rb"NOOP", b"* BYE gone\r\n"))
        assert not adapter.alive()


# ---------------------------------------------------------------------------- single messages


def test_fetch_tells_a_missing_message_from_another_epoch() -> None:
    with serving(mailbox(1, 2)) as (_, adapter, _mirror):
        assert adapter.fetch("INBOX", 7, 2) == message(2)
        with pytest.raises(errors.NotFound):
            adapter.fetch("INBOX", 7, 3)
        with pytest.raises(errors.CursorExpired):
            adapter.fetch("INBOX", 8, 2)
        with pytest.raises(errors.NotFound):
            adapter.fetch_part("INBOX", 7, 9, "1")


@pytest.mark.parametrize("section", ["1]<0.5> FLAGS BODY[2", "1\r\nx LOGOUT", "A", "1.", "-1", "1 2"])
def test_a_section_cannot_smuggle_a_command(section: str) -> None:
    with serving(mailbox(1)) as (server, adapter, _):
        with pytest.raises(errors.Rejected):
            adapter.fetch_part("INBOX", 7, 1, section)
        assert not any(b"FETCH" in command for command in server.commands)


def test_a_server_that_ignores_partial_requests_is_taken_at_its_word() -> None:
    big = message(1, size=5_000_000)
    box = FakeMailbox("INBOX", [FakeMessage(1, big)])
    with serving(box) as (server, adapter, _):

        def all_at_once(dialogue: Dialogue, tag: bytes) -> None:
            dialogue.send(b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%b)\r\n%b OK done\r\n" % (len(big), big, tag))

        server.rules.append(Rule(rb"UID FETCH .*", all_at_once))
        assert adapter.fetch("INBOX", 7, 1) == big
    with serving(box) as (server, adapter, _):
        assert adapter.fetch("INBOX", 7, 1) == big
        assert len([c for c in server.commands if b"FETCH" in c]) == 2
