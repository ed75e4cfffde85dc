"""Mail read from Graph: imports and their resumption, every change elsewhere, dead links, faults."""

from datetime import timedelta

import pytest

from apps.providers.adapters import errors
from apps.providers.adapters.base import Role
from apps.providers.adapters.microsoft import changes as mail_changes
from apps.providers.adapters.microsoft.content import section_of, skeleton
from apps.providers.adapters.microsoft.graph import segment
from tests.fakes.microsoft.faults import bad_gateway, cut, throttled, truncated
from tests.imap.mirror import MemoryMirror
from tests.microsoft_adapter.desk import Desk
from tests.microsoft_fake.cast import PLAIN, letter


def fetched(desk: Desk) -> int:
    """How many messages were read whole so far."""
    return sum(line.method == "message_mime" for line in desk.world.microsoft.journal.entries)


def test_the_first_run_sets_cursors_and_the_backfill_brings_the_history(desk: Desk) -> None:
    for number in range(120):
        desk.elsewhere.deliver(letter(number))
    desk.elsewhere.send(PLAIN.replace(b"anna@", b"carl@").replace(b"bob@elsewhere", b"anna@firm"))
    desk.world.microsoft.clock.advance(hours=1)
    mirror = MemoryMirror()
    adapter = desk.mail(mirror)
    first = mirror.sync(adapter, backfill=False)
    assert first.quiet
    inbox = mirror.boxes[desk.box("inbox")]
    assert inbox.record.role is Role.INBOX
    assert inbox.remaining == 120
    whole = mirror.sync(adapter)
    assert len(whole.new) == 121
    assert not any(batch.live for batch in whole.batches if batch.upserts)
    assert mirror.differences(adapter) == []
    assert inbox.remaining == 0
    again = mirror.sync(adapter)
    assert again.quiet
    assert len(again.batches) == 1


def test_a_walk_that_was_cut_off_goes_on_where_it_was(desk: Desk) -> None:
    for number in range(130):
        desk.elsewhere.deliver(letter(number))
    desk.world.microsoft.clock.advance(hours=1)
    mirror = MemoryMirror()
    mirror.sync(desk.mail(mirror), backfill=False)
    desk.faults.add(cut(), r"GET .*/\$value", skip=70)
    first = desk.mail(mirror)
    with pytest.raises(errors.Transient):
        mirror.sync(first)
    first.close()
    before, held = fetched(desk), len(mirror.messages)
    assert held >= 60
    adapter = desk.mail(mirror)
    mirror.sync(adapter)
    assert fetched(desk) - before == 130 - held
    assert mirror.differences(adapter) == []


def test_mail_that_comes_during_the_walk_is_shown_before_its_end(desk: Desk) -> None:
    for number in range(60):
        desk.elsewhere.deliver(letter(number))
    desk.world.microsoft.clock.advance(hours=1)
    mirror = MemoryMirror()
    adapter = desk.mail(mirror)
    mirror.sync(adapter, backfill=False)
    desk.world.microsoft.clock.advance(minutes=10)
    news = desk.elsewhere.deliver(letter(1000, "News"))
    applied = mirror.sync(adapter, backfill=False)
    assert len(applied.new) == 1
    assert [batch.live for batch in applied.batches if batch.upserts] == [True]
    assert mirror.sync(adapter, backfill=False).quiet
    desk.elsewhere.purge(news)
    mirror.sync(adapter)
    assert mirror.differences(adapter) == []


def test_every_change_elsewhere_is_followed_without_reading_what_is_known(desk: Desk) -> None:
    messages = [desk.elsewhere.deliver(letter(number)) for number in range(8)]
    mirror, adapter = desk.synced()
    before = fetched(desk)
    folder = desk.elsewhere.add_folder("Projects")
    desk.elsewhere.mark_read(messages[0])
    desk.elsewhere.flag(messages[1])
    desk.elsewhere.categorise(messages[2], "Red category", "Grün")
    desk.elsewhere.move(messages[3], folder.id)
    desk.elsewhere.delete(messages[4])
    desk.elsewhere.purge(messages[5])
    applied = mirror.sync(adapter)
    assert fetched(desk) == before
    assert not applied.new
    assert mirror.differences(adapter) == []
    flags = {frozenset(placement.flags) for _, _, placement in mirror.placements()}
    assert {frozenset({"\\Seen"}), frozenset({"\\Flagged"}), frozenset({"Red category", "Grün"})} <= flags
    desk.elsewhere.copy(messages[6], folder.id)
    assert len(mirror.sync(adapter).new) == 1
    assert mirror.differences(adapter) == []
    desk.elsewhere.rename_folder(folder.id, "Old projects")
    desk.elsewhere.move_folder(folder.id, "archive")
    mirror.sync(adapter)
    assert mirror.boxes[folder.id].record.path == ("Archive", "Old projects")
    desk.elsewhere.remove_folder(folder.id)
    mirror.sync(adapter)
    assert mirror.differences(adapter) == []


