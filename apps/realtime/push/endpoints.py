"""The addresses that browsers name for their pushes: judged before one is stored, and again whenever it is used.

A browser's owner chose the address, so our server must not become their way to hosts inside.
"""

from typing import Final
from urllib.parse import urlsplit

from django.conf import settings

from apps.core import net

LONGEST: Final = 1000
"""Characters; those of the known push services have 150 to 600."""

PORT: Final = 443


class EndpointRefused(ValueError):
    """The address is none of a push service; the text says what is wrong with it."""


def check(endpoint: str, lookup: net.Lookup = net.system_lookup) -> None:
    """Raise EndpointRefused unless it is an https URL of a public host, net.HostUnknown when that is not found now."""
    if len(endpoint) > LONGEST:
        raise EndpointRefused(f"it has more than {LONGEST} characters")
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname, parts.port or PORT
    except ValueError as error:
        raise EndpointRefused(f"it is no URL: {error}") from None
    if parts.scheme != "https" or not host or not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint:
        raise EndpointRefused("it is no https URL")
    if "@" in parts.netloc or parts.fragment:
        raise EndpointRefused("it has a log-in or a fragment")
    try:
        resolve(host, port, lookup)
    except net.HostRefused as error:
        raise EndpointRefused(str(error)) from None


def resolve(host: str, port: int, lookup: net.Lookup = net.system_lookup) -> tuple[str, ...]:
    """Guarded addresses of a push service. Raises net.HostRefused or net.HostUnknown."""
    if port != PORT and not settings.PMSYNC_ALLOW_PRIVATE_HOSTS:
        raise net.HostRefused(f"port {port} is not that of https")
    return net.resolve(host, port, lookup)
