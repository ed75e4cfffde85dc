"""The host guard (fault F93): no form of a private address is connected to, by any of the ways in."""

from dataclasses import replace
from typing import Any

import pytest

from apps.core import net
from apps.providers import checks
from apps.providers.adapters.base import Login
from apps.providers.checks import Server, Services
from apps.providers.discovery import autoconfig
from apps.providers.network import Network
from tests.fakes.certificates import Authority
from tests.fakes.dns_server import DnsServer
from tests.fakes.line_server import LineServer
from tests.fakes.web_server import Reply, WebServer
from tests.providers import scripts

LOGIN = Login("ada", "pencil")
PRIVATE = (
    "127.0.0.1", "127.1", "0", "0.0.0.0", "0177.0.0.1", "0x7f.0.0.1", "2130706433", "localhost",  # noqa: S104  named, not bound
    "::1", "[::1]", "::ffff:127.0.0.1", "::127.0.0.1", "::",
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "198.18.0.1", "192.0.2.1",
    "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "fd00::1", "fe80::1", "ff02::1", "2001:db8::1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b:1::a00:1",
)  # fmt: skip


@pytest.fixture
def guarded(settings: Any) -> None:
    """As an installation on the internet."""
    settings.PMSYNC_ALLOW_PRIVATE_HOSTS = False


@pytest.fixture
def system(network: Network) -> Network:
    """Names as the machine itself resolves them."""
    return replace(network, lookup=net.system_lookup)


@pytest.mark.parametrize("host", PRIVATE)
@pytest.mark.parametrize("service", ["imap", "smtp"])
def test_no_form_of_a_private_address_is_connected_to(service: str, host: str, guarded: None, system: Network) -> None:
    with LineServer(scripts.silent) as sink:
        server = Server(host, sink.port, "none")
        wanted = Services(imap=server) if service == "imap" else Services(smtp=server)
        (outcome,) = checks.run(wanted, LOGIN, system)
        assert outcome.failure is not None
        assert outcome.failure.code in {"name.private", "name.unknown", "name.invalid"}
        assert sink.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "0177.0.0.1", "[::ffff:127.0.0.1]", "[fd00::1]", "169.254.169.254"])
def test_no_dav_address_leads_inside(host: str, guarded: None, system: Network) -> None:
    with WebServer(lambda request: Reply(207)) as sink:
        (outcome,) = checks.run(Services(caldav=f"http://{host}:{sink.port}/"), LOGIN, system)
        assert outcome.failure is not None
        assert outcome.failure.code in {"name.private", "name.unknown", "name.invalid"}
        assert not sink.requests


def test_a_name_with_one_private_address_among_public_ones_is_refused(
    guarded: None, network: Network, dns: DnsServer
) -> None:
    dns.add("mail.firm.example", "A", "93.184.216.34", "10.0.0.1")
    (outcome,) = checks.run(Services(imap=Server("mail.firm.example", 993)), LOGIN, network)
    assert outcome.failure is not None
    assert outcome.failure.code == "name.private"


def test_a_name_that_changes_its_mind_gains_nothing(network: Network, dns: DnsServer) -> None:
    """Rebinding: the address that was looked at is the one that is connected to, for log-in and diagnosis alike."""
    with (
        LineServer(scripts.says(b"* BYE no\r\n")) as first,
        LineServer(scripts.silent, address="127.0.0.2", port=first.port) as sink,
    ):
        dns.add("mail.firm.example", "A", "127.0.0.1", then=["127.0.0.2"])
        (outcome,) = checks.run(Services(imap=Server("mail.firm.example", first.port, "none")), LOGIN, network)
        assert outcome.failure is not None
        assert outcome.failure.code == "port.turned_away"
        assert dns.asked[("mail.firm.example", "A")] == 1
        assert sink.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "[::1]", "inside.firm.example"])
def test_a_redirect_of_the_autoconfiguration_leads_nowhere_inside(
    host: str, settings: Any, network: Network, dns: DnsServer, authority: Authority
) -> None:
    # The first hop stands for a public host: its name is let through, every later one passes the guard.
    settings.PMSYNC_ALLOW_PRIVATE_HOSTS = False
    dns.add("inside.firm.example", "A", "127.0.0.1")
    with WebServer(lambda request: Reply(body=b"x"), authority.server("inside.firm.example")) as sink:
        answer = Reply(302, headers={"Location": f"https://{host}:{sink.port}/"})
        with WebServer(lambda request: answer, authority.server("autoconfig.firm.example")) as public:
            asked: list[str] = []

            class Outside(Network):
                def resolve(self, name: str, port: int) -> tuple[str, ...]:
                    asked.append(name)
                    if name == "autoconfig.firm.example":
                        return ("127.0.0.1",)
                    return super().resolve(name, port)

            outside = Outside(dns.lookup, network.resolver, network.tls, network.https, public.port, network.patience)
            assert autoconfig.look("ada@firm.example", outside) is None
            assert len(public.requests) == 1
            assert asked[1].strip("[]") == host.strip("[]")
            assert not sink.requests


def test_public_addresses_are_public() -> None:
    for address in ("93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"):
        assert net.is_public(address)
