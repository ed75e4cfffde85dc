"""After the history ended: everything is compared, nothing is wiped, and what is the same is not read again.

Which labels a message has is learnt by listing each label, 500 ids to a page, where reading each message
would cost a hundred times as much.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from apps.providers.adapters import errors
from apps.providers.adapters.base import FlagsRecord, MailBatch, MailMirror
from apps.providers.adapters.google.gmail import labels
from apps.providers.adapters.google.gmail.cursor import AccountCursor, Filling
from apps.providers.adapters.google.gmail.messages import FEW, Messages, id_of, uid_of
from apps.providers.adapters.google.gmail.placing import Placing

AT_ONCE: Final = 2000


class Reconciliation:
    """One comparison of an account with its mirror."""

    def __init__(self, messages: Messages, mirror: MailMirror, mailboxes: Collection[str]) -> None:
        self._messages = messages
        self._mirror = mirror
        self._mailboxes = labels.in_order(mailboxes)

    def run(self, before: AccountCursor) -> Iterator[MailBatch]:
        """Yield every difference; the last batch carries a cursor of the moment before the comparison began, so
        that what happened meanwhile is told by the history. An import that was under way goes on afterwards."""
        profile = self._messages.api.run(self._messages.api.service.users().getProfile(userId="me"))
        holders = self._holders()
        everything = set().union(*(holders[name] for name in labels.LAST))
        incomplete = before.filling is not None
        placing = Placing(self._messages, self._mirror, self._mailboxes, live=True)
        missing: dict[int, None] = {}
        for name in self._mailboxes:
            wanted = holders.get(name, {})
            held = self._mirror.flags(name, 1, None)
            missing |= dict.fromkeys(uid for uid in wanted if uid not in held)
            yield from self._flags(placing, name, wanted, held)
        if incomplete:
            missing = dict.fromkeys(self._known(missing))
        newest_first = [id_of(uid) for uid in sorted(missing, reverse=True)]
        large = self._messages.large() if len(newest_first) > FEW else set()
        yield from placing.place(newest_first, large=large)
        for name in self._mailboxes:
            gone = [uid for uid in self._mirror.uids(name, 1, None) if uid not in holders.get(name, {})]
            for start in range(0, len(gone), AT_ONCE):
                yield placing.batch(name, vanished=tuple(gone[start : start + AT_ONCE]))
        filling = Filling(left=len(everything)) if incomplete else None
        cursor = AccountCursor(str(profile["historyId"]), filling, before.late)
        left = filling.left if filling else 0
        yield MailBatch(mailbox=labels.ALL, epoch=labels.EPOCH, cursor=cursor.dump(), remaining=left)

    def _holders(self) -> dict[str, dict[int, frozenset[str]]]:
        """By mailbox the UIDs in it, with the flags of each."""
        unread, starred, draft = (self._ids(name) for name in (labels.UNREAD, labels.STARRED, labels.DRAFT))
        everything, chats = self._ids(""), self._ids(labels.CHAT)
        trash = self._ids(labels.TRASH) - chats
        spam = self._ids(labels.SPAM) - trash - chats
        apart = trash | spam | chats
        by_name = {labels.TRASH: trash, labels.SPAM: spam, labels.ALL: everything - apart}
        for name in self._mailboxes:
            if name not in by_name:
                by_name[name] = (draft if name == labels.DRAFT else self._ids(name)) - apart

        def flags(uid: int) -> frozenset[str]:
            marks = ((labels.UNREAD, unread), (labels.STARRED, starred), (labels.DRAFT, draft))
            return labels.flags_of([label for label, having in marks if uid in having])

        return {name: {uid: flags(uid) for uid in uids} for name, uids in by_name.items()}

    def _ids(self, label: str) -> set[int]:
        told = {"labelIds": [label]} if label else {}
        try:
            return {uid_of(one) for ids, _ in self._messages.pages(**told, includeSpamTrash=True) for one in ids}
        except errors.Rejected:
            if not label:
                raise
            return set()  # a label that went since the listing is in no message

    def _flags(
        self,
        placing: Placing,
        mailbox: str,
        wanted: Mapping[int, frozenset[str]],
        held: Mapping[int, frozenset[str]],
    ) -> Iterator[MailBatch]:
        changed = [FlagsRecord(uid, wanted[uid]) for uid in held if uid in wanted and held[uid] != wanted[uid]]
        for start in range(0, len(changed), AT_ONCE):
            yield placing.batch(mailbox, flags=tuple(changed[start : start + AT_ONCE]))

    def _known(self, uids: Collection[int]) -> list[int]:
        """Those that the mirror holds somewhere: the others are the import's to bring in."""
        by_identity = {f"gm:{id_of(uid)}": uid for uid in uids}
        return [by_identity[one] for one in self._mirror.known(list(by_identity))]
