"""Contacts end to end: a real CardDAV server, the engine, the journal, the API, and back."""

import base64
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from apps.collections import ingest
from apps.contacts.kind import KIND
from apps.contacts.models import AddressBook, Contact
from apps.outbound.models import Command, State
from apps.providers import connections
from apps.providers.models import AccountAccess
from tests.contacts.conftest import Books, key, listed, post, verified
from tests.tenants.fixtures import Cast, Make


def patch(client: APIClient, contact: Contact, body: Any) -> Any:
    return client.patch(f"/api/v1/contacts/{contact.pk}", body, format="json", headers=key())


def test_a_first_import_fills_the_book_and_is_no_news(books: Books, client: APIClient) -> None:
    for number in range(60):
        books.card(f"u{number}", f"EMAIL:p{number}@example.test", name=f"Person Nr{number:02}")
    books.sync()
    assert Contact.objects.count() == 60
    (book,) = client.get("/api/v1/address-books").json()["items"]
    assert (book["total"], book["remaining"], book["writable"]) == (60, 0, True)
    assert {name for name, _ in books.events()} == {"contacts:update"}
    assert listed(client, limit="3", position="57") == ["Person Nr57", "Person Nr58", "Person Nr59"]
    assert verified(books) == ()
    before = Contact.objects.get(uid="u7").rev
    books.sync()
    assert Contact.objects.get(uid="u7").rev == before
    assert [data for _, data in books.events() if "contact" in data] == []


def test_what_another_program_does_is_told_as_it_happens(books: Books, client: APIClient) -> None:
    books.card("one", "EMAIL:anna@example.test")
    books.sync()
    books.events()
    path = books.card("one", "EMAIL:anna@example.test", "TITLE:Capo")
    books.card("two", name="Bruno Verdi")
    books.sync()
    told = [
        (name, data["contact"]["name"], data["contact"]["title"]) for name, data in books.events() if "contact" in data
    ]
    assert sorted(told) == [("contacts:new", "Bruno Verdi", ""), ("contacts:update", "Anna Rossi", "Capo")]
    books.other.delete(path)
    gone = Contact.objects.get(uid="one").pk
    books.sync()
    assert ("contacts:delete", {"id": str(gone), "collection_id": str(AddressBook.objects.get().pk)}) in books.events()
    assert listed(client) == ["Bruno Verdi"]
    assert verified(books) == ()


def test_a_card_that_was_only_reformatted_is_no_news(books: Books) -> None:
    books.card("one", "NOTE:kept", "REV:20260101T000000Z")
    books.sync()
    books.events()
    books.card("one", "REV:20260202T000000Z", "NOTE:kept")
    books.sync()
    assert [data for _, data in books.events() if "contact" in data] == []
    assert b"20260202" in bytes(Contact.objects.get().data)
    assert verified(books) == ()


def test_a_new_contact_is_there_at_once_and_goes_to_the_server(books: Books, client: APIClient) -> None:
    books.sync()
    books.events()
    book = AddressBook.objects.get()
    body = {
        "collection_id": str(book.pk),
        "name": {"given": "Zoë", "family": "D'Amico"},
        "emails": [{"value": "zoe@example.test", "label": "work"}],
        "photo": {"media_type": "image/png", "data": base64.b64encode(b"\x89PNG picture").decode()},
    }
    headers = key()
    first = post(client, "contacts", body, **headers)
    assert (first.status_code, post(client, "contacts", body, **headers).json()["id"]) == (202, first.json()["id"])
    row = Contact.objects.get()
    assert client.get(f"/api/v1/contacts/{row.pk}").json()["pending"] is True
    books.send()
    row.refresh_from_db()
    shown = client.get(f"/api/v1/contacts/{row.pk}").json()
    assert (shown["name"], shown["pending"], shown["card"]["emails"][0]["label"]) == ("Zoë D'Amico", False, "work")
    assert "FN:Zoë D'Amico" in books.there(row.remote_id)
    assert client.get(f"/api/v1/contacts/{row.pk}/photo").content == b"\x89PNG picture"
    books.sync()
    names = [name for name, data in books.events() if "contact" in data]
    assert names == ["contacts:new", "contacts:update"]
    assert verified(books) == ()


def test_an_edit_changes_its_line_and_no_other(books: Books, client: APIClient) -> None:
    path = books.card("one", "EMAIL;TYPE=HOME:anna@example.test", "X-STRANGE;X-P=1:kept", "TITLE:Old")
    books.sync()
    row = Contact.objects.get()
    before = books.there(path).splitlines()
    assert patch(client, row, {"title": "Direttrice; capo"}).status_code == 202
    row.refresh_from_db()
    assert (row.title, row.base is not None) == ("Direttrice; capo", True)
    books.send()
    after = books.there(path).splitlines()
    assert set(after) - set(before) == {r"TITLE:Direttrice\; capo"}
    assert set(before) - set(after) == {"TITLE:Old"}
    row.refresh_from_db()
    assert row.base is None
    assert verified(books) == ()


