"""Search that fuses words and meaning: what either finds, ranked by where each puts it.

Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): a hit scores 1 / (60 + its place) in each list that
has it. Scores of words and of vectors have no common measure; places have.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from django.db import connection

from apps.ai import consent
from apps.calendar.models import Event
from apps.contacts.models import Contact
from apps.core.problems import Problem
from apps.mail.models import Message
from apps.providers import access
from apps.providers.accounts import iso
from apps.users.members import Member

from . import nearest, worded
from .embedder import Embedder, EmbedderError, current
from .nearest import KINDS, Near
from .sources import HIDDEN, SHOWN

log = structlog.get_logger(__name__)

K: Final = 60
"""The constant of the fusion, as its authors found it: differences among the first places count little."""

MOSTLY: Final = 0.5
"""More than this part of a question's weight a hit of words must hold beside hits of meaning: a list of whatever holds
one of its words would outvote meaning."""

DEPTH: Final = 60
"""How far down each list is read."""

PASSAGES: Final = 120
"""Passages that are taken by meaning: several may be of one source."""

LIMIT: Final = 20
MOST: Final = 50
LONGEST: Final = 500
"""Characters of a question that are looked at."""

EXCERPT: Final = 300
Key = tuple[str, UUID]
"""A kind and an id."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Something found. `by` says which lists had it: words, meaning; `text` is the passage, if meaning did."""

    kind: str
    id: UUID
    score: float
    by: tuple[str, ...]
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """The hits, the best first. `meaning` is False when no vectors were looked at, and `why_not` says why."""

    hits: Sequence[Hit]
    meaning: bool
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was asked."""

    text: str
    account_id: UUID | None = None
    kinds: frozenset[str] = frozenset(KINDS)
    limit: int = LIMIT

    @classmethod
    def parse(cls, query: Any) -> "Asked":
        """From query parameters. Raises a problem that names the wrong one."""
        text = " ".join(query.get("q", "").replace("\x00", " ").split())
        if not text:
            raise Problem(400, "invalid", "`q` must say what to look for.")
        kinds = frozenset(each for each in query.get("kinds", "").split(",") if each) or frozenset(KINDS)
        if not kinds <= frozenset(KINDS):
            raise Problem(400, "invalid", f"`kinds` takes {', '.join(KINDS)}, with commas between.")
        try:
            account = UUID(query["account"]) if query.get("account") else None
            limit = max(1, min(int(query.get("limit") or LIMIT), MOST))
        except ValueError:
            raise Problem(400, "invalid", "`account` must be an id and `limit` a whole number.") from None
        return cls(text[:LONGEST], account, kinds, limit)


def find(member: Member, asked: Asked, within: Collection[UUID] | None = None) -> Found:
    """What the person may see that answers a question, of these accounts (None: of all).

    Call outside of a transaction: a service may be asked.
    """
    accounts = access.visible_account_ids(member)
    if within is not None:
        accounts &= frozenset(within)
    if asked.account_id is not None:
        accounts &= {asked.account_id}
    if not accounts:
        return Found((), meaning=False, why_not="no_account")
    read = consent.consented(accounts)
    near, why_not = _near(read, asked) if read else ([], "no_consent")
    lists = {"meaning": best_passages(near)} | {
        f"words:{kind}": _worded(kind, accounts, asked.text, 0.0 if why_not else MOSTLY) for kind in sorted(asked.kinds)
    }
    texts = {(one.kind, one.source_id): one.text for one in reversed(near)}
    hits = fuse(lists, texts)
    return Found(_still_shown(accounts, hits, asked.limit), not why_not, why_not)


def _near(read: Collection[UUID], asked: Asked) -> tuple[list[Near], str]:
    """The passages nearest to the question, and why there are none, if so."""
    embedder = current()
    try:
        return near(embedder, read, asked.text, asked.kinds), ""
    except EmbedderError as error:
        # Words find something all the same; the answer says what is missing.
        log.warning("question not embedded", reason=error.reason)
        return [], error.code


def near(embedder: Embedder, accounts: Collection[UUID], question: str, kinds: Collection[str] = KINDS) -> list[Near]:
    """The passages of these accounts nearest to a question. Raises EmbedderError."""
    (vector,) = embedder.embed([question])
    return nearest.nearest(accounts, embedder.name, embedder.column, vector, PASSAGES, kinds)


def best_passages(found: Iterable[Near]) -> list[Key]:
    """Each source once, at the place of its nearest passage."""
    return list(dict.fromkeys((one.kind, one.source_id) for one in found))[:DEPTH]


def _worded(kind: str, accounts: Collection[UUID], question: str, least: float) -> list[Key]:
    if kind == "message":
        ids = worded.messages(accounts, question, DEPTH, least)
    else:
        ids = worded.objects(kind, accounts, question, DEPTH, least)
    return [(kind, one) for one in ids]


def fuse(lists: Mapping[str, Sequence[Key]], texts: Mapping[Key, str]) -> list[Hit]:
    """One list of several by reciprocal rank; a list's name before the colon is what its hits were found by."""
    scores: dict[Key, float] = defaultdict(float)
    by: dict[Key, list[str]] = defaultdict(list)
    for name, keys in lists.items():
        for place, key in enumerate(keys, start=1):
            scores[key] += 1 / (K + place)
            by[key].append(name.partition(":")[0])
    # The id decides between equals, so that an answer is the same each time; it begins with when a row was made.
    order = sorted(scores, key=lambda key: (scores[key], key[1].int), reverse=True)
    return [Hit(*key, scores[key], tuple(sorted(by[key])), texts.get(key, "")) for key in order]


