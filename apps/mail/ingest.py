"""Write one batch: rows, cursor, events, in one transaction. A second time changes and emits nothing.

The batch's bytes are parsed and sealed before the transaction; inside it there is no network and
no file. Every statement works on the whole batch.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.db.models import F

from apps.core.clock import now
from apps.core.ids import new_id
from apps.providers import accounts
from apps.providers.adapters.base import MailBatch, MessageRecord, Role
from apps.providers.adapters.errors import Transient
from apps.providers.models import ProviderAccount
from apps.realtime import journal
from apps.sync.lease import Lease
from apps.sync.registry import Applied
from apps.tenants import context, keys

from . import arrivals, burial, events, locks, mailboxes, placements, prepare, snoozes, threads
from .models import Mailbox
from .prepare import Draft
from .rows import normalise
from .search import upkeep
from .threads import Counted

PROGRESS_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch whose messages are parsed, and whose bytes lie sealed on disk."""

    batch: MailBatch
    drafts: dict[int, Draft]


def parse(account: ProviderAccount, batch: MailBatch) -> Prepared:
    """Parse the batch's messages and seal their bytes into a pack: all there is to do before the rows."""
    readable = (record for record in batch.upserts if record.raw is not None or record.unreadable)
    drafts = {record.uid: prepare.draft(record) for record in readable}
    tenant = context.current()
    prepare.seal(list(drafts.values()), keys.newest(tenant), f"{tenant.pk}/{account.pk}")
    return Prepared(batch, drafts)


def apply(held: Lease, account: ProviderAccount, prepared: Prepared) -> Applied:
    """Write one batch under the lease. Raises LeaseLost when a newer runner has taken over."""
    batch = prepared.batch
    if batch.listing is not None:
        return mailboxes.apply_listing(held, account, batch.listing)
    with transaction.atomic():
        (locks.account if batch.live else locks.account_for_history)(account.pk)
        held.check()
        mailbox = Mailbox.objects.filter(account=account, remote_id=batch.mailbox).first()
        if mailbox is None:
            return Applied()  # the mailbox went while its batch was on the way
        if batch.remaining:
            held.history_missing()
        return _Writer(account, mailbox, prepared, held.began()).write()


