"""Carries notifications to webhooks: retried until they are taken, and, by seed, doubled, reordered, late or lost."""

import contextlib
import itertools
import random
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx

from tests.fakes.google.clock import Clock

BACKOFF: Final = (0.1, 0.5, 2.0, 8.0, 30.0, 60.0)
LOOK: Final = 0.01


@dataclass(frozen=True, slots=True)
class Chaos:
    """How unreliable the way is; nothing here is more than Google warns of."""

    seed: int = 0
    duplicate: float = 0.0
    drop: float = 0.0
    reorder: float = 0.0
    """The share that waits until the next one has gone by."""
    delay: tuple[float, float] = (0.0, 0.0)


@dataclass
class Parcel:
    """One notification on its way."""

    url: str
    headers: Callable[[], Mapping[str, str]]
    """Made anew for each attempt: tokens are short-lived."""
    body: bytes
    taken: frozenset[int]
    """Statuses that end it well."""
    again: frozenset[int] | None
    """Statuses after which it is tried again; None for all others."""
    patience: float
    """Seconds that the receiver has to answer."""
    until: float
    """No attempt after this."""
    due: float = 0.0
    attempt: int = 0
    done: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the receiver answered; status 0 is no answer."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    status: int
    number: int


@dataclass
class Courier:
    """Runs a thread while it is open."""

    clock: Clock
    chaos: Chaos = Chaos()
    trust: ssl.SSLContext | bool = True
    """What the receivers' certificates are checked with."""
    attempts: list[Attempt] = field(default_factory=list)
    dropped: int = 0
    _parcels: list[Parcel] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _busy: int = 0
    _closing: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _order: random.Random | None = None

    def open(self) -> None:
        """Begin to carry."""
        self._closing.clear()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Carry no more."""
        self._closing.set()
        if self._thread:
            self._thread.join(5)

    def misbehave(self, chaos: Chaos) -> None:
        """From now on the way is like this."""
        with self._lock:
            self.chaos, self._order = chaos, random.Random(chaos.seed)

    def post(self, parcel: Parcel) -> None:
        """Take a parcel on."""
        with self._lock:
            order = self._order or random.Random(self.chaos.seed)
            self._order = order
            if order.random() < self.chaos.drop:
                self.dropped += 1
                parcel.done()
                return
            now = self.clock.now()
            parcel.due = now + order.uniform(*self.chaos.delay)
            if order.random() < self.chaos.reorder:
                parcel.due += 0.2
            self._parcels.append(parcel)
            if order.random() < self.chaos.duplicate:
                twin = Parcel(
                    parcel.url, parcel.headers, parcel.body, parcel.taken, parcel.again, parcel.patience, parcel.until,
                    parcel.due + order.uniform(0, 0.1),
                )  # fmt: skip
                self._parcels.append(twin)

    def settle(self, seconds: float = 5.0) -> None:
        """Wait until nothing is due; what waits for a later attempt is not waited for."""
        end = time.monotonic() + seconds
        soon = 0.0 if self.clock.stands_still else 0.3
        while time.monotonic() < end:
            with self._lock:
                waiting = any(parcel.due <= self.clock.now() + soon and not parcel.attempt for parcel in self._parcels)
                if not waiting and not self._busy:
                    return
            time.sleep(LOOK)
        raise TimeoutError("notifications are still under way")

    def _run(self) -> None:
        client: httpx.Client | None = None
        while not self._closing.wait(LOOK):
            for parcel in self._due():
                # Made late: reading all the certificates of the system is slow, and most tests post nothing.
                client = client or httpx.Client(verify=self.trust, follow_redirects=False, trust_env=False)
                try:
                    self._carry(client, parcel)
                finally:
                    with self._lock:
                        self._busy -= 1
        if client:
            client.close()

    def _due(self) -> list[Parcel]:
        with self._lock:
            now = self.clock.now()
            due = sorted((one for one in self._parcels if one.due <= now), key=lambda one: one.due)
            self._parcels = [one for one in self._parcels if one.due > now]
            self._busy += len(due)
            return due

    def _carry(self, client: httpx.Client, parcel: Parcel) -> None:
        headers, status = dict(parcel.headers()), 0
        parcel.attempt += 1
        with contextlib.suppress(httpx.HTTPError):
            status = client.post(parcel.url, content=parcel.body, headers=headers, timeout=parcel.patience).status_code
        self.attempts.append(Attempt(parcel.url, headers, parcel.body, status, parcel.attempt))
        if status in parcel.taken:
            parcel.done()
            return
        final = parcel.again is not None and status not in parcel.again and status != 0
        wait = next(itertools.islice(BACKOFF, parcel.attempt - 1, None), BACKOFF[-1])
        if not final and self.clock.now() + wait <= parcel.until:
            parcel.due = self.clock.now() + wait
            with self._lock:
                self._parcels.append(parcel)
