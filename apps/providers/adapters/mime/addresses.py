"""Address fields (RFC 5322 section 3.4), tolerant and never fooled by a display name.

The field is cut into tokens before anything is decoded, so an encoded word or a quoted string
that contains commas, angle brackets or a second address stays a name (CVE-2023-27043).
"""

import re
from collections.abc import Iterator

from . import limits, words
from .model import Address

_TOKEN = re.compile(
    rb"""
      (?P<quoted> " (?: [^"\\] | \\. )*+ (?P<closed> " )? )
    | (?P<comment> \( )
    | (?P<angle> < [^<>]* >? )
    | (?P<literal> \[ [^\[\]]* \] )
    | (?P<mark> [,;:] )
    | (?P<space> \s+ )
    | (?P<word> =\? [^?\s]{1,80} \? [bBqQ] \? [^?]*+ \?= )
    | (?P<atom> [^\s"(<\[,;:]+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(rb"\\.|[()]", re.DOTALL)
_COMMENTS = re.compile(rb"\([^()]*\)")
_AROUND_DOT = re.compile(rb"\s*([@.])\s*")
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
# The commonest field by far: one bare address, or one with a name of plain atoms or in quotes.
_SIMPLE = re.compile(
    rb"(?:(?:\"(?P<quoted>[^\"\\=]*)\"|(?P<name>[A-Za-z0-9 _.'&/+-]*[A-Za-z0-9_.'&/+-]))?\s*"
    rb"<(?P<angle>[A-Za-z0-9._%+=~!#$&'*/^`{|}-]+@[A-Za-z0-9.-]+)>"
    rb"|(?P<bare>[A-Za-z0-9._%+=~!#$&'*/^`{|}-]+@[A-Za-z0-9.-]+))\s*(?:,\s*|\Z)"
)


def parse(value: bytes, charset: str = "") -> tuple[tuple[Address, ...], bool]:
    """The addresses of one unfolded field, groups flattened, and whether the limit cut some."""
    result: list[Address] = []
    position = 0
    while found := _SIMPLE.match(value, position):
        position = found.end()
        quoted, name, angle, bare = found.groups()
        words_of_name = quoted or name
        shown = words.plain(words_of_name, charset).strip() if words_of_name else ""
        result.append(Address(shown, (angle or bare).decode("ascii")))
        if len(result) > limits.ADDRESSES:
            return tuple(result[:-1]), True
    if position == len(value):
        return tuple(result), False
    result = []
    for address in _mailboxes(value, charset):
        if len(result) >= limits.ADDRESSES:
            return tuple(result), True
        result.append(address)
    return tuple(result), False


class _Draft:
    """The mailbox being read: its tokens so far."""

    __slots__ = ("angle", "bare", "behind", "comments", "name", "spaced", "words")

    def __init__(self) -> None:
        self.name: list[bytes] = []
        self.behind: list[bytes] = []
        self.bare: list[bytes] = []
        self.comments: list[bytes] = []
        self.words: list[bytes] = []
        self.angle: bytes | None = None
        self.spaced = False

    def empty(self) -> bool:
        return not self.name and self.angle is None


def _mailboxes(value: bytes, charset: str) -> Iterator[Address]:
    draft = _Draft()
    position = 0
    in_group = False
    while position < len(value):
        found = _TOKEN.match(value, position)
        if found is None:  # not reachable: the last alternative takes any octet
            break
        kind, text, position = found.lastgroup, found[0], found.end()
        if kind == "quoted" and found["closed"] is None:
            # A quote that nobody closes must not swallow the address behind it.
            value = value[: found.start()] + value[found.start() :].replace(b'"', b"")
            position = found.start()
            continue
        if kind == "comment":
            text, position = _comment(value, found.start())
            draft.comments.append(text)
        elif kind == "mark":
            if text == b":" and not in_group and draft.angle is None and b"@" not in b"".join(draft.bare):
                draft = _Draft()  # the name of a group (section 3.4): not an address
                in_group = True
                continue
            if text == b":":
                draft.name.append(text)
                draft.bare.append(text)
                continue
            if _is_half_a_name(draft, value, position, text):
                draft.name.append(b",")
                draft.spaced = False
                continue
            yield from _finish(draft, charset)
            draft = _Draft()
            in_group = in_group and text != b";"
        elif kind == "angle" and draft.angle is not None:
            # Two mailboxes with no comma between them: the words between name the second.
            following = _Draft()
            following.name, draft.behind = draft.behind, []
            following.angle = text.strip(b"<>")
            yield from _finish(draft, charset)
            draft = following
        else:
            _add(draft, kind or "", text)
    yield from _finish(draft, charset)


_NEXT_HAS_ANGLE = re.compile(rb"[^,;<>@\"]*<[^<>]*@")


def _is_half_a_name(draft: _Draft, value: bytes, position: int, mark: bytes) -> bool:
    """True for the comma of `Rossi, Anna <anna@example.org>`: a name that nobody quoted."""
    return (
        mark == b","
        and draft.angle is None
        and bool(draft.bare)
        and not any(b"@" in piece for piece in draft.name)
        and not any(piece.startswith(b'"') for piece in draft.name)
        and _NEXT_HAS_ANGLE.match(value, position, position + 256) is not None
    )


def _add(draft: _Draft, kind: str, text: bytes) -> None:
    """Take one more token into the mailbox."""
    if kind == "space":
        draft.spaced = True
        return
    if kind == "angle":
        draft.angle = text.strip(b"<>")
        return
    name = draft.name if draft.angle is None else draft.behind
    if draft.spaced and name:
        name.append(b" ")
        if kind != "quoted":
            draft.bare.append(b" ")
    draft.spaced = False
    name.append(text)
    # What an encoded word says is a name, even when it says an address.
    (draft.words if kind == "word" else draft.bare).append(text)


def _comment(value: bytes, start: int) -> tuple[bytes, int]:
    """The text of the comment at `start` and the offset behind it; comments nest."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(value, start):
        if edge[0] == b"(":
            depth += 1
        elif edge[0] == b")":
            depth -= 1
        if depth == 0:
            return value[start + 1 : edge.start()], edge.end()
    return value[start + 1 :], len(value)


def _finish(draft: _Draft, charset: str) -> Iterator[Address]:
    """The mailbox that was read; none when there were only spaces and comments."""
    if draft.empty():
        return
    comment = b" ".join(draft.words or draft.comments)
    if draft.angle is not None:
        name = b"".join(draft.name) or b"".join(draft.behind) or comment
        address, _ = _bare(_COMMENTS.sub(b"", draft.angle))
        yield Address(_name(name, charset), _addr_spec(address, charset))
        return
    bare = b"".join(draft.bare).strip()
    if b"@" in bare:
        address, name = _bare(bare)
        others = [piece for piece in name.split(b" ") if b"@" in piece]
        if others and len(others) == name.count(b" ") + 1:  # bare addresses with no comma between them
            yield from (Address("", _addr_spec(other, charset)) for other in others)
            name = b""
        yield Address(_name(name or comment, charset), _addr_spec(address, charset))
    elif bare and b" " not in bare and not draft.words and not bare.startswith(b'"'):
        yield Address(_name(comment, charset), words.plain(bare, charset))  # a local user, or MAILER-DAEMON
    else:
        yield Address(_name(b"".join(draft.name) or comment, charset), "")


def _bare(bare: bytes) -> tuple[bytes, bytes]:
    """The address in a stretch without angle brackets, and what else stands there as its name.

    The last word with an @ is the address: `Anna Rossi anna@example.org`. A quoted local part
    belongs to it.
    """
    bare = bare.strip()
    if bare.startswith(b'"') and (close := bare.rfind(b'"')) > 0 and bare[close + 1 : close + 2] == b"@":
        return bare, b""
    if b" " not in bare or b"@" not in bare:
        return bare, b""
    compact = _AROUND_DOT.sub(rb"\1", bare)  # `anna . rossi @ example.org` (obsolete syntax)
    pieces = compact.split(b" ")
    at = max(index for index, piece in enumerate(pieces) if b"@" in piece)
    return pieces[at], b" ".join(pieces[:at] + pieces[at + 1 :])


def _addr_spec(octets: bytes, charset: str) -> str:
    """The address itself: a source route (obsolete) and white space taken off, nothing decoded."""
    octets = octets.strip()
    if octets.startswith(b"@") and b":" in octets:
        octets = octets.partition(b":")[2]
    if not octets.startswith(b'"'):
        octets = b"".join(octets.split())
    return words.plain(octets.removeprefix(b"mailto:"), charset).strip()


def _name(octets: bytes, charset: str) -> str:
    octets = octets.strip()
    if octets.startswith(b'"') and octets.endswith(b'"') and len(octets) > 1:
        octets = octets[1:-1]
    elif b'"' in octets:
        octets = octets.replace(b'"', b"")
    if b"\\" in octets:
        octets = _ESCAPED.sub(rb"\1", octets)
    return " ".join(words.decode(octets, charset).split())
