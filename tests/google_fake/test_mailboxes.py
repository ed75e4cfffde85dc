"""Gmail's finer points: labels, threads, searches, drafts, addresses to send from, what is late, what is sparse."""

import re
from base64 import urlsafe_b64decode
from typing import Any

import pytest

from tests.google_fake.desk import ANNA, AUTH, BOB, Desk, Json, refused
from tests.google_fake.test_gmail import RAW, encoded


def mail(number: int, subject: str = "Plans", answers: int | None = None, **headers: str) -> bytes:
    lines = {"From": BOB, "To": ANNA, "Subject": subject, "Message-ID": f"<{number}@x.example>"} | headers
    if answers is not None:
        lines["In-Reply-To"] = f"<{answers}@x.example>"
    return "".join(f"{key}: {value}\r\n" for key, value in lines.items()).encode() + b"\r\nbody\r\n"


def history(users: Any, start: str) -> list[Json]:
    return users.history().list(userId="me", startHistoryId=start).execute().get("history", [])  # type: ignore[no-any-return]


def test_labels_of_the_user(desk: Desk) -> None:
    users = desk.service("gmail").users()
    labels = users.labels()
    color = {"textColor": "#ffffff", "backgroundColor": "#16a766"}
    made = labels.create(userId="me", body={"name": "Work/Bills", "color": color}).execute()
    assert made["type"] == "user" and re.fullmatch(r"Label_\d+", made["id"])
    with refused(409, "aborted"):
        labels.create(userId="me", body={"name": "work/BILLS"}).execute()
    assert labels.patch(userId="me", id=made["id"], body={"name": "Work/Paid"}).execute()["color"] == color
    with refused(400, "invalidArgument"):
        labels.update(userId="me", id=made["id"], body={"id": made["id"]}).execute()
    labels.update(userId="me", id=made["id"], body={"id": made["id"], "name": "Paid"}).execute()
    one, other = (desk.google.elsewhere.deliver(ANNA, mail(number)) for number in (1, 2))
    change = {"ids": [one.id, other.id, "1" * 16], "addLabelIds": [made["id"], "STARRED"], "removeLabelIds": ["UNREAD"]}
    assert users.messages().batchModify(userId="me", body=change).execute() == ""
    counted = labels.get(userId="me", id=made["id"]).execute()
    assert (counted["messagesTotal"], counted["messagesUnread"], counted["threadsTotal"]) == (2, 0, 2)
    assert all("messagesTotal" not in label for label in labels.list(userId="me").execute()["labels"])
    start = users.getProfile(userId="me").execute()["historyId"]
    labels.delete(userId="me", id=made["id"]).execute()
    assert made["id"] not in one.labels and history(users, start) == []
    with refused(400, "invalidArgument"):
        users.messages().modify(userId="me", id=one.id, body={"addLabelIds": [made["id"]]}).execute()
    for fixed in ("SENT", "DRAFT", "CHAT"):
        with refused(400, "invalidArgument"):
            users.messages().modify(userId="me", id=one.id, body={"addLabelIds": [fixed]}).execute()


def test_a_change_that_changes_nothing_is_no_history(desk: Desk) -> None:
    users = desk.service("gmail").users()
    stored = desk.google.elsewhere.deliver(ANNA, mail(1))
    start = users.getProfile(userId="me").execute()["historyId"]
    body = {"addLabelIds": ["INBOX"], "removeLabelIds": ["STARRED"]}
    users.messages().modify(userId="me", id=stored.id, body=body).execute()
    assert history(users, start) == []
    desk.google.elsewhere.classify(ANNA, stored.id)
    assert [record["labelsAdded"][0]["labelIds"] for record in history(users, start)] == [["IMPORTANT"]]


def test_trash_and_delete(desk: Desk) -> None:
    messages = desk.service("gmail").users().messages()
    stored = desk.google.elsewhere.deliver(ANNA, mail(1))
    messages.trash(userId="me", id=stored.id).execute()
    assert "messages" not in messages.list(userId="me").execute()
    assert len(messages.list(userId="me", includeSpamTrash=True).execute()["messages"]) == 1
    assert "INBOX" not in messages.untrash(userId="me", id=stored.id).execute()["labelIds"]
    with refused(403, "insufficientPermissions"):
        narrow = desk.service("gmail", scopes=(f"{AUTH}gmail.modify",)).users().messages()
        narrow.delete(userId="me", id=stored.id).execute()
    messages.delete(userId="me", id=stored.id).execute()
    with refused(404, "notFound"):
        messages.delete(userId="me", id=stored.id).execute()
    other = desk.google.elsewhere.deliver(ANNA, mail(2))
    messages.batchDelete(userId="me", body={"ids": [other.id]}).execute()
    assert desk.google.gmail.mailboxes[ANNA].messages == {}


