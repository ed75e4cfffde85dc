"""The invitation, or the answer to one, that a message holds."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from apps.core.statement import Statement, among
from apps.mail import bodies
from apps.mail.models import Attachment, Message
from apps.providers.adapters.ical import itip

TYPES: Final = ("text/calendar", "application/ics")
OCTETS_MOST: Final = 1_000_000
"""A calendar part that is larger is a file, and no message between people."""

PARTS: Final = Statement(
    lambda: Attachment.objects.filter(
        among("message_id", "ids"), content_type__in=TYPES, size__lte=OCTETS_MOST
    ).order_by("section")
)


def marks(messages: Sequence[Message]) -> Mapping[UUID, dict[str, Any]]:
    """See `mail.additions.Source`: whether each holds a calendar part; one query."""
    held = {part.message_id for part in PARTS.all(ids=[message.pk for message in messages])}
    return {message.pk: {"invitation": message.pk in held} for message in messages}


def invitation(message: Message) -> itip.Message | None:
    """What a message says between calendars; None when it says nothing that can be read.

    Raises the 409 problem `body_unavailable` when its bytes are not to be had now.
    """
    found = []
    for part in PARTS.all(ids=[message.pk]):
        part.message = message
        if (told := itip.parse(bodies.file(part).data)) is not None:
            found.append(told)
    # A part of an alternative says its METHOD; one that is attached beside it may not.
    return next((each for each in found if each.method != "PUBLISH"), next(iter(found), None))


def sender(message: Message) -> str:
    """The address that a message says it is from, in lower case."""
    return str(message.senders[0]["address"]).lower() if message.senders else ""
