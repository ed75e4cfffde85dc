"""iTIP (RFC 5546): who may change what, what is kept, what others are told."""

import pytest

from apps.providers.adapters import ical
from apps.providers.adapters.ical import itip

STAMP = "20260301T000000Z"
ANNA, BOB, CARA = "anna@rossi.example", "bob@partner.example", "cara@partner.example"
WEEKLY = "RRULE:FREQ=WEEKLY;COUNT=4"
INVITED = (f"ORGANIZER;CN=Bob:mailto:{BOB}", f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{BOB}",
           f"ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;X-NUM-GUESTS=0:mailto:{ANNA}")  # fmt: skip


def event(*lines: str, uid: str = "u1", start: str = "20260302T090000Z", sequence: int = 0) -> tuple[str, ...]:
    return ("BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", f"SEQUENCE:{sequence}", f"DTSTART:{start}",
            "DURATION:PT30M", *lines, "END:VEVENT")  # fmt: skip


def text(*events: tuple[str, ...], method: str = "") -> bytes:
    head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//T//T//EN", *((f"METHOD:{method}",) if method else ()))
    return "\r\n".join((*head, *(line for each in events for line in each), "END:VCALENDAR", "")).encode()


def parsed(data: bytes) -> itip.Message:
    found = itip.parse(data)
    assert found is not None
    return found


def taken(held: bytes, message: bytes) -> bytes:
    first = itip.applied(held, message, ANNA, STAMP)
    assert itip.applied(first, message, ANNA, STAMP) == first
    return first


def test_what_an_invitation_says_is_read_and_put_into_a_calendar_without_its_method() -> None:
    message = parsed(text(event("SUMMARY:Plan", *INVITED), method="REQUEST"))
    assert (message.method, message.uid, message.key()) == ("REQUEST", "u1", "")
    assert (itip.organizer_of(message.items), [*itip.attendees_of(message.items)]) == (BOB, [ANNA])
    data = itip.invitation(message.data, ANNA, "TENTATIVE").decode()
    assert "METHOD" not in data
    assert f"ATTENDEE;X-NUM-GUESTS=0;PARTSTAT=TENTATIVE:mailto:{ANNA}" in data


