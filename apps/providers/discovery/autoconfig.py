"""Mozilla's autoconfiguration: a document that a domain keeps for mail programs, fetched over HTTPS only."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urljoin, urlsplit
from xml.etree.ElementTree import Element, ParseError

import httpx
import structlog
from defusedxml import DefusedXmlException, ElementTree

from apps.core import net
from apps.providers.adapters import web
from apps.providers.checks import Server, Services, valid_host
from apps.providers.network import Network

log = structlog.get_logger(__name__)

PLACES: Final = (
    "https://autoconfig.{domain}{port}/mail/config-v1.1.xml?emailaddress={address}",
    "https://{domain}{port}/.well-known/autoconfig/mail/config-v1.1.xml",
)
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
MOST_REDIRECTS: Final = 3
BOUNDS: Final = web.Bounds(seconds=5.0, octets=256 * 1024)
SECURITY: Final = {"SSL": "tls", "STARTTLS": "starttls"}
"""`plain` is left out: a password is never sent in the clear because a document says so."""


@dataclass(frozen=True, slots=True)
class Configured:
    """What the document says."""

    services: Services
    username: str


def look(address: str, network: Network) -> Configured | None:
    """The document of the address's domain; None when no place has one that can be used."""
    domain = address.rpartition("@")[2]
    port = "" if network.https_port == 443 else f":{network.https_port}"
    for place in PLACES:
        body = _fetch(place.format(domain=domain, port=port, address=quote(address)), network)
        found = parse(body, address) if body else None
        if found is not None:
            return found
    return None


def _fetch(url: str, network: Network) -> bytes | None:
    try:
        with network.http() as http:
            for _ in range(MOST_REDIRECTS + 1):
                answer = web.ask(http, http.build_request("GET", url), BOUNDS)
                location = answer.headers.get("location")
                if answer.status not in REDIRECTS or not location:
                    return answer.body if answer.status == 200 else None
                url = urljoin(url, location)
                if urlsplit(url).scheme != "https":
                    return None
    except (httpx.HTTPError, httpx.InvalidURL, web.TooMuch, net.HostRefused, net.HostUnknown, ValueError) as error:
        log.debug("no autoconfiguration", reason=type(error).__name__)
    return None


def parse(body: bytes, address: str) -> Configured | None:
    """The first encrypted IMAP server and the first encrypted SMTP server that take a password. Pure."""
    try:
        root = ElementTree.fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        return None
    imap = _first(root, "incomingServer", "imap", address)
    smtp = _first(root, "outgoingServer", "smtp", address)
    if imap is None:
        return None
    return Configured(Services(imap[0], smtp[0] if smtp else None), imap[1])


def _first(root: Element, tag: str, kind: str, address: str) -> tuple[Server, str] | None:
    for element in root.iter(tag):
        if element.get("type") == kind:
            found = _server(element, address)
            if found is not None:
                return found
    return None


def _server(element: Element, address: str) -> tuple[Server, str] | None:
    host = _filled(element.findtext("hostname", ""), address)
    port = element.findtext("port", "").strip()
    security = SECURITY.get(element.findtext("socketType", "").strip())
    ways = [(way.text or "").strip() for way in element.findall("authentication")]
    takes_password = not ways or any(way.startswith("password") for way in ways)
    if not security or not takes_password or not port.isascii() or not port.isdigit() or not valid_host(host):
        return None
    username = _filled(element.findtext("username", ""), address) or address
    return Server(host, int(port), security), username


def _filled(text: str, address: str) -> str:
    local, _, domain = address.rpartition("@")
    for name, value in (("%EMAILADDRESS%", address), ("%EMAILLOCALPART%", local), ("%EMAILDOMAIN%", domain)):
        text = text.replace(name, value)
    return text.strip()
