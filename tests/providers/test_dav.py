"""Finding calendars and address books: a real Radicale, and scripted servers that redirect, refuse and attack."""

import base64
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import httpx
import pytest

from apps.providers import checks
from apps.providers.adapters.base import Login
from apps.providers.checks import Failure, Services
from apps.providers.network import Network
from tests.fakes.certificates import Authority
from tests.fakes.dns_server import DnsServer
from tests.fakes.web_server import Reply, Request, WebServer
from tests.providers.radicale import USERS, Radicale

LOGIN = Login("ada", "pencil")
BASIC = "Basic " + base64.b64encode(b"ada:pencil").decode()
kinds = pytest.mark.parametrize("kind", ["caldav", "carddav"])


def check(kind: str, url: str, network: Network, login: Login = LOGIN, trusted: tuple[str, ...] = ()) -> checks.Outcome:
    wanted = Services(caldav=url, trusted=trusted) if kind == "caldav" else Services(carddav=url, trusted=trusted)
    (outcome,) = checks.run(wanted, login, network)
    return outcome


def code(outcome: checks.Outcome) -> str | None:
    return outcome.failure.code if outcome.failure else None


# A real server


@pytest.fixture(scope="module")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    with Radicale(tmp_path_factory.mktemp("radicale")) as server:
        yield server


def make_collections(server: Radicale, user: str) -> None:
    """One calendar and one address book of the user."""
    for name, prop in (("work", "calendar"), ("people", "addressbook")):
        space = "urn:ietf:params:xml:ns:caldav" if prop == "calendar" else "urn:ietf:params:xml:ns:carddav"
        body = (
            f'<mkcol xmlns="DAV:" xmlns:x="{space}"><set><prop><resourcetype><collection/><x:{prop}/></resourcetype>'
            f"<displayname>{name.title()}</displayname></prop></set></mkcol>"
        )
        httpx.request(
            "MKCOL", f"{server.url}/{user}/{name}/", content=body.encode(),
            auth=httpx.BasicAuth(user, USERS[user]), headers={"Content-Type": "application/xml"},
        )  # fmt: skip


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("path", ["/", "", "/.well-known/caldav", "/nothing/here/"])
def test_calendars_are_found_from_any_address_of_the_server(
    user: str, path: str, radicale: Radicale, patient: Network
) -> None:
    make_collections(radicale, user)
    outcome = check("caldav", radicale.url + path, patient, Login(user, USERS[user]))
    assert code(outcome) is None
    assert outcome.found is not None
    assert [item.name for item in outcome.found.collections] == ["Work"]
    assert all(item.url.startswith(radicale.url) for item in outcome.found.collections)


def test_address_books_are_found_apart_from_calendars(radicale: Radicale, patient: Network) -> None:
    make_collections(radicale, "ada")
    found = check("carddav", radicale.url, patient).found
    assert found is not None
    assert [item.name for item in found.collections] == ["People"]


@kinds
def test_a_wrong_password_is_a_refused_log_in(kind: str, radicale: Radicale, patient: Network) -> None:
    assert code(check(kind, radicale.url, patient, Login("ada", "wrong"))) == "login.refused"


# Scripted servers


@dataclass
class Site:
    """A scripted server and the name under which it is asked."""

    host: str
    server: WebServer
    answers: Callable[[Request], Reply]
    urls: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://{self.host}:{self.server.port}"

    def credentials(self) -> list[str]:
        """What was sent as credentials, request by request."""
        return [request.headers.get("authorization", "") for request in self.server.requests]


@contextmanager
def site(
    dns: DnsServer, authority: Authority, answers: Callable[[Request], Reply], host: str = "dav.firm.example",
    tls: ssl.SSLContext | None = None,
) -> Iterator[Site]:  # fmt: skip
    dns.add(host, "A", "127.0.0.1")
    with WebServer(answers, tls or authority.server(host)) as server:
        yield Site(host, server, answers)


def multistatus(href: str, prop: str) -> Reply:
    body = (
        '<?xml version="1.0"?><multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
        f"<response><href>{href}</href><propstat><prop>{prop}</prop><status>HTTP/1.1 200 OK</status></propstat>"
        "</response></multistatus>"
    )
    return Reply(207, body.encode(), {"Content-Type": "application/xml"})


def principal(href: str) -> str:
    return f"<current-user-principal><href>{href}</href></current-user-principal>"


def home(href: str) -> str:
    return f"<C:calendar-home-set><href>{href}</href></C:calendar-home-set>"


CALENDAR = "<resourcetype><collection/><C:calendar/></resourcetype><displayname>Mine</displayname>"


