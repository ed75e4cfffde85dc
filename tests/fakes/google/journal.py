"""Every request with its verdict, so that a test can say: no unneeded call, one send only."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any


@dataclass
class Entry:
    """One request and what became of it."""

    number: int
    at: float
    http_method: str
    path: str
    method: str = ""
    """`gmail.users.messages.list`, `oauth.token`; empty when the path is nothing."""
    user: str = ""
    client: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    status: int = 0
    verdict: str = ""
    """`served`, the reason of a refusal, or `fault: ...`."""
    committed: bool = False
    """True when the state was changed or read, whatever the client was told."""
    answer: bytes = b""
    batch: int = 0
    """The number of the batch request that this was a part of."""
    ignored: tuple[str, ...] = ()
    """Body fields that the API does not know and passes over."""


class Journal:
    """In order of arrival; with a limit the oldest are forgotten."""

    def __init__(self, limit: int | None = None) -> None:
        self._lock = threading.Lock()
        self._limit = limit
        self.entries: list[Entry] = []
        self.last = 0
        """The number of the newest entry, for `since`."""

    def open(self, at: float, http_method: str, path: str) -> Entry:
        """A new entry."""
        with self._lock:
            self.last += 1
            entry = Entry(self.last, at, http_method, path)
            self.entries.append(entry)
            if self._limit and len(self.entries) > self._limit:
                del self.entries[0]
            return entry

    def of(self, method: str, user: str = "", since: int = 0) -> list[Entry]:
        """The entries of a method (`gmail.users.messages.*`), of one user, after the entry of a number."""
        return [
            entry
            for entry in list(self.entries)
            if entry.number > since and fnmatchcase(entry.method, method) and user in ("", entry.user)
        ]

    def count(self, method: str = "*", user: str = "", since: int = 0) -> Counter[str]:
        """How often each method was called."""
        return Counter(entry.method for entry in self.of(method, user, since))
