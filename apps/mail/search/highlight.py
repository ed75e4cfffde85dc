"""Where a message matched: an excerpt with the words marked, everything else escaped."""

import re
from collections.abc import Iterable
from html import escape
from typing import Final

from apps.core.folding import fold

from .grammar import Text

BEFORE: Final = 60
AROUND: Final = 180
WORD: Final = re.compile(r"\w+")


def pattern(texts: Iterable[Text]) -> re.Pattern[str] | None:
    """Matches the searched words in a folded text; None when there are none.

    A word also marks its inflections: the index stems, so "invoices" was found by "invoice".
    """
    words = [word for text in texts for word in WORD.findall(fold(text.value))]
    if not words:
        return None
    stems = {re.escape(word[: max(4, len(word) - 2)]) if len(word) > 4 else re.escape(word) for word in words}
    return re.compile(rf"\b(?:{'|'.join(sorted(stems, key=len, reverse=True))})\w*")


def excerpt(text: str, marks: re.Pattern[str] | None) -> str:
    """About 180 characters around the first hit, as HTML in which only <mark> is a tag."""
    flat = " ".join(text.split()) if len(text) < 200_000 else text[:200_000]
    folded = fold(flat)
    if len(folded) != len(flat):
        return escape(flat[:AROUND])
    first = marks.search(folded) if marks else None
    start = max(0, first.start() - BEFORE) if first else 0
    if start:
        start = max(flat.rfind(" ", 0, start + 15) + 1, start - 20)
    end = min(len(flat), start + AROUND)
    return ("… " if start else "") + _marked(flat, folded, start, end, marks) + (" …" if end < len(flat) else "")


def _marked(text: str, folded: str, start: int, end: int, marks: re.Pattern[str] | None) -> str:
    pieces, at = [], start
    for hit in marks.finditer(folded, start, end) if marks else ():
        pieces += [escape(text[at : hit.start()]), "<mark>", escape(text[hit.start() : hit.end()]), "</mark>"]
        at = hit.end()
    return "".join([*pieces, escape(text[at:end])])
