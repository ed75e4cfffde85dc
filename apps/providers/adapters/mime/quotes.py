"""What a person wrote in a message, as against what the program quoted below or signed under it."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from . import quote_marks as marks

_INTRO_LINES: Final = 3
"""An attribution may be wrapped: "On Mon, Anna Rossi <anna@example.org>" / "wrote:"."""

_SCANNED_LINE: Final = 1_000
"""Characters of one line that are looked at; an attribution or a separator is far shorter."""


_LONGEST_GRAPHEME: Final = 64
"""Characters of one letter with its marks; longer piles of marks are a joke, and are cut."""


@dataclass(frozen=True, slots=True)
class Folded:
    """Ranges of character offsets into a text: what is read at once, and what is folded away."""

    visible: tuple[tuple[int, int], ...]
    quoted: tuple[tuple[int, int], ...]


def _intro(lines: list[str], index: int) -> int:
    """How many lines from `index` on are an attribution ("On ... wrote:"); 0 when none is."""
    if not any(line.rstrip().endswith(":") for line in lines[index : index + _INTRO_LINES]):
        return 0
    if not marks.INTRO_START.match(lines[index][:_SCANNED_LINE]):
        return 0
    joined = ""
    for taken, line in enumerate(lines[index : index + _INTRO_LINES], start=1):
        if not line.strip() or len(line) > _SCANNED_LINE:
            return 0
        joined = f"{joined} {line.strip()}"
        if marks.INTRO_END.search(joined[-300:]):
            return taken
    return 0


def _is_header_block(lines: list[str], index: int) -> bool:
    """True at the From line of the block that Outlook puts above what it quotes."""
    line = lines[index]
    if ":" not in line[:20] or not marks.BLOCK_FROM.match(line[:_SCANNED_LINE]):
        return False
    near = lines[index + 1 : index + 7]
    return sum(1 for one in near if marks.BLOCK_FIELD.match(one[:_SCANNED_LINE])) >= 2


def _ends_message(lines: list[str], index: int, stripped: str) -> bool:
    """True when all from here on is a signature or a quoted message, whatever it looks like."""
    if len(stripped) > _SCANNED_LINE:
        return False
    if stripped[:1] in "-_" and (marks.SIGNATURE.match(lines[index]) or marks.SEPARATOR.match(stripped)):
        return True
    if stripped[:1] in "BbIi" and marks.SEPARATOR.match(stripped):
        return True
    # The first letters of every known signature: the pattern itself is tried on few lines.
    if stripped[:2].lower() in marks.MOBILE_STARTS and marks.MOBILE.match(stripped):
        return True
    return _is_header_block(lines, index)


def _quote_below(lines: list[str], index: int) -> bool | None:
    """What stands below an attribution: True for `>` lines, False for bare text, None for nothing."""
    for line in lines[index : index + 4]:
        if line.strip():
            return line.lstrip().startswith(">")
    return False if index < len(lines) else None


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Each line without its line end, and whether it is quote or signature."""
    lines = text.split("\n")
    index = 0
    while index < len(lines):
        line = lines[index]
        stripped = line.lstrip(" \t")
        if not stripped:
            yield line, False
            index += 1
        elif stripped[0] == ">":
            yield line, True
            index += 1
        elif _ends_message(lines, index, stripped):
            yield from ((rest, True) for rest in lines[index:])
            return
        elif (taken := _intro(lines, index)) and (marked := _quote_below(lines, index + taken)) is not None:
            # Below an attribution either the marked lines are the quote, or all that follows is.
            stop = index + taken if marked else len(lines)
            yield from ((quoted, True) for quoted in lines[index:stop])
            index = stop
        else:
            yield line, False
            index += 1


def fold_quotes(text: str) -> Folded:
    """Split a text into what its writer says and what is quoted or signed below it.

    The ranges cover the text in order. When all of it is quoted, all of it is visible.
    """
    visible: list[tuple[int, int]] = []
    quoted: list[tuple[int, int]] = []
    position = 0
    wrote_something = False
    for line, is_quoted in _lines(text):
        end = min(position + len(line) + 1, len(text))
        ranges = quoted if is_quoted else visible
        if ranges and ranges[-1][1] == position:
            ranges[-1] = (ranges[-1][0], end)
        elif end > position:
            ranges.append((position, end))
        wrote_something = wrote_something or (not is_quoted and bool(line.strip()))
        position = end
    if not wrote_something:
        return Folded(((0, len(text)),) if text else (), ())
    return Folded(tuple(visible), tuple(quoted))


def snippet(text: str, limit: int = 200) -> str:
    """The first words that the writer says, at most `limit` characters, on one line.

    Quotes and signature are left out, unless nothing else is there. Cut at the end of a word when
    one ends near, and never inside a grapheme (a letter with its marks, a joined emoji, a flag).
    """
    near = max(4_000, 20 * limit)
    # A reply below a long quote is looked for further down, once, before quoting the quote.
    for head in (text[:near], text[: 16 * near]):
        words: list[str] = []
        length = 0
        for line, is_quoted in _lines(head):
            if not is_quoted and line:
                words += line[: 2 * limit + 80].split()
                length += len(line)
            if length > 4 * limit or (length > 2 * limit and len(words) > limit // 2):
                break
        if words or len(head) == len(text):
            break
    return cut(" ".join(words or text[: 16 * near].split()), limit)


def cut(words: str, limit: int) -> str:
    """At most `limit` characters of a line, ending with a whole word or at least a whole grapheme."""
    if len(words) <= limit:
        return words
    end = _grapheme_start(words, limit - 1)
    space = words.rfind(" ", 0, end + 1)
    if space >= limit // 2:
        end = space
    return f"{words[:end].rstrip()}…"


def _joins(words: str, index: int) -> bool:
    """True when a cut before `index` would part what is drawn as one (UAX #29, without Hangul jamo)."""
    here, before = words[index], words[index - 1]
    if unicodedata.combining(here) or unicodedata.category(here) in {"Mn", "Me", "Mc", "Cf"}:
        return True
    # Behind a virama the next consonant belongs to the same syllable (क्ष).
    if before == "\u200d" or unicodedata.combining(before) == 9 or "\U0001f3fb" <= here <= "\U0001f3ff":
        return True
    if "\U0001f1e6" <= here <= "\U0001f1ff":
        run = 0
        while run < index and "\U0001f1e6" <= words[index - 1 - run] <= "\U0001f1ff":
            run += 1
        return run % 2 == 1
    return False


def _grapheme_start(words: str, index: int) -> int:
    """The nearest border at or before `index`; in an endless cluster, `index` itself."""
    start = index
    while start > 0 and _joins(words, start):
        start -= 1
        if index - start > _LONGEST_GRAPHEME:
            return index
    return start
