"""Changes at a real server, with and without the extensions that make them easy."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from apps.providers.adapters import errors, imap
from apps.providers.adapters.base import (
    CreateMailbox,
    DeleteMailbox,
    ExpungeMessages,
    MoveMessages,
    RenameMailbox,
    StoreFlags,
)
from apps.providers.adapters.imap import transfer
from apps.providers.adapters.imap.cursor import MailboxCursor
from apps.providers.adapters.imap.store import keyword_problem
from apps.providers.adapters.imap.tree import name_problem
from tests.imap.dovecot import Dovecot
from tests.imap.messages import message

pytestmark = pytest.mark.dovecot

# "bare" offers neither MOVE nor UIDPLUS; "nomove" UIDPLUS alone.
BARE = "IMAP4rev1 LITERAL+ SASL-IR ID NAMESPACE UNSELECT"
WAYS = {"full": "", "nomove": f"{BARE} UIDPLUS ESEARCH CONDSTORE ENABLE", "bare": BARE, "moveonly": f"{BARE} MOVE"}


@pytest.fixture(scope="module", params=WAYS)
def server(request: pytest.FixtureRequest) -> Iterator[Dovecot]:
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        with Dovecot.start(Path(folder) / request.param, WAYS[request.param]) as running:
            yield running


class Place:
    """A user of the server with our adapter, and another client to look with."""

    def __init__(self, server: Dovecot) -> None:
        self.server, self.user = server, server.new_user()
        self.adapter = imap.connect(server.endpoint, server.login(self.user))

    def uids(self, mailbox: str, search: str = "ALL") -> list[int]:
        with self.server.client(self.user) as other:
            other.select(mailbox, readonly=True)
            return [int(uid) for uid in other.uid("SEARCH", search)[1][0].split()]

    def store(self, mailbox: str, uids: str, how: str, flags: str) -> None:
        with self.server.client(self.user) as other:
            other.select(mailbox)
            other.uid("STORE", uids, how, flags)

    def epoch(self, mailbox: str) -> int:
        with self.server.client(self.user) as other:
            other.select(mailbox, readonly=True)
            return int(other.response("UIDVALIDITY")[1][0])

    def identities(self, mailbox: str, uids: tuple[int, ...]) -> dict[int, str]:
        self.adapter._session.examine(mailbox)
        return transfer.identities(self.adapter._session, uids)


@pytest.fixture
def place(server: Dovecot) -> Iterator[Place]:
    made = Place(server)
    server.append(made.user, "INBOX", *(message(number) for number in range(1, 6)))
    server.append(made.user, "Work", message(90))
    yield made
    made.adapter.close()


def test_flags_are_added_and_removed_and_what_is_missing_is_told(place: Place) -> None:
    receipt = place.adapter.execute(
        StoreFlags("INBOX", place.epoch("INBOX"), (1, 2, 77), frozenset({"\\Seen", "todo"}), frozenset({"\\Flagged"}))
    )
    assert {one.uid: {flag.lower() for flag in one.flags} for one in receipt.flags} == {
        1: {"\\seen", "todo"}, 2: {"\\seen", "todo"},
    }  # fmt: skip
    assert receipt.missing == (77,)
    assert place.uids("INBOX", "SEEN") == [1, 2]


def test_another_epoch_writes_nothing(place: Place) -> None:
    with pytest.raises(errors.CursorExpired):
        place.adapter.execute(StoreFlags("INBOX", place.epoch("INBOX") + 1, (1,), frozenset({"\\Seen"})))
    with pytest.raises(errors.CursorExpired):
        place.adapter.execute(MoveMessages("INBOX", place.epoch("INBOX") + 1, (1,), "Work"))
    assert place.uids("INBOX", "UNSEEN") == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("server", ["full", "nomove"], indirect=True)  # those with CONDSTORE
def test_a_change_since_the_cursor_is_learnt_and_the_act_applied_all_the_same(place: Place) -> None:
    box = place.adapter._session.examine("INBOX")
    cursor = MailboxCursor(box.uidvalidity, box.uidnext or 1, 1, modseq=box.modseq).save()
    place.store("INBOX", "1", "+FLAGS", "(\\Flagged theirs)")
    place.store("INBOX", "2", "+FLAGS", "(\\Seen)")
    receipt = place.adapter.execute(
        StoreFlags("INBOX", box.uidvalidity, (1, 2, 3), frozenset({"\\Seen"}), cursor=cursor)
    )
    assert {one.uid: {flag.lower() for flag in one.flags} for one in receipt.flags} == {
        1: {"\\flagged", "theirs", "\\seen"}, 2: {"\\seen"}, 3: {"\\seen"},
    }  # fmt: skip


def command(place: Place, uids: tuple[int, ...], to: str = "Work") -> MoveMessages:
    return MoveMessages("INBOX", place.epoch("INBOX"), uids, to, place.identities("INBOX", uids))


def marked(place: Place, made: Any) -> Any:
    return replace(made, mark=place.adapter.mark(made))


def test_a_move_moves_and_tells_where_to(place: Place) -> None:
    receipt = place.adapter.execute(marked(place, command(place, (2, 4))))
    assert place.uids("INBOX") == [1, 3, 5]
    assert place.uids("Work") == [1, 2, 3]
    assert set(receipt.moved) == {2, 4}
    if place.adapter._session.has("UIDPLUS") or not place.adapter._session.has("MOVE"):
        assert receipt.moved == {2: 2, 4: 3}
    assert receipt.missing == ()


@pytest.mark.parametrize("server", ["nomove", "bare"], indirect=True)  # MOVE leaves nothing half done
def test_a_move_that_was_cut_off_after_the_copy_is_not_doubled(place: Place) -> None:
    made = marked(place, command(place, (2, 4)))
    with place.server.client(place.user) as other:
        other.select("INBOX")
        other.uid("COPY", "2", "Work")
    receipt = place.adapter.execute(made)
    assert place.uids("INBOX") == [1, 3, 5]
    assert place.uids("Work") == [1, 2, 3]
    assert receipt.moved == {2: 2, 4: 3}


def test_a_move_that_was_done_is_found_by_a_second_try(place: Place) -> None:
    made = marked(place, command(place, (2, 4)))
    first = place.adapter.execute(made)
    second = place.adapter.execute(made)
    assert place.uids("Work") == [1, 2, 3]
    if made.mark is not None:
        assert second.moved == first.moved
    else:
        assert second.missing == (2, 4)


def test_what_others_marked_as_deleted_stays(place: Place) -> None:
    place.store("INBOX", "5", "+FLAGS", "(\\Deleted)")
    place.adapter.execute(marked(place, ExpungeMessages("INBOX", place.epoch("INBOX"), (1,))))
    place.adapter.execute(marked(place, command(place, (2,))))
    assert place.uids("INBOX") == [3, 4, 5]
    assert place.uids("INBOX", "DELETED") == [5]


@pytest.mark.parametrize("server", ["bare", "moveonly"], indirect=True)  # UIDPLUS touches nothing of others
def test_marks_that_a_cut_off_try_took_away_are_put_back(place: Place) -> None:
    place.store("INBOX", "5", "+FLAGS", "(\\Deleted)")
    made = marked(place, ExpungeMessages("INBOX", place.epoch("INBOX"), (1,)))
    assert made.mark is not None
    place.store("INBOX", "5", "-FLAGS", "(\\Deleted)")
    place.adapter.execute(made)
    assert place.uids("INBOX", "DELETED") == [5]


def test_a_destination_that_is_gone_is_said_and_nothing_is_lost(place: Place) -> None:
    with pytest.raises(errors.NotFound):
        place.adapter.execute(marked(place, command(place, (2,), "Nowhere")))
    assert place.uids("INBOX") == [1, 2, 3, 4, 5]


def test_mailboxes_are_made_renamed_and_removed_and_each_may_be_repeated(place: Place) -> None:
    adapter = place.adapter
    make = CreateMailbox("Ferie & più")
    made = adapter.execute(make).mailbox
    assert adapter.execute(make).mailbox == made
    rename = RenameMailbox(made, "Vacanze", "Work", "/")
    renamed = adapter.execute(rename).mailbox
    assert renamed == "Work/Vacanze"
    assert adapter.execute(rename).mailbox == renamed
    assert {"Work", renamed} <= {record.remote_id for record in adapter.census().mailboxes}
    adapter.execute(DeleteMailbox(renamed))
    adapter.execute(DeleteMailbox(renamed))
    assert renamed not in {record.remote_id for record in adapter.census().mailboxes}


def test_a_held_down_key_selects_once(place: Place) -> None:
    place.adapter.execute(StoreFlags("INBOX", None, (1,), frozenset({"\\Seen"})))
    before = place.adapter.traffic.round_trips
    place.adapter.execute(StoreFlags("INBOX", None, (2,), frozenset({"\\Seen"})))
    assert place.adapter.traffic.round_trips - before <= 2


ACL = (
    "plugin {\n  acl = vfile\n}\nmail_plugins = $mail_plugins acl\nprotocol imap {\n  mail_plugins = acl imap_acl\n}\n"
)


def test_a_mailbox_that_may_only_be_read_is_said() -> None:
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        with Dovecot.start(Path(folder) / "acl", "", extra=ACL) as restricted:
            made = Place(restricted)
            restricted.append(made.user, "Locked", message(1))
            (restricted.maildir(made.user) / ".Locked" / "dovecot-acl").write_text("owner lr\n")
            with pytest.raises(errors.PermissionMissing):
                made.adapter.execute(StoreFlags("Locked", None, (1,), frozenset({"\\Seen"})))
            made.adapter.close()


@pytest.mark.parametrize(
    ("name", "good"),
    [("Ferie", True), ("", False), (" x", False), ("a/b", False), ("a\r\nDELETE INBOX", False), ("é" * 300, False),
     ("R&D", True), ("100%", False)],
)  # fmt: skip
def test_names_that_cannot_be_are_told_before_the_server_is_asked(name: str, good: bool) -> None:
    assert (name_problem(name, "/") == "") is good


@pytest.mark.parametrize(("word", "good"), [("todo", True), ("", False), ("a b", False), ("a)", False), ("più", False)])
def test_keywords_that_cannot_be(word: str, good: bool) -> None:
    assert (keyword_problem(word) == "") is good
