"""What people wish to hear of: read with the defaults, changed, and told to the due times."""

from typing import Any
from uuid import UUID

from django.db import transaction

from apps.core.clock import now
from apps.tenants import context
from apps.users.members import Member

from .due import rounds
from .models import Way, Wishes
from .planning import Rhythm


def of(user_id: UUID) -> Wishes:
    """What the person wishes; unsaved defaults when they never said."""
    return Wishes.objects.filter(pk=user_id).first() or Wishes(user_id=user_id)


def rhythm(wishes: Wishes) -> Rhythm | None:
    """When they want a report; None when they want none."""
    return None if wishes.report == Way.OFF else Rhythm(wishes.at, frozenset(wishes.weekdays))


def change(member: Member, **fields: Any) -> Wishes:
    """Set some wishes. Another hour, or being on again, counts from now on: what would have been due is not made up."""
    moment = now()
    with transaction.atomic():
        Wishes.objects.get_or_create(pk=member.user_id)
        row = Wishes.objects.select_for_update().get(pk=member.user_id)
        before = rhythm(row)
        for name, value in fields.items():
            setattr(row, name, value)
        if rhythm(row) != before:
            row.since = moment
        row.save()
    rounds.wake(context.current().pk, member.user_id, moment)
    return row


def stop(user_id: UUID, kind: str) -> None:
    """No more letters of this kind (`report` or `alerts`); in the app it goes on. Done twice it is done."""
    with transaction.atomic():
        Wishes.objects.get_or_create(pk=user_id)
        Wishes.objects.filter(pk=user_id, **{kind: Way.MAIL}).update(**{kind: Way.APP})


def as_json(row: Wishes) -> dict[str, Any]:
    """As clients see them."""
    return {
        "report": row.report,
        "at": row.at.strftime("%H:%M"),
        "weekdays": sorted(row.weekdays),
        "alerts": row.alerts,
        "overdue_days": row.overdue_days,
    }
