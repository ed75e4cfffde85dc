"""A mailbox to write into without a server: batches made by hand, applied through the engine's own door."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from apps.mail import comparison, ingest, queries
from apps.mail.commands.kind import MailCommands
from apps.mail.models import Mailbox
from apps.outbound import queue
from apps.outbound.models import Command, State
from apps.providers.adapters.base import FlagsRecord, MailBatch, MailboxRecord, MessageRecord, Role
from apps.providers.adapters.errors import Rejected
from apps.providers.models import ProviderAccount
from apps.realtime import journal
from apps.sync import lease
from apps.sync.models import SyncTarget
from apps.sync.registry import Applied
from apps.users.members import Member
from tests.sync import fixtures as engine

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def eml(
    number: int, subject: str = "Offer", *, answers: int | None = None, sender: str = "Bob <bob@partner.example>",
    to: str = "anna@rossi.example", body: str = "See below.", extra: str = "",
) -> bytes:  # fmt: skip
    """A plain message with the Message-ID <n@test>."""
    date = (NOON + timedelta(minutes=number)).strftime("%a, %d %b %Y %H:%M:%S +0000")
    answer = f"In-Reply-To: <{answers}@test>\r\nReferences: <{answers}@test>\r\n" if answers is not None else ""
    return (
        f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: {date}\r\n"
        f"Message-ID: <{number}@test>\r\n{answer}{extra}"
        f"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n"
    ).encode()


def record(uid: int, raw: bytes | None, *flags: str, identity: str = "", **fields: Any) -> MessageRecord:
    """A message as an adapter hands it over; its identity is the UID's unless given."""
    at = NOON + timedelta(minutes=uid)
    return MessageRecord(uid, frozenset(flags), identity or f"f1:{uid}", at, len(raw or b""), raw, **fields)


@dataclass
class Box:
    """One account with an inbox and a Sent mailbox, driven batch by batch."""

    member: Member
    account: ProviderAccount
    target: SyncTarget
    held: lease.Lease
    seen: int = field(default=0)

    def apply(self, mailbox: str = "INBOX", *, epoch: int = 7, cursor: int = 1, **fields: Any) -> Applied:
        """Apply one batch to a mailbox."""
        batch = MailBatch(mailbox=mailbox, epoch=epoch, cursor={"v": cursor}, **fields)
        return self.take(batch)

    def take(self, batch: MailBatch) -> Applied:
        """Any batch, as the engine takes it."""
        return ingest.apply(self.held, self.account, ingest.parse(self.account, batch))

    def arrive(self, *records: MessageRecord, mailbox: str = "INBOX", live: bool = True) -> Applied:
        """New messages in a mailbox."""
        return self.apply(mailbox, upserts=records, live=live)

    def flag(self, uid: int, *flags: str, mailbox: str = "INBOX") -> Applied:
        """The flags a message has now."""
        return self.apply(mailbox, flags=(FlagsRecord(uid, frozenset(flags)),))

    def events(self) -> list[str]:
        """Names of the events since the last look."""
        entries = journal.read(self.seen)
        self.seen = entries[-1].seq if entries else self.seen
        return [entry.event for entry in entries]

    def box(self, name: str = "INBOX") -> Mailbox:
        """The mailbox's row as it stands."""
        return Mailbox.objects.get(account=self.account, remote_id=name)

    def rows(self, name: str = "INBOX", **page: Any) -> list[dict[str, Any]]:
        """The mailbox's list as the person sees it."""
        items: list[dict[str, Any]] = queries.threads_in(self.member, self.box(name).pk, queries.Page(**page))["items"]
        return items

    def books(self) -> list[Any]:
        """What the mirror's own bookkeeping contradicts itself in."""
        return list(comparison._books(self.account.pk))


LISTING = (
    MailboxRecord("INBOX", ("INBOX",), role=Role.INBOX),
    MailboxRecord("Sent", ("Sent",), role=Role.SENT),
    MailboxRecord("Work", ("Work",)),
)


def end(account: ProviderAccount, command: Command, receipt: dict[str, Any] | None) -> None:
    """End a command as the runner does, with the provider's receipt or, without one, refused."""
    kind = MailCommands()
    with transaction.atomic():
        kind.lock(account, command)
        queue.close(command, State.FAILED if receipt is None else State.DONE)
        if receipt is None:
            journal.append(kind.fail(account, command, Rejected("no")))
        else:
            journal.append(kind.settle(account, command, receipt))


@contextmanager
def box(member: Member) -> Iterator[Box]:
    """The account, its lease held and its tenant open; lists INBOX, Sent and Work."""
    account = engine.account(member)
    target = engine.target(member, account.pk)
    with lease.take(target.pk) as held:
        assert held is not None
        made = Box(member, account, target, held)
        made.take(MailBatch(listing=LISTING))
        made.events()
        yield made
