"""What people can do to objects of a collection: make, change, delete. Visible when it returns, and on its way."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from apps.core.problems import Problem, not_found
from apps.outbound import queue, requests
from apps.outbound.models import CommandRequest
from apps.outbound.queue import Wanted
from apps.providers import access
from apps.providers.models import ProviderAccount
from apps.realtime import journal
from apps.users.members import Member

from . import ingest, locks
from .commands import recounted
from .kind import CollectionKind

MOST: Final = 500


def collection(kind: CollectionKind, member: Member, collection_id: UUID) -> Any:
    """A collection the person sees. Raises the same 404 for what is missing and for what is another's."""
    seen = access.visible_account_ids(member)
    row = kind.collections._default_manager.filter(pk=collection_id, account_id__in=seen).first()
    if row is None:
        raise not_found(kind.called.collection)
    return row


def visible(kind: CollectionKind, member: Member, object_id: UUID) -> Any:
    """An object the person sees, likewise; not one that is on its way out."""
    held = kind.objects._default_manager.select_related("collection")
    seen = access.visible_account_ids(member)
    row = held.filter(pk=object_id, account_id__in=seen, leaving__isnull=True, refused="").first()
    if row is None:
        raise not_found(kind.called.object)
    return row


def create(
    kind: CollectionKind, member: Member, key: str, collection_id: UUID, remote_id: str, data: bytes
) -> dict[str, Any]:
    """Make an object of this text. The same key again answers the same act. Raises problems that say what is wrong."""
    place = collection(kind, member, collection_id)
    _may_write(kind, member, [place])

    def act(request: CommandRequest) -> list[journal.Event]:
        account = _locked(kind, place.account_id)
        row = kind.objects(account=account, collection=place, remote_id=remote_id, data=data)
        ingest.fill(row, kind.read(data, place)).save()
        request.args = {"object": str(row.pk)}
        queue.put(account, [Wanted(kind.name, "create", [row.pk], {"change": {}, "before": {}})], request)
        return [kind.object_event(kind.new, row), recounted(kind, account.pk, place.pk)]

    return _once(kind, member, key, "create", 1, act)


def change(
    kind: CollectionKind, member: Member, key: str, object_id: UUID, wanted: Mapping[str, Any]
) -> dict[str, Any]:
    """Apply an edit to an object, likewise. Raises ValueError's sentence as a problem when the edit makes no sense."""
    found = visible(kind, member, object_id)
    _may_write(kind, member, [found.collection])

    def act(request: CommandRequest) -> list[journal.Event]:
        account = _locked(kind, found.account_id)
        row = visible(kind, member, object_id)
        shown = bytes(row.data)
        before = kind.before(shown, wanted)
        try:
            edited = kind.edit(shown, wanted, before)
        except ValueError as error:
            raise Problem(400, "invalid", str(error)) from None
        request.args = {"object": str(row.pk)}
        if edited.data == shown:
            return []
        row.base = shown if row.base is None and row.etag else row.base
        row.data, row.ours = edited.data, None
        ingest.fill(row, kind.read(row.data, row.collection))
        row.rev += 1
        row.save()
        args = {"change": dict(wanted), "before": before}
        queue.put(account, [Wanted(kind.name, "change", [row.pk], args)], request)
        return [kind.object_event(kind.update, row)]

    return _once(kind, member, key, "change", 1, act)


def delete(kind: CollectionKind, member: Member, key: str, object_ids: Sequence[UUID]) -> dict[str, Any]:
    """Delete objects, likewise: all of them or, when one is not the person's to delete, none."""
    if not object_ids or len(object_ids) > MOST:
        raise Problem(400, "invalid", f"Name between 1 and {MOST} {kind.called.objects}.")
    found = [visible(kind, member, object_id) for object_id in dict.fromkeys(object_ids)]
    _may_write(kind, member, [row.collection for row in found])

    def act(request: CommandRequest) -> list[journal.Event]:
        told: list[journal.Event] = []
        for account_id in sorted({row.account_id for row in found}):
            account = _locked(kind, account_id)
            ids = [row.pk for row in found if row.account_id == account_id]
            rows = list(kind.objects._default_manager.filter(pk__in=ids, leaving__isnull=True))
            commands = queue.put(account, [Wanted(kind.name, "delete", [row.pk]) for row in rows], request)
            for row, command in zip(rows, commands, strict=True):
                row.leaving = command.pk
                row.save(update_fields=["leaving"])
                told.append(kind.gone_event(row))
            told += [recounted(kind, account.pk, one) for one in sorted({row.collection_id for row in rows})]
        return told

    return _once(kind, member, key, "delete", len(found), act)


def _locked(kind: CollectionKind, account_id: UUID) -> ProviderAccount:
    locks.account(kind.name, account_id)
    return ProviderAccount.objects.get(pk=account_id)


def _may_write(kind: CollectionKind, member: Member, places: Sequence[Any]) -> None:
    access.may_act(member, [place.account_id for place in places])
    for place in places:
        if not place.writable:
            detail = f"“{place.name}” is a {kind.called.collection} that you may read and not change."
            raise Problem(403, "read_only_collection", detail)


def _once(kind: CollectionKind, member: Member, key: str, action: str, total: int, act: Any) -> dict[str, Any]:
    """Carry out an act unless its key was used before; the act as its person is shown it."""
    with transaction.atomic():
        requests.lock_key(member.user_id, key)
        held = CommandRequest.objects.filter(by_user=member.user_id, key=key).first()
        if held is not None:
            return _answer(held, journal.head())
        request = CommandRequest.objects.create(
            key=key, by_user=member.user_id, action=f"{kind.name}_{action}", total=total
        )
        told = act(request)
        requests.refresh_state(request)
        request.save()
        return _answer(request, journal.append(told))


def _answer(request: CommandRequest, seq: int) -> dict[str, Any]:
    return requests.as_json(request) | {"seq": seq, "object": request.args.get("object")}