@pytest.mark.parametrize("junk", [b"", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", text(event(uid="")), b"\xff\x00\x01"])
def test_what_is_no_event_is_no_invitation(junk: bytes) -> None:
    assert itip.parse(junk) is None


def test_a_method_that_nobody_knows_only_publishes() -> None:
    assert parsed(text(event(*INVITED), method="EXPLODE")).method == "PUBLISH"


def test_an_update_takes_the_new_text_and_keeps_what_is_the_persons_own() -> None:
    alarm = ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT5M", "END:VALARM")
    answered = itip.invitation(text(event("SUMMARY:Plan", *INVITED)), ANNA, "ACCEPTED")
    held = answered.replace(
        b"END:VEVENT", "\r\n".join(("CATEGORIES:Work", "TRANSP:TRANSPARENT", *alarm, "END:VEVENT")).encode()
    )
    theirs = ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-P7D", "END:VALARM")
    update = text(
        event("SUMMARY:Plan B", "LOCATION:Room 2", "TRANSP:OPAQUE", *INVITED, *theirs, sequence=1), method="REQUEST"
    )
    item = ical.read(taken(held, update)).items[0]
    assert (item.title, item.location, item.busy, item.categories, item.alarms) == (
        "Plan B",
        "Room 2",
        False,
        ("Work",),
        (5,),
    )
    assert itip.attendees_of([item])[ANNA].status == "ACCEPTED"


def test_who_is_invited_to_another_time_answers_anew() -> None:
    held = itip.invitation(text(event(*INVITED)), ANNA, "ACCEPTED")
    update = text(event(*INVITED, start="20260302T100000Z", sequence=1), method="REQUEST")
    assert itip.attendees_of(ical.read(taken(held, update)).items)[ANNA].status == "NEEDS-ACTION"


def test_what_is_older_than_the_calendar_changes_nothing() -> None:
    held = text(event("SUMMARY:New", *INVITED, sequence=3))
    for method in ("REQUEST", "CANCEL"):
        old = text(event("SUMMARY:Old", *INVITED, sequence=2), method=method)
        assert itip.outdated(parsed(old), ical.read(held))
        assert itip.applied(held, old, ANNA, STAMP) == held


def test_one_instance_of_a_series_is_invited_to_and_called_off_in_another_form_of_its_time() -> None:
    held = text(event(WEEKLY, "SUMMARY:Weekly", *INVITED))
    instance = "RECURRENCE-ID;TZID=Europe/Rome:20260309T100000"  # 09:00 UTC
    moved = text(event(instance, "SUMMARY:Moved", *INVITED, start="20260309T150000Z", sequence=1), method="REQUEST")
    assert parsed(moved).key(ical.read(held)) == "20260309T090000"
    data = taken(held, moved)
    assert [item.title for item in ical.read(data).items] == ["Weekly", "Moved"]
    off = taken(data, text(event(instance, *INVITED, sequence=2), method="CANCEL"))
    assert [item.status for item in ical.read(off).items] == ["", "CANCELLED"]
    assert [item.title for item in ical.read(off).items] == ["Weekly", "Moved"]
    all_off = taken(off, text(event(WEEKLY, *INVITED, sequence=3), method="CANCEL"))
    assert [item.status for item in ical.read(all_off).items] == ["CANCELLED", "CANCELLED"]


def test_an_instance_that_is_called_off_needs_no_override_before() -> None:
    held = text(event(WEEKLY, "SUMMARY:Weekly", *INVITED))
    off = taken(
        held,
        text(event("RECURRENCE-ID:20260316T090000Z", *INVITED, start="20260316T090000Z", sequence=1), method="CANCEL"),
    )
    assert [(item.status, item.recurrence_id is not None) for item in ical.read(off).items] == [
        ("", False),
        ("CANCELLED", True),
    ]


def test_zones_of_an_update_come_along() -> None:
    zone = ("BEGIN:VTIMEZONE", "TZID:Ours", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0300",
            "TZOFFSETTO:+0300", "END:STANDARD", "END:VTIMEZONE")  # fmt: skip
    there = ("BEGIN:VEVENT", "UID:u1", "DTSTAMP:20260102T000000Z", "SEQUENCE:1", "DTSTART;TZID=Ours:20260302T120000",
             "DURATION:PT30M", *INVITED, "END:VEVENT")  # fmt: skip
    start = ical.read(taken(text(event(*INVITED)), text(zone, there, method="REQUEST"))).items[0].start
    assert start is not None
    assert f"{start.instant():%H:%M%z}" == "09:00+0000"


def test_a_reply_says_the_answer_and_nothing_of_the_calendar() -> None:
    invitation = text(event("SUMMARY:Plan", "DESCRIPTION:Secret", "X-OURS:1", *INVITED, sequence=4), method="REQUEST")
    data = itip.reply(invitation, ANNA, 'Anna "A" Rossi', "DECLINED", STAMP, "Sorry, I\nam away; next time")
    lines = data.decode().split("\r\n")
    assert "METHOD:REPLY" in lines
    assert "SEQUENCE:4" in lines
    assert "COMMENT:Sorry\\, I\\nam away\\; next time" in lines
    mine = [f"ATTENDEE;CN=Anna 'A' Rossi;PARTSTAT=DECLINED:mailto:{ANNA}"]
    assert [line for line in lines if line.startswith("ATTENDEE")] == mine
    assert not any(line.startswith(("DESCRIPTION", "X-OURS", "RRULE")) for line in lines)
    (answer,) = itip.answers(parsed(data))
    assert (answer.address, answer.status) == (ANNA, "DECLINED")
    assert [line for line in lines if line.startswith("ATTENDEE")] == [
        f"ATTENDEE;CN=Anna 'A' Rossi;PARTSTAT=DECLINED:mailto:{ANNA}"
    ]


def own(*people: str, title: str = "Plan", **fields: object) -> bytes:
    lines = [f"ATTENDEE:mailto:{each}" for each in people]
    return text(event(f"SUMMARY:{title}", f"ORGANIZER:mailto:{ANNA}", *lines, **fields))  # type: ignore[arg-type]


def told(before: bytes | None, now: bytes | None) -> list[tuple[str, list[str]]]:
    return [(each.method, [one.address for one in each.to]) for each in itip.letters(before, now, STAMP)]


def test_those_invited_hear_of_what_concerns_them_and_of_nothing_else() -> None:
    first = own(ANNA, BOB)
    assert told(None, first) == [("REQUEST", [BOB])]
    assert told(first, first) == []
    assert told(first, own(ANNA, BOB, CARA)) == [("REQUEST", [CARA])]
    assert told(own(ANNA, BOB, CARA), own(ANNA, CARA, title="Plan B")) == [("CANCEL", [BOB]), ("REQUEST", [CARA])]
    assert told(first, own(ANNA, BOB, start="20260302T100000Z", sequence=1)) == [("REQUEST", [BOB])]
    assert told(first, None) == [("CANCEL", [BOB])]
    assert told(None, None) == []
    assert told(own(ANNA), own(ANNA, title="Mine alone")) == []


def test_an_answer_that_came_in_or_an_alarm_is_told_to_nobody() -> None:
    first = own(ANNA, BOB)
    answered = first.replace(f"ATTENDEE:mailto:{BOB}".encode(), f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{BOB}".encode())
    alarm = b"BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nX-COLOUR:blue\r\nEND:VEVENT"
    assert told(first, answered) == []
    assert told(first, first.replace(b"END:VEVENT", alarm)) == []


def test_an_event_that_is_called_off_is_cancelled_once() -> None:
    first = own(ANNA, BOB)
    off = first.replace(b"SEQUENCE:0", b"SEQUENCE:1\r\nSTATUS:CANCELLED")
    assert told(first, off) == [("CANCEL", [BOB])]
    assert told(off, None) == []


def test_what_leaves_holds_no_alarm_and_no_word_of_a_server() -> None:
    held = own(ANNA, BOB).replace(b"ATTENDEE:mailto:bob", b"ATTENDEE;SCHEDULE-STATUS=1.2;CN=B:mailto:bob")
    held = held.replace(b"END:VEVENT", b"BEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT")
    (letter,) = itip.letters(None, held, STAMP)
    assert b"VALARM" not in letter.text
    assert b"SCHEDULE" not in letter.text
    assert b"ATTENDEE;CN=B:mailto:bob@partner.example" in letter.text
    (cancel,) = itip.letters(held, None, STAMP)
    assert b"SEQUENCE:1" in cancel.text
    assert parsed(cancel.text).first.cancelled
