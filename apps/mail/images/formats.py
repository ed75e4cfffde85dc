"""What an image is, told by its first bytes alone: PNG, JPEG, GIF, WebP or AVIF, and how large it would be drawn."""

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Format:
    """A content type, and width and height in pixels, both above zero."""

    content_type: str
    width: int
    height: int


Size = tuple[int, int]


def recognise(data: bytes) -> Format | None:
    """The format of these bytes; None for anything that is not one of ours, or whose size is not told."""
    for content_type, size_of in _READERS.items():
        try:
            size = size_of(data)
        except (struct.error, IndexError):  # it ends before its header does
            return None
        if size is not None:
            return Format(content_type, *size) if min(size) > 0 else None
    return None


def _png(data: bytes) -> Size | None:
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or data[12:16] != b"IHDR":
        return None
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _gif(data: bytes) -> Size | None:
    if not data.startswith((b"GIF87a", b"GIF89a")):
        return None
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


# Markers that begin a frame and so tell its size: all of C0 to CF but those of tables and extensions.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD8)})


def _jpeg(data: bytes) -> Size | None:
    if not data.startswith(b"\xff\xd8\xff"):
        return None
    at = 2
    while True:
        if data[at] != 0xFF:
            raise IndexError(at)
        marker = data[at + 1]
        if marker == 0xFF:  # padding
            at += 1
        elif marker in _BARE:
            at += 2
        elif marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        else:
            at += 2 + struct.unpack_from(">H", data, at + 2)[0]


def _webp(data: bytes) -> Size | None:
    if not data.startswith(b"RIFF") or data[8:12] != b"WEBP":
        return None
    kind = data[12:16]
    if kind == b"VP8X":
        return _three(data, 24) + 1, _three(data, 27) + 1
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise IndexError(kind)


def _three(data: bytes, at: int) -> int:
    low, high = struct.unpack_from("<HB", data, at)
    return int(low) | int(high) << 16


def _avif(data: bytes) -> Size | None:
    if data[4:8] != b"ftyp" or not re.search(rb"avi[fs]", data[8 : min(struct.unpack_from(">I", data)[0], 256)]):
        return None
    sizes = [
        struct.unpack_from(">II", box, found.end() + 4)
        for name, box in _boxes(data)
        if name == b"meta"
        for found in re.finditer(rb"ispe", box)
    ]
    # A picture of tiles tells each tile's size and the whole's.
    return max(sizes, key=lambda size: size[0] * size[1]) if sizes else (0, 0)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Outermost boxes (ISO/IEC 14496-12): type and content."""
    at = 0
    while at + 8 <= len(data):
        length = struct.unpack_from(">I", data, at)[0]
        if length < 8:  # "to the end", or more than 4 GiB: pixels, never the header that is looked for
            return
        yield data[at + 4 : at + 8], data[at + 8 : at + length]
        at += length


_READERS: Final[dict[str, Callable[[bytes], Size | None]]] = {
    "image/png": _png,
    "image/jpeg": _jpeg,
    "image/gif": _gif,
    "image/webp": _webp,
    "image/avif": _avif,
}
