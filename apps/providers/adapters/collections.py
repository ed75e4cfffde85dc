"""Calendars and address books: what their adapters take and give.

Glossary: a *collection* is one calendar or one address book; an *object* is what it holds under one
key: an iCalendar object (a whole series with its exceptions, RFC 4791 section 4.1) or one vCard
(RFC 6352 section 5.1). An object's text, as the provider gave it, is the truth; whatever we show is
read out of it, and a change is a patch of it. Adapters of providers that speak JSON write such a
text themselves, so that everything above them knows one form.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .base import Cursor

NEW = "new:"
"""How the remote id begins of an object that is not made yet, where the provider itself gives it its id."""


@dataclass(frozen=True, slots=True)
class CollectionRecord:
    """One calendar or address book as the provider lists it.

    `remote_id` is the provider's exact key: for DAV the href's path as the server wrote it (an absolute
    URL when it lies on another host than the home). `color` is `#rrggbb` or empty. `timezone` is an IANA
    name or empty. `components` says which iCalendar components a calendar takes (VEVENT, VTODO); empty
    for an address book. `version` is the vCard version that new cards of an address book are written in.
    `schedules`: the server sends invitations itself (RFC 6638), so we never do.
    """

    remote_id: str
    name: str
    writable: bool = True
    color: str = ""
    description: str = ""
    timezone: str = ""
    components: tuple[str, ...] = ()
    version: str = ""
    schedules: bool = False


@dataclass(frozen=True, slots=True)
class ObjectRecord:
    """One object: its key in the collection, its etag exactly as received, its text.

    Where a provider gives no usable etag it is `hash:` and a digest of the text: such a one is compared
    by reading again, never sent.
    """

    remote_id: str
    etag: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CollectionBatch:
    """Changes that belong together: applied in one transaction with the cursor that follows them.

    Either `listing` is set (all collections of the account; what is absent is gone) or `collection` (a remote id)
    names what all else is about. `refused` tells objects that the provider lists and does not hand out, with its
    words. `cursor` is None while more of the same round follows: what is applied is then found again by its etag,
    not by the cursor. `live` is false for a first import. `remaining` counts the objects of this round still to come.
    """

    listing: tuple[CollectionRecord, ...] | None = None
    collection: str = ""
    upserts: tuple[ObjectRecord, ...] = ()
    vanished: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    cursor: Cursor | None = None
    live: bool = True
    remaining: int = 0
    look_again: float | None = None
    """Seconds until another run is worth its while, when something is held back that only it can confirm."""


@dataclass(frozen=True, slots=True)
class MirrorCollection:
    """What our side holds of one collection."""

    remote_id: str
    cursor: Cursor | None


class CollectionMirror(Protocol):
    """The adapter's window on what is mirrored already. Reads only, each call is one query."""

    def collections(self) -> Sequence[MirrorCollection]:
        """Every collection held for the account."""
        ...

    def etags(self, collection: str) -> Mapping[str, str]:
        """The etag of every object held in a collection, by remote id."""
        ...

    def known(self, collection: str, remote_ids: Collection[str]) -> Mapping[str, str]:
        """The same for some of them; those that are not held are left out."""
        ...


@dataclass(frozen=True, slots=True)
class PutObject:
    """Write an object. `if_match` is the etag it was read with; None makes a new one, and never replaces one.

    Where the provider gives objects their ids, `remote_id` of a new one begins with `NEW` and `Stored` tells its id.
    """

    collection: str
    remote_id: str
    data: bytes = field(repr=False)
    if_match: str | None = None


@dataclass(frozen=True, slots=True)
class DeleteObject:
    """Delete an object that still has this etag; one that is gone is no error."""

    collection: str
    remote_id: str
    if_match: str


@dataclass(frozen=True, slots=True)
class MoveObject:
    """Move an object that still has this etag into another collection of the same account, where nothing is yet."""

    collection: str
    remote_id: str
    if_match: str
    to_collection: str
    to_remote_id: str


CollectionCommand = PutObject | DeleteObject | MoveObject


@dataclass(frozen=True, slots=True)
class Stored:
    """What the provider made of a command: where the object lies now, and what it holds.

    `record` is what was read back after it was written: the provider may have rewritten it. None after a DELETE.
    """

    remote_id: str = ""
    record: ObjectRecord | None = None


@dataclass(frozen=True, slots=True)
class CollectionCensus:
    """Everything the provider holds, by a path that sync itself does not use: the listing, then
    (collection, remote id, etag) of every object."""

    listing: tuple[CollectionRecord, ...]
    items: Iterator[tuple[str, str, str]]


class CollectionAdapter(Protocol):
    """One logged-in connection to an account's calendars, or to its address books. One thread at a time.

    Every method may raise the errors of `adapters.errors` and nothing else.
    """

    def changes(self, mirror: CollectionMirror) -> Iterator[CollectionBatch]:
        """Yield the listing, then what happened in each collection since its cursor.

        A collection without a cursor yields all of it. Applying any prefix of the batches is safe: the next
        run brings what is still missing.
        """
        ...

    def fetch(self, collection: str, remote_id: str) -> ObjectRecord:
        """One object as it is now. Raises NotFound."""
        ...

    def execute(self, command: CollectionCommand) -> Stored:
        """Carry out one change. Repeating one whose outcome is unknown changes nothing a second time.

        Raises Conflict (with the etag that is there now, None when the object is gone) when the object is not
        the one that was read, NotFound when the collection is gone, Rejected when the provider will not have
        this text, PermissionMissing when the account may not write there.
        """
        ...

    def census(self) -> CollectionCensus:
        """Everything that the provider holds, for `verify`."""
        ...

    def alive(self) -> bool:
        """True when the kept connection still answers."""
        ...

    def close(self) -> None:
        """Let the connection go; never raises."""
        ...
