"""A mirror in memory: applies batches as the product does and compares itself with a census.

    mirror = MemoryMirror()
    mirror.sync(adapter)                      # changes, then the whole backfill
    assert mirror.differences(adapter) == []

It holds messages by identity and placements by (mailbox, uid), keeps a message whose last placement
went (for ever: no grace time ends here), and refuses batches that break the contract.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from apps.providers.adapters.base import (
    Cursor,
    MailAdapter,
    MailBatch,
    MailboxRecord,
    MessageRecord,
    MirrorMailbox,
)


@dataclass
class Placement:
    """A message in a mailbox."""

    identity: str
    flags: frozenset[str]
    size: int
    unreadable: bool = False


@dataclass
class Box:
    """A mailbox and its placements by UID."""

    record: MailboxRecord
    epoch: int | None = None
    cursor: Cursor | None = None
    placements: dict[int, Placement] = field(default_factory=dict)
    remaining: int | None = None


@dataclass
class Applied:
    """What a run changed: the events that the product would send."""

    new: list[tuple[str, int]] = field(default_factory=list)  # messages never held before
    placed: list[tuple[str, int]] = field(default_factory=list)  # known messages in another place
    updated: list[tuple[str, int]] = field(default_factory=list)
    vanished: list[tuple[str, int]] = field(default_factory=list)
    batches: list[MailBatch] = field(default_factory=list)

    @property
    def quiet(self) -> bool:
        """True when nothing changed."""
        return not (self.new or self.placed or self.updated or self.vanished)


class MemoryMirror:
    """Implements MailMirror; `apply` is the other side of it."""

    def __init__(self) -> None:
        self.boxes: dict[str, Box] = {}
        self.messages: dict[str, MessageRecord] = {}
        self.queries = 0

    # ------------------------------------------------------------------ MailMirror

    def mailboxes(self) -> Sequence[MirrorMailbox]:
        self.queries += 1
        return [MirrorMailbox(box.record, box.epoch, box.cursor) for box in self.boxes.values()]

    def count(self, mailbox: str, low: int, high: int | None) -> int:
        return len(self.uids(mailbox, low, high))

    def uids(self, mailbox: str, low: int, high: int | None) -> Sequence[int]:
        self.queries += 1
        placements = self.boxes[mailbox].placements if mailbox in self.boxes else {}
        return sorted(uid for uid in placements if low <= uid and (high is None or uid <= high))

    def flags(self, mailbox: str, low: int, high: int | None) -> Mapping[int, frozenset[str]]:
        return {uid: self.boxes[mailbox].placements[uid].flags for uid in self.uids(mailbox, low, high)}

    def known(self, identities: Collection[str]) -> Collection[str]:
        self.queries += 1
        return [identity for identity in identities if identity in self.messages]

    def identities(self, mailbox: str, uids: Collection[int]) -> Mapping[int, str]:
        self.queries += 1
        placements = self.boxes[mailbox].placements if mailbox in self.boxes else {}
        return {uid: placements[uid].identity for uid in uids if uid in placements}

    # ------------------------------------------------------------------ applying

    def sync(self, adapter: MailAdapter, *, backfill: bool = True) -> Applied:
        """One whole run: changes, and the backfill to its end."""
        applied = Applied()
        self.apply(adapter.changes(self), applied)
        if backfill:
            self.apply(adapter.backfill(self), applied)
        return applied

    def apply(self, batches: Iterable[MailBatch], applied: Applied | None = None) -> Applied:
        """Apply batches one by one, as they come."""
        applied = applied or Applied()
        for batch in batches:
            applied.batches.append(batch)
            if batch.listing is not None:
                self._list(batch.listing)
            else:
                self._apply(batch, applied)
        return applied

    def _list(self, listing: tuple[MailboxRecord, ...]) -> None:
        names = {record.remote_id for record in listing}
        left = [box for name, box in self.boxes.items() if name not in names]
        by_id = {box.record.stable_id: box for box in left if box.record.stable_id}
        boxes: dict[str, Box] = {}
        for record in listing:
            assert record.remote_id not in boxes, "a mailbox is listed twice"
            box = self.boxes.get(record.remote_id) or by_id.get(record.stable_id or "") or Box(record)
            box.record = record
            boxes[record.remote_id] = box
        self.boxes = boxes

    def _apply(self, batch: MailBatch, applied: Applied) -> None:
        box = self.boxes[batch.mailbox]
        if batch.epoch is not None and batch.epoch != box.epoch:
            box.placements = {}
            box.epoch = batch.epoch
        for uid in batch.vanished:
            if box.placements.pop(uid, None) is not None:
                applied.vanished.append((batch.mailbox, uid))
        for record in batch.upserts:
            self._upsert(box, record, applied)
        for change in batch.flags:
            placement = box.placements.get(change.uid)
            if placement is not None and placement.flags != change.flags:
                placement.flags = change.flags
                applied.updated.append((batch.mailbox, change.uid))
        if batch.cursor is not None:
            box.cursor = batch.cursor
        if batch.remaining is not None:
            box.remaining = batch.remaining

    def _upsert(self, box: Box, record: MessageRecord, applied: Applied) -> None:
        assert record.uid > 0
        place = (box.record.remote_id, record.uid)
        if record.identity not in self.messages:
            assert record.raw is not None or record.unreadable, "an unknown message came without its bytes"
            applied.new.append(place)
            self.messages[record.identity] = record
        else:
            if record.raw is not None and self.messages[record.identity].raw is None:
                self.messages[record.identity] = record
            held = box.placements.get(record.uid)
            if held is None or held.identity != record.identity:
                applied.placed.append(place)
            elif held.flags != record.flags:
                applied.updated.append(place)
        box.placements[record.uid] = Placement(record.identity, record.flags, record.size, record.unreadable)

    # ------------------------------------------------------------------ comparing

    def raw(self, mailbox: str, uid: int) -> bytes | None:
        """The bytes held of the message at a place."""
        return self.messages[self.boxes[mailbox].placements[uid].identity].raw

    def placements(self) -> Iterator[tuple[str, int, Placement]]:
        """Every placement."""
        for name, box in self.boxes.items():
            for uid, placement in box.placements.items():
                yield name, uid, placement

    def differences(self, adapter: MailAdapter) -> list[str]:
        """Everything in which the mirror is not the server, in words; empty when it is the same."""
        census = adapter.census()
        theirs = {record.remote_id for record in census.mailboxes}
        found = [f"mailbox {name!r} is gone" for name in self.boxes.keys() - theirs]
        found += [f"mailbox {name!r} is not mirrored" for name in theirs - self.boxes.keys()]
        seen: set[tuple[str, int]] = set()
        for item in census.items:
            seen.add((item.mailbox, item.uid))
            box = self.boxes.get(item.mailbox)
            placement = box.placements.get(item.uid) if box else None
            if box is not None and box.epoch != item.epoch:
                found.append(f"{item.mailbox!r} has epoch {item.epoch}, not {box.epoch}")
            elif placement is None:
                found.append(f"{item.mailbox!r} {item.uid} is missing")
            elif placement.flags != item.flags:
                found.append(f"{item.mailbox!r} {item.uid} has {sorted(item.flags)}, not {sorted(placement.flags)}")
            elif item.size is not None and placement.size != item.size and not placement.unreadable:
                found.append(f"{item.mailbox!r} {item.uid} has size {item.size}, not {placement.size}")
        found += [f"{name!r} {uid} is gone" for name, uid, _ in self.placements() if (name, uid) not in seen]
        return sorted(found)
