"""A mirror that follows only links becomes what the mailbox is, whatever a person elsewhere does meanwhile."""

import random
from datetime import date, timedelta
from typing import Any

import pytest

from tests.fakes.microsoft.elsewhere import Elsewhere
from tests.fakes.microsoft.mailbox import Event, Message
from tests.fakes.microsoft.recurrence import dates
from tests.microsoft_fake.cast import Client, World, letter, on_behalf

FOLDERS = ("inbox", "archive", "deleteditems", "recoverableitemsdeletions")
SELECT = "$select=subject,isRead,flag,categories"
WINDOW = "startDateTime=2026-03-01T00:00:00Z&endDateTime=2026-06-01T00:00:00Z"


class Mirror:
    """What a client knows of one collection; its link, or none when it must begin anew."""

    def __init__(self, client: Client, path: str, randomly: random.Random) -> None:
        self.client, self.path, self.random = client, path, randomly
        self.items: dict[str, dict[str, Any]] = {}
        self.link = ""

    def follow(self) -> None:
        """One round; where the link died, all is listed anew."""
        size = self.random.choice((1, 3, 50))
        headers = {"Prefer": f'IdType="ImmutableId", odata.maxpagesize={size}'}
        answer = self.client.http.get(self.link or self.path, headers=headers)
        if answer.status_code == 410:
            self.items, self.link = {}, ""
            self.follow()
            return
        while True:
            page = answer.json()
            for item in page["value"]:
                if "@removed" in item:
                    self.items.pop(item["id"], None)
                else:
                    self.items[item["id"]] = self.items.get(item["id"], {}) | item
            if "@odata.deltaLink" in page:
                self.link = page["@odata.deltaLink"]
                return
            answer = self.client.http.get(page["@odata.nextLink"], headers=headers)


def something(elsewhere: Elsewhere, held: list[Message], randomly: random.Random, number: int) -> None:
    """One act of a person elsewhere."""
    alive = [one for one in held if one.id in elsewhere._mailbox.items]
    if not alive or randomly.random() < 0.3:
        held.append(elsewhere.deliver(letter(number), randomly.choice(FOLDERS[:2])))
        return
    message = randomly.choice(alive)
    match randomly.randrange(7):
        case 0:
            elsewhere.mark_read(message, read=randomly.random() < 0.5)
        case 1:
            elsewhere.flag(message, randomly.choice(("flagged", "complete", "notFlagged")))
        case 2:
            elsewhere.categorise(message, str(number))
        case 3:
            elsewhere.move(message, randomly.choice(FOLDERS))
        case 4:
            elsewhere.delete(message)
        case 5:
            elsewhere.purge(message)
        case _:
            held.append(elsewhere.copy(message, randomly.choice(FOLDERS)))


@pytest.mark.parametrize("seed", range(4))
def test_mail(world: World, anna: Client, seed: int) -> None:
    randomly, elsewhere, held = random.Random(seed), world.microsoft.elsewhere(world.anna), list[Message]()
    world.microsoft.behaviour.sparse_updates = seed % 2 == 0
    world.microsoft.behaviour.repeats_in_delta = seed % 3 == 0
    world.microsoft.behaviour.kept_generations = 60 if seed == 3 else 0
    mirrors = {name: Mirror(anna, f"/me/mailFolders/{name}/messages/delta?{SELECT}", randomly) for name in FOLDERS}
    for number in range(150):
        something(elsewhere, held, randomly, number)
        if randomly.random() < 0.15:
            mirrors[randomly.choice(FOLDERS)].follow()
        if randomly.random() < 0.01:
            world.microsoft.expire_delta(world.anna)
    for name, mirror in mirrors.items():
        mirror.follow()
        true = {one["id"]: one for one in anna.values(f"/me/mailFolders/{name}/messages?{SELECT}&$top=100")}
        fields = ("subject", "isRead", "flag", "categories")
        assert {key: [one[field] for field in fields] for key, one in mirror.items.items()} == {
            key: [one[field] for field in fields] for key, one in true.items()
        }


def _act(elsewhere: Elsewhere, events: list[Event], randomly: random.Random, number: int) -> None:
    alive = [one for one in events if one.id in elsewhere._mailbox.items]
    start = date(2026, 2, 20) + timedelta(days=randomly.randrange(110))
    times = {
        "start": {"dateTime": f"{start}T09:00:00", "timeZone": "Europe/Rome"},
        "end": {"dateTime": f"{start}T10:00:00", "timeZone": "Europe/Rome"},
    }
    if not alive or randomly.random() < 0.25:
        series = {
            "recurrence": {
                "pattern": {"type": "daily", "interval": 5},
                "range": {"type": "numbered", "startDate": str(start), "numberOfOccurrences": 8},
            }
        }
        events.append(elsewhere.add_event({"subject": str(number), **times, **randomly.choice(({}, series))}))
        return
    event = randomly.choice(alive)
    recurrence = event.values.get("recurrence")
    left = [day for day in dates(recurrence, date(2027, 1, 1)) if day not in event.cancelled] if recurrence else []
    match randomly.randrange(5):
        case 0:
            elsewhere.edit_event(event, {"subject": f"changed {number}"})
        case 1 if not recurrence:
            elsewhere.edit_event(event, times)
        case 2 if left:
            elsewhere.edit_occurrence(event, randomly.choice(left), {"subject": f"differs {number}"})
        case 3 if left:
            elsewhere.delete_occurrence(event, randomly.choice(left))
        case 4:
            elsewhere.delete_event(event)
        case _:
            elsewhere.edit_event(event, {"showAs": "free"})


@pytest.mark.parametrize("seed", range(3))
def test_calendars(world: World, anna: Client, seed: int) -> None:
    randomly, elsewhere, events = random.Random(seed), world.microsoft.elsewhere(world.anna), list[Event]()
    mirror = Mirror(anna, f"/me/calendarView/delta?{WINDOW}", randomly)
    for number in range(80):
        _act(elsewhere, events, randomly, number)
        if randomly.random() < 0.15:
            mirror.follow()
        if randomly.random() < 0.02:
            world.microsoft.expire_delta(world.anna)
    mirror.follow()
    true = {one["id"]: one for one in anna.values(f"/me/calendarView?{WINDOW}&$top=200")}
    found = {key: one for key, one in mirror.items.items() if one["type"] != "seriesMaster"}
    assert found.keys() == true.keys()
    for key, one in found.items():
        # Of an occurrence only the times are told; the rest is its master's.
        source = mirror.items[one["seriesMasterId"]] if one["type"] == "occurrence" else one
        assert (one["start"], source["subject"], source["showAs"]) == (
            true[key]["start"], true[key]["subject"], true[key]["showAs"],
        )  # fmt: skip
    masters = {one["seriesMasterId"] for one in true.values() if one["seriesMasterId"]}
    assert masters == {key for key, one in mirror.items.items() if one["type"] == "seriesMaster"}
    for master in masters:
        assert anna.get(f"/me/events/{on_behalf(master)}")["type"] == "seriesMaster"
