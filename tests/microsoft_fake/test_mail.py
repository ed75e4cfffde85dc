"""Mail over the wire: folders, messages, drafts, sending, attachments, and rounds of change tracking."""

import base64
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import httpx
import pytest

from tests.fakes.microsoft.mailbox import Message
from tests.microsoft_fake.cast import PLAIN, Client, World, base64_of, letter, on_behalf

THREE = {"Prefer": 'IdType="ImmutableId", odata.maxpagesize=3'}
FORWARDED = (
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
    b"Subject: in\r\n\r\nx\r\n--b--"
)
INBOX = "/me/mailFolders/inbox/messages"
DELTA = f"{INBOX}/delta?$select=subject,isRead"


def to(*addresses: str) -> list[dict[str, Any]]:
    return [{"emailAddress": {"address": address}} for address in addresses]


def gone(items: list[dict[str, Any]]) -> dict[str, str]:
    return {item["id"]: item["@removed"]["reason"] for item in items if "@removed" in item}


# Folders


def test_folders_are_listed_level_by_level(world: World, anna: Client) -> None:
    projects = world.microsoft.elsewhere(world.anna).add_folder("Projects")
    world.microsoft.elsewhere(world.anna).add_folder("2026", projects.id)
    names = {folder["displayName"] for folder in anna.values("/me/mailFolders?$top=3")}
    assert {"Inbox", "Sent Items", "Projects"} <= names
    assert not {"2026", "Sync Issues", "Deletions"} & names
    hidden = {folder["displayName"] for folder in anna.values("/me/mailFolders?includeHiddenFolders=true&$top=250")}
    assert "Sync Issues" in hidden
    assert [one["displayName"] for one in anna.values(f"/me/mailFolders/{on_behalf(projects.id)}/childFolders")] == [
        "2026"
    ]


def test_a_folders_id_survives_its_new_name_and_place(anna: Client) -> None:
    one, two = (anna.post("/me/mailFolders", {"displayName": name})["id"] for name in ("One", "Two"))
    assert anna.patch(f"/me/mailFolders/{on_behalf(one)}", {"displayName": "Eins"})["id"] == one
    assert anna.post(f"/me/mailFolders/{on_behalf(one)}/move", {"destinationId": two})["parentFolderId"] == two
    assert anna.http.post("/me/mailFolders", json={"displayName": "two"}).json()["error"]["code"] == "ErrorFolderExists"
    anna.delete(f"/me/mailFolders/{on_behalf(two)}")
    trash = anna.get("/me/mailFolders/deleteditems")
    assert anna.get(f"/me/mailFolders/{on_behalf(two)}")["parentFolderId"] == trash["id"]


def test_folder_delta_is_flat_and_tells_of_counters(world: World, anna: Client) -> None:
    elsewhere = world.microsoft.elsewhere(world.anna)
    child = elsewhere.add_folder("Child", elsewhere.add_folder("Parent").id)
    folders, link = anna.round("/me/mailFolders/delta", headers=THREE)
    assert child.id in {folder["id"] for folder in folders}
    elsewhere.deliver(PLAIN)
    elsewhere.remove_folder(child.id)
    news, link = anna.round(link)
    assert gone(news) == {child.id: "deleted"}
    inbox = next(one for one in news if one.get("displayName") == "Inbox")
    assert (inbox["totalItemCount"], inbox["unreadItemCount"]) == (1, 1)
    assert anna.round(link)[0] == []


# Messages


def test_what_arrives_is_parsed_and_its_octets_are_kept(world: World, anna: Client) -> None:
    world.microsoft.elsewhere(world.anna).deliver(PLAIN)
    [message] = anna.values(INBOX)
    assert message["internetMessageId"] == "<lunch-1@elsewhere.example>"
    assert message["from"]["emailAddress"] == {"name": "Bob", "address": "bob@elsewhere.example"}
    assert message["sentDateTime"] == "2026-03-01T09:00:00Z"
    assert message["body"]["contentType"] == "html"
    assert "internetMessageHeaders" not in message
    path = f"/me/messages/{on_behalf(message['id'])}"
    assert anna.http.get(f"{path}/$value").content == PLAIN
    text = anna.get(path, headers={"Prefer": 'outlook.body-content-type="text"'})
    assert text["body"] == {"contentType": "text", "content": "At noon.\r\n"}
    headers = anna.get(f"{path}?$select=internetMessageHeaders")["internetMessageHeaders"]
    assert {"name": "Message-ID", "value": "<lunch-1@elsewhere.example>"} in headers