def test_a_thread_needs_references_and_the_same_subject(desk: Desk) -> None:
    users = desk.service("gmail").users()
    first = desk.google.elsewhere.deliver(ANNA, mail(1))
    answer = mail(2, "Re: Plans", 1, From=ANNA, To=BOB)
    joined = users.messages().send(userId="me", body={"raw": encoded(answer), "threadId": first.thread}).execute()
    assert joined["threadId"] == first.thread
    apart = mail(3, "Other plans", 1, From=ANNA, To=BOB)
    new = users.messages().send(userId="me", body={"raw": encoded(apart), "threadId": first.thread}).execute()
    assert new["threadId"] != first.thread, "without a word it begins a thread of its own"
    threads = users.threads()
    got = threads.get(userId="me", id=first.thread, format="metadata", metadataHeaders=["Subject"]).execute()
    assert [one["id"] for one in got["messages"]] == [first.id, joined["id"]]
    listed = threads.list(userId="me").execute()["threads"]
    assert {one["id"] for one in listed} == {first.thread, new["threadId"]}
    threads.modify(userId="me", id=first.thread, body={"addLabelIds": ["STARRED"]}).execute()
    threads.trash(userId="me", id=first.thread).execute()
    threads.untrash(userId="me", id=first.thread).execute()
    assert desk.google.gmail.mailboxes[ANNA].messages[joined["id"]].labels == {"SENT", "STARRED"}
    threads.delete(userId="me", id=first.thread).execute()
    with refused(404, "notFound"):
        threads.get(userId="me", id=first.thread).execute()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("rfc822msgid:1@x.example", {1}), ("from:bob", {1, 2}), ("subject:plans -is:starred", {1}),
        ("is:unread", {1, 2}),
        ("label:work-bills", {2}), ("in:inbox is:starred", {2}), ("has:attachment", {3}), ("caffè", {3}),
        ("subject:plans OR has:attachment", {1, 2, 3}), ("{is:starred has:attachment}", {2, 3}), ("larger:1k", set()),
        ('"body"', {1, 2}), ("older_than:1d", {2}), ("after:2026/01/01 before:2026/01/03", {2}), ("in:trash", {4}),
        ("to:anna category:personal", {1, 2}),
    ],
)  # fmt: skip
def test_searches(desk: Desk, query: str, found: set[int]) -> None:
    box, elsewhere = desk.google.gmail.mailboxes[ANNA], desk.google.elsewhere
    box.labels["Label_7"] = box.new_label("Work/Bills")
    box.labels["Label_7"].id = "Label_7"
    usual = ["INBOX", "UNREAD", "CATEGORY_PERSONAL"]
    numbers = {
        elsewhere.deliver(ANNA, mail(1)).id: 1,
        box.add(mail(2), [*usual, "STARRED", "Label_7"], internal_date=1_767_312_000_000).id: 2,
        elsewhere.deliver(ANNA, RAW, ["INBOX"]).id: 3,
        elsewhere.deliver(ANNA, mail(4), ["TRASH"]).id: 4,
    }
    told = desk.service("gmail").users().messages().list(userId="me", q=query).execute()
    assert {numbers[one["id"]] for one in told.get("messages", [])} == found


def test_a_draft_that_is_saved_again_and_again(desk: Desk) -> None:
    users = desk.service("gmail").users()
    drafts = users.drafts()
    start = users.getProfile(userId="me").execute()["historyId"]
    made = drafts.create(userId="me", body={"message": {"raw": encoded(mail(1))}}).execute()
    for number in (2, 3):
        drafts.update(userId="me", id=made["id"], body={"message": {"raw": encoded(mail(number))}}).execute()
    kinds = [next(key for key in one if key not in ("id", "messages")) for one in history(users, start)]
    assert kinds == ["messagesAdded"] + ["messagesAdded", "messagesDeleted"] * 2
    drafts.delete(userId="me", id=made["id"]).execute()
    assert "drafts" not in drafts.list(userId="me").execute()
    with refused(404, "notFound"):
        drafts.get(userId="me", id=made["id"]).execute()
    with refused(404, "notFound"):
        drafts.update(userId="me", id=made["id"], body={"message": {"raw": encoded(mail(4))}}).execute()


def test_from_is_ones_own_address_or_a_verified_alias(desk: Desk) -> None:
    users = desk.service("gmail").users()
    box = desk.google.gmail.mailboxes[ANNA]
    box.aliases |= {"sales@firm.example": True, "boss@firm.example": False}
    listed = users.settings().sendAs().list(userId="me").execute()["sendAs"]
    assert [one.get("verificationStatus") for one in listed] == [None, "accepted", "pending"]
    users.settings().sendAs().get(userId="me", sendAsEmail="sales@firm.example").execute()
    for sender, seen in (("sales@firm.example", "sales@firm.example"), ("boss@firm.example", ANNA)):
        sent = users.messages().send(userId="me", body={"raw": encoded(mail(1, From=sender, To=BOB))}).execute()
        assert box.messages[sent["id"]].message["From"] == seen
    with refused(400, "invalidArgument"):
        users.messages().send(userId="me", body={"raw": encoded(mail(1, To="nobody"))}).execute()
    many = ", ".join(f"p{number}@far.example" for number in range(501))
    with refused(400, "invalidArgument"):
        users.messages().send(userId="me", body={"raw": encoded(mail(1, To=many))}).execute()
    to_oneself = users.messages().send(userId="me", body={"raw": encoded(mail(5, From=ANNA))}).execute()
    assert to_oneself["labelIds"] == ["INBOX", "SENT", "UNREAD"]


