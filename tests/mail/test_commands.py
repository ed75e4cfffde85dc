"""Acts on mail against real servers: visible at once, true at the provider, told once, undone exactly."""

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from apps.core.clock import now
from apps.core.problems import Problem
from apps.mail.commands import selection, service, tree
from apps.mail.models import Mailbox, Placement, ThreadEntry
from apps.outbound.models import Command, State
from apps.providers.models import AccountAccess
from tests.imap.dovecot import Dovecot
from tests.mail.desk import Desk, desk
from tests.mail.fixtures import eml, end
from tests.tenants.fixtures import Cast

pytestmark = pytest.mark.dovecot

BARE: Final = "IMAP4rev1 LITERAL+ SASL-IR ID NAMESPACE UNSELECT"
WAYS: Final = {"full": "", "bare": BARE, "nomove": f"{BARE} UIDPLUS ESEARCH CONDSTORE ENABLE"}


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Dovecot]]:
    running: dict[str, Dovecot] = {}
    with tempfile.TemporaryDirectory(prefix="dovecot-") as folder:
        for name, offered in WAYS.items():
            running[name] = Dovecot.start(Path(folder) / name, offered)
        yield running
        for server in running.values():
            server.stop()


@pytest.fixture
def at(cast: Cast, servers: dict[str, Dovecot]) -> Iterator[Desk]:
    """Five messages, each a conversation, at a server that offers everything."""
    with desk(cast, servers["full"], *(eml(number, f"Subject {number}") for number in range(1, 6))) as made:
        yield made


@pytest.fixture(params=WAYS)
def anywhere(request: pytest.FixtureRequest, cast: Cast, servers: dict[str, Dovecot]) -> Iterator[Desk]:
    """The same at each kind of server."""
    with desk(cast, servers[request.param], *(eml(number, f"Subject {number}") for number in range(1, 6))) as made:
        yield made


def sound(one: Desk) -> None:
    """Mirror and server are equal, nothing is left of commands, and the books agree."""
    assert one.differences() == ()
    assert one.books() == []
    assert not Placement.objects.filter(uid__lt=0).exists()
    assert not Placement.objects.filter(leaving__isnull=False).exists()
    assert not Placement.objects.filter(base_flags__isnull=False).exists()


# Flags


def test_reading_is_seen_at_once_and_the_server_hears_of_it(anywhere: Desk) -> None:
    first, second, *_ = anywhere.ids()
    answer = anywhere.do("read", messages=[first, second])
    assert (answer["total"], answer["state"], answer["undoable"]) == (2, "open", True)
    assert "\\seen" in anywhere.flags(first)
    assert anywhere.box().unread == 3
    entries = anywhere.events()
    assert [entry.event for entry in entries] == [
        "email:update", "email:update", "email:thread_update", "email:unread_count_update",
    ]  # fmt: skip
    assert entries[-1].seq == answer["seq"]
    assert anywhere.there("INBOX", "SEEN") == []
    anywhere.work()
    assert anywhere.there("INBOX", "SEEN") == [1, 2]
    assert anywhere.told() == ["email:update", "email:update", "command:update"]
    assert service.one(anywhere.member, UUID(answer["id"]))["state"] == "done"
    anywhere.sync()
    assert anywhere.told() == []  # the echo changes nothing and tells nothing
    sound(anywhere)


def test_what_shows_the_wanted_state_is_left_alone(at: Desk) -> None:
    first, *_ = at.ids()
    at.do("read", messages=[first])
    answer = at.do("read", messages=[first])
    assert (answer["total"], answer["state"]) == (0, "done")
    assert Command.objects.count() == 1


def test_a_change_from_elsewhere_does_not_flicker_a_pending_one(at: Desk) -> None:
    first, *_ = at.ids()
    at.do("star", messages=[first])
    at.events()
    with at.other() as client:
        client.uid("STORE", "1", "+FLAGS", "(\\Seen)")
        client.uid("STORE", "2", "+FLAGS", "(\\Seen)")
    at.sync()
    assert at.flags(first) == {"\\flagged", "\\seen"}  # theirs came in below ours
    assert Placement.objects.get(message=first).base_flags == ["\\seen"]
    assert at.differences() == ()
    at.finish()
    assert at.flags(first) == {"\\flagged", "\\seen"}
    sound(at)


