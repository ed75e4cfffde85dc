"""Groups made, filled, named anew and emptied by a person, at a real CardDAV server."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now
from rest_framework.test import APIClient

from apps.contacts import merging
from apps.contacts.models import AddressBook, Contact, Merge
from tests.contacts.conftest import Books, key, listed, post, verified
from tests.contacts.test_merging import merge, texts, two


def regroup(client: APIClient, group: Contact, **body: Any) -> Any:
    return client.patch(f"/api/v1/contacts/groups/{group.pk}", body, format="json", headers=key())


def crew(client: APIClient, *rows: Contact, name: str = "Crew") -> Any:
    body = {"collection_id": str(rows[0].collection_id), "name": name}
    return post(client, "contacts/groups", body | {"contacts": [str(row.pk) for row in rows]})


def test_a_group_is_made_filled_named_anew_and_emptied(books: Books, client: APIClient) -> None:
    one, other = two(books)
    assert client.get("/api/v1/address-books").json()["items"][0]["groups"] is True
    answer = crew(client, one)
    assert answer.status_code == 202, answer.json()
    group = Contact.objects.get(pk=answer.json()["object"])
    assert (group.kind, listed(client, group=str(group.pk))) == ("group", ["Anna Rossi"])
    books.send()
    text = texts(books)[group.uid]
    assert all(part in text for part in ("X-ADDRESSBOOKSERVER-KIND:group", "urn:uuid:one", "FN:Crew", "N:Crew;;;;"))
    assert regroup(client, group, add=[str(other.pk), str(one.pk)], name="Hands").status_code == 202
    books.send()
    books.sync()
    (told,) = client.get("/api/v1/contacts/groups").json()["items"]
    assert (told["name"], sorted(told["members"])) == ("Hands", ["one", "two"])
    assert regroup(client, group, remove=[str(one.pk)]).status_code == 202
    books.send()
    books.sync()
    text = texts(books)[group.uid]
    assert ("urn:uuid:two" in text, "urn:uuid:one" in text, "N:Hands;;;;" in text) == (True, False, True)
    assert verified(books) == ()


def test_who_cannot_be_in_a_group_is_named(books: Books, client: APIClient, second: AddressBook) -> None:
    one, _ = two(books)
    group = Contact.objects.get(pk=crew(client, one).json()["object"])
    body = {"collection_id": str(second.pk), "name": "Crew", "contacts": [str(one.pk)]}
    answer = post(client, "contacts/groups", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "another_book")
    assert "Anna Rossi" in answer.json()["detail"]
    assert regroup(client, group, add=[str(group.pk)]).json()["code"] == "not_a_person"
    assert regroup(client, one, add=[str(one.pk)]).json()["detail"] == "This contact is no group."
    body = {"collection_id": str(one.collection_id), "name": " ", "contacts": [str(one.pk)]}
    assert post(client, "contacts/groups", body).status_code == 400


@pytest.mark.parametrize("age", [29, 31])
def test_a_merge_is_kept_for_as_long_as_it_can_be_undone(books: Books, client: APIClient, age: int) -> None:
    merge(client, *two(books))
    Merge.objects.update(created_at=now() - timedelta(days=age))
    merging.forget()
    assert Merge.objects.count() == (1 if age == 29 else 0)
