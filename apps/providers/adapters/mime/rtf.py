"""Compressed RTF undone ([MS-OXRTFCP]) and its text read: just enough for a mail body."""

import re
import struct
from typing import Final

from . import limits
from .charsets import codec, storable

_LZFU: Final = 0x75465A4C
_MELA: Final = 0x414C454D
_WINDOW: Final = 4096
_PRELOAD: Final = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)

_TOKEN = re.compile(
    r"\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-f]{2})|\\([^a-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.IGNORECASE
)
_SKIPPED: Final = frozenset(
    {
        "fonttbl",
        "colortbl",
        "stylesheet",
        "info",
        "pict",
        "header",
        "footer",
        "generator",
        "listtable",
        "listoverridetable",
        "themedata",
    }
)
_TEXT_OF: Final = {
    **dict.fromkeys(("par", "line", "row", "sect", "page"), "\n"),
    **dict.fromkeys(("tab", "cell"), "\t"),
    "emdash": "\u2014",
    "endash": "\u2013",
    "bullet": "\u2022",
    "lquote": "\u2018",
    "rquote": "\u2019",
    "ldblquote": "\u201c",
    "rdblquote": "\u201d",
}


def decompress(data: bytes) -> bytes:
    """The RTF; as far as it goes when the data is cut, empty when it is none."""
    if len(data) < 16:
        return b""
    _, size, magic, _ = struct.unpack("<IIII", data[:16])
    if magic == _MELA:
        return data[16 : 16 + size]
    if magic != _LZFU:
        return b""
    out = bytearray(_PRELOAD)
    limit = len(_PRELOAD) + min(size, limits.RTF)
    position = 16
    while position < len(data) and len(out) < limit:
        flags = data[position]
        position += 1
        for bit in range(8):
            if position >= len(data) or len(out) >= limit:
                break
            if not flags >> bit & 1:
                out.append(data[position])
                position += 1
                continue
            if position + 2 > len(data):
                return bytes(out[len(_PRELOAD) : limit])
            reference = data[position] << 8 | data[position + 1]
            position += 2
            distance = (len(out) - (reference >> 4)) % _WINDOW
            if distance == 0:  # a reference to the write position ends the stream
                return bytes(out[len(_PRELOAD) : limit])
            _copy(out, distance, (reference & 15) + 2)
    return bytes(out[len(_PRELOAD) : limit])


def _copy(out: bytearray, distance: int, length: int) -> None:
    """Repeat what stands `distance` octets back; the copy may run into itself."""
    start = len(out) - distance
    if start < 0:
        out += bytes(length)
        return
    for index in range(start, start + length):
        out.append(out[index])


def to_text(data: bytes) -> str:
    """The readable text of an RTF document; of encapsulated HTML ([MS-OXRTFEX]) what it shows."""
    pieces: list[bytes] = []  # UTF-16, because `\\u` gives surrogate pairs in two words
    octets: list[bytes] = []  # `\\'xx` in a row: one multibyte character takes several
    skipping: list[bool] = []
    skip = False
    charset = "cp1252"
    replaced = 0  # characters still to drop: what a `\\u` names for readers without Unicode
    for found in _TOKEN.finditer(data.rstrip(b"\0").decode("latin-1")):
        word, number, octet, symbol, brace, text = found.groups()
        if octet and not skip:
            if replaced:
                replaced -= 1
            else:
                octets.append(bytes.fromhex(octet))
            continue
        if octets:
            pieces.append(_wide(b"".join(octets).decode(charset, "replace")))
            octets = []
        if brace == "{":
            skipping.append(skip)
        elif brace == "}":
            skip = skipping.pop() if skipping else False
        elif symbol == "*" or word in _SKIPPED:
            skip = True
        elif word == "htmlrtf":
            skip = number != "0"
        elif word == "ansicpg" and number:
            charset = codec(f"cp{number}") or charset
        elif skip:
            continue
        elif word == "u" and number:
            pieces.append((int(number) % 65_536).to_bytes(2, "little"))
            replaced = 1
        elif word:
            pieces.append(_wide(_TEXT_OF.get(word.lower(), "")))
        elif symbol:
            pieces.append(_wide({"~": "\u00a0", "_": "-"}.get(symbol, symbol if symbol in "\\{}" else "")))
        elif text:
            pieces.append(_wide(text[replaced:]))
            replaced = 0
    pieces.append(_wide(b"".join(octets).decode(charset, "replace")))
    return storable(b"".join(pieces).decode("utf-16-le", "replace")).strip()


def _wide(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")
