"""A company at each provider, and its administrator at the provider's console."""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from apps.providers.clouds import Surface
from tests.fakes.google.grants import ServiceAccount
from tests.fakes.google.service import PROJECT
from tests.providers.clouds import ANNA, BOB, GOOGLES, SCOPE, GoogleSide, MicrosoftSide

DIRECTORY: Final = f"{SCOPE}admin.directory.user.readonly"
CLARA: Final = "clara@firm.example"
ROLES: Final = {
    "mail": ("Mail.ReadWrite", "Mail.Send"), "calendar": ("Calendars.ReadWrite",), "contacts": ("Contacts.ReadWrite",),
}  # fmt: skip


class Company(ABC):
    """One company of three people, who have a mailbox each; Clara administers it."""

    name: str
    application: str

    @abstractmethod
    def key(self) -> dict[str, str]:
        """What the administrator gives us."""

    @abstractmethod
    def grant(self, *, only: Sequence[str] = tuple(Surface), directory: bool = True) -> None:
        """Allow reading the directory and these surfaces, and nothing else."""

    @abstractmethod
    def hire(self, address: str, name: str) -> None:
        """Somebody new."""

    @abstractmethod
    def dismiss(self, address: str, *, gone: bool = False) -> None:
        """Suspend somebody, or delete them."""

    @abstractmethod
    def take_back(self, address: str) -> None:
        """End a suspension."""

    @abstractmethod
    def deliver(self, address: str, raw: bytes) -> None:
        """A message arrives."""

    @abstractmethod
    def subject(self, address: str) -> str:
        """The person's key at the provider."""


class GoogleCompany(Company):
    """A Workspace domain and a service account."""

    name = "google"

    def __init__(self, side: GoogleSide) -> None:
        self.google = side.google
        self.google.person(CLARA, "Clara Conti").admin = True
        self.robot: ServiceAccount = self.google.grants.new_service_account(
            f"pmsync@{PROJECT}.iam.gserviceaccount.com", PROJECT
        )
        self.application = self.robot.client_id
        self.grant()

    def key(self) -> dict[str, str]:
        return {"key": json.dumps(self.robot.info("https://evil.example/token")), "administrator": CLARA}

    def grant(self, *, only: Sequence[str] = tuple(Surface), directory: bool = True) -> None:
        scopes = [scope for one in only for scope in GOOGLES[one]] + ([DIRECTORY] if directory else [])
        self.google.grants.delegate(self.robot, "firm.example", scopes)
        # What was minted before would serve for an hour.
        self.google.grants.expire_access()

    def hire(self, address: str, name: str) -> None:
        self.google.person(address, name)

    def dismiss(self, address: str, *, gone: bool = False) -> None:
        person = self.google.grants.people[address]
        person.deleted, person.suspended = gone, not gone

    def take_back(self, address: str) -> None:
        self.google.grants.people[address].suspended = False

    def deliver(self, address: str, raw: bytes) -> None:
        self.google.elsewhere.deliver(address, raw)

    def subject(self, address: str) -> str:
        return self.google.grants.people[address].sub


class MicrosoftCompany(Company):
    """An organisation and an application of its own."""

    name = "microsoft"

    def __init__(self, side: MicrosoftSide) -> None:
        self.microsoft = side.microsoft
        self.directory = side.microsoft.directory
        self.firm = side.people[ANNA].tenant
        for address, name in ((ANNA, "Anna Rossi"), (BOB, "Bob Bianchi")):
            self._person(address).name = name
        self.directory.person(self.firm, CLARA, "Clara Conti", admin=True)
        self.app = self.directory.app([])
        self.application = self.app.id
        self.grant()

    def key(self) -> dict[str, str]:
        return {"directory": "firm.example", "client_id": self.app.id, "secret": self.app.secret}

    def grant(self, *, only: Sequence[str] = tuple(Surface), directory: bool = True) -> None:
        roles = [role for one in only for role in ROLES[one]] + (["User.Read.All"] if directory else [])
        self.app.application = frozenset(roles)
        self.directory.consent_as_admin(self.app, self.firm)
        # What was given out before would serve for an hour.
        held = self.microsoft.tokens.access
        held.update({text: replace(one, expires=one.issued) for text, one in held.items() if one.app is self.app})

    def hire(self, address: str, name: str) -> None:
        self.directory.person(self.firm, address, name)

    def dismiss(self, address: str, *, gone: bool = False) -> None:
        if gone:
            del self.directory.people[self._person(address).id]
        else:
            self._person(address).enabled = False

    def take_back(self, address: str) -> None:
        self._person(address).enabled = True

    def deliver(self, address: str, raw: bytes) -> None:
        self.microsoft.elsewhere(self._person(address)).deliver(raw)

    def subject(self, address: str) -> str:
        return f"{self._person(address).id}.{self.firm.id}"

    def _person(self, address: str) -> Any:
        found = self.directory.find_person(address)
        assert found is not None
        return found
