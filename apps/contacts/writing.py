"""Making a contact, and moving one to another address book."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from apps.collections import service
from apps.core.problems import Problem
from apps.outbound.models import CommandRequest
from apps.providers.adapters import vcard
from apps.realtime.journal import Event
from apps.users.members import Member

from . import links
from .kind import KIND
from .models import Contact


def create(member: Member, key: str, book_id: UUID, fields: Mapping[str, Any]) -> dict[str, Any]:
    """A new contact in an address book. Raises problems that say what is wrong."""
    book = service.collection(KIND, member, book_id)
    uid = str(uuid4())
    try:
        data = vcard.new(fields, uid, book.version)
    except ValueError as error:
        raise Problem(400, "invalid", str(error)) from None
    if not vcard.read(data).full_name.strip(" ?"):
        raise Problem(400, "invalid", "Give the contact a name, an organisation, an address or a number.")
    return service.create(KIND, member, key, book_id, data)


def move(member: Member, key: str, contact_id: UUID, book_id: UUID) -> dict[str, Any]:
    """Move a contact to another address book, of this account or of another. Raises problems that say why not."""
    book = service.collection(KIND, member, book_id)
    service.to_make(KIND, member, book)

    def act(request: CommandRequest) -> list[Event]:
        row = service.to_change(KIND, member, contact_id)
        if row.collection_id == book.pk:
            return []
        if row.uid and Contact.objects.filter(collection=book, uid=row.uid, leaving__isnull=True).exists():
            # RFC 6352 section 5.1: a UID stands once in an address book.
            raise Problem(409, "there_already", f"“{book.name}” has this contact already.")
        links.follow(row, book)
        return service.move(KIND, request, row, book)

    return service.once(KIND, member, key, "move", 1, act)
