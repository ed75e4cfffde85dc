"""The mix `demo`: one person's mail of eighteen months, readable, with everything a mailbox collects. Pure."""

import hashlib
import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Final, TypeVar

from . import files, mime, pages
from .english import ENGLISH
from .italian import ITALIAN
from .mime import Draft, Part, Person
from .scripts import COLLEAGUE, ME, Conversation, Language, Notice, Turn

LANGUAGES: Final = {"it": ITALIAN, "en": ENGLISH}
Drawn = TypeVar("Drawn")
HISTORY: Final = timedelta(days=547)
# Out of a hundred messages or conversations begun: people, machines, and the rarer kinds.
KINDS: Final = (
    ("conversation", 52),
    ("notice", 30),
    ("list", 7),
    ("invitation", 6),
    ("bounce", 2),
    ("draft", 2),
    ("junk", 1),
)
INBOX, SENT, ARCHIVE, DRAFTS, TRASH, JUNK = "INBOX", "Sent", "Archive", "Drafts", "Trash", "Junk"


@dataclass(frozen=True, slots=True)
class Placed:
    """A message with where and when it is filed."""

    mailbox: str
    raw: bytes
    flags: tuple[str, ...]
    at: datetime


@dataclass(slots=True)
class Thread:
    """What a conversation has come to so far."""

    subject: str
    slots: dict[str, str]
    ids: list[str]
    last: tuple[Person, datetime, str] | None = None


