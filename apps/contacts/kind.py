"""Address books as a kind of the engine: which tables, how a vCard is read into columns, how an edit is applied."""

from collections.abc import Mapping
from typing import Any, Final

from apps.collections.kind import Called, CollectionKind, Edited, Reading
from apps.collections.models import Collection
from apps.core.folding import fold
from apps.providers import connections
from apps.providers.adapters import vcard
from apps.providers.adapters.collections import CollectionAdapter, CollectionRecord
from apps.providers.adapters.dav import Service
from apps.providers.adapters.vcard import Card, matching, values
from apps.providers.models import ProviderAccount

from . import rows
from .models import AddressBook, Contact

WORDS_MOST: Final = 4_000


class ContactsKind(CollectionKind):
    """Implements what `CollectionKind` leaves open."""

    name = "contacts"
    called = Called("contact", "contacts", "address book")
    collections = AddressBook
    objects = Contact
    new, update, delete, member = "contacts:new", "contacts:update", "contacts:delete", "contact"

    def open(self, account: ProviderAccount) -> CollectionAdapter:
        """See CollectionKind."""
        return connections.open_collections(account, Service.CARDDAV)

    def describe(self, record: CollectionRecord) -> dict[str, Any]:
        """See CollectionKind."""
        return {"version": record.version}

    def read(self, data: bytes, collection: Collection | None) -> Reading:
        """See CollectionKind."""
        card = vcard.read(data)
        return Reading(card.uid, vcard.digest(data), columns(card), card.problems)

    def before(self, data: bytes, change: Mapping[str, Any]) -> dict[str, Any]:
        """See CollectionKind."""
        card = vcard.read(data)
        return {field: values.of(card, field) for field in change if field in values.FIELDS}

    def edit(self, data: bytes, change: Mapping[str, Any], before: Mapping[str, Any]) -> Edited:
        """See CollectionKind. Raises ValueError, with a sentence, for an edit that makes no sense."""
        found, conflicts = values.changes(vcard.read(data), change, before)
        return Edited(vcard.change(data, found), conflicts)

    def collection_json(self, row: Any) -> dict[str, Any]:
        """See CollectionKind."""
        return rows.book_json(row)

    def object_json(self, row: Any) -> dict[str, Any]:
        """See CollectionKind."""
        return rows.contact_json(row)


KIND: Final = ContactsKind()


def columns(card: Card) -> dict[str, Any]:
    """The columns of a contact, read out of its card."""
    name = card.full_name.replace("\0", "")
    emails = [matching.email(item.value) for item in card.emails]
    phones = [matching.phone(item.value) or item.value for item in card.phones]
    said = (name, card.nickname, card.organization, card.unit, card.title, *emails, *phones, *card.categories)
    return {
        "kind": card.kind,
        "name": name,
        "sort_name": fold(f"{card.name.family} {card.name.given}".strip() or name).replace("\0", "")[:200],
        "organization": card.organization.replace("\0", ""),
        "title": card.title.replace("\0", ""),
        "emails": [address.replace("\0", "") for address in dict.fromkeys(emails)],
        "phones": [number.replace("\0", "") for number in dict.fromkeys(phones)],
        "words": fold(" ".join(filter(None, said))).replace("\0", "")[:WORDS_MOST],
        "has_photo": bool(card.photo and card.photo.data),
        "card": rows.without_nul(rows.card_json(card)),
    }