def test_preferences_are_echoed(anna: Client) -> None:
    answer = anna.http.get(
        "/me/messages", headers={"Prefer": 'IdType="ImmutableId", odata.maxpagesize=5', "client-request-id": "mine"}
    )
    assert answer.headers["Preference-Applied"] == 'IdType="ImmutableId", odata.maxpagesize=5'
    assert answer.headers["client-request-id"] == "mine"


def test_lists_are_filtered_sorted_searched_and_paged(world: World, anna: Client) -> None:
    elsewhere = world.microsoft.elsewhere(world.anna)
    for number in range(23):
        world.microsoft.clock.advance(minutes=1)
        elsewhere.mark_read(elsewhere.deliver(letter(number)), read=number % 2 == 0)
    assert len(anna.values(INBOX)) == 23
    assert len(anna.get(f"{INBOX}?$filter=isRead eq false&$count=true&$top=3")["value"]) == 3
    assert anna.get(f"{INBOX}?$filter=isRead eq false&$count=true")["@odata.count"] == 11
    found = anna.values("/me/messages?$filter=internetMessageId eq '<letter-7@elsewhere.example>'")
    assert [one["subject"] for one in found] == ["Letter 7"]
    assert len(anna.values('/me/messages?$search="letter 22"')) == 1
    ordered = anna.values(f"{INBOX}?$orderby=receivedDateTime asc&$select=subject&$top=20")
    assert [one["subject"] for one in ordered[:2]] == ["Letter 0", "Letter 1"]
    assert set(ordered[0]) == {"@odata.etag", "id", "subject"}


def test_without_immutable_ids_a_move_changes_the_id(world: World, anna: Client) -> None:
    world.microsoft.elsewhere(world.anna).deliver(PLAIN)
    plain = {"Prefer": "odata.maxpagesize=10"}
    [message] = anna.values(INBOX, headers=plain)
    [same] = anna.values(INBOX)
    assert message["id"] != same["id"]
    path = f"/me/messages/{on_behalf(message['id'])}"
    moved = anna.post(f"{path}/move", {"destinationId": "archive"}, headers=plain)
    assert moved["id"] != message["id"]
    assert anna.http.get(path).json()["error"]["code"] == "ErrorItemNotFound"
    assert anna.get(f"/me/messages/{on_behalf(same['id'])}")["parentFolderId"] == moved["parentFolderId"]
    body = {"inputIds": [moved["id"]], "sourceIdType": "restId", "targetIdType": "restImmutableEntryId"}
    translated = anna.post("/me/translateExchangeIds", body, status=200)["value"]
    assert translated == [{"sourceId": moved["id"], "targetId": same["id"]}]


def test_deleting_goes_down_step_by_step(world: World, anna: Client) -> None:
    world.microsoft.elsewhere(world.anna).deliver(PLAIN)
    [message] = anna.values(INBOX)
    path = f"/me/messages/{on_behalf(message['id'])}"
    for folder in ("deleteditems", "recoverableitemsdeletions"):
        anna.delete(path)
        assert anna.get(path)["parentFolderId"] == anna.get(f"/me/mailFolders/{folder}")["id"]
    anna.delete(path)
    assert anna.http.delete(path).status_code == 404


def test_every_write_changes_the_version_and_stale_ones_are_refused(world: World, anna: Client) -> None:
    world.microsoft.elsewhere(world.anna).deliver(PLAIN)
    [before] = anna.values(INBOX)
    path = f"/me/messages/{on_behalf(before['id'])}"
    after = anna.patch(path, {"isRead": True}, headers={"If-Match": before["@odata.etag"]})
    assert after["changeKey"] != before["changeKey"]
    assert after["lastModifiedDateTime"] == before["lastModifiedDateTime"], "reading is no modification"
    stale = anna.http.patch(path, json={"isRead": False}, headers={"If-Match": before["@odata.etag"]})
    assert (stale.status_code, stale.json()["error"]["code"]) == (412, "ErrorIrresolvableConflict")


