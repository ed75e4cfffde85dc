"""Claiming what is due, taking it, and saying when the next is: each one statement, so that beats and workers may
double and die.

    tick:    claim  ── FOR UPDATE SKIP LOCKED, `queued_until` ──▶ a task
    worker:  take   ── lease and fence ──▶ work ──▶ finish: the next due time, in the same statement as the lease's end

Nothing but `finish` moves a due time on, so a task that Redis lost, or a worker that died, is followed by another one.
All functions are given the moment: it is a matter of the person's clock, not of a lease's.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

HOLDS: Final = timedelta(minutes=2)
"""A task that has not begun after so long is taken for lost."""
LEASE: Final = timedelta(minutes=6)
"""Longer than the model takes with all its tries for one account; see `summarising`."""
BATCH: Final = 200
MOST_BATCHES: Final = 50

# Members that have no row yet. Their first report is the next one after this moment: the day is not caught up on.
ADOPT: Final = """
INSERT INTO reports_due_reportdue (membership_id, tenant_id, zone, due_at, fence, created_at)
SELECT m.id, m.tenant_id, u.timezone, %(moment)s, 0, %(moment)s
FROM users_membership m JOIN users_user u ON u.id = m.user_id JOIN tenants_tenant n ON n.id = m.tenant_id
WHERE n.status = 'active' AND NOT EXISTS (SELECT FROM reports_due_reportdue d WHERE d.membership_id = m.id)
ON CONFLICT DO NOTHING
"""
# Whoever changed their time zone, wherever that was done. The fence keeps a worker from writing what was worked out in
# the zone before.
REZONE: Final = """
UPDATE reports_due_reportdue d SET zone = u.timezone, due_at = %(moment)s, fence = d.fence + 1, leased_until = NULL,
       queued_until = NULL
FROM users_membership m JOIN users_user u ON u.id = m.user_id WHERE m.id = d.membership_id AND d.zone <> u.timezone
"""
CLAIM: Final = """
WITH due AS (
    SELECT d.membership_id FROM reports_due_reportdue d JOIN tenants_tenant n ON n.id = d.tenant_id
    JOIN users_membership m ON m.id = d.membership_id JOIN users_user u ON u.id = m.user_id
    WHERE d.due_at <= %(moment)s AND n.status = 'active' AND u.is_active
      AND (d.queued_until IS NULL OR d.queued_until <= %(moment)s)
      AND (d.leased_until IS NULL OR d.leased_until <= %(moment)s)
    ORDER BY d.due_at LIMIT %(most)s FOR UPDATE OF d SKIP LOCKED
)
UPDATE reports_due_reportdue d SET queued_until = %(until)s
FROM due, users_membership m WHERE due.membership_id = d.membership_id AND m.id = d.membership_id
RETURNING d.tenant_id, m.user_id, coalesce(d.deliver_at <= %(moment)s, false)
"""
TAKE: Final = """
UPDATE reports_due_reportdue d SET leased_until = %(until)s, fence = d.fence + 1
FROM users_membership m
WHERE m.id = d.membership_id AND d.tenant_id = %(tenant)s AND m.user_id = %(user)s AND d.due_at <= %(moment)s
  AND (d.leased_until IS NULL OR d.leased_until <= %(moment)s)
RETURNING d.membership_id, d.fence, d.zone, d.last_day, d.created_at
"""
FINISH: Final = """
UPDATE reports_due_reportdue SET due_at = %(due)s, deliver_at = %(deliver)s, leased_until = NULL, queued_until = NULL,
       last_day = greatest(last_day, %(day)s)
WHERE membership_id = %(row)s AND fence = %(fence)s
"""
WAKE: Final = """
UPDATE reports_due_reportdue d SET due_at = %(moment)s, fence = d.fence + 1, leased_until = NULL, queued_until = NULL
FROM users_membership m WHERE m.id = d.membership_id AND d.tenant_id = %(tenant)s AND m.user_id = %(user)s
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """Somebody whose report is to be worked on; `late` when its hour has come."""

    tenant_id: UUID
    user_id: UUID
    late: bool


@dataclass(frozen=True, slots=True)
class Held:
    """A row that a worker holds."""

    row: int
    fence: int
    zone: str
    last_day: date | None
    created_at: datetime


def refresh(moment: datetime) -> None:
    """Rows for new members, and times worked out anew for those whose time zone is another one."""
    with connection.cursor() as cursor:
        cursor.execute(ADOPT, {"moment": moment})
        cursor.execute(REZONE, {"moment": moment})


def claim(moment: datetime, most: int = BATCH) -> list[Claimed]:
    """At most so many of those that are due, the longest due first; nobody else gets them for a while."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLAIM, {"moment": moment, "until": moment + HOLDS, "most": most})
        return [Claimed(*row) for row in cursor.fetchall()]


def take(tenant_id: UUID, user_id: UUID, moment: datetime) -> Held | None:
    """The person's row, held; None when nothing is due, or another worker has it."""
    with connection.cursor() as cursor:
        given: dict[str, Any] = {"tenant": tenant_id, "user": user_id, "moment": moment, "until": moment + LEASE}
        cursor.execute(TAKE, given)
        row = cursor.fetchone()
    return Held(*row) if row else None


def finish(held: Held, due_at: datetime | None, deliver_at: datetime | None, day: date | None = None) -> bool:
    """Give the row back with its next times; `day` is dealt with. False when it has been taken meanwhile."""
    given = {"row": held.row, "fence": held.fence, "due": due_at, "deliver": deliver_at, "day": day}
    with connection.cursor() as cursor:
        cursor.execute(FINISH, given)
        return bool(cursor.rowcount)


def wake(tenant_id: UUID, user_id: UUID, moment: datetime) -> None:
    """Have the person's times worked out anew: what they wish is another thing now."""
    with connection.cursor() as cursor:
        cursor.execute(WAKE, {"tenant": tenant_id, "user": user_id, "moment": moment})
