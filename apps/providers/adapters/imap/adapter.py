"""The mail contract over one IMAP connection. Knows neither Django nor Celery.

A call puts an end to whatever iteration of the same adapter is still under way.
"""

import ssl
import time
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Final

import structlog

from apps.providers.adapters import errors
from apps.providers.adapters.base import (
    Appended,
    Census,
    CreateMailbox,
    DeleteMailbox,
    Endpoint,
    ExpungeMessages,
    Found,
    Login,
    MailBatch,
    MailCommand,
    MailMirror,
    Mark,
    MirrorMailbox,
    MoveMessages,
    Receipt,
    RenameMailbox,
    Role,
    StoreFlags,
    Traffic,
)
from apps.providers.adapters.imap import append, initial, large, mailboxes, store, transfer, tree
from apps.providers.adapters.imap.census import census
from apps.providers.adapters.imap.changes import MailboxChanges
from apps.providers.adapters.imap.channel import Timeouts
from apps.providers.adapters.imap.cursor import MailboxCursor
from apps.providers.adapters.imap.errors import THROTTLED, Stage, from_exception
from apps.providers.adapters.imap.fetches import Fetches
from apps.providers.adapters.imap.names import INBOX
from apps.providers.adapters.imap.session import DEFAULT_TIMEOUTS, ImapSession
from apps.providers.adapters.imap.wire import WireError
from apps.providers.adapters.imap.writing import Writer

log = structlog.get_logger(__name__)

EARLY: Final = frozenset({Role.INBOX, Role.SENT, Role.DRAFTS, Role.ARCHIVE})
"""Mailboxes whose newest messages come before the long history of any."""
MESSAGE_MOST: Final = 256 * 1024 * 1024
"""A message fetched whole is held in memory; mail servers take at most 150 MB."""


class ImapAdapter:
    """MailAdapter for any IMAP server. Make one with `connect`."""

    def __init__(self, session: ImapSession, another: Callable[[], ImapSession], clock: Callable[[], float]) -> None:
        self._session = session
        self._another = another
        self._clock = clock
        self._writer = Writer(session)

    @property
    def traffic(self) -> Traffic:
        """What the connection cost so far."""
        return self._session.traffic

    def changes(self, mirror: MailMirror) -> Iterator[MailBatch]:
        """See MailAdapter. A mailbox that fails alone is left for the next run; its error ends this one."""
        self._session.settle()
        held = list(mirror.mailboxes())
        listing = mailboxes.listing(self._session)
        yield MailBatch(listing=tuple(item.record for item in listing))
        by_name = {box.record.remote_id: box for box in held}
        # Renamed is only what left its old name: where that name is listed still, the mirror keeps its row there.
        names = {item.record.remote_id for item in listing}
        left = [box for box in held if box.record.remote_id not in names]
        by_id = {box.record.stable_id: box for box in left if box.record.stable_id}
        run = MailboxChanges(self._session, mirror, self._another, self._clock())
        failures = _Failures(self._session)
        for item in listing:
            if item.mirrored:
                known = by_name.get(item.record.remote_id) or by_id.get(item.record.stable_id or "")
                yield from failures.aside(item.record.remote_id, run.of(item, known))
        failures.finish()

    def backfill(self, mirror: MailMirror) -> Iterator[MailBatch]:
        """See MailAdapter."""
        self._session.settle()
        self._session.throttled = False
        boxes = sorted((box for box in mirror.mailboxes() if _mirrored(box)), key=_order)
        cursors = {box.record.remote_id: MailboxCursor.load(box.cursor) for box in boxes}
        now = self._clock()
        failures = _Failures(self._session)
        for box in boxes:
            name = box.record.remote_id
            cursor = cursors[name]
            if cursor is not None and cursor.untouched and box.record.role in EARLY:
                for batch in failures.aside(name, initial.newest(self._session, mirror, name, cursor, now)):
                    cursors[name] = MailboxCursor.load(batch.cursor)
                    yield batch
        for name, cursor in cursors.items():
            if cursor is not None and not cursor.complete:
                for batch in failures.aside(name, initial.history(self._session, mirror, name, cursor, now)):
                    yield batch
                    self._heed_throttle()
        failures.finish()

    def _heed_throttle(self) -> None:
        if self._session.throttled:
            raise errors.RateLimited("the server slows the connection down", retry_after=THROTTLED)

    def fetch(self, mailbox: str, epoch: int | None, uid: int) -> bytes:
        """See MailAdapter. Raises Rejected for one beyond MESSAGE_MOST."""
        return self.fetch_part(mailbox, epoch, uid, "")

    def fetch_part(self, mailbox: str, epoch: int | None, uid: int, section: str) -> bytes:
        """See MailAdapter. Raises Rejected for what is no section."""
        name = large.section_name(section)
        self._session.settle()
        box = self._session.require(mailbox)
        if epoch is not None and box.uidvalidity != epoch:
            raise errors.CursorExpired(f"UIDVALIDITY {epoch} is now {box.uidvalidity}")
        try:
            return b"".join(Fetches(self._session).pieces(uid, name, MESSAGE_MOST))
        except WireError as exc:
            raise from_exception(exc, Stage.READ) from None

    def append(self, mailbox: str, message: bytes, flags: Collection[str], at: datetime) -> Appended:
        """See MailAdapter."""
        return append.append(self._session, mailbox, message, flags, at)

    def find(self, mailbox: str, header: str, value: str) -> Found:
        """See MailAdapter."""
        return append.find(self._session, mailbox, header, value)

    def remove(self, mailbox: str, epoch: int, uids: Collection[int]) -> None:
        """See MailAdapter."""
        append.remove(self._session, mailbox, epoch, uids)

    def mark(self, command: MailCommand) -> Mark | None:
        """See MailAdapter."""
        self._session.settle()
        try:
            return transfer.mark(self._writer, command) if isinstance(command, MoveMessages | ExpungeMessages) else None
        except WireError as exc:
            raise from_exception(exc, Stage.WRITE) from None

    def execute(self, command: MailCommand) -> Receipt:
        """See MailAdapter."""
        self._session.settle()
        try:
            match command:
                case StoreFlags():
                    return store.store(self._writer, command)
                case MoveMessages():
                    return transfer.move(self._writer, command)
                case ExpungeMessages():
                    return transfer.delete(self._writer, command)
                case CreateMailbox():
                    return tree.create(self._writer, command)
                case RenameMailbox():
                    return tree.rename(self._writer, command)
                case DeleteMailbox():
                    return tree.delete(self._writer, command)
        except WireError as exc:
            raise from_exception(exc, Stage.WRITE) from None

    def census(self) -> Census:
        """See MailAdapter."""
        self._session.settle()
        return census(self._session)

    def alive(self) -> bool:
        """See MailAdapter."""
        try:
            self._session.settle()
            self._session.command(b"NOOP")
        except errors.AdapterError as exc:
            log.info("kept connection is gone", reason=exc.reason)
            return False
        return True

    def close(self) -> None:
        """See MailAdapter."""
        self._session.close()


