"""A change at the provider is a row here without a poll; and whatever becomes of notifications, none is missed."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

from django.db import connection
from django.db.models import F
from django.utils.timezone import now

from apps.providers import connect, connections, removal
from apps.providers.models import AccountStatus, ProviderAccount
from apps.providers.push import doubts, routes, upkeep
from apps.providers.push.models import PushRoute
from apps.sync import tiers
from apps.sync.models import SyncTarget
from apps.tenants import context
from tests.fakes.google import Chaos
from tests.fakes.google.courier import Parcel
from tests.fakes.microsoft.notifications import Disorder
from tests.providers.clouds import ANNA, GoogleSide, Wizard
from tests.push.desk import Desk, change
from tests.tenants.fixtures import Cast, Make


def disturb(desk: Desk, *, duplicate: float = 0.0, drop: float = 0.0, reorder: float = 0.0) -> None:
    """Make the provider's way to us unreliable."""
    if isinstance(desk.side, GoogleSide):
        desk.google.courier.misbehave(Chaos(seed=7, duplicate=duplicate, drop=drop, reorder=reorder))
    else:
        desk.microsoft.courier.disorder = Disorder(
            seed=7, duplicate=duplicate, drop=drop, reorder=reorder, echo=duplicate
        )  # fmt: skip


def test_a_change_elsewhere_is_visible_without_a_poll(desk: Desk) -> None:
    for surface in desk.surfaces:
        there = change(desk, surface, "News")
        desk.arrived()
        assert not there()
        assert desk.target(surface).wanted_because == "push"
        assert "sync.run" in desk.queue.work()
        assert there(), surface
    assert set(desk.front.statuses) <= {200, 202, 204}
    only_a_safety_net(desk)
    nothing_that_opens_anything(desk)


def only_a_safety_net(desk: Desk) -> None:
    """What is told of is polled seldom; what is not, as before."""
    soon = timedelta(minutes=20)
    for surface in desk.surfaces:
        target = desk.target(surface)
        assert target.push_kind == "push"
        assert target.push_until is not None
        assert target.push_until > now() + timedelta(days=2)
        assert timedelta(minutes=10) < tiers.interval(target, now(), now()) < soon
    if "contacts" not in desk.surfaces:
        assert desk.target("contacts").push_until is None


def nothing_that_opens_anything(desk: Desk) -> None:
    """The public table holds neither a secret nor an address."""
    held = str([vars(row) for row in desk.routes()])
    assert not [row for row in desk.routes() if routes.secret_of(row.pk) in held]
    assert ANNA not in held
    assert "firm.example" not in held


def test_a_storm_of_notifications_is_few_runs(desk: Desk) -> None:
    disturb(desk, duplicate=0.5, reorder=0.5)
    theres = [change(desk, "mail", f"Letter {number}") for number in range(12)]
    desk.arrived()
    assert desk.queue.names().count("sync.run") == 1
    desk.quiet()
    assert all(there() for there in theres)


def test_a_message_that_comes_twice_rings_once_and_one_whose_ring_failed_rings_again(at_google: Desk) -> None:
    there = change(at_google, "mail", "News")
    at_google.told()
    assert there()
    posted = [one for one in at_google.google.courier.attempts if "gmail-pubsub" in one.url][-1]
    at_google.google.courier.post(again(posted))
    at_google.arrived()
    assert at_google.queue.names() == []
    before = at_google.target("mail")
    assert before.wanted_at is None


def again(posted: Any) -> Parcel:
    """The same message once more."""
    return Parcel(posted.url, lambda: posted.headers, posted.body, frozenset({204}), None, 5.0, 1e12)


