"""What a provider with consent offers to tell by itself: subscriptions, made, renewed and ended."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from django.conf import settings

from apps.providers.adapters.base import TokenSource

if TYPE_CHECKING:
    from .base import Surface


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be told: a surface, or one part of it by the provider's name. `secret` comes with each notification
    of providers that let us choose one."""

    surface: "Surface"
    part: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription that is held, by the provider's own names; both are empty where it has none."""

    expires_at: datetime
    renew_at: datetime
    remote_id: str = ""
    resource_id: str = ""


class Fate(StrEnum):
    """What a notification says."""

    CHANGED = "changed"
    """Something changed, or may have."""
    WORKS = "works"
    """Nothing but that the subscription tells."""
    PARTS = "parts"
    """A surface has other parts than before, or may have."""
    RENEW = "renew"
    """The subscription ends unless it is renewed."""
    GONE = "gone"
    """The provider ended it."""


@dataclass(frozen=True, slots=True)
class Called:
    """A request to one of our webhooks. `headers` are by lower-case name."""

    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Told:
    """A notification as it was read: whom it is for by the secret that it knows or, where its sender was proved, by
    the account's address. `message` is the same for one that comes twice, empty where nothing tells."""

    secret: str = field(default="", repr=False)
    address: str = field(default="", repr=False)
    realm: str = ""
    remote_id: str = ""
    resource_id: str = ""
    message: str = ""
    fate: Fate = Fate.CHANGED


@dataclass(frozen=True, slots=True)
class Answer:
    """What a webhook answers, and what it was told. Nothing in the answer depends on what is known here."""

    status: int
    text: str | None = None
    told: Sequence[Told] = ()


Hook = Callable[[Called], Answer]


@dataclass(frozen=True, slots=True)
class Fetched:
    """A message that waited at the provider: what acknowledges it, and what it tells; None when it tells nothing."""

    ack: str
    told: Told | None


class Puller(Protocol):
    """Notifications that are fetched. Its methods may raise the errors of `adapters.errors`."""

    async def pull(self) -> Sequence[Fetched]:
        """What waits; empty when nothing came for a while."""
        ...

    async def acknowledge(self, acks: Sequence[str]) -> None:
        """These need not come again."""
        ...

    async def close(self) -> None:
        """Let the connections go."""
        ...


class Pusher(Protocol):
    """A provider's notifications. Every method that takes tokens may raise the errors of `adapters.errors`."""

    def offers(self, surface: "Surface") -> bool:
        """Whether this installation can be told of changes of that surface."""
        ...

    def by_address(self, surface: "Surface") -> bool:
        """Whether notifications of that surface name the account's address and know no secret of ours. Such a
        subscription is one for all who connected that address: ending it ends it for all."""
        ...

    def parts(self, tokens: TokenSource, surface: "Surface") -> Sequence[str]:
        """The parts of a surface that are subscribed to each for itself, beside the surface as a whole."""
        ...

    def subscribe(self, tokens: TokenSource, wanted: Wanted, instead_of: Subscribed | None) -> Subscribed:
        """Subscribe, in place of a subscription that does not serve any more."""
        ...

    def renew(self, tokens: TokenSource, wanted: Wanted, held: Subscribed) -> Subscribed:
        """Have a subscription last longer. Raises NotFound when it is gone."""
        ...

    def end(self, tokens: TokenSource, surface: "Surface", held: Subscribed) -> None:
        """End a subscription; one that is gone is no error."""
        ...

    def held(self, tokens: TokenSource) -> Sequence[Subscribed] | None:
        """The subscriptions that the provider holds for the account and that tell this installation; None when it
        does not say. Their times are not told."""
        ...

    def realm(self, subject: str) -> str:
        """What notifications of an account name beside the subscription: its directory; empty where they do not."""
        ...

    def hooks(self) -> Mapping[str, Hook]:
        """The webhooks by the last part of their path. They ask nobody, and raise nothing."""
        ...

    def puller(self) -> Puller | None:
        """Fetches notifications where this installation is set up so. Raises Rejected for a key that is none."""
        ...

    def prepare(self, *, anew: bool = False) -> None:
        """Have at hand what the webhooks check with, fetched from the provider where it is old, or `anew`. Never
        raises."""
        ...


def address_of(name: str) -> str:
    """Where a provider's notifications are taken: `name` is the last part of the route's path."""
    return f"{settings.PMSYNC_PUBLIC_URL}/api/webhooks/{name}"


def reachable(*, simulated: bool) -> bool:
    """Whether a provider can call us: over https, or from a simulation on the same machine."""
    return simulated or str(settings.PMSYNC_PUBLIC_URL).startswith("https://")