def test_edits_of_both_sides_meet(books: Books, client: APIClient) -> None:
    path = books.card("one", "EMAIL:anna@example.test", "TITLE:Old")
    books.sync()
    row = Contact.objects.get()
    mail = {"value": "anna@new.test", "label": "", "preferred": False}
    old = client.get(f"/api/v1/contacts/{row.pk}").json()["card"]["emails"]
    patch(client, row, {"emails": [*old, mail]})
    books.card("one", "EMAIL:anna@example.test", "EMAIL:anna@theirs.test", "TITLE:Theirs")
    books.send()
    there = books.there(path)
    assert all(part in there for part in ("anna@new.test", "anna@theirs.test", "TITLE:Theirs"))
    books.sync()
    row.refresh_from_db()
    assert (row.title, sorted(row.emails)) == (
        "Theirs",
        ["anna@example.test", "anna@new.test", "anna@theirs.test"],
    )
    assert verified(books) == ()


def test_an_inbound_change_does_not_take_away_what_is_on_its_way(books: Books, client: APIClient) -> None:
    books.card("one", "TITLE:Old")
    books.sync()
    row = Contact.objects.get()
    patch(client, row, {"organization": "Ours"})
    books.card("one", "TITLE:Theirs")
    books.sync()
    row.refresh_from_db()
    assert (row.title, row.organization, row.base is not None) == ("Theirs", "Ours", True)
    books.send()
    row.refresh_from_db()
    assert (row.title, row.organization, row.base) == ("Theirs", "Ours", None)
    assert verified(books) == ()


def test_the_same_text_changed_by_both_is_left_to_the_person(books: Books, client: APIClient) -> None:
    books.card("one", "TITLE:Old")
    books.sync()
    row = Contact.objects.get()
    books.events()
    patch(client, row, {"title": "Ours"})
    path = books.card("one", "TITLE:Theirs")
    books.send()
    told = dict(books.events())
    assert told["command:failed"]["code"] == "both_changed"
    assert told["command:failed"]["objects"] == [str(row.pk)]
    assert "choose between theirs and yours" in told["command:failed"]["sentence"]
    books.sync()
    row.refresh_from_db()
    assert (row.title, b"TITLE:Ours" in bytes(row.ours or b"")) == ("Theirs", True)
    shown = client.get(f"/api/v1/contacts/{row.pk}").json()
    assert (shown["conflict"], shown["card"]["title"], shown["ours"]["title"]) == (True, "Theirs", "Ours")
    patch(client, row, {"title": "Ours"})
    books.send()
    row.refresh_from_db()
    assert (row.title, row.ours) == ("Ours", None)
    assert "TITLE:Ours" in books.there(path)
    assert verified(books) == ()


def test_after_a_conflict_theirs_can_be_kept(books: Books, client: APIClient) -> None:
    path = books.card("one", "TITLE:Old")
    books.sync()
    row = Contact.objects.get()
    patch(client, row, {"title": "Ours"})
    books.card("one", "TITLE:Theirs")
    books.send()
    books.sync()
    before = books.there(path)
    patch(client, row, {"title": "Theirs"})
    assert client.get(f"/api/v1/contacts/{row.pk}").json()["conflict"] is False
    assert not Command.objects.filter(finished_at=None).exists()
    assert (books.there(path), verified(books)) == (before, ())


def test_a_deletion_is_not_carried_out_on_what_was_changed_since_also_when_the_mirror_knows(
    books: Books, client: APIClient
) -> None:
    path = books.card("one", "TITLE:Old")
    books.sync()
    row = Contact.objects.get()
    headers = key()
    first = post(client, "contacts/delete", {"contacts": [str(row.pk)]}, **headers)
    assert post(client, "contacts/delete", {"contacts": [str(row.pk)]}, **headers).json()["id"] == first.json()["id"]
    books.card("one", "TITLE:Seen by nobody here")
    books.sync()
    books.events()
    books.send()
    assert "Seen by nobody" in books.there(path)
    assert listed(client) == ["Anna Rossi"]
    told = dict(books.events())
    assert "Look at it, and delete it again" in told["command:failed"]["sentence"]
    assert verified(books) == ()


