"""Files of cards: what is taken in, what is refused and why, and what the same file does again."""

import time
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from apps.collections import files
from apps.contacts.models import AddressBook, Contact
from apps.outbound.models import Command
from apps.providers.adapters import vcard
from tests.contacts.conftest import Books, key, listed, post, verified


def card(uid: str, *lines: str, name: str = "Anna Rossi", version: str = "3.0") -> str:
    told = [f"UID:{uid}"] if uid else []
    head = ["BEGIN:VCARD", f"VERSION:{version}", *told, f"FN:{name}", f"N:{name};;;;"]
    return "\r\n".join([*head, *lines, "END:VCARD", ""])


def bring(client: APIClient, data: str | bytes, existing: str = "skip", book: AddressBook | None = None) -> Any:
    body = data.encode() if isinstance(data, str) else data
    into = book or AddressBook.objects.get()
    form = {"collection_id": str(into.pk), "existing": existing, "file": SimpleUploadedFile("x.vcf", body)}
    return client.post("/api/v1/contacts/import", form, format="multipart", headers=key())


def test_a_file_is_taken_in_and_the_same_again_makes_nobody_twice(books: Books, client: APIClient) -> None:
    books.sync()
    whole = "".join(
        [
            card("one", "X-KEPT;X-P=1:yes", "EMAIL:anna@example.test"),
            card("", "TEL:+39 06 555", name="Without Identity"),
            card("old", "TEL;CELL:1", "NOTE;ENCODING=QUOTED-PRINTABLE:gr=FC=DFe", name="Old One", version="2.1"),
            card("one", name="The same identity"),
            card("", name=""),
            "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Cut off\r\n",
        ]
    )
    answer = bring(client, whole)
    assert answer.status_code == 202, answer.json()
    report = answer.json()["report"]
    assert (report["made"], report["updated"], report["skipped"], report["refused_total"]) == (3, 0, 0, 3)
    refused = [(each["number"], each["code"]) for each in report["refused"]]
    assert refused == [(4, "twice"), (5, "nobody"), (6, "cut_off")]
    assert len(listed(client)) == 3
    books.send()
    there = books.there(Contact.objects.get(uid="one").remote_id)
    assert all(line in there for line in ("X-KEPT;X-P=1:yes", "EMAIL:anna@example.test"))
    old = vcard.read(bytes(Contact.objects.get(uid="old").data))
    assert (old.version, old.notes, old.phones[0].label) == ("3.0", "grüße", "cell")
    again = bring(client, whole).json()["report"]
    assert (again["made"], again["skipped"], again["refused_total"]) == (0, 3, 3)
    books.sync()
    assert (Contact.objects.count(), AddressBook.objects.get().total, verified(books)) == (3, 3, ())


def test_who_is_there_already_becomes_what_the_file_says_when_that_is_wanted(books: Books, client: APIClient) -> None:
    path = books.card("one", "TITLE:Old", "NOTE:Goes")
    books.card("two", name="Stays As Is")
    books.sync()
    unchanged = books.there(f"{books.place}two.vcf")
    answer = bring(client, card("one", "TITLE:New") + unchanged, "update")
    report = answer.json()["report"]
    assert (report["updated"], report["unchanged"], report["made"]) == (1, 1, 0)
    books.send()
    assert ("TITLE:New" in books.there(path), "NOTE" in books.there(path)) == (True, False)
    books.sync()
    assert verified(books) == ()


def test_an_update_of_what_somebody_changes_meanwhile_is_left_to_the_person(books: Books, client: APIClient) -> None:
    path = books.card("one", "TITLE:Old")
    books.sync()
    bring(client, card("one", "TITLE:New"), "update")
    books.card("one", "TITLE:Theirs")
    books.events()
    books.send()
    assert dict(books.events())["command:failed"]["code"] == "both_changed"
    assert "TITLE:Theirs" in books.there(path)


def test_what_is_exported_can_be_imported_into_another_book(
    books: Books, client: APIClient, second: AddressBook
) -> None:
    for number in range(4):
        books.card(f"u{number}", f"X-NUMBER:{number}", name=f"Person Nr{number}")
    books.sync()
    some = [str(row.pk) for row in Contact.objects.order_by("name")[:2]]
    file = post(client, "contacts/export", {"contacts": some})
    assert (file.status_code, file.content.count(b"BEGIN:VCARD")) == (200, 2)
    assert bring(client, file.content, book=second).json()["report"]["made"] == 2
    books.send()
    books.sync()
    assert len(listed(client, book=str(second.pk))) == 2
    assert verified(books) == ()


def test_thousands_are_taken_in_at_once(books: Books, client: APIClient) -> None:
    books.sync()
    books.events()
    whole = "".join(card(f"u{number}", f"EMAIL:p{number}@x.test", name=f"P{number}") for number in range(4_000))
    begun = time.process_time()
    answer = bring(client, whole)
    assert answer.json()["report"]["made"] == 4_000
    assert time.process_time() - begun < 20
    assert (len(books.events()), Command.objects.count()) == (1, 4_000)
    assert client.get("/api/v1/contacts").json()["total"] == 4_000


def test_what_is_no_file_of_cards_is_refused_in_words(books: Books, client: APIClient) -> None:
    books.sync()
    assert bring(client, b"something else").json()["code"] == "empty_file"
    assert bring(client, b"").json()["code"] == "no_file"
    form = {"collection_id": str(AddressBook.objects.get().pk)}
    assert client.post("/api/v1/contacts/import", form, format="multipart", headers=key()).json()["code"] == "no_file"
    big = b"x" * (files.IMPORTED_MOST + 1)
    answer = bring(client, big)
    assert (answer.status_code, answer.json()["code"], "20 MB" in answer.json()["detail"]) == (413, "too_big", True)
    many = bring(client, "".join(card(f"u{number}") for number in range(files.PIECES_MOST + 1)))
    assert (many.status_code, many.json()["code"]) == (413, "too_many")
    assert Contact.objects.count() == 0
