"""HTTP to hosts that a person named: addresses resolved and guarded once, pinned, bounded. Knows no Django.

Each request, so each step of a redirect, resolves through the guard that is given in and connects
to an address which that guard returned; a name that changes its answer in between gains nothing.
"""

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx

Resolve = Callable[[str, int], tuple[str, ...]]
"""Host and port in, guarded addresses out. What it raises passes through unchanged."""

PORTS: Final = {"https": 443, "http": 80}
ADDRESSES: Final = 4
"""How many addresses of a host are tried."""


class TooMuch(Exception):
    """The answer is longer than allowed, or takes longer."""


class Pinned(httpx.BaseTransport):
    """Connects to the guard's addresses, while TLS and the Host header keep the name.

    Every host has a pool of its own: connections are kept by address, and one made for a host must
    never serve another host at the same address, whose certificate nobody looked at.
    """

    def __init__(self, resolve: Resolve, tls: ssl.SSLContext) -> None:
        self._resolve = resolve
        self._tls = tls
        self._pools: dict[str, httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request over one connection. Raises httpx.TransportError, and what the guard raises."""
        url = request.url
        if url.scheme not in PORTS:
            raise httpx.UnsupportedProtocol(f"{url.scheme} is not HTTP")
        host = url.raw_host.decode("ascii")
        addresses = self._resolve(host, url.port or PORTS[url.scheme])[:ADDRESSES]
        failure: httpx.TransportError | None = None
        for address in addresses:
            try:
                return self._pool(host).handle_request(_to_address(request, host, address))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure or httpx.ConnectError(f"{host} has no address")

    def _pool(self, host: str) -> httpx.HTTPTransport:
        if host not in self._pools:
            self._pools[host] = httpx.HTTPTransport(verify=self._tls, trust_env=False)
        return self._pools[host]

    def close(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            pool.close()


def _to_address(request: httpx.Request, host: str, address: str) -> httpx.Request:
    extensions = request.extensions | {"sni_hostname": host}
    url = request.url.copy_with(host=address)
    return httpx.Request(request.method, url, headers=request.headers, stream=request.stream, extensions=extensions)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, read to its end."""

    url: httpx.URL
    status: int
    headers: httpx.Headers
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bounds:
    """`seconds` for the whole answer, `octets` for its body as decoded."""

    seconds: float = 5.0
    octets: int = 256 * 1024


@contextmanager
def client(resolve: Resolve, tls: ssl.SSLContext, seconds: float = 5.0) -> Iterator[httpx.Client]:
    """A client that follows no redirect by itself, keeps no cookie and asks no proxy of the environment."""
    transport = Pinned(resolve, tls)
    with httpx.Client(transport=transport, timeout=seconds, follow_redirects=False, trust_env=False) as opened:
        opened.headers["User-Agent"] = "PMSync/1"
        # A compressed body could be a bomb, and proxies that compress rewrite ETags.
        opened.headers["Accept-Encoding"] = "identity"
        yield opened


def ask(http: httpx.Client, request: httpx.Request, bounds: Bounds, auth: httpx.Auth | None = None) -> Answer:
    """Send and read. Raises httpx.TransportError, TooMuch, and what the guard raises."""
    deadline = time.monotonic() + bounds.seconds
    http.cookies.clear()
    response = http.send(request, stream=True, auth=auth)
    try:
        body = bytearray()
        for chunk in response.iter_raw(16 * 1024):
            body += chunk
            if len(body) > bounds.octets:
                raise TooMuch(f"the answer is longer than {bounds.octets} octets")
            if time.monotonic() > deadline:
                raise TooMuch(f"the answer took longer than {bounds.seconds:g} s")
        return Answer(request.url, response.status_code, response.headers, bytes(body))
    finally:
        response.close()
