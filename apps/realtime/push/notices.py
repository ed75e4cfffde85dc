"""What a notification says of an event, as told by the application whose event it is. Knows no push service.

Until somebody registers for an event, nothing is told of it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Protocol
from uuid import UUID

from ..journal import EVENTS, Entry, Event

MOST: Final = 3
"""More at once than this are told as one; the same number as in the client (shell/notify.ts)."""


@dataclass(frozen=True, slots=True)
class Words:
    """A notification's text in one language."""

    title: str
    body: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell to whoever sees the account, in every language we speak.

    `url` is an address inside the client. A notice takes the place of an earlier one of its tag.
    """

    account_id: UUID
    words: Mapping[str, Words]
    tag: str
    url: str


class Teller(Protocol):
    """Who knows what is to be told of events of one name."""

    def worth_telling(self, event: Event) -> bool:
        """Whether something may have to be told. Asked inside transactions: no query."""

    def notices(self, entries: Sequence[Entry]) -> list[Notice]:
        """What is to be told, the oldest first; the tenant is open."""

    def summary(self, notices: Sequence[Notice]) -> Notice:
        """All of them, told as one."""


_tellers: Final[dict[str, Teller]] = {}


def register(event: str, teller: Teller) -> None:
    """Say who tells of events of this name."""
    if event not in EVENTS:
        raise ValueError(f"{event!r} is not an event of the protocol")
    _tellers[event] = teller


def any_worth_telling(events: Iterable[Event]) -> bool:
    """Whether something may have to be told of one of these events. No query."""
    return any(event.name in _tellers and _tellers[event.name].worth_telling(event) for event in events)


def of(entries: Iterable[Entry], accounts: Collection[UUID]) -> list[Notice]:
    """What is to be told to somebody who sees these accounts: few one by one, many as one."""
    told: list[Notice] = []
    known = sorted((entry for entry in entries if entry.event in _tellers), key=lambda entry: entry.event)
    for name, some in groupby(known, key=lambda entry: entry.event):
        seen = [entry for entry in some if entry.account_id in accounts]
        found = _tellers[name].notices(seen) if seen else []
        told += [_tellers[name].summary(found)] if len(found) > MOST else found
    return told


def known() -> frozenset[str]:
    """Names of the events of which something may have to be told."""
    return frozenset(_tellers)