def test_what_no_notification_told_of_is_found_by_the_poll_and_the_subscription_replaced(desk: Desk) -> None:
    disturb(desk, drop=1.0)
    old = desk.route("mail")
    PushRoute.objects.update(rung_at=None)
    SyncTarget.objects.filter(pk=desk.target("mail").pk).update(last_synced_at=now())
    there = change(desk, "mail", "Lost")
    assert desk.told() == []
    assert not there()
    desk.poll("mail")
    assert there()
    doubted = desk.route("mail")
    assert doubted.doubted_at is not None
    assert doubted.due_at is not None and doubted.due_at < now() + timedelta(minutes=3)
    # Nothing rings, so it is replaced, and a second silent one is not trusted any more.
    desk.due(surface="mail")
    assert "push.keep" in desk.queue.work()
    replaced = desk.route("mail")
    assert (replaced.doubted_at, replaced.silences) == (None, 1)
    assert replaced.subscribed_at is not None and old.subscribed_at is not None
    assert replaced.subscribed_at > old.subscribed_at
    assert desk.held().count("mail") == 1
    assert desk.target("mail").push_until is not None
    change(desk, "mail", "Lost again")
    desk.poll("mail")
    desk.due(surface="mail")
    desk.queue.work()
    assert desk.route("mail").silences == doubts.SILENCES
    assert (desk.target("mail").push_until, desk.target("mail").push_kind) == (None, "")
    # One that rings is trusted again at once.
    disturb(desk)
    there = change(desk, "mail", "Heard")
    desk.told()
    assert there()
    assert desk.route("mail").silences == 0
    assert desk.target("mail").push_until is not None


def test_a_late_notification_ends_the_doubt(desk: Desk) -> None:
    PushRoute.objects.update(rung_at=None)
    route = desk.route("mail")
    before = desk.target("mail").last_synced_at
    assert doubts.found_by_poll(route.tenant_id, route.account_id, "mail", now()) >= 1
    assert before is not None and before < now()
    change(desk, "mail", "Late")
    desk.told()
    assert desk.route("mail").doubted_at is None
    desk.due(surface="mail")
    desk.queue.work()
    assert desk.route("mail").silences == 0


def test_subscriptions_are_renewed_by_one_of_two_beats(desk: Desk) -> None:
    held, ends = desk.held(), {row.pk: row.expires_at for row in desk.routes()}
    ended = F("expires_at") - timedelta(days=1)
    PushRoute.objects.filter(account_id=desk.stage.account.pk).update(due_at=now(), queued_at=None, expires_at=ended)
    barrier, claimed = Barrier(2), []

    def beat() -> None:
        barrier.wait()
        claimed.append(upkeep.tick())
        connection.close()

    beats = [Thread(target=beat) for _ in range(2)]
    for one in beats:
        one.start()
    for one in beats:
        one.join()
    # Rows of one account may be shared out between the two; each row is claimed once.
    assert 1 <= sum(claimed) <= 2
    before = len(desk.front.requests)
    desk.quiet()
    assert desk.held() == held
    for row in desk.routes():
        end = ends[row.pk]
        assert row.expires_at is not None and end is not None
        assert row.expires_at >= end
        assert (row.failures, row.queued_at, row.lease_until) == (0, None, None)
    assert upkeep.tick() == 0
    assert len(desk.front.requests) >= before
    for surface in desk.surfaces:
        there = change(desk, surface, "After")
        desk.told()
        assert there(), surface
    two_workers_ask_once(desk)


def two_workers_ask_once(desk: Desk) -> None:
    """While one asks for an account's routes, another leaves them alone."""
    PushRoute.objects.filter(account_id=desk.stage.account.pk).update(due_at=now())
    rows = desk.routes()
    with upkeep._lease(rows) as first, upkeep._lease(rows) as second:
        assert first is not None
        assert second is None
        upkeep.keep(desk.stage.account.pk)
        assert [row.expires_at for row in desk.routes()] == [row.expires_at for row in rows]


def test_a_disconnected_account_leaves_nothing_at_the_provider(desk: Desk) -> None:
    account = desk.stage.account
    assert len(desk.held()) >= 2
    connect.disconnect(account)
    there = change(desk, "mail", "Too late")
    assert desk.told() == []
    assert removal.remove(account.pk)
    assert desk.held() == []
    assert desk.routes() == []
    assert not there()


