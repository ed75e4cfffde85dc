"""Notifications: Pub/Sub pushed with a signed token or pulled, channels of Calendar, and ways that are not reliable."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import google.auth.transport.requests
import pytest
from google.auth import exceptions
from google.oauth2 import id_token

from tests.fakes.google import Chaos
from tests.fakes.google.service import PROJECT
from tests.fakes.web_server import Reply, Request, WebServer
from tests.google_fake.desk import ANNA, AUTH, Desk, Json, refused
from tests.google_fake.test_calendar import MEETING
from tests.google_fake.test_gmail import RAW

TOPIC: Final = f"projects/{PROJECT}/topics/mail"
SUBSCRIPTION: Final = f"projects/{PROJECT}/subscriptions/pmsync"
PUSHER: Final = f"push@{PROJECT}.iam.gserviceaccount.com"
AUDIENCE: Final = "https://pmsync.example/webhooks/google"


@dataclass
class Receiver:
    """A webhook that answers what a test wants."""

    server: WebServer
    replies: list[Reply] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}/hook"

    @property
    def requests(self) -> list[Request]:
        return self.server.requests


@pytest.fixture
def receiver(desk: Desk) -> Iterator[Receiver]:
    replies: list[Reply] = []
    with WebServer(lambda request: replies.pop(0) if replies else Reply(204)) as server:
        desk.google.pubsub.allows_http = desk.google.channels.allows_http = True
        yield Receiver(server, replies)


def until(what: Callable[[], object]) -> None:
    end = time.monotonic() + 5
    while not what():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)


def watched(desk: Desk, receiver: Receiver, **body: Any) -> Any:
    """Anna's mailbox is watched, and the first notification has arrived."""
    desk.google.pubsub.topic(TOPIC)
    desk.google.pubsub.subscribe(SUBSCRIPTION, TOPIC, receiver.url, PUSHER, AUDIENCE)
    users = desk.service("gmail").users()
    told = users.watch(userId="me", body={"topicName": TOPIC} | body).execute()
    assert int(told["expiration"]) == pytest.approx((desk.google.clock.now() + 7 * 86_400) * 1000, abs=5000)
    until(lambda: receiver.requests)
    desk.google.clock.advance(2)
    return users


def read(request: Request) -> Json:
    """What a push says."""
    body = json.loads(request.body)
    assert body["subscription"] == SUBSCRIPTION
    return json.loads(base64.b64decode(body["message"]["data"]))  # type: ignore[no-any-return]


def verified(desk: Desk, request: Request) -> Json:
    """The claims of the token of a push, checked by google-auth."""
    token = request.headers["authorization"].removeprefix("Bearer ")
    fetch = google.auth.transport.requests.Request()
    certs = f"{desk.google.root}/oauth2/v1/certs"
    # Without a word on skew google-auth allows none, and a token of the next second is refused.
    return dict(id_token.verify_token(token, fetch, AUDIENCE, certs_url=certs, clock_skew_in_seconds=60))


def test_a_push_is_signed_and_names_the_mailbox(desk: Desk, receiver: Receiver) -> None:
    watched(desk, receiver)
    desk.google.elsewhere.deliver(ANNA, RAW)
    until(lambda: len(receiver.requests) == 2)
    claims = verified(desk, receiver.requests[1])
    assert (claims["iss"], claims["email"], claims["email_verified"]) == ("https://accounts.google.com", PUSHER, True)
    mailbox = desk.google.gmail.mailboxes[ANNA]
    assert read(receiver.requests[1]) == {"emailAddress": ANNA, "historyId": mailbox.history_id}


@pytest.mark.parametrize("wrong", ["audience", "expired", "unsigned", "other key"])
def test_forged_pushes_do_not_pass_google_auth(desk: Desk, receiver: Receiver, wrong: str) -> None:
    watched(desk, receiver)
    desk.google.pubsub.forge(wrong)
    desk.google.elsewhere.deliver(ANNA, RAW)
    until(lambda: len(receiver.requests) == 2)
    with pytest.raises((ValueError, exceptions.GoogleAuthError)):
        verified(desk, receiver.requests[1])


@pytest.mark.parametrize(
    ("wrong", "claim", "value"),
    [
        ("email", "email", PUSHER),
        ("unverified", "email_verified", True),
        ("issuer", "iss", "https://accounts.google.com"),
    ],
)
def test_forged_pushes_that_pass_google_auth_and_must_be_looked_at(
    desk: Desk, receiver: Receiver, wrong: str, claim: str, value: object
) -> None:
    watched(desk, receiver)
    desk.google.pubsub.forge(wrong)
    desk.google.elsewhere.deliver(ANNA, RAW)
    until(lambda: len(receiver.requests) == 2)
    assert verified(desk, receiver.requests[1])[claim] != value


def test_a_push_that_is_not_taken_comes_again(desk: Desk, receiver: Receiver) -> None:
    watched(desk, receiver)
    receiver.replies += [Reply(500), Reply(302, headers={"Location": "https://elsewhere.example/"})]
    desk.google.elsewhere.deliver(ANNA, RAW)
    until(lambda: len(receiver.requests) == 4)
    assert len({request.body for request in receiver.requests[1:]}) == 1
    until(lambda: not desk.google.pubsub.subscriptions[SUBSCRIPTION].messages)


