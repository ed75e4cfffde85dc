"""Address books as a kind of the engine: which tables, how a vCard is read into columns, how an edit is applied."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from apps.collections.kind import Called, CollectionKind, Edited, Reading
from apps.collections.models import Collection
from apps.core.folding import fold
from apps.providers import connections
from apps.providers.adapters import vcard
from apps.providers.adapters.collections import CollectionAdapter, CollectionRecord
from apps.providers.adapters.vcard import Card, matching, values
from apps.providers.clouds import Surface
from apps.providers.models import ProviderAccount

from . import rows
from .models import AddressBook, Contact

WORDS_MOST: Final = 4_000
SORTED_MOST: Final = 200
ADDRESS_MOST: Final = 320
NUMBER_MOST: Final = 100


class ContactsKind(CollectionKind):
    """Implements what `CollectionKind` leaves open."""

    name = "contacts"
    called = Called("contact", "contacts", "address book")
    collections = AddressBook
    objects = Contact
    new, update, delete, member = "contacts:new", "contacts:update", "contacts:delete", "contact"
    suffix = ".vcf"
    undone: ClassVar = {
        "en": {
            "create": "The contact was not saved",
            "change": "The contact was not changed",
            "delete": "The contact was not deleted",
            "merge": "The contacts were not merged",
            "absorb": "One of the merged contacts was not removed",
        },
        "it": {
            "create": "Il contatto non è stato salvato",
            "change": "Il contatto non è stato modificato",
            "delete": "Il contatto non è stato eliminato",
            "merge": "I contatti non sono stati uniti",
            "absorb": "Uno dei contatti uniti non è stato tolto",
        },
    }

    def open(self, account: ProviderAccount) -> CollectionAdapter:
        """See CollectionKind."""
        return connections.open_collections(account, Surface.CONTACTS)

    def describe(self, record: CollectionRecord) -> dict[str, Any]:
        """See CollectionKind."""
        return {"version": record.version}

    def read(self, data: bytes, collection: Collection | None) -> Reading:
        """See CollectionKind."""
        lines = vcard.lines_of(data)
        card = vcard.card_of(lines)
        return Reading(card.uid, vcard.digest_of(lines), columns(card), card.problems)

    def before(self, data: bytes, change: Mapping[str, Any]) -> dict[str, Any]:
        """See CollectionKind."""
        if "text" in change:
            return self.whole_before(data)
        card = vcard.read(data)
        return {field: values.of(card, field) for field in change if field in values.FIELDS}

    def edit(self, data: bytes, change: Mapping[str, Any], before: Mapping[str, Any]) -> Edited:
        """See CollectionKind. Raises ValueError, with a sentence, for an edit that makes no sense."""
        if "text" in change:
            return self.whole(data, change, before)
        fields = {field: value for field, value in change.items() if field != "further"}
        found, conflicts = values.changes(vcard.read(data), fields, before)
        return Edited(vcard.with_lines(vcard.change(data, found), change.get("further", [])), conflicts)

    def collection_json(self, row: Any) -> dict[str, Any]:
        """See CollectionKind."""
        return rows.book_json(row)

    def object_json(self, row: Any) -> dict[str, Any]:
        """See CollectionKind."""
        return rows.contact_json(row)


KIND: Final = ContactsKind()


def columns(card: Card) -> dict[str, Any]:
    """The columns of a contact, read out of its card. What is longer than any address or number is no key."""
    emails = [address for item in card.emails if len(address := matching.email(item.value)) <= ADDRESS_MOST]
    phones = [number for item in card.phones if len(number := matching.phone(item.value) or item.value) <= NUMBER_MOST]
    said = (card.full_name, card.nickname, card.organization, card.unit, card.title, *emails, *phones, *card.categories)
    return {
        "kind": card.kind,
        "name": card.full_name,
        "sort_name": fold(f"{card.name.family} {card.name.given}".strip() or card.full_name)[:SORTED_MOST],
        "organization": card.organization,
        "title": card.title,
        "emails": list(dict.fromkeys(emails)),
        "phones": list(dict.fromkeys(phones)),
        "words": fold(" ".join(filter(None, said)))[:WORDS_MOST],
        "has_photo": bool(card.photo and card.photo.data),
        "card": rows.card_json(card),
    }
