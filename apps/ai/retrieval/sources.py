"""What is embedded: messages, events and contacts. For each, which of them wait to be read, and what they say.

A source waits when it has no chunk of the model as it stands now. The newest come first, so that what people look
for is found while older mail is still waiting.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol
from uuid import UUID

from django.db import connection

from apps.calendar.models import Event
from apps.contacts.models import Contact
from apps.providers.adapters import ical

from . import passages

HIDDEN: Final = ("junk", "trash")
"""Roles of mailboxes whose mail is neither read nor found here: it was written to deceive, or let go."""

SHOWN: Final = (
    "EXISTS (SELECT 1 FROM mail_placement p JOIN mail_mailbox b ON b.id = p.mailbox_id "
    "WHERE p.message_id = m.id AND p.leaving IS NULL AND b.role <> ALL(%s))"
)
"""The condition that a message `m` lies in some mailbox that is not hidden; takes HIDDEN as a list."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A source that is to be read: its id, the revision that was read, and its passages (none: nothing to say)."""

    id: UUID
    rev: int
    texts: Sequence[str]
    heading: str = ""

    def embedded(self) -> Iterator[str]:
        """What the model is given for each passage: it stands under its heading, which says what it is about."""
        for text in self.texts:
            yield f"{self.heading}\n{text}" if self.heading else text


class Source(Protocol):
    """One kind of source. `name` is the column of `Chunk` and the member of journal events; `table` holds its rows."""

    @property
    def name(self) -> str: ...

    @property
    def table(self) -> str: ...

    def waiting(
        self, account_id: UUID, model: str, only: Collection[UUID] | None, after: Any, limit: int
    ) -> tuple[list[Waiting], Any]:
        """The next that wait after a place (None: from the newest on), and the place after the last of them.

        `only` narrows to these ids. The place is None when no more wait.
        """


class Messages:
    """Mail. A message's passages stand under its subject."""

    name: ClassVar = "message"
    table: ClassVar = "mail_message"

    def waiting(
        self, account_id: UUID, model: str, only: Collection[UUID] | None, after: Any, limit: int
    ) -> tuple[list[Waiting], Any]:
        """See Source."""
        narrowed = "AND w.message_id = ANY(%s) " if only is not None else ""
        before = "AND (w.at, w.message_id) < (%s, %s) " if after else ""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT w.at, m.id, m.subject, w.body FROM mail_messagewords w "
                "JOIN mail_message m ON m.id = w.message_id "
                f"WHERE w.account_id = %s AND m.orphaned_at IS NULL {narrowed}{before}AND {SHOWN} AND NOT EXISTS ("
                "SELECT 1 FROM ai_chunk c WHERE c.message_id = w.message_id AND c.model = %s) "
                "ORDER BY w.at DESC, w.message_id DESC LIMIT %s",
                [account_id, *([list(only)] if only is not None else []), *(after or ()), [*HIDDEN], model, limit],
            )
            rows = cursor.fetchall()
        found = [self._read(message_id, subject, body) for _, message_id, subject, body in rows]
        return found, rows[-1][:2] if len(rows) == limit else None

    def _read(self, message_id: UUID, subject: str, body: str) -> Waiting:
        heading = passages.line(subject)
        texts = passages.split(passages.own_words(body))
        if not texts and heading:
            return Waiting(message_id, 0, [heading])
        return Waiting(message_id, 0, texts, heading)


class Events:
    """Events of calendars: one passage each, and more where the description is long."""

    name: ClassVar = "event"
    table: ClassVar = "calendar_event"

    def waiting(
        self, account_id: UUID, model: str, only: Collection[UUID] | None, after: Any, limit: int
    ) -> tuple[list[Waiting], Any]:
        """See Source."""
        ids, following = _stale(self.table, "event_id", account_id, model, only, after, limit)
        rows = Event.objects.select_related("collection").filter(pk__in=ids)
        return [self._read(row) for row in rows], following

    def _read(self, row: Event) -> Waiting:
        whole = ical.read(bytes(row.data), row.collection.timezone)
        item = whole.master or next(iter(whole.items), None)
        if item is None:
            return Waiting(row.pk, row.rev, ())
        people = [person.name or person.address for person in item.attendees]
        if item.organizer is not None:
            people.insert(0, item.organizer.name or item.organizer.address)
        when = f"{row.starts_at:%A %d %B %Y}" if row.starts_at else ""
        facts = [part for part in (when, passages.line(item.location), passages.line(", ".join(people))) if part]
        heading = passages.line(item.title)
        about = passages.split(". ".join(facts)) if facts else []
        texts = [*about[:1], *passages.split(item.description, most=passages.MOST - 1)]
        return Waiting(row.pk, row.rev, texts or ([heading] if heading else ()), heading if texts else "")


class Contacts:
    """People and organisations of address books: one passage each."""

    name: ClassVar = "contact"
    table: ClassVar = "contacts_contact"

    def waiting(
        self, account_id: UUID, model: str, only: Collection[UUID] | None, after: Any, limit: int
    ) -> tuple[list[Waiting], Any]:
        """See Source."""
        ids, following = _stale(self.table, "contact_id", account_id, model, only, after, limit)
        rows = Contact.objects.filter(pk__in=ids)
        return [self._read(row) for row in rows], following

    def _read(self, row: Contact) -> Waiting:
        told = [row.title, row.organization, ", ".join(row.emails[:4]), str(row.card.get("notes") or "")]
        texts = passages.split(". ".join(passages.line(part) for part in told if part), most=1)
        heading = passages.line(row.name)
        return Waiting(row.pk, row.rev, texts or ([heading] if heading else ()), heading if texts else "")


def _stale(
    table: str, column: str, account_id: UUID, model: str, only: Collection[UUID] | None, after: Any, limit: int
) -> tuple[list[UUID], Any]:
    """Ids of objects of a collection that have no chunk of this model as they stand now, the newest first."""
    narrowed = "AND o.id = ANY(%s) " if only is not None else ""
    before = "AND o.id < %s " if after else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT o.id FROM {table} o WHERE o.account_id = %s AND o.leaving IS NULL AND o.refused = '' "
            f"{narrowed}{before}AND NOT EXISTS (SELECT 1 FROM ai_chunk c WHERE c.{column} = o.id AND c.model = %s "
            "AND c.rev = o.rev) ORDER BY o.id DESC LIMIT %s",
            [account_id, *([list(only)] if only is not None else []), *([after] if after else []), model, limit],
        )
        ids = [pk for (pk,) in cursor.fetchall()]
    return ids, ids[-1] if len(ids) == limit else None


ALL: Final[tuple[Source, ...]] = (Messages(), Events(), Contacts())
