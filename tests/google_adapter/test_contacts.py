"""Contacts: read as vCards, followed, and written back field by field."""

from typing import Any

import pytest

from apps.providers.adapters import errors, vcard
from apps.providers.adapters.collections import DeleteObject, ObjectRecord, PutObject
from apps.providers.adapters.google import contacts
from apps.providers.adapters.google.contacts.adapter import CONNECTIONS, OTHERS
from tests.dav.servers import MemoryMirror
from tests.google_adapter.collections import follow, quiet, sync
from tests.google_adapter.desk import ANNA, AUTH, Desk, Json, again

CARLA: Json = {
    "names": [{"givenName": "Carla", "familyName": "Verdi"}],
    "emailAddresses": [{"value": "carla@outside.example", "type": "work", "displayName": "C."}],
    "phoneNumbers": [{"value": "+39 02 123", "type": "mobile"}, {"value": "+39 02 9", "type": "Mountain Hut"}],
    "birthdays": [{"date": {"month": 4, "day": 12}}],
    "organizations": [{"name": "Firm", "title": "Boss", "symbol": "FRM"}, {"name": "Second"}],
    "userDefined": [{"key": "Shoe", "value": "38"}],
}
CARD = (
    b"BEGIN:VCARD\r\nVERSION:4.0\r\nUID:u-1@pmsync\r\nFN:Dora Neri\r\nN:Neri;Dora;;;\r\n"
    b"EMAIL;TYPE=home:dora@outside.example\r\nCATEGORIES:Choir\r\nNOTE:Sings\\, well\r\nEND:VCARD\r\n"
)


