"""What servers were seen to do, one scripted server each (protocols-open.md, section 7)."""

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from apps.providers.adapters import errors
from apps.providers.adapters.base import Login
from apps.providers.adapters.collections import DeleteObject, PutObject
from apps.providers.adapters.dav import Connection, DavAdapter, Service, changes, trusts, xml
from apps.providers.network import Network
from tests.dav.servers import CARD, MemoryMirror, adapter, sync
from tests.fakes.web_server import Reply, Request, WebServer

HEAD = (
    '<?xml version="1.0"?><d:multistatus xmlns:d="DAV:" xmlns:a="urn:ietf:params:xml:ns:carddav" '
    'xmlns:s="http://calendarserver.org/ns/">'
)
BOOK = "/dav/book/"
LOGIN = Login("u", "p")


class Book:
    """A scripted address book: what it holds, and how it misbehaves."""

    def __init__(self) -> None:
        self.cards: dict[str, tuple[str, bytes]] = {}
        self.stamp = "t1"
        self.gone: list[str] = []
        self.answers: dict[str, Callable[[Request], Reply | None]] = {}
        self.privileges = ""

    def fill(self, count: int) -> None:
        for number in range(count):
            self.cards[f"{BOOK}{number}.vcf"] = (f'"e{number}"', CARD % {b"uid": b"%d" % number, b"name": b"N"})

    def __call__(self, request: Request) -> Reply:
        report = re.search(rb"<[das]:(sync-collection|addressbook-multiget)", request.body)
        name = report.group(1).decode() if report else request.method
        scripted = self.answers.get(name)
        reply = scripted(request) if scripted else None
        return reply or getattr(self, "_" + name.replace("-", "_").lower())(request)

    def _propfind(self, request: Request) -> Reply:
        if request.path == "/dav/":
            return told(
                response(BOOK, "<d:resourcetype><d:collection/><a:addressbook/></d:resourcetype><d:displayname>B"
                               f"</d:displayname><d:sync-token>{self.stamp}</d:sync-token>{self.privileges}"
                               "<d:supported-report-set><d:supported-report><d:report><d:sync-collection/></d:report>"
                               "</d:supported-report></d:supported-report-set>")
            )  # fmt: skip
        items = [response(path, etag_xml(etag)) for path, (etag, _) in self.cards.items()]
        return told(response(BOOK, "<d:resourcetype><d:collection/><a:addressbook/></d:resourcetype>"), *items)

    def _sync_collection(self, request: Request) -> Reply:
        items = [response(path, etag_xml(etag)) for path, (etag, _) in self.cards.items()]
        return told(*items, *[missing(path) for path in self.gone], token=self.stamp)

    def _addressbook_multiget(self, request: Request) -> Reply:
        asked = re.findall(rb"<d:href>([^<]+)</d:href>", request.body)
        return told(*[self.card(path.decode()) for path in asked])

    def card(self, path: str) -> str:
        if path not in self.cards:
            return missing(path)
        etag, data = self.cards[path]
        return response(path, f"{etag_xml(etag)}<a:address-data>{data.decode()}</a:address-data>")

    def _get(self, request: Request) -> Reply:
        if request.path not in self.cards:
            return Reply(404)
        etag, data = self.cards[request.path]
        return Reply(200, data, {"ETag": etag})

    def _put(self, request: Request) -> Reply:
        self.cards[request.path] = ('"new"', request.body)
        return Reply(201)

    def _delete(self, request: Request) -> Reply:
        self.cards.pop(request.path, None)
        return Reply(204)


def etag_xml(etag: str) -> str:
    return f"<d:getetag>{etag}</d:getetag>" if etag else ""


def response(href: str, properties: str) -> str:
    return (
        f"<d:response><d:href>{href}</d:href><d:propstat><d:prop>{properties}</d:prop>"
        "<d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
    )


def missing(href: str, status: str = "404 Not Found") -> str:
    return f"<d:response><d:href>{href}</d:href><d:status>HTTP/1.1 {status}</d:status></d:response>"


def told(*responses: str, token: str = "") -> Reply:
    end = f"<d:sync-token>{token}</d:sync-token>" if token else ""
    return Reply(207, f"{HEAD}{''.join(responses)}{end}</d:multistatus>".encode())


