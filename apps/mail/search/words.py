"""Words: how a text becomes the lexemes the index holds, and a query's word those it is looked for by.

PostgreSQL's own to_tsvector is the wall of a first import: 1.1 ms for a body of 8 KB, measured, where
this takes 0.3 ms. Lexemes carry no position, so stop words cost little and need no list, and a query
means the same in every language at once; the order within a phrase is checked on the text of the few
messages that hold all of its words.
"""

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

import Stemmer

from .folding import fold

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
_lexemes: Final[dict[str, dict[str, str]]] = {language: {} for language in (SIMPLE, *LANGUAGES)}


def _words(text: str) -> list[str]:
    """The words of a text in lower case, still with their accents."""
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    return WORD.findall(text.lower())


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


def lexemes(words: Iterable[str], language: str) -> set[str]:
    """The lexemes of lower-case words in a language; `simple` folds and does not stem.

    An element may be several lexemes with spaces between, as a tsvector's text takes them.
    """
    known = _lexemes[language]
    unique = set(words)
    if fresh := unique.difference(known):
        if len(known) > REMEMBERED:
            known.clear()
            fresh = unique
        known.update((word, " ".join(_lexemes_of(word, language))) for word in fresh)
    return {found for word in unique if (found := known.get(word) or "")}


def vector(subject: str, names: str, body: str, language: str) -> str:
    """A message's tsvector as text: words of the subject weigh A, of people and files B, of the body D.

    A lexeme that occurs in several keeps its weights; PostgreSQL merges what stands twice.
    """
    parts = [f"{lexeme}:1A" for found in lexemes(_words(subject), language) for lexeme in found.split()]
    parts += [f"{lexeme}:1B" for found in lexemes(_words(names), SIMPLE) for lexeme in found.split()]
    parts += lexemes(_words(body), language)
    return " ".join(parts)


def query(text: str) -> str | None:
    """A tsquery as text that finds messages holding every word, whatever their language; None without a word."""
    found = []
    for word in dict.fromkeys(_words(text)):
        forms = {" ".join(_lexemes_of(word, language)) for language in (SIMPLE, *LANGUAGES)} - {""}
        alternatives = ["&".join(form.split()) for form in sorted(forms)]
        if alternatives:
            found.append("(" + "|".join(alternatives) + ")")
    return "&".join(found) or None


def phrase(text: str) -> str:
    """A regular expression of PostgreSQL (folded text) for the words of a phrase, one after the other."""
    return r"\m" + r"[\W_]+".join(re.escape(word) for word in WORD.findall(fold(text))) + r"\M"
