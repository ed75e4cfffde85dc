"""What the DAV tests share: a second real server, a mirror in memory, a client of another kind."""

import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx

from apps.core import net
from apps.providers.adapters.base import Cursor, Login
from apps.providers.adapters.collections import CollectionBatch, MirrorCollection
from apps.providers.adapters.dav import Connection, DavAdapter, Service, trusts
from apps.providers.adapters.tls import for_http
from apps.providers.network import Network

CARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:%(uid)b\r\nFN:%(name)b\r\nN:%(name)b;;;;\r\nEND:VCARD\r\n"
EVENT = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//T//T//EN\r\nBEGIN:VEVENT\r\nUID:%(uid)b\r\n"
    b"DTSTAMP:20260101T000000Z\r\nDTSTART:20260301T100000Z\r\nDTEND:20260301T110000Z\r\nSUMMARY:%(name)b\r\n"
    b"END:VEVENT\r\nEND:VCALENDAR\r\n"
)
TEMPLATE = {Service.CARDDAV: CARD, Service.CALDAV: EVENT}
SPACE = {Service.CARDDAV: "urn:ietf:params:xml:ns:carddav", Service.CALDAV: "urn:ietf:params:xml:ns:caldav"}
KIND = {Service.CARDDAV: "addressbook", Service.CALDAV: "calendar"}


def text(service: Service, uid: str, name: str) -> bytes:
    """An object of this UID and name."""
    return TEMPLATE[service] % {b"uid": uid.encode(), b"name": name.encode()}


def adapter(service: Service, url: str, login: Login, *places: str) -> DavAdapter:
    """The adapter for a home or collection at this URL."""
    network = Network(lookup=net.system_lookup)
    connection = Connection(url, login, network.resolve, network.tls(), trusts(urlsplit(url).hostname or "", ()))
    return DavAdapter(service, connection, places or (url,))


@dataclass
class MemoryMirror:
    """Implements `CollectionMirror` by applying batches to dictionaries, as an application does to its tables."""

    cursors: dict[str, Cursor | None] = field(default_factory=dict)
    objects: dict[str, dict[str, tuple[str, bytes]]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def collections(self) -> Sequence[MirrorCollection]:
        return [MirrorCollection(remote_id, cursor) for remote_id, cursor in self.cursors.items()]

    def etags(self, collection: str) -> Mapping[str, str]:
        return {remote_id: etag for remote_id, (etag, _) in self.objects.get(collection, {}).items()}

    def known(self, collection: str, remote_ids: Collection[str]) -> Mapping[str, str]:
        return {one: etag for one, etag in self.etags(collection).items() if one in remote_ids}

    def apply(self, batch: CollectionBatch) -> None:
        if batch.listing is not None:
            listed = {record.remote_id for record in batch.listing}
            for remote_id in listed - self.cursors.keys():
                self.cursors[remote_id] = None
            for remote_id in self.cursors.keys() - listed:
                del self.cursors[remote_id]
                self.objects.pop(remote_id, None)
            return
        held = self.objects.setdefault(batch.collection, {})
        held |= {record.remote_id: (record.etag, record.data) for record in batch.upserts}
        for remote_id in batch.vanished:
            del held[remote_id]
        self.refused |= batch.refused
        if batch.cursor is not None:
            self.cursors[batch.collection] = batch.cursor

    def texts(self) -> dict[str, bytes]:
        """Every text by remote id."""
        return {one: data for held in self.objects.values() for one, (_, data) in held.items()}


def sync(made: DavAdapter, mirror: MemoryMirror) -> list[CollectionBatch]:
    """One whole round; its batches."""
    batches = []
    for batch in made.changes(mirror):
        mirror.apply(batch)
        batches.append(batch)
    return batches


@dataclass(frozen=True)
class Other:
    """Another program at the same account, by a library of its own."""

    service: Service
    home: str
    auth: tuple[str, str] | None

    def request(self, method: str, url: str, content: bytes = b"", **headers: str) -> httpx.Response:
        auth = httpx.BasicAuth(*self.auth) if self.auth else None
        with httpx.Client(auth=auth, verify=for_http(), timeout=30) as client:
            return client.request(method, urljoin(self.home, url), content=content, headers=headers)

    def make(self, name: str) -> str:
        """A new collection; its path."""
        body = (
            f'<d:mkcol xmlns:d="DAV:" xmlns:x="{SPACE[self.service]}"><d:set><d:prop><d:resourcetype><d:collection/>'
            f"<x:{KIND[self.service]}/></d:resourcetype><d:displayname>{name}</d:displayname></d:prop></d:set></d:mkcol>"
        )
        path = f"{urlsplit(self.home).path}{name}/"
        answer = self.request("MKCOL", path, body.encode(), **{"Content-Type": "application/xml"})
        assert answer.status_code == 201, answer.text
        return path

    def put(self, collection: str, name: str, uid: str = "") -> str:
        """A new object; its path."""
        uid = uid or str(uuid.uuid4())
        path = f"{collection}{uid}.{'vcf' if self.service is Service.CARDDAV else 'ics'}"
        self.change(path, uid, name)
        return path

    def change(self, path: str, uid: str, name: str) -> None:
        kind = "text/vcard" if self.service is Service.CARDDAV else "text/calendar"
        headers = {"Content-Type": f"{kind}; charset=utf-8"}
        for _ in range(50):
            answer = self.request("PUT", path, text(self.service, uid, name), **headers)
            if answer.status_code != 423:
                break
            time.sleep(0.1)  # Xandikos writes one thing at a time, and says so to whoever comes in between
        assert answer.status_code in (200, 201, 204), f"{answer.status_code} {answer.text}"

    def delete(self, path: str) -> None:
        assert self.request("DELETE", path).status_code in (200, 204)

    def texts(self, *paths: str) -> dict[str, bytes]:
        """What the server holds of these, as it is read by GET."""
        return {path: self.request("GET", path).content for path in paths}


@contextmanager
def xandikos(folder: Path) -> Iterator[str]:
    """A real Xandikos in a process of its own; the URL of its one user."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    where = ["-d", str(folder), "--defaults", "-l", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(
        [sys.executable, "-m", "xandikos.web", *where],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}/user/"
        finally:
            process.terminate()