def test_the_person_wins_over_a_change_of_the_same_flag_and_the_provider_after_the_receipt(at: Desk) -> None:
    first, *_ = at.ids()
    at.do("read", messages=[first])
    with at.other() as client:
        client.uid("STORE", "1", "+FLAGS", "(\\Seen)")
        client.uid("STORE", "1", "-FLAGS", "(\\Seen)")
    at.sync()
    assert "\\seen" in at.flags(first)
    at.finish()
    assert at.there("INBOX", "SEEN") == [1]
    with at.other() as client:
        client.uid("STORE", "1", "-FLAGS", "(\\Seen)")
    at.sync()
    assert "\\seen" not in at.flags(first)
    sound(at)


def test_what_was_read_before_a_change_was_carried_out_does_not_undo_it(anywhere: Desk) -> None:
    first, *_ = anywhere.ids()
    anywhere.do("star", messages=[first])
    anywhere.finish()
    with anywhere.other() as client:
        client.uid("STORE", "1", "+FLAGS", "(theirs)")

    def unstar() -> None:
        anywhere.do("unstar", messages=[first])
        anywhere.work()

    anywhere.sync_around(unstar, has_read=True)
    assert anywhere.flags(first) == {"theirs"}
    # An act on what is seen is no act on what was read.
    answer = anywhere.do("star", messages=[first])
    assert answer["total"] == 1
    anywhere.finish()
    assert anywhere.there("INBOX", "FLAGGED") == [1]
    assert anywhere.flags(first) == {"\\flagged", "theirs"}
    sound(anywhere)


def test_a_change_from_elsewhere_behind_one_that_was_just_carried_out_is_seen_with_the_next_sync(
    anywhere: Desk,
) -> None:
    first, *_ = anywhere.ids()

    def star() -> None:
        anywhere.do("star", messages=[first])
        anywhere.work()
        with anywhere.other() as client:
            client.uid("STORE", "1", "-FLAGS", "(\\Flagged)")

    anywhere.sync_around(star, has_read=False)
    anywhere.sync()
    assert anywhere.flags(first) == set()
    sound(anywhere)


def test_labels_are_set_as_typed_and_listed_on_the_conversation(at: Desk) -> None:
    first, *_ = at.ids()
    at.do("add_keyword", messages=[first], keyword="ToDo")
    row = next(entry for entry in at.events() if entry.event == "email:thread_update")
    assert '"keywords": ["todo"]' in row.data
    at.finish()
    assert at.there("INBOX", "KEYWORD todo") == [1]
    at.do("remove_keyword", messages=[first], keyword="todo")
    at.finish()
    assert at.there("INBOX", "KEYWORD todo") == []
    sound(at)


# Moves


def test_archiving_makes_the_mailbox_and_the_mail_comes_up_there(anywhere: Desk) -> None:
    first, *_ = anywhere.ids()
    answer = anywhere.do("archive", messages=[first])
    assert first not in anywhere.ids()
    assert anywhere.box().total == 4
    anywhere.finish()
    assert anywhere.there("Archive") == [1]
    assert anywhere.ids("Archive") == [first]
    assert Mailbox.objects.get(remote_id="Archive").role == "archive"
    sound(anywhere)
    anywhere.events()
    service.undo(anywhere.member, UUID(answer["id"]))
    assert first in anywhere.ids()
    anywhere.finish()
    assert len(anywhere.there("INBOX")) == 5
    assert anywhere.there("Archive") == []
    sound(anywhere)


def test_a_move_is_seen_at_both_ends_at_once_and_the_echo_is_silent(anywhere: Desk) -> None:
    first, second, *_ = anywhere.ids()
    anywhere.do("trash", threads=[anywhere.thread(first), anywhere.thread(second)])
    assert anywhere.ids("Trash") == [first, second]
    assert anywhere.box("Trash").total == 2
    assert anywhere.box().total == 3
    assert anywhere.differences() == ()  # the provider has not heard of it, and the mirror knows that
    anywhere.work()
    anywhere.events()
    anywhere.sync()
    assert anywhere.told() == []
    assert anywhere.ids("Trash") == [first, second]
    anywhere.finish()
    assert len(anywhere.there("Trash")) == 2
    sound(anywhere)


