"""Follow-ups whose time is up: each told once, in the app, and where wanted in one letter a day at most."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from apps.ai.followups import tracking
from apps.ai.followups.api import states
from apps.ai.followups.models import FollowUp
from apps.providers import access
from apps.providers.accounts import iso
from apps.realtime import journal
from apps.realtime.journal import Event
from apps.tenants import context
from apps.users import members
from apps.users.members import Member
from apps.users.models import Membership

from . import letters, posting, wishes
from .models import Alert, Letter, Way, Wishes
from .planning import midnight

FRESH: Final = timedelta(days=3)
"""What was up longer ago is told in the report alone: nobody is alerted of a whole mailbox at once."""
LONGEST: Final = timedelta(days=31)
"""The longest silence that somebody may choose, and one day more."""
BY_DAY: Final = range(8, 20)
"""The hours, where the person is, in which an alert is mailed."""
BUNDLE: Final = 50


@dataclass(frozen=True, slots=True)
class Found:
    """A follow-up, why its time is up, and since when."""

    followup: FollowUp
    kind: Alert.Kind
    since: datetime


def up(row: FollowUp, wished: Wishes, zone: ZoneInfo, moment: datetime) -> Found | None:
    """Whether a follow-up's time is up for a person, of late; None when it is not, or was long ago."""
    if row.due_at is not None or row.due_on is not None:
        kind, since = Alert.Kind.DEADLINE, row.due_at
        if since is None:
            assert row.due_on is not None
            since = midnight(row.due_on + timedelta(days=1), zone)
    else:
        kind, since = Alert.Kind.OVERDUE, row.since + timedelta(days=wished.overdue_days)
    return Found(row, kind, since) if moment - FRESH < since <= moment else None


def look(moment: datetime) -> int:
    """Tell everybody of the open tenant what is up; how many alerts that were. Run twice, each is told once."""
    rows = _candidates(moment)
    accounts = {row.account_id for row in rows}
    tenant, told = context.current(), 0
    for membership in Membership.objects.filter(
        tenant=tenant, user_id__in=access.people_who_see(accounts)
    ).select_related("user"):
        member = members.of(membership.user, tenant)
        if member is not None:
            told += _tell(member, rows, moment)
    return told


def _candidates(moment: datetime) -> list[FollowUp]:
    """Open rows whose time may be up of late, whatever people wish and wherever they are."""
    soon, day = moment - FRESH, timedelta(days=1)
    timely = (
        Q(due_at__gt=soon, due_at__lte=moment)
        | Q(due_at=None, due_on__gt=(soon - 2 * day).date(), due_on__lte=(moment + day).date())
        | Q(due_at=None, due_on=None, since__gt=soon - LONGEST, since__lte=moment)
    )
    return list(FollowUp.objects.filter(timely, states("open", moment)))


def _tell(member: Member, rows: Iterable[FollowUp], moment: datetime) -> int:
    wished, zone = wishes.of(member.user_id), ZoneInfo(member.user.timezone)
    if wished.alerts == Way.OFF:
        return 0
    seen = access.visible_account_ids(member)
    found = [one for row in rows if row.account_id in seen and (one := up(row, wished, zone, moment))]
    fresh = [alert for one in found if (alert := _kept(member, one, moment))]
    if wished.alerts == Way.MAIL:
        mail(member, moment)
    return len(fresh)


def _kept(member: Member, found: Found, moment: datetime) -> Alert | None:
    """The alert, when it is new."""
    with transaction.atomic():
        alert, made = Alert.objects.get_or_create(
            user_id=member.user_id,
            followup=found.followup,
            kind=found.kind,
            defaults={"account_id": found.followup.account_id, "since": found.since, "at": moment},
        )
        if not made:
            return None
        account_id = found.followup.account_id
        journal.append([Event("alert:new", account_id, as_json(alert), only_for=(member.user_id,))])
        return alert


def mail(member: Member, moment: datetime) -> None:
    """The letter of the day, where there is something to tell and it is not the middle of the night."""
    zone = ZoneInfo(member.user.timezone)
    local = moment.astimezone(zone)
    if local.hour not in BY_DAY:
        return
    letter = _bundled(member, local, moment)
    if letter is None:
        return

    def write() -> Any:
        alerts = letter.alerts.select_related("followup").order_by("since", "pk")
        return letters.of_alerts(member, list(alerts), zone, letter)

    posting.post(letter, write, moment)


def _bundled(member: Member, local: datetime, moment: datetime) -> Letter | None:
    """Today's letter with all that was not mailed yet; the one that waits for another try; or none."""
    waiting = Letter.objects.filter(user_id=member.user_id, kind=Letter.Kind.ALERTS)
    waiting.filter(state=Letter.State.WANTED, day__lt=local.date()).update(state=Letter.State.MISSED, changed_at=moment)
    held = waiting.filter(day=local.date()).first()
    if held is not None:
        return held if held.state == Letter.State.WANTED else None
    with transaction.atomic():
        open_now = Alert.objects.select_for_update(of=("self",)).filter(
            states_of_followup(moment), user_id=member.user_id, letter=None, at__gt=moment - FRESH,
            account__in=access.visible_account_ids(member),
        )  # fmt: skip
        keys = list(open_now.order_by("at").values_list("pk", flat=True)[:BUNDLE])
        if not keys:
            return None
        letter = posting.want(member.user_id, Letter.Kind.ALERTS, local.date(), moment)
        Alert.objects.filter(pk__in=keys).update(letter=letter)
    return letter


def states_of_followup(moment: datetime) -> Q:
    """Alerts whose follow-up is still open."""
    return Q(followup__in=FollowUp.objects.filter(states("open", moment)))


def listed(member: Member, limit: int) -> dict[str, Any]:
    """The person's alerts, the newest first, of accounts they see; and how many they have not seen."""
    rows = Alert.objects.filter(user_id=member.user_id, account__in=access.visible_account_ids(member))
    shown = rows.select_related("followup", "letter").order_by("-at", "-pk")[:limit]
    return {"items": [as_json(row) for row in shown], "unseen": rows.filter(seen_at=None).count()}


def see(user_id: UUID, moment: datetime) -> None:
    """The person has seen them all."""
    Alert.objects.filter(user_id=user_id, seen_at=None).update(seen_at=moment)


def as_json(alert: Alert) -> dict[str, Any]:
    """As clients see it."""
    return {
        "id": str(alert.pk),
        "kind": alert.kind,
        "since": iso(alert.since),
        "at": iso(alert.at),
        "seen": alert.seen_at is not None,
        "mailed": alert.letter is not None and alert.letter.state == Letter.State.SENT,
        "follow_up": tracking.as_json(alert.followup),
    }
