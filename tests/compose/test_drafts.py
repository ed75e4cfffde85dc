"""Drafts: versions, copies, one message in the Drafts mailbox, other clients' changes."""

import uuid

import pytest
from django.utils.timezone import now

from apps.compose import building, copies
from apps.compose.models import Draft, DraftCopy, Upload
from apps.mail.models import Message
from apps.outbound.models import OPEN, Command
from apps.providers import connections
from apps.providers.adapters import mime
from apps.providers.adapters.imap.adapter import ImapAdapter
from apps.realtime import journal
from tests.compose.fixtures import Desk
from tests.mail.fixtures import eml

pytestmark = pytest.mark.dovecot

BOB = {"name": "Bob", "address": "bob@partner.example"}


def test_versions_are_counted_and_saved_once_for_all_of_a_pause(desk: Desk) -> None:
    key = uuid.uuid4()
    first = desk.put(key, subject="O", html="<p>a</p>")
    second = desk.put(key, rev=1, subject="Offer", html="<p>ab</p>")
    assert (first["rev"], second["rev"]) == (1, 2)
    assert Command.objects.filter(OPEN, action="save").count() == 1
    desk.work()
    (raw,) = desk.raw("Drafts")
    mail = mime.parse(raw)
    assert (mail.subject, mail.text.strip()) == ("Offer", "ab")
    assert Draft.objects.get(pk=key).saved_rev == 2
    desk.put(key, rev=2, subject="Offer!", to=[BOB, {"name": "", "address": "half@"}])
    desk.work()
    (raw,) = desk.raw("Drafts")
    assert (mime.parse(raw).subject, mime.parse(raw).to) == ("Offer!", (mime.Address("Bob", "bob@partner.example"),))


def test_the_same_version_again_changes_nothing(desk: Desk) -> None:
    key = uuid.uuid4()
    desk.put(key, subject="Offer")
    before = journal.head()
    again = desk.put(key, rev=0, subject="Offer")  # the answer to the first was lost
    assert (again["rev"], journal.head()) == (1, before)


def test_two_devices_keep_both_versions(desk: Desk) -> None:
    key = uuid.uuid4()
    desk.put(key, subject="From the desk", html="<p>desk</p>")
    desk.put(key, rev=1, html="<p>desk two</p>")
    refused = desk.put(key, rev=1, html="<p>phone</p>", status=409)
    assert refused["code"] == "draft_changed"
    assert refused["current"]["html"] == "<p>desk two</p>"
    assert refused["copy"]["html"] == "<p>phone</p>"
    assert refused["copy"]["id"] != str(key)
    items = desk.client.get("/api/v1/drafts").json()["items"]
    assert {item["html"] for item in items} == {"<p>desk two</p>", "<p>phone</p>"}


def test_a_save_that_was_cut_off_after_its_append_is_not_made_twice(desk: Desk) -> None:
    made = desk.put(subject="Offer", html="<p>x</p>")
    draft = Draft.objects.select_related("account", "identity").get(pk=made["id"])
    raw = building.saved(draft, copies.header_id(draft))
    DraftCopy.objects.create(draft=draft, rev=1, fingerprint=building.fingerprint(mime.parse(raw)))
    desk.dovecot.append(desk.user, "Drafts", raw, flags=r"(\Draft)")
    desk.work()
    assert len(desk.raw("Drafts")) == 1
    assert DraftCopy.objects.get(draft=draft).uid == 1


def test_another_clients_change_is_taken_over(desk: Desk) -> None:
    made = desk.put(subject="Offer", to=[BOB], html="<p>mine</p>")
    desk.work()
    desk.sync()
    (raw,) = desk.raw("Drafts")
    _replace(desk, raw.replace(b"mine", b"theirs"))
    desk.sync()
    desk.work()
    draft = desk.client.get(f"/api/v1/drafts/{made['id']}").json()
    assert ("theirs" in draft["html"], draft["rev"], draft["to"]) == (True, 2, [BOB])
    assert len(desk.raw("Drafts")) == 1
    assert Draft.objects.count() == 1


def test_another_clients_change_stays_beside_ours_when_both_changed(desk: Desk) -> None:
    made = desk.put(subject="Offer", html="<p>mine</p>")
    desk.work()
    desk.sync()
    (raw,) = desk.raw("Drafts")
    _replace(desk, raw.replace(b"mine", b"theirs"))
    desk.put(uuid.UUID(made["id"]), rev=1, html="<p>mine two</p>")
    desk.sync()
    desk.work()
    html = " ".join(Draft.objects.values_list("html", flat=True))
    assert "mine two" in html and "theirs" in html
    assert Draft.objects.count() == 2


def _replace(desk: Desk, raw: bytes) -> None:
    """What another client does when its user edits the draft."""
    desk.dovecot.append(desk.user, "Drafts", raw, flags=r"(\Draft)")
    with desk.dovecot.client(desk.user) as client:
        client.select("Drafts")
        client.store("1", "+FLAGS", r"(\Deleted)")
        client.expunge()


