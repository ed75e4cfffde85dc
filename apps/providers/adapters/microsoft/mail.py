"""The mail contract over Microsoft Graph."""

import time
from collections.abc import Callable, Collection, Iterator
from datetime import datetime

from apps.providers.adapters import errors
from apps.providers.adapters.base import (
    Appended,
    Census,
    CensusItem,
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
    Traffic,
)

from . import content, messages, rounds
from .changes import MailChanges
from .commands import Writer, check_epoch
from .folders import Folder, Folders
from .graph import Graph, segment
from .history import History
from .messages import EPOCH, EXPAND, SELECT, facts_of
from .places import Places
from .placing import Placing


class GraphMail:
    """Implements `adapters.base.MailAdapter`. `mirror` tells the ids of messages that commands name by UID."""

    def __init__(self, graph: Graph, mirror: MailMirror, *, clock: Callable[[], float] = time.time) -> None:
        self._graph, self._clock = graph, clock
        self._folders = Folders(graph)
        places = Places(mirror)
        self._writer = Writer(graph, places)
        self._placing = Placing(graph, places, self._writer)

    @property
    def traffic(self) -> Traffic:
        """What the connection has cost so far."""
        return self._graph.traffic

    def changes(self, mirror: MailMirror) -> Iterator[MailBatch]:
        """See MailAdapter."""
        return MailChanges(self._graph, self._folders, mirror, self._clock).run()

    def backfill(self, mirror: MailMirror) -> Iterator[MailBatch]:
        """See MailAdapter."""
        return History(self._graph, mirror, self._clock).run()

    def fetch(self, mailbox: str, epoch: int | None, uid: int) -> bytes:
        """See MailAdapter. A version of a draft that was edited since is not found."""
        check_epoch(epoch)
        identity = self._placing.identity(mailbox, uid)
        name = messages.id_of(identity)
        if messages.version_of(identity):
            facts = rounds.facts(self._graph, name)
            if facts is None or facts.identity != identity:
                raise errors.NotFound("the draft is in another version by now")
        return content.read(self._graph, name)

    def fetch_part(self, mailbox: str, epoch: int | None, uid: int, section: str) -> bytes:
        """See MailAdapter. Graph has no parts of MIME: the message is read whole."""
        return content.section_of(self.fetch(mailbox, epoch, uid), section)

    def append(self, mailbox: str, message: bytes, flags: Collection[str], at: datetime) -> Appended:
        """See MailAdapter."""
        return self._placing.append(mailbox, message, flags, at)

    def find(self, mailbox: str, header: str, value: str) -> Found:
        """See MailAdapter."""
        return self._placing.find(mailbox, header, value)

    def remove(self, mailbox: str, epoch: int, uids: Collection[int]) -> None:
        """See MailAdapter."""
        self._placing.remove(mailbox, epoch, uids)

    def mark(self, command: MailCommand) -> Mark | None:
        """Nothing: ids tell what a first try has done."""
        return None

    def execute(self, command: MailCommand) -> Receipt:
        """See MailAdapter."""
        match command:
            case StoreFlags():
                return self._writer.store(command)
            case MoveMessages():
                return self._writer.move(command)
            case ExpungeMessages():
                return self._writer.expunge(command)
            case CreateMailbox():
                return self._writer.create(command)
            case RenameMailbox():
                return self._writer.rename(command)
            case DeleteMailbox():
                return self._writer.delete(command)

    def census(self) -> Census:
        """See MailAdapter: folders level by level, messages by plain lists. Sizes are not told."""
        listed = self._folders.by_levels()
        return Census(tuple(folder.record for folder in listed), self._items(listed))

    def _items(self, listed: list[Folder]) -> Iterator[CensusItem]:
        for folder in listed:
            path = f"mailFolders/{segment(folder.id)}/messages"
            for item in self._graph.values(path, rounds.prefer(rounds.LISTED), select=SELECT, expand=EXPAND):
                facts = facts_of(item)
                yield CensusItem(folder.id, EPOCH, facts.uid, facts.flags, None, facts.received)

    def alive(self) -> bool:
        """HTTP connects anew by itself."""
        return True

    def close(self) -> None:
        """Let the connections go."""
        self._graph.close()
