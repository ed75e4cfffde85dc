"""Messages as bytes, built by hand for speed: header words, bodies, multiparts. Pure, no `email` package."""

import base64
import binascii
import functools
import html
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

CRLF: Final = b"\r\n"
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# RFC 2047: an encoded word has at most 75 characters, 45 bytes of text in base64 stay below that.
WORD_BYTES: Final = 42
ATOM_TEXT: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who writes and is written to."""

    name: str
    address: str
    language: str = "en"
    role: str = ""
    company: str = ""

    @property
    def first(self) -> str:
        """How friends call them."""
        return self.name.split()[0]

    @property
    def header(self) -> str:
        """Name and address as they stand in From or To."""
        return f"{phrase(self.name)} <{self.address}>"


@dataclass(frozen=True, slots=True)
class Part:
    """A MIME part: its own header lines and its encoded body."""

    header: bytes
    body: bytes

    def __bytes__(self) -> bytes:
        return self.header + CRLF + self.body


@dataclass(slots=True)
class Draft:
    """A message being written: header fields in order, then one part."""

    fields: list[tuple[str, str]]
    part: Part
    extra: bytes = b""
    _raw: bytes = field(default=b"", repr=False)

    def __bytes__(self) -> bytes:
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.fields)
        return b"".join((self.extra, lines.encode(), b"MIME-Version: 1.0\r\n", self.part.header, CRLF, self.part.body))


@functools.lru_cache(maxsize=20_000)
def words(text: str) -> str:
    """Unstructured header text: as it is when ASCII, else folded RFC 2047 words."""
    if text.isascii():
        return text
    pieces: list[str] = []
    chunk = ""
    for character in text:
        if len((chunk + character).encode()) > WORD_BYTES:
            pieces.append(chunk)
            chunk = ""
        chunk += character
    pieces.append(chunk)
    return "\r\n ".join(f"=?utf-8?B?{base64.b64encode(piece.encode()).decode()}?=" for piece in pieces)


@functools.lru_cache(maxsize=20_000)
def phrase(name: str) -> str:
    """A display name: an atom, a quoted string, or encoded words."""
    if not name.isascii():
        return words(name)
    return name if ATOM_TEXT.fullmatch(name) else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def date(moment: datetime) -> str:
    """RFC 5322 date-time."""
    offset = moment.strftime("%z") or "+0000"
    day, month = DAYS[moment.weekday()], MONTHS[moment.month - 1]
    return f"{day}, {moment.day} {month} {moment.year} {moment.hour:02}:{moment.minute:02}:{moment.second:02} {offset}"


def references(ids: Sequence[str]) -> str:
    """The References field: the first and the newest ones (RFC 5322 lets the middle go)."""
    kept = list(ids) if len(ids) <= 20 else [ids[0], *ids[-19:]]
    return "\r\n ".join(f"<{item}>" for item in kept)


def quoted_printable(text: str, charset: str = "utf-8") -> bytes:
    """The text as quoted-printable with CRLF line ends."""
    return binascii.b2a_qp(text.encode(charset, "replace"), istext=True).replace(b"\n", CRLF)


def base64_lines(content: bytes) -> bytes:
    """Base64 in lines of 76 characters."""
    encoded = base64.encodebytes(content)  # 76 characters a line
    return encoded.replace(b"\n", CRLF)


def text(body: str, subtype: str = "plain", charset: str = "utf-8") -> Part:
    """A text part: 7bit when it can be, else quoted-printable."""
    if body.isascii() and max(map(len, body.split("\n"))) < 990:
        header = f'Content-Type: text/{subtype}; charset="us-ascii"\r\nContent-Transfer-Encoding: 7bit\r\n'
        return Part(header.encode(), body.replace("\n", "\r\n").encode())
    header = f'Content-Type: text/{subtype}; charset="{charset}"\r\nContent-Transfer-Encoding: quoted-printable\r\n'
    return Part(header.encode(), quoted_printable(body, charset))


def attachment(name: str, kind: str, content: bytes, *, inline_id: str = "") -> Part:
    """A file as a base64 part; with `inline_id` an image that the HTML part refers to by cid."""
    ascii_name = name.encode("ascii", "replace").decode().replace("?", "_")
    file_name = f'filename="{ascii_name}"'
    if not name.isascii():
        file_name += f";\r\n filename*=utf-8''{_percent(name)}"
    where = "inline" if inline_id else "attachment"
    content_id = f"Content-ID: <{inline_id}>\r\n" if inline_id else ""
    header = (
        f'Content-Type: {kind}; name="{ascii_name}"\r\nContent-Transfer-Encoding: base64\r\n{content_id}'
        f"Content-Disposition: {where}; {file_name}\r\n"
    )
    return Part(header.encode(), base64_lines(content))


def _percent(name: str) -> str:
    return "".join(chr(octet) if chr(octet).isalnum() and octet < 128 else f"%{octet:02X}" for octet in name.encode())


def multipart(kind: str, parts: Iterable[Part], boundary: str, parameters: str = "") -> Part:
    """Several parts as one."""
    header = f'Content-Type: multipart/{kind};{parameters} boundary="{boundary}"\r\n'.encode()
    mark = f"--{boundary}".encode()
    body = b"".join(mark + CRLF + bytes(part) + CRLF for part in parts)
    return Part(header, body + mark + b"--" + CRLF)


def as_html(body: str, quote: str = "") -> str:
    """Plain paragraphs as the HTML that mail programs make of them."""
    paragraphs = "".join(
        f"<p>{html.escape(paragraph).replace(chr(10), '<br>')}</p>" for paragraph in body.split("\n\n")
    )
    old = f'<blockquote style="margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex">{quote}</blockquote>'
    return (
        '<html><head><meta charset="utf-8"></head><body style="font-family:Arial,Helvetica,sans-serif;font-size:14px">'
        f"{paragraphs}{old if quote else ''}</body></html>"
    )


def wrapped(body: str, width: int = 76) -> str:
    """Plain text with its paragraphs broken into lines, as many programs send it."""
    lines: list[str] = []
    for line in body.split("\n"):
        short = len(line) <= width or line.startswith((">", "|"))
        lines += [line] if short else textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)
