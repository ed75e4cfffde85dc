"""Incremental changes against a real Dovecot: what arrives, once, and what it costs on the wire."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from apps.providers.adapters.base import Role
from apps.providers.adapters.imap import ImapAdapter, connect
from tests.imap.dovecot import Dovecot
from tests.imap.messages import message
from tests.imap.mirror import MemoryMirror

pytestmark = pytest.mark.dovecot


@contextmanager
def account(server: Dovecot, count: int = 3) -> Iterator[tuple[str, ImapAdapter, MemoryMirror]]:
    """A user with `count` messages in INBOX, mirrored."""
    user = server.new_user()
    server.append(user, "INBOX", *(message(number) for number in range(1, count + 1)))
    adapter = connect(server.endpoint, server.login(user))
    mirror = MemoryMirror()
    mirror.sync(adapter)
    yield user, adapter, mirror
    adapter.close()


def round_trips(adapter: ImapAdapter, mirror: MemoryMirror) -> int:
    before = adapter.traffic.round_trips
    mirror.apply(adapter.changes(mirror))
    return adapter.traffic.round_trips - before


def test_a_flag_set_by_another_client_arrives_once(any_dovecot: Dovecot) -> None:
    with account(any_dovecot) as (user, adapter, mirror):
        with any_dovecot.client(user) as other:
            other.select("INBOX")
            other.uid("STORE", "2", "+FLAGS", r"(\Seen $Forwarded)")
        assert mirror.sync(adapter).updated == [("INBOX", 2)]
        assert mirror.boxes["INBOX"].placements[2].flags == {"\\Seen", "$Forwarded"}
        assert mirror.sync(adapter).quiet


def test_recent_is_never_mirrored(any_dovecot: Dovecot) -> None:
    with account(any_dovecot) as (_, adapter, mirror):
        assert all("\\Recent" not in placement.flags for _, _, placement in mirror.placements())
        assert mirror.differences(adapter) == []


def test_flags_deletions_and_arrivals_of_a_mailbox_come_in_one_batch(dovecot: Dovecot) -> None:
    with account(dovecot, 5) as (user, adapter, mirror):
        with dovecot.client(user) as other:
            other.select("INBOX")
            other.uid("STORE", "1", "+FLAGS", r"(\Seen)")
            other.uid("STORE", "2", "+FLAGS", r"(\Deleted)")
            other.expunge()
            other.append("INBOX", "", "", message(9))
        listing, batch = adapter.changes(mirror)
        assert listing.listing is not None
        assert [len(part) for part in (batch.flags, batch.vanished, batch.upserts)] == [1, 1, 1]


def test_reading_leaves_recent_to_others(dovecot: Dovecot) -> None:
    with account(dovecot) as (user, _, _mirror), dovecot.client(user) as other:
        other.select("INBOX")
        assert other.recent()[1] == [b"3"]


def test_a_move_costs_no_body_and_is_no_new_message(any_dovecot: Dovecot) -> None:
    with account(any_dovecot, 20) as (user, adapter, mirror):
        with any_dovecot.client(user) as other:
            other.create("Work")
            other.select("INBOX")
            other.uid("COPY", "1:10", "Work")
            other.uid("STORE", "1:10", "+FLAGS", r"(\Deleted)")
            other.expunge()
        applied = mirror.sync(adapter)
        assert applied.new == []
        assert len(applied.placed) == len(applied.vanished) == 10
        assert all(record.raw is None for batch in applied.batches for record in batch.upserts)
        assert mirror.differences(adapter) == []


def test_an_idle_account_costs_one_round_trip_and_no_row(dovecot: Dovecot) -> None:
    with account(dovecot) as (_, adapter, mirror):
        assert mirror.sync(adapter).quiet
        before, queries = adapter.traffic, mirror.queries
        applied = mirror.apply(adapter.changes(mirror))
        after = adapter.traffic
        assert after.round_trips - before.round_trips == 1
        assert after.bytes_in - before.bytes_in < 2048
        assert mirror.queries - queries == 1
        assert [batch.listing is not None for batch in applied.batches] == [True]


def test_each_dirty_mailbox_costs_one_round_trip_when_no_body_is_missing(dovecot: Dovecot) -> None:
    with account(dovecot, 30) as (user, adapter, mirror):
        with dovecot.client(user) as other:
            other.create("Work")
            mirror.sync(adapter)
            other.select("INBOX")
            other.uid("STORE", "1:10", "+FLAGS", r"(\Seen)")
            other.uid("MOVE", "11:15", "Work")
            other.append("INBOX", "", "", message(99))
        assert round_trips(adapter, mirror) == 1 + 2
        assert mirror.differences(adapter) == []


def test_unknown_messages_in_another_mailbox_cost_one_round_trip_more(dovecot: Dovecot) -> None:
    with account(dovecot) as (user, adapter, mirror):
        dovecot.append(user, "Work", message(50))
        mirror.sync(adapter)
        dovecot.append(user, "Work", message(51), message(52))
        assert round_trips(adapter, mirror) == 3
        assert mirror.raw("Work", 2) == message(51)


def test_vanished_is_believed_without_a_search(dovecot: Dovecot) -> None:
    with account(dovecot, 10) as (user, adapter, mirror):
        with dovecot.client(user) as other:
            other.select("INBOX")
            other.uid("STORE", "4", "+FLAGS", r"(\Deleted)")
            other.expunge()
        assert round_trips(adapter, mirror) == 2
        assert 4 not in mirror.boxes["INBOX"].placements


def test_many_arrivals_are_fetched_in_order_and_in_bounded_batches(any_dovecot: Dovecot) -> None:
    with account(any_dovecot, 1) as (user, adapter, mirror):
        any_dovecot.fill(user, *(message(number) for number in range(2, 1203)))
        applied = mirror.apply(adapter.changes(mirror))
        assert [uid for _, uid in applied.new] == list(range(2, 1203))
        assert max(len(batch.upserts) for batch in applied.batches) <= 500
        assert all(batch.live for batch in applied.batches)
        assert mirror.differences(adapter) == []


def test_a_new_mailbox_leaves_its_history_to_the_backfill(any_dovecot: Dovecot) -> None:
    with account(any_dovecot) as (user, adapter, mirror):
        any_dovecot.append(user, "Work", *(message(number) for number in range(10, 20)))
        applied = mirror.apply(adapter.changes(mirror))
        assert applied.new == []
        assert mirror.boxes["Work"].remaining == 10
        applied = mirror.apply(adapter.backfill(mirror))
        assert len(applied.new) == 10
        assert not any(batch.live for batch in applied.batches)
        assert mirror.boxes["Work"].remaining == 0
        assert list(adapter.backfill(mirror)) == []


def test_a_deleted_mailbox_leaves_the_list(any_dovecot: Dovecot) -> None:
    with account(any_dovecot) as (user, adapter, mirror), any_dovecot.client(user) as other:
        other.create("Work")
        mirror.sync(adapter)
        assert "Work" in mirror.boxes
        other.delete("Work")
        mirror.sync(adapter)
        assert "Work" not in mirror.boxes


def test_roles_and_subscriptions_come_from_the_server(dovecot: Dovecot) -> None:
    with account(dovecot) as (_, _adapter, mirror):
        records = {name: box.record for name, box in mirror.boxes.items()}
        assert records["INBOX"].role is Role.INBOX
        assert (records["Sent"].role, records["Sent"].subscribed) == (Role.SENT, True)
        assert (records["Trash"].role, records["Trash"].subscribed) == (Role.TRASH, False)


def test_a_lost_uid_list_binds_all_messages_again_without_their_bytes(any_dovecot: Dovecot) -> None:
    """The index and the UID list are removed: a new UIDVALIDITY, other UIDs, the same messages."""
    with account(any_dovecot, 30) as (user, adapter, mirror):
        with any_dovecot.client(user) as other:
            other.select("INBOX")
            other.uid("STORE", "1:5", "+FLAGS", r"(\Deleted)")
            other.expunge()
        mirror.sync(adapter)
        epoch = mirror.boxes["INBOX"].epoch
        adapter.close()
        any_dovecot.lose_uids(user, epoch)
        adapter = connect(any_dovecot.endpoint, any_dovecot.login(user))
        applied = mirror.sync(adapter)
        assert mirror.boxes["INBOX"].epoch != epoch
        assert applied.new == []
        assert len(applied.placed) == 25
        assert all(record.raw is None for batch in applied.batches for record in batch.upserts)
        assert mirror.differences(adapter) == []
        adapter.close()


def test_a_whole_account_restored_from_a_backup_is_mirrored_again(any_dovecot: Dovecot) -> None:
    with account(any_dovecot, 10) as (user, adapter, mirror):
        adapter.close()
        mail, backup = any_dovecot.maildir(user), any_dovecot.directory / f"backup-{user}"
        shutil.copytree(mail, backup, symlinks=True)
        with any_dovecot.client(user) as other:
            other.select("INBOX")
            other.uid("STORE", "1:3", "+FLAGS", r"(\Deleted \Seen)")
            other.expunge()
            other.append("INBOX", "", "", message(77))
            other.uid("STORE", "5", "+FLAGS", r"(\Flagged)")
        adapter = connect(any_dovecot.endpoint, any_dovecot.login(user))
        mirror.sync(adapter)
        adapter.close()
        owner = mail.stat()
        shutil.rmtree(mail)
        shutil.copytree(backup, mail, symlinks=True)
        for path in (mail, *mail.rglob("*")):
            shutil.chown(path, owner.st_uid, owner.st_gid)
        adapter = connect(any_dovecot.endpoint, any_dovecot.login(user))
        mirror.sync(adapter)
        assert mirror.differences(adapter) == []
        adapter.close()


def test_backfill_brings_the_newest_of_inbox_first_and_resumes_where_it_stopped(any_dovecot: Dovecot) -> None:
    user = any_dovecot.new_user()
    any_dovecot.fill(user, *(message(number) for number in range(1, 701)))
    any_dovecot.append(user, "Work", message(1000))
    any_dovecot.append(user, "Sent", message(1001))
    adapter = connect(any_dovecot.endpoint, any_dovecot.login(user))
    mirror = MemoryMirror()
    mirror.apply(adapter.changes(mirror))
    backfill = adapter.backfill(mirror)
    first = next(backfill)
    assert (first.mailbox, first.live, first.remaining) == ("INBOX", False, 650)
    assert [record.uid for record in first.upserts] == list(range(700, 650, -1))
    second = next(backfill)
    assert (second.mailbox, second.remaining) == ("Sent", 0)
    third = next(backfill)
    assert third.upserts[0].uid == 650
    mirror.apply([first, second, third])
    adapter.close()
    adapter = connect(any_dovecot.endpoint, any_dovecot.login(user))
    applied = mirror.apply(adapter.backfill(mirror))
    low = third.upserts[-1].uid
    assert [uid for name, uid in applied.new if name == "INBOX"] == list(range(low - 1, 0, -1))
    assert mirror.differences(adapter) == []
    adapter.close()


def test_the_first_messages_are_listed_after_three_round_trips(dovecot: Dovecot) -> None:
    user = dovecot.new_user()
    dovecot.append(user, "INBOX", *(message(number) for number in range(1, 61)))
    adapter = connect(dovecot.endpoint, dovecot.login(user))
    mirror = MemoryMirror()
    before = adapter.traffic.round_trips
    mirror.apply(adapter.changes(mirror))
    mirror.apply([next(adapter.backfill(mirror))])
    assert adapter.traffic.round_trips - before <= 4
    assert len(mirror.boxes["INBOX"].placements) == 50
    adapter.close()


def test_messages_without_a_message_id_are_told_apart_and_known_again(any_dovecot: Dovecot) -> None:
    with account(any_dovecot, 0) as (user, adapter, mirror):
        raws = [message(number, message_id=False) for number in (1, 2)]
        any_dovecot.append(user, "INBOX", *raws, date='"01-Jan-2024 00:00:00 +0000"')
        mirror.sync(adapter)
        assert len({placement.identity for _, _, placement in mirror.placements()}) == 2
        with any_dovecot.client(user) as other:
            other.create("Work")
            other.select("INBOX")
            other.uid("COPY", "1:2", "Work")
        applied = mirror.sync(adapter)
        assert (applied.new, len(applied.placed)) == ([], 2)


def test_equal_messages_in_one_mailbox_are_two_placements(any_dovecot: Dovecot) -> None:
    with account(any_dovecot, 0) as (user, adapter, mirror):
        any_dovecot.append(user, "INBOX", message(1), message(1), date='"01-Jan-2024 00:00:00 +0000"')
        mirror.sync(adapter)
        assert len(mirror.boxes["INBOX"].placements) == 2
        assert len(mirror.messages) == 1
        assert mirror.differences(adapter) == []
