"""What becomes of an account's commands when it is connected again: what waited for that goes on.

Receivers of `providers.signals`, run inside the transaction that changes the account. Its end needs
nothing here: the engine removes every target, and the rows go with the account's own.
"""

from typing import Any

from apps.providers.models import ProviderAccount

from . import queue


def wake(*, account: ProviderAccount, **_: Any) -> None:
    """Let the commands that waited for a log-in run now."""
    queue.wake(account)