@contextmanager
def serving(book: Callable[[Request], Reply]) -> Iterator[tuple[DavAdapter, WebServer]]:
    with WebServer(book) as server:
        network = Network()
        url = f"http://127.0.0.1:{server.port}/dav/"
        connection = Connection(url, LOGIN, network.resolve, network.tls(), trusts("127.0.0.1", ()))
        made = DavAdapter(Service.CARDDAV, connection, (url,))
        try:
            yield made, server
        finally:
            made.close()


def names(mirror: MemoryMirror) -> set[str]:
    return {path.rpartition("/")[2] for path in mirror.texts()}


@pytest.fixture
def book() -> Book:
    made = Book()
    made.fill(3)
    return made


def test_a_card_that_is_missing_from_a_long_answer_is_read_alone(book: Book) -> None:
    book.answers["addressbook-multiget"] = lambda request: told(book.card(f"{BOOK}0.vcf"), missing(f"{BOOK}1.vcf"))
    with serving(book) as (made, _):
        mirror = MemoryMirror()
        sync(made, mirror)
        assert names(mirror) == {"0.vcf", "1.vcf", "2.vcf"}


def test_one_card_that_the_server_chokes_on_leaves_the_others_whole(book: Book) -> None:
    def chokes(request: Request) -> Reply | None:
        return Reply(500) if b"1.vcf" in request.body else None

    book.answers["addressbook-multiget"] = chokes
    book.answers["GET"] = lambda request: Reply(500) if request.path.endswith("1.vcf") else None
    with serving(book) as (made, _):
        mirror = MemoryMirror()
        sync(made, mirror)
        assert names(mirror) == {"0.vcf", "2.vcf"}
        assert mirror.refused == {f"{BOOK}1.vcf": "HTTP 500"}


def test_a_ctag_spares_the_server_the_making_of_a_token(book: Book) -> None:
    def home(request: Request) -> Reply | None:
        depth = {name.lower(): value for name, value in request.headers.items()}["depth"]
        asked.append((request.path, depth, b"sync-token" in request.body))
        kind = "<d:resourcetype><d:collection/><a:addressbook/></d:resourcetype>"
        mark = f'<c:getctag xmlns:c="http://calendarserver.org/ns/">{book.stamp}</c:getctag>'
        token = f"<d:sync-token>{book.stamp}</d:sync-token>" if asked[-1][2] else ""
        return told(response(BOOK, kind + mark + token)) if request.path == "/dav/" or asked[-1][1] == "0" else None

    asked: list[tuple[str, str, bool]] = []
    book.answers["PROPFIND"] = home
    with serving(book) as (made, _):
        mirror = MemoryMirror()
        sync(made, mirror)
        assert asked[0] == ("/dav/", "1", True)
        asked.clear()
        sync(made, mirror)
        assert asked == [("/dav/", "1", False)]
        book.stamp, asked[:] = "t2", []
        book.cards.pop(f"{BOOK}1.vcf")
        book.gone = [f"{BOOK}1.vcf"]
        sync(made, mirror)
        assert (asked, names(mirror)) == ([("/dav/", "1", False)], {"0.vcf", "2.vcf"})
        made._places = (BOOK,)  # the address that a person typed is the collection itself
        asked.clear()
        sync(made, mirror)
        assert asked == [(BOOK, "0", False)]


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412, 415, 500])
def test_a_token_that_is_forgotten_leads_to_a_comparison_and_nothing_is_loaded_twice(book: Book, status: int) -> None:
    with serving(book) as (made, server):
        mirror = MemoryMirror()
        sync(made, mirror)
        body = b'<d:error xmlns:d="DAV:"><d:valid-sync-token/></d:error>'
        book.answers["sync-collection"] = lambda request: Reply(status, body)
        book.stamp = "t2"
        del book.cards[f"{BOOK}0.vcf"]
        book.cards[f"{BOOK}9.vcf"] = ('"e9"', CARD % {b"uid": b"9", b"name": b"N"})
        server.requests.clear()
        (_, batch) = sync(made, mirror)
        assert ([record.remote_id for record in batch.upserts], batch.vanished) == ([f"{BOOK}9.vcf"], (f"{BOOK}0.vcf",))


def test_a_token_answered_with_everything_loads_nothing_twice(book: Book) -> None:
    with serving(book) as (made, server):
        mirror = MemoryMirror()
        sync(made, mirror)
        book.stamp = "t2"
        server.requests.clear()
        (_, batch) = sync(made, mirror)
        assert (batch.upserts, batch.vanished) == ((), ())
        assert not any(b"multiget" in request.body for request in server.requests)


