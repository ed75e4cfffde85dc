"""Who above mail wants to hear of new messages: they register here, so that mail never imports them.

Called inside the transaction that writes the batch, under the account's lock, once its rows are there.
"""

from collections.abc import Callable, Sequence

from apps.providers.models import ProviderAccount
from apps.realtime.journal import Event

from .models import Mailbox
from .prepare import Draft

Listener = Callable[[ProviderAccount, Mailbox, Sequence[Draft]], list[Event]]
"""The account, the mailbox, its messages that were not held before. Answers the events of what it changed."""

_listeners: list[Listener] = []


def register(listener: Listener) -> None:
    """Add a listener; called from its application's `ready`."""
    _listeners.append(listener)


def tell(account: ProviderAccount, mailbox: Mailbox, new: Sequence[Draft]) -> list[Event]:
    """Let every listener know."""
    return [event for listener in _listeners for event in listener(account, mailbox, new)] if new else []