def working(request: Request) -> Reply:
    """A server whose well-known address redirects, as most do."""
    if request.path == "/.well-known/caldav":
        return Reply(301, headers={"Location": "/dav/"})
    if request.path == "/dav/":
        return multistatus("/dav/", principal("/dav/p/ada/"))
    if request.path == "/dav/p/ada/":
        return multistatus("/dav/p/ada/", home("/dav/c/ada/"))
    if request.path == "/dav/c/ada/":
        return multistatus("/dav/c/ada/work/", CALENDAR)
    return Reply(404)


def test_a_redirect_keeps_method_body_and_log_in(dns: DnsServer, authority: Authority, network: Network) -> None:
    with site(dns, authority, working) as there:
        outcome = check("caldav", there.url + "/.well-known/caldav", network)
        assert code(outcome) is None
        assert outcome.found is not None
        assert outcome.found.homes == (there.url + "/dav/c/ada/",)
        assert [request.method for request in there.server.requests] == ["PROPFIND"] * 4
        assert all(request.body for request in there.server.requests)
        assert there.credentials() == [BASIC] * 4
        assert {request.headers["host"] for request in there.server.requests} == {there.url.removeprefix("https://")}


@pytest.mark.parametrize("via", ["redirect", "principal", "home"])
def test_another_host_is_named_and_never_sent_the_password(
    via: str, dns: DnsServer, authority: Authority, network: Network
) -> None:
    with site(dns, authority, working, "dav.other.example") as other:

        def answers(request: Request) -> Reply:
            if via == "redirect":
                return Reply(307, headers={"Location": other.url + "/dav/"})
            if via == "principal":
                return multistatus("/", principal(other.url + "/dav/p/ada/"))
            return multistatus("/", home(other.url + "/dav/c/ada/"))

        with site(dns, authority, answers) as there:
            outcome = check("caldav", there.url, network)
            assert code(outcome) == "permission.elsewhere"
            (told,) = [item for item in checks.report([outcome]) if not item.ok]
            assert "dav.other.example" in told.message
            assert not other.server.requests
            # A host of the person's own domain, or one that a preset names, is trusted.
            assert code(check("caldav", there.url, network, trusted=("other.example",))) is None
            assert BASIC in other.credentials()


def test_a_redirect_out_of_encryption_is_not_followed(dns: DnsServer, authority: Authority, network: Network) -> None:
    with WebServer(working) as plain:
        answer = Reply(302, headers={"Location": f"http://dav.firm.example:{plain.port}/dav/"})
        with site(dns, authority, lambda request: answer) as there:
            assert code(check("caldav", there.url, network)) == "permission.elsewhere"
        assert not plain.requests


@pytest.mark.parametrize("via", ["principal", "home"])
def test_an_answer_that_points_out_of_encryption_is_not_followed(
    via: str, dns: DnsServer, authority: Authority, network: Network
) -> None:
    with WebServer(working) as plain:
        there_in_the_clear = f"http://dav.firm.example:{plain.port}/dav/"
        said = principal(there_in_the_clear) if via == "principal" else home(there_in_the_clear)
        with site(dns, authority, lambda request: multistatus("/", said)) as there:
            assert code(check("caldav", there.url, network)) == "permission.elsewhere"
        assert not plain.requests


def test_redirects_in_a_circle_end(dns: DnsServer, authority: Authority, network: Network) -> None:
    def circle(request: Request) -> Reply:
        return Reply(301, headers={"Location": request.path})

    with site(dns, authority, circle) as there:
        assert code(check("caldav", there.url, network)) == "permission.no_service"


@pytest.mark.parametrize(
    ("status", "expected"),
    [(401, "login.refused"), (403, "permission.denied"), (404, "permission.no_service"), (405, "permission.no_service"),
     (200, "permission.no_service"), (429, "login.too_many"), (503, "login.later")],
)  # fmt: skip
def test_each_answer_gets_its_own_sentence(
    status: int, expected: str, dns: DnsServer, authority: Authority, network: Network
) -> None:
    with site(dns, authority, lambda request: Reply(status, b"<html/>")) as there:
        assert code(check("caldav", there.url, network)) == expected


ENTITIES = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def good() -> bytes:
    """An answer that would be accepted, but for what stands before it."""
    return multistatus("/", CALENDAR).body.partition(b"?>")[2]


def test_the_answer_below_is_good_by_itself(dns: DnsServer, authority: Authority, network: Network) -> None:
    with site(dns, authority, lambda request: Reply(207, good())) as there:
        assert code(check("caldav", there.url, network)) is None


