"""A person at work on an account of a real server: acts, the queue carried out, syncs, another client beside."""

import imaplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.utils.timezone import now

from apps.mail import comparison, queries
from apps.mail.commands import service
from apps.mail.models import Mailbox, Message
from apps.outbound import runner
from apps.outbound.models import Command
from apps.providers import connections, credentials
from apps.providers.models import AccountStatus, ProviderAccount
from apps.realtime import journal
from apps.sync import lease, registry, runs, verification
from apps.sync.models import Phase, SyncTarget
from apps.sync.registry import Difference
from apps.users.members import Member
from tests.imap.dovecot import Dovecot
from tests.tenants.fixtures import Cast


@dataclass
class Desk:
    """One account whose owner acts on it. The tenant is open."""

    member: Member
    account: ProviderAccount
    target: SyncTarget
    server: Dovecot
    user: str
    seen: int = 0

    def sync(self) -> None:
        """Bring the mirror up to this moment, first import included."""
        verification.quiesce(self.account, self.target)

    def sync_around(self, meanwhile: Callable[[], None], *, has_read: bool) -> None:
        """A sync that has begun when `meanwhile` happens, has read the server or will now, and writes it then."""
        kind = registry.get("mail")
        SyncTarget.objects.filter(pk=self.target.pk).update(wanted_at=now())
        with lease.take(self.target.pk) as held:
            assert held is not None
            assert held.claim_wanted()
            if not has_read:
                meanwhile()
            with connections.adapter(self.account, kind) as adapter:
                read = [kind.prepare(self.account, batch) for batch in kind.changes(adapter, self.account)]
                if has_read:
                    meanwhile()
                for prepared in read:
                    kind.apply(held, self.account, prepared)
            kind.caught_up(held, self.account)

    def do(self, action: str, *, key: str = "", by: Member | None = None, **body: Any) -> dict[str, Any]:
        """An act, as the API takes it."""
        body = {name: _plain(value) for name, value in body.items()}
        return service.submit(by or self.member, key or str(uuid4()), {"action": action, **body})

    def work(self) -> None:
        """Carry out what is due in the queue."""
        queue = SyncTarget.objects.get(account_id=self.account.pk, kind="outbound")
        SyncTarget.objects.filter(pk=queue.pk).update(wanted_at=now())
        with lease.take(queue.pk) as held:
            while held and held.claim_wanted():
                runner.run(held)

    def hurry(self) -> None:
        """Let what waits for its time be due now."""
        Command.objects.filter(account=self.account, finished_at__isnull=True).update(due_at=now())

    def finish(self) -> None:
        """Work and sync until nothing is open."""
        for _ in range(12):
            self.work()
            self.sync()
            if not Command.objects.filter(account=self.account, finished_at__isnull=True, not_before=None).exists():
                return
            self.hurry()
        raise AssertionError(f"still open: {list(Command.objects.filter(finished_at__isnull=True).values())}")

    def box(self, name: str = "INBOX") -> Mailbox:
        """A mailbox's row."""
        return Mailbox.objects.get(account=self.account, remote_id=name)

    def ids(self, name: str = "INBOX") -> list[UUID]:
        """The messages seen in a mailbox, by subject."""
        placed = Message.objects.filter(placements__mailbox=self.box(name), placements__leaving__isnull=True)
        return list(placed.order_by("subject", "id").values_list("pk", flat=True))

    def thread(self, message: UUID) -> UUID:
        """A message's conversation."""
        return Message.objects.get(pk=message).thread_id

    def threads(self, name: str = "INBOX", **page: Any) -> list[str]:
        """The threads of a mailbox's list, newest first."""
        rows = queries.threads_in(self.member, self.box(name).pk, queries.Page(**page))["items"]
        return [row["id"] for row in rows]

    def flags(self, message: UUID) -> set[str]:
        """What is seen of a message's flags."""
        return set(Message.objects.get(pk=message).flags)

    @contextmanager
    def other(self, mailbox: str = "INBOX") -> Iterator[imaplib.IMAP4]:
        """Another client with a mailbox open."""
        with self.server.client(self.user) as client:
            client.select(f'"{mailbox}"')
            yield client

    def there(self, mailbox: str, search: str = "ALL") -> list[int]:
        """UIDs that the server has."""
        with self.other(mailbox) as client:
            status, said = client.uid("SEARCH", search)
            assert status == "OK", said
            return [int(uid) for uid in said[0].split()]

    def events(self) -> list[journal.Entry]:
        """The events since the last look."""
        entries = journal.read(self.seen, 5000)
        self.seen = entries[-1].seq if entries else self.seen
        return entries

    def told(self) -> list[str]:
        """Their names."""
        return [entry.event for entry in self.events()]

    def differences(self) -> tuple[Difference, ...]:
        """Mirror against server, as they stand now."""
        kind = registry.get("mail")
        with connections.adapter(self.account, kind) as adapter:
            return kind.compare(adapter, self.account).differences

    def books(self) -> list[Any]:
        """What the mirror contradicts itself in."""
        return list(comparison._books(self.account.pk))

    def close(self) -> None:
        """Give up the connections that are kept warm."""
        connections.drop(self.account)


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return [str(item) for item in value] if isinstance(value, list) else value


@contextmanager
def desk(cast: Cast, server: Dovecot, *messages: bytes) -> Iterator[Desk]:
    """The owner with an account whose INBOX holds these messages, mirrored."""
    user = server.new_user()
    if messages:
        server.append(user, "INBOX", *messages)
    where = {"imap": {"host": "127.0.0.1", "port": server.port, "security": "none"}}
    account = ProviderAccount(
        owner_id=cast.owner.user_id, address=cast.owner.user.email, provider_type="imap", settings=where,
        status=AccountStatus.ACTIVE, import_started_at=now(),
    )  # fmt: skip
    with cast.inside():
        credentials.seal(account, server.login(user))
        account.save()
        target = SyncTarget.objects.create(
            tenant=cast.tenant, account_id=account.pk, kind="mail", provider_type="imap", host="127.0.0.1",
            due_at=now(), phase=Phase.INITIAL,
        )  # fmt: skip
        made = Desk(cast.owner, account, target, server, user)
        try:
            while SyncTarget.objects.get(pk=target.pk).phase == Phase.INITIAL:
                with lease.take(target.pk) as held:
                    assert held is not None
                    runs.catch_up(held)
            made.sync()
            made.events()
            yield made
        finally:
            made.close()
