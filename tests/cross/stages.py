"""One account at each kind of provider, driven and looked at in one way.

A stage has our side (`sync`, `work`, `verify`, the API's client) and `elsewhere`, which does at the provider what
another client of the person does. Nothing in a scenario knows which provider it runs at.
"""

import random
import re
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.utils.timezone import now

from apps.outbound import runner
from apps.outbound.models import OPEN, Command
from apps.providers import connect, connections, credentials
from apps.providers.adapters.base import Login
from apps.providers.models import AccountStatus, ProviderAccount
from apps.sync import lease, operations, runs, verification
from apps.sync.models import SyncTarget
from tests.dav.servers import Other
from tests.fakes.microsoft.faults import bad_gateway, cut, status, throttled, truncated, unauthorized
from tests.fakes.smtp_sink import Sink
from tests.imap.dovecot import Dovecot
from tests.providers.clouds import ANNA, GoogleSide, MicrosoftSide, Wizard
from tests.providers.radicale import Radicale
from tests.tenants.fixtures import Cast, Make

START: Final = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=10)


def letter(subject: str, message_id: str, references: str = "") -> bytes:
    """A mail to Anna."""
    answers = f"In-Reply-To: <{references}>\r\nReferences: <{references}>\r\n" if references else ""
    return (
        f"From: Carla Conti <carla@outside.example>\r\nTo: Anna <{ANNA}>\r\nSubject: {subject}\r\n"
        f"Message-ID: <{message_id}>\r\nDate: {datetime.now(UTC):%a, %d %b %Y %H:%M:%S +0000}\r\n{answers}"
        f"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe words of {subject}.\r\n"
    ).encode()


def new_message_id() -> str:
    """One that nobody else has."""
    return f"{uuid.uuid4().hex}@outside.example"


class Elsewhere(ABC):
    """The person at another client of the same provider. Messages are named by Message-ID, all else by what it says."""

    @abstractmethod
    def deliver(self, raw: bytes) -> None:
        """A message arrives in the inbox, unread."""

    @abstractmethod
    def read(self, message_id: str) -> None:
        """Mark it as read."""

    @abstractmethod
    def file(self, message_id: str, role: str) -> None:
        """Move it to the mailbox of a role."""

    @abstractmethod
    def erase(self, message_id: str) -> None:
        """Delete it for good."""

    @abstractmethod
    def sent(self) -> list[str]:
        """The Message-IDs of what the provider took in to be sent, each as often as it did."""

    @abstractmethod
    def add_event(self, title: str, start: datetime) -> None:
        """An event of an hour."""

    @abstractmethod
    def retitle_event(self, title: str, other: str) -> None:
        """Another title."""

    @abstractmethod
    def drop_event(self, title: str) -> None:
        """Delete it."""

    @abstractmethod
    def add_contact(self, first: str, last: str) -> None:
        """Write somebody down."""

    @abstractmethod
    def rename_contact(self, last: str, other: str) -> None:
        """Another family name."""

    @abstractmethod
    def drop_contact(self, last: str) -> None:
        """Strike somebody out."""

    @abstractmethod
    def expire_cursors(self) -> None:
        """What was remembered of changes is void."""

    def trouble(self, rng: random.Random) -> str:
        """Something goes wrong with one of the next requests, or with its answer; what it is called."""
        raise NotImplementedError

    def calm(self) -> None:
        """Nothing goes wrong any more."""
        raise NotImplementedError

    @abstractmethod
    def withdraw(self) -> None:
        """We may not come in any more: another password, or a consent that was taken back."""

    @abstractmethod
    def hours_pass(self) -> None:
        """What may be asked in a while may be asked again."""

    def spend_token(self) -> None:
        """The access token is accepted no longer, and another has to be asked for."""
        raise NotImplementedError

    @abstractmethod
    def lose_answer_to_sending(self) -> None:
        """The next message that is handed in is taken, and the answer is lost."""


