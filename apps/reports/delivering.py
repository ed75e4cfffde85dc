"""One step of a person's report: prepared in time, delivered at its hour, posted, and then the next one is planned.

    due ──▶ prepare ──▶ (its hour) ──▶ deliver: shown, told, a Letter ──▶ post ──▶ the next day's

Each step leaves a row that says it is done, and the due time moves on last: whoever does a step again finds it done.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from django.db import transaction

from apps.realtime import journal
from apps.realtime.journal import Event
from apps.users.members import Member

from . import letters, planning, posting, preparing, summarising, wishes
from .due import rounds
from .due.rounds import Held
from .models import DailyReport, Letter, Way, Wishes
from .planning import Goal
from .preparing import Wanted

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Case:
    """One person's report in the hands of a worker."""

    member: Member
    held: Held
    wishes: Wishes
    zone: ZoneInfo
    moment: datetime

    def goal(self, after: Any) -> Goal | None:
        """The report to work on after that day."""
        rhythm = wishes.rhythm(self.wishes)
        if rhythm is None:
            return None
        since = max(self.held.created_at, self.wishes.since or self.held.created_at)
        return planning.goal(rhythm, self.zone, self.moment, after=after, since=since, person=self.member.user_id)


def advance(member: Member, moment: datetime) -> None:
    """Do what is due of a person's report now. Delivered twice, killed anywhere or late, each day has one report."""
    held = rounds.take(member.tenant.pk, member.user_id, moment)
    if held is None:
        return
    # The zone is the row's: who has changed theirs meanwhile is planned anew by the next tick.
    case = Case(member, held, wishes.of(member.user_id), ZoneInfo(held.zone), moment)
    goal = case.goal(held.last_day)
    if goal is None:
        rounds.finish(held, None, None)
    elif moment < goal.prepare_at:
        rounds.finish(held, goal.prepare_at, goal.deliver_at)
    else:
        _work(case, goal)


def _work(case: Case, goal: Goal) -> None:
    report = _prepared(case, goal)
    if report is not None and case.moment < goal.deliver_at:
        rounds.finish(case.held, goal.deliver_at, goal.deliver_at)
        return
    if report is not None:
        letter = _delivered(case, report)
        again = _posted(case, report, letter) if letter is not None else None
        if again is not None:
            rounds.finish(case.held, again, again)
            return
    following = case.goal(goal.day)
    due_at, deliver_at = (following.prepare_at, following.deliver_at) if following else (None, None)
    rounds.finish(case.held, due_at, deliver_at, goal.day)


def _prepared(case: Case, goal: Goal) -> DailyReport | None:
    """The report as it was prepared for its hour; what the person asked for before that is made anew."""
    report = DailyReport.objects.filter(user_id=case.member.user_id, date=goal.day).first()
    if report is not None and (report.delivered_at or (report.made_at >= goal.prepare_at and report.parts.exists())):
        return report
    patience = summarising.UNHURRIED if case.moment < goal.deliver_at else summarising.LATE
    return preparing.prepare(case.member, Wanted(goal.day, goal.first_day, case.zone, case.moment, patience))


def _delivered(case: Case, report: DailyReport) -> Letter | None:
    """Show it and say so, once; and its letter, where one is wanted. One transaction."""
    with transaction.atomic():
        row = DailyReport.objects.select_for_update().filter(pk=report.pk).first()
        if row is None:
            return None
        if row.delivered_at is None:
            row.delivered_at, row.shown_at = case.moment, row.shown_at or case.moment
            row.save(update_fields=["delivered_at", "shown_at"])
            if case.wishes.report == Way.MAIL:
                posting.want(case.member.user_id, Letter.Kind.REPORT, row.date, case.moment)
            told = {"id": str(row.pk), "date": row.date.isoformat()}
            journal.append([Event("report:ready", None, told, only_for=(row.user_id,))])
    return Letter.objects.filter(user_id=case.member.user_id, kind=Letter.Kind.REPORT, day=report.date).first()


def _posted(case: Case, report: DailyReport, letter: Letter) -> datetime | None:
    """Hand the letter over; the moment of another try, while the day lasts."""
    if case.wishes.report != Way.MAIL:  # stopped between two tries
        return None
    again = posting.post(letter, lambda: letters.of_report(case.member, report, letter), case.moment)
    if again is not None and again.astimezone(case.zone).date() > report.date:
        posting.give_up(letter, case.moment)
        return None
    return again
