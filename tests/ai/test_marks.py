"""Marks of conversations, and what waits because of one: for whoever may see it, where agents may read, while on."""

import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.ai import actions, consent
from apps.ai.model import switches
from apps.ai.models import Reading
from apps.calendar.models import Calendar
from apps.mail.models import Message
from tests.fakes.mistral.server import MistralApi
from tests.mail.fixtures import Box, eml, record
from tests.tenants.fixtures import Cast, Make


@pytest.fixture
def client(make: Make, cast: Cast) -> APIClient:
    return make.client(cast.owner)


@pytest.fixture
def letter(box: Box, mistral: MistralApi) -> Message:
    """A message that was read."""
    box.arrive(record(1, eml(1, "Quote")))
    message = Message.objects.get()
    read = {"state": "done", "by": "model", "category": "sales", "needs_reply": True}
    Reading.objects.update_or_create(message=message, defaults={"account": box.account, **read})
    return message


def marks(client: APIClient, *threads: Any) -> Any:
    return client.get("/api/v1/assistant/marks", {"threads": ",".join(map(str, threads))}).json()


def test_a_conversation_has_the_mark_of_its_newest_message(letter: Message, client: APIClient) -> None:
    found = marks(client, letter.thread_id, uuid.uuid4())
    assert found["on"] and found["items"].keys() == {str(letter.thread_id)}
    assert found["items"][str(letter.thread_id)]["category"] == "sales"


def test_nobody_elses_conversation_has_one(letter: Message, make: Make, cast: Cast) -> None:
    assert marks(make.client(cast.member), letter.thread_id)["items"] == {}


def test_without_consent_or_switched_off_there_are_none(
    letter: Message, box: Box, cast: Cast, client: APIClient, settings: Any
) -> None:
    switches.change(cast.owner.user_id, enabled=False)
    assert marks(client, letter.thread_id) == {"on": False, "items": {}}
    switches.change(cast.owner.user_id, enabled=True)
    assert marks(client, letter.thread_id)["items"]
    consent.set_by(cast.owner, box.account.pk, reading=False, drafting=False)
    assert marks(client, letter.thread_id) == {"on": False, "items": {}}
    consent.set_by(cast.owner, box.account.pk, reading=True, drafting=False)
    settings.MISTRAL_API_KEY = ""
    assert marks(client, letter.thread_id) == {"on": False, "items": {}}


@pytest.mark.parametrize("asked", ["", "nonsense", ",".join(["00000000-0000-0000-0000-000000000000"] * 101)])
def test_what_is_no_list_of_conversations_is_refused(asked: str, box: Box, client: APIClient) -> None:
    answer = client.get("/api/v1/assistant/marks", {"threads": asked})
    assert answer.status_code == 400 and "threads" in answer.json()["detail"]


def test_what_waits_because_of_a_conversation_is_listed_and_found_by_its_action(
    letter: Message, box: Box, diary: Calendar, cast: Cast, make: Make, client: APIClient
) -> None:
    at = {name: {"at": f"2030-03-04T{hour}:00", "zone": "Europe/Rome"} for name, hour in (("start", 10), ("end", 11))}
    sources = [{"type": "message", "id": str(letter.pk)}]
    made = [
        actions.propose(
            cast.owner, box.account, actions.Wish(agent, "calendar.create", {"title": title, **at}, "", title, sources)
        )
        for agent, title in (("reader", "Visit"), ("chat", "Asked for"))
    ]
    found = client.get(f"/api/v1/threads/{letter.thread_id}/suggestions").json()["items"]
    assert [one["title"] for one in found] == ["Visit"]
    one = client.get(f"/api/v1/approvals/{made[0].pk}")
    assert one.json()["id"] == found[0]["id"]
    assert [field["name"] for field in one.json()["preview"]["fields"]][:3] == ["title", "start", "end"]
    stranger = make.client(cast.member)
    assert stranger.get(f"/api/v1/threads/{letter.thread_id}/suggestions").status_code == 404
    assert stranger.get(f"/api/v1/approvals/{made[0].pk}").status_code == 404
