"""What tests of random deaths share: an account at a real server, who kills the processes, what differs in the end."""

import random
import time
from collections import Counter
from typing import Final

from django.db import transaction
from django.utils.timezone import now

from apps.providers import accounts, connections, credentials
from apps.providers.models import AccountStatus, ProviderAccount
from apps.realtime import journal
from apps.sync import registry
from apps.sync.models import Phase, SyncTarget
from apps.sync.registry import Difference
from tests.faults.processes import Stack
from tests.imap.dovecot import Dovecot
from tests.realtime.server import Valkey
from tests.tenants.fixtures import Cast

VICTIMS: Final = ("worker", "worker2", "watcher", "beat", "redis", "web")
LIFE: Final = (1.5, 5.0)
"""Seconds between two deaths."""


def connected(cast: Cast, server: Dovecot, user: str) -> ProviderAccount:
    """An account for this user of the server whose import is wanted at once. The tenant is open."""
    where = {"imap": {"host": "127.0.0.1", "port": server.port, "security": "none"}}
    account = ProviderAccount(
        owner_id=cast.owner.user_id, address=cast.owner.user.email, provider_type="imap", settings=where,
        status=AccountStatus.ACTIVE, import_started_at=now(),
    )  # fmt: skip
    credentials.seal(account, server.login(user))
    with transaction.atomic():
        account.save()
        # Without it an open socket would learn of the account only at its next review.
        journal.append([accounts.status_event(account)])
    SyncTarget.objects.create(
        tenant=cast.tenant, account_id=account.pk, kind="mail", provider_type="imap", host="127.0.0.1",
        due_at=now(), phase=Phase.INITIAL, wanted_at=now(), wanted_because="user",
    )  # fmt: skip
    return account


class Reaper:
    """Kills one process after the other at random moments, and starts it again at once or a little later."""

    def __init__(self, stack: Stack, redis: Valkey, rng: random.Random) -> None:
        self.deaths: Counter[str] = Counter()
        self._stack, self._redis, self._rng = stack, redis, rng
        self._next = time.monotonic() + rng.uniform(*LIFE)
        self._round: list[str] = []

    def perhaps(self) -> None:
        """Kill somebody, when it is time."""
        if time.monotonic() < self._next:
            return
        # Each once in a round, in another order every time.
        self._round = self._round or self._rng.sample(VICTIMS, len(VICTIMS))
        victim = self._round.pop()
        if victim == "redis":
            self._redis.kill()
            time.sleep(self._rng.choice((0.0, 0.5, 2.0)))
            self._redis.start()
        else:
            self._stack.processes[victim].restart()
        self._stack.tend()
        self.deaths[victim] += 1
        self._next = time.monotonic() + self._rng.uniform(*LIFE)


def differences(account: ProviderAccount) -> tuple[Difference, ...]:
    """Mirror against server, as they stand now."""
    kind = registry.get("mail")
    with connections.adapter(account, kind) as adapter:
        return kind.compare(adapter, account).differences
