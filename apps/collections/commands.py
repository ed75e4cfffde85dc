"""Carrying out at the provider what people change in a kind of collection, and what becomes of the rows.

    create   the object's row is there already, without an etag; the provider gets its text. One that comes from
             another collection (`moves`) is moved there where the provider does that, else the other is deleted after
    change   the edit is applied to whatever text the provider has by now; what somebody else changed
             meanwhile stays, unless it is the same thing: then a person decides. One that takes others in
             (`absorbs`) is only begun while those are as the person saw them, and they are deleted after
    delete   the row is hidden already

Each can be repeated: an edit that is in the text changes nothing, and an adapter recognises its own writing.
"""

import base64
from typing import Any, Final
from uuid import UUID

from apps.core.clock import now
from apps.outbound import queue
from apps.outbound.models import Command
from apps.outbound.queue import Wanted
from apps.outbound.registry import Receipt
from apps.outbound.run import Run
from apps.providers.adapters.collections import CollectionAdapter, DeleteObject, MoveObject, ObjectRecord, PutObject
from apps.providers.adapters.errors import AdapterError, BothChanged, Conflict, NotFound, Rejected
from apps.providers.models import ProviderAccount
from apps.realtime.journal import Event
from apps.sync import targets
from apps.tenants import context

from . import ingest, locks, sentences
from .kind import CollectionKind

# How often an object that somebody else keeps changing is read and written again before the queue waits.
TRIES: Final = 3


