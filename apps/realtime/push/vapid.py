"""Our identity towards push services: the installation's P-256 key, the signed header (RFC 8292). Knows no tenant.

The key is derived from a master key, so nothing has to be configured or stored. Each master key
that is listed gives one: a subscription belongs to the key it was made for, for as long as that
master key is listed, and a browser subscribes anew when the first one has changed.
"""

import functools
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parseaddr
from typing import Final
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from apps.core import crypto
from apps.core.clock import now

INFO: Final = b"pmsync:web push:vapid"
# The order of P-256 (SEC 2, section 2.4.2).
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# 64 bits more than the order has make the remainder's bias vanish (FIPS 186-5, A.2.1).
SCALAR_BYTES: Final = 40
# At most 24 hours (RFC 8292, section 2); half of it leaves room for a clock that is wrong.
LIFE: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Key:
    """A signing key, the id of the master key it comes from, and its public point as browsers take it."""

    id: str
    private: ec.EllipticCurvePrivateKey = field(repr=False)
    public: str


def newest() -> Key:
    """The key that new subscriptions are made for."""
    return _derive(settings.PMSYNC_MASTER_KEYS[0])


def by_id(key_id: str) -> Key | None:
    """The key of a subscription; None when its master key is no longer listed."""
    return next((_derive(master) for master in settings.PMSYNC_MASTER_KEYS if master.id == key_id), None)


def by_public(public: str) -> Key | None:
    """The key with this public point (base64url); None when it is none of ours."""
    keys = (_derive(master) for master in settings.PMSYNC_MASTER_KEYS)
    return next((key for key in keys if key.public == public.rstrip("=")), None)


@functools.lru_cache(maxsize=8)
def _derive(master: crypto.WrappingKey) -> Key:
    seed = HKDF(SHA256(), SCALAR_BYTES, salt=None, info=INFO).derive(master.key)
    private = ec.derive_private_key(int.from_bytes(seed, "big") % (ORDER - 1) + 1, ec.SECP256R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return Key(master.id, private, urlsafe_b64encode(point).rstrip(b"=").decode())


def authorization(key: Key, endpoint: str) -> str:
    """The Authorization header for a request to this endpoint (RFC 8292, section 3)."""
    parts = urlsplit(endpoint)
    expires = int((now() + LIFE).timestamp())
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": expires, "sub": subject()}
    return f"vapid t={jwt.encode(claims, key.private, algorithm='ES256')}, k={key.public}"


def subject() -> str:
    """Whom a push service's operator can turn to: our address, or who sends our mail where it is not https."""
    public: str = settings.PMSYNC_PUBLIC_URL
    return public if public.startswith("https://") else f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}"
