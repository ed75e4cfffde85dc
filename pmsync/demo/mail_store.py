"""Mail on disk for the demo's IMAP server: pymap's in-memory backend, written through to SQLite.

pymap brings the protocol and forgets everything when it ends; an account whose UIDVALIDITY and UIDs
change at each start would be imported anew each time. So every change is also a row, and a restart
finds the same mailboxes, UIDs and flags. Message bytes stay on disk until they are asked for.
"""

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from pymap.backend.dict import mailbox as memory
from pymap.concurrent import Event
from pymap.flags import FlagOp
from pymap.interfaces.message import CachedMessage
from pymap.mailbox import MailboxSnapshot
from pymap.mime import MessageContent
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials import FetchRequirement, ObjectId
from pymap.parsing.specials.flag import Flag, Recent, Wildcard, get_system_flags
from pymap.selected import SelectedMailbox

INBOX: Final = "INBOX"
FIRST_UID: Final = 1
TABLES: Final = """
CREATE TABLE IF NOT EXISTS mailbox (
    id INTEGER PRIMARY KEY, user TEXT NOT NULL, name TEXT NOT NULL, object_id BLOB NOT NULL,
    uid_validity INTEGER NOT NULL, next_uid INTEGER NOT NULL, subscribed INTEGER NOT NULL DEFAULT 1,
    UNIQUE (user, name));
CREATE TABLE IF NOT EXISTS body (id INTEGER PRIMARY KEY, email_id BLOB NOT NULL, raw BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS message (
    mailbox INTEGER NOT NULL REFERENCES mailbox (id) ON DELETE CASCADE, uid INTEGER NOT NULL,
    body INTEGER NOT NULL REFERENCES body (id), at REAL NOT NULL, flags TEXT NOT NULL,
    PRIMARY KEY (mailbox, uid)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to be filed: its bytes, the flags it has there and when it arrived."""

    raw: bytes
    flags: Sequence[str]
    at: datetime


class Store:
    """One SQLite file with the mailboxes of every user of the demo's server."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.database = sqlite3.connect(path, isolation_level=None)
        # The file may be rebuilt from nothing, so a crash of the machine may cost it.
        self.database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;" + TABLES)
        self.database.execute("DELETE FROM body WHERE id NOT IN (SELECT body FROM message)")

    def users(self) -> list[str]:
        """Who has mail here."""
        return [name for (name,) in self.database.execute("SELECT DISTINCT user FROM mailbox ORDER BY user")]

    def create(self, user: str, name: str) -> int:
        """A new mailbox's row id; an existing one's when it is there already."""
        self.database.execute(
            "INSERT OR IGNORE INTO mailbox (user, name, object_id, uid_validity, next_uid) VALUES (?, ?, ?, ?, ?)",
            (user, name, ObjectId.random_mailbox_id().value, MailboxSnapshot.new_uid_validity(), FIRST_UID),
        )
        row = self.database.execute("SELECT id FROM mailbox WHERE user = ? AND name = ?", (user, name)).fetchone()
        return int(row[0])

    def fill(self, user: str, letters: Iterable[tuple[str, Letter]]) -> int:
        """File many messages at once, before the server opens; return how many."""
        filed = 0
        mailboxes: dict[str, int] = {INBOX: self.create(user, INBOX)}
        self.database.execute("BEGIN")
        for name, letter in letters:
            mailbox = mailboxes.get(name) or mailboxes.setdefault(name, self.create(user, name))
            self.file(mailbox, letter.raw, letter.flags, letter.at.timestamp())
            filed += 1
        self.database.execute("COMMIT")
        return filed

    def file(self, mailbox: int, raw: bytes, flags: Sequence[str], at: float) -> tuple[int, int, ObjectId]:
        """Keep a new message; return its UID, its body's row id and its EMAILID (RFC 8474)."""
        email_id = ObjectId.random_email_id()
        cursor = self.database.execute("INSERT INTO body (email_id, raw) VALUES (?, ?)", (email_id.value, raw))
        body = int(cursor.lastrowid or 0)
        return self.place(mailbox, body, flags, at), body, email_id

    def place(self, mailbox: int, body: int, flags: Iterable[str], at: float) -> int:
        """Put a kept body into a mailbox; return its UID there."""
        row = self.database.execute(
            "UPDATE mailbox SET next_uid = next_uid + 1 WHERE id = ? RETURNING next_uid - 1", (mailbox,)
        ).fetchone()
        self.database.execute(
            "INSERT INTO message (mailbox, uid, body, at, flags) VALUES (?, ?, ?, ?, ?)",
            (mailbox, row[0], body, at, " ".join(flags)),
        )
        return int(row[0])

    def flag(self, mailbox: int, uid: int, flags: Iterable[str]) -> None:
        """Keep a message's new flags."""
        self.database.execute(
            "UPDATE message SET flags = ? WHERE mailbox = ? AND uid = ?", (" ".join(flags), mailbox, uid)
        )

    def remove(self, mailbox: int, uids: Iterable[int]) -> None:
        """Forget messages; bodies that nothing holds any more go at the next start."""
        self.database.executemany("DELETE FROM message WHERE mailbox = ? AND uid = ?", [(mailbox, uid) for uid in uids])

    def raw(self, body: int) -> bytes:
        """A message's bytes as they came."""
        row = self.database.execute("SELECT raw FROM body WHERE id = ?", (body,)).fetchone()
        return bytes(row[0])

    def close(self) -> None:
        """Close the file."""
        self.database.close()


