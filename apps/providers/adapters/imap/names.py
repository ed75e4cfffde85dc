"""Mailbox names: modified UTF-7 (RFC 3501 section 5.1.3) and the wire name as a key.

The key is the wire name with its bytes read as Latin-1, so that any byte survives. Python's own
utf-7 codec is another encoding (`+` for `&`, `/` for `,`) and must not be used here.
"""

import binascii
import re
from typing import Final

INBOX: Final = "INBOX"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def decode(name: str) -> str:
    """The name for show. What is not valid modified UTF-7 is shown raw, as UTF-8 when it is that."""
    if "&" not in name and name.isascii():
        return name
    if not name.isascii():
        try:
            return name.encode("latin-1").decode("utf-8")
        except UnicodeError:
            return name
    try:
        decoded = _decode(name)
    except ValueError:
        return name
    # A second spelling of the same text (`&AGE-` for `a`) would be two mailboxes with one name.
    return decoded if decoded.isprintable() and encode(decoded) == name else name


def _decode(name: str) -> str:
    pieces: list[str] = []
    rest = name
    while rest:
        plain, shift, rest = rest.partition("&")
        pieces.append(plain)
        if not shift:
            break
        coded, end, rest = rest.partition("-")
        if not end:
            raise ValueError("an encoded run without its end")
        pieces.append(_decode_run(coded) if coded else "&")
    return "".join(pieces)


def _decode_run(coded: str) -> str:
    padded = coded.replace(",", "/") + "=" * (-len(coded) % 4)
    try:
        return binascii.a2b_base64(padded, strict_mode=True).decode("utf-16-be")
    except binascii.Error as exc:
        raise ValueError("not modified base64") from exc


def encode(name: str) -> str:
    """The wire name of a name as people write it."""
    pieces: list[str] = []
    run: list[str] = []
    for character in name:
        if " " <= character <= "~":
            pieces += [_encode_run(run), "&-" if character == "&" else character]
            run = []
        else:
            run.append(character)
    return "".join([*pieces, _encode_run(run)])


def _encode_run(run: list[str]) -> str:
    if not run:
        return ""
    coded = binascii.b2a_base64("".join(run).encode("utf-16-be", "surrogatepass"), newline=False)
    return "&" + coded.decode("ascii").rstrip("=").replace("/", ",") + "-"


def key(wire_name: bytes) -> str:
    """The key of a mailbox. INBOX is case-insensitive (RFC 3501 section 5.1); its children are not."""
    name = wire_name.decode("latin-1")
    return INBOX if name.upper() == INBOX else name


def path(name: str, delimiter: str | None) -> tuple[str, ...]:
    """The decoded components of a key, from the root down."""
    parts = [part for part in name.split(delimiter) if part] if delimiter else [name]
    return tuple(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", decode(part)) for part in parts or [name])
