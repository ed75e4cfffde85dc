"""Capabilities that a host offers and then answers with BAD: done without for a day after the second time.

Kept by process: each process learns for itself, at the price of two failed commands.
"""

import threading
import time
from collections.abc import Callable
from typing import Final

FORGET: Final = 86_400.0  # seconds; servers are repaired
TIMES: Final = 2
"""Once may be a passing fault of the server."""


class Refusals:
    """Counts by (host, port, capability). `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, int, str], list[float]] = {}

    def add(self, host: str, port: int, capability: str) -> bool:
        """Note one BAD; True when the capability is now done without."""
        with self._lock:
            self._seen[host, port, capability] = [*self._recent((host, port, capability)), self._clock()]
            return len(self._seen[host, port, capability]) >= TIMES

    def of(self, host: str, port: int) -> frozenset[str]:
        """The capabilities not to use with a host."""
        with self._lock:
            keys = [key for key in self._seen if key[:2] == (host, port)]
            return frozenset(key[2] for key in keys if len(self._recent(key)) >= TIMES)

    def _recent(self, key: tuple[str, int, str]) -> list[float]:
        return [at for at in self._seen.get(key, ()) if self._clock() - at < FORGET]


LEARNT: Final = Refusals()
"""What this process has learnt."""
