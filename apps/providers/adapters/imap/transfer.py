"""Moving messages and deleting them for good: MOVE (RFC 6851), or COPY, a mark and an expunge.

With MOVE a try that was cut off has moved a message or has not: the second moves what is left. Without
it a first try may have copied and not removed, so its mark, taken before, says from which UID on the
copies of the first try lie; they are known again by identity and not made a second time.

Only what we mark is ever expunged. With UIDPLUS (RFC 4315) UID EXPUNGE names the messages. Without it
EXPUNGE removes whatever is marked, also by others who may still change their mind: their marks are
taken off, ours expunged, theirs put back (RFC 4549 section 4.2.4 tells clients to do so). Leaving ours
marked instead would show the person a message in the mailbox that they have just emptied. Should we be
cut off in between, others' messages are there unmarked, nothing of theirs is lost, and the mark says
which to mark again.
"""

from collections.abc import Collection, Mapping

import structlog

from apps.providers.adapters import errors
from apps.providers.adapters.base import ExpungeMessages, Mark, MoveMessages, Receipt
from apps.providers.adapters.imap import identity, wire
from apps.providers.adapters.imap.arguments import mailbox_argument
from apps.providers.adapters.imap.errors import Stage, from_refusal
from apps.providers.adapters.imap.fetches import Fetches
from apps.providers.adapters.imap.names import key
from apps.providers.adapters.imap.search import between, listed
from apps.providers.adapters.imap.session import Answer, ImapSession
from apps.providers.adapters.imap.writing import Writer, chunks, write

log = structlog.get_logger(__name__)

MAX_UID = 2**32 - 1


def mark(writer: Writer, command: MoveMessages | ExpungeMessages) -> Mark | None:
    """What a second try must know; None where repeating does no harm by itself."""
    session = writer.session
    epoch: int | None = None
    uidnext: int | None = None
    deleted: tuple[int, ...] = ()
    if not session.has("UIDPLUS") and not (isinstance(command, MoveMessages) and session.has("MOVE")):
        writer.select(command.mailbox, command.epoch)
        deleted = tuple(uid for uid in _marked(session) if uid not in set(command.uids))
    if isinstance(command, MoveMessages) and not session.has("MOVE"):
        if session.selected is not None and session.selected.name == command.to:
            writer.leave()
        epoch, uidnext = _status(session, command.to)
    if epoch is None and uidnext is None and not deleted:
        return None
    return Mark(epoch, uidnext, deleted)


def move(writer: Writer, command: MoveMessages) -> Receipt:
    """Move the messages. Raises NotFound when the destination is gone."""
    session = writer.session
    if not session.has("MOVE"):
        return _by_copy(writer, command)
    writer.select(command.mailbox, command.epoch)
    # COPYUID names what was moved; a server that tells nothing is asked first what is there.
    there = command.uids if session.has("UIDPLUS") else tuple(listed(session, command.uids))
    moved: dict[int, int | None] = {} if session.has("UIDPLUS") else dict.fromkeys(there)
    epoch = None
    for piece in chunks(there):
        answer = write(session, b"UID MOVE ", piece, b" ", mailbox_argument(command.to))
        found_epoch, found = copied(answer)
        moved |= {uid: new for uid, new in found.items() if uid in set(there)}
        epoch = found_epoch or epoch
    return Receipt(moved=moved, missing=tuple(uid for uid in command.uids if uid not in moved), epoch=epoch)


def _by_copy(writer: Writer, command: MoveMessages) -> Receipt:
    session = writer.session
    before = _copies(writer, command) if command.mark is not None else {}
    writer.select(command.mailbox, command.epoch)
    there = listed(session, command.uids)
    moved: dict[int, int | None] = {uid: new for uid, new in before.items() if uid in there}
    epoch = command.mark.epoch if command.mark is not None else None
    for piece in chunks([uid for uid in there if uid not in moved]):
        found_epoch, found = copied(write(session, b"UID COPY ", piece, b" ", mailbox_argument(command.to)))
        epoch = found_epoch or epoch
        moved |= found
    moved |= {uid: None for uid in there if uid not in moved}
    expunge(session, there, command.mark.deleted if command.mark is not None else ())
    if command.mark is not None and not all(moved.values()):
        found_now = _copies(writer, command)
        moved = {uid: new if new is not None else found_now.get(uid) for uid, new in moved.items()}
    # What a first try has moved to the end is not there any more; its copy tells where it went.
    moved |= {uid: new for uid, new in before.items() if uid not in moved}
    missing = tuple(uid for uid in command.uids if uid not in moved)
    return Receipt(moved=moved, missing=missing, epoch=epoch)


def _copies(writer: Writer, command: MoveMessages) -> dict[int, int]:
    """The UIDs at the destination, from the mark on, of messages that are known by identity; each is given once."""
    marked = command.mark
    if marked is None or marked.uidnext is None:
        return {}
    session = writer.session
    box = session.examine(command.to)
    if marked.epoch is not None and box.uidvalidity != marked.epoch:
        raise errors.CursorExpired(f"UIDVALIDITY {marked.epoch} is now {box.uidvalidity}")
    uids = between(session, marked.uidnext, MAX_UID, box.exists)
    found = identities(session, uids)
    by_identity: dict[str, list[int]] = {}
    for uid in sorted(found):
        by_identity.setdefault(found[uid], []).append(uid)
    copies: dict[int, int] = {}
    for uid in command.uids:
        there = by_identity.get(command.identities.get(uid, ""), [])
        if there:
            copies[uid] = there.pop(0)
    return copies


