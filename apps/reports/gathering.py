"""What there is to tell of one account: figures and lists, read from the mirror and from what the agents found.

Without a model all of it is there; what agents marked comes first where they may read.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from apps.ai.followups import tracking
from apps.ai.followups.api import states
from apps.ai.followups.models import FollowUp
from apps.ai.models import Action, ActionState
from apps.ai.reading.models import Reading, Urgency
from apps.calendar import queries as calendar
from apps.calendar.queries import Window
from apps.core.problems import Problem
from apps.providers.accounts import iso
from apps.providers.models import ProviderAccount
from apps.scheduling.parties import own_addresses
from apps.users.members import Member

from .planning import midnight

MESSAGES_MOST: Final = 5_000
SENDERS: Final = 5
IMPORTANT: Final = 8
FOLLOWUPS: Final = 20
ACTIONS: Final = 20
EVENTS: Final = 50

# Mail of a time in mailboxes where people look: each message once, however many mailboxes hold it.
MAIL: Final = """
SELECT m.id, m.thread_id, m.subject, m.at, coalesce(lower(m.senders->0->>'address'), ''),
       coalesce(m.senders->0->>'name', ''), m.flags @> ARRAY['\\seen'], m.flags @> ARRAY['\\flagged'],
       m.facts ?| array['list_id', 'list_unsubscribe', 'auto_submitted', 'bounced_message_id']
FROM mail_messagewords w JOIN mail_message m ON m.id = w.message_id
WHERE w.account_id = %(account)s AND w.at >= %(begin)s AND w.at < %(end)s AND m.orphaned_at IS NULL
  AND EXISTS (SELECT FROM mail_placement p JOIN mail_mailbox b ON b.id = p.mailbox_id
              WHERE p.message_id = m.id AND p.leaving IS NULL AND b.role NOT IN ('junk', 'trash', 'drafts'))
ORDER BY w.at DESC LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Span:
    """The days that are told of, up to the one before `day`, seen from a zone; `moment` is what counts as now."""

    first_day: date
    day: date
    zone: ZoneInfo
    moment: datetime

    @property
    def begin(self) -> datetime:
        """Of the first day."""
        return midnight(self.first_day, self.zone)

    @property
    def end(self) -> datetime:
        """Of the last day; where `day` begins."""
        return midnight(self.day, self.zone)


@dataclass(slots=True)
class Found:
    """What was found of one account: the lists of a `ReportPart`."""

    stats: dict[str, Any] = field(default_factory=dict)
    important: list[dict[str, Any]] = field(default_factory=list)
    follow_ups: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Mail:
    """One message of the time told of."""

    id: UUID
    thread_id: UUID
    subject: str
    at: datetime
    address: str
    name: str
    seen: bool
    flagged: bool
    mass: bool


def gather(member: Member, accounts: list[ProviderAccount], span: Span) -> dict[UUID, Found]:
    """What there is to tell the person of these accounts, all of which they may see."""
    found = {account.pk: Found() for account in accounts}
    for account in accounts:
        part = found[account.pk]
        _mail(account, span, part)
        _follow_ups(account, span, part)
        _actions(member, account, span, part)
    _events(member, span, found)
    return found


def _mail(account: ProviderAccount, span: Span, part: Found) -> None:
    given: dict[str, Any] = {"account": account.pk, "begin": span.begin, "end": span.end, "most": MESSAGES_MOST}
    with connection.cursor() as cursor:
        cursor.execute(MAIL, given)
        mails = [Mail(*row) for row in cursor.fetchall()]
    own = own_addresses(account)
    received = [mail for mail in mails if mail.address not in own]
    unread = [mail for mail in received if not mail.seen]
    counts = Counter(mail.address for mail in received if mail.address)
    names = {mail.address: mail.name for mail in received if mail.name}
    part.stats = {
        "received": len(received),
        "sent": len(mails) - len(received),
        "unread": len(unread),
        "cut": len(mails) == MESSAGES_MOST,
        "senders": [
            {"address": address, "name": names.get(address, ""), "count": count}
            for address, count in counts.most_common(SENDERS)
        ],
    }
    part.important = _important(account, unread)


