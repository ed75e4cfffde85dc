"""What a provider with consent offers: asking for it, renewing tokens, and opening each surface with one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from apps.providers.adapters.base import MailAdapter, MailMirror, Meter, TokenSource
from apps.providers.adapters.collections import CollectionAdapter
from apps.providers.adapters.errors import Transient
from apps.providers.adapters.smtp.submission import Submission

from .companies import Companies
from .pushing import Pusher


class Surface(StrEnum):
    """What a person may connect of an account, each for itself."""

    MAIL = "mail"
    CALENDAR = "calendar"
    CONTACTS = "contacts"


class Unconfigured(Transient):
    """This installation is not registered with the provider, or not any more: what waits, waits for its operator."""

    code = "provider_off"

    def __init__(self, provider_type: str) -> None:
        super().__init__(f"this installation has no client id and secret for {provider_type}")


@dataclass(frozen=True, slots=True)
class Asked:
    """A consent on its way: where the person goes, and what is kept, sealed, until the answer comes."""

    url: str = field(repr=False)
    state: str = field(repr=False)
    kept: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Renewed:
    """An access token. `expires_at` is in seconds since the epoch; `refresh` is empty where the one held stays good."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: float


@dataclass(frozen=True, slots=True)
class Granted:
    """What a person granted. `subject` is the one key of their account at the provider."""

    subject: str
    address: str
    name: str
    surfaces: frozenset[Surface]
    tokens: Renewed = field(repr=False)


class Cloud(Protocol):
    """A provider with consent. Every method may raise the errors of `adapters.errors` and nothing else."""

    @property
    def name(self) -> str:
        """Its `ProviderType`."""
        ...

    @property
    def title(self) -> str:
        """What people call it."""
        ...

    @property
    def configured(self) -> bool:
        """Whether this installation is registered with it."""
        ...

    @property
    def simulated(self) -> bool:
        """Whether it is a simulation: people are told so wherever they meet it."""
        ...

    @property
    def application(self) -> str:
        """Our registration's id: what its budgets are counted by."""
        ...

    @property
    def pusher(self) -> Pusher:
        """Its notifications."""
        ...

    @property
    def companies(self) -> Companies:
        """Whole companies at once, by one key of theirs."""
        ...

    def host(self, surface: Surface) -> str:
        """Whose limits requests of a surface count against."""
        ...

    def begin(self, surfaces: Collection[Surface], redirect_uri: str, *, hint: str, claims: str) -> Asked:
        """Begin a consent. `hint` is the address that is expected, `claims` what the provider wants proved anew."""
        ...

    def finish(self, kept: Mapping[str, Any], answer: Mapping[str, str], redirect_uri: str) -> Granted:
        """Exchange what came back, once. Raises Rejected for an answer that belongs to another request."""
        ...

    def renew(self, refresh: str, surfaces: Collection[Surface]) -> Renewed:
        """A new access token. Raises NeedsReconnect when the grant is gone."""
        ...

    def revoke(self, refresh: str) -> None:
        """Give the grant back where the provider takes it back."""
        ...

    def mail(self, tokens: TokenSource, meter: Meter, mirror: MailMirror) -> MailAdapter:
        """An adapter for mail. Nothing is asked yet."""
        ...

    def submission(self, tokens: TokenSource, meter: Meter) -> Submission:
        """An adapter that sends."""
        ...

    def collections(self, surface: Surface, tokens: TokenSource, meter: Meter) -> CollectionAdapter:
        """An adapter for calendars or address books."""
        ...
