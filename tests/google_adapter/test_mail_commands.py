"""What people do here reaches Gmail, and does so once, whatever becomes of the answers."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from apps.providers.adapters import errors
from apps.providers.adapters.base import (
    CreateMailbox,
    DeleteMailbox,
    ExpungeMessages,
    MailCommand,
    MoveMessages,
    Receipt,
    RenameMailbox,
    StoreFlags,
)
from tests.google_adapter.desk import MODIFY, Desk
from tests.google_adapter.mail import Post, letter

NOW = datetime(2026, 5, 29, 10, tzinfo=UTC)


@pytest.fixture
def post(desk: Desk) -> Post:
    return Post(desk)


def store(uids: tuple[int, ...], add: str = "", remove: str = "") -> StoreFlags:
    return StoreFlags("INBOX", 1, uids, frozenset(add.split()), frozenset(remove.split()))


def labels(post: Post, message: str) -> set[str]:
    return set(post.box.messages[message].labels)


def test_flags_are_labels(post: Post) -> None:
    one = post.deliver("One")
    uid = int(one, 16)
    receipt = post.adapter.execute(store((uid,), r"\Seen \Flagged"))
    assert labels(post, one) == {"INBOX", "STARRED"}
    assert [(told.uid, sorted(told.flags)) for told in receipt.flags] == [(uid, ["\\Flagged", "\\Seen"])]
    post.adapter.execute(store((uid,), remove=r"\Seen \Flagged"))
    assert labels(post, one) == {"INBOX", "UNREAD"}
    receipt = post.adapter.execute(store((uid, 12345), r"\Seen"))
    assert receipt.missing == (12345,)
    post.follow()


def test_marks_that_gmail_does_not_keep_are_refused_in_a_sentence(post: Post) -> None:
    one = post.deliver("One")
    with pytest.raises(errors.Rejected, match="marks of one's own"):
        post.adapter.execute(store((int(one, 16),), "Project"))
    receipt = post.adapter.execute(store((int(one, 16),), r"\Answered"))  # follows from replying; nobody asked for it
    assert receipt.flags[0].flags == frozenset()


def test_many_messages_are_changed_together(post: Post, desk: Desk) -> None:
    uids = tuple(int(post.deliver(f"Letter {number}"), 16) for number in range(40))
    receipt = post.adapter.execute(store((*uids, 99), r"\Seen"))
    assert desk.asked("gmail.users.messages.batchModify") == 1
    assert {told.uid for told in receipt.flags if "\\Seen" in told.flags} == set(uids)
    assert receipt.missing == (99,)


@pytest.mark.parametrize(
    ("held", "source", "to", "then", "moved"),
    [
        ("INBOX", "INBOX", "ALL", "", True),
        ("INBOX", "INBOX", "WORK", "WORK", True),
        ("WORK", "WORK", "INBOX", "INBOX", True),
        ("WORK INBOX", "WORK", "ALL", "INBOX", True),
        ("INBOX WORK", "INBOX", "TRASH", "WORK TRASH", True),
        ("INBOX", "INBOX", "SPAM", "SPAM", True),
        ("INBOX WORK", "WORK", "TRASH", "WORK TRASH", True),
        ("TRASH WORK", "TRASH", "INBOX", "INBOX WORK", True),
        ("TRASH", "TRASH", "ALL", "", True),
        ("SPAM", "SPAM", "INBOX", "INBOX", True),
        ("TRASH SENT", "TRASH", "SENT", "SENT", True),
        ("SENT", "SENT", "TRASH", "SENT TRASH", True),
        ("SENT", "SENT", "WORK", "SENT WORK", False),
        ("", "ALL", "WORK", "WORK", False),
        ("INBOX", "ALL", "TRASH", "TRASH", True),
    ],
)
def test_a_move_is_a_change_of_labels(post: Post, held: str, source: str, to: str, then: str, moved: bool) -> None:
    work = post.elsewhere.label(post.user, "Work")

    def named(text: str) -> list[str]:
        return [work if one == "WORK" else one for one in text.split()]

    one = post.deliver("One", named(held))
    uid = int(one, 16)
    post.follow()
    command = MoveMessages(named(source)[0], 1, (uid,), named(to)[0], {uid: f"gm:{one}"})
    receipt = post.adapter.execute(command)
    assert labels(post, one) == set(named(then))
    assert receipt.moved == ({uid: uid} if moved else {})
    post.adapter.execute(command)
    assert labels(post, one) == set(named(then)), "a second time changes nothing"
    assert post.follow().new == []


@pytest.mark.parametrize("to", ["SENT", "DRAFT"])
def test_nobody_moves_into_sent_or_drafts(post: Post, to: str) -> None:
    uid = int(post.deliver("One"), 16)
    with pytest.raises(errors.Rejected, match="itself"):
        post.adapter.execute(MoveMessages("INBOX", 1, (uid,), to))


def test_a_move_to_a_label_that_went_is_asked_again_after_a_sync(post: Post) -> None:
    uid = int(post.deliver("One"), 16)
    with pytest.raises(errors.CursorExpired):
        post.adapter.execute(MoveMessages("INBOX", 1, (uid,), "Label_77"))
    with pytest.raises(errors.CursorExpired):
        post.adapter.execute(MoveMessages("INBOX", 2, (uid,), "TRASH"))


def test_deleting_for_good_needs_the_wide_permission(desk: Desk) -> None:
    post = Post(desk)
    one, two = post.deliver("One", ["TRASH"]), post.deliver("Two", ["TRASH"])
    post.adapter.execute(ExpungeMessages("TRASH", 1, (int(one, 16), 77)))
    assert one not in post.box.messages
    narrow = Post(desk, scopes=MODIFY)
    with pytest.raises(errors.Rejected, match="for good"):
        narrow.adapter.execute(ExpungeMessages("TRASH", 1, (int(two, 16),)))
    draft = narrow.adapter.append("DRAFT", letter("Draft"), ("\\Draft", "\\Seen"), NOW)
    narrow.adapter.remove("DRAFT", 1, [draft.uid or 0, 78])
    assert not narrow.box.drafts
    narrow.adapter.remove("TRASH", 1, [int(two, 16)])
    assert labels(narrow, two) == {"TRASH"}


def test_labels_are_made_renamed_and_deleted(post: Post) -> None:
    work = post.adapter.execute(CreateMailbox("Work")).mailbox
    offers = post.adapter.execute(CreateMailbox("Offers", work)).mailbox
    assert post.adapter.execute(CreateMailbox("work")).mailbox == work
    one = post.deliver("One", [offers])
    post.follow()
    renamed = post.adapter.execute(RenameMailbox(work, "Customers"))
    assert renamed.mailbox == work
    post.follow()
    assert post.mirror.boxes[offers].record.path == ("Customers", "Offers")
    assert set(post.places(one)) == {offers, "ALL"}
    post.adapter.execute(DeleteMailbox(offers))
    post.adapter.execute(DeleteMailbox(offers))
    post.follow()
    assert set(post.places(one)) == {"ALL"}


@pytest.mark.parametrize("name", ["Inbox", "a/b", "  ", "x" * 300])
def test_names_that_gmail_does_not_take_are_told_in_a_sentence(post: Post, name: str) -> None:
    with pytest.raises(errors.Rejected, match="name"):
        post.adapter.execute(CreateMailbox(name))


def test_gmails_own_labels_stay(post: Post) -> None:
    for command in (DeleteMailbox("INBOX"), RenameMailbox("ALL", "Everything"), CreateMailbox("Below", "TRASH")):
        with pytest.raises(errors.Rejected, match="own labels"):
            post.adapter.execute(command)


def test_a_rename_that_was_cut_between_two_labels_is_finished(post: Post, desk: Desk) -> None:
    work = post.elsewhere.label(post.user, "Work")
    for name in ("Work/A", "Work/B"):
        post.elsewhere.label(post.user, name)
    desk.fail("gmail.users.labels.patch", "cut", after=True, skip=1)
    command = RenameMailbox(work, "Customers")
    with pytest.raises(errors.Transient):
        post.adapter.execute(command)
    post.adapter.execute(command)
    post.adapter.execute(command)
    names = {one.name for one in post.box.labels.values() if one.kind == "user"}
    assert names == {"Customers", "Customers/A", "Customers/B"}


def lost_answers(post: Post) -> dict[str, tuple[str, Callable[[], MailCommand]]]:
    """Commands by name, each with the method whose answer is lost."""
    one = post.deliver("One")
    uid = int(one, 16)
    work = post.elsewhere.label(post.user, "Work")
    return {
        "store": ("messages.modify", lambda: store((uid,), r"\Seen")),
        "move": ("messages.modify", lambda: MoveMessages("INBOX", 1, (uid,), work)),
        "trash": ("messages.modify", lambda: MoveMessages("INBOX", 1, (uid,), "TRASH")),
        "expunge": ("messages.delete", lambda: ExpungeMessages("INBOX", 1, (uid,))),
        "create": ("labels.create", lambda: CreateMailbox("New")),
        "rename": ("labels.patch", lambda: RenameMailbox(work, "Other")),
        "delete": ("labels.delete", lambda: DeleteMailbox(work)),
    }


@pytest.mark.parametrize("name", ["store", "move", "trash", "expunge", "create", "rename", "delete"])
@pytest.mark.parametrize("kind", ["cut", "503", "half"])
def test_a_command_whose_answer_was_lost_takes_effect_once(post: Post, desk: Desk, name: str, kind: str) -> None:
    method, made = lost_answers(post)[name]
    post.follow()
    desk.fail(f"gmail.users.{method}", kind, after=True)
    command = made()
    with contextlib.suppress(errors.Transient):
        post.adapter.execute(command)
    once = {one.id: set(one.labels) for one in post.box.messages.values()}, len(post.box.labels)
    receipt: Receipt = post.adapter.execute(command)
    assert ({one.id: set(one.labels) for one in post.box.messages.values()}, len(post.box.labels)) == once
    assert receipt.missing == ()
    post.follow()


def test_what_is_appended_is_found_and_removed(post: Post) -> None:
    raw = letter("Saved", more="X-PMSync-Draft: d-1\r\n")
    draft = post.adapter.append("DRAFT", raw, ("\\Draft", "\\Seen"), NOW)
    assert post.adapter.find("DRAFT", "X-PMSync-Draft", "d-1").uids == (draft.uid,)
    assert post.adapter.fetch("DRAFT", 1, draft.uid or 0) == raw
    assert post.adapter.find("DRAFT", "X-PMSync-Draft", "d-2").uids == ()
    assert post.adapter.find("Label_99", "Message-ID", "<x@y>").uids == ()
    post.adapter.remove("DRAFT", 1, [draft.uid or 0])
    post.adapter.remove("DRAFT", 1, [draft.uid or 0])
    with pytest.raises(errors.NotFound):
        post.adapter.fetch("DRAFT", 1, draft.uid or 0)
    filed = post.adapter.append("Archive 2026", letter("Old"), ("\\Seen", "\\Flagged"), NOW)
    post.follow()
    assert {name for name in post.places(f"{filed.uid:x}") if name.startswith("Label_")}
    record = post.mirror.messages[f"gm:{filed.uid:x}"]
    assert record.internal_date == NOW
    assert record.flags == {"\\Seen", "\\Flagged"}


def test_a_message_that_the_search_does_not_know_yet_is_found(post: Post) -> None:
    post.box.index_lag = 60.0
    filed = post.adapter.append("SENT", letter("Sent"), ("\\Seen",), NOW)
    assert post.adapter.find("SENT", "Message-ID", "<sent.0@outside.example>").uids == (filed.uid,)


def test_a_message_that_the_search_knows_costs_no_look_at_others(post: Post, desk: Desk) -> None:
    for number in range(5):
        post.adapter.append("SENT", letter(f"Other {number}"), ("\\Seen",), NOW)
    filed = post.adapter.append("SENT", letter("Sent"), ("\\Seen",), NOW)
    before = len(desk.google.journal.entries)
    assert post.adapter.find("SENT", "Message-ID", "<sent.0@outside.example>").uids == (filed.uid,)
    assert [one.method for one in desk.google.journal.entries[before:]] == ["gmail.users.messages.list"]


def test_a_large_message_goes_by_a_session_of_its_own(post: Post, desk: Desk) -> None:
    raw = letter("Large", body="x" * 6_000_000)
    filed = post.adapter.append("INBOX", raw, (), NOW)
    assert post.adapter.fetch("INBOX", 1, filed.uid or 0) == raw
    with pytest.raises(errors.Rejected):
        post.adapter.append("DRAFT", b"x" * 36_700_161, (), NOW)


def test_a_section_is_cut_out_of_the_message(post: Post) -> None:
    raw = (
        b"From: a@b.example\r\nSubject: Parts\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
        b"--B\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
        b"--B\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--B--\r\n"
    )
    uid = post.adapter.append("INBOX", raw, (), NOW).uid or 0

    def part(section: str) -> bytes:
        return post.adapter.fetch_part("INBOX", 1, uid, section)

    assert (part("1"), part("2"), part("")) == (b"Hello", b"JVBERi0=", raw)
    assert part("2.MIME").startswith(b"Content-Type: application/pdf")
    assert part("HEADER").endswith(b"boundary=B\r\n\r\n")
    with pytest.raises(errors.NotFound):
        part("3")
    with pytest.raises(errors.Rejected):
        part("x")


def test_nothing_is_asked_of_another_host(post: Post, desk: Desk) -> None:
    wire: Any = post.adapter._api.wire
    with pytest.raises(errors.Rejected):
        wire.request("http://127.0.0.2:1/x")
