"""Gmail through its own client library: every method that is used, with replies that fit the schemas."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from googleapiclient.http import MediaInMemoryUpload

from tests.google_fake.desk import ANNA, AUTH, BOB, Desk, refused

RAW = (
    b"From: Anna <anna@firm.example>\r\nTo: bob@firm.example\r\nBcc: eve@far.example\r\n"
    b"Subject: =?utf-8?q?Caff=C3=A8?=\r\n"
    b"Message-ID: <1@firm.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"perch=E9\r\n"
    b"--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n--b--\r\n"
)


def encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode()


def test_a_message_is_sent_filed_and_delivered_without_its_bcc(desk: Desk) -> None:
    anna, bob = desk.service("gmail").users(), desk.service("gmail", BOB).users()
    sent = anna.messages().send(userId="me", body={"raw": encoded(RAW)}).execute()
    assert sent["labelIds"] == ["SENT"]
    copy = anna.messages().get(userId="me", id=sent["id"], format="raw").execute()
    assert urlsafe_b64decode(copy["raw"]).endswith(RAW[RAW.index(b"MIME") :])
    [listed] = bob.messages().list(userId=BOB, labelIds=["INBOX", "UNREAD"]).execute()["messages"]
    raw = urlsafe_b64decode(bob.messages().get(userId="me", id=listed["id"], format="raw").execute()["raw"])
    assert b"Bcc" not in raw and b"perch=E9" in raw
    [out] = desk.google.gmail.outbox
    assert out.recipients == (BOB, "eve@far.example")


def test_a_message_in_four_formats(desk: Desk) -> None:
    desk.google.gmail.deliver(ANNA, RAW)
    messages = desk.service("gmail").users().messages()
    one = messages.list(userId="me").execute()["messages"][0]["id"]
    minimal = messages.get(userId="me", id=one, format="minimal").execute()
    assert minimal["snippet"] == "perché" and "payload" not in minimal
    metadata = messages.get(userId="me", id=one, format="metadata", metadataHeaders=["Subject"]).execute()
    assert metadata["payload"] == {"mimeType": "multipart/mixed", "headers": [{"name": "Subject", "value": "Caffè"}]}
    text, pdf = messages.get(userId="me", id=one).execute()["payload"]["parts"]
    assert urlsafe_b64decode(text["body"]["data"]).decode() == "perché" and text["partId"] == "0"
    first = pdf["body"]["attachmentId"]
    again = messages.get(userId="me", id=one).execute()["payload"]["parts"][1]["body"]["attachmentId"]
    assert first != again
    got = messages.attachments().get(userId="me", messageId=one, id=again).execute()
    assert urlsafe_b64decode(got["data"]) == b"%PDF"


@pytest.mark.parametrize("resumable", [False, True])
def test_uploads(desk: Desk, resumable: bool) -> None:
    users = desk.service("gmail").users()
    raw = RAW + b"x" * 700_000
    media = MediaInMemoryUpload(raw, "message/rfc822", chunksize=256 * 1024, resumable=resumable)
    made = (
        users.messages()
        .insert(userId="me", body={"labelIds": ["INBOX"]}, media_body=media, internalDateSource="receivedTime")
        .execute()
    )
    stored = desk.google.gmail.mailboxes[ANNA].messages[made["id"]]
    assert stored.raw == raw and stored.labels == {"INBOX"}


def test_history_tells_what_happened_in_order_and_with_gaps(desk: Desk) -> None:
    users = desk.service("gmail").users()
    start = users.getProfile(userId="me").execute()["historyId"]
    assert "history" not in users.history().list(userId="me", startHistoryId=start).execute()
    mailbox = desk.google.gmail.mailboxes[ANNA]
    stored = desk.google.gmail.deliver(ANNA, RAW)
    assert stored
    users.messages().modify(userId="me", id=stored.id, body={"removeLabelIds": ["UNREAD"]}).execute()
    users.messages().trash(userId="me", id=stored.id).execute()
    mailbox.remove(stored.id)
    pages, token = [], None
    while True:
        page = users.history().list(userId="me", startHistoryId=start, maxResults=2, pageToken=token).execute()
        pages.append(page)
        token = page.get("nextPageToken")
        if not token:
            break
    records = [record for page in pages for record in page["history"]]
    kinds = [next(key for key in record if key not in ("id", "messages")) for record in records]
    assert kinds == ["messagesAdded", "labelsRemoved", "labelsAdded", "labelsRemoved", "messagesDeleted"]
    ids = [int(record["id"]) for record in records]
    assert ids == sorted(ids) and ids[-1] - ids[0] > len(ids)
    assert pages[-1]["historyId"] == str(mailbox.history_id)
    mailbox.forget_history()
    with refused(404, "notFound"):
        users.history().list(userId="me", startHistoryId=start).execute()


def test_a_draft_keeps_its_id_and_changes_its_message(desk: Desk) -> None:
    drafts = desk.service("gmail").users().drafts()
    made = drafts.create(userId="me", body={"message": {"raw": encoded(RAW)}}).execute()
    changed = drafts.update(
        userId="me", id=made["id"], body={"message": {"raw": encoded(RAW.replace(b"perch", b"porch"))}}
    ).execute()
    assert changed["id"] == made["id"] and changed["message"]["id"] != made["message"]["id"]
    assert drafts.list(userId="me").execute()["drafts"][0]["id"] == made["id"]
    drafts.get(userId="me", id=made["id"], format="raw").execute()
    sent = drafts.send(userId="me", body={"id": made["id"]}).execute()
    assert sent["labelIds"] == ["SENT"] and sent["id"] != changed["message"]["id"]
    with refused(404, "notFound"):
        drafts.send(userId="me", body={"id": made["id"]}).execute()


def test_scopes_are_those_of_the_document(desk: Desk) -> None:
    reader = desk.service("gmail", scopes=(f"{AUTH}gmail.readonly",)).users()
    with refused(403, "insufficientPermissions") as told:
        reader.messages().send(userId="me", body={"raw": encoded(RAW)}).execute()
    assert told[0]["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
