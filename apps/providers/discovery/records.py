"""What a domain's DNS says of its mail, calendars and address books (RFC 6186, RFC 8314, RFC 6764)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import dns.exception
import dns.resolver

from apps.providers.checks import Server

Ask = Callable[[str, str], list[Any]]
"""Name and type in, records out; none for a name or a type that does not exist or did not answer."""

MAIL: Final = {
    "imap": (("_imaps._tcp", "tls"), ("_imap._tcp", "starttls")),
    "smtp": (("_submissions._tcp", "tls"), ("_submission._tcp", "starttls")),
}
WEB: Final = {"caldav": "_caldavs._tcp", "carddav": "_carddavs._tcp"}


def asker(make: Callable[[], dns.resolver.Resolver]) -> Ask:
    """Ask through a resolver. No answer in time counts as none: another source may know."""

    def ask(name: str, kind: str) -> list[Any]:
        try:
            return list(make().resolve(name, kind))
        except (dns.exception.DNSException, ValueError):  # ValueError: a name that cannot be one
            return []

    return ask


@dataclass(frozen=True, slots=True)
class Service:
    """One SRV record's target."""

    host: str
    port: int


def service(ask: Ask, name: str) -> Service | None:
    """The best target of an SRV name: lowest priority, then highest weight.

    None when there is none, and when the target is ".": decidedly not offered (RFC 2782).
    """
    records = sorted(ask(name, "SRV"), key=lambda record: (record.priority, -record.weight))
    for record in records:
        host = record.target.to_text(omit_final_dot=True).lower()
        if host not in ("", "."):
            return Service(host, int(record.port))
    return None


def mail_server(ask: Ask, domain: str, kind: str) -> Server | None:
    """The domain's `imap` or `smtp` server, with TLS from the start preferred (RFC 8314 section 3)."""
    for prefix, security in MAIL[kind]:
        found = service(ask, f"{prefix}.{domain}")
        if found is not None:
            return Server(found.host, found.port, security)
    return None


def web_address(ask: Ask, domain: str, kind: str) -> str | None:
    """Where the domain's `caldav` or `carddav` is, with the path of its TXT record (RFC 6764 section 6)."""
    name = f"{WEB[kind]}.{domain}"
    found = service(ask, name)
    if found is None:
        return None
    port = "" if found.port == 443 else f":{found.port}"
    return f"https://{found.host}{port}{_path(ask, name) or f'/.well-known/{kind}'}"


def _path(ask: Ask, name: str) -> str | None:
    for record in ask(name, "TXT"):
        text = b"".join(record.strings).decode("utf-8", "replace")
        if text.startswith("path=/") and text.isprintable():
            return text.removeprefix("path=")
    return None


def exchangers(ask: Ask, domain: str) -> list[str]:
    """The hosts that take the domain's mail, best first."""
    records = sorted(ask(domain, "MX"), key=lambda record: record.preference)
    return [record.exchange.to_text(omit_final_dot=True).lower() for record in records]
