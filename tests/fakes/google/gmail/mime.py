"""A message as Gmail shows it: parts, decoded headers, text in UTF-8, attachments behind ids."""

import base64
import email
import email.header
import email.message
import email.policy
import email.utils
import html
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

Json = dict[str, Any]

SNIPPET: Final = 200
SUBJECT_PREFIX: Final = re.compile(r"^\s*(?:(?:re|fw|fwd|aw|wg|r|i)\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)


def parse(raw: bytes) -> email.message.Message:
    """The message; never fails."""
    return email.message_from_bytes(raw, policy=email.policy.compat32)


def encoded(data: bytes) -> str:
    """base64url, padded."""
    return base64.urlsafe_b64encode(data).decode()


def header(message: email.message.Message, name: str) -> str:
    """A header's value, unfolded and decoded."""
    return _decoded(message[name]) if name in message else ""


def addresses(message: email.message.Message, *names: str) -> list[str]:
    """The addresses in these headers, in lower case."""
    values = [str(value) for name in names for value in message.get_all(name, [])]
    return [address.lower() for _, address in email.utils.getaddresses(values) if address]


def message_ids(message: email.message.Message, *names: str) -> list[str]:
    """The identifiers in these headers."""
    return re.findall(r"<[^<>\s]+>", " ".join(str(value) for name in names for value in message.get_all(name, [])))


def base_subject(subject: str) -> str:
    """What is left of a subject without its prefixes."""
    return SUBJECT_PREFIX.sub("", re.sub(r"\s+", " ", subject)).strip().lower()


def payload(message: email.message.Message, attach: Callable[[str], str], *, bodies: bool, wanted: list[str]) -> Json:
    """`Message.payload`; `attach` makes the id of the attachment in a part."""
    return _part(message, "", attach, bodies, [name.lower() for name in wanted])


def octets_of(raw: bytes, part_id: str) -> bytes:
    """The decoded content of a part."""
    part = next(part for name, part in _walk(parse(raw), "") if name == part_id)
    return _octets(part)


def snippet(message: email.message.Message) -> str:
    """The beginning of the text, escaped."""
    for kind in ("text/plain", "text/html"):
        for part in message.walk():
            if part.get_content_type() == kind and not part.get_filename():
                text = _octets(part).decode(errors="replace")
                if kind == "text/html":
                    text = html.unescape(re.sub(r"(?s)<(style|script).*?</\1>|<[^>]*>", " ", text))
                return html.escape(re.sub(r"\s+", " ", text).strip()[:SNIPPET], quote=True)
    return ""


def text_of(message: email.message.Message) -> str:
    """All that a search looks through."""
    texts = [
        _octets(part).decode(errors="replace")
        for part in message.walk()
        if part.get_content_maintype() == "text" and not part.get_filename()
    ]
    heads = [header(message, name) for name in ("Subject", "From", "To", "Cc")]
    return " ".join(heads + texts).lower()


def has_attachment(message: email.message.Message) -> bool:
    """True when some part has a name."""
    return any(part.get_filename() for part in message.walk())


def without(raw: bytes, name: str) -> bytes:
    """The message without a header of its top, everything else as it was."""
    head, gap, body = _split(raw)
    pattern = rb"(?im)^" + name.encode() + rb":[^\n]*\n(?:[ \t][^\n]*(?:\n|$))*"
    return re.sub(pattern, b"", head) + gap + body


def replaced(raw: bytes, name: str, value: str) -> bytes:
    """The message with one header set anew at its top."""
    return f"{name}: {value}\r\n".encode() + without(raw, name)


def internal_date(message: email.message.Message) -> int | None:
    """Milliseconds of the Date header."""
    try:
        return int(email.utils.parsedate_to_datetime(str(message["Date"])).timestamp() * 1000)
    except (TypeError, ValueError):
        return None


def _split(raw: bytes) -> tuple[bytes, bytes, bytes]:
    found = re.search(rb"(?<=\n)\r?\n", raw)
    return (raw, b"", b"") if found is None else (raw[: found.start()], found[0], raw[found.end() :])


def _decoded(value: Any) -> str:
    text = re.sub(r"\r?\n[ \t]?", " ", str(value)) if "\n" in str(value) else str(value)
    try:
        return str(email.header.make_header(email.header.decode_header(text)))
    except (LookupError, UnicodeError, ValueError):
        return text


def _children(part: email.message.Message) -> list[email.message.Message]:
    inner = part.get_payload()
    return [one for one in inner if isinstance(one, email.message.Message)] if isinstance(inner, list) else []


def _walk(part: email.message.Message, name: str) -> Iterator[tuple[str, email.message.Message]]:
    yield name, part
    for at, inner in enumerate(_children(part)):
        yield from _walk(inner, f"{name}.{at}" if name else str(at))


def _octets(part: email.message.Message) -> bytes:
    """Decoded content; text in UTF-8 whatever it was written in, which is why only `raw` is faithful."""
    if part.get_content_maintype() == "message":
        return b"\r\n".join(inner.as_bytes() for inner in _children(part))
    data = part.get_payload(decode=True)
    octets = data if isinstance(data, bytes) else b""
    if part.get_content_maintype() != "text" or part.get_filename():
        return octets
    try:
        return octets.decode(part.get_content_charset() or "utf-8").encode()
    except (LookupError, UnicodeDecodeError):
        return octets.decode("utf-8", "replace").encode()


def _part(
    part: email.message.Message, name: str, attach: Callable[[str], str], bodies: bool, wanted: list[str]
) -> Json:
    shown: Json = {
        "partId": name,
        "mimeType": part.get_content_type(),
        "filename": part.get_filename() or "",
        "headers": [
            {"name": key, "value": _decoded(value)}
            for key, value in part.items()
            if not wanted or key.lower() in wanted
        ],
    }
    if not bodies:
        return {key: value for key, value in shown.items() if key in ("mimeType", "headers")}
    children = _children(part)
    if children:
        shown["parts"] = [
            _part(inner, f"{name}.{at}" if name else str(at), attach, bodies, wanted)
            for at, inner in enumerate(children)
        ]
    if part.is_multipart() and part.get_content_maintype() != "message":
        return shown | {"body": {"size": 0}}
    octets = _octets(part)
    if shown["filename"] or part.get_content_maintype() not in ("text", "multipart"):
        return shown | {"body": {"attachmentId": attach(name), "size": len(octets)}}
    return shown | {"body": {"size": len(octets), "data": encoded(octets)}}
