"""HTTP below google-api-python-client: one request, one answer, never repeated by itself, bounded.

The client library's own transport (httplib2) sends a request again when a kept connection ends without
an answer; for `messages.send` that is a second letter. This one stands in its place: it has the
method `request` that the library calls, adds the bearer, and renews it once when it is refused.
"""

import ssl
import time
from collections.abc import Mapping
from typing import Any, Final

import httplib2
import httpx

from apps.providers.adapters import errors
from apps.providers.adapters.base import TokenSource, Traffic
from apps.providers.adapters.tls import for_http

CONNECT: Final = 10.0
READ: Final = 60.0
TOTAL: Final = 180.0
"""Seconds for an answer to its end: a message of 50 MB over a slow line takes its time."""
MOST: Final = 256 * 1024 * 1024
"""Octets of an answer: the largest message that Gmail keeps (150 MiB), in base64."""
PIECE: Final = 64 * 1024


class Wire:
    """What google-api-python-client takes for an `httplib2.Http`. Used by one thread at a time."""

    def __init__(
        self,
        tokens: TokenSource | None,
        root: str,
        *,
        tls: ssl.SSLContext | None = None,
        read: float = READ,
        total: float = TOTAL,
    ) -> None:
        timeout = httpx.Timeout(read, connect=CONNECT)
        self._http = httpx.Client(verify=tls or for_http(), timeout=timeout, follow_redirects=False, trust_env=False)
        self._http.headers["User-Agent"] = "PMSync/1"
        self._tokens = tokens
        self._root = httpx.URL(root)
        self._total = total
        self.traffic = Traffic()

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        redirections: int = 0,
        connection_type: Any = None,
    ) -> tuple[httplib2.Response, bytes]:
        """One request with the bearer; after a 401 once more with another. Raises httpx.HTTPError, the errors of
        `adapters.errors`."""
        url = httpx.URL(uri)
        if (url.scheme, url.host, url.port) != (self._root.scheme, self._root.host, self._root.port):
            raise errors.Rejected("a token is sent to the provider's own address only")
        # A part of a resumable upload is a stream; it is read, so that it can be sent again with another token.
        whole = body.read() if hasattr(body, "read") else body
        content = whole.encode() if isinstance(whole, str) else whole
        answer, token = self._once(method, url, content, headers or {}, "")
        if answer[0].status == 401 and token:
            answer, _ = self._once(method, url, content, headers or {}, token)
        return answer

    def renewed(self, refused: str) -> None:
        """Have the token that was refused in a part of a batch replaced."""
        if self._tokens is not None:
            self._tokens.token(refused)

    def _once(
        self, method: str, url: httpx.URL, body: bytes | None, headers: Mapping[str, str], rejected: str
    ) -> tuple[tuple[httplib2.Response, bytes], str]:
        token = self._tokens.token(rejected) if self._tokens is not None else ""
        sent = {name: value for name, value in headers.items() if name.lower() not in ("authorization", "user-agent")}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        request = self._http.build_request(method, url, content=body, headers=sent)
        self._http.cookies.clear()
        deadline = time.monotonic() + self._total
        response = self._http.send(request, stream=True)
        try:
            content = bytearray()
            for piece in response.iter_bytes(PIECE):
                content += piece
                if len(content) > MOST:
                    raise errors.Rejected("the answer is longer than is read")
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer took too long")
        finally:
            response.close()
        done = self.traffic
        self.traffic = Traffic(
            done.round_trips + 1, done.bytes_in + len(content), done.bytes_out + len(body or b"")
        )  # fmt: skip
        told = {name.lower(): value for name, value in response.headers.items()}
        told["status"] = str(response.status_code)
        return (httplib2.Response(told), bytes(content)), token

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
