"""An account at each provider that tells of changes, its webhooks reachable."""

from collections.abc import Iterator
from typing import Any

import pytest

from apps.core.redis import client as redis_client
from apps.providers.push import tasks
from tests.cross.stages import cloud_stage
from tests.fakes.certificates import Authority
from tests.fakes.google.clock import Clock
from tests.providers.clouds import google, microsoft
from tests.push.desk import PUSHER, SUBSCRIPTION, TOPIC, Desk, Front, Queue
from tests.tenants.fixtures import Cast, Make


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Whom all certificates come from."""
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def front(authority: Authority, settings: Any) -> Iterator[Front]:
    """Our webhooks."""
    store: Any = redis_client()
    for pattern in ("pmsync:limit:*", "pmsync:push:*"):
        for key in store.scan_iter(pattern):
            store.delete(key)
    with Front().open(authority.server()) as made:
        settings.PMSYNC_PUBLIC_URL = made.url
        settings.PMSYNC_ALLOW_PRIVATE_HOSTS = True
        yield made


@pytest.fixture
def queue() -> Iterator[Queue]:
    """The tasks."""
    with Queue().open() as made:
        yield made


@pytest.fixture
def at_google(
    make: Make, cast: Cast, settings: Any, authority: Authority, front: Front, queue: Queue
) -> Iterator[Desk]:
    """An account at Google, imported and subscribed for."""
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
        with cloud_stage(make, cast, side) as stage:
            desk = Desk(stage, side, front, queue)
            queue.work()
            desk.quiet()
            yield desk


@pytest.fixture
def at_microsoft(
    make: Make, cast: Cast, settings: Any, authority: Authority, front: Front, queue: Queue
) -> Iterator[Desk]:
    """An account at Microsoft, imported and subscribed for."""
    with microsoft(settings, authority) as side, cloud_stage(make, cast, side) as stage:
        desk = Desk(stage, side, front, queue)
        queue.work()
        desk.quiet()
        yield desk


@pytest.fixture(params=["google", "microsoft"])
def desk(request: pytest.FixtureRequest) -> Any:
    """At one after the other."""
    return request.getfixturevalue(f"at_{request.param}")
