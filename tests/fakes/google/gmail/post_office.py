"""All mailboxes, the way of a message from one to another, and who watches them."""

import base64
import email.utils
import json
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tests.fakes.google.bodies import decoded
from tests.fakes.google.calls import Call
from tests.fakes.google.clock import Clock, rfc3339
from tests.fakes.google.gmail import mime
from tests.fakes.google.gmail.mailbox import Mailbox, Stored
from tests.fakes.google.refusals import Json, refuse

DAY: Final = 86_400
WATCH_LIFE: Final = 7 * DAY
RECIPIENTS: Final = 500


@dataclass
class Watch:
    """Whom to tell about a mailbox."""

    topic: str
    labels: frozenset[str]
    exclude: bool
    expires: float
    last: float = 0.0


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that left a mailbox."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    """As the receivers get it: without Bcc."""
    message_id: str
    at: float


@dataclass
class PostOffice:
    """The state of Gmail."""

    clock: Clock
    random: random.Random
    publish: Callable[[str, bytes], str]
    mailboxes: dict[str, Mailbox] = field(default_factory=dict)
    watches: dict[tuple[str, str], Watch] = field(default_factory=dict)
    """By address and project."""
    outbox: list[Sent] = field(default_factory=list)
    attachments: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Address, message and part, by attachment id."""
    replaces_message_ids: bool = False
    """Gmail keeps a well-formed Message-ID in most reports; True gives each sent message a new one."""
    sparse_pages: bool = False
    """True: the first page of a history has no records, and yet a next page."""
    pushes_per_second: float = 1.0
    dropped_pushes: int = 0
    sends_per_day: int = 2_000

    def open(self, email: str) -> Mailbox:
        """A new, empty mailbox."""
        mailbox = Mailbox(email, self.clock, self.random)
        mailbox.changed = self._tell
        self.mailboxes[email] = mailbox
        return mailbox

    def attach(self, mailbox: Mailbox, stored: Stored, part: str) -> str:
        """An attachment id: a new one each time, as Gmail does."""
        name = f"ANGjdJ{secrets.token_urlsafe(48)}"
        self.attachments[name] = (mailbox.email, stored.id, part)
        return name

    def deliver(self, recipient: str, raw: bytes) -> Stored | None:
        """A message arrives; None when nobody here has that address."""
        for mailbox in self.mailboxes.values():
            if recipient.lower() in (alias.lower() for alias in mailbox.aliases):
                return mailbox.add(raw, ["INBOX", "UNREAD", "CATEGORY_PERSONAL"])
        return None

    def send(self, mailbox: Mailbox, raw: bytes, thread: str | None) -> Stored:
        """File a copy under SENT and deliver. Raises Refusal for a message without recipients, or too many a day."""
        self._within_cap(mailbox)
        raw, recipients = self._outgoing(mailbox, raw)
        clean = mime.without(raw, "Bcc")
        within = mailbox.find_thread(raw, thread) if thread else None
        own = {alias.lower() for alias in mailbox.aliases}
        labels = {"SENT"} | ({"INBOX", "UNREAD"} if own & set(recipients) else set())
        stored = mailbox.add(raw, labels, thread=within)
        identifier = mime.header(stored.message, "Message-ID")
        self.outbox.append(Sent(mailbox.email, tuple(recipients), clean, identifier, self.clock.now()))
        for recipient in recipients:
            if recipient not in own:
                self.deliver(recipient, clean)
        return stored

    def push(self, mailbox: Mailbox, watch: Watch) -> None:
        """Publish the mailbox's address and history id."""
        told = {"emailAddress": mailbox.email, "historyId": mailbox.history_id}
        self.publish(watch.topic, json.dumps(told).encode())

    def _within_cap(self, mailbox: Mailbox) -> None:
        recent = [one.at for one in self.outbox if one.sender == mailbox.email and one.at > self.clock.now() - DAY]
        if len(recent) >= self.sends_per_day:
            raise refuse("gmail: send cap", until=rfc3339(recent[-self.sends_per_day] + DAY))

    def _tell(self, mailbox: Mailbox, labels: set[str]) -> None:
        now = self.clock.now()
        for (address, _), watch in self.watches.items():
            if address != mailbox.email or watch.expires < now:
                continue
            if watch.labels and bool(watch.labels & labels) is watch.exclude:
                continue
            if self.pushes_per_second and now - watch.last < 1 / self.pushes_per_second:
                self.dropped_pushes += 1
                continue
            watch.last = now
            self.push(mailbox, watch)

    def _outgoing(self, mailbox: Mailbox, raw: bytes) -> tuple[bytes, list[str]]:
        message = mime.parse(raw)
        recipients = list(dict.fromkeys(mime.addresses(message, "To", "Cc", "Bcc")))
        if not recipients:
            raise refuse("gmail: recipients")
        for name in ("To", "Cc", "Bcc"):
            if any(not _plausible(one) for one in mime.addresses(message, name)):
                raise refuse("gmail: recipient form", header=name)
        if len(recipients) > RECIPIENTS:
            raise refuse("gmail: recipient limit")
        senders = mime.addresses(message, "From")
        verified = {alias.lower() for alias, good in mailbox.aliases.items() if good}
        if not senders or senders[0] not in verified:
            raw = mime.replaced(raw, "From", mailbox.email)
        if self.replaces_message_ids or not mime.message_ids(message, "Message-ID"):
            raw = mime.replaced(raw, "Message-ID", f"<CA{secrets.token_urlsafe(32)}@mail.gmail.com>")
        if "Date" not in message:
            raw = mime.replaced(raw, "Date", email.utils.formatdate(self.clock.now()))
        return raw, recipients


