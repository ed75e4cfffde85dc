"""Recurrence: every repeating event of the corpora, and rules made at random, as an independent library has them."""

import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from dateutil import rrule
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.providers.adapters import ical
from apps.providers.adapters.ical import rules, series

CORPORA: Final = Path(__file__).parent.parent / "corpora" / "ics"
ZONES: Final = ("Europe/Rome", "America/New_York", "Asia/Kolkata")
EDGE: Final = timedelta(days=1)
YEARS: Final = timedelta(days=365 * 5 + 1)
SHORT: Final = {"HOURLY": timedelta(days=10), "MINUTELY": timedelta(hours=2), "SECONDLY": timedelta(minutes=1)}
# What the library refuses to read, or reads against the RFC: by file, and why. Ours is checked by hand below.
DIFFERS: Final[dict[str, str]] = {
    "issue_165_missing_event.ics": "refused: semicolons that are escaped",
    "parsing_error.ics": "refused: an EXDATE that is none",
    "rfc_7529.ics": "refused: RSCALE=GREGORIAN",
    "google_birthday.ics": "refused: an RDATE that is none",
    "zday.ics": "refused: a CALSCALE of its own",
    "single_event_bad_location.ics": "refused: two properties of one name",
    "YearlyByWeekNo2.ics": "a week number without a weekday: each day of the week, not that of the start",
    "blalor.ics": "an override whose date is an EXDATE as well: not shown",
    "friday13-NOT.ics": "EXRULE is not read",
    "korganizer_sample.ics": "an EXDATE that is a date: not of the day's event",
    "2446.ics": "an end before the start: exchanged",
    "daily-count-exdate-recurrence-id.ics": "likewise",
    "biweekly-exdate-until.ics": "times in UTC repeat by the clock of X-WR-TIMEZONE",
    "non-utc-until-ny.ics": "an UNTIL without a zone: of UTC, not of the start's",
    "windows-quoted-tz-rrule.ics": "a zone by its name on the screen: another one",
    "Office-2012-owa.ics": "likewise: of no place",
    "single_event.ics": "a zone with a hyphen for a slash: of no place",
    "single_event_bad_dtstart.ics": "likewise",
    "single_event_bad_line.ics": "likewise",
    "single_event_bad_organizer.ics": "likewise",
    "single_event_organizer_parsed.ics": "likewise",
}


def repeating() -> Iterator[tuple[str, bytes]]:
    """Every event of the corpora that happens more than once."""
    for file in sorted(CORPORA.rglob("*")):
        if file.is_file():
            for number, (_, data) in enumerate(ical.pieces(file.read_bytes())):
                whole = ical.read(data)
                times = series.of(whole) if whole.component == "VEVENT" else None
                if times is not None and times.repeats:
                    yield f"{file.parent.name}/{file.name}#{number}", data


EVENTS: Final = dict(repeating())


def file_of(name: str) -> str:
    return name.partition("#")[0].rpartition("/")[2]


def length_for(rule: rules.Rule) -> timedelta:
    """How long a rule is followed: those of minutes for as long as the library can be waited for."""
    return timedelta(days=10) if rule.by_minute else SHORT.get(rule.frequency, YEARS)


