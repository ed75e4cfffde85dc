"""Reading address books for a person: every query passes `providers.access` and answers JSON shapes."""

import base64
import binascii
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.collections import service
from apps.core.folding import fold
from apps.core.problems import Problem
from apps.providers import access
from apps.providers.adapters import vcard
from apps.realtime import journal
from apps.users.members import Member

from . import links, rows
from .kind import KIND
from .models import AddressBook, Contact

LIMIT: Final = 100
MOST: Final = 500
QUERY_MOST: Final = 200
SUGGESTED: Final = 8
SHOWN: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
"""Media types that a browser shows as pictures and in no other way."""


@dataclass(frozen=True, slots=True)
class Page:
    """What part of the list is asked for."""

    query: str = ""
    book: UUID | None = None
    group: UUID | None = None
    email: str = ""
    cursor: str = ""
    position: int | None = None
    limit: int = LIMIT

    @classmethod
    def parse(cls, given: Any) -> "Page":
        """From query parameters. Raises a problem that names the wrong one."""
        try:
            limit = int(given.get("limit") or LIMIT)
            position = int(given["position"]) if given.get("position") else None
            book = UUID(given["book"]) if given.get("book") else None
            group = UUID(given["group"]) if given.get("group") else None
        except ValueError:
            detail = "`limit` and `position` must be whole numbers, `book` and `group` ids."
            raise Problem(400, "invalid", detail) from None
        if position is not None and position < 0:
            raise Problem(400, "invalid", "`position` cannot be negative.")
        query, email = given.get("q", "").strip()[:QUERY_MOST], given.get("email", "").strip().lower()[:320]
        return cls(query, book, group, email, given.get("cursor") or "", position, max(1, min(limit, MOST)))


def books(member: Member) -> dict[str, Any]:
    """The address books of all accounts the person may see."""
    seq = journal.head()
    order = {account.pk: place for place, account in enumerate(access.visible_accounts(member))}
    held = AddressBook.objects.select_related("account").filter(account_id__in=order)
    shown = sorted(held, key=lambda book: (order[book.account_id], book.name.lower(), book.pk))
    return {"seq": seq, "items": [rows.book_json(book) for book in shown]}


def contacts(member: Member, page: Page) -> dict[str, Any]:
    """The people a person knows, by name: one page by cursor or by position, of all or of those a query finds.

    Contacts that the person linked are one person and stand once; `linked` says how many more there are.
    """
    seq = journal.head()
    found, people = _once(member, page)
    total = found.count()
    if page.cursor:
        name, key = _place(page.cursor)
        found = found.filter(Q(sort_name__gt=name) | Q(sort_name=name, pk__gt=key))
    first = page.position or 0
    shown = list(found.order_by("sort_name", "pk").defer("data", "words", "card")[first : first + page.limit])
    following = _cursor(shown[-1]) if len(shown) == page.limit else None
    items = [rows.contact_json(row) | {"linked": people.get(row.pk, 0)} for row in shown]
    return {"seq": seq, "items": items, "next": following, "total": total}


def letters(member: Member, page: Page) -> dict[str, Any]:
    """Under which letter how many stand, in the order of the list: where a jump to a letter leads."""
    counted: dict[str, int] = {}
    for name in _once(member, page)[0].order_by("sort_name").values_list("sort_name", flat=True):
        letter = name[:1].upper() if name[:1].isalpha() else "#"
        counted[letter] = counted.get(letter, 0) + 1
    return {"items": [{"letter": letter, "count": count} for letter, count in counted.items()]}


def groups(member: Member) -> dict[str, Any]:
    """The groups of all address books, by name, with the UIDs of those in each."""
    seq = journal.head()
    held = Contact.objects.filter(account_id__in=access.visible_account_ids(member), leaving__isnull=True, refused="")
    found = held.filter(kind="group").select_related("collection").order_by("sort_name", "pk").defer("data", "words")
    return {"seq": seq, "items": [rows.group_json(row) for row in found]}


def _once(member: Member, page: Page) -> tuple["QuerySet[Contact]", dict[UUID, int]]:
    """Whom a page is of, each person once; and with how many more contacts each that is linked goes together."""
    accounts = access.visible_account_ids(member)
    found = _found(accounts, page)
    linked = links.linked(member, accounts)
    if not linked:
        return found, {}
    shown = set(found.filter(pk__in=[row.pk for group in linked for row in group]).values_list("pk", flat=True))
    first: dict[UUID, int] = {}
    again: list[UUID] = []
    for group in linked:
        matching = [row.pk for row in group if row.pk in shown]
        first |= {pk: len(group) - 1 for pk in matching[:1]}
        again += matching[1:]
    return found.exclude(pk__in=again), first


def _found(accounts: Collection[UUID], page: Page) -> "QuerySet[Contact]":
    found = Contact.objects.filter(account_id__in=accounts, leaving__isnull=True, refused="")
    if page.book is not None:
        found = found.filter(collection_id=page.book)
    if page.group is not None:
        group = found.filter(pk=page.group, kind="group").defer("data", "words").first()
        if group is None:
            return found.none()
        found = found.filter(collection_id=group.collection_id, uid__in=group.card.get("members", []))
    if page.email:
        found = found.filter(emails__contains=[page.email])
    for word in fold(page.query).split():
        found = found.filter(words__contains=word)
    return found


def _cursor(row: Contact) -> str:
    return base64.urlsafe_b64encode(f"{row.pk}|{row.sort_name}".encode()).decode()


def _place(text: str) -> tuple[str, UUID]:
    try:
        key, _, name = base64.urlsafe_b64decode(text.encode()).decode().partition("|")
        return name, UUID(key)
    except (ValueError, binascii.Error):
        raise Problem(400, "invalid", "This `cursor` is not one that a list gave out.") from None


def contact(member: Member, contact_id: UUID) -> dict[str, Any]:
    """One contact with all that its card says, and with the others that the person says are the same person."""
    row = service.one(KIND, member, contact_id)
    return rows.whole_json(row) | {"linked": [rows.whole_json(each) for each in links.others(member, row)]}


def photo(member: Member, contact_id: UUID) -> tuple[str, bytes]:
    """The media type and octets of a contact's own picture. Raises 404 without one: none is ever fetched."""
    row = service.one(KIND, member, contact_id)
    found = vcard.read(bytes(row.data)).photo
    if found is None or not found.data or found.media_type not in SHOWN:
        raise Problem(404, "not_found", "This contact has no picture that can be shown.")
    return found.media_type, found.data


def suggest(account_ids: Sequence[UUID], text: str, most: int = SUGGESTED) -> list[dict[str, str]]:
    """Addresses of contacts in which words begin with those of this text, by name."""
    words = fold(text.strip()[:QUERY_MOST]).split()
    if not words or not account_ids:
        return []
    found = Contact.objects.filter(account_id__in=account_ids, leaving__isnull=True).exclude(emails=[])
    for word in words:
        found = found.filter(Q(words__startswith=word) | Q(words__contains=f" {word}"))
    named = found.order_by("sort_name").values_list("name", "emails")[:most]
    return [
        {"name": name, "address": address, "source": "contacts"} for name, addresses in named for address in addresses
    ][:most]