class _Failures:
    """Lets one mailbox fail without the others; the first error is raised when all had their turn."""

    def __init__(self, session: ImapSession) -> None:
        self._session = session
        self._first: errors.AdapterError | None = None

    def aside(self, mailbox: str, batches: Iterator[MailBatch]) -> Iterator[MailBatch]:
        """The same batches; ends early when their mailbox fails. Raises what concerns the whole account."""
        try:
            yield from batches
        except errors.NotFound as exc:
            log.info("mailbox skipped", reason=exc.reason)  # gone since the list
        except (errors.PermissionMissing, errors.Rejected) as exc:
            if mailbox == INBOX:
                raise  # who may not read INBOX may read nothing
            log.info("mailbox skipped", reason=exc.reason)
        except errors.RateLimited:
            raise
        except (errors.Transient, errors.Conflict, errors.CursorExpired, WireError) as exc:
            error = from_exception(exc, Stage.READ)
            if not self._session.usable:
                raise error from None
            log.warning("mailbox failed", reason=error.reason)
            self._first = self._first or error
        self._session.settle()

    def finish(self) -> None:
        """Raises the first error of the run."""
        if self._first is not None:
            raise self._first


def _mirrored(box: MirrorMailbox) -> bool:
    return mailboxes.Listed(box.record).mirrored


def _order(box: MirrorMailbox) -> int:
    role = box.record.role
    return mailboxes.ORDER.index(role if role in mailboxes.ORDER else None)


def connect(
    endpoint: Endpoint,
    login: Login,
    *,
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    tls: ssl.SSLContext | None = None,
    clock: Callable[[], float] = time.time,
) -> ImapAdapter:
    """Log in and give the adapter. Raises the errors of `adapters.errors`.

    `tls` is for an account whose server has a certificate of its own making; `clock` gives seconds
    since the epoch.
    """

    def session() -> ImapSession:
        return ImapSession.open(endpoint, login, timeouts=timeouts, tls=tls)

    return ImapAdapter(session(), session, clock)
