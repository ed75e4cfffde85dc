"""What people can do to objects of a collection: make, change, delete. Visible when it returns, and on its way."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from apps.core.problems import Problem, not_found
from apps.outbound import queue, requests
from apps.outbound.models import Command, CommandRequest
from apps.outbound.queue import Wanted
from apps.providers import access
from apps.providers.models import ProviderAccount
from apps.realtime import journal
from apps.users.members import Member

from . import ingest, locks
from .commands import recounted
from .kind import CollectionKind

MOST: Final = 500
Act = Callable[[CommandRequest], list[journal.Event]]
"""What an act does under its request, and the events that tell of it."""


def collection(kind: CollectionKind, member: Member, collection_id: UUID) -> Any:
    """A collection the person sees. Raises the same 404 for what is missing and for what is another's."""
    seen = access.visible_account_ids(member)
    row = kind.collections._default_manager.filter(pk=collection_id, account_id__in=seen).first()
    if row is None:
        raise not_found(kind.called.collection)
    return row


def visible(kind: CollectionKind, member: Member, object_ids: Sequence[UUID]) -> list[Any]:
    """Objects the person sees, likewise; none that is on its way out."""
    held = kind.objects._default_manager.select_related("collection")
    seen = access.visible_account_ids(member)
    rows = list(held.filter(pk__in=object_ids, account_id__in=seen, leaving__isnull=True, refused=""))
    if len(rows) < len(set(object_ids)):
        raise not_found(kind.called.object)
    return rows


def one(kind: CollectionKind, member: Member, object_id: UUID) -> Any:
    """One object the person sees, likewise."""
    return visible(kind, member, [object_id])[0]


def create(kind: CollectionKind, member: Member, key: str, collection_id: UUID, data: bytes) -> dict[str, Any]:
    """Make an object of this text. The same key again answers the same act. Raises problems that say what is wrong."""
    place = collection(kind, member, collection_id)
    to_make(kind, member, place)

    def act(request: CommandRequest) -> list[journal.Event]:
        return make(kind, request, place, data)

    return once(kind, member, key, "create", 1, act)


def to_make(kind: CollectionKind, member: Member, place: Any) -> None:
    """Raise the problem that says why the person may not put anything into a collection; none when they may."""
    _may_write(kind, member, [place])


def make(kind: CollectionKind, request: CommandRequest, place: Any, data: bytes) -> list[journal.Event]:
    """Make an object in a collection that the person may write to, as part of an act, whose object it then is."""
    account = locked(kind, place.account_id)
    where = kind.new_remote_id(account, place)
    row = kind.objects(account=account, collection=place, remote_id=where, data=data)
    ingest.fill(row, kind.read(data, place)).save()
    request.args = {"object": str(row.pk)}
    queue.put(account, [Wanted(kind.name, "create", [row.pk], {"change": {}, "before": {}})], request)
    return [kind.object_event(kind.new, row), recounted(kind, account.pk, place.pk)]


def move(kind: CollectionKind, request: CommandRequest, row: Any, place: Any) -> list[journal.Event]:
    """Bring an object from `to_change` into another collection where that may be done, as part of an act.

    It is another object there. The one that was goes once the other is at its provider, and comes back when that will
    not have it. Raises 409 when it goes to another account while something of it is still on its way.
    """
    if place.account_id != row.account_id and queue.open_commands(row.account_id, [row.pk]):
        raise Problem(409, "pending", f"This {kind.called.object} is still being saved. Try again in a moment.")
    account = locked(kind, place.account_id)
    where = kind.new_remote_id(account, place)
    made = kind.objects(account=account, collection=place, remote_id=where, data=bytes(row.data))
    ingest.fill(made, kind.read(made.data, place)).save()
    request.args = {"object": str(made.pk)}
    told = {"change": {}, "before": {}, "moves": {"id": str(row.pk), "seen": bytes(row.digest).hex()}}
    (command,) = queue.put(account, [Wanted(kind.name, "create", [made.pk, row.pk], told)], request)
    request.total = 3  # two objects written to, one deleted
    gone = _leave(kind, [row], command)
    return [*gone, kind.object_event(kind.new, made), recounted(kind, account.pk, place.pk)]