def test_a_card_made_to_break_the_mirror_is_mirrored(books: Books, client: APIClient) -> None:
    books.sync()
    book = AddressBook.objects.get()
    long = "x" * 5_000
    data = (
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{long}\0\r\nFN:Nul\0 {long}\r\nN:{long};\0;;;\r\nEMAIL:{long}@x.test\r\n"
        f"TEL:{'1' * 5_000}\r\nNOTE:\0\r\nEND:VCARD\r\n"
    ).encode()
    row = Contact(account=books.account, collection=book, remote_id=f"{books.place}nul.vcf", etag='"1"', data=data)
    ingest.fill(row, KIND.read(data, book)).save()
    shown = client.get(f"/api/v1/contacts/{row.pk}").json()
    assert shown["name"].startswith("Nul\N{REPLACEMENT CHARACTER} x")
    assert (shown["emails"], shown["phones"], len(shown["uid"])) == ([], [], 255)
    assert shown["card"]["emails"][0]["value"] == f"{long}@x.test"


def test_what_changed_while_a_form_was_open_is_not_overwritten_unasked(books: Books, client: APIClient) -> None:
    books.card("one", "NOTE:shown")
    books.sync()
    contact = Contact.objects.get()
    seen = client.get(f"/api/v1/contacts/{contact.pk}").json()["card"]
    books.card("one", "NOTE:theirs", "TITLE:Capo")
    books.sync()
    refused = patch(client, contact, {"notes": "mine", "seen": seen})
    assert (refused.status_code, refused.json()["code"]) == (409, "changed_meanwhile")
    assert (refused.json()["current"], Command.objects.count()) == ({"notes": "theirs"}, 0)
    again = seen | refused.json()["current"]
    phones = [{"value": "+39 06 1", "types": []}]
    assert patch(client, contact, {"notes": "mine", "phones": phones, "seen": again}).status_code == 202
    books.send()
    card = client.get(f"/api/v1/contacts/{contact.pk}").json()["card"]
    assert (card["notes"], card["title"], len(card["phones"])) == ("mine", "Capo", 1)


def test_a_deleted_contact_goes_and_comes_back_when_it_was_changed_elsewhere(books: Books, client: APIClient) -> None:
    books.card("one")
    path = books.card("two", name="Bruno Verdi")
    books.sync()
    one, two = Contact.objects.get(uid="one"), Contact.objects.get(uid="two")
    answer = post(client, "contacts/delete", {"contacts": [str(one.pk), str(two.pk)]})
    assert (answer.status_code, answer.json()["total"], listed(client)) == (202, 2, [])
    assert client.get(f"/api/v1/contacts/{one.pk}").status_code == 404
    books.card("two", "TITLE:Seen by nobody here", name="Bruno Verdi")
    books.send()
    assert listed(client) == ["Bruno Verdi"]
    assert "Seen by nobody" in books.there(path)
    assert books.other.request("GET", f"{books.place}one.vcf").status_code == 404
    assert AddressBook.objects.get().total == 1
    books.sync()
    assert verified(books) == ()


def test_an_edit_of_what_was_deleted_elsewhere_makes_it_again(books: Books, client: APIClient) -> None:
    path = books.card("one", "TITLE:Old")
    books.sync()
    row = Contact.objects.get()
    patch(client, row, {"title": "New"})
    books.other.delete(path)
    books.sync()
    books.send()
    assert "TITLE:New" in books.there(path)
    books.sync()
    assert verified(books) == ()


def test_a_server_that_refuses_is_told_word_for_word_and_the_row_goes_back(books: Books, client: APIClient) -> None:
    books.card("one", "TITLE:Old")
    books.sync()
    row = Contact.objects.get()
    books.events()
    patch(client, row, {"title": "New"})
    books.other.request("DELETE", books.place)
    books.send()
    row.refresh_from_db()
    assert Command.objects.get().state == State.FAILED
    told = dict(books.events())
    assert "no longer exists" in told["command:failed"]["sentence"]
    assert row.base is None


def test_a_colleague_sees_nothing_and_a_reader_changes_nothing(books: Books, cast: Cast, make: Make) -> None:
    books.card("one", "EMAIL:anna@example.test")
    books.sync()
    row, colleague = Contact.objects.get(), make.client(cast.member)
    assert (colleague.get(f"/api/v1/contacts/{row.pk}").status_code, listed(colleague)) == (404, [])
    assert patch(colleague, row, {"title": "x"}).status_code == 404
    AccountAccess.objects.create(account=books.account, user_id=cast.member.user_id, role=AccountAccess.Role.READER)
    assert listed(colleague) == ["Anna Rossi"]
    refused = patch(colleague, row, {"title": "x"})
    assert (refused.status_code, refused.json()["code"]) == (403, "read_only_access")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"emails": [{"value": "a@b.test\r\nTEL:1"}]}, "one line"),
        ({"birthday": {"day": 3}}, "date"),
        ({"photo": {"media_type": "image/png", "data": "?"}}, "picture"),
        ({"full_name": ""}, "blank"),
    ],
)
def test_what_cannot_be_is_refused_in_words(books: Books, client: APIClient, body: Any, named: str) -> None:
    books.card("one")
    books.sync()
    answer = patch(client, Contact.objects.get(), body)
    assert (answer.status_code, named in str(answer.json())) == (400, True), answer.json()


