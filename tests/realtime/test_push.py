"""Web Push: who is told what while no page of ours is open, in a real push service's terms."""

import functools
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from apps.core import net
from apps.core.clock import now
from apps.providers import posting, sharing
from apps.providers.models import AccountAccess
from apps.realtime import journal, tasks
from apps.realtime.models import PushSubscription
from apps.realtime.push import carrier, delivery, encryption, endpoints, subscriptions, vapid
from apps.realtime.push.carrier import Answer
from apps.realtime.push.delivery import Verdict
from apps.realtime.push.encryption import ClientKeys
from apps.realtime.push.notices import Words
from apps.tenants import context
from apps.users import people, sessions
from apps.users.members import Member
from apps.users.models import Session
from pmsync.env import MasterKey
from tests.fakes.certificates import Authority
from tests.fakes.push_service import Browser, PushService, point, unbase64
from tests.fakes.web_server import Reply
from tests.mail import fixtures
from tests.mail.fixtures import Box, eml, record
from tests.tenants.fixtures import Cast, Make

ANSWER = "/api/v1/push/subscriptions"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def service(authority: Authority) -> Iterator[PushService]:
    """A push service whose authority our side trusts for the test."""
    carrier.register(functools.partial(posting.post, trust=authority.client))
    with PushService(authority.server()) as running:
        yield running
    carrier.register(posting.post)
    assert running.complaints == []


@pytest.fixture
def workers() -> Iterator[None]:
    """Tasks run at once, in the thread that enqueues them; what is to be tried again is tried at once."""
    before = current_app.conf.task_always_eager
    current_app.conf.task_always_eager = True
    yield
    current_app.conf.task_always_eager = before


@pytest.fixture
def inbox(cast: Cast) -> Iterator[Box]:
    with cast.inside(), fixtures.box(cast.owner) as made:
        yield made


class Devices:
    """Browsers of people who asked to be notified."""

    def __init__(self, make: Make, service: PushService) -> None:
        self._make, self._service = make, service

    def of(self, member: Member, language: str = "en") -> Browser:
        """A browser that has subscribed over HTTP, in a session of its own."""
        client = self._make.client(member)
        browser = self._service.browser(client.get("/api/v1/push").json()["key"])
        answer = client.post(ANSWER, browser.subscription | {"language": language, "key": browser.key}, format="json")
        assert answer.status_code == 204, answer.content
        return browser


@pytest.fixture
def devices(make: Make, service: PushService, workers: None) -> Devices:
    return Devices(make, service)


def held(member: Member) -> list[PushSubscription]:
    with context.open(member.tenant):
        return list(PushSubscription.objects.filter(user_id=member.user_id))


# What is said, and to whom


def test_new_mail_is_told_to_the_device_in_its_language(devices: Devices, cast: Cast, inbox: Box) -> None:
    english, italian = devices.of(cast.owner), devices.of(cast.owner, "it")
    inbox.arrive(record(1, eml(1, "Offer")))
    message = inbox.rows()[0]
    url = f"/mail/{inbox.box().pk}/{message['id']}"
    assert [(note["title"], note["body"], note["url"]) for note in english.shown] == [
        ("New mail from Bob", "Offer", url)
    ]
    assert [(note["title"], note["body"]) for note in italian.shown] == [("Nuova posta da Bob", "Offer")]
    assert held(cast.owner)[0].last_ok_at is not None


def test_who_was_given_access_is_told_and_nobody_else(devices: Devices, cast: Cast) -> None:
    reader, other, outside = devices.of(cast.member), devices.of(cast.owner), devices.of(cast.outsider)
    with cast.inside(), fixtures.box(cast.owner) as inbox:
        inbox.arrive(record(1, eml(1)))
        sharing.let_in(cast.owner, inbox.account, cast.member.user_id, AccountAccess.Role.READER)
        inbox.arrive(record(2, eml(2, "Second")))
    assert [note["body"] for note in reader.shown] == ["Second"]
    assert [note["body"] for note in other.shown] == ["Offer", "Second"]
    assert outside.shown == []


