"""Signed links to the image proxy: an image of one message of one tenant, for whoever holds the link, for two days."""

import base64
import binascii
import struct
import time
from typing import Final
from urllib.parse import quote
from uuid import UUID

from django.core import signing
from django.utils.crypto import constant_time_compare

from apps.core.problems import Problem

SALT: Final = "mail.image"
DAY: Final = 86_400
HEAD: Final = struct.Struct(">16s16sI")
HEAD_LENGTH: Final = 48
"""Characters of tenant, message and expiry in base64; the signature follows."""

LONGEST: Final = 4_000
"""Characters of a URL that is proxied; more does not pass through servers on the way."""


def lapses_at(now: float | None = None) -> int:
    """When links made now lapse, in seconds since 1970: one day to two from now.

    The same for all links of a day (UTC), so that a message that is opened again finds its images
    in the browser's cache.
    """
    moment = time.time() if now is None else now
    return (int(moment) // DAY + 2) * DAY


def sign(tenant_id: UUID, message_id: UUID, url: str, until: int) -> str:
    """The path under which our server shows this image until then; empty for a URL that is too long."""
    if len(url) > LONGEST:
        return ""
    head = base64.urlsafe_b64encode(HEAD.pack(tenant_id.bytes, message_id.bytes, until)).decode()
    mac = signing.Signer(salt=SALT).signature(_signed(head, url))
    return f"/img/{head}{mac}?u={quote(url, safe='')}"


def read(token: str, url: str) -> tuple[UUID, UUID]:
    """Tenant and message of a link. Raises the 404 problem for one that is forged, lapsed or for another URL."""
    head, mac = token[:HEAD_LENGTH], token[HEAD_LENGTH:]
    signer = signing.Signer(salt=SALT)
    keys = (signer.key, *signer.fallback_keys)
    if not any(constant_time_compare(mac, signer.signature(_signed(head, url), key)) for key in keys):
        raise _lapsed()
    try:
        tenant, message, until = HEAD.unpack(base64.urlsafe_b64decode(head))
    except (binascii.Error, struct.error):
        raise _lapsed() from None
    if until < time.time():
        raise _lapsed()
    return UUID(bytes=tenant), UUID(bytes=message)


def _signed(head: str, url: str) -> str:
    return f"{head} {url}"


def _lapsed() -> Problem:
    return Problem(404, "link_lapsed", "This link to an image has lapsed. Open the message again.")