class _Writer:
    """One batch on its way into one mailbox."""

    def __init__(self, account: ProviderAccount, mailbox: Mailbox, prepared: Prepared, since: datetime | None) -> None:
        self.account, self.mailbox, self.since = account, mailbox, since
        self.batch, self.drafts = prepared.batch, prepared.drafts
        self.counted: dict[UUID, Counted] = defaultdict(Counted)
        self.new: list[Draft] = []
        self.touched: set[UUID] = set()
        self.emptied: set[UUID] = set()
        self.buried: list[journal.Event] = []

    def write(self) -> Applied:
        """All of it; returns what changed."""
        here = self.counted[self.mailbox.pk]
        removed: set[UUID] = set()
        if self.batch.epoch is not None and self.mailbox.epoch not in (None, self.batch.epoch):
            removed |= placements.remove_numbered(self.mailbox, here)
        uids = {record.uid for record in self.batch.upserts} | {record.uid for record in self.batch.flags}
        held = placements.existing(self.mailbox, uids)
        known = _held_identities(self.mailbox, {record.identity for record in self.batch.upserts})
        self._replace_placeholders(held, known)
        places = self._place([record for record in self.batch.upserts if record.uid not in held], known)
        again = (record for record in self.batch.upserts if record.uid in held)
        self.touched |= placements.set_flags(self.mailbox, [*again, *self.batch.flags], held, here, self.since)
        # After the flags: the counters take back what a placement counted when it went.
        removed |= placements.remove(self.mailbox, self.batch.vanished, here)
        assigned = threads.assign(self.account.pk, self.account.address, self.new)
        write_messages(self.account.pk, self.new)
        upkeep.wrote(len(self.new))
        often = Counter(message for _, message, _, _ in places)
        once = {draft.id for draft in self.new if often[draft.id] == 1}  # its row was written with its flags
        self.touched |= placements.add(self.mailbox, places, here, self.since) - once
        self.touched |= removed
        thread_ids = placements.settle(self.touched) | assigned.existing | self.emptied
        if self.batch.live and self.mailbox.role not in (Role.SENT.value, Role.DRAFTS.value):
            snoozes.interrupt(assigned.existing | set(assigned.merged))
        everything = thread_ids | assigned.fresh | set(assigned.merged)
        threads.refresh(self.account.pk, self.account.address, everything, assigned.fresh, self.counted)
        changed = mailboxes.count(self.counted)
        self._save_cursor()
        self._emit(thread_ids | set(assigned.merged), assigned.fresh, changed)
        return Applied(len(self.new), len(self.touched), 0, self.batch.look_again)

    def _replace_placeholders(self, held: dict[int, placements.Held], known: dict[str, UUID]) -> None:
        """A message that the server did not hand out before, and now does, takes its placeholder's place in
        every mailbox: as a new message, or as one that is held from elsewhere."""
        readable = [record for record in self.batch.upserts if not record.unreadable]
        records = {known[record.identity]: record for record in readable if record.identity in known}
        records |= {held[record.uid].message: record for record in readable if record.uid in held}
        dead = burial.placeholders(records)
        if not dead:
            return
        gone = {item.message_id for item in dead}
        instead: dict[UUID, UUID] = {}
        for old in gone:
            identity = records[old].identity
            if known.get(identity, old) in gone:
                known[identity] = self._new(records[old])
            instead[old] = known[identity]
        placements.hand_over(instead)
        self.touched |= set(instead.values())
        for one in held.values():
            one.message = instead.get(one.message, one.message)
        self.emptied = {item.thread_id for item in dead}
        burial.delete(dead)
        self.buried = burial.events(self.account.pk, dead)

    def _place(self, records: Sequence[MessageRecord], known: dict[str, UUID]) -> list[placements.Place]:
        """Bind each new UID to a message: one that is held (a move, a copy) or a new one."""
        places: list[placements.Place] = []
        for record in records:
            message = known.get(record.identity)
            if message is None:
                message = known[record.identity] = self._new(record)
            places.append((record.uid, message, normalise(record.flags), record.modseq))
        return places

    def _new(self, record: MessageRecord) -> UUID:
        draft = self.drafts.get(record.uid)
        if draft is None:
            raise Transient("a message that was known when the batch was read is gone; the run repeats")
        self.new.append(draft)
        return draft.id

    def _save_cursor(self) -> None:
        fields: dict[str, Any] = {}
        if self.batch.cursor is not None:
            fields["cursor"] = dict(self.batch.cursor)
        if self.batch.epoch is not None:
            fields["epoch"] = self.batch.epoch
        if self._remaining_changed():
            fields |= {"remaining": self.batch.remaining, "rev": F("rev") + 1}
        if fields:
            Mailbox.objects.filter(pk=self.mailbox.pk).update(**fields)

    def _emit(self, known_threads: Collection[UUID], fresh: Collection[UUID], changed: Collection[UUID]) -> None:
        """Events of what changed, in the journal's order. Backfilled mail is no news: lists grow below."""
        live = self.batch.live
        account_id = self.account.pk
        told, thread_rows = events.threads(account_id, {*known_threads, *fresh} if live else known_threads)
        # First, so that the rows told below carry what listeners know of them.
        noticed = arrivals.tell(self.account, self.mailbox, self.new)
        found: list[journal.Event] = list(self.buried)
        if live:
            found += events.arrivals(account_id, [draft.id for draft in self.new], thread_rows)
        found += events.states(account_id, self.touched)
        found += told
        if changed or self._remaining_changed():
            boxes = {*changed, self.mailbox.pk}
            found.append(events.mailboxes(account_id, boxes, backfill=not live))
        if not live:
            found += _progress(self.account, len(self.batch.upserts))
        found += noticed
        if found:
            journal.append(found)

    def _remaining_changed(self) -> bool:
        return self.batch.remaining is not None and self.batch.remaining != self.mailbox.remaining


