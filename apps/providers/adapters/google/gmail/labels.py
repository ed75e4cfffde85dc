"""Gmail's labels as mailboxes and flags: in which mailboxes a message is, and how it is marked. Pure.

A label of the person's, INBOX, SENT and DRAFT are mailboxes; ALL, which Gmail has no label for, holds what
is outside SPAM and TRASH. A message in one of those two is shown nowhere else, as in Gmail itself: its
other labels stay on it and count again when it comes back.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from apps.providers.adapters.base import MailboxRecord, Role

EPOCH: Final = 1
ALL: Final = "ALL"
INBOX: Final = "INBOX"
SENT: Final = "SENT"
DRAFT: Final = "DRAFT"
SPAM: Final = "SPAM"
TRASH: Final = "TRASH"
UNREAD: Final = "UNREAD"
STARRED: Final = "STARRED"
CHAT: Final = "CHAT"
FIXED: Final = frozenset({SENT, DRAFT})
"""Labels that nobody sets or clears."""
LAST: Final = (TRASH, SPAM, ALL)
"""Every message is in exactly one of these."""
DELIMITER: Final = "/"

SEEN: Final = "\\Seen"
FLAGGED: Final = "\\Flagged"
DRAFT_FLAG: Final = "\\Draft"

_MARKS: Final = frozenset({UNREAD, STARRED, "IMPORTANT", CHAT})
_SYSTEM: Final[Mapping[str, tuple[str, Role]]] = {
    INBOX: ("INBOX", Role.INBOX),
    SENT: ("Sent", Role.SENT),
    DRAFT: ("Drafts", Role.DRAFTS),
    SPAM: ("Spam", Role.JUNK),
    TRASH: ("Trash", Role.TRASH),
    ALL: ("All Mail", Role.ALL),
}


def is_mailbox(label: str) -> bool:
    """True for a label that messages are looked for in, false for one that is a mark or a category."""
    return label not in _MARKS and not label.startswith("CATEGORY_")


def listing(labels: Iterable[Mapping[str, Any]]) -> tuple[MailboxRecord, ...]:
    """The mailboxes that labels.list tells, and ALL."""
    found = [_record(str(one["id"]), str(one.get("name", ""))) for one in labels if is_mailbox(str(one.get("id", "")))]
    return (*found, _record(ALL, ""))


def _record(label: str, name: str) -> MailboxRecord:
    if label in _SYSTEM:
        title, role = _SYSTEM[label]
        return MailboxRecord(label, (title,), DELIMITER, role)
    parts = tuple(part for part in name.split(DELIMITER) if part)
    return MailboxRecord(label, parts or (label,), DELIMITER)


def mailboxes_of(labels: Collection[str]) -> frozenset[str]:
    """The mailboxes that a message with these labels is in; none for a chat, which is no message."""
    if CHAT in labels:
        return frozenset()
    for apart in (TRASH, SPAM):
        if apart in labels:
            return frozenset({apart})
    return frozenset({ALL, *(label for label in labels if is_mailbox(label))})


def flags_of(labels: Collection[str]) -> frozenset[str]:
    """The flags of a message with these labels: the same in each of its mailboxes."""
    flags = set() if UNREAD in labels else {SEEN}
    if STARRED in labels:
        flags.add(FLAGGED)
    if DRAFT in labels:
        flags.add(DRAFT_FLAG)
    return frozenset(flags)


def in_order(mailboxes: Iterable[str]) -> list[str]:
    """INBOX first; TRASH, SPAM and ALL last: who finds a message placed in one of those has all of it."""
    return sorted(mailboxes, key=lambda name: (LAST.index(name) + 1 if name in LAST else 0, name != INBOX, name))
