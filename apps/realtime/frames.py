"""The frames of `/ws/v1/events`, as text. Pure.

An event's frame is the same for everybody but for `prev`, so what follows it is encoded once.
"""

import functools
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

import orjson

from .journal import Entry

# Close codes (RFC 6455 leaves 4000 to 4999 to applications).
WHO_ARE_YOU: Final = 4401
NOT_YOURS: Final = 4403
TOO_SLOW: Final = 4408
# Registered ones: against the rules, too large, our own fault, try again later.
AGAINST_RULES: Final = 1008
TOO_LARGE: Final = 1009
OUR_FAULT: Final = 1011
TRY_LATER: Final = 1013

RESET: Final = '{"type":"reset"}'


@dataclass(slots=True)
class Frame:
    """One journal entry on its way to many sockets."""

    seq: int
    account_id: UUID | None
    only_for: frozenset[UUID] | None
    rest: str
    # Colleagues who see the same accounts have the same `prev`: they share one text.
    _last: tuple[int, str] = field(default=(-1, ""), repr=False)

    @classmethod
    def of(cls, entry: Entry) -> "Frame":
        """The frame of an entry; its data goes out as the journal holds it."""
        account = f'"{entry.account_id}"' if entry.account_id else "null"
        rest = f',"event":"{entry.event}","account":{account},"at":"{iso(entry.at)}","data":{entry.data}}}'
        return cls(entry.seq, entry.account_id, frozenset(entry.only_for) if entry.only_for is not None else None, rest)

    def concerns(self, user_id: UUID, accounts: frozenset[UUID]) -> bool:
        """True when a person who sees these accounts may see this event."""
        return (self.account_id is None or self.account_id in accounts) and (
            self.only_for is None or user_id in self.only_for
        )

    def text(self, prev: int) -> str:
        """The whole frame for a person who was sent everything of theirs up to `prev`."""
        known, text = self._last
        if known != prev:
            text = f'{{"seq":{self.seq},"prev":{prev}{self.rest}'
            self._last = (prev, text)
        return text


def iso(moment: datetime) -> str:
    """A moment in UTC as ISO 8601 with Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def welcome(seq: int, build: str) -> str:
    """The answer to a hello: frames follow from `seq` on."""
    return orjson.dumps({"type": "welcome", "seq": seq, "build": build}).decode()


def caught_up(seq: int) -> str:
    """Everything up to `seq` that this person may see was sent."""
    return f'{{"type":"caught_up","seq":{seq}}}'


@functools.cache
def build_id(client: Path) -> str:
    """Names the built web client in this folder, so that an open page notices a newer one."""
    manifest = client / ".vite" / "manifest.json"
    return hashlib.sha256(manifest.read_bytes()).hexdigest()[:12] if manifest.exists() else "unbuilt"
