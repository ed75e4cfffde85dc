"""Microsoft's organisations: an application of the company's own, with application permissions.

It is the company's own and not this installation's: only its secret proves for whom somebody speaks. Of an application
that many organisations allow, whoever names a directory would read it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from typing import Final

from apps.providers.adapters import errors
from apps.providers.adapters.base import TokenSource
from apps.providers.adapters.microsoft import company, oauth
from apps.providers.adapters.microsoft.graph import Graph

from .base import Renewed, Surface
from .companies import CompanyKey, DirectoryPerson


class _Own:
    """The application's own tokens, for the length of one look."""

    def __init__(self, application: oauth.Application, directory: str) -> None:
        self._application, self._directory, self._access = application, directory, ""

    def token(self, rejected: str = "") -> str:
        """See TokenSource."""
        if not self._access or self._access == rejected:
            self._access = company.speak(self._application, self._directory).access_token
        return self._access


class MicrosoftCompanies:
    """Implements `Companies`. `application` makes a registration of an id and a secret."""

    fields: Final = ("directory", "client_id", "secret")
    console: Final = company.CONSOLE

    def __init__(
        self, application: Callable[[str, str], oauth.Application], graph: Callable[[TokenSource], Graph]
    ) -> None:
        self._application, self._graph = application, graph

    def scopes(self, surfaces: Collection[Surface]) -> tuple[str, ...]:
        """See Companies."""
        return company.roles_of([surface.value for surface in surfaces])

    def read(self, given: Mapping[str, str]) -> CompanyKey:
        """See Companies."""
        client_id, secret = given["client_id"].strip().lower(), given["secret"].strip()
        if not company.GUID.fullmatch(client_id):
            raise errors.CompanyRefused("client_id", client_id=client_id)
        if not secret or company.GUID.fullmatch(secret):
            # The portal shows both; what it calls the secret's ID opens nothing.
            raise errors.CompanyRefused("secret_shape")
        directory = company.directory_of(self._application(client_id, secret), given["directory"].strip().lower())
        return CompanyKey(client_id, directory, "", {"secret": secret})

    def prove(self, key: CompanyKey, surfaces: Collection[Surface]) -> None:
        """See Companies."""
        with closing(self._graph(self._own(key))) as graph:
            company.prove(graph, key.application, [surface.value for surface in surfaces])

    def people(self, key: CompanyKey) -> Iterator[DirectoryPerson]:
        """See Companies."""
        with closing(self._graph(self._own(key))) as graph:
            for one in company.people(graph):
                if one.has_mailbox:
                    subject = f"{one.id}.{key.realm}"
                    yield DirectoryPerson(subject, one.address, one.name, one.aliases, one.unit, one.active)

    def mint(self, key: CompanyKey, subject: str, address: str, surfaces: Collection[Surface]) -> Renewed:
        """See Companies. The token is the application's, and good for everybody: requests name the person."""
        given = company.speak(self._application(key.application, key.secret["secret"]), key.realm)
        return Renewed(given.access_token, "", given.expires_at)

    def whom(self, subject: str) -> str:
        """See Companies."""
        return subject.partition(".")[0]

    def _own(self, key: CompanyKey) -> _Own:
        return _Own(self._application(key.application, key.secret["secret"]), key.realm)
