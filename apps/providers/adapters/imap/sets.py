"""UID sets: numbers to `1:5,9` and back, in pieces that fit a command line. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

LINE: Final = 7000
"""Bytes of a set in one command: RFC 7162 section 4 asks servers to take lines of 8,192."""


def ranges(uids: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Ascending (low, high) pairs that cover exactly these UIDs."""
    low = high = None
    for uid in sorted(uids):
        if low is None or high is None:
            low = high = uid
        elif uid == high + 1:
            high = uid
        elif uid != high:
            yield low, high
            low = high = uid
    if low is not None and high is not None:
        yield low, high


def pieces(uids: Sequence[int]) -> Iterator[bytes]:
    """The UIDs as sets of at most LINE bytes each, ascending: some servers answer BAD to a descending one."""
    piece: list[bytes] = []
    size = 0
    for low, high in ranges(uids):
        text = b"%d" % low if low == high else b"%d:%d" % (low, high)
        if piece and size + len(text) + 1 > LINE:
            yield b",".join(piece)
            piece, size = [], 0
        piece.append(text)
        size += len(text) + 1
    if piece:
        yield b",".join(piece)


def inside(uids: Sequence[int], spans: Iterable[tuple[int, int]]) -> list[int]:
    """Those of the ascending `uids` that a span covers. Spans may be huge, overlap and come in any order."""
    found: set[int] = set()
    for low, high in spans:
        found.update(uids[bisect_left(uids, low) : bisect_right(uids, high)])
    return sorted(found)
