"""How far a long command is, on standard error: a moving line for people, few lines for logs."""

from dataclasses import dataclass
from typing import Final

from django.core.management.base import OutputWrapper

WIDTH: Final = 30
EVERY: Final = 100


@dataclass(frozen=True, slots=True)
class Progress:
    """Call it with (done, total). `what` names the things that are counted."""

    out: OutputWrapper
    what: str

    def __call__(self, done: int, total: int) -> None:
        """Show the state, if it is worth showing."""
        if self.out.isatty():
            filled = WIDTH * done // max(1, total)
            bar = "#" * filled + "." * (WIDTH - filled)
            self.out.write(f"\r[{bar}] {done} of {total} {self.what}", ending="\n" if done == total else "")
            self.out.flush()
        elif done == total or done % EVERY == 0:
            self.out.write(f"{done} of {total} {self.what}")


def silence(done: int, total: int) -> None:
    """Progress that says nothing."""
