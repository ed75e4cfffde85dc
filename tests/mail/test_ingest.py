"""Applying batches: once is enough, moves are moves, and the books always agree."""

import random
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from apps.core import blobs
from apps.core.problems import Problem
from apps.mail import bodies, burial, queries
from apps.mail.kind import MailKind
from apps.mail.models import Mailbox, Message
from apps.providers.adapters.base import FlagsRecord, MailBatch, MailboxRecord
from apps.providers.adapters.errors import Transient
from apps.providers.models import AccountStatus, ProviderAccount
from apps.sync import lease
from apps.sync.models import Phase, SyncTarget
from tests.mail.fixtures import LISTING, Box, eml, record


def test_a_message_arrives_as_news_with_its_conversation_and_counters(inbox: Box) -> None:
    inbox.arrive(record(1, eml(1, "Offer")))
    assert inbox.events() == ["email:new", "email:thread_update", "email:unread_count_update"]
    (row,) = inbox.rows()
    assert (row["subject"], row["count"], row["unread"], row["snippet"]) == ("Offer", 1, 1, "See below.")
    box = inbox.box()
    assert (box.total, box.unread, box.threads, box.unread_threads) == (1, 1, 1, 1)


def test_a_batch_applied_twice_changes_and_emits_nothing(inbox: Box) -> None:
    batch: dict[str, Any] = {"upserts": (record(1, eml(1)), record(2, eml(2, answers=1), "\\Seen")), "vanished": (9,)}
    inbox.apply(**batch)
    inbox.events()
    assert inbox.apply(**batch).changes == 0
    assert inbox.events() == []
    assert Message.objects.count() == 2


def test_the_cursor_is_saved_with_the_rows_it_covers(inbox: Box) -> None:
    inbox.apply(upserts=(record(1, eml(1)),), cursor=41)
    assert inbox.box().cursor == {"v": 41}
    inbox.target.refresh_from_db()
    SyncTarget.objects.filter(pk=inbox.target.pk).update(lease_fence=inbox.held.fence + 1)
    with pytest.raises(lease.LeaseLost):
        inbox.apply(upserts=(record(2, eml(2)),), cursor=42)
    assert inbox.box().cursor == {"v": 41}
    assert Message.objects.count() == 1


def test_a_move_by_another_client_is_one_message_whatever_is_seen_first(inbox: Box) -> None:
    inbox.arrive(record(1, eml(1), "\\Seen"), record(2, eml(2), "\\Seen"))
    inbox.events()
    inbox.apply(vanished=(1,))
    inbox.arrive(record(5, None, "\\Seen", identity="f1:1"), mailbox="Work")
    inbox.arrive(record(6, None, "\\Seen", identity="f1:2"), mailbox="Work")
    inbox.apply(vanished=(2,))
    assert not {"email:new", "email:delete"} & set(inbox.events())
    assert Message.objects.count() == 2
    assert len(inbox.rows("Work")) == 2
    assert inbox.rows() == []
    assert inbox.books() == []


def test_a_message_in_two_mailboxes_is_one_row_with_two_placements(inbox: Box) -> None:
    inbox.arrive(record(1, eml(1)))
    inbox.arrive(record(8, eml(1), "\\Flagged", identity="f1:1"), mailbox="Work")
    message = Message.objects.get()
    assert message.flags == ["\\flagged"]
    (row,) = inbox.rows()
    assert set(row["mailbox_ids"]) == {str(inbox.box().pk), str(inbox.box("Work").pk)}


def test_flags_are_compared_without_case_and_recent(inbox: Box) -> None:
    inbox.arrive(record(1, eml(1), "\\Seen", "Project-X"))
    inbox.events()
    inbox.flag(1, "\\seen", "\\Recent", "project-x")
    assert inbox.events() == []
    inbox.flag(1, "\\Flagged")
    assert inbox.events() == ["email:update", "email:thread_update", "email:unread_count_update"]
    (row,) = inbox.rows()
    assert (row["unread"], row["flagged"]) == (1, True)


def test_history_of_a_first_import_is_no_news(inbox: Box) -> None:
    inbox.apply(upserts=(record(1, eml(1)),), live=False, remaining=10)
    assert inbox.events() == ["email:unread_count_update", "account:status"]
    inbox.apply(upserts=(record(2, eml(2, answers=1)),), live=False, remaining=9)
    assert "email:thread_update" in inbox.events()  # a conversation that was shown has grown


def test_a_new_uidvalidity_voids_the_placements_and_keeps_the_messages(inbox: Box) -> None:
    inbox.arrive(record(1, eml(1)), record(2, eml(2)))
    inbox.events()
    moved = (record(11, None, identity="f1:1"), record(12, None, identity="f1:2"))
    inbox.apply(epoch=8, upserts=moved)
    assert Message.objects.count() == 2
    assert not {"email:new", "email:delete"} & set(inbox.events())
    box = inbox.box()
    assert (box.epoch, box.total) == (8, 2)
    assert inbox.books() == []