def test_a_message_id_is_kept_or_replaced(desk: Desk) -> None:
    users = desk.service("gmail").users()
    desk.google.gmail.replaces_message_ids = True
    sent = users.messages().send(userId="me", body={"raw": encoded(mail(1, From=ANNA, To=BOB))}).execute()
    raw = urlsafe_b64decode(users.messages().get(userId="me", id=sent["id"], format="raw").execute()["raw"])
    assert b"@mail.gmail.com>" in raw and b"<1@x.example>" not in raw


def test_a_message_is_told_of_before_it_can_be_read(desk: Desk) -> None:
    users = desk.service("gmail").users()
    start = users.getProfile(userId="me").execute()["historyId"]
    box = desk.google.gmail.mailboxes[ANNA]
    box.lag, box.index_lag = 5, 10
    stored = desk.google.elsewhere.deliver(ANNA, mail(1))
    assert history(users, start) == []
    with refused(404, "notFound"):
        users.messages().get(userId="me", id=stored.id).execute()
    desk.google.clock.advance(6)
    assert len(history(users, start)) == 1
    assert "messages" not in users.messages().list(userId="me", q="subject:plans").execute()
    desk.google.clock.advance(10)
    assert len(users.messages().list(userId="me", q="subject:plans").execute()["messages"]) == 1


def test_a_page_of_history_without_records_is_not_the_end(desk: Desk) -> None:
    users = desk.service("gmail").users()
    start = users.getProfile(userId="me").execute()["historyId"]
    desk.google.elsewhere.deliver(ANNA, mail(1))
    desk.google.gmail.sparse_pages = True
    page = users.history().list(userId="me", startHistoryId=start).execute()
    assert "history" not in page
    more = users.history().list(userId="me", startHistoryId=start, pageToken=page["nextPageToken"]).execute()
    assert len(more["history"]) == 1


def test_history_grows_old(desk: Desk) -> None:
    users = desk.service("gmail").users()
    start = users.getProfile(userId="me").execute()["historyId"]
    desk.google.elsewhere.deliver(ANNA, mail(1))
    desk.google.clock.advance(8 * 86_400)
    with refused(404, "notFound"):
        users.history().list(userId="me", startHistoryId=start).execute()
    with refused(404, "notFound"):
        users.history().list(userId="me", startHistoryId=str(10**15)).execute()


def test_history_by_kind_and_label(desk: Desk) -> None:
    users = desk.service("gmail").users()
    start = users.getProfile(userId="me").execute()["historyId"]
    stored = desk.google.elsewhere.deliver(ANNA, mail(1))
    desk.google.elsewhere.relabel(ANNA, stored.id, ["STARRED"])
    listing = users.history().list
    added = listing(userId="me", startHistoryId=start, historyTypes=["messageAdded"]).execute()["history"]
    starred = listing(userId="me", startHistoryId=start, labelId="STARRED").execute()["history"]
    assert (len(added), len(starred)) == (1, 1) and "labelsAdded" in starred[0]


def test_who_may_see_only_headers(desk: Desk) -> None:
    messages = desk.service("gmail", scopes=(f"{AUTH}gmail.metadata",)).users().messages()
    stored = desk.google.elsewhere.deliver(ANNA, RAW)
    messages.get(userId="me", id=stored.id, format="metadata").execute()
    for form in ("full", "raw"):
        with refused(403, "forbidden"):
            messages.get(userId="me", id=stored.id, format=form).execute()
    with refused(403, "forbidden"):
        messages.list(userId="me", q="x").execute()


def test_import_dates_a_message_by_its_header(desk: Desk) -> None:
    users = desk.service("gmail").users()
    raw = mail(1, Date="Mon, 05 Jan 2026 09:00:00 +0100")
    body = {"raw": encoded(raw), "labelIds": ["INBOX"]}
    made = users.messages().import_(userId="me", body=body, internalDateSource="dateHeader").execute()
    assert desk.google.gmail.mailboxes[ANNA].messages[made["id"]].internal_date == 1_767_600_000_000
    assert desk.google.gmail.outbox == []


def test_a_day_has_an_end_of_sending(desk: Desk) -> None:
    messages = desk.service("gmail").users().messages()
    desk.google.gmail.sends_per_day = 1
    send = messages.send(userId="me", body={"raw": encoded(mail(1, From=ANNA, To=BOB))})
    send.execute()
    with refused(429, "rateLimitExceeded") as told:
        send.execute()
    assert re.search(r"Retry after 20\d\d-\d\d-\d\dT[\d:.]+Z", told[0]["message"])


def test_a_chat_has_no_form_of_a_message(desk: Desk) -> None:
    messages = desk.service("gmail").users().messages()
    line = desk.google.elsewhere.chat(ANNA, "hello")
    assert messages.list(userId="me", labelIds=["CHAT"]).execute()["messages"][0]["id"] == line.id
    assert "raw" not in messages.get(userId="me", id=line.id, format="raw").execute()