def _held_identities(mailbox: Mailbox, identities: Collection[str]) -> dict[str, UUID]:
    """The message of each identity: first one that a command puts into this mailbox, then an orphan (it is being
    moved), else the oldest."""
    if not identities:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (m.identity) m.identity, m.id FROM mail_message m LEFT JOIN mail_placement e "
            "ON e.message_id = m.id AND e.mailbox_id = %s AND e.uid < 0 "
            "WHERE m.account_id = %s AND m.identity = ANY(%s) "
            "ORDER BY m.identity, e.uid IS NULL, m.orphaned_at IS NULL, m.id",
            [mailbox.pk, mailbox.account_id, list(identities)],
        )
        return dict(cursor.fetchall())


def _progress(account: ProviderAccount, brought_in: int) -> list[journal.Event]:
    """Count the import on; an event at most once a second."""
    current = ProviderAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
    if current.import_finished_at is not None:
        return []
    current.import_done += brought_in
    current.import_started_at = current.import_started_at or now()
    remaining = Mailbox.objects.filter(account=account, selectable=True).values_list("remaining", flat=True)
    if all(count is not None for count in remaining):
        current.import_total = current.import_done + sum(count or 0 for count in remaining)
    told = current.import_told_at
    due = told is None or (now() - told).total_seconds() >= PROGRESS_SECONDS
    if due:
        current.import_told_at = now()
    current.save(update_fields=["import_done", "import_started_at", "import_total", "import_told_at"])
    return [accounts.status_event(current, progress=True)] if due else []


MESSAGE_COLUMNS: Final = (
    "id, account_id, thread_id, identity, message_id, subject, senders, recipients, at, date_header, received_at, "
    "size, snippet, flags, has_attachment, facts, truncated, complete, unreadable, pack, pack_offset, pack_length, rev"
)


def write_messages(account_id: UUID, drafts: Sequence[Draft]) -> None:
    """Insert new messages with their words and attachments."""
    if not drafts:
        return
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY mail_message ({MESSAGE_COLUMNS}) FROM STDIN") as copy:
            for draft in drafts:
                copy.write_row(_message_row(account_id, draft))
        files = [(draft, part) for draft in drafts for part in draft.mail.attachments]
        if files:
            with cursor.copy(
                "COPY mail_attachment (id, message_id, section, filename, content_type, size, content_id, inline) "
                "FROM STDIN"
            ) as copy:
                for draft, part in files:
                    copy.write_row(
                        (new_id(), draft.id, part.section, part.filename, part.content_type, part.size,
                         part.content_id, part.inline)
                    )  # fmt: skip
        _write_words(cursor, account_id, drafts)


def _people(addresses: Sequence[Any]) -> list[dict[str, str]]:
    return [{"name": person.name, "address": person.address} for person in addresses]


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _message_row(account_id: UUID, draft: Draft) -> tuple[Any, ...]:
    mail, record = draft.mail, draft.record
    recipients = {"to": _people(mail.to), "cc": _people(mail.cc), "bcc": _people(mail.bcc)}
    recipients["reply_to"] = _people(mail.reply_to)
    pack, offset, length = (draft.blob.pack, draft.blob.offset, draft.blob.length) if draft.blob else ("", 0, 0)
    return (
        draft.id, account_id, draft.thread_id, record.identity, mail.message_id, mail.subject,
        _json(_people(mail.from_ or mail.sender)), _json(recipients), draft.at, mail.date, record.internal_date,
        record.size, draft.snippet, normalise(record.flags), draft.has_attachment, _json(draft.facts),
        list(draft.truncated), record.complete, record.unreadable, pack, offset, length, 1,
    )  # fmt: skip


WORDS_COLUMNS: Final = "message_id, account_id, at, sender, recipients, subject, filenames, body, vector"


def _write_words(cursor: Any, account_id: UUID, drafts: Sequence[Draft]) -> None:
    # In binary form: PostgreSQL would take longer to read a vector's text than to write its row.
    with cursor.copy(f"COPY mail_messagewords ({WORDS_COLUMNS}) FROM STDIN (FORMAT binary)") as copy:
        for draft in drafts:
            copy.write_row((draft.id, account_id, draft.at, *draft.words))
