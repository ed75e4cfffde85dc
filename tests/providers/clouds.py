"""Simulated Google and Microsoft as this installation's own registrations: people at their consent pages, and the
administrator of a company who lets an application speak for everybody."""

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl, urlsplit

import httpx
from rest_framework.test import APIClient

from apps.users.members import Member
from tests.fakes.certificates import Authority
from tests.fakes.google import Google
from tests.fakes.microsoft.browser import Browser
from tests.fakes.microsoft.directory import Person
from tests.fakes.microsoft.server import Microsoft
from tests.tenants.fixtures import Make

ANNA: Final = "anna@firm.example"
BOB: Final = "bob@firm.example"
SCOPE: Final = "https://www.googleapis.com/auth/"
GOOGLES: Final = {
    "mail": (f"{SCOPE}gmail.modify",),
    "calendar": (f"{SCOPE}calendar.events", f"{SCOPE}calendar.calendarlist.readonly"),
    "contacts": (f"{SCOPE}contacts", f"{SCOPE}contacts.other.readonly"),
}


class Side(Protocol):
    """A provider, and its people at its pages."""

    name: str

    def answer(self, url: str, who: str, *, only: Sequence[str] | None = None, accept: bool = True) -> dict[str, str]:
        """What the person is sent back with, who grants all that is asked or some surfaces `only`."""
        ...


@dataclass
class GoogleSide:
    """A simulated Google with two people."""

    google: Google
    name: str = "google"

    def answer(self, url: str, who: str, *, only: Sequence[str] | None = None, accept: bool = True) -> dict[str, str]:
        granted = None if only is None else ["openid", "email", *(scope for one in only for scope in GOOGLES[one])]
        self.google.consent.decide(who, granted=granted, error="" if accept else "access_denied")
        answer = httpx.get(url, trust_env=False)
        assert answer.status_code == 302, answer.text
        return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


@dataclass
class MicrosoftSide:
    """A simulated Microsoft with two people. Its consent is of all or nothing."""

    microsoft: Microsoft
    trust: ssl.SSLContext
    people: dict[str, Person]
    name: str = "microsoft"

    def answer(self, url: str, who: str, *, only: Sequence[str] | None = None, accept: bool = True) -> dict[str, str]:
        browser = Browser(self.trust)
        try:
            return browser.sign_in(url, self.people[who], accept=accept)
        finally:
            browser.close()


@contextmanager
def google(settings: Any) -> Iterator[GoogleSide]:
    """A Google that this installation is registered with."""
    with Google(seed=1) as made:
        made.person(ANNA, "Anna Rossi", zone="Europe/Rome")
        made.person(BOB, "Bob Bianchi")
        made.gmail.mailboxes[ANNA].index_lag = 0.0
        # People do not sync a hundred times a minute: the budgets of one are no part of these tests.
        made.quotas.per_user = made.quotas.per_project = dict.fromkeys(
            ("gmail", "calendar", "people.read", "people.write"), 10**9
        )
        made.quotas.full_syncs = None
        client = made.client(f"{settings.PMSYNC_PUBLIC_URL}/oauth/google/callback")
        settings.GOOGLE_CLIENT_ID, settings.GOOGLE_CLIENT_SECRET = client.id, client.secret
        settings.PMSYNC_SIMULATED_GOOGLE = made.root
        yield GoogleSide(made)
        assert made.crashes == []


@contextmanager
def microsoft(settings: Any, authority: Authority) -> Iterator[MicrosoftSide]:
    """A Microsoft that this installation is registered with."""
    with Microsoft(authority.server(), trust=authority.client()) as made:
        firm = made.directory.tenant("firm.example")
        people = {address: made.directory.person(firm, address) for address in (ANNA, BOB)}
        app = made.directory.app([f"{settings.PMSYNC_PUBLIC_URL}/oauth/microsoft/callback"])
        settings.MICROSOFT_CLIENT_ID, settings.MICROSOFT_CLIENT_SECRET = app.id, app.secret
        settings.PMSYNC_SIMULATED_MICROSOFT = made.origin
        settings.PMSYNC_SIMULATED_MICROSOFT_CA = str(authority.root)
        yield MicrosoftSide(made, authority.client(), people)


class Wizard:
    """A person in their browser: signed in here, and sent to the provider and back."""

    def __init__(self, make: Make, member: Member, side: Side) -> None:
        self.client: APIClient = make.client(member)
        self.side = side

    def begin(self, **wanted: Any) -> str:
        """Press the button; where the browser goes."""
        answer = self.client.post("/api/v1/accounts/consent", {"provider": self.side.name} | wanted, format="json")
        assert answer.status_code == 201, answer.content
        return str(answer.json()["url"])

    def back(self, answer: dict[str, str]) -> dict[str, str]:
        """Come back with the provider's answer; what the client's page is told."""
        path = f"/oauth/{self.side.name}/callback"
        if self.side.name == "microsoft":  # its pages post
            kept = self.client.post(path, data=_form(answer), content_type="application/x-www-form-urlencoded")
            assert kept.status_code == 303, kept.content
            told = self.client.get(kept["Location"])
        else:
            told = self.client.get(path, answer)
        assert told.status_code == 303, told.content
        where = urlsplit(told["Location"])
        assert not where.netloc
        assert where.path in ("/accounts", "/accounts/new")
        return dict(parse_qsl(where.query))

    def connect(self, who: str = ANNA, *, only: Sequence[str] | None = None, **wanted: Any) -> dict[str, str]:
        """The whole way."""
        return self.back(self.side.answer(self.begin(**wanted), who, only=only))


def _form(answer: dict[str, str]) -> str:
    return str(httpx.QueryParams(answer))
