"""A kind of collection as the engine sees it; `calendar` and `contacts` say what is theirs."""

import base64
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F

from apps.core.clock import now
from apps.providers import connections
from apps.providers.adapters.collections import NEW, CollectionAdapter, CollectionBatch, CollectionRecord
from apps.providers.adapters.errors import NotFound
from apps.providers.models import ProviderAccount
from apps.realtime import journal
from apps.sync.lease import Lease
from apps.sync.registry import Applied, Comparison

from . import comparison, ingest, locks
from .ingest import Prepared
from .mirror import AccountMirror
from .models import Collection, CollectionObject

# "True as of" moves at every sync; browsers are told only when what they show has grown this old.
AS_OF_STEP: Final = timedelta(minutes=5)
LOOKED_FOR: Final = 200
"""Objects that one run looks for one by one."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says: its identity, its semantic digest, and the columns that its row has of it."""

    uid: str
    digest: bytes
    columns: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Called:
    """What people call one object of a kind, several, and a collection of them."""

    object: str
    objects: str
    collection: str


@dataclass(frozen=True, slots=True)
class Edited:
    """A text with an edit applied; `conflicts` names what was changed to something else in the meantime. Such a
    part is as the edit wants it: whoever asks decides whether that may be written."""

    data: bytes
    conflicts: tuple[str, ...] = ()


def whole_text(data: bytes) -> dict[str, Any]:
    """The edit after which an object has this text, octet for octet."""
    return {"text": base64.b64encode(data).decode()}


