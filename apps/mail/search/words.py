"""Words: how a text becomes the lexemes the index holds, and a query's word those it is looked for by.

PostgreSQL's own to_tsvector is the wall of a first import: 1.1 ms for a body of 8 KB, measured, where
this takes a sixth. Lexemes carry no position, so stop words cost little and need no list, and a query
means the same in every language at once; the order within a phrase is checked on the text of the few
messages that hold all of its words.
"""

import codecs
import re
import struct
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import Stemmer

from apps.core.folding import fold

LANGUAGES: Final = ("english", "italian", "german", "french", "spanish")
SIMPLE: Final = "simple"
WORD: Final = re.compile(r"[^\W_]+")
MARKS: Final = re.compile("[\u0300-\u036f]+")
# Chinese, Japanese and Korean are written without spaces: they are indexed by pairs of characters.
UNSPACED: Final = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+")
# Longer ones are identifiers and encoded data that nobody types.
LONGEST: Final = 64
# Words kept by language with their lexemes: words repeat. When full, the memory starts anew.
REMEMBERED: Final = 200_000

_stemmers: Final = threading.local()


@dataclass(frozen=True, slots=True)
class _Memory:
    """A word as `split` gives it, and its lexemes, joined by zeros; which of those are several."""

    lexemes: dict[str | bytes, bytes] = field(default_factory=dict)
    several: set[bytes] = field(default_factory=set)

    def learn(self, word: str | bytes, language: str) -> bytes:
        """The lexemes of a word, made when they are not known."""
        known = self.lexemes.get(word)
        if known is None:
            found = [lexeme.encode() for lexeme in _lexemes_of(_text(word), language)]
            known = b"\0".join(found)
            if len(found) > 1:
                self.several.add(known)
            self.lexemes[word] = known
        return known


_memory: Final[dict[str, _Memory]] = {language: _Memory() for language in (SIMPLE, *LANGUAGES)}

# What becomes of each Latin-1 character: letters and digits in lower case, all else a space.
_LATIN: Final = bytes(
    ord(char.lower()) if WORD.fullmatch(char) and char.lower() <= "\xff" else 32 for char in map(chr, range(256))
)


def _part(error: UnicodeError) -> tuple[str, int]:
    """What is beyond Latin-1 and no letter (dashes, quotation marks, emoji) parts words like a space."""
    if isinstance(error, UnicodeEncodeError):
        beyond = error.object[error.start : error.end]
        if not WORD.search(beyond) and not MARKS.search(beyond):
            return " ", error.end
    raise error


codecs.register_error("pmsync-words", _part)

# A tsvector on the wire (PostgreSQL's tsvectorrecv): each lexeme, a zero, the number of its positions, and these.
BARE: Final = b"\0" + struct.pack(">H", 0)
WEIGHT_A: Final = b"\0" + struct.pack(">HH", 1, 3 << 14 | 1)
WEIGHT_B: Final = b"\0" + struct.pack(">HH", 1, 2 << 14 | 1)


def split(text: str) -> list[str | bytes]:
    """The words of a text in lower case, still with their accents: Latin-1 as bytes, which is thrice as fast."""
    try:
        return [*text.encode("latin-1", "pmsync-words").translate(_LATIN).split()]
    except UnicodeEncodeError:
        pass  # another script
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    return [*WORD.findall(text.lower())]


def _text(word: str | bytes) -> str:
    return word if isinstance(word, str) else word.decode("latin-1")


def _lexemes_of(word: str, language: str) -> Iterator[str]:
    """Usually one; several for a word of an unspaced script, none for an over-long one."""
    if not word.isascii():
        word = unicodedata.normalize("NFC", MARKS.sub("", unicodedata.normalize("NFKD", word)))
        if UNSPACED.search(word):
            yield from _pairs(word)
            return
    for piece in WORD.findall(word):
        if len(piece) <= LONGEST:
            yield piece if language == SIMPLE else _stemmer(language).stemWord(piece)


def _pairs(word: str) -> Iterator[str]:
    rest = 0
    for run in UNSPACED.finditer(word):
        if run.start() > rest:
            yield word[rest : run.start()]
        characters = run.group()
        yield from (characters[i : i + 2] for i in range(max(1, len(characters) - 1)))
        rest = run.end()
    if rest < len(word):
        yield word[rest:]


def _stemmer(language: str) -> Stemmer.Stemmer:
    """This thread's stemmer: they may not be shared."""
    held: dict[str, Stemmer.Stemmer] = _stemmers.__dict__
    if language not in held:
        held[language] = Stemmer.Stemmer(language)
    return held[language]


def _lexemes_in(text: str, language: str) -> set[bytes]:
    """The lexemes of a text in a language; `simple` folds and does not stem."""
    unique = set(split(text))
    memory = _memory[language]
    known = set(map(memory.lexemes.get, unique))
    if None in known:
        if len(memory.lexemes) > REMEMBERED:
            # Replaced, not cleared: another thread may be reading it.
            memory = _memory[language] = _Memory()
        known = {memory.learn(word, language) for word in unique}
    lexemes = {*filter(None, known)}
    for joined in lexemes & memory.several:
        lexemes.remove(joined)
        lexemes.update(joined.split(b"\0"))
    return lexemes


def vector(subject: str, names: str, body: str, language: str) -> bytes:
    """A message's tsvector as PostgreSQL takes it in binary form, its lexemes in any order.

    Words of the subject weigh A, of people and files B, of the body D; a word in several counts by its best.
    """
    heads = _lexemes_in(subject, language)
    people = _lexemes_in(names, SIMPLE) - heads
    rest = _lexemes_in(body, language) - heads - people
    parts = [_told(heads, WEIGHT_A), _told(people, WEIGHT_B), _told(rest, BARE)]
    return struct.pack(">I", len(heads) + len(people) + len(rest)) + b"".join(parts)


def _told(lexemes: set[bytes], behind: bytes) -> bytes:
    return behind.join(lexemes) + behind if lexemes else b""


def query(text: str) -> str | None:
    """A tsquery as text that finds messages holding every word, whatever their language; None without a word."""
    found = []
    for word in map(_text, dict.fromkeys(split(text))):
        forms = {" ".join(_lexemes_of(word, language)) for language in (SIMPLE, *LANGUAGES)} - {""}
        alternatives = ["&".join(form.split()) for form in sorted(forms)]
        if alternatives:
            found.append("(" + "|".join(alternatives) + ")")
    return "&".join(found) or None


def phrase(text: str) -> str:
    """A regular expression of PostgreSQL (folded text) for the words of a phrase, one after the other."""
    return r"\m" + r"[\W_]+".join(re.escape(word) for word in WORD.findall(fold(text))) + r"\M"
