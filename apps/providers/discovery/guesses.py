"""The usual names of a domain's mail servers, of which only those count that answer with a valid certificate."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from apps.core import net
from apps.providers.adapters import probe
from apps.providers.adapters.base import Endpoint
from apps.providers.adapters.probe import Protocol
from apps.providers.checks import Server, Services
from apps.providers.network import Network


@dataclass(frozen=True, slots=True)
class Guess:
    """A name to put before the domain, and how to speak there."""

    label: str
    port: int
    security: str


IMAP: Final = (
    Guess("imap", 993, "tls"),
    Guess("mail", 993, "tls"),
    Guess("imap", 143, "starttls"),
    Guess("mail", 143, "starttls"),
)
SMTP: Final = (
    Guess("smtp", 465, "tls"),
    Guess("mail", 465, "tls"),
    Guess("smtp", 587, "starttls"),
    Guess("mail", 587, "starttls"),
)


def look(domain: str, network: Network, imap: Sequence[Guess] = IMAP, smtp: Sequence[Guess] = SMTP) -> Services:
    """The best of the usual names for each service. Nothing but a greeting is exchanged."""
    tries = [(Protocol.IMAP, guess) for guess in imap] + [(Protocol.SMTP, guess) for guess in smtp]
    with ThreadPoolExecutor(max_workers=len(tries), thread_name_prefix="guess") as pool:
        answers = list(pool.map(lambda item: _answers(domain, item[0], item[1], network), tries))
    best: dict[Protocol, Server] = {}
    for (protocol, guess), good in zip(tries, answers, strict=True):
        if good:
            best.setdefault(protocol, Server(f"{guess.label}.{domain}", guess.port, guess.security))
    return Services(best.get(Protocol.IMAP), best.get(Protocol.SMTP))


def _answers(domain: str, protocol: Protocol, guess: Guess, network: Network) -> bool:
    host = f"{guess.label}.{domain}"
    try:
        addresses = network.resolve(host, guess.port)
    except (net.HostRefused, net.HostUnknown):
        return False
    endpoint = Endpoint(host, guess.port, guess.security, addresses)
    return probe.look(endpoint, protocol, tls=network.tls(), seconds=network.patience.step) is None
