"""Which contacts are the same person, as a person said it: remembered for them alone, never written to a provider."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from apps.collections import service
from apps.core.problems import Problem
from apps.providers import access
from apps.realtime import journal
from apps.realtime.journal import Event
from apps.users.members import Member

from .components import Components
from .kind import KIND
from .models import AddressBook, Contact, ContactLink

Key = tuple[UUID, str]
"""A contact by its address book and its UID."""


def key(row: Contact) -> Key:
    """By what a contact is remembered."""
    return row.collection_id, row.uid


def said(member: Member, *, same: bool) -> list[tuple[Key, Key]]:
    """The pairs of which the person said that they are the same person, or that they are not."""
    held = ContactLink.objects.filter(user_id=member.user_id, same=same)
    names = ("first_book_id", "first_uid", "second_book_id", "second_uid")
    return [((a, b), (c, d)) for a, b, c, d in held.values_list(*names)]


def groups(member: Member) -> Components[Key]:
    """The contacts that are one person, as the links of the person have them."""
    return Components(said(member, same=True))


def people(member: Member, rows: Iterable[Contact]) -> list[list[Contact]]:
    """These contacts with those that are the same person together, in their order."""
    linked = groups(member)
    found: dict[Any, list[Contact]] = {}
    for row in rows:
        found.setdefault(linked.of(key(row)) if row.uid else row.pk, []).append(row)
    return list(found.values())


def linked(member: Member, among: Collection[UUID]) -> list[list[Contact]]:
    """The visible contacts that are linked with others, person by person; those of the account that was connected
    first come first. `among` are the ids of the accounts the person sees."""
    pairs = said(member, same=True)
    if not pairs:
        return []
    keys = {each for pair in pairs for each in pair}
    held = Contact.objects.filter(account_id__in=among, leaving__isnull=True, refused="")
    held = held.filter(collection_id__in={book for book, _ in keys}, uid__in={uid for _, uid in keys})
    rows = [
        row for row in held.order_by("account__created_at", "pk").defer("data", "card", "words") if key(row) in keys
    ]
    return [group for group in people(member, rows) if len(group) > 1]


def others(member: Member, row: Contact) -> list[Contact]:
    """The contacts that are the same person as this one."""
    own = groups(member).members(key(row)) - {key(row)}
    if not own or not row.uid:
        return []
    seen = access.visible_account_ids(member)
    held = Contact.objects.select_related("collection").filter(account_id__in=seen, leaving__isnull=True, refused="")
    held = held.filter(uid__in={uid for _, uid in own}).order_by("account__created_at", "pk")
    return [each for each in held if key(each) in own]


def link(member: Member, contact_ids: Sequence[UUID]) -> int:
    """Remember that these contacts are the same person; the journal's number. Nothing changes at their providers.

    Raises problems that say what is wrong.
    """
    rows = _named(member, contact_ids)
    with transaction.atomic():
        _say(member, [(key(rows[0]), key(row)) for row in rows[1:]], same=True)
        return journal.append([_told(member, rows)])


def part(member: Member, contact_ids: Sequence[UUID]) -> int:
    """Remember that no two of these contacts are the same person, likewise."""
    rows = _named(member, contact_ids)
    with transaction.atomic():
        _say(member, combinations(map(key, rows), 2), same=False)
        return journal.append([_told(member, rows)])


def unlink(member: Member, contact_id: UUID) -> int:
    """Take a contact out of those that are the same person, who stay together; likewise."""
    row = service.one(KIND, member, contact_id)
    own = key(row)
    left = sorted(groups(member).members(own) - {own}, key=_order)
    with transaction.atomic():
        _say(member, [(left[0], each) for each in left[1:]], same=True)
        _say(member, [(own, each) for each in left], same=False)
        return journal.append([_told(member, [row, *others(member, row)])])


def follow(row: Contact, book: AddressBook) -> None:
    """What was said of a contact is said of it in another address book, too; everybody's. Part of a transaction."""
    if not row.uid:
        return
    about = Q(first_book=row.collection_id, first_uid=row.uid) | Q(second_book=row.collection_id, second_uid=row.uid)
    for held in ContactLink.objects.filter(about):
        first, second = (held.first_book_id, held.first_uid), (held.second_book_id, held.second_uid)
        other = second if first == key(row) else first
        _write(held.user_id, [((book.pk, row.uid), other)], same=held.same)


def _named(member: Member, contact_ids: Sequence[UUID]) -> list[Contact]:
    if len(set(contact_ids)) < 2:
        raise Problem(400, "invalid", "Name two contacts or more.")
    rows = service.visible(KIND, member, contact_ids)
    if len({key(row) for row in rows}) < len(rows) or not all(row.uid for row in rows):
        raise Problem(409, "no_identity", "One of these contacts has no identity (UID) by which it can be remembered.")
    order: Mapping[UUID, int] = {each: place for place, each in enumerate(contact_ids)}
    return sorted(rows, key=lambda row: order[row.pk])


def _say(member: Member, pairs: Iterable[tuple[Key, Key]], *, same: bool) -> None:
    _write(member.user_id, pairs, same=same)


def _write(user_id: UUID, pairs: Iterable[tuple[Key, Key]], *, same: bool) -> None:
    for pair in pairs:
        (book, uid), (other, another) = sorted(pair, key=_order)
        ContactLink.objects.update_or_create(
            user_id=user_id,
            first_book_id=book,
            first_uid=uid,
            second_book_id=other,
            second_uid=another,
            defaults={"same": same},
        )


def _order(one: Key) -> tuple[str, str]:
    return str(one[0]), one[1]


def _told(member: Member, rows: Sequence[Contact]) -> Event:
    """The event, for the person whose links they are."""
    return Event(KIND.update, None, {"linked": [str(row.pk) for row in rows]}, only_for=(member.user_id,))