def test_flags_set_while_a_move_is_open_follow_the_message(anywhere: Desk) -> None:
    first, *_ = anywhere.ids()
    anywhere.do("trash", messages=[first])
    anywhere.do("star", messages=[first])
    anywhere.do("read", messages=[first])
    assert anywhere.flags(first) == {"\\flagged", "\\seen"}
    anywhere.finish()
    assert len(anywhere.there("Trash", "FLAGGED SEEN")) == 1
    sound(anywhere)


def test_a_mark_and_the_move_after_it_are_carried_out_without_waiting_for_each_other(at: Desk) -> None:
    first, *_ = at.ids()
    at.do("star", messages=[first])
    at.do("read", messages=[first])
    at.do("trash", messages=[first])
    at.work()
    assert not Command.objects.filter(finished_at__isnull=True).exists()
    assert len(at.there("Trash", "FLAGGED SEEN")) == 1


@pytest.mark.parametrize("before", [0, 1], ids=["empty", "filled"])
def test_what_a_move_brought_and_another_client_took_again_is_seen_to_go(anywhere: Desk, before: int) -> None:
    first, *others = anywhere.ids()
    sent = anywhere.box("Sent").pk
    for message in others[:before]:
        anywhere.do("move", messages=[message], to_mailbox_id=sent)
        anywhere.finish()
    anywhere.do("move", messages=[first], to_mailbox_id=sent)
    anywhere.work()
    delete(anywhere, "Sent", anywhere.there("Sent")[-1])
    anywhere.sync()
    anywhere.sync()
    assert anywhere.ids("Sent") == others[:before]
    sound(anywhere)


def test_what_was_taken_again_before_the_receipt_was_written_is_seen_to_go(at: Desk) -> None:
    first, *_ = at.ids()
    at.do("move", messages=[first], to_mailbox_id=at.box("Sent").pk)
    with at.other() as client:
        client.uid("MOVE", "1", "Sent")
    (brought,) = at.there("Sent")
    delete(at, "Sent", brought)
    at.sync()
    box, command = at.box("Sent"), Command.objects.get()
    moved = {str(at.box().pk): {"1": brought}}
    end(at.account, command, {"moved": moved, "to": "Sent", "epoch": box.epoch})
    at.sync()
    assert at.ids("Sent") == []
    sound(at)


def delete(one: Desk, name: str, uid: int) -> None:
    with one.other(name) as client:
        client.uid("STORE", str(uid), "+FLAGS", "(\\Deleted)")
        client.expunge()


def test_moves_one_after_the_other_end_where_the_last_one_says(anywhere: Desk) -> None:
    first, *_ = anywhere.ids()
    inbox, sent, trash = (anywhere.box(name).pk for name in ("INBOX", "Sent", "Trash"))
    anywhere.do("move", messages=[first], from_mailbox_id=inbox, to_mailbox_id=trash)
    anywhere.do("move", messages=[first], from_mailbox_id=trash, to_mailbox_id=sent)
    assert (anywhere.ids("Trash"), anywhere.ids("Sent")) == ([], [first])
    anywhere.finish()
    assert (anywhere.there("Trash"), len(anywhere.there("Sent"))) == ([], 1)
    assert anywhere.ids("Sent") == [first]
    sound(anywhere)


def test_deleting_for_good_removes_it_and_nothing_that_others_marked(anywhere: Desk) -> None:
    first, second, *_ = anywhere.ids()
    with anywhere.other() as client:
        client.uid("STORE", "2", "+FLAGS", "(\\Deleted)")
    answer = anywhere.do("delete", messages=[first])
    assert not answer["undoable"]
    assert first not in anywhere.ids()
    anywhere.finish()
    assert anywhere.there("INBOX") == [2, 3, 4, 5]
    assert anywhere.there("INBOX", "DELETED") == [2]
    assert second in anywhere.ids()
    sound(anywhere)
    with pytest.raises(Problem) as refused:
        service.undo(anywhere.member, UUID(answer["id"]))
    assert refused.value.code == "not_undoable"


def test_a_message_deleted_elsewhere_meanwhile_ends_its_commands_quietly(anywhere: Desk) -> None:
    first, second, *_ = anywhere.ids()
    anywhere.do("star", messages=[first, second])
    anywhere.do("trash", messages=[first])
    with anywhere.other() as client:
        client.uid("STORE", "1", "+FLAGS", "(\\Deleted)")
        client.expunge()
    anywhere.finish()
    assert anywhere.there("INBOX", "FLAGGED") == [2]
    assert first not in anywhere.ids("Trash")
    assert "command:failed" not in anywhere.told()
    sound(anywhere)


