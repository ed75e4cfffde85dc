"""The one clock of the fake: tokens, cursors, quotas and subscriptions read it, and a test moves it."""

import threading
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Stands still at `start` until it is moved; without a start it runs with the machine's clock."""

    def __init__(self, start: datetime | None = None) -> None:
        self._lock = threading.Lock()
        self._fixed = start
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The time, in UTC."""
        with self._lock:
            return (self._fixed or datetime.now(UTC)) + self._ahead

    def advance(self, **by: float) -> datetime:
        """Move on by so many seconds, minutes, hours or days."""
        with self._lock:
            self._ahead += timedelta(**by)
        return self.now()


def graph_time(moment: datetime) -> str:
    """A point in time as Graph writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_graph_time(text: str) -> datetime:
    """The point in time that `text` means. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def sleep(seconds: float) -> None:
    """Let real time pass, as a slow server does: not the clock's."""
    time.sleep(seconds)
