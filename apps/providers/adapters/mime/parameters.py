"""Content-Type and Content-Disposition: the value and its parameters (RFC 2045, 2183, 2231)."""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

from . import limits, words
from .charsets import codec, storable

_TYPE = re.compile(rb"\s*([^\s;/\"=]+)\s*/\s*([^\s;\"=,]+)")
_TOKEN = re.compile(rb"\s*\"?([^\s;\"]+)")
_PARAMETER = re.compile(rb";\s*([^\s=;\"]+)\s*=\s*(\"(?:[^\"\\]|\\.)*+\"?|[^;]*)", re.DOTALL)
# "text/plain charset=utf-8": the semicolon is missing.
_LOOSE_PARAMETER = re.compile(rb"[;\s]([^\s=;\"]+)=(\"(?:[^\"\\]|\\.)*+\"?|[^;\s]*)", re.DOTALL)
_ESCAPED = re.compile(rb"\\([\"\\])")
_COMMENT = re.compile(rb"\s+\(.*")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_CACHED_LENGTH: Final = 80

Parameters = dict[bytes, bytes]


@lru_cache(maxsize=512)
def _short(value: bytes) -> tuple[str, Parameters]:
    return _content_type(value)


def content_type(value: bytes) -> tuple[str, Parameters]:
    """The lower-case media type, empty when the value names none, and the parameters.

    The parameters may be shared with other messages: read them, never write.
    """
    return _short(value) if len(value) <= _CACHED_LENGTH else _content_type(value)


def _content_type(value: bytes) -> tuple[str, Parameters]:
    found = _TYPE.match(value)
    if found is None:
        return "", parameters(value)
    return words.plain(found[1] + b"/" + found[2]).lower(), parameters(value[found.end() :])


def disposition(value: bytes) -> tuple[str, Parameters]:
    """The lower-case disposition and its parameters."""
    found = _TOKEN.match(value)
    return (words.plain(found[1]).lower() if found else ""), parameters(value)


def parameters(value: bytes) -> Parameters:
    """Raw parameter values by lower-case name; RFC 2231 names keep their asterisks."""
    result: Parameters = {}
    pattern = _PARAMETER if b";" in value else _LOOSE_PARAMETER
    for found in pattern.finditer(value):
        if len(result) >= limits.PARAMETERS:
            break
        name, text = found[1].lower(), found[2]
        if text.startswith(b'"'):
            text = _ESCAPED.sub(rb"\1", text[1:-1] if len(text) > 1 and text.endswith(b'"') else text[1:])
        else:
            text = text.strip()
        result.setdefault(name, text)
    return result


def simple(params: Parameters, name: bytes) -> str:
    """A parameter that is a token (charset, method, format): comments and language taken off."""
    value = params.get(name)
    if value is None:
        if name + b"*" not in params and name + b"*0" not in params and name + b"*0*" not in params:
            return ""
        return extended(params, name).strip()
    return words.plain(_COMMENT.sub(b"", value)).strip(" '\"")


def extended(params: Parameters, name: bytes, charset: str = "") -> str:
    """A parameter that is text (a file name).

    The RFC 2231 forms `name*=` and `name*0*=` win over `name=`; the latter may hold encoded
    words, which RFC 2047 forbids there and most senders write.
    """
    if (whole := params.get(name + b"*")) is not None:
        return _percent([(whole, True)])
    pieces: list[tuple[bytes, bool]] = []
    for index in range(limits.PARAMETERS):
        part = params.get(name + b"*%d*" % index)
        escaped = part is not None
        if part is None:
            part = params.get(name + b"*%d" % index)
        if part is None:
            break
        pieces.append((part, escaped))
    if pieces:
        return _percent(pieces)
    value = params.get(name)
    return words.decode(value, charset) if value else ""


def _percent(pieces: list[tuple[bytes, bool]]) -> str:
    """Join RFC 2231 pieces: the first one, when escaped, opens with charset'language'."""
    declared = b""
    octets: list[bytes] = []
    for index, (piece, escaped) in enumerate(pieces):
        if index == 0 and escaped and piece.count(b"'") >= 2:
            declared, _, piece = piece.split(b"'", 2)
        octets.append(unquote_to_bytes(piece) if escaped else piece)
    joined = b"".join(octets)
    name = codec(declared.decode("latin-1")) if declared else None
    if name and not (joined.isascii() and b"=?" in joined):
        try:
            return storable(joined.decode(name))
        except (UnicodeError, ValueError):
            pass
    return words.decode(joined, declared.decode("latin-1"))


def file_name(text: str) -> str:
    """The name as a person may see and save it: no directory, no control, at most 255 octets."""
    name = _CONTROL.sub("", text.replace("\\", "/").rstrip("/ ").rpartition("/")[2]).strip()
    if name in {"", ".", ".."}:
        return ""
    octets = name.encode()
    if len(octets) <= limits.FILENAME:
        return name
    stem, dot, extension = name.rpartition(".")
    tail = (dot + extension).encode() if dot and len(extension) <= 16 else b""
    head = (stem if tail else name).encode()
    return head[: limits.FILENAME - len(tail)].decode("utf-8", "ignore") + tail.decode()