def test_a_draft_of_another_client_is_opened_by_its_message(desk: Desk) -> None:
    desk.dovecot.append(desk.user, "Drafts", eml(7, "Begun on the phone", to="Bob <bob@partner.example>"))
    desk.sync()
    message = Message.objects.get()
    row = desk.client.get(f"/api/v1/messages/{message.pk}").json()
    assert row["draft_id"] == str(message.pk)
    draft = desk.client.get(f"/api/v1/drafts/{row['draft_id']}").json()
    assert (draft["subject"], draft["to"]) == ("Begun on the phone", [BOB])
    desk.put(uuid.UUID(draft["id"]), rev=draft["rev"], html="<p>gone on at the desk</p>")
    desk.work()
    (raw,) = desk.raw("Drafts")
    assert "gone on at the desk" in mime.parse(raw).text
    desk.sync()
    shown = Message.objects.get(orphaned_at=None)
    assert desk.client.get(f"/api/v1/messages/{shown.pk}").json()["draft_id"] == draft["id"]


def test_a_discarded_draft_is_gone_everywhere(desk: Desk) -> None:
    made = desk.put(subject="Offer", html="<p>x</p>")
    desk.work()
    assert desk.client.delete(f"/api/v1/drafts/{made['id']}").status_code == 204
    desk.work()
    assert (desk.raw("Drafts"), Draft.objects.count()) == ([], 0)
    assert desk.client.get(f"/api/v1/drafts/{made['id']}").status_code == 404


def test_files_come_in_pieces_and_go_out_whole(desk: Desk) -> None:
    data = bytes(range(256)) * 5000
    made = desk.put(subject="Files")
    begun = desk.client.post(
        "/api/v1/uploads",
        {"draft_id": made["id"], "filename": "übersicht.bin", "content_type": "application/x-thing",
         "size": len(data), "inline": False},
        format="json",
    ).json()  # fmt: skip
    size, at = begun["chunk_size"], 0
    while at < len(data):
        piece = data[at : at + size]
        path = f"/api/v1/uploads/{begun['id']}?offset={at}"
        answer = desk.client.put(path, piece, content_type="application/octet-stream")
        assert answer.status_code == 200, answer.content
        again = desk.client.put(path, piece, content_type="application/octet-stream")
        assert again.json()["received"] == answer.json()["received"] == at + len(piece)
        at += len(piece)
    wrong = desk.client.put(f"/api/v1/uploads/{begun['id']}?offset=3", b"x", content_type="application/octet-stream")
    assert wrong.status_code == 200  # it lies within what is there
    draft = desk.put(uuid.UUID(made["id"]), rev=1, to=[BOB], attachments=[{"id": begun["id"]}])
    assert [item["filename"] for item in draft["attachments"]] == ["übersicht.bin"]
    assert desk.client.get(f"/api/v1/uploads/{begun['id']}").content == data
    desk.send(draft)
    desk.work()
    taken = desk.sink.taken[0].data
    (info,) = mime.parse(taken).attachments
    assert (info.filename, info.content_type) == ("übersicht.bin", "application/x-thing")
    assert mime.part(taken, info.section).data == data


def test_a_forwarded_messages_files_go_along(desk: Desk) -> None:
    body = (
        b"From: Bob <bob@partner.example>\r\nTo: anna@rossi.example\r\nSubject: Plan\r\nMessage-ID: <p@test>\r\n"
        b"Date: Fri, 20 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nSee plan.\r\n"
        b"--b\r\nContent-Type: application/pdf\r\n"
        b"Content-Disposition: attachment; filename=plan.pdf\r\n\r\nPDF\r\n--b--\r\n"
    )
    desk.dovecot.append(desk.user, "INBOX", body)
    desk.sync()
    source = Message.objects.get()
    draft = desk.put(mode="forward", source_message_id=str(source.pk), to=[BOB], html="<p>fyi</p>")
    assert draft["subject"] == "Fwd: Plan"
    assert [item["filename"] for item in draft["attachments"]] == ["plan.pdf"]
    desk.send(draft)
    desk.work()
    taken = desk.sink.taken[0].data
    mail = mime.parse(taken)
    assert (mail.references, [item.filename for item in mail.attachments]) == ((), ["plan.pdf"])
    assert "Forwarded message" in mail.text and "See plan." in mail.text
    assert mime.part(taken, mail.attachments[0].section).data.strip() == b"PDF"
    assert Upload.objects.get().source_id is None
    desk.sync()
    source.refresh_from_db()
    assert "$forwarded" in source.flags


def test_appending_and_removing_are_exact(desk: Desk) -> None:
    """Whatever the message holds, it arrives byte for byte; what else is marked as deleted stays."""
    nasty = b"Subject: x\r\nX-Mark: one\r\n\r\n{12}\r\n* 1 EXISTS\r\na1 OK {3+}\r\n\xff\xfe\r\n"
    with connections.adapter(desk.account, copies.MAIL) as adapter:
        assert isinstance(adapter, ImapAdapter)
        put = adapter.append("New/Box", nasty, ("\\Seen",), now())
        other = adapter.append("New/Box", nasty.replace(b"one", b"two"), ("\\Deleted",), now())
        assert put.uid is not None and put.epoch is not None and other.uid is not None
        assert adapter.find("New/Box", "X-Mark", "one").uids == (put.uid,)
        assert adapter.find("Nowhere", "X-Mark", "one").uids == ()
        assert adapter.fetch("New/Box", put.epoch, put.uid) == nasty
        adapter.remove("New/Box", put.epoch, [put.uid, 999])
        assert adapter.find("New/Box", "X-Mark", "two").uids == (other.uid,)
    assert len(desk.raw("New/Box")) == 1
