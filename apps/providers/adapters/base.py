"""What every adapter takes and gives: records, batches, cursors, and the mail contract.

Glossary: a *mailbox* holds messages (IMAP mailbox, Gmail label, Graph folder); a *placement* says
that a message is in a mailbox, under a UID, with flags; a *cursor* is what the provider needs to
tell what happened since; an *identity* is the key by which the same message is recognised again
after a move, a copy or a new UIDVALIDITY.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

Cursor = Mapping[str, Any]
"""An adapter's own state for one mailbox: JSON, versioned by its key `v`, opaque to all others."""


class Role(StrEnum):
    """What a mailbox is for (RFC 6154)."""

    INBOX = "inbox"
    SENT = "sent"
    DRAFTS = "drafts"
    ARCHIVE = "archive"
    JUNK = "junk"
    TRASH = "trash"
    ALL = "all"
    FLAGGED = "flagged"
    IMPORTANT = "important"


@dataclass(frozen=True, slots=True)
class MailboxRecord:
    """One mailbox as the provider lists it.

    `remote_id` is the provider's exact key: for IMAP the wire name, its bytes read as Latin-1 so
    that any byte survives. `path` is for show: decoded components from the root down.
    `stable_id` survives a rename where the provider has such a thing (MAILBOXID, RFC 8474).
    """

    remote_id: str
    path: tuple[str, ...]
    delimiter: str | None = "/"
    role: Role | None = None
    selectable: bool = True
    subscribed: bool = True
    stable_id: str | None = None


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """One message in one mailbox.

    `raw` holds the whole message, or for a large one (`complete` false) a skeleton: every header
    and every text part, with each part left at the server replaced by an empty body below the two
    extra part headers `X-PMSync-Omitted: <section>` and `X-PMSync-Size: <octets>`.
    `raw` is None when the mirror already knows the identity: only the placement is new.
    `unreadable` says that the server lists the UID but does not hand the message out.
    """

    uid: int
    flags: frozenset[str]
    identity: str
    internal_date: datetime | None
    size: int
    raw: bytes | None
    complete: bool = True
    modseq: int | None = None
    thread_key: str | None = None
    unreadable: bool = False


@dataclass(frozen=True, slots=True)
class FlagsRecord:
    """The full set of flags and keywords that a placement has now."""

    uid: int
    flags: frozenset[str]
    modseq: int | None = None


@dataclass(frozen=True, slots=True)
class MailBatch:
    """Changes that belong together: applied in one transaction with the cursor that follows them.

    Either `listing` is set (the complete list of mailboxes; what is absent is gone) or `mailbox`
    names the mailbox that everything else is about. `epoch` is its UIDVALIDITY: when it differs
    from the stored one, all stored placements of the mailbox are void. `live` is true for arrivals
    (they are news) and false for history brought in by a backfill.
    """

    listing: tuple[MailboxRecord, ...] | None = None
    mailbox: str = ""
    epoch: int | None = None
    upserts: tuple[MessageRecord, ...] = ()
    flags: tuple[FlagsRecord, ...] = ()
    vanished: tuple[int, ...] = ()
    cursor: Cursor | None = None
    live: bool = True
    remaining: int | None = None
    """Messages of this mailbox that its backfill has still to bring in; None when unknown."""
    look_again: float | None = None
    """Seconds until another run is worth its while, when something is held back that only it can confirm."""


@dataclass(frozen=True, slots=True)
class MirrorMailbox:
    """What our side holds of one mailbox, handed to the adapter at the start of a run."""

    record: MailboxRecord
    epoch: int | None
    cursor: Cursor | None