def identities(session: ImapSession, uids: Collection[int]) -> dict[int, str]:
    """The identity of messages of the open mailbox, as the mirror knows it."""
    items = identity.BASIC
    items += b" EMAILID" if session.has("OBJECTID") else b""
    items += b" X-GM-MSGID" if session.has("X-GM-EXT-1") else b""
    found: dict[int, str] = {}
    fetches = Fetches(session)
    for piece in chunks(uids):
        fetches.gather(fetches.start(piece, items))
    for uid in sorted(set(uids) & set(fetches.with_item("RFC822.SIZE"))):
        line = fetches.take(uid, "RFC822.SIZE")
        facts = identity.read_facts(line) if line else None
        if facts is not None and facts.identity is not None:
            found[uid] = facts.identity
        elif facts is not None:
            header = fetches.one(uid, "BODY.PEEK[HEADER]").get("BODY[HEADER]")
            found[uid] = facts.identity_with(header if isinstance(header, bytes) else b"")
    return found


def delete(writer: Writer, command: ExpungeMessages) -> Receipt:
    """Delete the messages for good; those that are gone already are no error."""
    writer.select(command.mailbox, command.epoch)
    expunge(writer.session, command.uids, command.mark.deleted if command.mark is not None else ())
    return Receipt()


def expunge(session: ImapSession, uids: Collection[int], others: Collection[int]) -> None:
    """Remove these messages from the open mailbox and no others. `others` are marks to be put back at the end."""
    for piece in chunks(uids):
        write(session, b"UID STORE ", piece, rb" +FLAGS.SILENT (\Deleted)")
    if session.has("UIDPLUS"):
        for piece in chunks(uids):
            write(session, b"UID EXPUNGE ", piece)
        return
    ours = set(uids)
    theirs = {uid for uid in _marked(session) if uid not in ours} | (set(others) - ours)
    for piece in chunks(theirs):
        write(session, b"UID STORE ", piece, rb" -FLAGS.SILENT (\Deleted)")
    if ours:
        write(session, b"EXPUNGE")
    for piece in chunks(theirs):
        write(session, b"UID STORE ", piece, rb" +FLAGS.SILENT (\Deleted)")


def _marked(session: ImapSession) -> list[int]:
    """The UIDs in the open mailbox that are marked as deleted."""
    answer = session.start(b"UID SEARCH DELETED")
    found: list[int] = []
    for data in answer:
        if data.name == "SEARCH":
            found += [wire.number(value) for value in data.values() if not isinstance(value, tuple)]
    answer.check()
    return found


def _status(session: ImapSession, mailbox: str) -> tuple[int | None, int | None]:
    """UIDVALIDITY and UIDNEXT of a mailbox that is not open."""
    answer = session.start(b"STATUS ", mailbox_argument(mailbox), b" (UIDVALIDITY UIDNEXT)", stage=Stage.WRITE)
    numbers: dict[str, int] = {}
    for data in answer:
        if data.name == "STATUS":
            name, pairs = data.values()[:2]
            if isinstance(name, bytes) and key(name) == mailbox and isinstance(pairs, tuple):
                for word, value in zip(pairs[::2], pairs[1::2], strict=False):
                    if isinstance(word, bytes):
                        numbers[word.decode("latin-1").upper()] = wire.number(value)
    tagged = answer.finish()
    if tagged.status != "OK":
        raise from_refusal(tagged, Stage.WRITE)
    return numbers.get("UIDVALIDITY"), numbers.get("UIDNEXT")


def copied(answer: Answer) -> tuple[int | None, Mapping[int, int]]:
    """What COPYUID told (RFC 4315 section 3): the destination's UIDVALIDITY and the new UID of each message.

    MOVE tells it in an untagged line, and a long one in several.
    """
    codes = [status.code for status in answer.statuses] + [answer.tagged.code if answer.tagged else None]
    epoch: int | None = None
    found: dict[int, int] = {}
    for code in codes:
        if code is None or code.name != "COPYUID":
            continue
        try:
            validity, old, new = code.data.split()[:3]
            before, after = _expanded(old), _expanded(new)
            if len(before) == len(after):
                epoch = wire.number(validity)
                found |= dict(zip(before, after, strict=True))
        except (wire.WireError, ValueError) as exc:
            log.info("COPYUID is malformed", reason=str(exc)[:80])
    return epoch, found


def _expanded(spans: bytes) -> list[int]:
    """The UIDs of a set in the order in which it names them."""
    found: list[int] = []
    for low, high in wire.uid_ranges(spans):
        if high - low > 100_000:
            raise ValueError("a COPYUID of more messages than were asked for")
        found += range(low, high + 1)
    return found
