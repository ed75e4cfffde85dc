"""Who may be one person: found with the reason, decided by the person, remembered for them alone."""

import uuid
from itertools import combinations
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.contacts.components import Components
from apps.contacts.duplicates import Known, likely
from apps.contacts.models import AddressBook, Contact
from apps.providers.adapters.vcard import matching
from apps.providers.models import AccountAccess
from tests.contacts.conftest import Books, listed, post
from tests.tenants.fixtures import Cast, Make

BOOK = uuid.uuid4()


def known(name: str, *, organization: str = "", emails: tuple[str, ...] = (), phones: tuple[str, ...] = ()) -> Known:
    return Known(uuid.uuid4(), (BOOK, str(uuid.uuid4())), name, organization, emails, phones)


def found(*people: Known, linked: Any = (), apart: Any = ()) -> list[tuple[list[str], list[tuple[str, str]]]]:
    groups = likely(people, Components(linked), apart)
    return [([each.name for each in g.contacts], [(each.kind, each.value) for each in g.reasons]) for g in groups]


def test_the_same_address_or_number_speaks_for_one_person() -> None:
    people = (
        known("Anna", emails=("a@x.test", "anna@x.test"), phones=("+39065551234",)),
        known("A. Rossi", emails=("anna@x.test",)),
        known("Rossi", phones=("065551234",)),
        known("Bruno", emails=("b@x.test",), phones=("+44065551239",)),
    )
    assert found(*people) == [
        (["Anna", "A. Rossi", "Rossi"], [("email", "anna@x.test"), ("phone", "065551234")]),
    ]


def test_a_name_speaks_for_one_person_only_with_the_organisation() -> None:
    people = [known("Anna Rossi", organization=text) for text in ("Officine", "OFFICINE", "Other", "", "")]
    people.append(known("Rossi Anna", organization="Other"))
    assert [kinds for _, kinds in found(*people)] == [
        [("name", "Anna Rossi, Officine")],
        [("name", "Anna Rossi, Other")],
    ]
    assert found(known("Officine", organization="Officine"), known("Officine", organization="Officine")) == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("+39065551234", "065551234", True),
        ("+393335551234", "3335551234", True),
        ("+442075551234", "02075551234", True),
        ("+12125551234", "2125551234", True),
        ("+39065551234", "+44065551234", False),
        ("065551234", "3065551234", False),
        ("112", "112", False),
        ("+390612", "0612", False),
        ("5551234", "5551234", True),
    ],
)
def test_numbers_are_the_same_with_and_without_their_country(one: str, other: str, same: bool) -> None:
    assert (matching.same_phone(one, other), matching.same_phone(other, one)) == (same, same)


def test_what_was_decided_is_not_asked_again() -> None:
    one, two, three = (known(name, emails=("a@x.test",)) for name in ("Anna", "Bice", "Carla"))
    assert [names for names, _ in found(one, two, three)] == [["Anna", "Bice", "Carla"]]
    assert [names for names, _ in found(one, two, three, apart=[(one.key, two.key)])] == [
        ["Anna", "Carla"],
        ["Bice", "Carla"],
    ]
    assert found(one, two, linked=[(one.key, two.key)]) == []
    assert found(one, two, three, apart=list(combinations((one.key, two.key, three.key), 2))) == []
    linked = [(one.key, two.key)]
    assert found(one, two, three, linked=linked, apart=[(two.key, three.key)]) == []


def test_an_address_of_an_office_is_nobodys() -> None:
    assert found(*(known(f"Person {number}", emails=("info@office.test",)) for number in range(13))) == []


def test_many_are_searched_at_once() -> None:
    people = [known(f"P{n:05}", emails=(f"p{n % 10_000}@x.test",), phones=(f"+3906{n:07}",)) for n in range(20_000)]
    assert len(found(*people)) == 10_000


