"""Edits of events: only the lines of what is edited change, and each edit twice is the edit once."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import icalendar
import pytest

from apps.providers.adapters import contentlines, ical
from apps.providers.adapters.ical import Change, series, tree, values, zone_text, zones

CORPORA: Final = Path(__file__).parent.parent / "corpora" / "ics"
FILES: Final = sorted(path for path in CORPORA.rglob("*") if path.is_file())
OF_ONE_FILE: Final = 12
"""So many objects of a file of many are edited."""
STAMP: Final = "20260301T000000Z"
HERE: Final = ZoneInfo("Europe/Rome")
EDITS: Final[dict[str, tuple[Any, frozenset[str]]]] = {
    "title": ("Riunione; con, tutto\nsu due righe \\ così", frozenset({"SUMMARY"})),
    "description": ("x" * 300, frozenset({"DESCRIPTION"})),
    "busy": (False, frozenset({"TRANSP"})),
    "categories": (["uno", "due"], frozenset({"CATEGORIES"})),
}
MARKS: Final = frozenset({"DTSTAMP", "LAST-MODIFIED", "SEQUENCE"})


def edit(data: bytes, scope: str = "all", key: str = "", **fields: Any) -> bytes:
    """The text with an edit applied, which another time changes nothing."""
    told = Change(STAMP, scope, key, fields)
    made, conflicts = ical.change(data, told, ical.before(data, told))
    assert conflicts == ()
    assert ical.change(made, told, ical.before(data, told)) == (made, ())
    return made


def of(data: bytes, field: str) -> Any:
    master = ical.read(data).master
    assert master is not None
    return values.of(master, field)


def pieces(file: Path) -> list[bytes]:
    """The objects of a file that are series, or events that stand alone."""
    found = (data for _, data in ical.pieces(file.read_bytes()))
    return [data for data in found if ical.read(data).master is not None][:OF_ONE_FILE]


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_one_field_is_edited_and_everything_else_stays(file: Path) -> None:
    for data in pieces(file):
        before = {field: of(data, field) for field in values.FIELDS}
        for field, (wanted, lines) in EDITS.items():
            made = edit(data, **{field: wanted})
            assert {other: of(made, other) for other in values.FIELDS} == before | {field: wanted}
            kept = {each.raw.rstrip() for each in contentlines.read(made)}
            lost = {each.key for each in contentlines.read(data) if each.raw.rstrip() not in kept}
            assert lost <= lines | MARKS


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_an_edit_that_is_there_already_changes_no_octet(file: Path) -> None:
    for data in pieces(file):
        fields = {field: of(data, field) for field in values.FIELDS}
        assert ical.change(data, Change(STAMP, fields=fields), {}) == (data, ())


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_a_file_loses_no_property_when_it_is_imported_and_exported(file: Path) -> None:
    data = file.read_bytes()
    assert tree.write(tree.parse(data)) == data
    taken = [text for _, text in ical.pieces(data)]
    joined = ical.join(taken, "Name")
    assert _meaning([text for _, text in ical.pieces(joined)]) == _meaning(taken)
    held = {each.raw.strip() for node in tree.calendars(tree.parse(data)) for part in node.children("VEVENT", "VTODO")
            for each in tree.flat([part])}  # fmt: skip
    assert held <= {each.raw.strip() for each in contentlines.read(joined)}


def _meaning(texts: list[bytes]) -> list[bytes]:
    """What the components of some texts mean."""
    parts = [part for text in texts for whole in tree.calendars(tree.parse(text)) for part in whole.children()]
    return sorted(ical.digest(tree.write([part])) for part in parts if part.name != "VTIMEZONE")


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_damaged_objects_have_a_reading(file: Path) -> None:
    data, rng = file.read_bytes(), random.Random(file.name)
    for _ in range(4):
        broken = bytearray(data)
        for _ in range(rng.randint(1, 8)):
            place = rng.randrange(len(broken) or 1)
            broken[place : place + rng.randint(0, 3)] = rng.randbytes(rng.randint(0, 3))
        whole = ical.read(bytes(broken))
        assert tree.write(whole.nodes) == bytes(broken)
        ical.digest(bytes(broken))
        times = series.of(whole)
        if times is not None:
            series.ends(times)
            ical.expand(times, datetime(2010, 1, 1, tzinfo=UTC), datetime(2010, 3, 1, tzinfo=UTC))


SERIES: Final = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Rome\r\nBEGIN:STANDARD\r\n"
    b"DTSTART:19701025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\n"
    b"END:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:19700329T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n"
    b"RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n"
    b"BEGIN:VEVENT\r\nUID:s\r\nDTSTAMP:20260101T000000Z\r\nSEQUENCE:2\r\n"
    b"DTSTART;TZID=Europe/Rome:20260302T090000\r\nDTEND;TZID=Europe/Rome:20260302T100000\r\n"
    b"RRULE:FREQ=WEEKLY;COUNT=6\r\nEXDATE;TZID=Europe/Rome:20260316T090000\r\nSUMMARY:Team\r\nX-OURS;X-P=1:kept\r\n"
    b"BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:x\r\nX-A:kept\r\nEND:VALARM\r\nEND:VEVENT\r\n"
    b"BEGIN:VEVENT\r\nUID:s\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID;TZID=Europe/Rome:20260323T090000\r\n"
    b"DTSTART;TZID=Europe/Rome:20260323T140000\r\nDTEND;TZID=Europe/Rome:20260323T150000\r\nSUMMARY:Later\r\n"
    b"END:VEVENT\r\nEND:VCALENDAR\r\n"
)


def shown(data: bytes) -> list[str]:
    """What takes place: the local time and title of each instance."""
    whole = ical.read(data)
    times = series.of(whole)
    assert times is not None
    found = ical.expand(times, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC), HERE)
    items = [series.shown(whole, each.item) for each in found]
    return [
        f"{each.start.instant(HERE).astimezone(HERE):%m%dT%H%M}-{each.end.instant(HERE).astimezone(HERE):%H%M}"
        f" {item.title if item else ''}"
        for each, item in zip(found, items, strict=True)
    ]


def time(local: str) -> dict[str, str]:
    return {"at": local, "zone": "Europe/Rome"}


def test_the_example_is_what_it_seems() -> None:
    assert shown(SERIES) == [
        "0302T0900-1000 Team",
        "0309T0900-1000 Team",
        "0323T1400-1500 Later",
        "0330T0900-1000 Team",
        "0406T0900-1000 Team",
    ]


def test_one_instance_is_changed_and_the_others_stay() -> None:
    made = edit(SERIES, "this", "20260309T090000", title="Once", start=time("2026-03-10T11:00:00"))
    assert shown(made) == [
        "0302T0900-1000 Team",
        "0310T1100-1200 Once",
        "0323T1400-1500 Later",
        "0330T0900-1000 Team",
        "0406T0900-1000 Team",
    ]
    text = made.decode()
    assert "RECURRENCE-ID;TZID=Europe/Rome:20260309T090000" in text
    assert text.count("X-OURS;X-P=1:kept") == 2  # the override is the series' copy
    assert text.count("RRULE:FREQ=WEEKLY;COUNT=6") == 1
    again = edit(made, "this", "20260309T090000", title="Twice")
    assert again.decode().count("RECURRENCE-ID") == 2
    assert "0310T1100-1200 Twice" in shown(again)


def test_one_instance_is_deleted_also_when_it_has_an_override() -> None:
    for key, gone in (("20260309T090000", "0309"), ("20260323T090000", "0323")):
        told = Change(STAMP, "this", key, gone=True)
        made, _ = ical.change(SERIES, told, {})
        assert ical.change(made, told, {}) == (made, ())
        assert len(shown(made)) == 4
        assert gone not in "".join(shown(made))
        assert b"SEQUENCE:3" in made


def test_a_series_that_is_moved_takes_its_overrides_and_gaps_along() -> None:
    made = edit(SERIES, start=time("2026-03-03T10:30:00"))
    assert shown(made) == [
        "0303T1030-1130 Team",
        "0310T1030-1130 Team",
        "0323T1400-1500 Later",
        "0331T1030-1130 Team",
        "0407T1030-1130 Team",
    ]
    assert b"EXDATE;TZID=Europe/Rome:20260317T103000" in made
    whole_days = edit(SERIES, start={"date": "2026-03-02"}, end={"date": "2026-03-03"})
    assert [line[:4] for line in shown(whole_days)] == ["0302", "0309", "0323", "0330", "0406"]
    assert b"EXDATE;VALUE=DATE:20260316" in whole_days


def test_a_rule_that_has_an_overridden_date_no_more_drops_the_override() -> None:
    made = edit(SERIES, rule="FREQ=WEEKLY;INTERVAL=2;COUNT=3")
    assert shown(made) == ["0302T0900-1000 Team", "0330T0900-1000 Team"]  # the 16th stays taken out
    assert b"Later" not in made
    alone = edit(SERIES, rule="")
    assert shown(alone) == ["0302T0900-1000 Team"]
    assert (b"EXDATE" in alone, b"Later" in alone) == (False, False)


def test_a_series_is_split_and_both_parts_have_what_was_theirs() -> None:
    told = Change(STAMP, "until", "20260323T090000")
    first, _ = ical.change(SERIES, told, {})
    assert ical.change(first, told, {}) == (first, ())
    assert shown(first) == ["0302T0900-1000 Team", "0309T0900-1000 Team"]
    assert b"RRULE:FREQ=WEEKLY;UNTIL=20260323T075959Z" in first
    rest = ical.split(SERIES, "20260323T090000", "new", STAMP)
    assert shown(rest) == ["0323T1400-1500 Later", "0330T0900-1000 Team", "0406T0900-1000 Team"]
    assert rest.count(b"UID:new") == 2
    assert b"RELATED-TO;RELTYPE=SIBLING:s" in rest
    assert b"RRULE:FREQ=WEEKLY;COUNT=3" in rest


@pytest.mark.parametrize(
    ("rule", "start", "to", "expected"),
    [
        ("FREQ=WEEKLY;BYDAY=MO", "2026-03-02", "2026-03-04", "FREQ=WEEKLY;BYDAY=WE"),
        ("FREQ=WEEKLY;BYDAY=MO,WE", "2026-03-02", "2026-03-03", "FREQ=WEEKLY;BYDAY=TU,TH"),
        ("FREQ=MONTHLY;BYDAY=1MO", "2026-03-02", "2026-03-10", "FREQ=MONTHLY;BYDAY=2TU"),
        ("FREQ=MONTHLY;BYDAY=-1MO", "2026-03-30", "2026-03-31", "FREQ=MONTHLY;BYDAY=-1TU"),
        ("FREQ=MONTHLY;BYMONTHDAY=2", "2026-03-02", "2026-03-05", "FREQ=MONTHLY;BYMONTHDAY=5"),
        ("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=2", "2026-03-02", "2026-04-05", "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=5"),
        ("FREQ=DAILY;INTERVAL=3", "2026-03-02", "2026-03-05", "FREQ=DAILY;INTERVAL=3"),
    ],
)
def test_a_rule_goes_with_its_start(rule: str, start: str, to: str, expected: str) -> None:
    old, new = values.to_moment({"date": start}), values.to_moment({"date": to})
    assert ical.follows(rule, old, new) == expected


INVITED: Final = (
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:i\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260302T080000Z\r\n"
    b"DTEND:20260302T090000Z\r\nSUMMARY:Invited\r\nORGANIZER;CN=Boss:mailto:boss@example.test\r\n"
    b"ATTENDEE;CN=Ada;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;X-NUM=0:mailto:Ada@example.test\r\n"
    b"ATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:bob@example.test\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_an_answer_changes_my_own_line_and_no_other() -> None:
    told = Change(STAMP, reply=("ada@example.test", "ACCEPTED"))
    made, _ = ical.change(INVITED, told, {})
    assert ical.change(made, told, {}) == (made, ())
    lost = set(INVITED.split(b"\r\n")) - set(made.split(b"\r\n"))
    assert {each.split(b";")[0].split(b":")[0] for each in lost} == {b"ATTENDEE", b"DTSTAMP"}
    assert b"ATTENDEE;CN=Ada;X-NUM=0;PARTSTAT=ACCEPTED:mailto:Ada@example.test" in made
    assert b"SEQUENCE" not in made
    with pytest.raises(ValueError, match="not among"):
        ical.change(INVITED, Change(STAMP, reply=("eve@example.test", "ACCEPTED")), {})


def test_people_are_added_and_taken_away_one_by_one() -> None:
    eve = {"address": "eve@example.test", "name": 'Eve "the" One', "rsvp": True}
    kept = of(INVITED, "attendees")[:1]
    made = edit(INVITED, attendees=[*kept, eve])
    assert b"bob@example.test" not in made
    assert b"X-NUM=0" in made
    assert [each["address"] for each in of(made, "attendees")] == ["Ada@example.test", "eve@example.test"]
    theirs = INVITED.replace(b"END:VEVENT", b"ATTENDEE:mailto:zoe@example.test\r\nEND:VEVENT")
    before = ical.before(INVITED, Change(STAMP, fields={"attendees": []}))
    merged, conflicts = ical.change(theirs, Change(STAMP, fields={"attendees": [*kept, eve]}), before)
    assert conflicts == ()
    assert {each["address"] for each in of(merged, "attendees")} == {
        "Ada@example.test", "eve@example.test", "zoe@example.test",
    }  # fmt: skip


def test_the_same_field_changed_by_both_is_a_conflict_and_others_are_not() -> None:
    told = Change(STAMP, fields={"title": "Ours", "location": "Here"})
    before = ical.before(INVITED, told)
    theirs = INVITED.replace(b"SUMMARY:Invited", b"SUMMARY:Theirs")
    made, conflicts = ical.change(theirs, told, before)
    assert conflicts == ("title",)
    assert b"LOCATION:Here" in made
    assert ical.change(INVITED.replace(b"DTSTAMP:20260101", b"DTSTAMP:20260202"), told, before)[1] == ()


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"start": {"at": "2026-03-02T10:00:00", "zone": "Nowhere/At_all"}}, "no time zone"),
        ({"start": time("2026-03-02T10:00:00"), "end": time("2026-03-02T09:00:00")}, "cannot end before"),
        ({"start": {"date": "2026-03-02"}, "end": time("2026-03-02T09:00:00")}, "not one of each"),
        ({"rule": "FREQ=SOMETIMES"}, "cannot be repeated so"),
        ({"rule": "FREQ=DAILY;COUNT=0"}, "no positive number"),
        ({"attendees": [{"address": "a@b.test\r\nX:1"}]}, "no address"),
        ({"colour": "red"}, "has no"),
    ],
)
def test_what_makes_no_sense_is_said(fields: Mapping[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        ical.change(INVITED, Change(STAMP, fields=fields), {})


def test_a_new_event_is_one_that_others_read() -> None:
    data = ical.new(
        {
            "title": "Pranzo, con Zoë",
            "start": {"at": "2026-03-28T12:30:00", "zone": "Europe/Rome"},
            "end": {"at": "2026-03-28T13:30:00", "zone": "Europe/Rome"},
            "rule": "FREQ=WEEKLY;BYDAY=SA",
            "alarms": [15],
            "attendees": [{"address": "zoe@example.test", "name": "Zoë"}],
            "organizer": {"address": "ada@example.test", "name": ""},
        },
        "u-1",
        STAMP,
    )
    calendar: Any = icalendar.Calendar.from_ical(data)
    (event,) = calendar.walk("VEVENT")
    assert event["DTSTART"].dt == datetime(2026, 3, 28, 12, 30, tzinfo=ZoneInfo("Europe/Rome"))
    assert (str(event["SUMMARY"]), str(event["ORGANIZER"])) == ("Pranzo, con Zoë", "mailto:ada@example.test")
    assert calendar.errors == []
    # Its own description of the zone, read by us as if nobody knew its name, has the clock change the next day.
    (told,) = tree.calendars(tree.parse(data))
    (zone,) = told.children("VTIMEZONE")
    made = zones.of_text(tree.write([zone]))
    assert made is not None
    assert [datetime(2026, 3, day, 12, 30, tzinfo=made).utcoffset() for day in (28, 29)] == [
        datetime(2026, 3, day, 12, 30, tzinfo=HERE).utcoffset() for day in (28, 29)
    ]


@pytest.mark.parametrize("name", ["Europe/Rome", "America/New_York", "Asia/Kolkata", "Africa/Casablanca", "Asia/Gaza",
                                  "Australia/Lord_Howe", "Pacific/Apia", "UTC", "America/Sao_Paulo"])  # fmt: skip
def test_a_zone_that_is_written_reads_as_it_is(name: str) -> None:
    made = zones.of_text(tree.write([zone_text.vtimezone(name, 2026)]))
    assert made is not None
    for hour in range(0, 24 * 365 * 3, 5):
        instant = datetime.fromtimestamp(1_767_225_600 + hour * 3600, UTC)
        assert instant.astimezone(made).utcoffset() == instant.astimezone(zones.zone(name)).utcoffset()
