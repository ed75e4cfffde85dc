"""From an address to its servers: each source against a real name server and real HTTPS, and their order."""

import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from apps.providers import discovery
from apps.providers.checks import Server, Services
from apps.providers.discovery import autoconfig, guesses, presets
from apps.providers.discovery.guesses import Guess
from apps.providers.models import ProviderType
from apps.providers.network import Network
from tests.fakes.certificates import Authority
from tests.fakes.dns_server import DnsServer
from tests.fakes.line_server import LineServer
from tests.fakes.web_server import Reply, Request, WebServer
from tests.providers import scripts

ADDRESS = "ada@firm.example"


def nothing(domain: str, network: Network) -> Services:
    """No usual name answers."""
    return Services()


def find(network: Network, address: str = ADDRESS, guess: Callable[..., Services] = nothing) -> discovery.Discovered:
    return discovery.discover(address, network, guess=guess)


# Presets


@pytest.mark.parametrize(
    ("address", "host", "hint"),
    [
        ("ada@gmail.com", "imap.gmail.com", "hint.gmail"),
        ("ada@YAHOO.it", "imap.mail.yahoo.com", "hint.yahoo"),
        ("ada@aol.com", "imap.aol.com", "hint.aol"),
        ("ada@icloud.com", "imap.mail.me.com", "hint.icloud"),
        ("ada@fastmail.com", "imap.fastmail.com", "hint.fastmail"),
        ("ada@gmx.de", "imap.gmx.net", "hint.enable_imap"),
        ("ada@web.de", "imap.web.de", "hint.enable_imap"),
        ("ada@libero.it", "imapmail.libero.it", "hint.enable_imap"),
        ("ada@virgilio.it", "in.virgilio.it", None),
        ("ada@alice.it", "in.alice.it", None),
        ("ada@tim.it", "imap.tim.it", None),
        ("ada@pec.it", "imaps.pec.aruba.it", None),
        ("ada@mailbox.org", "imap.mailbox.org", "hint.app_if_two_step"),
        ("ada@posteo.de", "posteo.de", None),
        ("ada@zoho.eu", "imap.zoho.eu", "hint.zoho"),
        ("ada@yandex.ru", "imap.yandex.com", "hint.yandex"),
    ],
)
def test_a_providers_own_domain_is_known_without_any_question(
    address: str, host: str, hint: str | None, network: Network, dns: DnsServer
) -> None:
    found = find(network, address)
    assert found.services.imap is not None
    assert (found.source, found.services.imap.host, found.hint) == ("preset", host, hint)
    assert not dns.asked


@pytest.mark.parametrize("address", ["ada@outlook.com", "ada@hotmail.it", "ada@live.co.uk", "ada@msn.com"])
def test_microsofts_domains_say_that_a_password_is_no_use(address: str, network: Network) -> None:
    found = find(network, address)
    assert found.provider_type == ProviderType.MICROSOFT
    assert found.as_json("en")["password_hint"] == (
        f"{address} is opened by signing in at Microsoft; a password does not work for it."
    )
    assert found.as_json()["password_works"] is False


def test_googles_domains_can_be_signed_in_to_and_take_a_password_as_well(network: Network) -> None:
    found = find(network, "ada@gmail.com")
    assert found.provider_type == ProviderType.GOOGLE
    assert found.as_json()["password_works"] is True


@pytest.mark.parametrize(
    ("host", "kind", "refusal"),
    [
        ("imap.gmail.com", ProviderType.GOOGLE, None),
        ("outlook.office365.com", ProviderType.MICROSOFT, "login.microsoft"),
        ("imap-mail.outlook.com", ProviderType.MICROSOFT, "login.microsoft"),
        ("imap.notgmail.com", ProviderType.IMAP, None),
        ("outlook.office365.com.evil.example", ProviderType.IMAP, None),
    ],
)
def test_a_companys_domain_that_publishes_a_providers_servers_is_that_providers(
    host: str, kind: str, refusal: str | None, network: Network, dns: DnsServer
) -> None:
    dns.add("_imaps._tcp.firm.example", "SRV", f"0 1 993 {host}.")
    found = find(network)
    assert (found.source, found.provider_type, found.refusal) == ("srv", kind, refusal)


