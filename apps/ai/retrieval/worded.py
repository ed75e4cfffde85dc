"""Messages, events and contacts by the words of a question, the best first.

Mail's own search wants every word of a query, newest first: right for a query, and of no use for a question, whose
words hardly ever stand all in one message. Here any of them counts, by how rare it is; what all mail holds decides
nothing. The words and their index are mail's.
"""

import math
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection

from apps.core.folding import fold
from apps.mail import language
from apps.mail.search import words as index
from apps.mail.search.compile import like
from apps.tenants import context

from .sources import HIDDEN, SHOWN

ASKED_MOST: Final = 16
"""Words of a question that are looked at, in their order."""

OFTEN: Final = 0.05
"""A word in a larger part of all mail finds nothing by itself: it counts where a rarer one was found."""

GATHERED: Final = 3_000
"""Messages that are weighed, the newest that hold one of the rarer words."""

UNSEEN: Final = 0.0005
"""The part of all mail that is taken to hold a word of which PostgreSQL noted nothing."""

WEIGHTS: Final = "{0.5, 0.5, 0.8, 1.0}"
"""Of a word in the body (D), a name or a file name (B), the subject (A), as ts_rank takes them: D, C, B, A."""

# What questions are made of, beside the small words that tell a language.
_ASKING: Final = """
    what when where who whom whose which why how does did do has had been be were would could should shall may might
    me my mine us he she him his her hers they them their its it about any some there here as at by from or if an a i
    in on up out get got tell show find say said much many
    cosa che chi quale quali quando dove come perché perche quanto quanta quanti quante mi ci ti lo le li i a da in su
    al dal nel sul ai agli alle ha hai hanno fatto stato e o ed se tra fra mio mia tuo tua suo sua detto dice dimmi
    trova mostra
"""
STOP: Final = frozenset(_ASKING.split()) | frozenset(
    word for name in ("english", "italian") for word in language.WORDS[name].split()
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a question: its forms as a tsquery, and what part of all mail holds it."""

    text: str
    forms: str
    share: float

    @property
    def weight(self) -> float:
        """How much it tells: the rarer, the more."""
        return math.log(1 + 1 / max(self.share, 1e-6))


def telling(question: str) -> list[str]:
    """The words that say what a question is about; all of them when none does. In their order, each once."""
    spoken = [word if isinstance(word, str) else word.decode("latin-1") for word in index.split(question)]
    unique = list(dict.fromkeys(spoken))
    return ([word for word in unique if word not in STOP and len(word) > 1] or unique)[:ASKED_MOST]


def messages(accounts: Collection[UUID], question: str, limit: int, least: float = 0.0) -> list[UUID]:
    """Messages of these accounts that hold words of the question, the best first; none of hidden mailboxes.

    They hold more than `least` of the question's weight, 0 to 1.
    """
    asked = weighed(telling(question))
    if not asked or not accounts:
        return []
    held = " + ".join("(w.vector @@ %s::tsquery)::int * %s" for _ in asked)
    holding = [value for word in asked for value in (word.forms, word.weight)]
    rank = " + ".join("ts_rank(%s::float4[], w.vector, %s::tsquery) * %s" for _ in asked)
    ranking = [value for word in asked for value in (WEIGHTS, word.forms, word.weight)]
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH found AS MATERIALIZED (SELECT w.message_id FROM mail_messagewords w "
            "WHERE w.account_id = ANY(%s) AND w.vector @@ %s::tsquery ORDER BY w.at DESC, w.message_id DESC LIMIT %s), "
            # Long texts hold many words by chance.
            f"weighed AS (SELECT w.message_id, w.at, ({rank}) / (1 + 0.15 * ln(1 + length(w.vector) / 50.0)) AS rank "
            f"FROM found JOIN mail_messagewords w USING (message_id) WHERE {held} > %s) "
            "SELECT w.message_id FROM weighed w JOIN mail_message m ON m.id = w.message_id "
            f"WHERE m.orphaned_at IS NULL AND {SHOWN} ORDER BY w.rank DESC, w.at DESC, w.message_id LIMIT %s",
            [
                list(accounts),
                "|".join(word.forms for word in rarer(asked)),
                GATHERED,
                *ranking,
                *holding,
                least * sum(word.weight for word in asked),
                [*HIDDEN],
                limit,
            ],
        )
        return [message_id for (message_id,) in cursor.fetchall()]


def rarer(asked: Sequence[Word]) -> list[Word]:
    """The words by which messages are looked for: the rarest, while together few messages hold them."""
    ordered = sorted(asked, key=lambda word: word.share)
    found, share = ordered[:1], ordered[0].share
    for word in ordered[1:]:
        share += word.share
        if share > OFTEN:
            break
        found.append(word)
    return found


def objects(kind: str, accounts: Collection[UUID], question: str, limit: int, least: float = 0.0) -> list[UUID]:
    """Events or contacts that hold words of the question, those with the most of them first; of more than this part."""
    asked = [fold(word) for word in telling(question) if len(word) > 2]
    if not asked or not accounts:
        return []
    table = {"event": "calendar_event", "contact": "contacts_contact"}[kind]
    patterns = [like(word) for word in asked]
    hits = " + ".join("(o.words LIKE %s)::int" for _ in patterns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT o.id FROM {table} o WHERE o.account_id = ANY(%s) AND o.leaving IS NULL AND o.refused = '' "
            f"AND o.words LIKE ANY(%s) AND {hits} > %s ORDER BY {hits} DESC, o.id DESC LIMIT %s",
            [list(accounts), patterns, *patterns, least * len(patterns), *patterns, limit],
        )
        return [pk for (pk,) in cursor.fetchall()]


def weighed(asked: Sequence[str]) -> list[Word]:
    """The words with their shares; those that the index does not hold are left out."""
    known = _shares()
    found = []
    for text in asked:
        forms = index.query(text)
        if forms is not None:
            lexemes = forms.strip("()").replace("&", "|").split("|")
            found.append(Word(text, forms, max((known.get(lexeme, 0.0) for lexeme in lexemes), default=0.0) or UNSEEN))
    return found


REMEMBERED: Final = 300.0
_remembered: dict[str, tuple[float, dict[str, float]]] = {}


def _shares() -> dict[str, float]:
    """What part of the open tenant's mail holds each of its common lexemes, as PostgreSQL noted; kept five minutes."""
    schema = context.current().schema_name
    until, known = _remembered.get(schema, (0.0, {}))
    if until > time.monotonic():
        return known
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT most_common_elems::text::text[], most_common_elem_freqs FROM pg_stats "
            "WHERE schemaname = %s AND tablename = 'mail_messagewords' AND attname = 'vector'",
            [schema],
        )
        row = cursor.fetchone()
    # Behind the shares stand the least and the greatest of them.
    known = dict(zip(row[0], row[1], strict=False)) if row and row[0] else {}
    if len(_remembered) > 200:
        _remembered.clear()
    _remembered[schema] = (time.monotonic() + REMEMBERED, known)
    return known
