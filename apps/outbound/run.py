"""What a kind has in its hands while it executes commands: connections, notes, ways to come back later."""

from contextlib import ExitStack
from typing import Any

from django.db import transaction

from apps.providers import connections
from apps.providers.adapters.errors import PermissionMissing
from apps.providers.connections import Opener
from apps.providers.models import ProviderAccount
from apps.sync.lease import Lease

from .models import Command


class Later(Exception):
    """Not now: execute the command again after `seconds`. Counts as no failure."""

    def __init__(self, seconds: float, reason: str) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.reason = reason


class InDoubt(Exception):
    """Whether the command took effect cannot be told; the message is a sentence for the person."""


class NotLetIn(Exception):
    """The account is not let in at all, for the reason that `error` tells: that says nothing of the command at hand."""

    def __init__(self, error: PermissionMissing) -> None:
        super().__init__(error.reason)
        self.error = error


class Run:
    """One runner's work on one account's commands: under a lease, with connections that are opened when needed."""

    def __init__(self, account: ProviderAccount, held: Lease) -> None:
        self.account = account
        self.held = held
        self._opened: dict[str, Any] = {}
        self._stack = ExitStack()

    def connection(self, opener: Opener) -> Any:
        """A logged-in adapter of this kind, kept for the length of the run. Raises NotLetIn, and the adapter's own
        errors."""
        if opener.name not in self._opened:
            try:
                self._opened[opener.name] = self._stack.enter_context(connections.adapter(self.account, opener))
            except PermissionMissing as refused:
                raise NotLetIn(refused) from None
        return self._opened[opener.name]

    def usable(self) -> bool:
        """True when every open connection still answers: then a failure concerned its command alone."""
        return all(adapter.alive() for adapter in self._opened.values())

    def note(self, command: Command, **notes: Any) -> None:
        """Commit notes before a step that cannot simply be repeated. Raises LeaseLost: then do not take the step."""
        with transaction.atomic():
            command.notes = command.notes | notes
            Command.objects.filter(pk=command.pk).update(notes=command.notes)
            self.held.check()

    def close(self) -> None:
        """Put the connections back where the next run finds them."""
        self._stack.close()
        self._opened.clear()

    def drop(self, error: BaseException) -> None:
        """Close the connections for good: what state they are in is not known."""
        self._stack.__exit__(type(error), error, error.__traceback__)
        self._opened.clear()