def _important(account: ProviderAccount, unread: list[Mail]) -> list[dict[str, Any]]:
    """Unread mail that deserves a look: what agents marked, then what was starred, then what a person wrote."""
    readings = Reading.objects.filter(message__in=[mail.id for mail in unread], account=account, state="done")
    held = {row.message_id: row for row in readings}
    ranked: list[tuple[int, datetime, dict[str, Any]]] = []
    for mail in unread:
        why = _why(mail, held.get(mail.id))
        if why:
            shown = {
                "message_id": str(mail.id),
                "thread_id": str(mail.thread_id),
                "subject": mail.subject[:300],
                "name": mail.name[:200],
                "address": mail.address[:320],
                "at": iso(mail.at),
                "why": why,
            }
            weight = {"urgent": 8, "important": 4, "needs_reply": 2, "flagged": 1}
            ranked.append((-sum(weight.get(each, 0) for each in why), mail.at, shown))
    ranked.sort(key=lambda item: (item[0], -item[1].timestamp()))
    return [shown for _, _, shown in ranked[:IMPORTANT]]


def _why(mail: Mail, reading: Reading | None) -> list[str]:
    """Why a message is worth naming; nothing for what went to many, and for what agents think little of."""
    said = ["flagged"] if mail.flagged else []
    if reading is None or not reading.by:
        return said or ([] if mail.mass else ["person"])
    if reading.category == "phishing":
        return []
    marks = {
        "urgent": reading.urgency == Urgency.HIGH,
        "important": reading.important,
        "needs_reply": bool(reading.needs_reply),
    }
    return [name for name, there in marks.items() if there] + said


def _follow_ups(account: ProviderAccount, span: Span, part: Found) -> None:
    rows = list(FollowUp.objects.filter(states("open", span.moment), account=account).order_by("since")[:1000])
    for direction, mine in (("mine", True), ("theirs", False)):
        own = sorted((row for row in rows if row.mine is mine), key=lambda row: urgency(row, span))
        missed = sum(tracking.missed(row, span.moment) for row in own)
        part.stats |= {direction: len(own), f"{direction}_missed": missed}
        part.follow_ups += [_followup(row, span) for row in own[:FOLLOWUPS]]


def urgency(row: FollowUp, span: Span) -> tuple[Any, ...]:
    """The most urgent first: what was missed, by its day; what has a day; then what has waited longest."""
    due = row.due_at or (midnight(row.due_on + timedelta(days=1), span.zone) if row.due_on else None)
    return (not tracking.missed(row, span.moment), due is None, due or row.since, row.since, row.pk)


def _followup(row: FollowUp, span: Span) -> dict[str, Any]:
    shown = tracking.as_json(row) | {"missed": tracking.missed(row, span.moment)}
    return {name: value for name, value in shown.items() if name not in ("state", "snoozed_until", "by")}


def _actions(member: Member, account: ProviderAccount, span: Span, part: Found) -> None:
    """What agents asked for on the person's behalf: all that waits, and what was done or decided in the time."""
    mine = Action.objects.filter(account=account, user_id=member.user_id)
    waiting = mine.filter(state=ActionState.PROPOSED).order_by("created_at")
    recent = mine.exclude(state=ActionState.PROPOSED).filter(created_at__gte=span.begin).order_by("-created_at")
    states_of = Counter(recent.order_by().values_list("state", flat=True))
    part.stats["actions"] = dict(states_of) | {"proposed": waiting.count()}
    part.stats["read"] = Reading.objects.filter(
        account=account, state="done", read_at__gte=span.begin, read_at__lt=span.moment
    ).count()
    part.actions = [
        {
            "id": str(row.pk),
            "account_id": str(account.pk),
            "kind": row.kind,
            "agent": row.agent,
            "why": row.why[:300],
            "state": row.state,
            "at": iso(row.created_at),
        }
        for row in [*waiting[:ACTIONS], *recent[:ACTIONS]]
    ]


def _events(member: Member, span: Span, found: dict[UUID, Found]) -> None:
    """What takes place on the day of the report; not what is cancelled, or declined."""
    window = Window(span.end, midnight(span.day + timedelta(days=1), span.zone), span.zone)
    try:
        items = calendar.instances(member, window)["items"]
    except Problem:  # more than a calendar can show in a day
        return
    for item in items:
        part = found.get(UUID(item["account_id"]))
        if part is None or item["status"] == "CANCELLED" or item["mine"] == "DECLINED":
            continue
        if len(part.events) < EVENTS:
            kept = ("id", "key", "account_id", "title", "location", "start", "end", "all_day", "busy", "mine")
            part.events.append({name: item[name] for name in kept})