class MailMirror(Protocol):
    """The adapter's window on what is mirrored already. Reads only, each call is one query."""

    def mailboxes(self) -> Sequence[MirrorMailbox]:
        """Every mailbox held for the account."""
        ...

    def count(self, mailbox: str, low: int, high: int | None) -> int:
        """How many placements the mailbox has with `low` <= UID (and UID <= `high`)."""
        ...

    def uids(self, mailbox: str, low: int, high: int | None) -> Sequence[int]:
        """Their UIDs, ascending."""
        ...

    def flags(self, mailbox: str, low: int, high: int | None) -> Mapping[int, frozenset[str]]:
        """Their flags by UID."""
        ...

    def known(self, identities: Collection[str]) -> Collection[str]:
        """Those identities of which a message is held, with a placement or without."""
        ...

    def identities(self, mailbox: str, uids: Collection[int]) -> Mapping[int, str]:
        """The identities of these placements; those that are not held are left out."""
        ...


class TokenSource(Protocol):
    """Where an adapter gets its access token (RFC 6749): whoever keeps it renews it, once for all workers."""

    def token(self, rejected: str = "") -> str:
        """A token that is good now; `rejected` is one that the provider has just refused, which is renewed.

        Raises NeedsReconnect when the consent is gone, Transient or ProviderDown when none can be had now.
        """
        ...


@runtime_checkable
class OnBehalf(Protocol):
    """Tokens of an application that acts for somebody by its own right: they do not say for whom."""

    @property
    def whom(self) -> str:
        """The person's id at the provider; empty when the tokens are the person's own."""
        ...


def whom(tokens: object) -> str:
    """For whom an application acts by these tokens; empty when they are the person's own."""
    return tokens.whom if isinstance(tokens, OnBehalf) else ""


@dataclass(frozen=True, slots=True)
class Budget:
    """Units a minute that a provider gives: to one account, and to our application for all accounts together."""

    name: str
    per_user: int
    per_application: int | None = None


class Meter(Protocol):
    """What an adapter asks before each request, so that all workers together stay below a provider's limits."""

    def spend(self, budget: Budget, units: int) -> None:
        """Take these units; may wait for seconds. Raises RateLimited when they are not to be had soon."""
        ...


class Unmetered:
    """A `Meter` that counts nothing."""

    def spend(self, budget: Budget, units: int) -> None:
        """Nothing."""


@dataclass(frozen=True, slots=True)
class CensusItem:
    """One placement as the server tells it by a path that sync itself does not use.

    `size` is None where the provider tells it only with the whole message.
    """

    mailbox: str
    epoch: int | None
    uid: int
    flags: frozenset[str]
    size: int | None
    internal_date: datetime | None


@dataclass(frozen=True, slots=True)
class Census:
    """Everything the server holds: the mailbox list, and the placements mailbox by mailbox."""

    mailboxes: tuple[MailboxRecord, ...]
    items: Iterator[CensusItem]


@dataclass(frozen=True, slots=True)
class Appended:
    """Where a message that we put into a mailbox lies; None where the server does not say (no UIDPLUS)."""

    epoch: int | None = None
    uid: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The messages of a mailbox that have a header of this value, and the epoch of their UIDs."""

    epoch: int
    uids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """What must be remembered before a command is tried that cannot simply be repeated.

    `uidnext` and `epoch` are those of the mailbox that messages are copied to: what a first try that was
    cut off has copied lies from there on. `deleted` are UIDs of the source that others had marked as
    deleted, where the server can only expunge all of them at once.
    """

    epoch: int | None = None
    uidnext: int | None = None
    deleted: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreFlags:
    """Add and remove flags or keywords. `cursor` is the mailbox's, so that changes since then are noticed."""

    mailbox: str
    epoch: int | None
    uids: tuple[int, ...]
    add: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class MoveMessages:
    """Move messages; `identities` by UID tell them again at their destination."""

    mailbox: str
    epoch: int | None
    uids: tuple[int, ...]
    to: str
    identities: Mapping[int, str] = field(default_factory=dict)
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class ExpungeMessages:
    """Delete messages for good."""

    mailbox: str
    epoch: int | None
    uids: tuple[int, ...]
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class CreateMailbox:
    """Create a mailbox of this name below `parent` (a remote id), or at the top, and subscribe it."""

    name: str
    parent: str | None = None
    delimiter: str | None = None