def theirs(data: bytes, begin: datetime, end: datetime, here: ZoneInfo) -> list[datetime]:
    """The starts of what takes place, as the library has them."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read: Any = icalendar.Calendar.from_ical(data)
        cancelled = [
            each for each in read.walk("VEVENT") if each.get("STATUS") == "CANCELLED" and "RECURRENCE-ID" in each
        ]
        gone = {each["DTSTART"].dt for each in cancelled}
        for event in recurring_ical_events.of(read).between(begin, end):
            if event["DTSTART"].dt in gone:
                continue
            start = event["DTSTART"].dt
            if not isinstance(start, datetime):
                start = datetime.combine(start, datetime.min.time())
            found.append((start if start.tzinfo else start.replace(tzinfo=here)).astimezone(UTC))
    return sorted(found)


@pytest.mark.parametrize("name", [name for name in EVENTS if file_of(name) not in DIFFERS])
def test_every_repeating_event_takes_place_when_another_library_says_so(name: str) -> None:
    times = series.of(ical.read(EVENTS[name]))
    assert times is not None
    for zone in map(ZoneInfo, ZONES):
        # The library's windows are of no zone where dates are: what lies at the edges is left out.
        length = min((length_for(rule) for rule in times.rules), default=YEARS)
        edge = min(EDGE, length / 20)
        begin = times.start.instant(zone) - 2 * edge
        end = begin + length
        ours = [each.start.instant(zone) for each in ical.expand(times, begin, end, zone, most=100_000)]
        inside = [each for each in ours if begin + edge <= each < end - edge]
        assert inside == [each for each in theirs(EVENTS[name], begin, end, zone) if begin + edge <= each < end - edge]


def test_there_is_something_to_compare() -> None:
    assert len([name for name in EVENTS if file_of(name) not in DIFFERS]) > 200
    assert {file_of(name) for name in EVENTS} >= DIFFERS.keys()


NUMBERS: Final = {
    "byhour": st.integers(0, 23), "byminute": st.integers(0, 59), "bymonth": st.integers(1, 12),
    "bymonthday": st.integers(-31, 31).filter(bool), "byyearday": st.integers(-366, 366).filter(bool),
}  # fmt: skip


@st.composite
def rule_texts(draw: st.DrawFn) -> str:
    """Rules on which the RFC and the library agree: positions and week numbers are tested by its examples."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY", "HOURLY"]))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 5))}", f"WKST={draw(st.sampled_from(['MO', 'SU']))}"]
    for name in draw(st.lists(st.sampled_from(sorted(NUMBERS)), max_size=2, unique=True)):
        if name == "byyearday" and frequency != "YEARLY":
            continue
        values = draw(st.lists(NUMBERS[name], min_size=1, max_size=3, unique=True))
        parts.append(f"{name.upper()}={','.join(map(str, values))}")
    if draw(st.booleans()):
        days = draw(st.lists(st.sampled_from(rules.WEEKDAYS), min_size=1, max_size=3, unique=True))
        nth = draw(st.sampled_from(["", "1", "-1", "2"])) if frequency in ("MONTHLY", "YEARLY") else ""
        parts.append(f"BYDAY={','.join(nth + day for day in days)}")
    return ";".join(parts)


@settings(max_examples=60, deadline=None)
@given(rule_texts(), st.datetimes(datetime(1995, 1, 1), datetime(2030, 1, 1)), st.integers(0, 3_000))
def test_a_rule_has_the_same_instances_from_wherever_it_is_asked(text: str, start: datetime, days: int) -> None:
    start = start.replace(microsecond=0)
    rule = rules.parse(text)
    since = start + timedelta(days=days)
    end = since + timedelta(days=15 if rule.frequency == "HOURLY" else 800)
    try:
        ours = [each for each in _before(rules.instances(rule, start, since), end) if each != start]
    except rules.Endless:
        return
    library = rrule.rrulestr(text, dtstart=start)
    expected = [each for each in islice(library.xafter(since, inc=True), 5_000) if each < end and each != start]
    assert ours == expected


def _before(found: Iterator[datetime], end: datetime) -> Iterator[datetime]:
    for each in found:
        if each >= end:
            return
        yield each


