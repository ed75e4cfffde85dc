"""Searching the mirror: newest conversations first, whole mailbox, everything a person may see."""

from dataclasses import dataclass
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
from . import finding, grammar, highlight
from .compile import Compiler, Condition, like

LIMIT: Final = 50
MOST: Final = 100


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


def run(member: Member, asked: Asked) -> dict[str, Any]:
    """One page of conversations with a match each. Raises the 400 problem `bad_query`."""
    seq = journal.head()
    query, condition = _compiled(member, asked.text)
    if condition is None:
        return _answer(seq, finding.NOTHING, asked, query)
    accounts = list(access.visible_account_ids(member))
    if asked.account_id is not None:
        accounts = [account for account in accounts if account == asked.account_id]
    return _answer(seq, finding.page(accounts, condition, asked.cursor, asked.limit), asked, query)


def matching_threads(
    member: Member, text: str, account_id: UUID, mailbox_id: UUID | None, cursor: str, limit: int
) -> tuple[list[UUID], str | None]:
    """A page of the conversations of one account that match, newest match first, and where the next page begins.

    Raises the 400 problem `bad_query`.
    """
    _, condition = _compiled(member, text)
    if condition is None or account_id not in access.visible_account_ids(member):
        return [], None
    page = finding.page([account_id], condition, cursor, limit)
    found = [hit.thread_id for hit in page.hits]
    if mailbox_id is not None:
        there = ThreadEntry.objects.filter(mailbox_id=mailbox_id, thread_id__in=found)
        inside = set(there.values_list("thread_id", flat=True))
        found = [thread for thread in found if thread in inside]
    return found, page.following


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


def _answer(seq: int, page: finding.Page, asked: Asked, query: grammar.Query) -> dict[str, Any]:
    thread_rows = events.thread_rows([hit.thread_id for hit in page.hits])
    marks = highlight.pattern(grammar.texts(query.root)) if page.hits else None
    items = [
        thread_rows[hit.thread_id]
        | {
            "at": iso(hit.at),
            "match": {"message_id": str(hit.message_id), "snippet_html": highlight.excerpt(hit.body, marks)},
        }
        for hit in page.hits
        if hit.thread_id in thread_rows
    ]
    counted: dict[str, Any] = {"total": None if asked.cursor or page.more else page.seen}
    if not asked.cursor and page.more:
        counted["about"] = page.seen
    terms = [text.value for text in grammar.texts(query.root)]
    return {"seq": seq, "items": items, "next": page.following, **counted,
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
