"""A simulated Google with two people, and the real client libraries in front of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError

from tests.fakes.google import Google
from tests.fakes.google.grants import Client
from tests.google_fake.responses import Schemas

Json = dict[str, Any]

ANNA: Final = "anna@firm.example"
BOB: Final = "bob@firm.example"
AUTH: Final = "https://www.googleapis.com/auth/"
FULL_MAIL: Final = "https://mail.google.com/"
EVERYTHING: Final = (
    FULL_MAIL, f"{AUTH}calendar", f"{AUTH}contacts", f"{AUTH}contacts.other.readonly", f"{AUTH}pubsub",
)  # fmt: skip
CALLBACK: Final = "http://127.0.0.1:8000/oauth/google/callback"
SCHEMAS: Final = Schemas()


class Desk:
    """One test's Google; every good reply that it gave is held against the schemas when the test ends."""

    def __init__(self, google: Google) -> None:
        self.google = google
        google.person(ANNA, "Anna Rossi")
        google.person(BOB, "Bob Bianchi")
        self.client: Client = google.client(CALLBACK)
        self._open: list[Any] = []

    def service(self, api: str, user: str = ANNA, scopes: tuple[str, ...] = EVERYTHING) -> Any:
        """What `build_from_document` makes, with google-auth's credentials of a user."""
        credentials = self.google.credentials(self.google.grant(user, self.client, scopes))
        built = build_from_document(self.google.document(api), credentials=credentials)
        self._open.append(built)
        return built

    def close(self) -> None:
        """Close connections, and look at what was answered."""
        assert not self.google.crashes, self.google.crashes
        for built in self._open:
            built.close()
        faults = [
            fault
            for entry in self.google.journal.entries
            if entry.verdict == "served" and entry.method in SCHEMAS.methods() and "fields" not in entry.parameters
            for fault in SCHEMAS.faults(entry.method, entry.status, entry.answer)
        ]
        assert not faults


@contextmanager
def refused(status: int, reason: str) -> Iterator[list[Json]]:
    """What is done inside must be refused like this; the error's body is put into the list."""
    told: list[Json] = []
    with pytest.raises(HttpError) as caught:
        yield told
    body = json.loads(caught.value.content)["error"]
    told.append(body)
    reasons = {one["reason"] for one in body.get("errors", []) + body.get("details", []) if "reason" in one}
    assert (caught.value.resp.status, reason) == (
        status,
        reason if reason in reasons | {body.get("status")} else reasons,
    )
