"""A person with an address book at a real Radicale."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.contacts.kind import KIND
from apps.contacts.models import AddressBook
from apps.providers import connections
from apps.providers.adapters.dav import Service
from tests.dav.desk import DavDesk, dav_desk
from tests.providers.radicale import Radicale
from tests.tenants.fixtures import Cast, Make


class Books(DavDesk):
    """One account with one address book."""

    def card(self, uid: str, *lines: str, name: str = "Anna Rossi") -> str:
        """Put a card at the server; its path."""
        given, _, family = name.partition(" ")
        told = "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", f"UID:{uid}", f"FN:{name}", f"N:{family};{given};;;", *lines])
        return self.put(f"{self.place}{uid}.vcf", f"{told}\r\nEND:VCARD\r\n".encode())


@pytest.fixture
def books(cast: Cast, radicale: Radicale) -> Iterator[Books]:
    with dav_desk(cast, radicale, Service.CARDDAV) as desk:
        yield Books(**vars(desk))


@pytest.fixture
def client(make: Make, cast: Cast) -> APIClient:
    """The owner's browser."""
    return make.client(cast.owner)


@pytest.fixture
def second(books: Books) -> AddressBook:
    """Another address book of the account."""
    place = books.other.make(f"c{uuid.uuid4().hex[:8]}")
    where = books.account.settings["carddav"]
    base = where["url"].removesuffix(books.place)
    books.account.settings["carddav"] = where | {
        "url": f"{base}/ada/",
        "homes": [f"{base}{books.place}", f"{base}{place}"],
    }
    books.account.save(update_fields=["settings"])
    books.sync()
    return AddressBook.objects.get(remote_id__endswith=place)


def key() -> dict[str, str]:
    """An act of its own."""
    return {"Idempotency-Key": str(uuid.uuid4())}


def post(client: APIClient, path: str, body: Any, **headers: Any) -> Any:
    """An act over HTTP."""
    return client.post(f"/api/v1/{path}", body, format="json", headers=headers or key())


def listed(client: APIClient, **query: str) -> list[str]:
    """The names of a list."""
    return [item["name"] for item in client.get("/api/v1/contacts", query).json()["items"]]


def verified(books: Books) -> tuple[Any, ...]:
    """What the mirror and the server differ in."""
    with connections.adapter(books.account, KIND) as adapter:
        return KIND.compare(adapter, books.account).differences
