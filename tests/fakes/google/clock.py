"""The one clock of the fake: tokens, cursors, quotas and subscriptions age by it, and a test moves it."""

import threading
import time
from datetime import UTC, datetime


class Clock:
    """Real time with an offset, or a time that stands still until it is moved."""

    def __init__(self, start: float | None = None) -> None:
        self._lock = threading.Lock()
        self._still = start
        self._offset = 0.0

    @property
    def stands_still(self) -> bool:
        """True for one that only a test moves."""
        return self._still is not None

    def now(self) -> float:
        """Seconds since the epoch."""
        with self._lock:
            return (time.time() if self._still is None else self._still) + self._offset

    def advance(self, seconds: float) -> None:
        """Let this much time have passed."""
        with self._lock:
            self._offset += seconds

    def milliseconds(self) -> int:
        """What Gmail and channels count in."""
        return int(self.now() * 1000)

    def stamp(self) -> str:
        """RFC 3339 with milliseconds, as the APIs write it."""
        return rfc3339(self.now())


def rfc3339(seconds: float) -> str:
    """`2026-01-05T09:00:00.000Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_rfc3339(text: str) -> float:
    """Seconds since the epoch. Raises ValueError for anything that has no offset."""
    moment = datetime.fromisoformat(text.replace("z", "Z"))
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no offset")
    return moment.timestamp()
