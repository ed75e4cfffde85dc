"""Conversations: giving new messages their thread, and keeping threads' rows and list entries true.

Both run inside the caller's transaction, under the account's lock, set by set.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection

from apps.core.ids import new_id
from apps.providers.adapters import mime

from . import linking
from .prepare import Draft
from .rows import FLAGGED, SEEN, is_keyword

# JWZ's subject rule is kept narrow: same people, within a month, and a reply on one of the sides.
SUBJECT_WINDOW: Final = timedelta(days=30)
SHOWN_PARTICIPANTS: Final = 4


@dataclass(slots=True)
class Assigned:
    """Which threads the new messages went to."""

    fresh: set[UUID] = field(default_factory=set)
    existing: set[UUID] = field(default_factory=set)
    merged: dict[UUID, UUID] = field(default_factory=dict)


@dataclass(slots=True)
class _Candidate:
    thread_id: UUID
    at: datetime
    addresses: frozenset[str]
    rootless: bool


def assign(account_id: UUID, own_address: str, drafts: Sequence[Draft]) -> Assigned:
    """Set `thread_id` of every draft, make the links, merge threads that turn out to be one.

    New threads' rows are written by `refresh`. On a merge the older thread's id survives.
    """
    assigned = Assigned()
    groups = _groups(drafts)
    known = _known_links(account_id, {link for draft in drafts for link in draft.links})
    pool = _subject_pool(account_id, drafts, known)
    links: dict[bytes, UUID] = {}
    for group in groups:
        threads = sorted({known[link] for draft in group for link in draft.links if link in known})
        threads = sorted({_final(thread, assigned.merged) for thread in threads})
        target = threads[0] if threads else _by_subject(group, own_address, pool)
        # The subject may name a thread that an earlier group has merged into another.
        target = target and _final(target, assigned.merged)
        if target is None:
            target = new_id()
            assigned.fresh.add(target)
        elif target not in assigned.fresh:
            assigned.existing.add(target)
        for other in threads[1:]:
            assigned.merged[other] = target
        for draft in group:
            draft.thread_id = target
            links |= {link: target for link in draft.links if link not in known}
            if linking.by_subject(draft.mail):
                pool[linking.subject_key(draft.mail.subject)].append(_candidate(draft, target, own_address))
    _merge(assigned.merged)
    _write_links(account_id, links)
    return assigned


def _final(thread: UUID, merged: dict[UUID, UUID]) -> UUID:
    while thread in merged:
        thread = merged[thread]
    return thread


def _groups(drafts: Sequence[Draft]) -> list[list[Draft]]:
    """Drafts that name one another, oldest group first (union by shared link)."""
    parent: dict[bytes, bytes] = {}

    def root(node: bytes) -> bytes:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for draft in drafts:
        nodes = draft.links or (draft.id.bytes,)
        for node in nodes[1:]:
            parent[root(node)] = root(nodes[0])
    groups: dict[bytes, list[Draft]] = defaultdict(list)
    for draft in sorted(drafts, key=lambda item: item.at):
        groups[root((draft.links or (draft.id.bytes,))[0])].append(draft)
    return list(groups.values())


def _known_links(account_id: UUID, digests: Collection[bytes]) -> dict[bytes, UUID]:
    if not digests:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT digest, thread_id FROM mail_threadlink WHERE account_id = %s AND digest = ANY(%s)",
            [account_id, list(digests)],
        )
        return {bytes(digest): thread for digest, thread in cursor.fetchall()}


def _addresses(mail: mime.ParsedMail, own_address: str) -> frozenset[str]:
    people = (*mail.from_, *mail.to, *mail.cc)
    return frozenset(person.address.lower() for person in people if person.address) - {own_address.lower()}


def _candidate(draft: Draft, thread_id: UUID, own_address: str) -> _Candidate:
    rootless = mime.had_reply_prefix(draft.mail.subject)
    return _Candidate(thread_id, draft.at, _addresses(draft.mail, own_address), rootless)


def _subject_pool(account_id: UUID, drafts: Sequence[Draft], known: dict[bytes, UUID]) -> dict[int, list[_Candidate]]:
    pool: dict[int, list[_Candidate]] = defaultdict(list)
    lonely = (draft for draft in drafts if linking.by_subject(draft.mail) and not known.keys() & set(draft.links))
    keys = {linking.subject_key(draft.mail.subject) for draft in lonely} - {0}
    if not keys:
        return pool
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, subject_key, last_at, participants::text, rootless FROM mail_thread "
            "WHERE account_id = %s AND subject_key = ANY(%s) AND subject_key <> 0 AND last_at IS NOT NULL",
            [account_id, list(keys)],
        )
        for thread_id, key, last_at, participants, rootless in cursor.fetchall():
            people = frozenset(person["address"].lower() for person in orjson.loads(participants) if not person["me"])
            pool[key].append(_Candidate(thread_id, last_at, people, rootless))
    return pool


def _by_subject(group: list[Draft], own_address: str, pool: dict[int, list[_Candidate]]) -> UUID | None:
    if len(group) > 1 or not linking.by_subject(group[0].mail):
        return None
    draft = group[0]
    key = linking.subject_key(draft.mail.subject)
    if not key:
        return None
    mine = _addresses(draft.mail, own_address)
    reply = mime.had_reply_prefix(draft.mail.subject)
    fitting = (
        candidate
        for candidate in pool[key]
        if (reply or candidate.rootless)
        and abs(candidate.at - draft.at) <= SUBJECT_WINDOW
        and mine & candidate.addresses
    )
    return next((candidate.thread_id for candidate in fitting), None)


def _merge(merged: dict[UUID, UUID]) -> None:
    if not merged:
        return
    pairs = [(old, _final(old, merged)) for old in merged]
    olds, news = [list(column) for column in zip(*pairs, strict=True)]
    moved = "FROM (SELECT unnest(%s::uuid[]) AS old, unnest(%s::uuid[]) AS new) pair WHERE thread_id = pair.old"
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE mail_message SET thread_id = pair.new, rev = rev + 1 {moved}", [olds, news])
        cursor.execute(f"UPDATE mail_threadlink SET thread_id = pair.new {moved}", [olds, news])


def _write_links(account_id: UUID, links: dict[bytes, UUID]) -> None:
    if not links:
        return
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY mail_threadlink (account_id, digest, thread_id) FROM STDIN") as copy,
    ):
        for link, thread in links.items():
            copy.write_row((account_id, link, thread))


@dataclass(slots=True)
class Counted:
    """By how much a mailbox's counters moved."""

    total: int = 0
    unread: int = 0
    threads: int = 0
    unread_threads: int = 0


