"""The webhooks: who is believed, what a stranger learns (nothing), and what providers say of their subscriptions."""

import json
import uuid
from typing import Any, Final

import pytest
from django.test import Client
from django.utils.timezone import now

from apps.core.redis import client as redis_client
from apps.providers import clouds, connections
from apps.providers.models import ProviderAccount
from apps.providers.push import rings, routes, upkeep
from apps.providers.push.api import ADDRESS, BODY_MOST
from apps.providers.push.models import PushRoute
from tests.fakes.google.pubsub.broker import FORGERIES
from tests.fakes.microsoft.rich import Forgery
from tests.providers.clouds import Wizard
from tests.push.desk import Desk, change
from tests.tenants.fixtures import Cast, Make

GRAPH: Final = "/api/webhooks/microsoft-graph"
GMAIL: Final = "/api/webhooks/gmail-pubsub"
CALENDAR: Final = "/api/webhooks/google-calendar"
EVERY: Final = (GRAPH, GMAIL, CALENDAR)


def wanted(desk: Desk) -> list[str]:
    """The surfaces that a sync is asked for of."""
    return [surface for surface in desk.surfaces if desk.target(surface).wanted_at is not None]


def post(make: Make, path: str, body: Any = b"", **headers: str) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Client(REMOTE_ADDR=make.address()).post(
        path, content, content_type="application/json",
        headers={name.replace("_", "-"): text for name, text in headers.items()},
    )  # fmt: skip


# ---------------------------------------------------------------------- the hand-shake


@pytest.mark.parametrize("path", [GRAPH, GRAPH.replace("/api/", "/api/v1/")])
@pytest.mark.parametrize("token", ["Validation: 100% + <script>alert(1)</script>", "ciò è vero"])
def test_the_handshake_says_the_token_back_as_plain_text(make: Make, path: str, token: str) -> None:
    answer = Client(REMOTE_ADDR=make.address()).post(
        f"{path}", b"", content_type="text/plain", query_params={"validationToken": token}
    )
    assert (answer.status_code, answer.content.decode()) == (200, token)
    assert answer["Content-Type"].startswith("text/plain")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert not answer.cookies


@pytest.mark.parametrize("token", ["", "x" * 3000, "a\r\nSet-Cookie: b=c"])
def test_what_could_do_harm_is_not_said_back(make: Make, token: str) -> None:
    answer = Client(REMOTE_ADDR=make.address()).post(GRAPH, query_params={"validationToken": token})
    assert (answer.status_code, answer.content) == (400, b"")


# ---------------------------------------------------------------------- who is believed


def test_forged_pushes_ring_nowhere(at_google: Desk) -> None:
    for wrong in FORGERIES:
        at_google.google.pubsub.forge(wrong)
        before = len(at_google.front.statuses)
        there = change(at_google, "mail", "Forged")
        at_google.arrived()
        assert wanted(at_google) == [], wrong
        # What Google itself signed for another subscription is taken; all else gets one answer, whatever is wrong.
        assert at_google.front.statuses[before] == (204 if wrong == "subscription" else 401), wrong
        assert not there()
        # The fake sends again what was refused, signed well; that is no part of this.
        at_google.google.courier._parcels.clear()


def test_a_push_signed_by_a_newer_key_is_believed_when_it_comes_again(at_google: Desk, make: Make) -> None:
    keys: Any = at_google.google.keys
    redis_client().delete("pmsync:push:certificates")
    there = change(at_google, "mail", "New key")
    at_google.arrived()
    assert at_google.front.statuses[-1] == 401
    assert at_google.queue.names() == ["push.prepare"]
    before = len(at_google.google.journal.of("oauth.certs"))
    # However many strangers make up keys, Google is asked once.
    for _ in range(5):
        made_up = keys.foreign.signed({"aud": "x"}, "RS256")
        assert (
            Client()
            .post(GMAIL, b"{}", content_type="application/json", headers={"Authorization": f"Bearer {made_up}"})
            .status_code
            == 401
        )
    assert at_google.queue.names() == ["push.prepare"]
    at_google.queue.work()
    assert len(at_google.google.journal.of("oauth.certs")) == before + 1
    posted = [one for one in at_google.google.courier.attempts if GMAIL in one.url][-1]
    answer = Client().post(
        GMAIL, posted.body, content_type="application/json", headers={"Authorization": posted.headers["Authorization"]}
    )
    assert answer.status_code == 204
    at_google.queue.work()
    assert there()


def test_forged_notifications_of_graph_ring_nowhere(at_microsoft: Desk) -> None:
    desk, tenant = at_microsoft, str(uuid.uuid4())
    for forgery in (Forgery(client_state="guessed"), Forgery(client_state=""), Forgery(tenant=tenant)):
        desk.microsoft.subscriptions.forgery = forgery
        for surface in desk.surfaces:
            change(desk, surface, "Forged")
        desk.arrived()
        assert wanted(desk) == [], forgery
        assert desk.front.statuses[-1] == 202
        desk.microsoft.subscriptions.tell_lifecycle(desk.route("mail").remote_id, "subscriptionRemoved")
        desk.arrived()
        assert desk.route("mail").remote_id
        assert desk.queue.names() == []


