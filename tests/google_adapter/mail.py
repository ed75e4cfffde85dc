"""What the mail tests share: messages, a mirror that remembers, and the adapter in front of it."""

from collections.abc import Collection
from typing import Any

from apps.providers.adapters.google import gmail
from apps.providers.adapters.google.gmail import GmailAdapter
from tests.fakes.google.gmail.mailbox import Mailbox
from tests.google_adapter.desk import ANNA, EVERYTHING, Desk, again
from tests.imap.mirror import Applied, MemoryMirror


def letter(subject: str, *, number: int = 0, body: str = "Hello.", more: str = "") -> bytes:
    """A message with CRLF line ends."""
    lines = (
        f"From: Carla <carla@outside.example>\r\nTo: {ANNA}\r\nSubject: {subject}\r\n"
        f"Message-ID: <{subject.replace(' ', '-').lower()}.{number}@outside.example>\r\n"
        f"Date: Fri, 29 May 2026 10:00:00 +0000\r\n{more}\r\n{body}\r\n"
    )
    return lines.encode()


class Post:
    """One person's mail: the simulated mailbox, our adapter, and the mirror that it keeps."""

    def __init__(self, desk: Desk, user: str = ANNA, scopes: tuple[str, ...] = EVERYTHING) -> None:
        self.desk = desk
        self.user = user
        self.tokens = desk.tokens(user, scopes)
        self.adapter: GmailAdapter = gmail.connect(self.tokens, **desk.options)
        desk.opened.append(self.adapter)
        self.mirror = MemoryMirror()

    @property
    def elsewhere(self) -> Any:
        """The person at another client."""
        return self.desk.google.elsewhere

    @property
    def box(self) -> Mailbox:
        """What Gmail holds."""
        return self.desk.google.gmail.mailboxes[self.user]

    def deliver(self, subject: str, labels: Collection[str] = ("INBOX", "UNREAD"), **more: Any) -> str:
        """A message arrives; its id."""
        self.desk.google.clock.advance(1)
        return str(self.elsewhere.deliver(self.user, letter(subject, **more), labels).id)

    def sync(self) -> Applied:
        return self.mirror.sync(self.adapter)

    def follow(self) -> Applied:
        """Sync until nothing fails, and see that the mirror is then what Gmail holds."""
        applied: Applied = again(self.sync)
        assert self.mirror.differences(self.adapter) == []
        return applied

    def places(self, message: str) -> dict[str, frozenset[str]]:
        """Where the mirror has a message, and with which flags."""
        uid = int(message, 16)
        return {name: place.flags for name, found, place in self.mirror.placements() if found == uid}
