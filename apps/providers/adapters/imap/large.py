"""Messages too large to take whole: a skeleton of headers and text parts, the rest left at the server.

A skeleton is the message with each part that was left out replaced by an empty body below two
extra part headers, `X-PMSync-Omitted: <section>` and `X-PMSync-Size: <octets>`. The section is what
FETCH takes (RFC 3501 section 6.4.5), the size is that of the transfer encoding.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from typing import Final

import structlog

from apps.providers.adapters import errors
from apps.providers.adapters.imap import wire
from apps.providers.adapters.imap.fetches import Fetches, Items

log = structlog.get_logger(__name__)

WHOLE: Final = 256 * 1024
"""A message of at most this size is taken whole."""
TEXT: Final = 1024 * 1024
"""A text part up to this size comes with the skeleton; a bigger one is data, whatever its type says."""
MOST: Final = 64 * 1024 * 1024
"""A message whose structure cannot be told is read whole up to this size: it is held in memory."""
PARTS: Final = 1000  # of one message; beyond, all of it is left at the server
AT_ONCE: Final = 20
"""Messages whose parts are under way at the same time."""
_END_OF_HEADER: Final = re.compile(rb"\r?\n\r?\n")
_SECTION: Final = re.compile(r"(?:\d{1,6}(?:\.\d{1,6}){0,99}(?:\.(?:HEADER|TEXT|MIME))?|HEADER|TEXT)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One node of a BODYSTRUCTURE. `section` is empty for the message itself when that is a multipart."""

    section: str
    type: str
    size: int = 0
    attached: bool = False
    parts: tuple["Part", ...] = ()

    @property
    def text(self) -> bool:
        """True for what a person reads as the message."""
        return self.type.startswith("text/") and not self.attached and self.size <= TEXT

    def walk(self) -> Iterator["Part"]:
        """This part and all below it."""
        yield self
        for part in self.parts:
            yield from part.walk()


def structure(value: wire.Value, section: str = "") -> Part:
    """A BODYSTRUCTURE as parts. Raises WireError when it makes no sense; servers' own are a hint only."""
    if not isinstance(value, tuple) or not value:
        raise wire.WireError("a BODYSTRUCTURE is not a list")
    if isinstance(value[0], tuple):
        children: list[Part] = []
        for child in value:
            if not isinstance(child, tuple):
                break
            children.append(structure(child, f"{section}.{len(children) + 1}" if section else str(len(children) + 1)))
        subtype = value[len(children)] if len(children) < len(value) else None
        return Part(section, f"multipart/{_word(subtype)}", parts=tuple(children))
    if len(value) < 7:
        raise wire.WireError("a BODYSTRUCTURE has a part without its seven fields")
    kind = f"{_word(value[0])}/{_word(value[1])}"
    size = wire.number(value[6])
    attached = any(_disposition(item) == "attachment" for item in value[7:])
    return Part(section or "1", kind, size, attached)


def _word(value: wire.Value) -> str:
    return value.decode("latin-1").lower() if isinstance(value, bytes) else ""


def _disposition(value: wire.Value) -> str:
    """The extension field `("attachment" (...))`; its place varies by the part's type, its form does not."""
    return _word(value[0]) if isinstance(value, tuple) and len(value) == 2 else ""


@dataclass(frozen=True, slots=True)
class Outline:
    """What the skeleton of a message is planned from: its BODYSTRUCTURE as it came, and its header."""

    structure: wire.Value
    header: bytes


@dataclass(frozen=True, slots=True)
class _Plan:
    root: Part
    header: bytes
    parts: Sequence[Part]

    @property
    def texts(self) -> list[Part]:
        return [part for part in self.parts if part.text and not part.parts]

    @property
    def wanted(self) -> bytes:
        """The text parts and every part's header, as FETCH items."""
        names = [f"BODY.PEEK[{part.section}]" for part in self.texts]
        names += [f"BODY.PEEK[{part.section}.MIME]" for part in self.parts if part is not self.root]
        return " ".join(names).encode()


