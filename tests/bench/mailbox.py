"""A filled Dovecot account, its mirror's account, and mbsync beside them: what the mail benchmarks share."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from apps.providers.adapters.base import Traffic
from pmsync.demo.correspondence import GeneratedMessage, Person, generate
from tests.imap.dovecot import PASSWORD, Dovecot

PEOPLE: Final = (Person("Anna Rossi", "anna@bench.example", "it"), Person("Bruno Bianchi", "bruno@bench.example", "it"))
MAILDIR_FLAGS: Final = {"\\Seen": "S", "\\Flagged": "F", "\\Answered": "R", "\\Draft": "D", "\\Deleted": "T"}


def fill(dovecot: Dovecot, user: str, messages: Iterable[GeneratedMessage]) -> dict[str, int]:
    """Write messages into the user's Maildir, behind Dovecot's back; how many by mailbox."""
    counts: dict[str, int] = {}
    made: dict[str, Path] = {}
    with dovecot.client(user) as client:
        client.select("INBOX")
        for number, message in enumerate(messages):
            if message.mailbox not in made:
                if message.mailbox != "INBOX":
                    client.create(f'"{message.mailbox}"')
                made[message.mailbox] = _folder(dovecot, user, message.mailbox)
            _write(made[message.mailbox], number, message)
            counts[message.mailbox] = counts.get(message.mailbox, 0) + 1
    return counts


def _folder(dovecot: Dovecot, user: str, mailbox: str) -> Path:
    root = dovecot.maildir(user)
    return root / "cur" if mailbox == "INBOX" else root / f".{mailbox.replace('/', '.')}" / "cur"


def _write(folder: Path, number: int, message: GeneratedMessage) -> None:
    letters = "".join(sorted(MAILDIR_FLAGS[flag] for flag in message.flags if flag in MAILDIR_FLAGS))
    moment = int(message.internal_date.timestamp())
    path = folder / f"{moment}.M{number:06d}.bench:2,{letters}"
    path.write_bytes(message.raw)
    os.utime(path, (moment, moment))
    owner = folder.stat()
    os.chown(path, owner.st_uid, owner.st_gid)


def realistic(count: int, seed: int = 11) -> Iterator[GeneratedMessage]:
    """The measured mix: 10 % HTML, 3 % attachments, five mailboxes, mean 22 KB."""
    return generate(seed, count, PEOPLE, "bench")


def warm(dovecot: Dovecot, user: str) -> int:
    """Let Dovecot index everything and the page cache fill; the octets in all."""
    octets = 0
    with dovecot.client(user) as client:
        for name in _names(client):
            if client.select(f'"{name}"', readonly=True)[1] == [b"0"]:
                continue
            _, found = client.fetch("1:*", "(BODY.PEEK[])")
            octets += sum(len(item[1]) for item in found if isinstance(item, tuple))
    return octets


def _names(client: Any) -> list[str]:
    return [line.decode().rpartition(' "/" ')[2].strip('"') for line in client.list()[1] if line]


@dataclass(frozen=True, slots=True)
class Mbsync:
    """mbsync of Debian's isync, copying an account to plain files with its default of flushing them."""

    folder: Path
    dovecot: Dovecot
    user: str

    @staticmethod
    def there() -> bool:
        """True when it is installed."""
        return shutil.which("mbsync") is not None

    def run(self) -> float:
        """One synchronisation of everything; seconds."""
        self.folder.mkdir(exist_ok=True)
        config = self.folder / "mbsyncrc"
        if not config.exists():
            config.write_text(
                f"IMAPAccount bench\nHost 127.0.0.1\nPort {self.dovecot.port}\nUser {self.user}\nPass {PASSWORD}\n"
                "SSLType None\nAuthMechs LOGIN\n\nIMAPStore far\nAccount bench\n\n"
                f"MaildirStore near\nPath {self.folder}/mail/\nInbox {self.folder}/mail/INBOX\nSubFolders Verbatim\n\n"
                "Channel bench\nFar :far:\nNear :near:\nPatterns *\nCreate Near\nRemove Near\nExpunge Near\n"
                f"Sync Pull\nSyncState *\n"
            )
            (self.folder / "mail").mkdir()
        began = time.perf_counter()
        done = subprocess.run(["mbsync", "-q", "-c", str(config), "-a"], capture_output=True, text=True)
        seconds = time.perf_counter() - began
        if done.returncode:
            raise RuntimeError(f"mbsync failed: {done.stderr.strip()}")
        return seconds


