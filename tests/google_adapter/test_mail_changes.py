"""Mail comes in: the first import, and everything that the person does at another client."""

import base64

import pytest

from apps.providers.adapters import errors
from apps.providers.adapters.base import Role
from apps.providers.adapters.google import gmail
from tests.google_adapter.desk import Desk
from tests.google_adapter.mail import Post, letter
from tests.imap.mirror import MemoryMirror

SEEN = frozenset({"\\Seen"})


@pytest.fixture
def post(desk: Desk) -> Post:
    return Post(desk)


def test_the_first_import_brings_everything_newest_first(post: Post) -> None:
    ids = [post.deliver(f"Letter {number}") for number in range(130)]
    spam = post.deliver("Win", ["SPAM", "UNREAD"])
    post.elsewhere.chat(post.user, "hi")
    first = post.mirror.apply(post.adapter.changes(post.mirror))
    assert first.new == []
    applied = post.follow()
    assert len({uid for _, uid in applied.new}) == 131
    assert post.places(ids[0]) == {"INBOX": frozenset(), "ALL": frozenset()}
    assert post.places(spam) == {"SPAM": frozenset()}
    assert post.mirror.raw("INBOX", int(ids[0], 16)) == letter("Letter 0")
    brought = [record.uid for batch in applied.batches for record in batch.upserts if batch.mailbox == "INBOX"]
    assert brought == sorted(brought, reverse=True)
    assert not any(batch.live for batch in applied.batches if batch.upserts)
    assert post.mirror.boxes["ALL"].remaining == 0
    assert post.follow().quiet


def test_labels_are_mailboxes_and_marks_are_not(post: Post) -> None:
    post.elsewhere.label(post.user, "Work")
    post.elsewhere.label(post.user, "Work/Offers/2026")
    post.follow()
    records = {box.record.path: box.record for box in post.mirror.boxes.values()}
    assert set(records) == {
        ("INBOX",), ("Sent",), ("Drafts",), ("Spam",), ("Trash",), ("All Mail",), ("Work",), ("Work", "Offers", "2026"),
    }  # fmt: skip
    assert records["All Mail",].role is Role.ALL
    assert records["Spam",].role is Role.JUNK
    assert records["Work",].role is None


def test_each_change_at_another_client_is_followed(post: Post) -> None:
    work = post.elsewhere.label(post.user, "Work")
    one = post.deliver("One")
    post.follow()
    post.elsewhere.relabel(post.user, one, ["STARRED"], ["UNREAD"])
    assert post.follow().new == []
    assert post.places(one)["INBOX"] == {"\\Seen", "\\Flagged"}
    post.elsewhere.relabel(post.user, one, [work], ["INBOX", "STARRED"])
    applied = post.follow()
    assert post.places(one) == {work: SEEN, "ALL": SEEN}
    assert applied.new == []
    post.elsewhere.trash(post.user, one)
    post.follow()
    assert post.places(one) == {"TRASH": SEEN}
    post.elsewhere.call(post.user, "gmail.users.messages.untrash", id=one)
    post.follow()
    assert post.places(one) == {work: SEEN, "ALL": SEEN}
    post.elsewhere.delete(post.user, one)
    post.follow()
    assert post.places(one) == {}


def test_mail_that_arrives_is_news_and_is_read_once(post: Post, desk: Desk) -> None:
    post.follow()
    one = post.deliver("News")
    before = desk.asked("gmail.users.messages.get")
    applied = post.mirror.apply(post.adapter.changes(post.mirror))
    assert applied.new
    assert all(batch.live for batch in applied.batches if batch.upserts)
    assert desk.asked("gmail.users.messages.get") == before + 1
    post.elsewhere.classify(post.user, one)
    post.elsewhere.relabel(post.user, one, [post.elsewhere.label(post.user, "New")])
    assert post.follow().new == []


def test_a_label_made_between_list_and_history_is_listed_again(post: Post) -> None:
    post.follow()
    batches = post.adapter.changes(post.mirror)
    post.mirror.apply([next(batches)])
    one = post.deliver("One")
    made = post.elsewhere.label(post.user, "Late")
    post.elsewhere.relabel(post.user, one, [made])
    post.mirror.apply(batches)
    assert set(post.places(one)) == {"INBOX", "ALL", made}


