"""Making a contact, and giving contacts out as a file."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid4

from django.db.models import BigIntegerField, Func, Sum

from apps.collections import service
from apps.core.problems import Problem
from apps.providers import access
from apps.providers.adapters import vcard
from apps.users.members import Member

from .kind import KIND
from .models import Contact

EXPORTED_MOST: Final = 100_000_000
"""Octets of one file."""


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
    return service.create(KIND, member, key, book_id, _place(book.remote_id, uid), data)


def _place(collection: str, uid: str) -> str:
    return f"{collection.rstrip('/')}/{uid}.vcf"


def export(member: Member, book_id: UUID | None) -> bytes:
    """The cards of one address book, or of all that the person sees, as one .vcf file; each as its provider has it.

    Raises a problem when they are too much for one file.
    """
    found = Contact.objects.filter(account_id__in=access.visible_account_ids(member), leaving__isnull=True, refused="")
    if book_id is not None:
        found = found.filter(collection=service.collection(KIND, member, book_id))
    size = found.aggregate(size=Sum(Func("data", function="octet_length", output_field=BigIntegerField())))["size"]
    if (size or 0) > EXPORTED_MOST:
        raise Problem(
            413, "too_big", "These are too many contacts for one file. Export one address book after the other."
        )
    cards = found.order_by("sort_name", "pk").values_list("data", flat=True).iterator()
    return b"".join(bytes(card).rstrip(b"\r\n") + b"\r\n" for card in cards)
