"""What the tests of calendars and contacts share: a mirror, one round, and the comparison with the census."""

from typing import Any

from apps.providers.adapters.collections import CollectionBatch
from tests.dav.servers import MemoryMirror
from tests.google_adapter.desk import again


def sync(adapter: Any, mirror: MemoryMirror) -> list[CollectionBatch]:
    """One whole round; its batches."""
    batches = []
    for batch in adapter.changes(mirror):
        mirror.apply(batch)
        batches.append(batch)
    return batches


def follow(adapter: Any, mirror: MemoryMirror) -> list[CollectionBatch]:
    """Sync until nothing fails; the mirror then holds what the census tells."""
    batches: list[CollectionBatch] = again(lambda: sync(adapter, mirror))
    census = adapter.census()
    told: dict[str, dict[str, str]] = {record.remote_id: {} for record in census.listing}
    for collection, remote_id, etag in census.items:
        told[collection][remote_id] = etag
    assert {name: mirror.etags(name) for name in mirror.cursors} == told
    return batches


def quiet(batches: list[CollectionBatch]) -> bool:
    """True when a round brought nothing."""
    return not any(batch.upserts or batch.vanished for batch in batches)
