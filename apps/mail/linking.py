"""Which conversation a message belongs to, as far as the message itself can say: pure functions.

References first (the JWZ way), the subject only when there are none. Every Message-ID a message
names becomes a link to its thread, so a parent that arrives later finds its children.
"""

import hashlib
from typing import Final

from apps.providers.adapters import mime

DIGEST_BYTES: Final = 16


def digest(text: str) -> bytes:
    """The key of a link; a Message-ID may be too long for an index."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()


def links(mail: mime.ParsedMail, thread_key: str | None) -> tuple[bytes, ...]:
    """Digests of everything that ties the message to a thread, its own Message-ID first.

    `thread_key` is the provider's own thread id where it has one.
    """
    ids = dict.fromkeys([mail.message_id, *mime.chain(mail)])
    keys = [digest(f"id:{item}") for item in ids if item]
    return tuple(keys + ([digest(f"key:{thread_key}")] if thread_key else []))


def subject_key(subject: str) -> int:
    """A signed 64-bit digest of the base subject (RFC 5256, section 2.1); 0 when it is empty."""
    base = mime.base_subject(subject)
    if not base:
        return 0
    return int.from_bytes(digest(f"subject:{base}")[:8], "big", signed=True)


def by_subject(mail: mime.ParsedMail) -> bool:
    """True when only the subject can thread the message: it names no other message."""
    return not mime.chain(mail)
