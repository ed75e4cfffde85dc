"""Celery entry points of the reports. Arguments are ids only."""

from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from celery import shared_task
from django.conf import settings
from kombu.exceptions import OperationalError

from apps.core.clock import now
from apps.tenants import context
from apps.tenants.tasks import PublicTask, TenantTask, for_each_tenant
from apps.users import members
from apps.users.members import Member
from apps.users.models import User

from . import alerting, delivering, housekeeping, planning, preparing, wishes
from .due import rounds
from .due.rounds import Claimed
from .planning import Rhythm
from .preparing import Wanted

log = structlog.get_logger(__name__)

QUEUE: Final = "housekeeping"
WITH_MODEL: Final = "ai"


@shared_task(base=PublicTask, name="reports.tick", ignore_result=True)
def tick() -> None:
    """Hand on all whose report is due. Two at once share them out."""
    rounds.refresh(now())
    for _ in range(rounds.MOST_BATCHES):
        claimed = rounds.claim(now())
        for one in claimed:
            _hand_on(one)
        if len(claimed) < rounds.BATCH:
            return


def _hand_on(one: Claimed) -> None:
    try:
        ids = (str(one.tenant_id), str(one.user_id))
        advance.apply_async(ids, queue=queue_of(late=one.late), retry=False)
    except (OperationalError, OSError) as error:
        log.warning("report not enqueued; a later tick will", reason=type(error).__name__)


def queue_of(*, late: bool) -> str:
    """Where a model may be asked, among what waits for the model; past it once the report's hour has come."""
    return WITH_MODEL if settings.MISTRAL_API_KEY and not late else QUEUE


@shared_task(base=TenantTask, name="reports.advance", ignore_result=True)
def advance(tenant_id: str, user_id: str) -> None:
    """One step of a person's report: `delivering.advance`."""
    member = _member(user_id)
    if member is not None:
        delivering.advance(member, now())


@shared_task(base=TenantTask, name="reports.make_now", ignore_result=True)
def make_now(tenant_id: str, user_id: str) -> None:
    """Today's report, made or made anew because the person asked; it is not mailed."""
    member = _member(user_id)
    if member is None:
        return
    zone, moment = ZoneInfo(member.user.timezone), now()
    today = moment.astimezone(zone).date()
    first = planning.first_day(today, wishes.rhythm(wishes.of(member.user_id)) or Rhythm())
    report = preparing.prepare(member, Wanted(today, first, zone, moment))
    if report is not None:
        preparing.show(report, moment)


def _member(user_id: str) -> Member | None:
    user = User.objects.filter(pk=UUID(user_id)).first()
    return members.of(user, context.current()) if user else None


@shared_task(base=TenantTask, name="reports.alert", ignore_result=True)
def alert(tenant_id: str) -> None:
    """Tell the tenant's people which follow-ups' time is up."""
    told = alerting.look(now())
    if told:
        log.info("alerts told", alerts=told)


@shared_task(base=PublicTask, name="reports.alert_all", ignore_result=True)
def alert_all() -> None:
    """One look for each active tenant."""
    for_each_tenant(alert, QUEUE)


@shared_task(base=TenantTask, name="reports.tidy", ignore_result=True)
def tidy(tenant_id: str) -> None:
    """Forget what is old in one tenant."""
    housekeeping.tidy()


@shared_task(base=PublicTask, name="reports.tidy_all", ignore_result=True)
def tidy_all() -> None:
    """One tidying for each active tenant."""
    for_each_tenant(tidy, QUEUE)
