"""The history of a mailbox, newest first: what its backfill still has to bring in below `low_uid`.

Resumable: each batch carries the cursor with the floor reached so far. While the caller applies a
batch, the next FETCH is under way.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from apps.providers.adapters.base import MailBatch, MailMirror, MessageRecord
from apps.providers.adapters.imap import search
from apps.providers.adapters.imap.cursor import MailboxCursor
from apps.providers.adapters.imap.download import Download
from apps.providers.adapters.imap.session import ImapSession
from apps.providers.adapters.imap.unreadable import scheduled

FIRST: Final = 50
"""Messages of the first batch: what a person sees of a mailbox before scrolling."""
WINDOW: Final = 500
"""UIDs asked for at a time."""


def newest(
    session: ImapSession, mirror: MailMirror, mailbox: str, cursor: MailboxCursor, now: float
) -> Iterator[MailBatch]:
    """Yield the newest messages, in two round trips; nothing when that cannot be done in one go."""
    box = session.examine(mailbox)
    if box.uidvalidity != cursor.uidvalidity or not box.exists:
        return
    download = Download(session, mirror, mailbox, cursor)
    facts, _ = download.facts(download.start_newest(box.exists, FIRST))
    if len(facts) != min(box.exists, FIRST):
        return  # a hole: the windows below look closer
    facts = [fact for fact in reversed(facts) if fact.uid < cursor.uidnext]  # what is above it is news
    if facts:
        floor = facts[-1].uid if box.exists > FIRST else 1
        left = max(box.exists - FIRST, 0) + len(facts)
        chunks = download.records(facts)
        yield from _batches(mailbox, cursor, _floors(chunks, floor), left, now)


def history(
    session: ImapSession, mirror: MailMirror, mailbox: str, cursor: MailboxCursor, now: float
) -> Iterator[MailBatch]:
    """Yield what is missing below `low_uid`, newest first; nothing when the mailbox has another UIDVALIDITY."""
    box = session.require(mailbox)
    if box.uidvalidity != cursor.uidvalidity:
        return
    uids = search.between(session, 1, cursor.low_uid - 1, box.exists)[::-1]
    windows = _windows(Download(session, mirror, mailbox, cursor), uids)
    yield from _batches(mailbox, cursor, windows, len(uids), now)


def _batches(
    mailbox: str, cursor: MailboxCursor, floors: Iterable[tuple[list[MessageRecord], int]], left: int, now: float
) -> Iterator[MailBatch]:
    for records, floor in floors:
        left = max(left - len(records), 0) if floor > 1 else 0
        cursor = scheduled(replace(cursor, low_uid=floor), records, now)
        yield MailBatch(
            mailbox=mailbox,
            epoch=cursor.uidvalidity,
            upserts=tuple(records),
            cursor=cursor.save(),
            live=False,
            remaining=left,
        )


def _windows(download: Download, uids: Sequence[int]) -> Iterator[tuple[list[MessageRecord], int]]:
    """Walk descending UIDs window by window; the last floor is 1."""
    windows = [uids[begin : begin + WINDOW] for begin in range(0, len(uids), WINDOW)]
    if not windows:
        yield [], 1
        return
    ahead = [download.start_facts(sorted(windows[0]))]
    for index, window in enumerate(windows):
        facts, unreadable = download.facts(ahead.pop())
        following = windows[index + 1] if index + 1 < len(windows) else None

        def ask_ahead(following: Sequence[int] | None = following) -> None:
            if following is not None:
                ahead.append(download.start_facts(sorted(following)))

        chunks = download.records(facts[::-1], ask_ahead)
        yield from _floors(chunks, window[-1] if following is not None else 1, unreadable)


def _floors(
    chunks: Iterator[list[MessageRecord]], floor: int, unreadable: Sequence[MessageRecord] = ()
) -> Iterator[tuple[list[MessageRecord], int]]:
    """Each chunk with the UID that everything above is now mirrored; the last with `floor`.

    The unreadable come with the first chunk: a floor below one of them must not be saved without it.
    """
    held, low = list(unreadable), 0
    for records in chunks:
        if low:
            yield held, low
            held = []
        low = min((record.uid for record in records), default=low)
        held = held + records
    yield held, floor
