"""Google's domains: a service account to which an administrator delegates the domain's people."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

import httpx

from apps.providers.adapters import errors
from apps.providers.adapters.google import company, oauth

from .base import Renewed, Surface
from .companies import CompanyKey, DirectoryPerson


class GoogleCompanies:
    """Implements `Companies`. `root` replaces Google's own address."""

    fields: Final = ("key", "administrator")
    console: Final = company.CONSOLE

    def __init__(self, root: str, http: Callable[[], httpx.Client]) -> None:
        self._root, self._http = root, http

    def scopes(self, surfaces: Collection[Surface]) -> tuple[str, ...]:
        """See Companies."""
        return company.scopes_of([oauth.Surface(surface) for surface in surfaces])

    def read(self, given: Mapping[str, str]) -> CompanyKey:
        """See Companies."""
        robot = company.read_key(given["key"])
        administrator = given["administrator"].strip().lower()
        local, _, domain = administrator.rpartition("@")
        if not local or "." not in domain:
            raise errors.CompanyRefused("administrator", address=administrator)
        secret = {
            "email": robot.account.email, "key": robot.account.key, "key_id": robot.account.key_id,
            "project": robot.project,
        }  # fmt: skip
        return CompanyKey(robot.client_id, domain, administrator, secret)

    def prove(self, key: CompanyKey, surfaces: Collection[Surface]) -> None:
        """See Companies."""
        wanted = [oauth.Surface(surface) for surface in surfaces]
        with self._http() as http:
            company.prove(http, _robot(key), key.administrator, wanted, time.time(), root=self._root)

    def people(self, key: CompanyKey) -> Iterator[DirectoryPerson]:
        """See Companies."""
        with self._http() as http:
            tokens = company.speak_for(
                http, _robot(key), key.administrator, [company.DIRECTORY], time.time(), endpoints=self._endpoints()
            )  # fmt: skip
        for one in company.people(company.Held(tokens.access), root=self._root):
            if one.has_mailbox:
                yield DirectoryPerson(one.id, one.address, one.name, one.aliases, one.unit, one.active)

    def mint(self, key: CompanyKey, subject: str, address: str, surfaces: Collection[Surface]) -> Renewed:
        """See Companies."""
        scopes = [scope for surface in surfaces for scope in oauth.SCOPES[oauth.Surface(surface)]]
        with self._http() as http:
            tokens = company.speak_for(
                http, _robot(key), address, scopes, time.time(), endpoints=self._endpoints()
            )  # fmt: skip
        return Renewed(tokens.access, "", time.time() + tokens.expires_in)

    def whom(self, subject: str) -> str:
        """See Companies."""
        return subject

    def _endpoints(self) -> oauth.Endpoints:
        return oauth.Endpoints.at(self._root) if self._root else oauth.GOOGLE


def _robot(key: CompanyKey) -> company.Robot:
    told = key.secret
    account = oauth.ServiceAccount(told["email"], told["key"], told["key_id"])
    return company.Robot(account, key.application, told["project"])