def test_more_than_one_push_a_second_is_dropped_and_a_filter_is_kept(desk: Desk, receiver: Receiver) -> None:
    users = watched(desk, receiver, labelIds=["STARRED"], labelFilterBehavior="include")
    stored = desk.google.elsewhere.deliver(ANNA, RAW)
    desk.google.elsewhere.relabel(ANNA, stored.id, ["STARRED"])
    desk.google.elsewhere.relabel(ANNA, stored.id, (), ["STARRED"])
    until(lambda: len(receiver.requests) == 2)
    assert desk.google.gmail.dropped_pushes == 1
    users.stop(userId="me").execute()
    desk.google.clock.advance(2)
    desk.google.elsewhere.relabel(ANNA, stored.id, ["STARRED"])
    desk.google.courier.settle()
    assert len(receiver.requests) == 2


def test_a_watch_ends_after_seven_days(desk: Desk, receiver: Receiver) -> None:
    watched(desk, receiver)
    desk.google.clock.advance(7 * 86_400)
    desk.google.elsewhere.deliver(ANNA, RAW)
    desk.google.courier.settle()
    assert len(receiver.requests) == 1


def test_watches_that_are_refused(desk: Desk) -> None:
    users = desk.service("gmail").users()
    desk.google.pubsub.topic("projects/other/topics/mail")
    with refused(400, "invalidArgument"):
        users.watch(userId="me", body={"topicName": "projects/other/topics/mail"}).execute()
    with refused(404, "notFound"):
        users.watch(userId="me", body={"topicName": TOPIC}).execute()
    desk.google.pubsub.topic(TOPIC, gmail_may_publish=False)
    with refused(403, "forbidden") as told:
        users.watch(userId="me", body={"topicName": TOPIC}).execute()
    assert "User not authorized to perform this action" in told[0]["message"]


def test_pushes_doubled_and_lost_by_seed(desk: Desk, receiver: Receiver) -> None:
    watched(desk, receiver)
    desk.google.gmail.pushes_per_second = 0
    desk.google.courier.misbehave(Chaos(seed=3, duplicate=0.4, drop=0.3, reorder=0.3))
    for _ in range(20):
        desk.google.elsewhere.deliver(ANNA, RAW)
    desk.google.courier.settle()
    told = [read(request)["historyId"] for request in receiver.requests[1:]]
    assert desk.google.courier.dropped and len(set(told)) == 20 - desk.google.courier.dropped
    assert len(told) > len(set(told)) and told != sorted(told)


def test_a_subscription_is_made_granted_pulled_and_acknowledged(desk: Desk) -> None:
    projects = desk.service("pubsub").projects()
    topics, subscriptions = projects.topics(), projects.subscriptions()
    topics.create(name=TOPIC, body={}).execute()
    member = "serviceAccount:gmail-api-push@system.gserviceaccount.com"
    policy = {"bindings": [{"role": "roles/pubsub.publisher", "members": [member]}]}
    topics.setIamPolicy(resource=TOPIC, body={"policy": policy}).execute()
    assert topics.getIamPolicy(resource=TOPIC).execute()["bindings"][0]["members"] == [member]
    assert topics.get(topic=TOPIC).execute() == {"name": TOPIC}
    made = subscriptions.create(name=SUBSCRIPTION, body={"topic": TOPIC, "ackDeadlineSeconds": 20}).execute()
    assert subscriptions.get(subscription=SUBSCRIPTION).execute() == made
    assert subscriptions.list(project=f"projects/{PROJECT}").execute()["subscriptions"] == [made]
    desk.service("gmail").users().watch(userId="me", body={"topicName": TOPIC}).execute()
    pulled = subscriptions.pull(subscription=SUBSCRIPTION, body={"maxMessages": 5}).execute()["receivedMessages"]
    assert json.loads(base64.b64decode(pulled[0]["message"]["data"]))["emailAddress"] == ANNA
    assert subscriptions.pull(subscription=SUBSCRIPTION, body={"maxMessages": 5}).execute() == {}
    desk.google.clock.advance(21)
    again = subscriptions.pull(subscription=SUBSCRIPTION, body={"maxMessages": 5}).execute()["receivedMessages"]
    assert again[0]["message"] == pulled[0]["message"] and again[0]["ackId"] != pulled[0]["ackId"]
    acks = {"ackIds": [again[0]["ackId"]]}
    subscriptions.modifyAckDeadline(subscription=SUBSCRIPTION, body=acks | {"ackDeadlineSeconds": 60}).execute()
    desk.google.clock.advance(30)
    subscriptions.acknowledge(subscription=SUBSCRIPTION, body=acks).execute()
    desk.google.clock.advance(60)
    assert subscriptions.pull(subscription=SUBSCRIPTION, body={"maxMessages": 5}).execute() == {}
    topics.publish(topic=TOPIC, body={"messages": [{"data": "eA=="}]}).execute()
    with refused(400, "INVALID_ARGUMENT"):
        topics.publish(topic=TOPIC, body={"messages": [{}]}).execute()
    with refused(409, "ALREADY_EXISTS"):
        subscriptions.create(name=SUBSCRIPTION, body={"topic": TOPIC}).execute()
    with refused(400, "INVALID_ARGUMENT"):
        http = {"pushConfig": {"pushEndpoint": "http://pmsync.example/"}}
        subscriptions.modifyPushConfig(subscription=SUBSCRIPTION, body=http).execute()
    with refused(403, "PERMISSION_DENIED"):
        topics.get(topic="projects/other/topics/mail").execute()
    push = {"pushConfig": {"pushEndpoint": AUDIENCE, "oidcToken": {"serviceAccountEmail": PUSHER}}}
    subscriptions.modifyPushConfig(subscription=SUBSCRIPTION, body=push).execute()
    with refused(400, "FAILED_PRECONDITION"):
        subscriptions.pull(subscription=SUBSCRIPTION, body={"maxMessages": 5}).execute()
    subscriptions.delete(subscription=SUBSCRIPTION).execute()
    topics.delete(topic=TOPIC).execute()
    with refused(404, "NOT_FOUND"):
        topics.get(topic=TOPIC).execute()