def test_a_move_that_shows_late_is_one_message_all_the_time(desk: Desk) -> None:
    message = desk.elsewhere.deliver(PLAIN)
    mirror, adapter = desk.synced()
    desk.world.microsoft.graph.behaviour.move_shows_after = timedelta(minutes=5)
    desk.elsewhere.move(message, "archive")
    applied = mirror.sync(adapter)
    assert not applied.new
    assert list(mirror.boxes[desk.box("archive")].placements) == list({uid for _, uid in applied.vanished})
    desk.world.microsoft.clock.advance(minutes=6)
    assert mirror.sync(adapter).quiet
    assert mirror.differences(adapter) == []


def test_an_edited_draft_is_another_version_in_the_same_place(desk: Desk) -> None:
    draft = desk.elsewhere.save_draft(PLAIN)
    mirror, adapter = desk.synced()
    drafts = mirror.boxes[desk.box("drafts")]
    (first,) = drafts.placements
    graph = desk.graph()
    path = f"messages/{segment(draft.id)}"
    graph.send("PATCH", path, {"subject": "Dinner?"})
    applied = mirror.sync(adapter)
    (second,) = drafts.placements
    assert second != first
    assert len(applied.new) == 1
    assert b"Dinner?" in (mirror.raw(desk.box("drafts"), second) or b"")
    with pytest.raises(errors.NotFound):
        adapter.fetch(desk.box("drafts"), 1, first)
    assert b"Dinner?" in adapter.fetch(desk.box("drafts"), 1, second)
    desk.elsewhere.purge(draft)
    mirror.sync(adapter)
    assert mirror.differences(adapter) == []


@pytest.mark.parametrize("switch", ["sparse_updates", "repeats_in_delta", "empty_first_page"])
def test_the_ways_of_a_delta_make_no_difference(desk: Desk, switch: str) -> None:
    setattr(desk.world.microsoft.graph.behaviour, switch, True)
    messages = [desk.elsewhere.deliver(letter(number)) for number in range(5)]
    mirror, adapter = desk.synced()
    assert mirror.differences(adapter) == []
    desk.elsewhere.mark_read(messages[0])
    desk.elsewhere.categorise(messages[1], "Blue")
    desk.elsewhere.flag(messages[1])
    desk.elsewhere.move(messages[2], "archive")
    desk.elsewhere.move(messages[2], "inbox")
    desk.elsewhere.purge(messages[3])
    mirror.sync(adapter)
    assert mirror.differences(adapter) == []


def test_dead_links_are_followed_by_a_comparison_that_loses_nothing(desk: Desk) -> None:
    messages = [desk.elsewhere.deliver(letter(number)) for number in range(20)]
    mirror, adapter = desk.synced()
    before = fetched(desk)
    desk.elsewhere.purge(messages[0])
    desk.elsewhere.move(messages[1], "archive")
    desk.elsewhere.mark_read(messages[2])
    desk.elsewhere.deliver(letter(99))
    desk.world.microsoft.expire_delta(desk.person)
    applied = mirror.sync(adapter)
    assert len(applied.new) == 1
    assert fetched(desk) == before + 1
    assert mirror.differences(adapter) == []
    desk.world.microsoft.expire_pages()
    assert mirror.sync(adapter).quiet
    assert mirror.differences(adapter) == []


def test_links_that_die_during_the_walk_begin_it_anew(desk: Desk) -> None:
    for number in range(130):
        desk.elsewhere.deliver(letter(number))
    mirror = MemoryMirror()
    adapter = desk.mail(mirror)
    mirror.sync(adapter, backfill=False)
    batches = adapter.backfill(mirror)
    for _ in range(8):
        mirror.apply([next(batches)])
    desk.world.microsoft.expire_pages()
    mirror.apply(batches)
    assert mirror.differences(adapter) == []
    assert fetched(desk) == 130


