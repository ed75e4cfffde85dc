"""Sealed files: many blobs written as one pack, each read by its own range.

Ten thousand messages as ten thousand files would cost ten thousand fsyncs (or ten thousand PUTs
to S3); a batch is written as one pack instead. Order of writing: file, fsync, rename, fsync of the
folder, and only then the rows that point at it, so no row ever names bytes that do not exist.
"""

import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from . import crypto
from .ids import new_id


class BlobMissing(Exception):
    """A row names a blob whose file is gone, short or damaged; the provider has the truth."""


@dataclass(frozen=True, slots=True)
class BlobRef:
    """Where one sealed blob lies: the pack, and its range there in bytes."""

    pack: str
    offset: int
    length: int


def _path(pack: str) -> Path:
    root: Path = settings.PMSYNC_STORAGE
    path = (root / pack).resolve()
    if not path.is_relative_to(root):
        raise ValueError("a pack name may not leave the storage folder")
    return path


def write_pack(prefix: str, key: crypto.DataKey, blobs: Iterable[tuple[str, bytes]]) -> list[BlobRef]:
    """Seal (context, plain) pairs into one new pack below `prefix`, on disk when this returns.

    The references come in the order of the blobs.
    """
    pack = f"{prefix}/{new_id().hex}.pack"
    refs: list[BlobRef] = []
    target = _path(pack)
    _make_folder(target.parent)
    partial = target.with_suffix(".new")
    offset = 0
    with partial.open("wb") as handle:
        for context, plain in blobs:
            sealed = crypto.seal(key, plain, context)
            handle.write(sealed)
            refs.append(BlobRef(pack, offset, len(sealed)))
            offset += len(sealed)
        handle.flush()
        os.fsync(handle.fileno())
    partial.rename(target)
    _keep_names(target.parent)
    return refs


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it; their names are on disk when this returns."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _keep_names(folder.parent)


def _keep_names(folder: Path) -> None:
    """Bring a folder's own list of names to disk: syncing a file does not save the name it has (POSIX fsync)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(keys: Mapping[int, crypto.DataKey], ref: BlobRef, context: str) -> bytes:
    """Read and open one blob. Raises BlobMissing when it is gone, short or does not open."""
    try:
        with _path(ref.pack).open("rb") as handle:
            handle.seek(ref.offset)
            sealed = handle.read(ref.length)
        if len(sealed) != ref.length:
            raise BlobMissing(f"{ref.pack} is shorter than its rows say")
        return crypto.unseal(keys, sealed, context)
    except FileNotFoundError:
        raise BlobMissing(f"{ref.pack} does not exist") from None
    except (crypto.SealBroken, crypto.UnknownKey) as broken:
        raise BlobMissing(f"{ref.pack} at {ref.offset}: {broken}") from None


def delete_pack(pack: str) -> None:
    """Remove a pack; one that is gone already is no error."""
    _path(pack).unlink(missing_ok=True)


def packs(prefix: str, *, older_than: timedelta = timedelta(0)) -> list[str]:
    """The names of the packs below a prefix that were written at least `older_than` ago.

    What a killed process left half-written is listed with them: no row names it, so it is swept alike.
    """
    folder = _path(prefix)
    if not folder.exists():
        return []
    limit = time.time() - older_than.total_seconds()
    files = (item for item in folder.iterdir() if item.suffix in (".pack", ".new"))
    return [f"{prefix}/{item.name}" for item in files if _written_before(item, limit)]


def _written_before(path: Path, limit: float) -> bool:
    try:
        return path.stat().st_mtime <= limit
    except FileNotFoundError:  # renamed or swept since the folder was read
        return False
