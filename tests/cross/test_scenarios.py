"""One set of scenarios, run unchanged at IMAP with CalDAV and CardDAV, at Google and at Microsoft.

Each ends with mirror and provider compared item by item, in all three kinds.
"""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from apps.mail.models import Message
from apps.providers.models import AccountStatus, ProviderAccount
from tests.cross.stages import START, Stage, letter, new_message_id


def arrives(stage: Stage, subject: str, references: str = "") -> str:
    """A mail that is mirrored; its Message-ID."""
    message_id = new_message_id()
    stage.elsewhere.deliver(letter(subject, message_id, references))
    stage.sync()
    return message_id


def message(message_id: str) -> Message:
    return Message.objects.get(message_id=message_id, orphaned_at=None)


def roles(message_id: str) -> set[str]:
    """The roles of the mailboxes that people see it in; ALL holds everything at Google."""
    shown = message(message_id).placements.filter(leaving__isnull=True)
    return set(shown.values_list("mailbox__role", flat=True)) - {"all", "important", "flagged"}


def names(message_id: str) -> set[str]:
    shown = message(message_id).placements.filter(leaving__isnull=True)
    return {path[-1] for path in shown.values_list("mailbox__path", flat=True)}


def act(stage: Stage, action: str, message_id: str, **more: Any) -> Any:
    return stage.ask("post", "commands", {"action": action, "messages": [str(message(message_id).pk)], **more})


def mailbox(stage: Stage, role: str = "", name: str = "") -> Mapping[str, Any]:
    for each in stage.get("mailboxes")["items"]:
        if (role and each["role"] == role) or (name and each["name"] == name):
            return dict(each)
    raise AssertionError(f"no mailbox {role or name}")


def point(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def at(moment: datetime) -> dict[str, str]:
    return {"at": f"{moment:%Y-%m-%dT%H:%M:%S}", "zone": "Europe/Rome"}


def calendar(stage: Stage) -> str:
    return str(next(each["id"] for each in stage.get("calendars")["items"] if each["writable"]))


def week(stage: Stage) -> dict[str, dict[str, Any]]:
    """The events of the days around START, by title."""
    begin, end = START - timedelta(days=5), START + timedelta(days=9)
    told = stage.get("events", **{"from": point(begin), "to": point(end), "zone": "UTC"})
    return {each["title"]: each for each in told["items"]}


def people(stage: Stage) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in stage.get("contacts")["items"]}


def test_the_first_sync_brings_everything_and_the_second_nothing(stage: Stage) -> None:
    sent = [new_message_id() for _ in range(5)]
    for number, one in enumerate(sent):
        stage.elsewhere.deliver(letter(f"Letter {number}", one))
    stage.elsewhere.add_event("Standup", START)
    stage.elsewhere.add_contact("Dino", "Dotti")
    stage.settle()
    assert {message(one).subject for one in sent} == {f"Letter {number}" for number in range(5)}
    assert "Standup" in week(stage)
    assert "Dino Dotti" in people(stage)
    before = stage.get("mailboxes")["seq"]
    stage.sync()
    assert stage.get("mailboxes")["seq"] == before, "a sync that finds nothing tells nothing"


def test_what_happens_elsewhere_is_mirrored(stage: Stage) -> None:
    read, filed, erased = (arrives(stage, subject) for subject in ("Read", "Filed", "Erased"))
    stage.elsewhere.add_event("Standup", START)
    stage.elsewhere.add_contact("Dino", "Dotti")
    stage.sync()
    stage.elsewhere.read(read)
    stage.elsewhere.file(filed, "trash")
    stage.elsewhere.erase(erased)
    stage.elsewhere.retitle_event("Standup", "Walk")
    stage.elsewhere.rename_contact("Dotti", "Donati")
    stage.settle()
    assert "\\seen" in message(read).flags
    assert roles(filed) == {"trash"}
    assert not Message.objects.filter(message_id=erased, orphaned_at=None, placements__isnull=False).exists()
    assert {"Walk"} <= week(stage).keys() and "Standup" not in week(stage)
    assert "Dino Donati" in people(stage)
    stage.elsewhere.drop_event("Walk")
    stage.elsewhere.drop_contact("Donati")
    stage.settle()
    assert "Walk" not in week(stage)
    assert people(stage) == {}


def test_a_thread_is_one_conversation(stage: Stage) -> None:
    first = arrives(stage, "Budget")
    second = arrives(stage, "Re: Budget", references=first)
    assert message(first).thread_id == message(second).thread_id
    stage.settle()


def test_every_command_reaches_the_provider(stage: Stage) -> None:
    one = arrives(stage, "Commands")
    for action, there in (("read", True), ("unread", False), ("star", True), ("unstar", False)):
        act(stage, action, one)
        stage.settle()
        flag = "\\seen" if "read" in action else "\\flagged"
        assert (flag in message(one).flags) is there, action
    act(stage, "archive", one)
    stage.settle()
    assert roles(one) <= {"archive"}
    act(stage, "move", one, to_mailbox_id=mailbox(stage, "inbox")["id"])
    stage.settle()
    assert "inbox" in roles(one)
    act(stage, "junk", one)
    stage.settle()
    assert roles(one) == {"junk"}
    act(stage, "not_junk", one)
    stage.settle()
    assert "inbox" in roles(one)
    act(stage, "trash", one)
    stage.settle()
    assert roles(one) == {"trash"}


