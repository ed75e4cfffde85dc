"""Real parts for the gateway's tests and benches: a Daphne process, a Valkey that may be killed, events."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, transaction

from apps.core.ids import new_id
from apps.providers.models import AccountAccess, ProviderAccount
from apps.realtime import journal
from apps.tenants import context
from apps.tenants.models import Tenant
from apps.users.members import Member
from pmsync.private import valkey as private_valkey
from pmsync.private.home import free_port

Result = TypeVar("Result")
REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass
class Valkey:
    """A Redis-compatible server of one's own, to be killed, frozen and started again."""

    folder: Path
    port: int = 0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        return int((self.folder / "valkey.pid").read_text())

    def start(self) -> None:
        self.port = private_valkey.start(self.folder, port=self.port or None)

    def kill(self) -> None:
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1][:3]:
            time.sleep(0.01)
        (self.folder / "valkey.pid").unlink()

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)


def answers(port: int) -> bool:
    """True when something accepts connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Web:
    """A `web` process as it runs in production."""

    redis_url: str
    environment: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> "Web":
        """Start and wait until it answers. The port stays the same over restarts."""
        self.port = self.port or free_port()
        database = connection.settings_dict
        environment = os.environ | {
            "DATABASE_URL": f"postgresql://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}",
            "REDIS_URL": self.redis_url,
            **self.environment,
        }
        command = [sys.executable, "-m", "pmsync.web", "-b", "127.0.0.1", "-p", str(self.port)]
        self.process = subprocess.Popen(command, cwd=REPOSITORY, env=environment)
        until = time.monotonic() + 60
        while not answers(self.port):
            if self.process.poll() is not None:
                raise RuntimeError(f"the web process ended with {self.process.returncode}")
            if time.monotonic() > until:
                raise RuntimeError("the web process did not answer within 60 s")
            time.sleep(0.05)
        return self

    def kill(self) -> None:
        """SIGKILL: no goodbye to anybody."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()


def new_account(member: Member, account_id: UUID | None = None) -> UUID:
    """An account of the person; its id may be chosen, for companies that hold the same ids."""
    with context.open(member.tenant):
        account = ProviderAccount.objects.create(
            id=account_id or new_id(), owner_id=member.user_id, address=member.user.email, provider_type="imap"
        )
        return account.pk


def share(account_id: UUID, member: Member) -> None:
    """Give a colleague access to the account."""
    with context.open(member.tenant):
        AccountAccess.objects.create(account_id=account_id, user_id=member.user_id, role="reader")


def unshare(account_id: UUID, member: Member) -> None:
    """Take the access away again."""
    with context.open(member.tenant):
        AccountAccess.objects.filter(account_id=account_id, user_id=member.user_id).delete()


def event(account_id: UUID | None, only_for: tuple[UUID, ...] | None = None, **data: Any) -> journal.Event:
    """Something that happened in an account."""
    return journal.Event("email:update", account_id, data, only_for)


def happen(tenant: Tenant, *events: journal.Event) -> int:
    """Commit events; the last one's number."""
    with context.open(tenant), transaction.atomic():
        return journal.append(events)


async def aside(work: Callable[..., Result], *arguments: Any) -> Result:
    """Run synchronous database work from a coroutine, in a thread that gives its connection back."""

    def body() -> Result:
        try:
            return work(*arguments)
        finally:
            connection.close()

    return await asyncio.to_thread(body)