# Change tracking


def test_a_round_ends_in_a_link_and_the_next_tells_what_changed(world: World, anna: Client) -> None:
    elsewhere = world.microsoft.elsewhere(world.anna)
    held = [elsewhere.deliver(letter(number)) for number in range(7)]
    first, link = anna.round(DELTA, headers=THREE)
    assert {one["id"] for one in first} == {one.id for one in held}
    assert anna.round(link)[0] == []
    elsewhere.mark_read(held[0])
    elsewhere.flag(held[1])
    elsewhere.move(held[2], "archive")
    elsewhere.purge(held[3])
    late = elsewhere.deliver(letter(99))
    second, link = anna.round(link)
    assert gone(second) == {held[2].id: "changed", held[3].id: "deleted"}
    assert {one["id"] for one in second} - gone(second).keys() == {held[0].id, late.id}, "flags were not selected"
    assert anna.round(link)[0] == []


def test_a_move_is_gone_here_and_new_there_under_the_same_id(world: World, anna: Client) -> None:
    elsewhere = world.microsoft.elsewhere(world.anna)
    message = elsewhere.deliver(PLAIN)
    here = anna.round(DELTA)[1]
    there = anna.round("/me/mailFolders/archive/messages/delta")[1]
    elsewhere.move(message, "archive")
    assert list(gone(anna.round(here)[0])) == [message.id]
    assert [one["id"] for one in anna.round(there)[0]] == [message.id]


def test_a_move_may_be_told_of_late_where_it_went(world: World, anna: Client) -> None:
    elsewhere = world.microsoft.elsewhere(world.anna)
    message = elsewhere.deliver(PLAIN)
    here = anna.round(DELTA)[1]
    there = anna.round("/me/mailFolders/archive/messages/delta")[1]
    world.microsoft.behaviour.move_shows_after = timedelta(minutes=3)
    elsewhere.move(message, "archive")
    assert list(gone(anna.round(here)[0])) == [message.id]
    nothing, there = anna.round(there)
    assert nothing == []
    world.microsoft.clock.advance(minutes=3)
    assert [one["id"] for one in anna.round(there)[0]] == [message.id]


def test_created_and_deleted_between_two_rounds_is_told_as_gone(world: World, anna: Client) -> None:
    link = anna.round(DELTA)[1]
    elsewhere = world.microsoft.elsewhere(world.anna)
    message = elsewhere.deliver(PLAIN)
    elsewhere.purge(message)
    assert gone(anna.round(link)[0]) == {message.id: "deleted"}


