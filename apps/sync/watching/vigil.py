"""One account's life in the watcher: open, listen, and after each end decide when to try again.

WAITING --- OPENING --- LISTENING      an end leads back to WAITING, with a pause that grows
    `-- POLLING   the server refuses more connections, or pushes to nobody: again in an hour
    `-- REFUSED   it refused the log-in twice: not again before something changed
"""

import asyncio
import re
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from random import uniform
from typing import Final
from uuid import UUID

import structlog

from apps.core import clock, crypto
from apps.providers import connections
from apps.providers.adapters import errors
from apps.providers.adapters.base import Endpoint, Login
from apps.providers.adapters.imap.idle import Doorbell, State, Watch
from apps.providers.adapters.imap.idle_habits import DEFAULT, Habits, Timing
from apps.providers.models import AccountStatus, ProviderAccount
from apps.tenants import context

from .bells import DATABASE_AWAY, Bells, Hop
from .gate import Gate
from .shard import Watched

log = structlog.get_logger(__name__)

FAREWELL: Final = 2.5  # seconds; DONE and LOGOUT take as many round trips
LOGINS: Final = 2  # refused so often, no further one is tried
ADDRESS: Final = re.compile(r"\S+@\S+")


@dataclass(frozen=True, slots=True)
class Patience:
    """In seconds: how long a vigil waits for what."""

    first: float = 5.0
    """The bound of the first pause behind a failure; it doubles with each further one."""
    longest: float = 900.0
    steady: float = 60.0
    """A connection that listened this long was a good one: the pauses begin anew behind it."""
    poll: float = 3600.0
    """When the server refuses more connections."""
    second_login: float = 360.0
    """Servers lock accounts out; the engine, which we ask to look, tries once meanwhile."""
    proves_the_login: float = 900.0
    """The engine keeps connections for ten minutes: a sync this long after a refusal has logged in anew."""

    def pause(self, failures: int) -> float:
        """The pause after so many failures in a row: full jitter under a bound that doubles."""
        return uniform(0.0, min(self.longest, self.first * 2 ** min(failures, 20)))


class Mood(StrEnum):
    """What a vigil is at."""

    WAITING = "waiting"
    OPENING = "opening"
    LISTENING = "listening"
    POLLING = "polling"
    REFUSED = "refused"


class Then(StrEnum):
    """What follows the end of a watch."""

    RETRY = "retry"
    POLL = "poll"
    REFUSED = "refused"


# Looked up along the error's own class hierarchy.
THEN: Final[dict[type[errors.AdapterError], Then]] = {
    errors.RateLimited: Then.POLL,
    errors.Rejected: Then.POLL,
    errors.AuthExpired: Then.REFUSED,
    errors.NeedsReconnect: Then.REFUSED,
    errors.PermissionMissing: Then.REFUSED,
    errors.AdapterError: Then.RETRY,
}


PATIENT: Final = Patience()


@dataclass(slots=True)
class Desk:
    """What all vigils of a process share."""

    bells: Bells
    gate: Gate
    hop: Hop
    timing: Timing = DEFAULT
    patience: Patience = PATIENT
    habits: dict[str, Habits] = field(default_factory=dict)

    def habits_of(self, host: str) -> Habits:
        """What is known of a host."""
        return self.habits.setdefault(host, Habits())