def test_another_company_is_told_its_own_mail_only(devices: Devices, make: Make) -> None:
    cast = make.tenant()
    seen = {}
    for who in cast.everywhere():
        seen[who.tenant.pk] = devices.of(who)
    for who in cast.everywhere():
        with fixtures.box(who) as box:
            box.arrive(record(1, eml(1, f"For {who.tenant.slug}")))
    assert [note["body"] for note in seen[cast.tenant.pk].shown] == [f"For {cast.tenant.slug}"]
    assert [note["body"] for note in seen[cast.neighbour.pk].shown] == [f"For {cast.neighbour.slug}"]


@pytest.mark.parametrize(
    ("flags", "mailbox", "sender"),
    [(["\\Seen"], "INBOX", "b@x.example"), ([], "Work", "b@x.example"), ([], "Sent", "b@x.example"), ([], "INBOX", "")],
    ids=["read", "in another mailbox", "sent", "one's own"],
)
def test_what_is_no_news_is_not_told(
    flags: list[str], mailbox: str, sender: str, devices: Devices, cast: Cast, inbox: Box
) -> None:
    browser = devices.of(cast.owner)
    inbox.arrive(record(1, eml(1, sender=sender or inbox.account.address), *flags), mailbox=mailbox)
    assert browser.shown == []


def test_up_to_three_are_told_one_by_one_and_more_as_one(devices: Devices, cast: Cast, inbox: Box) -> None:
    browser, italian = devices.of(cast.owner), devices.of(cast.owner, "it")
    inbox.arrive(*(record(uid, eml(uid, f"Nr {uid}")) for uid in (1, 2, 3)))
    assert [note["body"] for note in browser.shown] == ["Nr 1", "Nr 2", "Nr 3"]
    inbox.arrive(*(record(uid, eml(uid, f"Nr {uid}")) for uid in (4, 5, 6, 7)))
    assert browser.shown[3:] == [{"title": "4 new", "body": "", "tag": "many", "url": f"/mail/{inbox.box().pk}"}]
    assert italian.shown[-1]["title"] == "4 nuove"


def test_a_message_without_sender_and_subject_is_told_in_words(devices: Devices, cast: Cast, inbox: Box) -> None:
    browser = devices.of(cast.owner, "it")
    inbox.arrive(record(1, b"X-Nothing: at all\r\n\r\nHello\r\n"))
    assert (browser.shown[0]["title"], browser.shown[0]["body"]) == (
        "Nuova posta da (nessun mittente)",
        "(nessun oggetto)",
    )


def test_the_longest_subject_fits(devices: Devices, cast: Cast, inbox: Box) -> None:
    browser = devices.of(cast.owner)
    inbox.arrive(record(1, eml(1, "\N{GRINNING FACE}" * 3000)))
    assert browser.shown[0]["body"] == "\N{GRINNING FACE}" * (delivery.BODY - 1) + "…"


def test_a_message_read_before_the_task_runs_is_not_told(devices: Devices, cast: Cast, inbox: Box) -> None:
    browser = devices.of(cast.owner)
    current_app.conf.task_always_eager = False
    inbox.arrive(record(1, eml(1)))
    first = journal.head()
    inbox.flag(1, "\\Seen")
    current_app.conf.task_always_eager = True
    tasks.tell.delay(str(cast.tenant.pk), "0", str(first))
    assert browser.shown == []


# When nothing is asked at all


def queries_of(act: Callable[[], object]) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        act()
    return [query["sql"] for query in captured.captured_queries if "pushsubscription" in query["sql"]]


def test_history_is_neither_told_nor_asked_about(devices: Devices, cast: Cast, inbox: Box) -> None:
    browser = devices.of(cast.owner)
    assert queries_of(lambda: inbox.arrive(record(1, eml(1)), live=False)) == []
    assert browser.shown == []


