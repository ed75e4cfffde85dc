"""Logging in: which SASL mechanism, and what it says (RFC 4616, 5802, 7628, 7677; XOAUTH2). No I/O.

A mechanism is a callable for imapclient's `sasl_login`: the server's challenge in, our answer out.
"""

import base64
import hashlib
import hmac
import json
import secrets
import unicodedata
from collections.abc import Callable, Set
from typing import Final

from apps.providers.adapters.base import Endpoint, Login
from apps.providers.adapters.errors import NeedsReconnect, PermissionMissing

Mechanism = Callable[[bytes], bytes]
LOGIN_COMMAND: Final = "LOGIN"
UNPROVEN: Final = "the server could not prove that it knows the password"
ITERATIONS: Final = range(4096, 5_000_000)
"""PBKDF2 rounds a server may ask for: RFC 7677 section 4 sets the floor, our processor time the ceiling."""


def check(login: Login) -> None:
    """Refuse what could end a command or a SASL field early. Raises NeedsReconnect."""
    if not login.username or set(login.username) & set("\0\r\n\x01"):
        raise NeedsReconnect("the user name is empty or holds control characters")
    if not (login.password or login.access_token) or set(login.password + login.access_token) & set("\0\r\n\x01"):
        raise NeedsReconnect("the password or token is empty or holds control characters")


def choose(capabilities: Set[str], login: Login) -> str:
    """The best mechanism that both sides know. Raises NeedsReconnect when there is none."""
    if login.access_token:
        wanted: tuple[str, ...] = ("OAUTHBEARER", "XOAUTH2")
    else:
        wanted = ("SCRAM-SHA-256", "PLAIN")
    for name in wanted:
        if f"AUTH={name}" in capabilities:
            return name
    # LOGIN carries ASCII only; a server that lists no mechanism may still know PLAIN.
    if not login.access_token and not (login.username + login.password).isascii():
        return "PLAIN"
    if not login.access_token and "LOGINDISABLED" not in capabilities:
        return LOGIN_COMMAND
    raise NeedsReconnect(
        "the server offers no way to log in with "
        + ("an access token" if login.access_token else "a password on this connection")
    )


def mechanism(name: str, login: Login, endpoint: Endpoint) -> Mechanism:
    """The conversation of one mechanism."""
    if name == "SCRAM-SHA-256":
        return Scram(login.username, login.password)
    if name == "PLAIN":
        return _once(f"\0{login.username}\0{login.password}".encode(), then=b"")
    if name == "XOAUTH2":
        said = f"user={login.username}\x01auth=Bearer {login.access_token}\x01\x01"
        return OAuth(said.encode(), then=b"")
    user = login.username.replace("=", "=3D").replace(",", "=2C")
    said = f"n,a={user},\x01host={endpoint.host}\x01port={endpoint.port}\x01auth=Bearer {login.access_token}\x01\x01"
    return OAuth(said.encode(), then=b"\x01")


def _once(said: bytes, *, then: bytes) -> Mechanism:
    answers = [said]
    return lambda challenge: answers.pop() if answers else then


class OAuth:
    """Says the token once; a refusal comes as a challenge that wants a dummy answer (RFC 7628 section 3.2.3)."""

    def __init__(self, said: bytes, *, then: bytes) -> None:
        self._said: bytes | None = said
        self._then = then
        self.refusal = b""

    def __call__(self, challenge: bytes) -> bytes:
        if self._said is not None:
            said, self._said = self._said, None
            return said
        self.refusal = challenge
        return self._then

    def missing_scope(self) -> PermissionMissing | None:
        """Set when the server named the scope that it misses; any other refusal is a spent token."""
        try:
            told = json.loads(self.refusal or b"{}")
        except ValueError:
            return None
        if isinstance(told, dict) and told.get("status") == "insufficient_scope":
            return PermissionMissing("the consent does not cover mail", said=self.refusal.decode("utf-8", "replace"))
        return None


class Scram:
    """SCRAM-SHA-256 (RFC 7677), without channel binding. Raises NeedsReconnect when the server cannot prove itself."""

    def __init__(self, username: str, password: str, nonce: str | None = None) -> None:
        name = unicodedata.normalize("NFKC", username).replace("=", "=3D").replace(",", "=2C")
        self._password = unicodedata.normalize("NFKC", password).encode()
        self._nonce = nonce or secrets.token_urlsafe(24)
        self._first = f"n={name},r={self._nonce}"
        self._steps = [self._say_first, self._prove, self._verify]
        self._expected = b""

    def __call__(self, challenge: bytes) -> bytes:
        if not self._steps:
            raise NeedsReconnect("the server goes on after the log-in has ended")
        return self._steps.pop(0)(challenge)

    @property
    def proven(self) -> bool:
        """True when the server has shown that it knows the password, too."""
        return not self._steps

    def _say_first(self, challenge: bytes) -> bytes:
        return f"n,,{self._first}".encode()

    def _prove(self, challenge: bytes) -> bytes:
        told = _attributes(challenge)
        nonce, rounds = told.get("r", ""), int(told.get("i", "0"))
        if not nonce.startswith(self._nonce) or nonce == self._nonce or rounds not in ITERATIONS:
            raise NeedsReconnect("the server's log-in challenge is not valid")
        salted = hashlib.pbkdf2_hmac("sha256", self._password, base64.b64decode(told.get("s", "")), rounds)
        final = f"c=biws,r={nonce}"
        signed = f"{self._first},{challenge.decode()},{final}".encode()
        client_key = _hmac(salted, b"Client Key")
        signature = _hmac(hashlib.sha256(client_key).digest(), signed)
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        self._expected = _hmac(_hmac(salted, b"Server Key"), signed)
        return f"{final},p={base64.b64encode(proof).decode()}".encode()

    def _verify(self, challenge: bytes) -> bytes:
        told = _attributes(challenge)
        if "e" in told:  # refused; the tagged NO follows
            self._steps.append(self._verify)
            return b""
        proof = base64.b64decode(told.get("v", ""))
        if not hmac.compare_digest(proof, self._expected):
            raise NeedsReconnect(UNPROVEN)
        return b""


def _attributes(message: bytes) -> dict[str, str]:
    pairs = (item.partition("=") for item in message.decode().split(","))
    return {name: value for name, _, value in pairs}


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")