def _still_shown(accounts: Collection[UUID], hits: Sequence[Hit], limit: int) -> list[Hit]:
    """The first of the hits whose rows are there for a person to open."""
    shown = {
        "message": _shown_messages(accounts, [hit.id for hit in hits if hit.kind == "message"]),
        "event": _shown_objects("calendar_event", accounts, [hit.id for hit in hits if hit.kind == "event"]),
        "contact": _shown_objects("contacts_contact", accounts, [hit.id for hit in hits if hit.kind == "contact"]),
    }
    return [hit for hit in hits if hit.id in shown[hit.kind]][:limit]


def _shown_messages(accounts: Collection[UUID], ids: Sequence[UUID]) -> set[UUID]:
    return _ids(
        "SELECT m.id FROM mail_message m WHERE m.id = ANY(%s) AND m.account_id = ANY(%s) AND m.orphaned_at IS NULL "
        f"AND {SHOWN}",
        [list(ids), list(accounts), [*HIDDEN]],
    )


def _shown_objects(table: str, accounts: Collection[UUID], ids: Sequence[UUID]) -> set[UUID]:
    return _ids(
        f"SELECT o.id FROM {table} o WHERE o.id = ANY(%s) AND o.account_id = ANY(%s) AND o.leaving IS NULL "
        "AND o.refused = ''",
        [list(ids), list(accounts)],
    )


def _ids(sql: str, parameters: Sequence[Any]) -> set[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return {pk for (pk,) in cursor.fetchall()}


def run(member: Member, asked: Asked) -> dict[str, Any]:
    """The answer over HTTP: hits with what a list shows of each."""
    found = find(member, asked)
    return {
        "items": shown(found.hits),
        "meaning": found.meaning,
        "why_not": found.why_not,
    }


def shown(hits: Sequence[Hit]) -> list[dict[str, Any]]:
    """Hits as JSON: a title, a date, an excerpt, and where each leads. They must have passed `find`."""
    facts: dict[Key, dict[str, Any]] = {}
    for message in Message.objects.filter(pk__in=_of(hits, "message")):
        sender = (message.senders or [{}])[0]
        facts["message", message.pk] = _facts(message.account_id, message.subject, message.at) | {
            "thread_id": str(message.thread_id),
            "who": sender.get("name") or sender.get("address") or "",
            "excerpt": message.snippet,
        }
    for event in Event.objects.filter(pk__in=_of(hits, "event")).only(
        "account_id", "title", "starts_at", "location", "all_day"
    ):
        facts["event", event.pk] = _facts(event.account_id, event.title, event.starts_at) | {
            "who": "",
            "all_day": event.all_day,
            "excerpt": event.location,
        }
    for contact in Contact.objects.filter(pk__in=_of(hits, "contact")).defer("data", "card"):
        facts["contact", contact.pk] = _facts(contact.account_id, contact.name, None) | {
            "who": ", ".join(contact.emails[:2]),
            "excerpt": " · ".join(part for part in (contact.title, contact.organization) if part),
        }
    return [
        {"type": hit.kind, "id": str(hit.id)}
        | facts[hit.kind, hit.id]
        | {"score": round(hit.score, 5), "by": list(hit.by)}
        | ({"excerpt": hit.text[:EXCERPT]} if hit.text else {})
        for hit in hits
        if (hit.kind, hit.id) in facts
    ]


def _of(hits: Sequence[Hit], kind: str) -> list[UUID]:
    return [hit.id for hit in hits if hit.kind == kind]


def _facts(account_id: UUID, title: str, at: datetime | None) -> dict[str, Any]:
    return {"account_id": str(account_id), "title": title, "at": iso(at)}
