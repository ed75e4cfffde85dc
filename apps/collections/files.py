"""Objects as files: given out in one, each as its provider has it, and taken in from one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.db.models import BigIntegerField, Func, QuerySet, Sum

from apps.core.nul import without_nul
from apps.core.problems import Problem
from apps.outbound import queue
from apps.outbound.models import CommandRequest
from apps.outbound.queue import Wanted
from apps.providers.models import ProviderAccount
from apps.realtime import journal
from apps.users.members import Member

from . import ingest, service
from .commands import recounted
from .kind import CollectionKind, whole_text

EXPORTED_MOST: Final = 100_000_000
"""Octets of one file that is given out."""
IMPORTED_MOST: Final = 20 * 1024 * 1024
"""Octets of one file that is taken in: some ten thousand cards, or five thousand with a picture each."""
PIECES_MOST: Final = 10_000
PIECE_MOST: Final = 4 * 1024 * 1024
"""Octets of one object: one with a picture; servers refuse larger ones (RFC 6352 section 5.2.3)."""
TOLD_MOST: Final = 1_000
"""Refusals that a report names one by one."""
REASONS: Final = {
    "cut_off": "it has no end",
    "nobody": "it names nobody",
    "too_big": "it is larger than servers take",
    "unstorable": "it holds what no server takes",
    "twice": "the file has another with the same identity (UID)",
    "undecided": "it was changed by two at once: decide that first",
    "other_kind": "it is neither an event nor a task",
    "not_here": "this calendar does not take its kind",
    "no_start": "it does not say when it begins",
}
"""Why a piece of a file is not taken in."""
AT_ONCE: Final = 500


def texts(found: "QuerySet[Any]", too_big: str) -> list[bytes]:
    """The texts of objects, in the order of the query. Raises the problem 413 with this sentence."""
    size = found.aggregate(size=Sum(Func("data", function="octet_length", output_field=BigIntegerField())))["size"]
    if (size or 0) > EXPORTED_MOST:
        raise Problem(413, "too_big", too_big)
    return [bytes(text) for text in found.values_list("data", flat=True).iterator()]


@dataclass(frozen=True, slots=True)
class Piece:
    """One object of a file. `refused`, of REASONS, says why it cannot be taken in; empty when it can."""

    name: str
    uid: str = ""
    data: bytes = field(default=b"", repr=False)
    refused: str = ""


@dataclass(slots=True)
class Report:
    """What became of a file."""

    made: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, number: int, name: str, code: str) -> None:
        """Name a piece by its number in the file, and why it stays out."""
        told = without_nul(name[:200])
        self.refused.append({"number": number, "name": told, "code": code, "reason": REASONS[code]})

    def as_json(self) -> dict[str, Any]:
        """As people are shown it."""
        return {
            "made": self.made,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "skipped": self.skipped,
            "refused": self.refused[:TOLD_MOST],
            "refused_total": len(self.refused),
        }


@dataclass(frozen=True, slots=True)
class Import:
    """A file on its way into a collection. `update`: what is there already becomes what the file says."""

    kind: CollectionKind
    place: Any
    update: bool = False


def take_in(member: Member, key: str, wanted: Import, pieces: Iterable[Piece]) -> dict[str, Any]:
    """Make an object of each piece of a file, one act in all; the answer has the report.

    What is there already, by its UID, is left as it is or becomes what the file says; so the same file again makes
    nothing twice. Raises problems that say why nothing of it can be taken in.
    """
    service.to_make(wanted.kind, member, wanted.place)
    held: list[Piece] = []
    for piece in pieces:
        held.append(piece)
        if len(held) > PIECES_MOST:
            raise Problem(413, "too_many", f"A file may hold {PIECES_MOST} {wanted.kind.called.objects}. Divide it.")
    if not held:
        raise Problem(400, "empty_file", f"There is no {wanted.kind.called.object} in this file.")

    def act(request: CommandRequest) -> list[journal.Event]:
        return _Taking(wanted, request).all(held)

    return service.once(wanted.kind, member, key, "import", 0, act)


class _Taking:
    """One file being taken in, under the lock of its account."""

    def __init__(self, wanted: Import, request: CommandRequest) -> None:
        self.kind, self.place, self.update = wanted.kind, wanted.place, wanted.update
        self.request, self.report = request, Report()
        self.account: ProviderAccount = service.locked(self.kind, self.place.account_id)

    def all(self, pieces: Sequence[Piece]) -> list[journal.Event]:
        """Every piece; what is told of it."""
        there = self._there()
        new: list[Piece] = []
        seen: set[str] = set()
        told: list[journal.Event] = []
        for number, piece in enumerate(pieces, 1):
            if piece.refused:
                self.report.refuse(number, piece.name, piece.refused)
            elif piece.uid in seen:
                self.report.refuse(number, piece.name, "twice")
            elif piece.uid not in there:
                new.append(piece)
            elif not self.update:
                self.report.skipped += 1
            else:
                told += self._again(number, piece, there[piece.uid])
            seen.add(piece.uid)
        self.report.made = len(new)
        told += self._make(new)
        self.request.total = self.report.made + self.report.updated
        self.request.args = {"told": {"report": self.report.as_json()}}
        return told

    def _there(self) -> dict[str, UUID]:
        held = self.kind.objects._default_manager.filter(collection=self.place, leaving__isnull=True, refused="")
        return dict(held.exclude(uid="").values_list("uid", "pk"))

    def _again(self, number: int, piece: Piece, object_id: UUID) -> list[journal.Event]:
        row = self.kind.objects._default_manager.select_related("collection", "account").get(pk=object_id)
        if bytes(row.digest) == self.kind.read(piece.data, self.place).digest:
            self.report.unchanged += 1
            return []
        if row.ours is not None:
            self.report.refuse(number, piece.name, "undecided")
            return []
        self.report.updated += 1
        return service.edit(self.kind, self.request, row, whole_text(piece.data))

    def _make(self, new: Sequence[Piece]) -> list[journal.Event]:
        """Rows and commands of what is new. One event for all of it: lists are read again, as after a first import."""
        made = [self._row(piece) for piece in new]
        for start in range(0, len(made), AT_ONCE):
            some = self.kind.objects._default_manager.bulk_create(made[start : start + AT_ONCE])
            nothing: dict[str, Any] = {"change": {}, "before": {}}
            queue.put(self.account, [Wanted(self.kind.name, "create", [row.pk], nothing) for row in some], self.request)
        if not made:
            return []
        recounted(self.kind, self.account.pk, self.place.pk)
        return [self.kind.collections_event(self.account.pk, [self.place.pk], backfill=True)]

    def _row(self, piece: Piece) -> Any:
        where = self.kind.new_remote_id(self.account, self.place)
        row = self.kind.objects(account=self.account, collection=self.place, remote_id=where, data=piece.data)
        return ingest.fill(row, self.kind.read(piece.data, self.place))
