"""What happened in an account's mail since the cursors.

    1  the list of folders
    2  the rounds of all folders whose history is complete, some at a time
    3  what a round says is gone and no other shows is looked for: a move is told by the folder that was left at once,
       and by the other one minutes later
    4  the batches, folder by folder; the link to the next round goes with the last batch of each

A dead link is followed by a comparison of the whole folder with the mirror. Where much is gone from the mailbox at
once, nothing is taken away before a second look, half a minute later, says the same.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from apps.providers.adapters import errors
from apps.providers.adapters.base import FlagsRecord, MailBatch, MailMirror, Role

from . import content, rounds
from .cursor import FolderCursor
from .folders import Folder, Folders
from .graph import Graph, segment
from .messages import EPOCH, EXPAND, SELECT, Facts, facts_of, id_of, identity_of, uid_of
from .rounds import Round

log = structlog.get_logger(__name__)

MASS_SHARE: Final = 0.2
MASS_LEAST: Final = 50
CONFIRMED_AFTER: Final = 30.0
LOOK_AGAIN: Final = 60.0
FRESH: Final = 3600.0
"""Every answer has a new link; one that says nothing else is not worth a write for so many seconds."""
SKEW: Final = timedelta(minutes=5)
"""How far our clock may be ahead of the provider's."""


@dataclass(slots=True)
class Work:
    """What one run has to do in one folder."""

    folder: Folder
    cursor: FolderCursor
    round: Round
    whole: bool = False
    """The round is a comparison: what it does not show is gone."""
    lost: set[str] = field(default_factory=set)
    """What is gone from the whole mailbox."""


