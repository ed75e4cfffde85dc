"""Whom a person writes to, offered as they type: gathered from their mail, ranked by how much and how lately,
and completed from their address books.

Message ids grow with time, so what is new since the last look is one range of the primary key.
"""

from typing import Any, Final
from uuid import UUID

from celery import current_app
from django.db import connection, transaction

from apps.contacts import queries
from apps.core.folding import fold
from apps.providers.models import ProviderAccount
from apps.tenants import context
from apps.users.members import Member

from . import rights

MOST: Final = 8
SLICE: Final = 2_000
"""Messages read in one go: some 50 ms, so that nobody who types waits for a whole mailbox."""
QUERY_MOST: Final = 100

# Written to counts four times as much as heard from; half as much with every 60 days.
FOUND: Final = """
SELECT name, address FROM (
  SELECT DISTINCT ON (address) name, address, (4 * written_to + heard_from)
    * exp(-extract(epoch FROM now() - last_at) / (86400 * 87)) AS rank,
    folded LIKE %(begins)s OR folded LIKE %(word)s AS begins
  FROM compose_correspondent
  WHERE account_id = ANY(%(accounts)s) AND folded LIKE %(anywhere)s AND NOT (address = ANY(%(own)s))
  ORDER BY address, rank DESC
) found ORDER BY begins DESC, rank DESC, address LIMIT %(most)s
"""

# The names and addresses of a slice of messages: recipients of what the account sent, senders of the rest.
GATHER: Final = """
WITH slice AS (
  SELECT id, senders, recipients, at, EXISTS (
    SELECT 1 FROM jsonb_array_elements(senders) s WHERE lower(s->>'address') = ANY(%(own)s)) AS mine
  FROM mail_message WHERE id = ANY(%(ids)s)
    -- Whom a draft names nobody has written to yet: half an address must not become a suggestion.
    AND NOT EXISTS (SELECT 1 FROM mail_placement p JOIN mail_mailbox b ON b.id = p.mailbox_id
                    WHERE p.message_id = mail_message.id AND b.role = 'drafts')
), people AS (
  SELECT p->>'address' AS address, p->>'name' AS name, at, true AS written
  FROM slice, jsonb_array_elements((recipients->'to') || (recipients->'cc') || (recipients->'bcc')) p WHERE mine
  UNION ALL
  SELECT p->>'address', p->>'name', at, false FROM slice, jsonb_array_elements(senders) p WHERE NOT mine
)
SELECT lower(address), (array_agg(name ORDER BY (name <> '') DESC, at DESC))[1],
       count(*) FILTER (WHERE written), count(*) FILTER (WHERE NOT written), max(at)
FROM people WHERE address LIKE '%%@%%' AND length(address) <= 320 AND address !~ '[[:cntrl:]]'
  AND address !~* '^(no-?reply|do-?not-?reply|mailer-daemon|bounce)[^@]*@'
GROUP BY 1
"""

WRITE: Final = """
INSERT INTO compose_correspondent (id, account_id, address, name, folded, written_to, heard_from, last_at)
SELECT gen_random_uuid(), %s, x.address, x.name, x.folded, x.written, x.heard, x.at
FROM unnest(%s::text[], %s::text[], %s::text[], %s::int[], %s::int[], %s::timestamptz[])
  AS x (address, name, folded, written, heard, at)
ON CONFLICT (account_id, address) DO UPDATE SET
  name = CASE WHEN excluded.name <> '' AND excluded.last_at >= compose_correspondent.last_at
              THEN excluded.name ELSE coalesce(nullif(compose_correspondent.name, ''), excluded.name) END,
  folded = CASE WHEN excluded.name <> '' AND (excluded.last_at >= compose_correspondent.last_at
                OR compose_correspondent.name = '') THEN excluded.folded ELSE compose_correspondent.folded END,
  written_to = compose_correspondent.written_to + excluded.written_to,
  heard_from = compose_correspondent.heard_from + excluded.heard_from,
  last_at = greatest(compose_correspondent.last_at, excluded.last_at)
"""


def suggest(member: Member, text: str) -> dict[str, Any]:
    """The people whose name or address has this text, the likeliest first; at most MOST."""
    wanted = fold(text.strip()[:QUERY_MOST]).replace("\\", "").replace("%", "").replace("_", "")
    accounts = rights.writable_accounts(member)
    unread = [account for account in accounts if gather(account)]
    if unread:
        # By name: the task's module imports this one.
        current_app.send_task("compose.gather_people", (str(context.current().pk),), queue="housekeeping")
    if not wanted:
        return {"items": []}
    parameters: dict[str, Any] = {
        "accounts": [account.pk for account in accounts],
        "own": [account.address.lower() for account in accounts],
        "begins": f"{wanted}%",
        "word": f"% {wanted}%",
        "anywhere": f"%{wanted}%",
        "most": MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute(FOUND, parameters)
        written = [{"name": name, "address": address, "source": "mail"} for name, address in cursor.fetchall()]
    return {"items": _joined(written, queries.suggest([account.pk for account in accounts], text))}


def _joined(written: list[dict[str, str]], known: list[dict[str, str]]) -> list[dict[str, str]]:
    """Those of past mail, under the names that the address books have for them; then those of the address books."""
    names = {item["address"]: item["name"] for item in known}
    found = {item["address"]: {**item, "name": names.get(item["address"]) or item["name"]} for item in written}
    for item in known:
        found.setdefault(item["address"], item)
    return list(found.values())[:MOST]


def gather(account: ProviderAccount) -> bool:
    """Take one slice of the account's newer mail in; True when there is more of it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO compose_gathered (account_id) VALUES (%s) ON CONFLICT DO NOTHING", [account.pk])
        # Another who gathers at this moment has it in hand: nobody waits.
        cursor.execute("SELECT up_to FROM compose_gathered WHERE account_id = %s FOR UPDATE SKIP LOCKED", [account.pk])
        row = cursor.fetchone()
        if row is None:
            return False
        ids = _newer(cursor, account.pk, row[0])
        if not ids:
            return False
        own = [account.address.lower(), *_aliases(cursor, account.pk)]
        cursor.execute(GATHER, {"ids": ids, "own": own})
        found = cursor.fetchall()
        if found:
            folded = [fold(f"{name or ''} {address}") for address, name, *_ in found]
            addresses, names, written, heard, at = (list(column) for column in zip(*found, strict=True))
            cursor.execute(WRITE, [account.pk, addresses, [name or "" for name in names], folded, written, heard, at])
        cursor.execute("UPDATE compose_gathered SET up_to = %s WHERE account_id = %s", [ids[-1], account.pk])
    return len(ids) == SLICE


def _newer(cursor: Any, account_id: UUID, after: UUID | None) -> list[UUID]:
    """The next messages of the account by id."""
    cursor.execute(
        "SELECT id FROM mail_message WHERE account_id = %s AND id > %s ORDER BY id LIMIT %s",
        [account_id, after or UUID(int=0), SLICE],
    )
    return [row[0] for row in cursor.fetchall()]


def _aliases(cursor: Any, account_id: UUID) -> list[str]:
    cursor.execute("SELECT lower(address) FROM compose_identity WHERE account_id = %s", [account_id])
    return [row[0] for row in cursor.fetchall()]
