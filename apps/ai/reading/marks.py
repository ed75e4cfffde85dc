"""What is known of messages, added to their rows (`mail.additions`)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from apps.core.statement import Statement, among
from apps.mail.models import Message

from .models import Reading
from .reader import as_json

READ: Final = Statement(lambda: Reading.objects.filter(among("message_id", "ids"), state=Reading.State.DONE))


def marks(messages: Sequence[Message]) -> Mapping[UUID, dict[str, Any]]:
    """See `mail.additions.Source`; one query."""
    found = {row.message_id: as_json(row) for row in READ.all(ids=[message.pk for message in messages])}
    return {message.pk: {"ai": found.get(message.pk)} for message in messages}
