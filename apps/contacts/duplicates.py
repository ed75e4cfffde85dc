"""Contacts of a person's accounts and books that may be one person: found and shown with the reason, never joined.

The reasons are the same address, the same telephone number, or the same name together with the same organisation;
a name alone is none.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final
from uuid import UUID

from apps.collections import service
from apps.core.folding import fold
from apps.providers import access
from apps.providers.adapters.vcard import matching
from apps.realtime import journal
from apps.users.members import Member

from . import links, rows
from .components import Components
from .kind import KIND
from .links import Key
from .models import Contact

LIMIT: Final = 50
SHARED_MOST: Final = 12
"""Contacts that share an address or a number before it is thought to be an office's rather than a person's."""
ENDING: Final = 7
"""Digits at the end by which numbers that may be the same are found."""


@dataclass(frozen=True, slots=True)
class Known:
    """Of a contact what tells it from others."""

    id: UUID
    key: Key
    name: str
    organization: str
    emails: Sequence[str]
    phones: Sequence[str]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why some contacts may be one person: `kind` is `email`, `phone` or `name`."""

    kind: str
    value: str
    contacts: tuple[Known, ...]


@dataclass(frozen=True, slots=True)
class Likely:
    """Contacts that may be one person, and why."""

    contacts: tuple[Known, ...]
    reasons: tuple[Reason, ...]


def duplicates(member: Member, position: int = 0, limit: int = LIMIT) -> dict[str, Any]:
    """One page of those that may be one person, by name; what the person decided already stays out."""
    seq = journal.head()
    found = likely(_known(access.visible_account_ids(member)), links.groups(member), links.said(member, same=False))
    shown = found[position : position + limit]
    ids = [each.id for group in shown for each in group.contacts]
    held = {row.pk: row for row in service.visible(KIND, member, ids)} if ids else {}
    return {"seq": seq, "items": [_json(group, held) for group in shown], "total": len(found)}


def _known(accounts: Iterable[UUID]) -> list[Known]:
    held = Contact.objects.filter(account_id__in=accounts, leaving__isnull=True, refused="").exclude(kind="group")
    names = ("pk", "collection_id", "uid", "name", "organization", "emails", "phones")
    listed = held.exclude(uid="").order_by("sort_name", "pk").values_list(*names)
    return [Known(pk, (book, uid), *told) for pk, book, uid, *told in listed.iterator()]


def likely(known: Sequence[Known], linked: Components[Key], apart: Sequence[tuple[Key, Key]]) -> list[Likely]:
    """Those that may be one person, in the order of the list. Pure.

    Where the person said of some pair in a group that they are not the same, each other pair stands by itself.
    """
    parted = {frozenset(linked.of(each) for each in pair) for pair in apart}
    found: dict[frozenset[UUID], dict[tuple[str, str], Reason]] = {}
    by_id = {each.id: each for each in known}
    together: Components[UUID] = Components()
    for reason in reasons(known):
        for one, other in combinations(reason.contacts, 2):
            people = frozenset((linked.of(one.key), linked.of(other.key)))
            if len(people) == 2 and people not in parted:
                together.join(one.id, other.id)
                found.setdefault(frozenset((one.id, other.id)), {})[reason.kind, reason.value] = reason
    order = {each.id: place for place, each in enumerate(known)}
    groups: dict[UUID, list[frozenset[UUID]]] = {}
    for pair in found:
        groups.setdefault(together.of(next(iter(pair))), []).append(pair)
    result = []
    for pairs in groups.values():
        members = frozenset[UUID]().union(*pairs)
        keys = [linked.of(by_id[each].key) for each in members]
        split = any(frozenset(pair) in parted for pair in combinations(keys, 2))
        for some in pairs if split else [members]:
            told = {name: reason for pair in pairs if pair <= some for name, reason in found[pair].items()}
            contacts = tuple(by_id[each] for each in sorted(some, key=order.__getitem__))
            result.append(Likely(contacts, tuple(_within(reason, some) for reason in told.values())))
    return sorted(result, key=lambda group: [order[each.id] for each in group.contacts])


def _within(reason: Reason, some: frozenset[UUID]) -> Reason:
    return Reason(reason.kind, reason.value, tuple(each for each in reason.contacts if each.id in some))


def reasons(known: Sequence[Known]) -> Iterator[Reason]:
    """All that several contacts have in common of what speaks for one person. Pure."""
    emails: dict[str, list[Known]] = {}
    names: dict[tuple[str, str], list[Known]] = {}
    endings: dict[str, list[tuple[str, Known]]] = {}
    for each in known:
        for email in set(each.emails):
            emails.setdefault(email, []).append(each)
        for number in set(each.phones):
            endings.setdefault(number[-ENDING:], []).append((number, each))
        name, organization = " ".join(sorted(fold(each.name).split())), fold(each.organization)
        if name and organization and name != " ".join(sorted(organization.split())):
            names.setdefault((name, organization), []).append(each)
    for email, some in emails.items():
        if 1 < len(some) <= SHARED_MOST:
            yield Reason("email", email, tuple(some))
    for some in names.values():
        if 1 < len(some) <= SHARED_MOST:
            yield Reason("name", f"{some[0].name}, {some[0].organization}", tuple(some))
    for ending in endings.values():
        yield from _numbers(ending)


def _numbers(ending: Sequence[tuple[str, Known]]) -> Iterator[Reason]:
    """Among numbers of one ending those that are the same."""
    if not 1 < len(ending) <= SHARED_MOST:
        return
    same: Components[str] = Components()
    for (one, _), (other, _) in combinations(ending, 2):
        if matching.same_phone(one, other):
            same.join(one, other)
    found: dict[str, dict[UUID, Known]] = {}
    for number, each in ending:
        found.setdefault(same.of(number), {})[each.id] = each
    for number, some in found.items():
        if len(some) > 1 and len(number.lstrip("+")) >= ENDING:
            yield Reason("phone", number, tuple(some.values()))


def _json(group: Likely, held: dict[UUID, Contact]) -> dict[str, Any]:
    return {
        "contacts": [rows.contact_json(held[each.id]) for each in group.contacts],
        "reasons": [
            {"kind": reason.kind, "value": reason.value, "contacts": [str(each.id) for each in reason.contacts]}
            for reason in group.reasons
        ],
    }
