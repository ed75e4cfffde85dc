"""Doorbells, and the bell that keeps them from ringing more than once a second."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Doorbell:
    """Something happened. `mailbox` is the key of the mailbox it happened in, None for any or several."""

    mailbox: str | None


class Bell:
    """Rings at once for the first notice; those of the following second go out as one."""

    __slots__ = ("_fresh", "_held", "_out", "_quiet", "_timer")

    def __init__(self, out: Callable[[Doorbell], None], quiet: float) -> None:
        self._out = out
        self._quiet = quiet
        self._timer: asyncio.TimerHandle | None = None
        self._fresh: Doorbell | None = None  # went out in this turn of the loop: nobody can have acted on it
        self._held: Doorbell | None = None

    def ring(self, mailbox: str | None) -> None:
        """Pass a notice on: now, with the others, or not at all when one that says as much has just gone."""
        if self._timer is None:
            self._let_out(Doorbell(mailbox))
        elif self._fresh is not None and self._fresh.mailbox in (mailbox, None):
            pass  # `* 6 EXISTS` and `* 2 RECENT` in one packet are one arrival
        elif self._held is None:
            self._held = Doorbell(mailbox)
        elif self._held.mailbox != mailbox:
            self._held = Doorbell(None)

    def close(self) -> None:
        """Let out what is held: it happened, whatever became of the connection."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._held is not None:
            self._out(self._held)
            self._held = None

    def _let_out(self, bell: Doorbell) -> None:
        loop = asyncio.get_running_loop()
        self._fresh = bell
        loop.call_soon(self._turn_over)
        self._timer = loop.call_later(self._quiet, self._second_over)
        self._out(bell)

    def _turn_over(self) -> None:
        self._fresh = None

    def _second_over(self) -> None:
        self._timer = None
        held, self._held = self._held, None
        if held is not None:
            self._let_out(held)
