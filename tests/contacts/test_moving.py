"""Contacts move between address books, whole, and back when their new place will not have them."""

from typing import Any

from rest_framework.test import APIClient

from apps.contacts.models import AddressBook, Contact, ContactLink
from tests.contacts.conftest import Books, listed, post, verified
from tests.tenants.fixtures import Cast


def move(client: APIClient, contact: Contact, to: AddressBook) -> Any:
    return post(client, f"contacts/{contact.pk}/move", {"collection_id": str(to.pk)})


def test_a_contact_moves_to_another_book_whole(books: Books, client: APIClient, second: AddressBook) -> None:
    path = books.card("one", "X-KEPT;X-P=1:yes")
    books.sync()
    row = Contact.objects.get()
    answer = move(client, row, second)
    assert (answer.status_code, listed(client)) == (202, ["Anna Rossi"])
    made = Contact.objects.get(pk=answer.json()["object"])
    assert (made.collection, made.uid) == (second, "one")
    books.send()
    assert "X-KEPT;X-P=1:yes" in books.there(made.remote_id)
    assert books.other.request("GET", path).status_code == 404
    books.sync()
    assert [each.pk for each in Contact.objects.all()] == [made.pk]
    assert (listed(client, book=str(second.pk)), verified(books)) == (["Anna Rossi"], ())


def test_what_its_new_book_does_not_take_stays_where_it_was(
    books: Books, client: APIClient, second: AddressBook
) -> None:
    books.card("one")
    books.sync()
    row = Contact.objects.get()
    move(client, row, second)
    books.other.delete(second.remote_id)
    books.send()
    assert [each.pk for each in Contact.objects.filter(leaving=None)] == [row.pk]
    assert {book.name: book.total for book in AddressBook.objects.all()}[row.collection.name] == 1
    assert AddressBook.objects.get(pk=second.pk).total == 0


def test_a_book_that_has_it_already_says_so_and_moving_nowhere_is_nothing(
    books: Books, client: APIClient, second: AddressBook
) -> None:
    books.card("one")
    books.put(f"{second.remote_id}one.vcf", books.there(f"{books.place}one.vcf").encode())
    books.sync()
    row = Contact.objects.exclude(collection=second).get()
    refused = move(client, row, second)
    assert (refused.status_code, refused.json()["code"]) == (409, "there_already")
    assert move(client, row, row.collection).json()["state"] == "done"


def test_what_was_said_of_it_is_said_of_it_there(
    books: Books, client: APIClient, second: AddressBook, cast: Cast
) -> None:
    books.card("one")
    books.card("two", name="A. Rossi")
    books.sync()
    one, two = Contact.objects.get(uid="one"), Contact.objects.get(uid="two")
    post(client, "contacts/links", {"contacts": [str(one.pk), str(two.pk)], "same": True})
    made = move(client, one, second).json()["object"]
    assert ContactLink.objects.filter(user_id=cast.owner.user_id).count() == 2
    shown = client.get(f"/api/v1/contacts/{made}").json()
    assert [each["id"] for each in shown["linked"]] == [str(two.pk)]
