"""Folding for search: case and accents away, one character for one, so that positions stay."""

import functools
import unicodedata


@functools.lru_cache(maxsize=4096)
def _fold_char(char: str) -> str:
    base = unicodedata.normalize("NFKD", char)[:1].lower()
    return base if len(base) == 1 else char.lower()[:1] or char


def fold(text: str) -> str:
    """Lower case without accents; as long as the text."""
    if text.isascii():
        return text.lower()
    return "".join(_fold_char(char) for char in unicodedata.normalize("NFC", text))
