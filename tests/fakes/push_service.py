"""A push service as strict as real ones: it refuses what they refuse, and its browsers read what they are sent.

with PushService(authority.server()) as service:
    browser = service.browser(key)      # key: the applicationServerKey it subscribes with
    browser.subscription                # what PushSubscription.toJSON() gives
    browser.shown                       # the decrypted payloads, in order

Decrypting is written here from RFC 8188 and 8291, and shares nothing with the product.
"""

import hashlib
import hmac
import json
import re
import ssl
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any, Final, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.fakes.web_server import Reply, Request, WebServer

DAY: Final = 86_400
URGENCIES: Final = {"very-low", "low", "normal", "high"}
CREDENTIALS: Final = re.compile(r"vapid t=([\w.-]+), k=([\w-]+)")


def unbase64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@dataclass
class Browser:
    """One subscription, and what its service worker was handed."""

    endpoint: str
    key: str
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: hashlib.sha256(str(time.time_ns()).encode()).digest()[:16])
    shown: list[dict[str, Any]] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)

    @property
    def subscription(self) -> dict[str, Any]:
        """`PushSubscription.toJSON()`."""
        keys = {"p256dh": base64(point(self.private)), "auth": base64(self.auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def decrypt(self, body: bytes) -> bytes:
        """The plain text of one aes128gcm record."""
        salt, record, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, cipher = body[21 : 21 + length], body[21 + length :]
        assert record > 17 and len(cipher) <= record
        shared = self.private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        secret = _expand(_extract(self.auth, shared), b"WebPush: info\0" + point(self.private) + sender, 32)
        pseudo = _extract(salt, secret)
        key = _expand(pseudo, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _expand(pseudo, b"Content-Encoding: nonce\0", 12)
        plain = AESGCM(key).decrypt(nonce, cipher, None).rstrip(b"\0")
        assert plain.endswith(b"\x02"), "the only record is the last one"
        return plain[:-1]


def _extract(salt: bytes, material: bytes) -> bytes:
    return hmac.new(salt, material, hashlib.sha256).digest()


def _expand(key: bytes, info: bytes, length: int) -> bytes:
    return hmac.new(key, info + b"\x01", hashlib.sha256).digest()[:length]


class PushService:
    """Listens on the loopback over TLS."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self.browsers: dict[str, Browser] = {}
        self.complaints: list[str] = []
        self._server = WebServer(self._answer, tls)

    @property
    def origin(self) -> str:
        return f"https://127.0.0.1:{self._server.port}"

    @property
    def requests(self) -> list[Request]:
        return self._server.requests

    def browser(self, key: str) -> Browser:
        """A new browser, subscribed with this applicationServerKey."""
        path = f"/push/{len(self.browsers)}-{time.time_ns()}"
        self.browsers[path] = Browser(self.origin + path, key)
        return self.browsers[path]

    def unsubscribed(self, browser: Browser) -> None:
        """The browser ended its subscription, without a word to anybody else."""
        del self.browsers[browser.endpoint.removeprefix(self.origin)]

    def _answer(self, request: Request) -> Reply:
        browser = self.browsers.get(request.path)
        if browser is None:
            return Reply(410)
        if browser.replies:
            return browser.replies.pop(0)
        fault = self._fault(request, browser)
        if fault:
            self.complaints.append(fault[1])
            return Reply(fault[0], fault[1].encode())
        browser.topics.append(request.headers.get("topic", ""))
        browser.shown.append(json.loads(browser.decrypt(request.body)))
        return Reply(201, headers={"Location": f"{self.origin}/message/1"})

    def _fault(self, request: Request, browser: Browser) -> tuple[int, str] | None:
        headers = request.headers
        if request.method != "POST":
            return 405, request.method
        if not headers.get("ttl", "").isdecimal():
            return 400, "TTL is missing (RFC 8030, 5.2)"
        if headers.get("content-encoding") != "aes128gcm":
            return 415, "content-encoding"
        if len(request.body) > 4096:
            return 413, "more than 4096 octets"
        if headers.get("urgency", "normal") not in URGENCIES:
            return 400, "urgency"
        if not re.fullmatch(r"[\w-]{0,32}", headers.get("topic", ""), re.ASCII):
            return 400, "topic"
        if {"cookie", "referer"} & set(headers):
            return 400, "something a server is not to be told"
        return self._stranger(headers.get("authorization", ""), browser)

    def _stranger(self, authorization: str, browser: Browser) -> tuple[int, str] | None:
        """RFC 8292, sections 2 and 4."""
        given = CREDENTIALS.fullmatch(authorization)
        if given is None:
            return 401, "no vapid credentials"
        token, key = given.groups()
        if key != browser.key:
            return 403, "not the key that the browser subscribed with"
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unbase64(key))
        try:
            claims = jwt.decode(token, public, algorithms=["ES256"], audience=self.origin, options={"require": ["exp"]})
        except jwt.InvalidTokenError as error:
            return 403, f"vapid token: {error}"
        if claims["exp"] > time.time() + DAY:
            return 403, "exp lies more than a day ahead"
        if not claims["sub"].startswith(("mailto:", "https://")):
            return 403, "sub is no way to reach anybody"
        return None

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.__exit__(*exc)
