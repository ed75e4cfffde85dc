"""The octets of messages (`$value`), and what is kept of large ones.

Graph does not tell a message's size and hands out no part of its MIME, so every message is read whole; of one above
`WHOLE` a skeleton is kept, with files left out under the marks that `MessageRecord` describes.
"""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Final

import structlog

from apps.providers.adapters import errors
from apps.providers.adapters.base import MailMirror, MessageRecord
from apps.providers.adapters.mime import structure
from apps.providers.adapters.mime.headers import Notes

from .graph import Graph, segment
from .messages import Facts

log = structlog.get_logger(__name__)

WHOLE: Final = 1024 * 1024
"""A message of at most this size is kept whole."""
TEXT: Final = 1024 * 1024
"""A text part up to this size stays in a skeleton."""
MESSAGE_MOST: Final = 256 * 1024 * 1024
"""Exchange takes at most 150 MB."""
AT_ONCE: Final = 12
"""Messages of one batch: what is held in memory at the same time."""


def read(graph: Graph, name: str) -> bytes:
    """A message's octets. Raises NotFound; Rejected where Exchange cannot make MIME of it."""
    return graph.ask("GET", graph.url(f"messages/{segment(name)}/$value"), most=MESSAGE_MOST).body


def records(graph: Graph, mirror: MailMirror, facts: Sequence[Facts]) -> Iterator[list[MessageRecord]]:
    """Records of these messages, some at a time: with their octets where the mirror does not know them yet.

    What is gone when it is read is left out: the next round says so.
    """
    known = set(mirror.known([one.identity for one in facts]))
    for start in range(0, len(facts), AT_ONCE):
        some = facts[start : start + AT_ONCE]
        fresh = [one for one in some if one.identity not in known]
        octets: dict[str, bytes | Lost] = dict(
            zip((one.id for one in fresh), graph.together(lambda one: _octets(graph, one), fresh), strict=True)
        )
        yield [_record(one, octets.get(one.id)) for one in some if octets.get(one.id) is not Lost.GONE]


class Lost(Enum):
    """Why a message did not come."""

    GONE = 1
    UNREADABLE = 2


def _octets(graph: Graph, facts: Facts) -> bytes | Lost:
    try:
        return read(graph, facts.id)
    except errors.NotFound:
        return Lost.GONE
    except errors.Rejected as error:
        log.info("message is not readable", reason=error.reason)
        return Lost.UNREADABLE


def _record(facts: Facts, octets: bytes | Lost | None) -> MessageRecord:
    """The record of a message; `octets` are None where the mirror knows it."""
    raw, complete = skeleton(octets) if isinstance(octets, bytes) else (None, True)
    return MessageRecord(
        uid=facts.uid,
        flags=facts.flags,
        identity=facts.identity,
        internal_date=facts.received,
        size=len(octets) if isinstance(octets, bytes) else 0,
        raw=raw,
        complete=complete,
        thread_key=facts.thread or None,
        unreadable=octets is Lost.UNREADABLE,
    )


def skeleton(raw: bytes) -> tuple[bytes, bool]:
    """What is kept of a message, and whether that is all of it. Pure."""
    if len(raw) <= WHOLE:
        return raw, True
    kept, position = bytearray(), 0
    for leaf in _leaves(structure.read(raw, Notes())):
        size = leaf.end - leaf.start
        if leaf.omitted or size < least_left_out(leaf) or leaf.start < position:
            continue
        header = raw[leaf.head : leaf.neck].rstrip(b"\r\n")
        marks = b"X-PMSync-Omitted: %b\r\nX-PMSync-Size: %d\r\n\r\n" % (leaf.section.encode(), size)
        kept += raw[position : leaf.head] + (header + b"\r\n" if header else b"") + marks
        position = leaf.end
    return bytes(kept + raw[position:]), position == 0


def least_left_out(leaf: structure.Part) -> int:
    """From which size a part is left out: texts stay longer than files."""
    shown = leaf.type.startswith("text/") and leaf.disposition != "attachment"
    return TEXT if shown else 16 * 1024


def _leaves(root: structure.Part) -> list[structure.Part]:
    return sorted(root.leaves(), key=lambda leaf: leaf.head)


def section_of(raw: bytes, section: str) -> bytes:
    """One body section of a message, in its transfer encoding (RFC 3501 section 6.4.5). Raises NotFound."""
    wanted = section.upper()
    if not wanted:
        return raw
    root = structure.read(raw, Notes())
    if wanted == "TEXT":
        return raw[root.start :]
    if wanted == "HEADER":
        return raw[root.head : root.start]
    found = _find(root, wanted, 0)
    if found is None:
        raise errors.NotFound("the message has no such part")
    return found.body


def _find(node: structure.Part, section: str, depth: int) -> structure.Part | None:
    for leaf in node.leaves():
        if leaf.section == section:
            return leaf
        if section.startswith(f"{leaf.section}.") and leaf.type.startswith("message/") and depth < 8:
            return _find(structure.enclosed(leaf, Notes()), section, depth + 1)
    return None
