"""Content-Transfer-Encoding undone (RFC 2045 section 6). What can be decoded is; nothing raises."""

import binascii
import re
from typing import Final

_NOT_BASE64: Final = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_MAX_PADDED: Final = 10_000
"""Padded texts in a row that are decoded singly; no program writes more."""
_SAMPLE: Final = 1024
_INNER_SPACE = re.compile(rb"[A-Za-z0-9] [A-Za-z0-9]")
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} [^\r\n]*\r?\n", re.MULTILINE)
_UU_LINE = re.compile(rb"[^\r\n]+")

IDENTITY: Final = frozenset({"", "7bit", "8bit", "binary"})
BASE64: Final = frozenset({"base64", "b", "x-base64"})
QUOTED_PRINTABLE: Final = frozenset({"quoted-printable", "quoted_printable", "quotedprintable", "qp"})
UUENCODE: Final = frozenset({"x-uuencode", "uuencode", "x-uue", "uue"})


def decode(data: bytes, encoding: str) -> bytes:
    """The octets that `data` stands for under the (lower-case) encoding; unknown ones are identity."""
    if encoding in IDENTITY:
        return data
    if encoding in BASE64:
        return base64(data)
    if encoding in QUOTED_PRINTABLE:
        return binascii.a2b_qp(data)
    if encoding in UUENCODE:
        return uuencode(data)
    return data


def base64(data: bytes) -> bytes:
    """Decode base64 with any noise between; several padded texts in a row are all decoded."""
    kept = data.translate(None, _NOT_BASE64)
    padding = kept.find(b"=")
    if padding < 0 or kept[padding:].strip(b"=") == b"":
        return _quanta(kept.rstrip(b"="))
    *pieces, rest = kept.split(b"=", _MAX_PADDED)
    return b"".join(map(_quanta, (*pieces, rest.translate(None, b"="))))


def _quanta(kept: bytes) -> bytes:
    if len(kept) % 4 == 1:
        kept = kept[:-1]
    return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))


def looks_like_text(data: bytes) -> bool:
    """True for a body that is declared base64 but plainly is not: words with spaces between."""
    sample = data[:_SAMPLE]
    foreign = len(sample.translate(None, b"\r\n\t ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
    return foreign * 20 > len(sample) or len(_INNER_SPACE.findall(sample)) > 4


def uuencode(data: bytes) -> bytes:
    """The content of the first uuencoded file in `data`; the data itself when there is none."""
    begin = _UU_BEGIN.search(data)
    if begin is None:
        return data
    out = bytearray()
    for found in _UU_LINE.finditer(data, begin.end()):
        line = found[0]
        # Lines that promise more than they hold decode to zeros: no honest file outgrows its encoding.
        if line.rstrip() == b"end" or len(out) > len(data):
            break
        if line.strip(b" `"):
            out += _uu_line(line)
    return bytes(out)


def _uu_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # A wrong length octet, or something behind the data: take what the length says.
        octets = (((line[0] - 32) & 63) * 4 + 5) // 3
        try:
            return binascii.a2b_uu(line[: octets + 1])
        except binascii.Error:
            return b""