def test_a_body_that_is_needed_after_all_makes_the_run_repeat(inbox: Box) -> None:
    with pytest.raises(Transient):
        inbox.arrive(record(1, None, identity="f1:unknown"))
    assert inbox.box().total == 0


def test_a_message_without_a_mailbox_is_deleted_after_its_grace(inbox: Box) -> None:
    inbox.arrive(record(1, eml(1)))
    inbox.apply(vanished=(1,))
    inbox.events()
    assert burial.bury() == 0
    past = now() - timedelta(hours=1)
    Message.objects.update(orphaned_at=past)
    assert burial.bury() == 1
    assert inbox.events() == ["email:delete"]
    assert Message.objects.count() == 0
    assert inbox.books() == []


def test_a_message_that_becomes_readable_takes_its_placeholders_place(inbox: Box) -> None:
    inbox.arrive(record(1, None, unreadable=True))
    (row,) = inbox.rows()
    assert row["subject"] == ""
    inbox.events()
    inbox.arrive(record(1, eml(1, "Readable now")))
    assert [row["subject"] for row in inbox.rows()] == ["Readable now"]
    assert {"email:delete", "email:new"} <= set(inbox.events())
    assert Message.objects.count() == 1
    assert inbox.books() == []


def test_a_placeholder_is_replaced_in_every_mailbox_that_holds_it(inbox: Box) -> None:
    inbox.arrive(record(1, None, unreadable=True))
    inbox.arrive(record(5, None, "\\Seen", unreadable=True, identity="f1:1"), mailbox="Work")
    inbox.arrive(record(1, eml(1, "Readable now"), "\\Flagged"))
    message = Message.objects.get()
    assert (message.subject, message.flags) == ("Readable now", ["\\flagged", "\\seen"])
    assert [row["subject"] for row in inbox.rows() + inbox.rows("Work")] == ["Readable now"] * 2
    assert inbox.books() == []


def test_a_message_readable_in_another_mailbox_takes_its_placeholders_place(inbox: Box) -> None:
    inbox.arrive(record(1, None, unreadable=True))
    inbox.arrive(record(5, eml(1, "Readable there"), identity="f1:1"), mailbox="Work")
    assert [row["subject"] for row in inbox.rows() + inbox.rows("Work")] == ["Readable there"] * 2
    assert inbox.books() == []


def test_a_placeholder_gives_way_to_a_message_that_is_held_already(inbox: Box) -> None:
    inbox.arrive(record(1, None, unreadable=True, identity="none:inbox-1"))
    inbox.arrive(record(5, eml(1, "Readable there"), identity="f1:1"), mailbox="Work")
    inbox.arrive(record(1, None, identity="f1:1"))
    assert Message.objects.count() == 1
    assert [row["subject"] for row in inbox.rows()] == ["Readable there"]
    assert inbox.books() == []


def test_a_message_flagged_and_gone_in_one_batch_leaves_the_counters_right(inbox: Box) -> None:
    inbox.arrive(record(1, eml(1)), record(2, eml(2), "\\Seen"))
    flags = (FlagsRecord(1, frozenset({"\\Seen"})), FlagsRecord(2, frozenset()))
    inbox.apply(flags=flags, vanished=(1, 2))
    assert (inbox.box().total, inbox.box().unread) == (0, 0)
    assert inbox.books() == []


def test_two_copies_in_one_batch_are_one_message_with_the_flags_of_both(inbox: Box) -> None:
    inbox.arrive(record(1, eml(1), "\\Seen"), record(2, eml(1), "\\Flagged", identity="f1:1"))
    assert Message.objects.get().flags == ["\\flagged", "\\seen"]
    assert inbox.books() == []


def test_progress_of_a_mailbox_is_a_new_revision_of_its_row(inbox: Box) -> None:
    inbox.apply(remaining=3, live=False)
    before = inbox.box().rev
    inbox.apply(remaining=0, live=False)
    assert inbox.box().rev == before + 1


def test_the_mirror_is_as_old_as_the_beginning_of_its_last_run(inbox: Box) -> None:
    started = now() - timedelta(minutes=2)
    SyncTarget.objects.filter(pk=inbox.target.pk).update(started_at=started)
    MailKind().caught_up(inbox.held, inbox.account)
    assert inbox.box().as_of == started


def test_a_mailbox_goes_only_when_two_lists_a_minute_apart_miss_it(inbox: Box) -> None:
    inbox.arrive(record(1, eml(1)), mailbox="Work")
    short = MailBatch(listing=LISTING[:2])
    assert inbox.take(short).look_again == 60
    assert inbox.box("Work").missing_since is not None
    Mailbox.objects.filter(remote_id="Work").update(missing_since=now() - timedelta(seconds=61))
    assert inbox.take(short).look_again is None
    assert not Mailbox.objects.filter(remote_id="Work").exists()
    assert inbox.books() == []


def test_a_mailbox_whose_history_is_missing_opens_the_import_again(inbox: Box) -> None:
    inbox.apply("Work", remaining=0)
    inbox.target.refresh_from_db()
    assert inbox.target.phase == Phase.LIVE
    inbox.apply("Work", epoch=8, remaining=3, live=False)
    inbox.target.refresh_from_db()
    assert inbox.target.phase == Phase.INITIAL


