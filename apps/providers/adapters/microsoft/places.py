"""From UIDs back to Graph's ids: what this connection has seen itself, then what the mirror holds."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from apps.providers.adapters.base import MailMirror

from .messages import Facts, id_of

KEPT: Final = 10_000
"""Identities remembered: of messages that were found or put somewhere, before the mirror holds them."""


class Places:
    """Remembers what it is told; the rest is one query."""

    def __init__(self, mirror: MailMirror) -> None:
        self._mirror = mirror
        self._seen: OrderedDict[int, str] = OrderedDict()

    def remember(self, messages: Iterable[Facts]) -> None:
        """Keep where these UIDs lead."""
        for facts in messages:
            self._seen[facts.uid] = facts.identity
            self._seen.move_to_end(facts.uid)
        while len(self._seen) > KEPT:
            self._seen.popitem(last=False)

    def identities(
        self, mailbox: str, uids: Collection[int], told: Mapping[int, str] | None = None
    ) -> dict[int, str]:  # fmt: skip
        """The identities of these; those that nobody knows are left out. `told` is what the caller knows."""
        found = {uid: self._seen[uid] for uid in uids if uid in self._seen}
        found |= {uid: identity for uid, identity in (told or {}).items() if uid in uids and id_of(identity)}
        left = [uid for uid in uids if uid not in found]
        if left:
            held = self._mirror.identities(mailbox, left)
            found |= {uid: identity for uid, identity in held.items() if id_of(identity)}
        return found
