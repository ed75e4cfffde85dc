"""Changes to mail at Graph: each takes effect once, also when its first answer was lost."""

from collections.abc import Callable
from datetime import UTC, datetime

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
from apps.providers.adapters.microsoft.mail import GraphMail
from tests.fakes.microsoft.faults import answer, cut
from tests.imap.mirror import MemoryMirror
from tests.microsoft_adapter.desk import Desk
from tests.microsoft_fake.cast import PLAIN, letter

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)


def uids(mirror: MemoryMirror, folder: str) -> tuple[int, ...]:
    """What the mirror holds of a folder."""
    return tuple(mirror.boxes[folder].placements)


@pytest.fixture(params=["answered", "answer lost", "never arrived"])
def execute(request: pytest.FixtureRequest, desk: Desk) -> Callable[[GraphMail, MailCommand], Receipt]:
    """Carry out a command; where its first try is cut, before or after it took effect, a second time."""

    def run(adapter: GraphMail, command: MailCommand) -> Receipt:
        if request.param != "answered":
            desk.faults.add(cut(after_commit=request.param == "answer lost"), "^(POST|PATCH|DELETE)")
            with pytest.raises(errors.Transient):
                adapter.execute(command)
            assert desk.faults.left == 0
        return adapter.execute(command)

    return run


Execute = Callable[[GraphMail, MailCommand], Receipt]


def test_flags_and_categories_are_set_and_taken_away(desk: Desk, execute: Execute) -> None:
    desk.elsewhere.categorise(desk.elsewhere.deliver(PLAIN), "Blue", "Old")
    mirror, adapter = desk.synced()
    inbox = desk.box("inbox")
    command = StoreFlags(
        inbox, 1, uids(mirror, inbox), frozenset({"\\seen", "\\flagged", "Grüne Liste"}), frozenset({"old"})
    )  # fmt: skip
    receipt = execute(adapter, command)
    wanted = frozenset({"\\Seen", "\\Flagged", "Blue", "Grüne Liste"})
    assert [record.flags for record in receipt.flags] == [wanted]
    mirror.sync(adapter)
    assert mirror.differences(adapter) == []
    assert next(iter(mirror.boxes[inbox].placements.values())).flags == wanted
    back = StoreFlags(inbox, 1, uids(mirror, inbox), frozenset(), frozenset({"\\seen", "\\flagged"}))
    assert [record.flags for record in adapter.execute(back).flags] == [wanted - {"\\Seen", "\\Flagged"}]


def test_answered_and_forwarded_are_what_outlook_shows(desk: Desk) -> None:
    desk.elsewhere.deliver(PLAIN)
    mirror, adapter = desk.synced()
    inbox = desk.box("inbox")
    for flag in ("\\Answered", "$Forwarded"):
        receipt = adapter.execute(StoreFlags(inbox, 1, uids(mirror, inbox), frozenset({flag.lower()})))
        assert [record.flags for record in receipt.flags] == [frozenset({flag})]
        mirror.boxes[inbox].cursor = None
        mirror.sync(adapter)
        assert mirror.differences(adapter) == []


def test_a_category_that_somebody_gives_at_the_same_time_is_kept(desk: Desk) -> None:
    message = desk.elsewhere.deliver(PLAIN)
    mirror, adapter = desk.synced()
    desk.faults.add(answer("change key"), "PATCH")
    inbox = desk.box("inbox")
    desk.elsewhere.categorise(message, "Theirs")
    receipt = adapter.execute(StoreFlags(inbox, 1, uids(mirror, inbox), frozenset({"Ours"})))
    assert receipt.flags[0].flags == {"Theirs", "Ours"}


@pytest.mark.parametrize("flag", ["\\deleted", "\\draft", "$junk", "a,b", "", "x" * 300])
def test_marks_that_outlook_does_not_have_are_refused_in_a_sentence(desk: Desk, flag: str) -> None:
    desk.elsewhere.deliver(PLAIN)
    mirror, adapter = desk.synced()
    inbox = desk.box("inbox")
    with pytest.raises(errors.Rejected, match="Outlook does not"):
        adapter.execute(StoreFlags(inbox, 1, uids(mirror, inbox), frozenset({flag})))


def test_a_flag_follows_a_message_that_was_moved_and_a_move_does_not(desk: Desk) -> None:
    first, second = desk.elsewhere.deliver(letter(1)), desk.elsewhere.deliver(letter(2))
    mirror, adapter = desk.synced()
    inbox = desk.box("inbox")
    desk.elsewhere.move(first, "archive")
    desk.elsewhere.purge(second)
    receipt = adapter.execute(StoreFlags(inbox, 1, uids(mirror, inbox), frozenset({"\\seen"})))
    assert len(receipt.flags) == len(receipt.missing) == 1
    receipt = adapter.execute(MoveMessages(inbox, 1, uids(mirror, inbox), desk.box("junkemail")))
    assert len(receipt.missing) == 2
    adapter.execute(ExpungeMessages(inbox, 1, uids(mirror, inbox)))
    mirror.sync(adapter)
    assert len(uids(mirror, desk.box("archive"))) == 1
    assert mirror.differences(adapter) == []


