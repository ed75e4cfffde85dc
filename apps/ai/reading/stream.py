"""From the journal to messages that are to be read: at least once, each message once, in the agent's own time.

The cursor moves in the transaction that notes what is to be read, so a process may die anywhere.
"""

from collections.abc import Collection, Iterable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import orjson
import structlog
from django.db import connection, transaction

from apps.ai import consent
from apps.core.clock import now
from apps.mail.models import Mailbox, Message
from apps.mail.rows import DRAFT
from apps.providers.adapters.base import Role
from apps.realtime import journal

from .models import AgentCursor, Reading

log = structlog.get_logger(__name__)

AGENT: Final = "reader"
PAGE: Final = 500
RECENT: Final = timedelta(days=14)
"""Older mail comes with a first import: it is searched and answered about, and not read one by one."""
RECENT_MOST: Final = 300
WAKES: Final = frozenset({"email:new", "email:unread_count_update"})
NOT_READ: Final = frozenset({Role.DRAFTS.value, Role.TRASH.value, Role.JUNK.value})

RECENT_SQL: Final = """
INSERT INTO ai_reading (message_id, account_id, state, tries, error, by, category, urgency, sentiment, language,
                        important)
SELECT w.message_id, w.account_id, 'waiting', 0, '', '', '', '', '', '', false
FROM mail_messagewords w
WHERE w.account_id = %(account)s AND w.at > %(since)s
  AND EXISTS (SELECT 1 FROM mail_placement p JOIN mail_mailbox b ON b.id = p.mailbox_id
              WHERE p.message_id = w.message_id AND NOT (b.role = ANY(%(not_read)s)))
  AND NOT EXISTS (SELECT 1 FROM mail_placement p JOIN mail_mailbox b ON b.id = p.mailbox_id
                  WHERE p.message_id = w.message_id AND b.role = 'drafts')
  AND NOT EXISTS (SELECT 1 FROM ai_reading r WHERE r.message_id = w.message_id)
ORDER BY w.at DESC LIMIT %(most)s
ON CONFLICT DO NOTHING
"""


def concerns(events: Iterable[journal.Event]) -> bool:
    """True when one of these events may bring something to read."""
    return any(event.name in WAKES and _news(event.name, event.data) for event in events)


def _news(name: str, data: Any) -> bool:
    return name == "email:new" or bool(data.get("backfill"))


def take_in() -> bool:
    """Note what the next page of the journal brings; True when there may be more behind it."""
    with transaction.atomic():
        AgentCursor.objects.get_or_create(agent=AGENT, defaults={"seq": journal.head()})
        cursor = AgentCursor.objects.select_for_update().get(agent=AGENT)
        page = journal.page(cursor.seq, PAGE)
        if not page.serves(cursor.seq):
            _lost(cursor, page)
        reached = page.entries[-1].seq if page.entries else cursor.seq
        allowed = {account.pk for account in consent.readable()}
        entries = [entry for entry in page.entries if entry.event in WAKES and entry.account_id in allowed]
        told = [(entry.event, entry.account_id, orjson.loads(entry.data)) for entry in entries]
        note([data["message"] for event, _, data in told if event == "email:new"])
        for account_id in {account for event, account, data in told if event != "email:new" and _news(event, data)}:
            if account_id is not None:
                recent(account_id)
        cursor.seq = max(cursor.seq, reached)
        cursor.save(update_fields=["seq", "gaps"])
    return len(page.entries) == PAGE


def _lost(cursor: AgentCursor, page: journal.Page) -> None:
    """The journal has forgotten what follows the cursor, or went back in time: go on, after a look at the mailboxes."""
    log.warning("the agents missed events: recent mail is looked through instead", at=cursor.seq, kept=page.pruned_to)
    cursor.gaps += 1
    cursor.seq = page.pruned_to if cursor.seq < page.pruned_to else page.head
    for account in consent.readable():
        recent(account.pk)


def note(messages: Collection[dict[str, Any]]) -> None:
    """Have these messages read, as `email:new` tells of them, unless they were."""
    wanted = [UUID(message["id"]) for message in messages if DRAFT not in message["flags"]]
    if not wanted:
        return
    boxes = {UUID(box["id"]) for message in messages for box in message["mailboxes"]}
    unread = set(Mailbox.objects.filter(pk__in=boxes, role__in=NOT_READ).values_list("pk", flat=True))
    inside = {UUID(m["id"]) for m in messages if any(UUID(box["id"]) not in unread for box in m["mailboxes"])}
    # Some may have been removed since: those that are there.
    held = Message.objects.filter(pk__in=inside & set(wanted)).values_list("pk", "account_id")
    rows = [Reading(message_id=message_id, account_id=account_id) for message_id, account_id in held]
    Reading.objects.bulk_create(rows, ignore_conflicts=True)


def recent(account_id: UUID) -> int:
    """Have the account's mail of the last days read that was not; return how many messages that are."""
    given: dict[str, Any] = {
        "account": account_id,
        "since": now() - RECENT,
        "not_read": list(NOT_READ),
        "most": RECENT_MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute(RECENT_SQL, given)
        return int(cursor.rowcount)
