"""What happened in one mailbox since its cursor: when to look, how to ask, and what to believe.

    qresync     one EXAMINE tells flags and deletions (RFC 7162 section 3.2)
    condstore   FETCH ... (CHANGEDSINCE) tells flags; deletions by the count rule
    scan        flags are read window by window, the newest each time; deletions by the count rule

What the status promises is asked for in the same packet as the EXAMINE, so that a mailbox costs one
round trip, and one more when bodies of unknown messages are to be fetched. `look` reads the answers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import structlog

from apps.providers.adapters.base import MailBatch, MailMirror, MirrorMailbox, Role
from apps.providers.adapters.imap import initial, search
from apps.providers.adapters.imap.cursor import MailboxCursor, Mode
from apps.providers.adapters.imap.download import Download, Request
from apps.providers.adapters.imap.fetches import fetched, uid_of
from apps.providers.adapters.imap.look import Found, Look
from apps.providers.adapters.imap.mailboxes import Listed, Status
from apps.providers.adapters.imap.session import Answer, ImapSession, Selected
from apps.providers.adapters.imap.unreadable import due

log = structlog.get_logger(__name__)

WHOLE_AT_ONCE: Final = 100
"""Arrivals in INBOX that are fetched bodies and all: mail there is nearly always new to us."""
SUSPECT_COUNT: Final = 50
SUSPECT_SHARE: Final = 0.2
"""More deletions than both at once are confirmed by a second connection before they are believed."""
DOUBT: Final = 60.0
"""Seconds that a mailbox must stay empty before a mass deletion without VANISHED is believed."""


class MailboxChanges:
    """The changes of one run, mailbox by mailbox. `another` opens a second connection."""

    def __init__(
        self, session: ImapSession, mirror: MailMirror, another: Callable[[], ImapSession], now: float
    ) -> None:
        self._session = session
        self._mirror = mirror
        self._another = another
        self._now = now

    def of(self, listed: Listed, held: MirrorMailbox | None) -> Iterator[MailBatch]:
        """Yield the batches of one mailbox; nothing when its status shows that nothing happened."""
        cursor = MailboxCursor.load(held.cursor) if held is not None else None
        status = listed.status
        if cursor is None:
            yield from self._begin(listed)
        elif status is not None and status.uidvalidity not in (None, cursor.uidvalidity):
            yield from self._begin_anew(listed)
        elif status is None or not self._unchanged(cursor, status):
            yield from self._look(listed, cursor)

    def _unchanged(self, cursor: MailboxCursor, status: Status) -> bool:
        if cursor.doubt_since is not None or due(cursor, self._now):
            return False
        if (status.uidvalidity, status.uidnext, status.messages) != (cursor.uidvalidity, cursor.uidnext, cursor.exists):
            return False
        if status.messages == 0:
            return True  # no flags to compare, whatever HIGHESTMODSEQ says (Purelymail/purelymail-issues#446)
        return cursor.mode is not Mode.SCAN and status.modseq is not None and status.modseq == cursor.modseq

    # ------------------------------------------------------------------ a mailbox without a cursor

    def _begin(self, listed: Listed) -> Iterator[MailBatch]:
        cursor, exists = self._present(listed)
        name = listed.record.remote_id
        yield MailBatch(mailbox=name, epoch=cursor.uidvalidity, cursor=cursor.save(), live=False, remaining=exists)

    def _begin_anew(self, listed: Listed) -> Iterator[MailBatch]:
        """UIDVALIDITY changed: all placements are void; bind again what is known by its identity."""
        cursor, exists = self._present(listed)
        name = listed.record.remote_id
        log.warning("uidvalidity changed", epoch=cursor.uidvalidity, messages=exists)
        yield MailBatch(mailbox=name, epoch=cursor.uidvalidity, cursor=cursor.save(), live=False, remaining=exists)
        for batch in initial.history(self._session, self._mirror, name, cursor, self._now):
            yield batch
            if all(record.raw is not None or record.unreadable for record in batch.upserts):
                break  # nothing familiar: the rest is for the backfill
        self._session.settle()

    def _present(self, listed: Listed) -> tuple[MailboxCursor, int]:
        """A cursor at the state of this moment, with all history left to the backfill."""
        status = listed.status
        if status is None or status.uidnext is None or not status.uidvalidity or status.messages is None:
            box = self._session.examine(listed.record.remote_id)
            uidnext = box.uidnext or self._highest(box) + 1
            status = Status(box.exists, uidnext, box.uidvalidity, box.modseq, status.mailboxid if status else None)
        cursor = MailboxCursor(
            uidvalidity=status.uidvalidity or 0,
            uidnext=status.uidnext or 1,
            low_uid=(status.uidnext or 1) if status.messages else 1,
            modseq=status.modseq,
            exists=status.messages,
            mailboxid=status.mailboxid,
            mode=mode(self._session, status.modseq),
            swept_at=self._now,
        )
        return cursor, status.messages or 0

    def _highest(self, box: Selected) -> int:
        """The highest UID, for a server that tells no UIDNEXT."""
        if not box.exists:
            return 0
        lines = map(fetched, self._session.start(b"UID FETCH * (UID)"))
        return max((uid_of(items) for items in lines if items), default=0)

    # ------------------------------------------------------------------ asking

    def _look(self, listed: Listed, cursor: MailboxCursor) -> Iterator[MailBatch]:
        name = listed.record.remote_id
        held = self._mirror.count(name, cursor.low_uid, cursor.uidnext - 1) if cursor.low_uid < cursor.uidnext else 0
        download = Download(self._session, self._mirror, name, cursor)
        examine = self._session.start_examine(name, self._qresync(cursor))
        changed = self._ask_changed(cursor, listed.status.modseq if listed.status else None)
        arrivals = self._ask_arrivals(listed, cursor, download)
        box = self._session.examined(name, examine)
        if box.uidvalidity != cursor.uidvalidity:
            self._session.settle()
            mailboxid = listed.status.mailboxid if listed.status else None
            status = Status(box.exists, box.uidnext, box.uidvalidity, box.modseq, mailboxid)
            yield from self._begin_anew(replace(listed, status=status))
            return
        # The status is older than the EXAMINE: ask now for what came between them.
        if changed is None:
            changed = self._ask_changed(cursor, box.modseq)
        if arrivals is None and (box.uidnext is None or box.uidnext > cursor.uidnext):
            arrivals = download.start_facts_from(cursor.uidnext)
        look = Look(self._session, self._mirror, download, name, cursor, box, self._now)
        yield from self._believed(look, look.read(changed, arrivals, held))

    def _qresync(self, cursor: MailboxCursor) -> bytes:
        """One parameter alone; MODSEQ 0 and an empty range are refused (bkaankose/Wino-Mail#734)."""
        if not self._session.qresync or not cursor.modseq or not cursor.uidvalidity:
            return b""
        known = b" %d:%d" % (cursor.low_uid, cursor.uidnext - 1) if cursor.low_uid < cursor.uidnext else b""
        return b" (QRESYNC (%d %d%b))" % (cursor.uidvalidity, cursor.modseq, known)

    def _ask_changed(self, cursor: MailboxCursor, modseq: int | None) -> Answer | None:
        """CONDSTORE: the flags changed since the cursor, when `modseq` says that some did."""
        if self._session.qresync or not self._session.condstore or not cursor.modseq:
            return None
        if cursor.low_uid >= cursor.uidnext or modseq is None or modseq <= cursor.modseq:
            return None
        return self._session.start(
            b"UID FETCH %d:%d (UID FLAGS MODSEQ) (CHANGEDSINCE %d)"
            % (cursor.low_uid, cursor.uidnext - 1, cursor.modseq),
            uses=("CONDSTORE",),
        )

    def _ask_arrivals(self, listed: Listed, cursor: MailboxCursor, download: Download) -> Request | None:
        """The arrivals that the status promises."""
        uidnext = listed.status.uidnext if listed.status else None
        if uidnext is None or uidnext <= cursor.uidnext:
            return None
        if listed.record.role is Role.INBOX and uidnext - cursor.uidnext <= WHOLE_AT_ONCE:
            return download.start_whole_from(cursor.uidnext)
        return download.start_facts_from(cursor.uidnext)

    # ------------------------------------------------------------------ believing

    def _believed(self, look: Look, found: Found) -> Iterator[MailBatch]:
        """Hold a mass deletion back until a second look confirms it.

        A doubt is kept in the cursor: the mailbox is looked at again in the next run, whatever its
        status says then.
        """
        doubt = None
        if len(found.gone) > SUSPECT_COUNT and len(found.gone) > SUSPECT_SHARE * found.held:
            since = look.cursor.doubt_since
            if not found.told and look.box.exists == 0 and (since is None or self._now - since < DOUBT):
                believed: Sequence[int] = ()
            else:
                believed = self._confirmed(look, found.gone)
            if len(believed) < len(found.gone):
                doubt = self._now if since is None else since
                log.warning("mass deletion held back", told=len(found.gone), believed=len(believed))
            found = replace(found, gone=believed)
        yield from look.batches(found, doubt, None if doubt is None else max(1.0, doubt + DOUBT - self._now))

    def _confirmed(self, look: Look, gone: Sequence[int]) -> Sequence[int]:
        """Those of the UIDs that a second connection does not find, either; none when it sees another mailbox."""
        second = self._another()
        try:
            if second.examine(look.name).uidvalidity != look.box.uidvalidity:
                return ()
            present = set(search.listed(second, gone))
        finally:
            second.close()
        return [uid for uid in gone if uid not in present]


def mode(session: ImapSession, modseq: int | None) -> Mode:
    """How a mailbox tells its changes, by its HIGHESTMODSEQ."""
    if modseq is None:
        return Mode.SCAN
    return Mode.QRESYNC if session.qresync else Mode.CONDSTORE
