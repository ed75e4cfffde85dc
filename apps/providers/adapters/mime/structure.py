"""The tree of a message's parts as spans of its bytes: nothing is copied, nothing decoded.

RFC 2046 section 5 with the tolerance of a mail reader. A multipart is split top-down at its
delimiter lines, so an outer delimiter always ends an inner part whose own end is missing. Section
numbers are those of IMAP (RFC 3501 section 6.4.5). An enclosed message/rfc822 is a leaf here;
`enclosed` reads it on demand.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from . import headers as header_block
from . import limits, parameters, transfer
from .headers import Headers, Notes

OMITTED_FIELD: Final = b"x-pmsync-omitted"
SIZE_FIELD: Final = b"x-pmsync-size"

_SECTION = re.compile(rb"(?:[0-9]{1,9}(?:\.[0-9]{1,9}){0,60}(?:\.TEXT)?|TEXT)", re.IGNORECASE)
_LINE_BREAKS = re.compile(rb"[\r\n]*+")
_LINE_REST = re.compile(rb"(--)?[ \t]*(?:\r?\n|\r?\Z)")
_GUESSED_BOUNDARY = re.compile(
    rb"(?:\A|\n)--([^\s][^\r\n]{0,198}?)[ \t]*\r?\n(?=content-[a-z-]+[ \t]*:)", re.IGNORECASE
)
_HTML_START = re.compile(rb"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)


@dataclass(slots=True)
class Part:
    """One node: `source[start:end]` is its body, `source[head:neck]` its header block."""

    source: bytes
    headers: Headers
    head: int
    neck: int
    start: int
    end: int
    section: str = "1"
    type: str = "text/plain"
    params: parameters.Parameters = field(default_factory=dict)
    encoding: str = ""
    disposition: str = ""
    disposition_params: parameters.Parameters = field(default_factory=dict)
    children: list["Part"] = field(default_factory=list)
    omitted: str = ""

    @property
    def body(self) -> bytes:
        """The body still in its transfer encoding: a copy of the span."""
        return self.source[self.start : self.end]

    @property
    def charset(self) -> str:
        """The declared charset, empty when none is."""
        return parameters.simple(self.params, b"charset")

    @property
    def filename(self) -> str:
        """The safe file name, empty when the part has none."""
        if not self.params and not self.disposition_params:
            return ""
        charset = self.charset
        return parameters.file_name(
            parameters.extended(self.disposition_params, b"filename", charset)
            or parameters.extended(self.params, b"name", charset)
        )

    @property
    def content_id(self) -> str:
        """The Content-ID without angle brackets."""
        return self.headers.text(b"content-id").strip().removeprefix("<").removesuffix(">").strip()

    def leaves(self) -> Iterator["Part"]:
        """Every part without parts, in order."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


def normal(raw: bytes) -> bytes:
    """The raw message with LF or CRLF line ends: old Macs wrote a bare CR at every line's end."""
    if b"\r" in raw and b"\n" not in raw:
        return raw.replace(b"\r", b"\n")
    return raw


def read(source: bytes, notes: Notes) -> Part:
    """The tree of a whole message. Never raises."""
    start = _behind_line_breaks(source, 3 if source.startswith(b"\xef\xbb\xbf") else 0, len(source))
    root = _node(source, start, len(source), "text/plain", notes)
    if not root.headers.fields and start:
        root = _whole_as_text(source, notes)
    if b"content-type" not in root.headers.fields and _HTML_START.match(source, root.start, root.end):
        root.type = "text/html"
    _grow(root, "", 1, notes)
    return root


def _behind_line_breaks(source: bytes, start: int, end: int) -> int:
    found = _LINE_BREAKS.match(source, start, end)
    return found.end() if found else start


def single(source: bytes) -> Part:
    """The one node that a header block describes; its children are not looked for."""
    return _node(source, 0, len(source), "text/plain", Notes())


def _whole_as_text(source: bytes, notes: Notes) -> Part:
    notes.broken("no_headers")
    return Part(source, Headers(), 0, 0, 0, len(source))


