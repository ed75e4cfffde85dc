"""A header block: where it ends, which fields it has, and one field's decoded text.

Follows RFC 5322 section 2.2 with the tolerance of what mail really carries: LF or CRLF, a space
before the colon, a broken line inside the block, a missing blank line before the body.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from . import limits, words
from .charsets import Budget

_FIELD = re.compile(rb"([!-9;-~]*)[ \t]*:[ \t]*([^\n]*(?:\n[ \t][^\n]*)*)\n?")
_BLANK_LINE = re.compile(rb"\n\r?(?:\n|\Z)")
_FIRST_LINE_NOISE = re.compile(rb">?From (?![ \t]*:)[^\n]*\n?")
# After a line that is no field, only one of these proves that the header block goes on.
_KNOWN_FIELD = re.compile(
    rb"^(?:content-[a-z-]+|mime-version|from|to|cc|subject|date|message-id|received|reply-to|return-path"
    rb"|references|in-reply-to|x-[a-z-]+)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_NOISE_LINES: Final = 3


class Notes:
    """What one parse run into: limits that cut, defects, and the budgets they share."""

    __slots__ = ("budget", "defects", "parts", "truncated")

    def __init__(self) -> None:
        self.truncated: dict[str, None] = {}
        self.defects: dict[str, None] = {}
        self.budget = Budget()
        self.parts = 0

    def cut(self, limit: str) -> None:
        """A limit left something out."""
        self.truncated[limit] = None

    def broken(self, what: str) -> None:
        """Something in the message breaks its standard."""
        self.defects[what] = None


@dataclass(slots=True)
class Headers:
    """The fields of one block by lower-case name; values raw and still folded (LF)."""

    fields: dict[bytes, list[bytes]] = field(default_factory=dict)

    def first(self, name: bytes) -> bytes | None:
        """The first field of that name, unfolded; None when absent."""
        found = self.fields.get(name)
        return _unfold(found[0]) if found else None

    def every(self, name: bytes) -> list[bytes]:
        """All fields of that name, unfolded, in order."""
        return [_unfold(value) for value in self.fields.get(name, ())]

    def text(self, name: bytes, charset: str = "") -> str:
        """The first field of that name as text, encoded words decoded; empty when absent."""
        value = self.first(name)
        return words.decode(value, charset) if value else ""


def _unfold(value: bytes) -> bytes:
    if b"\n" in value:
        value = value.replace(b"\n", b"")
    if b"\r" in value:
        value = value.replace(b"\r", b" ")
    return value.strip()


def read(source: bytes, start: int, end: int, notes: Notes) -> tuple[Headers, int, int]:
    """The header block at `start`: its fields, where it ends, and where the body starts."""
    headers = Headers()
    if start >= end:
        return headers, start, start
    if source.startswith((b"\n", b"\r\n"), start, end):
        return headers, start, start + (1 if source[start] == 10 else 2)
    if source.startswith((b"From ", b">From "), start, end):
        found = _FIRST_LINE_NOISE.match(source, start, end)
        start = found.end() if found else start
    blank = _BLANK_LINE.search(source, start, end)
    stop, body = (blank.start() + 1, blank.end()) if blank else (end, end)
    block = source[start : min(stop, start + limits.HEADER_BLOCK)]
    if stop - start > limits.HEADER_BLOCK:
        notes.cut("header_block")
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    consumed = _fields(block, headers.fields, notes)
    if consumed < len(block) and "header_lines" not in notes.truncated:
        # The body follows without a blank line. Its offset in the source is counted from behind,
        # because line ends in the block were shortened.
        notes.broken("no_blank_line")
        stop = body = _source_offset(source, start, block, consumed)
    return headers, stop, body


def _fields(block: bytes, fields: dict[bytes, list[bytes]], notes: Notes) -> int:
    """Collect the fields; answer how much of the block they are."""
    position = count = 0
    last: list[bytes] | None = None
    match = _FIELD.match
    while position < len(block):
        found = match(block, position)
        if found is None:
            more = _KNOWN_FIELD.search(block, position)
            noise = block[position : more.start()] if more else b""
            # A delimiter line, or prose of several lines, is the body of a mail whose blank line is missing.
            if more is None or noise.startswith(b"--") or b"\n--" in noise or noise.count(b"\n") > _NOISE_LINES:
                return position
            notes.broken("header_line")
            if last is not None and len(last[-1]) < limits.HEADER:
                last[-1] += b" " + noise.replace(b"\n", b" ")
            position = more.start()
            continue
        position = found.end()
        count += 1
        if count > limits.HEADER_LINES:
            notes.cut("header_lines")
            break
        name, value = found.groups()
        if len(value) > limits.HEADER:
            notes.cut("header")
            value = value[: limits.HEADER]
        last = fields.setdefault(name.lower(), [])
        last.append(value)
    return position


def _source_offset(source: bytes, start: int, block: bytes, consumed: int) -> int:
    """Where in the source the octet `consumed` of the LF-only block stands."""
    position = start
    for _ in range(block.count(b"\n", 0, consumed)):
        position = source.find(b"\n", position) + 1
    return position
