"""Important contacts: whom the person answers, how often and how fast, counted from the mirror in one statement."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction

from apps.core.clock import now
from apps.providers import access
from apps.providers.accounts import iso
from apps.providers.models import ProviderAccount
from apps.scheduling.parties import own_addresses
from apps.users.members import Member

from .models import Correspondence

FRESH: Final = timedelta(days=1)
MESSAGES_MOST: Final = 20_000
IMPORTANT: Final = 1.0
"""The score from which on somebody counts as important: three answers to most of what they write, within a day."""
LISTED: Final = 50

# The share that is answered (two unanswered messages are assumed, so that one answer proves little), times how many
# answers there are, times how fast they come: twice as much at once as after a day.
COUNT: Final = """
WITH recent AS (
  SELECT m.id, m.thread_id, m.at, m.recipients, lower(m.senders->0->>'address') AS sender,
         coalesce(m.senders->0->>'name', '') AS name,
         m.facts ?| array['list_id', 'list_unsubscribe', 'auto_submitted', 'bounced_message_id'] AS mass
  FROM mail_messagewords w JOIN mail_message m ON m.id = w.message_id
  WHERE w.account_id = %(account)s AND w.at > %(since)s AND m.senders <> '[]'::jsonb
  ORDER BY w.at DESC LIMIT %(most)s
), mine AS (
  SELECT * FROM recent WHERE sender = ANY(%(own)s)
), theirs AS (
  SELECT t.sender AS address, t.name, t.at,
         (SELECT min(a.at) FROM mine a WHERE a.thread_id = t.thread_id AND a.at > t.at) AS answer
  FROM recent t WHERE NOT (t.sender = ANY(%(own)s)) AND NOT t.mass
), written AS (
  SELECT lower(p->>'address') AS address, max(coalesce(p->>'name', '')) AS name, count(*) AS written, max(at) AS last_at
  FROM mine, jsonb_array_elements((recipients->'to') || (recipients->'cc')) p GROUP BY 1
), counted AS (
  SELECT address, (array_agg(name ORDER BY (name <> '') DESC, at DESC))[1] AS name, count(*) AS received,
         count(answer) AS answered, max(at) AS last_at,
         percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM answer - at) / 60.0)
           FILTER (WHERE answer IS NOT NULL) AS median
  FROM theirs GROUP BY 1
)
INSERT INTO ai_correspondence (account_id, address, name, received, answered, written, median_minutes, last_at, score,
                               counted_at)
SELECT %(account)s, left(address, 320), left(coalesce(nullif(c.name, ''), w.name, ''), 200), coalesce(c.received, 0),
       coalesce(c.answered, 0), coalesce(w.written, 0), c.median, greatest(c.last_at, w.last_at),
       ln(1 + coalesce(c.answered, 0)) * (coalesce(c.answered, 0) + 1.0) / (coalesce(c.received, 0) + 2.0)
         * (1 + 1 / (1 + coalesce(c.median, 1e6) / 1440.0))
       + 0.1 * ln(1 + coalesce(w.written, 0)), now()
FROM counted c FULL JOIN written w USING (address)
WHERE address LIKE '%%@%%' AND NOT (address = ANY(%(own)s))
"""
SINCE: Final = timedelta(days=180)


def count(account: ProviderAccount) -> int:
    """Count an account's correspondence anew; return how many people there are."""
    given: dict[str, Any] = {
        "account": account.pk,
        "since": now() - SINCE,
        "most": MESSAGES_MOST,
        "own": [address.lower() for address in own_addresses(account)],
    }
    with transaction.atomic(), connection.cursor() as cursor:
        Correspondence.objects.filter(account=account).delete()
        cursor.execute(COUNT, given)
        return int(cursor.rowcount)


def refresh(account: ProviderAccount) -> None:
    """Count anew what was counted long ago, or never."""
    newest = Correspondence.objects.filter(account=account).order_by("-counted_at").first()
    if newest is None or newest.counted_at < now() - FRESH:
        count(account)


def important(account_id: UUID, address: str) -> bool:
    """True when the person usually answers this address."""
    return Correspondence.objects.filter(account_id=account_id, address=address, score__gte=IMPORTANT).exists()


def written_to(account_id: UUID, addresses: Collection[str]) -> frozenset[str]:
    """Those of these addresses that the person has written to."""
    held = Correspondence.objects.filter(account_id=account_id, address__in=list(addresses), written__gt=0)
    return frozenset(held.values_list("address", flat=True))


def listed(member: Member) -> list[dict[str, Any]]:
    """The most important people of the accounts that the person sees."""
    rows = Correspondence.objects.filter(account__in=access.visible_account_ids(member), score__gte=IMPORTANT)
    return [
        {
            "account_id": str(row.account_id),
            "address": row.address,
            "name": row.name,
            "received": row.received,
            "answered": row.answered,
            "written": row.written,
            "median_minutes": row.median_minutes,
            "last_at": iso(row.last_at),
            "score": round(row.score, 3),
        }
        for row in rows.order_by("-score", "address")[:LISTED]
    ]