def _plausible(address: str) -> bool:
    name, _, domain = address.rpartition("@")
    return bool(name) and "." in domain and " " not in address


def mailbox_of(call: Call) -> Mailbox:
    """The mailbox that a call names. Raises Refusal for another's, or for an account without mail."""
    named = call.values["userId"]
    person = call.google.grants.people.get(call.user)
    if named not in ("me", call.user):
        raise refuse("gmail: delegation", user=named)
    if person is None or not person.mail_enabled:
        raise refuse("gmail: precondition" if person is None else "gmail: mail disabled")
    return call.google.gmail.mailboxes[call.user]


def readable(call: Call, mailbox: Mailbox, message_id: str) -> Stored:
    """A message by its id. Raises Refusal for a malformed or unknown one."""
    if not 1 <= len(message_id) <= 16 or not set(message_id) <= set("0123456789abcdef"):
        raise refuse("gmail: id")
    stored = mailbox.visible(message_id)
    if stored is None:
        raise refuse("not found")
    return stored


def raw_of(call: Call, message: Json) -> bytes:
    """The octets of an RFC 822 message, from the upload or from `raw`. Raises Refusal."""
    if call.media is not None:
        raw = call.media
    elif message.get("raw"):
        raw = decoded(message["raw"])
    else:
        raise refuse("gmail: raw missing")
    if not raw.strip():
        raise refuse("gmail: raw missing")
    limit = call.match.method.media.limit if call.match.method.media else 0
    if len(raw) > limit:
        raise refuse("too large")
    return raw


def brief(stored: Stored) -> Json:
    """What writes answer with."""
    return {"id": stored.id, "threadId": stored.thread, "labelIds": sorted(stored.labels)}


def shown(call: Call, mailbox: Mailbox, stored: Stored, form: str, wanted: list[str]) -> Json:
    """A message in one of the four formats."""
    message = stored.message
    whole = brief(stored) | {
        "snippet": mime.snippet(message),
        "historyId": str(stored.history_id),
        "internalDate": str(stored.internal_date),
        "sizeEstimate": len(stored.raw),
    }
    if "CHAT" in stored.labels:
        # A chat has neither parts nor an RFC 822 form.
        text = message.get_payload()
        return whole | ({"payload": {"body": {"size": len(str(text))}}} if form == "full" else {})
    if form == "raw":
        whole["raw"] = base64.urlsafe_b64encode(stored.raw).decode()
    elif form in ("full", "metadata"):
        whole["payload"] = mime.payload(
            message,
            lambda part: call.google.gmail.attach(mailbox, stored, part),
            bodies=form == "full",
            wanted=wanted if form == "metadata" else [],
        )
    return whole