class MailChanges:
    """One run of `MailAdapter.changes`."""

    def __init__(self, graph: Graph, folders: Folders, mirror: MailMirror, clock: Callable[[], float]) -> None:
        self._graph, self._folders, self._mirror, self._clock = graph, folders, mirror, clock
        self._failure: errors.AdapterError | None = None

    def run(self) -> Iterator[MailBatch]:
        """The batches. A folder that fails alone is left for the next run; its error ends this one."""
        cursors = {box.record.remote_id: FolderCursor.load(box.cursor) for box in self._mirror.mailboxes()}
        listing = self._folders.listing()
        yield MailBatch(listing=tuple(folder.record for folder in listing))
        for folder in listing:
            cursor = cursors.get(folder.id)
            if cursor is None:
                yield self._begun(folder)
            elif not cursor.complete:
                yield from self._aside(folder, self._arrivals(folder, cursor))
        followed = [(one, cursor) for one in listing if (cursor := cursors.get(one.id)) and cursor.complete]
        works = [work for work in self._graph.together(self._work, followed) if work is not None]
        self._find_moved(works)
        for work in works:
            yield from self._aside(work.folder, self._batches(work))
        if self._failure is not None:
            raise self._failure

    def _aside(self, folder: Folder, batches: Iterator[MailBatch]) -> Iterator[MailBatch]:
        try:
            yield from batches
        except errors.AdapterError as error:
            self._note(folder, error)

    def _note(self, folder: Folder, error: errors.AdapterError) -> None:
        """Go on after what concerns one folder only. Raises what concerns them all."""
        if isinstance(error, errors.NotFound):
            log.info("folder skipped", reason=error.reason)  # gone since the list
        elif isinstance(error, errors.PermissionMissing | errors.Rejected) and folder.record.role is not Role.INBOX:
            log.info("folder skipped", reason=error.reason)
        elif isinstance(error, errors.Transient | errors.CursorExpired) and not isinstance(
            error, errors.RateLimited | errors.ProviderDown
        ):
            log.warning("folder failed", reason=error.reason)
            self._failure = self._failure or errors.Transient(error.reason, said=error.said)
        else:
            raise error

    # ------------------------------------------------------------------ history not complete

    def _begun(self, folder: Folder) -> MailBatch:
        """The cursor at the present state; the history is the backfill's."""
        since = datetime.fromtimestamp(self._clock(), UTC) - SKEW
        again = self._mirror.count(folder.id, 1, None) > 0
        cursor = FolderCursor(since=stamp(since), total=folder.total, again=again)
        return MailBatch(mailbox=folder.id, epoch=EPOCH, cursor=cursor.dump(), remaining=cursor.remaining)

    def _arrivals(self, folder: Folder, cursor: FolderCursor) -> Iterator[MailBatch]:
        """Mail that came while the history is on its way: by the time of receipt, since no link leads there yet."""
        query = {
            "select": SELECT, "expand": EXPAND, "orderby": "receivedDateTime desc",
            "filter": f"receivedDateTime ge {cursor.since}",
        }  # fmt: skip
        path = f"mailFolders/{segment(folder.id)}/messages"
        found = [facts_of(item) for item in self._graph.values(path, rounds.prefer(rounds.PAGE), **query)]
        held = self._mirror.identities(folder.id, [one.uid for one in found])
        fresh = [one for one in found if one.uid not in held]
        if not fresh:
            return
        for records in content.records(self._graph, self._mirror, fresh):
            yield MailBatch(mailbox=folder.id, epoch=EPOCH, upserts=tuple(records))
        newest = max((one.received for one in found if one.received), default=None)
        drafts = with_drafts(cursor.drafts, fresh)
        since = stamp(newest) if newest else cursor.since
        after = replace(cursor, since=max(since, cursor.since), again=True, drafts=drafts)
        yield MailBatch(mailbox=folder.id, epoch=EPOCH, cursor=after.dump())

    # ------------------------------------------------------------------ rounds

    def _work(self, followed: tuple[Folder, FolderCursor]) -> Work | None:
        folder, cursor = followed
        try:
            return self._followed(folder, cursor)
        except errors.AdapterError as error:
            self._note(folder, error)
            return None

    def _followed(self, folder: Folder, cursor: FolderCursor) -> Work:
        try:
            return Work(folder, cursor, rounds.read(self._graph, folder.id, cursor.delta))
        except errors.CursorExpired as error:
            log.info("folder is compared in full", reason=error.reason)
            link = rounds.first_link(self._graph, folder.id, folder.record.role)
            return Work(folder, cursor, rounds.read(self._graph, folder.id, link), whole=True)

    def _find_moved(self, works: Sequence[Work]) -> None:
        """Look for what is gone from one folder and shown by none; put it where it is."""
        by_folder = {work.folder.id: work for work in works}
        shown = {name for work in works for name in work.round.here}
        for work in works:
            if work.whole:
                work.round.gone |= self._missing(work)
        doubtful = sorted({name for work in works for name in work.round.gone} - shown)
        for name, facts in zip(doubtful, rounds.look(self._graph, doubtful), strict=True):
            if facts is None:
                for work in works:
                    if name in work.round.gone:
                        work.lost.add(name)
            elif facts.folder in by_folder:
                there = by_folder[facts.folder].round
                there.here[name] = facts
                there.gone.discard(name)

    def _missing(self, work: Work) -> set[str]:
        """What is mirrored of the folder and was not shown by a whole round."""
        uids = self._mirror.uids(work.folder.id, 1, None)
        identities = self._mirror.identities(work.folder.id, uids).values()
        # A draft in another version is no deletion: its id is shown.
        return {name for one in identities if (name := id_of(one)) and name not in work.round.here}

    def _batches(self, work: Work) -> Iterator[MailBatch]:
        folder, here = work.folder.id, list(work.round.here.values())
        held = self._mirror.identities(folder, [facts.uid for facts in here])
        fresh = [facts for facts in here if facts.uid not in held]
        for records in content.records(self._graph, self._mirror, fresh):
            yield MailBatch(mailbox=folder, epoch=EPOCH, upserts=tuple(records))
        flags = tuple(FlagsRecord(facts.uid, facts.flags) for facts in here if facts.uid in held)
        drafts = {name: version for name, version in work.cursor.drafts.items() if name not in work.round.gone}
        replaced = self._replaced(work) if work.whole else replaced_drafts(work.cursor.drafts, here)
        if self._held_back(work):
            suspect_at = work.cursor.suspect_at or self._clock()
            cursor = replace(work.cursor, suspect_at=suspect_at)
            yield MailBatch(
                mailbox=folder, epoch=EPOCH, flags=flags, cursor=cursor.dump(), look_again=LOOK_AGAIN
            )  # fmt: skip
            return
        gone = {uid for name in work.round.gone for uid in uids_of(name, work.cursor.drafts)} | replaced
        quiet = not here and not work.round.gone and not work.whole and not work.cursor.suspect_at
        if not quiet or self._clock() - work.cursor.linked_at > FRESH:
            after = FolderCursor(
                delta=work.round.link, linked_at=self._clock(), drafts=with_drafts(drafts, here)
            )  # fmt: skip
            yield MailBatch(
                mailbox=folder, epoch=EPOCH, flags=flags, vanished=tuple(sorted(gone)), cursor=after.dump(),
                remaining=0,
            )  # fmt: skip

    def _replaced(self, work: Work) -> set[int]:
        """UIDs of the folder that are no current version of anything that it shows."""
        current = {facts.uid for facts in work.round.here.values()}
        uids = self._mirror.uids(work.folder.id, 1, None)
        return {uid for uid in uids if uid not in current}

    def _held_back(self, work: Work) -> bool:
        """Whether so much is gone for good that it is not believed at the first look (F42)."""
        if len(work.lost) <= MASS_LEAST:
            return False
        if len(work.lost) <= MASS_SHARE * self._mirror.count(work.folder.id, 1, None):
            return False
        suspect_at = work.cursor.suspect_at
        return suspect_at is None or self._clock() - suspect_at < CONFIRMED_AFTER


def stamp(moment: datetime) -> str:
    """A point in time as a filter takes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def uids_of(name: str, drafts: Mapping[str, str]) -> set[int]:
    """The UIDs under which a message may be mirrored: as a message, and as the version of a draft that we know."""
    versions = {"", drafts.get(name, "")}
    return {uid_of(identity_of(name, version)) for version in versions}


def replaced_drafts(drafts: Mapping[str, str], here: Sequence[Facts]) -> set[int]:
    """UIDs of versions that are no longer what the folder holds: the draft was edited, or sent."""
    older = ((drafts[facts.id], facts) for facts in here if facts.id in drafts)
    uids = {(uid_of(identity_of(facts.id, version)), facts.uid) for version, facts in older}
    return {old for old, new in uids if old != new}


def with_drafts(drafts: Mapping[str, str], here: Sequence[Facts]) -> dict[str, str]:
    """The versions of drafts that are mirrored once these messages are."""
    kept = {name: version for name, version in drafts.items() if name not in {facts.id for facts in here}}
    return kept | {facts.id: facts.version for facts in here if facts.draft}
