"""The passages nearest to a question among the accounts that a person may see.

Every vector that may be seen is compared, up to a size that few people ever see: an account's vectors lie together in
an index that holds them, so the cost is that of the part that is seen, and nothing is missed. An index of neighbours
(HNSW) is no faster there, because it knows nothing of accounts and walks on until enough of what it meets may be seen;
and of questions whose answer is like no other mail it finds seven in ten (measured: at 100,000 vectors, whatever its
breadth). It is kept for what is too large to be compared.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from pgvector import HalfVector

from .embedder import Column, Vectors

EXACT_MOST: Final = 150_000
"""So many vectors are compared one by one: a seventh of a second on an idle core."""

BREADTH: Final = 400
"""How many candidates a walk through the index of neighbours holds at once (`hnsw.ef_search`)."""

WALK_MOST: Final = 100_000
"""After so many vectors a walk ends with what it found."""


@dataclass(frozen=True, slots=True)
class Near:
    """A passage and how near it is: the cosine of the angle between it and the question, 1 for the same direction."""

    kind: str
    source_id: UUID
    account_id: UUID
    text: str
    likeness: float


KINDS: Final = ("message", "event", "contact")
SOURCE: Final = "coalesce(c.message_id, c.event_id, c.contact_id)"
KIND: Final = (
    "CASE WHEN c.message_id IS NOT NULL THEN 'message' WHEN c.event_id IS NOT NULL THEN 'event' ELSE 'contact' END"
)


def nearest(
    accounts: Collection[UUID],
    model: str,
    column: Column,
    vector: Vectors,
    limit: int,
    kinds: Collection[str] = KINDS,
) -> list[Near]:
    """At most `limit` passages of these accounts and kinds under a model, the nearest first.

    `vector` is the question's, of length one. The accounts must have passed `providers.access` and consent.
    """
    if not accounts or not kinds:
        return []
    compares = whole() <= EXACT_MOST or count(accounts, model, EXACT_MOST + 1) <= EXACT_MOST
    return (compared if compares else walked)(accounts, model, column, vector, limit, kinds)


def whole() -> int:
    """About how many chunks the open tenant has: what PostgreSQL noted when it last looked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'ai_chunk'::regclass")
        return int(cursor.fetchone()[0])


def count(accounts: Collection[UUID], model: str, most: int) -> int:
    """How many chunks these accounts have under a model; `most` stands for that and more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT 1 FROM ai_chunk WHERE account_id = ANY(%s) AND model = %s LIMIT %s) AS held",
            [list(accounts), model, most],
        )
        return int(cursor.fetchone()[0])


def compared(
    accounts: Collection[UUID], model: str, column: Column, vector: Vectors, limit: int, kinds: Collection[str] = KINDS
) -> list[Near]:
    """Each vector that may be seen is compared: exact."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            # From the index alone, whose pages lie in order: the planner takes each of them for a jump, and would read
            # the table.
            cursor.execute(
                "SELECT set_config('enable_bitmapscan', 'off', true), set_config('random_page_cost', '1', true)"
            )
        return _rows(
            # Adding nothing keeps the index of neighbours out: by it the planner would answer such an order.
            f"WITH near AS (SELECT c.id, (c.{column} <#> %s::halfvec) + 0 AS away FROM ai_chunk c "
            f"WHERE c.account_id = ANY(%s) AND c.model = %s AND c.{column} IS NOT NULL{_of(kinds)} "
            "ORDER BY away LIMIT %s) "
            f"SELECT {KIND}, {SOURCE}, c.account_id, c.text, -n.away FROM near n JOIN ai_chunk c ON c.id = n.id "
            "ORDER BY n.away",
            [HalfVector(vector).to_text(), list(accounts), model, limit],
        )


def walked(
    accounts: Collection[UUID], model: str, column: Column, vector: Vectors, limit: int, kinds: Collection[str] = KINDS
) -> list[Near]:
    """The index is walked until so many that may be seen were met."""
    text = HalfVector(vector).to_text()
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Strictly by distance, or a walk that goes on in rounds would let a nearer one come later.
            cursor.execute(
                "SELECT set_config('hnsw.iterative_scan', 'strict_order', true), "
                "set_config('hnsw.ef_search', %s, true), set_config('hnsw.max_scan_tuples', %s, true), "
                "set_config('enable_sort', 'off', true)",
                [str(BREADTH), str(WALK_MOST)],
            )
        return _rows(
            f"SELECT {KIND}, {SOURCE}, c.account_id, c.text, -(c.{column} <#> %s::halfvec) FROM ai_chunk c "
            f"WHERE c.account_id = ANY(%s) AND c.model = %s{_of(kinds)} ORDER BY c.{column} <#> %s::halfvec LIMIT %s",
            [text, list(accounts), model, text, limit],
        )


def _of(kinds: Collection[str]) -> str:
    if set(kinds) >= set(KINDS):
        return ""
    return " AND (" + " OR ".join(f"c.{kind}_id IS NOT NULL" for kind in KINDS if kind in kinds) + ")"


def _rows(sql: str, parameters: Sequence[Any]) -> list[Near]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [Near(*row) for row in cursor.fetchall()]
