"""Contacts as a file (.vcf): given out, each as its provider has it, and taken in."""

from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID, uuid5

from apps.collections import files, service
from apps.collections.files import PIECE_MOST, Import, Piece
from apps.providers import access
from apps.providers.adapters import vcard
from apps.users.members import Member

from .kind import KIND
from .models import Contact

NAMED_BY_TEXT: Final = UUID("5d2c6d0e-3d0f-4c53-8f0b-0e6f5b1c7a42")
"""Of what has no UID its meaning is the identity, so that the same file again makes nobody twice."""
UID_MOST: Final = 255


def export(member: Member, book_id: UUID | None = None, contact_ids: Sequence[UUID] | None = None) -> bytes:
    """Some contacts, those of one address book, or all that the person sees, as one .vcf file.

    Raises a problem when they are too much for one file.
    """
    found = Contact.objects.filter(account_id__in=access.visible_account_ids(member), leaving__isnull=True, refused="")
    if book_id is not None:
        found = found.filter(collection=service.collection(KIND, member, book_id))
    if contact_ids is not None:
        found = found.filter(pk__in=[row.pk for row in service.visible(KIND, member, contact_ids)])
    too_big = "These are too many contacts for one file. Export one address book after the other."
    cards = files.texts(found.order_by("sort_name", "pk"), too_big)
    return b"".join(card.rstrip(b"\r\n") + b"\r\n" for card in cards)


def take_in(member: Member, key: str, book_id: UUID, data: bytes, *, update: bool) -> dict[str, Any]:
    """The cards of a .vcf file into an address book. Raises problems that say why nothing of it can be taken in."""
    book = service.collection(KIND, member, book_id)
    return files.take_in(member, key, Import(KIND, book, update), _pieces(data))


def _pieces(data: bytes) -> Iterator[Piece]:
    for text in vcard.split(data):
        card = vcard.read(text)
        if refused := _refused(card, text):
            yield Piece(card.full_name, refused=refused)
            continue
        uid = card.uid or str(uuid5(NAMED_BY_TEXT, vcard.digest(text).hex()))
        yield Piece(card.full_name, uid, vcard.storable(text, card, uid))


def _refused(card: vcard.Card, text: bytes) -> str:
    if b"END:VCARD" not in text.upper().replace(b" ", b""):
        return "cut_off"
    if not card.full_name.strip(" ?"):
        return "nobody"
    if len(text) > PIECE_MOST:
        return "too_big"
    if len(card.uid) > UID_MOST or b"\0" in text:
        return "unstorable"
    return ""
