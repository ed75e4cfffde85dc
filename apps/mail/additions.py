"""What applications above mail add to a message's row: they register here, so that mail never imports them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from .models import Message

Source = Callable[[Sequence[Message]], Mapping[UUID, dict[str, Any]]]
"""Members of the JSON row for each of these messages, by id; a fixed number of queries, whatever their number."""

_sources: list[Source] = []


def register(source: Source) -> None:
    """Add a source; called from its application's `ready`."""
    _sources.append(source)


def of(messages: Sequence[Message]) -> dict[UUID, dict[str, Any]]:
    """What is added to each of these messages."""
    found: dict[UUID, dict[str, Any]] = {message.pk: {} for message in messages}
    for source in _sources if messages else ():
        for message_id, members in source(messages).items():
            found[message_id] |= members
    return found
