"""Write one batch of a kind of collection: rows, cursor, events, in one transaction. A second time it changes
nothing and emits nothing."""

from collections.abc import Collection as Some
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import F

from apps.core import copying
from apps.core.nul import without_nul
from apps.outbound import queue
from apps.outbound.models import Command
from apps.providers.adapters.collections import NEW, CollectionBatch, CollectionRecord, ObjectRecord
from apps.providers.models import ProviderAccount
from apps.realtime import journal
from apps.sync import absence
from apps.sync.lease import Lease
from apps.sync.registry import Applied

from . import locks
from .models import Collection

if TYPE_CHECKING:
    from .kind import CollectionKind, Reading

UID_MOST: Final = 255
"""Characters; an index takes no longer ones than some 2,700 octets, and a longer UID is none that is honest."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A batch whose texts are read."""

    batch: CollectionBatch
    readings: Mapping[str, "Reading"]


def prepare(kind: "CollectionKind", account: ProviderAccount, batch: CollectionBatch) -> Prepared:
    """Read the batch's texts: all there is to do before the transaction."""
    if not batch.upserts:
        return Prepared(batch, {})
    collection = _collection(kind, account, batch.collection)
    return Prepared(batch, {record.remote_id: kind.read(record.data, collection) for record in batch.upserts})


def apply(kind: "CollectionKind", held: Lease, account: ProviderAccount, prepared: Prepared) -> Applied:
    """Write one batch under the lease. Raises LeaseLost when a newer runner has taken over."""
    batch = prepared.batch
    with transaction.atomic():
        locks.account(kind.name, account.pk)
        held.check()
        if batch.listing is not None:
            applied = _listing(kind, account, batch.listing)
        else:
            collection = _collection(kind, account, batch.collection)
            if collection is None:
                return Applied()  # the collection went while its batch was on the way
            applied = _Writer(kind, account, collection, prepared).write()
        return replace(applied, look_again=batch.look_again or applied.look_again)


def _collection(kind: "CollectionKind", account: ProviderAccount, remote_id: str) -> Any:
    return kind.collections._default_manager.filter(account=account, remote_id=remote_id).first()


def _listing(kind: "CollectionKind", account: ProviderAccount, listing: Some[CollectionRecord]) -> Applied:
    """Make the stored list equal to the provider's."""
    stored = {row.remote_id: row for row in kind.collections._default_manager.filter(account=account)}
    listed = {record.remote_id: record for record in listing}
    new = [_create(kind, account, record) for key, record in listed.items() if key not in stored]
    changed = [row for key, row in stored.items() if key in listed and _update(kind, row, listed[key])]
    missing = [row for key, row in stored.items() if key not in listed]
    gone = [row.pk for row in absence.believed(kind.collections._default_manager, missing)]
    kind.objects._default_manager.filter(collection_id__in=gone).delete()
    kind.collections._default_manager.filter(pk__in=gone).delete()
    touched = [row.pk for row in (*new, *changed)]
    if touched or gone:
        journal.append([kind.collections_event(account.pk, touched, gone=gone)])
    look_again = absence.GRACE.total_seconds() if len(missing) > len(gone) else None
    return Applied(len(new), len(changed), len(gone), look_again)


def _columns(kind: "CollectionKind", record: CollectionRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "color": record.color,
        "description": record.description,
        "writable": record.writable,
        **kind.describe(record),
    }


def _create(kind: "CollectionKind", account: ProviderAccount, record: CollectionRecord) -> Collection:
    made: Collection = kind.collections._default_manager.create(
        account=account, remote_id=record.remote_id, **_columns(kind, record)
    )
    return made


def _update(kind: "CollectionKind", row: Collection, record: CollectionRecord) -> bool:
    wanted = _columns(kind, record) | {"missing_since": None}
    if all(getattr(row, name) == value for name, value in wanted.items()):
        return False
    for name, value in wanted.items():
        setattr(row, name, value)
    row.rev += 1
    row.save(update_fields=[*wanted, "rev"])
    return True