def test_a_message_moved_elsewhere_meanwhile_keeps_its_mark(at: Desk) -> None:
    first, *_ = at.ids()
    at.do("star", messages=[first])
    with at.other() as client:
        client.uid("MOVE", "1", "Sent")
    at.finish()
    assert len(at.there("Sent", "FLAGGED")) == 1
    assert at.flags(first) == {"\\flagged"}
    sound(at)


def test_a_mailbox_numbered_anew_is_not_written_to_by_its_old_numbers(at: Desk) -> None:
    first, *_ = at.ids()
    at.do("read", messages=[first])
    at.do("trash", messages=[first])
    at.close()
    epoch = at.box().epoch
    at.server.lose_uids(at.user, epoch)
    with at.other() as client:
        client.uid("STORE", "1", "+FLAGS", "(\\Draft)")
    at.finish()
    assert at.box().epoch != epoch
    assert len(at.there("Trash", "SEEN")) == 1
    assert len(at.there("INBOX")) == 4
    sound(at)


# Undo


def test_undo_before_anything_was_carried_out_leaves_no_trace(at: Desk) -> None:
    before = [(row.message_id, row.mailbox_id, row.uid, row.flags) for row in Placement.objects.order_by("uid")]
    answer = at.do("trash", messages=at.ids())
    undone = service.undo(at.member, UUID(answer["id"]))
    assert undone["total"] == 5
    assert service.undo(at.member, UUID(answer["id"]))["id"] == undone["id"]
    after = [(row.message_id, row.mailbox_id, row.uid, row.flags) for row in Placement.objects.order_by("uid")]
    assert after == before
    assert set(Command.objects.values_list("state", flat=True)) == {State.CANCELLED}
    at.finish()
    assert at.there("Trash") == []
    sound(at)


def test_undo_restores_each_message_as_it_was(anywhere: Desk) -> None:
    first, second, third, *_ = anywhere.ids()
    anywhere.do("read", messages=[second])
    anywhere.finish()
    inbox, sent = anywhere.box().pk, anywhere.box("Sent").pk
    anywhere.do("move", messages=[third], from_mailbox_id=inbox, to_mailbox_id=sent)
    anywhere.finish()
    read = anywhere.do("read", messages=[first, second, third])
    gone = anywhere.do("trash", messages=[first, second, third])
    anywhere.finish()
    assert len(anywhere.there("Trash", "SEEN")) == 3
    service.undo(anywhere.member, UUID(gone["id"]))
    service.undo(anywhere.member, UUID(read["id"]))
    assert anywhere.ids("Sent") == [third]
    anywhere.finish()
    assert [anywhere.flags(one) for one in (first, second, third)] == [set(), {"\\seen"}, set()]
    assert (len(anywhere.there("INBOX", "SEEN")), anywhere.there("Trash")) == (1, [])
    assert anywhere.ids("Sent") == [third]
    sound(anywhere)


# One key, two people


def test_the_same_key_again_is_the_same_act(at: Desk) -> None:
    first, *_ = at.ids()
    key = str(uuid4())
    one = at.do("star", messages=[first], key=key)
    other = at.do("star", messages=[first], key=key)
    assert one["id"] == other["id"]
    assert Command.objects.count() == 1


def test_a_reader_may_not_and_a_delegate_may(at: Desk, cast: Cast) -> None:
    first, *_ = at.ids()
    grant = AccountAccess.objects.create(account=at.account, user_id=cast.member.user_id, role="reader")
    with pytest.raises(Problem) as refused:
        at.do("star", messages=[first], by=cast.member)
    assert (refused.value.status_code, refused.value.code) == (403, "read_only_access")
    grant.role = "delegate"
    grant.save()
    at.do("star", messages=[first], by=cast.member)
    at.do("trash", messages=[first])
    at.finish()
    assert len(at.there("Trash", "FLAGGED")) == 1
    sound(at)


def test_what_is_not_theirs_is_as_if_it_did_not_exist(at: Desk, cast: Cast) -> None:
    first, *_ = at.ids()
    for ids in ({"messages": [first]}, {"threads": [UUID(at.threads()[0])]}, {"all_in": at.box().pk}):
        with pytest.raises(Problem) as refused:
            at.do("star", by=cast.member, **ids)
        assert refused.value.status_code == 404