@dataclass(frozen=True, slots=True)
class Mirror:
    """An account of ours for the same mailbox, and its target."""

    tenant_id: str
    target_id: str
    account_id: str

    @contextmanager
    def inside(self) -> Iterator[Any]:
        """The tenant, open; yields the account's row."""
        from apps.providers.models import ProviderAccount
        from apps.tenants import context

        with context.open(context.get(self.tenant_id)):
            yield ProviderAccount.objects.get(pk=self.account_id)

    def request(self) -> None:
        """Mark the target wanted, as a push would, without a task."""
        from django.utils.timezone import now

        from apps.sync.models import SyncTarget

        SyncTarget.objects.filter(pk=self.target_id).update(wanted_at=now(), wanted_because="user")

    def sync(self) -> float:
        """One request and the run that answers it, in this process; seconds."""
        from apps.sync.models import Phase, SyncTarget
        from apps.sync.tasks import backfill, run_sync

        self.request()
        began = time.perf_counter()
        run_sync(self.tenant_id, self.target_id)
        while SyncTarget.objects.filter(pk=self.target_id, phase=Phase.INITIAL, error_code="").exists():
            backfill(self.tenant_id, self.target_id)
        return time.perf_counter() - began

    def traffic(self) -> Traffic:
        """What the kept connection has cost so far."""
        from apps.providers import connections
        from apps.sync import registry

        with self.inside() as account, connections.adapter(account, registry.get("mail")) as adapter:
            found: Traffic = adapter.traffic
            return found

    def total(self) -> int:
        """Messages in all mailboxes."""
        from apps.mail.models import Mailbox

        with self.inside():
            return sum(Mailbox.objects.values_list("total", flat=True))

    def healthy(self) -> None:
        """Raise unless the last run ended well."""
        from apps.sync.models import SyncTarget

        target = SyncTarget.objects.get(pk=self.target_id)
        if target.error_code or target.last_synced_at is None:
            raise RuntimeError(f"the sync failed: {target.error_code} {target.error_reason}")


def mirror(dovecot: Dovecot, user: str) -> Mirror:
    """A tenant with one person and this account, connected but not synced."""
    from django.utils.timezone import now

    from apps.providers import credentials
    from apps.providers.models import AccountStatus, ProviderAccount
    from apps.sync.models import Phase, SyncTarget
    from apps.tenants import context, provisioning
    from apps.users import people
    from apps.users.models import Role

    tenant = provisioning.create(f"bench-{time.time_ns()}", "Bench", "premium")
    person = people.create_person(email=f"{user}@{tenant.slug}.example", name="Anna")
    people.join(tenant, person, Role.OWNER)
    where = {"imap": {"host": "127.0.0.1", "port": dovecot.port, "security": "none"}}
    with context.open(tenant):
        account = ProviderAccount(
            owner_id=person.pk, address="anna@bench.example", provider_type="imap", status=AccountStatus.ACTIVE,
            settings=where, import_started_at=now(),
        )  # fmt: skip
        credentials.seal(account, dovecot.login(user))
        account.save()
    target = SyncTarget.objects.create(
        tenant=tenant, account_id=account.pk, kind="mail", provider_type="imap", host="127.0.0.1", due_at=now(),
        phase=Phase.INITIAL,
    )  # fmt: skip
    return Mirror(str(tenant.pk), str(target.pk), str(account.pk))
