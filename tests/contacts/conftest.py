"""A person with an address book at a real Radicale."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
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

LOGIN = Login("ada", USERS["ada"])


@pytest.fixture(scope="session")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    with Radicale(tmp_path_factory.mktemp("radicale")) as server:
        yield server


@dataclass
class Books:
    """One account: its mirror and its engine, and another program at the same server."""

    member: Member
    account: ProviderAccount
    target: SyncTarget
    other: Other
    place: str
    seen: int = 0

    def sync(self) -> SyncTarget:
        """One run of the engine."""
        with lease.take(self.target.pk) as held:
            assert held is not None
            runs.run(held)
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

    def card(self, uid: str, *lines: str, name: str = "Anna Rossi") -> str:
        """Put a card at the server; its path."""
        given, _, family = name.partition(" ")
        told = "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", f"UID:{uid}", f"FN:{name}", f"N:{family};{given};;;", *lines])
        path = f"{self.place}{uid}.vcf"
        answer = self.other.request(
            "PUT", path, f"{told}\r\nEND:VCARD\r\n".encode(), **{"Content-Type": "text/vcard; charset=utf-8"}
        )
        assert answer.status_code in (201, 204), answer.text
        return path

    def there(self, path: str) -> str:
        """The card as the server has it."""
        return self.other.texts(path)[path].decode()


@pytest.fixture
def books(cast: Cast, radicale: Radicale) -> Iterator[Books]:
    home = f"{radicale.url}/ada/"
    other = Other(Service.CARDDAV, home, ("ada", USERS["ada"]))
    place = other.make(f"b{uuid.uuid4().hex[:8]}")
    # The address book alone is the account's: others of the same server are for other tests.
    settings = {"carddav": {"url": f"{radicale.url}{place}", "principal": None, "homes": []}, "trusted": []}
    with override_settings(PMSYNC_ALLOW_PRIVATE_HOSTS=True), cast.inside():
        account = engine.account(cast.owner, settings=settings)
        credentials.seal(account, LOGIN)
        account.save()
        target = engine.target(cast.owner, account.pk, kind="contacts", phase=Phase.INITIAL)
        yield Books(cast.owner, account, target, other, place)
