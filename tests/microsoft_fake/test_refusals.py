"""Wrong requests, each of which the real service refuses: with what status, and with what code."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.microsoft_fake.cast import PLAIN, Client, World, on_behalf

TO = [{"emailAddress": {"address": "carl@firm.example"}}]
START = {"dateTime": "2026-03-16T09:00:00", "timeZone": "W. Europe Standard Time"}
END = {"dateTime": "2026-03-16T10:00:00", "timeZone": "W. Europe Standard Time"}
EVENT: dict[str, Any] = {"subject": "x", "start": START, "end": END}
WEEKLY: dict[str, Any] = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]},
    "range": {"type": "noEnd", "startDate": "2026-03-16"},
}
WINDOW = "startDateTime=2026-03-01T00:00:00Z&endDateTime=2026-04-01T00:00:00Z"
INBOX = "/me/mailFolders/inbox/messages"
TEXT = {"Content-Type": "text/plain"}


@dataclass(frozen=True)
class Row:
    """One wrong request. In its path, names in braces are ids."""

    method: str
    path: str
    status: int
    code: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None

    def __str__(self) -> str:
        told = self.body if self.body is not None else (self.content or b"")[:20]
        return f"{self.method} {self.path} {json.dumps(told, default=str)[:60]}"


def get(path: str, status: int, code: str, **headers: str) -> Row:
    return Row("GET", path, status, code, headers=headers)


def post(path: str, body: Any, status: int, code: str, **more: Any) -> Row:
    return Row("POST", path, status, code, body, **more)


def patch(path: str, body: Any, status: int, code: str, **more: Any) -> Row:
    return Row("PATCH", path, status, code, body, **more)


def mime(path: str, content: bytes, status: int, code: str) -> Row:
    return Row("POST", path, status, code, headers=TEXT, content=content)


def event(**changes: Any) -> dict[str, Any]:
    return EVENT | changes


def series(pattern: dict[str, Any] | None = None, **reach: Any) -> dict[str, Any]:
    return event(recurrence={"pattern": pattern or WEEKLY["pattern"], "range": {**WEEKLY["range"], **reach}})


def subscription(**changes: Any) -> dict[str, Any]:
    return {
        "changeType": "created",
        "notificationUrl": "https://127.0.0.1:9/",
        "resource": "me/messages",
        "expirationDateTime": "2099-01-01T00:00:00Z",
        **changes,
    }


ROWS = [
    # Where
    get("/me/mail", 400, "BadRequest"),
    get("/me/messages/{message}/nonsense", 400, "BadRequest"),
    get("/users", 403, "Authorization_RequestDenied"),
    get("/nonsense", 400, "BadRequest"),
    get("/me/messages/short", 400, "ErrorInvalidIdMalformed"),
    get("/me/messages/{nobody}", 404, "ErrorItemNotFound"),
    get("/me/messages/{event}", 404, "ErrorItemNotFound"),
    get("/me/events/{contact}", 404, "ErrorItemNotFound"),
    get("/me/mailFolders/archive/messages/{message}", 404, "ErrorItemNotFound"),
    get("/me/mailFolders/nonsense", 400, "ErrorInvalidIdMalformed"),
    get("/me/mailFolders/{nobody}", 404, "ErrorItemNotFound"),
    get("/users/nobody@firm.example/messages", 404, "ErrorInvalidUser"),
    get("/users/eve@other.example/messages", 404, "ErrorInvalidUser"),
    get("/users/carl@firm.example/messages", 403, "ErrorAccessDenied"),
    Row("PUT", "/me/messages/{message}", 405, "Request_BadRequest"),
    Row("DELETE", "/me/messages", 405, "Request_BadRequest"),
    Row("POST", "/me/messages/{message}", 405, "Request_BadRequest"),
    # Query options
    get("/me/messages?$nonsense=1", 400, "RequestBroker--ParseUri"),
    get("/me/messages?pageToken=1", 400, "RequestBroker--ParseUri"),
    get("/me/messages?$select=nonsense", 400, "RequestBroker--ParseUri"),
    get("/me/messages?$select=attachments", 400, "RequestBroker--ParseUri"),
    get("/me/messages?$expand=body", 400, "RequestBroker--ParseUri"),
    get("/me/messages?$top=0", 400, "RequestBroker--ParseUri"),
    get("/me/messages?$top=1001", 400, "RequestBroker--ParseUri"),
    get("/me/messages?$top=ten", 400, "RequestBroker--ParseUri"),
    get("/me/messages?$top=5&$top=6", 400, "BadRequest"),
    get("/me/messages?$count=yes", 400, "RequestBroker--ParseUri"),
    get("/me/messages?$filter=isRead", 400, "ErrorInvalidUrlQueryFilter"),
    get("/me/messages?$filter=isRead eq maybe", 400, "ErrorInvalidUrlQueryFilter"),
    get("/me/messages?$filter=nonsense eq 1", 400, "RequestBroker--ParseUri"),
    get("/me/messages?$filter=isRead eq false&$orderby=receivedDateTime", 400, "InefficientFilter"),
    get("/me/messages?$orderby=body", 400, "InefficientFilter"),
    get("/me/messages?$orderby=receivedDateTime down", 400, "RequestBroker--ParseUri"),
    get("/me/messages?$search=unquoted", 400, "BadRequest"),
    get('/me/messages?$search="a"&$filter=isRead eq true', 400, "SearchWithFilter"),
    get('/me/messages?$search="a"&$orderby=subject', 400, "SearchWithOrderBy"),
    get("/me/messages/{message}?$top=1", 400, "RequestBroker--ParseUri"),
    get("/me/mailFolders?includeHiddenFolders=yes", 400, "ErrorInvalidParameter"),
    get("/me/messages", 400, "ErrorInvalidRequest", Prefer='IdType="Immutable"'),
    get("/me/messages", 400, "ErrorInvalidRequest", Prefer="odata.maxpagesize=lots"),
    get("/me/messages", 400, "ErrorInvalidRequest", Prefer='outlook.body-content-type="rtf"'),
    get("/me/events", 400, "TimeZoneNotSupportedException", Prefer='outlook.timezone="Rome"'),
    # Change tracking
    get(f'{INBOX}/delta?$search="a"', 400, "ErrorInvalidUrlQuery"),
    get(f"{INBOX}/delta?$skip=1", 400, "ErrorInvalidUrlQuery"),
    get(f"{INBOX}/delta?changeType=moved", 400, "ErrorInvalidParameter"),
    get(f"{INBOX}/delta?$filter=isRead eq false", 400, "ErrorInvalidUrlQuery"),
    get(f"{INBOX}/delta?$orderby=subject", 400, "ErrorInvalidUrlQuery"),
    get(f"{INBOX}/delta?$deltatoken=latest", 400, "BadRequest"),
    get("/me/messages/delta", 400, "ErrorInvalidIdMalformed"),
    get(f"/me/calendarView/delta?{WINDOW}&$select=subject", 400, "ErrorInvalidUrlQuery"),
    get(f"/me/calendarView/delta?{WINDOW}&$filter=isAllDay eq true", 400, "ErrorInvalidUrlQuery"),
    get("/me/calendarView/delta", 400, "ErrorInvalidParameter"),
    get("/me/calendarView/delta?startDateTime=2026-03-01T00:00:00Z", 400, "ErrorInvalidParameter"),
    get("/me/calendarView?startDateTime=soon&endDateTime=later", 400, "ErrorInvalidParameter"),
    get("/me/calendarView?startDateTime=2026-03-02&endDateTime=2026-03-01", 400, "ErrorInvalidParameter"),
    get("/me/calendarView?startDateTime=2020-01-01&endDateTime=2027-01-01", 400, "ErrorCalendarViewRangeTooBig"),
    get("/me/events/delta", 400, "ErrorInvalidIdMalformed"),
    # Bodies
    post("/me/messages", {"subjet": "x"}, 400, "RequestBodyRead"),
    post("/me/messages", {"subject": 5}, 400, "RequestBodyRead"),
    post("/me/messages", {"isRead": "true"}, 400, "RequestBodyRead"),
    post("/me/messages", {"importance": "urgent"}, 400, "RequestBodyRead"),
    post("/me/messages", {"toRecipients": {"emailAddress": {"address": "a@b.example"}}}, 400, "RequestBodyRead"),
    post("/me/messages", {"toRecipients": [{"address": "a@b.example"}]}, 400, "RequestBodyRead"),
    post("/me/messages", {"toRecipients": [{"emailAddress": {"address": "nobody"}}]}, 400, "ErrorInvalidRecipients"),
    post("/me/messages", {"id": "x"}, 400, "ErrorInvalidPropertySet"),
    post("/me/messages", {"internetMessageId": "no brackets"}, 400, "ErrorInvalidInternetMessageId"),
    post("/me/messages", {"internetMessageHeaders": [{"name": "In-Reply-To", "value": "<a@b>"}]}, 400,
         "InvalidInternetMessageHeader"),
    post("/me/messages", {"internetMessageHeaders": [{"name": f"x-{n}", "value": "v"} for n in range(6)]}, 400,
         "InvalidInternetMessageHeaderCollection"),
    Row("POST", "/me/messages", 400, "BadRequest"),
    Row("POST", "/me/messages", 400, "BadRequest", headers={"Content-Type": "application/json"}, content=b"{"),
    Row("POST", "/me/messages", 400, "BadRequest", headers={"Content-Type": "application/json"}, content=b"[]"),
    Row("POST", "/me/messages", 415, "RequestBodyRead", content=b"{}"),
    Row("POST", "/me/contacts", 415, "RequestBodyRead", headers=TEXT, content=base64.b64encode(PLAIN)),
    mime("/me/messages", PLAIN, 400, "ErrorMimeContentInvalidBase64String"),
    mime("/me/messages", base64.urlsafe_b64encode(b"Subject: \xff\xff\xfe\xfb"), 400,
         "ErrorMimeContentInvalidBase64String"),
    mime("/me/messages", base64.b64encode(PLAIN).rstrip(b"="), 400, "ErrorMimeContentInvalidBase64String"),
    mime("/me/messages", base64.b64encode(b"nonsense"), 400, "ErrorMimeContentInvalid"),
    mime("/me/sendMail", base64.b64encode(b"Subject: x\r\n\r\nx" * 400_000), 413, "ErrorMessageSizeExceeded"),
    post("/me/contacts", {"singleValueExtendedProperties": [{"id": "PMSyncId", "value": "x"}]}, 400,
         "ErrorInvalidProperty"),
    # Mail
    patch("/me/messages/{message}", {"subject": "x"}, 400, "ErrorInvalidPropertySet"),
    patch("/me/messages/{message}", {"internetMessageId": "<a@b.example>"}, 400, "ErrorInvalidPropertySet"),
    patch("/me/messages/{message}", {"receivedDateTime": "2026-01-01T00:00:00Z"}, 400, "ErrorInvalidPropertySet"),
    patch("/me/messages/{message}", {"isDraft": True}, 400, "ErrorInvalidPropertySet"),
    patch("/me/messages/{message}", {"flag": {"flagStatus": "raised"}}, 400, "RequestBodyRead"),
    patch("/me/messages/{message}", {"isRead": True}, 412, "ErrorIrresolvableConflict",
          headers={"If-Match": 'W/"other"'}),
    post("/me/messages/{message}/move", {}, 400, "ErrorInvalidRequest"),
    post("/me/messages/{message}/move", {"destinationId": "nowhere"}, 400, "ErrorInvalidIdMalformed"),
    post("/me/messages/{message}/move", {"destinationId": "inbox", "x": 1}, 400, "RequestBodyRead"),
    post("/me/messages/{message}/copy", {"destinationId": "{nobody}"}, 404, "ErrorItemNotFound"),
    Row("POST", "/me/messages/{message}/send", 400, "ErrorInvalidSendItem"),
    Row("POST", "/me/messages/{draft}/send", 400, "ErrorInvalidRecipients"),
    post("/me/sendMail", {"message": {"subject": "x"}}, 400, "ErrorInvalidRecipients"),
    post("/me/sendMail", {"message": {"toRecipients": TO, "from": {"emailAddress": {"address": "carl@firm.example"}}}},
         403, "ErrorSendAsDenied"),
    post("/me/sendMail", {"subject": "x"}, 400, "RequestBodyRead"),
    post("/me/sendMail", {"saveToSentItems": True}, 400, "ErrorInvalidRequest"),
    post("/me/messages/{message}/createReply", {"comment": "x", "message": {"body": {"content": "y"}}}, 400,
         "ErrorInvalidParameter"),
    post("/me/messages/{draft}/attachments", {"name": "a", "contentBytes": "YQ=="}, 400, "RequestBodyRead"),
    post("/me/messages/{draft}/attachments",
         {"@odata.type": "#microsoft.graph.fileAttachment", "name": "a", "contentBytes": "_-"}, 400, "RequestBodyRead"),
    post("/me/messages/{draft}/attachments",
         {"@odata.type": "#microsoft.graph.fileAttachment", "name": "a"}, 400, "ErrorInvalidRequest"),
    post("/me/messages/{draft}/attachments",
         {"@odata.type": "#microsoft.graph.fileAttachment", "name": "a",
          "contentBytes": base64.b64encode(bytes(3 * 1024 * 1024 + 1)).decode()}, 413, "ErrorMessageSizeExceeded"),
    post("/me/messages/{draft}/attachments/createUploadSession",
         {"AttachmentItem": {"attachmentType": "file", "name": "a", "size": 1000}}, 400,
         "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize"),
    post("/me/messages/{draft}/attachments/createUploadSession",
         {"AttachmentItem": {"attachmentType": "file", "name": "a", "size": 151 * 1024 * 1024}}, 413,
         "ErrorAttachmentSizeLimitExceeded"),
    post("/me/mailFolders", {}, 400, "ErrorInvalidRequest"),
    post("/me/mailFolders", {"displayName": "inbox"}, 409, "ErrorFolderExists"),
    Row("DELETE", "/me/mailFolders/inbox", 403, "ErrorDeleteDistinguishedFolder"),
    patch("/me/mailFolders/inbox", {"displayName": "In"}, 403, "ErrorDeleteDistinguishedFolder"),
    post("/me/mailFolders/{folder}/move", {"destinationId": "{folder}"}, 400, "ErrorMoveCopyFailed"),
    # Calendar
    post("/me/events", {"subject": "x", "start": START}, 400, "ErrorInvalidRequest"),
    post("/me/events", event(end=START, start=END), 400, "ErrorPropertyValidationFailure"),
    post("/me/events", event(start={"dateTime": "2026-03-16T09:00:00", "timeZone": "Rome Time"}), 400,
         "TimeZoneNotSupportedException"),
    post("/me/events", event(start={"dateTime": "tomorrow", "timeZone": "UTC"}), 400, "ErrorInvalidParameter"),
    post("/me/events", event(start={"date": "2026-03-16"}), 400, "RequestBodyRead"),
    post("/me/events", event(isAllDay=True), 400, "ErrorPropertyValidationFailure"),
    post("/me/events", event(isAllDay=True, start={"dateTime": "2026-03-16T00:00:00", "timeZone": "UTC"},
                             end={"dateTime": "2026-03-16T00:00:00", "timeZone": "UTC"}), 400,
         "ErrorPropertyValidationFailure"),
    post("/me/events", event(sendUpdates="none"), 400, "RequestBodyRead"),
    post("/me/events", event(showAs="away"), 400, "RequestBodyRead"),
    post("/me/events", event(iCalUId="x"), 400, "ErrorInvalidPropertySet"),
    post("/me/events", event(attendees=[{"emailAddress": {"address": f"a{n}@b.example"}} for n in range(501)]), 400,
         "ErrorInvalidRequest"),
    post("/me/events", series({"type": "hourly", "interval": 1}), 400, "RequestBodyRead"),
    post("/me/events", series({"type": "weekly", "interval": 1}), 400, "ErrorInvalidParameter"),
    post("/me/events", series({"type": "daily", "interval": 0}), 400, "ErrorInvalidParameter"),
    post("/me/events", series(startDate="2026-03-17"), 400, "ErrorInvalidParameter"),
    post("/me/events", series(type="numbered"), 400, "ErrorInvalidParameter"),
    post("/me/events", series(type="endDate", endDate="2026-03-01"), 400, "ErrorInvalidParameter"),
    post("/me/events", event(recurrence={"pattern": WEEKLY["pattern"]}), 400, "ErrorInvalidRequest"),
    post("/me/events", series(recurrenceTimeZone="Rome Time"), 400, "TimeZoneNotSupportedException"),
    patch("/me/events/{occurrence}", {"recurrence": WEEKLY}, 400, "ErrorInvalidRequest"),
    patch("/me/events/{event}", {"transactionId": "late"}, 400, "ErrorInvalidPropertySet"),
    patch("/me/events/{event}", {"subject": "x"}, 412, "ErrorIrresolvableConflict", headers={"If-Match": 'W/"other"'}),
    get(f"/me/events/{{event}}/instances?{WINDOW}", 400, "ErrorInvalidRequest"),
    get("/me/events/{series}/instances", 400, "ErrorInvalidParameter"),
    post("/me/events/{event}/accept", {}, 400, "ErrorInvalidRequest"),
    post("/me/events/{event}/accept", {"sendUpdates": False}, 400, "RequestBodyRead"),
    Row("DELETE", "/me/calendars/{calendar}", 403, "ErrorCannotDeleteObject"),
    post("/me/calendars", {"name": "Calendar"}, 409, "ErrorFolderExists"),
    post("/me/calendars", {"name": "x", "color": "mauve"}, 400, "RequestBodyRead"),
    # Contacts
    post("/me/contacts", {"phones": []}, 400, "RequestBodyRead"),
    post("/me/contacts", {"birthday": "1980-05-06"}, 400, "RequestBodyRead"),
    post("/me/contacts", {"emailAddresses": [{"address": f"{n}@b.example"} for n in range(4)]}, 400,
         "ErrorInvalidArgument"),
    patch("/me/contacts/{contact}", {"changeKey": "x"}, 400, "ErrorInvalidPropertySet"),
    patch("/me/contacts/{contact}", {"title": "x"}, 412, "ErrorIrresolvableConflict", headers={"If-Match": '"other"'}),
    get("/me/contacts/{contact}/photo/$value", 404, "ErrorItemNotFound"),
    Row("PUT", "/me/contacts/{contact}/photo/$value", 400, "ErrorInvalidRequest", content=b"no picture"),
    get("/me/contactFolders/delta?$filter=displayName eq 'x'", 400, "ErrorInvalidUrlQuery"),
    # Subscriptions
    post("/subscriptions", {"changeType": "created"}, 400, "ErrorInvalidRequest"),
    post("/subscriptions", subscription(resource="me/drive/root"), 400, "InvalidRequest"),
    post("/subscriptions", subscription(resource="me/mailFolders"), 400, "InvalidRequest"),
    post("/subscriptions", subscription(resource="users/carl@firm.example/messages"), 403, "ExtensionError"),
    post("/subscriptions", subscription(resource="me/mailFolders('{nobody}')/messages"), 404, "ErrorItemNotFound"),
    post("/subscriptions", subscription(changeType="moved"), 400, "InvalidRequest"),
    post("/subscriptions", subscription(notificationUrl="http://127.0.0.1:9/"), 400, "InvalidRequest"),
    post("/subscriptions", subscription(lifecycleNotificationUrl="http://127.0.0.1:9/"), 400, "InvalidRequest"),
    post("/subscriptions", subscription(clientState="x" * 129), 400, "InvalidRequest"),
    post("/subscriptions", subscription(), 400, "InvalidRequest"),
    post("/subscriptions", subscription(expirationDateTime="2020-01-01T00:00:00Z"), 400, "InvalidRequest"),
    post("/subscriptions", subscription(expirationDateTime="soon"), 400, "RequestBodyRead"),
    post("/subscriptions", subscription(includeResourceData=True), 400, "InvalidRequest"),
    patch("/subscriptions/{guid}", {"expirationDateTime": "2026-12-01T00:00:00Z"}, 404, "ResourceNotFound"),
    patch("/subscriptions/{guid}", {"lifecycleNotificationUrl": "https://x.example/"}, 400, "ErrorInvalidPropertySet"),
    # Batches
    post("/$batch", {"requests": []}, 400, "BadRequest"),
    post("/$batch", {"requests": [{"id": str(n), "method": "GET", "url": "/me"} for n in range(21)]}, 400,
         "BadRequest"),
    post("/$batch", {"requests": [{"id": "1", "method": "GET", "url": "/me"}] * 2}, 400, "BadRequest"),
    post("/$batch", {"requests": [{"id": "1", "method": "GET", "url": "https://x.example/me"}]}, 400, "BadRequest"),
    post("/$batch", {"requests": [{"id": "1", "method": "GET", "url": "/me", "dependsOn": ["2"]}]}, 400,
         "BadRequest"),
    post("/$batch", {"requests": [{"id": "1", "method": "POST", "url": "/me/messages", "body": {}}]}, 400,
         "BadRequest"),
    post("/$batch", {"requests": [{"id": "1", "method": "GET", "url": "/$batch"}]}, 400, "BadRequest"),
]  # fmt: skip


@dataclass
class Room:
    """A mailbox with one of everything, and the ids by which rows name it."""

    client: Client
    ids: dict[str, str]


@pytest.fixture(scope="module")
def room(authority: Any, tls: Any) -> Iterator[Room]:
    """One for all rows: none of them changes anything."""
    from tests.microsoft_fake.cast import world as a_world

    with a_world(authority, tls) as world:
        elsewhere, anna = world.microsoft.elsewhere(world.anna), world.graph(world.anna)
        world.microsoft.behaviour.requests_per_10_minutes = 100_000
        master = elsewhere.add_event({**series(), "subject": "Series"})
        occurrence = anna.values(f"/me/events/{on_behalf(master.id)}/instances?{WINDOW}")[0]
        yield Room(
            anna,
            {
                "message": elsewhere.deliver(PLAIN).id,
                "draft": anna.post("/me/messages", {"subject": "Draft"})["id"],
                "folder": elsewhere.add_folder("Folder").id,
                "event": elsewhere.add_event(EVENT).id,
                "series": master.id,
                "occurrence": occurrence["id"],
                "calendar": anna.get("/me/calendar")["id"],
                "contact": elsewhere.add_contact({"givenName": "Bob"}).id,
                "nobody": "AAkALgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                "guid": "00000000-0000-0000-0000-000000000000",
            },
        )


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_wrong_request_is_refused(room: Room, row: Row) -> None:
    path, body = row.path, row.body
    for name, value in room.ids.items():
        path = path.replace(f"{{{name}}}", on_behalf(value))
        body = json.loads(json.dumps(body).replace(f"{{{name}}}", value)) if body is not None else None
    more: dict[str, Any] = {"json": body} if body is not None else {"content": row.content}
    answer = room.client.http.request(row.method, path, headers=row.headers, **more)
    assert (answer.status_code, answer.json()["error"]["code"]) == (row.status, row.code), answer.text


# Links


def test_a_link_is_followed_as_it_is_and_by_whom_it_was_given_to(world: World, anna: Client) -> None:
    for _ in range(3):
        world.microsoft.elsewhere(world.anna).deliver(PLAIN)
    nxt = anna.get(f"{INBOX}/delta?$top=2")["@odata.nextLink"]
    delta = anna.round(f"{INBOX}/delta")[1]
    page = anna.get(f"{INBOX}?$top=2")["@odata.nextLink"]
    carl = world.graph(world.carl)
    for link in (nxt, delta, page):
        for wrong in (f"{link}&$top=5", f"{link}&$select=subject", f"{link}x", link.replace("inbox", "archive")):
            assert anna.http.get(wrong).status_code == 400, wrong
        assert carl.http.get(link).status_code == 400
        assert anna.http.get(link).status_code == 200
    assert anna.http.get(nxt.replace("skiptoken", "deltatoken")).status_code == 400
    world.microsoft.expire_pages()
    assert {anna.http.get(link).status_code for link in (nxt, delta, page)} == {400}


# Who is calling


def _with(world: World, header: str | None) -> httpx.Response:
    headers = {"Authorization": header} if header is not None else {}
    return httpx.get(f"{world.microsoft.graph_url}/me/messages", verify=world.trust, headers=headers)


def test_a_bearer_must_be_there_and_known_and_young(world: World) -> None:
    token = world.microsoft.token_for(world.app, world.anna, "Mail.Read")
    assert _with(world, f"Bearer {token}").status_code == 200
    world.microsoft.clock.advance(minutes=91)
    for header in (None, "", "Basic YTpi", "Bearer", "Bearer nonsense", f"Bearer {token}"):
        answer = _with(world, header)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken"), header
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert "Lifetime validation failed" in _with(world, f"Bearer {token}").json()["error"]["message"]


@pytest.mark.parametrize(
    ("scopes", "method", "path", "allowed"),
    [
        ("Mail.Read", "GET", "/me/messages", True),
        ("Mail.Read", "GET", "/me/events", False),
        ("Mail.Read", "DELETE", "/me/messages/{message}", False),
        ("Mail.ReadWrite", "DELETE", "/me/messages/{message}", True),
        ("Mail.ReadWrite", "POST", "/me/messages/{message}/send", False),
        ("Mail.ReadBasic", "GET", "/me/mailFolders", True),
        ("Mail.ReadBasic", "GET", "/me/messages", False),
        ("Calendars.Read", "GET", "/me/calendars", True),
        ("Calendars.Read", "POST", "/me/events", False),
        ("Contacts.Read", "GET", "/me/contacts", True),
        ("Contacts.Read", "POST", "/me/contacts", False),
        ("User.Read", "GET", "/me", True),
        ("Mail.Read", "GET", "/me", False),
        ("Mail.Read", "GET", "/me/mailboxSettings", False),
        ("Mail.Read.Shared", "GET", "/me/messages", True),
    ],
)
def test_a_method_needs_its_permission(world: World, scopes: str, method: str, path: str, allowed: bool) -> None:
    message = world.microsoft.elsewhere(world.anna).deliver(PLAIN)
    client = world.graph(world.anna, scopes)
    answer = client.http.request(method, path.replace("{message}", on_behalf(message.id)))
    assert (answer.status_code < 300) == allowed
    code = "Authorization_RequestDenied" if path == "/me" else "ErrorAccessDenied"
    assert allowed or answer.json()["error"]["code"] == code


def test_another_mailbox_needs_to_be_shared_and_a_scope_for_it(world: World) -> None:
    path = "/users/carl@firm.example/messages"
    anna = world.graph(world.anna, "Mail.Read Mail.Read.Shared")
    assert anna.http.get(path).status_code == 403
    world.microsoft.mailbox(world.carl).delegates.add(world.anna.id)
    assert anna.http.get(path).status_code == 200
    assert world.graph(world.boss, "Mail.Read").http.get(path).status_code == 403


def test_an_application_reads_whom_it_may_and_has_no_me(world: World) -> None:
    world.microsoft.directory.consent_as_admin(world.app, world.firm, only=[world.carl])
    client = world.graph()
    assert client.http.get("/users/carl@firm.example/messages").status_code == 200
    refused = client.http.get("/users/anna@firm.example/messages")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "ErrorAccessDenied")
    assert client.http.get("/me/messages").status_code == 400
    assert client.http.get("/users/eve@other.example/messages").status_code == 404


def test_without_a_licence_there_is_no_mailbox(world: World, anna: Client) -> None:
    world.anna.licensed = False
    answer = anna.http.get("/me/messages")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "MailboxNotEnabledForRESTAPI")
    assert anna.http.get("/me").status_code == 200


def test_another_version_is_refused(world: World, anna: Client) -> None:
    assert anna.http.get(f"{world.microsoft.origin}/beta/me").status_code == 400


# Upload sessions


def test_pieces_come_in_order_and_without_a_bearer(world: World, anna: Client) -> None:
    size = 3 * 1024 * 1024 + 10
    draft = anna.post("/me/messages", {"subject": "Large"})
    item = {"attachmentType": "file", "name": "a", "size": size}
    path = f"/me/messages/{on_behalf(draft['id'])}/attachments/createUploadSession"
    url = anna.post(path, {"AttachmentItem": item})["uploadUrl"]
    part = {"Content-Range": f"bytes 0-9/{size}"}
    assert anna.http.put(url, content=bytes(10), headers=part).status_code == 401
    with httpx.Client(verify=world.trust) as bare:
        assert bare.put(url, content=bytes(10)).status_code == 400
        assert bare.put(url, content=bytes(9), headers=part).status_code == 400
        assert bare.put(url, content=bytes(10), headers={"Content-Range": f"bytes 10-19/{size}"}).status_code == 416
        assert bare.put(url, content=bytes(10), headers={"Content-Range": "bytes 0-9/99"}).status_code == 400
        assert bare.put(url, content=bytes(10), headers=part).json()["nextExpectedRanges"] == ["10-"]
        assert bare.put(url, content=bytes(10), headers=part).status_code == 416
        assert bare.get(url).json()["nextExpectedRanges"] == ["10-"]
        assert bare.delete(url).status_code == 204
        assert bare.get(url).status_code == 404