def test_linked_contacts_stand_once_and_show_all_sources(
    books: Books, client: APIClient, second: AddressBook, cast: Cast, make: Make
) -> None:
    books.card("one", "EMAIL:anna@example.test", "TITLE:Capo")
    books.card("three", "EMAIL:bruno@example.test", name="Bruno Verdi")
    there = (
        b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:two\r\nFN:Annetta\r\nN:;A;;;\r\nEMAIL:Anna@example.test\r\nEND:VCARD\r\n"
    )
    books.put(f"{second.remote_id}two.vcf", there)
    books.sync()
    assert listed(client) == ["Annetta", "Anna Rossi", "Bruno Verdi"]
    (group,) = client.get("/api/v1/contacts/duplicates").json()["items"]
    assert sorted(each["name"] for each in group["contacts"]) == ["Anna Rossi", "Annetta"]
    assert [(each["kind"], each["value"]) for each in group["reasons"]] == [("email", "anna@example.test")]
    ids = [each["id"] for each in group["contacts"]]
    books.events()
    answer = post(client, "contacts/links", {"contacts": ids, "same": True})
    assert (answer.status_code, len(listed(client))) == (200, 2)
    (told,) = books.events()
    assert (told[0], sorted(told[1]["linked"])) == ("contacts:update", sorted(ids))
    assert client.get("/api/v1/contacts/duplicates").json()["total"] == 0
    page = client.get("/api/v1/contacts").json()
    assert (page["total"], sum(each["linked"] for each in page["items"])) == (2, 1)
    assert listed(client, q="annetta") == ["Annetta"]
    assert listed(client, book=str(second.pk)) == ["Annetta"]
    one = Contact.objects.get(uid="one")
    shown = client.get(f"/api/v1/contacts/{one.pk}").json()
    assert [(each["name"], each["collection_id"]) for each in shown["linked"]] == [("Annetta", str(second.pk))]
    assert sum(each["count"] for each in client.get("/api/v1/contacts/letters").json()["items"]) == 2
    AccountAccess.objects.create(account=books.account, user_id=cast.member.user_id, role=AccountAccess.Role.READER)
    assert len(listed(make.client(cast.member))) == 3, "a link is its person's alone"
    assert post(client, f"contacts/{one.pk}/unlink", {}).status_code == 200
    assert len(listed(client)) == 3
    assert client.get("/api/v1/contacts/duplicates").json()["total"] == 0
    assert all("EMAIL" in books.there(row.remote_id) for row in Contact.objects.all())


def test_not_the_same_is_remembered(books: Books, client: APIClient) -> None:
    for uid in ("one", "two"):
        books.card(uid, "TEL:+39 06 555 1234")
    books.sync()
    ids = [str(row.pk) for row in Contact.objects.all()]
    assert client.get("/api/v1/contacts/duplicates").json()["total"] == 1
    assert post(client, "contacts/links", {"contacts": ids, "same": False}).status_code == 200
    assert client.get("/api/v1/contacts/duplicates").json()["total"] == 0
    assert post(client, "contacts/links", {"contacts": ids[:1] * 2, "same": True}).status_code == 400
    assert client.get("/api/v1/contacts/duplicates", {"position": "x"}).status_code == 400


def test_who_is_taken_out_leaves_the_others_together(books: Books, client: APIClient) -> None:
    for uid in ("one", "two", "three"):
        books.card(uid, name=f"Nr {uid}")
    books.sync()
    one, two, three = (str(Contact.objects.get(uid=uid).pk) for uid in ("one", "two", "three"))
    post(client, "contacts/links", {"contacts": [one, two], "same": True})
    post(client, "contacts/links", {"contacts": [one, three], "same": True})
    post(client, f"contacts/{one}/unlink", {})
    shown = client.get(f"/api/v1/contacts/{two}").json()
    assert [each["id"] for each in shown["linked"]] == [three]
    assert client.get(f"/api/v1/contacts/{one}").json()["linked"] == []
