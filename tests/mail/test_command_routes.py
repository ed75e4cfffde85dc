"""Acts over HTTP and over the socket: the same act, the same answer, the same refusals."""

import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.mail.models import Mailbox, Message
from apps.outbound.models import Command
from apps.providers.models import AccountAccess
from apps.realtime import consumers
from tests.mail.fixtures import Box, eml, record
from tests.realtime.talk import Talk
from tests.sync import fixtures as engine
from tests.tenants.fixtures import Cast, Make


@pytest.fixture
def letters(inbox: Box) -> list[uuid.UUID]:
    inbox.arrive(record(1, eml(1, "One")), record(2, eml(2, "Two")))
    inbox.events()
    return list(Message.objects.order_by("subject").values_list("pk", flat=True))


@pytest.fixture
def client(make: Make, cast: Cast) -> APIClient:
    return make.client(cast.owner)


@pytest.fixture
def tokens(make: Make, cast: Cast) -> list[str]:
    """Of the owner, the member and the outsider."""
    return [make.token(who) for who in (cast.owner, cast.member, cast.outsider)]


def post(client: APIClient, path: str, body: Any, key: str | None = "") -> Any:
    headers = {} if key is None else {"Idempotency-Key": key or str(uuid.uuid4())}
    return client.post(f"/api/v1/{path}", body, format="json", headers=headers)


def test_an_act_is_accepted_listed_and_taken_back(client: APIClient, letters: list[uuid.UUID], inbox: Box) -> None:
    answer = post(client, "commands", {"action": "star", "messages": [str(letters[0])]})
    assert answer.status_code == 202
    act = answer.json()
    assert set(act) == {"id", "key", "action", "state", "total", "done", "failed", "seq", "undoable"}
    assert inbox.events()[0] == "email:update"
    assert client.get("/api/v1/commands").json()["items"][0]["id"] == act["id"]
    assert client.get(f"/api/v1/commands/{act['id']}").json()["state"] == "open"
    message = client.get(f"/api/v1/messages/{letters[0]}").json()
    assert (message["flagged"], message["pending"]) == (True, True)
    undone = post(client, f"commands/{act['id']}/undo", {}, None)
    assert (undone.status_code, undone.json()["total"]) == (202, 1)
    message = client.get(f"/api/v1/messages/{letters[0]}").json()
    assert (message["flagged"], message["pending"]) == (False, False)
    assert client.get(f"/api/v1/commands/{act['id']}").json()["state"] == "done"


def test_a_key_is_needed_and_counts_once(client: APIClient, letters: list[uuid.UUID]) -> None:
    body = {"action": "star", "messages": [str(letters[0])]}
    for key in (None, "once"):
        answer = post(client, "commands", body, key)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key")
    key = str(uuid.uuid4())
    assert post(client, "commands", body, key).json()["id"] == post(client, "commands", body, key).json()["id"]


def test_mailbox_routes_check_before_they_queue(client: APIClient, inbox: Box) -> None:
    account = str(inbox.account.pk)
    made = post(client, "mailboxes", {"account_id": account, "name": "New", "parent_id": None})
    assert (made.status_code, made.json()["action"]) == (202, "create_mailbox")
    bad = post(client, "mailboxes", {"account_id": account, "name": "a/b"})
    assert (bad.status_code, bad.json()["errors"]["name"] != []) == (422, True)
    work = inbox.box("Work").pk
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    renamed = client.patch(f"/api/v1/mailboxes/{work}", {"name": "Play"}, format="json", headers=headers)
    assert renamed.status_code == 202
    into_itself = client.patch(
        f"/api/v1/mailboxes/{work}", {"parent_id": str(work)}, format="json",
        headers={"Idempotency-Key": str(uuid.uuid4())},
    )  # fmt: skip
    assert into_itself.status_code == 422
    assert client.delete(f"/api/v1/mailboxes/{inbox.box().pk}", headers=headers).status_code == 422
    gone = client.delete(f"/api/v1/mailboxes/{work}", headers={"Idempotency-Key": str(uuid.uuid4())})
    assert gone.status_code == 202
    assert post(client, f"mailboxes/{work}/empty", {}).status_code == 422


