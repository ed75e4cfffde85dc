"""What a provider offers to a whole company: one key for all its people, its directory, and tokens for each of them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .base import Renewed, Surface


@dataclass(frozen=True, slots=True)
class CompanyKey:
    """What an administrator gave. `application` is what their console knows it by, `realm` the domain or directory
    whose people it is for, `secret` is understood by the provider's own module alone."""

    application: str
    realm: str
    administrator: str
    secret: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class DirectoryPerson:
    """Somebody of the company's directory. `subject` is the key of their account at the provider, the same as of a
    consent of their own."""

    subject: str
    address: str
    name: str = ""
    aliases: tuple[str, ...] = ()
    unit: str = ""
    active: bool = True


class Companies(Protocol):
    """One provider's. Every method may raise the errors of `adapters.errors`, of which CompanyRefused says what an
    administrator has to grant."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of what an administrator gives; `key` and `secret` are secrets."""
        ...

    @property
    def console(self) -> str:
        """Where they grant it."""
        ...

    def scopes(self, surfaces: Collection["Surface"]) -> tuple[str, ...]:
        """What they grant there, by the names of that console."""
        ...

    def read(self, given: Mapping[str, str]) -> CompanyKey:
        """The key in what was given, its shape checked; asks nobody but for the realm's id."""
        ...

    def prove(self, key: CompanyKey, surfaces: Collection["Surface"]) -> None:
        """Try at the provider all that the key is for."""
        ...

    def people(self, key: CompanyKey) -> Iterator[DirectoryPerson]:
        """Everybody who has something to connect, those who may not sign in any more included."""
        ...

    def mint(self, key: CompanyKey, subject: str, address: str, surfaces: Collection["Surface"]) -> "Renewed":
        """An access token for one of them. Raises NeedsReconnect for somebody who is not there any more."""
        ...

    def whom(self, subject: str) -> str:
        """How requests with such a token name the person."""
        ...