@pytest.mark.parametrize(
    ("exchanger", "host"),
    [
        ("aspmx.l.google.com", "imap.gmail.com"),
        ("firm-example.mail.protection.outlook.com", "outlook.office365.com"),
        ("mx-aol.mail.gm0.yahoodns.net", "imap.aol.com"),
        ("mta5.am0.yahoodns.net", "imap.mail.yahoo.com"),
        ("in1-smtp.messagingengine.com", "imap.fastmail.com"),
        ("mx00.ionos.it", "imap.ionos.it"),
        ("mx00.kundenserver.de", "imap.ionos.de"),
        ("mx.aruba.it", "imaps.aruba.it"),
        ("mx.pec.aruba.it", "imaps.pec.aruba.it"),
        ("mail.register.it", "imap.securemail.pro"),
        ("mx.zoho.eu", "imap.zoho.eu"),
        ("mx1.ovh.net", "ssl0.ovh.net"),
    ],
)
def test_a_companys_domain_is_recognised_by_who_takes_its_mail(
    exchanger: str, host: str, network: Network, dns: DnsServer
) -> None:
    dns.add("firm.example", "MX", "20 backup.example.", f"10 {exchanger}.")
    found = find(network)
    assert found.services.imap is not None
    assert (found.source, found.services.imap.host) == ("mx", host)
    # A forged MX must not send a password anywhere unseen; one that is refused anyhow sends none.
    assert found.confirm_hosts == (found.refusal is None)


@pytest.mark.parametrize("host", ["notgoogle.com", "google.com.evil.example", "mail.firm.example"])
def test_a_name_that_only_looks_like_a_providers_is_not_it(host: str) -> None:
    assert presets.of_mx(host) is None


def test_every_preset_speaks_encrypted_and_no_two_claim_one_domain() -> None:
    seen: set[str] = set()
    for preset in presets.PRESETS:
        assert not seen & preset.domains, preset.name
        seen |= preset.domains
        for server in (preset.services.imap, preset.services.smtp):
            assert server is not None
            assert server.security in ("tls", "starttls")
        for url in (preset.services.caldav, preset.services.carddav):
            assert url is None or url.startswith("https://")


# SRV records


def test_srv_takes_the_lowest_priority_and_then_the_highest_weight(network: Network, dns: DnsServer) -> None:
    dns.add(
        "_imaps._tcp.firm.example", "SRV",
        "20 100 993 late.firm.example.", "10 1 993 light.firm.example.", "10 9 1993 heavy.firm.example.",
    )  # fmt: skip
    dns.add("_submissions._tcp.firm.example", "SRV", "0 1 465 smtp.firm.example.")
    found = find(network)
    assert found.source == "srv"
    assert found.services.imap == Server("heavy.firm.example", 1993, "tls")
    assert found.services.smtp == Server("smtp.firm.example", 465, "tls")
    assert found.confirm_hosts is False


def test_a_target_of_a_single_dot_means_not_offered(network: Network, dns: DnsServer) -> None:
    dns.add("_imaps._tcp.firm.example", "SRV", "0 0 0 .")
    dns.add("_imap._tcp.firm.example", "SRV", "0 1 143 imap.firm.example.")
    dns.add("_submissions._tcp.firm.example", "SRV", "0 0 0 .")
    dns.add("_submission._tcp.firm.example", "SRV", "0 0 0 .")
    found = find(network)
    assert found.services.imap == Server("imap.firm.example", 143, "starttls")
    assert found.services.smtp is None


def test_a_target_in_another_domain_is_to_be_shown_before_a_password_is_sent(network: Network, dns: DnsServer) -> None:
    dns.add("_imaps._tcp.firm.example", "SRV", "0 1 993 imap.host.example.")
    found = find(network)
    assert found.confirm_hosts is True
    assert found.usernames == (ADDRESS, "ada")