class Correspondence:
    """One person's mail as it is written; the same seed writes the same mail."""

    def __init__(self, seed: int, people: Sequence[Person], until: datetime) -> None:
        self.rng = Random(seed)
        self.seed = seed
        self.me = people[0]
        self.until = until
        self.language: Language = LANGUAGES[self.me.language]
        colleagues = [person for person in people[1:] if person.language == self.me.language]
        self.colleagues = colleagues or [Person("Robin Vale", f"robin@{_domain(self.me)}", self.me.language)]
        self.others = [
            Person(name, f"{local}@{domain}", self.language.code, "", company)
            for name, local, company, domain in self.language.people
        ]
        self._decks: dict[int, list[int]] = {}

    def history(self, count: int) -> list[Placed]:
        """`count` messages, oldest first."""
        written: list[Placed] = []
        while len(written) < count:
            # More of it is recent, as people tidy up what is old: a tenth is of the last three days.
            age = HISTORY * self.rng.random() ** 2.2
            written += self.begin(self._at_work(self.until - age))
        written = [item for item in written if item.at <= self.until]
        written += self._short_of(count - len(written))
        return sorted(written, key=lambda item: item.at)[-count:]

    def _at_work(self, at: datetime) -> datetime:
        """People write by day, and little at the week's end."""
        if at.weekday() >= 5 and self.rng.random() < 0.7:
            at -= timedelta(days=at.weekday() - 4)
        return at if 6 <= at.hour <= 18 else at.replace(hour=self.rng.randint(6, 17))

    def _short_of(self, missing: int) -> list[Placed]:
        written: list[Placed] = []
        while len(written) < missing:
            written += self.notice(self.until - timedelta(hours=self.rng.uniform(1, 400)))
        return written

    def begin(self, at: datetime) -> list[Placed]:
        """One more conversation or single message that starts at `at`."""
        kind = self.rng.choices([name for name, _ in KINDS], [weight for _, weight in KINDS])[0]
        if kind == "conversation":
            return self.conversation(at)
        if kind == "list":
            return self.list_post(at)
        if kind == "invitation":
            return self.invitation(at)
        if kind == "bounce":
            return self.bounce(at)
        if kind == "draft":
            return self.draft(at)
        return self.junk(at) if kind == "junk" else self.notice(at)

    # What people write

    def conversation(self, at: datetime, turns: int | None = None) -> list[Placed]:
        """A conversation with all its turns, or the first ones only."""
        script = self._draw(self.language.conversations)
        thread, partner, colleague = self.open(script, at)
        wanted = turns or self.rng.choices([len(script.turns), max(1, len(script.turns) - 1), 1], [6, 2, 2])[0]
        written = []
        for turn in script.turns[:wanted]:
            written.append(self.turn(thread, turn, partner, colleague, at))
            at += timedelta(minutes=self.rng.lognormvariate(5.2, 1.1))
        return self._filed(script, written)

    def open(self, script: Conversation, at: datetime) -> tuple[Thread, Person, Person]:
        """The thread of a conversation before its first message, and who talks with whom."""
        partner, colleague = self.rng.choice(self.others), self.rng.choice(self.colleagues)
        slots = self.slots(at, partner)
        return Thread(script.subject.format_map(slots), slots, []), partner, colleague

    def turn(self, thread: Thread, turn: Turn, partner: Person, colleague: Person, at: datetime) -> Placed:
        """One message of a conversation, quoting the one before."""
        other = (
            colleague
            if turn.who == COLLEAGUE or (turn.who == ME and thread.last and thread.last[0] is colleague)
            else partner
        )
        writer, reader = (self.me, other) if turn.who == ME else (other, self.me)
        body = turn.body.format_map(thread.slots | {"to": reader.first})
        closing = self.rng.choice(self.language.closings)
        text = f"{body}\n\n{closing}\n{writer.name if writer.company else writer.first}\n\n{self._signature(writer)}"
        attached = [self._file(name.format_map(thread.slots), thread) for name in turn.files]
        subject = f"{self.language.reply}{thread.subject}" if thread.ids else thread.subject
        draft = self._draft(writer, [reader], subject, at, self._letter(text, thread, attached), thread)
        if len(thread.ids) == 1 and self.rng.random() < 0.25 and writer is not self.me:
            draft.fields.insert(3, ("Cc", self.rng.choice(self.colleagues).header))
        thread.last = (writer, at, body)
        mailbox = SENT if writer is self.me else INBOX
        return Placed(mailbox, bytes(draft), self._flags(at, sent=writer is self.me), at)

    def _letter(self, text: str, thread: Thread, attached: list[Part]) -> Part:
        quoted, quoted_html = "", ""
        if thread.last:
            who, when, said = thread.last
            lead = self.language.quote.format(date=self._moment(when), name=who.name)
            quoted = f"\n\n{lead}\n" + "\n".join(
                f"> {line}" if line else ">" for line in mime.wrapped(said, 72).split("\n")
            )
            quoted_html = f"<p>{html.escape(lead)}</p>" + "".join(
                f"<p>{html.escape(part)}</p>" for part in said.split("\n\n")
            )
        plain = mime.text(mime.wrapped(text) + quoted + "\n")
        part = plain
        if self.rng.random() < 0.55:
            rich = mime.text(mime.as_html(text, quoted_html), "html")
            part = mime.multipart("alternative", (plain, rich), self._boundary())
        return mime.multipart("mixed", (part, *attached), self._boundary()) if attached else part

    def _filed(self, script: Conversation, written: list[Placed]) -> list[Placed]:
        """Old conversations are in a folder or the archive, answered mail says so."""
        answered = [item.mailbox == INBOX and follower.mailbox == SENT for item, follower in pairwise(written)]
        old = bool(written) and self.until - written[-1].at > timedelta(days=45)
        folder = script.folder if script.folder and self.rng.random() < 0.7 else ARCHIVE
        moved = old and self.rng.random() < 0.75
        return [
            Placed(
                folder if moved and item.mailbox == INBOX else item.mailbox,
                item.raw,
                item.flags + (("\\Answered",) if position < len(answered) and answered[position] else ()),
                item.at,
            )
            for position, item in enumerate(written)
        ]

    # What machines write

    def notice(self, at: datetime, form: Notice | None = None) -> list[Placed]:
        """A bank, a shop, a carrier or a newsletter."""
        form = form or self._draw(self.language.notices)
        slots = self.slots(at, self.rng.choice(self.others)) | {"to": self.me.first}
        plain, page = pages.notice(form, slots, self.language.code, self.rng)
        part = mime.multipart("alternative", (mime.text(plain), mime.text(page, "html")), self._boundary())
        sender = Person(form.sender, form.address, self.language.code)
        draft = self._draft(sender, [self.me], form.subject.format_map(slots), at, part)
        if form.list_id:
            draft.fields += _list_fields(form.sender, form.list_id, form.address)
        draft.fields.append(("Auto-Submitted", "auto-generated"))
        old = self.until - at > timedelta(days=30)
        mailbox = self.rng.choices([INBOX, ARCHIVE, TRASH], [5, 3, 2])[0] if old else INBOX
        return [Placed(mailbox, bytes(draft), self._flags(at), at)]

    def list_post(self, at: datetime) -> list[Placed]:
        """A post to a mailing list of an association (RFC 2919, RFC 2369)."""
        slots = self.slots(at, self.rng.choice(self.others))
        list_person = Person(
            "Associazione Soci" if self.language.code == "it" else "Members' Association", "soci@liste.example"
        )
        subject, body = (text.format_map(slots) for text in self.rng.choice(self.language.list_posts))
        draft = self._draft(
            self.rng.choice(self.others), [list_person], subject, at, mime.text(mime.wrapped(body) + "\n")
        )
        draft.fields += _list_fields(list_person.name, "soci.liste.example", list_person.address)
        draft.fields.append(("Precedence", "list"))
        return [Placed(INBOX, bytes(draft), self._flags(at), at)]

    def invitation(self, at: datetime) -> list[Placed]:
        """A meeting request with its iCalendar part (RFC 6047)."""
        host = self.rng.choice([*self.colleagues, *self.others])
        slots = self.slots(at, host)
        what = self.rng.choice(self.language.projects)
        start = (at + timedelta(days=self.rng.randint(2, 9))).replace(
            hour=self.rng.randint(8, 16), minute=0, second=0, microsecond=0
        )
        subject = self.language.invitation.format(what=what)
        calendar = files.invitation(f"{self._token()}@{_domain(host)}", subject, slots["city"], start, host, self.me)
        plain = mime.text(f"{subject}\n{self._moment(start)}\n{slots['city']}\n")
        encoded = mime.text(calendar.replace("\r\n", "\n"), "calendar")
        ics = Part(encoded.header.replace(b"text/calendar;", b"text/calendar; method=REQUEST;"), encoded.body)
        file = mime.attachment("invite.ics", "application/ics", calendar.encode())
        part = mime.multipart(
            "mixed", (mime.multipart("alternative", (plain, ics), self._boundary()), file), self._boundary()
        )
        return [Placed(INBOX, bytes(self._draft(host, [self.me], subject, at, part)), self._flags(at), at)]

    def bounce(self, at: datetime) -> list[Placed]:
        """A delivery status notification (RFC 3464)."""
        lost = self.rng.choice(self.others).address.replace("@", ".old@")
        said = mime.text(f"{self.language.bounce_subject}: {lost}\n\n550 5.1.1 User unknown\n")
        status = Part(
            b"Content-Type: message/delivery-status\r\n",
            f"Reporting-MTA: dns; mx.{_domain(self.me)}\r\n\r\nFinal-Recipient: rfc822; {lost}\r\nAction: failed\r\n"
            "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\r\n".encode(),
        )
        head = Part(
            b"Content-Type: text/rfc822-headers\r\n",
            f"From: {self.me.header}\r\nTo: {lost}\r\nSubject: Test\r\n".encode(),
        )
        part = mime.multipart("report", (said, status, head), self._boundary(), " report-type=delivery-status;")
        sender = Person("Mail Delivery System", f"mailer-daemon@{_domain(self.me)}")
        draft = self._draft(sender, [self.me], self.language.bounce_subject, at, part)
        draft.fields.append(("Auto-Submitted", "auto-replied"))
        return [Placed(INBOX, bytes(draft), self._flags(at), at)]

    def draft(self, at: datetime) -> list[Placed]:
        """Something the owner began and left."""
        script = self.rng.choice(self.language.conversations)
        slots = self.slots(at, self.rng.choice(self.others))
        body = next((turn.body for turn in script.turns if turn.who == ME), script.turns[0].body).format_map(
            slots | {"to": slots["to"]}
        )
        person = self.rng.choice(self.others)
        draft = self._draft(
            self.me, [person], script.subject.format_map(slots), at, mime.text(mime.wrapped(body) + "\n")
        )
        return [Placed(DRAFTS, bytes(draft), ("\\Draft", "\\Seen"), at)]

    def junk(self, at: datetime) -> list[Placed]:
        """Unwanted mail, harmless to look at."""
        sender = Person("Prize Centre 🎁", f"win{self.rng.randint(10, 99)}@prize-centre.example")
        body = "Congratulations! Your address was drawn. Claim your voucher within 24 hours.\n\nhttps://prize-centre.example/claim\n"
        return [
            Placed(JUNK, bytes(self._draft(sender, [self.me], "You have been chosen 🎉", at, mime.text(body))), (), at)
        ]

    # What all of them share

    def slots(self, at: datetime, partner: Person) -> dict[str, str]:
        """Values for the blanks of a text, in keeping with its date."""
        soon, later = at + timedelta(days=self.rng.randint(2, 9)), at + timedelta(days=self.rng.randint(12, 30))
        amount = f"{self.rng.randint(4, 480) * 50:,}"
        return {
            "project": self.rng.choice(self.language.projects),
            "product": self.rng.choice(self.language.products),
            "city": self.rng.choice(self.language.cities),
            "number": f"{at.year % 100}/{1000 + self.rng.randint(1, 899)}".replace("/", "-"),
            "amount": amount.replace(",", ".") if self.language.code == "it" else amount,
            "today": self._day(at),
            "day": self._day(soon),
            "day2": self._day(later),
            "hour": f"{self.rng.choice((9, 10, 11, 14, 15, 16))}:{self.rng.choice(('00', '30'))}",
            "company": partner.company or partner.name,
            "to": partner.first,
        }

    def _draw(self, deck: Sequence[Drawn]) -> Drawn:
        """The next of a shuffled deck: nothing comes again before everything came."""
        left = self._decks.setdefault(id(deck), [])
        if not left:
            left += self.rng.sample(range(len(deck)), len(deck))
        return deck[left.pop()]

    def _day(self, moment: datetime) -> str:
        return f"{self.language.weekdays[moment.weekday()]} {moment.day} {self.language.months[moment.month - 1]}"

    def _moment(self, moment: datetime) -> str:
        return (
            f"{moment.day} {self.language.months[moment.month - 1]} {moment.year} {moment.hour:02}:{moment.minute:02}"
        )

    def _signature(self, writer: Person) -> str:
        phone = self.language.phone.format(n=int(hashlib.sha256(writer.address.encode()).hexdigest(), 16) % 100)
        return "\n".join(
            ["-- ", writer.name, *filter(None, (writer.role, writer.company)), f"{phone} · {writer.address}"]
        )

    def _draft(
        self,
        writer: Person,
        readers: list[Person],
        subject: str,
        at: datetime,
        part: Part,
        thread: Thread | None = None,
    ) -> Draft:
        identifier = f"{self._token()}@{_domain(writer)}"
        fields = [
            ("Date", mime.date(at)),
            ("From", writer.header),
            ("To", ", ".join(reader.header for reader in readers)),
            ("Subject", mime.words(subject)),
            ("Message-ID", f"<{identifier}>"),
        ]
        if thread is not None:
            if thread.ids:
                fields += [("In-Reply-To", f"<{thread.ids[-1]}>"), ("References", mime.references(thread.ids))]
            thread.ids.append(identifier)
        came = (
            f"Received: from mx.{_domain(writer)} by mx.{_domain(readers[0])} with ESMTPS; {mime.date(at)}\r\n".encode()
        )
        return Draft(fields, part, b"" if writer is self.me else came)

    def _file(self, name: str, thread: Thread) -> Part:
        if name.endswith(".csv"):
            headings = (
                ("Voce", "Previsto", "Effettivo") if self.language.code == "it" else ("Item", "Planned", "Actual")
            )
            return mime.attachment(name, "text/csv", files.csv(self.rng, headings))
        if name.endswith(".png"):
            return mime.attachment(name, "image/png", files.chart(self.rng))
        slots = thread.slots
        lines = [
            thread.subject,
            slots["company"],
            f"{slots['product']} - {slots['city']}",
            f"EUR {slots['amount']}",
            slots["day"],
        ]
        return mime.attachment(name, "application/pdf", files.pdf(name.removesuffix(".pdf").replace("_", " "), lines))

    def _flags(self, at: datetime, *, sent: bool = False) -> tuple[str, ...]:
        age = self.until - at
        unread = not sent and self.rng.random() < (
            0.55 if age < timedelta(days=1) else 0.12 if age < timedelta(days=7) else 0.01
        )
        flags = () if unread else ("\\Seen",)
        starred = not sent and self.rng.random() < 0.03
        return (*flags, "\\Flagged") if starred else flags

    def _token(self) -> str:
        return f"{self.rng.getrandbits(64):016x}"

    def _boundary(self) -> str:
        return f"=_{self.rng.getrandbits(64):016x}"


def _domain(person: Person) -> str:
    return person.address.partition("@")[2]


def _list_fields(name: str, list_id: str, address: str) -> list[tuple[str, str]]:
    domain = address.partition("@")[2]
    return [
        ("List-Id", f"{mime.phrase(name)} <{list_id}>"),
        ("List-Unsubscribe", f"<https://www.{domain}/unsubscribe>, <mailto:leave@{domain}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ]


def history(seed: int, count: int, people: Sequence[Person], until: datetime) -> Iterator[Placed]:
    """The demo mix, oldest first."""
    yield from Correspondence(seed, people, until).history(count)
