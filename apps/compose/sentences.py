"""What people are told when a message did not leave, in their language."""

from collections.abc import Sequence
from typing import Any, Final

from apps.providers.adapters.errors import AdapterError, PermissionMissing, RecipientsRefused, Refusal
from apps.users.models import User

SHOWN: Final = 5
"""Refused recipients that are named one by one."""
WORDS: Final = {
    "en": {
        "recipients": "Nothing was sent to anybody: the mail server does not take {who}.",
        "more": " and {count} more",
        "said": " It said: “{said}”",
        "permission": "The message was not sent: the mail server does not let you send as {sender}.",
        "rejected": "The message was not sent: {reason}.",
        "doubt": (
            "The connection broke at the very end, so whether this message was sent is not known. "
            "Look into your Sent mailbox or ask a recipient, then say whether to send it again."
        ),
    },
    "it": {
        "recipients": "Non è stato inviato nulla a nessuno: il server di posta non accetta {who}.",
        "more": " e altri {count}",
        "said": " Ha risposto: «{said}»",
        "permission": "Il messaggio non è stato inviato: il server di posta non permette di scrivere come {sender}.",
        "rejected": "Il messaggio non è stato inviato: {reason}.",
        "doubt": (
            "La connessione si è interrotta proprio alla fine, quindi non si sa se il messaggio sia stato inviato. "
            "Controlla la posta inviata o chiedi a un destinatario, poi decidi se inviarlo di nuovo."
        ),
    },
}
RECIPIENT: Final = {
    "5.1.1": "This address does not exist.",
    "5.1.2": "The domain of this address does not exist or takes no mail.",
    "5.1.10": "This address does not exist.",
    "5.2.1": "This mailbox is closed.",
    "5.2.2": "This mailbox is full.",
    "5.3.4": "The message is too big for this recipient.",
    "5.2.3": "The message is too big for this recipient.",
    "5.7": "The recipient’s mail system refused the message by a rule of its own.",
    "4.4": "The recipient’s mail system cannot be reached at the moment.",
    "4.2.2": "This mailbox is full at the moment.",
    "failed": "The message could not be delivered.",
    "delayed": "The message has not been delivered yet; the mail system goes on trying.",
    "delivered": "The message was delivered.",
}


def locale_of(user_id: Any) -> str:
    """The language of a person; English for one that we do not have."""
    locale = User.objects.filter(pk=user_id).values_list("locale", flat=True).first()
    return locale if locale in WORDS else "en"


def not_sent(locale: str, sender: str, error: AdapterError) -> str:
    """Why a message did not leave."""
    words = WORDS[locale]
    if isinstance(error, RecipientsRefused):
        return words["recipients"].format(who=_who(words, error.refusals))
    said = words["said"].format(said=error.said) if error.said else ""
    if isinstance(error, PermissionMissing):
        return words["permission"].format(sender=sender) + said
    return words["rejected"].format(reason=error.reason.rstrip(".")) + said


def _who(words: dict[str, str], refusals: Sequence[Refusal]) -> str:
    shown = ", ".join(f"{one.address} ({one.said})" for one in refusals[:SHOWN])
    return shown + (words["more"].format(count=len(refusals) - SHOWN) if len(refusals) > SHOWN else "")


def in_doubt(locale: str) -> str:
    """Whether the message left is not known."""
    return WORDS[locale]["doubt"]


def at_recipient(state: str, status: str, diagnostic: str) -> str:
    """What a report says of one recipient (RFC 3463 codes)."""
    known = RECIPIENT.get(status) or RECIPIENT.get(".".join(status.split(".")[:2]))
    told = known if known and state != "delivered" else RECIPIENT[state]
    said = " ".join(diagnostic.split())[:300]
    return f"{told} The mail system said: “{said}”" if said else told