@pytest.mark.parametrize("kind", ["_caldavs._tcp", "_carddavs._tcp"])
def test_calendars_in_another_domain_are_to_be_shown_before_a_password_is_sent(
    kind: str, network: Network, dns: DnsServer
) -> None:
    dns.add("_imaps._tcp.firm.example", "SRV", "0 1 993 imap.firm.example.")
    dns.add("_submissions._tcp.firm.example", "SRV", "0 1 465 smtp.firm.example.")
    assert find(network).confirm_hosts is False
    dns.add(f"{kind}.firm.example", "SRV", "0 1 443 dav.host.example.")
    assert find(network).confirm_hosts is True


def test_calendars_and_address_books_come_with_their_path(network: Network, dns: DnsServer) -> None:
    dns.add("_imaps._tcp.firm.example", "SRV", "0 1 993 imap.firm.example.")
    dns.add("_caldavs._tcp.firm.example", "SRV", "0 1 8443 dav.firm.example.")
    dns.add("_caldavs._tcp.firm.example", "TXT", '"path=/calendars/"')
    dns.add("_carddavs._tcp.firm.example", "SRV", "0 1 443 dav.firm.example.")
    found = find(network)
    assert found.services.caldav == "https://dav.firm.example:8443/calendars/"
    assert found.services.carddav == "https://dav.firm.example/.well-known/carddav"


# Autoconfig


def document(
    imap: str = "imap.%EMAILDOMAIN%", socket: str = "SSL", way: str = "password-cleartext", extra: str = ""
) -> bytes:
    return f"""<?xml version="1.0"?>{extra}<clientConfig version="1.1"><emailProvider id="firm.example">
      <incomingServer type="pop3"><hostname>pop.firm.example</hostname><port>995</port>
        <socketType>SSL</socketType><username>x</username></incomingServer>
      <incomingServer type="imap"><hostname>{imap}</hostname><port>993</port><socketType>{socket}</socketType>
        <username>%EMAILLOCALPART%</username><authentication>{way}</authentication></incomingServer>
      <outgoingServer type="smtp"><hostname>smtp.firm.example</hostname><port>587</port>
        <socketType>STARTTLS</socketType><username>%EMAILADDRESS%</username>
        <authentication>password-cleartext</authentication></outgoingServer>
    </emailProvider></clientConfig>""".encode()


Configured = Callable[..., tuple[Network, WebServer]]


@pytest.fixture
def configured(dns: DnsServer, network: Network, authority: Authority) -> Iterator[Configured]:
    """Serves answers for a host name over HTTPS and gives a network that looks there."""
    running: list[WebServer] = []

    def serve(
        answer: Callable[[Request], Reply], host: str = "autoconfig.firm.example", tls: ssl.SSLContext | None = None
    ) -> tuple[Network, WebServer]:
        server = WebServer(answer, tls or authority.server(host))
        running.append(server)
        server.__enter__()
        dns.add(host, "A", "127.0.0.1")
        return replace(network, https_port=server.port), server

    yield serve
    for server in running:
        server.__exit__()


def test_a_document_of_the_domain_is_read_with_its_placeholders(configured: Configured) -> None:
    network, server = configured(lambda request: Reply(body=document()))
    found = find(network)
    assert (found.source, found.confirm_hosts) == ("autoconfig", False)
    assert found.services == Services(
        Server("imap.firm.example", 993, "tls"), Server("smtp.firm.example", 587, "starttls")
    )
    assert found.usernames == ("ada", ADDRESS)
    assert server.requests[0].path == "/mail/config-v1.1.xml?emailaddress=ada%40firm.example"
    assert server.requests[0].headers["host"].startswith("autoconfig.firm.example")


def test_the_well_known_place_is_the_second(configured: Configured) -> None:
    network, server = configured(lambda request: Reply(body=document()), "firm.example")
    assert find(network).source == "autoconfig"
    assert server.requests[0].path == "/.well-known/autoconfig/mail/config-v1.1.xml"


