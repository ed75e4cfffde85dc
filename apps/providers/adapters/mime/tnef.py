"""winmail.dat opened: the text and the attachments that Outlook hides in application/ms-tnef.

After [MS-OXTNEF] (stream of attributes), [MS-OXCDATA] (MAPI property values), [MS-OXRTFCP]
(compressed RTF). Read-only and bounded; anything that does not fit ends the reading with what was
found so far. An invitation inside exists as MAPI properties only: its text is shown, no event is
made of it.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from . import charsets, limits, rtf
from .html_text import html_to_text

_SIGNATURE: Final = b"\x78\x9f\x3e\x22"
_LEVEL_ATTACHMENT: Final = 2

_BODY: Final = 0x0002800C
_CODE_PAGE: Final = 0x00069007
_MAPI_PROPERTIES: Final = 0x00069003
_NEW_ATTACHMENT: Final = 0x00069002
_TITLE: Final = 0x00018010
_DATA: Final = 0x0006800F
_ATTACHMENT_PROPERTIES: Final = 0x00069005

_PR_BODY: Final = 0x1000
_PR_RTF_COMPRESSED: Final = 0x1009
_PR_BODY_HTML: Final = 0x1013
_PR_INTERNET_CPID: Final = 0x3FDE
_PR_ATTACH_DATA: Final = 0x3701
_PR_ATTACH_FILENAME: Final = 0x3704
_PR_ATTACH_LONG_FILENAME: Final = 0x3707
_PR_ATTACH_MIME_TAG: Final = 0x370E
_PR_ATTACH_CONTENT_ID: Final = 0x3712

# Octets of one value by MAPI type; each value is padded to 4.
_FIXED: Final = {
    0x0002: 4, 0x0003: 4, 0x0004: 4, 0x000A: 4, 0x000B: 4,
    0x0005: 8, 0x0006: 8, 0x0007: 8, 0x0014: 8, 0x0040: 8, 0x0048: 16,
}  # fmt: skip
_STRING8, _UNICODE, _OBJECT, _BINARY = 0x001E, 0x001F, 0x000D, 0x0102
_VARIABLE: Final = frozenset({_STRING8, _UNICODE, _OBJECT, _BINARY})
_MULTIPLE: Final = 0x1000
_FIRST_NAMED: Final = 0x8000
_MAX_VALUES: Final = 10_000


@dataclass(slots=True)
class Carried:
    """One attachment inside the file."""

    filename: str = ""
    content_type: str = "application/octet-stream"
    content_id: str = ""
    data: bytes = b""


@dataclass(slots=True)
class Content:
    """What was found."""

    text: str = ""
    attachments: list[Carried] = field(default_factory=list)


class _Reader:
    """Little-endian reading that raises EOFError at the end and never goes back."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, length: int) -> bytes:
        end = self.position + length
        if end > len(self.data):
            raise EOFError
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def number(self) -> int:
        return int(struct.unpack("<I", self.take(4))[0])


def is_carrier(content_type: str, filename: str) -> bool:
    """True for a part that is a TNEF file by its type or by the name it always has."""
    return content_type in {"application/ms-tnef", "application/vnd.ms-tnef"} or filename.lower() == "winmail.dat"


def read(data: bytes) -> Content | None:
    """What the file holds; None when it is no TNEF file."""
    if not data.startswith(_SIGNATURE):
        return None
    reader = _Reader(data[: limits.TNEF])
    reader.position = 6
    content = Content()
    texts: dict[str, str] = {}
    code_page = "cp1252"
    try:
        while True:
            level = reader.take(1)[0]
            name = reader.number()
            value = reader.take(reader.number())
            reader.take(2)  # the checksum: what it would refuse is shown as far as it goes
            if level == _LEVEL_ATTACHMENT:
                _attachment(name, value, content, code_page)
            elif name == _CODE_PAGE and len(value) >= 4:
                code_page = charsets.codec(f"cp{struct.unpack('<I', value[:4])[0]}") or code_page
            elif name == _BODY:
                texts["body"] = _text(value, code_page)
            elif name == _MAPI_PROPERTIES:
                _message_properties(value, texts, code_page)
    except EOFError:
        pass
    content.text = texts.get("plain") or texts.get("body") or texts.get("html") or texts.get("rtf") or ""
    return content


