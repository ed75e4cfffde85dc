"""Histories and sync tokens never lie: whoever follows them holds what a fresh listing shows, whatever happens."""

import random
from typing import Any

import pytest

from tests.google_fake.desk import ANNA, BOB, Desk, Json
from tests.google_fake.test_calendar import MEETING
from tests.google_fake.test_calendar import everything as all_events
from tests.google_fake.test_mailboxes import mail
from tests.google_fake.test_people import everything as all_people
from tests.google_fake.test_people import person

ROUNDS = 12
LABELS = ("INBOX", "UNREAD", "STARRED", "TRASH", "SPAM")


def shake_mail(desk: Desk, order: random.Random) -> None:
    elsewhere, box = desk.google.elsewhere, desk.google.gmail.mailboxes[ANNA]
    for _ in range(order.randrange(6)):
        ids = list(box.messages)
        if not ids or order.random() < 0.4:
            elsewhere.deliver(ANNA, mail(order.randrange(10**6)))
        elif order.random() < 0.2:
            elsewhere.delete(ANNA, order.choice(ids))
        else:
            add = order.sample(LABELS, order.randrange(3))
            remove = [label for label in order.sample(LABELS, order.randrange(3)) if label not in add]
            elsewhere.relabel(ANNA, order.choice(ids), add, remove)


def follow(users: Any, mirror: dict[str, set[str]], cursor: str) -> str:
    """Apply a history as a client does: sets of labels, in order."""
    token = None
    while True:
        page = users.history().list(userId="me", startHistoryId=cursor, maxResults=3, pageToken=token).execute()
        for record in page.get("history", []):
            for one in record.get("messagesAdded", []):
                mirror[one["message"]["id"]] = set(one["message"].get("labelIds", []))
            for one in record.get("messagesDeleted", []):
                mirror.pop(one["message"]["id"], None)
            for one in record.get("labelsAdded", []):
                mirror[one["message"]["id"]] |= set(one["labelIds"])
            for one in record.get("labelsRemoved", []):
                mirror[one["message"]["id"]] -= set(one["labelIds"])
        token = page.get("nextPageToken")
        if not token:
            return str(page["historyId"])


@pytest.mark.parametrize("seed", range(3))
def test_a_mailbox_that_is_followed_is_the_mailbox(desk: Desk, seed: int) -> None:
    order, users = random.Random(seed), desk.service("gmail").users()
    box = desk.google.gmail.mailboxes[ANNA]
    box.lag, desk.google.gmail.sparse_pages = 3, bool(seed)
    cursor, mirror = users.getProfile(userId="me").execute()["historyId"], dict[str, set[str]]()
    for _ in range(ROUNDS):
        shake_mail(desk, order)
        desk.google.clock.advance(order.randrange(4))
        cursor = follow(users, mirror, cursor)
    desk.google.clock.advance(5)
    follow(users, mirror, cursor)
    listed, token = set(), None
    while True:
        page = users.messages().list(userId="me", includeSpamTrash=True, maxResults=4, pageToken=token).execute()
        listed |= {one["id"] for one in page.get("messages", [])}
        token = page.get("nextPageToken")
        if not token:
            break
    assert listed == mirror.keys() == box.messages.keys()
    for name, labels in mirror.items():
        assert set(users.messages().get(userId="me", id=name, format="minimal").execute()["labelIds"]) == labels


def shake_calendar(desk: Desk, order: random.Random) -> None:
    elsewhere, calendar = desk.google.elsewhere, desk.google.agenda.calendars[ANNA]
    for _ in range(order.randrange(5)):
        masters = [
            one.id for one in calendar.events.values() if not one.cancelled and "recurringEventId" not in one.data
        ]
        chance = order.random()
        if not masters or chance < 0.35:
            more: Json = {"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=5"]} if order.random() < 0.5 else {}
            elsewhere.add_event(ANNA, MEETING | more | {"attendees": [{"email": BOB}]})
            continue
        event = order.choice(masters)
        found: list[Json] = [{"id": event}]
        if "recurrence" in calendar.events[event].data:
            found += elsewhere.call(ANNA, "calendar.events.instances", calendarId="primary", eventId=event)["items"]
        target = order.choice(found)["id"]
        if chance < 0.55:
            elsewhere.delete_event(ANNA, target)
        elif chance < 0.7:
            elsewhere.answer(BOB, event, order.choice(["accepted", "declined"]))
        elif chance < 0.8:
            elsewhere.edit_event(ANNA, event, {"start": MEETING["start"] | {"dateTime": "2026-03-02T08:30:00+01:00"}})
        else:
            elsewhere.edit_event(ANNA, target, {"summary": str(order.random())})


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("user", [ANNA, BOB])
def test_a_calendar_that_is_followed_is_the_calendar(desk: Desk, seed: int, user: str) -> None:
    order, events = random.Random(seed), desk.service("calendar", user).events()
    desk.google.agenda.sparse_pages = bool(seed)
    found, token = all_events(events, maxResults=3)
    mirror = {one["id"]: one for one in found}
    for _ in range(ROUNDS):
        shake_calendar(desk, order)
        changed, token = all_events(events, syncToken=token, maxResults=3)
        mirror |= {one["id"]: one for one in changed}
    living = {name for name, one in mirror.items() if one["status"] != "cancelled" and "recurringEventId" not in one}
    kept = {
        name: one
        for name, one in mirror.items()
        if name in living or ("recurringEventId" in one and one["recurringEventId"] in living)
    }
    fresh = {one["id"]: one for one in all_events(events)[0]}
    assert kept == fresh


def shake_people(desk: Desk, order: random.Random) -> None:
    elsewhere, book = desk.google.elsewhere, desk.google.people[ANNA]
    for _ in range(order.randrange(5)):
        names = [one.name for one in book.living()]
        chance = order.random()
        if not names or chance < 0.4:
            elsewhere.add_contact(ANNA, person(f"P{order.randrange(10**6)}"))
        elif chance < 0.55:
            elsewhere.delete_contact(ANNA, order.choice(names))
        elif chance < 0.7:
            elsewhere.link_contact(ANNA, order.choice(names))
        else:
            elsewhere.edit_contact(ANNA, order.choice(names), {"names": [{"givenName": str(order.random())}]})


@pytest.mark.parametrize("seed", range(3))
def test_contacts_that_are_followed_are_the_contacts(desk: Desk, seed: int) -> None:
    order, people = random.Random(seed), desk.service("people").people()
    desk.google.people[ANNA].sync_lag = 2.0 * seed
    desk.google.quotas.per_user["people.read"] = None
    found, token = all_people(people)
    mirror = {one["resourceName"]: one for one in found}
    for number in range(ROUNDS + 1):
        if number < ROUNDS:
            shake_people(desk, order)
        desk.google.clock.advance(order.randrange(4) if number < ROUNDS else 10)
        changed, token = all_people(people, syncToken=token)
        for one in changed:
            for name in one["metadata"].get("previousResourceNames", []):
                mirror.pop(name, None)
            mirror[one["resourceName"]] = one
            if one["metadata"].get("deleted"):
                del mirror[one["resourceName"]]
    fresh = {one["resourceName"]: one for one in all_people(people)[0]}
    assert mirror.keys() == fresh.keys()
    assert {one["etag"] for one in mirror.values()} == {one["etag"] for one in fresh.values()}
