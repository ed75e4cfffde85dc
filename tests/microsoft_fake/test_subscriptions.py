"""Subscriptions and notifications: the handshake, what is told, what is lost, and what is encrypted."""

import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.x509.oid import NameOID

from tests.fakes.microsoft.notifications import RETRIES, Disorder
from tests.fakes.microsoft.rich import Forgery
from tests.fakes.microsoft.tokens import key_set
from tests.fakes.web_server import Reply, Request, WebServer
from tests.microsoft_fake.cast import PLAIN, Client, World, letter, on_behalf


@dataclass
class Receiver:
    """Answers handshakes, and keeps what it is told."""

    items: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    status: int = 202
    handshake: Reply | None = None
    port: int = 0

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}/hook"

    def answer(self, request: Request) -> Reply:
        """What an honest receiver answers, unless a test has told it otherwise."""
        token = parse_qs(urlsplit(request.path).query).get("validationToken")
        if token:
            return self.handshake or Reply(200, token[0].encode(), {"Content-Type": "text/plain"})
        if self.status < 300:
            body = json.loads(request.body)
            self.items += body["value"]
            self.tokens += body.get("validationTokens", [])
        return Reply(self.status)

    def take(self) -> list[dict[str, Any]]:
        """What was told since the last time."""
        taken, self.items = self.items, []
        return taken


@pytest.fixture
def receiver(tls: ssl.SSLContext) -> Iterator[Receiver]:
    made = Receiver()
    with WebServer(made.answer, tls) as server:
        made.port = server.port
        yield made


def subscribe(world: World, client: Client, receiver: Receiver, resource: str = "me/messages", **more: Any) -> Any:
    until = world.microsoft.clock.now() + timedelta(hours=12)
    body = {
        "changeType": "created,updated,deleted", "notificationUrl": receiver.url, "resource": resource,
        "expirationDateTime": until.isoformat(), "clientState": "secret", **more,
    }  # fmt: skip
    return client.post("/subscriptions", body)


def test_changes_are_told_with_the_client_state(world: World, anna: Client, receiver: Receiver) -> None:
    made = subscribe(world, anna, receiver)
    assert made["clientState"] == "secret"
    elsewhere = world.microsoft.elsewhere(world.anna)
    message = elsewhere.deliver(PLAIN)
    elsewhere.mark_read(message)
    elsewhere.purge(message)
    world.microsoft.courier.settle()
    told = receiver.take()
    assert [one["changeType"] for one in told] == ["created", "updated", "deleted"]
    assert {one["resourceData"]["id"] for one in told} == {message.id}
    assert {(one["subscriptionId"], one["clientState"], one["tenantId"]) for one in told} == {
        (made["id"], "secret", world.firm.id)
    }
    assert anna.get(f"/subscriptions/{made['id']}")["clientState"] is None


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"something else", {"Content-Type": "text/plain"}),
        Reply(500, b"", {"Content-Type": "text/plain"}),
        Reply(202, b"", {"Content-Type": "text/plain"}),
    ],
)
def test_without_a_handshake_there_is_no_subscription(
    world: World, anna: Client, receiver: Receiver, reply: Reply
) -> None:
    receiver.handshake = reply
    with pytest.raises(AssertionError, match="ValidationError"):
        subscribe(world, anna, receiver)
    assert anna.values("/subscriptions") == []


def test_the_handshake_must_be_plain_text_and_goes_to_both_addresses(
    world: World, anna: Client, receiver: Receiver, tls: ssl.SSLContext
) -> None:
    other = Receiver(handshake=Reply(200, b"x", {"Content-Type": "text/html"}))
    with WebServer(other.answer, tls) as server:
        other.port = server.port
        with pytest.raises(AssertionError, match="ValidationError"):
            subscribe(world, anna, receiver, lifecycleNotificationUrl=other.url)


def test_a_receiver_may_ask_for_something_while_it_is_asked_for_the_token(
    world: World, anna: Client, tls: ssl.SSLContext
) -> None:
    other = world.graph(world.anna)
    inner = Receiver()

    def answer(request: Request) -> Reply:
        other.get("/me/messages")
        other.post("/me/contacts", {"givenName": "Meanwhile"})
        return inner.answer(request)

    with WebServer(answer, tls) as server:
        inner.port = server.port
        subscribe(world, anna, inner)
    assert len(anna.values("/me/contacts")) == 1


