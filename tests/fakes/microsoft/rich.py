"""Notifications that carry the resource: encrypted for the subscriber, with tokens that say who sent them."""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding as asymmetric
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from tests.fakes.microsoft.errors import refuse
from tests.fakes.microsoft.tokens import signed, signing_key

PUBLISHER: Final = "0bf30f3b-4a52-48df-9a82-234910c4a086"
"""The application that sends change notifications."""


@dataclass(slots=True)
class Forgery:
    """What is wrong with notifications, for receivers to notice."""

    claim: Literal["", "audience", "issuer", "publisher", "tenant", "expired", "key"] = ""
    content: Literal["", "signature", "certificate"] = ""
    client_state: str | None = None
    tenant: str | None = None


def read_certificate(text: str) -> x509.Certificate:
    """The subscriber's certificate. Raises when it is none, or its key is unfit."""
    try:
        octets = base64.b64decode(text, validate=True)
        load = x509.load_pem_x509_certificate if b"-----BEGIN" in octets else x509.load_der_x509_certificate
        certificate = load(octets)
    except (binascii.Error, ValueError):
        raise refuse("subscription field", what="The encryption certificate is no X.509 certificate.") from None
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or not 2048 <= key.key_size <= 4096:
        raise refuse("subscription field", what="The certificate's key must be RSA of 2048 to 4096 bits.")
    return certificate


def encrypted(resource: dict[str, Any], certificate: x509.Certificate, name: str, forgery: Forgery) -> dict[str, str]:
    """The resource for the holder of the certificate's key only."""
    public = signing_key().public_key() if forgery.content == "certificate" else certificate.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    key = secrets.token_bytes(32)
    proof = secrets.token_bytes(32) if forgery.content == "signature" else key
    padder = PKCS7(128).padder()
    plain = padder.update(json.dumps(resource).encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    data = encryptor.update(plain) + encryptor.finalize()
    # SHA-1 is what the interface prescribes for OAEP.
    oaep = asymmetric.OAEP(asymmetric.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303
    return {
        "data": base64.b64encode(data).decode(),
        "dataKey": base64.b64encode(public.encrypt(key, oaep)).decode(),
        "dataSignature": base64.b64encode(hmac.digest(proof, data, hashlib.sha256)).decode(),
        "encryptionCertificateId": name,
        "encryptionCertificateThumbprint": certificate.fingerprint(hashes.SHA1()).hex().upper(),  # noqa: S303
    }


def validation_token(app: str, tenant: str, now: datetime, forgery: Forgery) -> str:
    """The token that says that it was Graph who sent it."""
    since = now - timedelta(hours=2) if forgery.claim == "expired" else now
    claims = {
        "aud": app,
        "iss": f"https://sts.windows.net/{tenant}/",
        "iat": int(since.timestamp()),
        "nbf": int(since.timestamp()),
        "exp": int((since + timedelta(hours=1)).timestamp()),
        "appid": PUBLISHER,
        "tid": tenant,
        "ver": "1.0",
    }
    wrong = {"audience": "aud", "issuer": "iss", "publisher": "appid", "tenant": "tid"}.get(forgery.claim)
    if wrong:
        claims[wrong] = "00000000-0000-0000-0000-000000000000"
    return signed(claims, rsa.generate_private_key(65537, 2048) if forgery.claim == "key" else None)
