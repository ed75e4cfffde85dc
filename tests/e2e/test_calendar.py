"""The calendar in the browser: a person's day with it, and what another program does meanwhile."""

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pmsync.demo import cast
from tests.e2e.conftest import DESK, EMILY, PHONE, SHOTS, SOON, eventually, open_page
from tests.e2e.demo import Demo
from tests.e2e.elsewhere import Elsewhere, signed_in, sync
from tests.e2e.test_writing import assert_accessible

pytestmark = [pytest.mark.chromium, pytest.mark.slow]
ZONE = ZoneInfo(EMILY.timezone)


class Diary(Elsewhere):
    """Another program at Emily's calendar."""

    def event(self, uid: str, title: str, start: datetime, *lines: str) -> None:
        """Put an event of an hour."""
        times = (f"DTSTART:{start.astimezone(UTC):%Y%m%dT%H%M%SZ}", "DURATION:PT1H")
        head = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//T//T//EN", "BEGIN:VEVENT", f"UID:{uid}")
        self.put(
            uid, *head, "DTSTAMP:20260101T000000Z", *times, f"SUMMARY:{title}", *lines, "END:VEVENT", "END:VCALENDAR"
        )


@pytest.fixture
def elsewhere(demo: Demo) -> Iterator[Diary]:
    made = Diary(demo, "calendar")
    yield made
    made.close()


@pytest.fixture
def calendar(page: Page) -> Page:
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page.get_by_role("group", name="View")).to_be_visible(timeout=SOON)
    event(page, "Standup").first.wait_for(timeout=SOON)
    return page


def event(page: Page, title: str) -> Locator:
    return page.locator("[data-event]").filter(has_text=title)


def quiet_week() -> date:
    """A Monday far enough ahead that the demo has little in its week."""
    today = datetime.now(ZONE).date()
    return today + timedelta(days=7 - today.weekday(), weeks=10)


def go(page: Page, day: date, view: str = "week") -> None:
    page.evaluate("path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }",
                  f"/calendar/{view}/{day.isoformat()}")  # fmt: skip


def at(day: date, hour: int) -> datetime:
    return datetime.combine(day, datetime.min.time(), ZONE) + timedelta(hours=hour)


def test_an_event_is_made_from_one_line_changed_and_deleted(calendar: Page, elsewhere: Diary) -> None:
    page = calendar
    page.screenshot(path=SHOTS / "calendar-week-desk.png")
    assert_accessible(page)
    page.keyboard.press("c")
    page.get_by_label("Title").fill("Lunch with Ada tomorrow 12:30 for 45 min")
    page.screenshot(path=SHOTS / "calendar-new-desk.png")
    assert_accessible(page)
    page.keyboard.press("Enter")
    tomorrow = datetime.now(ZONE).date() + timedelta(days=1)
    go(page, tomorrow, "day")
    expect(event(page, "Lunch with Ada").first).to_be_visible(timeout=SOON)
    event(page, "Lunch with Ada").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(re.compile("12:30.*13:15"))).to_be_visible()
    dialog.get_by_role("button", name="Edit").click()
    page.get_by_label("Place").fill("Café Luna")
    page.get_by_role("button", name="Save").click()
    expect(event(page, "Café Luna").first).to_be_visible(timeout=SOON)
    event(page, "Café Luna").first.click()
    expect(page.get_by_role("dialog").get_by_text("Being saved")).to_have_count(0, timeout=SOON)
    eventually(lambda: "LOCATION:Café Luna" in elsewhere.texts(), "the change did not reach the server")
    page.keyboard.press("Escape")
    event(page, "Lunch with Ada").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(event(page, "Lunch with Ada")).to_have_count(0, timeout=SOON)


