"""Sealing a message for one browser: aes128gcm in a single record (RFC 8188, RFC 8291). Knows no Django.

Written on `cryptography`: http-ece, which does the same, comes without a wheel and could not be
pinned as the rest is.
"""

import os
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

POINT_BYTES: Final = 65
AUTH_BYTES: Final = 16
SALT_BYTES: Final = 16
# What every push service takes (RFC 8291, section 4), and the one record's size.
RECORD: Final = 4096
# Salt, record size, key length and key (RFC 8188, section 2.1); the delimiter and the tag of AES-GCM.
OVERHEAD: Final = SALT_BYTES + 4 + 1 + POINT_BYTES + 1 + 16
LONGEST: Final = RECORD - OVERHEAD
"""Octets of plain text that fit."""

LAST_RECORD: Final = b"\x02"


class BadKeys(ValueError):
    """What a browser gave as its keys is none; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class ClientKeys:
    """A browser's public key, as an uncompressed point, and the secret it shares with us alone."""

    p256dh: bytes = field(repr=False)
    auth: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.auth) != AUTH_BYTES:
            raise BadKeys(f"auth must be {AUTH_BYTES} bytes")
        if len(self.p256dh) != POINT_BYTES:
            raise BadKeys(f"p256dh must be {POINT_BYTES} bytes")
        try:
            self.point()
        except ValueError:
            raise BadKeys("p256dh is no point of P-256") from None

    def point(self) -> ec.EllipticCurvePublicKey:
        """The public key. Raises ValueError when it is not on the curve."""
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), self.p256dh)


def encrypt(
    plain: bytes, client: ClientKeys, own: ec.EllipticCurvePrivateKey | None = None, salt: bytes | None = None
) -> bytes:
    """The body of a push message. Raises ValueError when `plain` is longer than LONGEST.

    `own` and `salt` are fresh for each message; given, they reproduce the RFC's example.
    """
    if len(plain) > LONGEST:
        raise ValueError(f"{len(plain)} octets do not fit into one record of {RECORD}")
    own, salt = own or ec.generate_private_key(ec.SECP256R1()), salt or os.urandom(SALT_BYTES)
    sender = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = own.exchange(ec.ECDH(), client.point())
    secret = _hkdf(client.auth, b"WebPush: info\0" + client.p256dh + sender, 32, shared)  # RFC 8291, section 3.4
    key = _hkdf(salt, b"Content-Encoding: aes128gcm\0", 16, secret)
    nonce = _hkdf(salt, b"Content-Encoding: nonce\0", 12, secret)
    header = salt + RECORD.to_bytes(4, "big") + bytes([len(sender)]) + sender
    return header + AESGCM(key).encrypt(nonce, plain + LAST_RECORD, None)


def _hkdf(salt: bytes, info: bytes, length: int, material: bytes) -> bytes:
    return HKDF(SHA256(), length, salt=salt, info=info).derive(material)
