"""Searching the mirror: newest conversations first, whole mailbox, everything a person may see."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import connection

from apps.core.clock import now
from apps.core.problems import Problem
from apps.providers import access
from apps.providers.accounts import iso
from apps.realtime import journal
from apps.users.members import Member

from .. import events, queries
from ..models import Mailbox, ThreadEntry
from . import grammar, highlight
from .compile import Compiler, Condition, like

LIMIT: Final = 50
MOST: Final = 100
# Up to here the number of hits is counted; beyond, it is said to be "more than".
COUNTED: Final = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as it was asked."""

    text: str
    account_id: UUID | None
    cursor: str
    limit: int

    @classmethod
    def parse(cls, query: Any) -> "Asked":
        """From query parameters. Raises a problem that names the wrong one."""
        try:
            account = UUID(query["account"]) if query.get("account") else None
            limit = max(1, min(int(query.get("limit") or LIMIT), MOST))
        except ValueError:
            raise Problem(400, "invalid", "`account` must be an id and `limit` a whole number.") from None
        return cls(query.get("q", ""), account, query.get("cursor") or "", limit)


@dataclass(frozen=True, slots=True)
class _Hit:
    thread_id: UUID
    message_id: UUID
    at: datetime
    body: str


def run(member: Member, asked: Asked) -> dict[str, Any]:
    """One page of conversations with a match each. Raises the 400 problem `bad_query`."""
    seq = journal.head()
    query, condition = _compiled(member, asked.text)
    if condition is None:
        return _answer(seq, [], {}, None, None, 0, query, None)
    accounts = list(access.visible_account_ids(member))
    if asked.account_id is not None:
        accounts = [account for account in accounts if account == asked.account_id]
    hits, following = _page(accounts, condition, asked)
    total = None if asked.cursor else _count(accounts, condition)
    thread_rows = events.thread_rows([hit.thread_id for hit in hits])
    marks = highlight.pattern(grammar.texts(query.root))
    return _answer(seq, hits, thread_rows, marks, following, total, query, condition)


def matching_threads(
    member: Member, text: str, account_id: UUID, mailbox_id: UUID | None, cursor: str, limit: int
) -> tuple[list[UUID], str | None]:
    """A page of the conversations of one account that match, newest match first, and where the next page begins.

    Raises the 400 problem `bad_query`.
    """
    _, condition = _compiled(member, text)
    if condition is None or account_id not in access.visible_account_ids(member):
        return [], None
    hits, following = _page([account_id], condition, Asked(text, account_id, cursor, limit))
    found = [hit.thread_id for hit in hits]
    if mailbox_id is not None:
        there = ThreadEntry.objects.filter(mailbox_id=mailbox_id, thread_id__in=found)
        inside = set(there.values_list("thread_id", flat=True))
        found = [thread for thread in found if thread in inside]
    return found, following


def _compiled(member: Member, text: str) -> tuple[grammar.Query, Condition | None]:
    """The query and its condition, None for one that asks for nothing. Raises the 400 problem `bad_query`."""
    zone = _zone(member)
    try:
        query = grammar.parse(text, now().astimezone(zone).date())
        if query.root is None:
            return query, None
        return query, Compiler(zone, lambda name: _mailboxes_named(member, name)).compile(query.root)
    except grammar.BadQuery as bad:
        raise Problem(400, "bad_query", str(bad)) from None


def _answer(
    seq: int, hits: list[_Hit], thread_rows: Any, marks: Any, following: str | None, total: int | None,
    query: grammar.Query, condition: Condition | None,
) -> dict[str, Any]:  # fmt: skip
    items = [
        thread_rows[hit.thread_id]
        | {
            "at": iso(hit.at),
            "match": {"message_id": str(hit.message_id), "snippet_html": highlight.excerpt(hit.body, marks)},
        }
        for hit in hits
        if hit.thread_id in thread_rows
    ]
    counted: dict[str, Any] = {"total": total}
    if total is not None and total > COUNTED:
        counted = {"total": None, "about": COUNTED}
    terms = [text.value for text in grammar.texts(query.root)]
    return {"seq": seq, "items": items, "next": following, **counted,
            "query": {"terms": terms, "unknown": list(query.unknown)}}  # fmt: skip


