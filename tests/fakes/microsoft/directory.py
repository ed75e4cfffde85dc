"""Who exists: tenants, their people, registered applications, and who consented to what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import rsa

CONSUMERS: Final = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of personal accounts."""

RESERVED: Final = frozenset({"openid", "profile", "email", "offline_access"})
_TWO_WAY: Final = (
    "Mail.Read Mail.ReadWrite Mail.Send Calendars.Read Calendars.ReadWrite Contacts.Read Contacts.ReadWrite"
)
DELEGATED: Final = frozenset(
    [
        *(f"{scope}{shared}" for scope in _TWO_WAY.split() for shared in ("", ".Shared")),
        *"Mail.ReadBasic Calendars.ReadBasic MailboxSettings.Read MailboxSettings.ReadWrite".split(),
        *"User.Read User.ReadWrite User.Read.All User.ReadBasic.All".split(),
    ]
)
APPLICATION: Final = frozenset(
    [
        *_TWO_WAY.split(),
        *"Mail.ReadBasic Mail.ReadBasic.All Calendars.ReadBasic MailboxSettings.Read MailboxSettings.ReadWrite".split(),
        "User.Read.All",
    ]
)


@dataclass(eq=False, slots=True)
class Tenant:
    """An organisation's directory, or the one of all personal accounts."""

    id: str
    domain: str
    people_may_consent: bool = True

    @property
    def personal(self) -> bool:
        return self.id == CONSUMERS


@dataclass(eq=False, slots=True)
class Person:
    """An account."""

    id: str
    tenant: Tenant
    address: str
    name: str
    aliases: list[str] = field(default_factory=list)
    time_zone: str = "UTC"
    admin: bool = False
    enabled: bool = True
    licensed: bool = True
    department: str = ""
    guest: bool = False
    refusal: int | None = None
    """The AADSTS number that every login and refresh of this person ends in."""
    challenged: bool = False
    """Graph answers 401 with a claims challenge until a token is issued for these claims."""

    @property
    def addresses(self) -> list[str]:
        return [address.lower() for address in (self.address, *self.aliases)]


@dataclass(eq=False, slots=True)
class App:
    """A registered application."""

    id: str
    secret: str
    redirect_uris: list[str]
    name: str = "PMSync"
    delegated: frozenset[str] = frozenset()
    application: frozenset[str] = frozenset()
    secret_expired: bool = False
    public_key: rsa.RSAPublicKey | None = None
    """Of the certificate with which the application may prove itself in place of the secret."""


@dataclass(slots=True)
class AdminConsent:
    """What an administrator allowed an application in one tenant."""

    roles: frozenset[str]
    scopes: frozenset[str]
    only: frozenset[str] | None = None
    """Ids of the people whose mailboxes an application access policy leaves; None: everyone's."""


class Directory:
    """Everybody, by id."""

    def __init__(self) -> None:
        self.tenants: dict[str, Tenant] = {CONSUMERS: Tenant(CONSUMERS, "outlook.example")}
        self.people: dict[str, Person] = {}
        self.apps: dict[str, App] = {}
        self.consents: dict[tuple[str, str], frozenset[str]] = {}
        self.admin_consents: dict[tuple[str, str], AdminConsent] = {}

    def tenant(self, domain: str, *, people_may_consent: bool = True, guid: str = "") -> Tenant:
        """A new organisation; with a `guid` of its own, or a new one."""
        tenant = Tenant(guid or str(uuid4()), domain, people_may_consent)
        self.tenants[tenant.id] = tenant
        return tenant

    def person(self, tenant: Tenant, address: str, name: str = "", *, admin: bool = False, guid: str = "") -> Person:
        """A new account; with a `guid` of its own, or a new one."""
        person = Person(guid or str(uuid4()), tenant, address, name or address.partition("@")[0].title(), admin=admin)
        self.people[person.id] = person
        return person

    def app(
        self, redirect_uris: Iterable[str], *, application: Iterable[str] = (), delegated: Iterable[str] = (),
        guid: str = "", secret: str = "",
    ) -> App:  # fmt: skip
        """A newly registered application with a secret; id and secret are new ones unless they are given."""
        app = App(
            guid or str(uuid4()), secret or f"secret~{uuid4().hex}", list(redirect_uris),
            application=frozenset(application), delegated=frozenset(delegated),
        )  # fmt: skip
        self.apps[app.id] = app
        return app

    def find_tenant(self, name: str) -> Tenant | None:
        """A tenant by id or domain."""
        return self.tenants.get(name) or next((one for one in self.tenants.values() if one.domain == name), None)

    def find_person(self, name: str) -> Person | None:
        """A person by id or address."""
        return self.people.get(name) or next(
            (one for one in self.people.values() if name.lower() in one.addresses), None
        )

    def consented(self, app: App, person: Person) -> frozenset[str]:
        """The delegated scopes that the application has for this person, by himself or by an administrator."""
        by_admin = self.admin_consents.get((app.id, person.tenant.id))
        own = self.consents.get((app.id, person.id), frozenset())
        return own | (by_admin.scopes if by_admin else frozenset())

    def consent(self, app: App, person: Person, scopes: Iterable[str]) -> None:
        """The person allows these as well."""
        key = (app.id, person.id)
        self.consents[key] = self.consents.get(key, frozenset()) | frozenset(scopes)

    def consent_as_admin(
        self, app: App, tenant: Tenant, scopes: Iterable[str] = (), only: Iterable[Person] | None = None
    ) -> None:
        """An administrator allows all registered application permissions, and these delegated scopes."""
        allowed = frozenset(person.id for person in only) if only is not None else None
        self.admin_consents[app.id, tenant.id] = AdminConsent(app.application, frozenset(scopes), allowed)

    def withdraw(self, app: App, person: Person) -> None:
        """The person takes back what he allowed."""
        self.consents.pop((app.id, person.id), None)


def as_user(person: Person) -> Mapping[str, object]:
    """The person as Graph's user resource."""
    given, _, surname = person.name.partition(" ")
    return {
        "id": person.id,
        "displayName": person.name,
        "givenName": given or None,
        "surname": surname or None,
        "mail": person.address if person.licensed else None,
        "userPrincipalName": person.address,
        "businessPhones": [],
        "jobTitle": None,
        "mobilePhone": None,
        "officeLocation": None,
        "preferredLanguage": "en-GB",
        "proxyAddresses": [f"SMTP:{person.address}", *(f"smtp:{alias}" for alias in person.aliases)],
        "accountEnabled": person.enabled,
        "department": person.department or None,
        "userType": "Guest" if person.guest else "Member",
    }