def test_an_answer_that_was_cut_is_asked_on_from_its_token(book: Book) -> None:
    with serving(book) as (made, _):
        mirror = MemoryMirror()
        sync(made, mirror)
        rounds = iter(["a", "b", "c"])
        asked: list[bytes] = []

        def cut(request: Request) -> Reply:
            asked.append(request.body)
            number = next(rounds)
            path = f"{BOOK}{number}.vcf"
            book.cards[path] = (f'"{number}"', CARD % {b"uid": number.encode(), b"name": b"N"})
            more = [missing(BOOK, "507 Insufficient Storage")] if number != "c" else []
            return told(response(path, etag_xml(f'"{number}"')), *more, token=f"t-{number}")

        book.answers["sync-collection"] = cut
        book.stamp = "t-c"
        sync(made, mirror)
        assert names(mirror) >= {"a.vcf", "b.vcf", "c.vcf"}
        assert [re.search(rb"token>([^<]*)<", body).group(1) for body in asked] == [b"t1", b"t-a", b"t-b"]  # type: ignore[union-attr]
        assert not any(b"limit" in body for body in asked)


def test_the_report_has_depth_0_and_nothing_is_compressed(book: Book) -> None:
    with serving(book) as (made, server):
        mirror = MemoryMirror()
        sync(made, mirror)
        book.stamp = "t2"
        sync(made, mirror)
        reports = [
            request for request in server.requests if b"sync-collection>" in request.body and request.method == "REPORT"
        ]
        assert {request.headers["depth"] for request in reports} == {"0"}
        assert {request.headers["accept-encoding"] for request in server.requests} == {"identity"}


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone", "418 I'm a teapot"])
def test_deletions_have_several_statuses(book: Book, status: str) -> None:
    with serving(book) as (made, _):
        mirror = MemoryMirror()
        sync(made, mirror)
        book.stamp = "t2"
        book.answers["sync-collection"] = lambda request: told(missing(f"{BOOK}1.vcf", status), token="t2")
        (_, batch) = sync(made, mirror)
        assert batch.vanished == (f"{BOOK}1.vcf",)


def test_without_etags_a_text_is_known_by_itself(book: Book) -> None:
    book.cards = {path: ("", data) for path, (_, data) in book.cards.items()}
    book.answers["GET"] = lambda request: None
    with serving(book) as (made, _):
        mirror = MemoryMirror()
        sync(made, mirror)
        assert all(etag.startswith("hash:") for etag in mirror.etags(BOOK).values())
        book.stamp = "t2"
        book.cards[f"{BOOK}0.vcf"] = ("", CARD % {b"uid": b"0", b"name": b"Other"})
        changed = [record.remote_id for batch in sync(made, mirror) for record in batch.upserts]
        assert changed == [f"{BOOK}0.vcf"]


def test_many_deletions_are_believed_the_second_time(book: Book) -> None:
    book.fill(120)
    with serving(book) as (made, _):
        mirror = MemoryMirror()
        sync(made, mirror)
        book.cards.clear()
        book.stamp = "t2"
        book.answers["sync-collection"] = lambda request: told(token="t2")
        mirror.cursors[BOOK] = dict(mirror.cursors[BOOK] or {}, full_at=0)
        (_, batch) = sync(made, mirror)
        assert (batch.vanished, batch.look_again) == ((), changes.LOOK_AGAIN)
        (_, batch) = sync(made, mirror)
        assert batch.vanished == ()
        mirror.cursors[BOOK] = dict(mirror.cursors[BOOK] or {}, suspect_at=1.0)
        (_, batch) = sync(made, mirror)
        assert (len(batch.vanished), batch.look_again) == (120, None)


def test_an_answer_without_anything_deletes_nothing(book: Book) -> None:
    with serving(book) as (made, _):
        mirror = MemoryMirror()
        sync(made, mirror)
        mirror.cursors[BOOK] = dict(mirror.cursors[BOOK] or {}, full_at=0)
        book.answers["PROPFIND"] = lambda request: told() if request.path == BOOK else None
        with pytest.raises(errors.Transient):
            sync(made, mirror)
        assert len(mirror.texts()) == 3