def test_messages_are_moved(desk: Desk, execute: Execute) -> None:
    for number in range(3):
        desk.elsewhere.deliver(letter(number))
    mirror, adapter = desk.synced()
    inbox, archive = desk.box("inbox"), desk.box("archive")
    moved = uids(mirror, inbox)
    receipt = execute(adapter, MoveMessages(inbox, 1, moved, archive))
    assert receipt.moved == {uid: uid for uid in moved}
    assert receipt.epoch == 1
    applied = mirror.sync(adapter)
    assert not applied.new
    assert sorted(uids(mirror, archive)) == sorted(moved)
    assert mirror.differences(adapter) == []


def test_a_move_to_a_folder_that_is_gone_is_not_found(desk: Desk) -> None:
    desk.elsewhere.deliver(PLAIN)
    mirror, adapter = desk.synced()
    folder = desk.elsewhere.add_folder("Gone")
    desk.elsewhere.remove_folder(folder.id)
    with pytest.raises(errors.NotFound):
        adapter.execute(MoveMessages(desk.box("inbox"), 1, uids(mirror, desk.box("inbox")), folder.id))


def test_messages_are_deleted_for_good(desk: Desk, execute: Execute) -> None:
    desk.elsewhere.deliver(PLAIN)
    mirror, adapter = desk.synced()
    inbox = desk.box("inbox")
    execute(adapter, ExpungeMessages(inbox, 1, uids(mirror, inbox)))
    assert not list(desk.mailbox.messages())
    mirror.sync(adapter)
    assert mirror.differences(adapter) == []


def test_folders_are_made_renamed_moved_and_removed(desk: Desk, execute: Execute) -> None:
    mirror, adapter = desk.synced()
    made = execute(adapter, CreateMailbox("Projects")).mailbox
    below = adapter.execute(CreateMailbox("2026", parent=made)).mailbox
    mirror.sync(adapter)
    assert mirror.boxes[below].record.path == ("Projects", "2026")
    assert adapter.execute(RenameMailbox(below, "Old", parent=desk.box("archive"))).mailbox == below
    desk.elsewhere.deliver(PLAIN, below)
    mirror.sync(adapter)
    assert mirror.boxes[below].record.path == ("Archive", "Old")
    adapter.execute(CreateMailbox("Other"))
    with pytest.raises(errors.Rejected, match="already"):
        adapter.execute(RenameMailbox(made, "Other"))
    adapter.execute(DeleteMailbox(below))
    mirror.sync(adapter)
    assert below not in mirror.boxes
    assert not list(desk.mailbox.messages())
    assert mirror.differences(adapter) == []


def test_a_rename_and_a_deletion_can_be_repeated(desk: Desk, execute: Execute) -> None:
    _, adapter = desk.synced()
    made = adapter.execute(CreateMailbox("Projects")).mailbox
    execute(adapter, RenameMailbox(made, "Plans"))
    assert desk.mailbox.containers[made].name == "Plans"
    execute(adapter, DeleteMailbox(made))
    assert made not in desk.mailbox.containers


def test_uids_of_another_epoch_are_refused(desk: Desk) -> None:
    _, adapter = desk.synced()
    with pytest.raises(errors.CursorExpired):
        adapter.execute(StoreFlags(desk.box("inbox"), 7, (1,), frozenset({"\\seen"})))


# Our own messages


def test_a_draft_is_put_found_by_its_header_read_and_removed(desk: Desk) -> None:
    mirror, adapter = desk.synced()
    drafts = desk.box("drafts")
    raw = b"X-PMSync-Draft: 1234\r\n" + PLAIN
    put = adapter.append(drafts, raw, ("\\Draft", "\\Seen"), NOW)
    assert put.epoch == 1
    assert put.uid is not None
    for header, value in (("X-PMSync-Draft", "1234"), ("Message-ID", "<lunch-1@elsewhere.example>")):
        assert adapter.find(drafts, header, value).uids == (put.uid,)
        assert adapter.find(drafts, header, "another").uids == ()
    assert adapter.fetch(drafts, 1, put.uid) == raw
    mirror.sync(adapter)
    assert uids(mirror, drafts) == (put.uid,)
    other = desk.mail(mirror)
    other.remove(drafts, 1, [put.uid, 4711])
    other.remove(drafts, 1, [put.uid])
    mirror.sync(adapter)
    assert mirror.differences(adapter) == []
    assert not uids(mirror, drafts)


def test_another_connection_removes_what_the_mirror_does_not_hold_yet(desk: Desk) -> None:
    _, adapter = desk.synced()
    put = adapter.append(desk.box("drafts"), PLAIN, ("\\Draft",), NOW)
    assert put.uid is not None
    desk.mail(MemoryMirror()).remove(desk.box("drafts"), 1, [put.uid])
    assert not list(desk.mailbox.messages())


def test_folders_by_plain_names_are_found_or_made(desk: Desk) -> None:
    _, adapter = desk.synced()
    adapter.append("Drafts", PLAIN, (), NOW)
    assert len(adapter.find("Drafts", "Message-ID", "<lunch-1@elsewhere.example>").uids) == 1
    assert adapter.find("Sent", "Message-ID", "<lunch-1@elsewhere.example>").uids == ()
    assert adapter.find("Nowhere", "Message-ID", "<lunch-1@elsewhere.example>").uids == ()
    adapter.append("Imported", PLAIN, ("\\Seen",), NOW)
    assert len(adapter.find("Drafts", "Message-ID", "<lunch-1@elsewhere.example>").uids) == 1


def test_a_message_that_is_too_big_is_refused(desk: Desk) -> None:
    _, adapter = desk.synced()
    with pytest.raises(errors.Rejected):
        adapter.append(desk.box("drafts"), PLAIN + b"x" * 4_000_000, (), NOW)
