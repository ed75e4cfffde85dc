"""The circuit breaker of a target: a table of states, so that no path is left to chance."""

from datetime import timedelta
from enum import StrEnum
from random import uniform
from typing import Final

from django.conf import settings

from .models import Breaker


class Seen(StrEnum):
    """What a breaker can be told."""

    OK = "ok"
    FAILED = "failed"  # one failure below the threshold
    TRIPPED = "tripped"  # the failure that reaches the threshold
    DUE = "due"  # the pause is over: let one try through


C, O, H = Breaker.CLOSED, Breaker.OPEN, Breaker.HALF_OPEN  # noqa: E741  a table reads best with short names
AFTER: Final = {
    (C, Seen.OK): C,
    (C, Seen.FAILED): C,
    (C, Seen.TRIPPED): O,
    (C, Seen.DUE): C,
    (O, Seen.DUE): H,
    (O, Seen.OK): C,  # a person's own request was let through and worked
    (O, Seen.FAILED): O,
    (O, Seen.TRIPPED): O,
    (H, Seen.OK): C,
    (H, Seen.FAILED): O,
    (H, Seen.TRIPPED): O,
    (H, Seen.DUE): H,
}
LONGEST: Final = timedelta(hours=2)


def after(state: str, seen: Seen) -> Breaker:
    """The state that follows. A pair that is not listed is a bug, so the lookup raises."""
    return AFTER[(Breaker(state), seen)]


def pause(trips: int) -> timedelta:
    """How long an opened breaker stays open: the configured time (5 min), doubled by each trip in a
    row up to two hours, with 20 % of jitter so that the accounts of one host do not return together."""
    base = timedelta(milliseconds=settings.CIRCUIT_BREAKER_TIMEOUT_MS)
    grown: timedelta = min(base * 2 ** max(0, trips - 1), LONGEST)
    return grown * uniform(0.8, 1.2)