def test_a_series_is_changed_for_one_date_and_for_all(calendar: Page, demo: Demo, elsewhere: Diary) -> None:
    page, uid, monday = calendar, str(uuid.uuid4()), quiet_week()
    elsewhere.event(uid, "Yoga", at(monday, 7), "RRULE:FREQ=DAILY;COUNT=5")
    sync(page, demo)
    go(page, monday)
    expect(event(page, "Yoga")).to_have_count(5, timeout=SOON)
    event(page, "Yoga").nth(1).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Every day, 5 times")).to_be_visible()
    page.screenshot(path=SHOTS / "calendar-event-desk.png")
    assert_accessible(page)
    dialog.get_by_role("button", name="Edit").click()
    page.get_by_label("Title").fill("Yoga outside")
    page.screenshot(path=SHOTS / "calendar-form-desk.png")
    assert_accessible(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alertdialog")).to_be_visible()
    page.screenshot(path=SHOTS / "calendar-scope-desk.png")
    assert_accessible(page)
    page.get_by_role("button", name="Continue").click()
    expect(event(page, "Yoga outside")).to_have_count(1, timeout=SOON)
    event(page, "Yoga").nth(3).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_label("This and all that follow").check()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(event(page, "Yoga")).to_have_count(3, timeout=SOON)


def test_an_event_is_dragged_and_what_another_program_does_is_seen(
    calendar: Page, demo: Demo, elsewhere: Diary
) -> None:
    page, uid, monday = calendar, str(uuid.uuid4()), quiet_week() + timedelta(weeks=1)
    elsewhere.event(uid, "Piano", at(monday, 9))
    sync(page, demo)
    go(page, monday)
    box = event(page, "Piano").first
    box.wait_for(timeout=SOON)
    held = box.bounding_box()
    assert held is not None
    page.mouse.move(held["x"] + 20, held["y"] + 10)
    page.mouse.down()
    page.mouse.move(held["x"] + 20, held["y"] + 40, steps=5)
    page.mouse.move(held["x"] + 20, held["y"] + 10 + held["height"] * 2, steps=10)
    page.mouse.up()
    event(page, "Piano").first.click()
    expect(page.get_by_role("dialog").get_by_text(re.compile("11:00.*12:00"))).to_be_visible(timeout=SOON)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    elsewhere.event(str(uuid.uuid4()), "Choir", at(monday + timedelta(days=2), 10))
    sync(page, demo)
    expect(event(page, "Choir").first).to_be_visible(timeout=SOON)


def test_an_invitation_is_answered_and_says_what_else_is_then(calendar: Page, demo: Demo, elsewhere: Diary) -> None:
    page, uid, monday = calendar, str(uuid.uuid4()), quiet_week() + timedelta(weeks=2)
    elsewhere.event(str(uuid.uuid4()), "Haircut", at(monday, 10))
    people = (
        "ORGANIZER;CN=Rita Boss:mailto:rita@elsewhere.test",
        f"ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:{EMILY.email}",
    )
    elsewhere.event(uid, "Board", at(monday, 10), *people)
    sync(page, demo)
    go(page, monday)
    event(page, "Board").first.click(timeout=SOON)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Rita Boss invites you")).to_be_visible()
    expect(dialog.get_by_text("At the same time: Haircut")).to_be_visible()
    dialog.get_by_role("button", name="Maybe").click()
    expect(dialog.get_by_role("button", name="Maybe", pressed=True)).to_be_visible(timeout=SOON)
    page.screenshot(path=SHOTS / "calendar-invitation-desk.png")
    assert_accessible(page)


@pytest.mark.parametrize("view", ["day", "week", "month", "agenda"])
def test_each_view_on_a_desk_and_on_a_phone_in_the_dark(browser: Browser, demo: Demo, view: str) -> None:
    person, today = cast.TENANTS[0].people[0], datetime.now(ZONE).date()
    tuesday = today - timedelta(days=today.weekday() - 1)
    for name, size in (("desk", DESK), ("phone", PHONE)):
        page = open_page(browser, demo, size, person)
        if name == "phone":
            page.emulate_media(color_scheme="dark")
        go(page, tuesday, view)
        page.locator("[data-event]").first.wait_for(timeout=SOON)
        page.wait_for_timeout(500)
        page.screenshot(path=SHOTS / f"calendar-{view}-{name}-it.png")
        assert_accessible(page)
        page.context.close()


def test_tasks_are_made_done_and_taken_back(calendar: Page, elsewhere: Diary) -> None:
    page, title = calendar, f"Call the printer {uuid.uuid4().hex[:4]}"
    page.get_by_role("button", name="Tasks").click()
    page.get_by_label("New task").fill(f"{title} tomorrow")
    page.get_by_role("button", name="Add", exact=True).click()
    mine = page.get_by_role("listitem").filter(has_text=title)
    expect(mine).to_be_visible(timeout=SOON)
    page.screenshot(path=SHOTS / "calendar-tasks-desk.png")
    assert_accessible(page)
    mine.get_by_role("button").click()
    page.get_by_label("Description").fill("The blue one")
    page.screenshot(path=SHOTS / "calendar-task-desk.png")
    assert_accessible(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0, timeout=SOON)
    mine.get_by_role("checkbox").check()
    expect(mine).to_have_count(0, timeout=SOON)
    page.get_by_role("button", name="Undo").click()
    expect(mine).to_be_visible(timeout=SOON)
    mine.get_by_role("checkbox").check()
    page.get_by_role("button", name="Done", exact=True).click()
    expect(mine).to_be_visible(timeout=SOON)
    eventually(lambda: "STATUS:COMPLETED" in elsewhere.texts(), "the task was not done")
    assert "The blue one" in elsewhere.texts()


def test_another_zones_hours_stand_beside_ones_own(calendar: Page) -> None:
    page = calendar
    page.get_by_label("Second time zone").select_option("Asia/Tokyo")
    ahead = (ZoneInfo("Asia/Tokyo").utcoffset(datetime.now(UTC)) or timedelta()) - (
        ZONE.utcoffset(datetime.now(UTC)) or timedelta()
    )
    hour = 9 + ahead // timedelta(hours=1)
    expect(page.get_by_text(f"{hour:02}:00", exact=True).first).to_be_visible()
    page.screenshot(path=SHOTS / "calendar-zones-desk.png")
    assert_accessible(page)
    page.reload()
    expect(page.get_by_label("Second time zone")).to_have_value("Asia/Tokyo", timeout=SOON)


def test_what_changed_while_a_form_was_open_is_shown_before_it_is_overwritten(
    browser: Browser, demo: Demo, elsewhere: Diary
) -> None:
    # A page of its own: the browser complains of the 409 that this is about.
    page, uid, monday = open_page(browser, demo, DESK), str(uuid.uuid4()), quiet_week() + timedelta(weeks=3)
    elsewhere.event(uid, "Rehearsal", at(monday, 10))
    sync(page, demo)
    go(page, monday)
    event(page, "Rehearsal").first.click(timeout=SOON)
    page.get_by_role("dialog").get_by_role("button", name="Edit").click()
    page.get_by_label("Title").fill("Rehearsal of mine")
    elsewhere.event(uid, "Rehearsal of theirs", at(monday, 10))
    sync(page, demo)
    expect(event(page, "Rehearsal of theirs").first).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog").get_by_text("Theirs: Title: Rehearsal of theirs")).to_be_visible(timeout=SOON)
    page.screenshot(path=SHOTS / "calendar-meanwhile-desk.png")
    assert_accessible(page)
    page.get_by_role("button", name="Save").click()
    expect(event(page, "Rehearsal of mine").first).to_be_visible(timeout=SOON)
    page.context.close()


def test_what_two_changed_at_once_is_decided_field_by_field(calendar: Page, demo: Demo, elsewhere: Diary) -> None:
    page, uid, monday = calendar, str(uuid.uuid4()), quiet_week() + timedelta(weeks=4)
    elsewhere.event(uid, "Concert", at(monday, 10))
    sync(page, demo)
    go(page, monday)
    event(page, "Concert").first.wait_for(timeout=SOON)
    with signed_in(demo) as api:
        (found,) = api.get("events/search", params={"q": "Concert"}).json()["items"]
        elsewhere.event(uid, "Concert of theirs", at(monday, 10))
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        assert api.patch(f"events/{found['id']}", json={"title": "Concert of mine"}, headers=headers).status_code == 202
    event(page, "Concert of theirs").first.click(timeout=SOON)
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Yours: Concert of mine")).to_be_visible(timeout=SOON)
    page.screenshot(path=SHOTS / "calendar-conflict-desk.png")
    assert_accessible(page)
    dialog.get_by_role("button", name="Keep mine").click()
    expect(event(page, "Concert of mine").first).to_be_visible(timeout=SOON)
    expect(dialog.get_by_text("Being saved")).to_have_count(0, timeout=SOON)
    eventually(lambda: "SUMMARY:Concert of mine" in elsewhere.texts(), "the change did not reach the server")


def test_files_are_taken_into_a_calendar_and_given_out(calendar: Page, elsewhere: Diary, tmp_path: Path) -> None:
    page, day, uid = calendar, quiet_week(), str(uuid.uuid4())
    title = f"From a file {uid[:6]}"
    start = at(day, 11).astimezone(UTC)
    head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//T//T//EN\r\n"
    whole = f"BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:{start:%Y%m%dT%H%M%SZ}\r\n"
    whole += f"DURATION:PT1H\r\nSUMMARY:{title}\r\nX-FROM:elsewhere\r\nEND:VEVENT\r\n"
    file = tmp_path / "plan.ics"
    file.write_text(f"{head}{whole}BEGIN:VEVENT\r\nUID:{uid}-x\r\nSUMMARY:No time\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
    page.get_by_role("button", name="Import and export").click()
    page.get_by_role("menuitem", name="Import").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("File").set_input_files(file)
    assert_accessible(page)
    page.screenshot(path=SHOTS / "calendar-import-desk.png")
    dialog.get_by_role("button", name="Import").click()
    expect(dialog.get_by_role("listitem").filter(has_text="No time")).to_be_visible(timeout=SOON)
    page.screenshot(path=SHOTS / "calendar-imported-desk.png")
    dialog.get_by_role("button", name="Close").last.click()
    go(page, day)
    expect(event(page, title)).to_be_visible(timeout=SOON)
    page.get_by_role("button", name="Import and export").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Export").first.click()
    text = Path(download.value.path()).read_text()
    assert (text.count("BEGIN:VCALENDAR"), title in text, "X-FROM:elsewhere" in text) == (1, True, True)
    elsewhere.remove(uid)