def test_mail_moves_within_its_account_only(client: APIClient, letters: list[uuid.UUID], cast: Cast) -> None:
    other = engine.account(cast.owner, "second@rossi.example")
    elsewhere = Mailbox.objects.create(account=other, remote_id="INBOX", path=["INBOX"])
    answer = post(
        client, "commands",
        {"action": "move", "messages": [str(letters[0])], "to_mailbox_id": str(elsewhere.pk)},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_destination")


async def test_an_act_over_the_socket_is_answered_and_told(
    inbox: Box, letters: list[uuid.UUID], tokens: list[str]
) -> None:
    token = tokens[0]
    async with Talk() as talk:
        await talk.hello(token)
        key = str(uuid.uuid4())
        body = {"action": "read", "messages": [str(letters[0])]}
        await talk.say({"type": "command", "key": key, "command": body})
        heard = [await talk.hear() for _ in range(4)]
        accepted = next(item for item in heard if item.get("type") == "command_accepted")
        assert (accepted["key"], accepted["result"]["total"]) == (key, 1)
        await talk.say({"type": "command", "key": key, "command": {"action": "fly"}})
        refused = await answer_of(talk)
        assert (refused["type"], refused["problem"]["status"], refused["problem"]["code"]) == (
            "command_refused", 400, "invalid",
        )  # fmt: skip
        await talk.say({"type": "command", "key": "no uuid", "command": body})
        assert (await answer_of(talk))["problem"]["code"] == "idempotency_key"


async def answer_of(talk: Talk) -> dict[str, Any]:
    while True:
        message = await talk.hear()
        if message.get("type", "").startswith("command_"):
            return message


async def test_a_held_down_key_keeps_its_order(inbox: Box, letters: list[uuid.UUID], tokens: list[str]) -> None:
    async with Talk() as talk:
        await talk.hello(tokens[0])
        for number in range(40):
            action = "star" if number % 2 else "unstar"
            body = {"action": action, "messages": [str(letters[0])]}
            await talk.say({"type": "command", "key": str(uuid.uuid4()), "command": body})
        answers = [await answer_of(talk) for _ in range(40)]
        assert {answer["type"] for answer in answers} == {"command_accepted"}


async def test_a_flood_is_refused_and_not_closed(
    inbox: Box, tokens: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "ORDERS_PER_SECOND", 0.001)
    monkeypatch.setattr(consumers, "ORDER_BURST", 3)
    async with Talk() as talk:
        await talk.hello(tokens[0])
        for _ in range(5):
            await talk.say({"type": "command", "key": "x", "command": {}})
        codes = [(await answer_of(talk))["problem"]["code"] for _ in range(5)]
        assert codes == ["idempotency_key"] * 3 + ["rate_limited"] * 2


async def test_nobody_acts_on_anothers_mail_over_the_socket(
    inbox: Box, letters: list[uuid.UUID], tokens: list[str]
) -> None:
    body = {"action": "read", "messages": [str(letters[0])]}
    for token in tokens[1:]:
        async with Talk() as talk:
            await talk.hello(token)
            await talk.say({"type": "command", "key": str(uuid.uuid4()), "command": body})
            assert (await answer_of(talk))["problem"]["status"] == 404
    async with Talk() as talk:
        await talk.say({"type": "command", "key": str(uuid.uuid4()), "command": body})
        assert await talk.code() == 4401


def test_access_that_ends_ends_the_acting(client: APIClient, letters: list[uuid.UUID], inbox: Box, make: Make,
                                          cast: Cast) -> None:  # fmt: skip
    grant = AccountAccess.objects.create(account=inbox.account, user_id=cast.member.user_id, role="delegate")
    theirs = make.client(cast.member)
    act = post(theirs, "commands", {"action": "star", "messages": [str(letters[0])]}).json()
    assert post(client, f"commands/{act['id']}/undo", {}, None).status_code == 404  # it is not the owner's act
    grant.delete()
    assert post(theirs, f"commands/{act['id']}/undo", {}, None).status_code == 404
    assert Command.objects.count() == 1