def put(made: DavAdapter, number: str = "0", if_match: str | None = '"e0"') -> Any:
    data = CARD % {b"uid": number.encode(), b"name": b"Ours"}
    return made.execute(PutObject(BOOK, f"{BOOK}{number}.vcf", data, if_match))


def test_a_put_answered_without_an_etag_is_read_back(book: Book) -> None:
    with serving(book) as (made, server):
        stored = put(made)
        assert (stored.record.etag, b"Ours" in stored.record.data) == ('"new"', True)
        sent = next(request for request in server.requests if request.method == "PUT")
        assert (sent.headers["if-match"], sent.headers["content-type"]) == ('"e0"', "text/vcard; charset=utf-8")


def test_a_weak_etag_is_compared_and_not_sent(book: Book) -> None:
    book.cards[f"{BOOK}0.vcf"] = ('W/"e0"', book.cards[f"{BOOK}0.vcf"][1])
    with serving(book) as (made, server):
        put(made, if_match='W/"e0"')
        assert all("if-match" not in request.headers for request in server.requests)
        book.cards[f"{BOOK}0.vcf"] = ('W/"e1"', CARD % {b"uid": b"0", b"name": b"Theirs"})
        with pytest.raises(errors.Conflict):
            put(made, if_match='W/"e0"')


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(401), errors.NeedsReconnect),
        (Reply(403), errors.PermissionMissing),
        (Reply(403, b'<d:error xmlns:d="DAV:"><x:valid-address-data xmlns:x="u"/></d:error>'), errors.Rejected),
        (Reply(404), errors.Rejected),  # the collection answers: it is the text that is meant (iCloud)
        (Reply(405), errors.Rejected),
        (Reply(413), errors.Rejected),
        (Reply(423), errors.Transient),
        (Reply(507), errors.Rejected),
        (Reply(500), errors.Transient),
    ],
)
def test_a_refused_put_is_told_for_what_it_is(book: Book, reply: Reply, error: type[Exception]) -> None:
    book.answers["PUT"] = lambda request: reply
    with serving(book) as (made, _), pytest.raises(error) as caught:
        put(made)
    assert type(caught.value) is error


def test_a_uid_that_the_server_has_elsewhere_is_a_conflict(book: Book) -> None:
    body = b'<d:error xmlns:d="DAV:" xmlns:a="urn:ietf:params:xml:ns:carddav"><a:no-uid-conflict/></d:error>'
    book.answers["PUT"] = lambda request: Reply(403, body)
    with serving(book) as (made, _), pytest.raises(errors.Conflict) as caught:
        put(made, "7", None)
    assert caught.value.said == "HTTP 403 no-uid-conflict"


@pytest.mark.parametrize(
    ("header", "seconds"), [("17", 17.0), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0), ("soon", None), ("", None)]
)
def test_a_pause_is_a_number_or_a_date(book: Book, header: str, seconds: float | None) -> None:
    book.answers["PROPFIND"] = lambda request: Reply(503, headers={"Retry-After": header})
    with serving(book) as (made, _), pytest.raises(errors.RateLimited) as caught:
        sync(made, MemoryMirror())
    assert caught.value.retry_after == seconds


def test_a_redirect_keeps_method_and_body_and_the_password_at_home(book: Book) -> None:
    with serving(book) as (_, elsewhere):
        book_at = f"http://localhost:{elsewhere.port}/dav/"

        def away(request: Request) -> Reply:
            return Reply(301, headers={"Location": book_at})

        with serving(away) as (made, _), pytest.raises(errors.Rejected, match="another host, localhost"):
            sync(made, MemoryMirror())
        assert elsewhere.requests == []

    def moved(request: Request) -> Reply:
        if request.path == "/dav/":
            return Reply(308, headers={"Location": "/moved/"})
        if request.path == "/moved/":
            return book(Request(request.method, "/dav/", request.headers, request.body))
        return book(request)

    with serving(moved) as (made, server):
        mirror = MemoryMirror()
        sync(made, mirror)
        assert len(mirror.texts()) == 3
        assert {request.method for request in server.requests[:2]} == {"PROPFIND"}

    with serving(lambda request: Reply(302, headers={"Location": "/dav/"})) as (made, _):
        with pytest.raises(errors.Transient, match="circle"):
            sync(made, MemoryMirror())


