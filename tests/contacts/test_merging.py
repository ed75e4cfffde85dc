"""Contacts become one and, when that is undone, several again: octet for octet, at a real CardDAV server."""

import re
import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.contacts.models import AddressBook, Contact, Merge
from apps.outbound.models import Command, State
from apps.providers.models import AccountAccess
from tests.contacts.conftest import Books, key, listed, post, verified
from tests.tenants.fixtures import Cast, Make


def two(books: Books) -> tuple[Contact, Contact]:
    """Two cards of one person."""
    books.card("one", "EMAIL;TYPE=WORK:anna@example.test", "TITLE:Capo", "X-KEPT:here")
    books.card("two", "EMAIL:anna@home.test", "TEL:+39 06 5551234", "TITLE:Boss", "NOTE:Likes tea",
               "IMPP:xmpp:a@b.test", name="Annetta Rossi")  # fmt: skip
    books.sync()
    return Contact.objects.get(uid="one"), Contact.objects.get(uid="two")


def merge(client: APIClient, *rows: Contact, chosen: Any = None, **headers: str) -> Any:
    body = {"contacts": [{"id": str(row.pk), "rev": row.rev} for row in rows], "chosen": chosen or {}}
    return post(client, "contacts/merge", body, **headers)


def undo(client: APIClient, merged: Any, headers: Any = None, **body: Any) -> Any:
    return post(client, f"contacts/merges/{merged.json()['merge']}/undo", body, **(headers or {}))


def texts(books: Books) -> dict[str, str]:
    """The cards that the server has, by UID."""
    answer = books.other.request("PROPFIND", books.place, Depth="1")
    paths = re.findall(r"<(?:\w+:)?href>([^<]+\.vcf)</", answer.text)
    held = [text.decode() for text in books.other.texts(*paths).values()]
    return {text.split("UID:")[1].split("\r\n")[0]: text for text in held}


def test_two_become_one_that_says_what_both_said(books: Books, client: APIClient) -> None:
    one, other = two(books)
    headers = key()
    answer = merge(client, one, other, chosen={"title": "Boss"}, **headers)
    assert answer.status_code == 202, answer.json()
    assert merge(client, one, other, **headers).json()["merge"] == answer.json()["merge"]
    assert (listed(client), AddressBook.objects.get().total) == (["Anna Rossi"], 1)
    shown = client.get(f"/api/v1/contacts/{one.pk}").json()["card"]
    assert [item["value"] for item in shown["emails"]] == ["anna@example.test", "anna@home.test"]
    assert (shown["title"], shown["notes"], shown["chats"][0]["value"]) == ("Boss", "Likes tea", "xmpp:a@b.test")
    books.send()
    there = texts(books)
    assert list(there) == ["one"]
    assert all(part in there["one"] for part in ("X-KEPT:here", "anna@home.test", "IMPP:xmpp:a@b.test", "TITLE:Boss"))
    books.sync()
    assert (listed(client), verified(books)) == (["Anna Rossi"], ())
    said = client.get("/api/v1/contacts/merges").json()["items"]
    assert [(each["name"], each["others"]) for each in said] == [("Anna Rossi", ["Annetta Rossi"])]


def test_undone_each_is_there_again_octet_for_octet(books: Books, client: APIClient) -> None:
    one, other = two(books)
    before = texts(books)
    assert len(before) == 2
    merged = merge(client, one, other)
    books.send()
    books.sync()
    answer = undo(client, merged)
    assert answer.status_code == 202, answer.json()
    assert sorted(listed(client)) == ["Anna Rossi", "Annetta Rossi"]
    books.send()
    assert texts(books) == before
    books.sync()
    assert (Contact.objects.count(), AddressBook.objects.get().total, verified(books)) == (2, 2, ())
    assert undo(client, merged).status_code == 404
    assert client.get("/api/v1/contacts/merges").json()["items"] == []


def test_undone_before_anything_was_sent_nothing_is(books: Books, client: APIClient) -> None:
    one, other = two(books)
    before = texts(books)
    assert undo(client, merge(client, one, other)).json()["state"] == "done"
    assert sorted(listed(client)) == ["Anna Rossi", "Annetta Rossi"]
    assert not Command.objects.filter(finished_at=None).exists()
    assert (texts(books), AddressBook.objects.get().total, verified(books)) == (before, 2, ())


def test_while_the_provider_is_at_it_undoing_waits_and_the_same_act_is_taken_then(
    books: Books, client: APIClient
) -> None:
    one, other = two(books)
    before, headers = texts(books), key()
    merged = merge(client, one, other)
    Command.objects.filter(finished_at=None).update(state=State.EXECUTING, attempts=1)  # a worker began, and died
    answer = undo(client, merged, headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "pending")
    books.send()
    assert list(texts(books)) == ["one"]
    assert undo(client, merged, headers).status_code == 202
    books.send()
    books.sync()
    assert (texts(books), AddressBook.objects.get().total, verified(books)) == (before, 2, ())


def test_what_was_deleted_elsewhere_before_it_was_undone_is_gone(books: Books, client: APIClient) -> None:
    one, other = two(books)
    merged = merge(client, one, other)
    books.other.request("DELETE", other.remote_id)
    books.sync()
    undo(client, merged)
    assert listed(client) == ["Anna Rossi"]
    books.send()
    books.sync()
    assert (list(texts(books)), AddressBook.objects.get().total, verified(books)) == (["one"], 1, ())


