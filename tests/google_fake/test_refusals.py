"""Deliberate wrong requests, written by hand where the client libraries would not make them: each must be refused."""

import json
from typing import Any, Final

import httpx
import pytest
from googleapiclient.errors import HttpError

from tests.fakes.google.calls import HANDLERS
from tests.google_fake.desk import ANNA, BOB, EVERYTHING, SCHEMAS, Desk, Json
from tests.google_fake.test_calendar import MEETING
from tests.google_fake.test_gmail import RAW, encoded

GMAIL: Final = "/gmail/v1/users/me"
CALENDAR: Final = "/calendar/v3/calendars/primary/events"
PEOPLE: Final = "/v1/people"
UPLOAD: Final = "/upload/gmail/v1/users/me/messages/send"
RAW_BODY: Final = {"raw": encoded(RAW)}
NOBODY: Final = {"raw": encoded(b"From: a@x.example\r\nSubject: x\r\n\r\nx")}
JSON: Final = {"Content-Type": "application/json"}


@pytest.fixture
def browser(desk: Desk) -> httpx.Client:
    """A client with every scope of Anna."""
    access = desk.google.grants.issue_access(ANNA, desk.client.id, desk.client.project, frozenset(EVERYTHING))
    return httpx.Client(base_url=desk.google.root, headers={"Authorization": f"Bearer {access.token}"})


