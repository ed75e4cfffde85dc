"""Flags and keywords: STORE, always relative, never the whole set.

`+FLAGS` and `-FLAGS` name what the person touched and nothing else, so another client's change of
another flag is never undone. With CONDSTORE the first try says UNCHANGEDSINCE (RFC 7162 section 3.1.3)
the state that we know: messages that somebody changed since come back as MODIFIED. Their flags are
read, and those that do not show the wanted state yet get it in a second STORE without a condition:
the person's act is the later one, and it is about this flag. What the condition gives is that a flag
which another client has set meanwhile is not written again, and that we learn what else it did.

What the messages carry afterwards is fetched: it is the truth that the mirror takes, it covers
servers that answer STORE with nothing, and it shows which messages are gone.
"""

from collections.abc import Collection, Iterable

from apps.providers.adapters import errors
from apps.providers.adapters.base import FlagsRecord, Receipt, StoreFlags
from apps.providers.adapters.imap import identity, sets, wire
from apps.providers.adapters.imap.cursor import MailboxCursor
from apps.providers.adapters.imap.errors import Stage, from_refusal
from apps.providers.adapters.imap.fetches import fetched, uid_of
from apps.providers.adapters.imap.session import ImapSession
from apps.providers.adapters.imap.writing import Writable, Writer, chunks


def store(writer: Writer, command: StoreFlags) -> Receipt:
    """Add and remove the flags. Raises Rejected, in a sentence, for what the mailbox cannot keep."""
    opened = writer.select(command.mailbox, command.epoch)
    _check(opened, command.add)
    session = writer.session
    cursor = MailboxCursor.load(command.cursor)
    since = cursor.modseq if cursor is not None and session.condstore and opened.box.modseq is not None else None
    for sign, flags in ((b"+", command.add), (b"-", command.remove)):
        if flags:
            modified = _store(session, command.uids, sign, flags, since)
            if modified:
                again = _lacking(read(session, modified), sign, flags)
                _store(session, again, sign, flags, None)
            since = None  # our own change has moved the MODSEQ
    told = read(session, command.uids)
    missing = tuple(uid for uid in command.uids if uid not in told)
    return Receipt(flags=tuple(told.values()), missing=missing)


def _check(opened: Writable, added: Iterable[str]) -> None:
    permanent = opened.permanent
    if permanent is None:
        return
    for flag in added:
        known = flag.lower() in permanent
        if known or (not flag.startswith("\\") and "\\*" in permanent):
            continue
        if flag.startswith("\\"):
            raise errors.Rejected("the mail server does not keep this mark in this mailbox")
        raise errors.Rejected("the mail server does not keep labels of one's own in this mailbox")


def _store(
    session: ImapSession, uids: Collection[int], sign: bytes, flags: Collection[str], since: int | None
) -> list[int]:
    """One change of all of them; the UIDs that were left alone because somebody changed them since."""
    condition = b"" if since is None else b" (UNCHANGEDSINCE %d)" % since
    words = b" ".join(sorted(flag.encode("ascii") for flag in flags))
    modified: list[int] = []
    for piece in chunks(uids):
        answer = session.start(
            b"UID STORE ", piece, condition, b" ", sign, b"FLAGS.SILENT (", words, b")",
            stage=Stage.WRITE, uses=("CONDSTORE",) if condition else (),
        )  # fmt: skip
        tagged = answer.finish()
        code = answer.code("MODIFIED")
        if code is not None:
            # The tagged line is OK, or NO where an older server could change none of them.
            spans = wire.uid_ranges(code.data.strip() or b"0")
            modified += sets.inside(sorted(uids), spans)
        elif tagged.status != "OK":
            raise from_refusal(tagged, Stage.WRITE)
    return modified


def _lacking(told: dict[int, FlagsRecord], sign: bytes, flags: Collection[str]) -> list[int]:
    """Those that do not show the wanted state."""
    wanted = {flag.lower() for flag in flags}
    found = []
    for uid, record in told.items():
        held = {flag.lower() for flag in record.flags} & wanted
        if held != wanted if sign == b"+" else held:
            found.append(uid)
    return found


def read(session: ImapSession, uids: Collection[int]) -> dict[int, FlagsRecord]:
    """The flags of those of the UIDs that the open mailbox has."""
    items = b"UID FLAGS MODSEQ" if session.condstore else b"UID FLAGS"
    told: dict[int, FlagsRecord] = {}
    for piece in chunks(uids):
        answer = session.start(b"UID FETCH ", piece, b" (", items, b")")
        for data in answer:
            line = fetched(data)
            uid = uid_of(line) if line else 0
            if line and uid in set(uids) and "FLAGS" in line:
                told[uid] = FlagsRecord(uid, identity.read_flags(line["FLAGS"]), identity.read_modseq(line))
        answer.check()
    return told


def keyword_problem(word: str) -> str:
    """Why a word cannot be a keyword (RFC 3501 section 9, flag-keyword), for the person; empty when it can."""
    if not word:
        return "A label needs a name."
    if len(word) > 100:
        return "A label's name has at most 100 characters."
    if not word.isascii() or any(character in '(){ %*"\\]' or ord(character) < 33 for character in word):
        return (
            'Mail servers take labels of plain letters, digits and signs only: no spaces, accents or any of (){%*"]\\.'
        )
    return ""
