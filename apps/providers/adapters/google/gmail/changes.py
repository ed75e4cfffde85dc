"""What happened since: Gmail's history, followed to its end.

A record tells that a message was touched, not how it is now, and one act makes several records. So the
touched messages are read, and the mirror gets what they are: whatever order the records come in, and
whatever else has happened meanwhile, that is the truth.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from apps.providers.adapters import errors
from apps.providers.adapters.base import MailBatch, MailMirror
from apps.providers.adapters.google.api import Json
from apps.providers.adapters.google.gmail import labels
from apps.providers.adapters.google.gmail.cursor import AccountCursor
from apps.providers.adapters.google.gmail.messages import FEW, Messages
from apps.providers.adapters.google.gmail.placing import Placing

LATE: Final = 600.0
"""Seconds for which a message that was told of and is not there yet is asked for."""
LOOK_AGAIN: Final = 5.0
RECENT: Final = "newer_than:30d"
"""What the search for large messages is narrowed to, where only arrivals are read."""
TYPES: Final = ("messageAdded", "messageDeleted", "labelAdded", "labelRemoved")


@dataclass
class Touched:
    """What a page of the history is about: messages by id, each with the labels that it may have lost."""

    lost: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    added: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    last: str = ""

    @classmethod
    def of(cls, page: Json) -> "Touched":
        """Collapse the records of a page."""
        found = cls()
        for record in page.get("history", ()):
            found.last = str(record.get("id", "")) or found.last
            for one in record.get("messagesAdded", ()):
                found.added.add(_id(one))
                found.lost[_id(one)] |= set()
            for one in record.get("messagesDeleted", ()):
                found.deleted.add(_id(one))
            for one in (*record.get("labelsAdded", ()), *record.get("labelsRemoved", ())):
                found.lost[_id(one)] |= set(map(str, one.get("labelIds", ())))
        return found


def _id(entry: Json) -> str:
    return str(entry["message"]["id"])


class History:
    """One run over the history."""

    def __init__(
        self,
        messages: Messages,
        mirror: MailMirror,
        mailboxes: Collection[str],
        relist: Callable[[], MailBatch],
        now: float,
    ) -> None:
        self._messages = messages
        self._mirror = mirror
        self._mailboxes = frozenset(mailboxes)
        self._relist = relist
        self._now = now

    def follow(self, cursor: AccountCursor) -> Iterator[MailBatch]:
        """Yield what happened since the cursor; the last batch of each page carries how far it reaches.

        Raises CursorExpired when Gmail's history no longer goes back so far.
        """
        start, token = cursor.history, ""
        while True:
            page = self._page(start, token)
            token = str(page.get("nextPageToken") or "")
            touched = Touched.of(page)
            # The id of the answer is that of the present: it may be kept only when no page is left. A page may
            # stand without records between others, and is not the end then.
            reached = (touched.last or cursor.history) if token else str(page.get("historyId") or cursor.history)
            late = dict(cursor.late)
            yield from self._apply(touched, late)
            following = replace(cursor, history=reached, late=late)
            if following != cursor or late:
                again = LOOK_AGAIN if late else None
                yield MailBatch(mailbox=labels.ALL, epoch=labels.EPOCH, cursor=following.dump(), look_again=again)
            cursor = following
            if not token:
                return

    def _page(self, history: str, token: str) -> Json:
        told: dict[str, Any] = {"pageToken": token} if token else {}
        listed = self._messages.api.service.users().history()
        asked = listed.list(userId="me", startHistoryId=history, maxResults=500, historyTypes=list(TYPES), **told)
        try:
            return self._messages.api.run(asked)
        except errors.NotFound as gone:
            raise errors.CursorExpired("Gmail's history does not go back so far", said=gone.said) from None
        except errors.Rejected as refused:
            if token:  # what was applied is kept: the next run begins there
                raise errors.Transient("Gmail no longer knows the page of its history", said=refused.said) from None
            raise

    def _apply(self, touched: Touched, late: dict[str, float]) -> Iterator[MailBatch]:
        placing = Placing(self._messages, self._mirror, self._mailboxes, live=True, relist=self._relist)
        asked = [one for one in {**touched.lost, **dict.fromkeys(late)} if one not in touched.deleted]
        large = self._messages.large(RECENT) if len(touched.added - touched.deleted) > FEW else set()
        yield from placing.place(asked, touched.lost, large)
        for one in [*late]:
            if one in touched.deleted or one not in placing.gone:
                del late[one]
        awaited = {one for one in placing.gone if self._awaited(one, touched, late)}
        yield from placing.vanish((placing.gone | touched.deleted) - awaited)

    def _awaited(self, one: str, touched: Touched, late: dict[str, float]) -> bool:
        """True for a message that was told of and may still come: news can be faster than what they are about."""
        if one not in touched.added and one not in late:
            return False
        since = late.setdefault(one, self._now)
        if self._now - since < LATE:
            return True
        del late[one]
        return False
