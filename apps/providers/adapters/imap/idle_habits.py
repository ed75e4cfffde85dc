"""What a watcher waits for, and what it learns about a host while it waits. Pure."""

from dataclasses import dataclass
from random import uniform
from typing import Final


@dataclass(frozen=True, slots=True)
class Timing:
    """In seconds, but for the two counts."""

    connect: float = 15.0
    """TCP alone."""
    opening: float = 60.0
    """From the first packet to the first IDLE, whatever the server drips."""
    answer: float = 30.0
    """One command's whole answer; RFC 2177 gives none, a living server needs a second."""
    renewal: float = 540.0
    """RFC 2177 allows 29 minutes; NATs and providers drop a quiet line after 5 to 15."""
    careful_renewal: float = 240.0
    """For hosts on whose lines connections died silently."""
    spread: float = 0.2
    """Share of a renewal by which each one is moved, so that thousands do not renew together."""
    quiet: float = 1.0
    """Notices that follow one within this time go out as one."""
    shortest: float = 1.0
    """An IDLE that the server ends sooner is a refusal in disguise."""
    farewell: float = 2.0
    """For DONE and LOGOUT when we leave."""
    silent_deaths: int = 3
    """So many make a host one that is renewed carefully."""
    missed_heartbeats: int = 3
    """A host that sends heartbeats and misses so many is dead."""


DEFAULT: Final = Timing()


class Habits:
    """What is known of one host, shared by all watches on it."""

    __slots__ = ("deaths", "heartbeat", "notify")

    def __init__(self) -> None:
        self.deaths = 0
        self.heartbeat: float | None = None
        """Longest time seen between two heartbeats in a row."""
        self.notify = True
        """False once the host offered NOTIFY and refused it."""

    def renewal(self, timing: Timing) -> float:
        """Seconds until the next renewal."""
        base = timing.careful_renewal if self.deaths >= timing.silent_deaths else timing.renewal
        return base * uniform(1 - timing.spread, 1 + timing.spread)

    def silence(self, timing: Timing) -> float | None:
        """Seconds of silence that mean death; None for a host without heartbeats."""
        return None if self.heartbeat is None else self.heartbeat * timing.missed_heartbeats

    def beat(self, seconds: float) -> None:
        """Two heartbeats in a row were this far apart."""
        self.heartbeat = max(seconds, self.heartbeat or 0.0)

    def died_silently(self) -> None:
        """A line was dead and nothing had said so."""
        self.deaths += 1
