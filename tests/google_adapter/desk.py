"""A simulated Google, and our adapters in front of it with a token source that renews as the product does."""

from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from apps.providers.adapters import errors
from apps.providers.adapters.google import oauth
from apps.providers.adapters.google.oauth import Endpoints
from tests.fakes.google import Google
from tests.fakes.google.grants import Refresh

ANNA: Final = "anna@firm.example"
BOB: Final = "bob@firm.example"
AUTH: Final = "https://www.googleapis.com/auth/"
CALLBACK: Final = "http://127.0.0.1:8000/oauth/google/callback"
MODIFY: Final = (f"{AUTH}gmail.modify",)
EVERYTHING: Final = (
    "https://mail.google.com/",
    f"{AUTH}calendar",
    f"{AUTH}contacts",
    f"{AUTH}contacts.other.readonly",
)
READ: Final = 2.0
"""Seconds that an adapter of these tests waits for an answer; what the script calls slow takes longer."""

Json = dict[str, Any]


@dataclass
class Tokens:
    """A TokenSource that keeps a refresh token."""

    http: httpx.Client
    client: oauth.Client
    endpoints: Endpoints
    refresh: str
    access: str = ""
    renewals: int = 0

    def token(self, rejected: str = "") -> str:
        if not self.access or self.access == rejected:
            self.access = oauth.refresh(self.http, self.client, self.refresh, endpoints=self.endpoints).access
            self.renewals += 1
        return self.access


@dataclass
class Desk:
    """One test's Google."""

    google: Google
    opened: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.google.person(ANNA, "Anna Rossi", zone="Europe/Rome")
        self.google.person(BOB, "Bob Bianchi")
        # The clock stands still, so a minute's budget would never come back.
        self.google.quotas.per_user = self.google.quotas.per_project = dict.fromkeys(
            ("gmail", "calendar", "people.read", "people.write"), 10**9
        )
        self.google.quotas.full_syncs = None
        self.registered = self.google.client(CALLBACK)
        self.client = oauth.Client(self.registered.id, self.registered.secret)
        self.endpoints = Endpoints.at(self.google.root)
        self.http = httpx.Client(trust_env=False, timeout=READ)

    def grant(self, user: str = ANNA, scopes: tuple[str, ...] = EVERYTHING) -> Refresh:
        return self.google.grant(user, self.registered, scopes)

    def tokens(self, user: str = ANNA, scopes: tuple[str, ...] = EVERYTHING) -> Tokens:
        return Tokens(self.http, self.client, self.endpoints, self.grant(user, scopes).token)

    @property
    def options(self) -> Json:
        """What every adapter of these tests is opened with."""
        return {"root": self.google.root, "clock": self.google.clock.now, "read": READ}

    def fail(self, method: str, kind: str | int, **more: Any) -> None:
        """Put a fault into the script."""
        self.google.faults.add(method, kind, **more)

    def asked(self, method: str) -> int:
        """How many requests of a method were carried out."""
        return sum(entry.committed for entry in self.google.journal.entries if entry.method == method)

    def close(self) -> None:
        for one in self.opened:
            one.close()
        self.http.close()
        assert not self.google.crashes, self.google.crashes


def again(attempt: Any, times: int = 30) -> Any:
    """Call until it succeeds, as the engine does after what passes by itself."""
    for _ in range(times):
        try:
            return attempt()
        except errors.Transient:
            continue
    return attempt()
