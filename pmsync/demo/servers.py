"""The demo's providers on the loopback: IMAP and SMTP (`mail_server`), CalDAV and CardDAV (Radicale), `simulations`.

Their ports, users and contents lie under the home's `demo` folder and are the same at the next start.
Each is a program of its own that the supervisor runs; nothing here is imported by it.
"""

import json
import shutil
import socket
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pmsync.private.home import REPOSITORY, Home, free_port

from . import cast, diary
from .correspondence import ANCHOR, generate
from .correspondence.company import Correspondence
from .correspondence.files import card
from .mail_store import Letter, Store
from .model import SimulatedModel
from .simulations import Simulations
from .supervisor import Service, port_taken

HOST: Final = "127.0.0.1"
CORPORA: Final = REPOSITORY / "tests/corpora"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the demo's providers listen."""

    imap: int
    smtp: int
    dav: int
    google: int
    microsoft: int
    pages: int
    """Of Microsoft's pages for people, without TLS."""
    model: int
    """Of the simulated language model."""

    @property
    def dav_url(self) -> str:
        """The root of CalDAV and CardDAV."""
        return f"http://{HOST}:{self.dav}/"

    def simulations(self, folder: Path) -> Simulations:
        """The simulated providers, whose files lie below the demo's folder."""
        return Simulations(folder, self.google, self.microsoft, self.pages)


def ports_of(folder: Path) -> Ports:
    """The ports of the demo that runs in this folder."""
    return Ports(**json.loads((folder / "ports.json").read_text()))


class Providers:
    """The demo's providers in one folder: prepared, then started as services."""

    def __init__(self, home: Home) -> None:
        self.folder = home.path / "demo"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ports = self._ports()
        self.simulations = self.ports.simulations(self.folder)
        self.model = SimulatedModel(self.ports.model)

    def _ports(self) -> Ports:
        """The ports of last time, or free ones when another program has taken one."""
        file = self.folder / "ports.json"
        if file.exists():
            known = json.loads(file.read_text())
            if known.keys() == {one.name for one in fields(Ports)} and not any(map(port_taken, known.values())):
                return Ports(**known)
        ports = Ports(*(free_port() for _ in fields(Ports)))
        file.write_text(json.dumps(asdict(ports)))
        return ports

    def fill(self, scale: float = 1.0) -> int:
        """Write eighteen months of mail for everyone who has none yet; return how many messages."""
        users = {account.address: account.password for account in cast.accounts()} | dict([cast.OURSELVES])
        (self.folder / "users.json").write_text(json.dumps(users))
        (self.folder / "users.htpasswd").write_text("".join(f"{name}:{word}\n" for name, word in users.items()))
        store = Store(self.folder / "mail.sqlite")
        have, written = set(store.users()), 0
        for account in cast.accounts():
            if account.address not in have:
                written += store.fill(account.address, _letters(account, scale))
        store.close()
        return written + self.simulations.fill(scale)

    def services(self, public_url: str) -> list[Service]:
        """The programs to run; `public_url` is where the simulated providers send people back to."""
        mail = [sys.executable, "-m", "pmsync.demo.mail_server", str(self.folder)]
        mail += ["--imap", str(self.ports.imap), "--smtp", str(self.ports.smtp)]
        dav = [sys.executable, "-m", "radicale", "--config", str(self._radicale()), "--logging-level", "error"]
        return [
            Service("mail", mail, stage=0),
            Service("dav", dav, stage=0),
            *self.simulations.services(public_url),
            *self.model.services(),
        ]

    def _radicale(self) -> Path:
        file = self.folder / "radicale.conf"
        file.write_text(
            f"[server]\nhosts = {HOST}:{self.ports.dav}\n"
            f"[auth]\ntype = htpasswd\nhtpasswd_filename = {self.folder / 'users.htpasswd'}\n"
            "htpasswd_encryption = plain\ndelay = 0\n"
            "[rights]\ntype = owner_only\n"
            f"[storage]\nfilesystem_folder = {self.folder / 'dav'}\n"
        )
        return file

    def answer(self) -> bool:
        """True when all of them take connections."""
        ours = (self.ports.imap, self.ports.smtp, self.ports.dav)
        return all(map(_listens, (*ours, *self.simulations.ports, *self.model.ports)))

    def fill_dav(self) -> int:
        """Put events, and the corpora's cards, into each person's collections, once; return how many are there new."""
        return sum(
            _collection(self.ports, account, person.timezone, kind)
            for tenant in cast.TENANTS
            for person in tenant.people
            for account in person.accounts
            for kind in ("calendar", "addressbook")
            if not (self.folder / "dav" / "collection-root" / account.address / kind).exists()
        )

    def forget(self) -> None:
        """Remove everything, so that the next start begins anew."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _letters(account: cast.DemoAccount, scale: float) -> Iterator[tuple[str, Letter]]:
    people = cast.people_around(account.person)
    for message in generate(account.seed, max(30, int(account.messages * scale)), people, until=datetime.now(UTC)):
        yield message.mailbox, Letter(message.raw, message.flags, message.internal_date)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((HOST, port)) == 0


MAKE: Final = {
    "calendar": (
        '<?xml version="1.0"?><mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop><resourcetype>'
        "<collection/><C:calendar/></resourcetype><displayname>{name}</displayname></prop></set></mkcol>"
    ),
    "addressbook": (
        '<?xml version="1.0"?><mkcol xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><set><prop><resourcetype>'
        "<collection/><C:addressbook/></resourcetype><displayname>{name}</displayname></prop></set></mkcol>"
    ),
}
NAMES: Final = {
    "calendar": {"it": "Calendario", "en": "Calendar"},
    "addressbook": {"it": "Contatti", "en": "Contacts"},
}


def _collection(ports: Ports, account: cast.DemoAccount, zone: str, kind: str) -> int:
    """Make one collection and fill it; what Radicale does not take stays out."""
    root = f"{ports.dav_url}{account.address}/{kind}/"
    _ask("MKCOL", root, account, MAKE[kind].format(name=NAMES[kind][account.person.language]), "application/xml")
    items = diary.objects(account, zone, datetime.now(UTC).date()) if kind == "calendar" else _cards(account)
    media = "text/calendar" if kind == "calendar" else "text/vcard"
    return sum(_ask("PUT", root + name, account, item, f"{media}; charset=utf-8") in (201, 204) for name, item in items)


def _cards(account: cast.DemoAccount) -> Iterator[tuple[str, bytes]]:
    """The corpora's cards that have a UID, and those of the people the account writes with."""
    for file in sorted((CORPORA / "vcf").rglob("*.vcf")):
        item = file.read_bytes()
        if item.count(b"BEGIN:VCARD") == 1 and b"\nUID:" in item:
            yield f"{file.parent.name}-{file.stem}.vcf", item
    for person in Correspondence(account.seed, cast.people_around(account.person), ANCHOR).others:
        yield f"{person.address}.vcf", card(person)


def _ask(method: str, url: str, account: cast.DemoAccount, body: str | bytes, media: str) -> int:
    secret = b64encode(f"{account.address}:{account.password}".encode()).decode()
    headers = {"Authorization": f"Basic {secret}", "Content-Type": media}
    content = body.encode() if isinstance(body, str) else body
    request = urllib.request.Request(url, content, headers, method=method)  # noqa: S310  our own loopback server
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310  as above
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