def test_a_redirect_is_followed_to_https_only(configured: Configured) -> None:
    answers = {"/mail": Reply(302, headers={"Location": "/real.xml"}), "/real": Reply(body=document())}
    network, _ = configured(lambda request: answers[request.path[:5]])
    assert find(network).source == "autoconfig"
    network, server = configured(lambda request: Reply(302, headers={"Location": "http://firm.example/real.xml"}))
    assert autoconfig.look(ADDRESS, network) is None
    assert len(server.requests) == 1


def test_redirects_in_a_circle_end(configured: Configured) -> None:
    network, server = configured(lambda request: Reply(301, headers={"Location": request.path}))
    assert autoconfig.look(ADDRESS, network) is None
    assert len(server.requests) == autoconfig.MOST_REDIRECTS + 1


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "body",
    [
        document(socket="plain"),
        document(way="OAuth2"),
        document(imap="a b.example"),
        document(imap="x@evil.example"),
        document(extra=BOMB),
        document(extra='<!DOCTYPE x SYSTEM "file:///etc/hostname">'),
        b"<html>not found</html>",
        b"",
        b"\xff\xfe not xml",
        document() + b" " * (256 * 1024),
    ],
    ids=["plain", "oauth only", "bad host", "user in host", "entities", "dtd", "html", "empty", "bytes", "too long"],
)
def test_a_document_that_cannot_be_used_is_none(configured: Configured, body: bytes) -> None:
    network, _ = configured(lambda request: Reply(body=body))
    assert autoconfig.look(ADDRESS, network) is None


def test_a_document_behind_a_bad_certificate_is_not_even_asked_for(
    configured: Configured, authority: Authority
) -> None:
    network, server = configured(lambda request: Reply(body=document()), tls=authority.server("other.example"))
    assert autoconfig.look(ADDRESS, network) is None
    assert not server.requests


# Usual names


def test_a_usual_name_counts_only_when_it_answers_with_a_valid_certificate(
    network: Network, dns: DnsServer, authority: Authority
) -> None:
    dns.add("imap.firm.example", "A", "127.0.0.1")
    dns.add("mail.firm.example", "A", "127.0.0.1")
    greeting = scripts.says(scripts.IMAP_OK)
    with (
        LineServer(greeting, authority.server("somewhere.example")) as wrong,
        LineServer(greeting, authority.server("mail.firm.example")) as right,
        LineServer(scripts.smtp_with_starttls(authority.server("mail.firm.example"))) as smtp,
    ):
        tables = (
            [Guess("imap", wrong.port, "tls"), Guess("mail", right.port, "tls")],
            [Guess("smtp", smtp.port, "starttls"), Guess("mail", smtp.port, "starttls")],
        )
        found = find(network, guess=lambda domain, net: guesses.look(domain, net, *tables))
    assert found.source == "guess"
    assert found.services == Services(
        Server("mail.firm.example", right.port, "tls"), Server("mail.firm.example", smtp.port, "starttls")
    )


def test_a_domain_that_offers_nothing_finds_nothing(network: Network) -> None:
    found = discovery.discover(ADDRESS, network)
    assert found.services == Services()
    assert found.as_json()["imap"] is None


# Together


def test_records_win_over_documents_and_documents_complete_them(configured: Configured, dns: DnsServer) -> None:
    dns.add("_imaps._tcp.firm.example", "SRV", "0 1 993 srv.firm.example.")
    network, _ = configured(lambda request: Reply(body=document()))
    found = find(network)
    assert found.source == "srv"
    assert found.services == Services(
        Server("srv.firm.example", 993, "tls"), Server("smtp.firm.example", 587, "starttls")
    )


def test_a_name_server_that_never_answers_is_given_up_within_the_deadline(network: Network, dns: DnsServer) -> None:
    dns.silent = True
    begun = time.monotonic()
    assert find(network).services == Services()
    assert time.monotonic() - begun < 15


def test_questions_are_asked_at_once(network: Network, dns: DnsServer) -> None:
    """Nine questions to a silent server cost one wait, not nine."""
    dns.silent = True
    begun = time.monotonic()
    find(network)
    assert time.monotonic() - begun < 6
    assert len(dns.asked) >= 7
