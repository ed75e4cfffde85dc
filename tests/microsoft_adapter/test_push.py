"""Subscriptions over Graph, and what a receiver believes."""

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pytest

from apps.providers.adapters import errors
from apps.providers.adapters.microsoft import subscriptions
from apps.providers.adapters.microsoft.subscriptions import Expected, Lifecycle, Poke, handshake, pokes
from tests.fakes.web_server import Reply, Request, WebServer
from tests.microsoft_adapter.desk import Desk
from tests.microsoft_fake.cast import PLAIN


@dataclass
class Receiver:
    """Answers as a server of ours does, and keeps what it is told."""

    bodies: list[bytes] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}/hook"

    def answer(self, request: Request) -> Reply:
        """The handshake, or 202."""
        given = parse_qs(urlsplit(request.path).query).get("validationToken")
        if given:
            token = handshake(given[0])
            return Reply(200, (token or "").encode(), {"Content-Type": "text/plain"})
        self.bodies.append(request.body)
        return Reply(202)


@pytest.fixture
def receiver(tls: ssl.SSLContext) -> Iterator[Receiver]:
    """A receiver that is reachable."""
    made = Receiver()
    with WebServer(made.answer, tls) as server:
        made.port = server.port
        yield made


def test_a_change_pokes_whoever_subscribed(desk: Desk, receiver: Receiver) -> None:
    graph = desk.graph()
    now = desk.world.microsoft.clock.now()
    made = subscriptions.subscribe(graph, "mail", receiver.url, receiver.url, now=now)
    assert made.expires > now
    assert now < made.renew_at < made.expires
    assert made.client_state not in repr(made)
    desk.elsewhere.move(desk.elsewhere.deliver(PLAIN), "archive")
    desk.world.microsoft.courier.settle()
    known = {made.id: Expected(made.client_state, desk.world.firm.id)}
    told = [poke for body in receiver.bodies for poke in pokes(body, known.get)]
    assert {poke.subscription for poke in told} == {made.id}
    assert {poke.change for poke in told} >= {"created"}
    for wrong in (Expected("of somebody else"), Expected(made.client_state, "another tenant"), Expected(""), None):
        others: dict[str, Expected | None] = {made.id: wrong}
        assert [poke for body in receiver.bodies for poke in pokes(body, others.get)] == []


@pytest.mark.parametrize("surface", ["mail", "calendar", "contacts"])
def test_a_subscription_is_renewed_listed_and_ended(desk: Desk, receiver: Receiver, surface: str) -> None:
    graph, clock = desk.graph(), desk.world.microsoft.clock
    made = subscriptions.subscribe(graph, surface, receiver.url, receiver.url, now=clock.now())
    later = clock.advance(days=3)
    assert subscriptions.renew(graph, made.id, now=later).expires > made.expires
    assert [name for name, _, _ in subscriptions.held(graph)] == [made.id]
    subscriptions.end(graph, made.id)
    subscriptions.end(graph, made.id)
    assert list(subscriptions.held(graph)) == []
    with pytest.raises(errors.NotFound):
        subscriptions.renew(graph, made.id, now=clock.now())


def test_what_becomes_of_a_subscription_is_told(desk: Desk, receiver: Receiver) -> None:
    made = subscriptions.subscribe(
        desk.graph(), "mail", receiver.url, receiver.url, now=desk.world.microsoft.clock.now()
    )
    desk.world.microsoft.subscriptions.require_reauthorization(made.id)
    desk.world.microsoft.subscriptions.tell_lifecycle(made.id, "missed")
    desk.world.microsoft.courier.settle()
    told = [poke for body in receiver.bodies for poke in pokes(body, lambda _: Expected(made.client_state))]
    assert {poke.lifecycle for poke in told} == {Lifecycle.REAUTHORIZE, Lifecycle.MISSED}


def test_a_receiver_that_is_not_there_is_a_refusal(desk: Desk) -> None:
    with pytest.raises(errors.Rejected):
        subscriptions.subscribe(
            desk.graph(), "mail", "https://127.0.0.1:9/x", "https://127.0.0.1:9/x",
            now=desk.world.microsoft.clock.now(),
        )  # fmt: skip


def test_only_a_harmless_token_is_said_back() -> None:
    assert handshake("Validation: 100% + <b>") == "Validation: 100% + <b>"
    for token in (None, "", "x" * 3000, "a\r\nSet-Cookie: b"):
        assert handshake(token) is None


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"value": 7}', b'{"value": [7, {}, {"subscriptionId": []}]}'])
def test_nonsense_is_no_notification(body: bytes) -> None:
    assert pokes(body, lambda _: Expected("secret")) == []


def test_a_notification_that_comes_twice_is_one() -> None:
    item = {"subscriptionId": "s", "clientState": "secret", "changeType": "updated"}
    body = json.dumps({"value": [item, item, item | {"lifecycleEvent": "of tomorrow"}]}).encode()
    assert pokes(body, lambda _: Expected("secret")) == [Poke("s", "updated")]
