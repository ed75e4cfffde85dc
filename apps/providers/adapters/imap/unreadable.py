"""Messages that the server lists but does not hand out: when to ask again. Pure."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from apps.providers.adapters.base import MessageRecord
from apps.providers.adapters.imap.cursor import MailboxCursor

PAUSES: Final = (3600.0, 86_400.0, 7 * 86_400.0)
"""Seconds until the next try: Yahoo and Exchange recover such messages in hours, days, or never."""
MOST: Final = 200
"""Retries kept per mailbox: a server that hands out nothing at all is another fault."""


def scheduled(cursor: MailboxCursor, records: Iterable[MessageRecord], now: float) -> MailboxCursor:
    """The cursor with a next try for each unreadable record, and without one for each that was read."""
    retry = dict(cursor.retry)
    for record in records:
        tries = retry.pop(record.uid, (0, 0.0))[0]
        if record.unreadable and tries < len(PAUSES) and len(retry) < MOST:
            retry[record.uid] = (tries + 1, now + PAUSES[tries])
    return replace(cursor, retry=retry)


def due(cursor: MailboxCursor, now: float) -> list[int]:
    """The UIDs to try now, ascending."""
    return sorted(uid for uid, (_, at) in cursor.retry.items() if at <= now)
