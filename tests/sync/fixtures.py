"""Accounts and targets for tests of the engine: real rows, and a kind whose provider is a list."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.timezone import now

from apps.providers import credentials
from apps.providers.adapters.base import Login
from apps.providers.models import AccountStatus, ProviderAccount
from apps.sync.lease import Lease
from apps.sync.models import Phase, SyncTarget
from apps.sync.registry import Applied, Comparison
from apps.users.members import Member


def account(member: Member, address: str = "", **fields: Any) -> ProviderAccount:
    """An active IMAP account of the member; its tenant must be open."""
    settings = {"imap": {"host": "127.0.0.1", "port": 1, "security": "none"}}
    values = {"status": AccountStatus.ACTIVE, "provider_type": "imap", "settings": settings} | fields
    made = ProviderAccount(owner_id=member.user_id, address=address or member.user.email, **values)
    credentials.seal(made, Login(made.address, "secret"))
    made.save()
    return made


def target(member: Member, account_id: UUID, **fields: Any) -> SyncTarget:
    """A target of the account, live and wanted unless said otherwise."""
    values = {"kind": "mail", "provider_type": "imap", "host": "h", "due_at": now(), "phase": Phase.LIVE} | fields
    return SyncTarget.objects.create(tenant=member.tenant, account_id=account_id, **values)


@dataclass
class ScriptedKind:
    """A kind whose provider yields the given batches, or raises them when they are errors."""

    name: str = "scripted"
    news: list[Any] = field(default_factory=list)
    history: list[Any] = field(default_factory=list)
    applied: list[Any] = field(default_factory=list)
    opened: int = 0
    caught: int = 0
    forgotten: int = 0
    before_apply: Any = None
    leases: list[Lease] = field(default_factory=list)

    def open(self, account: ProviderAccount) -> Any:
        self.opened += 1
        return self

    def close(self) -> None: ...

    def alive(self) -> bool:
        return True

    def _play(self, batches: list[Any]) -> Iterator[Any]:
        while batches:
            item = batches.pop(0)
            if isinstance(item, Exception):
                raise item
            yield item

    def changes(self, adapter: Any, account: ProviderAccount) -> Iterator[Any]:
        return self._play(self.news)

    def backfill(self, adapter: Any, account: ProviderAccount) -> Iterator[Any]:
        """As an adapter does, from where the applied batches ended."""
        for item in self.history:
            if isinstance(item, Exception):
                raise item
            if item not in self.applied:
                yield item

    def prepare(self, account: ProviderAccount, batch: Any) -> Any:
        return batch

    def apply(self, held: Lease, account: ProviderAccount, batch: Any) -> Applied:
        self.leases.append(held)
        if self.before_apply is not None:
            self.before_apply(batch)
        held.check()
        self.applied.append(batch)
        return batch if isinstance(batch, Applied) else Applied(new=1)

    def forget(self, account: ProviderAccount) -> None:
        self.forgotten += 1

    def caught_up(self, held: Lease, account: ProviderAccount) -> None:
        self.caught += 1

    def compare(self, adapter: Any, account: ProviderAccount) -> Comparison:
        return Comparison(0, ())
