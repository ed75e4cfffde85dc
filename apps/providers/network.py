"""How discovery and checks reach the world; tests hand in their own servers' addresses and authority."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import dns.resolver
import httpx

from apps.core import net

from .adapters import web
from .adapters.imap.channel import Timeouts
from .adapters.tls import for_http, for_mail

# No server that a person connects to listens on these: they would only make us a port scanner.
NEVER: Final = frozenset({1900, 2049, 2375, 2379, 3306, 3389, 5432, 5900, 5984, 6000, 6379, 8086, 9042, 9092, 9200,
                          10250, 11211, 15672, 27017})  # fmt: skip
LOW: Final = frozenset({80, 110, 143, 443, 465, 585, 587, 993, 995})
"""Below 1024 only what mail and the web use."""


def port_allowed(port: int) -> bool:
    """Whether we connect to this port of a host that a person named."""
    return port in LOW or (1024 <= port <= 65535 and port not in NEVER)


@dataclass(frozen=True, slots=True)
class Patience:
    """In seconds: a connection, one answer, one step of a diagnosis, and a service's whole check."""

    connect: float = 4.0
    answer: float = 11.0  # Dovecot holds answers back for 2, 4, 8, 15 s after wrong passwords
    step: float = 2.0
    whole: float = 15.0

    @property
    def timeouts(self) -> Timeouts:
        """As the adapters take it."""
        return Timeouts(self.connect, self.answer, self.answer)


def system_dns() -> dns.resolver.Resolver:
    """The machine's own name servers, without its search domains."""
    resolver = dns.resolver.Resolver()
    resolver.search = []
    resolver.lifetime = 4.0
    return resolver


@dataclass(frozen=True, slots=True)
class Network:
    """The world as seen from here: names, name servers, trusted authorities, patience."""

    lookup: net.Lookup = net.system_lookup
    resolver: Callable[[], dns.resolver.Resolver] = system_dns
    tls: Callable[[], ssl.SSLContext] = for_mail
    https: Callable[[], ssl.SSLContext] = for_http
    https_port: int = 443
    patience: Patience = field(default_factory=Patience)

    def resolve(self, host: str, port: int) -> tuple[str, ...]:
        """Guarded addresses. Raises net.HostRefused or net.HostUnknown."""
        if not port_allowed(port):
            raise net.HostRefused(f"port {port} is not for mail")
        return net.resolve(host, port, self.lookup)

    @contextmanager
    def http(self) -> Iterator[httpx.Client]:
        """A client whose every request passes the guard."""
        with web.client(self.resolve, self.https(), self.patience.connect) as opened:
            yield opened
