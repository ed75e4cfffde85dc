"""What `verify` sees: a mirror compared with a server's census made by hand."""

from collections.abc import Iterable
from typing import cast

from apps.mail import comparison
from apps.mail.models import Mailbox, Thread
from apps.providers.adapters.base import Census, CensusItem, MailAdapter
from apps.sync.registry import Difference
from tests.mail.fixtures import LISTING, Box, eml, record


class Server:
    """Holds these items."""

    def __init__(self, *items: CensusItem) -> None:
        self.items = items

    def census(self) -> Census:
        return Census(LISTING, iter(self.items))


def item(mailbox: str, uid: int, raw: bytes, *flags: str) -> CensusItem:
    return CensusItem(mailbox, 7, uid, frozenset(flags), len(raw), None)


def told(inbox: Box, *items: CensusItem) -> list[tuple[str, str]]:
    return kinds(comparison.compare(cast("MailAdapter", Server(*items)), inbox.account).differences)


def kinds(differences: Iterable[Difference]) -> list[tuple[str, str]]:
    return [(difference.kind, difference.where) for difference in differences]


def test_a_mirror_that_equals_its_server_has_no_difference(inbox: Box) -> None:
    inbox.arrive(record(1, eml(1), "\\Seen"))
    inbox.arrive(record(4, eml(4)), mailbox="Work")
    assert told(inbox, item("INBOX", 1, eml(1), "\\Seen"), item("Work", 4, eml(4))) == []


def test_messages_missing_left_over_and_other_than_at_the_server_are_told(inbox: Box) -> None:
    inbox.arrive(record(1, eml(1)), record(2, eml(2)), record(3, eml(3)))
    found = told(inbox, item("INBOX", 1, eml(1), "\\Seen"), item("INBOX", 3, eml(3) + b"."), item("INBOX", 9, eml(9)))
    assert found == [
        ("flags", "INBOX UID 1"),
        ("size", "INBOX UID 3"),
        ("message", "INBOX UID 9"),
        ("message", "INBOX UID 2"),
    ]


def test_messages_mirrored_in_a_mailbox_that_is_empty_at_the_server_are_told(inbox: Box) -> None:
    inbox.arrive(record(1, eml(1)))
    inbox.arrive(record(4, eml(4)), mailbox="Work")
    assert told(inbox, item("INBOX", 1, eml(1))) == [("message", "Work UID 4")]


def test_every_book_notices_a_wrong_entry(inbox: Box) -> None:
    inbox.arrive(record(1, eml(1)))
    Mailbox.objects.filter(remote_id="Work").update(total=1, unread=1, threads=1, unread_threads=1)
    Thread.objects.update(count=2, unread=2)
    assert {kind for kind, _ in kinds(inbox.books())} == {
        "message counters",
        "unread counters",
        "thread counters",
        "unread thread counters",
        "message counts of threads",
        "unread counts of threads",
    }
