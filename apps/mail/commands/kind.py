"""Mail's kind of commands: which function carries each action out and which settles it."""

from collections.abc import Callable, Mapping
from typing import Final

from apps.outbound.models import Command
from apps.outbound.registry import Receipt
from apps.outbound.run import Run
from apps.providers.adapters.errors import AdapterError
from apps.providers.models import ProviderAccount
from apps.realtime.journal import Event

from .. import locks
from . import execution, expansion, failures, settlement
from .ledger import Ledger


def _nothing(run: Run, command: Command) -> Receipt:
    return {}


def _as_it_is(book: Ledger, command: Command, receipt: Receipt) -> None:
    return None


EXECUTE: Final[Mapping[str, Callable[[Run, Command], Receipt]]] = {
    "store": execution.store,
    "move": execution.move,
    "delete": execution.delete,
    "wake": _nothing,
    "expand": expansion.execute,
    "create_mailbox": execution.create_mailbox,
    "rename_mailbox": execution.rename_mailbox,
    "delete_mailbox": execution.delete_mailbox,
}
SETTLE: Final[Mapping[str, Callable[[Ledger, Command, Receipt], list[Event] | None]]] = {
    "store": settlement.stored,
    "move": settlement.moved,
    "delete": settlement.deleted,
    "wake": settlement.woken,
    "expand": expansion.settle,
    "create_mailbox": _as_it_is,
    "rename_mailbox": settlement.mailbox_renamed,
    "delete_mailbox": settlement.mailbox_deleted,
}


class MailCommands:
    """Implements `outbound.registry.CommandKind`."""

    name = "mail"

    def execute(self, run: Run, command: Command) -> Receipt:
        """See CommandKind."""
        return EXECUTE[command.action](run, command)

    def lock(self, account: ProviderAccount, command: Command) -> None:
        """The account's one writer."""
        locks.account(account.pk)

    def settle(self, account: ProviderAccount, command: Command, receipt: Receipt) -> list[Event]:
        """See CommandKind."""
        book = Ledger(account)
        more = SETTLE[command.action](book, command, receipt)
        return [*book.events(), *(more or ())]

    def fail(self, account: ProviderAccount, command: Command, error: AdapterError) -> list[Event]:
        """See CommandKind."""
        book = Ledger(account)
        settlement.rolled_back(book, command)
        return [*book.events(), *failures.told(account, command, error)]

    def doubt(self, account: ProviderAccount, command: Command, reason: str) -> list[Event]:
        """No command of mail leaves doubt: each can be repeated."""
        raise RuntimeError(f"a {command.action} command cannot be in doubt")
