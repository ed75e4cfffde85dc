"""Who is in the demo: two tenants, three people, their accounts. Pure; the passwords open nothing but this demo."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from .correspondence import Person


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A mailbox on the demo's mail server. `shared_with` are the addresses of colleagues who may see it."""

    person: Person
    password: str
    messages: int
    seed: int
    shared_with: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """The mailbox's address, which is also its user name."""
        return self.person.address


@dataclass(frozen=True, slots=True)
class CloudAccount:
    """A mailbox, a calendar and an address book at a simulated Google or Microsoft; `owner` signs in to PMSync.

    One that is `connected` is there when the demo starts; the others are for whoever tries the button.
    """

    provider: str
    person: Person
    owner: str
    zone: str
    messages: int
    seed: int
    connected: bool = False
    unit: str = ""
    admin: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """The account's address."""
        return self.person.address


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody who signs in, with the accounts they own."""

    name: str
    email: str
    password: str
    role: str
    timezone: str
    accounts: tuple[DemoAccount, ...]
    assisted: bool = False
    """Whether the assistant may read the first of their accounts when the demo starts."""

    @property
    def locale(self) -> str:
        """The language of their screens: that of their first account."""
        return self.accounts[0].person.language


@dataclass(frozen=True, slots=True)
class DemoTenant:
    """A company."""

    slug: str
    name: str
    plan: str
    people: tuple[DemoPerson, ...]


GIULIA: Final = Person("Giulia Rossi", "giulia@rossi-partners.example", "it", "Amministratrice", "Rossi & Partners")
MARCO: Final = Person("Marco Bellini", "marco@rossi-partners.example", "it", "Responsabile tecnico", "Rossi & Partners")
INFO: Final = Person("Rossi & Partners", "info@rossi-partners.example", "it", "", "Rossi & Partners")
EMILY: Final = Person("Emily Clarke", "emily@northwind-trading.example", "en", "Operations", "Northwind Trading")
SOFIA: Final = Person("Sofia Marchesi", "sofia@rossi-partners.example", "it", "Ufficio gare", "Rossi & Partners")
OWEN: Final = Person("Owen Hughes", "owen@northwind-trading.example", "en", "Sales", "Northwind Trading")

TENANTS: Final = (
    DemoTenant(
        "rossi",
        "Rossi & Partners",
        "premium",
        (
            DemoPerson(
                GIULIA.name, GIULIA.address, "colline-ombrello-tram-47", "owner", "Europe/Rome",
                (
                    DemoAccount(GIULIA, "mailbox-giulia-8193", 1_600, 11),
                    DemoAccount(INFO, "mailbox-info-5528", 700, 13, shared_with=(MARCO.address,)),
                ),
                assisted=True,
            ),
            DemoPerson(
                MARCO.name, MARCO.address, "betulla-cantiere-luna-82", "member", "Europe/Rome",
                (DemoAccount(MARCO, "mailbox-marco-2746", 900, 12),),
            ),
        ),
    ),
    DemoTenant(
        "northwind",
        "Northwind Trading",
        "standard",
        (
            DemoPerson(
                EMILY.name, EMILY.address, "harbour-pencil-otter-35", "owner", "Europe/London",
                (DemoAccount(EMILY, "mailbox-emily-6604", 1_300, 14),),
                assisted=True,
            ),
        ),
    ),
)  # fmt: skip


def _clouds() -> Iterator[CloudAccount]:
    """Everybody's accounts at both, of which one person's are connected."""
    people = ((MARCO, "Europe/Rome", 180), (GIULIA, "Europe/Rome", 90), (EMILY, "Europe/London", 120))
    for which, (provider, domain) in enumerate((("google", "gmail.example"), ("microsoft", "outlook.example"))):
        for number, (person, zone, messages) in enumerate(people):
            at_home = replace(
                person, address=f"{'.'.join(person.name.lower().split())}@{domain}", role="", company=""
            )  # fmt: skip
            yield CloudAccount(
                provider, at_home, person.address, zone, messages, 30 + 10 * which + number, connected=person is MARCO
            )  # fmt: skip


CLOUDS: Final = tuple(_clouds())
WORKSPACE: Final = "northwind.example"
"""A whole company at the simulated Google: nobody of it is connected until its administrator connects everyone."""


def _workspace() -> Iterator[CloudAccount]:
    people = (
        ("Emily Clarke", "Management", EMILY.address), ("Owen Hughes", "Sales", ""), ("Priya Shah", "Sales", ""),
        ("Tom Baker", "Warehouse", ""), ("Ruth Evans", "Accounts", ""),
    )  # fmt: skip
    for number, (name, unit, owner) in enumerate(people):
        address = f"{name.partition(' ')[0].lower()}@{WORKSPACE}"
        yield CloudAccount(
            "google", Person(name, address, "en", "", ""), owner, "Europe/London", 60, 60 + number,
            unit=unit, admin=not number, aliases=(owner,) if owner else (),
        )  # fmt: skip


COMPANY: Final = tuple(_workspace())
COLLEAGUES: Final = {"it": (GIULIA, MARCO, SOFIA), "en": (EMILY, OWEN)}
# PMSync's own mail (sign-in codes, resets) is submitted under this name.
OURSELVES: Final = ("no-reply@pmsync.example", "submission-9417")


def accounts() -> list[DemoAccount]:
    """Every account of the demo."""
    return [account for tenant in TENANTS for person in tenant.people for account in person.accounts]


def people_around(person: Person) -> list[Person]:
    """The person, then the colleagues they write with."""
    return [person, *(other for other in COLLEAGUES[person.language] if other != person)]
