"""A message to be sent, from its parts to its bytes. Pure: the same letter gives the same bytes.

Headers are written here and not by `email.message`, whose refolding makes an encoded word of a long
Message-ID and can make another address of an encoded name (python/cpython#121284); attachments are
encoded straight into the result, because `EmailMessage` needs several times their size in memory.
"""

import base64
import binascii
import email.utils
import hashlib
import quopri
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import quote

from .addressing import Target, has_control

LINE: Final = 76
LONGEST_LINE: Final = 998  # RFC 5322 section 2.1.1
REFERENCES: Final = 4_000
"""Characters of References: the first id and as many of the last as fit (RFC 5322 section 3.6.4 sets no limit)."""
_TYPE: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,60}/[A-Za-z0-9!#$&^_.+-]{1,100}")
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_ID: Final = re.compile(r"[^\s<>\x00-\x1f\x7f]{1,900}")
_ENCODED_MOST: Final = 45  # octets in one encoded word: 60 characters of base64, below the 75 of RFC 2047
_BASE64_BITE: Final = 57 * 4096


class HeaderRefused(ValueError):
    """A header value holds what would begin another header. `field` names it for the person."""

    def __init__(self, field_name: str) -> None:
        super().__init__(f"The {field_name} holds a line break or another control character, which mail cannot carry.")
        self.field = field_name


@dataclass(frozen=True, slots=True)
class Person:
    """A name and where to send to."""

    name: str
    target: Target


@dataclass(frozen=True, slots=True)
class File:
    """A part of its own. With `inline`, the HTML shows it as `cid:<content_id>`."""

    filename: str
    content_type: str
    data: bytes = field(repr=False)
    content_id: str = ""
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Letter:
    """All that a message is made of. Ids are bare; `date` is aware, in the writer's zone."""

    sender: Person
    to: tuple[Person, ...]
    cc: tuple[Person, ...]
    subject: str
    date: datetime
    message_id: str
    text: str
    html: str = ""
    bcc: tuple[Person, ...] = ()
    reply_to: tuple[Person, ...] = ()
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()
    calendar: str = ""
    """An iTIP message that goes along as an alternative (RFC 6047 section 2.4), and its METHOD."""
    calendar_method: str = ""


def build(letter: Letter, *, with_bcc: Sequence[Person] = ()) -> bytes:
    """The message with CRLF line ends. `with_bcc` is for a copy that stays with the writer.

    Raises HeaderRefused for a value that would break out of its header.
    """
    lines = [
        people_header("From", "sender’s name", (letter.sender,)),
        *_people_or_none("Reply-To", "reply address", letter.reply_to),
        *_people_or_none("To", "recipient’s name", letter.to),
        *_people_or_none("Cc", "recipient’s name", letter.cc),
        *_people_or_none("Bcc", "recipient’s name", with_bcc),
        _text("Subject", "subject", letter.subject),
        f"Date: {email.utils.format_datetime(letter.date)}",
        _ids("Message-ID", (letter.message_id,)),
        *([_ids("In-Reply-To", (letter.in_reply_to,))] if letter.in_reply_to else []),
        *([_ids("References", shortened(letter.references))] if letter.references else []),
        *(_text(name, name, value) for name, value in letter.extra),
        "MIME-Version: 1.0",
    ]
    head = "\r\n".join(lines).encode("utf-8") + b"\r\n"
    return b"".join((head, *_body(letter)))


def needs_utf8(letter: Letter) -> bool:
    """True when a header holds an address that is not ASCII (RFC 6531 section 3.2)."""
    everybody = (letter.sender, *letter.reply_to, *letter.to, *letter.cc, *letter.bcc)
    return any(person.target.needs_utf8 for person in everybody)


# ---------------------------------------------------------------------------- headers


def shortened(references: Sequence[str]) -> tuple[str, ...]:
    """The root and the nearest ancestors that fit into REFERENCES characters, in order, each once."""
    ids = [one for one in dict.fromkeys(references) if _ID.fullmatch(one)]
    if not ids:
        return ()
    left, kept = REFERENCES - len(ids[0]), list[str]()
    for one in reversed(ids[1:]):
        left -= len(one) + 3
        if left < 0:
            break
        kept.append(one)
    return (ids[0], *reversed(kept))


def _ids(name: str, ids: Iterable[str]) -> str:
    return _folded(name, [f"<{one}>" for one in ids if _ID.fullmatch(one)])


def checked(field_name: str, value: str) -> str:
    """The value with tabs as spaces. Raises HeaderRefused."""
    value = value.replace("\t", " ")
    if has_control(value):
        raise HeaderRefused(field_name)
    return value


def _text(name: str, field_name: str, value: str) -> str:
    value = checked(field_name, value).strip()
    words = value.split(" ")
    plain = value.isascii() and "=?" not in value and all(len(word) < LONGEST_LINE - 80 for word in words)
    return _folded(name, [word for word in words if word] if plain else encoded_words(value))


def _people_or_none(name: str, field_name: str, people: Sequence[Person]) -> list[str]:
    return [people_header(name, field_name, people)] if people else []


def people_header(name: str, field_name: str, people: Sequence[Person]) -> str:
    """One address header, folded, without its line end. Raises HeaderRefused."""
    tokens: list[str] = []
    for position, person in enumerate(people):
        comma = "," if position < len(people) - 1 else ""
        phrase = _phrase(checked(field_name, person.name).strip())
        tokens += [*phrase, f"<{person.target.address}>{comma}"] if phrase else [f"{person.target.address}{comma}"]
    return _folded(name, tokens)


def _phrase(name: str) -> list[str]:
    """A display name as tokens (RFC 5322 section 3.2.5): atoms, a quoted string, or encoded words."""
    if not name:
        return []
    if not name.isascii() or "=?" in name or len(name) > 200:
        return encoded_words(name)
    if _ATOMS.fullmatch(name):
        return name.split()
    return ['"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"']


def encoded_words(text: str) -> list[str]:
    """The text as encoded words (RFC 2047), none of which ends inside a character."""
    pieces: list[bytes] = [b""]
    for char in text:
        octets = char.encode("utf-8")
        if len(pieces[-1]) + len(octets) > _ENCODED_MOST:
            pieces.append(b"")
        pieces[-1] += octets
    return [f"=?utf-8?b?{base64.b64encode(piece).decode('ascii')}?=" for piece in pieces if piece]


def _folded(name: str, tokens: Sequence[str]) -> str:
    """A header whose lines break between tokens only."""
    lines, line = [], f"{name}:"
    for token in tokens:
        if len(line) + 1 + len(token) > LINE and line != f"{name}:":
            lines.append(line)
            line = ""
        line += f" {token}"
    return "\r\n".join([*lines, line])


def parameter(name: str, value: str) -> str:
    """One parameter of a Content header, by RFC 2231 where it is long or not ASCII."""
    if value.isascii() and len(value) <= 60:
        return f'{name}="' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    units = re.findall(r"(?:%[0-9A-F]{2})+|.", quote(value, safe="!#$&+-.^_`{}~")) or [""]
    pieces = [""]
    for unit in (part for found in units for part in re.findall(r"%[0-9A-F]{2}|.", found)):
        if len(pieces[-1]) + len(unit) > 54:
            pieces.append("")
        pieces[-1] += unit
    pieces[0] = f"utf-8''{pieces[0]}"
    if len(pieces) == 1:
        return f"{name}*={pieces[0]}"
    return ";\r\n ".join(f"{name}*{number}*={piece}" for number, piece in enumerate(pieces))


# ---------------------------------------------------------------------------- body


def _body(letter: Letter) -> list[bytes]:
    """mixed(alternative(text, related(html, pictures), calendar), files), without levels that hold one part."""
    shown = [one for one in letter.files if one.inline and one.content_id and letter.html]
    attached = [one for one in letter.files if one not in shown]
    body = _words("plain", letter.text, "; format=flowed")
    alternatives = [body]
    if letter.html:
        html = _words("html", letter.html)
        if shown:
            html = _multipart(letter, "related", [html, *map(_file, shown)], '; type="text/html"')
        alternatives.append(html)
    if letter.calendar:
        alternatives.append(_words("calendar", letter.calendar, f"; method={letter.calendar_method}"))
    if len(alternatives) > 1:
        body = _multipart(letter, "alternative", alternatives)
    return _multipart(letter, "mixed", [body, *map(_file, attached)]) if attached else body


def _multipart(letter: Letter, subtype: str, parts: Sequence[list[bytes]], more: str = "") -> list[bytes]:
    # "=_" can stand neither in base64 nor in quoted-printable, so no part holds the boundary.
    boundary = f"=_pm_{hashlib.sha256(f'{letter.message_id} {subtype}'.encode()).hexdigest()[:24]}"
    pieces = [f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"{more}\r\n\r\n'.encode()]
    for part in parts:
        pieces += [f"--{boundary}\r\n".encode(), *part, b"\r\n"]
    return [*pieces, f"--{boundary}--\r\n".encode()]


def _words(subtype: str, text: str, more: str = "") -> list[bytes]:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    octets = text.encode("utf-8", "replace")
    head = f"Content-Type: text/{subtype}; charset=utf-8{more}\r\nContent-Transfer-Encoding: "
    if octets.isascii() and b"\0" not in octets and all(len(line) <= LONGEST_LINE for line in octets.split(b"\n")):
        return [head.encode() + b"7bit\r\n\r\n", octets.replace(b"\n", b"\r\n")]
    # Quoted-printable stays readable; for a script of which every letter would be escaped, base64 is shorter.
    if sum(octet > 127 for octet in octets) * 3 > len(octets):
        return [head.encode() + b"base64\r\n\r\n", *_base64(octets.replace(b"\n", b"\r\n"))]
    return [head.encode() + b"quoted-printable\r\n\r\n", quopri.encodestring(octets).replace(b"\n", b"\r\n")]


def _file(part: File) -> list[bytes]:
    name = checked("name of an attachment", part.filename).replace("\\", "/").rsplit("/", 1)[-1]
    kind = part.content_type.lower() if _TYPE.fullmatch(part.content_type) else "application/octet-stream"
    data = part.data
    whole = kind == "message/rfc822" and _is_message(data)
    if kind.startswith(("multipart/", "message/")) and not whole:
        kind = "application/octet-stream"
    head = f"Content-Type: {kind}"
    if name:
        head += f";\r\n {parameter('name', name)}"
    head += f"\r\nContent-Disposition: {'inline' if part.inline else 'attachment'}"
    if name:
        head += f";\r\n {parameter('filename', name)}"
    if part.content_id and _ID.fullmatch(part.content_id):
        head += f"\r\nContent-ID: <{part.content_id}>"
    if whole:  # RFC 2046 section 5.2.1: a message inside a message is not encoded once more
        encoding = "7bit" if data.isascii() else "8bit"
        return [f"{head}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode(), data]
    return [f"{head}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode(), *_base64(data)]


def _is_message(data: bytes) -> bool:
    """True for a message that may be carried as it is: CRLF throughout, no line too long, no NUL."""
    if b"\0" in data or re.search(rb"(?<!\r)\n|\r(?!\n)", data):
        return False
    return all(len(line) <= LONGEST_LINE for line in data.split(b"\r\n"))


def _base64(data: bytes) -> Iterable[bytes]:
    """Lines of 76 characters. In bites, so that what is held besides the result stays small."""
    for start in range(0, len(data), _BASE64_BITE):
        bite = data[start : start + _BASE64_BITE]
        yield b"".join(
            binascii.b2a_base64(bite[at : at + 57], newline=False) + b"\r\n" for at in range(0, len(bite), 57)
        )
