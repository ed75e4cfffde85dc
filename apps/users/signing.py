"""Keys derived from SECRET_KEY, one per purpose, with a ring of older ones while it rotates.

A rotation puts the new secret first (`PMSYNC_SECRET_KEY`) and keeps the old one listed in
`PMSYNC_OLD_SECRET_KEYS` for as long as what it signed lives: three days, the life of an
invitation's link (access tokens live 15 minutes). What was signed names its key by id, so both are
accepted, and the old one is refused as soon as it is no longer listed. Refresh tokens are random
and stored as digests: a rotation throws nobody out.
"""

import functools
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A derived key and the id under which signed values name it."""

    id: str
    key: bytes

    def __repr__(self) -> str:
        return f"SigningKey({self.id!r})"

    def mac(self, message: str) -> bytes:
        """HMAC-SHA256 of the message."""
        return hmac.new(self.key, message.encode(), hashlib.sha256).digest()


@functools.lru_cache(maxsize=32)
def _derive(secret: str, purpose: str) -> SigningKey:
    key = HKDF(SHA256(), 32, salt=None, info=f"pmsync:{purpose}".encode()).derive(secret.encode())
    return SigningKey(hashlib.sha256(b"id:" + key).hexdigest()[:16], key)


def newest(purpose: str) -> SigningKey:
    """The key that signs new values of this purpose."""
    return _derive(settings.SECRET_KEY, purpose)


def ring(purpose: str) -> Mapping[str, SigningKey]:
    """Every key that may still verify, by id."""
    keys = (_derive(secret, purpose) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
    return {key.id: key for key in keys}
