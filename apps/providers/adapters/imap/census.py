"""Everything the server holds, by a path that sync itself does not use: no MODSEQ, no STATUS, no cursor."""

from collections.abc import Iterator, Sequence

from apps.providers.adapters import errors
from apps.providers.adapters.base import Census, CensusItem, MailboxRecord
from apps.providers.adapters.imap import identity, mailboxes, sets, wire
from apps.providers.adapters.imap.errors import Stage, from_exception
from apps.providers.adapters.imap.fetches import Items, fetched, uid_of
from apps.providers.adapters.imap.names import INBOX
from apps.providers.adapters.imap.search import between
from apps.providers.adapters.imap.session import ImapSession


def census(session: ImapSession) -> Census:
    """The list at once, the placements while they are read. Raises the errors of `adapters.errors`."""
    records = tuple(mailboxes.names_only(session))
    return Census(records, _items(session, records))


def _items(session: ImapSession, records: Sequence[MailboxRecord]) -> Iterator[CensusItem]:
    for record in records:
        if mailboxes.Listed(record).mirrored:
            try:
                yield from _mailbox(session, record.remote_id)
            except wire.WireError as exc:
                raise from_exception(exc, Stage.READ) from None


def _mailbox(session: ImapSession, name: str) -> Iterator[CensusItem]:
    try:
        box = session.examine(name)
    except errors.NotFound:
        return  # deleted since the list was read
    except (errors.PermissionMissing, errors.Rejected):
        if name == INBOX:
            raise
        return  # sync leaves it out, too
    uids = between(session, 1, 2**32 - 1, box.exists)
    for piece in sets.pieces(uids):
        answer = session.start(b"UID FETCH ", piece, b" (UID FLAGS INTERNALDATE RFC822.SIZE)")
        for data in answer:
            items = fetched(data)
            if items and uid_of(items) and "RFC822.SIZE" in items:
                yield _item(name, box.uidvalidity, items)
        answer.check()


def _item(name: str, uidvalidity: int, items: Items) -> CensusItem:
    facts = identity.read_facts(items)
    return CensusItem(name, uidvalidity, facts.uid, facts.flags, facts.size, facts.internal_date)
