"""From what a person wrote to the passages that are embedded: sentences, joined up to a length. Pure."""

import re
from collections.abc import Iterator
from typing import Final

from apps.providers.adapters import mime

LONGEST: Final = 700
"""Characters of a passage: some 170 tokens of English, 230 of Italian; both local and remote models read them whole."""

MOST: Final = 8
"""Passages of one source. What follows is found by its words alone."""

# A sentence ends at . ! ? … before a space, at an empty line, and where a list goes on.
_END: Final = re.compile(r"(?<=[.!?…;:])\s+|\n\s*\n|\n(?=\s*(?:[-*•]|\d{1,2}[.)])\s)")
_SPACE: Final = re.compile(r"\s+")
# Addresses of the web are long, mean nothing, and push out what does.
_ADDRESS: Final = re.compile(r"(?:https?://|www\.)\S+|[!-~]{80,}")


def own_words(text: str) -> str:
    """What the writer of a message says, without what is quoted and signed below it."""
    folded = mime.fold_quotes(text)
    return "\n".join(text[begin:end] for begin, end in folded.visible)


def split(text: str, longest: int = LONGEST, most: int = MOST) -> list[str]:
    """The passages of a text: whole sentences while they fit into `longest` characters, at most `most` passages."""
    found: list[str] = []
    held = ""
    for sentence in _sentences(text, longest):
        if held and len(held) + 1 + len(sentence) > longest:
            found.append(held)
            held = ""
            if len(found) == most:
                return found
        held = f"{held} {sentence}" if held else sentence
    return [*found, held] if held else found


def _sentences(text: str, longest: int) -> Iterator[str]:
    for piece in _END.split(_ADDRESS.sub(" ", text)):
        sentence = _SPACE.sub(" ", piece).strip()
        while len(sentence) > longest:
            cut = sentence.rfind(" ", 1, longest + 1)
            cut = cut if cut > 0 else longest
            yield sentence[:cut]
            sentence = sentence[cut:].lstrip()
        if any(map(str.isalnum, sentence)):
            yield sentence


def line(text: str, longest: int = 200) -> str:
    """A heading: one line, cut."""
    return _SPACE.sub(" ", text).strip()[:longest].rstrip()
