"""Groups of an address book: made of contacts, named anew, filled and emptied.

A group is a card of its own where the book is reached over CardDAV (RFC 6350 section 6.6.5). Google's labels are
categories of each contact instead; they are changed with the contact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from apps.collections import service
from apps.core.problems import Problem
from apps.outbound.models import CommandRequest
from apps.providers import connections
from apps.providers.adapters import vcard
from apps.realtime.journal import Event
from apps.users.members import Member

from .kind import KIND
from .models import AddressBook, Contact


@dataclass(frozen=True, slots=True)
class Regrouped:
    """What a group is to be: its name (empty leaves it), and ids of contacts that come into it and that leave it."""

    name: str = ""
    add: Sequence[UUID] = ()
    remove: Sequence[UUID] = ()


def make(member: Member, key: str, book_id: UUID, name: str, contacts: Sequence[UUID]) -> dict[str, Any]:
    """A new group of contacts of one address book. Raises problems that say what is wrong."""
    book = service.collection(KIND, member, book_id)
    if connections.by_consent(book.account):
        detail = f"“{book.name}” holds no groups. Its contacts have categories: change those of each contact."
        raise Problem(409, "no_groups", detail)
    uids = _uids(member, book, contacts)
    fields = {"full_name": name, "name": _as_name(name), "members": uids}
    return service.create(KIND, member, key, book_id, vcard.new(fields, str(uuid4()), book.version))


def change(member: Member, key: str, group_id: UUID, wanted: Regrouped) -> dict[str, Any]:
    """Give a group another name or other members. Raises problems that say what is wrong."""

    def act(request: CommandRequest) -> list[Event]:
        row = service.to_change(KIND, member, group_id)
        if row.kind != "group":
            raise Problem(400, "invalid", "This contact is no group.")
        held = row.card["members"]
        leaving = set(_uids(member, row.collection, wanted.remove))
        coming = [uid for uid in _uids(member, row.collection, wanted.add) if uid not in held]
        fields: dict[str, Any] = {"members": [*(uid for uid in held if uid not in leaving), *coming]}
        if wanted.name and wanted.name != row.name:
            fields |= {"full_name": wanted.name, "name": _as_name(wanted.name)}
        return service.edit(KIND, request, row, fields)

    return service.once(KIND, member, key, "change", 1, act)


def _uids(member: Member, book: AddressBook, contacts: Sequence[UUID]) -> list[str]:
    """What a group names contacts by. Raises a problem for one that cannot be in a group of this book."""
    rows: list[Contact] = service.visible(KIND, member, contacts) if contacts else []
    for row in rows:
        if row.collection_id != book.pk:
            raise Problem(409, "another_book", f"{row.name} is not in “{book.name}”: move the contact there first.")
        if row.kind == "group" or not row.uid:
            raise Problem(409, "not_a_person", f"{row.name} cannot be in a group.")
    place = {pk: index for index, pk in enumerate(contacts)}
    return [row.uid for row in sorted(rows, key=lambda row: place[row.pk])]


def _as_name(name: str) -> dict[str, str]:
    """Both names are the group's: address books that sort by N would otherwise show it without one."""
    return {"family": name, "given": "", "additional": "", "prefix": "", "suffix": ""}