class Vigil:
    """Watches one target until `end`."""

    __slots__ = ("_desk", "_ending", "_hurry", "_listened_from", "_refusals", "_refused_at", "_waker",
                 "_watch", "failures", "mood", "task", "watched")  # fmt: skip

    def __init__(self, watched: Watched, desk: Desk) -> None:
        self.watched = watched
        self._desk = desk
        self._watch: Watch | None = None
        self._waker: asyncio.Future[None] | None = None
        self._listened_from: float | None = None
        self.failures = 0
        self._refusals = 0
        self._refused_at: datetime | None = None
        self._hurry = False
        self._ending = False
        self.mood = Mood.WAITING
        self.task = asyncio.create_task(self._keep(), name=f"vigil {watched.target_id}")

    def end(self) -> None:
        """Leave the server politely when it listens, else at once; `task` then ends within FAREWELL."""
        self._ending = True
        if self._watch is not None and self.mood is Mood.LISTENING:
            self._watch.stop()
            asyncio.get_running_loop().call_later(FAREWELL, self.task.cancel)
        else:
            self.task.cancel()

    def begin_anew(self) -> None:
        """The account changed: connect again, with a clean slate."""
        self.failures = self._refusals = 0
        if self._watch is not None and self.mood is Mood.LISTENING:
            self._watch.stop()
        else:
            self._wake()

    def renewed(self, watched: Watched) -> None:
        """Take note of the row as it stands now."""
        moved, self.watched = watched.host != self.watched.host, watched
        if moved:
            self.begin_anew()
        elif self.mood is Mood.REFUSED and self._login_works_again():
            self._refusals = LOGINS - 1
            self._wake()

    def _login_works_again(self) -> bool:
        synced_at, refused_at = self.watched.synced_at, self._refused_at
        proven_after = timedelta(seconds=self._desk.patience.proves_the_login)
        return bool(synced_at and refused_at and synced_at > refused_at + proven_after)

    def _wake(self) -> None:
        self._hurry = True
        if self._waker is not None and not self._waker.done():
            self._waker.set_result(None)

    async def _keep(self) -> None:
        while not self._ending:
            self.mood = Mood.WAITING
            await self._desk.gate.through(self.watched.host)
            self.mood = Mood.OPENING
            try:
                await self._watch_once()
            except errors.AdapterError as error:
                await self._after(error)
            except (crypto.SealBroken, crypto.UnknownKey):
                self._refusals = LOGINS
                await self._after(errors.NeedsReconnect("the saved log-in does not open"))
            except (context.TenantClosed, *DATABASE_AWAY) as error:
                await self._after(errors.Transient(f"the account cannot be read: {type(error).__name__}"))
            except Exception:
                # The outermost line of this account's task: a bug here must not end its watch for good.
                log.exception("watch broke", target=str(self.watched.target_id))
                await self._after(errors.Transient("a fault of ours"))

    async def _watch_once(self) -> None:
        row = self.watched
        endpoint, login = await self._desk.hop(door_of, row.tenant_id, row.account_id)
        self._watch = Watch(
            endpoint, login, self._rung, habits=self._desk.habits_of(row.host), timing=self._desk.timing,
            on_state=self._on_state,
        )  # fmt: skip
        del login  # the watch forgets it after the log-in, and so do we
        try:
            await self._watch.run()
        finally:
            self._watch = None
            self._deaf()

    def _rung(self, bell: Doorbell) -> None:
        self._desk.bells.ring(self.watched.target_id)

    def _on_state(self, state: State) -> None:
        if state is State.IDLE and self.mood is not Mood.LISTENING and self._watch is not None:
            self.mood = Mood.LISTENING
            self._refusals = 0
            self._listened_from = time.monotonic()
            self._desk.bells.listening(self.watched.target_id, self._watch.kind)

    def _deaf(self) -> None:
        began, self._listened_from = self._listened_from, None
        if began is None:
            return
        if time.monotonic() - began >= self._desk.patience.steady:
            self.failures = 0
        self._desk.bells.deaf(self.watched.target_id)

    async def _after(self, error: errors.AdapterError) -> None:
        if self._ending:
            return
        seconds = self._pause_after(error)
        log.info("watch ended", target=str(self.watched.target_id), host=self.watched.host, code=error.code,
                 reason=error.reason, said=ADDRESS.sub("<address>", error.said), mood=self.mood.value,
                 again_in=None if seconds is None else round(seconds))  # fmt: skip
        await self._pause(seconds)

    def _pause_after(self, error: errors.AdapterError) -> float | None:
        """The policy: how long to wait (None: until something changed), and in which mood."""
        patience, listened = self._desk.patience, self.mood is Mood.LISTENING
        hint = error.retry_after or 0.0 if isinstance(error, errors.Transient) else 0.0
        self.mood = Mood.WAITING
        match next(THEN[kind] for kind in type(error).__mro__ if kind in THEN):
            case Then.REFUSED:
                return self._pause_after_refusal()
            case Then.POLL:
                self.mood = Mood.POLLING
                return max(patience.poll, hint) * uniform(1.0, 1.2)
            case Then.RETRY:
                seconds = patience.pause(self.failures)
                self.failures += 1
                return seconds if listened else max(seconds, hint)

    def _pause_after_refusal(self) -> float | None:
        """Let the engine find out and tell the person; stop at the second one."""
        self._refusals += 1
        self._refused_at = clock.now()
        self._desk.bells.ring(self.watched.target_id)
        if self._refusals >= LOGINS:
            self.mood = Mood.REFUSED
            return None
        return self._desk.patience.second_login * uniform(1.0, 1.2)

    async def _pause(self, seconds: float | None) -> None:
        """Wait so long (None: for ever), or until `begin_anew`."""
        if not self._hurry:
            self._waker = asyncio.get_running_loop().create_future()
            await asyncio.wait({self._waker}, timeout=seconds)
            self._waker = None
        self._hurry = False


def door_of(tenant_id: UUID, account_id: UUID) -> tuple[Endpoint, Login]:
    """Where an account's mail server is, and the log-in. Synchronous: it opens the tenant.

    Raises errors of `adapters.errors`, TenantClosed, SealBroken, UnknownKey.
    """
    with context.open(context.get(tenant_id)):
        account = ProviderAccount.objects.filter(pk=account_id, status=AccountStatus.ACTIVE).first()
        if account is None or "imap" not in account.settings:
            raise errors.NotFound("the account is not active, or has no IMAP server")
        return connections.endpoint_of(account, "imap"), connections.login_of(account)
