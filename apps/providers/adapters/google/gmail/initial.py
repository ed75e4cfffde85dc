"""The first import: the cursor at the present, then the history of mail page by page, newest first."""

from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import replace
from typing import Any

from apps.providers.adapters import errors
from apps.providers.adapters.base import MailBatch, MailMirror
from apps.providers.adapters.google.gmail import labels
from apps.providers.adapters.google.gmail.cursor import PLAIN, AccountCursor, Filling
from apps.providers.adapters.google.gmail.messages import Messages, id_of, uid_of
from apps.providers.adapters.google.gmail.placing import Placing


def begin(messages: Messages, mailboxes: Collection[str]) -> Iterator[MailBatch]:
    """Set every cursor at the present. What happens while mail is brought in is then told by the history."""
    profile = messages.api.run(messages.api.service.users().getProfile(userId="me"))
    left = int(profile.get("messagesTotal", 0))
    cursor = AccountCursor(str(profile["historyId"]), Filling(left=left))
    for name in labels.in_order(mailboxes):
        if name != labels.ALL:
            yield MailBatch(mailbox=name, epoch=labels.EPOCH, cursor=PLAIN, remaining=0)
    yield MailBatch(mailbox=labels.ALL, epoch=labels.EPOCH, cursor=cursor.dump(), remaining=left)


class Filler:
    """Brings in what the mirror does not hold yet."""

    def __init__(
        self, messages: Messages, mirror: MailMirror, mailboxes: Collection[str], large: Callable[[], Collection[str]]
    ) -> None:
        self._messages = messages
        self._mirror = mirror
        self._large = large
        self._placing = Placing(messages, mirror, mailboxes, live=False)

    def fill(self, cursor: AccountCursor) -> Iterator[MailBatch]:
        """Yield what is missing; each page ends with the cursor that follows it. Nothing when complete."""
        filling = cursor.filling
        if filling is None:
            return
        if filling.inbox:
            ids, _ = next(self._messages.pages(labelIds=[labels.INBOX]))
            brought = yield from self._bring(ids)
            filling = Filling(inbox=False, left=max(filling.left - brought, 0))
            yield _cursor(replace(cursor, filling=filling), filling)
        left = filling.left
        for ids, token in self._pages(filling.token):
            brought = yield from self._bring(ids)
            left = max(left - brought, 1)
            rest = Filling(False, token, left) if token else None
            yield _cursor(replace(cursor, filling=rest), rest)

    def _pages(self, token: str) -> Iterator[tuple[list[str], str]]:
        """The pages of everything; from the beginning when the token is no longer known: what is held is skipped."""
        told: dict[str, Any] = {"includeSpamTrash": True}
        try:
            yield from self._messages.pages(**told, pageToken=token)
        except errors.Rejected:
            if not token:
                raise
            yield from self._messages.pages(**told)

    def _bring(self, ids: Collection[str]) -> Generator[MailBatch, None, int]:
        """Batches for those that are not held in full; how many they are."""
        missing = {uid_of(one) for one in ids}
        for name in labels.LAST:
            missing -= self._mirror.identities(name, missing).keys()
        if not missing:
            return 0
        yield from self._placing.place([id_of(uid) for uid in sorted(missing, reverse=True)], large=self._large())
        return len(missing)


def _cursor(cursor: AccountCursor, filling: Filling | None) -> MailBatch:
    left = filling.left if filling else 0
    return MailBatch(mailbox=labels.ALL, epoch=labels.EPOCH, cursor=cursor.dump(), remaining=left, live=False)
