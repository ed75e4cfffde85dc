"""The threads of the set as mail on the wire, with the ids, references, attachments and invitations of real ones."""

import hashlib
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from tests.followups.corpus import Message, Thread


def letters(thread: Thread) -> Iterator[tuple[Message, bytes]]:
    """Each message with its octets, in the order of their dates; other threads' messages too."""
    own: list[str] = []
    numbered = [(message, f"{at}") for at, message in enumerate(thread.messages)]
    others = [(message, f"elsewhere{at}") for at, message in enumerate(thread.elsewhere)]
    for message, number in sorted(numbered + others, key=lambda pair: pair[0].date):
        known = own if message in thread.messages else []
        made = letter(message, f"<{thread.id}.{number}@{message.address.partition('@')[2]}>", known)
        if message in thread.messages:
            own.append(made["Message-ID"])
        yield message, made.as_bytes(policy=SMTP)


def letter(message: Message, message_id: str, references: list[str]) -> EmailMessage:
    """One message as mail; `references` are the ids of those before it in its thread."""
    made = EmailMessage(policy=SMTP)
    made["From"] = message.sender
    made["To"] = ", ".join(message.to)
    if message.cc:
        made["Cc"] = ", ".join(message.cc)
    made["Date"] = format_datetime(message.date)
    made["Subject"] = message.subject
    made["Message-ID"] = message_id
    if references:
        made["In-Reply-To"] = references[-1]
        made["References"] = " ".join(references)
    for name, value in message.headers.items():
        made[name] = value
    made.set_content(message.body)
    if message.calendar:
        method = message.calendar.partition("METHOD:")[2].split()[0]
        made.add_alternative(message.calendar, subtype="calendar", params={"method": method})
    for name in message.attachments:
        # What is in them does not matter, but two of one name in different threads are not the same file.
        content = hashlib.sha256(f"{message_id}{name}".encode()).digest()
        made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return made


def sent_by_me(thread: Thread, message: Message) -> bool:
    """True for what lies in the Sent mailbox."""
    return message.address == parseaddr(thread.me)[1].lower()
