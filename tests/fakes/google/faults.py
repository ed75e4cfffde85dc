"""Faults on demand: what the next requests of a method meet, before or after they were carried out.

google.faults.add("gmail.users.messages.get", "too many", times=2, headers={"Retry-After": "3"})
google.faults.add("calendar.events.insert", CUT, after=True)
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from tests.fakes.google.refusals import Refusal, refuse
from tests.fakes.google.wordings import TABLES

CUT: Final = "cut"
TRUNCATED: Final = "truncated"
HALF: Final = "half"
SLOW: Final = "slow"
HTML: Final = "html"
REDIRECT: Final = "redirect"
EFFECTS: Final = (CUT, TRUNCATED, HALF, SLOW, HTML, REDIRECT)
"""Faults that are no refusal: the connection is reset, or breaks off within the answer, half of the JSON is all
there is, the answer waits, a proxy speaks instead, the request is sent elsewhere."""

CARRIED_OUT: Final = (TRUNCATED, HALF, SLOW)
"""Faults of an answer, which there must be first."""

SHORTHANDS: Final = {
    "401": "unauthenticated",
    "403": "rate",
    "404": "not found",
    "409": "conflict",
    "410": "calendar: full sync",
    "412": "calendar: condition",
    "413": "too large",
    "429": "exhausted",
    "500": "backend",
    "503": "unavailable",
    "504": "deadline",
}


@dataclass
class Fault:
    """What happens to requests that match."""

    method: str
    kind: str
    """An effect, the name of a wording (`user rate`, `gmail: send cap`) or a status (`503`)."""
    times: int = 1
    skip: int = 0
    """So many matching requests go by first."""
    after: bool = False
    """True: the request is carried out, and then its answer is lost to this."""
    user: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    """What the wording's template is filled with."""
    seconds: float = 0.0
    status: int = 502
    url: str = ""

    def refusal(self, service: str) -> Refusal:
        """The refusal that this fault is."""
        known = {
            "service": service, "scope": "user", "number": "1", "title": service, "name": "q", "until": "",
            "format": "",
        } | dict(self.values)  # fmt: skip
        return refuse(SHORTHANDS.get(self.kind, self.kind), **known).having(headers=dict(self.headers))


class Faults:
    """The script: the first fault that matches and is not used up takes the request."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.script: list[Fault] = []

    def add(
        self,
        method: str,
        kind: str | int,
        *,
        times: int = 1,
        skip: int = 0,
        after: bool = False,
        user: str = "",
        headers: Mapping[str, str] | None = None,
        values: Mapping[str, str] | None = None,
        seconds: float = 0.0,
        status: int = 502,
        url: str = "",
    ) -> Fault:
        """Put one at the end of the script. Raises KeyError for a kind that is none."""
        name = str(kind)
        if name not in EFFECTS:
            table, _, what = SHORTHANDS.get(name, name).rpartition(": ")
            TABLES[table or "general"][what]
        fault = Fault(method, name, times, skip, after, user, headers or {}, values or {}, seconds, status, url)
        with self._lock:
            self.script.append(fault)
        return fault

    def clear(self) -> None:
        """No more faults."""
        with self._lock:
            self.script.clear()

    def take(self, method: str, user: str) -> Fault | None:
        """The fault that this request meets."""
        with self._lock:
            for fault in self.script:
                if not fault.times or not fnmatchcase(method, fault.method) or fault.user not in ("", user):
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                return fault
        return None
