"""Compares an account's mirrored collections with its provider, object by object, for `verify`."""

import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q

from apps.outbound import queue
from apps.providers.adapters.collections import CollectionAdapter
from apps.providers.adapters.errors import NotFound
from apps.providers.models import ProviderAccount
from apps.sync.registry import Comparison, Difference

from . import ingest

if TYPE_CHECKING:
    from .kind import CollectionKind

# Of this share of the objects, and of at least so many, the text itself is read and compared.
SAMPLE: Final = 0.05
SAMPLE_LEAST: Final = 20


def compare(kind: "CollectionKind", adapter: CollectionAdapter, account: ProviderAccount) -> Comparison:
    """Collections, objects, etags; the texts of a sample; then the mirror's own books against themselves."""
    census = adapter.census()
    held = {row.remote_id: row for row in kind.collections._default_manager.filter(account=account)}
    listed = {record.remote_id for record in census.listing}
    found = [Difference("collection", name, "listed by the server and not mirrored") for name in listed - held.keys()]
    found += [Difference("collection", name, "mirrored and not listed by the server") for name in held.keys() - listed]
    stored = _stored(kind, account)
    compared = len(listed)
    same: list[tuple[str, str, dict[str, Any]]] = []
    for collection, remote_id, etag in census.items:
        compared += 1
        row = stored.pop((collection, remote_id), None)
        where = f"{collection} {remote_id}"
        if row is None:
            found.append(Difference("object", where, "on the server and not mirrored"))
        elif etag and not etag.startswith("hash:") and row["etag"] != etag:
            found.append(Difference("etag", where, f"server has {etag}, mirror has {row['etag']}"))
        elif not row["refused"]:
            same.append((collection, remote_id, row))
    left = [f"{collection} {remote_id}" for collection, remote_id in stored]
    found += [Difference("object", where, "mirrored and not on the server") for where in left]
    found += _texts(kind, adapter, same)
    found += _books(kind, account)
    return Comparison(compared, tuple(found))


def _stored(kind: "CollectionKind", account: ProviderAccount) -> dict[tuple[str, str], dict[str, Any]]:
    """What the mirror says that the provider has, by collection and remote id."""
    wanted = ("collection__remote_id", "remote_id", "etag", "refused", "pk")
    rows = kind.objects._default_manager.filter(account=account).exclude(etag="", refused="").values(*wanted)
    return {(row["collection__remote_id"], row["remote_id"]): row for row in rows}


def _texts(
    kind: "CollectionKind", adapter: CollectionAdapter, same: list[tuple[str, str, dict[str, Any]]]
) -> Iterator[Difference]:
    """Read a sample again and compare it, octet by octet, with what is held below changes on their way."""
    size = min(len(same), max(SAMPLE_LEAST, round(len(same) * SAMPLE)))
    for collection, remote_id, row in random.sample(same, size):
        where = f"{collection} {remote_id}"
        held = kind.objects._default_manager.filter(pk=row["pk"]).values_list("data", "base").first()
        try:
            there = adapter.fetch(collection, remote_id).data
        except NotFound:
            yield Difference("object", where, "listed by the server and not handed out by it")
            continue
        if held is None or bytes(held[0] if held[1] is None else held[1]) != there:
            yield Difference("text", where, "the mirrored text is not the server's")


def _books(kind: "CollectionKind", account: ProviderAccount) -> Iterator[Difference]:
    """Counters follow from the objects, and what is on its way has a command that is open."""
    for row in kind.collections._default_manager.filter(account=account):
        if row.total != (found := ingest.count(kind, row.pk)):
            yield Difference("counter", row.remote_id, f"says {row.total}, found {found}")
    changing = kind.objects._default_manager.filter(account=account).filter(
        Q(base__isnull=False) | Q(leaving__isnull=False) | Q(etag="", refused="")
    )
    open_now = {one for command in queue.open_commands(account.pk) for one in command.concerns}
    for row in changing.only("remote_id", "etag", "leaving"):
        if row.pk not in open_now:
            shown = "on its way out" if row.leaving else "new" if not row.etag else "changed"
            yield Difference("change", row.remote_id, f"is shown as {shown} and on its way, and no command is")