class Book:
    """One person's contacts: our adapter and the mirror it keeps."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.adapter = contacts.connect(desk.tokens(), **desk.options)
        desk.opened.append(self.adapter)
        self.mirror = MemoryMirror()
        self.elsewhere: Any = desk.google.elsewhere

    def follow(self) -> bool:
        return quiet(follow(self.adapter, self.mirror))

    def add(self, person: Json) -> str:
        return str(self.elsewhere.add_contact(ANNA, person)["resourceName"])

    def held(self, name: str) -> ObjectRecord:
        etag, data = self.mirror.objects[CONNECTIONS][name]
        return ObjectRecord(name, etag, data)

    def google(self, name: str) -> Json:
        return dict(self.desk.google.people[ANNA].contacts[name].fields)

    def write(self, name: str, old: bytes, new: bytes) -> ObjectRecord:
        """An edit of ours."""
        held = self.held(name)
        assert old in held.data
        record = self.adapter.execute(PutObject(CONNECTIONS, name, held.data.replace(old, new), held.etag)).record
        assert record is not None
        return record


@pytest.fixture
def book(desk: Desk) -> Book:
    return Book(desk)


def test_a_contact_is_read_as_a_card(book: Book) -> None:
    name = book.add(CARLA)
    book.follow()
    card = vcard.read(book.held(name).data)
    assert (card.full_name, card.name.family, card.organization, card.title) == ("Carla Verdi", "Verdi", "Firm", "Boss")
    assert [(one.value, one.label) for one in card.phones] == [("+39 02 123", "cell"), ("+39 02 9", "Mountain Hut")]
    assert card.birthday is not None
    assert (card.birthday.year, card.birthday.month, card.birthday.day) == (None, 4, 12)
    assert b"Shoe" in book.held(name).data
    assert book.follow()


def test_changes_at_another_client_are_followed(book: Book) -> None:
    book.follow()
    name = book.add(CARLA)
    book.follow()
    book.elsewhere.edit_contact(ANNA, name, {"nicknames": [{"value": "Lalla"}]})
    book.follow()
    assert vcard.read(book.held(name).data).nickname == "Lalla"
    renamed = book.elsewhere.link_contact(ANNA, name)
    book.follow()
    assert set(book.mirror.objects[CONNECTIONS]) == {renamed}
    book.elsewhere.delete_contact(ANNA, renamed)
    book.follow()
    assert not book.mirror.objects[CONNECTIONS]
    assert book.follow()


def test_groups_are_categories_both_ways(book: Book) -> None:
    group = book.elsewhere.call(ANNA, "people.contactGroups.create", {"contactGroup": {"name": "Choir"}})
    name = book.add(CARLA | {"memberships": [{"contactGroupMembership": {
        "contactGroupResourceName": group["resourceName"]}}]})  # fmt: skip
    book.follow()
    assert vcard.read(book.held(name).data).categories == ("Choir",)
    book.write(name, b"CATEGORIES:Choir", b"CATEGORIES:Choir,Team")
    book.follow()
    assert vcard.read(book.held(name).data).categories == ("Choir", "Team")
    book.elsewhere.call(
        ANNA, "people.contactGroups.update", {"contactGroup": {"name": "Singers", "etag": group["etag"]}},
        resourceName=group["resourceName"],
    )  # fmt: skip
    book.follow()
    assert set(vcard.read(book.held(name).data).categories) == {"Singers", "Team"}
    book.write(name, b"CATEGORIES:Singers,Team\r\n", b"")
    book.follow()
    assert vcard.read(book.held(name).data).categories == ()


def test_an_edit_sends_only_what_it_changed(book: Book) -> None:
    name = book.add(CARLA)
    book.follow()
    book.write(name, b"TITLE:Boss", b"TITLE:Chief")
    (sent,) = [one for one in book.desk.google.journal.entries if one.method == "people.people.updateContact"]
    assert sent.parameters["updatePersonFields"] == "organizations"
    now = book.google(name)["organizations"]
    assert [(one.get("title"), one.get("symbol"), one["name"]) for one in now] == [
        ("Chief", "FRM", "Firm"), (None, None, "Second"),
    ]  # fmt: skip
    book.follow()
    book.write(name, b"carla@outside", b"verdi@outside")
    book.follow()
    book.write(name, b"N:Verdi;Carla", b"N:Rossi;Carla")
    now = book.google(name)
    assert (now["names"][0]["familyName"], now["emailAddresses"][0]["value"]) == ("Rossi", "verdi@outside.example")
    assert now["phoneNumbers"][1]["type"] == "Mountain Hut"
    book.follow()
    before = book.desk.asked("people.people.updateContact")
    held = book.held(name)
    book.adapter.execute(PutObject(CONNECTIONS, name, held.data, held.etag))
    assert book.desk.asked("people.people.updateContact") == before


@pytest.mark.parametrize("kind", ["cut", "half", "503"])
def test_a_create_whose_answer_was_lost_makes_one_contact(book: Book, desk: Desk, kind: str) -> None:
    book.follow()
    desk.fail("people.people.createContact", kind, after=True)
    command = PutObject(CONNECTIONS, "new:u-1", CARD)
    stored = again(lambda: book.adapter.execute(command))
    assert len(desk.google.people[ANNA].contacts) == 1
    assert stored.record.remote_id == stored.remote_id
    assert vcard.read(stored.record.data).uid == "u-1@pmsync"
    assert vcard.read(stored.record.data).notes == "Sings, well"
    book.follow()
    assert book.held(stored.remote_id).etag == stored.record.etag


@pytest.mark.parametrize("kind", ["cut", "503"])
def test_other_commands_repeated_take_effect_once(book: Book, desk: Desk, kind: str) -> None:
    name = book.add(CARLA)
    book.follow()
    held = book.held(name)
    change = PutObject(CONNECTIONS, name, held.data.replace(b"Boss", b"Chief"), held.etag)
    desk.fail("people.people.updateContact", kind, after=True)
    with pytest.raises(errors.Transient):
        book.adapter.execute(change)
    with pytest.raises(errors.Conflict) as caught:
        book.adapter.execute(change)
    now = book.adapter.fetch(CONNECTIONS, name)
    assert caught.value.remote_etag == now.etag
    assert b"Chief" in now.data
    desk.fail("people.people.deleteContact", kind, after=True)
    with pytest.raises(errors.Transient):
        book.adapter.execute(DeleteObject(CONNECTIONS, name, now.etag))
    book.adapter.execute(DeleteObject(CONNECTIONS, name, now.etag))
    book.follow()


def test_what_somebody_else_changed_is_a_conflict(book: Book, desk: Desk) -> None:
    name = book.add(CARLA)
    book.follow()
    held = book.held(name)
    desk.fail("people.people.updateContact", "people: etag")
    with pytest.raises(errors.Conflict):
        book.adapter.execute(PutObject(CONNECTIONS, name, held.data.replace(b"Boss", b"Chief"), held.etag))
    book.elsewhere.edit_contact(ANNA, name, {"nicknames": [{"value": "Lalla"}]})
    for command in (PutObject(CONNECTIONS, name, held.data, held.etag), DeleteObject(CONNECTIONS, name, held.etag)):
        with pytest.raises(errors.Conflict) as caught:
            book.adapter.execute(command)
        assert caught.value.remote_etag


def test_etags_that_flicker_change_nothing(book: Book, desk: Desk) -> None:
    name = book.add(CARLA)
    desk.google.people[ANNA].flickering_etags = True
    book.follow()
    book.write(name, b"Boss", b"Chief")
    book.follow()
    assert book.follow()


def test_a_token_that_ended_costs_a_comparison_and_nothing_else(book: Book, desk: Desk) -> None:
    kept, lost = book.add(CARLA), book.add(CARLA)
    book.follow()
    book.elsewhere.delete_contact(ANNA, lost)
    desk.google.clock.advance(8 * 86_400)
    batches = follow(book.adapter, book.mirror)
    assert set(book.mirror.objects[CONNECTIONS]) == {kept}
    assert not [record for batch in batches for record in batch.upserts]


def test_other_contacts_are_read_only_and_may_be_missing(desk: Desk) -> None:
    adapter = contacts.connect(desk.tokens(scopes=(f"{AUTH}contacts",)), **desk.options)
    desk.opened.append(adapter)
    mirror = MemoryMirror()
    sync(adapter, mirror)
    assert mirror.cursors[CONNECTIONS]
    assert mirror.cursors[OTHERS] is None
    with pytest.raises(errors.PermissionMissing):
        adapter.execute(PutObject(OTHERS, "new:1", CARD))


@pytest.mark.parametrize("kind", ["429", "503", "cut", "half"])
def test_faults_are_typed_and_pass(book: Book, desk: Desk, kind: str) -> None:
    name = book.add(CARLA)
    desk.fail("people.people.connections.list", kind)
    with pytest.raises(errors.Transient):
        sync(book.adapter, book.mirror)
    book.follow()
    assert book.held(name)