class Message(memory.Message):
    """A message whose bytes are read when they are asked for."""

    __slots__ = ("body", "store")

    def __init__(self, store: Store, body: int, uid: int, at: datetime, flags: Iterable[Flag], **more: Any) -> None:
        super().__init__(uid, at, flags, **more)
        self.store = store
        self.body = body

    async def load_content(self, requirement: FetchRequirement) -> memory.LoadedMessage:
        """The message with its content when the request needs it (a flags-only FETCH does not)."""
        needs = not requirement.has_none(FetchRequirement.CONTENT)
        content = MessageContent.parse(self.store.raw(self.body)) if needs else None
        return memory.LoadedMessage(self, requirement, content)

    def placed(self, uid: int, *, recent: bool, expunged: bool = False) -> Self:
        """The same message under another UID, or as one that is gone."""
        return type(self)(
            self.store, self.body, uid, self.internal_date, self.permanent_flags,
            email_id=self.email_id, thread_id=self.thread_id, recent=recent, expunged=expunged,
        )  # fmt: skip


class Mailbox(memory.MailboxData):
    """A mailbox whose every change is also written to the store."""

    def __init__(self, store: Store, row: int) -> None:
        # Neither cache of the original is kept: they hold every content in memory.
        super().__init__(content_cache=None, thread_cache=None)  # type: ignore[arg-type]  # never used below
        self.store = store
        self.row = row
        name, object_id, validity, next_uid = store.database.execute(
            "SELECT name, object_id, uid_validity, next_uid FROM mailbox WHERE id = ?", (row,)
        ).fetchone()
        self.name = str(name)
        self._mailbox_id = ObjectId(object_id)
        self._uid_validity = validity
        self._max_uid = next_uid - 1
        for uid, body, at, flags, email_id in store.database.execute(
            "SELECT uid, body, at, flags, email_id FROM message JOIN body ON body.id = body "
            "WHERE mailbox = ? ORDER BY uid",
            (row,),
        ):
            self._messages[uid] = Message(
                store, body, uid, datetime.fromtimestamp(at, UTC), _flags(flags.split()), email_id=ObjectId(email_id)
            )

    @property
    def permanent_flags(self) -> frozenset[Flag]:
        """Keywords are kept too, unlike in the original."""
        return (get_system_flags() - {Recent}) | {Wildcard}

    async def update_selected(self, selected: SelectedMailbox, *, wait_on: Event | None = None) -> SelectedMailbox:
        """As the original, but an idler that was being told of one change does not sleep through the next.

        pymap's event wakes only those who wait at that moment; a MOVE right after a SELECT was lost
        in a third of all cases.
        """
        nothing_new = selected.mod_sequence == self._mod_sequences.highest
        return await super().update_selected(selected, wait_on=wait_on if nothing_new else None)

    async def append(self, append_msg: AppendMessage, *, recent: bool = False) -> Message:
        """Add a message at the end."""
        when = append_msg.when or datetime.now(UTC)
        raw = bytes(append_msg.literal)
        async with self.messages_lock.write_lock():
            uid, body, email_id = self.store.file(self.row, raw, _names(append_msg.flag_set), when.timestamp())
            message = Message(self.store, body, uid, when, append_msg.flag_set, email_id=email_id, recent=recent)
            self._add(message)
            return message

    async def copy(self, uid: int, destination: memory.MailboxData, *, recent: bool = False) -> int | None:
        """Copy a message; None when it is gone."""
        message = self._messages.get(uid)
        if not isinstance(message, Message) or not isinstance(destination, Mailbox):
            return None
        async with destination.messages_lock.write_lock():
            return destination.take_in(message, recent=recent)

    async def move(self, uid: int, destination: memory.MailboxData, *, recent: bool = False) -> int | None:
        """Move a message (RFC 6851); None when it is gone."""
        moved = await self.copy(uid, destination, recent=recent)
        if moved is not None:
            await self.delete([uid])
        return moved

    async def get(self, uid: int, cached_msg: CachedMessage) -> Message:
        """The message, or the one the client still believes in, marked as expunged."""
        message = self._messages.get(uid, cached_msg)
        if not isinstance(message, Message):
            raise TypeError(message)
        return message if uid in self._messages else message.placed(uid, recent=False, expunged=True)

    async def update(self, uid: int, cached_msg: CachedMessage, flag_set: frozenset[Flag], mode: FlagOp) -> Message:
        """Change a message's flags."""
        message = await self.get(uid, cached_msg)
        before = message.permanent_flags
        message.permanent_flags = mode.apply(before, flag_set)
        if uid in self._messages and message.permanent_flags != before:
            self.store.flag(self.row, uid, _names(message.permanent_flags))
            self._changed([uid])
        return message

    async def delete(self, uids: Iterable[int]) -> None:
        """Expunge messages."""
        gone = [uid for uid in uids if uid in self._messages]
        async with self.messages_lock.write_lock():
            self.store.remove(self.row, gone)
            for uid in gone:
                self._messages.pop(uid, None)
            self._mod_sequences.expunge(gone)
            self._updated.set()

    async def claim_recent(self, selected: SelectedMailbox) -> None:
        """As the original, but a SELECT of a mailbox without recent messages rings nobody."""
        if any(message.recent for message in self._messages.values()):
            await super().claim_recent(selected)

    def take_in(self, message: Message, *, recent: bool) -> int:
        """Put another mailbox's message here as well; return its UID here."""
        flags = _names(message.permanent_flags)
        uid = self.store.place(self.row, message.body, flags, message.internal_date.timestamp())
        self._add(message.placed(uid, recent=recent))
        return uid

    def _add(self, message: Message) -> None:
        self._max_uid = message.uid
        self._messages[message.uid] = message
        self._changed([message.uid])

    def _changed(self, uids: list[int]) -> None:
        self._mod_sequences.update(uids)
        self._updated.set()


