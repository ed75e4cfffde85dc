"""Which UIDs the open mailbox has: UID SEARCH, by ESEARCH (RFC 4731) where the server has it.

Answers stay below the line limit whatever the size of the mailbox, and a UID set is expanded only
as far as the mailbox can be full: a server may say `1:4294967295`.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from apps.providers.adapters.base import MailMirror
from apps.providers.adapters.imap import sets, wire
from apps.providers.adapters.imap.session import Answer, ImapSession

WINDOW: Final = 50_000  # UIDs in one answer: 0.55 MB as a plain list
LEAF: Final = 1_000  # placements of a range that is listed rather than halved once more
_EXTENDED: Final = ("ESEARCH",)
LEAF_WITHOUT_COUNT: Final = 5_000  # the same where the server cannot count


def listed(session: ImapSession, uids: Sequence[int]) -> list[int]:
    """Those of the UIDs that the open mailbox has, ascending. Raises the typed error of a refusal."""
    found: set[int] = set()
    for answer in [session.start(b"UID SEARCH UID ", piece) for piece in sets.pieces(uids)]:
        found.update(_plain(answer))
    return sorted(found.intersection(uids))


def between(session: ImapSession, low: int, high: int, exists: int) -> list[int]:
    """All UIDs from `low` to `high`, ascending. `exists` is how many messages the mailbox has."""
    found: list[int] = []
    span = WINDOW
    while low <= high:
        # Where all fits into one answer, and where UIDs are sparse, wide windows save round trips.
        top = high if exists <= WINDOW else min(high, low + span - 1)
        window = _range(session, low, top, exists)
        found += window
        if len(window) < WINDOW // 8:
            span *= 4
        low = top + 1
    return found


def _range(session: ImapSession, low: int, high: int, exists: int) -> list[int]:
    if not session.has("ESEARCH"):
        answer = session.start(b"UID SEARCH UID %d:%d" % (low, high))
        return sorted({uid for uid in _plain(answer) if low <= uid <= high})
    answer = session.start(b"UID SEARCH RETURN (ALL) UID %d:%d" % (low, high), uses=_EXTENDED)
    result: set[int] = set()
    for first, last in wire.uid_ranges(_extended(answer).get("ALL", b"") or b"0"):
        first, last = max(first, low), min(last, high)
        # New mail may come between EXISTS and this answer, though never that much.
        if len(result) + max(0, last - first + 1) > 2 * exists + WINDOW:
            raise wire.WireError("the server lists more UIDs than the mailbox has messages")
        result.update(range(first, last + 1))
    return sorted(result)


def count(session: ImapSession, low: int, high: int, exists: int) -> int:
    """How many messages have a UID from `low` to `high`."""
    if low > high:
        return 0
    if not session.has("ESEARCH"):
        return len(between(session, low, high, exists))
    return _counted(_ask_count(session, low, high))


class Ours:
    """The UIDs that we have of a mailbox: those in the mirror, and those on their way into it."""

    def __init__(self, mirror: MailMirror, mailbox: str, on_their_way: Iterable[int] = ()) -> None:
        self._mirror = mirror
        self._mailbox = mailbox
        self._on_their_way = sorted(on_their_way)

    def between(self, low: int, high: int) -> list[int]:
        """Ascending."""
        more = sets.inside(self._on_their_way, [(low, high)])
        return sorted({*self._mirror.uids(self._mailbox, low, high), *more})


def differences(session: ImapSession, ours_all: Ours, low: int, high: int, exists: int) -> tuple[list[int], list[int]]:
    """The UIDs from `low` to `high` that only we have, and those that only the server has, ascending.

    Halves the range where counts differ, so k differences cost about k log n small answers; lists
    only the leaves.
    """
    gone: list[int] = []
    missing: list[int] = []
    for first, last in _leaves(session, ours_all, low, high):
        ours = set(ours_all.between(first, last))
        theirs = set(between(session, first, last, exists))
        gone += ours - theirs
        missing += theirs - ours
    return sorted(gone), sorted(missing)


def _leaves(session: ImapSession, ours_all: Ours, low: int, high: int) -> Iterator[tuple[int, int]]:
    if not session.has("ESEARCH"):
        yield from _plain_leaves(ours_all.between(low, high), low, high)
        return
    level = [(low, high)]
    while level:
        halves: list[tuple[int, int]] = []
        held: list[int] = []
        for first, last in level:
            ours = ours_all.between(first, last)
            middle = len(ours) // 2
            if len(ours) <= LEAF:
                yield first, last
            else:
                halves += [(first, ours[middle] - 1), (ours[middle], last)]
                held += [middle, len(ours) - middle]
        asked = [_ask_count(session, *half) for half in halves]  # a whole level in one round trip
        level = [half for half, answer, count in zip(halves, asked, held, strict=True) if _counted(answer) != count]


def _plain_leaves(ours: Sequence[int], low: int, high: int) -> Iterator[tuple[int, int]]:
    for begin in range(LEAF_WITHOUT_COUNT, len(ours), LEAF_WITHOUT_COUNT):
        yield low, ours[begin] - 1
        low = ours[begin]
    yield low, high


def _plain(answer: Answer) -> list[int]:
    found: list[int] = []
    for data in answer:
        if data.name == "SEARCH":
            # CONDSTORE adds `(MODSEQ n)` at the end (RFC 7162 section 3.1.5).
            found += [wire.number(value) for value in data.values() if not isinstance(value, tuple)]
    answer.check()
    return found


def _ask_count(session: ImapSession, low: int, high: int) -> Answer:
    return session.start(b"UID SEARCH RETURN (COUNT) UID %d:%d" % (low, high), uses=_EXTENDED)


def _counted(answer: Answer) -> int:
    return wire.number(_extended(answer).get("COUNT"))


def _extended(answer: Answer) -> dict[str, wire.Value]:
    """The result of a search with RETURN, by name."""
    found: dict[str, wire.Value] = {}
    for data in answer:
        if data.name == "ESEARCH":
            values = [value for value in data.values() if not isinstance(value, tuple) and value != b"UID"]
            found |= {name.decode("latin-1").upper(): value for name, value in _pairs(values)}
    answer.check()
    return found


def _pairs(values: Sequence[wire.Value]) -> Iterator[tuple[bytes, wire.Value]]:
    for name, value in zip(values[::2], values[1::2], strict=False):
        if isinstance(name, bytes):
            yield name, value
