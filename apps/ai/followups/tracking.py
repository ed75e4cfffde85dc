"""From what is judged of a conversation to rows: opened, closed when settled, left alone when a person has decided."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from apps.core.clock import now
from apps.core.nul import without_nul
from apps.providers.accounts import iso
from apps.providers.models import ProviderAccount
from apps.realtime.journal import Event

from .judging import Open
from .models import FollowUp

SAID_MOST: Final = 500
SILENCE: Final = timedelta(days=3)
"""After so long without a word, something that has no day counts as missed."""
LASTING: Final = (FollowUp.State.OPEN, FollowUp.State.SNOOZED)


@dataclass(frozen=True, slots=True)
class Matter:
    """What is open, as a row will hold it."""

    message_id: UUID
    mine: bool
    kind: str
    who: str
    said: str
    due: date | datetime | None
    since: datetime


def matter_of(found: Open, own: frozenset[str]) -> Matter:
    """A matter that the rules found."""
    others = [one for one in (found.letter.sender, *found.letter.to) if one not in own]
    who = others[0] if others else ""
    return Matter(UUID(found.letter.id), found.mine, found.kind.value, who, found.said, found.due, found.letter.at)


def settle(account: ProviderAccount, thread_id: UUID, matters: Sequence[Matter], by: str) -> list[Event]:
    """Inside a transaction: make the conversation's rows say what is open now. Answers the events of what changed."""
    # By message besides: one that came to this conversation from another brings its row along.
    mine = Q(thread_id=thread_id) | Q(message_id__in=[matter.message_id for matter in matters])
    held = {
        (row.message_id, row.mine): row for row in FollowUp.objects.select_for_update().filter(mine, account=account)
    }
    wanted = {(matter.message_id, matter.mine): matter for matter in matters}
    changed = [row for key, row in held.items() if key not in wanted and row.state in LASTING]
    for row in changed:
        row.state = FollowUp.State.DONE
        row.save(update_fields=["state", "updated_at"])
    for key, matter in wanted.items():
        if key not in held:
            changed.append(_opened(account, thread_id, matter, by))
            continue
        row = held[key]
        again = row.state == FollowUp.State.DONE and row.decided_by is None
        if again or row.thread_id != thread_id:
            row.thread_id = thread_id
            row.state = FollowUp.State.OPEN if again else row.state
            row.save(update_fields=["thread_id", "state", "updated_at"])
            changed.append(row)
    return told(account.pk, changed)


def _opened(account: ProviderAccount, thread_id: UUID, matter: Matter, by: str) -> FollowUp:
    moment = matter.due if isinstance(matter.due, datetime) else None
    return FollowUp.objects.create(
        account=account,
        thread_id=thread_id,
        message_id=matter.message_id,
        mine=matter.mine,
        kind=matter.kind,
        who=matter.who[:320],
        said=without_nul(matter.said)[:SAID_MOST],
        due_on=moment.date() if moment else matter.due,
        due_at=moment,
        since=matter.since,
        by=by,
    )


def told(account_id: UUID, rows: Iterable[FollowUp]) -> list[Event]:
    """`ai:followup_update` with these rows; none for none."""
    shown = [as_json(row) for row in rows]
    return [Event("ai:followup_update", account_id, {"followups": shown})] if shown else []


def missed(row: FollowUp, moment: datetime | None = None) -> bool:
    """True when its day has passed, or it has waited too long."""
    moment = moment or now()
    if row.due_at is not None:
        return row.due_at < moment
    if row.due_on is not None:
        return row.due_on < moment.date()
    return moment - row.since > SILENCE


def open_now(row: FollowUp, moment: datetime | None = None) -> bool:
    """True while somebody is to do it, and it is not put off."""
    if row.state == FollowUp.State.SNOOZED:
        return row.snoozed_until is None or row.snoozed_until <= (moment or now())
    return row.state == FollowUp.State.OPEN


def as_json(row: FollowUp) -> dict[str, Any]:
    """A row as clients see it."""
    return {
        "id": str(row.pk),
        "account_id": str(row.account_id),
        "thread_id": str(row.thread_id),
        "message_id": str(row.message_id),
        "direction": "mine" if row.mine else "theirs",
        "kind": row.kind,
        "who": row.who,
        "said": row.said,
        "due_on": row.due_on.isoformat() if row.due_on else None,
        "due_at": iso(row.due_at),
        "since": iso(row.since),
        "state": FollowUp.State.OPEN.value if open_now(row) else row.state,
        "snoozed_until": iso(row.snoozed_until),
        "missed": open_now(row) and missed(row),
        "by": row.by,
    }
