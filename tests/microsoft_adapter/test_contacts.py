"""Address books over Graph: followed, written, and translated both ways."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from apps.providers.adapters import errors, vcard
from apps.providers.adapters.collections import DeleteObject, MoveObject, PutObject, Stored
from apps.providers.adapters.microsoft import contact_text
from apps.providers.adapters.microsoft.contacts import DEFAULT, GraphContacts
from tests.dav.servers import MemoryMirror
from tests.fakes.microsoft.faults import cut
from tests.microsoft_adapter.desk import Desk
from tests.microsoft_adapter.shelf import differences, sync

PICTURE = b"\x89PNG\r\n\x1a\n" + b"x" * 40
BOB: dict[str, Any] = {
    "givenName": "Bob", "surname": "Brown", "displayName": "Bob Brown", "companyName": "Acme", "department": "Sales",
    "jobTitle": "Head", "emailAddresses": [{"address": "bob@acme.example", "name": "Bob"}],
    "businessPhones": ["+39 1"], "homePhones": ["+39 2"], "mobilePhone": "+39 3",
    "personalNotes": "Tall; dark,\nhandsome",
    "homeAddress": {"street": "Via Roma 1", "city": "Rome", "postalCode": "00100", "countryOrRegion": "Italy"},
    "birthday": "1980-02-29T11:59:00Z", "categories": ["Friends"], "spouseName": "Eve", "children": ["Tim", "Tom"],
    "imAddresses": ["bob@chat.example"], "yomiSurname": "ブラウン", "fileAs": "Brown, Bob",
}  # fmt: skip
CARD = vcard.new(
    {
        "full_name": "Dr. Carla Verdi", "name": {"family": "Verdi", "given": "Carla", "additional": "", "prefix": "Dr.",
                                                 "suffix": ""},
        "emails": [{"value": "carla@verdi.example", "label": "work", "preferred": True},
                   {"value": "c@home.example", "label": "home", "preferred": False}],
        "phones": [{"value": "+39 06 1", "label": "fax", "preferred": False},
                   {"value": "+39 333", "label": "cell", "preferred": False}],
        "organization": "Verdi & Co", "notes": "Likes tea", "categories": ["VIP"],
        "urls": [{"value": "https://verdi.example", "label": "", "preferred": False},
                 {"value": "https://more.example", "label": "", "preferred": False}],
    },
    "9d9f0e8e-1111-4222-8333-944455556666",
)  # fmt: skip


def synced(desk: Desk) -> tuple[MemoryMirror, GraphContacts]:
    """A mirror of all there is."""
    mirror, adapter = MemoryMirror(), desk.contacts()
    sync(adapter, mirror)
    return mirror, adapter


def one(mirror: MemoryMirror) -> tuple[str, str, bytes]:
    """The one contact of the default folder."""
    ((name, (etag, data)),) = mirror.objects[DEFAULT].items()
    return name, etag, data


@pytest.fixture(params=["answered", "answer lost", "never arrived"])
def write(request: pytest.FixtureRequest, desk: Desk) -> Callable[[GraphContacts, Any], Stored]:
    """Carry out a command; where its first try is cut, before or after it took effect, a second time."""

    def run(adapter: GraphContacts, command: Any) -> Stored:
        if request.param != "answered":
            desk.faults.add(cut(after_commit=request.param == "answer lost"), "^(POST|PATCH|DELETE)")
            with pytest.raises(errors.Transient):
                adapter.execute(command)
        return adapter.execute(command)

    return run


Write = Callable[[GraphContacts, Any], Stored]


def test_contacts_of_every_folder_are_mirrored_and_followed(desk: Desk) -> None:
    bob = desk.elsewhere.add_contact(BOB)
    team = desk.elsewhere.add_contact_folder("Team")
    below = desk.elsewhere.add_contact_folder("North", team.id)
    ann = desk.elsewhere.add_contact({"displayName": "Ann"}, below.id)
    mirror, adapter = synced(desk)
    assert differences(adapter, mirror) == []
    assert [record.name for record in adapter.census().listing] == ["Contacts", "Team", "North"]
    assert len(sync(adapter, mirror)) == 1
    desk.elsewhere.edit_contact(bob, {"jobTitle": "Boss"})
    desk.elsewhere.set_photo(bob, PICTURE)
    desk.elsewhere.move_contact(ann, team.id)
    sync(adapter, mirror)
    assert differences(adapter, mirror) == []
    card = vcard.read(one(mirror)[2])
    assert card.title == "Boss"
    assert card.photo is not None
    assert card.photo.data == PICTURE
    desk.elsewhere.delete_contact(bob)
    sync(adapter, mirror)
    assert differences(adapter, mirror) == []


def test_a_contact_says_as_a_card_all_that_it_says(desk: Desk) -> None:
    desk.elsewhere.add_contact(BOB)
    mirror, _ = synced(desk)
    *_, data = one(mirror)
    card = vcard.read(data)
    assert card.problems == ()
    assert (card.full_name, card.name.family, card.organization, card.unit) == ("Bob Brown", "Brown", "Acme", "Sales")
    assert [(one.value, one.label) for one in card.phones] == [("+39 1", "work"), ("+39 2", "home"), ("+39 3", "cell")]
    assert card.notes == BOB["personalNotes"]
    assert card.birthday is not None
    assert (card.birthday.year, card.birthday.month, card.birthday.day) == (1980, 2, 29)
    assert (card.addresses[0].label, card.addresses[0].locality) == ("home", "Rome")
    back = contact_text.wanted(data)
    for name, value in BOB.items():
        if name == "emailAddresses":
            assert [one["address"] for one in back[name]] == [one["address"] for one in value]
        elif name == "homeAddress":
            assert back[name] == value | {"state": ""}
        else:
            assert back[name] == value, name


def test_a_new_card_is_made_once_and_reads_as_it_was_written(desk: Desk, write: Write) -> None:
    mirror, adapter = synced(desk)
    stored = write(adapter, PutObject(DEFAULT, "new:1", CARD))
    assert stored.record is not None
    assert stored.remote_id == stored.record.remote_id != "new:1"
    card, wanted = vcard.read(stored.record.data), vcard.read(CARD)
    for field in ("uid", "full_name", "name", "emails", "phones", "organization", "notes", "categories", "urls"):
        assert getattr(card, field) == getattr(wanted, field), field
    sync(adapter, mirror)
    assert one(mirror) == (stored.remote_id, stored.record.etag, stored.record.data)


def test_an_edit_sends_only_what_changed(desk: Desk, write: Write) -> None:
    bob = desk.elsewhere.add_contact(BOB)
    mirror, adapter = synced(desk)
    name, etag, data = one(mirror)
    edited = vcard.change(data, {"title": "Boss", "nickname": "Bobby"})
    before = dict(bob.values)
    stored = write(adapter, PutObject(DEFAULT, name, edited, etag))
    assert stored.record is not None
    assert vcard.read(stored.record.data).title == "Boss"
    assert {field for field in bob.values if bob.values[field] != before.get(field)} == {"jobTitle", "nickName"}
    sync(adapter, mirror)
    assert differences(adapter, mirror) == []


def test_a_photo_is_put_and_taken_away(desk: Desk) -> None:
    bob = desk.elsewhere.add_contact({"displayName": "Bob"})
    mirror, adapter = synced(desk)
    name, etag, data = one(mirror)
    line = b"PHOTO;ENCODING=b;TYPE=PNG:" + b64encode(PICTURE) + b"\r\n"
    stored = adapter.execute(PutObject(DEFAULT, name, data.replace(b"END:VCARD", line + b"END:VCARD"), etag))
    assert bob.photo == PICTURE
    assert stored.record is not None
    adapter.execute(PutObject(DEFAULT, name, data, stored.record.etag))
    assert bob.photo is None


def test_what_changed_meanwhile_is_a_conflict(desk: Desk) -> None:
    bob = desk.elsewhere.add_contact(BOB)
    mirror, adapter = synced(desk)
    name, etag, data = one(mirror)
    desk.elsewhere.edit_contact(bob, {"jobTitle": "Theirs"})
    edited = vcard.change(data, {"title": "Ours"})
    for command in (PutObject(DEFAULT, name, edited, etag), DeleteObject(DEFAULT, name, etag)):
        with pytest.raises(errors.Conflict) as caught:
            adapter.execute(command)
        assert caught.value.remote_etag == adapter.fetch(DEFAULT, name).etag
    assert bob.values["jobTitle"] == "Theirs"


def test_a_contact_is_deleted_once(desk: Desk, write: Write) -> None:
    desk.elsewhere.add_contact(BOB)
    mirror, adapter = synced(desk)
    name, etag, _ = one(mirror)
    write(adapter, DeleteObject(DEFAULT, name, etag))
    sync(adapter, mirror)
    assert mirror.texts() == {}
    with pytest.raises(errors.NotFound):
        adapter.fetch(DEFAULT, name)
    with pytest.raises(errors.Rejected):
        adapter.execute(MoveObject(DEFAULT, name, etag, "elsewhere", "new:2"))


@pytest.mark.parametrize(
    "more",
    ["EMAIL:a@a.example\r\nEMAIL:b@b.example", "KIND:group", "NOTE:" + "x" * 10 + "\r\nX-BIG:" + "y" * 40_000],
    ids=["emails", "group", "big"],
)
def test_what_outlook_cannot_hold_is_refused_in_a_sentence(desk: Desk, more: str) -> None:
    _, adapter = synced(desk)
    text = CARD.replace(b"END:VCARD", more.encode() + b"\r\nEND:VCARD")
    with pytest.raises(errors.Rejected, match="Outlook"):
        adapter.execute(PutObject(DEFAULT, "new:1", text))


def test_what_only_a_card_says_is_kept(desk: Desk) -> None:
    mirror, adapter = synced(desk)
    text = CARD.replace(b"END:VCARD", b"BDAY:--0412\r\nX-SOCIALPROFILE;TYPE=x:https://x.example\r\nEND:VCARD")
    stored = adapter.execute(PutObject(DEFAULT, "new:1", text))
    assert stored.record is not None
    for line in (b"BDAY:--0412", b"X-SOCIALPROFILE;TYPE=x:https://x.example"):
        assert line in stored.record.data
    again = vcard.change(stored.record.data, {"title": "Boss"})
    stored = adapter.execute(PutObject(DEFAULT, stored.remote_id, again, stored.record.etag))
    assert stored.record is not None
    assert b"BDAY:--0412" in stored.record.data
    sync(adapter, mirror)
    assert differences(adapter, mirror) == []
