"""Bringing in the messages of given UIDs: facts first, then the bodies of those not known yet.

The bodies of a window are split into chunks of at most CHUNK_BYTES; each chunk is one FETCH, and
the next one is under way while the caller applies the last. A message that a server lists but does
not hand out costs itself alone: it comes as an `unreadable` record, never as a deletion.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from apps.providers.adapters.base import MailMirror, MessageRecord
from apps.providers.adapters.imap import identity, large, sets, wire
from apps.providers.adapters.imap.cursor import MailboxCursor
from apps.providers.adapters.imap.fetches import Fetches, Items
from apps.providers.adapters.imap.identity import Facts
from apps.providers.adapters.imap.large import WHOLE
from apps.providers.adapters.imap.search import listed
from apps.providers.adapters.imap.session import Answer, ImapSession

log = structlog.get_logger(__name__)

CHUNK_BYTES: Final = 8 * 1024 * 1024  # of literals in one FETCH, and so of one batch in memory
CHUNK_COUNT: Final = 500
AT_ONCE: Final = 20  # commands for single messages under way
_SIZE: Final = "RFC822.SIZE"
_BODY: Final = b"BODY.PEEK[]<0.%d> BODYSTRUCTURE" % (WHOLE + 1)
"""One byte more than a message may have that is taken whole: what comes in full length is a large one, and
its structure tells what else of it to ask for."""


@dataclass(slots=True)
class Request:
    """A FETCH under way for some UIDs, and what it needs to be repeated."""

    uids: Sequence[int]
    items: bytes
    answers: list[Answer]


@dataclass(slots=True)
class Chunk:
    """Messages that travel in one FETCH and one batch."""

    facts: list[Facts]
    known: Collection[str]
    wanted: list[int] = field(default_factory=list)  # bodies of ordinary size
    large: list[Facts] = field(default_factory=list)


class Download:
    """The messages of one open mailbox."""

    def __init__(self, session: ImapSession, mirror: MailMirror, mailbox: str, cursor: MailboxCursor) -> None:
        self._session = session
        self._mirror = mirror
        self._mailbox = mailbox
        self._uidvalidity = cursor.uidvalidity
        self._items = facts_items(session, modseq=cursor.modseq is not None)
        self._fetches = Fetches(session)

    # ------------------------------------------------------------------ asking

    def start_facts(self, uids: Sequence[int]) -> Request:
        """Ask for the facts of these UIDs."""
        return self._start(uids, self._items)

    def start_facts_from(self, low: int) -> Request:
        """Ask for the facts of every UID from `low` on; the last message answers even below it."""
        return Request((), self._items, [self._fetches.start(b"%d:*" % low, self._items)])

    def start_whole_from(self, low: int) -> Request:
        """The same with the bodies: one round trip instead of two, for a few arrivals."""
        items = self._items + b" " + _BODY
        return Request((), items, [self._fetches.start(b"%d:*" % low, items)])

    def start_newest(self, exists: int, count: int) -> Request:
        """Ask for the `count` newest messages, bodies and all, by their sequence numbers."""
        items = self._items + b" " + _BODY
        first = max(1, exists - count + 1)
        return Request((), items, [self._session.start(b"FETCH %d:%d (%b)" % (first, exists, items))])

    def _start(self, uids: Sequence[int], items: bytes) -> Request:
        return Request(uids, items, [self._fetches.start(piece, items) for piece in sets.pieces(uids)])

    # ------------------------------------------------------------------ reading

    def facts(self, request: Request) -> tuple[list[Facts], list[MessageRecord]]:
        """What a request brought, ascending by UID, and a record for each UID that cannot be read.

        A UID that is gone meanwhile is in neither. Raises what the server's refusal means.
        """
        found = self._read(request)
        missing = [uid for uid in request.uids if uid not in found]
        records: list[MessageRecord] = []
        if missing:
            alone, records = self._ask_alone(missing, request.items)
            found |= alone
        return [found[uid] for uid in sorted(found)], records

    def _read(self, request: Request) -> dict[int, Facts]:
        for answer in request.answers:
            self._fetches.gather(answer)
        # A line without a size is an unsolicited one, with flags only, or a body.
        taken = ((uid, self._fetches.take(uid, _SIZE)) for uid in request.uids or self._fetches.with_item(_SIZE))
        facts = ((uid, _facts(items)) for uid, items in taken if items is not None)
        return {uid: fact for uid, fact in facts if fact is not None}

    def flag_lines(self, answer: Answer, low: int, high: int) -> dict[int, Items]:
        """The lines that an answer about flags brought for UIDs from `low` to `high`."""
        self._fetches.gather(answer)
        lines = (
            (uid, self._fetches.take(uid, "FLAGS")) for uid in self._fetches.with_item("FLAGS") if low <= uid <= high
        )
        return {uid: items for uid, items in lines if items is not None}

    def _ask_alone(self, uids: Sequence[int], items: bytes) -> tuple[dict[int, Facts], list[MessageRecord]]:
        """OK without the FETCH that was asked for is no deletion (Exchange): look, then ask one by one."""
        present = listed(self._session, uids)
        self._gather_alone(present, items)
        found = self._read(Request(present, items, []))
        return found, [self._unreadable(uid, None) for uid in present if uid not in found]

    def _gather_alone(self, uids: Sequence[int], items: bytes) -> None:
        """Ask for each UID by a command of its own, so that a refusal concerns that one only."""
        for begin in range(0, len(uids), AT_ONCE):
            for answer in [self._fetches.start(b"%d" % uid, items) for uid in uids[begin : begin + AT_ONCE]]:
                self._fetches.gather(answer)

    def _unreadable(self, uid: int, facts: Facts | None) -> MessageRecord:
        key = (facts.identity if facts else None) or identity.placement_identity(self._mailbox, self._uidvalidity, uid)
        return MessageRecord(
            uid,
            facts.flags if facts else frozenset(),
            key,
            facts.internal_date if facts else None,
            facts.size if facts else 0,
            None,
            complete=False,
            modseq=facts.modseq if facts else None,
            thread_key=facts.thread_key if facts else None,
            unreadable=True,
        )

    # ------------------------------------------------------------------ records

    def records(
        self, facts: Sequence[Facts], meanwhile: Callable[[], None] = lambda: None
    ) -> Iterator[list[MessageRecord]]:
        """The messages in the given order, a chunk at a time.

        `meanwhile` is called once, when the last FETCH is sent and before its answer is read: the
        place to send what is wanted next.
        """
        chunks = list(self._chunks(facts))
        request = self._start_bodies(chunks[0]) if chunks else None
        for index, chunk in enumerate(chunks):
            following = self._start_bodies(chunks[index + 1]) if index + 1 < len(chunks) else None
            if index + 1 == len(chunks):
                meanwhile()
            yield self._chunk_records(chunk, request)
            request = following
        if not chunks:
            meanwhile()

    def _chunks(self, facts: Sequence[Facts]) -> Iterator[Chunk]:
        known = self._mirror.known({fact.identity for fact in facts if fact.identity is not None}) if facts else ()
        known = frozenset(known)
        chunk, size = Chunk([], known), 0
        for fact in facts:
            if chunk.facts and (size + min(fact.size, WHOLE) > CHUNK_BYTES or len(chunk.facts) >= CHUNK_COUNT):
                yield chunk
                chunk, size = Chunk([], known), 0
            chunk.facts.append(fact)
            if fact.identity in known or fact.body is not None:
                continue
            if fact.size > WHOLE:
                chunk.large.append(fact)
            else:
                chunk.wanted.append(fact.uid)
            size += min(fact.size, WHOLE)
        if chunk.facts:
            yield chunk

    def _start_bodies(self, chunk: Chunk) -> Request | None:
        return self._start(chunk.wanted, b"UID BODY.PEEK[]") if chunk.wanted else None

    def _chunk_records(self, chunk: Chunk, request: Request | None) -> list[MessageRecord]:
        bodies = self._read_bodies(request) if request is not None else {}
        outlines = {fact.uid: fact.outline for fact in chunk.large}
        skeletons = large.Skeletons(self._fetches).fetch(outlines) if outlines else {}
        records: list[MessageRecord] = []
        unread: list[Facts] = []
        for fact in chunk.facts:
            whole = fact.body if fact.body is not None else bodies.get(fact.uid)
            if fact.identity in chunk.known:
                records.append(_record(fact, None, complete=True))
            elif fact.uid in skeletons:
                raw, complete = skeletons[fact.uid]
                records.append(_record(fact, raw, complete=complete))
            elif whole is not None:
                records.append(_record(fact, whole, complete=True))
            else:
                unread.append(fact)
        if unread:
            present = set(listed(self._session, [fact.uid for fact in unread]))
            records += [self._unreadable(fact.uid, fact) for fact in unread if fact.uid in present]
        return records

    def _read_bodies(self, request: Request) -> dict[int, bytes]:
        for answer in request.answers:
            self._fetches.gather(answer)
        bodies = self._taken_bodies(request.uids)
        missing = [uid for uid in request.uids if uid not in bodies]
        if missing:
            self._gather_alone(listed(self._session, missing), request.items)
            bodies |= self._taken_bodies(missing)
        return bodies

    def _taken_bodies(self, uids: Sequence[int]) -> dict[int, bytes]:
        return {uid: body for uid in uids if (body := self._taken_body(uid)) is not None}

    def _taken_body(self, uid: int) -> bytes | None:
        items = self._fetches.take(uid, "BODY[]")
        body = items["BODY[]"] if items else None
        return body if isinstance(body, bytes) else None


def facts_items(session: ImapSession, *, modseq: bool) -> bytes:
    """What to ask for, each extension only where it is offered: strict servers answer BAD to the rest."""
    items = identity.BASIC
    if modseq and session.condstore:
        items += b" MODSEQ"
    if session.has("X-GM-EXT-1"):
        items += b" X-GM-MSGID X-GM-THRID"
    elif session.has("OBJECTID"):
        items += b" EMAILID THREADID"
    return items


def _facts(items: Items) -> Facts | None:
    try:
        facts = identity.read_facts(items)
    except wire.WireError as exc:
        log.info("fetch answer is malformed", reason=str(exc)[:80])
        return None
    if facts.body is None or len(facts.body) <= WHOLE:
        return facts
    return replace(facts, body=None, outline=large.outline(items.get("BODYSTRUCTURE"), facts.body))


def _record(fact: Facts, raw: bytes | None, *, complete: bool) -> MessageRecord:
    return MessageRecord(
        fact.uid,
        fact.flags,
        fact.identity or fact.identity_with(raw or b""),
        fact.internal_date,
        fact.size,
        raw,
        complete,
        fact.modseq,
        fact.thread_key,
    )
