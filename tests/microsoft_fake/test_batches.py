"""Many requests in one: order, dependencies, and throttling of each part by itself."""

from typing import Any

from tests.microsoft_fake.cast import PLAIN, Client, World, letter, on_behalf

JSON = {"Content-Type": "application/json"}


def run(client: Client, *parts: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The responses by id."""
    requests = [{"id": str(number), **part} for number, part in enumerate(parts, 1)]
    answer = client.post("/$batch", {"requests": requests}, status=200)
    return {one["id"]: one for one in answer["responses"]}


def test_each_part_has_its_own_answer(world: World, anna: Client) -> None:
    world.microsoft.elsewhere(world.anna).deliver(PLAIN)
    done = run(
        anna,
        {"method": "GET", "url": "/me/messages?$select=subject"},
        {"method": "POST", "url": "/me/contacts", "headers": JSON, "body": {"givenName": "Bob"}},
        {"method": "GET", "url": "/me/nonsense"},
    )
    assert {name: one["status"] for name, one in done.items()} == {"1": 200, "2": 201, "3": 400}
    assert done["1"]["body"]["value"][0]["subject"] == "Lunch?"
    assert done["3"]["body"]["error"]["code"] == "BadRequest"


def test_more_than_four_at_once_for_a_mailbox_are_throttled_one_by_one(world: World, anna: Client) -> None:
    messages = [world.microsoft.elsewhere(world.anna).deliver(letter(number)) for number in range(6)]
    parts = [{"method": "GET", "url": f"/me/messages/{on_behalf(one.id)}"} for one in messages]
    done = run(anna, *parts)
    assert sorted(one["status"] for one in done.values()) == [200] * 4 + [429] * 2
    late = next(one for one in done.values() if one["status"] == 429)
    assert late["headers"]["Retry-After"] == "1"
    assert late["body"]["error"]["code"] == "ApplicationThrottled"


def test_a_chain_is_run_one_after_another(anna: Client) -> None:
    parts = [
        {"method": "POST", "url": "/me/contacts", "headers": JSON, "body": {"givenName": str(number)}}
        | ({"dependsOn": [str(number - 1)]} if number > 1 else {})
        for number in range(1, 21)
    ]
    assert {one["status"] for one in run(anna, *parts).values()} == {201}


def test_what_depends_on_a_failure_is_not_run(world: World, anna: Client) -> None:
    done = run(
        anna,
        {"method": "POST", "url": "/me/contacts", "headers": JSON, "body": {"nonsense": 1}},
        {"method": "POST", "url": "/me/contacts", "headers": JSON, "body": {"givenName": "x"}, "dependsOn": ["1"]},
        {"method": "POST", "url": "/me/contacts", "headers": JSON, "body": {"givenName": "y"}, "dependsOn": ["2"]},
    )
    assert {name: one["status"] for name, one in done.items()} == {"1": 400, "2": 424, "3": 424}
    assert anna.values("/me/contacts") == []


def test_parts_are_in_the_journal_and_octets_are_base64(world: World, anna: Client) -> None:
    message = world.microsoft.elsewhere(world.anna).deliver(PLAIN)
    done = run(anna, {"method": "GET", "url": f"/me/messages/{on_behalf(message.id)}/$value"})
    assert isinstance(done["1"]["body"], str)
    [entry] = world.microsoft.journal.of("message_mime")
    assert entry.in_batch
