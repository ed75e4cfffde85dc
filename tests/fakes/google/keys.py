"""Google's signing keys: RS256 tokens, and the certificates and key set that clients fetch to check them."""

import base64
import functools
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

Json = dict[str, Any]


class Key:
    """An RSA key with an id."""

    def __init__(self, key_id: str) -> None:
        self.id = key_id

    @classmethod
    def of(cls, key_id: str, pem: str) -> "Key":
        """One that was made before. Raises ValueError for what is no RSA key."""
        made, private = cls(key_id), load_pem_private_key(pem.encode(), None)
        if not isinstance(private, rsa.RSAPrivateKey):
            raise ValueError("no RSA key")
        made.private = private
        return made

    @functools.cached_property
    def private(self) -> rsa.RSAPrivateKey:
        """Made when it is first needed: it takes a tenth of a second."""
        return rsa.generate_private_key(65537, 2048)

    def signed(self, claims: Json, algorithm: str = "RS256") -> str:
        """A JWT; `none` leaves it unsigned."""
        if algorithm == "none":
            return jwt.encode(claims, "", algorithm="none", headers={"kid": self.id})
        return jwt.encode(claims, self.private, algorithm=algorithm, headers={"kid": self.id})

    @functools.cached_property
    def private_pem(self) -> str:
        """PKCS 8."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @functools.cached_property
    def public_pem(self) -> str:
        """For checking assertions."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @functools.cached_property
    def certificate(self) -> str:
        """A self-signed certificate, as `/oauth2/v1/certs` gives it."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "federated-signon.simulated")])
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=15))
        )
        return builder.sign(self.private, hashes.SHA256()).public_bytes(Encoding.PEM).decode()

    @property
    def jwk(self) -> Json:
        """RFC 7517, as `/oauth2/v3/certs` gives it."""
        numbers = self.private.public_key().public_numbers()
        return {
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id,
            "n": _number(numbers.n), "e": _number(numbers.e),
        }  # fmt: skip


class KeyRing:
    """Two published keys of which the first signs, and one that nobody published."""

    def __init__(self) -> None:
        self.published = [Key("key-1"), Key("key-2")]
        self._made = 2

    @functools.cached_property
    def foreign(self) -> Key:
        """Signs what must not be believed, under the id of the true key."""
        return Key(self.published[0].id)

    @property
    def current(self) -> Key:
        """The one that signs."""
        return self.published[0]

    def rotate(self) -> None:
        """The next key signs from now on, the last one is no longer published."""
        self._made += 1
        self.published = [*self.published[1:], Key(f"key-{self._made}")]

    def certificates(self) -> Json:
        """By key id."""
        return {key.id: key.certificate for key in self.published}

    def jwks(self) -> Json:
        """The key set."""
        return {"keys": [key.jwk for key in self.published]}


def _number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()
