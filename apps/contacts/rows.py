"""The JSON shapes of contacts: what the API answers and what events carry, made in one place."""

from typing import Any

from apps.providers import connections
from apps.providers.accounts import iso
from apps.providers.adapters import vcard
from apps.providers.adapters.vcard import Card, values

from .models import AddressBook, Contact


def book_json(book: AddressBook) -> dict[str, Any]:
    """An address book as it is listed."""
    return {
        "id": str(book.pk),
        "account_id": str(book.account_id),
        "name": book.name,
        "writable": book.writable,
        "groups": not connections.by_consent(book.account),
        "total": book.total,
        "remaining": book.remaining,
        "as_of": iso(book.as_of),
        "rev": book.rev,
    }


def contact_json(row: Contact) -> dict[str, Any]:
    """A contact as a list shows it."""
    return {
        "id": str(row.pk),
        "account_id": str(row.account_id),
        "collection_id": str(row.collection_id),
        "uid": row.uid,
        "kind": row.kind,
        "name": row.name,
        "sort_name": row.sort_name,
        "organization": row.organization,
        "title": row.title,
        "emails": row.emails,
        "phones": row.phones,
        "photo": f"/api/v1/contacts/{row.pk}/photo" if row.has_photo else None,
        "pending": row.base is not None or not row.etag,
        "conflict": row.ours is not None,
        "rev": row.rev,
    }


def group_json(row: Contact) -> dict[str, Any]:
    """A group as it is chosen and filled: with the UIDs of those in it."""
    return {
        "id": str(row.pk),
        "account_id": str(row.account_id),
        "collection_id": str(row.collection_id),
        "name": row.name,
        "members": row.card.get("members", []),
        "writable": row.collection.writable,
        "rev": row.rev,
    }


def whole_json(row: Contact) -> dict[str, Any]:
    """A contact with all that its card says, and what in it could not be understood; after a conflict what the
    card said here (`ours`), until a person decides."""
    return contact_json(row) | {
        "card": row.card,
        "ours": None if row.ours is None else card_json(vcard.read(bytes(row.ours))),
        "problems": row.problems,
        "writable": row.collection.writable,
    }


def card_json(card: Card) -> dict[str, Any]:
    """What a card says, in the form in which it is edited, without its picture; and what can only be shown."""
    told = {field: values.of(card, field) for field in values.FIELDS if field != "photo"}
    return told | {
        "full_name": card.full_name,
        "chats": [values.labelled(item) for item in card.chats],
        "related": [values.labelled(item) for item in card.related],
        "dates": [{"label": label, "date": values.date(found)} for label, found in card.dates],
    }