@dataclass
class Stage:
    """An account, our side of it, and the other."""

    name: str
    cast: Cast
    account: ProviderAccount
    client: Any
    elsewhere: Elsewhere
    wizard: Wizard | None = None

    def sync(self) -> None:
        """Bring every mirror up to this moment."""
        self.account.refresh_from_db()
        for target in operations.targets_of([self.account.pk]):
            verification.quiesce(self.account, target)

    def work(self, most: int = 20) -> None:
        """Carry out what was asked for, whatever it waits for."""
        for _ in range(most):
            waiting = Command.objects.filter(OPEN, account=self.account)
            if not waiting.exists():
                return
            waiting.update(due_at=now(), not_before=None)
            queue = SyncTarget.objects.get(account_id=self.account.pk, kind="outbound")
            SyncTarget.objects.filter(pk=queue.pk).update(lease_until=None, is_active=True)
            with lease.take(queue.pk) as held:
                assert held is not None
                runner.run(held)
        raise AssertionError(f"still open: {list(Command.objects.filter(OPEN).values('action', 'error_reason'))}")

    def try_to_sync(self) -> None:
        """A run of the mail that may fail."""
        connections.drop(self.account)
        target = SyncTarget.objects.get(account_id=self.account.pk, kind="mail")
        with lease.take(target.pk) as held:
            assert held is not None
            runs.catch_up(held)

    def consent_again(self) -> None:
        """The one click, or the password, that mends it."""
        if self.wizard is not None:
            assert "connected" in self.wizard.connect(account=str(self.account.pk))
            return
        assert isinstance(self.elsewhere, OpenElsewhere)
        self.ask("post", f"accounts/{self.account.pk}/reconnect", {"password": self.elsewhere.let_in()}, 200)

    def settle(self) -> None:
        """Both, and mirror and provider are equal."""
        self.work()
        self.sync()
        self.work()
        for told in verification.verify(self.account, settle=0.2):
            assert told.equal, f"{self.name} {told.kind}: {told.obstacle or told.differences}"

    # The API

    def get(self, path: str, **query: Any) -> Any:
        """What the API answers."""
        answer = self.client.get(f"/api/v1/{path}", query)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def ask(self, method: str, path: str, body: Any = None, expected: int = 202) -> Any:
        """An act through the API, under a key of its own."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        answer = getattr(self.client, method)(f"/api/v1/{path}", body, format="json", headers=headers)
        assert answer.status_code == expected, answer.content
        return answer.json() if answer.content else None

    def send(self, subject: str, **fields: Any) -> Any:
        """Write and send."""
        body = {"to": [{"name": "", "address": "carla@outside.example"}], "subject": subject, "html": "<p>Words</p>"}
        body |= {"account_id": str(self.account.pk)} | fields
        return self.ask("post", "emails/send", body)


# ---------------------------------------------------------------------- IMAP, CalDAV, CardDAV


class OpenElsewhere(Elsewhere):
    """imaplib at a Dovecot, httpx at a Radicale."""

    NAMES: Final = {"inbox": "INBOX", "archive": "Archive", "trash": "Trash", "junk": "Junk"}

    def __init__(self, dovecot: Dovecot, user: str, sink: Sink, books: Other, calendars: Other) -> None:
        self._dovecot, self._user, self._sink = dovecot, user, sink
        self._calendars, self._books = calendars, books
        self._calendar, self._book = calendars.make(f"c{uuid.uuid4().hex[:8]}"), books.make(f"b{uuid.uuid4().hex[:8]}")
        self.account = ProviderAccount()

    @property
    def places(self) -> tuple[str, str]:
        """The paths of calendar and address book."""
        return self._calendar, self._book

    def deliver(self, raw: bytes) -> None:
        self._dovecot.append(self._user, "INBOX", raw)

    @contextmanager
    def _at(self, message_id: str) -> Iterator[tuple[Any, bytes]]:
        with self._dovecot.client(self._user) as client:
            for name in self.NAMES.values():
                if client.select(name)[0] != "OK":
                    continue
                found = client.uid("SEARCH", "HEADER", "Message-ID", f"<{message_id}>")[1][0].split()
                if found:
                    yield client, found[0]
                    return
        raise AssertionError(f"{message_id} is not there")

    def read(self, message_id: str) -> None:
        with self._at(message_id) as (client, uid):
            client.uid("STORE", uid, "+FLAGS", "(\\Seen)")

    def file(self, message_id: str, role: str) -> None:
        with self._at(message_id) as (client, uid):
            if client.uid("MOVE", uid, self.NAMES[role])[0] != "OK":
                client.create(self.NAMES[role])
                assert client.uid("MOVE", uid, self.NAMES[role])[0] == "OK"

    def erase(self, message_id: str) -> None:
        with self._at(message_id) as (client, uid):
            client.uid("STORE", uid, "+FLAGS", "(\\Deleted)")
            client.uid("EXPUNGE", uid)

    def sent(self) -> list[str]:
        return [each.message_id.strip("<>") for each in self._sink.taken]

    def add_event(self, title: str, start: datetime) -> None:
        uid = str(uuid.uuid4())
        end = start + timedelta(hours=1)
        text = "\r\n".join((
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//T//T//EN", "BEGIN:VEVENT", f"UID:{uid}",
            "DTSTAMP:20260101T000000Z", f"DTSTART:{start:%Y%m%dT%H%M%SZ}", f"DTEND:{end:%Y%m%dT%H%M%SZ}",
            f"SUMMARY:{title}", "END:VEVENT", "END:VCALENDAR", "",
        ))  # fmt: skip
        self._write(self._calendars, f"{self._calendar}{uid}.ics", text, "text/calendar")

    def _write(self, other: Other, path: str, text: str, media: str) -> None:
        answer = other.request("PUT", path, text.encode(), **{"Content-Type": f"{media}; charset=utf-8"})
        assert answer.status_code in (201, 204), answer.text

    def _found(self, other: Other, place: str, words: str) -> tuple[str, str]:
        listed = re.findall(r"<href>([^<]+\.(?:ics|vcf))</href>", other.request("PROPFIND", place, Depth="1").text)
        for path, text in other.texts(*listed).items():
            if words in text.decode():
                return path, text.decode()
        raise AssertionError(f"{words} is not there")

    def retitle_event(self, title: str, other: str) -> None:
        path, text = self._found(self._calendars, self._calendar, f"SUMMARY:{title}")
        self._write(self._calendars, path, text.replace(f"SUMMARY:{title}", f"SUMMARY:{other}"), "text/calendar")

    def drop_event(self, title: str) -> None:
        path, _ = self._found(self._calendars, self._calendar, f"SUMMARY:{title}")
        assert self._calendars.request("DELETE", path).status_code in (200, 204)

    def add_contact(self, first: str, last: str) -> None:
        uid = str(uuid.uuid4())
        text = "\r\n".join((
            "BEGIN:VCARD", "VERSION:3.0", f"UID:{uid}", f"FN:{first} {last}", f"N:{last};{first};;;",
            f"EMAIL:{first.lower()}@outside.example", "END:VCARD", "",
        ))  # fmt: skip
        self._write(self._books, f"{self._book}{uid}.vcf", text, "text/vcard")

    def rename_contact(self, last: str, other: str) -> None:
        path, text = self._found(self._books, self._book, f"N:{last};")
        self._write(self._books, path, text.replace(last, other), "text/vcard")

    def drop_contact(self, last: str) -> None:
        path, _ = self._found(self._books, self._book, f"N:{last};")
        assert self._books.request("DELETE", path).status_code in (200, 204)

    def expire_cursors(self) -> None:
        connections.drop(self.account)  # no session of ours keeps the mailbox open
        self._dovecot.lose_uids(self._user, None)

    def withdraw(self) -> None:
        credentials.seal(self.account, Login(self._user, "no longer the password"))
        self.account.save(update_fields=["credentials"])

    def let_in(self) -> str:
        """The password that is good."""
        return self._dovecot.login(self._user).password

    def hours_pass(self) -> None:
        """Servers of the open protocols count nothing here."""

    def lose_answer_to_sending(self) -> None:
        lost: list[str] = []

        def once(stage: str) -> bool:
            if stage != "after taking" or lost:
                return False
            lost.append(stage)
            return True

        self._sink.fault = once


@contextmanager
def open_stage(make: Make, cast: Cast, dovecot: Dovecot, sink: Sink, radicale: Radicale) -> Iterator[Stage]:
    """An account at servers of the open protocols."""
    user = dovecot.new_user()
    login = dovecot.login(user)
    home, auth = f"{radicale.url}/{user}/", (login.username, login.password)
    calendars, books = (Other(service, home, auth) for service in connections.SERVICES.values())
    elsewhere = OpenElsewhere(dovecot, user, sink, books, calendars)
    calendar, book = elsewhere.places
    where = {
        "imap": {"host": "127.0.0.1", "port": dovecot.port, "security": "none"},
        "smtp": {"host": "127.0.0.1", "port": sink.port, "security": "none"},
        "caldav": {"url": f"{radicale.url}{calendar}", "principal": None, "homes": []},
        "carddav": {"url": f"{radicale.url}{book}", "principal": None, "homes": []},
        "trusted": [],
        "username": user,
    }
    with cast.inside():
        account = ProviderAccount(
            owner_id=cast.owner.user_id, address=ANNA, display_name="Anna Rossi", provider_type="imap",
            settings=where, status=AccountStatus.ACTIVE, import_started_at=now(),
        )  # fmt: skip
        credentials.seal(account, login)
        connect.begin(cast.owner, account)
        elsewhere.account = account
        yield Stage("imap", cast, account, make.client(cast.owner), elsewhere)
        connections.drop(account)


# ---------------------------------------------------------------------- Google


class GoogleElsewhere(Elsewhere):
    """The simulated Google's own other client."""

    LABELS: Final = {"inbox": "INBOX", "trash": "TRASH", "junk": "SPAM"}

    def __init__(self, side: GoogleSide) -> None:
        self._google, self._side = side.google, side

    def deliver(self, raw: bytes) -> None:
        self._google.elsewhere.deliver(ANNA, raw)

    def _id(self, message_id: str) -> str:
        for stored in self._google.gmail.mailboxes[ANNA].messages.values():
            if f"<{message_id}>" in str(stored.message["Message-ID"]):
                return str(stored.id)
        raise AssertionError(f"{message_id} is not there")

    def read(self, message_id: str) -> None:
        self._google.elsewhere.relabel(ANNA, self._id(message_id), remove=["UNREAD"])

    def file(self, message_id: str, role: str) -> None:
        add = [self.LABELS[role]] if role in self.LABELS else []
        remove = [label for label in self.LABELS.values() if label not in add]
        self._google.elsewhere.relabel(ANNA, self._id(message_id), add, remove)

    def erase(self, message_id: str) -> None:
        self._google.elsewhere.delete(ANNA, self._id(message_id))

    def sent(self) -> list[str]:
        return [each.message_id.strip("<>") for each in self._google.gmail.outbox]

    def add_event(self, title: str, start: datetime) -> None:
        end = start + timedelta(hours=1)
        times = {"start": {"dateTime": start.isoformat()}, "end": {"dateTime": end.isoformat()}}
        self._google.elsewhere.add_event(ANNA, {"summary": title, **times})

    def _event(self, title: str) -> str:
        events = self._google.agenda.calendars[ANNA].events.values()
        return next(str(each.data["id"]) for each in events if each.data.get("summary") == title)

    def retitle_event(self, title: str, other: str) -> None:
        self._google.elsewhere.edit_event(ANNA, self._event(title), {"summary": other})

    def drop_event(self, title: str) -> None:
        self._google.elsewhere.delete_event(ANNA, self._event(title))

    def add_contact(self, first: str, last: str) -> None:
        address = f"{first.lower()}@outside.example"
        names = [{"givenName": first, "familyName": last}]
        self._google.elsewhere.add_contact(ANNA, {"names": names, "emailAddresses": [{"value": address}]})

    def _contact(self, last: str) -> str:
        told = self._google.elsewhere.call(
            ANNA, "people.people.connections.list", resourceName="people/me", personFields="names"
        )  # fmt: skip
        for each in told.get("connections", ()):
            if each.get("names", [{}])[0].get("familyName") == last:
                return str(each["resourceName"])
        raise AssertionError(f"{last} is not there")

    def rename_contact(self, last: str, other: str) -> None:
        name = self._contact(last)
        self._google.elsewhere.edit_contact(ANNA, name, {"names": [{"givenName": "Dino", "familyName": other}]})

    def drop_contact(self, last: str) -> None:
        self._google.elsewhere.delete_contact(ANNA, self._contact(last))

    def expire_cursors(self) -> None:
        self._google.gmail.mailboxes[ANNA].forget_history()
        self._google.cursors.expire("calendar.sync")
        self._google.cursors.expire("people.people.connections.list.sync")

    def trouble(self, rng: random.Random) -> str:
        kind, after = rng.choice(("cut", "503", "half", "truncated", "429", "html", "500", "401")), rng.random() < 0.5
        self._google.faults.add(
            "*", kind, after=after and kind != "401", skip=rng.randrange(8), times=rng.choice((1, 3))
        )
        return kind

    def calm(self) -> None:
        self._google.faults.clear()

    def withdraw(self) -> None:
        self._google.grants.withdraw(ANNA, settings.GOOGLE_CLIENT_ID)

    def hours_pass(self) -> None:
        self._google.quotas.forget()

    def spend_token(self) -> None:
        self._google.grants.expire_access()

    def refuse_tokens(self) -> None:
        """Who runs the organisation does not let the application in."""
        self._google.faults.add("oauth.token", "403", times=100)

    def lose_answer_to_sending(self) -> None:
        self._google.faults.add("gmail.users.messages.send", "cut", after=True)