def test_an_application_subscribes_to_mailboxes_that_it_may_read(
    world: World, anna: Client, receiver: Receiver
) -> None:
    world.microsoft.directory.consent_as_admin(world.app, world.firm, only=[world.carl])
    client = world.graph()
    subscribe(world, client, receiver, f"users/{world.carl.id}/events")
    with pytest.raises(AssertionError, match="ErrorAccessDenied"):
        subscribe(world, client, receiver, f"users/{world.anna.id}/events")
    assert anna.values("/subscriptions") == [], "each sees its own"
    world.microsoft.elsewhere(world.carl).add_event(
        {"start": {"dateTime": "2026-03-02T09:00:00"}, "end": {"dateTime": "2026-03-02T10:00:00"}}
    )
    world.microsoft.courier.settle()
    assert [one["resourceData"]["@odata.type"] for one in receiver.take()] == ["#Microsoft.Graph.Event"]


def test_a_subscription_hears_of_its_resource_only(world: World, anna: Client, receiver: Receiver) -> None:
    elsewhere = world.microsoft.elsewhere(world.anna)
    book = elsewhere.add_contact_folder("Work")
    subscribe(world, anna, receiver, f"me/contactFolders/{on_behalf(book.id)}/contacts", changeType="created")
    subscribe(world, anna, receiver, "/users/anna@firm.example/mailFolders('archive')/messages")
    elsewhere.deliver(PLAIN)
    elsewhere.add_contact({"givenName": "Default"})
    wanted = elsewhere.add_contact({"givenName": "Work"}, book.id)
    elsewhere.edit_contact(wanted, {"surname": "x"})
    archived = elsewhere.deliver(PLAIN, "archive")
    world.microsoft.elsewhere(world.carl).deliver(PLAIN, "archive")
    world.microsoft.courier.settle()
    assert [one["resourceData"]["id"] for one in receiver.take()] == [wanted.id, archived.id]