def test_a_company_where_nobody_is_pushed_to_asks_once_for_a_message_and_never_for_anything_else(
    inbox: Box, workers: None
) -> None:
    asked = queries_of(lambda: inbox.arrive(record(1, eml(1))))
    assert len(asked) == 1 and "LIMIT 1" in asked[0]
    assert queries_of(lambda: inbox.flag(1, "\\Seen")) == []
    assert queries_of(lambda: inbox.arrive(record(2, eml(2), "\\Seen"))) == []


# Who is told no more


def test_a_session_that_ended_is_told_nothing_and_forgotten(devices: Devices, cast: Cast, inbox: Box) -> None:
    kept, ended = devices.of(cast.owner), devices.of(cast.owner)
    (session,) = [row.session_id for row in held(cast.owner) if row.endpoint == ended.endpoint]
    sessions.end(Session.objects.filter(pk=session), "signed out")
    assert [row.endpoint for row in held(cast.owner)] == [kept.endpoint]
    inbox.arrive(record(1, eml(1)))
    assert (len(kept.shown), len(ended.shown)) == (1, 0)


def test_a_session_that_lapsed_is_told_nothing_and_swept(devices: Devices, cast: Cast, inbox: Box) -> None:
    browser = devices.of(cast.owner)
    Session.objects.filter(user=cast.owner.user).update(expires_at=now() - timedelta(minutes=1))
    inbox.arrive(record(1, eml(1)))
    assert browser.shown == []
    tasks.prune.delay(str(cast.tenant.pk))
    assert held(cast.owner) == []


def test_who_leaves_the_company_is_told_nothing(devices: Devices, cast: Cast, inbox: Box) -> None:
    sharing.let_in(cast.owner, inbox.account, cast.member.user_id, AccountAccess.Role.READER)
    browser = devices.of(cast.member)
    people.leave(cast.tenant, cast.member.user)
    assert held(cast.member) == []
    inbox.arrive(record(1, eml(1)))
    assert browser.shown == []


def test_a_session_that_ends_between_two_tries_is_not_tried_again(devices: Devices, cast: Cast, inbox: Box) -> None:
    devices.of(cast.owner)
    (row,) = held(cast.owner)
    Session.objects.filter(pk=row.session_id).update(revoked_at=now())
    assert subscriptions.stands(row.pk) is None


# What the push service answers


def test_a_subscription_that_is_gone_is_forgotten(
    devices: Devices, service: PushService, cast: Cast, inbox: Box
) -> None:
    browser = devices.of(cast.owner)
    service.unsubscribed(browser)
    inbox.arrive(record(1, eml(1)))
    assert held(cast.owner) == []


def test_too_many_requests_come_again(devices: Devices, service: PushService, cast: Cast, inbox: Box) -> None:
    browser = devices.of(cast.owner)
    browser.replies = [Reply(429, headers={"Retry-After": "30"}), Reply(503)]
    inbox.arrive(record(1, eml(1)))
    assert len(service.requests) == 3
    assert [note["body"] for note in browser.shown] == ["Offer"]
    assert held(cast.owner)[0].failures == 0


def test_it_waits_as_long_as_it_is_told_and_gives_up_after_a_few(devices: Devices, cast: Cast, inbox: Box) -> None:
    browser = devices.of(cast.owner)
    current_app.conf.task_always_eager = False
    inbox.arrive(record(1, eml(1)))
    last, (row,) = journal.head(), held(cast.owner)
    deliver = functools.partial(delivery.deliver, row.pk, 0, last)
    browser.replies = [Reply(429, headers={"Retry-After": "30"}), Reply(429, headers={"Retry-After": "7200"})]
    wait = deliver(tries=0)
    assert wait is not None and 30 <= wait <= 34
    assert deliver(tries=1) is None  # in two hours it would be no news
    browser.replies = [Reply(500), Reply(500)]
    wait = deliver(tries=1)
    assert wait is not None and 60 <= wait <= 67
    assert deliver(tries=delivery.TRIES - 1) is None
    assert held(cast.owner)[0].failures == 2
    assert browser.shown == []


