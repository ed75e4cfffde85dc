"""Hitl's kind of commands: what was approved is carried out, what nobody decided lapses, its people are written to.

Commands, so that nothing has to look: they are rows of the account's queue, found again by the engine's sweep when a
worker dies or a task is lost, and the scheduler's tick starts them when their time has come.
"""

from uuid import UUID

from django.db import transaction

from apps.ai.models import Action
from apps.outbound.models import Command
from apps.outbound.registry import Receipt
from apps.outbound.run import Later, Run
from apps.providers.adapters.errors import AdapterError
from apps.providers.models import ProviderAccount
from apps.realtime.journal import Event
from apps.users import tokens

from . import deciding, executing, proposals, writing
from .models import Approval, ApprovalState

LONGEST: float = 3_600.0
"""Seconds until it is looked again at what is not due yet."""


class HitlCommands:
    """Implements `outbound.registry.CommandKind`."""

    name = proposals.KIND

    def execute(self, run: Run, command: Command) -> Receipt:
        """See CommandKind. Each can be repeated: what is done already is left alone."""
        match command.action:
            case "perform":
                executing.perform(command.concerns[0])
            case "expire":
                _expire(command.concerns[0])
            case "letters":
                writing.to_everybody(command.concerns[0])
            case "hand":
                writing.to_whom_it_was_handed(UUID(command.args["approval"]))
            case _:
                raise ValueError(f"hitl has no command {command.action!r}")
        return {}

    def lock(self, account: ProviderAccount, command: Command) -> None:
        """None: what is done is done, under its own locks."""

    def settle(self, account: ProviderAccount, command: Command, receipt: Receipt) -> list[Event]:
        """See CommandKind."""
        return []

    def fail(self, account: ProviderAccount, command: Command, error: AdapterError) -> list[Event]:
        """See CommandKind: a fault of ours repeated itself."""
        if command.action == "perform" and Action.objects.filter(pk=command.concerns[0]).exists():
            executing.give_up(command.concerns[0])
        return []

    def doubt(self, account: ProviderAccount, command: Command, reason: str) -> list[Event]:
        """None of these commands leaves doubt: what is sent is a command of its own."""
        raise RuntimeError(f"a {command.action} command cannot be in doubt")


def _expire(approval_id: UUID) -> None:
    with transaction.atomic():
        approval = (
            Approval.objects.select_for_update(of=("self",))
            .select_related("action__account", "account")
            .filter(pk=approval_id, state=ApprovalState.OPEN)
            .first()
        )
        if approval is None:
            return
        left = (approval.expires_at - tokens.database_now()).total_seconds()
        if left <= 0:
            deciding.lapse(approval)
            return
    raise Later(min(left + 0.1, LONGEST), "it has not lapsed yet")