def change(
    kind: CollectionKind,
    member: Member,
    key: str,
    object_id: UUID,
    wanted: Mapping[str, Any],
    seen: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Apply an edit to an object, likewise. After a conflict an edit decides it, also one to what is there already.

    Raises ValueError's sentence as a problem when the edit makes no sense.
    """

    def act(request: CommandRequest) -> list[journal.Event]:
        return edit(kind, request, to_change(kind, member, object_id), wanted, seen=seen)

    return once(kind, member, key, "change", 1, act)


def to_change(kind: CollectionKind, member: Member, object_id: UUID) -> Any:
    """An object that the person may change, under the lock of its account. Raises problems that say why not."""
    locked(kind, _writable(kind, member, [object_id])[0].account_id)
    return one(kind, member, object_id)


def edit(
    kind: CollectionKind,
    request: CommandRequest | None,
    row: Any,
    wanted: Mapping[str, Any],
    absorbs: Sequence[Any] = (),
    seen: Mapping[str, Any] | None = None,
) -> list[journal.Event]:
    """Apply an edit to an object from `to_change`, as part of an act (None: of nobody's). Raises problems, likewise.

    `seen` are the fields as the person had them before their eyes: 409 `changed_meanwhile`, with those that stand now,
    when somebody else has changed one of them since.
    With it the object takes in others, which `all_to_change` found: they are deleted once it is at its provider, and
    come back when that will not have it.
    """
    shown = bytes(row.data)
    try:
        now = kind.before(shown, wanted)
        before = now | {field: value for field, value in (seen or {}).items() if field in now}
        edited = kind.edit(shown, wanted, before)
    except ValueError as error:
        raise Problem(400, "invalid", str(error)) from None
    if edited.conflicts:
        detail = f"Somebody else changed this meanwhile: {', '.join(edited.conflicts)}. Look, and save again."
        raise Problem(409, "changed_meanwhile", detail, current={field: now[field] for field in edited.conflicts})
    if request is not None:
        request.args |= {"object": str(row.pk)}
    if edited.data == shown and (absorbs or row.ours is None):
        return remove(kind, request, absorbs)
    gone: list[journal.Event] = []
    if edited.data != shown:
        row.base = shown if row.base is None else row.base
        told: dict[str, Any] = {"change": dict(wanted), "before": before}
        if absorbs:
            taken_in = [{"id": str(old.pk), "seen": bytes(old.digest).hex()} for old in absorbs]
            told |= {"absorbs": taken_in, "undone": "merge"}
        concerned = [row.pk, *(old.pk for old in absorbs)]
        (command,) = queue.put(row.account, [Wanted(kind.name, "change", concerned, told)], request)
        gone = _leave(kind, absorbs, command)
    row.data, row.ours = edited.data, None
    ingest.fill(row, kind.read(row.data, row.collection))
    row.rev += 1
    row.save()
    return [kind.object_event(kind.update, row), *gone]


def _leave(kind: CollectionKind, rows: Sequence[Any], command: Command) -> list[journal.Event]:
    """Objects go from sight for a command; the events that tell it."""
    for row in rows:
        row.leaving = command.pk
        row.save(update_fields=["leaving"])
    places = sorted({(row.account_id, row.collection_id) for row in rows})
    return [*(kind.gone_event(row) for row in rows), *(recounted(kind, *place) for place in places)]


def delete(kind: CollectionKind, member: Member, key: str, object_ids: Sequence[UUID]) -> dict[str, Any]:
    """Delete objects, likewise: all of them or, when one is not the person's to delete, none."""
    if not object_ids or len(object_ids) > MOST:
        raise Problem(400, "invalid", f"Name between 1 and {MOST} {kind.called.objects}.")

    def act(request: CommandRequest) -> list[journal.Event]:
        return remove(kind, request, all_to_change(kind, member, object_ids))

    return once(kind, member, key, "delete", len(set(object_ids)), act)


def all_to_change(kind: CollectionKind, member: Member, object_ids: Sequence[UUID]) -> list[Any]:
    """Objects that the person may change, under the locks of their accounts. Raises problems that say why not."""
    for account_id in sorted({row.account_id for row in _writable(kind, member, object_ids)}):
        locked(kind, account_id)
    return visible(kind, member, object_ids)


def remove(kind: CollectionKind, request: CommandRequest | None, found: Sequence[Any]) -> list[journal.Event]:
    """Delete objects from `all_to_change`, as part of an act."""
    told: list[journal.Event] = []
    for account in ProviderAccount.objects.filter(pk__in={row.account_id for row in found}).order_by("pk"):
        rows = [row for row in found if row.account_id == account.pk]
        wanted = [Wanted(kind.name, "delete", [row.pk], {"seen": bytes(row.digest).hex()}) for row in rows]
        for row, command in zip(rows, queue.put(account, wanted, request), strict=True):
            row.leaving = command.pk
            row.save(update_fields=["leaving"])
            told.append(kind.gone_event(row))
        told += [recounted(kind, account.pk, place) for place in sorted({row.collection_id for row in rows})]
    return told


def _writable(kind: CollectionKind, member: Member, object_ids: Sequence[UUID]) -> list[Any]:
    """Objects that the person may change. Raises problems that say why not."""
    rows = visible(kind, member, object_ids)
    _may_write(kind, member, [row.collection for row in rows])
    return rows


def locked(kind: CollectionKind, account_id: UUID) -> ProviderAccount:
    """An account whose collections of this kind nobody else writes until commit."""
    locks.account(kind.name, account_id)
    return ProviderAccount.objects.get(pk=account_id)


def _may_write(kind: CollectionKind, member: Member, places: Sequence[Any]) -> None:
    access.may_act(member, [place.account_id for place in places])
    for place in places:
        if not place.writable:
            detail = f"“{place.name}” is a {kind.called.collection} that you may read and not change."
            raise Problem(403, "read_only_collection", detail)


def once(kind: CollectionKind, member: Member, key: str, action: str, total: int, act: Act) -> dict[str, Any]:
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
    told: dict[str, Any] = request.args.get("told", {})
    return requests.as_json(request) | {"seq": seq, "object": request.args.get("object")} | told