class MailboxSet(memory.MailboxSet):
    """One user's mailboxes."""

    _inbox: memory.MailboxData
    _set: dict[str, memory.MailboxData]

    def __init__(self, store: Store, user: str) -> None:
        super().__init__()
        self.store = store
        self.user = user
        self._inbox = Mailbox(store, store.create(user, INBOX))
        rows = store.database.execute(
            "SELECT id, name, subscribed FROM mailbox WHERE user = ? AND name <> ? ORDER BY id", (user, INBOX)
        ).fetchall()
        self._set = {name: Mailbox(store, row) for row, name, _ in rows}
        self._subscribed = {name: bool(subscribed) for _, name, subscribed in rows}

    async def set_subscribed(self, name: str, subscribed: bool) -> None:
        """Keep whether the user follows the mailbox."""
        await super().set_subscribed(name, subscribed)
        self.store.database.execute(
            "UPDATE mailbox SET subscribed = ? WHERE user = ? AND name = ?", (subscribed, self.user, name)
        )

    async def add_mailbox(self, name: str) -> ObjectId:
        """Create a mailbox. Raises ValueError when the name is taken."""
        if name in self._set or name.upper() == INBOX:
            raise ValueError(name)
        mailbox = self._set[name] = Mailbox(self.store, self.store.create(self.user, name))
        self._subscribed[name] = True
        return mailbox.mailbox_id

    async def delete_mailbox(self, name: str) -> None:
        """Delete a mailbox with its messages. Raises KeyError when there is none."""
        await super().delete_mailbox(name)
        self.store.database.execute("DELETE FROM mailbox WHERE user = ? AND name = ?", (self.user, name))

    async def rename_mailbox(self, before: str, after: str) -> None:
        """Rename a mailbox and those below it. Renaming INBOX (RFC 3501 section 6.3.5) is refused."""
        if before.upper() == INBOX:
            raise KeyError(before)
        await super().rename_mailbox(before, after)
        for name, mailbox in self._set.items():
            if isinstance(mailbox, Mailbox) and mailbox.name != name:
                self.store.database.execute("UPDATE mailbox SET name = ? WHERE id = ?", (name, mailbox.row))
                mailbox.name = name

    async def deliver(self, raw: bytes) -> None:
        """Put a message that came by SMTP into INBOX."""
        await self._inbox.append(AppendMessage(raw, datetime.now(UTC)), recent=True)


def _flags(names: Iterable[str]) -> frozenset[Flag]:
    return frozenset(Flag(name.encode()) for name in names)


def _names(flags: Iterable[Flag]) -> list[str]:
    return sorted(str(flag) for flag in flags if flag != Recent)


def open_all(store: Store) -> dict[str, MailboxSet]:
    """Every user's mailboxes, read from the store. Call inside the server's event loop."""
    asyncio.get_running_loop()
    return {user: MailboxSet(store, user) for user in store.users()}
