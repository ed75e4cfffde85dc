"""Refuses WebSockets opened by other sites' pages (cross-site WebSocket hijacking, RFC 6455 section 10.2)."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host

from .frames import NOT_YOURS

DEFAULT_PORTS = {"http": 80, "https": 443}


def allowed(origin: str | None, host: str | None) -> bool:
    """True when the page is ours: of the public address, or of the very host it talks to, if that is one of ours.

    Browsers always send an Origin, so its absence is refused: what is no browser can name ours.
    """
    try:
        page = _place(origin or "")
        if page is None:
            return False
        if page == _place(settings.PMSYNC_PUBLIC_URL):
            return True
        # A host name that somebody pointed at our address is not among the allowed ones (DNS rebinding).
        scheme, name, _ = page
        return (
            (scheme == "https" or not settings.SECURE)
            and page == _place(f"{scheme}://{host}")
            and validate_host(name, settings.ALLOWED_HOSTS)
        )
    except ValueError:  # not an address at all, or no port
        return False


def _place(address: str) -> tuple[str, str, int] | None:
    """Scheme, host and port of an origin (RFC 6454), or None for one that is none, such as `null`."""
    parts = urlsplit(address)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        return None
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return parts.scheme, name, parts.port or DEFAULT_PORTS[parts.scheme]


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> str | None:
    """A header's value; None when it is absent or given twice, so that two readers cannot differ on it."""
    values = [value for key, value in headers if key == name]
    return values[0].decode("latin-1") if len(values) == 1 else None


class OwnPagesOnly:
    """ASGI application that lets through to `application` only what our own pages open."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection; a foreign one is closed with 4403 before a byte of ours was sent."""
        headers = scope["headers"]
        if allowed(header(headers, b"origin"), header(headers, b"host")):
            await self.application(scope, receive, send)
            return
        await refuse(scope, receive, send)


async def refuse(scope: Any, receive: Any, send: Any) -> None:
    """Close at once with 4403. The handshake is finished first: pages do not see why one failed."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": NOT_YOURS})
