"""A person with an address book at a real Radicale."""

from collections.abc import Iterator

import pytest

from apps.providers.adapters.dav import Service
from tests.dav.desk import DavDesk, dav_desk
from tests.providers.radicale import Radicale
from tests.tenants.fixtures import Cast


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
