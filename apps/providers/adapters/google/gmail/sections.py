"""One body section of a whole message, as IMAP names it (RFC 3501 section 6.4.5). Pure."""

import re
from collections.abc import Iterator
from typing import Final

from apps.providers.adapters import errors
from apps.providers.adapters.mime import structure
from apps.providers.adapters.mime.headers import Notes

_SECTION: Final = re.compile(r"(?P<part>\d{1,6}(?:\.\d{1,6}){0,99})?\.?(?P<kind>HEADER|TEXT|MIME)?", re.IGNORECASE)


def section(message: bytes, name: str) -> bytes:
    """The octets of a section, still in their transfer encoding. Raises NotFound, Rejected for what is no section."""
    asked = _SECTION.fullmatch(name.strip())
    if asked is None:
        raise errors.Rejected(f"{name[:40]!r} is no section of a message")
    if not asked["part"] and not asked["kind"]:
        return message
    notes = Notes()
    root = structure.read(message, notes)
    part = root if not asked["part"] else next((one for one in _all(root, notes) if one.section == asked["part"]), None)
    if part is None:
        raise errors.NotFound("the message has no such part")
    kind = (asked["kind"] or "").upper()
    if kind == "MIME" or (kind == "HEADER" and part is root):
        return part.source[part.head : part.start]
    if not kind or part is root:
        return part.body
    if not part.type.startswith("message/"):
        raise errors.NotFound("the part is no message")
    inner = structure.enclosed(part, notes)
    return inner.source[inner.head : inner.start] if kind == "HEADER" else inner.body


def _all(part: structure.Part, notes: Notes) -> Iterator[structure.Part]:
    yield part
    for child in part.children:
        yield from _all(child, notes)
    if part.type.startswith("message/rfc822"):
        yield from _all(structure.enclosed(part, notes), notes)