@dataclass(frozen=True, slots=True)
class _Line:
    at: datetime
    unread: bool
    flagged: bool
    snoozed_until: datetime | None = None


def refresh(
    account_id: UUID,
    own_address: str,
    thread_ids: Collection[UUID],
    fresh: Collection[UUID],
    counted: dict[UUID, Counted],
) -> set[UUID]:
    """Recompute rows and list entries of these threads from their messages; return those that are empty.

    `fresh` are threads that have no row yet. Moves the counters of every mailbox whose list changed.
    """
    if not thread_ids:
        return set()
    wanted = list(thread_ids)
    messages = _messages(wanted)
    _write_threads(account_id, own_address, messages, fresh)
    _write_entries(wanted, counted)
    empty = set(wanted) - set(messages)
    _delete_empty(empty)
    return empty


def _messages(thread_ids: list[UUID]) -> dict[UUID, list[tuple[Any, ...]]]:
    """Per thread its placed messages, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT thread_id, at, subject, snippet, senders::text, flags, has_attachment FROM mail_message "
            "WHERE thread_id = ANY(%s) AND orphaned_at IS NULL ORDER BY at, id",
            [thread_ids],
        )
        found: dict[UUID, list[tuple[Any, ...]]] = defaultdict(list)
        for row in cursor.fetchall():
            found[row[0]].append(row)
    return found


def _thread_row(own_address: str, messages: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    first, last = messages[0], messages[-1]
    people: dict[str, dict[str, Any]] = {}
    for row in reversed(messages):
        for person in orjson.loads(row[4])[:1]:
            address = person["address"]
            people.setdefault(address.lower(), person | {"me": address.lower() == own_address.lower()})
        if len(people) >= SHOWN_PARTICIPANTS:
            break
    participants = list(people.values())[::-1]
    unread = sum(SEEN not in row[5] for row in messages)
    return (
        first[2],
        linking.subject_key(first[2]),
        mime.had_reply_prefix(first[2]),
        last[3],
        orjson.dumps(participants).decode(),
        last[1],
        len(messages),
        unread,
        any(FLAGGED in row[5] for row in messages),
        any(row[6] for row in messages),
        " ".join(sorted({flag for row in messages for flag in row[5] if is_keyword(flag)})),
    )


THREAD_COLUMNS: Final = (
    "subject, subject_key, rootless, snippet, participants, last_at, count, unread, flagged, has_attachment, keywords"
)


def _write_threads(
    account_id: UUID, own_address: str, messages: dict[UUID, list[tuple[Any, ...]]], fresh: Collection[UUID]
) -> None:
    rows = {thread: _thread_row(own_address, found) for thread, found in messages.items()}
    with connection.cursor() as cursor:
        new = [thread for thread in rows if thread in fresh]
        if new:
            with cursor.copy(f"COPY mail_thread (id, account_id, rev, {THREAD_COLUMNS}) FROM STDIN") as copy:
                for thread in new:
                    copy.write_row((thread, account_id, 1, *rows[thread][:-1], rows[thread][-1].split()))
        old = [(*rows[thread], thread) for thread in rows if thread not in fresh]
        if old:
            columns = list(zip(*old, strict=True))
            types = "text bigint bool text jsonb timestamptz int int bool bool text uuid".split()
            arrays = ", ".join(f"%s::{kind}[]" for kind in types)
            names = f"{THREAD_COLUMNS}, id"
            assignments = ", ".join(f"{name} = fresh.{name}" for name in THREAD_COLUMNS.split(", ")[:-1])
            # Keywords hold no space: they travel joined, since an array of arrays must be rectangular.
            assignments += ", keywords = coalesce(string_to_array(nullif(fresh.keywords, ''), ' '), '{}')"
            cursor.execute(
                f"UPDATE mail_thread t SET rev = t.rev + 1, {assignments} "
                f"FROM unnest({arrays}) AS fresh ({names}) WHERE t.id = fresh.id",
                [list(column) for column in columns],
            )


def _write_entries(thread_ids: list[UUID], counted: dict[UUID, Counted]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT mailbox_id, thread_id, at, unread, flagged, snoozed_until FROM mail_threadentry "
            "WHERE thread_id = ANY(%s)",
            [thread_ids],
        )
        old = {(row[0], row[1]): _Line(*row[2:]) for row in cursor.fetchall()}
        cursor.execute(
            "SELECT p.mailbox_id, m.thread_id, greatest(max(m.at), s.woken_at), "
            "bool_or(NOT p.flags @> ARRAY['\\seen']), bool_or(p.flags @> ARRAY['\\flagged']), "
            "CASE WHEN s.woken_at IS NULL THEN s.until END "
            "FROM mail_message m JOIN mail_placement p ON p.message_id = m.id AND p.leaving IS NULL "
            "LEFT JOIN mail_snooze s ON s.mailbox_id = p.mailbox_id AND s.thread_id = m.thread_id "
            "WHERE m.thread_id = ANY(%s) GROUP BY 1, 2, s.woken_at, s.until",
            [thread_ids],
        )
        new = {(row[0], row[1]): _Line(*row[2:]) for row in cursor.fetchall()}
        gone = [key for key in old if key not in new]
        if gone:
            # A thread that leaves the mailbox is put off there no longer: should it come back, it is news.
            cursor.execute(
                "DELETE FROM mail_snooze s USING unnest(%s::uuid[], %s::uuid[]) AS gone (mailbox_id, thread_id) "
                "WHERE s.mailbox_id = gone.mailbox_id AND s.thread_id = gone.thread_id",
                [[key[0] for key in gone], [key[1] for key in gone]],
            )
            cursor.execute(
                "DELETE FROM mail_threadentry e USING unnest(%s::uuid[], %s::uuid[]) AS gone (mailbox_id, thread_id) "
                "WHERE e.mailbox_id = gone.mailbox_id AND e.thread_id = gone.thread_id",
                [[key[0] for key in gone], [key[1] for key in gone]],
            )
        changed = {key: line for key, line in new.items() if old.get(key) != line}
        if changed:
            cursor.execute(
                "INSERT INTO mail_threadentry (mailbox_id, thread_id, at, unread, flagged, snoozed_until) "
                "SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[], %s::bool[], %s::bool[], "
                "%s::timestamptz[]) ON CONFLICT (mailbox_id, thread_id) DO UPDATE SET at = excluded.at, "
                "unread = excluded.unread, flagged = excluded.flagged, snoozed_until = excluded.snoozed_until",
                [
                    [key[0] for key in changed],
                    [key[1] for key in changed],
                    [line.at for line in changed.values()],
                    [line.unread for line in changed.values()],
                    [line.flagged for line in changed.values()],
                    [line.snoozed_until for line in changed.values()],
                ],
            )
    _count_entries(old, new, counted)


def _count_entries(
    old: dict[tuple[UUID, UUID], _Line], new: dict[tuple[UUID, UUID], _Line], counted: dict[UUID, Counted]
) -> None:
    for sign, lines in ((-1, old), (1, new)):
        for (mailbox_id, _), line in lines.items():
            if line.snoozed_until is not None:
                continue
            counted[mailbox_id].threads += sign
            counted[mailbox_id].unread_threads += sign * line.unread


def _delete_empty(empty: Iterable[UUID]) -> None:
    """Empty threads lose their counters; their row stays while an orphaned message may come back."""
    wanted = list(empty)
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mail_thread SET count = 0, unread = 0, rev = rev + 1 WHERE id = ANY(%s) AND count > 0", [wanted]
        )
        cursor.execute(
            "DELETE FROM mail_thread t WHERE t.id = ANY(%s) "
            "AND NOT EXISTS (SELECT 1 FROM mail_message m WHERE m.thread_id = t.id) "
            "AND NOT EXISTS (SELECT 1 FROM mail_threadlink l WHERE l.thread_id = t.id)",
            [wanted],
        )
