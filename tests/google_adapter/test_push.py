"""Notifications: asked for, renewed and ended; true ones known from forged ones."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from apps.providers.adapters import errors
from apps.providers.adapters.google import push
from apps.providers.adapters.google.api import Api
from tests.fakes.google.service import PROJECT
from tests.fakes.web_server import Reply, Request, WebServer
from tests.google_adapter.desk import ANNA, Desk
from tests.google_adapter.mail import letter

TOPIC: Final = f"projects/{PROJECT}/topics/mail"
SUBSCRIPTION: Final = f"projects/{PROJECT}/subscriptions/pmsync"
PUSHER: Final = f"push@{PROJECT}.iam.gserviceaccount.com"
AUDIENCE: Final = "https://pmsync.example/webhooks/google"
SHARED: Final = "known to the channel"


@pytest.fixture
def receiver(desk: Desk) -> Iterator[WebServer]:
    with WebServer(lambda request: Reply(204)) as server:
        desk.google.pubsub.allows_http = desk.google.channels.allows_http = True
        desk.google.pubsub.topic(TOPIC)
        hook = f"http://127.0.0.1:{server.port}/hook"
        desk.google.pubsub.subscribe(SUBSCRIPTION, TOPIC, hook, PUSHER, AUDIENCE)
        yield server


def until(what: Callable[[], object]) -> None:
    end = time.monotonic() + 5
    while not what():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)


def api(desk: Desk, name: str) -> Api:
    made = Api(name, desk.tokens(), **desk.options)
    desk.opened.append(made)
    return made


def claims(desk: Desk, request: Request, now: float | None = None) -> Any:
    keys = push.certificates(desk.http, f"{desk.google.root}/oauth2/v1/certs")
    moment = time.time() if now is None else now
    bearer = request.headers.get("authorization", "")
    return push.verified(bearer, keys, audience=AUDIENCE, account=PUSHER, now=moment)


def pushed(desk: Desk, receiver: WebServer, *wrong: str) -> Request:
    """The push that a new message makes."""
    gmail = api(desk, "gmail")
    watch = push.watch_mail(gmail, TOPIC)
    assert watch.expires == pytest.approx(desk.google.clock.now() + 7 * 86_400, abs=5)
    until(lambda: receiver.requests)
    desk.google.clock.advance(2)
    desk.google.pubsub.forge(*wrong)
    desk.google.elsewhere.deliver(ANNA, letter("News"))
    until(lambda: len(receiver.requests) == 2)
    push.stop_mail(gmail)
    push.stop_mail(gmail)
    return receiver.requests[1]


def issued(request: Request) -> float:
    """When the push was signed, by the clock of whoever signed it."""
    part = request.headers["authorization"].split(".")[1]
    return float(json.loads(base64.urlsafe_b64decode(part + "=="))["iat"])


def test_a_push_is_known_and_names_the_mailbox(desk: Desk, receiver: WebServer) -> None:
    request = pushed(desk, receiver)
    assert claims(desk, request, issued(request))["email"] == PUSHER
    told = push.poke(request.body, SUBSCRIPTION)
    assert (told.address, told.history) == (ANNA, str(desk.google.gmail.mailboxes[ANNA].history_id))
    for body, subscription in ((request.body, "projects/p/subscriptions/other"), (b"{", SUBSCRIPTION)):
        with pytest.raises(errors.Rejected):
            push.poke(body, subscription)
    for moment in (issued(request) - 120, issued(request) + 7200):
        with pytest.raises(errors.Rejected):
            claims(desk, request, moment)


@pytest.mark.parametrize(
    "wrong", ["audience", "email", "unverified", "expired", "unsigned", "other key", "issuer", "no token"]
)
def test_a_forged_push_is_refused(desk: Desk, receiver: WebServer, wrong: str) -> None:
    request = pushed(desk, receiver, wrong)
    now = time.time() if wrong in ("expired", "no token") else issued(request)
    with pytest.raises((errors.Rejected, errors.NotFound)):
        claims(desk, request, now)


def test_a_topic_that_gmail_may_not_publish_to_is_told(desk: Desk) -> None:
    desk.google.pubsub.topic(TOPIC, gmail_may_publish=False)
    with pytest.raises((errors.PermissionMissing, errors.Rejected)):
        push.watch_mail(api(desk, "gmail"), TOPIC)


def test_a_channel_tells_of_a_calendar_until_it_is_stopped(desk: Desk, receiver: WebServer) -> None:
    calendar = api(desk, "calendar")
    channel = push.watch_calendar(calendar, ANNA, "channel-1", f"http://127.0.0.1:{receiver.port}/hook", SHARED)
    assert channel.expires > desk.google.clock.now()
    assert SHARED not in repr(channel)
    until(lambda: receiver.requests)
    headers = {name.lower(): value for name, value in receiver.requests[0].headers.items()}
    first = push.notice(headers, channel)
    assert (first.state, first.number) == ("sync", 1)
    assert push.expiration(headers) == pytest.approx(channel.expires, abs=2)
    with pytest.raises(errors.Rejected):
        push.notice(headers | {"x-goog-channel-token": "guessed"}, channel)
    with pytest.raises(errors.Rejected):
        push.notice(headers | {"x-goog-resource-id": "another"}, channel)
    push.stop_channel(calendar, channel)
    push.stop_channel(calendar, channel)
    with pytest.raises(errors.NotFound):
        push.watch_calendar(calendar, "gone@firm.example", "channel-2", "http://127.0.0.1:1/", SHARED)
