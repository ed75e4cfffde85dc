"""Remote images: from public hosts only, bounded, known by their bytes; their links, and lists of senders."""

import base64
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from rest_framework.test import APIClient

from apps.core import net
from apps.mail.images import fetching, links
from apps.mail.images.fetching import ImageUnavailable, Way
from apps.mail.images.formats import Format, recognise
from apps.mail.models import Message
from apps.tenants import context
from tests.fakes.certificates import Authority
from tests.fakes.dns_server import DnsServer
from tests.fakes.line_server import Line, LineServer
from tests.fakes.web_server import Reply, Request, WebServer
from tests.mail import fixtures
from tests.mail.fixtures import record
from tests.tenants.fixtures import Cast, Make

PUBLIC = "93.184.216.34"


def png(width: int = 8, height: int = 4) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compress((b"\0" + b"\x24\x56\xd6" * min(width, 64)) * min(height, 64))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
WEBP = base64.b64decode("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xc0\x00\x11\x08\x00\x20\x00\x30\x03\1\x22\0\2\x11\1\3\x11\1"
)
AVIF = (
    b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + struct.pack(">I", 36) + b"meta\0\0\0\0"
    + struct.pack(">I", 20) + b"ispe\0\0\0\0" + struct.pack(">II", 64, 48) + b"\0\0\0\0"
)  # fmt: skip
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def answers(body: bytes, content_type: str = "image/png") -> Callable[[Request], Reply]:
    return lambda request: Reply(200, body, {"Content-Type": content_type})


def open_to(*servers: WebServer | LineServer, host: str = "127.0.0.1") -> Way:
    """The way on which these servers, and no others, are picture servers of our own."""
    hosts = frozenset((host, server.port) for server in servers)
    return Way(own_hosts=lambda: hosts, seconds=1.0)


def refused(url: str, way: Way) -> str:
    with pytest.raises(ImageUnavailable) as caught:
        fetching.fetch(url, way)
    return str(caught.value)


# What is believed


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (png(8, 4), Format("image/png", 8, 4)),
        (GIF, Format("image/gif", 1, 1)),
        (JPEG, Format("image/jpeg", 48, 32)),
        (WEBP, Format("image/webp", 1, 1)),
        (AVIF, Format("image/avif", 64, 48)),
        (SVG, None),
        (b"<!doctype html><img src=x>", None),
        (b"GIF89a", None),
        (b"", None),
        (png()[:18], None),
        (JPEG[:12], None),
        (JPEG.replace(b"\xff\xc0", b"\x00\xc0"), None),
        (WEBP.replace(b"VP8L", b"VP9 "), None),
        (AVIF.replace(b"ispe", b"free"), None),
        (png(0, 4), None),
    ],
)
def test_an_image_is_known_by_its_bytes(data: bytes, expected: Format | None) -> None:
    assert recognise(data) == expected


@pytest.mark.parametrize(
    ("body", "claimed"), [(SVG, "image/png"), (b"<html></html>", "image/gif"), (SVG, "image/svg+xml")]
)
def test_what_is_no_image_is_refused_whatever_it_claims_to_be(body: bytes, claimed: str) -> None:
    with WebServer(answers(body, claimed)) as server:
        assert "known format" in refused(f"http://127.0.0.1:{server.port}/a.png", open_to(server))


def test_the_type_is_that_of_the_bytes() -> None:
    with WebServer(answers(GIF, "text/html")) as server:
        assert fetching.fetch(f"http://127.0.0.1:{server.port}/", open_to(server)).content_type == "image/gif"


def test_too_many_pixels_or_octets_are_refused() -> None:
    with WebServer(answers(png(20_000, 2_001))) as server:
        assert "pixels" in refused(f"http://127.0.0.1:{server.port}/", open_to(server))
    with WebServer(answers(png() + b"\0" * fetching.OCTETS)) as server:
        assert "longer" in refused(f"http://127.0.0.1:{server.port}/", open_to(server))


@pytest.mark.parametrize("status", [204, 403, 404, 500])
def test_only_a_plain_yes_counts(status: int) -> None:
    with WebServer(lambda request: Reply(status, png())) as server:
        assert str(status) in refused(f"http://127.0.0.1:{server.port}/", open_to(server))


# What is told


def test_the_server_learns_nothing_of_the_person() -> None:
    def answer(request: Request) -> Reply:
        if request.path == "/first":
            return Reply(302, headers={"Location": "/second", "Set-Cookie": "id=7"})
        return Reply(200, png())

    with WebServer(answer) as server:
        fetching.fetch(f"http://127.0.0.1:{server.port}/first#fragment", open_to(server))
        for request in server.requests:
            assert set(request.headers) == {"host", "user-agent", "accept", "accept-encoding"}
            assert request.headers["user-agent"] == fetching.HEADERS["User-Agent"]
        assert [request.path for request in server.requests] == ["/first", "/second"]


