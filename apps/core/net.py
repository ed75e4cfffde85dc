"""The one guard for hosts that a person named: IMAP, SMTP and DAV servers, images.

A name is resolved once; every address it has must be public, and the connection goes to one of
those addresses, so a name that changes its mind between check and use gains nothing (rebinding).
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from typing import Final

from django.conf import settings

# What ipaddress calls global but is not for us: 6to4 and NAT64 can carry any IPv4 address.
CARRIERS: Final = tuple(ipaddress.ip_network(net) for net in ("2002::/16", "64:ff9b::/96", "64:ff9b:1::/48"))


class HostRefused(Exception):
    """The name leads to an address that is not public."""


class HostUnknown(Exception):
    """The name does not resolve, or resolving failed for now."""


def is_public(address: str) -> bool:
    """True for an address of the public internet; mapped and embedded forms are looked through."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return is_public(str(parsed.ipv4_mapped))
        if any(parsed in carrier for carrier in CARRIERS):
            return False
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


Lookup = Callable[[str, int], Sequence[str]]
"""Host and port in, addresses out. Raises OSError or ValueError when there are none."""


def system_lookup(host: str, port: int) -> Sequence[str]:
    """What the machine's own resolver says."""
    return [str(item[4][0]) for item in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def resolve(host: str, port: int, lookup: Lookup = system_lookup) -> tuple[str, ...]:
    """Every address of a host that a person named, in the resolver's order. Raises HostRefused or HostUnknown.

    `PMSYNC_ALLOW_PRIVATE_HOSTS` opens private addresses, for the demo, tests and intranets.
    """
    if settings.PMSYNC_ALLOW_PRIVATE_HOSTS:
        return addresses(host, port, lookup)
    return resolve_public(host, port, lookup)


def resolve_public(host: str, port: int, lookup: Lookup = system_lookup) -> tuple[str, ...]:
    """The same for a host that a stranger named: public whatever the settings. Raises HostRefused or HostUnknown."""
    found = addresses(host, port, lookup)
    if not all(is_public(address) for address in found):
        raise HostRefused(f"{host} leads to a private address")
    return found


def addresses(host: str, port: int, lookup: Lookup = system_lookup) -> tuple[str, ...]:
    """Every address of a host, unguarded. Raises HostUnknown."""
    try:
        found = tuple(dict.fromkeys(lookup(host, port)))
    except (OSError, ValueError) as error:  # ValueError: a name that no resolver takes
        raise HostUnknown(f"{host} cannot be found: {error}") from None
    if not found:
        raise HostUnknown(f"{host} has no address")
    return found