def enclosed(part: Part, notes: Notes) -> Part:
    """The tree of the message inside a message/* part, numbered below the part's own section."""
    source, start, end = part.source, part.start, part.end
    if part.encoding not in transfer.IDENTITY:
        source = normal(transfer.decode(part.body, part.encoding))
        start, end = 0, len(source)
    start = _behind_line_breaks(source, start, end)
    root = _node(source, start, end, "text/plain", notes)
    _grow(root, part.section, part.section.count(".") + 2, notes)
    if not root.children:
        root.section = f"{part.section}.1"
    return root


def _node(source: bytes, start: int, end: int, default: str, notes: Notes) -> Part:
    """The part in `source[start:end]`, its children not read yet."""
    notes.parts += 1
    headers, neck, body = header_block.read(source, start, end, notes)
    part = Part(source, headers, start, neck, min(body, end), end, type=default)
    fields = headers.fields
    if b"content-type" in fields:
        value = headers.first(b"content-type") or b""
        kind, part.params = parameters.content_type(value)
        if not kind:
            notes.broken("content_type")
        # RFC 2045 section 5.2: what cannot be understood is text/plain.
        part.type = kind or "text/plain"
    if b"content-transfer-encoding" in fields:
        part.encoding = headers.text(b"content-transfer-encoding").partition(";")[0].strip(" \t\"'").lower()
        if part.encoding not in transfer.IDENTITY:
            part.encoding = part.encoding.partition(" ")[0]
    if b"content-disposition" in fields:
        part.disposition, part.disposition_params = parameters.disposition(headers.first(b"content-disposition") or b"")
    if OMITTED_FIELD in fields:
        _mark_omitted(part)
    return part


def _mark_omitted(part: Part) -> None:
    """Believe the mark only above an empty body: a sender who writes it himself hides nothing."""
    value = part.headers.first(OMITTED_FIELD) or b""
    if _SECTION.fullmatch(value) and not part.source[part.start : min(part.end, part.start + 1024)].strip():
        part.omitted = value.decode("ascii").upper()


def _grow(part: Part, section: str, depth: int, notes: Notes) -> None:
    """Split a multipart into its children, numbered below `section`; a leaf of the root is "1"."""
    if not part.type.startswith("multipart/"):
        part.section = section or "1"
        return
    part.section = section
    if part.omitted:
        return
    if depth > limits.DEPTH:
        notes.cut("depth")
        return
    default = "message/rfc822" if part.type == "multipart/digest" else "text/plain"
    prefix = f"{section}." if section else ""
    for number, (start, end) in enumerate(_spans(part, notes), start=1):
        if notes.parts >= limits.PARTS:
            notes.cut("parts")
            break
        child = _node(part.source, start, end, default, notes)
        part.children.append(child)
        _grow(child, f"{prefix}{number}", depth + 1, notes)
    if not part.children:
        # No delimiter line at all: what is there is shown as text rather than lost.
        notes.broken("no_boundary")
        part.section = section or "1"
        part.type = "text/plain"


def _spans(part: Part, notes: Notes) -> Iterator[tuple[int, int]]:
    boundary = part.params.get(b"boundary")
    if boundary is None:
        boundary = parameters.extended(part.params, b"boundary").encode()
    boundary = boundary.rstrip()
    found = list(islice(_split(part.source, part.start, part.end, boundary), limits.PARTS + 1)) if boundary else []
    if found:
        return iter(found)
    guess = _GUESSED_BOUNDARY.search(part.source, part.start, min(part.end, part.start + limits.HEADER_BLOCK))
    if guess is None:
        return iter(())
    notes.broken("boundary")
    return _split(part.source, part.start, part.end, guess[1].rstrip())


def _split(source: bytes, start: int, end: int, boundary: bytes) -> Iterator[tuple[int, int]]:
    """The spans between delimiter lines; the line break before a delimiter belongs to it."""
    delimiter = b"--" + boundary
    opened: int | None = None
    position = start
    while (found := source.find(delimiter, position, end)) >= 0:
        position = found + len(delimiter)
        if found > start and source[found - 1] != 10:
            continue
        rest = _LINE_REST.match(source, position, end)
        if rest is None:
            continue
        if opened is not None:
            close = found
            if close > opened and source[close - 1] == 10:
                close -= 2 if close - 1 > opened and source[close - 2] == 13 else 1
            yield opened, max(opened, close)
        if rest[1]:
            return
        opened = position = rest.end()
    if opened is not None:
        yield opened, end
