"""Page and sync tokens: opaque, bound to their owner, their method and the parameters they were issued for."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.google.clock import Clock


@dataclass
class Cursor:
    """What a token stands for."""

    kind: str
    owner: str
    bound: tuple[Any, ...]
    state: Any
    issued: float
    expired: bool = False


@dataclass
class Cursors:
    """All tokens that were handed out."""

    clock: Clock
    life: dict[str, float] = field(default_factory=dict)
    """Seconds by kind; a kind that is not named lives for ever."""
    _known: dict[str, Cursor] = field(default_factory=dict)

    def issue(self, kind: str, owner: str, bound: tuple[Any, ...], state: Any) -> str:
        """A new token."""
        token = secrets.token_urlsafe(24)
        self._known[token] = Cursor(kind, owner, bound, state, self.clock.now())
        return token

    def find(self, token: str, kind: str) -> Cursor | None:
        """The cursor of a token; one of another kind is none. An aged one says so in `expired`."""
        cursor = self._known.get(token)
        if cursor is None or cursor.kind != kind:
            return None
        if cursor.kind in self.life and self.clock.now() - cursor.issued > self.life[cursor.kind]:
            cursor.expired = True
        return cursor

    def expire(self, kind: str, owner: str = "") -> int:
        """Void every token of a kind, of one owner or of all; answers how many."""
        hit = [one for one in self._known.values() if one.kind == kind and owner in ("", one.owner)]
        for one in hit:
            one.expired = True
        return len(hit)


def bound_to(values: dict[str, Any], *free: str) -> tuple[Any, ...]:
    """The parameters that a token is bound to: all but the free ones."""
    kept = {key: value for key, value in values.items() if key not in {"pageToken", "syncToken", *free}}
    return tuple(sorted((key, tuple(value) if isinstance(value, list) else value) for key, value in kept.items()))