def test_what_is_too_long_is_sent_once_more_without_its_text(devices: Devices, cast: Cast, inbox: Box) -> None:
    browser = devices.of(cast.owner)
    browser.replies = [Reply(413)]
    inbox.arrive(record(1, eml(1)))
    assert [(note["title"], note["body"]) for note in browser.shown] == [("New mail from Bob", "")]


def test_a_refusal_is_counted_logged_without_secrets_and_at_last_hopeless(
    devices: Devices, cast: Cast, inbox: Box, caplog: pytest.LogCaptureFixture
) -> None:
    browser = devices.of(cast.owner)
    browser.replies = [Reply(403), Reply(302, headers={"Location": "https://127.0.0.1:1/"})]
    inbox.arrive(record(1, eml(1)))
    inbox.arrive(record(2, eml(2)))
    (row,) = held(cast.owner)
    assert row.failures == 2
    told = caplog.text
    assert "push refused" in told and "PMSYNC_MASTER_KEYS" in told and cast.tenant.slug in told
    assert browser.endpoint.rpartition("/")[2] not in told
    PushSubscription.objects.update(failures=subscriptions.HOPELESS - 1)
    browser.replies = [Reply(400)]
    inbox.arrive(record(3, eml(3)))
    assert held(cast.owner) == []


def test_a_push_service_that_is_away_is_tried_again_and_counted(
    devices: Devices, service: PushService, cast: Cast, inbox: Box
) -> None:
    devices.of(cast.owner)
    PushSubscription.objects.update(endpoint="https://127.0.0.1:1/push")
    inbox.arrive(record(1, eml(1)))
    assert held(cast.owner)[0].failures == 1
    assert service.requests == []


def test_a_task_that_runs_twice_replaces_its_own_message(devices: Devices, cast: Cast, inbox: Box) -> None:
    browser = devices.of(cast.owner)
    inbox.arrive(record(1, eml(1)))
    tasks.tell.delay(str(cast.tenant.pk), "0", str(journal.head()))
    assert len(browser.shown) == 2
    assert len(set(browser.topics)) == len({note["tag"] for note in browser.shown}) == 1


@pytest.mark.parametrize(
    ("status", "meant"),
    [(201, Verdict.TAKEN), (202, Verdict.TAKEN), (204, Verdict.TAKEN), (301, Verdict.REFUSED), (400, Verdict.REFUSED),
     (401, Verdict.REFUSED), (403, Verdict.REFUSED), (404, Verdict.GONE), (410, Verdict.GONE), (413, Verdict.TOO_LONG),
     (429, Verdict.LATER), (500, Verdict.LATER), (503, Verdict.LATER)],
)  # fmt: skip
def test_what_an_answer_means(status: int, meant: Verdict) -> None:
    assert delivery.verdict(Answer(status)) is meant


def test_retry_after_is_read_in_both_forms() -> None:
    assert delivery.retry_after("120") == 120
    assert delivery.retry_after("Thu, 01 Jan 1970 00:00:00 GMT") == 0
    assert (delivery.retry_after("Tue, 01 Jan 2199 00:00:00 GMT") or 0) > 1e6
    assert delivery.retry_after("") is None
    assert delivery.retry_after("soon") is None


# Subscribing


@pytest.fixture
def client(make: Make, cast: Cast) -> APIClient:
    return make.client(cast.owner)


def asked(client: APIClient, **changed: Any) -> Any:
    """Subscribe a browser with something else in its place; the problem that answers."""
    browser = Browser("https://127.0.0.1/push/1", client.get("/api/v1/push").json()["key"])
    body = browser.subscription | {"language": "en", "key": browser.key} | changed
    return client.post(ANSWER, body, format="json")