def test_an_account_that_waits_for_its_person_is_left_alone_until_they_come(desk: Desk) -> None:
    desk.stage.elsewhere.withdraw()
    desk.stage.try_to_sync()
    assert ProviderAccount.objects.get(pk=desk.stage.account.pk).status == AccountStatus.NEEDS_RECONNECT
    desk.due()
    desk.queue.work()
    assert {row.due_at for row in desk.routes()} == {None}
    assert upkeep.tick() == 0
    desk.stage.consent_again()
    desk.quiet()
    there = change(desk, "mail", "Back")
    desk.told()
    assert there()
    assert desk.target("mail").push_until is not None


def test_a_provider_that_refuses_is_asked_more_and_more_seldom(desk: Desk, settings: Any) -> None:
    for row in desk.routes("mail"):
        PushRoute.objects.filter(pk=row.pk).update(subscribed_at=None, remote_id="", expires_at=None)
    if isinstance(desk.side, GoogleSide):
        desk.google.faults.add("gmail.users.watch", "500", times=3)
    else:
        desk.front.down = True
    pauses = []
    for _ in range(3):
        PushRoute.objects.filter(account_id=desk.stage.account.pk, surface="mail").update(compared_at=now())
        desk.due(surface="mail")
        desk.queue.work()
        row = desk.routes("mail")[0]
        assert row.due_at is not None
        pauses.append(row.due_at - now())
    assert pauses[0] < pauses[1] < pauses[2]
    assert desk.target("mail").push_until is None
    # It is polled meanwhile, and told of again when the provider takes it.
    there = change(desk, "mail", "Polled")
    desk.poll("mail")
    assert there()
    desk.front.down = False
    desk.due(surface="mail")
    desk.queue.work()
    assert desk.target("mail").push_until is not None


def test_a_changed_secret_key_is_followed_without_a_gap(desk: Desk, settings: Any, make: Make, cast: Cast) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "n" * 50
    desk.stage.client = make.client(cast.owner)
    for surface in desk.surfaces:
        there = change(desk, surface, "Between")
        desk.told()
        assert there(), surface
    tokens = {row.pk: row.token for row in desk.routes()}
    PushRoute.objects.update(compared_at=None, queued_at=None)
    upkeep.tick()
    desk.quiet()
    desk.due()
    desk.quiet()
    assert all(row.token != tokens[row.pk] for row in desk.routes() if row.pk in tokens)
    settings.SECRET_KEY_FALLBACKS = []
    for surface in desk.surfaces:
        there = change(desk, surface, "After")
        desk.told()
        assert there(), surface
    assert len(desk.held()) == len(desk.routes())


def test_accounts_of_before_are_subscribed_for(desk: Desk) -> None:
    PushRoute.objects.filter(account_id=desk.stage.account.pk).delete()
    assert upkeep.adopt() == 1
    desk.quiet()
    assert upkeep.adopt() == 0
    there = change(desk, "mail", "News")
    desk.told()
    assert there()


def test_two_people_with_one_mailbox_are_both_told_and_one_leaving_deafens_nobody(
    at_google: Desk, make: Make, cast: Cast
) -> None:
    desk = at_google
    other = Wizard(make, cast.member, desk.side)
    second = ProviderAccount.objects.get(pk=other.connect()["connected"])
    desk.quiet()
    change(desk, "mail", "For both")
    desk.arrived()
    wanted = SyncTarget.objects.filter(kind="mail", wanted_because="push", wanted_at__isnull=False)
    assert set(wanted.values_list("account_id", flat=True)) == {desk.stage.account.pk, second.pk}
    desk.quiet()
    connect.disconnect(second)
    connections.drop(second)
    with context.open(cast.tenant):
        removal.remove(second.pk)
    assert "mail" in desk.held()
    change(desk, "mail", "For one")
    desk.arrived()
    assert desk.target("mail").wanted_because == "push"


def test_an_expired_subscription_is_made_anew(at_microsoft: Desk) -> None:
    desk = at_microsoft
    for surface in desk.surfaces:
        desk.microsoft.subscriptions.lose(desk.route(surface).remote_id, told=False)
        there = change(desk, surface, "Unheard")
        assert desk.told() == []
        desk.due(surface=surface)
        assert "sync.run" in desk.queue.work(), "what nobody told is looked for"
        assert there()
        there = change(desk, surface, "Heard")
        desk.told()
        assert there()
