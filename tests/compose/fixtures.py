"""A person's desk: an account on a real Dovecot and a submission server with a ledger, driven command by command."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.utils.timezone import now

from apps.compose import identities
from apps.compose.models import Draft, SubmissionServer
from apps.outbound import queue, runner
from apps.outbound.models import OPEN, Command
from apps.providers import connections, credentials
from apps.providers.models import AccountStatus, ProviderAccount
from apps.sync import lease, runs
from apps.sync.models import Phase, SyncTarget
from apps.users.members import Member
from tests.fakes.smtp_sink import Sink
from tests.imap.dovecot import Dovecot
from tests.tenants.fixtures import Cast, Make


@dataclass
class Desk:
    """One account, and what is done with it."""

    make: Make
    cast: Cast
    member: Member
    account: ProviderAccount
    target: SyncTarget
    dovecot: Dovecot
    user: str
    sink: Sink
    client: Any = field(default=None)

    def sync(self) -> None:
        """Mirror the account as it stands."""
        SyncTarget.objects.filter(pk=self.target.pk).update(wanted_at=now(), wanted_because="user", due_at=now())
        with lease.take(self.target.pk) as held:
            while held and held.claim_wanted():
                runs.catch_up(held)

    def work(self, *, until: int = 20) -> None:
        """Run the account's commands until none is open, whatever they wait for."""
        for _ in range(until):
            if not self.step():
                return
        raise AssertionError(f"still open: {list(Command.objects.filter(OPEN).values_list('action', 'notes'))}")

    def step(self) -> bool:
        """One run of the queue; False when there is nothing to do."""
        if not Command.objects.filter(OPEN, account=self.account).exists():
            return False
        Command.objects.filter(OPEN, account=self.account).update(due_at=now())
        target = SyncTarget.objects.get(account_id=self.account.pk, kind=queue.KIND)
        SyncTarget.objects.filter(pk=target.pk).update(lease_until=None, is_active=True)
        with lease.take(target.pk) as held:
            assert held is not None
            runner.run(held)
        return True

    def put(self, draft_id: uuid.UUID | None = None, rev: int = 0, status: int = 200, **fields: Any) -> dict[str, Any]:
        """Save a draft through the API."""
        body = {"rev": rev, "account_id": str(self.account.pk)} | fields
        answer = self.client.put(f"/api/v1/drafts/{draft_id or uuid.uuid4()}", body, format="json")
        assert answer.status_code == status, answer.content
        made: dict[str, Any] = answer.json()
        return made

    def send(self, draft: dict[str, Any], status: int = 202, **fields: Any) -> dict[str, Any]:
        """Send a draft through the API."""
        body = {"rev": draft["rev"], "undo_seconds": 0} | fields
        answer = self.client.post(f"/api/v1/drafts/{draft['id']}/send", body, format="json")
        assert answer.status_code == status, answer.content
        sent: dict[str, Any] = answer.json()
        return sent

    def state(self, draft: dict[str, Any]) -> str:
        """How the draft stands."""
        return str(Draft.objects.get(pk=draft["id"]).state)

    def raw(self, mailbox: str) -> list[bytes]:
        """What lies in a mailbox, as another client reads it."""
        with self.dovecot.client(self.user) as client:
            status, _ = client.select(f'"{mailbox}"', readonly=True)
            if status != "OK":
                return []
            _, found = client.search(None, "ALL")
            return [client.fetch(number, "(BODY.PEEK[])")[1][0][1] for number in found[0].split()]  # type: ignore[index,misc]


@contextmanager
def desk(make: Make, cast: Cast, dovecot: Dovecot, sink: Sink) -> Iterator[Desk]:
    """The owner's account, its mail mirrored, its tenant open."""
    user = dovecot.new_user()
    where = {
        "imap": {"host": "127.0.0.1", "port": dovecot.port, "security": "none"},
        "smtp": {"host": "127.0.0.1", "port": sink.port, "security": "none"},
    }
    with cast.inside():
        account = ProviderAccount(
            owner_id=cast.owner.user_id, address="anna@rossi.example", display_name="Anna Rossi", provider_type="imap",
            settings=where, status=AccountStatus.ACTIVE, import_started_at=now(),
        )  # fmt: skip
        credentials.seal(account, dovecot.login(user))
        account.save()
        target = SyncTarget.objects.create(
            tenant=cast.tenant, account_id=account.pk, kind="mail", provider_type="imap", host="127.0.0.1",
            due_at=now(), phase=Phase.INITIAL,
        )  # fmt: skip
        identities.default_of(account)
        SubmissionServer.objects.create(account=account)
        made = Desk(make, cast, cast.owner, account, target, dovecot, user, sink, make.client(cast.owner))
        try:
            yield made
        finally:
            for name in ("mail", "smtp"):
                kept = connections._pool.pop((account.pk, name), None)
                if kept is not None:
                    kept.adapter.close()
