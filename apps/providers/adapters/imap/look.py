"""One open mailbox compared with what the mirror holds of it.

Count rule: UIDs never come back within one UIDVALIDITY, so with EXISTS of one EXAMINE and every
arrival up to it taken in, |mirror| - EXISTS messages are gone; where the counts differ, SEARCH finds
which. It also runs behind a QRESYNC: it costs no round trip there and catches a server that promises
VANISHED and does not keep it. EXPUNGE lines and sequence numbers are never evidence.

A partial mirror never proves absence: all of this works on [low_uid, uidnext) only.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from apps.providers.adapters.base import FlagsRecord, MailBatch, MailMirror, MessageRecord
from apps.providers.adapters.imap import identity, search, sets, wire
from apps.providers.adapters.imap.cursor import MailboxCursor, Mode
from apps.providers.adapters.imap.download import Download, Request
from apps.providers.adapters.imap.fetches import Items, fetched, uid_of
from apps.providers.adapters.imap.identity import Facts
from apps.providers.adapters.imap.session import Answer, ImapSession, Selected
from apps.providers.adapters.imap.unreadable import due, scheduled

log = structlog.get_logger(__name__)

MAX_UID: Final = 2**32 - 1
SCANNED: Final = 1_000
"""Messages whose flags a scan reads each time, and of the older ones in turn."""
SWEEP_EVERY: Final = 86_400.0
"""Seconds between two full readings of the flags in scan mode."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a reading of flags without MODSEQ found, and where the next one goes on."""

    flags: Mapping[int, FlagsRecord]
    flags_pos: int | None
    swept_at: float


@dataclass(frozen=True, slots=True)
class Found:
    """What one look brought, before it becomes batches."""

    held: int
    """Placements of [low_uid, uidnext) that the mirror had before."""
    flags: Mapping[int, FlagsRecord]
    gone: Sequence[int]
    told: bool
    """True when the server named every deletion itself."""
    arrivals: Sequence[Facts]
    unreadable: Sequence[MessageRecord]
    scanned: Scanned | None

    @property
    def taken(self) -> frozenset[int]:
        """The UIDs of the arrivals."""
        return frozenset([*(fact.uid for fact in self.arrivals), *(record.uid for record in self.unreadable)])