def test_in_a_mixed_batch_each_is_judged_by_itself(at_microsoft: Desk, make: Make) -> None:
    mail, calendar = at_microsoft.route("mail"), at_microsoft.route("calendar")
    tenant = next(iter(at_microsoft.microsoft.subscriptions.active())).access.tenant.id
    said = {"tenantId": tenant, "changeType": "created", "resource": "x"}
    right, other = routes.secret_of(mail.pk), routes.secret_of(calendar.pk)
    value = [
        said | {"subscriptionId": mail.remote_id, "clientState": other},
        said | {"subscriptionId": calendar.remote_id, "clientState": "of somebody else"},
        said | {"subscriptionId": calendar.remote_id, "clientState": other, "tenantId": str(uuid.uuid4())},
        said | {"subscriptionId": mail.remote_id, "clientState": right},
        7, {}, {"subscriptionId": []},
    ]  # fmt: skip
    assert post(make, GRAPH, {"value": value[:3]}).status_code == 202
    assert wanted(at_microsoft) == []
    assert post(make, GRAPH.replace("/api/", "/api/v1/"), {"value": value}).status_code == 202
    assert wanted(at_microsoft) == ["mail"]
    # A stranger learns nothing: what is known and what is not are answered alike.
    answers = []
    for subscription in (mail.remote_id, str(uuid.uuid4())):
        answer = post(make, GRAPH, {"value": [said | {"subscriptionId": subscription, "clientState": "guessed"}]})
        answers.append((answer.status_code, answer.content, sorted(answer.headers)))
    assert answers[0] == answers[1]


def channel_headers(desk: Desk, **other: str) -> dict[str, str]:
    route = desk.route("calendar")
    told = {
        "X_Goog_Channel_ID": route.remote_id, "X_Goog_Resource_ID": route.resource_id,
        "X_Goog_Channel_Token": routes.secret_of(route.pk), "X_Goog_Message_Number": "999",
        "X_Goog_Resource_State": "exists",
    }  # fmt: skip
    return told | other


FORGED: Final = (
    {"X_Goog_Channel_Token": "guessed"},
    {"X_Goog_Channel_Token": ""},
    {"X_Goog_Channel_Token": "x" * 5000},
    {"X_Goog_Channel_ID": "another"},
    {"X_Goog_Resource_ID": "another"},
    {"X_Goog_Message_Number": ""},
)


def test_forged_notifications_of_a_channel_ring_nowhere(at_google: Desk, make: Make) -> None:
    for wrong in FORGED:
        assert post(make, CALENDAR, **channel_headers(at_google, **wrong)).status_code == 204
        assert wanted(at_google) == [], wrong
    assert post(make, CALENDAR, **channel_headers(at_google)).status_code == 204
    assert wanted(at_google) == ["calendar"]


@pytest.mark.parametrize("path", EVERY)
def test_nonsense_is_answered_like_anything_else(make: Make, path: str) -> None:
    for body in (b"", b"{", b"[]", b"\xff\xfe", b'{"value": 7}', b'{"message": 7}', b"[" * 5000):
        assert post(make, path, body).status_code in (202, 204, 401)
        assert post(make, path.replace("/api/", "/api/v1/"), body).status_code in (202, 204, 401)


@pytest.mark.parametrize("path", EVERY)
def test_too_much_is_not_read(make: Make, path: str) -> None:
    assert post(make, path, b"x" * (BODY_MOST + 1)).status_code == 413
    assert Client(REMOTE_ADDR=make.address()).get(path).status_code == 405


def test_an_address_that_calls_without_end_is_put_off(make: Make) -> None:
    client = Client(REMOTE_ADDR=make.address())
    statuses = [client.post(CALENDAR).status_code for _ in range(3)]
    assert statuses == [204, 204, 204]
    bucket = upkeep_bucket(client)
    redis_client().set(bucket, str(10**18))
    answer = client.post(CALENDAR)
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0


def upkeep_bucket(client: Client) -> str:
    from apps.users.limits import Bucket

    return Bucket(ADDRESS, str(client.defaults["REMOTE_ADDR"])).key


def test_a_route_that_rings_without_end_is_answered_once_behind_the_storm(at_google: Desk, make: Make) -> None:
    rang = []
    for number in range(rings.ROUTE.burst + 20):
        post(make, CALENDAR, **channel_headers(at_google, X_Goog_Message_Number=str(10_000 + number)))
        rang.append(at_google.queue.names().count("push.ring"))
    assert rang[-1] == 1
    names = at_google.queue.work(later=False)
    assert names.count("sync.run") == 1
    assert at_google.queue.names() == ["push.ring"]
    assert "sync.run" in at_google.queue.work()


# ---------------------------------------------------------------------- what becomes of subscriptions


