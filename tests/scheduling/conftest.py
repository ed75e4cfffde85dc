"""A person with mail at a real Dovecot, a submission server with a ledger, and a calendar at a real Radicale."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.mail.models import Message
from apps.providers.adapters.dav import Service
from apps.sync.models import Phase
from tests.compose.conftest import desk, dovecot, dovecots, private_hosts, sink
from tests.compose.fixtures import Desk
from tests.dav.desk import DavDesk
from tests.dav.servers import Other
from tests.providers.radicale import Radicale
from tests.sync import fixtures as engine

__all__ = ["desk", "dovecot", "dovecots", "private_hosts", "sink"]

ANNA, BOB, CARA = "anna@rossi.example", "bob@partner.example", "cara@partner.example"


@dataclass
class Office:
    """One account: its mail, and a calendar that does not schedule by itself."""

    mail: Desk
    diary: DavDesk

    @property
    def client(self) -> Any:
        """The person's API."""
        return self.mail.client

    def receive(self, calendar: str, sender: str = BOB, subject: str = "Invitation") -> str:
        """A mail with a calendar part comes in; the id of its message."""
        number = f"{uuid.uuid4().hex}@partner.example"
        method = next((line[7:] for line in calendar.split("\r\n") if line.startswith("METHOD:")), "PUBLISH")
        self.mail.dovecot.append(
            self.mail.user,
            "INBOX",
            f"From: {sender}\r\nTo: {ANNA}\r\nSubject: {subject}\r\nMessage-ID: <{number}>\r\n"
            f"Date: {datetime.now(UTC):%a, %d %b %Y %H:%M:%S +0000}\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
            f"Please come.\r\n--b\r\nContent-Type: text/calendar; charset=utf-8; method={method}\r\n\r\n"
            f"{calendar}\r\n--b--\r\n".encode(),
        )
        self.mail.sync()
        return str(Message.objects.get(message_id=number).pk)

    def card(self, message: str) -> Any:
        """The card of a message."""
        answer = self.client.get(f"/api/v1/messages/{message}/invitation", {"zone": "Europe/Rome"})
        assert answer.status_code == 200, answer.content
        return answer.json()

    def act(self, message: str, expected: int = 202, **body: Any) -> Any:
        """Do something on the card."""
        path, headers = f"/api/v1/messages/{message}/invitation", {"Idempotency-Key": str(uuid.uuid4())}
        answer = self.client.post(path, body, format="json", headers=headers)
        assert answer.status_code == expected, answer.content
        return answer.json()


@pytest.fixture(scope="session")
def open_radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Radicale]:
    """A server that takes the users of the mail server."""
    with Radicale(tmp_path_factory.mktemp("radicale"), anybody=True) as server:
        yield server


@pytest.fixture
def office(desk: Desk, open_radicale: Radicale) -> Office:
    login = desk.dovecot.login(desk.user)
    other = Other(Service.CALDAV, f"{open_radicale.url}/{desk.user}/", (login.username, login.password))
    place = other.make(f"c{uuid.uuid4().hex[:8]}")
    where = {"caldav": {"url": f"{open_radicale.url}{place}", "principal": None, "homes": []}, "trusted": []}
    desk.account.settings |= where
    desk.account.save(update_fields=["settings"])
    target = engine.target(desk.member, desk.account.pk, kind="calendar", phase=Phase.INITIAL)
    diary = DavDesk(desk.member, desk.account, target, other, place, Service.CALDAV)
    diary.sync()
    return Office(desk, diary)


def soon(hours: int = 24) -> datetime:
    """A full hour that comes."""
    return (datetime.now(UTC) + timedelta(hours=hours)).replace(minute=0, second=0, microsecond=0)


def event(
    *lines: str, method: str = "REQUEST", uid: str = "meet@partner.example", start: datetime | None = None,
    title: str = "Plan", sequence: int = 0, organizer: str = BOB, people: tuple[str, ...] = (ANNA,),
) -> str:  # fmt: skip
    """An iTIP message of one event of an hour."""
    begin = start or soon()
    return "\r\n".join((
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//T//T//EN", f"METHOD:{method}", "BEGIN:VEVENT", f"UID:{uid}",
        f"DTSTAMP:{datetime.now(UTC):%Y%m%dT%H%M%SZ}", f"SEQUENCE:{sequence}", f"DTSTART:{begin:%Y%m%dT%H%M%SZ}",
        f"DTEND:{begin + timedelta(hours=1):%Y%m%dT%H%M%SZ}", f"SUMMARY:{title}",
        f"ORGANIZER;CN=Bob:mailto:{organizer}",
        *(f"ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{each}" for each in people), *lines,
        "END:VEVENT", "END:VCALENDAR", "",
    ))  # fmt: skip
