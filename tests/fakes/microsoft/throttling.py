"""Graph's limits for one application and one mailbox: calls at once, calls in ten minutes, uploads, messages sent."""

import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime
from math import ceil

from tests.fakes.microsoft.behaviour import Behaviour
from tests.fakes.microsoft.clock import Clock
from tests.fakes.microsoft.errors import GraphRefusal, refuse

Key = tuple[str, str]


class _Window:
    """What was spent in the last while."""

    def __init__(self, length: timedelta) -> None:
        self.length = length
        self._spent: deque[tuple[datetime, int]] = deque()
        self._sum = 0

    def wait(self, now: datetime, amount: int, limit: int) -> float:
        """Spend it and return 0, or the seconds until there is room."""
        while self._spent and self._spent[0][0] <= now - self.length:
            self._sum -= self._spent.popleft()[1]
        if self._sum + amount > limit:
            oldest = self._spent[0][0] if self._spent else now
            return max(1.0, (oldest + self.length - now).total_seconds())
        self._spent.append((now, amount))
        self._sum += amount
        return 0.0


class Throttle:
    """Counts; `most_at_once` is the highest overlap that was seen for each application and mailbox."""

    def __init__(self, clock: Clock, behaviour: Behaviour) -> None:
        self._clock, self._behaviour = clock, behaviour
        self._lock = threading.Lock()
        self._running: Counter[Key] = Counter()
        self._windows: dict[tuple[str, Key], _Window] = {}
        self.most_at_once: Counter[Key] = Counter()

    @contextmanager
    def entered(self, key: Key, upload: int) -> Iterator[None]:
        """One call. Raises when it is over a limit."""
        behaviour = self._behaviour
        with self._lock:
            if self._running[key] >= behaviour.concurrency:
                raise self._refusal("concurrency", 1)
            self._spend("throttled", key, timedelta(minutes=10), 1, behaviour.requests_per_10_minutes)
            if upload:
                self._spend("uploads", key, timedelta(minutes=5), upload, behaviour.upload_per_5_minutes)
            self._running[key] += 1
            self.most_at_once[key] = max(self.most_at_once[key], self._running[key])
        try:
            yield
        finally:
            with self._lock:
                self._running[key] -= 1

    def sent(self, key: Key, recipients: int) -> None:
        """One message is to be sent. Raises when too many were in the last minute, or went to too many in a day."""
        with self._lock:
            self._spend("send rate", key, timedelta(minutes=1), 1, self._behaviour.sends_per_minute)
            day = self._windows.setdefault(("daily sends", key), _Window(timedelta(days=1)))
            if day.wait(self._clock.now(), recipients, self._behaviour.recipients_per_day):
                raise refuse("daily sends")

    def forget(self) -> None:
        """Hours have passed."""
        with self._lock:
            self._windows.clear()

    def too_many_at_once(self) -> GraphRefusal:
        """The refusal of a call beside too many others."""
        return self._refusal("concurrency", 1)

    def _spend(self, name: str, key: Key, length: timedelta, amount: int, limit: int) -> None:
        window = self._windows.setdefault((name, key), _Window(length))
        wait = window.wait(self._clock.now(), amount, limit)
        if wait:
            raise self._refusal(name, wait)

    def _refusal(self, name: str, wait: float) -> GraphRefusal:
        return refuse(name, retry_after(self._behaviour, self._clock, wait))


def retry_after(behaviour: Behaviour, clock: Clock, seconds: float) -> dict[str, str]:
    """The header, in the form that is switched on."""
    if behaviour.retry_after == "none":
        return {}
    if behaviour.retry_after == "date":
        moment = clock.now().replace(microsecond=0) + timedelta(seconds=ceil(seconds))
        return {"Retry-After": format_datetime(moment, usegmt=True)}
    return {"Retry-After": str(ceil(seconds))}
