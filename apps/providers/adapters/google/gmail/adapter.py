"""The mail contract over the Gmail API. Knows neither Django nor Celery."""

import time
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Any

import structlog

from apps.providers.adapters import errors
from apps.providers.adapters.base import (
    Appended,
    Census,
    CreateMailbox,
    DeleteMailbox,
    ExpungeMessages,
    Found,
    MailBatch,
    MailCommand,
    MailMirror,
    Mark,
    MoveMessages,
    Receipt,
    RenameMailbox,
    StoreFlags,
    TokenSource,
    Traffic,
)
from apps.providers.adapters.google.api import Api
from apps.providers.adapters.google.gmail import census, initial, labels, sections
from apps.providers.adapters.google.gmail.changes import History
from apps.providers.adapters.google.gmail.commands import Commands
from apps.providers.adapters.google.gmail.cursor import PLAIN, AccountCursor, Filling
from apps.providers.adapters.google.gmail.drafts import Drafts
from apps.providers.adapters.google.gmail.filing import Filing
from apps.providers.adapters.google.gmail.messages import Messages
from apps.providers.adapters.google.gmail.reconcile import Reconciliation
from apps.providers.adapters.google.gmail.tree import Tree

log = structlog.get_logger(__name__)


class GmailAdapter:
    """MailAdapter for Gmail. Make one with `connect`."""

    def __init__(self, api: Api, clock: Callable[[], float]) -> None:
        self._api = api
        self._clock = clock
        self._messages = Messages(api)
        self._known_large: set[str] | None = None
        self._drafts = Drafts(api)
        self._tree = Tree(api)
        self._commands = Commands(self._messages, self._drafts)
        self._filing = Filing(self._messages, self._drafts, self._tree)

    @property
    def traffic(self) -> Traffic:
        """What the connection cost so far."""
        return self._api.wire.traffic

    def changes(self, mirror: MailMirror) -> Iterator[MailBatch]:
        """See MailAdapter. When the history has ended everything is compared."""
        held = {box.record.remote_id: box.cursor for box in mirror.mailboxes()}
        listing = self._listing()
        yield listing
        names = [record.remote_id for record in listing.listing or ()]
        cursor = AccountCursor.load(held.get(labels.ALL))
        if cursor is None:
            if any(mirror.count(name, 1, None) for name in labels.LAST):
                # The cursor was given up, not never made: what is held may be out of date.
                yield from Reconciliation(self._messages, mirror, names).run(AccountCursor("", Filling()))
            else:
                yield from initial.begin(self._messages, names)
            return
        for name in labels.in_order(names):
            if not held.get(name):
                yield MailBatch(mailbox=name, epoch=labels.EPOCH, cursor=PLAIN, remaining=0)
        try:
            yield from History(self._messages, mirror, names, self._listing, self._clock()).follow(cursor)
        except errors.CursorExpired as expired:
            log.info("history ended, comparing in full", reason=expired.reason)
            yield from Reconciliation(self._messages, mirror, names).run(cursor)

    def backfill(self, mirror: MailMirror) -> Iterator[MailBatch]:
        """See MailAdapter."""
        boxes = {box.record.remote_id: box for box in mirror.mailboxes()}
        cursor = AccountCursor.load(boxes[labels.ALL].cursor) if labels.ALL in boxes else None
        if cursor is not None:
            yield from initial.Filler(self._messages, mirror, boxes.keys(), self._large).fill(cursor)

    def fetch(self, mailbox: str, epoch: int | None, uid: int) -> bytes:
        """See MailAdapter."""
        _check(epoch)
        return self._messages.raw(uid)

    def fetch_part(self, mailbox: str, epoch: int | None, uid: int, section: str) -> bytes:
        """See MailAdapter. Gmail hands out whole messages; the section is cut out of one."""
        _check(epoch)
        return sections.section(self._messages.raw(uid), section)

    def append(self, mailbox: str, message: bytes, flags: Collection[str], at: datetime) -> Appended:
        """See MailAdapter. The message is dated by its Date header: Gmail takes no other date."""
        return self._filing.append(mailbox, message, flags)

    def find(self, mailbox: str, header: str, value: str) -> Found:
        """See MailAdapter."""
        return self._filing.find(mailbox, header, value)

    def remove(self, mailbox: str, epoch: int, uids: Collection[int]) -> None:
        """See MailAdapter."""
        _check(epoch)
        self._commands.remove(uids)

    def mark(self, command: MailCommand) -> Mark | None:
        """See MailAdapter. Every command here can simply be repeated."""
        return None

    def execute(self, command: MailCommand) -> Receipt:
        """See MailAdapter."""
        match command:
            case StoreFlags():
                _check(command.epoch)
                return self._commands.store(command)
            case MoveMessages():
                _check(command.epoch)
                return self._commands.move(command)
            case ExpungeMessages():
                _check(command.epoch)
                return self._commands.expunge(command)
            case CreateMailbox():
                return self._tree.create(command)
            case RenameMailbox():
                return self._tree.rename(command)
            case DeleteMailbox():
                return self._tree.delete(command)

    def census(self) -> Census:
        """See MailAdapter."""
        return census.census(self._messages, self._tree.listing())

    def alive(self) -> bool:
        """See MailAdapter."""
        try:
            self._api.run(self._api.service.users().getProfile(userId="me", fields="historyId"))
        except errors.AdapterError as exc:
            log.info("kept connection is gone", reason=exc.reason)
            return False
        return True

    def close(self) -> None:
        """See MailAdapter."""
        self._api.close()

    def _large(self) -> set[str]:
        """The ids of large messages: asked for once, since an import that goes on meets the same ones."""
        if self._known_large is None:
            self._known_large = self._messages.large()
        return self._known_large

    def _listing(self) -> MailBatch:
        return MailBatch(listing=self._tree.listing())


def _check(epoch: int | None) -> None:
    if epoch not in (None, labels.EPOCH):
        raise errors.CursorExpired(f"Gmail's epoch is {labels.EPOCH}, not {epoch}")


def connect(
    tokens: TokenSource, *, root: str = "", clock: Callable[[], float] = time.time, **wire: Any
) -> GmailAdapter:
    """An adapter for the account whose token it is given. Nothing is asked yet.

    `root` replaces Google's address, for a proxy or a simulation; `clock` gives seconds since the epoch; `wire`
    is passed on to `Wire` (authorities and time-outs).
    """
    return GmailAdapter(Api("gmail", tokens, root=root, clock=clock, **wire), clock)