# Where it may go


@pytest.fixture
def dns() -> Iterator[DnsServer]:
    with DnsServer() as server:
        yield server


PRIVATE = (
    "127.0.0.1", "127.1", "0", "0177.0.0.1", "0x7f.0.0.1", "2130706433", "localhost", "[::1]", "[::ffff:127.0.0.1]",
    "[::]", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "224.0.0.1", "240.0.0.1",
    "[fd00::1]", "[fe80::1]", "[ff02::1]", "[2002:7f00:1::]", "[64:ff9b::7f00:1]",
)  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
def test_no_form_of_a_private_address_is_connected_to(host: str, settings: Any) -> None:
    settings.PMSYNC_ALLOW_PRIVATE_HOSTS = True  # accounts may be there; a stranger's images may not
    why = refused(f"http://{host}/", Way())
    assert any(word in why for word in ("private", "cannot be found", "no URL"))


@pytest.mark.parametrize("scheme", ["file", "gopher", "ftp", "data", "javascript", "ws"])
def test_only_the_webs_schemes_are_followed(scheme: str) -> None:
    assert "scheme" in refused(f"{scheme}://127.0.0.1/etc/passwd", Way())


@pytest.mark.parametrize("port", [22, 25, 5432, 6379, 8080])
def test_only_the_webs_ports_are_connected_to(port: int) -> None:
    assert "port" in refused(f"http://{PUBLIC}:{port}/", Way())


@pytest.mark.parametrize(
    "url", ["", "//", "http://", "http:///a.png", "nothing", "http://a b/", "http://u:p@x.example/"]
)
def test_what_is_no_url_of_an_image_is_refused(url: str) -> None:
    refused(url, Way())


def test_a_name_that_leads_inside_is_refused(dns: DnsServer) -> None:
    dns.add("img.shop.example", "A", PUBLIC, "10.0.0.1")
    assert "private" in refused("https://img.shop.example/a.png", Way(lookup=dns.lookup))


INWARD = (
    "http://127.0.0.1/", "http://169.254.169.254/latest/meta-data/", "//127.1/", "http://inside.example/",
    "https://[::ffff:10.0.0.1]/", "http://10.0.0.1:6379/", "file:///etc/passwd",
)  # fmt: skip


@pytest.mark.parametrize("target", INWARD)
def test_every_redirect_is_judged_again(target: str, dns: DnsServer) -> None:
    dns.add("inside.example", "A", "192.168.7.7")
    with WebServer(lambda request: Reply(302, headers={"Location": target})) as server:
        hosts = frozenset({("127.0.0.1", server.port)})
        way = Way(lookup=dns.lookup, own_hosts=lambda: hosts, seconds=1.0)
        why = refused(f"http://127.0.0.1:{server.port}/", way)
        assert any(word in why for word in ("private", "scheme", "port"))
        assert len(server.requests) == 1


@pytest.mark.parametrize(("hops", "reached"), [(3, True), (4, False)])
def test_three_redirects_are_followed_and_no_more(hops: int, reached: bool) -> None:
    def answer(request: Request) -> Reply:
        left = int(request.path[1:])
        return Reply(301, headers={"Location": f"/{left - 1}"}) if left else Reply(200, png())

    with WebServer(answer) as server:
        url, way = f"http://127.0.0.1:{server.port}/{hops}", open_to(server)
        if reached:
            assert fetching.fetch(url, way).data == png()
        else:
            assert "redirects" in refused(url, way)
            assert len(server.requests) == 4


def test_the_address_that_was_judged_is_the_one_connected_to(dns: DnsServer) -> None:
    """Rebinding: between check and use the name changes its mind, and gains nothing."""
    with WebServer(answers(png())) as server, WebServer(answers(GIF), address="127.0.0.2") as sink:
        dns.add("img.shop.example", "A", "127.0.0.1", then=["127.0.0.2"])
        hosts = frozenset({("img.shop.example", server.port)})
        way = Way(lookup=dns.lookup, own_hosts=lambda: hosts, seconds=1.0)
        assert fetching.fetch(f"http://img.shop.example:{server.port}/", way).content_type == "image/png"
        assert dns.asked[("img.shop.example", "A")] == 1
        assert not sink.requests


