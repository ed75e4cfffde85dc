"""Putting messages into mailboxes, and finding them again by a header."""

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from apps.providers.adapters import errors
from apps.providers.adapters.base import Appended, Found
from apps.providers.adapters.google.gmail import labels
from apps.providers.adapters.google.gmail.drafts import Drafts
from apps.providers.adapters.google.gmail.messages import Messages, uid_of
from apps.providers.adapters.google.gmail.tree import Tree
from apps.providers.adapters.google.gmail.upload import media

MOST: Final = 157_286_400
"""Octets of a message that is inserted (150 MiB)."""
RECENT: Final = 50
"""The newest messages of a mailbox, which the search may not know yet."""
SCANNED: Final = 1000
"""Messages of a mailbox that are looked through for a header that no search knows."""
ORIGINAL: Final = "X-Google-Original-Message-ID"
"""Where Gmail keeps a Message-ID that it has replaced."""


class Filing:
    """Files messages of one account."""

    def __init__(self, messages: Messages, drafts: Drafts, tree: Tree) -> None:
        self._messages = messages
        self._drafts = drafts
        self._tree = tree

    def append(self, mailbox: str, message: bytes, flags: Collection[str]) -> Appended:
        """Insert a message, dated by its own header: Gmail takes no other date. In DRAFT it becomes a draft.

        Raises Rejected when it is too big.
        """
        if mailbox == labels.DRAFT:
            return Appended(labels.EPOCH, self._drafts.create(message))
        if len(message) > MOST:
            raise errors.Rejected(f"the message has {len(message)} bytes, and Gmail takes {MOST}")
        lower = {flag.lower() for flag in flags}
        marks = [] if labels.SEEN.lower() in lower else [labels.UNREAD]
        marks += [labels.STARRED] if labels.FLAGGED.lower() in lower else []
        where = [] if mailbox == labels.ALL else [self._tree.existing(mailbox)]
        told = self._messages.api.run(
            self._messages.api.service.users()
            .messages()
            .insert(
                userId="me", internalDateSource="dateHeader", body={"labelIds": where + marks},
                media_body=media(message),
            )
        )  # fmt: skip
        return Appended(labels.EPOCH, uid_of(str(told.get("id", ""))))

    def find(self, mailbox: str, header: str, value: str) -> Found:
        """The messages of a mailbox with this header. A Message-ID is searched for; where the search knows none, since
        it lags by seconds, it is looked for among the newest. Any other header is looked for among the newest SCANNED.
        """
        told = {} if mailbox == labels.ALL else {"labelIds": [mailbox]}
        apart = mailbox in (labels.TRASH, labels.SPAM)
        wanted = value.strip().strip("<>")
        names, most = [header], SCANNED
        try:
            if header.lower() == "message-id":
                names, most = [header, ORIGINAL], RECENT
                listed = self._messages.pages(**told, q=f"rfc822msgid:{wanted}", includeSpamTrash=apart)
                if known := [one for ids, _ in listed for one in ids]:
                    return _found(known)
            pages = self._messages.pages(**told, includeSpamTrash=apart)
            newest = list(itertools.islice((one for ids, _ in pages for one in ids), most))
        except errors.Rejected:
            return _found(())  # no such label
        held = self._messages.headers(newest, names)
        return _found([one for one, fields in held.items() if wanted in _values(fields, names)])


def _values(fields: Mapping[str, Sequence[str]], names: Iterable[str]) -> set[str]:
    return {each.strip().strip("<>") for name in names for each in fields.get(name.lower(), ())}


def _found(ids: Iterable[str]) -> Found:
    return Found(labels.EPOCH, tuple(sorted(uid_of(one) for one in ids)))