def test_a_card_that_lies_at_another_host_is_not_asked_for_with_the_password(book: Book) -> None:
    with serving(book) as (_, elsewhere), serving(book) as (made, _):
        stolen = f"http://localhost:{elsewhere.port}{BOOK}9.vcf"
        book.cards[stolen] = ('"e9"', b"")
        mirror = MemoryMirror()
        sync(made, mirror)
        assert names(mirror) == {"0.vcf", "1.vcf", "2.vcf"}
        assert mirror.refused == {stolen: "the server refers to another host, localhost"}
        assert elsewhere.requests == []


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b'<d:multistatus xmlns:d="DAV:"><d:response><d:href>&b;</d:href></d:response></d:multistatus>'
)


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        b'<!DOCTYPE m SYSTEM "file:///etc/passwd"><d:multistatus xmlns:d="DAV:"/>',
        b'<d:multistatus xmlns:d="DAV:">' + b"<d:x>" * 100_000,
        b'<d:multistatus xmlns:d="DAV:">' + b"<x>" * 100_000 + b"</x>" * 100_000 + b"</d:multistatus>",
        b"<html><body>Welcome</body></html>",
        b"",
        b"\xff\xfe\x00",
    ],
    ids=["entities", "external", "unclosed", "deep", "html", "empty", "garbage"],
)
def test_an_answer_that_is_no_honest_document_is_refused(book: Book, body: bytes) -> None:
    with pytest.raises(xml.NotDav):
        xml.answer(body)
    book.answers["PROPFIND"] = lambda request: Reply(207, body)
    with serving(book) as (made, _), pytest.raises(errors.Transient):
        sync(made, MemoryMirror())


def test_a_book_that_may_only_be_read_says_so(book: Book) -> None:
    read = "<d:privilege><d:read/></d:privilege>"
    book.privileges = f"<d:current-user-privilege-set>{read}</d:current-user-privilege-set>"
    with serving(book) as (made, _):
        (record,) = made.census().listing
        assert not record.writable


def test_keys_of_one_path_in_two_spellings_are_one(book: Book) -> None:
    book.cards = {f"{BOOK}a%40b.vcf": ('"1"', CARD % {b"uid": b"1", b"name": b"N"})}
    with serving(book) as (made, _):
        mirror = MemoryMirror()
        sync(made, mirror)
        book.cards = {f"{BOOK}a@b.vcf": ('"1"', CARD % {b"uid": b"1", b"name": b"N"})}
        book.stamp = "t2"
        sync(made, mirror)
        mirror.cursors[BOOK] = dict(mirror.cursors[BOOK] or {}, full_at=0)
        sync(made, mirror)
        assert list(mirror.texts()) == [f"{BOOK}a%40b.vcf"]


def test_what_is_gone_need_not_be_deleted(book: Book) -> None:
    for status in (404, 410, 418):
        book.answers["DELETE"] = lambda request, status=status: Reply(status)  # type: ignore[misc]
        with serving(book) as (made, _):
            made.execute(DeleteObject(BOOK, f"{BOOK}9.vcf", '"e9"'))


@pytest.mark.parametrize("octets", range(0, 400, 7))
def test_a_connection_cut_after_any_octet_is_no_verdict_and_loses_nothing(book: Book, octets: int) -> None:
    """F28: the same end whatever was cut off."""
    with serving(book) as (made, server):
        mirror = MemoryMirror()
        relay = Cutting(server.port, octets)
        with relay, closing(adapter(Service.CARDDAV, f"http://127.0.0.1:{relay.port}/dav/", LOGIN)) as cut:
            with contextlib.suppress(errors.Transient):
                sync(cut, mirror)
        sync(made, mirror)
        assert mirror.texts() == {path: data for path, (_, data) in book.cards.items()}


class Cutting:
    """Passes a connection on until the server has said so many octets, in all."""

    def __init__(self, port: int, octets: int) -> None:
        self._to, self._left = port, octets
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> None:
        threading.Thread(target=self._serve, daemon=True).start()

    def __exit__(self, *exc: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()
                self._answer(server, client)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65_536):
                server.sendall(data)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with server, client, contextlib.suppress(OSError):
            while self._left > 0 and (data := server.recv(65_536)):
                client.sendall(data[: self._left])
                self._left -= len(data)
            for end in (client, server):
                end.shutdown(socket.SHUT_RDWR)
