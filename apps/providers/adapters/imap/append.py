"""Messages of our own in a mailbox: put there, found again by a header, taken away. Knows neither Django nor Celery.

RFC 3501 section 6.3.11 (APPEND), RFC 4315 (APPENDUID, UID EXPUNGE), RFC 7889 (APPENDLIMIT).
"""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Final

import structlog

from apps.providers.adapters import errors
from apps.providers.adapters.base import Appended, Found
from apps.providers.adapters.imap import sets, wire
from apps.providers.adapters.imap.arguments import mailbox_argument, quoted
from apps.providers.adapters.imap.errors import Stage
from apps.providers.adapters.imap.session import Answer, ImapSession, Selected

log = structlog.get_logger(__name__)

NEWEST: Final = 200
"""Messages whose headers are read where SEARCH finds nothing: some servers index with a delay."""
_FLAG: Final = re.compile(r"\\?[A-Za-z0-9$_.-]{1,60}")
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def append(session: ImapSession, mailbox: str, message: bytes, flags: Collection[str], at: datetime) -> Appended:
    """See MailAdapter.append."""
    limit = _limit(session)
    if limit is not None and len(message) > limit:
        raise errors.Rejected(f"the message has {len(message)} bytes, and the server's mailboxes take {limit}")
    try:
        return _append(session, mailbox, message, flags, at)
    except errors.NotFound:
        create(session, mailbox)
        return _append(session, mailbox, message, flags, at)


def _append(session: ImapSession, mailbox: str, message: bytes, flags: Collection[str], at: datetime) -> Appended:
    if not all(_FLAG.fullmatch(flag) for flag in flags):
        raise ValueError("a flag is an atom")
    stamp = f'"{at.day:2d}-{_MONTHS[at.month - 1]}-{at.year} {at:%H:%M:%S} {at:%z}"'
    words = f" ({' '.join(flags)}) {stamp} ".encode("ascii")
    answer = session.start_upload(b"APPEND " + mailbox_argument(mailbox) + words, message)
    tagged = answer.check()
    code = tagged.code
    if code is None or code.name != "APPENDUID":
        return Appended()
    numbers = [int(number) for number in re.findall(rb"\d{1,10}", code.data)]
    return Appended(numbers[0], numbers[1]) if len(numbers) == 2 else Appended()


def _limit(session: ImapSession) -> int | None:
    """APPENDLIMIT of the whole account, when it is told."""
    for capability in session.capabilities:
        if capability.startswith("APPENDLIMIT=") and capability[12:].isdigit():
            return int(capability[12:])
    return None


def create(session: ImapSession, mailbox: str) -> None:
    """Make a mailbox and subscribe to it; one that exists is no error."""
    try:
        session.command(b"CREATE ", mailbox_argument(mailbox), stage=Stage.WRITE)
    except errors.Rejected as refused:
        if "exist" not in refused.said.lower():
            raise
    session.start(b"SUBSCRIBE ", mailbox_argument(mailbox), stage=Stage.WRITE).finish()


def find(session: ImapSession, mailbox: str, header: str, value: str) -> Found:
    """See MailAdapter.find."""
    session.settle()
    try:
        box = session.examine(mailbox)
    except errors.NotFound:
        return Found(0, ())
    uids = _searched(session.start(b"UID SEARCH HEADER ", quoted(header.encode("ascii")), b" ", quoted(value.encode())))
    if not uids and box.exists:
        uids = _read(session, box, header, value)
    return Found(box.uidvalidity, tuple(sorted(uids)))


def _searched(answer: Answer) -> list[int]:
    found = [
        wire.number(item)
        for data in answer
        if data.name == "SEARCH"
        for item in data.values()
        if not isinstance(item, tuple)
    ]
    answer.check()
    return found


def _read(session: ImapSession, box: Selected, header: str, value: str) -> list[int]:
    """The same by the headers of the newest messages."""
    first = max(1, box.exists - NEWEST + 1)
    field = header.upper().encode("ascii")
    answer = session.start(b"FETCH %d:* (UID BODY.PEEK[HEADER.FIELDS (%b)])" % (first, field))
    found: list[int] = []
    for data in answer:
        if data.name != "FETCH":
            continue
        items = wire.fetch_items(data)
        text = next((item for name, item in items.items() if name.startswith("BODY[")), b"")
        if isinstance(text, bytes) and value.encode() in text and "UID" in items:
            found.append(wire.number(items["UID"]))
    answer.check()
    return found


def remove(session: ImapSession, mailbox: str, epoch: int, uids: Collection[int]) -> None:
    """See MailAdapter.remove. What else is marked as deleted in the mailbox stays, whatever the server can do."""
    if not uids:
        return
    session.settle()
    try:
        answer = session.start(b"SELECT ", mailbox_argument(mailbox), stage=Stage.WRITE)
        box = session.examined(mailbox, answer)
    except errors.NotFound:
        return
    try:
        if box.uidvalidity != epoch:
            raise errors.CursorExpired(f"UIDVALIDITY {epoch} is now {box.uidvalidity}")
        for piece in sets.pieces(sorted(uids)):
            session.command(b"UID STORE ", piece, b" +FLAGS.SILENT (\\Deleted)", stage=Stage.WRITE)
        if session.has("UIDPLUS"):
            for piece in sets.pieces(sorted(uids)):
                session.command(b"UID EXPUNGE ", piece, stage=Stage.WRITE)
        elif set(_searched(session.start(b"UID SEARCH DELETED"))) <= set(uids):
            session.command(b"EXPUNGE", stage=Stage.WRITE)
        else:
            log.info("left marked as deleted: the server cannot expunge some of the deleted alone")
    finally:
        if session.usable:
            session.unselect()
            session.selected = None  # without UNSELECT it stays open for writing: the next reader opens it anew
