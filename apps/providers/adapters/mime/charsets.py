"""Bytes to text whatever the mail claims: declared charset, UTF-8, mark, detector, cp1252."""

import codecs
import re
from functools import lru_cache
from typing import Final

from charset_normalizer import from_bytes

from . import limits

# Names met in mail that Python does not know, or that in practice mean a superset (WHATWG).
ALIASES: Final = {
    "ansi_x3.4-1968": "ascii",
    "us-ascii": "ascii",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-euc-jp": "euc_jp",
    "cp-850": "cp850",
    "x-cp1250": "cp1250",
    "x-cp1251": "cp1251",
    "x-cp1252": "cp1252",
    "windows1251": "cp1251",
    "windows1252": "cp1252",
    "win-1251": "cp1251",
    "win-1252": "cp1252",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "unicode-1-1-utf-7": "utf-7",
    "x-unicode-2-0-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "unicode": "utf-8",
    "utf8mb4": "utf-8",
    "utf-8mb4": "utf-8",
    "iso-8859-8-i": "iso8859_8",
    "iso-8859-8-e": "iso8859_8",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "x-gbk": "gb18030",
    "gbk": "gb18030",
    "cn-gb": "gb18030",
    "big5": "cp950",
    "x-big5": "cp950",
    "cn-big5": "cp950",
}

# In these an ASCII octet may stand for something else, so the all-ASCII shortcut is closed.
_STATEFUL: Final = frozenset({"utf-7", "hz", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"})

# Codecs that turn bytes to text but are no charset, or may make lone surrogates from clean input.
_NOT_CHARSETS: Final = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
)

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_META = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_ASCII: Final = bytes(range(128))
_DETECTABLE: Final = 4
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Budget:
    """How often the detector may still run for one message. Each run costs milliseconds."""

    __slots__ = ("detections",)

    def __init__(self) -> None:
        self.detections = limits.DETECTIONS


@lru_cache(maxsize=256)
def codec(name: str) -> str | None:
    """The Python codec of a charset label, None when it is unknown or no charset."""
    label = name.strip().strip("\"'").lower().replace(" ", "")
    label = ALIASES.get(label) or ALIASES.get(label.replace("_", "-"), label)
    if not label or len(label) > 40 or "\0" in label or not label.isascii():
        return None
    try:
        info = codecs.lookup(label)
    except (LookupError, ValueError):
        return None
    # `_is_text_encoding` is how the standard library itself refuses rot13, base64 and zip codecs.
    if not info._is_text_encoding or info.name in _NOT_CHARSETS:
        return None
    return ALIASES.get(info.name, info.name)


def storable(text: str) -> str:
    """The text with NUL and lone surrogates as U+FFFD: PostgreSQL and UTF-8 refuse both."""
    if text.isascii():
        return text.replace("\0", "�") if "\0" in text else text
    return _UNSTORABLE.sub("�", text) if _UNSTORABLE.search(text) else text


def decode(data: bytes, declared: str = "", *, budget: Budget, html: bool = False) -> str:
    """The text of `data`; never raises, and the same bytes always give the same text."""
    name = codec(declared) if declared else None
    if data.isascii() and name not in _STATEFUL and not (name or "").startswith("iso2022"):
        text = data.decode("ascii")
        return text.replace("\0", "�") if "\0" in text else text
    text = _decode(data, name, budget=budget, html=html).removeprefix("\ufeff")
    if name == "utf-7":  # the one codec that lets lone surrogates through
        return storable(text)
    return text.replace("\0", "�") if "\0" in text else text


def _decode(data: bytes, name: str | None, *, budget: Budget, html: bool) -> str:
    # Latin-1 is what programs declare when they do not know; several valid UTF-8 sequences are no accident.
    if name == "cp1252" and (text := _strict(data, "utf-8")) is not None:
        return text
    if name and name != "ascii" and (text := _strict(data, name)) is not None:
        return text
    if (text := _strict(data, "utf-8")) is not None:
        return text
    for mark, marked in _BOMS:
        if data.startswith(mark):
            return data.decode(marked, "replace")
    # One bad octet in a long text of a known charset: the rest of it is right.
    if name and name != "ascii" and (text := _mostly(data, name)) is not None:
        return text
    if (text := _mostly(data, "utf-8")) is not None:
        return text
    if html and (text := _by_meta(data)) is not None:
        return text
    if (text := _detected(data, budget)) is not None:
        return text
    return data.decode("cp1252", "replace")


def _strict(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except (UnicodeError, ValueError):
        return None


def _mostly(data: bytes, name: str) -> str | None:
    """The text when at most one character in a hundred had to be replaced."""
    try:
        text = data.decode(name, "replace")
    except (UnicodeError, ValueError):
        return None
    return text if text.count("�") * 100 <= len(text) else None


def _by_meta(data: bytes) -> str | None:
    found = _META.search(data, 0, 4096)
    name = codec(found[1].decode("ascii", "replace")) if found else None
    return _strict(data, name) if name and name not in _STATEFUL else None


def _detected(data: bytes, budget: Budget) -> str | None:
    # A handful of octets fits any charset; in mail, what is so rare is mostly a quote or an accent.
    if budget.detections <= 0 or len(data.translate(None, _ASCII)) < _DETECTABLE:
        return None
    budget.detections -= 1
    sample = data[: limits.DETECTION_SAMPLE]
    # Whole lines only: a character cut in two speaks against the charset that is right.
    best = from_bytes(sample[: sample.rfind(b"\n") + 1] or sample).best()
    name = codec(best.encoding) if best else None
    return _strict(data, name) if name else None
