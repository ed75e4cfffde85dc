"""Notifications on their way: collected into posts, retried until taken, and disturbed where a test wants it."""

import heapq
import itertools
import random
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from tests.fakes.microsoft.clock import Clock

ANSWER_WITHIN: Final = 3.0
"""Seconds in which a notification must be taken."""

RETRIES: Final = tuple(timedelta(seconds=seconds) for seconds in (10, 30, 60, 300, 900, 3600, 9000))
"""Waits between attempts: about four hours together."""

_POLL: Final = 0.02
_TOGETHER: Final = 50


@dataclass(slots=True)
class Disorder:
    """How unreliable the way is: chances from 0 to 1, drawn from `seed`."""

    seed: int = 1
    duplicate: float = 0.0
    drop: float = 0.0
    reorder: float = 0.0
    echo: float = 0.0
    """How often a notification is followed by one of a mere update, as of one act that the server works on."""
    delay: timedelta = timedelta()
    """Each is late by up to so much of the clock's time."""
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def copies(self) -> int:
        """How often a notification is sent: not at all, once or twice."""
        if self._random.random() < self.drop:
            return 0
        return 2 if self._random.random() < self.duplicate else 1

    def echoes(self) -> bool:
        """True when an update is told as well."""
        return self._random.random() < self.echo

    def lateness(self) -> timedelta:
        """How late one is."""
        return self.delay * self._random.random()

    def shuffle(self, items: list[Any]) -> None:
        """Perhaps change the order of what is sent together."""
        if self._random.random() < self.reorder:
            self._random.shuffle(items)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One post that was attempted."""

    at: datetime
    url: str
    body: dict[str, Any]
    status: int
    """0 when there was no answer in time."""


@dataclass(slots=True)
class _Parcel:
    url: str
    item: dict[str, Any]
    attempt: int = 0
    token: str = ""
    given_up: Callable[[], None] | None = None


class Courier:
    """A thread that posts what is due by the clock. `trust` is what it believes of https receivers."""

    def __init__(self, clock: Clock, trust: ssl.SSLContext | None) -> None:
        self._clock = clock
        self._client = httpx.Client(verify=trust or True, timeout=ANSWER_WITHIN, trust_env=False)
        self._lock = threading.Condition()
        self._queue: list[tuple[datetime, int, _Parcel]] = []
        self._numbers = itertools.count()
        self._busy = False
        self._stopped = False
        self.disorder = Disorder()
        self.tick: Callable[[], None] = lambda: None
        """Called now and then: what else is due by the clock."""
        self.deliveries: list[Delivery] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is not delivered is lost."""
        with self._lock:
            self._stopped = True
            self._lock.notify_all()
        self._thread.join(ANSWER_WITHIN + 2)
        self._client.close()

    def send(
        self, url: str, item: dict[str, Any], *, token: str = "", orderly: bool = False,
        given_up: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        """Put a notification on its way. `token` is its validation token, `given_up` hears when all tries failed."""
        copies = 1 if orderly else self.disorder.copies()
        for _ in range(copies):
            late = timedelta() if orderly else self.disorder.lateness()
            self._put(self._clock.now() + late, _Parcel(url, item, 0, token, given_up))

    def _put(self, due: datetime, parcel: _Parcel) -> None:
        with self._lock:
            heapq.heappush(self._queue, (due, next(self._numbers), parcel))
            self._lock.notify_all()

    def settle(self, seconds: float = 10.0) -> None:
        """Wait until nothing is due. Raises TimeoutError."""
        self.tick()
        until = time.monotonic() + seconds
        with self._lock:
            while self._busy or (self._queue and self._queue[0][0] <= self._clock.now()):
                if time.monotonic() > until:
                    raise TimeoutError(f"{len(self._queue)} notifications are still on their way")
                self._lock.wait(_POLL)

    @property
    def waiting(self) -> int:
        """How many are not delivered yet."""
        with self._lock:
            return len(self._queue)

    def _run(self) -> None:
        while True:
            # Not under the lock: what is due may itself be something to tell.
            self.tick()
            with self._lock:
                if self._stopped:
                    return
                parcels = self._due()
                if not parcels:
                    self._lock.wait(_POLL)
                    continue
                self._busy = True
            try:
                self._post(parcels)
            finally:
                with self._lock:
                    self._busy = False
                    self._lock.notify_all()

    def _due(self) -> list[_Parcel]:
        """What is due for one address."""
        now, taken, kept = self._clock.now(), list[_Parcel](), list[tuple[datetime, int, _Parcel]]()
        while self._queue and self._queue[0][0] <= now and len(taken) < _TOGETHER:
            entry = heapq.heappop(self._queue)
            if taken and entry[2].url != taken[0].url:
                kept.append(entry)
            else:
                taken.append(entry[2])
        for entry in kept:
            heapq.heappush(self._queue, entry)
        return taken

    def _post(self, parcels: list[_Parcel]) -> None:
        self.disorder.shuffle(parcels)
        body: dict[str, Any] = {"value": [parcel.item for parcel in parcels]}
        tokens = list(dict.fromkeys(parcel.token for parcel in parcels if parcel.token))
        if tokens:
            body["validationTokens"] = tokens
        status = self._attempt(parcels[0].url, body)
        self.deliveries.append(Delivery(self._clock.now(), parcels[0].url, body, status))
        if 200 <= status < 300:
            return
        for parcel in parcels:
            if parcel.attempt < len(RETRIES):
                due = self._clock.now() + RETRIES[parcel.attempt]
                parcel.attempt += 1
                self._put(due, parcel)
            elif parcel.given_up:
                parcel.given_up()

    def _attempt(self, url: str, body: dict[str, Any]) -> int:
        try:
            return self._client.post(url, json=body).status_code
        except httpx.HTTPError:
            return 0
