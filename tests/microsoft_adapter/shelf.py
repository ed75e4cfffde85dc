"""What tests of calendars and contacts share: a run into a mirror, and the comparison with the provider."""

from apps.providers.adapters.collections import CollectionAdapter, CollectionBatch
from tests.dav.servers import MemoryMirror


def sync(adapter: CollectionAdapter, mirror: MemoryMirror) -> list[CollectionBatch]:
    """One whole run; its batches."""
    batches = []
    for batch in adapter.changes(mirror):
        mirror.apply(batch)
        batches.append(batch)
    return batches


def differences(adapter: CollectionAdapter, mirror: MemoryMirror) -> list[str]:
    """In what the mirror is not the provider: by etags, and by the texts as they are read one by one."""
    census = adapter.census()
    there = {(collection, name): etag for collection, name, etag in census.items}
    here = {
        (collection, name): etag for collection, held in mirror.objects.items() for name, (etag, _) in held.items()
    }  # fmt: skip
    found = [f"{key} has {here.get(key)}, not {there.get(key)}" for key in there.keys() | here.keys()
             if here.get(key) != there.get(key)]  # fmt: skip
    listed = {record.remote_id for record in census.listing}
    found += [f"{name} is not as it is listed" for name in listed ^ mirror.cursors.keys()]
    for collection, held in mirror.objects.items():
        for name, (_, data) in held.items():
            if (collection, name) in there and adapter.fetch(collection, name).data != data:
                found.append(f"{name} reads differently")
    return found
