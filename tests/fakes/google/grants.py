"""Who may do what: people, clients, service accounts, and the tokens that were given out, as Google keeps them."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.fakes.google.clock import Clock
from tests.fakes.google.discovery import all_documents
from tests.fakes.google.keys import Key

HOUR: Final = 3600
DAY: Final = 86_400
ACCESS_LIFE: Final = 3599
TESTING_LIFE: Final = 7 * DAY
UNUSED_LIFE: Final = 180 * DAY
TOKENS_PER_CLIENT: Final = 100
IDENTITY: Final = {
    "openid": "openid",
    "email": "https://www.googleapis.com/auth/userinfo.email",
    "profile": "https://www.googleapis.com/auth/userinfo.profile",
}
"""Short names of scopes; the reply of the token endpoint writes the long ones."""

MAIL_SCOPES: Final = ("https://mail.google.com/", "https://www.googleapis.com/auth/gmail.")


def known_scopes() -> frozenset[str]:
    """Every scope that some document declares, and those of identity."""
    return frozenset().union(*(one.scopes for one in all_documents()), IDENTITY, IDENTITY.values())


def normal(scopes: Iterable[str]) -> frozenset[str]:
    """Scopes by their long names."""
    return frozenset(IDENTITY.get(scope, scope) for scope in scopes)


@dataclass
class Person:
    """A Google account."""

    email: str
    name: str = ""
    sub: str = field(default_factory=lambda: "1" + "".join(secrets.choice("0123456789") for _ in range(20)))
    deleted: bool = False
    mail_enabled: bool = True
    """False for a Workspace account without Gmail, or one that is suspended."""
    admin: bool = False
    """May read the directory of the domain."""
    suspended: bool = False
    unit: str = "/"
    """The organisational unit."""
    aliases: tuple[str, ...] = ()

    @property
    def domain(self) -> str:
        """What follows the at sign."""
        return self.email.partition("@")[2]


@dataclass
class Client:
    """An OAuth client of a Cloud project."""

    id: str
    secret: str
    redirects: tuple[str, ...]
    project: str
    testing: bool = False
    """The consent screen is not published: refresh tokens die after seven days."""


@dataclass
class ServiceAccount:
    """An account of a project that signs its own assertions."""

    email: str
    project: str
    client_id: str
    key: Key
    delegated: dict[str, frozenset[str]] = field(default_factory=dict)
    """Scopes by Workspace domain: what the admin console allows."""

    def info(self, token_uri: str) -> dict[str, str]:
        """The key file, for `google.oauth2.service_account`."""
        return {
            "type": "service_account",
            "project_id": self.project,
            "private_key_id": self.key.id,
            "private_key": self.key.private_pem,
            "client_email": self.email,
            "client_id": self.client_id,
            "token_uri": token_uri,
        }


@dataclass
class Refresh:
    """A refresh token."""

    token: str
    user: str
    client: str
    scopes: frozenset[str]
    issued: float
    used: float
    code: str = ""
    expires: float | None = None
    dead: str = ""
    """The name of the refusal that its use meets from now on."""


@dataclass
class Access:
    """An access token."""

    token: str
    user: str
    """The mailbox's address, or the service account's own."""
    client: str
    project: str
    scopes: frozenset[str]
    expires: float
    family: str = ""
    """The refresh token or code that it comes from."""
    caller: str = ""
    """Whose quota it is charged to: the user, or a service account for all whom it impersonates."""


class Grants:
    """Everything that was given and not yet taken back."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.people: dict[str, Person] = {}
        self.clients: dict[str, Client] = {}
        self.service_accounts: dict[str, ServiceAccount] = {}
        self.refresh: dict[str, Refresh] = {}
        self.access: dict[str, Access] = {}
        self.consented: dict[tuple[str, str], frozenset[str]] = {}
        """Scopes by user and project."""

    def new_client(self, **values: Any) -> Client:
        """Register an OAuth client."""
        client = Client(**values)
        self.clients[client.id] = client
        return client

    def new_service_account(self, email: str, project: str, key: Key | None = None) -> ServiceAccount:
        """Make a service account with a key: a new one, or one that was made before."""
        number = str(len(self.service_accounts) + 100_000_000_000_000_000_000)
        account = ServiceAccount(email, project, number, key or Key(f"sa-{secrets.token_hex(8)}"))
        self.service_accounts[email] = account
        return account

    def delegate(self, account: ServiceAccount, domain: str, scopes: Iterable[str]) -> None:
        """What the administrator of a domain allows this account for everybody there."""
        account.delegated[domain] = frozenset(scopes)

    def issue_access(self, user: str, client: str, project: str, scopes: frozenset[str], family: str = "") -> Access:
        """A new access token."""
        token = Access(
            f"ya29.{secrets.token_urlsafe(32)}", user, client, project, scopes, self.clock.now() + ACCESS_LIFE, family,
            user,
        )  # fmt: skip
        self.access[token.token] = token
        return token

    def issue_refresh(self, user: str, client: Client, scopes: frozenset[str], code: str = "") -> Refresh:
        """A new refresh token; the oldest of more than a hundred dies without a word."""
        now = self.clock.now()
        until = now + TESTING_LIFE if client.testing else None
        token = Refresh(f"1//{secrets.token_urlsafe(32)}", user, client.id, scopes, now, now, code, until)
        self.refresh[token.token] = token
        alive = [one for one in self.refresh.values() if (one.user, one.client) == (user, client.id) and not one.dead]
        for one in alive[:-TOKENS_PER_CLIENT]:
            one.dead = "expired"
        return token

    def state_of(self, token: Refresh) -> str:
        """Empty while it serves, else the name of the refusal."""
        now = self.clock.now()
        person = self.people.get(token.user)
        if person is None or person.deleted:
            return "account deleted"
        if person.suspended:
            return "account disabled"
        if token.dead:
            return token.dead
        aged = now - token.used > UNUSED_LIFE or (token.expires is not None and now > token.expires)
        return "expired" if aged else ""

    def bearer(self, token: str) -> Access | None:
        """What an access token is good for; None when it is not, or no longer."""
        access = self.access.get(token)
        if access is None or access.expires <= self.clock.now():
            return None
        person = self.people.get(access.user)
        return None if person and (person.deleted or person.suspended) else access

    def revoke(self, token: str) -> bool:
        """End the whole grant that a token belongs to; False for a token that is none."""
        access, refresh = self.access.get(token), self.refresh.get(token)
        if access is None and (refresh is None or refresh.dead):
            return False
        one = access or refresh
        assert one is not None
        self.withdraw(one.user, one.client)
        return True

    def withdraw(self, user: str, client: str) -> None:
        """The person removes the application from the account."""
        known = self.clients.get(client)
        if known:
            self.consented.pop((user, known.project), None)
        self.kill(user, client)

    def kill(self, user: str, client: str = "", why: str = "expired") -> None:
        """End all tokens of a user, of one client or of all."""
        for refresh in self.refresh.values():
            if refresh.user == user and client in ("", refresh.client):
                refresh.dead = refresh.dead or why
        for access in list(self.access.values()):
            if access.user == user and client in ("", access.client):
                del self.access[access.token]

    def change_password(self, user: str) -> None:
        """Ends every refresh token that has a scope of Gmail."""
        for refresh in self.refresh.values():
            if refresh.user == user and any(scope.startswith(MAIL_SCOPES) for scope in refresh.scopes):
                refresh.dead = refresh.dead or "expired"

    def expire_access(self, user: str = "") -> None:
        """Every access token of a user, or of all, is past its time."""
        for access in self.access.values():
            if user in ("", access.user):
                access.expires = min(access.expires, self.clock.now() - 1)

    def withdraw_family(self, code: str) -> None:
        """End what came of an authorization code."""
        dead = {one.token for one in self.refresh.values() if one.code == code} | {code}
        for token in dead & set(self.refresh):
            self.refresh[token].dead = "expired"
        for access in list(self.access.values()):
            if access.family in dead:
                del self.access[access.token]
