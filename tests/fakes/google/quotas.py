"""What calls cost, and how many a minute are allowed to a user and to a project."""

import threading
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from tests.fakes.google.clock import Clock
from tests.fakes.google.refusals import Refusal, refuse

MINUTE: Final = 60.0
GMAIL_UNITS: Final = (
    ("gmail.users.messages.get", 20), ("gmail.users.messages.attachments.get", 20), ("gmail.users.drafts.get", 20),
    ("gmail.users.threads.get", 40), ("gmail.users.threads.list", 10), ("gmail.users.threads.modify", 10),
    ("gmail.users.threads.trash", 10), ("gmail.users.threads.untrash", 10), ("gmail.users.threads.delete", 20),
    ("gmail.users.messages.trash", 20), ("gmail.users.messages.untrash", 5), ("gmail.users.messages.list", 5),
    ("gmail.users.messages.modify", 5), ("gmail.users.messages.delete", 10), ("gmail.users.messages.insert", 25),
    ("gmail.users.messages.import", 25), ("gmail.users.messages.send", 100), ("gmail.users.messages.batch*", 50),
    ("gmail.users.drafts.create", 10), ("gmail.users.drafts.delete", 10), ("gmail.users.drafts.update", 15),
    ("gmail.users.drafts.list", 5), ("gmail.users.drafts.send", 100), ("gmail.users.history.list", 2),
    ("gmail.users.getProfile", 1), ("gmail.users.labels.list", 1), ("gmail.users.labels.get", 1),
    ("gmail.users.labels.*", 5), ("gmail.users.watch", 100), ("gmail.users.stop", 50),
)  # fmt: skip
PEOPLE_READS: Final = ("*.get", "*.getBatchGet", "*.list", "*.search*", "*.batchGet")


def cost(method: str) -> int:
    """The units of one call."""
    return next((units for pattern, units in GMAIL_UNITS if fnmatchcase(method, pattern)), 1)


def bucket(method: str) -> str:
    """Which budget a call is charged to."""
    api = method.partition(".")[0]
    if api != "people":
        return api
    return "people.read" if any(fnmatchcase(method, pattern) for pattern in PEOPLE_READS) else "people.write"


@dataclass
class Quotas:
    """Sliding windows of a minute. A limit that is None is not kept."""

    clock: Clock
    per_user: dict[str, int | None] = field(
        default_factory=lambda: {"gmail": 6_000, "calendar": 600, "people.read": 60, "people.write": 30, "pubsub": None}
    )
    per_project: dict[str, int | None] = field(
        default_factory=lambda: {"gmail": 1_200_000, "calendar": 10_000, "people.read": None, "people.write": None}
    )
    concurrent: int | None = 20
    """Requests of one user that Gmail carries out at a time."""
    batch_burst: int = 50
    """Parts of one batch that Gmail begins before it finds them too many at once."""
    full_syncs: int | None = 10
    """First pages of full syncs a minute and user, at People."""
    status: int = 429
    """403 or 429: Google sends either."""
    spent: Counter[str] = field(default_factory=Counter)
    """All units ever, by user."""
    _windows: dict[tuple[str, str], deque[tuple[float, int]]] = field(default_factory=lambda: defaultdict(deque))
    _flying: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def charge(self, method: str, host: str, caller: str, project: str) -> None:
        """Count a call. Raises Refusal when a budget is used up; what is refused is not counted."""
        name, units = bucket(method), cost(method)
        with self._lock:
            self._room((name, caller), units, self.per_user.get(name), self._refusal("user", host, project))
            limit = self.per_project.get(name)
            self._room((name, f"project:{project}"), units, limit, self._refusal("project", host, project))
            now = self.clock.now()
            self._windows[name, caller].append((now, units))
            self._windows[name, f"project:{project}"].append((now, units))
            self.spent[caller] += units

    def full_sync(self, caller: str, project: str) -> None:
        """Count the first page of a full sync. Raises Refusal."""
        with self._lock:
            self._room(("sync", caller), 1, self.full_syncs, refuse("people: sync quota", number=number(project)))
            self._windows["sync", caller].append((self.clock.now(), 1))

    def begin(self, user: str, api: str) -> None:
        """A request is in flight. Raises Refusal when too many are."""
        with self._lock:
            if api == "gmail" and self.concurrent is not None and self._flying[user] >= self.concurrent:
                raise refuse("concurrent")
            self._flying[user] += 1

    def end(self, user: str) -> None:
        """It has landed."""
        with self._lock:
            self._flying[user] -= 1

    def forget(self) -> None:
        """Hours have passed."""
        with self._lock:
            self._windows.clear()

    def _refusal(self, scope: str, host: str, project: str) -> Refusal:
        name = "rate 429" if self.status == 429 else "rate"
        return refuse(name, scope=scope, service=host, number=number(project)).having(
            service=host, consumer=f"projects/{number(project)}"
        )

    def _room(self, key: tuple[str, str], units: int, limit: int | None, refusal: Refusal) -> None:
        window = self._windows[key]
        while window and window[0][0] <= self.clock.now() - MINUTE:
            window.popleft()
        if limit is not None and sum(one[1] for one in window) + units > limit:
            raise refusal


def number(project: str) -> str:
    """The project's number, which error texts name instead of its id."""
    return str(int.from_bytes(project.encode()[:5].ljust(5, b"0"), "big"))
