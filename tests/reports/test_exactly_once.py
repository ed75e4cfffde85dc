"""Each person's report of a day comes once, at their hour, whatever dies, doubles or is lost on the way."""

import itertools
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection
from django.db.models import Min

from apps.providers.models import AccountAccess
from apps.realtime import journal
from apps.reports import planning, tasks, wishes
from apps.reports.due import rounds
from apps.reports.due.models import ReportDue
from apps.reports.models import DailyReport, Letter, ReportPart
from apps.users.models import Membership, User
from tests.fakes.smtp_sink import Sink
from tests.mail.fixtures import Box
from tests.reports.conftest import MORNING
from tests.tenants.fixtures import Cast, Make

# One for each whole hour from -11 to +14, and those of half and quarter hours; with DST and without, north and south.
ZONES: Final = (
    "Pacific/Pago_Pago", "Pacific/Honolulu", "America/Anchorage", "America/Los_Angeles", "America/Denver",
    "America/Chicago", "America/New_York", "America/Halifax", "America/St_Johns", "America/Sao_Paulo",
    "Atlantic/South_Georgia", "Atlantic/Azores", "Europe/London", "Europe/Rome", "Europe/Athens", "Europe/Moscow",
    "Asia/Tehran", "Asia/Dubai", "Asia/Kabul", "Asia/Karachi", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Dhaka",
    "Asia/Bangkok", "Asia/Shanghai", "Asia/Tokyo", "Australia/Adelaide", "Australia/Sydney", "Australia/Lord_Howe",
    "Pacific/Noumea", "Pacific/Auckland", "Pacific/Chatham", "Pacific/Kiritimati",
)  # fmt: skip
PEOPLE: Final = int(os.environ.get("PMSYNC_TEST_PEOPLE", 2 * len(ZONES)))
TICK: Final = timedelta(seconds=15)


@pytest.fixture
def crowd(box: Box, make: Make, cast: Cast) -> Callable[[int], dict[UUID, str]]:
    """So many people, spread over all zones, who see the owner's account."""

    def come(count: int) -> dict[UUID, str]:
        people = [
            User(email=f"p{number}.{cast.tenant.slug}@example.test", password="!", timezone=zone, locale="it")
            for number, zone in zip(range(count), itertools.cycle(ZONES))
        ]
        User.objects.bulk_create(people)
        make.users += people
        Membership.objects.bulk_create([Membership(user=user, tenant=cast.tenant) for user in people])
        AccountAccess.objects.bulk_create(
            [AccountAccess(account=box.account, user_id=user.pk, role="reader") for user in people]
        )
        # The cast's own people are not of the crowd.
        Membership.objects.filter(tenant=cast.tenant).exclude(user__in=people).delete()
        return {user.pk: user.timezone for user in people}

    return come