def test_kinds_of_change_and_a_lower_bound_can_be_chosen(world: World, anna: Client) -> None:
    elsewhere = world.microsoft.elsewhere(world.anna)
    old = elsewhere.deliver(letter(1))
    since = (world.microsoft.clock.advance(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    new = elsewhere.deliver(letter(2))
    found, _ = anna.round(f"{INBOX}/delta?$filter=receivedDateTime ge {since}&$orderby=receivedDateTime desc")
    assert [one["id"] for one in found] == [new.id]
    nothing, link = anna.round(f"{INBOX}/delta?changeType=deleted")
    assert nothing == []
    elsewhere.mark_read(new)
    elsewhere.purge(old)
    assert list(gone(anna.round(link)[0])) == [old.id]


def test_an_evicted_generation_is_gone_and_new_links_live(world: World, anna: Client) -> None:
    elsewhere = world.microsoft.elsewhere(world.anna)
    elsewhere.deliver(PLAIN)
    link = anna.round(DELTA)[1]
    world.microsoft.expire_delta(world.anna)
    answer = anna.http.get(link)
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "SyncStateNotFound")
    found, link = anna.round(DELTA)
    assert len(found) == 1
    assert anna.round(link)[0] == []


def test_old_generations_are_evicted_even_in_the_middle_of_a_walk(world: World, anna: Client) -> None:
    elsewhere = world.microsoft.elsewhere(world.anna)
    for number in range(4):
        elsewhere.deliver(letter(number))
    world.microsoft.behaviour.kept_generations = 10
    nxt = anna.get(f"{DELTA}&$top=2")["@odata.nextLink"]
    for number in range(10):
        elsewhere.deliver(letter(number))
    assert anna.http.get(nxt).json()["error"]["code"] == "SyncStateNotFound"
    assert len(anna.round(DELTA)[0]) == 14


def test_switches_make_rounds_as_awkward_as_real_ones(world: World, anna: Client) -> None:
    elsewhere, behaviour = world.microsoft.elsewhere(world.anna), world.microsoft.behaviour
    message = elsewhere.deliver(PLAIN)
    behaviour.empty_first_page = True
    page = anna.get(DELTA)
    assert page["value"] == [] and "@odata.nextLink" in page
    behaviour.repeats_in_delta = True
    found, link = anna.round(DELTA)
    assert [one["id"] for one in found] == [message.id, message.id]
    behaviour.repeats_in_delta, behaviour.sparse_updates = False, True
    elsewhere.mark_read(message)
    [update] = anna.round(link)[0]
    assert {name for name in update if "@" not in name} == {"id", "isRead"}


# Drafts and sending


def test_a_draft_is_made_changed_and_sent_under_one_id(world: World, anna: Client) -> None:
    draft = anna.post(
        "/me/messages",
        {
            "subject": "Plan", "body": {"contentType": "html", "content": "<p>Hello</p>"},
            "toRecipients": to("carl@firm.example"), "bccRecipients": to("boss@firm.example"),
            "internetMessageHeaders": [{"name": "x-pmsync", "value": "c-1"}],
        },
    )  # fmt: skip
    path = f"/me/messages/{on_behalf(draft['id'])}"
    assert draft["isDraft"]
    changed = anna.patch(path, {"subject": "The plan", "internetMessageId": "<plan-1@pmsync.example>"})
    assert changed["internetMessageId"] == "<plan-1@pmsync.example>"
    anna.post(f"{path}/send", status=202)
    sent = anna.get(path)
    assert not sent["isDraft"]
    assert sent["parentFolderId"] == anna.get("/me/mailFolders/sentitems")["id"]
    assert anna.http.post(f"{path}/send").status_code == 400
    [posted] = world.microsoft.sent
    assert posted.recipients == ("carl@firm.example", "boss@firm.example")
    parsed = message_from_bytes(posted.raw)
    assert (parsed["x-pmsync"], parsed["Message-ID"], parsed["Bcc"]) == ("c-1", "<plan-1@pmsync.example>", None)
    for person in (world.carl, world.boss):
        [arrived] = world.graph(person).values(INBOX)
        assert (arrived["subject"], arrived["isRead"]) == ("The plan", False)


def test_a_mime_draft_keeps_its_headers(world: World, anna: Client) -> None:
    raw = (
        b"To: carl@firm.example\r\nSubject: Re: Lunch?\r\nMessage-ID: <re-1@pmsync.example>\r\n"
        b"In-Reply-To: <lunch-1@elsewhere.example>\r\nReferences: <lunch-1@elsewhere.example>\r\n\r\nYes\r\n"
    )
    world.microsoft.elsewhere(world.anna).deliver(PLAIN)
    [original] = anna.values(INBOX)
    answer = anna.http.post("/me/messages", content=base64_of(raw), headers={"Content-Type": "text/plain"})
    assert answer.status_code == 201
    assert answer.json()["conversationId"] == original["conversationId"]
    anna.post(f"/me/messages/{on_behalf(answer.json()['id'])}/send", status=202)
    parsed = message_from_bytes(world.microsoft.sent[0].raw)
    assert parsed["In-Reply-To"] == "<lunch-1@elsewhere.example>"
    assert "anna@firm.example" in parsed["From"]


@pytest.mark.parametrize("save", [True, False])
def test_send_mail_tells_no_id_and_keeps_a_copy_or_none(world: World, anna: Client, save: bool) -> None:
    message = {"subject": "Now", "toRecipients": to("x@elsewhere.example"), "body": {"content": "Hi"}}
    assert anna.post("/me/sendMail", {"message": message, "saveToSentItems": save}, status=202) is None
    assert len(anna.values("/me/mailFolders/sentitems/messages")) == save
    assert len(world.microsoft.sent) == 1


def test_send_mail_takes_mime(world: World, anna: Client) -> None:
    raw = b"From: anna@firm.example\r\nTo: carl@firm.example\r\nMessage-ID: <m@pmsync.example>\r\n\r\nHi\r\n"
    answer = anna.http.post("/me/sendMail", content=base64_of(raw), headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.content) == (202, b"")
    [copy] = anna.values("/me/messages?$filter=internetMessageId eq '<m@pmsync.example>'")
    assert not copy["isDraft"]


def test_the_copy_may_come_late_and_under_another_id(world: World, anna: Client) -> None:
    behaviour = world.microsoft.behaviour
    behaviour.sent_copy_after, behaviour.sent_keeps_id = timedelta(seconds=20), False
    draft = anna.post("/me/messages", {"subject": "Late", "toRecipients": to("x@elsewhere.example")})
    path = f"/me/messages/{on_behalf(draft['id'])}"
    anna.post(f"{path}/send", status=202)
    assert anna.http.get(path).status_code == 404
    assert anna.values("/me/mailFolders/sentitems/messages") == []
    world.microsoft.clock.advance(seconds=21)
    [copy] = anna.values("/me/mailFolders/sentitems/messages")
    assert copy["internetMessageId"] == draft["internetMessageId"]
    assert copy["id"] != draft["id"]


def test_answers_have_their_threading_set(world: World, anna: Client) -> None:
    raw = PLAIN.replace(b"To: anna@firm.example", b"To: anna@firm.example, carl@firm.example")
    world.microsoft.elsewhere(world.anna).deliver(raw)
    [original] = anna.values(INBOX)
    path = f"/me/messages/{on_behalf(original['id'])}"
    reply = anna.post(f"{path}/createReply", {"comment": "Yes"})
    everyone = anna.post(f"{path}/createReplyAll")
    forward = anna.post(f"{path}/createForward", {"toRecipients": to("x@elsewhere.example")})
    assert [one["subject"] for one in (reply, everyone, forward)] == ["RE: Lunch?", "RE: Lunch?", "FW: Lunch?"]
    assert [one["emailAddress"]["address"] for one in everyone["toRecipients"]] == [
        "bob@elsewhere.example", "carl@firm.example",
    ]  # fmt: skip
    assert {one["conversationId"] for one in (reply, everyone, forward)} == {original["conversationId"]}
    draft = anna.http.get(f"/me/messages/{on_behalf(reply['id'])}/$value").content
    assert message_from_bytes(draft)["In-Reply-To"] == "<lunch-1@elsewhere.example>"


# Attachments


def test_small_attachments_go_in_one_request(world: World, anna: Client) -> None:
    draft = anna.post("/me/messages", {"subject": "Files", "toRecipients": to("carl@firm.example")})
    path = f"/me/messages/{on_behalf(draft['id'])}/attachments"
    made = anna.post(
        path,
        {
            "@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt", "contentType": "text/plain",
            "contentBytes": base64.b64encode(b"text").decode(),
        },
    )  # fmt: skip
    assert anna.http.get(f"{path}/{on_behalf(made['id'])}/$value").content == b"text"
    assert anna.get(f"/me/messages/{on_behalf(draft['id'])}")["hasAttachments"]
    anna.post(f"/me/messages/{on_behalf(draft['id'])}/send", status=202)
    [arrived] = world.graph(world.carl).values(f"{INBOX}?$expand=attachments")
    assert [one["name"] for one in arrived["attachments"]] == ["a.txt"]
    [few] = world.graph(world.carl).values(f"{INBOX}?$expand=attachments($select=name,size)")
    assert few["attachments"] == [
        {
            "@odata.type": "#microsoft.graph.fileAttachment",
            "id": arrived["attachments"][0]["id"],
            "name": "a.txt",
            "size": 4,
        }
    ]


def test_large_attachments_go_in_pieces_through_a_session(world: World, anna: Client) -> None:
    content = bytes(range(256)) * 20_000
    draft = anna.post("/me/messages", {"subject": "Large"})
    path = f"/me/messages/{on_behalf(draft['id'])}/attachments"
    item = {"attachmentType": "file", "name": "big.bin", "size": len(content)}
    session = anna.post(f"{path}/createUploadSession", {"AttachmentItem": item})
    assert session["nextExpectedRanges"] == ["0-"]
    piece = 3 * 1024 * 1024
    with httpx.Client(verify=world.trust) as bare:
        for start in range(0, len(content), piece):
            part = content[start : start + piece]
            span = f"bytes {start}-{start + len(part) - 1}/{len(content)}"
            answer = bare.put(session["uploadUrl"], content=part, headers={"Content-Range": span})
    assert answer.status_code == 201
    assert "/attachments('" in answer.headers["Location"]
    [made] = anna.values(path)
    assert made["size"] == len(content)
    assert anna.http.get(f"{path}/{on_behalf(made['id'])}/$value").content == content
    anna.delete(f"{path}/{on_behalf(made['id'])}")
    assert anna.values(path) == []


def test_extended_properties_find_what_one_has_made(anna: Client) -> None:
    name = "String {b1d8ed2a-2b0e-4a5e-9f0c-6b0a7d4a9f10} Name PMSyncId"
    anna.post("/me/messages", {"subject": "Mine", "singleValueExtendedProperties": [{"id": name, "value": "k'1"}]})
    test = f"singleValueExtendedProperties/Any(ep: ep/id eq '{name}' and ep/value eq 'k''1')"
    [found] = anna.values("/me/messages", params={"$filter": test})
    assert "singleValueExtendedProperties" not in found
    [shown] = anna.values("/me/messages", params={"$expand": f"singleValueExtendedProperties($filter=id eq '{name}')"})
    assert shown["singleValueExtendedProperties"] == [{"id": name, "value": "k'1"}]


def test_whatever_arrives_can_be_read(world: World, anna: Client) -> None:
    elsewhere = world.microsoft.elsewhere(world.anna)
    broken = [
        b"", b"\xff\xfe", b"Subject: =?x-none?q?a?=\r\nDate: never\r\nFrom: <>\r\n\r\nx",
        b"Content-Type: text/plain; charset=nonsense\r\nSubject: \xe8\r\n\r\n\xe8",
        FORWARDED,
    ]  # fmt: skip
    made: list[Message] = [elsewhere.deliver(raw) for raw in broken]
    assert len(anna.values(INBOX)) == len(broken)
    attachments = anna.values(f"/me/messages/{on_behalf(made[-1].id)}/attachments")
    assert [one["@odata.type"] for one in attachments] == ["#microsoft.graph.itemAttachment"]


def test_other_clients_send_and_leave_drafts_and_keep_search_folders(world: World, anna: Client) -> None:
    elsewhere = world.microsoft.elsewhere(world.anna)
    elsewhere.send(b"From: anna@firm.example\r\nTo: carl@firm.example\r\nSubject: Out\r\n\r\nx\r\n")
    elsewhere.save_draft(b"Subject: Half\r\n\r\n")
    elsewhere.add_search_folder("Unread Mail")
    assert [one["subject"] for one in anna.values("/me/mailFolders/sentitems/messages")] == ["Out"]
    assert [one["isDraft"] for one in anna.values("/me/mailFolders/drafts/messages")] == [True]
    assert [one["subject"] for one in world.graph(world.carl).values(INBOX)] == ["Out"]
    kinds = {one["displayName"]: one.get("@odata.type") for one in anna.values("/me/mailFolders?$top=50")}
    assert (kinds["Unread Mail"], kinds["Inbox"]) == ("#microsoft.graph.mailSearchFolder", None)
