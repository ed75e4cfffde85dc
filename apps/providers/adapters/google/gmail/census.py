"""Everything an account's mailbox holds, message by message: what `verify` compares the mirror with."""

from collections.abc import Iterator
from typing import Final

from apps.providers.adapters.base import Census, CensusItem, MailboxRecord
from apps.providers.adapters.google.gmail import labels
from apps.providers.adapters.google.gmail.messages import Messages

AT_ONCE: Final = 100


def census(messages: Messages, listing: tuple[MailboxRecord, ...]) -> Census:
    """One walk over all messages, each read by itself; neither history nor lists of labels are asked."""
    return Census(listing, _items(messages, {record.remote_id for record in listing}))


def _items(messages: Messages, mailboxes: set[str]) -> Iterator[CensusItem]:
    found: dict[str, list[CensusItem]] = {}
    for ids, _ in messages.pages(includeSpamTrash=True):
        for start in range(0, len(ids), AT_ONCE):
            for state in messages.states(ids[start : start + AT_ONCE]).values():
                if state is None:
                    continue
                flags = labels.flags_of(state.labels)
                for name in labels.mailboxes_of(state.labels) & mailboxes:
                    item = CensusItem(name, labels.EPOCH, state.uid, flags, state.size, state.at)
                    found.setdefault(name, []).append(item)
    # The walk is by message; it is told mailbox by mailbox.
    for name in labels.in_order(found.keys()):
        yield from found[name]