Row = tuple[str, str, Any, int, str, str]
NAME: Final = "Cannot bind query parameter"
TABLE: Final[list[Row]] = [
    # Names and types
    ("GET", f"{GMAIL}/messages?pageSize=5", None, 400, "INVALID_ARGUMENT", NAME),
    ("GET", f"{GMAIL}/messages?maxResults=many", None, 400, "INVALID_ARGUMENT", "TYPE_UINT32"),
    ("GET", f"{GMAIL}/messages?maxResults=-1", None, 400, "INVALID_ARGUMENT", "TYPE_UINT32"),
    ("GET", f"{GMAIL}/messages?q=a&q=b", None, 400, "INVALID_ARGUMENT", "multiple values"),
    ("GET", f"{GMAIL}/messages?includeSpamTrash=yes", None, 400, "INVALID_ARGUMENT", "TYPE_BOOL"),
    ("GET", f"{GMAIL}/messages/1?format=complete", None, 400, "INVALID_ARGUMENT", "TYPE_ENUM"),
    ("GET", f"{GMAIL}/history?startHistoryId=1&historyTypes=gone", None, 400, "INVALID_ARGUMENT", "TYPE_ENUM"),
    ("GET", f"{GMAIL}/labels?alt=xml", None, 400, "INVALID_ARGUMENT", "alt"),
    ("GET", f"{CALENDAR}?maxResults=0", None, 400, "invalidParameter", "Invalid integer value: '0'"),
    ("GET", f"{CALENDAR}?orderBy=colour", None, 400, "invalidParameter", "Allowed values: [startTime, updated]"),
    ("GET", f"{CALENDAR}?timeMin=2026-01-01T00:00:00", None, 400, "badRequest", "Bad Request"),
    ("GET", f"{CALENDAR}?unheard=1", None, 400, "badRequest", NAME),
    ("GET", f"{PEOPLE}/me/connections?personFields=names&syncTokens=x", None, 400, "INVALID_ARGUMENT", NAME),
    # Bodies
    ("POST", f"{GMAIL}/messages/send", {"raw": "ab+/"}, 400, "INVALID_ARGUMENT", "Base64 decoding failed"),
    ("POST", f"{GMAIL}/messages/send", {"rawMessage": "eA=="}, 400, "INVALID_ARGUMENT", 'Unknown name "rawMessage"'),
    ("POST", f"{GMAIL}/messages/send", {"raw": 7}, 400, "INVALID_ARGUMENT", "Invalid value at 'raw'"),
    ("POST", f"{GMAIL}/messages/send", {}, 400, "invalidArgument", "'raw' RFC822 payload"),
    ("POST", f"{GMAIL}/messages/send", NOBODY, 400, "invalidArgument", "Recipient address required"),
    ("POST", f"{GMAIL}/messages/send", RAW_BODY | {"threadId": "1" * 16}, 404, "notFound", "not found"),
    ("POST", f"{GMAIL}/drafts", {"message": {"raws": ""}}, 400, "INVALID_ARGUMENT", "at 'message'"),
    ("POST", f"{GMAIL}/drafts/send", {}, 400, "invalidArgument", "Invalid draft"),
    ("POST", f"{GMAIL}/messages", RAW_BODY | {"labelIds": ["Label_99"]}, 400, "invalidArgument", "Invalid label"),
    ("POST", f"{GMAIL}/messages/send", b"{", 400, "parseError", "Invalid JSON payload"),
    ("POST", f"{GMAIL}/messages/send", b"[]", 400, "parseError", "Root element"),
    ("POST", f"{GMAIL}/stop", {"force": True}, 400, "badRequest", "takes no request body"),
    ("POST", CALENDAR, b"not json", 400, "parseError", "Invalid JSON payload"),
    # Labels
    ("POST", f"{GMAIL}/labels", {"name": "Inbox"}, 400, "invalidArgument", "Invalid label name"),
    ("POST", f"{GMAIL}/labels", {"name": "drafts"}, 400, "invalidArgument", "Invalid label name"),
    ("POST", f"{GMAIL}/labels", {"name": " "}, 400, "invalidArgument", "Invalid label name"),
    ("POST", f"{GMAIL}/labels", {"name": "x", "color": {"textColor": "#123456"}}, 400, "invalidArgument", "palette"),
    ("DELETE", f"{GMAIL}/labels/INBOX", None, 400, "invalidArgument", "Invalid delete request"),
    ("PATCH", f"{GMAIL}/labels/INBOX", {"name": "x"}, 400, "invalidArgument", "Invalid update request"),
    ("GET", f"{GMAIL}/messages?labelIds=Label_99", None, 400, "invalidArgument", "Invalid label: Label_99"),
    ("POST", f"{GMAIL}/messages/batchModify", {"ids": []}, 400, "invalidArgument", "No message ids"),
    (
        "POST", f"{GMAIL}/messages/batchModify", {"ids": ["1"] * 1001, "addLabelIds": ["STARRED"]}, 400,
        "invalidArgument", "Too many message ids",
    ),
    # Ids, cursors, places
    ("GET", f"{GMAIL}/messages/xyz", None, 400, "invalidArgument", "Invalid id value"),
    ("GET", f"{GMAIL}/messages/1234", None, 404, "notFound", "not found"),
    ("GET", f"{GMAIL}/messages?pageToken=nothing", None, 400, "invalidArgument", "Invalid pageToken"),
    ("GET", f"{GMAIL}/history", None, 400, "invalidArgument", "startHistoryId"),
    ("GET", f"{GMAIL}/history?startHistoryId=abc", None, 400, "INVALID_ARGUMENT", "start_history_id"),
    ("GET", f"{GMAIL}/history?startHistoryId=1", None, 404, "notFound", "not found"),
    ("GET", f"/gmail/v1/users/{BOB}/labels", None, 403, "forbidden", f"Delegation denied for {BOB}"),
    ("GET", f"{CALENDAR}?pageToken=nothing", None, 400, "invalid", "Invalid Value"),
    ("GET", f"{CALENDAR}?syncToken=nothing", None, 400, "invalid", "Invalid sync token"),
    ("GET", f"{CALENDAR}?orderBy=startTime", None, 400, "badRequest", "ordering"),
    ("GET", f"{CALENDAR}?timeMin=2026-02-01T00:00:00Z&timeMax=2026-01-01T00:00:00Z", None, 400, "timeRangeEmpty", ""),
    ("GET", f"{CALENDAR}?updatedMin=2020-01-01T00:00:00Z", None, 410, "updatedMinTooLongAgo", "too far"),
    ("GET", f"{CALENDAR}/none", None, 404, "notFound", "Not Found"),
    ("POST", f"{CALENDAR}/none/move", None, 400, "required", "Required parameter: destination"),
    ("GET", "/calendar/v3/calendars/nobody@x.example/events", None, 404, "notFound", "Not Found"),
    ("POST", f"{CALENDAR}?sendUpdates=loudly", MEETING, 400, "invalidParameter", "Allowed values"),
    ("GET", f"{PEOPLE}/me/connections?personFields=names&pageToken=x", None, 400, "INVALID_ARGUMENT", "Page token"),
    ("GET", f"{PEOPLE}/me/connections?personFields=names&syncToken=x", None, 400, "INVALID_ARGUMENT", "Sync token"),
    ("GET", f"{PEOPLE}/c7/connections?personFields=names", None, 403, "PERMISSION_DENIED", "permission"),
    ("GET", f"{PEOPLE}/c7?personFields=names,fileAses", None, 400, "INVALID_ARGUMENT", "fileAses"),
    ("GET", f"{PEOPLE}/c7", None, 400, "INVALID_ARGUMENT", "personFields mask is required"),
    ("GET", "/v1/otherContacts", None, 400, "INVALID_ARGUMENT", "readMask mask is required"),
    ("PATCH", f"{PEOPLE}/me:updateContact?updatePersonFields=names", {}, 400, "INVALID_ARGUMENT", "not a contact"),
    ("PATCH", f"{PEOPLE}/c7:updateContact?updatePersonFields=photos", {}, 400, "INVALID_ARGUMENT", "photos"),
    ("POST", f"{PEOPLE}:batchUpdateContacts", {"updateMask": "names"}, 400, "INVALID_ARGUMENT", "readMask"),
    # What exists and is not simulated says so
    ("GET", f"{GMAIL}/settings/vacation", None, 501, "notImplemented", "gmail.users.settings.getVacation"),
]  # fmt: skip


