"""The adapter's window on an account's mirrored mail: reads only, each call is one query.

It shows what the provider has: without what open commands are about to change, with what they are
about to take away.
"""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from django.db.models import QuerySet

from apps.providers.adapters.base import MailboxRecord, MirrorMailbox, Role

from .models import Mailbox, Message, Placement


class AccountMirror:
    """Implements `adapters.base.MailMirror` for one account of the open tenant."""

    def __init__(self, account_id: UUID) -> None:
        self._account_id = account_id

    def mailboxes(self) -> Sequence[MirrorMailbox]:
        """Every mailbox held for the account."""
        return [
            MirrorMailbox(record_of(box), box.epoch, box.cursor)
            for box in Mailbox.objects.filter(account_id=self._account_id)
        ]

    def count(self, mailbox: str, low: int, high: int | None) -> int:
        """How many placements with low <= UID (<= high)."""
        return self._placements(mailbox, low, high).count()

    def uids(self, mailbox: str, low: int, high: int | None) -> Sequence[int]:
        """Their UIDs, ascending."""
        return list(self._placements(mailbox, low, high).order_by("uid").values_list("uid", flat=True))

    def flags(self, mailbox: str, low: int, high: int | None) -> Mapping[int, frozenset[str]]:
        """Their flags by UID."""
        rows = self._placements(mailbox, low, high).values_list("uid", "flags", "base_flags")
        return {uid: frozenset(flags if base is None else base) for uid, flags, base in rows}

    def known(self, identities: Collection[str]) -> Collection[str]:
        """Those identities of which a readable message is held."""
        held = Message.objects.filter(account_id=self._account_id, identity__in=list(identities), unreadable=False)
        return set(held.values_list("identity", flat=True))

    def identities(self, mailbox: str, uids: Collection[int]) -> Mapping[int, str]:
        """The identities of these placements."""
        rows = self._placements(mailbox, 1, None).filter(uid__in=list(uids))
        return dict(rows.values_list("uid", "message__identity"))

    def _placements(self, mailbox: str, low: int, high: int | None) -> QuerySet[Placement]:
        found = Placement.objects.filter(
            mailbox__account_id=self._account_id, mailbox__remote_id=mailbox, uid__gte=max(low, 1)
        )
        return found if high is None else found.filter(uid__lte=high)


def record_of(box: Mailbox) -> MailboxRecord:
    """The stored mailbox in the adapter's terms."""
    return MailboxRecord(
        remote_id=box.remote_id,
        path=tuple(box.path),
        delimiter=box.delimiter,
        role=Role(box.role) if box.role else None,
        selectable=box.selectable,
        subscribed=box.subscribed,
        stable_id=box.stable_id,
    )
