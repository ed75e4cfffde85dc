"""A collection compared with the mirror by the versions of all its objects, and the batches that follow.

Graph's change tracking of calendars shows no more than a window, and none of contacts' photos; the list of ids and
versions is complete, costs a request for some hundred objects, and what is deleted is what it does not hold.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import structlog

from apps.providers.adapters import errors
from apps.providers.adapters.base import Cursor
from apps.providers.adapters.collections import CollectionBatch, CollectionMirror, ObjectRecord

from .graph import Graph

log = structlog.get_logger(__name__)

VERSION: Final = 1
AT_ONCE: Final = 50
MASS_SHARE: Final = 0.2
MASS_LEAST: Final = 50
CONFIRMED_AFTER: Final = 30.0
LOOK_AGAIN: Final = 60.0

Read = Callable[[str], ObjectRecord]


def compared(
    graph: Graph, collection: str, there: Mapping[str, str], read: Read, mirror: CollectionMirror,
    cursor: Cursor | None, now: float,
) -> Iterator[CollectionBatch]:  # fmt: skip
    """What differs from the mirror. `there` are the etags that the provider lists. Nothing where nothing differs.

    Much that is gone at once is believed at the second look, half a minute later (F42).
    """
    known: dict[str, Any] = dict(cursor or {})
    held = mirror.etags(collection)
    changed = [name for name, etag in there.items() if held.get(name) != etag]
    gone = sorted(held.keys() - there.keys())
    suspect_at = known.get("suspect_at")
    mass = len(gone) > MASS_LEAST and len(gone) > MASS_SHARE * len(held)
    held_back = mass and (suspect_at is None or now - float(suspect_at) < CONFIRMED_AFTER)
    live, left = bool(known), len(changed)
    for start in range(0, len(changed), AT_ONCE):
        some = changed[start : start + AT_ONCE]
        records, refused = _read(graph, some, read)
        left -= len(some)
        yield CollectionBatch(collection=collection, upserts=records, refused=refused, live=live, remaining=left)
    after: dict[str, Any] = {"v": VERSION}
    if held_back:
        after["suspect_at"] = suspect_at or now
    if changed or gone or after != known:
        yield CollectionBatch(
            collection=collection, vanished=() if held_back else tuple(gone), cursor=after, live=live,
            look_again=LOOK_AGAIN if held_back else None,
        )  # fmt: skip


def _read(graph: Graph, names: list[str], read: Read) -> tuple[tuple[ObjectRecord, ...], dict[str, str]]:
    """These objects, and why some are not handed out. What is gone meanwhile is left for the next run."""

    def one(name: str) -> ObjectRecord | errors.Rejected | None:
        try:
            return read(name)
        except errors.NotFound:
            return None
        except errors.Rejected as error:
            log.info("object is not readable", reason=error.reason)
            return error

    found = dict(zip(names, graph.together(one, names), strict=True))
    refused = {name: each.said or each.reason for name, each in found.items() if isinstance(each, errors.Rejected)}
    return tuple(each for each in found.values() if isinstance(each, ObjectRecord)), refused