def test_a_mailbox_renamed_under_a_stable_id_keeps_what_it_holds(inbox: Box) -> None:
    named = [MailboxRecord(box.remote_id, box.path, role=box.role, stable_id=f"id-{box.remote_id}") for box in LISTING]
    inbox.take(MailBatch(listing=tuple(named)))
    inbox.arrive(record(1, eml(1)), mailbox="Work")
    named[2] = MailboxRecord("Projects", ("Projects",), stable_id="id-Work")
    inbox.take(MailBatch(listing=tuple(named)))
    assert inbox.box("Projects").total == 1


def test_the_bytes_come_back_as_they_were(inbox: Box) -> None:
    raw = eml(1, body="àèì 你好 \x00 end")
    inbox.arrive(record(1, raw))
    message = Message.objects.get()
    assert bodies.raw(message) == raw
    assert raw not in blobs._path(message.pack).read_bytes()


def test_what_is_left_at_the_server_is_not_asked_for_with_credentials_that_are_refused(inbox: Box) -> None:
    inbox.arrive(record(1, eml(1), complete=False))
    ProviderAccount.objects.update(status=AccountStatus.NEEDS_RECONNECT)
    with pytest.raises(Problem, match="Connect the account again"):
        bodies.whole(Message.objects.get())


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n", b"\x00" * 2000, b"Subject: " + b"x" * 100_000, b"From: a@b\r\n\r\n\xff\xfe"]
)
def test_a_message_that_is_hardly_one_is_mirrored_all_the_same(inbox: Box, raw: bytes) -> None:
    inbox.arrive(record(1, raw))
    (row,) = inbox.rows()
    assert queries.thread(inbox.member, row["id"])["messages"][0]["id"]
    assert bodies.raw(Message.objects.get()) == raw


def test_replies_join_by_references_in_any_order_of_arrival(inbox: Box) -> None:
    inbox.apply(upserts=(record(3, eml(3, "Re: Offer", answers=2)),), live=False)
    inbox.apply(upserts=(record(1, eml(1, "Start")),), live=False)
    assert len(inbox.rows()) == 2
    inbox.apply(upserts=(record(2, eml(2, "Re: Offer", answers=1)),), live=False)
    (row,) = inbox.rows()
    assert (row["count"], row["subject"]) == (3, "Start")
    assert inbox.books() == []


def test_the_subject_leads_to_the_thread_that_another_was_merged_into(inbox: Box) -> None:
    inbox.arrive(record(1, eml(1, "Start")))
    inbox.arrive(record(2, eml(2, "Preventivo")))
    joins = eml(3, "Re: both", extra="References: <1@test> <2@test>\r\n")
    inbox.arrive(record(3, joins), record(4, eml(4, "Re: Preventivo")))
    (row,) = inbox.rows()
    assert row["count"] == 4
    assert inbox.books() == []


def test_a_reply_without_references_joins_by_subject_and_person(inbox: Box) -> None:
    inbox.arrive(record(1, eml(1, "Preventivo")))
    inbox.arrive(record(2, eml(2, "R: Preventivo")))
    inbox.arrive(record(3, eml(3, "R: Preventivo", sender="stranger@elsewhere.example")))
    inbox.arrive(record(4, eml(4, "Preventivo")))  # no reply: a new conversation
    assert sorted(row["count"] for row in inbox.rows()) == [1, 1, 2]


def test_random_histories_leave_the_books_in_agreement(inbox: Box) -> None:
    dice = random.Random(7)
    uids: dict[str, dict[int, str]] = {"INBOX": {}, "Work": {}}
    following = {"INBOX": 1, "Work": 1}
    for step in range(150):
        mailbox = dice.choice(["INBOX", "Work"])
        held = uids[mailbox]
        action = dice.choice(["arrive", "arrive", "flag", "vanish", "copy"])
        if action == "arrive":
            uid, identity = following[mailbox], f"f1:s{step}"
            answers = dice.choice([None, step - 1, step - 2])
            message = record(uid, eml(step, f"Topic {step % 9}", answers=answers), identity=identity)
            inbox.apply(mailbox, upserts=(message,), live=dice.random() < 0.5)
            held[uid] = identity
            following[mailbox] += 1
        elif action == "copy" and held:
            other = "Work" if mailbox == "INBOX" else "INBOX"
            uid, identity = following[other], dice.choice(list(held.values()))
            inbox.apply(other, upserts=(record(uid, None, "\\Seen", identity=identity),))
            uids[other][uid] = identity
            following[other] += 1
        elif held:
            uid = dice.choice(list(held))
            if action == "flag":
                flags = frozenset(dice.sample(["\\Seen", "\\Flagged", "$Label1"], dice.randint(0, 3)))
                inbox.apply(mailbox, flags=(FlagsRecord(uid, flags),))
            else:
                inbox.apply(mailbox, vanished=(uid,))
                del held[uid]
    assert inbox.books() == []
    assert {name: inbox.box(name).total for name in uids} == {name: len(held) for name, held in uids.items()}
