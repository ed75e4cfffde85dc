"""Opening a mailbox for changes, and what may be changed in it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from apps.providers.adapters import errors
from apps.providers.adapters.imap import sets, wire
from apps.providers.adapters.imap.arguments import mailbox_argument
from apps.providers.adapters.imap.errors import Stage
from apps.providers.adapters.imap.session import Answer, ImapSession, Selected

AT_ONCE: Final = 250
"""Messages of one writing command: some servers hold the mailbox's lock for as long as it takes."""


@dataclass(frozen=True, slots=True)
class Writable:
    """A mailbox open for changes. `permanent` are the flags that last, lower case; None: the server did not say."""

    box: Selected
    permanent: frozenset[str] | None


class Writer:
    """Keeps a mailbox open between commands: a held-down key costs one round trip a message, not two."""

    def __init__(self, session: ImapSession) -> None:
        self.session = session
        self._open: Writable | None = None

    def select(self, mailbox: str, epoch: int | None) -> Writable:
        """Have the mailbox open for changes. Raises CursorExpired for another epoch and when it is gone,
        PermissionMissing when it may only be read; nothing was written then."""
        # Whoever opens another mailbox, or this one for reading, makes a new `Selected`.
        if self._open is None or self.session.selected is not self._open.box or self._open.box.name != mailbox:
            self._open = self._select(mailbox)
        if epoch is not None and self._open.box.uidvalidity != epoch:
            raise errors.CursorExpired(f"UIDVALIDITY {epoch} is now {self._open.box.uidvalidity}")
        return self._open

    def _select(self, mailbox: str) -> Writable:
        session = self.session
        session.selected = None
        parameter = b" (CONDSTORE)" if session.condstore and not session.enabled else b""
        answer = session.start(b"SELECT ", mailbox_argument(mailbox), parameter)
        try:
            box = session.examined(mailbox, answer)
        except errors.NotFound:
            raise errors.CursorExpired("the mailbox is gone") from None
        if answer.code("READ-ONLY") is not None:
            raise errors.PermissionMissing("the mailbox may only be read")
        if box.uidvalidity == 0:
            raise errors.Rejected("the mailbox has no lasting numbers, so its messages cannot be named")
        return Writable(box, _permanent(answer))

    def leave(self) -> None:
        """Close the mailbox without expunging anything: one that is open cannot be renamed or removed everywhere."""
        self._open = None
        session = self.session
        if session.selected is None:
            return
        if session.has("UNSELECT"):
            session.command(b"UNSELECT")
        session.selected = None


def _permanent(answer: Answer) -> frozenset[str] | None:
    code = answer.code("PERMANENTFLAGS")
    if code is None:
        return None  # RFC 3501 section 7.1: then all flags may be changed for good
    try:
        (flags,) = code.values()[:1]
        return frozenset(flag.lower() for flag in wire.atoms(flags))
    except (wire.WireError, ValueError):
        return None


def chunks(uids: Collection[int]) -> list[bytes]:
    """The UIDs as sets that fit a command, at most AT_ONCE in each."""
    ordered = sorted(uids)
    groups = (ordered[start : start + AT_ONCE] for start in range(0, len(ordered), AT_ONCE))
    return [piece for group in groups for piece in sets.pieces(group)]


def write(session: ImapSession, *pieces: bytes) -> Answer:
    """Send one writing command and read its answer to the end. Raises the typed error of a NO or BAD."""
    answer = session.start(*pieces, stage=Stage.WRITE)
    answer.check()
    return answer