@dataclass(frozen=True, slots=True)
class RenameMailbox:
    """Give a mailbox another name or place; what is in it and below it goes along."""

    mailbox: str
    name: str
    parent: str | None = None
    delimiter: str | None = None


@dataclass(frozen=True, slots=True)
class DeleteMailbox:
    """Delete a mailbox with all that is in it."""

    mailbox: str


MailCommand = StoreFlags | MoveMessages | ExpungeMessages | CreateMailbox | RenameMailbox | DeleteMailbox


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the provider said to a command.

    `flags`: what the messages carry now. `moved`: the new UID of each moved message, None where the
    server did not tell. `missing`: UIDs that are not there. `epoch`: of the destination. `mailbox`: the
    remote id that was made or renamed to.
    """

    flags: tuple[FlagsRecord, ...] = ()
    moved: Mapping[int, int | None] = field(default_factory=dict)
    missing: tuple[int, ...] = ()
    epoch: int | None = None
    mailbox: str = ""


class MailAdapter(Protocol):
    """One logged-in connection to an account's mail. Used by one thread at a time.

    Every method may raise the errors of `adapters.errors` and nothing else.
    """

    def changes(self, mirror: MailMirror) -> Iterator[MailBatch]:
        """Yield the mailbox list, then what happened in each mailbox since its cursor.

        A mailbox without a cursor yields one batch that sets the cursor at the present state and
        leaves its history to `backfill`. Applying any prefix of the batches is safe.
        """
        ...

    def backfill(self, mirror: MailMirror) -> Iterator[MailBatch]:
        """Yield the history that is missing, newest first, INBOX first; nothing when complete.

        Resumable: each batch carries the cursor that follows it. The caller may stop at any batch.
        """
        ...

    def fetch(self, mailbox: str, epoch: int | None, uid: int) -> bytes:
        """The whole message. Raises NotFound; CursorExpired when the epoch is another."""
        ...

    def fetch_part(self, mailbox: str, epoch: int | None, uid: int, section: str) -> bytes:
        """One body section (RFC 3501 section 6.4.5), still in its transfer encoding."""
        ...

    def append(self, mailbox: str, message: bytes, flags: Collection[str], at: datetime) -> Appended:
        """Put a message (CRLF line ends) into a mailbox, which is made when missing; `at` becomes INTERNALDATE.

        Not idempotent: after a cut, `find` it before another try. Raises Rejected when it is too big.
        """
        ...

    def find(self, mailbox: str, header: str, value: str) -> Found:
        """The messages whose header holds the value. A mailbox that does not exist holds none."""
        ...

    def remove(self, mailbox: str, epoch: int, uids: Collection[int]) -> None:
        """Delete messages for good; those that are gone are no error. Raises CursorExpired for another epoch."""
        ...

    def census(self) -> Census:
        """Everything that the server holds, for `verify`."""
        ...

    def mark(self, command: MailCommand) -> Mark | None:
        """What is to be committed before this command is tried for the first time; None when nothing is."""
        ...

    def execute(self, command: MailCommand) -> Receipt:
        """Carry out one change. Repeating it with the mark of the first try changes nothing a second time.

        Raises CursorExpired when the mailbox has another epoch: then nothing was written.
        """
        ...

    def alive(self) -> bool:
        """True when the kept connection still answers (one round trip, NOOP)."""
        ...

    def close(self) -> None:
        """Log out; never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a service listens. `addresses` is what the host guard resolved and pinned."""

    host: str
    port: int
    security: str = "tls"  # tls | starttls | none
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Login:
    """Credentials in memory. `repr` shows the user name only."""

    username: str
    password: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a connection cost so far."""

    round_trips: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
