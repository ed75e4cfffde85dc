"""What people do with messages, as changes of labels. All of it can be repeated: labels are a set."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from apps.providers.adapters import errors
from apps.providers.adapters.base import ExpungeMessages, MoveMessages, Receipt, StoreFlags
from apps.providers.adapters.google.gmail import labels
from apps.providers.adapters.google.gmail.drafts import Drafts
from apps.providers.adapters.google.gmail.messages import Messages, id_of

SINGLY: Final = 10
"""Up to so many messages are changed each by itself (5 units); more go together (50)."""
AT_ONCE: Final = 1000
MARKS: Final[Mapping[str, tuple[frozenset[str], frozenset[str]]]] = {
    labels.SEEN.lower(): (frozenset(), frozenset({labels.UNREAD})),
    labels.FLAGGED.lower(): (frozenset({labels.STARRED}), frozenset()),
}
"""By flag, the labels that setting it adds and those that it removes."""
NOT_KEPT: Final = frozenset({"\\answered", "$forwarded"})
"""Marks that follow from what a person does and that Gmail draws from the conversation itself."""

Change = tuple[frozenset[str], frozenset[str]]


class Commands:
    """Changes messages of one account."""

    def __init__(self, messages: Messages, drafts: Drafts) -> None:
        self._messages = messages
        self._drafts = drafts
        self._api = messages.api

    def store(self, command: StoreFlags) -> Receipt:
        """Add and remove flags. Raises Rejected, in a sentence, for a mark that Gmail does not keep."""
        add, remove = set[str](), set[str]()
        for flag in command.add:
            gains, loses = _mark(flag)
            add, remove = add | gains, remove | loses
        for flag in command.remove:
            loses, gains = _mark(flag, taken_away=True)
            add, remove = add | gains, remove | loses
        change = (frozenset(add), frozenset(remove))
        if any(change):
            self._change({id_of(uid): change for uid in command.uids})
        states = self._messages.states([id_of(uid) for uid in command.uids])
        told = tuple(state.flags() for state in states.values() if state is not None)
        return Receipt(flags=told, missing=_missing(command.uids, told), epoch=labels.EPOCH)

    def move(self, command: MoveMessages) -> Receipt:
        """Take messages out of one label and put them into another. A message that stays where it was as well
        (ALL and SENT let none go but to TRASH and SPAM) is not told as moved: the next sync shows where it is."""
        states = self._messages.states([id_of(uid) for uid in command.uids])
        there = [state for state in states.values() if state is not None]
        changes = {one.id: _moving(one.labels, command.mailbox, command.to) for one in there}
        gone = self._change({one: change for one, change in changes.items() if any(change)})
        moved: dict[int, int | None] = {}
        for one in there:
            add, remove = changes[one.id]
            stays = command.mailbox in labels.mailboxes_of((one.labels - remove) | add)
            if one.id not in gone and not stays:
                moved[one.uid] = one.uid
        missing = [one for one, state in states.items() if state is None] + sorted(gone)
        return Receipt(moved=moved, missing=tuple(int(one, 16) for one in missing), epoch=labels.EPOCH)

    def expunge(self, command: ExpungeMessages) -> Receipt:
        """Delete for good. Raises Rejected, in a sentence, where the consent does not reach so far."""
        for uid in self._drafts.delete(command.uids):
            try:
                self._delete(uid)
            except errors.PermissionMissing as refused:
                raise errors.Rejected(
                    "Google lets us delete mail for good only with a wider permission; it stays in the trash "
                    "for thirty days",
                    said=refused.said,
                ) from None
        return Receipt(epoch=labels.EPOCH)

    def remove(self, uids: Collection[int]) -> None:
        """Take messages away: for good where that is allowed, else into the trash."""
        for uid in self._drafts.delete(uids):
            try:
                self._delete(uid)
            except errors.PermissionMissing:
                self._change({id_of(uid): (frozenset({labels.TRASH}), frozenset({labels.INBOX}))})

    def _delete(self, uid: int) -> None:
        try:
            self._api.run(self._calls().delete(userId="me", id=id_of(uid)))
        except errors.NotFound:
            return

    def _change(self, changes: Mapping[str, Change]) -> set[str]:
        """Change the labels of messages; the ids of those that are found to be gone."""
        alike: dict[Change, list[str]] = defaultdict(list)
        for one, change in changes.items():
            alike[change].append(one)
        gone: set[str] = set()
        for (add, remove), ids in alike.items():
            body = {"addLabelIds": sorted(add), "removeLabelIds": sorted(remove)}
            body = {name: value for name, value in body.items() if value}
            if len(ids) > SINGLY:
                for start in range(0, len(ids), AT_ONCE):
                    some = ids[start : start + AT_ONCE]
                    self._run(self._calls().batchModify(userId="me", body=body | {"ids": some}))
                continue
            asked = {one: self._calls().modify(userId="me", id=one, body=body) for one in ids}
            for one, answer in self._api.each(asked).items():
                if isinstance(answer, errors.NotFound):
                    gone.add(one)
                elif isinstance(answer, errors.AdapterError):
                    raise _said(answer)
        return gone

    def _run(self, request: Any) -> None:
        try:
            self._api.run(request)
        except errors.Rejected as refused:
            raise _said(refused) from None

    def _calls(self) -> Any:
        return self._api.service.users().messages()


def _said(error: errors.AdapterError) -> errors.AdapterError:
    """A label that is unknown is one that somebody deleted."""
    if isinstance(error, errors.Rejected) and "label" in error.said.lower():
        return errors.CursorExpired("the label is gone", said=error.said)
    return error


def _mark(flag: str, *, taken_away: bool = False) -> Change:
    known = MARKS.get(flag.lower())
    if known is not None:
        return known
    if flag.lower() in NOT_KEPT or taken_away:
        return frozenset(), frozenset()
    raise errors.Rejected("Gmail keeps no marks of one's own on a message; its labels are the folders here")


def _moving(held: Collection[str], source: str, to: str) -> Change:
    """The labels that a move adds and removes. Raises Rejected for a place where nobody can put a message."""
    if to in labels.FIXED and to not in held:
        raise errors.Rejected("Gmail decides itself which messages are in Sent and in Drafts")
    apart = {labels.TRASH, labels.SPAM}
    leaves: Iterable[str] = {source, *apart} - {to, labels.ALL, *labels.FIXED}
    remove = set(leaves)
    if to in apart:
        # As in Gmail: the other labels stay on it, and count again when it comes back.
        remove = (remove & apart) | {labels.INBOX}
    add = set() if to == labels.ALL or to in labels.FIXED else {to}
    return frozenset(add - set(held)), frozenset(remove & set(held))


def _missing(uids: Collection[int], told: Collection[Any]) -> tuple[int, ...]:
    there = {record.uid for record in told}
    return tuple(uid for uid in uids if uid not in there)
