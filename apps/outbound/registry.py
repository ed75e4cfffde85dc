"""Kinds of commands register here, so that the queue never imports them."""

from typing import Any, Protocol

from apps.providers.adapters.errors import AdapterError
from apps.providers.models import ProviderAccount
from apps.realtime.journal import Event

from .models import Command
from .run import Run

Receipt = dict[str, Any]
"""What an execution learnt, JSON-ready: kept on the command."""


class CommandKind(Protocol):
    """A kind of command, as its application implements it.

    `execute` runs outside any transaction; the others inside the one that closes the command, in which
    `lock` comes first. Each of them returns the events to be told; the caller appends them.
    """

    name: str

    def execute(self, run: Run, command: Command) -> Receipt:
        """Carry the command out at the provider. May be called again after a crash at any point.

        Raises the errors of `adapters.errors`, `run.Later` to be called again, `run.InDoubt` when whether
        it took effect cannot be told.
        """
        ...

    def lock(self, account: ProviderAccount, command: Command) -> None:
        """Take the locks of the rows that the command concerns, for this transaction."""
        ...

    def settle(self, account: ProviderAccount, command: Command, receipt: Receipt) -> list[Event]:
        """The provider has it: make the rows say so."""
        ...

    def fail(self, account: ProviderAccount, command: Command, error: AdapterError) -> list[Event]:
        """The provider will not have it: back to the provider's truth, and `command:failed`."""
        ...

    def doubt(self, account: ProviderAccount, command: Command, reason: str) -> list[Event]:
        """Nobody can tell whether it took effect: show it to the person."""
        ...


_kinds: dict[str, CommandKind] = {}


def register(kind: CommandKind) -> None:
    """Make a kind known; called from its application's `ready`."""
    _kinds[kind.name] = kind


def get(name: str) -> CommandKind:
    """The kind of this name. Raises KeyError for one that no application registered."""
    return _kinds[name]