def test_a_deleted_label_leaves_its_messages(post: Post) -> None:
    work = post.elsewhere.label(post.user, "Work")
    one = post.deliver("One", [work])
    post.follow()
    post.elsewhere.call(post.user, "gmail.users.labels.delete", id=work)
    post.follow()
    assert set(post.places(one)) == {"ALL"}


def test_drafts_that_are_saved_again_and_again_are_one(post: Post) -> None:
    post.follow()
    draft = post.elsewhere.call(post.user, "gmail.users.drafts.create", {"message": {"raw": _raw("Draft")}})
    for number in range(5):
        post.elsewhere.call(
            post.user, "gmail.users.drafts.update", {"message": {"raw": _raw(f"Draft {number}")}}, id=draft["id"]
        )
    post.follow()
    assert len(post.mirror.boxes["DRAFT"].placements) == 1


def _raw(subject: str) -> str:
    return base64.urlsafe_b64encode(letter(subject)).decode()


def test_an_import_goes_on_where_it_was_cut(post: Post, desk: Desk) -> None:
    for number in range(520):
        post.deliver(f"Letter {number}", [])
    post.mirror.apply(post.adapter.changes(post.mirror))
    taken = 0
    for batch in post.adapter.backfill(post.mirror):
        post.mirror.apply([batch])
        taken += len(batch.upserts)
        if taken >= 100:
            break
    arrived = post.deliver("Meanwhile")
    desk.google.cursors.expire("gmail.users.messages.list")
    before = desk.asked("gmail.users.messages.get")
    post.follow()
    assert post.places(arrived)
    assert post.mirror.boxes["ALL"].remaining == 0
    # What was held already is not read again, but by the census.
    assert desk.asked("gmail.users.messages.get") - before == (521 - taken) + 521


def test_a_page_without_records_is_not_the_end(post: Post, desk: Desk) -> None:
    post.follow()
    desk.google.gmail.sparse_pages = True
    one = post.deliver("One")
    post.sync()
    assert post.places(one)


def test_a_history_of_many_pages_is_kept_page_by_page(post: Post, desk: Desk) -> None:
    one = post.deliver("One")
    post.follow()
    for _ in range(300):
        post.elsewhere.relabel(post.user, one, ["STARRED"])
        post.elsewhere.relabel(post.user, one, (), ["STARRED"])
    last = post.deliver("Last")
    desk.fail("gmail.users.history.list", 503, skip=1)
    with pytest.raises(errors.Transient):
        post.sync()
    post.sync()
    assert post.places(last)
    post.follow()


def test_a_message_that_is_told_of_before_it_can_be_read_is_awaited(post: Post, desk: Desk) -> None:
    post.follow()
    one = post.deliver("One")
    for _ in range(2):
        desk.fail("gmail.users.messages.get", 404)
        applied = post.mirror.apply(post.adapter.changes(post.mirror))
        assert applied.batches[-1].look_again
        assert post.places(one) == {}
    post.follow()
    assert post.places(one)


def test_a_message_that_never_comes_is_given_up(post: Post, desk: Desk) -> None:
    post.follow()
    post.deliver("One")
    desk.fail("gmail.users.messages.get", 404, times=2)
    post.sync()
    desk.google.clock.advance(700)
    post.sync()
    assert "l" not in (post.mirror.boxes["ALL"].cursor or {})


@pytest.mark.parametrize("imported", [True, False])
def test_a_history_that_ended_loses_nothing(post: Post, imported: bool) -> None:
    work = post.elsewhere.label(post.user, "Work")
    ids = [post.deliver(f"Letter {number}") for number in range(20)]
    if imported:
        post.follow()
    else:
        post.mirror.apply(post.adapter.changes(post.mirror))
        post.mirror.apply([batch for batch, _ in zip(post.adapter.backfill(post.mirror), range(2), strict=False)])
    post.elsewhere.relabel(post.user, ids[0], [work, "STARRED"], ["INBOX", "UNREAD"])
    post.elsewhere.delete(post.user, ids[1])
    post.elsewhere.trash(post.user, ids[2])
    new = post.deliver("New")
    post.box.forget_history()
    applied = post.follow()
    assert {uid for _, uid in applied.new} >= {int(new, 16)}
    assert post.places(ids[0]) == {work: SEEN | {"\\Flagged"}, "ALL": SEEN | {"\\Flagged"}}
    assert post.follow().quiet