# Calendar

CHANNEL: Final = {"id": "0b5c6a1e-channel", "type": "web_hook", "token": "account=1", "address": "https://x.example/"}


def test_a_channel_begins_with_sync_and_then_says_only_that_something_changed(desk: Desk, receiver: Receiver) -> None:
    service = desk.service("calendar")
    made = service.events().watch(calendarId="primary", body=CHANNEL | {"address": receiver.url}).execute()
    until(lambda: receiver.requests)
    desk.google.elsewhere.add_event(ANNA, MEETING)
    until(lambda: len(receiver.requests) == 2)
    first, second = (request.headers for request in receiver.requests)
    assert [request.body for request in receiver.requests] == [b"", b""]
    assert (first["x-goog-resource-state"], second["x-goog-resource-state"]) == ("sync", "exists")
    assert first["x-goog-message-number"] == "1" and int(second["x-goog-message-number"]) > 1
    assert second["x-goog-channel-token"] == "account=1" and second["x-goog-resource-id"] == made["resourceId"]
    receiver.replies += [Reply(503), Reply(404)]
    desk.google.elsewhere.add_event(ANNA, MEETING)
    until(lambda: len(receiver.requests) == 4)
    desk.google.courier.settle()
    service.channels().stop(body={"id": made["id"], "resourceId": made["resourceId"]}).execute()
    desk.google.elsewhere.add_event(ANNA, MEETING)
    desk.google.courier.settle()
    assert len(receiver.requests) == 4, "404 is final, and so is a stop"
    with refused(404, "notFound"):
        service.channels().stop(body={"id": made["id"], "resourceId": made["resourceId"]}).execute()


def test_a_channel_ends_by_itself(desk: Desk, receiver: Receiver) -> None:
    service = desk.service("calendar")
    made = service.calendarList().watch(body=CHANNEL | {"address": receiver.url}).execute()
    assert int(made["expiration"]) == pytest.approx((desk.google.clock.now() + 7 * 86_400) * 1000, abs=5000)
    until(lambda: receiver.requests)
    service.settings().watch(body=CHANNEL | {"address": receiver.url, "id": "settings"}).execute()
    until(lambda: len(receiver.requests) == 2)
    desk.google.clock.advance(7 * 86_400 + 1)
    desk.google.elsewhere.call(ANNA, "calendar.calendars.insert", {"summary": "New"})
    desk.google.courier.settle()
    assert len(receiver.requests) == 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"address": "http://x.example/"}, "push.webhookUrlNotHttps"),
        ({"type": "carrier_pigeon"}, "channelUnknown"),
        ({"id": "x" * 65}, "invalid"),
        ({"id": "a b"}, "invalid"),
        ({"token": "x" * 257}, "invalid"),
        ({"expiration": "1000"}, "invalid"),
        ({"address": None}, "required"),
    ],
)
def test_channels_that_are_refused(desk: Desk, change: Json, reason: str) -> None:
    body = {key: value for key, value in (CHANNEL | change).items() if value is not None}
    with refused(400, reason):
        desk.service("calendar").events().watch(calendarId="primary", body=body).execute()


def test_a_channels_id_is_never_used_twice_and_some_calendars_have_none(desk: Desk, receiver: Receiver) -> None:
    events = desk.service("calendar").events()
    body = CHANNEL | {"address": receiver.url}
    events.watch(calendarId="primary", body=body).execute()
    with refused(400, "channelIdNotUnique"):
        events.watch(calendarId="primary", body=body).execute()
    desk.google.agenda.calendars[ANNA].pushes = False
    with refused(400, "pushNotSupportedForRequestedResource"):
        events.watch(calendarId="primary", body=body | {"id": "other"}).execute()
    narrow = desk.service("calendar", scopes=(f"{AUTH}calendar.calendarlist.readonly",))
    with refused(403, "insufficientPermissions"):
        narrow.events().watch(calendarId="primary", body=body | {"id": "third"}).execute()