def test_ids_are_of_the_format_that_the_subscription_was_made_with(
    world: World, anna: Client, receiver: Receiver
) -> None:
    body = {
        "changeType": "created", "notificationUrl": receiver.url, "resource": "me/messages",
        "expirationDateTime": (world.microsoft.clock.now() + timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    anna.post("/subscriptions", body, headers={"Prefer": ""})
    message = world.microsoft.elsewhere(world.anna).deliver(PLAIN)
    world.microsoft.courier.settle()
    assert [one["resourceData"]["id"] for one in receiver.take()] == [message.moving_id]


def test_lives_are_limited_and_renewed_and_end(world: World, anna: Client, receiver: Receiver) -> None:
    clock, elsewhere = world.microsoft.clock, world.microsoft.elsewhere(world.anna)
    short = (clock.now() + timedelta(minutes=1)).isoformat()
    made = subscribe(world, anna, receiver, expirationDateTime=short)
    assert datetime.fromisoformat(made["expirationDateTime"]) == clock.now() + timedelta(minutes=45)
    path = f"/subscriptions/{made['id']}"
    week = {"expirationDateTime": (clock.now() + timedelta(days=7)).isoformat()}
    longer = {"expirationDateTime": (clock.now() + timedelta(days=7, minutes=1)).isoformat()}
    assert anna.http.patch(path, json=longer).status_code == 400
    anna.patch(path, week)
    assert anna.http.post(f"{path}/reauthorize").status_code == 429, "not right after a renewal"
    clock.advance(days=7, seconds=1)
    elsewhere.deliver(PLAIN)
    world.microsoft.courier.settle()
    assert receiver.take() == []
    assert world.graph(world.anna).http.patch(path, json=week).status_code == 404


def test_what_becomes_of_a_subscription_is_told_where_one_asked_for_it(
    world: World, anna: Client, receiver: Receiver
) -> None:
    subscriptions, elsewhere = world.microsoft.subscriptions, world.microsoft.elsewhere(world.anna)
    made = subscribe(world, anna, receiver, lifecycleNotificationUrl=receiver.url)
    subscriptions.require_reauthorization(made["id"])
    elsewhere.deliver(PLAIN)
    world.microsoft.courier.settle()
    [told] = receiver.take()
    assert (told["lifecycleEvent"], told["clientState"]) == ("reauthorizationRequired", "secret")
    anna.post(f"/subscriptions/{made['id']}/reauthorize", status=204)
    elsewhere.deliver(PLAIN)
    subscriptions.tell_lifecycle(made["id"], "missed")
    subscriptions.lose(made["id"])
    world.microsoft.courier.settle()
    assert [one.get("lifecycleEvent", "change") for one in receiver.take()] == [
        "change",
        "missed",
        "subscriptionRemoved",
    ]
    assert anna.http.get(f"/subscriptions/{made['id']}").status_code == 404


def test_a_notification_is_sent_again_until_it_is_taken(world: World, anna: Client, receiver: Receiver) -> None:
    courier = world.microsoft.courier
    subscribe(world, anna, receiver)
    receiver.status = 503
    world.microsoft.elsewhere(world.anna).deliver(PLAIN)
    courier.settle()
    receiver.status = 202
    assert receiver.items == [] and courier.waiting == 1
    world.microsoft.clock.advance(seconds=10)
    courier.settle()
    assert [one["changeType"] for one in receiver.take()] == ["created"]
    assert [one.status for one in courier.deliveries] == [503, 202]


def test_what_is_never_taken_is_given_up_after_hours(world: World, anna: Client, receiver: Receiver) -> None:
    courier = world.microsoft.courier
    subscribe(world, anna, receiver, lifecycleNotificationUrl=receiver.url)
    receiver.status = 500
    world.microsoft.elsewhere(world.anna).deliver(PLAIN)
    for wait in (*RETRIES, timedelta()):
        courier.settle()
        world.microsoft.clock.advance(seconds=wait.total_seconds())
    courier.settle()
    changes = [one for one in courier.deliveries if "changeType" in one.body["value"][0]]
    assert len(changes) == len(RETRIES) + 1
    assert courier.deliveries[-1].body["value"][0]["lifecycleEvent"] == "missed"


def test_the_way_may_be_disturbed_and_the_seed_says_how(world: World, anna: Client, receiver: Receiver) -> None:
    courier, elsewhere = world.microsoft.courier, world.microsoft.elsewhere(world.anna)
    subscribe(world, anna, receiver)
    courier.disorder = Disorder(seed=3, duplicate=0.4, drop=0.3, reorder=1.0, delay=timedelta(minutes=5))
    sent = [elsewhere.deliver(letter(number)).id for number in range(30)]
    world.microsoft.clock.advance(minutes=5)
    courier.settle()
    told = [one["resourceData"]["id"] for one in receiver.take()]
    assert set(told) < set(sent), "some were dropped"
    assert len(told) > len(set(told)), "some came twice"
    assert told != sorted(told, key=sent.index), "out of order"


# Rich notifications


def _certificate() -> tuple[rsa.RSAPrivateKey, str]:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "notifications")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return key, base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()


def _decrypted(content: dict[str, str], key: rsa.RSAPrivateKey) -> Any:
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303  # as the interface has it
    secret = key.decrypt(base64.b64decode(content["dataKey"]), oaep)
    data = base64.b64decode(content["data"])
    assert hmac.digest(secret, data, hashlib.sha256) == base64.b64decode(content["dataSignature"])
    decryptor = Cipher(algorithms.AES(secret), modes.CBC(secret[:16])).decryptor()
    unpadder = PKCS7(128).unpadder()
    return json.loads(unpadder.update(decryptor.update(data) + decryptor.finalize()) + unpadder.finalize())


def test_a_rich_notification_is_for_the_holder_of_the_key(world: World, anna: Client, receiver: Receiver) -> None:
    key, certificate = _certificate()
    subscribe(
        world, anna, receiver, "me/messages?$select=subject,isRead", includeResourceData=True,
        encryptionCertificate=certificate, encryptionCertificateId="k1",
    )  # fmt: skip
    world.microsoft.elsewhere(world.anna).deliver(PLAIN)
    world.microsoft.courier.settle()
    [told] = receiver.take()
    content = told["encryptedContent"]
    assert content["encryptionCertificateId"] == "k1"
    resource = _decrypted(content, key)
    assert (resource["subject"], resource["isRead"]) == ("Lunch?", False)
    assert "body" not in resource
    public: Any = jwt.PyJWKSet.from_dict(key_set()).keys[0].key
    claims = jwt.decode(receiver.tokens[0], public, algorithms=["RS256"], audience=world.app.id)
    assert (claims["tid"], claims["appid"]) == (world.firm.id, "0bf30f3b-4a52-48df-9a82-234910c4a086")
    assert claims["iss"] == f"https://sts.windows.net/{world.firm.id}/"


def test_a_rich_subscription_lives_for_a_day_and_needs_a_fit_certificate(
    world: World, anna: Client, receiver: Receiver
) -> None:
    _, certificate = _certificate()
    rich: dict[str, Any] = {
        "includeResourceData": True,
        "encryptionCertificate": certificate,
        "encryptionCertificateId": "k1",
    }
    until = (world.microsoft.clock.now() + timedelta(minutes=1441)).isoformat()
    with pytest.raises(AssertionError, match="1440"):
        subscribe(world, anna, receiver, "me/messages?$select=subject", expirationDateTime=until, **rich)
    with pytest.raises(AssertionError, match="select"):
        subscribe(world, anna, receiver, **rich)
    with pytest.raises(AssertionError, match="certificate"):
        subscribe(world, anna, receiver, "me/messages?$select=subject", **rich | {"encryptionCertificate": "YQ=="})


@pytest.mark.parametrize("wrong", ["audience", "issuer", "publisher", "tenant", "expired", "key"])
def test_tokens_may_be_forged_for_receivers_to_notice(
    world: World, anna: Client, receiver: Receiver, wrong: Any
) -> None:
    _, certificate = _certificate()
    subscribe(
        world, anna, receiver, "me/messages?$select=subject", includeResourceData=True,
        encryptionCertificate=certificate, encryptionCertificateId="k1",
    )  # fmt: skip
    world.microsoft.subscriptions.forgery = Forgery(claim=wrong)
    world.microsoft.elsewhere(world.anna).deliver(PLAIN)
    world.microsoft.courier.settle()
    public: Any = jwt.PyJWKSet.from_dict(key_set()).keys[0].key
    issuer, publisher = f"https://sts.windows.net/{world.firm.id}/", "0bf30f3b-4a52-48df-9a82-234910c4a086"
    try:
        claims = jwt.decode(receiver.tokens[0], public, algorithms=["RS256"], audience=world.app.id, issuer=issuer)
    except jwt.InvalidTokenError:
        return
    assert (claims["appid"], claims["tid"]) != (publisher, world.firm.id)


def test_content_and_senders_may_be_forged_too(world: World, anna: Client, receiver: Receiver) -> None:
    key, certificate = _certificate()
    subscribe(
        world, anna, receiver, "me/messages?$select=subject", includeResourceData=True,
        encryptionCertificate=certificate, encryptionCertificateId="k1",
    )  # fmt: skip
    for wrong in (Forgery(content="signature"), Forgery(content="certificate")):
        world.microsoft.subscriptions.forgery = wrong
        world.microsoft.elsewhere(world.anna).deliver(PLAIN)
        world.microsoft.courier.settle()
        with pytest.raises((AssertionError, ValueError)):
            _decrypted(receiver.take()[0]["encryptedContent"], key)
    world.microsoft.subscriptions.forgery = Forgery(client_state="guessed", tenant="another")
    world.microsoft.elsewhere(world.anna).deliver(PLAIN)
    world.microsoft.courier.settle()
    [told] = receiver.take()
    assert (told["clientState"], told["tenantId"]) == ("guessed", "another")


def test_one_act_may_be_told_as_several(world: World, anna: Client, receiver: Receiver) -> None:
    subscribe(world, anna, receiver, changeType="created")
    world.microsoft.courier.disorder = Disorder(echo=1.0)
    world.microsoft.elsewhere(world.anna).deliver(PLAIN)
    world.microsoft.courier.settle()
    assert [one["changeType"] for one in receiver.take()] == ["created", "updated"]


def test_a_copy_that_comes_late_is_told_when_it_comes(world: World, anna: Client, receiver: Receiver) -> None:
    subscribe(world, anna, receiver, "me/mailFolders('sentitems')/messages")
    world.microsoft.behaviour.sent_copy_after = timedelta(minutes=1)
    body = {"message": {"toRecipients": [{"emailAddress": {"address": "x@elsewhere.example"}}]}}
    anna.post("/me/sendMail", body, status=202)
    world.microsoft.courier.settle()
    assert receiver.take() == []
    world.microsoft.clock.advance(minutes=1)
    world.microsoft.courier.settle()
    assert [one["changeType"] for one in receiver.take()] == ["created"]
