"""Which messages a message refers to: the input of conversation linking, in the order that links.

JWZ's algorithm (RFC 5256 THREAD=REFERENCES) seen from one message: its references form a chain
from the root to the direct parent, and the message hangs below the last of them. Storage unites
the message with every id of the chain; an id that no message has yet is a placeholder. Ids compare
exactly once white space and angle brackets are gone.
"""

import re

from . import limits, words
from .headers import Headers
from .model import ParsedMail

_BRACKETED = re.compile(rb"<([^<>]*)>?")


def ids(value: bytes) -> list[str]:
    """The message ids of a header value, in order, each once.

    Ids in angle brackets, white space inside them (from folding) taken out; without any bracket,
    words with an @, as some senders write bare ids.
    """
    found = [b"".join(match.split()) for match in _BRACKETED.findall(value)]
    if b"<" not in value:
        found = [piece for piece in value.replace(b",", b" ").split() if b"@" in piece]
    result: dict[str, None] = {}
    for octets in found:
        if octets:
            result[_bounded(words.plain(octets))] = None
    return list(result)


def _bounded(text: str) -> str:
    octets = text.encode("utf-8", "replace")
    return text if len(octets) <= limits.MESSAGE_ID else octets[: limits.MESSAGE_ID].decode("utf-8", "ignore")


def message_id(headers: Headers) -> str:
    """The message's own id, empty when it has none. `<[x@y]>` and an id without brackets count."""
    value = headers.first(b"message-id")
    if not value:
        return ""
    bracketed = _BRACKETED.search(value)
    octets = bracketed[1] if bracketed and bracketed[1].strip() else value.strip(b"<> \t")
    return _bounded(words.plain(b"".join(octets.split())))


def limited(references: list[str]) -> tuple[tuple[str, ...], bool]:
    """The references within the limit, and whether some were left out: root and nearest stay."""
    if len(references) <= limits.REFERENCES:
        return tuple(references), False
    return (references[0], *references[-limits.REFERENCES_KEPT :]), True


def chain(mail: ParsedMail) -> tuple[str, ...]:
    """The ids above a message, root first and direct parent last.

    References without repetition; when it is empty, the first id of In-Reply-To. The message's
    own id is never in it, so a message cannot be its own ancestor. Where References does not end
    with the parent that In-Reply-To names, References is believed, as RFC 5256 says.
    """
    above = mail.references or ((mail.in_reply_to,) if mail.in_reply_to else ())
    return tuple(one for one in above if one != mail.message_id)