def test_what_happens_during_a_comparison_is_followed_after_it(post: Post) -> None:
    ids = [post.deliver(f"Letter {number}") for number in range(5)]
    post.follow()
    post.box.forget_history()
    post.elsewhere.relabel(post.user, ids[0], ["STARRED"])
    for batch in post.adapter.changes(post.mirror):
        post.mirror.apply([batch])
        post.elsewhere.relabel(post.user, ids[1], ["STARRED"])
        post.elsewhere.relabel(post.user, ids[3], (), ["INBOX"])
    post.follow()


@pytest.mark.parametrize("kind", ["429", "user rate", "503", "cut", "truncated", "half", "html", "redirect", "slow"])
@pytest.mark.parametrize("method", ["gmail.users.messages.get", "gmail.users.history.list", "gmail.users.labels.list"])
def test_faults_are_typed_and_pass(post: Post, desk: Desk, kind: str, method: str) -> None:
    post.follow()
    one = post.deliver("One")
    desk.fail(method, kind, seconds=3.0)
    with pytest.raises(errors.Transient) as caught:
        post.sync()
    assert (caught.type is errors.RateLimited) == (kind in ("429", "user rate"))
    assert post.tokens.access not in repr(caught.value)
    post.follow()
    assert post.places(one)


def test_a_spent_token_is_renewed_once(post: Post, desk: Desk) -> None:
    post.follow()
    desk.google.grants.expire_access(post.user)
    renewals = post.tokens.renewals
    post.follow()
    assert post.tokens.renewals == renewals + 1
    desk.fail("gmail.users.labels.list", 401, times=2)
    with pytest.raises(errors.Transient):
        post.sync()
    desk.google.grants.withdraw(post.user, desk.client.id)
    with pytest.raises(errors.NeedsReconnect):
        post.sync()


def test_an_account_without_mail_is_told_so(post: Post, desk: Desk) -> None:
    desk.google.grants.people[post.user].mail_enabled = False
    with pytest.raises(errors.PermissionMissing):
        post.sync()


def test_a_consent_without_mail_is_told_so(desk: Desk) -> None:
    adapter = gmail.connect(desk.tokens(scopes=("https://www.googleapis.com/auth/contacts",)), **desk.options)
    desk.opened.append(adapter)
    with pytest.raises(errors.PermissionMissing):
        list(adapter.changes(MemoryMirror()))
    assert not adapter.alive()


def test_large_messages_are_read_alone(post: Post, desk: Desk) -> None:
    small = [post.deliver(f"Small {number}") for number in range(8)]
    big = [post.deliver(f"Big {number}", body="x" * 3_000_000) for number in range(2)]
    post.follow()
    assert all(post.places(one) for one in (*small, *big))
    heaviest = max(len(entry.answer) for entry in desk.google.journal.entries)
    assert heaviest < 5_000_000


def test_a_budget_that_is_spent_loses_nothing_that_was_read(post: Post, desk: Desk) -> None:
    for number in range(100):
        post.deliver(f"Letter {number}")
    desk.google.quotas.per_user = desk.google.quotas.per_user | {"gmail": 1200}
    held = 0
    for _ in range(12):
        try:
            post.sync()
        except errors.RateLimited:
            assert len(post.mirror.messages) > held
            held = len(post.mirror.messages)
            desk.google.clock.advance(61)
            continue
        break
    assert len(post.mirror.messages) == 100


def test_a_cursor_that_was_given_up_costs_a_comparison(post: Post, desk: Desk) -> None:
    ids = [post.deliver(f"Letter {number}") for number in range(6)]
    post.follow()
    for box in post.mirror.boxes.values():
        box.cursor = None
    post.elsewhere.delete(post.user, ids[0])
    post.elsewhere.relabel(post.user, ids[1], ["STARRED"])
    post.deliver("New")
    read = len([one for one in desk.google.journal.of("gmail.users.messages.get") if "raw" in str(one.parameters)])
    post.follow()
    again = len([one for one in desk.google.journal.of("gmail.users.messages.get") if "raw" in str(one.parameters)])
    assert again == read + 1, "what is held is not read again"


def test_another_program_at_the_same_account_makes_no_second_message(post: Post) -> None:
    one = post.deliver("One")
    post.follow()
    post.elsewhere.relabel(post.user, one, ["STARRED"])
    post.elsewhere.relabel(post.user, one, (), ["STARRED"])
    assert post.follow().quiet
