"""One person's contacts: what is stored, and every way in which it changes."""

import copy
import hashlib
import random
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.fakes.google.clock import Clock

Json = dict[str, Any]

MINE: Final = "contactGroups/myContacts"
STARRED: Final = "contactGroups/starred"
SYSTEM: Final = {
    "myContacts": "My Contacts", "starred": "Starred", "friends": "Friends", "family": "Family",
    "coworkers": "Coworkers", "blocked": "Blocked", "chatBuddies": "Chat contacts", "all": "All Contacts",
}  # fmt: skip
JOINABLE: Final = (MINE, STARRED)
"""Groups of the system that can be joined."""


@dataclass
class Contact:
    """One contact, or one other contact."""

    name: str
    """`people/c123`, `otherContacts/c123`."""
    source: str
    fields: Json
    etag: str = ""
    revision: int = 0
    changed_at: float = 0.0
    deleted: bool = False
    previous: list[str] = field(default_factory=list)
    photo: bytes | None = None
    groups: set[str] = field(default_factory=set)


@dataclass
class Group:
    """One group of contacts."""

    name: str
    title: str
    system: bool = False
    etag: str = ""
    revision: int = 0
    changed_at: float = 0.0
    deleted: bool = False
    client_data: list[Json] = field(default_factory=list)


class AddressBook:
    """The contacts of one account."""

    def __init__(self, email: str, clock: Clock, order: random.Random) -> None:
        self.email = email
        self.clock = clock
        self._random = order
        self.contacts: dict[str, Contact] = {}
        self.others: dict[str, Contact] = {}
        self.groups: dict[str, Group] = {}
        self.sync_lag = 0.0
        """Seconds until a write appears in a listing that goes on from a sync token."""
        self.flickering_etags = False
        """True: the etag of a person is another at each read, as was seen after photographs and memberships."""
        self.indexed: list[Contact] = []
        """What a search looks through: the state at the last warm-up."""
        self.revision = order.randrange(1_000, 1_000_000)
        for key, title in SYSTEM.items():
            self._touch_group(Group(f"contactGroups/{key}", title, system=True))

    # Changing

    def add(self, fields: Json, groups: Iterable[str] = (MINE,)) -> Contact:
        """A new contact."""
        return self._touch(self._made("people/c", fields, set(groups)), self.contacts)

    def add_other(self, fields: Json) -> Contact:
        """Somebody with whom mail was exchanged."""
        return self._touch(self._made("otherContacts/c", fields, set()), self.others)

    def change(self, contact: Contact, fields: Json, groups: Iterable[str] | None = None) -> Contact:
        """Replace fields whole; one that is empty goes."""
        contact.fields = {key: value for key, value in (contact.fields | copy.deepcopy(fields)).items() if value}
        if groups is not None:
            contact.groups = set(groups)
        return self._touch(contact, self.contacts)

    def photograph(self, contact: Contact, photo: bytes | None) -> Contact:
        """Another picture, or none."""
        contact.photo = photo
        return self._touch(contact, self.contacts)

    def remove(self, contact: Contact) -> None:
        """Deleted; listings that go on from a token tell of it."""
        contact.deleted = True
        self._touch(contact, self.contacts if contact.name in self.contacts else self.others)

    def rename(self, contact: Contact) -> Contact:
        """The contact is linked to a profile and gets another resource name."""
        del self.contacts[contact.name]
        contact.previous.append(contact.name)
        contact.name = f"people/c{self._number()}"
        return self._touch(contact, self.contacts)

    def new_group(self, title: str, client_data: list[Json]) -> Group:
        """A group of the user."""
        return self._touch_group(Group(f"contactGroups/{secrets.token_hex(8)}", title, client_data=client_data))

    def change_group(self, group: Group) -> Group:
        """It was changed."""
        return self._touch_group(group)

    def remove_group(self, group: Group, *, with_contacts: bool) -> None:
        """Its members go with it, or lose it; who belongs to nothing any more is no connection either."""
        group.deleted = True
        self._touch_group(group)
        for contact in self.living():
            if group.name not in contact.groups:
                continue
            contact.groups.discard(group.name)
            if with_contacts or not contact.groups:
                self.remove(contact)
                if not with_contacts:
                    self.add_other(
                        {key: contact.fields[key] for key in ("names", "emailAddresses") if key in contact.fields}
                    )
            else:
                self._touch(contact, self.contacts)

    def join(self, contact: Contact, group: str) -> None:
        """Become a member."""
        if group not in contact.groups:
            contact.groups.add(group)
            self._touch(contact, self.contacts)

    def part(self, contact: Contact, group: str) -> None:
        """Be a member no more."""
        if group in contact.groups:
            contact.groups.discard(group)
            self._touch(contact, self.contacts)

    # Looking

    def living(self) -> list[Contact]:
        """All contacts."""
        return [one for one in self.contacts.values() if not one.deleted]

    def members(self, group: str) -> list[Contact]:
        """Who belongs to a group."""
        return [one for one in self.living() if group in one.groups or group == "contactGroups/all"]

    def settled_revision(self) -> int:
        """The newest revision that listings know of."""
        if not self.sync_lag:
            return self.revision
        edge = self.clock.now() - self.sync_lag
        everything = [*self.contacts.values(), *self.others.values()]
        young = [one.revision for one in everything if one.changed_at > edge]
        return min(young) - 1 if young else self.revision

    def warm_up(self) -> None:
        """The search index takes the present state."""
        self.indexed = [copy.deepcopy(one) for one in self.living()]

    def _made(self, prefix: str, fields: Json, groups: set[str]) -> Contact:
        return Contact(f"{prefix}{self._number()}", secrets.token_hex(8), copy.deepcopy(fields), groups=groups)

    def _number(self) -> int:
        return self._random.randrange(10**18, 9 * 10**18)

    def _tick(self) -> int:
        self.revision += self._random.randrange(1, 20)
        return self.revision

    def _touch(self, contact: Contact, shelf: dict[str, Contact]) -> Contact:
        contact.revision, contact.changed_at = self._tick(), self.clock.now()
        contact.etag = hashlib.sha256(f"{contact.source} {contact.revision}".encode()).hexdigest()[:12]
        shelf[contact.name] = contact
        return contact

    def _touch_group(self, group: Group) -> Group:
        group.revision, group.changed_at = self._tick(), self.clock.now()
        group.etag = hashlib.sha256(f"{group.name} {group.revision}".encode()).hexdigest()[:12]
        self.groups[group.name] = group
        return group
