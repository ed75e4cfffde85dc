"""One reader at a time in each tenant: a lease on the cursor's row, by the database's clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from django.db import connection

from apps.core.ids import new_id
from apps.realtime import journal

from .models import AgentCursor
from .stream import AGENT

SECONDS: Final = 180
"""Longer than one message takes with all its tries; a reader that died is followed by another after it."""

TAKE: Final = """
UPDATE ai_agentcursor SET leased_by = %(by)s, leased_until = clock_timestamp() + %(seconds)s * interval '1 second'
WHERE agent = %(agent)s AND (leased_until IS NULL OR leased_until < clock_timestamp() OR leased_by = %(by)s)
"""
FREE: Final = "UPDATE ai_agentcursor SET leased_until = NULL WHERE agent = %(agent)s AND leased_by = %(by)s"


@contextmanager
def take() -> Iterator[UUID | None]:
    """The name under which the lease is held until the block ends; None when another reads."""
    AgentCursor.objects.get_or_create(agent=AGENT, defaults={"seq": journal.head()})
    name = new_id()
    if not renew(name):
        yield None
        return
    try:
        yield name
    finally:
        with connection.cursor() as cursor:
            cursor.execute(FREE, {"agent": AGENT, "by": name})


def renew(name: UUID) -> bool:
    """Hold it for as long again; False when another has taken it meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"agent": AGENT, "by": name, "seconds": SECONDS})
        return bool(cursor.rowcount)
