"""The parts of a message that are not its text, and one part's bytes on demand."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from . import headers as header_block
from . import limits, parameters, structure, tnef, transfer
from .headers import Notes
from .model import AttachmentInfo, PartBytes, PartNotFound, PartOmitted
from .structure import Part

_OUR_FIELDS = re.compile(rb"^X-PMSync-(?:Omitted|Size):[^\n]*\n", re.IGNORECASE | re.MULTILINE)
_CID = re.compile(r"cid:([^\"'\s<>)]{1,998})", re.IGNORECASE)


def listed(root: Part, body: set[int], html: str | None, notes: Notes) -> tuple[AttachmentInfo, ...]:
    """Every leaf that is no body text, in order, with what a winmail.dat carries listed behind it.

    `body` holds the ids of the leaves that are the text; one with a file name is listed all the same.
    """
    shown: frozenset[str] | None = None
    result: list[AttachmentInfo] = []
    for leaf in root.leaves():
        filename = leaf.filename
        if id(leaf) in body and not filename:
            continue
        content_id = leaf.content_id if b"content-id" in leaf.headers.fields else ""
        location = leaf.headers.text(b"content-location") if b"content-location" in leaf.headers.fields else ""
        inline = False
        if html and content_id:
            shown = _shown_ids(html) if shown is None else shown
            inline = content_id in shown
        if html and location and not inline:
            inline = location in html
        result.append(_info(leaf, filename, content_id, location, inline))
        if tnef.is_carrier(leaf.type, filename) and not leaf.omitted:
            result += _carried(leaf, notes)
    return tuple(result)


def _shown_ids(html: str) -> frozenset[str]:
    return frozenset(unquote(found) for found in _CID.findall(html))


def _info(leaf: Part, filename: str, content_id: str, location: str, inline: bool) -> AttachmentInfo:
    method = parameters.simple(leaf.params, b"method").upper() if leaf.type == "text/calendar" else ""
    return AttachmentInfo(
        section=leaf.omitted or leaf.section,
        filename=filename or _default_name(leaf),
        content_type=_offered_type(leaf),
        size=_omitted_size(leaf) if leaf.omitted else decoded_size(leaf),
        content_id=content_id,
        content_location=location,
        inline=inline,
        omitted=bool(leaf.omitted),
        method=method,
    )


def _default_name(leaf: Part) -> str:
    """The subject of an enclosed message names it; other parts without a name keep none."""
    if _offered_type(leaf) not in {"message/rfc822", "message/global"}:
        return ""
    fields = leaf.headers
    if not leaf.omitted:
        fields, _, _ = header_block.read(leaf.source, leaf.start, leaf.end, Notes())
    subject = fields.text(b"subject").replace("/", "-").replace("\\", "-").strip()
    return parameters.file_name(f"{subject[:100]}.eml") if subject else ""


def _offered_type(leaf: Part) -> str:
    """A body left at the server as a whole (section TEXT) is offered as the message that it makes."""
    return "message/rfc822" if leaf.omitted and leaf.type.startswith("multipart/") else leaf.type


def _omitted_size(leaf: Part) -> int:
    """What the part has once decoded: base64 in lines of 76 carries 57 octets in 78."""
    value = leaf.headers.first(structure.SIZE_FIELD) or b""
    size = int(value) if value.isdigit() and len(value) < 16 else 0
    return size * 57 // 78 if leaf.encoding in transfer.BASE64 else size


def decoded_size(leaf: Part) -> int:
    """Octets of the decoded part: exact, by decoding small ones and counting in large base64."""
    length = leaf.end - leaf.start
    if leaf.encoding in transfer.IDENTITY:
        return length
    if leaf.encoding in transfer.BASE64 and length > limits.SIZE_BY_DECODING:
        count, start, end = leaf.source.count, leaf.start, leaf.end
        noise = sum(count(octet, start, end) for octet in (b"\n", b"\r", b" ", b"\t"))
        return (length - noise - count(b"=", end - 64, end)) * 3 // 4
    return len(transfer.decode(leaf.body, leaf.encoding))


def _carried(leaf: Part, notes: Notes) -> Iterator[AttachmentInfo]:
    """What a winmail.dat carries, as parts below its section."""
    content = tnef.read(transfer.decode(leaf.body, leaf.encoding))
    if content is None:
        notes.broken("tnef")
        return
    for number, carried in enumerate(content.attachments, start=1):
        yield AttachmentInfo(
            section=f"{leaf.section}/{number}",
            filename=parameters.file_name(carried.filename),
            content_type=carried.content_type,
            size=len(carried.data),
            content_id=carried.content_id,
        )


def part(raw: bytes, section: str) -> PartBytes:
    """One part's decoded bytes, by the section that `AttachmentInfo` gave.

    Raises PartNotFound when the message has no such part, PartOmitted when it, or anything inside
    it, was left at the server: fetch it and use `decode_part`.
    """
    notes = Notes()
    carrier, slash, place = section.partition("/")
    leaf = _find(structure.read(structure.normal(raw), notes), carrier.upper(), notes)
    if leaf is None:
        raise PartNotFound(section)
    if leaf.omitted:
        raise PartOmitted(leaf.omitted, _header_bytes(leaf))
    if leaf.type.startswith("message/") and _holds_omitted(leaf, notes):
        raise PartOmitted(leaf.section, _header_bytes(leaf))
    if slash:
        return _derived(leaf, section, place)
    return PartBytes(leaf.type, leaf.filename or _default_name(leaf), transfer.decode(leaf.body, leaf.encoding))


def _header_bytes(leaf: Part) -> bytes:
    return leaf.source[leaf.head : leaf.neck]


def _derived(leaf: Part, section: str, place: str) -> PartBytes:
    content = tnef.read(transfer.decode(leaf.body, leaf.encoding))
    if content is None or not place.isdigit() or not 1 <= int(place[:9]) <= len(content.attachments):
        raise PartNotFound(section)
    carried = content.attachments[int(place[:9]) - 1]
    return PartBytes(carried.content_type, parameters.file_name(carried.filename), carried.data)


def _find(node: Part, section: str, notes: Notes, depth: int = 0) -> Part | None:
    """The part of that section number; enclosed messages are opened only on the way to it."""
    for leaf in node.leaves():
        if section and section in {leaf.section, leaf.omitted}:
            return leaf
        if section.startswith(f"{leaf.section}.") and leaf.type.startswith("message/") and depth < limits.DEPTH:
            inner = structure.enclosed(leaf, notes)
            return _find(inner, section, notes, depth + 1)
    return None


def _holds_omitted(leaf: Part, notes: Notes, depth: int = 0) -> bool:
    """True when a message enclosed in a skeleton is a skeleton itself."""
    if leaf.source.find(b"X-PMSync-Omitted:", leaf.start, leaf.end) < 0 or depth >= limits.ENCLOSED:
        return False
    inner = structure.enclosed(leaf, notes)
    return any(
        child.omitted or (child.type.startswith("message/") and _holds_omitted(child, notes, depth + 1))
        for child in inner.leaves()
    )


def decode_part(headers: bytes, data: bytes) -> PartBytes:
    """The bytes of a section as fetched from the server, decoded as its header block says.

    A multipart body (section TEXT) comes back below its headers, as the message that it is.
    """
    block = headers.rstrip(b"\r\n") + b"\r\n\r\n"
    leaf = structure.single(structure.normal(block))
    if leaf.type.startswith("multipart/"):
        return PartBytes("message/rfc822", _default_name(leaf), _OUR_FIELDS.sub(b"", block) + data)
    return PartBytes(leaf.type, leaf.filename, transfer.decode(data, leaf.encoding))
