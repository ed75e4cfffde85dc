"""A merge undone: each contact is there again as it was, octet for octet and under its UID, at its provider too."""

import base64
from typing import Any
from uuid import UUID

from apps.collections import recalling, service
from apps.collections.kind import whole_text
from apps.core.clock import now
from apps.core.problems import Problem, not_found
from apps.outbound.models import CommandRequest
from apps.providers.adapters import vcard
from apps.realtime.journal import Event
from apps.users.members import Member

from . import merging
from .kind import KIND
from .models import AddressBook, Contact, Merge


def undo(member: Member, key: str, merge_id: UUID, *, anyway: bool = False) -> dict[str, Any]:
    """Undo a merge. `anyway`: the kept contact was changed since, and stays as it is now; the others come back.

    Raises problems that say why not: 409 `changed_since` without `anyway`; 409 `pending` while a provider is at it.
    """

    def act(request: CommandRequest) -> list[Event]:
        held = merging.undoable(member).select_for_update(of=("self",)).filter(pk=merge_id).first()
        if held is None:
            raise not_found("merge")
        return _Undoing(member, request, held).all(anyway=anyway)

    return service.once(KIND, member, key, "unmerge", 0, act)


class _Undoing:
    """One merge being undone, under the locks of all its accounts."""

    def __init__(self, member: Member, request: CommandRequest, held: Merge) -> None:
        self.request, self.held = request, held
        self.told: list[Event] = []
        self.writes = 0
        ids = [held.book_id, *(UUID(each["book"]) for each in held.others)]
        self.books = {each: self._book(member, each) for each in ids}
        for account_id in sorted({book.account_id for book in self.books.values()}):
            service.locked(KIND, account_id)

    def _book(self, member: Member, book_id: UUID) -> AddressBook:
        try:
            book: AddressBook = service.collection(KIND, member, book_id)
        except Problem:
            raise Problem(409, "book_gone", "The address book that one of them was in is no longer there.") from None
        service.to_make(KIND, member, book)
        return book

    def all(self, *, anyway: bool) -> list[Event]:
        """Every contact; what is told of it."""
        for each in self.held.others:
            self._bring_back(each)
        self._restore(anyway=anyway)
        self._groups()
        self.held.undone_at = now()
        self.held.save(update_fields=["undone_at"])
        self.request.total = self.writes
        self.request.args = {"object": str(self.held.kept)}
        return self.told

    def _bring_back(self, other: dict[str, Any]) -> None:
        row = _rows().filter(pk=other["id"]).first()
        if row is not None and row.leaving is not None:
            self.told += recalling.recall(KIND, row)
        elif row is None and not self._there(other["book"], other["uid"]):
            self._make(self.books[UUID(other["book"])], base64.b64decode(other["text"]))

    def _there(self, book_id: Any, uid: str) -> bool:
        """Whether somebody made it again already."""
        return bool(uid) and Contact.objects.filter(collection=book_id, uid=uid, leaving__isnull=True).exists()

    def _make(self, book: AddressBook, text: bytes) -> None:
        self.told += service.make(KIND, self.request, book, text)
        self.writes += 1

    def _restore(self, *, anyway: bool) -> None:
        """The kept one says again what it said, unless somebody changed it since."""
        before, after = bytes(self.held.before), bytes(self.held.after)
        row = _rows().filter(pk=self.held.kept, leaving__isnull=True).first()
        digest = bytes(row.digest) if row is not None else b""
        if row is not None and digest in (vcard.digest(before), vcard.digest(after)) and row.ours is None:
            if bytes(row.data) != before:
                self.told += service.edit(KIND, self.request, row, whole_text(before))
                self.writes += 1
        elif not anyway:
            what = "changed" if row is not None else "deleted or moved"
            detail = f"“{self.held.name}” was {what} since. The others can be brought back, and it stays as it is."
            raise Problem(409, "changed_since", detail)

    def _groups(self) -> None:
        """The kept one is no longer in the groups that it came into for the others."""
        held = _rows().filter(pk__in=self.held.groups, kind="group", leaving__isnull=True, ours__isnull=True)
        for group in held.order_by("pk"):
            members = group.card["members"]
            if self.held.kept_uid in members:
                left = [uid for uid in members if uid != self.held.kept_uid]
                self.told += service.edit(KIND, self.request, group, {"members": left})
                self.writes += 1


def _rows() -> Any:
    return Contact.objects.select_related("collection", "account")
