"""One account at a real DAV server: its mirror and its engine, and another program at the same server."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from django.test import override_settings

from apps.outbound import runner
from apps.providers import credentials
from apps.providers.adapters.base import Login
from apps.providers.adapters.dav import Service
from apps.providers.models import ProviderAccount
from apps.realtime import journal
from apps.sync import lease, runs
from apps.sync.models import Phase, SyncTarget
from apps.users.members import Member
from tests.dav.servers import Other
from tests.providers.radicale import USERS, Radicale
from tests.sync import fixtures as engine
from tests.tenants.fixtures import Cast

LOGIN: Final = Login("ada", USERS["ada"])
KINDS: Final = {Service.CARDDAV: "contacts", Service.CALDAV: "calendar"}
MEDIA: Final = {Service.CARDDAV: "text/vcard", Service.CALDAV: "text/calendar"}


@dataclass
class DavDesk:
    """One account with one collection. `place` is the collection's path."""

    member: Member
    account: ProviderAccount
    target: SyncTarget
    other: Other
    place: str
    service: Service
    seen: int = 0

    def sync(self) -> SyncTarget:
        """One run of the engine."""
        with lease.take(self.target.pk) as held:
            assert held is not None
            runs.catch_up(held)
        self.target.refresh_from_db()
        assert self.target.error_code == "", self.target.error_reason
        return self.target

    def send(self) -> None:
        """Carry out what people asked for."""
        queue = SyncTarget.objects.get(account_id=self.account.pk, kind="outbound")
        with lease.take(queue.pk) as held:
            assert held is not None
            runner.run(held)

    def events(self) -> list[tuple[str, Any]]:
        """What was told since this was last asked, but for how acts go."""
        found = [(entry.event, json.loads(entry.data)) for entry in journal.read(self.seen)]
        self.seen = journal.head()
        return [(name, data) for name, data in found if name != "command:update"]

    def put(self, path: str, data: bytes) -> str:
        """Put an object at the server; its path."""
        headers = {"Content-Type": f"{MEDIA[self.service]}; charset=utf-8"}
        answer = self.other.request("PUT", path, data, **headers)
        assert answer.status_code in (201, 204), answer.text
        return path

    def there(self, path: str) -> str:
        """The object as the server has it."""
        return self.other.texts(path)[path].decode()


@contextmanager
def dav_desk(cast: Cast, radicale: Radicale, service: Service) -> Iterator[DavDesk]:
    """The owner's account with a new collection, which alone is the account's: others are for other tests."""
    other = Other(service, f"{radicale.url}/ada/", ("ada", USERS["ada"]))
    place = other.make(f"c{uuid.uuid4().hex[:8]}")
    settings = {service.value: {"url": f"{radicale.url}{place}", "principal": None, "homes": []}, "trusted": []}
    with override_settings(PMSYNC_ALLOW_PRIVATE_HOSTS=True), cast.inside():
        account = engine.account(cast.owner, settings=settings)
        credentials.seal(account, LOGIN)
        account.save()
        target = engine.target(cast.owner, account.pk, kind=KINDS[service], phase=Phase.INITIAL)
        yield DavDesk(cast.owner, account, target, other, place, service)
