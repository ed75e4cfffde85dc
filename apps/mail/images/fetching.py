"""Fetching a remote image for a reader: from public hosts only, bounded, believed by its bytes. Knows no tenant.

Whoever wrote the mail chose the URL, so all of it is hostile: the host is guarded and pinned for each
request (`core.net`, `adapters.web`), what is sent tells nothing of the person, and what comes back is
an image of a known format or nothing.
"""

import functools
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

import httpx
from django.conf import settings

from apps.core import net
from apps.providers.adapters import web
from apps.providers.adapters.cutoff import Cutoff
from apps.providers.adapters.tls import for_http

from .formats import recognise

REDIRECTS: Final = 3
SECONDS: Final = 5.0
OCTETS: Final = 10 * 1024 * 1024
PIXELS: Final = 40_000_000
PORTS: Final = frozenset({80, 443})
REDIRECTING: Final = frozenset({301, 302, 303, 307, 308})
# All that a server is told; nothing of it differs from one reader to the next.
HEADERS: Final = {
    "User-Agent": "Mozilla/5.0 (compatible; PMSync image proxy)",
    "Accept": "image/avif,image/webp,image/png,image/jpeg,image/gif",
    "Accept-Encoding": "identity",
}
AT_ONCE: Final = 16
"""Images that one process fetches side by side; the next wait for their turn."""

TURN: Final = 3.0
"""Seconds that an image waits for its turn, beside those that fetching takes."""


class ImageUnavailable(Exception):
    """There is no image to be had under this URL; the text says why, for the log and the developer."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image's bytes and what they are."""

    content_type: str
    data: bytes = field(repr=False)


def _exceptions() -> frozenset[tuple[str, int]]:
    hosts: frozenset[tuple[str, int]] = settings.PMSYNC_IMAGE_HOSTS
    return hosts


@dataclass(frozen=True, slots=True)
class Way:
    """How images are reached: names, trusted authorities, time, and our own picture servers."""

    lookup: net.Lookup = net.system_lookup
    tls: Callable[[], ssl.SSLContext] = for_http
    seconds: float = SECONDS
    own_hosts: Callable[[], frozenset[tuple[str, int]]] = _exceptions

    def resolve(self, host: str, port: int) -> tuple[str, ...]:
        """Guarded addresses, one of each family. Raises net.HostRefused or net.HostUnknown."""
        if (host.lower(), port) in self.own_hosts():
            return net.addresses(host, port, self.lookup)
        if port not in PORTS:
            raise net.HostRefused(f"port {port} is not the web's")
        kept: dict[int, str] = {}
        for address in net.resolve_public(host, port, self.lookup):
            kept.setdefault(ip_address(address).version, address)
        return tuple(kept.values())


DEFAULT: Final = Way()


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="images")


def fetch(url: str, way: Way = DEFAULT) -> Image:
    """The image under a URL. Raises ImageUnavailable.

    Takes at most the way's seconds and those of waiting for a turn, whatever resolver and server do:
    the work is done by a thread of its own, whose connections are cut in time.
    """
    asked = _threads().submit(_fetch, url, way)
    try:
        return asked.result(way.seconds + TURN)
    except TimeoutError:
        asked.cancel()
        raise ImageUnavailable("it took too long") from None


def _fetch(url: str, way: Way) -> Image:
    try:
        with Cutoff(way.seconds) as cutoff, web.client(way.resolve, way.tls(), way.seconds / 2) as http:
            answer = _follow(http, url, cutoff)
    except (net.HostRefused, net.HostUnknown, web.TooMuch, httpx.TransportError) as error:
        raise ImageUnavailable(str(error) or type(error).__name__) from None
    return _judge(answer)


def _follow(http: httpx.Client, url: str, cutoff: Cutoff) -> web.Answer:
    target = _parsed(url)
    for _ in range(REDIRECTS + 1):
        request = httpx.Request("GET", target, headers=HEADERS, extensions=_extensions(http, cutoff))
        answer = web.ask(http, request, web.Bounds(cutoff.left, OCTETS))
        if not cutoff.left:  # a body that goes on to the end of the connection ends with the cut too
            raise ImageUnavailable("it took too long")
        if answer.status not in REDIRECTING:
            return answer
        target = _parsed(answer.headers.get("Location", ""), answer.url)
    raise ImageUnavailable(f"more than {REDIRECTS} redirects")


def _extensions(http: httpx.Client, cutoff: Cutoff) -> dict[str, object]:
    return {"timeout": http.timeout.as_dict(), "trace": cutoff.trace}


def _parsed(url: str, base: httpx.URL | None = None) -> httpx.URL:
    try:
        found = base.join(url) if base and url else httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise ImageUnavailable(f"no URL: {error}") from None
    if found.scheme not in web.PORTS or not found.host:
        raise ImageUnavailable(f"{found.scheme or 'nothing'} is not the web's scheme")
    if found.userinfo:
        raise ImageUnavailable("a URL with a log-in")
    return found.copy_with(fragment=None)


def _judge(answer: web.Answer) -> Image:
    if answer.status != httpx.codes.OK:
        raise ImageUnavailable(f"the server said {answer.status}")
    found = recognise(answer.body)
    if found is None:
        raise ImageUnavailable("not an image of a known format")
    if found.width * found.height > PIXELS:
        raise ImageUnavailable(f"{found.width} x {found.height} pixels")
    return Image(found.content_type, answer.body)
