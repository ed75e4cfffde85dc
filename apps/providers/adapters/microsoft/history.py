"""The history of a mailbox, newest first, by the first round of change tracking of each folder.

The link to the next page is kept with every page, so a walk that was cut off goes on where it was; its last page gives
the link by which changes are followed from then on. Links of long walks die: then that folder begins anew, and what is
mirrored already is not read again.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import structlog

from apps.providers.adapters import errors
from apps.providers.adapters.base import FlagsRecord, MailBatch, MailMirror, MirrorMailbox, Role

from . import content, rounds
from .changes import replaced_drafts, with_drafts
from .cursor import FolderCursor
from .folders import order
from .graph import Graph, Json, segment
from .messages import EPOCH, SELECT, facts_of
from .rounds import Round

log = structlog.get_logger(__name__)

EARLY: Final = frozenset({Role.INBOX, Role.SENT, Role.DRAFTS, Role.ARCHIVE})
"""Folders whose newest messages come before the long history of any."""
DEATHS: Final = 3
"""How often the links of one folder may die in one run."""


class History:
    """One run of `MailAdapter.backfill`."""

    def __init__(self, graph: Graph, mirror: MailMirror, clock: Callable[[], float]) -> None:
        self._graph, self._mirror, self._clock = graph, mirror, clock
        self._cursors: dict[str, FolderCursor] = {}
        self._roles: dict[str, Role | None] = {}

    def run(self) -> Iterator[MailBatch]:
        """The batches, INBOX first; nothing where the history is complete."""
        boxes = sorted(self._mirror.mailboxes(), key=lambda box: order(box.record.role))
        unfinished = [box for box in boxes if self._begun(box)]
        for box in unfinished:
            if box.record.role in EARLY and not self._cursors[box.record.remote_id].walk:
                yield from self._walked(box.record.remote_id, 1)
        for box in unfinished:
            yield from self._walked(box.record.remote_id, None)

    def _begun(self, box: MirrorMailbox) -> bool:
        cursor = FolderCursor.load(box.cursor)
        if cursor is None or cursor.complete:
            return False
        self._cursors[box.record.remote_id] = cursor
        self._roles[box.record.remote_id] = box.record.role
        return True

    def _walked(self, folder: str, most: int | None) -> Iterator[MailBatch]:
        """So many pages, or all that are left. A folder that is gone is skipped."""
        pages = deaths = 0
        while not self._cursors[folder].complete and (most is None or pages < most):
            try:
                yield from self._page(folder)
                pages += 1
            except errors.CursorExpired as error:
                deaths += 1
                if deaths > DEATHS:
                    raise errors.Transient("the links of a folder die faster than they are followed") from error
                yield self._anew(folder)
            except (errors.NotFound, errors.PermissionMissing, errors.Rejected) as error:
                if self._roles[folder] is Role.INBOX:
                    raise  # who may not read this one may read nothing
                log.info("folder skipped", reason=error.reason)
                return

    def _page(self, folder: str) -> Iterator[MailBatch]:
        cursor = self._cursors[folder]
        link = cursor.walk or rounds.first_link(self._graph, folder, self._roles[folder])
        page = self._graph.page(link, rounds.prefer(rounds.PAGE))
        items: dict[str, Json] = {}
        rounds.collect(items, page.items)
        found = Round(folder)
        rounds.sort(self._graph, found, items)
        here = list(found.here.values())
        held = self._mirror.identities(folder, [facts.uid for facts in here])
        for records in content.records(self._graph, self._mirror, [one for one in here if one.uid not in held]):
            yield MailBatch(mailbox=folder, epoch=EPOCH, upserts=tuple(records), live=False)
        flags = tuple(FlagsRecord(facts.uid, facts.flags) for facts in here if facts.uid in held)
        gone = replaced_drafts(cursor.drafts, here)
        after = replace(
            cursor, walk=page.next, walked=cursor.walked + len(here), drafts=with_drafts(cursor.drafts, here)
        )  # fmt: skip
        if not page.next:
            if not page.delta:
                raise errors.Transient("a round ended without a link to the next")
            gone |= self._absent(folder) if cursor.again or found.gone else set()
            after = FolderCursor(delta=page.delta, linked_at=self._clock(), drafts=after.drafts)
        self._cursors[folder] = after
        yield MailBatch(
            mailbox=folder, epoch=EPOCH, flags=flags, vanished=tuple(sorted(gone)), cursor=after.dump(), live=False,
            remaining=after.remaining,
        )  # fmt: skip

    def _absent(self, folder: str) -> set[int]:
        """What is mirrored and no longer in the folder: the mirror knew it before the walk, or from beside it."""
        path = f"mailFolders/{segment(folder)}/messages"
        held = set(self._mirror.uids(folder, 1, None))
        there = self._graph.values(path, rounds.prefer(rounds.LISTED), select=SELECT)
        return held - {facts_of(item).uid for item in there}

    def _anew(self, folder: str) -> MailBatch:
        cursor = self._cursors[folder]
        log.info("the walk of a folder begins anew")
        self._cursors[folder] = after = replace(cursor, walk="", walked=0, again=True)
        return MailBatch(mailbox=folder, epoch=EPOCH, cursor=after.dump(), live=False, remaining=after.remaining)