class _Writer:
    """One batch on its way into one collection."""

    def __init__(self, kind: "CollectionKind", account: ProviderAccount, collection: Any, prepared: Prepared) -> None:
        self.kind, self.account, self.collection = kind, account, collection
        self.batch, self.readings = prepared.batch, prepared.readings
        self.objects = kind.objects._default_manager
        self.events: list[journal.Event] = []
        self.applied = Applied()

    def write(self) -> Applied:
        """All of it; returns what changed."""
        ids = {record.remote_id for record in self.batch.upserts} | {*self.batch.vanished} | {*self.batch.refused}
        held = {row.remote_id: row for row in self.objects.filter(collection=self.collection, remote_id__in=list(ids))}
        held |= self._awaited([record for record in self.batch.upserts if record.remote_id not in held])
        waiting = self._waiting(held)
        for record in self.batch.upserts:
            row = held.get(record.remote_id)
            if row is not None:
                self._again(row, record, waiting.get(row.pk, []))
        self._create([record for record in self.batch.upserts if record.remote_id not in held])
        for remote_id, said in self.batch.refused.items():
            self._refuse(remote_id, held.get(remote_id), said)
        for remote_id in self.batch.vanished:
            if remote_id in held:
                self._vanish(held[remote_id], waiting.get(held[remote_id].pk, []))
        self._save_collection()
        journal.append(self.events)
        return self.applied

    def _awaited(self, records: Some[ObjectRecord]) -> dict[str, Any]:
        """Objects of ours that are on their way and that the provider names itself: known by their UID, and named."""
        uids = {uid: record.remote_id for record in records if (uid := self.readings[record.remote_id].uid)}
        rows = self.objects.filter(collection=self.collection, uid__in=list(uids), etag="", remote_id__startswith=NEW)
        found: dict[str, Any] = {}
        for row in rows.order_by("pk"):
            row.remote_id = uids[row.uid]
            if row.remote_id not in found:
                row.save(update_fields=["remote_id"])
                found[row.remote_id] = row
        return found

    def _waiting(self, held: Mapping[str, Any]) -> dict[UUID, list[Command]]:
        """The open commands of each object that is concerned."""
        found: dict[UUID, list[Command]] = {}
        if held:
            for command in queue.open_commands(self.account.pk, [row.pk for row in held.values()]):
                for one in command.concerns:
                    found.setdefault(one, []).append(command)
        return found

    def _create(self, records: Some[ObjectRecord]) -> None:
        rows = [self._fill(self._row(record.remote_id), record) for record in records]
        copying.insert(rows)
        self.applied += Applied(new=len(rows))
        if self.batch.live:
            self.events += [self.kind.object_event(self.kind.new, row) for row in rows]

    def _row(self, remote_id: str) -> Any:
        # By their ids: a row that is given what it points to asks the router of databases about each.
        row = self.kind.objects(account_id=self.account.pk, collection_id=self.collection.pk, remote_id=remote_id)
        row._state.fields_cache |= {"account": self.account, "collection": self.collection}
        return row

    def _fill(self, row: Any, record: ObjectRecord) -> Any:
        reading = self.readings[record.remote_id]
        row.etag, row.data, row.refused = record.etag, record.data, ""
        return fill(row, reading)

    def _again(self, row: Any, record: ObjectRecord, waiting: list[Command]) -> None:
        """A text of an object that is held: what the provider has now, and below our own changes on their way."""
        if waiting:
            self._beneath(row, record, waiting)
            return
        other = bytes(row.digest) != self.readings[record.remote_id].digest
        changed = other or bool(row.refused) or row.base is not None
        same = not changed and row.etag == record.etag and bytes(row.data) == record.data
        if same and row.unconfirmed_at is None:
            return
        row.unconfirmed_at = None
        self._fill(row, record)
        row.base = None
        row.rev += changed
        row.save()
        if changed:
            self.applied += Applied(updated=1)
            self.events.append(self.kind.object_event(self.kind.update, row))

    def _beneath(self, row: Any, record: ObjectRecord, waiting: list[Command]) -> None:
        shown = bytes(row.digest)
        row.etag, row.base, row.refused, row.unconfirmed_at = record.etag, record.data, "", None
        row.data = with_changes(self.kind, row.pk, record.data, waiting)
        fill(row, self.kind.read(row.data, self.collection))
        changed = bytes(row.digest) != shown
        row.rev += changed
        row.save()
        if changed and row.leaving is None:
            self.applied += Applied(updated=1)
            self.events.append(self.kind.object_event(self.kind.update, row))

    def _refuse(self, remote_id: str, row: Any, said: str) -> None:
        if row is None:
            row = self._row(remote_id)
        elif row.refused == said:
            return
        row.refused = said[:500] or "the provider does not hand it out"
        row.save()

    def _vanish(self, row: Any, waiting: list[Command]) -> None:
        """Gone at the provider. One that is being changed here is made again by that change."""
        if any(command.action != "delete" for command in waiting):
            row.etag, row.unconfirmed_at = "", None
            row.save(update_fields=["etag", "unconfirmed_at"])
            return
        if row.leaving is None:
            self.events.append(self.kind.gone_event(row))
        row.delete()
        self.applied += Applied(deleted=1)

    def _save_collection(self) -> None:
        fields: dict[str, Any] = {}
        if self.batch.cursor is not None:
            fields["cursor"] = dict(self.batch.cursor)
        if self.batch.remaining != self.collection.remaining:
            fields["remaining"] = self.batch.remaining
        if (total := self._total()) != self.collection.total:
            fields["total"] = total
        if not fields:
            return
        shown = bool(fields.keys() - {"cursor"})
        if shown:
            fields["rev"] = F("rev") + 1
        self.kind.collections._default_manager.filter(pk=self.collection.pk).update(**fields)
        if shown:
            backfill = not self.batch.live
            self.events.append(self.kind.collections_event(self.account.pk, [self.collection.pk], backfill=backfill))

    def _total(self) -> int:
        """How many there are now. In the middle of a first import by addition: counting would cost more and more."""
        if self.batch.remaining and not self.batch.live:
            return int(self.collection.total) + self.applied.new
        return count(self.kind, self.collection.pk)


def fill(row: Any, reading: "Reading") -> Any:
    """The row with what its text says, as far as PostgreSQL can store it."""
    row.uid = without_nul(reading.uid)[:UID_MOST]
    row.digest, row.problems = reading.digest, without_nul(list(reading.problems))
    for name, value in reading.columns.items():
        setattr(row, name, without_nul(value))
    return row


def with_changes(kind: "CollectionKind", object_id: UUID, data: bytes, waiting: Some[Command]) -> bytes:
    """A provider's text with the changes of open commands on it, in their order: what people are shown.

    A command's first object is the one that it changes; the others only wait for it.
    """
    for command in waiting:
        if command.action == "change" and command.concerns[0] == object_id:
            data = kind.edit(data, command.args["change"], command.args["before"]).data
    return data


def count(kind: "CollectionKind", collection_id: UUID) -> int:
    """How many objects of a collection people are shown."""
    shown = kind.objects._default_manager.filter(collection_id=collection_id, leaving__isnull=True, refused="")
    return int(shown.count())
