"""The declared methods: each has a handler, answers as it is declared, and asks for permissions that exist."""

import ast
import base64
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.microsoft import wordings
from tests.fakes.microsoft.call import HANDLERS
from tests.fakes.microsoft.directory import APPLICATION, DELEGATED
from tests.fakes.microsoft.routing import ROUTES, find
from tests.fakes.microsoft.schema import Structure
from tests.fakes.web_server import Reply, Request, WebServer
from tests.microsoft_fake.cast import PLAIN, TWO_WAY, Client, World, on_behalf

WINDOW = "startDateTime=2026-03-01T00:00:00Z&endDateTime=2026-04-01T00:00:00Z"
TO = [{"emailAddress": {"address": "carl@firm.example"}}]
MEETING: dict[str, Any] = {
    "subject": "x",
    "start": {"dateTime": "2026-03-16T09:00:00", "timeZone": "UTC"},
    "end": {"dateTime": "2026-03-16T10:00:00", "timeZone": "UTC"},
    "attendees": TO,
}
SERIES = MEETING | {
    "attendees": [],
    "recurrence": {
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "noEnd", "startDate": "2026-03-16"},
    },
}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def test_methods_and_handlers_belong_together() -> None:
    assert {route.name for route in ROUTES} == HANDLERS.keys()


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_declaration_is_whole(route: Any) -> None:
    if route.level in ("user", "service"):
        assert route.delegated and set(route.delegated) <= DELEGATED
        assert route.application and set(route.application) <= APPLICATION
    assert route.requires <= route.options
    assert (route.entity is None) == (route.returns in ("nothing", "bytes"))
    if route.entity is not None and not isinstance(route.entity, Structure):
        pytest.fail(f"{route.name} is about nothing")


