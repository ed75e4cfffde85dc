"""Compose's kind of commands: which function carries each action out and which settles it."""

from collections.abc import Callable, Mapping
from typing import Final

from apps.mail import locks
from apps.outbound.models import Command
from apps.outbound.registry import Receipt
from apps.outbound.run import Run
from apps.providers.adapters.errors import AdapterError
from apps.providers.models import ProviderAccount
from apps.realtime.journal import Event

from . import adopting, copies, submitting
from .models import Draft

Execute = Callable[[Run, Command], Receipt]
Settle = Callable[[ProviderAccount, Command, Receipt], list[Event]]


def _adopt(run: Run, command: Command) -> Receipt:
    return adopting.take_over(run.account, command.concerns[0], command.args["message"], command.args["follows"])


def _sent(account: ProviderAccount, command: Command, receipt: Receipt) -> list[Event]:
    return submitting.settle(command, receipt)


def _saved(account: ProviderAccount, command: Command, receipt: Receipt) -> list[Event]:
    """The mailbox holds this version now; the mirror fetches it."""
    if receipt.get("saved"):
        Draft.objects.filter(pk=command.concerns[0], saved_rev__lt=receipt["saved"]).update(saved_rev=receipt["saved"])
        submitting.look_now(account)
    return []


def _removed(account: ProviderAccount, command: Command, receipt: Receipt) -> list[Event]:
    if receipt.get("removed"):
        submitting.look_now(account)
    return []


def _nothing(account: ProviderAccount, command: Command, receipt: Receipt) -> list[Event]:
    return []


ACTIONS: Final[Mapping[str, tuple[Execute, Settle]]] = {
    "send": (submitting.execute, _sent),
    "file": (submitting.file, submitting.filed),
    "save": (copies.save, _saved),
    "discard": (copies.discard, _removed),
    "adopt": (_adopt, _nothing),
    "learn": (submitting.learn, _nothing),
}


class ComposeCommands:
    """Implements `outbound.registry.CommandKind`."""

    name = "compose"

    def execute(self, run: Run, command: Command) -> Receipt:
        """See CommandKind."""
        return ACTIONS[command.action][0](run, command)

    def lock(self, account: ProviderAccount, command: Command) -> None:
        """The account's mail first, then the draft: the order in which everybody takes them."""
        locks.account(account.pk)
        # `list`: a queryset that nobody reads takes no lock.
        list(Draft.objects.select_for_update(of=("self",)).filter(pk__in=command.concerns).values_list("pk"))

    def settle(self, account: ProviderAccount, command: Command, receipt: Receipt) -> list[Event]:
        """See CommandKind."""
        return ACTIONS[command.action][1](account, command, receipt)

    def fail(self, account: ProviderAccount, command: Command, error: AdapterError) -> list[Event]:
        """See CommandKind. What only tidies our own copies up fails without a word: nothing of the person's is lost."""
        return submitting.fail(account, command, error) if command.action == "send" else []

    def doubt(self, account: ProviderAccount, command: Command, reason: str) -> list[Event]:
        """See CommandKind."""
        return submitting.doubt(account, command, reason)
