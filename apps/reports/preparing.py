"""Making a report: what is told of each account the person may see, outside of transactions; then one that keeps it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from django.db import transaction

from apps.ai.model import errors
from apps.ai.model.asking import Patience
from apps.core.nul import without_nul
from apps.providers import access
from apps.realtime import journal
from apps.realtime.journal import Event
from apps.users.members import Member

from . import gathering, summarising
from .gathering import Found, Span
from .models import DailyReport, ReportPart
from .summarising import Words

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which report is made, and when; `patience` is what a model may take."""

    day: date
    first_day: date
    zone: ZoneInfo
    moment: datetime
    patience: Patience = summarising.UNHURRIED


def prepare(member: Member, wanted: Wanted) -> DailyReport | None:
    """The person's report of the day, made or made anew; None for somebody who sees no account.

    Two workers that make the same one make one row: the later replaces what the earlier found.
    """
    accounts = list(access.visible_accounts(member))
    if not accounts:
        return None
    span = Span(wanted.first_day, wanted.day, wanted.zone, wanted.moment)
    found = gathering.gather(member, accounts, span)
    report, _ = DailyReport.objects.get_or_create(
        user_id=member.user_id,
        date=wanted.day,
        defaults={
            "first_day": wanted.first_day,
            "zone": str(wanted.zone),
            "created_at": wanted.moment,
            "made_at": wanted.moment,
        },
    )
    words = _words(member, report, found, span, wanted.patience)
    return _kept(report, wanted, found, words)


def _words(
    member: Member, report: DailyReport, found: dict[Any, Found], span: Span, patience: Patience
) -> dict[Any, Words | errors.ModelError]:
    """What a model says of each account, or why it says nothing. One that is away is not asked for the next account."""
    told: dict[Any, Words | errors.ModelError] = {}
    away: errors.ModelError | None = None
    for account_id, part in found.items():
        if away is not None:
            told[account_id] = away
            continue
        try:
            text = summarising.material(part, span)
            told[account_id] = summarising.summarise(member, account_id, report.pk, text, patience)
        except errors.NoConsent as error:
            told[account_id] = error
        except errors.ModelError as error:
            told[account_id] = away = error
            if not isinstance(error, errors.NotNow):
                log.info("report without a summary", reason=error.code)
    return told


def _kept(
    report: DailyReport, wanted: Wanted, found: dict[Any, Found], words: dict[Any, Words | errors.ModelError]
) -> DailyReport:
    with transaction.atomic():
        row = DailyReport.objects.select_for_update().filter(pk=report.pk).first()
        if row is None:  # the person deleted it meanwhile
            return report
        row.first_day, row.zone, row.made_at = wanted.first_day, str(wanted.zone), wanted.moment
        row.save(update_fields=["first_day", "zone", "made_at"])
        row.parts.all().delete()
        ReportPart.objects.bulk_create([_part(row, key, part, words[key]) for key, part in found.items()])
    return row


def _part(report: DailyReport, account_id: Any, part: Found, words: Words | errors.ModelError) -> ReportPart:
    said = words if isinstance(words, Words) else Words(summary="", suggestions=[])
    return ReportPart(
        report=report,
        account_id=account_id,
        stats=part.stats,
        important=part.important,
        follow_ups=part.follow_ups,
        events=part.events,
        actions=part.actions,
        summary=without_nul(said.summary),
        suggestions=said.suggestions,
        assistant="" if isinstance(words, Words) else words.code,
    )


def show(report: DailyReport, moment: datetime) -> None:
    """The person may see it from now on, and is told: once when it comes, and again when it was made anew."""
    with transaction.atomic():
        DailyReport.objects.filter(pk=report.pk, shown_at=None).update(shown_at=moment)
        told = {"id": str(report.pk), "date": report.date.isoformat()}
        journal.append([Event("report:ready", None, told, only_for=(report.user_id,))])
