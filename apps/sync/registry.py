"""Resource kinds register here, so that the engine never imports them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from apps.providers.models import ProviderAccount

from .lease import Lease


@dataclass(frozen=True, slots=True)
class Applied:
    """What one applied batch changed in the mirror.

    `look_again` is set when something was held back that only another run can confirm: the seconds
    after which that run is worth its while.
    """

    new: int = 0
    updated: int = 0
    deleted: int = 0
    look_again: float | None = None

    def __add__(self, other: "Applied") -> "Applied":
        pauses = [pause for pause in (self.look_again, other.look_again) if pause is not None]
        return Applied(
            self.new + other.new, self.updated + other.updated, self.deleted + other.deleted, min(pauses, default=None)
        )

    @property
    def changes(self) -> int:
        """How many rows changed: what the account's activity rate counts."""
        return self.new + self.updated + self.deleted


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which mirror and provider differ, told so that an operator can find it."""

    kind: str
    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome of `verify` for one account and kind."""

    compared: int
    differences: tuple[Difference, ...]


class Kind(Protocol):
    """A resource kind, as its application implements it. `adapter` is that kind's adapter."""

    name: str

    def open(self, account: ProviderAccount) -> Any:
        """A logged-in adapter; the caller closes or keeps it."""
        ...

    def changes(self, adapter: Any, account: ProviderAccount) -> Iterator[Any]:
        """Batches of what happened since the stored cursors."""
        ...

    def backfill(self, adapter: Any, account: ProviderAccount) -> Iterator[Any]:
        """Batches of missing history; nothing when all of it is in."""
        ...

    def prepare(self, account: ProviderAccount, batch: Any) -> Any:
        """Whatever can be done with a batch before its transaction: parsing, sealing. May run in
        another thread, with the tenant open, while an earlier batch is being written."""
        ...

    def apply(self, held: Lease, account: ProviderAccount, prepared: Any) -> Applied:
        """Write one prepared batch: rows, cursor and events in one transaction."""
        ...

    def caught_up(self, held: Lease, account: ProviderAccount) -> None:
        """The mirror equals the provider as of now: record it, tell the browsers when it matters."""
        ...

    def forget(self, account: ProviderAccount) -> None:
        """Drop the cursors: the next run compares with the provider in full. Called in a transaction."""
        ...

    def compare(self, adapter: Any, account: ProviderAccount) -> Comparison:
        """Mirror against census, item by item."""
        ...


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind known; called from its application's `ready`."""
    _kinds[kind.name] = kind


def get(name: str) -> Kind:
    """The kind of this name. Raises KeyError for one that no application registered."""
    return _kinds[name]


def names() -> tuple[str, ...]:
    """All registered kinds."""
    return tuple(sorted(_kinds))