def test_a_subscription_that_asks_for_it_is_renewed(at_microsoft: Desk) -> None:
    route = at_microsoft.route("mail")
    subscriptions = at_microsoft.microsoft.subscriptions
    subscriptions.require_reauthorization(route.remote_id)
    change(at_microsoft, "mail", "Unheard")
    at_microsoft.arrived()
    assert at_microsoft.queue.names() == ["push.keep"]
    at_microsoft.quiet()
    assert not subscriptions.all[route.remote_id].paused
    there = change(at_microsoft, "mail", "Heard")
    at_microsoft.told()
    assert there()
    # What Graph could not deliver is looked for.
    subscriptions.tell_lifecycle(route.remote_id, "missed")
    at_microsoft.arrived()
    assert wanted(at_microsoft) == ["mail"]


def test_a_subscription_that_was_removed_is_made_anew_and_what_was_missed_is_looked_for(at_microsoft: Desk) -> None:
    for surface in at_microsoft.surfaces:
        old = at_microsoft.route(surface).remote_id
        at_microsoft.microsoft.subscriptions.lose(old)
        there = change(at_microsoft, surface, "Unheard")
        at_microsoft.arrived()
        assert at_microsoft.target(surface).push_until is None
        at_microsoft.queue.work()
        assert there()
        assert at_microsoft.route(surface).remote_id not in ("", old)
        assert at_microsoft.target(surface).push_until is not None
    assert at_microsoft.held() == ["calendar", "contacts", "mail"]


def test_one_that_went_silently_and_one_that_nobody_knows_are_found_by_the_daily_look(at_microsoft: Desk) -> None:
    desk = at_microsoft
    lost, orphan = desk.route("mail"), desk.route("contacts")
    desk.microsoft.subscriptions.lose(lost.remote_id, told=False)
    PushRoute.objects.filter(pk=orphan.pk).update(remote_id=str(uuid.uuid4()))
    PushRoute.objects.update(compared_at=None, queued_at=None)
    upkeep.tick()
    desk.queue.work()
    desk.quiet()
    assert desk.held() == ["calendar", "contacts", "mail"]
    for surface in desk.surfaces:
        there = change(desk, surface, "Heard")
        desk.told()
        assert there(), surface


def test_an_account_that_two_people_connected_keeps_the_subscriptions_of_both(
    at_microsoft: Desk, make: Make, cast: Cast
) -> None:
    desk = at_microsoft
    second = ProviderAccount.objects.get(pk=Wizard(make, cast.member, desk.side).connect()["connected"])
    desk.quiet()
    ours = sorted([*desk.surfaces, *desk.surfaces])
    assert desk.held() == ours
    PushRoute.objects.update(compared_at=None, queued_at=None)
    assert upkeep.tick() >= 2
    desk.quiet()
    assert desk.held() == ours
    connections.drop(second)


def test_a_provider_that_refuses_a_second_subscription_takes_ours(at_microsoft: Desk) -> None:
    desk = at_microsoft
    desk.microsoft.graph.behaviour.repeated_subscription = "conflict"
    PushRoute.objects.filter(pk=desk.route("mail").pk).update(doubted_at=now())
    desk.due(surface="mail")
    desk.quiet()
    # An answer that was lost: the provider has one that we do not know of.
    PushRoute.objects.filter(pk=desk.route("mail").pk).update(remote_id="", subscribed_at=None, expires_at=None)
    desk.due(surface="mail")
    desk.quiet()
    assert desk.held() == ["calendar", "contacts", "mail"]
    assert desk.target("mail").push_until is not None


# ---------------------------------------------------------------------- calendars


def listed(desk: Desk) -> int:
    return sum(1 for row in desk.routes("calendar") if row.part)


def test_calendars_that_come_and_go_are_watched_and_no_longer(at_google: Desk) -> None:
    desk = at_google
    assert desk.held() == ["calendar", "list", "mail"]
    made = desk.google.elsewhere.call("anna@firm.example", "calendar.calendars.insert", {"summary": "Team"})
    desk.quiet()
    assert desk.held() == ["calendar", "calendar", "list", "mail"]
    desk.google.elsewhere.call("anna@firm.example", "calendar.calendars.delete", calendarId=made["id"])
    desk.quiet()
    desk.due()
    desk.quiet()
    assert listed(desk) == 1


def test_a_calendar_that_tells_nobody_is_left_to_the_safety_net(at_google: Desk) -> None:
    desk = at_google
    made = desk.google.elsewhere.call("anna@firm.example", "calendar.calendars.insert", {"summary": "Holidays"})
    desk.google.agenda.calendars[made["id"]].pushes = False
    PushRoute.objects.update(compared_at=None)
    desk.due()
    desk.quiet()
    codes = {row.error_code for row in desk.routes("calendar")}
    assert codes == {"", rings.UNSUPPORTED}
    refused = next(row for row in desk.routes("calendar") if row.error_code)
    assert refused.due_at is not None and (refused.due_at - now()).total_seconds() > 1800
    assert desk.target("calendar").push_until is not None


# ---------------------------------------------------------------------- without Redis, unregistered


@pytest.mark.parametrize("path", EVERY)
def test_webhooks_of_providers_that_are_not_configured_answer_alike(make: Make, path: str) -> None:
    assert clouds.configured() == {}
    assert post(make, path, {"value": []}).status_code in (202, 204, 401)