def _attachment(name: int, value: bytes, content: Content, code_page: str) -> None:
    if name == _NEW_ATTACHMENT:
        if len(content.attachments) < limits.TNEF_PARTS:
            content.attachments.append(Carried())
        return
    if not content.attachments:
        return
    current = content.attachments[-1]
    if name == _TITLE:
        current.filename = current.filename or _text(value, code_page)
    elif name == _DATA:
        current.data = value
    elif name == _ATTACHMENT_PROPERTIES:
        for identifier, kind, octets in _properties(value):
            if identifier == _PR_ATTACH_LONG_FILENAME:
                current.filename = _string(kind, octets, code_page)
            elif identifier == _PR_ATTACH_FILENAME:
                current.filename = current.filename or _string(kind, octets, code_page)
            elif identifier == _PR_ATTACH_MIME_TAG:
                current.content_type = _string(kind, octets, code_page).lower() or current.content_type
            elif identifier == _PR_ATTACH_CONTENT_ID:
                current.content_id = _string(kind, octets, code_page).strip("<>")
            elif identifier == _PR_ATTACH_DATA and not current.data:
                # An embedded object opens with the 16 octets of its interface.
                current.data = octets[16:] if kind == _OBJECT else octets


def _message_properties(value: bytes, texts: dict[str, str], code_page: str) -> None:
    html_page = code_page
    for identifier, kind, octets in _properties(value):
        if identifier == _PR_BODY:
            texts["plain"] = _string(kind, octets, code_page)
        elif identifier == _PR_INTERNET_CPID and len(octets) >= 4:
            number = struct.unpack("<I", octets[:4])[0]
            html_page = "utf-8" if number == 65001 else charsets.codec(f"cp{number}") or html_page
        elif identifier == _PR_BODY_HTML:
            # Its code page is often not the one it is written in: UTF-8 is tried first.
            declared = "utf-16-le" if kind == _UNICODE else "utf-8"
            html = charsets.decode(octets.rstrip(b"\0"), declared, budget=charsets.Budget(), html=True)
            texts["html"] = html_to_text(html)[0]
        elif identifier == _PR_RTF_COMPRESSED:
            texts["rtf"] = rtf.to_text(rtf.decompress(octets))


def _properties(value: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(identifier, type, octets) of every property; of several values the first."""
    reader = _Reader(value)
    try:
        for _ in range(min(reader.number(), _MAX_VALUES)):
            kind, identifier = struct.unpack("<HH", reader.take(4))
            if identifier >= _FIRST_NAMED:
                reader.take(16)
                if reader.number() == 0:
                    reader.take(4)
                else:
                    reader.take(_padded(reader.number()))
            several = kind & _MULTIPLE
            kind &= ~_MULTIPLE
            values = reader.number() if several or kind in _VARIABLE else 1
            first: bytes | None = None
            for _ in range(min(values, _MAX_VALUES)):
                if kind in _VARIABLE:
                    length = reader.number()
                    octets = reader.take(_padded(length))[:length]
                elif kind in _FIXED:
                    octets = reader.take(_FIXED[kind])
                else:
                    return
                first = octets if first is None else first
            if first is not None:
                yield identifier, kind, first
    except EOFError:
        return


def _padded(length: int) -> int:
    return (length + 3) & ~3


def _string(kind: int, octets: bytes, code_page: str) -> str:
    return _text(octets, "utf-16-le" if kind == _UNICODE else code_page)


def _text(octets: bytes, charset: str) -> str:
    return (
        charsets.storable(octets.decode(charset, "replace").split("\0", 1)[0]).replace("\r\n", "\n").replace("\r", "\n")
    )