def ticks(clock: Any, cast: Cast, until: datetime) -> Iterator[datetime]:
    """Beat's ticks up to a moment, but for those at which nothing is due here; their tasks run at once."""
    while True:
        following = ReportDue.objects.filter(tenant=cast.tenant).aggregate(at=Min("due_at"))["at"]
        if following is None or following > until:
            return
        late = max(following, datetime.now(UTC)).timestamp()
        clock.move_to(datetime.fromtimestamp(-(-late // TICK.seconds) * TICK.seconds, UTC))
        tasks.tick()
        yield datetime.now(UTC)


@pytest.mark.parametrize("change", [date(2026, 3, 29), date(2026, 10, 25)], ids=["forward", "back"])
def test_people_in_all_zones_get_each_one_at_their_eight_when_clocks_change(
    change: date, clock: Any, crowd: Any, cast: Cast, letters: list[Any]
) -> None:
    # Nobody's 8:00 is at this minute, so that a day from here on holds one of everybody's.
    clock.move_to(datetime(change.year, change.month, change.day, tzinfo=UTC) - timedelta(hours=13, minutes=53))
    crowd = crowd(PEOPLE)
    tasks.tick()  # everybody is planned for the next morning of theirs
    begun = datetime.now(UTC)
    for _ in ticks(clock, cast, begun + timedelta(hours=24)):
        pass
    reports = list(DailyReport.objects.all())
    assert Counter(row.user_id for row in reports) == dict.fromkeys(crowd, 1)
    for row in reports:
        zone = ZoneInfo(crowd[row.user_id])
        assert row.delivered_at is not None
        local = row.delivered_at.astimezone(zone)
        struck = datetime.combine(local.date(), datetime.min.time().replace(hour=8), zone)
        assert timedelta() <= struck - row.delivered_at <= planning.BEFORE, crowd[row.user_id]
        assert local.date() == row.date and str(zone) == row.zone
        assert row.delivered_at - row.made_at >= planning.LEAD - TICK
    assert Counter(letter.to[0] for letter in letters) == Counter(
        User.objects.filter(pk__in=crowd).values_list("email", flat=True)
    )
    told = [entry for entry in journal.read(0, 10_000) if entry.event == "report:ready"]
    assert Counter(entry.only_for for entry in told) == {(user,): 1 for user in crowd}
    assert not ReportDue.objects.filter(tenant=cast.tenant, due_at__lte=begun + timedelta(hours=24)).exists()


def test_two_ticks_at_once_share_out_what_is_due(crowd: Any, cast: Cast) -> None:
    everybody = set(crowd(300))
    moment = MORNING
    rounds.refresh(moment)
    claimed: list[list[UUID]] = [[], []]
    start = threading.Barrier(2)

    def beat(mine: list[UUID]) -> None:
        start.wait()
        while batch := [one for one in rounds.claim(moment, 20) if one.tenant_id == cast.tenant.pk]:
            mine.extend(one.user_id for one in batch)
        connection.close()

    beats = [threading.Thread(target=beat, args=(mine,)) for mine in claimed]
    for thread in beats:
        thread.start()
    for thread in beats:
        thread.join()
    assert set(claimed[0]) | set(claimed[1]) == everybody
    assert len(claimed[0]) + len(claimed[1]) == len(everybody)


def test_a_task_delivered_twice_at_once_makes_one_report_and_one_letter(
    clock: Any, box: Box, cast: Cast, sink: Sink
) -> None:
    ready(clock, cast)
    ids = (str(cast.tenant.pk), str(cast.owner.user_id))
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        tasks.advance(*ids)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    assert DailyReport.objects.count() == 1 and Letter.objects.get().state == "sent" and len(sink.taken) == 1


def ready(clock: Any, cast: Cast) -> None:
    """The owner's report is due, its hour has come, and nobody has begun."""
    tasks.tick()
    clock.move_to(MORNING + timedelta(minutes=40))
    ReportDue.objects.filter(tenant=cast.tenant, membership__user=cast.owner.user).update(
        due_at=datetime.now(UTC), deliver_at=datetime.now(UTC), created_at=MORNING, queued_until=None
    )


def report_of(cast: Cast) -> DailyReport:
    return DailyReport.objects.get(user_id=cast.owner.user_id)


@pytest.fixture
def eager(letters: list[Any]) -> list[Any]:
    """Tasks run at once; the letters that were handed over."""
    return letters


class Killed(BaseException):
    """The worker's process is gone: nothing of ours catches this."""


class DiesBefore(EmailBackend):
    """A worker that is killed between the report and its letter, once."""

    left = 1

    def open(self) -> bool:
        if DiesBefore.left:
            DiesBefore.left -= 1
            raise Killed
        return True


class DiesAfter(EmailBackend):
    """A worker that is killed when the mail server has taken the letter, and nobody has noted it."""

    def send_messages(self, messages: Any) -> int:
        super().send_messages(messages)
        raise Killed


def test_a_worker_killed_between_report_and_letter_is_followed_by_one_that_posts_it(
    clock: Any, box: Box, cast: Cast, eager: list[Any], settings: Any
) -> None:
    ready(clock, cast)
    settings.EMAIL_BACKEND, DiesBefore.left = f"{__name__}.DiesBefore", 1
    with pytest.raises(Killed):
        tasks.advance(str(cast.tenant.pk), str(cast.owner.user_id))
    made, seen = report_of(cast), journal.head()
    assert made.delivered_at is not None and eager == []
    tasks.tick()
    assert eager == [], "its lease is not over"
    clock.move_to(datetime.now(UTC) + rounds.LEASE)
    tasks.tick()
    assert len(eager) == 1 and report_of(cast).made_at == made.made_at
    assert [entry.event for entry in journal.read(seen)].count("report:ready") == 0
    for _ in ticks(clock, cast, datetime.now(UTC) + timedelta(hours=10)):
        pass
    assert len(eager) == 1


def test_a_letter_that_was_taken_is_never_sent_again(
    clock: Any, box: Box, cast: Cast, eager: list[Any], settings: Any
) -> None:
    ready(clock, cast)
    settings.EMAIL_BACKEND = f"{__name__}.DiesAfter"
    with pytest.raises(Killed):
        tasks.advance(str(cast.tenant.pk), str(cast.owner.user_id))
    assert len(eager) == 1
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    clock.move_to(datetime.now(UTC) + rounds.LEASE)
    tasks.tick()
    due = ReportDue.objects.get(membership__user=cast.owner.user, tenant=cast.tenant)
    assert len(eager) == 1 and due.last_day == MORNING.date()


def test_a_task_that_redis_lost_is_followed_by_another(clock: Any, box: Box, cast: Cast, eager: list[Any]) -> None:
    ready(clock, cast)
    lost = [one for one in rounds.claim(datetime.now(UTC)) if one.user_id == cast.owner.user_id]
    assert lost and lost[0].late
    tasks.tick()
    assert not DailyReport.objects.exists(), "it is thought to be on its way"
    clock.move_to(datetime.now(UTC) + rounds.HOLDS)
    tasks.tick()
    assert report_of(cast).delivered_at is not None and len(eager) == 1


def test_an_installation_that_was_down_at_eight_delivers_later_the_same_day_and_nothing_of_the_day_before(
    clock: Any, box: Box, cast: Cast, eager: list[Any]
) -> None:
    tasks.tick()
    clock.move_to(MORNING + timedelta(days=3, hours=9))
    for _ in range(3):
        tasks.tick()
    (report,) = DailyReport.objects.filter(user_id=cast.owner.user_id)
    assert report.date == (MORNING + timedelta(days=3)).date() and len(eager) == 1
    (due,) = ReportDue.objects.filter(membership__user=cast.owner.user, tenant=cast.tenant)
    assert due.deliver_at == datetime(2026, 11, 25, 7, 59, tzinfo=UTC)


def test_the_day_of_a_letter_that_nobody_takes_ends_and_the_next_one_is_the_next_days(
    clock: Any, box: Box, cast: Cast, sink: Sink, settings: Any, eager: list[Any]
) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", 1
    tasks.tick()
    for _ in ticks(clock, cast, MORNING + timedelta(hours=1)):
        pass
    assert Letter.objects.get().state == "wanted" and Letter.objects.get().tries > 2
    settings.EMAIL_PORT = sink.port
    for _ in ticks(clock, cast, MORNING + timedelta(hours=3)):
        pass
    assert Letter.objects.get().state == "sent" and len(sink.taken) == 1
    for _ in ticks(clock, cast, MORNING + timedelta(hours=25)):
        pass
    assert len(sink.taken) == 2


@pytest.mark.parametrize(
    ("stage", "answer", "state", "taken"),
    [
        ("", "451 4.3.0 Later", "wanted", 0),
        ("", "550 5.7.1 No", "refused", 0),
        ("after taking", "250 2.0.0 Taken", "doubt", 1),
        ("before taking", "250 2.0.0 Taken", "doubt", 0),
        ("after the answer", "250 2.0.0 Taken", "sent", 1),
    ],
)
def test_only_what_was_certainly_not_taken_is_tried_again(
    stage: str, answer: str, state: str, taken: int, clock: Any, box: Box, cast: Cast, sink: Sink
) -> None:
    ready(clock, cast)
    sink.answer, sink.fault = answer, lambda at: at == stage
    tasks.advance(str(cast.tenant.pk), str(cast.owner.user_id))
    assert Letter.objects.get().state == state and len(sink.taken) == taken
    sink.answer, sink.fault = "250 2.0.0 Taken", lambda at: False
    clock.move_to(datetime.now(UTC) + timedelta(minutes=10))
    tasks.advance(str(cast.tenant.pk), str(cast.owner.user_id))
    assert len(sink.taken) == (1 if state == "wanted" else taken)


def test_who_changes_their_time_zone_is_planned_anew_and_gets_no_day_twice(
    clock: Any, box: Box, cast: Cast, eager: list[Any]
) -> None:
    tasks.tick()
    for _ in ticks(clock, cast, MORNING + timedelta(hours=1)):
        pass
    assert len(eager) == 1
    User.objects.filter(pk=cast.owner.user_id).update(timezone="America/Los_Angeles")
    for _ in range(2):
        clock.move_to(datetime.now(UTC) + TICK)
        tasks.tick()
    due = ReportDue.objects.get(membership__user=cast.owner.user, tenant=cast.tenant)
    assert due.deliver_at == datetime(2026, 11, 22, 15, 59, tzinfo=UTC) and len(eager) == 1


def test_another_hour_counts_from_now_on_and_off_is_off(clock: Any, box: Box, cast: Cast, eager: list[Any]) -> None:
    tasks.tick()
    wishes.change(cast.owner, at=datetime.min.time().replace(hour=6), report="app")
    tasks.tick()
    due = ReportDue.objects.get(membership__user=cast.owner.user, tenant=cast.tenant)
    assert due.deliver_at == datetime(2026, 11, 22, 5, 59, tzinfo=UTC), "6:00 of today is over"
    for _ in ticks(clock, cast, MORNING + timedelta(days=1)):
        pass
    assert report_of(cast).delivered_at is not None and eager == [], "in the app alone"
    wishes.change(cast.owner, report="off")
    tasks.tick()
    due.refresh_from_db()
    assert due.due_at is None
    wishes.change(cast.owner, report="mail")
    tasks.tick()
    due.refresh_from_db()
    assert due.due_at is not None


def test_a_report_asked_for_before_its_hour_is_made_anew_for_it(
    clock: Any, box: Box, cast: Cast, eager: list[Any]
) -> None:
    tasks.tick()
    tasks.make_now(str(cast.tenant.pk), str(cast.owner.user_id))
    early = report_of(cast)
    assert early.shown_at is not None and early.delivered_at is None and eager == []
    for _ in ticks(clock, cast, MORNING + timedelta(hours=1)):
        pass
    late = report_of(cast)
    assert late.pk == early.pk and late.made_at > early.made_at and late.delivered_at is not None
    assert len(eager) == 1 and ReportPart.objects.count() == 1


def test_who_sees_no_account_gets_no_report(clock: Any, cast: Cast, eager: list[Any]) -> None:
    tasks.tick()
    clock.move_to(MORNING + timedelta(hours=1))
    tasks.tick()
    with cast.inside():
        assert not DailyReport.objects.exists() and eager == []


def test_a_company_that_is_suspended_waits_and_its_people_are_forgotten_with_their_membership(
    clock: Any, box: Box, cast: Cast, eager: list[Any]
) -> None:
    tasks.tick()
    cast.tenant.status = "suspended"
    cast.tenant.save()
    clock.move_to(MORNING + timedelta(hours=1))
    tasks.tick()
    assert eager == []
    cast.tenant.status = "active"
    cast.tenant.save()
    Membership.objects.filter(user=cast.owner.user).delete()
    tasks.tick()
    assert eager == [] and not ReportDue.objects.filter(membership__user=cast.owner.user).exists()
