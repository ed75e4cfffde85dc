"""From what messages are now to what the mirror must change: batches mailbox by mailbox, ALL last."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from apps.providers.adapters.base import FlagsRecord, MailBatch, MailMirror, MessageRecord
from apps.providers.adapters.google.gmail import labels
from apps.providers.adapters.google.gmail.cursor import PLAIN
from apps.providers.adapters.google.gmail.messages import Messages, State, uid_of

NOWHERE: Final[Mapping[str, Collection[str]]] = {}


@dataclass
class _Changes:
    """What becomes of one mailbox."""

    upserts: list[MessageRecord] = field(default_factory=list)
    flags: list[FlagsRecord] = field(default_factory=list)
    vanished: list[int] = field(default_factory=list)


class Placing:
    """Brings messages into the mirror. `mailboxes` are those that are listed; `relist` lists them anew when a
    message is found in one that is not."""

    def __init__(
        self,
        messages: Messages,
        mirror: MailMirror,
        mailboxes: Collection[str],
        *,
        live: bool,
        relist: Callable[[], MailBatch] | None = None,
    ) -> None:
        self._messages = messages
        self._mirror = mirror
        self._mailboxes = frozenset(mailboxes)
        self._live = live
        self._relist = relist
        self.gone: set[str] = set()
        """Ids that were to be placed and do not exist."""

    def place(
        self, ids: Sequence[str], lost: Mapping[str, Collection[str]] = NOWHERE, large: Collection[str] = ()
    ) -> Iterator[MailBatch]:
        """The batches after which each message is where it is now; none has the account's cursor.

        `lost` names the labels that a message may have had: it leaves those that it has no more.
        """
        identities = {f"gm:{one}": one for one in ids}
        known = {identities[one] for one in self._mirror.known(list(identities))}
        whole = set(ids) - known
        for portion in self._messages.read(ids, whole, large):
            self.gone |= {one for one, state in portion.items() if state is None}
            states = [state for state in portion.values() if state is not None and labels.CHAT not in state.labels]
            if self._relist is not None and any(self._unlisted(one) for one in states):
                listing = self._relist()
                yield listing
                self._mailboxes = frozenset(record.remote_id for record in listing.listing or ())
            yield from self._portion(states, known, lost)

    def vanish(self, ids: Collection[str]) -> Iterator[MailBatch]:
        """The batches after which these messages are nowhere."""
        uids = [uid_of(one) for one in ids]
        for name in labels.in_order(self._mailboxes) if uids else ():
            held = self._mirror.identities(name, uids)
            if held:
                yield self.batch(name, vanished=tuple(sorted(held)))

    def _unlisted(self, state: State) -> bool:
        return not labels.mailboxes_of(state.labels) <= self._mailboxes

    def _portion(
        self, states: Sequence[State], known: set[str], lost: Mapping[str, Collection[str]]
    ) -> Iterator[MailBatch]:
        here: dict[str, list[State]] = defaultdict(list)
        elsewhere: dict[str, list[int]] = defaultdict(list)
        for one in states:
            places = labels.mailboxes_of(one.labels) & self._mailboxes
            for name in places:
                here[name].append(one)
            if one.id in known and one.id in lost:
                for name in {*lost[one.id], *one.labels, *labels.LAST} & self._mailboxes - places:
                    elsewhere[name].append(one.uid)
        for name in labels.in_order({*here, *elsewhere}):
            changes = self._changes(name, here[name], elsewhere[name], known)
            if changes.upserts or changes.flags or changes.vanished:
                yield self.batch(name, tuple(changes.upserts), tuple(changes.flags), tuple(changes.vanished))

    def _changes(self, mailbox: str, here: Sequence[State], elsewhere: Sequence[int], known: set[str]) -> _Changes:
        changes = _Changes()
        held = self._mirror.identities(mailbox, [*(one.uid for one in here), *elsewhere])
        for one in here:
            if one.uid in held:
                changes.flags.append(one.flags())
            else:
                changes.upserts.append(one.record(held=one.id in known))
                known.add(one.id)  # the mailboxes that follow find it there
        changes.vanished.extend(uid for uid in elsewhere if uid in held)
        return changes

    def batch(
        self,
        mailbox: str,
        upserts: tuple[MessageRecord, ...] = (),
        flags: tuple[FlagsRecord, ...] = (),
        vanished: tuple[int, ...] = (),
    ) -> MailBatch:
        """A batch of one mailbox; the account's own cursor is set apart from it."""
        made = MailBatch(
            mailbox=mailbox, epoch=labels.EPOCH, upserts=upserts, flags=flags, vanished=vanished, live=self._live
        )
        return made if mailbox == labels.ALL else replace(made, cursor=PLAIN)