class Look:
    """See the module. `box` is the open mailbox, `now` in seconds since the epoch."""

    def __init__(
        self,
        session: ImapSession,
        mirror: MailMirror,
        download: Download,
        name: str,
        cursor: MailboxCursor,
        box: Selected,
        now: float,
    ) -> None:
        self.name = name
        self.cursor = cursor
        self.box = box
        self._session = session
        self._mirror = mirror
        self._download = download
        self._now = now
        # After a restore from backup MODSEQ goes back: then it tells nothing, and all is compared.
        trusted = cursor.modseq is not None and box.modseq is not None and cursor.modseq <= box.modseq
        self._mode = Mode.SCAN if not trusted else Mode.QRESYNC if session.qresync else Mode.CONDSTORE

    # ------------------------------------------------------------------ reading

    def read(self, changed: Answer | None, arrivals: Request | None, held: int) -> Found:
        """Everything that the answers under way tell, and a comparison where that is not enough."""
        flags = self._changed_flags(changed)
        gone = self._told_gone() if self._mode is Mode.QRESYNC else []
        facts, unreadable = self._download.facts(arrivals) if arrivals is not None else ([], [])
        fresh = [fact for fact in facts if fact.uid >= self.cursor.uidnext]  # `n:*` always answers with the last one
        scanned = self._scan() if self._mode is Mode.SCAN else None
        found = Found(held, scanned.flags if scanned else flags, gone, bool(gone), fresh, unreadable, scanned)
        found = self._without_holes(found)
        if self._count(found) != held - len(gone):
            return self._compared(found)
        return self._without_foretold(found)

    def _changed_flags(self, changed: Answer | None) -> Mapping[int, FlagsRecord]:
        if changed is not None:
            return self._fetched_flags(changed)
        lines = ((uid_of(items), items) for items in map(fetched, self.box.data) if items)
        return self._flag_records(dict(lines))

    def _fetched_flags(self, answer: Answer) -> dict[int, FlagsRecord]:
        lines = self._download.flag_lines(answer, self.cursor.low_uid, self.cursor.uidnext - 1)
        answer.check()
        return self._flag_records(lines)

    def _flag_records(self, lines: Mapping[int, Items]) -> dict[int, FlagsRecord]:
        flags: dict[int, FlagsRecord] = {}
        for uid, items in lines.items():
            if "FLAGS" in items and self.cursor.low_uid <= uid < self.cursor.uidnext:
                flags[uid] = FlagsRecord(uid, identity.read_flags(items["FLAGS"]), identity.read_modseq(items))
        return flags

    def _told_gone(self) -> list[int]:
        """VANISHED may name UIDs that were never seen, and ranges without end: only what the mirror holds counts."""
        spans = [span for item in self.box.data if item.name == "VANISHED" for span in _spans(item)]
        if not spans:
            return []
        low, high = min(span[0] for span in spans), max(span[1] for span in spans)
        return sets.inside(self._mirror.uids(self.name, low, high), spans)

    # ------------------------------------------------------------------ the count rule

    def _count(self, found: Found) -> int:
        """How many messages of [low_uid, uidnext) the server has."""
        if self.cursor.complete:
            top = self.box.uidnext
            counted = [fact for fact in found.arrivals if top is None or fact.uid < top]
            return self.box.exists - len(counted) - len(found.unreadable)
        if self._mode is Mode.QRESYNC:
            return found.held - len(found.gone)  # asking would cost a round trip; the end of the backfill checks it
        return search.count(self._session, self.cursor.low_uid, self.cursor.uidnext - 1, self.box.exists)

    def _without_holes(self, found: Found) -> Found:
        """The arrivals with those that the server left out of its answer (Exchange).

        Where the mirror is complete the count shows a hole; else a gap in the UIDs must be looked at.
        """
        top = (self.box.uidnext or self.cursor.uidnext) - 1
        taken = found.taken
        if self.cursor.complete or len(taken) >= top - self.cursor.uidnext + 1:
            return found
        present = search.between(self._session, self.cursor.uidnext, top, self.box.exists)
        return self._with(found, [uid for uid in present if uid not in taken])

    def _without_foretold(self, found: Found) -> Found:
        """What a command of ours brought here has its UID before its arrival is read. One that does not arrive has gone
        again; no VANISHED tells of it, and it is in no count."""
        top = self._uidnext(found) - 1
        if top < self.cursor.uidnext:
            return found
        foretold = self._mirror.uids(self.name, self.cursor.uidnext, top)
        absent = [uid for uid in foretold if uid not in found.taken and uid not in found.gone]
        if absent:
            present = search.listed(self._session, absent)
            absent = sorted({*absent} - {*present})
        return replace(found, gone=sorted({*found.gone, *absent}), told=found.told and not absent)

    def _compared(self, found: Found) -> Found:
        """Find what is gone, and what was missed, by looking where the counts differ."""
        ours = search.Ours(self._mirror, self.name, found.taken)
        gone, missed = search.differences(self._session, ours, self.cursor.low_uid, MAX_UID, self.box.exists)
        log.info("mailbox compared", gone=len(gone), missed=len(missed))
        # An arrival that is gone again is none of the mirror's.
        gone = [uid for uid in gone if uid not in found.taken]
        found = replace(found, gone=sorted({*found.gone, *gone}), told=found.told and set(gone) <= set(found.gone))
        return self._with(found, missed)

    def _with(self, found: Found, missed: Sequence[int]) -> Found:
        if not missed:
            return found
        facts, unreadable = self._download.facts(self._download.start_facts(missed))
        arrivals = sorted([*found.arrivals, *facts], key=lambda fact: fact.uid)
        return replace(found, arrivals=arrivals, unreadable=[*found.unreadable, *unreadable])

    # ------------------------------------------------------------------ flags without MODSEQ

    def _scan(self) -> Scanned:
        """The newest window of flags, one older window in turn; all of them once a day, and before a MODSEQ begins."""
        low, top = self.cursor.low_uid, self.cursor.uidnext - 1
        if low > top or not self.box.exists:
            return Scanned({}, None, self._now)
        span = max(SCANNED, SCANNED * (top - low + 1) // self.box.exists)  # UIDs that hold about SCANNED messages
        newest = max(low, top - span + 1)
        if self.box.modseq is not None or self._now - self.cursor.swept_at >= SWEEP_EVERY:
            windows = [(max(low, high - span + 1), high) for high in range(top, low - 1, -span)]
            return Scanned(self._differing(windows), None, self._now)
        older = min(self.cursor.flags_pos or newest, newest) - 1
        window = (max(low, older - span + 1), older)
        flags = self._differing([(newest, top), window])
        return Scanned(flags, window[0] if window[0] > low else None, self.cursor.swept_at)

    def _differing(self, windows: Sequence[tuple[int, int]]) -> dict[int, FlagsRecord]:
        """Flags in these ranges that are not those of the mirror."""
        windows = [(low, high) for low, high in windows if low <= high]
        asked = [self._session.start(b"UID FETCH %d:%d (UID FLAGS)" % window) for window in windows]
        told: dict[int, FlagsRecord] = {}
        for answer in asked:
            told |= self._fetched_flags(answer)
        ours: dict[int, frozenset[str]] = {}
        for low, high in windows:
            ours |= self._mirror.flags(self.name, low, high)
        return {uid: record for uid, record in told.items() if uid in ours and not _same(ours[uid], record.flags)}

    # ------------------------------------------------------------------ batches

    def batches(self, found: Found, doubt: float | None, look_again: float | None) -> Iterator[MailBatch]:
        """Flags and deletions with the first arrivals, the other arrivals behind them, ascending.

        `doubt` is since when (epoch seconds) a mass deletion is held back, and `look_again` the
        seconds until it can be believed.

        MODSEQ moves with the flags and deletions, UIDNEXT with the arrivals that are applied: a run
        that breaks off between two batches repeats what it has not applied.
        """
        cursor = self._after(found, doubt)
        batch = MailBatch(
            mailbox=self.name,
            epoch=cursor.uidvalidity,
            flags=tuple(found.flags[uid] for uid in sorted(found.flags)),
            vanished=tuple(found.gone),
        )
        upserts = list(found.unreadable)
        for records in self._download.records(found.arrivals):
            if batch.upserts:
                yield batch
                batch = MailBatch(mailbox=self.name, epoch=cursor.uidvalidity)
            upserts += records
            top = max((record.uid for record in records), default=0)
            cursor = scheduled(replace(cursor, uidnext=max(cursor.uidnext, top + 1)), upserts, self._now)
            batch = replace(batch, upserts=tuple(upserts), cursor=cursor.save())
            upserts = []
        cursor = scheduled(cursor, upserts, self._now)
        uidnext = self._uidnext(found)
        # An arrival from behind the EXAMINE is not in its count: with that the next look would take the mailbox for
        # unchanged when the arrival has gone again.
        counted = self.box.uidnext is None or uidnext <= self.box.uidnext
        cursor = replace(cursor, uidnext=uidnext, exists=self.box.exists if counted else None)
        yield replace(batch, upserts=(*batch.upserts, *upserts), cursor=cursor.save(), look_again=look_again)
        yield from self._retried(cursor)

    def _after(self, found: Found, doubt: float | None) -> MailboxCursor:
        """The cursor at the state that EXAMINE announced, short of the arrivals."""
        mode = Mode.SCAN if self.box.modseq is None else Mode.QRESYNC if self._session.qresync else Mode.CONDSTORE
        cursor = replace(self.cursor, modseq=self.box.modseq, mode=mode, doubt_since=doubt)
        if found.scanned is None:
            return cursor
        return replace(cursor, flags_pos=found.scanned.flags_pos, swept_at=found.scanned.swept_at)

    def _uidnext(self, found: Found) -> int:
        """What the server announced; more when it handed out higher UIDs than that."""
        highest = max((fact.uid for fact in found.arrivals), default=0)
        return max(self.box.uidnext or self.cursor.uidnext, highest + 1)

    def _retried(self, cursor: MailboxCursor) -> Iterator[MailBatch]:
        """Ask once more for messages that could not be read. Those that are gone are told by the next look."""
        uids = due(cursor, self._now)
        if not uids:
            return
        facts, unreadable = self._download.facts(self._download.start_facts(uids))
        batch = MailBatch(mailbox=self.name, epoch=cursor.uidvalidity, live=False)
        for records in self._download.records(facts):
            cursor = scheduled(cursor, records, self._now)
            yield replace(batch, upserts=tuple(records), cursor=cursor.save())
        cursor = scheduled(cursor, unreadable, self._now)
        left = {uid: entry for uid, entry in cursor.retry.items() if uid not in uids or entry[1] > self._now}
        yield replace(batch, cursor=replace(cursor, retry=left).save())


def _spans(item: wire.Data) -> tuple[tuple[int, int], ...]:
    """The UIDs of one VANISHED line. A malformed one (iCloud) is left to the count rule."""
    try:
        values = item.values()
        return wire.uid_ranges(values[-1]) if values else ()
    except wire.WireError as exc:
        log.info("vanished line is malformed", reason=str(exc)[:80])
        return ()


def _same(some: frozenset[str], others: frozenset[str]) -> bool:
    """Flags are the same in any case (RFC 3501 section 2.3.2; keywords by custom)."""
    return {flag.lower() for flag in some} == {flag.lower() for flag in others}