def test_a_certificate_is_asked_for_by_name(dns: DnsServer, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    dns.add("img.shop.example", "A", "127.0.0.1")
    dns.add("img.other.example", "A", "127.0.0.1")
    with WebServer(answers(png()), tls=authority.server("img.shop.example")) as server:
        hosts = frozenset((name, server.port) for name in ("img.shop.example", "img.other.example"))
        way = Way(lookup=dns.lookup, tls=authority.client, own_hosts=lambda: hosts, seconds=2.0)
        assert fetching.fetch(f"https://img.shop.example:{server.port}/", way).data == png()
        assert "certificate" in refused(f"https://img.other.example:{server.port}/", way).lower()


# How long it may take


def silent(line: Line) -> None:
    line.hang()


def drips_headers(line: Line) -> None:
    line.line()
    line.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"z" * 10_000, 0.05)


def drips_body(line: Line) -> None:
    line.line()
    line.send(b"HTTP/1.1 200 OK\r\n\r\n" + GIF)
    line.drip(b"\0" * 10_000, 0.05)


@pytest.mark.parametrize("script", [silent, drips_headers, drips_body])
def test_a_slow_server_is_cut_off(script: Callable[[Line], None]) -> None:
    with LineServer(script) as server:
        began = time.monotonic()
        refused(f"http://127.0.0.1:{server.port}/", open_to(server))
        assert time.monotonic() - began < 1.0 + fetching.TURN
    busy = [thread for thread in threading.enumerate() if thread.name.startswith("images")]
    assert len(busy) <= fetching.AT_ONCE


# Links


@pytest.fixture
def newsletter(cast: Cast) -> Message:
    """A message of the owner's with two remote images and a tracker."""
    return newsletter_of(cast, "http://img.shop.example/a.png?x=1&y=2")


def newsletter_of(cast: Cast, *urls: str) -> Message:
    images = "".join(f'<img src="{url.replace("&", "&amp;")}" alt="A">' for url in urls)
    raw = (
        "From: Shop <News@Shop.example>\r\nTo: anna@rossi.example\r\nSubject: News\r\nMessage-ID: <n@shop.example>\r\n"
        "Date: Fri, 20 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        f'<p>Look</p>{images}<img src="http://t.shop.example/o.gif" width=1 height=1>\r\n'
    )
    with cast.inside(), fixtures.box(cast.owner) as box:
        box.arrive(record(1, raw.encode()))
        return Message.objects.get()


def sources(body: dict[str, Any]) -> list[str]:
    from selectolax.lexbor import LexborHTMLParser

    return [node.attributes.get("src") or "" for node in LexborHTMLParser(body["html"]).css("img")]


@pytest.fixture
def client(make: Make, cast: Cast) -> APIClient:
    return make.client(cast.owner)


def body_of(client: APIClient, message: Message, query: str = "") -> dict[str, Any]:
    answer: dict[str, Any] = client.get(f"/api/v1/messages/{message.pk}/body{query}").json()
    return answer


def test_images_are_proxied_only_when_they_are_asked_for(client: APIClient, newsletter: Message) -> None:
    body = body_of(client, newsletter)
    assert (body["images"], body["images_waiting"], body["trackers"], sources(body)) == (False, 1, 1, [""])
    body = body_of(client, newsletter, "?images=1")
    assert (body["images"], body["images_waiting"], body["trackers"]) == (True, 0, 1)
    (source,) = sources(body)
    assert source.startswith("/img/")
    assert parse_qs(urlsplit(source).query) == {"u": ["http://img.shop.example/a.png?x=1&y=2"]}
    assert "t.shop.example" not in body["html"]


def test_a_listed_senders_images_need_no_asking(make: Make, cast: Cast, client: APIClient, newsletter: Message) -> None:
    where = "/api/v1/image-senders"
    for _ in range(2):
        assert client.post(where, {"address": " News@shop.EXAMPLE "}, format="json").status_code == 204
    assert client.get(where).json() == {"items": ["news@shop.example"]}
    assert body_of(client, newsletter)["images"] is True
    assert make.client(cast.member).get(where).json() == {"items": []}
    assert make.client(cast.outsider).get(where).json() == {"items": []}
    assert client.delete(f"{where}?address=news@shop.example").status_code == 204
    assert body_of(client, newsletter)["images"] is False


@pytest.mark.parametrize("address", ["", "nobody", "@", "a@", "x" * 400 + "@y.example", None, 7])
def test_only_addresses_are_listed(client: APIClient, address: Any) -> None:
    assert client.post("/api/v1/image-senders", {"address": address}, format="json").status_code in (400, 422)


@pytest.fixture
def shop(settings: Any) -> Iterator[WebServer]:
    """A picture server that this installation calls its own."""
    with WebServer(answers(png())) as server:
        settings.PMSYNC_IMAGE_HOSTS = frozenset({("127.0.0.1", server.port)})
        yield server


