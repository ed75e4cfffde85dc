"""The state of one mailbox between runs, as JSON.

Everything that existed in [low_uid, uidnext) is mirrored as of `modseq`; what lies below is the
backfill's. The numbers are those that the server announced before anything was read, so a change
that comes while we read is seen again next time: applying it twice changes nothing.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final, Self

from apps.providers.adapters.base import Cursor

VERSION: Final = 1


class Mode(StrEnum):
    """How the changes of a mailbox are told."""

    QRESYNC = "qresync"
    CONDSTORE = "condstore"
    SCAN = "scan"


@dataclass(frozen=True, slots=True)
class MailboxCursor:
    """See the module. `retry` maps an unreadable UID to its tries so far and the time of the next one."""

    uidvalidity: int
    uidnext: int
    low_uid: int
    modseq: int | None = None
    """None: flags must be compared in full before a MODSEQ can be trusted."""
    exists: int | None = None
    """Messages of the mailbox when it was last compared; None when it never was."""
    mailboxid: str | None = None
    mode: Mode = Mode.SCAN
    flags_pos: int | None = None
    """Scan mode: the UID above which this round has compared the older flags."""
    swept_at: float = 0.0
    """Scan mode: when every flag was last compared, in seconds since the epoch."""
    doubt_since: float | None = None
    """When the server first told of a mass deletion that is not believed yet."""
    retry: Mapping[int, tuple[int, float]] = field(default_factory=dict)

    def save(self) -> Cursor:
        """As JSON."""
        saved: dict[str, Any] = {"v": VERSION, **asdict(self)}
        saved["retry"] = {str(uid): list(entry) for uid, entry in self.retry.items()}
        return saved

    @classmethod
    def load(cls, saved: Cursor | None) -> Self | None:
        """From JSON; None for one that was never saved, or by another version: then all starts anew."""
        if saved is None or saved.get("v") != VERSION:
            return None
        values = {name: value for name, value in saved.items() if name != "v"}
        values["mode"] = Mode(values["mode"])
        values["retry"] = {int(uid): (int(entry[0]), float(entry[1])) for uid, entry in values["retry"].items()}
        return cls(**values)

    @property
    def complete(self) -> bool:
        """True when no history is left to bring in."""
        return self.low_uid <= 1

    @property
    def untouched(self) -> bool:
        """True when there is history and none of it has been brought in."""
        return not self.complete and self.low_uid == self.uidnext
