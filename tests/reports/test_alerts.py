"""Alerts: each follow-up whose time is up is told once, in the app, and in one letter a day where that is wanted."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from apps.ai.followups.models import FollowUp
from apps.realtime import journal
from apps.reports import tasks, wishes
from apps.reports.models import Alert, Letter
from tests.mail.fixtures import Box, eml, record
from tests.reports.conftest import MORNING
from tests.tenants.fixtures import Cast, Make

NOON = MORNING.replace(hour=12)


@pytest.fixture
def look(clock: Any, box: Box, cast: Cast) -> Any:
    def at(moment: datetime) -> list[Alert]:
        clock.move_to(moment)
        tasks.alert(str(cast.tenant.pk))
        return list(Alert.objects.order_by("at", "pk"))

    return at


def matter(box: Box, number: int, **fields: Any) -> FollowUp:
    from apps.mail.models import Message

    box.arrive(record(number, eml(number, f"Matter {number}", to=box.account.address)))
    message = Message.objects.get(message_id=f"{number}@test")
    given = {"mine": True, "kind": "asked", "who": "bob@partner.example", "said": f"Matter {number}?", "by": "rules"}
    return FollowUp.objects.create(
        account=box.account, thread_id=message.thread_id, message=message, **({"since": message.at} | given | fields)
    )


def test_a_deadline_that_passes_is_told_once(box: Box, look: Any, cast: Cast, letters: list[Any]) -> None:
    due = matter(box, 1, due_at=NOON)
    assert look(NOON - timedelta(minutes=1)) == []
    seen = journal.head()
    (alert,) = look(NOON + timedelta(minutes=1))
    assert alert.kind == "deadline" and alert.followup == due and alert.user_id == cast.owner.user_id
    assert look(NOON + timedelta(hours=9)) == [alert]
    told = [entry for entry in journal.read(seen) if entry.event == "alert:new"]
    assert [entry.only_for for entry in told] == [(cast.owner.user_id,)] and letters == []


@pytest.mark.parametrize(("zone", "hour"), [("UTC", 0), ("Europe/Rome", 23), ("America/New_York", 5)])
def test_a_day_is_over_where_the_person_is(zone: str, hour: int, box: Box, look: Any, cast: Cast) -> None:
    cast.owner.user.timezone = zone
    cast.owner.user.save()
    matter(box, 1, due_on=date(2026, 11, 22))
    over = datetime(2026, 11, 22 if hour == 23 else 23, hour, tzinfo=UTC)
    assert look(over - timedelta(minutes=1)) == []
    assert len(look(over + timedelta(minutes=1))) == 1


def test_silence_counts_in_days_of_the_persons_choice_and_what_is_long_over_is_not_told(
    box: Box, look: Any, cast: Cast
) -> None:
    wishes.change(cast.owner, overdue_days=5)
    matter(box, 1, mine=False, since=NOON - timedelta(days=4))
    matter(box, 2, mine=False, since=NOON - timedelta(days=60))
    matter(box, 3, since=NOON - timedelta(days=6), state="done")
    matter(box, 4, since=NOON - timedelta(days=6), state="snoozed", snoozed_until=NOON + timedelta(days=9))
    assert look(NOON) == []
    (alert,) = look(NOON + timedelta(days=1, minutes=1))
    assert alert.kind == "overdue" and alert.followup.said == "Matter 1?"


def test_one_letter_a_day_bundles_them_by_day(box: Box, look: Any, cast: Cast, letters: list[Any]) -> None:
    wishes.change(cast.owner, alerts="mail")
    matter(box, 1, due_at=NOON)
    matter(box, 2, due_at=NOON, mine=False)
    matter(box, 3, due_at=NOON + timedelta(hours=2))
    closed = matter(box, 4, due_at=NOON + timedelta(hours=10))
    look(NOON + timedelta(minutes=5))
    (letter,) = letters
    assert letter.subject == "2 follow-ups whose time is up"
    assert "Matter 1?" in letter.body and "Matter 2?" in letter.body and "Matter 3?" not in letter.body
    look(NOON + timedelta(hours=3))
    look(NOON + timedelta(hours=11))  # at night
    assert len(letters) == 1 and Alert.objects.filter(letter=None).count() == 2
    FollowUp.objects.filter(pk=closed.pk).update(state="done")
    look(NOON + timedelta(days=1))
    assert len(letters) == 2 and letters[1].subject == "1 follow-up whose time is up"
    assert "Matter 3?" in letters[1].body and "Matter 4?" not in letters[1].body
    assert letters[1].extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert Letter.objects.filter(state="sent").count() == 2


def test_off_is_off_and_a_colleague_without_access_hears_nothing(
    box: Box, look: Any, cast: Cast, make: Make, letters: list[Any]
) -> None:
    wishes.change(cast.owner, alerts="off")
    wishes.change(cast.member, alerts="mail")
    matter(box, 1, due_at=NOON)
    assert look(NOON + timedelta(minutes=1)) == []
    box.account.access.create(user_id=cast.member.user_id, role="reader")
    (alert,) = look(NOON + timedelta(minutes=9))
    assert alert.user_id == cast.member.user_id and len(letters) == 1


def test_the_history_says_what_was_seen(box: Box, look: Any, cast: Cast, make: Make) -> None:
    moment = datetime.now(UTC)
    matter(box, 1, due_at=moment - timedelta(hours=1))
    look(moment)
    client = make.client(cast.owner)
    told = client.get("/api/v1/alerts").json()
    assert told["unseen"] == 1 and told["items"][0]["follow_up"]["said"] == "Matter 1?"
    assert client.post("/api/v1/alerts").status_code == 204
    assert client.get("/api/v1/alerts").json()["unseen"] == 0
    assert make.client(cast.member).get("/api/v1/alerts").json()["items"] == []