def _zone(member: Member) -> ZoneInfo:
    try:
        return ZoneInfo(member.user.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _mailboxes_named(member: Member, name: str) -> list[UUID]:
    """Mailboxes of that role, or of that name or path, case ignored."""
    wanted = name.lower().strip("/")
    found = Mailbox.objects.filter(account_id__in=access.visible_account_ids(member))
    role = {"spam": "junk", "bin": "trash", "starred": "flagged"}.get(wanted, wanted)
    return [
        box.pk
        for box in found
        if (role and role == box.role) or wanted in ("/".join(box.path).lower(), box.path[-1].lower())
    ]


FROM: Final = (
    "FROM mail_messagewords w JOIN mail_message m ON m.id = w.message_id "
    "WHERE w.account_id = ANY(%s) AND m.orphaned_at IS NULL AND "
)


def _page(accounts: list[UUID], condition: Condition, asked: Asked) -> tuple[list[_Hit], str | None]:
    """Messages newest first until enough different conversations are found that no earlier page had."""
    hits: dict[UUID, _Hit] = {}
    place = queries.decode_cursor(asked.cursor) if asked.cursor else None
    shown, of_shown = "", list[Any]()
    if place:
        earlier = f"SELECT m.thread_id {FROM}({condition.sql}) AND (w.at, w.message_id) >= (%s, %s)"
        shown, of_shown = f"AND m.thread_id <> ALL(ARRAY({earlier})) ", [accounts, *condition.parameters, *place]
    at_once = asked.limit * 2
    with connection.cursor() as cursor:
        while len(hits) < asked.limit:
            more: list[Any] = list(place) if place else []
            after = "AND (w.at, w.message_id) < (%s, %s) " if place else ""
            cursor.execute(
                f"SELECT m.thread_id, m.id, w.at, w.body {FROM}({condition.sql}) {after}{shown}"
                "ORDER BY w.at DESC, w.message_id DESC LIMIT %s",
                [accounts, *condition.parameters, *more, *of_shown, at_once],
            )
            found = [_Hit(*row) for row in cursor.fetchall()]
            for hit in found:
                place = (hit.at, hit.message_id)
                hits.setdefault(hit.thread_id, hit)
                if len(hits) == asked.limit:
                    break
            if len(found) < at_once:
                break
    full = len(hits) == asked.limit and place is not None
    return list(hits.values()), queries.encode_cursor(*place) if full and place else None


def _count(accounts: list[UUID], condition: Condition) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(DISTINCT thread_id) FROM (SELECT m.thread_id {FROM}({condition.sql}) LIMIT %s) AS found",
            [accounts, *condition.parameters, COUNTED * 5],
        )
        return int(cursor.fetchone()[0])


OPERATORS: Final = (
    "from:", "to:", "cc:", "subject:", "in:", "is:unread", "is:flagged", "has:attachment",
    "before:", "after:", "larger:", "filename:",
)  # fmt: skip


def suggest(member: Member, text: str) -> list[dict[str, str]]:
    """How the last word of a query could go on: operators, people of recent mail, mailboxes."""
    last = text.replace("\x00", " ").split(" ")[-1].lower()
    if not last:
        return []
    operator, _, value = last.rpartition(":")
    found = [{"kind": "operator", "text": name, "insert": name} for name in OPERATORS if name.startswith(last)]
    if operator == "in":
        boxes = queries.mailboxes(member)["items"]
        names = sorted({box["role"] or box["name"] for box in boxes if box["selectable"]})
        found += [
            {"kind": "mailbox", "text": name, "insert": f'in:"{name}"' if " " in name else f"in:{name}"}
            for name in names
            if value in name.lower()
        ]
    elif operator in ("", "from", "to", "cc") and len(value) >= 2:
        prefix = f"{operator}:" if operator else "from:"
        found += [
            {"kind": "person", "text": f"{name} <{address}>" if name else address, "insert": f"{prefix}{address}"}
            for name, address in _people(member, value)
        ]
    return found[:8]


def _people(member: Member, part: str) -> list[tuple[str, str]]:
    """Senders of the newest thousand messages whose name or address holds `part`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (lower(s->>'address')) s->>'name', s->>'address' FROM ("
            "SELECT m.senders FROM mail_messagewords w JOIN mail_message m ON m.id = w.message_id "
            "WHERE w.account_id = ANY(%s) ORDER BY w.at DESC LIMIT 1000) AS recent, "
            "jsonb_array_elements(recent.senders) AS s WHERE (s->>'name') || ' ' || (s->>'address') ILIKE %s LIMIT 6",
            [list(access.visible_account_ids(member)), like(part)],
        )
        return cursor.fetchall()


__all__ = ["Asked", "matching_threads", "run", "suggest"]