def test_a_merge_of_what_was_changed_elsewhere_is_refused_and_nothing_is_lost(books: Books, client: APIClient) -> None:
    one, other = two(books)
    books.events()
    merge(client, one, other)
    books.card("two", "TITLE:Changed elsewhere", name="Annetta Rossi")
    before = texts(books)
    books.send()
    told = dict(books.events())["command:failed"]
    assert told["sentence"].startswith("The contacts were not merged: somebody else changed one of them")
    assert texts(books) == before
    books.sync()
    assert sorted(listed(client)) == ["Anna Rossi", "Annetta Rossi"]
    one.refresh_from_db()
    assert (one.emails, one.ours, verified(books)) == (["anna@example.test"], None, ())


def test_a_merge_into_what_was_changed_elsewhere_is_refused_likewise(books: Books, client: APIClient) -> None:
    one, other = two(books)
    merge(client, one, other, chosen={"title": "Boss"})
    books.card("one", "EMAIL;TYPE=WORK:anna@example.test", "TITLE:Changed elsewhere")
    before = texts(books)
    books.send()
    books.sync()
    assert texts(books) == before
    assert sorted(listed(client)) == ["Anna Rossi", "Annetta Rossi"]
    assert verified(books) == ()


def test_a_merge_of_what_the_mirror_knows_to_be_changed_is_refused_at_once(books: Books, client: APIClient) -> None:
    one, other = two(books)
    books.card("two", "TITLE:Changed elsewhere", name="Annetta Rossi")
    books.sync()
    refused = merge(client, one, other)
    assert (refused.status_code, refused.json()["code"]) == (409, "changed")
    assert sorted(listed(client)) == ["Anna Rossi", "Annetta Rossi"]


def test_one_that_is_changed_while_it_is_deleted_stays(books: Books, client: APIClient) -> None:
    """The kept one is saved when somebody changes the other: then that is not deleted."""
    one, other = two(books)
    merge(client, one, other)
    Command.objects.filter(action="change").update(concerns=[one.pk])
    books.sync()
    Contact.objects.filter(pk=other.pk).update(digest=b"as it was changed")
    books.events()
    books.send()
    told = [data for name, data in books.events() if name == "command:failed"]
    assert len(told) == 1
    assert Contact.objects.get(pk=other.pk).leaving is None


def test_contacts_of_two_books_become_one(books: Books, client: APIClient, second: AddressBook) -> None:
    one, other = two(books)
    moved = Contact.objects.get(
        pk=post(client, f"contacts/{other.pk}/move", {"collection_id": str(second.pk)}).json()["object"]
    )
    assert merge(client, one, moved).json()["code"] == "pending"
    for _ in range(2):
        books.send()
    moved.refresh_from_db()
    merged = merge(client, one, moved)
    books.send()
    books.sync()
    assert (listed(client), Contact.objects.count()) == (["Anna Rossi"], 1)
    undo(client, merged)
    books.send()
    books.sync()
    assert Contact.objects.get(uid="two").collection == second
    assert verified(books) == ()


def test_what_was_changed_since_is_not_overwritten_by_undoing(books: Books, client: APIClient) -> None:
    one, other = two(books)
    merged = merge(client, one, other)
    books.send()
    client.patch(f"/api/v1/contacts/{one.pk}", {"nickname": "Annie"}, format="json", headers=key())
    books.send()
    refused = undo(client, merged)
    assert (refused.status_code, refused.json()["code"]) == (409, "changed_since")
    assert undo(client, merged, anyway=True).status_code == 202
    books.send()
    books.sync()
    assert sorted(listed(client)) == ["Anna Rossi", "Annetta Rossi"]
    assert "NICKNAME:Annie" in texts(books)["one"]
    assert verified(books) == ()


def test_the_kept_one_is_in_the_groups_of_the_others_until_that_is_undone(books: Books, client: APIClient) -> None:
    one, other = two(books)
    books.card("team", "X-ADDRESSBOOKSERVER-KIND:group", "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:two", name="The Team")
    books.sync()
    team = Contact.objects.get(uid="team")
    assert listed(client, group=str(team.pk)) == ["Annetta Rossi"]
    merged = merge(client, one, other)
    assert listed(client, group=str(team.pk)) == ["Anna Rossi"]
    books.send()
    undo(client, merged)
    books.send()
    books.sync()
    assert listed(client, group=str(team.pk)) == ["Annetta Rossi"]
    (group,) = client.get("/api/v1/contacts/groups").json()["items"]
    assert (group["name"], group["members"]) == ("The Team", ["two"])
    assert verified(books) == ()


@pytest.mark.parametrize("which", ["once", "missing", "group"])
def test_what_cannot_become_one_is_refused(books: Books, client: APIClient, which: str) -> None:
    one, _ = two(books)
    books.card("team", "X-ADDRESSBOOKSERVER-KIND:group", name="The Team")
    books.sync()
    rows = {
        "once": [one, one],
        "missing": [one, Contact(pk=uuid.uuid4(), rev=1)],
        "group": [one, Contact.objects.get(uid="team")],
    }
    assert merge(client, *rows[which]).status_code == {"missing": 404}.get(which, 400)
    assert (Merge.objects.count(), Contact.objects.filter(leaving=None).count()) == (0, 3)


def test_a_reader_merges_nothing_and_undoes_nothing(books: Books, client: APIClient, cast: Cast, make: Make) -> None:
    one, other = two(books)
    AccountAccess.objects.create(account=books.account, user_id=cast.member.user_id, role=AccountAccess.Role.READER)
    reader = make.client(cast.member)
    assert merge(reader, one, other).json()["code"] == "read_only_access"
    assert undo(reader, merge(client, one, other)).status_code == 404