def test_search_finds_by_any_word_whatever_its_accents(books: Books, client: APIClient) -> None:
    books.card("one", "EMAIL:nico@example.test", "ORG:Officine Sant'Anna", name="Nicolò Pàpi")
    books.card("two", "TEL:+39 06 555 1234", name="Bruno Verdi")
    books.sync()
    assert listed(client, q="nicolo papi") == ["Nicolò Pàpi"]
    assert listed(client, q="officine nico@") == ["Nicolò Pàpi"]
    assert listed(client, q="065551234") == ["Bruno Verdi"]
    assert listed(client, email="NICO@example.test") == ["Nicolò Pàpi"]
    assert listed(client, q="nobody") == []
    letters = client.get("/api/v1/contacts/letters").json()["items"]
    assert letters == [{"letter": "P", "count": 1}, {"letter": "V", "count": 1}]


def test_a_page_goes_on_where_the_last_one_ended(books: Books, client: APIClient) -> None:
    for number in range(7):
        books.card(f"u{number}", name=f"Same Name{number // 2}")
    books.sync()
    found: list[str] = []
    cursor = ""
    while cursor is not None:
        page = client.get("/api/v1/contacts", {"limit": "3", "cursor": cursor}).json()
        assert page["total"] == 7
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert len(set(found)) == 7


def test_an_export_is_what_the_provider_has(books: Books, client: APIClient) -> None:
    paths = [books.card("one"), books.card("two", name="Bruno Verdi")]
    books.sync()
    answer = client.get("/api/v1/contacts/export")
    assert answer["Content-Type"] == "text/vcard; charset=utf-8"
    said = answer.content.decode().replace("\r\n", "\n")
    assert all(books.there(path).replace("\r\n", "\n").strip() in said for path in paths)


def test_an_address_book_that_goes_is_believed_the_second_time(books: Books) -> None:
    books.card("one")
    books.sync()
    book = AddressBook.objects.get()
    account = books.account
    other = books.other.make(f"b{uuid.uuid4().hex[:8]}")
    account.settings["carddav"]["url"] = account.settings["carddav"]["url"].replace(books.place, other)
    account.save()
    connections.drop(account)
    books.sync()
    book.refresh_from_db()
    assert book.missing_since is not None
    assert Contact.objects.count() == 1
    AddressBook.objects.filter(pk=book.pk).update(missing_since=book.missing_since.replace(year=2025))
    books.sync()
    assert (AddressBook.objects.filter(pk=book.pk).exists(), Contact.objects.count()) == (False, 0)


def test_who_writes_a_message_is_offered_the_people_of_the_address_books(books: Books, client: APIClient) -> None:
    books.card("one", "EMAIL:nico@example.test", "EMAIL:n.papi@work.test", name="Nicolò Pàpi")
    books.card("two", name="Nicola without an address")
    books.sync()
    found = client.get("/api/v1/recipients", {"q": "nico"}).json()["items"]
    assert [(item["name"], item["address"], item["source"]) for item in found] == [
        ("Nicolò Pàpi", "nico@example.test", "contacts"),
        ("Nicolò Pàpi", "n.papi@work.test", "contacts"),
    ]
    assert client.get("/api/v1/recipients", {"q": "colò"}).json()["items"] == []


def test_a_page_of_many_costs_no_query_for_each(books: Books, client: APIClient) -> None:
    for number in range(12):
        books.card(f"u{number}", name=f"Person Nr{number}")
    books.sync()
    with CaptureQueriesContext(connection) as one:
        listed(client, limit="1")
    with CaptureQueriesContext(connection) as many:
        assert len(listed(client, limit="12")) == 12
    assert len(many) == len(one)


def test_an_export_that_is_too_big_for_one_file_says_so(books: Books, client: APIClient) -> None:
    books.card("one")
    books.sync()
    with connection.cursor() as cursor:  # a hundred megabytes, without a hundred megabytes on the line
        cursor.execute("UPDATE contacts_contact SET data = repeat('x', 100000001)::bytea")
    answer = client.get("/api/v1/contacts/export")
    assert (answer.status_code, "one address book after the other" in answer.json()["detail"]) == (413, True)