# Wide acts


def test_everything_in_a_mailbox_slice_by_slice_and_all_of_it_undone(
    cast: Cast, servers: dict[str, Dovecot], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "SLICE", 7)
    with desk(cast, servers["full"], *(eml(number, f"Subject {number}") for number in range(1, 31))) as one:
        answer = one.do("trash", all_in=one.box().pk)
        assert answer["total"] == 7
        one.finish()
        assert (len(one.there("Trash")), one.there("INBOX")) == (30, [])
        stands = service.one(one.member, UUID(answer["id"]))
        assert (stands["total"], stands["done"], stands["state"]) == (30, 30, "done")
        assert one.told().count("command:update") >= 5
        sound(one)
        undone = service.undo(one.member, UUID(answer["id"]))
        one.finish()
        assert (one.there("Trash"), len(one.there("INBOX"))) == ([], 30)
        assert service.one(one.member, UUID(undone["id"]))["total"] == 30
        sound(one)


def test_everything_that_a_search_finds(at: Desk) -> None:
    answer = at.do("star", search={"q": "subject:3 OR subject:4"})
    at.finish()
    assert service.one(at.member, UUID(answer["id"]))["total"] == 2
    assert at.there("INBOX", "FLAGGED") == [3, 4]
    sound(at)


def test_the_trash_can_be_emptied_and_nothing_else(at: Desk) -> None:
    at.do("trash", messages=at.ids()[:3])
    at.finish()
    tree.empty(at.member, str(uuid4()), at.box("Trash").pk)
    at.finish()
    assert (at.there("Trash"), len(at.there("INBOX"))) == ([], 2)
    sound(at)
    with pytest.raises(Problem):
        tree.empty(at.member, str(uuid4()), at.box().pk)


# Refusals


def test_a_refusal_rolls_back_and_tells_the_person(at: Desk) -> None:
    first, *_ = at.ids()
    with at.other() as client:
        client.create("Doomed")
    at.sync()
    at.do("move", messages=[first], to_mailbox_id=at.box("Doomed").pk)
    at.do("star", messages=[first])
    with at.other() as client:
        client.delete("Doomed")
    at.events()
    at.finish()
    failed = [entry for entry in at.events() if entry.event == "command:failed"]
    assert len(failed) == 1
    assert "no longer exists" in failed[0].data
    assert failed[0].only_for == (at.member.user_id,)
    assert first in at.ids()
    assert at.there("INBOX", "FLAGGED") == [1]
    # A mailbox is believed to be gone when it was missing for a minute.
    Mailbox.objects.filter(remote_id="Doomed").update(missing_since=now() - timedelta(minutes=2))
    at.sync()
    sound(at)


def test_a_provider_that_is_away_is_waited_for(at: Desk) -> None:
    first, *_ = at.ids()
    at.do("star", messages=[first])
    port = at.account.settings["imap"]["port"]
    at.account.settings["imap"]["port"] = 1
    at.account.save()
    at.close()
    for _ in range(3):
        at.work()
        at.hurry()
    command = Command.objects.get()
    assert (command.state, command.error_code) == (State.PENDING, "provider_down")
    assert "\\flagged" in at.flags(first)
    at.account.settings["imap"]["port"] = port
    at.account.save()
    at.finish()
    assert at.there("INBOX", "FLAGGED") == [1]
    sound(at)


# Mailboxes


def test_mailboxes_are_made_renamed_and_deleted(at: Desk) -> None:
    tree.create(at.member, str(uuid4()), at.account.pk, "Ferie & più", None)
    at.finish()
    made = Mailbox.objects.get(path=["Ferie & più"])
    first, *_ = at.ids()
    at.do("move", messages=[first], to_mailbox_id=made.pk)
    tree.rename(at.member, str(uuid4()), made.pk, "Vacanze", None, moves=False)
    at.finish()
    made.refresh_from_db()
    assert (made.path, made.total) == (["Vacanze"], 1)
    sound(at)
    tree.delete(at.member, str(uuid4()), made.pk)
    at.finish()
    assert not Mailbox.objects.filter(pk=made.pk).exists()
    sound(at)
    for bad in ("", "a/b", "INBOX", "Sent"):
        with pytest.raises(Problem) as refused:
            tree.create(at.member, str(uuid4()), at.account.pk, bad, None)
        assert refused.value.status_code == 422


