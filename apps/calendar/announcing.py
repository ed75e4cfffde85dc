"""Who above calendars tells others of what people do to events: they register here, so that calendars never import
them.

Called inside the transaction of the act, once its rows are there.
"""

from collections.abc import Callable
from dataclasses import dataclass

from apps.outbound.models import CommandRequest

from .models import Event


@dataclass(frozen=True, slots=True)
class Doing:
    """What a person did to one event. `before` is its text until now, None for a new one.

    `gone`: it is deleted, or leaves this calendar. `answer`: the person's own, a PARTSTAT, to the instance `key`.
    """

    request: CommandRequest
    row: Event
    before: bytes | None = None
    gone: bool = False
    answer: str = ""
    key: str = ""


Listener = Callable[[Doing], None]
_listeners: list[Listener] = []


def register(listener: Listener) -> None:
    """Add a listener; called from its application's `ready`."""
    _listeners.append(listener)


def tell(doing: Doing) -> None:
    """Let every listener know."""
    for listener in _listeners:
        listener(doing)