@pytest.mark.parametrize(
    "endpoint",
    ["http://127.0.0.1/push", "ftp://x.example/", "https://", "nothing", "https://u:p@127.0.0.1/", "https://[::1",
     "https://127.0.0.1:99999/", "https://127.0.0.1/#part", "https://127.0.0.1/a b"],
)  # fmt: skip
def test_an_endpoint_that_is_none_is_refused(endpoint: str, client: APIClient) -> None:
    answer = asked(client, endpoint=endpoint)
    assert (answer.status_code, answer.json()["code"]) == (422, "push_endpoint_refused")


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "[::1]", "localhost", "[fd00::1]"])
def test_a_private_endpoint_is_refused(host: str, client: APIClient, settings: Any) -> None:
    settings.PMSYNC_ALLOW_PRIVATE_HOSTS = False
    answer = asked(client, endpoint=f"https://{host}/push/1")
    assert (answer.status_code, answer.json()["code"]) == (422, "push_endpoint_refused")
    assert asked(client, endpoint="https://93.184.216.34:8443/push").status_code == 422


def test_an_endpoint_that_became_private_is_not_connected_to_and_forgotten(
    devices: Devices, service: PushService, cast: Cast, inbox: Box, settings: Any
) -> None:
    devices.of(cast.owner)
    settings.PMSYNC_ALLOW_PRIVATE_HOSTS = False
    inbox.arrive(record(1, eml(1)))
    assert service.requests == []
    assert held(cast.owner) == []