@pytest.mark.parametrize(
    "body",
    [
        ENTITIES + good(),
        b'<!DOCTYPE x SYSTEM "file:///etc/hostname">' + good(),
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">' + good(),
        b"<a>" * 50_000,
        b"\xff\xfe\x00",
        b"",
        b'<multistatus xmlns="DAV:"/>',
    ],
    ids=["entities", "file", "external", "deep", "bytes", "empty", "no response"],
)
def test_hostile_xml_is_no_service(body: bytes, dns: DnsServer, authority: Authority, network: Network) -> None:
    with site(dns, authority, lambda request: Reply(207, body)) as there:
        assert code(check("caldav", there.url, network)) == "permission.no_service"


def test_an_answer_without_end_is_cut(dns: DnsServer, authority: Authority, network: Network) -> None:
    with site(dns, authority, lambda request: Reply(207, b"x" * (5 * 1024 * 1024))) as there:
        assert code(check("caldav", there.url, network)) == "login.later"


def test_digest_is_spoken_where_only_digest_is_offered(dns: DnsServer, authority: Authority, network: Network) -> None:
    def digest(request: Request) -> Reply:
        if not request.headers.get("authorization", "").startswith("Digest "):
            challenge = 'Digest realm="dav", nonce="n1", qop="auth", algorithm=SHA-256'
            return Reply(401, headers={"WWW-Authenticate": challenge})
        return working(request)

    with site(dns, authority, digest) as there:
        assert code(check("caldav", there.url + "/dav/", network)) is None
        # The challenge of the first refusal is answered: no second one is asked for, nor read.
        assert all(there.credentials())


@pytest.mark.parametrize("challenge", ['X-Digest realm="dav"', "Digest"])
def test_a_challenge_that_cannot_be_answered_is_told(
    challenge: str, dns: DnsServer, authority: Authority, network: Network
) -> None:
    answer = Reply(401, headers={"WWW-Authenticate": challenge})
    with site(dns, authority, lambda request: answer) as there:
        assert code(check("caldav", there.url, network)) in ("login.refused", "port.other")


def test_a_calendars_own_address_is_enough(dns: DnsServer, authority: Authority, network: Network) -> None:
    with site(dns, authority, lambda request: multistatus(request.path, CALENDAR)) as there:
        found = check("caldav", there.url + "/shared/team/", network).found
        assert found is not None
        assert [(item.url, item.name) for item in found.collections] == [(there.url + "/shared/team/", "Mine")]


def test_a_bad_certificate_is_named_and_no_credential_leaves(
    dns: DnsServer, authority: Authority, network: Network
) -> None:
    for tls, expected in (
        (authority.server("other.example"), "tls.wrong_name"),
        (authority.server("dav.firm.example", expired=True), "tls.expired"),
    ):
        with site(dns, authority, working, tls=tls) as there:
            assert code(check("caldav", there.url, network)) == expected
            assert not there.server.requests


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ftp://dav.firm.example/", "name.invalid"),
        ("file:///etc/passwd", "name.invalid"),
        ("gopher://dav.firm.example/", "name.invalid"),
        ("https://ada:pencil@dav.firm.example/", "name.invalid"),
        ("https://dav.firm.example:6379/", "port.odd"),
        ("https://dav.firm.example:99999/", "port.odd"),
        ("https://nowhere.firm.example/", "name.unknown"),
        ("dav.firm.example", "name.invalid"),
    ],
)
def test_an_address_that_is_none_is_never_asked(url: str, expected: str, network: Network, dns: DnsServer) -> None:
    dns.add("dav.firm.example", "A", "127.0.0.1")
    assert code(check("caldav", url, network)) == expected


def test_a_password_is_not_sent_unencrypted_over_the_internet(network: Network) -> None:
    public = replace(network, lookup=lambda host, port: ["192.0.2.1" if host == "doc.example" else "93.184.216.34"])
    outcome = check("caldav", "http://dav.firm.example/", public)
    assert outcome.failure == Failure("tls.unencrypted")


def test_two_hosts_at_one_address_never_share_a_connection(
    dns: DnsServer, authority: Authority, network: Network
) -> None:
    """The connection made for a trusted name must not serve a name whose certificate was not looked at."""
    dns.add("evil.firm.example", "A", "127.0.0.1")
    with site(dns, authority, working) as there, network.http() as http:
        assert http.get(there.url + "/").status_code == 404
        with pytest.raises(httpx.ConnectError):
            http.get(f"https://evil.firm.example:{there.server.port}/")
