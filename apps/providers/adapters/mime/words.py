"""Encoded words (RFC 2047) and raw 8-bit octets in header text."""

import binascii
import re
from typing import NamedTuple

from .charsets import codec, storable

_OPENING = re.compile(rb"=\?([^?\s]{1,80})\?([bBqQ])\?")
_Q_ESCAPE = re.compile(rb"=([0-9A-Fa-f]{2})")
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"))
_URLSAFE = bytes.maketrans(b"-_", b"+/")


class _Word(NamedTuple):
    charset: bytes
    encoding: bytes
    payload: bytes


def decode(value: bytes, charset: str = "") -> str:
    """One unfolded header value as text; never raises.

    `charset` is what the body declares: the second guess for raw 8-bit octets, after UTF-8.
    Adjacent words of one charset are joined before decoding, since senders split inside a
    multibyte character; white space between two words is dropped (section 6.2).
    """
    if b"=?" not in value:
        return plain(value, charset)
    pieces: list[str] = []
    run: list[_Word] = []
    position = 0
    while found := _OPENING.search(value, position):
        close = value.find(b"?=", found.end())
        if close < 0:
            break
        between = value[position : found.start()]
        word = _Word(found[1].partition(b"*")[0].lower(), found[2].lower(), value[found.end() : close])
        if between.strip() or not run:
            pieces += [_run_text(run, charset), plain(between, charset)]
            run = []
        run.append(word)
        position = close + 2
    pieces += [_run_text(run, charset), plain(value[position:], charset)]
    return _one_line("".join(pieces))


def plain(value: bytes, charset: str = "") -> str:
    """Header octets without encoded words: ASCII, else UTF-8, the body's charset, cp1252."""
    if value.isascii():
        return _one_line(value.decode("ascii"))
    for name in ("utf-8", codec(charset) if charset else None):
        if name:
            try:
                return _one_line(value.decode(name))
            except (UnicodeError, ValueError):
                continue
    return _one_line(value.decode("cp1252", "replace"))


def _one_line(text: str) -> str:
    if text.isprintable():
        return text
    return storable(text).replace("\r\n", " ").replace("\n", " ").replace("\r", " ").replace("\t", " ")


def _run_text(run: list[_Word], fallback: str) -> str:
    """The text of adjacent words; those of one charset are decoded as one string of octets."""
    text: list[str] = []
    index = 0
    while index < len(run):
        charset = run[index].charset
        octets: list[bytes] = []
        while index < len(run) and run[index].charset == charset:
            encoding, payload = run[index].encoding, run[index].payload
            index += 1
            if encoding == b"b":
                # A base64 text cut anywhere: the pieces are one text until a padding ends it.
                while (
                    index < len(run)
                    and run[index].charset == charset
                    and run[index].encoding == b"b"
                    and len(payload.translate(None, _NOT_BASE64)) % 4
                    and not payload.rstrip().endswith(b"=")
                ):
                    payload += run[index].payload
                    index += 1
                octets.append(_b(payload))
            else:
                octets.append(_q(payload))
        text.append(_charset_text(b"".join(octets), charset.decode("latin-1"), fallback))
    return "".join(text)


def _charset_text(octets: bytes, declared: str, fallback: str) -> str:
    name = codec(declared)
    if name:
        try:
            return storable(octets.decode(name))
        except (UnicodeError, ValueError):
            pass
    try:
        if name is None or not octets.isascii():  # ISO-2022 text is ASCII and still not to be read as such
            return storable(octets.decode("utf-8"))
    except UnicodeError:
        pass
    return storable(octets.decode(name or codec(fallback) or "cp1252", "replace"))


def _q(payload: bytes) -> bytes:
    return _Q_ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()), payload.replace(b"_", b" "))


def _b(payload: bytes) -> bytes:
    kept = payload.translate(None, _NOT_BASE64).translate(_URLSAFE)
    if len(kept) % 4 == 1:
        kept = kept[:-1]
    return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))