def test_a_mailbox_is_made_used_renamed_and_deleted(stage: Stage) -> None:
    one = arrives(stage, "Filing")
    stage.ask("post", "mailboxes", {"account_id": str(stage.account.pk), "name": "Projects"})
    stage.settle()
    made = mailbox(stage, name="Projects")
    act(stage, "move", one, to_mailbox_id=made["id"])
    stage.settle()
    assert "Projects" in names(one)
    stage.ask("patch", f"mailboxes/{made['id']}", {"name": "Works"})
    stage.settle()
    assert "Works" in names(one)
    act(stage, "move", one, to_mailbox_id=mailbox(stage, "inbox")["id"])
    stage.settle()
    stage.ask("delete", f"mailboxes/{mailbox(stage, name='Works')['id']}")
    stage.settle()
    assert not [each for each in stage.get("mailboxes")["items"] if each["name"] == "Works"]
    assert "inbox" in roles(one)


def test_an_act_is_taken_back(stage: Stage) -> None:
    one = arrives(stage, "Undo")
    told = act(stage, "trash", one)
    stage.settle()
    stage.ask("post", f"commands/{told['id']}/undo")
    stage.settle()
    assert "inbox" in roles(one)


def test_both_sides_at_once_converge(stage: Stage) -> None:
    one, two = arrives(stage, "One"), arrives(stage, "Two")
    act(stage, "read", one)
    stage.elsewhere.file(one, "trash")
    act(stage, "trash", two)
    stage.elsewhere.erase(two)
    stage.settle()
    assert roles(one) == {"trash"}


def test_a_message_is_sent_once_and_filed_once(stage: Stage) -> None:
    stage.sync()
    stage.send("Greetings")
    stage.settle()
    assert len(stage.elsewhere.sent()) == 1
    filed = Message.objects.filter(subject="Greetings", placements__mailbox__role="sent", orphaned_at=None)
    assert filed.count() == 1


def test_a_message_whose_answer_was_lost_is_not_sent_again(stage: Stage) -> None:
    stage.sync()
    stage.elsewhere.lose_answer_to_sending()
    stage.send("Once")
    stage.work()
    assert len(stage.elsewhere.sent()) == 1
    stage.work()
    stage.settle()
    assert len(stage.elsewhere.sent()) == 1


def test_a_draft_is_seen_elsewhere_and_leaves_no_copies(stage: Stage) -> None:
    stage.sync()
    draft = str(uuid.uuid4())
    body = {"rev": 0, "account_id": str(stage.account.pk), "subject": "Draft", "html": "<p>One</p>"}
    made = stage.ask("put", f"drafts/{draft}", body, 200)
    stage.settle()
    stage.ask("put", f"drafts/{draft}", {"rev": made["rev"], "html": "<p>Two</p>"}, 200)
    stage.settle()
    held = Message.objects.filter(subject="Draft", placements__mailbox__role="drafts", orphaned_at=None)
    assert held.distinct().count() == 1


def test_events_are_made_changed_moved_in_time_and_deleted(stage: Stage) -> None:
    stage.sync()
    times = {"start": at(START), "end": at(START + timedelta(hours=1))}
    stage.ask("post", "events", {"collection_id": calendar(stage), "title": "Review", **times})
    assert "Review" in week(stage), "visible before the provider has it"
    stage.settle()
    event = week(stage)["Review"]
    path = f"events/{event['id']}"
    stage.ask("patch", path, {"title": "Second review", "location": "Room 2"})
    stage.settle()
    assert week(stage)["Second review"]["location"] == "Room 2"
    stage.elsewhere.retitle_event("Second review", "Third review")
    stage.ask("patch", path, {"location": "Room 3"})
    stage.settle()
    assert week(stage)["Third review"]["location"] == "Room 3", "both changes stand"
    stage.ask("delete", path, {})
    stage.settle()
    assert "Third review" not in week(stage)


def test_a_series_is_changed_in_one_instance_and_from_one_on(stage: Stage) -> None:
    stage.sync()
    times = {"start": at(START), "end": at(START + timedelta(hours=1)), "rule": "FREQ=DAILY;COUNT=6"}
    stage.ask("post", "events", {"collection_id": calendar(stage), "title": "Daily", **times})
    stage.settle()
    begin, until = START - timedelta(days=1), START + timedelta(days=9)

    def instances() -> list[dict[str, Any]]:
        told = stage.get("events", **{"from": point(begin), "to": point(until), "zone": "UTC"})["items"]
        return sorted((each for each in told if "aily" in each["title"]), key=lambda each: str(each["start"]))

    assert len(instances()) == 6
    second = instances()[1]
    one = {"scope": "this", "key": second["key"], "title": "Daily, long"}
    stage.ask("patch", f"events/{second['id']}", one)
    stage.settle()
    assert [each["title"] for each in instances()].count("Daily, long") == 1
    third = instances()[2]
    stage.ask("delete", f"events/{third['id']}", {"scope": "this", "key": third["key"]})
    stage.settle()
    assert len(instances()) == 5