# RFC 5545 section 3.8.5.3, those that the library reads otherwise or that need a position.
EXAMPLES: Final = (
    ("19970904T090000", "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "19970904 19971007 19971106"),
    ("19970929T090000", "FREQ=MONTHLY;COUNT=3;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "19970929 19971030 19971127"),
    ("19970805T090000", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "19970805 19970810 19970819 19970824"),
    ("19970805T090000", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "19970805 19970817 19970819 19970831"),
    ("19970512T090000", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;COUNT=3", "19970512 19980511 19990517"),
    ("19970512T090000", "FREQ=YEARLY;BYWEEKNO=20;COUNT=3", "19970512 19980511 19990517"),
    ("20070115T090000", "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "20070115 20070130 20070215 20070315 20070330"),
    ("20040229T090000", "FREQ=YEARLY;COUNT=3", "20040229 20080229 20120229"),
    ("20260131T090000", "FREQ=MONTHLY;COUNT=4", "20260131 20260331 20260531 20260731"),
)


@pytest.mark.parametrize(("start", "text", "expected"), EXAMPLES)
def test_examples(start: str, text: str, expected: str) -> None:
    begin = datetime.strptime(start, "%Y%m%dT%H%M%S")
    found = list(rules.instances(rules.parse(text), begin))
    wanted = [datetime.strptime(each, "%Y%m%d").date() for each in expected.split()]
    assert [each.date() for each in found[: len(wanted)]] == wanted


def event(*lines: str) -> bytes:
    told = "\r\n".join(lines)
    return (
        f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\n{told}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n".encode()
    )


def starts(data: bytes, begin: datetime, end: datetime, zone: str = "Europe/Rome") -> list[str]:
    times = series.of(ical.read(data))
    assert times is not None
    found = ical.expand(times, begin, end, ZoneInfo(zone))
    return [each.start.instant(ZoneInfo(zone)).strftime("%Y%m%dT%H%MZ") for each in found]


def utc(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


@pytest.mark.parametrize("days", [timedelta(), timedelta(days=9_000)])
@pytest.mark.parametrize(
    "text",
    [
        "FREQ=SECONDLY",
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;BYHOUR=3;BYMINUTE=7;BYDAY=MO",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYDAY=53MO;BYWEEKNO=1",
        "FREQ=DAILY;INTERVAL=999999",
        "FREQ=HOURLY;COUNT=999999",
        "FREQ=SECONDLY;INTERVAL=7;COUNT=900000;BYSETPOS=-366",
    ],
)
def test_a_rule_made_to_take_for_ever_does_not(text: str, days: timedelta) -> None:
    data = event("DTSTART:20000101T000000Z", f"RRULE:{text}")
    times = series.of(ical.read(data))
    assert times is not None
    begin = utc(2000, 1, 1) + days
    assert len(ical.expand(times, begin, begin + timedelta(days=7))) <= series.MOST
    series.ends(times)


def test_a_million_dates_and_people_are_read() -> None:
    days = ",".join(
        (date(2000, 1, 1) + timedelta(days=number % 30_000)).strftime("%Y%m%d") for number in range(200_000)
    )
    people = "\r\n".join(f"ATTENDEE:mailto:p{number}@example.test" for number in range(20_000))
    whole = ical.read(event("DTSTART;VALUE=DATE:20000101", f"RDATE;VALUE=DATE:{days}", people))
    times = series.of(whole)
    assert times is not None
    assert len(ical.expand(times, utc(2000, 1, 1), utc(2090, 1, 1))) == series.MOST
    assert whole.master is not None
    assert len(whole.master.attendees) == 500


WEEKLY: Final = event(
    "DTSTART;TZID=Europe/Rome:20260316T090000", "DTEND;TZID=Europe/Rome:20260316T100000", "RRULE:FREQ=WEEKLY"
)


def test_nine_o_clock_stays_nine_o_clock_over_both_changes_of_the_clock() -> None:
    spring = starts(WEEKLY, utc(2026, 3, 20), utc(2026, 4, 10))
    assert spring == ["20260323T0800Z", "20260330T0700Z", "20260406T0700Z"]
    autumn = starts(WEEKLY, utc(2026, 10, 17), utc(2026, 11, 1))
    assert autumn == ["20261019T0700Z", "20261026T0800Z"]


def test_whole_days_and_times_of_no_place_are_where_the_person_is() -> None:
    day = event("DTSTART;VALUE=DATE:20260329")
    assert starts(day, utc(2026, 3, 28), utc(2026, 3, 31)) == ["20260328T2300Z"]
    assert starts(day, utc(2026, 3, 28), utc(2026, 3, 31), "America/New_York") == ["20260329T0400Z"]
    noon = event("DTSTART:20260329T120000")
    assert starts(noon, utc(2026, 3, 28), utc(2026, 3, 31), "Asia/Kolkata") == ["20260329T0630Z"]


def test_a_time_that_a_clock_skips_or_shows_twice_is_read_as_the_rfc_has_it() -> None:
    assert starts(event("DTSTART;TZID=America/New_York:20260308T023000"), utc(2026, 3, 8), utc(2026, 3, 9)) == [
        "20260308T0730Z"
    ]
    assert starts(event("DTSTART;TZID=America/New_York:20261101T013000"), utc(2026, 11, 1), utc(2026, 11, 2)) == [
        "20261101T0530Z"
    ]


CUSTOM: Final = (
    b"BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:Customized Time Zone\r\n"
    b"BEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n"
    b"RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\n"
    b"BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n"
    b"RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n"
    b"BEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=Customized Time Zone:20260316T090000\r\nRRULE:FREQ=WEEKLY\r\n"
    b"END:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_a_zone_that_only_the_text_describes_changes_as_it_says() -> None:
    assert starts(CUSTOM, utc(2026, 3, 20), utc(2026, 4, 10)) == starts(WEEKLY, utc(2026, 3, 20), utc(2026, 4, 10))
    whole = ical.read(CUSTOM)
    times = series.of(whole)
    assert times is not None
    again = series.from_json(series.to_json(times, whole))
    assert ical.expand(again, utc(2026, 10, 1), utc(2026, 12, 1)) == ical.expand(
        times, utc(2026, 10, 1), utc(2026, 12, 1)
    )


@settings(max_examples=200, deadline=None)
@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)), st.sampled_from([0, 1]))
def test_it_agrees_with_the_zone_that_it_describes(moment: datetime, fold: int) -> None:
    zone = ical.read(CUSTOM).zones.find("Customized Time Zone")[0]
    local, rome = moment.replace(fold=fold, microsecond=0), ZoneInfo("Europe/Rome")
    assert local.replace(tzinfo=zone).astimezone(UTC) == local.replace(tzinfo=rome).astimezone(UTC)
    instant = local.replace(tzinfo=UTC)
    ours, library = instant.astimezone(zone), instant.astimezone(rome)
    assert (ours.replace(tzinfo=None), ours.fold) == (library.replace(tzinfo=None), library.fold)


@pytest.mark.parametrize(
    ("tzid", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("/mozilla.org/20050126_1/Europe/Berlin", "Europe/Berlin"),
        ("/freeassociation.sourceforge.net/Tzfile/America/Argentina/Salta", "America/Argentina/Salta"),
        ("Romance Standard Time", "Europe/Paris"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("US-Mountain", "US/Mountain"),
        ("(UTC-05:00) Eastern Time (US & Canada)", "America/New_York"),
        ("(UTC+01:00) Amsterdam, Berlin, Bern, Rome", "Europe/Amsterdam"),
        ("GMT", "UTC"),
        ("Nowhere at all", ""),
    ],
)
def test_names_of_zones(tzid: str, name: str) -> None:
    whole = ical.read(event(f'DTSTART;TZID="{tzid}":20260316T090000'))
    assert whole.master is not None
    assert whole.master.start is not None
    assert whole.master.start.name == name
    assert whole.problems == (() if name else (f"unknown time zone {tzid}",))
    told = ical.read(event(f'DTSTART;TZID="{tzid}":20260316T090000'), "Asia/Tokyo").master
    assert told is not None
    assert told.start is not None
    assert told.start.name == (name or "Asia/Tokyo")
