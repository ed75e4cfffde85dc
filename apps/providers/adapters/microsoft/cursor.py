"""What is remembered of one mail folder between runs.

    since, walk     the history is being walked, newest first; `walk` links to its next page, empty before the first
    delta           the history is complete, and this link leads to what happened since

`linked_at` is when the link was given; where nothing happened the older one is kept for a while. `drafts` says which
version of each draft is mirrored, `again` that what is mirrored must be compared with the folder when the walk ends,
`suspect_at` since when so much is missing that a second look must say the same.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final, Self

from apps.providers.adapters.base import Cursor

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class FolderCursor:
    """One folder's state."""

    delta: str = ""
    walk: str = ""
    since: str = ""
    walked: int = 0
    total: int = 0
    again: bool = False
    suspect_at: float | None = None
    linked_at: float = 0.0
    drafts: Mapping[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """The whole history is in."""
        return bool(self.delta)

    @property
    def remaining(self) -> int:
        """Messages that the walk has still to bring in."""
        return 0 if self.complete else max(0, self.total - self.walked)

    @classmethod
    def load(cls, cursor: Cursor | None) -> Self | None:
        """The stored state; None where there is none, or one of another version."""
        if not cursor or cursor.get("v") != VERSION:
            return None
        return cls(**{name: value for name, value in cursor.items() if name != "v"})

    def dump(self) -> Cursor:
        """As it is stored: JSON, without what says nothing."""
        return {"v": VERSION} | {name: value for name, value in asdict(self).items() if value}
