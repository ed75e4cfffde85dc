"""How far an account's mail was followed: one cursor for all labels, kept with the mailbox of Role.ALL. Pure.

    {"v": 1, "h": "1234", "f": {"i": true, "t": "...", "n": 800}, "l": {"18c5...": 1780000000}}

`h` is the history id up to which every change is applied. `f` is what is missing of the first import: whether
INBOX is still to come first, the page token to go on from, and how many messages are left; absent when
complete. `l` are messages that were told of and could not be read yet, with the second that was first seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from apps.providers.adapters.base import Cursor

VERSION: Final = 1
PLAIN: Final[Cursor] = {"v": VERSION}
"""What the other mailboxes keep: that they were seen."""


@dataclass(frozen=True, slots=True)
class Filling:
    """What is left of the first import."""

    inbox: bool = True
    token: str = ""
    left: int = 0


@dataclass(frozen=True, slots=True)
class AccountCursor:
    """The cursor, read."""

    history: str
    filling: Filling | None = None
    late: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def load(cls, stored: Cursor | None) -> "AccountCursor | None":
        """None for no cursor, and for one of another version: then everything is compared."""
        if not stored or stored.get("v") != VERSION or not stored.get("h"):
            return None
        told = stored.get("f")
        filling = Filling(bool(told["i"]), str(told["t"]), int(told["n"])) if told else None
        return cls(str(stored["h"]), filling, {str(one): float(at) for one, at in (stored.get("l") or {}).items()})

    def dump(self) -> Cursor:
        """As it is kept."""
        stored: dict[str, Any] = {"v": VERSION, "h": self.history}
        if self.filling is not None:
            stored["f"] = {"i": self.filling.inbox, "t": self.filling.token, "n": self.filling.left}
        if self.late:
            stored["l"] = dict(self.late)
        return stored