def test_a_conflict_is_kept_and_a_person_decides(stage: Stage) -> None:
    stage.elsewhere.add_event("Lunch", START)
    stage.settle()
    event = week(stage)["Lunch"]
    stage.elsewhere.retitle_event("Lunch", "Dinner")
    stage.ask("patch", f"events/{event['id']}", {"title": "Breakfast"})
    stage.settle()
    assert "Dinner" in week(stage), "the provider's stands"
    assert stage.get(f"events/{event['id']}")["conflict"], "ours is kept"
    stage.ask("patch", f"events/{event['id']}", {"title": "Breakfast"})
    stage.settle()
    assert "Breakfast" in week(stage)
    assert not stage.get(f"events/{event['id']}")["conflict"]


def test_what_is_made_here_and_deleted_there_before_anybody_looked_is_gone(stage: Stage) -> None:
    stage.settle()
    times = {"start": at(START), "end": at(START + timedelta(hours=1))}
    stage.ask("post", "events", {"collection_id": calendar(stage), "title": "Short-lived", **times})
    book = next(each for each in stage.get("address-books")["items"] if each["writable"])
    name = {"given": "Elsa", "family": "Effimera"}
    stage.ask("post", "contacts", {"collection_id": book["id"], "name": name})
    stage.work()
    stage.elsewhere.drop_event("Short-lived")
    stage.elsewhere.drop_contact("Effimera")
    stage.settle()
    assert "Short-lived" not in week(stage)
    assert people(stage) == {}


def test_contacts_are_made_changed_and_deleted(stage: Stage) -> None:
    stage.sync()
    book = next(each for each in stage.get("address-books")["items"] if each["writable"])
    fields = {"name": {"given": "Elsa", "family": "Emiliani"}, "emails": [{"value": "elsa@outside.example"}]}
    stage.ask("post", "contacts", {"collection_id": book["id"], **fields})
    stage.settle()
    contact = people(stage)["Elsa Emiliani"]
    stage.ask("patch", f"contacts/{contact['id']}", {"title": "Director"})
    stage.settle()
    assert stage.get(f"contacts/{contact['id']}")["title"] == "Director"
    stage.ask("delete", f"contacts/{contact['id']}")
    stage.settle()
    assert people(stage) == {}


def test_cursors_that_expired_cost_nothing(stage: Stage) -> None:
    first = arrives(stage, "Before")
    stage.elsewhere.add_event("Standup", START)
    stage.elsewhere.add_contact("Dino", "Dotti")
    stage.settle()
    stage.elsewhere.expire_cursors()
    second = new_message_id()
    stage.elsewhere.deliver(letter("After", second))
    stage.elsewhere.retitle_event("Standup", "Walk")
    stage.settle()
    assert {message(first).subject, message(second).subject} == {"Before", "After"}
    assert "Walk" in week(stage)
    assert Message.objects.filter(message_id=first).count() == 1


def test_a_consent_that_ended_stops_the_account_until_it_is_given_again(stage: Stage) -> None:
    first = arrives(stage, "Before")
    stage.elsewhere.withdraw()
    second = new_message_id()
    stage.elsewhere.deliver(letter("After", second))
    stage.try_to_sync()
    account = ProviderAccount.objects.get(pk=stage.account.pk)
    assert (account.status, bool(account.status_reason)) == (AccountStatus.NEEDS_RECONNECT, True)
    assert message(first), "what is mirrored stays"
    stage.consent_again()
    stage.settle()
    assert message(second)


def test_what_is_archived_keeps_its_labels(stage: Stage) -> None:
    one = arrives(stage, "Labelled")
    stage.ask("post", "mailboxes", {"account_id": str(stage.account.pk), "name": "Clients"})
    stage.settle()
    act(stage, "move", one, to_mailbox_id=mailbox(stage, name="Clients")["id"])
    stage.settle()
    act(stage, "archive", one)
    stage.settle()
    whole = next((each for each in stage.get("mailboxes")["items"] if each["whole"]), None)
    if whole:
        assert "Clients" in names(one), "a label stays on what is archived"
        clients = mailbox(stage, name="Clients")["id"]
        act(stage, "move", one, from_mailbox_id=clients, to_mailbox_id=whole["id"])
        stage.settle()
        assert "Clients" not in names(one), "a label is taken off"
        act(stage, "inbox", one)
        act(stage, "move", one, from_mailbox_id=whole["id"], to_mailbox_id=clients)
        stage.settle()
        assert "Clients" in names(one), "and put on"
        assert "inbox" in roles(one), "without leaving the inbox"
    else:
        assert roles(one) == {"archive"}, "a message in folders is in one of them"
    act(stage, "trash", one)
    assert roles(one) == {"trash"}
    stage.settle()
    assert roles(one) == {"trash"}
