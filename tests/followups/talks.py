"""The labelled threads as the agents' rules read them."""

import email
from email.policy import default
from email.utils import getaddresses, parseaddr

from apps.ai.reading.letters import Conversation, Letter
from apps.providers.adapters import mime
from tests.followups.corpus import Message, Thread
from tests.followups.letters import letters


def talk_of(thread: Thread) -> Conversation:
    """A thread of the set, read from its mail on the wire as a mailbox would hold it."""
    made = [(message, _letter(message, octets)) for message, octets in letters(thread)]
    own = tuple(letter for message, letter in made if message in thread.messages)
    return Conversation(
        own=frozenset({thread.address}),
        letters=own,
        zone=thread.zone,
        now=thread.now,
        elsewhere=tuple(letter for message, letter in made if message not in thread.messages),
        name=parseaddr(thread.me)[0],
    )


def _letter(message: Message, octets: bytes) -> Letter:
    mail = mime.parse(octets, internal_date=message.date)
    method = email.message_from_bytes(octets, policy=default)
    calendar = next(
        (part.get_param("method", "") for part in method.walk() if part.get_content_type() == "text/calendar"), ""
    )
    facts = {
        "list_id": mail.list_id, "list_unsubscribe": mail.list_unsubscribe, "auto_submitted": mail.auto_submitted,
        "precedence": mail.precedence, "bounced_message_id": mail.bounced_message_id,
    }  # fmt: skip
    return Letter(
        id=mail.message_id,
        sender=message.address,
        name=parseaddr(message.sender)[0],
        to=tuple(address.lower() for _, address in getaddresses(message.to)),
        cc=tuple(address.lower() for _, address in getaddresses(message.cc)),
        at=message.date,
        subject=message.subject,
        text=mail.text,
        attachments=message.attachments,
        method=str(calendar).upper(),
        facts={name: value for name, value in facts.items() if value},
    )