def test_an_image_is_served_harmless_and_private(make: Make, cast: Cast, client: APIClient, shop: WebServer) -> None:
    message = newsletter_of(cast, f"http://127.0.0.1:{shop.port}/a.png?x=1&y=2")
    (source,) = sources(body_of(client, message, "?images=1"))
    answer = make.client().get(source)  # the link alone: an <img> carries no token
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, png(), "image/png")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Cache-Control"].startswith("private, ")
    assert [request.path for request in shop.requests] == ["/a.png?x=1&y=2"]


def test_what_cannot_be_had_is_said(make: Make, cast: Cast, client: APIClient, settings: Any) -> None:
    settings.PMSYNC_ALLOW_PRIVATE_HOSTS = True
    message = newsletter_of(cast, "http://127.0.0.1/a.png")
    (source,) = sources(body_of(client, message, "?images=1"))
    answer = make.client().get(source)
    assert (answer.status_code, answer.json()["code"]) == (502, "image_unavailable")


def test_a_tampered_link_opens_nothing(make: Make, cast: Cast, shop: WebServer) -> None:
    message = newsletter_of(cast)
    url = f"http://127.0.0.1:{shop.port}/a.png"
    good = links.sign(cast.tenant.pk, message.pk, url, links.lapses_at())
    assert make.client().get(good).status_code == 200
    token = urlsplit(good).path.rsplit("/", 1)[-1]
    foreign = links.sign(cast.neighbour.pk, message.pk, url, links.lapses_at())
    swapped = urlsplit(foreign).path.rsplit("/", 1)[-1][: links.HEAD_LENGTH] + token[links.HEAD_LENGTH :]
    bad = [
        good.replace("a.png", "b.png"),
        good.replace(token, token[:40] + ("A" if token[40] != "A" else "B") + token[41:]),
        good.replace(token, token[:-1] + ("A" if token[-1] != "A" else "B")),
        good.replace(token, token[: links.HEAD_LENGTH]),
        good.replace(token, swapped),
        good.partition("?")[0],
        f"/img/x?u={url}",
    ]
    for path in bad:
        answer = make.client().get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "link_lapsed"), path
    assert len(shop.requests) == 1


def test_another_tenants_link_finds_no_message_there(make: Make, cast: Cast, shop: WebServer) -> None:
    message = newsletter_of(cast)
    url = f"http://127.0.0.1:{shop.port}/a.png"
    answer = make.client().get(links.sign(cast.neighbour.pk, message.pk, url, links.lapses_at()))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert not shop.requests


def test_a_link_ends_with_its_time_and_with_its_message(make: Make, cast: Cast, shop: WebServer) -> None:
    message = newsletter_of(cast)
    url = f"http://127.0.0.1:{shop.port}/a.png"
    lapsed = links.sign(cast.tenant.pk, message.pk, url, int(time.time()) - 1)
    assert make.client().get(lapsed).json()["code"] == "link_lapsed"
    good = links.sign(cast.tenant.pk, message.pk, url, links.lapses_at())
    with context.open(cast.tenant):
        Message.objects.all().delete()
    assert make.client().get(good).json()["code"] == "not_found"
    assert not shop.requests


def test_links_of_a_day_are_the_same_and_live_a_day_at_least() -> None:
    noon = 1_795_176_000
    assert links.lapses_at(noon) == links.lapses_at(noon + 3_600)
    assert all(
        links.DAY <= links.lapses_at(moment) - moment <= 2 * links.DAY for moment in range(noon, noon + 90_000, 997)
    )


def test_a_former_secret_key_still_opens_links(settings: Any, cast: Cast) -> None:
    path = links.sign(cast.tenant.pk, cast.owner.user_id, "http://x.example/a.png", links.lapses_at())
    token = urlsplit(path).path.rsplit("/", 1)[-1]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 40, [settings.SECRET_KEY]
    assert links.read(token, "http://x.example/a.png") == (cast.tenant.pk, cast.owner.user_id)


def test_a_setting_names_hosts_with_their_ports() -> None:
    import environ

    from pmsync import env as environment

    class Given(environ.Env):
        ENVIRON = {"OWN": "Pictures.intra:8080, [fd00::1]:443", "BAD": "pictures.intra"}  # noqa: RUF012  as in its base

    assert environment.hosts(Given(), "OWN") == frozenset({("pictures.intra", 8080), ("[fd00::1]", 443)})
    assert environment.hosts(Given(), "NONE") == frozenset()
    with pytest.raises(environment.BadSetting, match="BAD"):
        environment.hosts(Given(), "BAD")


def test_what_the_machine_resolves_is_what_is_judged() -> None:
    assert net.resolve_public(PUBLIC, 443) == (PUBLIC,)
    with pytest.raises(net.HostRefused):
        net.resolve_public("127.0.0.1", 443)