def test_every_refusal_has_its_wording() -> None:
    calls = [
        node
        for file in Path(wordings.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args
    ]
    first = [(node.func.id, node.args[0].value) for node in calls if isinstance(node.args[0], ast.Constant)]  # type: ignore[attr-defined]  # a Name, as above
    assert {name for called, name in first if called == "refuse"} <= wordings.GRAPH.keys()
    assert {number for called, number in first if called == "LoginRefusal"} <= wordings.LOGIN.keys()


def test_paths_may_hold_keys_in_brackets_and_functions() -> None:
    found = find("GET", "me/mailFolders('a%2Fb')/messages/microsoft.graph.delta()")
    assert (found.route.name, found.params) == ("message_delta", {"folder": "a/b"})


def _echo(request: Request) -> Reply:
    token = dict(httpx.URL(request.path).params).get("validationToken")
    return Reply(200, token.encode(), {"Content-Type": "text/plain"}) if token else Reply(202)


def _mail(world: World, anna: Client) -> None:
    elsewhere = world.microsoft.elsewhere(world.anna)
    anna.values("/me/mailFolders")
    anna.round("/me/mailFolders/delta")
    folder = anna.post("/me/mailFolders", {"displayName": "One"})
    there = f"/me/mailFolders/{on_behalf(folder['id'])}"
    anna.get(there)
    anna.patch(there, {"displayName": "Two"})
    anna.post(f"{there}/childFolders", {"displayName": "Child"})
    anna.values(f"{there}/childFolders")
    anna.post(f"{there}/move", {"destinationId": "archive"})
    anna.delete(there)
    message = f"/me/messages/{on_behalf(elsewhere.deliver(PLAIN).id)}"
    anna.values("/me/messages")
    anna.round("/me/mailFolders/inbox/messages/delta")
    anna.get(message)
    assert anna.http.get(f"{message}/$value").content == PLAIN
    anna.patch(message, {"isRead": True})
    copied = anna.post(f"{message}/copy", {"destinationId": "archive"})
    anna.post(f"{message}/move", {"destinationId": "archive"})
    for action in ("createReply", "createReplyAll", "createForward"):
        anna.post(f"{message}/{action}")
    anna.delete(message)
    anna.post(f"/me/messages/{on_behalf(copied['id'])}/permanentDelete", status=204)
    draft = anna.post("/me/messages", {"subject": "x", "toRecipients": TO})
    files = f"/me/messages/{on_behalf(draft['id'])}/attachments"
    content = base64.b64encode(b"text").decode()
    body = {"@odata.type": "#microsoft.graph.fileAttachment", "name": "a", "contentBytes": content}
    one = f"{files}/{on_behalf(anna.post(files, body)['id'])}"
    anna.values(files)
    anna.get(one)
    assert anna.http.get(f"{one}/$value").content == b"text"
    anna.delete(one)
    size = 3 * 1024 * 1024
    item = {"AttachmentItem": {"attachmentType": "file", "name": "a", "size": size}}
    with httpx.Client(verify=world.trust) as bare:
        url = anna.post(f"{files}/createUploadSession", item)["uploadUrl"]
        assert bare.get(url).status_code == 200
        assert bare.delete(url).status_code == 204
        url = anna.post(f"{files}/createUploadSession", item)["uploadUrl"]
        span = {"Content-Range": f"bytes 0-{size - 1}/{size}"}
        assert bare.put(url, content=bytes(size), headers=span).status_code == 201
    anna.post(f"/me/messages/{on_behalf(draft['id'])}/send", status=202)
    anna.post("/me/sendMail", {"message": {"toRecipients": TO}}, status=202)


def _calendar(world: World, anna: Client) -> None:
    anna.values("/me/calendars")
    anna.get("/me/calendar")
    calendar = f"/me/calendars/{on_behalf(anna.post('/me/calendars', {'name': 'x'})['id'])}"
    anna.get(calendar)
    anna.patch(calendar, {"name": "y"})
    anna.delete(calendar)
    made = anna.post("/me/events", MEETING)
    event = f"/me/events/{on_behalf(made['id'])}"
    anna.values("/me/events")
    anna.get(event)
    anna.patch(event, {"subject": "y"})
    anna.values(f"/me/calendarView?{WINDOW}")
    anna.round(f"/me/calendarView/delta?{WINDOW}")
    carl = world.graph(world.carl)
    [invited] = carl.values("/me/events")
    for answer in ("accept", "tentativelyAccept", "decline"):
        carl.post(f"/me/events/{on_behalf(invited['id'])}/{answer}", {}, status=202)
    anna.post(f"{event}/cancel", {}, status=202)
    master = f"/me/events/{on_behalf(anna.post('/me/events', SERIES)['id'])}"
    anna.values(f"{master}/instances?{WINDOW}")
    anna.delete(master)
    single = anna.post("/me/events", MEETING | {"attendees": []})
    anna.post(f"/me/events/{on_behalf(single['id'])}/permanentDelete", status=204)


def _contacts(anna: Client) -> None:
    anna.values("/me/contactFolders")
    anna.round("/me/contactFolders/delta")
    folder = f"/me/contactFolders/{on_behalf(anna.post('/me/contactFolders', {'displayName': 'x'})['id'])}"
    anna.get(folder)
    anna.patch(folder, {"displayName": "y"})
    anna.post(f"{folder}/childFolders", {"displayName": "z"})
    anna.values(f"{folder}/childFolders")
    anna.delete(folder)
    contact = f"/me/contacts/{on_behalf(anna.post('/me/contacts', {'givenName': 'Bob'})['id'])}"
    anna.values("/me/contacts")
    anna.round("/me/contacts/delta")
    anna.get(contact)
    anna.patch(contact, {"surname": "Brown"})
    assert anna.http.put(f"{contact}/photo/$value", content=PNG).status_code == 200
    anna.get(f"{contact}/photo")
    assert anna.http.get(f"{contact}/photo/$value").content == PNG
    anna.delete(f"{contact}/photo/$value")
    anna.delete(contact)
    other = anna.post("/me/contacts", {"givenName": "Eve"})
    anna.post(f"/me/contacts/{on_behalf(other['id'])}/permanentDelete", status=204)


def _service(world: World, anna: Client, receiver: str) -> None:
    anna.get("/me")
    anna.get("/me/mailboxSettings")
    world.graph(world.anna, "User.Read.All").values("/users")
    body: dict[str, Any] = {"inputIds": [], "sourceIdType": "restId", "targetIdType": "restImmutableEntryId"}
    anna.post("/me/translateExchangeIds", body, status=200)
    until = world.microsoft.clock.advance(days=1).strftime("%Y-%m-%dT%H:%M:%SZ")
    anna = world.graph(world.anna, " ".join(TWO_WAY))
    body = {
        "changeType": "created", "notificationUrl": receiver, "resource": "me/events",
        "expirationDateTime": until.replace("Z", ".5Z"),
    }  # fmt: skip
    subscription = f"/subscriptions/{anna.post('/subscriptions', body)['id']}"
    anna.values("/subscriptions")
    anna.get(subscription)
    anna.post(f"{subscription}/reauthorize", status=204)
    anna.patch(subscription, {"expirationDateTime": until.replace("Z", ".7Z")})
    anna.delete(subscription)
    anna.post("/$batch", {"requests": [{"id": "1", "method": "GET", "url": "/me"}]}, status=200)


def test_every_method_answers_as_it_is_declared(world: World, anna: Client, tls: Any) -> None:
    """The client compares each response with its declaration; the journal says that none was left out."""
    _mail(world, anna)
    _calendar(world, anna)
    _contacts(anna)
    with WebServer(_echo, tls) as receiver:
        _service(world, anna, f"https://127.0.0.1:{receiver.port}/hook")
    done = {entry.method for entry in world.microsoft.journal.entries if entry.verdict == "ok"}
    assert {route.name for route in ROUTES} <= done
    assert world.microsoft.journal.refused() == []
