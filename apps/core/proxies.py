"""Who a request really comes from, when proxies of ours stand before the web process.

Limits on log-in count by network address: behind a proxy everybody would have the proxy's. The header
is believed only as far as proxies of ours wrote it: what a client put there itself stands further left.
"""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Network = IPv4Network | IPv6Network


def client_address(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """The nearest address that is no proxy of ours: `peer`, or one of X-Forwarded-For read from its right end."""
    address = peer
    hops = [hop.strip() for hop in forwarded.split(",")] if forwarded else []
    while hops and _within(address, trusted):
        hop = hops.pop()
        if not _is_address(hop):
            break
        address = hop
    return address


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _within(address: str, networks: Sequence[Network]) -> bool:
    if not _is_address(address):
        return False
    found = ip_address(address)
    return any(found in network for network in networks if network.version == found.version)


class ClientAddress:
    """Puts the client's address into REMOTE_ADDR, before anything counts by it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        peer, forwarded = request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", "")
        request.META["REMOTE_ADDR"] = client_address(peer, forwarded, settings.PMSYNC_TRUSTED_PROXIES)
        return self.get_response(request)
