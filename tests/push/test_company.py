"""Notifications for accounts that a company connected: by the same code, each of them its own."""

from datetime import datetime
from typing import Any

import pytest

from apps.providers import connections
from apps.providers.companies import tasks as companies
from apps.providers.models import CompanyConnection, ProviderAccount
from apps.providers.push import tasks, upkeep
from apps.providers.push.models import PushRoute
from apps.sync.models import SyncTarget
from apps.users.models import User
from tests.cross.stages import letter, new_message_id
from tests.fakes.certificates import Authority
from tests.fakes.google.clock import Clock
from tests.providers.clouds import ANNA, BOB, google, microsoft
from tests.providers.companies import Company, GoogleCompany, MicrosoftCompany
from tests.push.desk import PUSHER, SUBSCRIPTION, TOPIC, Front, Queue
from tests.tenants.fixtures import Cast, Make

BASE = "/api/v1/company/connections"


class Office:
    """A company of which two people are connected, and what rings."""

    def __init__(self, cast: Cast, company: Company, queue: Queue, courier: Any) -> None:
        self.cast, self.company, self.queue, self._courier = cast, company, queue, courier

    def open(self, make: Make) -> None:
        client = make.client(self.cast.owner)
        body = {"provider": self.company.name, "surfaces": ["mail", "calendar"]} | self.company.key()
        made = client.post(BASE, body, format="json")
        assert made.status_code == 201, made.content
        people = client.get(f"{BASE}/{made.json()['id']}/people").json()["items"]
        wanted = [one["id"] for one in people if one["address"] in (ANNA, BOB)]
        client.post(f"{BASE}/{made.json()['id']}/people", {"people": wanted}, format="json")
        companies.connect_people(str(self.cast.tenant.pk), made.json()["id"])
        self.settle()

    def settle(self) -> list[str]:
        """Until neither side has anything to say; the tasks that ran."""
        ran: list[str] = []
        for _ in range(10):
            self._courier.settle()
            more = self.queue.work()
            ran += more
            if not more:
                return ran
        raise AssertionError("they talk without end")

    def close(self) -> None:
        """Let connections go that are kept for the next run."""
        with self.cast.inside():
            for account in ProviderAccount.objects.all():
                connections.drop(account)

    def account(self, address: str) -> ProviderAccount:
        with self.cast.inside():
            return ProviderAccount.objects.get(address=address)

    def synced(self, address: str) -> datetime:
        """When the person's mail was last known equal to the provider's."""
        found = SyncTarget.objects.get(account_id=self.account(address).pk, kind="mail").last_synced_at
        assert found is not None
        return found

    def held(self, address: str) -> dict[str, str]:
        """The person's subscriptions, by surface."""
        rows = PushRoute.objects.filter(account_id=self.account(address).pk, subscribed_at__isnull=False)
        return {f"{row.surface}/{row.part}": row.remote_id for row in rows}


@pytest.fixture(params=["google", "microsoft"])
def office(
    request: pytest.FixtureRequest, make: Make, cast: Cast, settings: Any, authority: Authority, front: Front,
    queue: Queue,
) -> Any:  # fmt: skip
    if request.param == "google":
        settings.GMAIL_PUBSUB_TOPIC, settings.GMAIL_PUBSUB_SUBSCRIPTION = TOPIC, SUBSCRIPTION
        settings.GMAIL_PUBSUB_ACCOUNT = PUSHER
        settings.GMAIL_PUBSUB_AUDIENCE = f"{front.url}/api/webhooks/gmail-pubsub"
        with google(settings) as side:
            side.google.courier.trust = authority.client()
            side.google.pubsub.topic(TOPIC)
            side.google.pubsub.subscribe(SUBSCRIPTION, TOPIC, f"{front.url}/api/webhooks/gmail-pubsub", PUSHER)
            side.google.pubsub.token_clock = Clock()
            side.google.gmail.pushes_per_second = 0
            tasks.tick()
            made = Office(cast, GoogleCompany(side), queue, side.google.courier)
            made.open(make)
            yield made
            made.close()
    else:
        with microsoft(settings, authority) as other:
            made = Office(cast, MicrosoftCompany(other), queue, other.microsoft.courier)
            made.open(make)
            yield made
            made.close()
    User.objects.filter(email__endswith="@firm.example").delete()


def test_a_notification_rings_for_the_person_it_is_about(office: Office) -> None:
    assert len(office.held(ANNA)) >= 2
    assert len(office.held(BOB)) >= 2
    office.company.deliver(BOB, letter("Told", new_message_id()))
    assert "sync.run" in office.settle()
    seen = office.synced(ANNA), office.synced(BOB)
    office.company.deliver(BOB, letter("Told again", new_message_id()))
    office.settle()
    assert office.synced(BOB) > seen[1]
    assert office.synced(ANNA) == seen[0]


def test_comparing_one_account_ends_no_colleagues_subscriptions(office: Office) -> None:
    """An application by itself is shown everybody's: only the account's own are compared."""
    before = office.held(BOB)
    PushRoute.objects.filter(account_id=office.account(ANNA).pk).update(compared_at=None)
    # What Bob has stands in no row of ours any more: only a look at his own may take that for a stranger.
    PushRoute.objects.filter(account_id=office.account(BOB).pk).update(remote_id="")
    with office.cast.inside():
        upkeep.keep(office.account(ANNA).pk)
    if isinstance(office.company, MicrosoftCompany):
        there = {one.id for one in office.company.microsoft.subscriptions.active()}
        assert set(before.values()) <= there
    assert len(office.held(ANNA)) >= 2


def test_what_a_company_gives_up_rings_no_more(office: Office) -> None:
    with office.cast.inside():
        from apps.providers import removal
        from apps.providers.companies import connecting

        connection = CompanyConnection.objects.get()
        office.close()
        rows = [office.account(address).pk for address in (ANNA, BOB)]
        connecting.disconnect_company(office.cast.owner, connection)
        connecting.end(connection.pk)
        assert all(removal.remove(pk) for pk in rows)
        assert not CompanyConnection.objects.exists()
    assert not PushRoute.objects.filter(account_id__in=rows).exists()
    if isinstance(office.company, MicrosoftCompany):
        assert list(office.company.microsoft.subscriptions.active()) == []
    elif isinstance(office.company, GoogleCompany):
        assert not office.company.google.gmail.watches