def test_a_name_that_is_not_found_is_to_be_tried_again() -> None:
    def nowhere(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    with pytest.raises(net.HostUnknown):
        endpoints.check("https://push.example/1", nowhere)


@pytest.mark.parametrize(
    "keys",
    [{"p256dh": "BAAA", "auth": "A" * 22}, {"p256dh": "B" + "A" * 86, "auth": "A" * 22}, {"p256dh": "é", "auth": "é"}],
    ids=["short", "no point", "no base64"],
)
def test_keys_that_are_none_are_refused(keys: dict[str, str], client: APIClient) -> None:
    answer = asked(client, keys=keys)
    assert (answer.status_code, answer.json()["code"]) == (400, "push_keys_invalid")
    good = Browser("", "").subscription["keys"]
    assert asked(client, keys=good | {"auth": "AAAA"}).json()["code"] == "push_keys_invalid"
    assert asked(client, keys={}).json()["code"] == "invalid"
    assert asked(client, language="de").json()["code"] == "invalid"


def test_the_keys_lie_sealed_and_bound_to_their_row(client: APIClient, cast: Cast) -> None:
    assert asked(client).status_code == 204
    browser = Browser("https://127.0.0.1/push/2", vapid.newest().public)
    body = browser.subscription | {"language": "en"}
    assert client.post(ANSWER, body, format="json").status_code == 204
    with cast.inside():
        first, second = PushSubscription.objects.order_by("endpoint")
        assert browser.auth not in bytes(second.keys)
        assert subscriptions.keys_of(second).auth == browser.auth
        second.keys = first.keys
        with pytest.raises(Exception, match="sealed for something else"):
            subscriptions.keys_of(second)


def test_the_same_device_again_is_one_and_goes_with_whoever_signed_in_last(
    make: Make, client: APIClient, cast: Cast
) -> None:
    assert asked(client).status_code == asked(client, language="it").status_code == 204
    assert [row.language for row in held(cast.owner)] == ["it"]
    assert asked(make.client(cast.member)).status_code == 204
    assert held(cast.owner) == []
    assert len(held(cast.member)) == 1


def test_a_person_has_so_many_devices_and_no_more(client: APIClient, cast: Cast) -> None:
    assert asked(client).status_code == 204
    with cast.inside():
        (row,) = PushSubscription.objects.all()
        for number in range(subscriptions.MOST):
            PushSubscription.objects.create(
                user_id=row.user_id, session_id=row.session_id, endpoint=f"https://p.example/{number}", keys=b"",
                key_id=row.key_id, language="en",
            )  # fmt: skip
        row.delete()
    answer = asked(client)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_devices")


def test_only_ones_own_device_can_be_unsubscribed(make: Make, client: APIClient, cast: Cast) -> None:
    assert asked(client).status_code == 204
    path = f"{ANSWER}?endpoint=https://127.0.0.1/push/1"
    assert make.client(cast.member).delete(path).status_code == 204
    assert len(held(cast.owner)) == 1
    assert client.delete(path).status_code == client.delete(path).status_code == 204
    assert held(cast.owner) == []


# Keys and the cipher


def test_the_example_of_rfc_8291_comes_out() -> None:
    """Section 5, with the keys of appendix A."""
    own = ec.derive_private_key(
        int.from_bytes(unbase64("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big"), ec.SECP256R1()
    )
    client = ClientKeys(
        unbase64("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
        unbase64("BTBZMqHH6r4Tts7J_aSIgg"),
    )
    body = encryption.encrypt(
        b"When I grow up, I want to be a watermelon", client, own, unbase64("DGv6ra1nlYgDCS1FRnbzlw")
    )
    assert body == unbase64(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
        "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_the_longest_text_makes_a_body_of_4096_octets() -> None:
    browser = Browser("", "")
    client = ClientKeys(point(browser.private), browser.auth)
    body = encryption.encrypt(b"x" * encryption.LONGEST, client)
    assert len(body) == 4096
    assert browser.decrypt(body) == b"x" * encryption.LONGEST
    with pytest.raises(ValueError, match="do not fit"):
        encryption.encrypt(b"x" * (encryption.LONGEST + 1), client)


def test_a_changed_master_key_keeps_old_devices_while_the_old_one_is_listed(
    devices: Devices, make: Make, cast: Cast, inbox: Box, settings: Any
) -> None:
    browser = devices.of(cast.owner)
    old = settings.PMSYNC_MASTER_KEYS
    settings.PMSYNC_MASTER_KEYS = (MasterKey("fresh", bytes(range(32))), *old)
    inbox.arrive(record(1, eml(1)))
    assert len(browser.shown) == 1
    fresh = devices.of(cast.owner)
    assert fresh.key != browser.key
    inbox.arrive(record(2, eml(2)))
    assert (len(browser.shown), len(fresh.shown)) == (2, 1)
    answer = asked(make.client(cast.owner), key=browser.key[:-4] + "AAAA")
    assert (answer.status_code, answer.json()["code"]) == (409, "push_key_changed")


def test_whose_key_is_no_longer_listed_is_told_nothing_and_swept(
    devices: Devices, cast: Cast, inbox: Box, settings: Any
) -> None:
    browser = devices.of(cast.owner)
    PushSubscription.objects.update(key_id="long gone")
    inbox.arrive(record(1, eml(1)))
    assert browser.shown == []
    tasks.prune.delay(str(cast.tenant.pk))
    assert held(cast.owner) == []


def test_the_operator_is_named_by_our_address_or_our_mail(settings: Any) -> None:
    settings.PMSYNC_PUBLIC_URL = "https://pmsync.example"
    assert vapid.subject() == "https://pmsync.example"
    settings.PMSYNC_PUBLIC_URL, settings.DEFAULT_FROM_EMAIL = "http://localhost:8000", "PMSync <ops@firm.example>"
    assert vapid.subject() == "mailto:ops@firm.example"


def test_no_key_shows_in_a_log() -> None:
    shown = repr(vapid.newest()) + repr(ClientKeys(point(Browser("", "").private), b"0123456789abcdef"))
    assert "0123456789abcdef" not in shown and "PrivateKey" not in shown
    assert repr(Words("t", "b"))
