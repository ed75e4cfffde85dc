"""FETCH answers by UID, whichever command they came with, and the reading of single messages.

A server may work on several FETCH commands at once and mix their lines, send the items of one
message in several lines, and put lines between that nobody asked for.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import structlog

from apps.providers.adapters import errors
from apps.providers.adapters.imap import wire
from apps.providers.adapters.imap.errors import Stage, from_refusal, may_concern_one
from apps.providers.adapters.imap.session import Answer, ImapSession

log = structlog.get_logger(__name__)

Items = dict[str, wire.Value]
EXTENSIONS: Final = {b"MODSEQ": "CONDSTORE", b"EMAILID": "OBJECTID", b"X-GM-MSGID": "X-GM-EXT-1"}
"""Fetch items that belong to a capability."""
PIECE: Final = 4 * 1024 * 1024
"""Bytes asked for at a time when a message or a part is read in pieces."""


class Fetches:
    """The FETCH lines of one open mailbox that nobody has taken yet."""

    def __init__(self, session: ImapSession) -> None:
        self._session = session
        self._pool: dict[int, Items] = {}

    def start(self, uids: bytes, items: bytes) -> Answer:
        """Send one UID FETCH."""
        uses = tuple(capability for word, capability in EXTENSIONS.items() if word in items)
        return self._session.start(b"UID FETCH ", uids, b" (", items, b")", uses=uses)

    def gather(self, answer: Answer) -> None:
        """Read an answer to its end. Raises what concerns more than single messages.

        A NO may concern one message of many (Yahoo, for days): what is missing shows that.
        """
        pool = self._pool
        for data in answer:
            items = fetched(data)
            uid = uid_of(items) if items else 0
            if items and uid:
                if uid in pool:
                    pool[uid] |= items
                else:
                    pool[uid] = items
        tagged = answer.finish()
        if tagged.status != "OK":
            if not may_concern_one(tagged) or (tagged.status == "BAD" and answer.uses):
                raise from_refusal(tagged, Stage.READ)
            log.info("fetch refused", status=tagged.status, code=tagged.code.name if tagged.code else "")

    def with_item(self, name: str) -> list[int]:
        """The UIDs in the pool for which this item has come."""
        return [uid for uid, items in self._pool.items() if name in items]

    def take(self, uid: int, name: str) -> Items | None:
        """The items of a UID, no longer in the pool; None unless `name` is among them."""
        return self._pool.pop(uid) if name in self._pool.get(uid, ()) else None

    def one(self, uid: int, names: str) -> Items:
        """Ask for items of one message. Raises NotFound when the server gives none of them."""
        found = self.each({uid: names.encode()})
        if uid not in found:
            raise errors.NotFound("the server does not hand out the message")
        return found[uid]

    def each(self, wanted: Mapping[int, bytes]) -> dict[int, Items]:
        """Ask for items of several messages, each by a command of its own so that a refusal concerns that one
        only, all in one round trip. What is not handed out is missing.
        """
        before = {uid: items for uid in wanted if (items := self._pool.pop(uid, None)) is not None}
        for answer in [self.start(b"%d" % uid, b"UID " + names) for uid, names in wanted.items()]:
            self.gather(answer)
        found = {uid: items for uid in wanted if len(items := self._pool.pop(uid, {})) >= 2}
        self._pool |= before
        return found

    def pieces(self, uid: int, section: str, most: int) -> Iterator[bytes]:
        """One body section in pieces, so that no answer is bigger than memory likes.

        Raises NotFound; Rejected when it has more than `most` bytes.
        """
        offset = 0
        while True:
            items = self.one(uid, f"BODY.PEEK[{section}]<{offset}.{PIECE}>")
            piece = _body(items.items())
            if piece is None and offset == 0:
                raise errors.NotFound("the server does not hand out this part of the message")
            if piece:
                yield piece
                offset += len(piece)
            # A short piece is the end; a server that ignores the partial request sends all at once.
            if piece is None or len(piece) != PIECE:
                return
            if offset > most:
                raise errors.Rejected(f"the message has more than {most} bytes")


def _body(items: Iterable[tuple[str, wire.Value]]) -> bytes | None:
    return next((value for name, value in items if name.startswith("BODY[") and isinstance(value, bytes)), None)


def fetched(data: wire.Data) -> Items | None:
    """The items of a FETCH line; None for any other line, and for one that is malformed."""
    if data.name != "FETCH":
        return None
    try:
        return wire.fetch_items(data)
    except wire.WireError as exc:
        log.info("fetch line is malformed", reason=str(exc)[:80])
        return None


def uid_of(items: Items) -> int:
    """The UID of a FETCH line, 0 when it names none: then the line tells nothing that can be kept."""
    uid = items.get("UID")
    return int(uid) if isinstance(uid, bytes) and uid.isdigit() and len(uid) <= 10 else 0