def test_a_mailbox_is_not_removed_before_the_mail_has_left_it(at: Desk) -> None:
    tree.create(at.member, str(uuid4()), at.account.pk, "Work", None)
    at.finish()
    work = Mailbox.objects.get(remote_id="Work")
    first, *_ = at.ids()
    at.do("move", messages=[first], to_mailbox_id=work.pk)
    at.finish()
    at.do("inbox", messages=[first])
    Command.objects.filter(action="move", finished_at__isnull=True).update(due_at=now() + timedelta(hours=1))
    tree.delete(at.member, str(uuid4()), work.pk)
    at.work()
    assert at.there("Work") == [1]
    at.finish()
    assert len(at.there("INBOX")) == 5
    sound(at)


# Snooze


def test_a_snoozed_conversation_is_gone_until_its_time_and_then_on_top(at: Desk) -> None:
    oldest = at.thread(at.ids()[0])
    until = now() + timedelta(hours=3)
    answer = at.do("snooze", threads=[oldest], from_mailbox_id=at.box().pk, until=until.isoformat())
    assert answer["state"] == "done"
    assert str(oldest) not in at.threads()
    assert at.threads(filter="snoozed") == [str(oldest)]
    assert (at.box().threads, at.box().total) == (4, 5)
    at.work()
    assert str(oldest) not in at.threads()
    sound(at)
    Command.objects.filter(action="wake").update(due_at=now())
    at.events()
    at.work()
    assert at.threads()[0] == str(oldest)
    assert "email:thread_update" in at.told()
    assert at.box().threads == 5
    sound(at)


def test_news_in_a_snoozed_conversation_wakes_it(at: Desk) -> None:
    oldest = at.thread(at.ids()[0])
    at.do("snooze", threads=[oldest], until=(now() + timedelta(days=3)).isoformat())
    at.server.append(at.user, "INBOX", eml(77, "Re: Subject 1", answers=1))
    at.sync()
    assert str(oldest) in at.threads()
    sound(at)


def test_a_snooze_is_undone_and_one_that_moves_away_is_forgotten(at: Desk) -> None:
    one, two, *_ = (UUID(thread) for thread in at.threads())
    until = (now() + timedelta(days=3)).isoformat()
    answer = at.do("snooze", threads=[one], until=until)
    service.undo(at.member, UUID(answer["id"]))
    assert str(one) in at.threads()
    at.do("snooze", threads=[two], until=until)
    woken = at.do("unsnooze", threads=[two])
    assert str(two) in at.threads()
    service.undo(at.member, UUID(woken["id"]))
    assert str(two) not in at.threads()
    at.do("trash", threads=[two], from_mailbox_id=at.box().pk)
    at.finish()
    assert not ThreadEntry.objects.filter(snoozed_until__isnull=False).exists()
    sound(at)


# Bodies


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"action": "fly", "messages": ["x"]}, 400),
        ({"action": "read"}, 400),
        ({"action": "read", "messages": [str(uuid4())], "threads": [str(uuid4())]}, 400),
        ({"action": "read", "messages": ["nonsense"]}, 400),
        ({"action": "read", "messages": []}, 400),
        ({"action": "read", "messages": [str(uuid4())] * 1001}, 400),
        ({"action": "read", "messages": [str(uuid4())]}, 404),
        ({"action": "move", "messages": [str(uuid4())]}, 400),
        ({"action": "add_keyword", "messages": [str(uuid4())], "keyword": "two words"}, 422),
        ({"action": "add_keyword", "messages": [str(uuid4())], "keyword": "a)\r\nX LOGOUT"}, 422),
        ({"action": "snooze", "messages": [str(uuid4())], "until": "tomorrow"}, 400),
        ({"action": "snooze", "messages": [str(uuid4())], "until": "2001-01-01T00:00:00Z"}, 422),
        ({"action": "read", "search": {"q": ""}}, 400),
        ([], 400),
        ("read", 400),
    ],
)
def test_a_body_that_cannot_be_is_told_what_is_wrong(body: Any, status: int, cast: Cast) -> None:
    with cast.inside(), pytest.raises(Problem) as refused:
        service.submit(cast.owner, str(uuid4()), body)
    assert refused.value.status_code == status
