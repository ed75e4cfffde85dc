"""What a notification says of new mail: in the words of the client's own (shell/notify.ts), in every language."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson

from apps.providers.adapters.base import Role
from apps.providers.models import ProviderAccount
from apps.realtime.journal import Entry, Event
from apps.realtime.push.notices import Notice, Words

from .models import Placement
from .rows import SEEN

NAME: Final = "email:new"
MANY: Final = "many"
"""The tag of messages that are told as one; the client's own notification has the same."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """The sentences of one language."""

    new_mail: str
    no_sender: str
    no_subject: str
    many: str


PHRASES: Final = {
    "en": Phrases("New mail from {name}", "(no sender)", "(no subject)", "{count} new"),
    "it": Phrases("Nuova posta da {name}", "(nessun mittente)", "(nessun oggetto)", "{count} nuove"),
}


class NewMail:
    """Tells of unread mail in an inbox that somebody else wrote."""

    def worth_telling(self, event: Event) -> bool:
        """Whether it arrived unread."""
        return bool(event.data["message"]["unread"])

    def notices(self, entries: Sequence[Entry]) -> list[Notice]:
        """One for each message that is unread and in an inbox now: what was read meanwhile is no news."""
        messages = {
            UUID(message["id"]): (entry.account_id, message)
            for entry in entries
            if entry.account_id and (message := orjson.loads(entry.data)["message"])
        }
        places, own = _unread_in_inbox(messages), _own_addresses({account for account, _ in messages.values()})
        return [
            Notice(account, _words(message), str(key), f"/mail/{places[key][0]}/{places[key][1]}")
            for key, (account, message) in messages.items()
            if key in places and own[account].isdisjoint(person["address"].lower() for person in message["from"])
        ]

    def summary(self, notices: Sequence[Notice]) -> Notice:
        """Their number; a click leads to the inbox where all of them are, else to the first page."""
        inboxes = {notice.url.rpartition("/")[0] for notice in notices}
        words = {name: Words(phrases.many.format(count=len(notices))) for name, phrases in PHRASES.items()}
        return Notice(notices[0].account_id, words, MANY, inboxes.pop() if len(inboxes) == 1 else "/")


def _unread_in_inbox(message_ids: Iterable[UUID]) -> dict[UUID, tuple[UUID, UUID]]:
    """Inbox and conversation of each message that is still unread in one."""
    rows = Placement.objects.filter(
        message_id__in=list(message_ids), mailbox__role=Role.INBOX.value, leaving__isnull=True
    ).values_list("message_id", "mailbox_id", "message__thread_id", "message__flags")
    return {message: (mailbox, thread) for message, mailbox, thread, flags in rows if SEEN not in flags}


def _own_addresses(account_ids: Iterable[UUID]) -> dict[UUID, frozenset[str]]:
    """For each account, the addresses of all accounts of its owner, in lower case."""
    owners = dict(ProviderAccount.objects.filter(pk__in=list(account_ids)).values_list("pk", "owner_id"))
    held: dict[UUID, set[str]] = {owner: set() for owner in owners.values()}
    rows = ProviderAccount.objects.filter(owner_id__in=list(held)).values_list("owner_id", "address")
    for owner, address in rows:
        held[owner].add(address.lower())
    return {account: frozenset(held[owners[account]]) if account in owners else frozenset() for account in account_ids}


def _words(message: Mapping[str, Any]) -> dict[str, Words]:
    sender = next((person["name"].strip() or person["address"] for person in message["from"]), "")
    return {
        language: Words(
            phrases.new_mail.format(name=sender or phrases.no_sender), message["subject"] or phrases.no_subject
        )
        for language, phrases in PHRASES.items()
    }
