"""When a report is due: each day once, at the person's own hour, whatever the clock of their zone does."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from apps.reports import planning
from apps.reports.planning import Rhythm, goal, moment_of

ANNA = UUID(int=7)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "at", "utc"),
    [
        ("Europe/Rome", "2026-03-28", "08:00", "2026-03-28T07:00"),
        ("Europe/Rome", "2026-03-29", "08:00", "2026-03-29T06:00"),  # put forward that night
        ("Europe/Rome", "2026-03-29", "02:30", "2026-03-29T01:30"),  # is not there: 3:30 on the new clock
        ("Europe/Rome", "2026-10-25", "02:30", "2026-10-25T00:30"),  # is there twice: the first
        ("America/New_York", "2026-11-01", "01:30", "2026-11-01T05:30"),
        ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:45"),  # put forward by half an hour
        ("Asia/Kathmandu", "2026-03-29", "08:00", "2026-03-29T02:15"),
        ("America/Havana", "2026-03-08", "00:30", "2026-03-08T05:30"),  # midnight itself is left out
    ],
)
def test_the_hour_where_the_person_is(zone: str, day: str, at: str, utc: str) -> None:
    found = moment_of(date.fromisoformat(day), time.fromisoformat(at), ZoneInfo(zone))
    assert found == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_a_day_that_a_zone_left_out_has_no_report_and_the_next_has_one() -> None:
    apia = ZoneInfo("Pacific/Apia")  # went from the 29th to the 31st of December 2011
    assert moment_of(date(2011, 12, 30), time(8), apia) is None
    at = datetime(2011, 12, 29, 20, tzinfo=UTC)
    found = goal(Rhythm(), apia, at, after=date(2011, 12, 29), since=LONG_AGO, person=ANNA)
    assert found is not None and found.day == date(2011, 12, 31)


@pytest.mark.parametrize("at", [time(8), time(2, 30), time(0), time(23, 59)])
@pytest.mark.parametrize("zone", ["Europe/Rome", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Chatham", "UTC"])
def test_in_a_year_each_day_has_one_and_each_is_prepared_and_delivered_on_its_day(zone: str, at: time) -> None:
    place, moment, after = ZoneInfo(zone), datetime(2026, 1, 1, tzinfo=UTC), None
    days = []
    while moment < datetime(2027, 1, 1, tzinfo=UTC):
        found = goal(Rhythm(at), place, moment, after=after, since=datetime(2026, 1, 1, tzinfo=UTC), person=ANNA)
        assert found is not None and found.prepare_at <= found.deliver_at
        assert found.prepare_at.astimezone(place).date() == found.deliver_at.astimezone(place).date() == found.day
        moment, after = max(moment, found.deliver_at), found.day
        days.append(found.day)
    assert all(second - first == timedelta(days=1) for first, second in itertools.pairwise(days))
    assert len(days) >= 365


def test_it_is_there_when_the_clock_strikes_and_was_made_minutes_before() -> None:
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    leads = set()
    for number in range(300):
        found = goal(Rhythm(), ZoneInfo("UTC"), moment, after=None, since=LONG_AGO, person=UUID(int=number))
        assert found is not None
        assert datetime(2026, 3, 2, 8, tzinfo=UTC) - found.deliver_at == planning.BEFORE
        lead = found.deliver_at - found.prepare_at
        assert planning.LEAD <= lead <= planning.LEAD + planning.SPREAD
        leads.add(lead)
    assert len(leads) > 200, "each person at another moment"


def test_what_was_missed_is_made_up_on_the_same_day_and_never_on_the_next() -> None:
    rome = ZoneInfo("Europe/Rome")
    since = datetime(2026, 3, 1, tzinfo=UTC)
    late = goal(Rhythm(), rome, datetime(2026, 3, 2, 21, tzinfo=UTC), after=date(2026, 3, 1), since=since, person=ANNA)
    assert late is not None and late.day == date(2026, 3, 2)
    away = goal(Rhythm(), rome, datetime(2026, 3, 5, 9, tzinfo=UTC), after=date(2026, 3, 1), since=since, person=ANNA)
    assert away is not None and away.day == date(2026, 3, 5)


def test_who_came_after_the_hour_begins_the_next_day() -> None:
    came = datetime(2026, 3, 2, 9, tzinfo=UTC)
    found = goal(Rhythm(), ZoneInfo("UTC"), came, after=None, since=came, person=ANNA)
    assert found is not None and found.day == date(2026, 3, 3)


def test_after_a_free_weekend_it_tells_of_all_days_since() -> None:
    working = Rhythm(weekdays=frozenset(range(5)))
    friday = datetime(2026, 3, 6, 12, tzinfo=UTC)
    found = goal(working, ZoneInfo("UTC"), friday, after=date(2026, 3, 6), since=LONG_AGO, person=ANNA)
    assert found is not None
    assert (found.day, found.first_day) == (date(2026, 3, 9), date(2026, 3, 6))
    tuesday = goal(working, ZoneInfo("UTC"), friday, after=date(2026, 3, 9), since=LONG_AGO, person=ANNA)
    assert tuesday is not None and tuesday.first_day == date(2026, 3, 9)


def test_who_travels_west_does_not_get_a_day_twice() -> None:
    evening = datetime(2026, 3, 2, 23, tzinfo=UTC)  # the 3rd in Auckland, still the 2nd in Honolulu
    found = goal(Rhythm(), ZoneInfo("Pacific/Honolulu"), evening, after=date(2026, 3, 3), since=LONG_AGO, person=ANNA)
    assert found is not None and found.day == date(2026, 3, 4)
