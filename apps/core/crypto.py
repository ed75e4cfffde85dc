"""Sealing: AES-256-GCM under a tenant's data key, which a master key wraps.

A sealed value names the key that sealed it, so data keys and master keys can rotate while running.
The associated data binds each value to what it is for: a value moved elsewhere does not open.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT: Final = b"\x01"
NONCE_BYTES: Final = 12
# 16 bytes of authentication tag beside format, key number and nonce.
OVERHEAD: Final = len(FORMAT) + 4 + NONCE_BYTES + 16


class SealBroken(Exception):
    """A sealed value does not open: wrong key, other context, or damaged bytes."""


class UnknownKey(Exception):
    """A sealed value names a key that is not at hand."""


class WrappingKey(Protocol):
    """A master key, named by `id` in what it wraps."""

    @property
    def id(self) -> str: ...
    @property
    def key(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class DataKey:
    """A tenant's key: its number goes into each sealed value."""

    number: int
    key: bytes

    def __repr__(self) -> str:
        return f"DataKey({self.number})"


def new_data_key(number: int) -> DataKey:
    """A fresh random key of 256 bits."""
    return DataKey(number, AESGCM.generate_key(bit_length=256))


def seal(key: DataKey, plain: bytes, context: str) -> bytes:
    """Encrypt `plain`; it opens only under the same `context`, such as "credentials:<account id>"."""
    nonce = os.urandom(NONCE_BYTES)
    header = FORMAT + key.number.to_bytes(4, "big")
    return header + nonce + AESGCM(key.key).encrypt(nonce, plain, header + context.encode())


def key_number(sealed: bytes) -> int:
    """Which data key sealed this. Raises SealBroken when it is no sealed value."""
    if len(sealed) < OVERHEAD or sealed[:1] != FORMAT:
        raise SealBroken("not a sealed value")
    return int.from_bytes(sealed[1:5], "big")


def unseal(keys: Mapping[int, DataKey], sealed: bytes, context: str) -> bytes:
    """Decrypt. Raises SealBroken for damage or another context, UnknownKey for a missing key."""
    number = key_number(sealed)
    if number not in keys:
        raise UnknownKey(f"sealed by data key {number}, which is not at hand")
    nonce, cipher = sealed[5 : 5 + NONCE_BYTES], sealed[5 + NONCE_BYTES :]
    try:
        return AESGCM(keys[number].key).decrypt(nonce, cipher, sealed[:5] + context.encode())
    except InvalidTag:
        raise SealBroken("damaged, or sealed for something else") from None


def wrap(master: WrappingKey, key: DataKey, context: str) -> bytes:
    """Encrypt a data key under a master key, bound to `context` (the tenant's id)."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(master.key).encrypt(nonce, key.key, f"{master.id}:{key.number}:{context}".encode())


def unwrap(masters: Sequence[WrappingKey], master_id: str, wrapped: bytes, number: int, context: str) -> DataKey:
    """Open a wrapped data key. Raises UnknownKey or SealBroken; the messages hold no key."""
    master = next((key for key in masters if key.id == master_id), None)
    if master is None:
        raise UnknownKey(f"wrapped by master key {master_id!r}, which PMSYNC_MASTER_KEYS does not list")
    try:
        plain = AESGCM(master.key).decrypt(
            wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], f"{master.id}:{number}:{context}".encode()
        )
    except InvalidTag:
        raise SealBroken(f"master key {master_id!r} does not open it") from None
    return DataKey(number, plain)
