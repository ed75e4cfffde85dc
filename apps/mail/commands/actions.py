"""The actions people have, as tables: which flags each changes, which mailboxes it takes from and puts into. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from apps.providers.adapters.base import Role

from ..pending import Change
from ..rows import FLAGGED, SEEN

STORES: Final[Mapping[str, Change]] = {
    "read": Change(frozenset({SEEN}), frozenset()),
    "unread": Change(frozenset(), frozenset({SEEN})),
    "star": Change(frozenset({FLAGGED}), frozenset()),
    "unstar": Change(frozenset(), frozenset({FLAGGED})),
}
KEYWORDS: Final = ("add_keyword", "remove_keyword")
# Where an action puts mail. A mailbox of that role that is missing is made, but for the inbox.
DESTINATION: Final[Mapping[str, Role]] = {
    "archive": Role.ARCHIVE,
    "junk": Role.JUNK,
    "trash": Role.TRASH,
    "not_junk": Role.INBOX,
    "inbox": Role.INBOX,
}
NAME_OF_ROLE: Final[Mapping[str, str]] = {"archive": "Archive", "junk": "Junk", "trash": "Trash"}
MOVES: Final = frozenset({"move", *DESTINATION})
LOCAL: Final = frozenset({"snooze", "unsnooze"})
ALL: Final = (*STORES, *KEYWORDS, *sorted(MOVES), "delete", "snooze", "unsnooze")
UNDOABLE: Final = frozenset({*STORES, *KEYWORDS, *MOVES, *LOCAL})
# What lies here is left alone unless the person stands in it.
APART: Final = frozenset({Role.SENT.value, Role.DRAFTS.value, Role.TRASH.value, Role.JUNK.value})
OWN: Final = frozenset({Role.SENT.value, Role.DRAFTS.value})
LEFT_FOR_INBOX: Final = frozenset({Role.TRASH.value, Role.JUNK.value, Role.ALL.value})


@dataclass(frozen=True, slots=True)
class Reach:
    """From where an action takes mail: `here` when the person stands in a mailbox, else by role.

    `labels`: a message lies in several mailboxes at once, ALL among them. There what is archived only leaves the inbox,
    what goes to trash or junk leaves all of them, and what is filed keeps its other labels.
    """

    action: str
    here: str | None
    to: str | None
    labels: bool = False

    def takes(self, mailbox_id: str, role: str) -> bool:
        """True when mail in this mailbox is taken."""
        if mailbox_id == self.to:
            return False
        if self.labels and self.action in MOVES:
            return self._takes_label(mailbox_id, role)
        if self.here is not None:
            return mailbox_id == self.here
        match self.action:
            case "not_junk":
                return role == Role.JUNK.value
            case "delete":
                return True
            case "inbox" | "unsnooze":
                return role not in OWN
            case _:
                return role not in APART

    def _takes_label(self, mailbox_id: str, role: str) -> bool:
        match self.action:
            case "archive":
                return role == Role.INBOX.value
            case "inbox":
                return role in LEFT_FOR_INBOX
            case "not_junk":
                return role == Role.JUNK.value
            case "move":
                return mailbox_id == self.here if self.here is not None else role == Role.INBOX.value
            case _:
                return mailbox_id == self.here or role not in APART