# ---------------------------------------------------------------------- Microsoft


class MicrosoftElsewhere(Elsewhere):
    """The simulated Microsoft's own other client."""

    FOLDERS: Final = {"inbox": "inbox", "archive": "archive", "trash": "deleteditems", "junk": "junkemail"}

    def __init__(self, side: MicrosoftSide) -> None:
        self._microsoft, self._person = side.microsoft, side.people[ANNA]
        self._other = side.microsoft.elsewhere(self._person)
        self._mailbox = side.microsoft.mailbox(self._person)
        self._events: dict[str, Any] = {}
        self._contacts: dict[str, Any] = {}

    def deliver(self, raw: bytes) -> None:
        self._other.deliver(raw)

    def _message(self, message_id: str) -> Any:
        for item in self._mailbox.items.values():
            if item.values.get("internetMessageId") == f"<{message_id}>":
                return item
        raise AssertionError(f"{message_id} is not there")

    def read(self, message_id: str) -> None:
        self._other.mark_read(self._message(message_id))

    def file(self, message_id: str, role: str) -> None:
        self._other.move(self._message(message_id), self.FOLDERS[role])

    def erase(self, message_id: str) -> None:
        self._other.purge(self._message(message_id))

    def sent(self) -> list[str]:
        return [each.message_id.strip("<>") for each in self._microsoft.sent]

    def _item(self, name: str, value: str) -> Any:
        for item in self._mailbox.items.values():
            if item.values.get(name) == value:
                return item
        raise AssertionError(f"{value} is not there")

    def add_event(self, title: str, start: datetime) -> None:
        def point(moment: datetime) -> dict[str, str]:
            return {"dateTime": f"{moment:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}

        self._other.add_event(
            {"subject": title, "start": point(start), "end": point(start + timedelta(hours=1))}
        )  # fmt: skip

    def retitle_event(self, title: str, other: str) -> None:
        self._other.edit_event(self._item("subject", title), {"subject": other})

    def drop_event(self, title: str) -> None:
        self._other.delete_event(self._item("subject", title))

    def add_contact(self, first: str, last: str) -> None:
        address = {"address": f"{first.lower()}@outside.example", "name": first}
        self._other.add_contact({"givenName": first, "surname": last, "emailAddresses": [address]})

    def rename_contact(self, last: str, other: str) -> None:
        changes = {"surname": other, "displayName": f"Dino {other}"}  # Outlook derives the one from the other
        self._other.edit_contact(self._item("surname", last), changes)

    def drop_contact(self, last: str) -> None:
        self._other.delete_contact(self._item("surname", last))

    def expire_cursors(self) -> None:
        self._microsoft.expire_delta(self._person)

    def trouble(self, rng: random.Random) -> str:
        after = rng.random() < 0.5
        fault = rng.choice((
            cut(after_commit=after), status(503, after_commit=after), status(500), truncated(), throttled(1),
            throttled(None), bad_gateway(after_commit=after), unauthorized(),
        ))  # fmt: skip
        self._microsoft.faults.add(fault, "", skip=rng.randrange(8), times=rng.choice((1, 3)))
        return fault.name

    def calm(self) -> None:
        self._microsoft.faults.clear()

    def withdraw(self) -> None:
        self._microsoft.end_sessions(self._person)

    def hours_pass(self) -> None:
        self._microsoft.graph.throttle.forget()

    def spend_token(self) -> None:
        self._microsoft.faults.add(unauthorized(), "/v1.0/", times=100)

    def lose_answer_to_sending(self) -> None:
        self._microsoft.faults.add(cut(after_commit=True), "POST .*/send")


@contextmanager
def cloud_stage(make: Make, cast: Cast, side: GoogleSide | MicrosoftSide) -> Iterator[Stage]:
    """An account connected through the provider's consent, as a person does it."""
    wizard = Wizard(make, cast.owner, side)
    told = wizard.connect()
    elsewhere = GoogleElsewhere(side) if isinstance(side, GoogleSide) else MicrosoftElsewhere(side)
    with cast.inside():
        account = ProviderAccount.objects.get(pk=told["connected"])
        yield Stage(side.name, cast, account, make.client(cast.owner), elsewhere, wizard)
        connections.drop(account)
