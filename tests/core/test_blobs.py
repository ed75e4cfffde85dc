"""Packs: what was written is read back, damage is noticed, and what a killed process left is swept."""

import os
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apps.core import blobs, crypto

KEY = crypto.new_data_key(1)
KEYS = {1: KEY}


@pytest.fixture(autouse=True)
def storage(tmp_path: Path, settings: Any) -> Path:
    """A storage folder of this test's own, which does not exist yet."""
    settings.PMSYNC_STORAGE = tmp_path / "files"
    return tmp_path / "files"


def test_what_was_written_is_read_back_and_only_for_what_it_is(storage: Path) -> None:
    first, second = blobs.write_pack("t/a", KEY, [("one", b"first"), ("two", b"")])
    assert first.pack == second.pack
    assert (blobs.read(KEYS, first, "one"), blobs.read(KEYS, second, "two")) == (b"first", b"")
    with pytest.raises(blobs.BlobMissing):
        blobs.read(KEYS, first, "two")
    assert b"first" not in (storage / first.pack).read_bytes()


@pytest.mark.parametrize("damage", ["gone", "short", "changed"])
def test_damage_is_told_as_missing(storage: Path, damage: str) -> None:
    (ref,) = blobs.write_pack("t/a", KEY, [("one", b"first")])
    path = storage / ref.pack
    match damage:
        case "gone":
            path.unlink()
        case "short":
            path.write_bytes(path.read_bytes()[:-1])
        case "changed":
            path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1]))
    with pytest.raises(blobs.BlobMissing):
        blobs.read(KEYS, ref, "one")


def test_a_name_does_not_leave_the_storage() -> None:
    with pytest.raises(ValueError, match="leave"):
        blobs.delete_pack("../other.pack")


def test_the_names_of_new_packs_and_folders_are_synced(storage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    sync = os.fsync

    def watched(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            synced.append(Path(os.readlink(f"/proc/self/fd/{handle}")))
        sync(handle)

    monkeypatch.setattr(os, "fsync", watched)
    blobs.write_pack("t/a", KEY, [("one", b"first")])
    assert synced == [storage.parent, storage, storage / "t", storage / "t/a"]
    synced.clear()
    blobs.write_pack("t/a", KEY, [("one", b"again")])
    assert synced == [storage / "t/a"]


def test_what_was_left_half_written_is_listed_once_it_is_old(storage: Path) -> None:
    (ref,) = blobs.write_pack("t/a", KEY, [("one", b"first")])
    left = storage / "t/a/0.new"
    left.write_bytes(b"half")
    assert blobs.packs("t/a", older_than=timedelta(hours=1)) == []
    assert set(blobs.packs("t/a")) == {ref.pack, "t/a/0.new"}
    os.utime(left, (0, 0))
    assert blobs.packs("t/a", older_than=timedelta(hours=1)) == ["t/a/0.new"]
    blobs.delete_pack("t/a/0.new")
    assert blobs.packs("t/a") == [ref.pack]
    assert blobs.packs("t/nobody") == []