class CollectionCommands:
    """Implements `outbound.registry.CommandKind` for one kind of collection."""

    def __init__(self, kind: CollectionKind) -> None:
        self.kind = kind
        self.name = kind.name

    def execute(self, run: Run, command: Command) -> Receipt:
        """See CommandKind."""
        row = self._row(command)
        if row is None:
            return {}
        adapter: CollectionAdapter = run.connection(self.kind)
        if command.action == "delete":
            return self._delete(adapter, row, command)
        if "moves" in command.args:
            return self._move(adapter, row, next(iter(self._behind(command)), None)) or self._write(
                adapter, row, command
            )
        self._unchanged(adapter, command)
        return self._write(adapter, row, command)

    def _move(self, adapter: CollectionAdapter, row: Any, old: Any) -> Receipt | None:
        """Have the provider move it: then whatever it keeps of an object stays. None when it cannot."""
        if old is None or old.account_id != row.account_id or not old.etag or row.etag:
            return None
        try:
            where, there = old.collection.remote_id, row.collection.remote_id
            stored = adapter.execute(MoveObject(where, old.remote_id, old.etag, there, row.remote_id))
        except (Conflict, Rejected):
            return None
        return _told(stored.record or ObjectRecord(stored.remote_id or row.remote_id, "", bytes(row.data)))

    def _row(self, command: Command) -> Any:
        held = self.kind.objects._default_manager.select_related("collection", "account")
        return held.filter(pk=command.concerns[0]).first()

    def _behind(self, command: Command) -> list[Any]:
        """The objects that go once this command is carried out: what is moved, or what was merged into another."""
        ids = [UUID(told["id"]) for told in _goes(command)]
        held = self.kind.objects._default_manager.select_related("collection", "account")
        return list(held.filter(pk__in=ids, leaving=command.pk).order_by("pk")) if ids else []

    def _unchanged(self, adapter: CollectionAdapter, command: Command) -> None:
        """Raise BothChanged when one of those that are merged is not what the person saw. Those of other accounts
        are known as the mirror has them; their deletion looks again."""
        seen = {told["id"]: told["seen"] for told in _goes(command)}
        for old in self._behind(command):
            there = bytes(old.digest)
            if old.account_id == command.account_id and old.etag:
                try:
                    there = self.kind.read(
                        adapter.fetch(old.collection.remote_id, old.remote_id).data, old.collection
                    ).digest
                except NotFound:
                    continue
            if there.hex() != seen[str(old.pk)]:
                raise BothChanged("one of those that were merged was changed by somebody else in the meantime")

    def _delete(self, adapter: CollectionAdapter, row: Any, command: Command) -> Receipt:
        """What somebody changed since is not deleted: the person has not seen it, whether the mirror has or not. What
        is gone is, however it was changed before: somebody deleted it, or it was moved."""
        if not row.etag:
            return {"gone": True}
        changed = BothChanged("it was changed by somebody else in the meantime")
        if bytes(row.digest).hex() != command.args["seen"]:
            raise changed
        try:
            adapter.execute(DeleteObject(row.collection.remote_id, row.remote_id, row.etag))
        except Conflict as conflict:
            if conflict.remote_etag is not None:
                raise changed from None
        return {"gone": True}

    def _write(self, adapter: CollectionAdapter, row: Any, command: Command) -> Receipt:
        where, mine = row.collection.remote_id, bytes(row.data if row.base is None else row.base)
        there = ObjectRecord(row.remote_id, row.etag, mine)
        for _ in range(TRIES):
            put = self._wanted(where, there, command)
            if put is None:
                return _told(there)
            try:
                stored = adapter.execute(put)
                return _told(stored.record or ObjectRecord(stored.remote_id or row.remote_id, "", put.data))
            except Conflict as conflict:
                there = self._now(adapter, where, row.remote_id, mine)
                if not there.etag and not put.if_match:
                    raise Rejected("the server holds it under another address already", said=conflict.said) from None
        raise Conflict("the object is being changed by somebody else again and again")

    def _wanted(self, where: str, there: ObjectRecord, command: Command) -> PutObject | None:
        """What is to be written, and nothing of later commands; None when the provider has it already."""
        if command.action == "create":
            return None if there.etag else PutObject(where, there.remote_id, there.data)
        edited = self.kind.edit(there.data, command.args["change"], command.args["before"])
        if edited.conflicts:
            raise BothChanged(f"{', '.join(edited.conflicts)} was changed by somebody else in the meantime")
        if edited.data == there.data and there.etag:
            return None
        return PutObject(where, there.remote_id, edited.data, there.etag or None)

    def _now(self, adapter: CollectionAdapter, where: str, remote_id: str, mine: bytes) -> ObjectRecord:
        """The object as the provider has it; one that is gone has no etag, and is made again from what we know."""
        try:
            return adapter.fetch(where, remote_id)
        except NotFound:
            return ObjectRecord(remote_id, "", mine)

    def lock(self, account: ProviderAccount, command: Command) -> None:
        """The account's one writer of this kind, and that of each account that something goes from."""
        for account_id in sorted({account.pk, *(old.account_id for old in self._behind(command))}):
            locks.account(self.name, account_id)

    def settle(self, account: ProviderAccount, command: Command, receipt: Receipt) -> list[Event]:
        """See CommandKind."""
        row = self._row(command)
        if row is None:
            return []
        if receipt.get("gone"):
            row.delete()
            return []
        told = self._named(row, receipt["remote_id"])
        # A sync may have told of its end before we say that it is there: the next one must tell of it, or it is looked
        # for.
        row.unconfirmed_at = None if row.etag == receipt["etag"] else now()
        told += self._holds(row, receipt["etag"], base64.b64decode(receipt["text"]))
        self._leave(command)
        return told

    def _named(self, row: Any, remote_id: str) -> list[Event]:
        """The object under the id that the provider gave it. A sync that saw it first, and did not know it for what
        it is, has made a row of its own, which goes."""
        if row.remote_id == remote_id:
            return []
        others = self.kind.objects._default_manager.filter(collection_id=row.collection_id, remote_id=remote_id)
        gone = [self.kind.gone_event(other) for other in others.select_related("collection", "account")]
        others.delete()
        row.remote_id = remote_id
        return [*gone, *([self._recounted(row)] if gone else [])]

    def _leave(self, command: Command) -> None:
        """What is at its new place, or in another, goes from where it was, if it is there still and as it was."""
        seen = {told["id"]: told["seen"] for told in _goes(command)}
        merged = {"undone": "absorb"} if "absorbs" in command.args else {}
        for old in self._behind(command):
            wanted = Wanted(self.name, "delete", [old.pk], {"seen": seen[str(old.pk)], **merged})
            (gone,) = queue.put(old.account, [wanted], command.request)
            old.leaving = gone.pk
            old.save(update_fields=["leaving"])

    def back(self, row: Any) -> list[Event]:
        """An object whose going came to nothing is shown again, as its provider has it; unless that has it no more."""
        row.leaving = None
        if self._forsaken(row):
            row.delete()
            return []
        self._holds(row, row.etag, bytes(row.data if row.base is None else row.base))
        return [self.kind.object_event(self.kind.new, row), self._recounted(row)]

    def taken_back(self, command: Command) -> list[Event]:
        """A change that was cancelled before it began: the object is as its provider has it, and what it took in
        is there again."""
        row = self._row(command)
        told = self._without(row) if row else []
        return [*told, *(event for old in self._behind(command) for event in self.back(old))]

    def _without(self, row: Any) -> list[Event]:
        """An object without a change that came to nothing. One that is gone at its provider goes: nothing will make it
        again."""
        if not self._forsaken(row):
            return self._holds(row, row.etag, bytes(row.data if row.base is None else row.base))
        gone = [self.kind.gone_event(row)] if row.leaving is None else []
        row.delete()
        return [*gone, self._recounted(row)]

    def _forsaken(self, row: Any) -> bool:
        """Whether the provider has it no more, and no command is on its way with it."""
        return not row.etag and not queue.open_commands(row.account_id, [row.pk])

    def _holds(self, row: Any, etag: str, data: bytes) -> list[Event]:
        """The provider holds this text: that of the row, but for what is still on its way."""
        waiting = queue.open_commands(row.account_id, [row.pk])
        row.etag, row.base = etag, data if waiting else None
        row.data = ingest.with_changes(self.kind, row.pk, data, waiting)
        ingest.fill(row, self.kind.read(row.data, row.collection))
        row.rev += 1
        row.save()
        return [] if row.leaving is not None else [self.kind.object_event(self.kind.update, row)]

    def fail(self, account: ProviderAccount, command: Command, error: AdapterError) -> list[Event]:
        """See CommandKind."""
        told = sentences.told(self.kind, account, command, error)
        row = self._row(command)
        if row is None:
            return told
        if not row.etag and command.action == "create":
            gone = [self.kind.gone_event(row)]
            row.delete()
            gone.append(self._recounted(row))
            return [*gone, *(event for old in self._behind(command) for event in self.back(old)), *told]
        if isinstance(error, BothChanged):
            self._look(account)
        if row.leaving == command.pk:
            return [*self.back(row), *told]
        if isinstance(error, BothChanged) and "absorbs" not in command.args:
            row.ours = row.data
        return [*self._without(row), *(event for old in self._behind(command) for event in self.back(old)), *told]

    def _look(self, account: ProviderAccount) -> None:
        """Have the provider's text brought in: what is held is older than what the conflict was with."""
        held = targets.syncs().filter(tenant=context.current(), account_id=account.pk, kind=self.name)
        for target_id in held.values_list("pk", flat=True):
            targets.request(target_id, "command")

    def _recounted(self, row: Any) -> Event:
        return recounted(self.kind, row.account_id, row.collection_id)

    def doubt(self, account: ProviderAccount, command: Command, reason: str) -> list[Event]:
        """No command on a collection leaves doubt: each can be repeated."""
        raise RuntimeError(f"a {command.action} command cannot be in doubt")


def _goes(command: Command) -> list[dict[str, str]]:
    """What a command takes away once it is carried out: the ids, and what the person saw of each."""
    moves = command.args.get("moves")
    return [moves] if moves else command.args.get("absorbs", [])


def _told(record: ObjectRecord) -> Receipt:
    text = base64.b64encode(record.data).decode()
    return {"remote_id": record.remote_id, "etag": record.etag, "text": text}


def recounted(kind: CollectionKind, account_id: Any, collection_id: Any) -> Event:
    """The collection with its counter made right, and the event that tells it."""
    row = kind.collections._default_manager.get(pk=collection_id)
    row.total = ingest.count(kind, collection_id)
    row.rev += 1
    row.save(update_fields=["total", "rev"])
    return kind.collections_event(account_id, [collection_id])