@pytest.mark.parametrize(("verb", "path", "body", "status", "reason", "message"), TABLE)
def test_wrong_requests(
    browser: httpx.Client, verb: str, path: str, body: Any, status: int, reason: str, message: str
) -> None:
    content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    with browser:
        answer = browser.request(verb, path, content=content, headers=JSON if content else {})
    error: Json = answer.json()["error"]
    told = {one.get("reason") for one in error.get("errors", [])} | {error.get("status")}
    assert answer.status_code == status and reason in told and message in error["message"], answer.text


def test_what_is_served_exists() -> None:
    assert HANDLERS.keys() <= SCHEMAS.methods()


def test_paths_that_are_nothing_are_answered_in_html(browser: httpx.Client) -> None:
    with browser:
        for verb, path in (("GET", "/gmail/v2/users/me/labels"), ("PUT", f"{GMAIL}/profile"), ("GET", "/")):
            answer = browser.request(verb, path)
            assert answer.status_code == 404 and answer.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("authorization", "message"),
    [(None, "missing required"), ("Bearer nothing", "invalid"), ("Basic eDp4", "invalid"), ("Bearer", "invalid")],
)
@pytest.mark.parametrize("path", [f"{GMAIL}/labels", CALENDAR, f"{PEOPLE}/me/connections?personFields=names"])
def test_who_has_no_token(browser: httpx.Client, authorization: str | None, message: str, path: str) -> None:
    with browser:
        del browser.headers["Authorization"]
        answer = browser.get(path, headers={"Authorization": authorization} if authorization else {})
    assert answer.status_code == 401 and message in answer.json()["error"]["message"]
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="https://accounts.google.com/"')
    assert ("errors" in answer.json()["error"]) is not path.startswith("/v1/")


def test_a_body_without_a_content_type(browser: httpx.Client) -> None:
    with browser:
        for kind in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}):
            assert browser.post(f"{GMAIL}/messages/send", content=b"{}", headers=kind).status_code == 400


def test_uploads_that_are_refused(browser: httpx.Client) -> None:
    mail = {"Content-Type": "message/rfc822"}
    with browser:
        assert browser.post(f"{UPLOAD}?uploadType=media", content=RAW, headers=mail).status_code == 200
        assert browser.post(f"{UPLOAD}?uploadType=media", content=RAW, headers=JSON).status_code == 400
        assert browser.post(f"{UPLOAD}?uploadType=carrier", content=RAW, headers=mail).status_code == 400
        assert browser.post(f"{UPLOAD}?uploadType=multipart", content=RAW, headers=mail).status_code == 400
        assert browser.post(f"{UPLOAD}?uploadType=media&x=1", content=RAW, headers=mail).status_code == 400
        large = browser.post(f"{UPLOAD}?uploadType=media", content=b"x" * 36_700_161, headers=mail)
        assert (large.status_code, large.json()["error"]["errors"][0]["reason"]) == (413, "uploadTooLarge")
        begun = browser.post(f"{UPLOAD}?uploadType=resumable", headers={"X-Upload-Content-Length": "100"})
        place = begun.headers["Location"]
        assert browser.put(place, content=b"x" * 10, headers={"Content-Range": "bytes 50-59/100"}).status_code == 400
        assert browser.put(place, content=b"x" * 10, headers={"Content-Range": "bytes 0-9/100"}).status_code == 400
        assert browser.put(place, headers={"Content-Range": "bytes */100"}).status_code == 308
        assert browser.put(f"{place}x", content=b"x").status_code == 404


def test_a_token_of_another_listing_or_person(desk: Desk) -> None:
    for _ in range(3):
        desk.google.elsewhere.deliver(ANNA, RAW)
        desk.google.elsewhere.deliver(BOB, RAW)
    anna, bob = (desk.service("gmail", user).users().messages() for user in (ANNA, BOB))
    token = anna.list(userId="me", maxResults=1).execute()["nextPageToken"]
    others: list[tuple[Any, Json]] = [(bob, {}), (anna, {"q": "x"}), (anna, {"labelIds": ["INBOX"]})]
    for messages, more in others:
        with pytest.raises(HttpError, match="Invalid pageToken"):
            messages.list(userId="me", pageToken=token, **more).execute()
    assert len(anna.list(userId="me", pageToken=token, maxResults=2).execute()["messages"]) == 2
    desk.google.cursors.expire("gmail.users.messages.list")
    with pytest.raises(HttpError, match="Invalid pageToken"):
        anna.list(userId="me", pageToken=token).execute()


def test_a_mailbox_that_is_none(desk: Desk) -> None:
    desk.google.grants.people[ANNA].mail_enabled = False
    with pytest.raises(HttpError, match="Mail service not enabled"):
        desk.service("gmail").users().labels().list(userId="me").execute()
    desk.google.disabled.add((desk.client.project, "people"))
    with pytest.raises(HttpError, match="it is disabled"):
        desk.service("people").people().get(resourceName="people/me", personFields="names").execute()