class CollectionKind(ABC):
    """Implements `sync.registry.Kind` for collections of objects. What a subclass adds is pure, but for `open`."""

    name: str
    called: ClassVar[Called]
    # Models with the columns of `models.Collection` and `models.CollectionObject`, and a foreign key `collection`
    # between them that abstract models cannot declare.
    collections: ClassVar[Any]
    objects: ClassVar[Any]
    new: ClassVar[str]
    """Names of the events that tell of an object, and the member of their data that holds it."""
    update: ClassVar[str]
    delete: ClassVar[str]
    member: ClassVar[str]
    suffix: ClassVar[str]
    """With what the name of an object ends, where we name it."""
    undone: ClassVar[Mapping[str, Mapping[str, str]]]
    """What did not happen when an action failed, by language and action."""

    @abstractmethod
    def open(self, account: ProviderAccount) -> CollectionAdapter:
        """A logged-in adapter of the account."""

    @abstractmethod
    def describe(self, record: CollectionRecord) -> dict[str, Any]:
        """The columns that a collection of this kind has beyond those of all."""

    @abstractmethod
    def read(self, data: bytes, collection: Collection | None) -> Reading:
        """What an object's text says. Never raises, whatever the bytes are."""

    @abstractmethod
    def before(self, data: bytes, change: Mapping[str, Any]) -> dict[str, Any]:
        """What the text says now of all that an edit is about: kept with the edit, so that a change of the same
        thing by somebody else is noticed later."""

    @abstractmethod
    def edit(self, data: bytes, change: Mapping[str, Any], before: Mapping[str, Any]) -> Edited:
        """The text with an edit applied, all else as it was. An edit that is in the text already changes nothing."""

    @abstractmethod
    def collection_json(self, row: Any) -> dict[str, Any]:
        """A collection as people are shown it."""

    @abstractmethod
    def object_json(self, row: Any) -> dict[str, Any]:
        """An object as a list shows it and events carry it."""

    def new_remote_id(self, account: ProviderAccount, collection: Any) -> str:
        """Under what a new object goes: a name that nothing had before, also nothing that is on its way out."""
        if connections.by_consent(account):
            return f"{NEW}{uuid4()}"
        return f"{collection.remote_id.rstrip('/')}/{uuid4()}{self.suffix}"

    def whole(self, data: bytes, change: Mapping[str, Any], before: Mapping[str, Any]) -> Edited:
        """The edit that gives an object another text (`text`, from `whole_text`), whatever it says: for what is
        imported or brought back. It overrides whoever changed the object since."""
        wanted = base64.b64decode(change["text"])
        there = self.read(data, None).digest
        same = there.hex() in (before["digest"], self.read(wanted, None).digest.hex())
        return Edited(wanted, () if same else ("the whole of it",))

    def whole_before(self, data: bytes) -> dict[str, Any]:
        """What such an edit keeps of the text that it replaces."""
        return {"digest": self.read(data, None).digest.hex()}

    def changes(self, adapter: CollectionAdapter, account: ProviderAccount) -> Iterator[CollectionBatch]:
        """What happened since the cursors; all of it the first time."""
        begun = now()
        yield from adapter.changes(AccountMirror(account.pk, self.collections, self.objects))
        yield from self._looked_for(adapter, account, begun)

    def _looked_for(
        self, adapter: CollectionAdapter, account: ProviderAccount, begun: datetime
    ) -> Iterator[CollectionBatch]:
        """What we changed before this round and what it did not tell of: there, or gone again before it was told."""
        left = self.objects._default_manager.filter(account=account, unconfirmed_at__lt=begun).exclude(etag="")
        for row in list(left.select_related("collection").order_by("unconfirmed_at")[:LOOKED_FOR]):
            where = row.collection.remote_id
            try:
                found = adapter.fetch(where, row.remote_id)
            except NotFound:
                yield CollectionBatch(collection=where, vanished=(row.remote_id,))
            else:
                yield CollectionBatch(collection=where, upserts=(found,))

    def backfill(self, adapter: CollectionAdapter, account: ProviderAccount) -> Iterator[CollectionBatch]:
        """Nothing: `changes` brings in all of a new collection, and begins where it was cut off."""
        return iter(())

    def prepare(self, account: ProviderAccount, batch: CollectionBatch) -> Prepared:
        """The batch's objects read."""
        return ingest.prepare(self, account, batch)

    def apply(self, held: Lease, account: ProviderAccount, prepared: Prepared) -> Applied:
        """One batch into the mirror."""
        return ingest.apply(self, held, account, prepared)

    def caught_up(self, held: Lease, account: ProviderAccount) -> None:
        """Everything the provider had when the run began is in: date the collections."""
        held.target.refresh_from_db(fields=["started_at"])
        moment = held.target.started_at or now()
        with transaction.atomic():
            locks.account(self.name, account.pk)
            held.check()
            shown = self.collections._default_manager.filter(account=account, missing_since__isnull=True)
            old = [pk for pk, as_of in shown.values_list("pk", "as_of") if as_of is None or moment - as_of > AS_OF_STEP]
            shown.update(as_of=moment)
            if old:
                shown.filter(pk__in=old).update(rev=F("rev") + 1)
                journal.append([self.collections_event(account.pk, old)])

    def forget(self, account: ProviderAccount) -> None:
        """Drop every collection's cursor. The lock keeps a batch that is being written from storing one behind it."""
        locks.account(self.name, account.pk)
        self.collections._default_manager.filter(account=account).update(cursor=None)

    def compare(self, adapter: CollectionAdapter, account: ProviderAccount) -> Comparison:
        """Mirror against the provider's census."""
        return comparison.compare(self, adapter, account)

    def collections_event(
        self, account_id: UUID, changed: list[UUID], *, gone: list[UUID] | None = None, backfill: bool = False
    ) -> journal.Event:
        """The rows of collections that changed, and which are gone. `backfill`: their lists grew by what is no news."""
        rows = self.collections._default_manager.filter(pk__in=changed).order_by("name", "pk")
        data = {
            "collections": [self.collection_json(row) for row in rows],
            "gone": [str(pk) for pk in gone or ()],
            "backfill": backfill,
        }
        return journal.Event(self.update, account_id, data)

    def object_event(self, name: str, row: CollectionObject) -> journal.Event:
        """An object that came or changed."""
        return journal.Event(name, row.account_id, {self.member: self.object_json(row)})

    def gone_event(self, row: Any) -> journal.Event:
        """An object that went."""
        data = {"id": str(row.pk), "collection_id": str(row.collection_id)}
        return journal.Event(self.delete, row.account_id, data)
