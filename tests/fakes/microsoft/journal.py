"""Every request with its verdict, so that a test can say what was asked, how often, and what was refused."""

import threading
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One request. `method` is the declared method's name, or what part of the login it was."""

    number: int
    at: datetime
    verb: str
    target: str
    method: str
    app: str
    person: str
    mailbox: str
    status: int
    code: str
    verdict: str
    in_batch: bool
    seconds: float


class Journal:
    """In the order in which the requests ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.entries: list[Entry] = []

    def write(self, **values: Any) -> None:
        """Add a request."""
        with self._lock:
            self.entries.append(Entry(number=len(self.entries) + 1, **values))

    def of(self, method: str, mailbox: str = "") -> list[Entry]:
        """The requests for one method, and one mailbox where it is given."""
        return [one for one in self.entries if one.method == method and mailbox in ("", one.mailbox)]

    def refused(self) -> list[Entry]:
        """What was refused, or ended in a fault."""
        return [one for one in self.entries if one.verdict != "ok"]

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self.entries.clear()

    def as_json(self) -> list[dict[str, Any]]:
        """All of it, for the control end point."""
        return [asdict(one) | {"at": one.at.isoformat()} for one in self.entries]
