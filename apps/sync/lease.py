"""One runner per target: a lease with a fencing number, on the database's clock.

The lease is a column, not a Redis lock: losing Redis loses no authority. A runner that slept past
its lease finds its number outgrown when it next writes, and writes nothing.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import Error as DatabaseTrouble
from django.db import connection
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Now

from . import queues
from .models import Phase, SyncTarget

# Renewed at every batch, and from the side while a long one is on its way. What a killed worker held is
# free after so long.
LEASE: Final = timedelta(seconds=45)
RENEW_EVERY: Final = 15.0
# A batch over a thin line may take half an hour (`LONGEST` of the IMAP channel); what takes longer (seconds) hangs.
LONGEST_BATCH: Final = 2100.0


class LeaseLost(Exception):
    """Another runner holds the target now; whatever was being done must not be written."""


@dataclass(slots=True)
class Lease:
    """The right to sync one target, until released or outgrown."""

    target: SyncTarget
    fence: int
    given_back: bool = False
    progress_at: float = field(default_factory=time.monotonic)

    @property
    def account_id(self) -> UUID:
        """The account the target belongs to."""
        return self.target.account_id

    def check(self) -> None:
        """Raise LeaseLost unless this is still the newest lease. Call inside the writing transaction,
        after locking the rows that are about to be written: then no older writer can follow a newer."""
        current = SyncTarget.objects.filter(pk=self.target.pk).values_list("lease_fence", flat=True).first()
        if current != self.fence:
            raise LeaseLost(f"target {self.target.pk}: lease {self.fence} was followed by {current}")

    def renew(self) -> None:
        """Extend the lease. Raises LeaseLost when it has been taken over."""
        self.progress_at = time.monotonic()
        if not self._mine().update(lease_until=Now() + LEASE):
            raise LeaseLost(f"target {self.target.pk}: lease {self.fence} was taken over")

    def extend(self) -> bool:
        """Extend the lease without a step forward; False when it was given back, taken over, or nothing moves."""
        if time.monotonic() - self.progress_at > LONGEST_BATCH:
            return False
        return bool(self._mine().filter(lease_until__isnull=False).update(lease_until=Now() + LEASE))

    def wanted(self) -> bool:
        """True when a request came in since this run began."""
        return bool(self._mine().filter(wanted_at__isnull=False).exists())

    def began(self) -> datetime | None:
        """When the run under way claimed its request, by the database's clock."""
        return self._mine().values_list("started_at", flat=True).first()

    def claim_wanted(self) -> bool:
        """Take the standing request, if there is one; otherwise release the lease. One UPDATE each.

        The two conditions look at the same row under its lock, so no request can fall between the
        last look and the release.
        """
        if self.given_back:
            return False
        if self._claim(self._mine().filter(wanted_at__isnull=False)):
            return True
        self._mine().filter(wanted_at__isnull=True).update(lease_until=None, lease_owner="", queued_at=None)
        return bool(self._mine().filter(wanted_at__isnull=False, lease_until__isnull=False).exists()) and (
            self.claim_wanted()
        )

    def claim_backfill(self) -> bool:
        """Take the standing task for missing history, and with it whatever else is wanted; False when there is none."""
        waiting = self._mine().filter(backfill_queued_at__isnull=False, phase=Phase.INITIAL)
        nothing_else = When(wanted_at__isnull=True, then=Value(queues.BACKFILL))
        reason = Case(nothing_else, default=F("wanted_because"))
        return self._claim(waiting, backfill_queued_at=None, wanted_because=reason)

    def _claim(self, found: "QuerySet[SyncTarget]", **marks: Any) -> bool:
        if not found.update(wanted_at=None, queued_at=None, started_at=Now(), lease_until=Now() + LEASE, **marks):
            return False
        self.target.refresh_from_db(fields=["wanted_because", "backfill_queued_at"])
        return True

    def history_missing(self) -> None:
        """Note that there is history to be read. Call inside the transaction that stores the cursor that says so:
        a mailbox that appears, or is numbered anew, long after the first import is filled like the first."""
        if self.target.phase != Phase.INITIAL:
            self._mine().update(phase=Phase.INITIAL)
            self.target.phase = Phase.INITIAL

    def history_complete(self) -> None:
        """Note that all history is in."""
        self._mine().update(phase=Phase.LIVE)
        self.target.phase = Phase.LIVE

    def stop(self) -> None:
        """The account is not active: no further runs. A request that came meanwhile, as a reconnect makes one, wins."""
        self._mine().filter(wanted_at__isnull=True).update(is_active=False)

    def release(self) -> None:
        """Give the target back whatever it is wanted for; nothing more is claimed under this lease."""
        self.given_back = True
        self._mine().update(lease_until=None, lease_owner="")

    def _mine(self) -> "QuerySet[SyncTarget]":
        return SyncTarget.objects.filter(pk=self.target.pk, lease_fence=self.fence)


def owner() -> str:
    """Who holds a lease, for the operator to find: host, process, thread."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident() % 100_000}"


@contextmanager
def take(target_id: UUID | str) -> Iterator[Lease | None]:
    """Take the lease for the length of the block; None when another runner holds it or it is inactive."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    taken = SyncTarget.objects.filter(free, pk=target_id, is_active=True).update(
        lease_fence=F("lease_fence") + 1, lease_owner=owner(), lease_until=Now() + LEASE
    )
    if not taken:
        yield None
        return
    target = SyncTarget.objects.select_related("tenant").get(pk=target_id)
    held = Lease(target, target.lease_fence)
    try:
        yield held
    finally:
        held.release()


@contextmanager
def kept(held: Lease, extended: Callable[[], None]) -> Iterator[None]:
    """Extend the lease from a thread for the length of the block: a slow server's batch outlasts it.

    Without this a second runner would start, the first one's batch be refused, and so on for ever.
    `extended` is called each time, for what else must last as long.
    """
    ended = threading.Event()
    keeper = threading.Thread(target=_keep, args=(held, extended, ended), name="lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()


def _keep(held: Lease, extended: Callable[[], None], ended: threading.Event) -> None:
    while not ended.wait(RENEW_EVERY):
        try:
            if not held.extend():
                return
            extended()
        except DatabaseTrouble:
            continue  # one more try fits into the lease; the run itself meets the database with its next batch
        finally:
            connection.close()