def test_a_mirror_that_forgot_its_cursors_reads_nothing_again_and_drops_what_is_gone(desk: Desk) -> None:
    messages = [desk.elsewhere.deliver(letter(number)) for number in range(10)]
    mirror, adapter = desk.synced()
    before = fetched(desk)
    for one in mirror.boxes.values():
        one.cursor = None
    desk.elsewhere.purge(messages[0])
    desk.elsewhere.move(messages[1], "archive")
    mirror.sync(adapter)
    assert fetched(desk) == before
    assert mirror.differences(adapter) == []


def test_much_that_is_gone_at_once_is_believed_at_the_second_look(desk: Desk) -> None:
    messages = [desk.elsewhere.deliver(letter(number)) for number in range(mail_changes.MASS_LEAST + 10)]
    mirror, adapter = desk.synced()
    for message in messages[:-2]:
        desk.elsewhere.purge(message)
    desk.elsewhere.mark_read(messages[-1])
    applied = mirror.sync(adapter)
    assert not applied.vanished
    assert len(applied.updated) == 1
    assert [batch.look_again for batch in applied.batches if batch.look_again] == [mail_changes.LOOK_AGAIN]
    assert not mirror.sync(adapter).vanished
    desk.world.microsoft.clock.advance(seconds=mail_changes.LOOK_AGAIN)
    assert len(mirror.sync(adapter).vanished) == len(messages) - 2
    assert mirror.differences(adapter) == []


@pytest.mark.parametrize("fault", [cut(), truncated(), bad_gateway(), throttled(60)], ids=lambda fault: fault.name)
@pytest.mark.parametrize("where", [r"/messages/delta", r"/mailFolders/delta", r"\$value"])
def test_a_fault_anywhere_costs_one_run(desk: Desk, fault: object, where: str) -> None:
    for number in range(15):
        desk.elsewhere.deliver(letter(number))
    mirror = MemoryMirror()
    adapter = desk.mail(mirror)
    desk.faults.add(fault, where, skip=1 if where != r"/mailFolders/delta" else 0)  # type: ignore[arg-type]  # a fault
    failed = 0
    for _ in range(4):
        try:
            mirror.sync(adapter)
        except errors.Transient:
            failed += 1
    assert failed == 1
    assert mirror.differences(adapter) == []


def test_folders_that_programs_keep_are_left_out(desk: Desk) -> None:
    desk.elsewhere.add_search_folder("Unread mail")
    mirror, adapter = desk.synced()
    names = {record.record.path[-1] for record in mirror.boxes.values()}
    assert "Inbox" in names
    assert not names & {"Unread mail", "Outbox", "Conversation History", "Sync Issues"}
    assert mirror.differences(adapter) == []


def test_a_large_message_is_kept_without_its_files_and_parts_are_fetched(desk: Desk) -> None:
    text, file = b"At noon.\r\n", b"QUJD" * 400_000 + b"\r\n"
    raw = (
        PLAIN.partition(b"\r\n\r\n")[0] + b'\r\nContent-Type: multipart/mixed; boundary="x"\r\n\r\n'
        b"--x\r\nContent-Type: text/plain\r\n\r\n" + text + b"\r\n--x\r\nContent-Type: application/pdf\r\n"
        b"Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\n"
        + file + b"\r\n--x--\r\n"
    )  # fmt: skip
    desk.elsewhere.deliver(raw)
    mirror, adapter = desk.synced()
    inbox = desk.box("inbox")
    (uid,) = mirror.boxes[inbox].placements
    kept = mirror.raw(inbox, uid) or b""
    assert len(kept) < 2_000
    assert b"X-PMSync-Omitted: 2\r\n" in kept
    assert text in kept
    assert not next(iter(mirror.messages.values())).complete
    assert adapter.fetch_part(inbox, 1, uid, "2") == file
    assert adapter.fetch(inbox, 1, uid) == raw
    assert section_of(raw, "TEXT").startswith(b"--x")
    assert skeleton(PLAIN) == (PLAIN, True)


def test_an_idle_run_costs_one_request_for_each_folder_and_one_for_the_list(desk: Desk) -> None:
    mirror, adapter = desk.synced()
    before = len(desk.world.microsoft.journal.entries)
    assert mirror.sync(adapter).quiet
    assert len(desk.world.microsoft.journal.entries) - before == 1 + len(mirror.boxes)