class Skeletons:
    """Reads large messages of the open mailbox."""

    def __init__(self, fetches: Fetches) -> None:
        self._fetches = fetches

    def fetch(self, outlines: Mapping[int, Outline | None]) -> dict[int, tuple[bytes, bool]]:
        """By UID the bytes and whether they are the whole message. What cannot be read is missing.

        One round trip for AT_ONCE messages whose outlines are known, one more where they are not.
        """
        found: dict[int, tuple[bytes, bool]] = {}
        uids = list(outlines)
        for begin in range(0, len(uids), AT_ONCE):
            some = {uid: outlines[uid] for uid in uids[begin : begin + AT_ONCE]}
            for uid, skeleton in self._fetch(some).items():
                if skeleton is None:
                    # Exchange, Yandex and mail.ru send structures that no reader accepts: the message tells its own.
                    skeleton = self._whole(uid)
                if skeleton is not None:
                    found[uid] = skeleton
        return found

    def _fetch(self, outlines: Mapping[int, Outline | None]) -> dict[int, tuple[bytes, bool] | None]:
        unknown = [uid for uid, outline in outlines.items() if outline is None]
        asked = self._fetches.each(dict.fromkeys(unknown, b"BODYSTRUCTURE BODY.PEEK[HEADER]"))
        known = {**outlines, **{uid: _outline(items) for uid, items in asked.items()}}
        plans = {uid: plan for uid, outline in known.items() if outline and (plan := _plan(outline))}
        parts = self._fetches.each({uid: plan.wanted for uid, plan in plans.items() if plan.wanted})
        return {uid: _assemble(plans[uid], parts.get(uid, {})) if uid in plans else None for uid in outlines}

    def _whole(self, uid: int) -> tuple[bytes, bool] | None:
        try:
            items = self._fetches.one(uid, "RFC822.SIZE BODY.PEEK[HEADER]")
            size, header = wire.number(items.get("RFC822.SIZE", b"0")), items.get("BODY[HEADER]")
            if size > MOST and isinstance(header, bytes):
                return _omitted(header, "TEXT", size - len(header)), False
            return b"".join(self._fetches.pieces(uid, "", MOST)), True
        except (wire.WireError, errors.NotFound) as exc:
            log.info("large message is not readable", reason=str(exc)[:80])
            return None


def outline(structure: wire.Value, beginning: bytes) -> Outline | None:
    """The outline of a message of which the first bytes are at hand; None when it must be asked for:
    the structure did not come, or the header is longer than that beginning.
    """
    end = _END_OF_HEADER.search(beginning)
    return Outline(structure, beginning[: end.end()]) if end and isinstance(structure, tuple) else None


def _outline(items: Items) -> Outline | None:
    header = items.get("BODY[HEADER]")
    return Outline(items.get("BODYSTRUCTURE"), header) if isinstance(header, bytes) else None


def _plan(outline: Outline) -> _Plan | None:
    try:
        root = structure(outline.structure)
    except wire.WireError as exc:
        log.info("body structure is malformed", reason=str(exc)[:80])
        return None
    parts = list(root.walk())
    return _Plan(root, outline.header, parts) if len(parts) <= PARTS else None


def _assemble(plan: _Plan, items: Items) -> tuple[bytes, bool] | None:
    """The skeleton from the parts that came, and whether it is the whole message; None when nothing fits together."""
    if plan.wanted and not items:
        return None
    try:
        raw = b"".join(_compose(plan.root, plan.header, items))
    except wire.WireError as exc:
        log.info("large message does not fit together", reason=str(exc)[:80])
        return None
    came = {part.section for part in plan.texts if isinstance(items.get(f"BODY[{part.section}]"), bytes)}
    return raw, all(part.parts or part.section in came for part in plan.parts)


def _compose(part: Part, header: bytes, items: Items) -> Iterator[bytes]:
    if not part.parts:
        body = items.get(f"BODY[{part.section}]")
        if part.text and isinstance(body, bytes):
            yield from (header, body)
        else:
            yield _omitted(header, part.section, part.size)
        return
    boundary = message_from_bytes(header).get_boundary()
    if not boundary:
        raise wire.WireError("a multipart names no boundary")
    mark = boundary.encode("ascii", "surrogateescape")
    yield header
    for child in part.parts:
        mime = items.get(f"BODY[{child.section}.MIME]")
        yield b"--" + mark + b"\r\n"
        yield from _compose(child, mime if isinstance(mime, bytes) and mime.strip() else b"\r\n", items)
        yield b"\r\n"
    yield b"--" + mark + b"--\r\n"


def _omitted(header: bytes, section: str, size: int) -> bytes:
    """The header block with our two lines at its end, and an empty body."""
    lines = header.rstrip(b"\r\n")
    ours = b"X-PMSync-Omitted: %b\r\nX-PMSync-Size: %d\r\n\r\n" % (section.encode(), max(size, 0))
    return lines + b"\r\n" + ours if lines else ours


def section_name(section: str) -> str:
    """A section as FETCH takes it. Raises Rejected for anything else: it becomes part of a command."""
    if not _SECTION.fullmatch(section):
        raise errors.Rejected(f"not a body section: {section[:40]!r}")
    return section
