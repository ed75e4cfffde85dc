"""Putting commands into an account's queue, and taking them back.

Called inside the caller's transaction, before its journal entries: a command exists exactly when
the change it stands for is visible. The queue is one public SyncTarget a account, of the kind
`outbound`, so that lease, fence, due time and the sweep that finds lost tasks are the engine's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Exists, Max, OuterRef

from apps.core.clock import now
from apps.providers.models import ProviderAccount
from apps.sync import targets
from apps.sync.models import Phase, SyncTarget
from apps.tenants import context

from .models import OPEN, Command, CommandRequest, State

KIND: Final = "outbound"
NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
# A task may wait in a worker for so long; what is due later is found by the scheduler's tick.
SOON: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A command to be queued. `objects` are the ids that it must not be overtaken on."""

    kind: str
    action: str
    objects: Sequence[UUID] = ()
    args: dict[str, Any] = field(default_factory=dict)
    not_before: datetime | None = None


def put(account: ProviderAccount, wanted: Sequence[Wanted], request: CommandRequest | None = None) -> list[Command]:
    """Queue commands of one account in this order; they run after the transaction commits."""
    if not wanted:
        return []
    target = _locked(account)
    last = Command.objects.filter(account=account).aggregate(last=Max("number"))["last"] or 0
    moment = now()
    made = Command.objects.bulk_create(
        [
            Command(
                request=request,
                account=account,
                number=number,
                kind=item.kind,
                action=item.action,
                concerns=list(item.objects),
                args=item.args,
                not_before=item.not_before,
                due_at=max(item.not_before or moment, moment),
            )
            for number, item in enumerate(wanted, start=last + 1)
        ]
    )
    _call(target, min(command.due_at for command in made))
    return made


def cancel(commands: Sequence[UUID]) -> list[UUID]:
    """Take back commands that have not begun; return which. A row lock decides between this and the runner."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE outbound_command SET state = 'cancelled', finished_at = now() WHERE id IN ("
            "SELECT id FROM outbound_command WHERE id = ANY(%s) AND state = 'pending' AND attempts = 0 FOR UPDATE) "
            "RETURNING id",
            [list(commands)],
        )
        return [row[0] for row in cursor.fetchall()]


def reopen(command: Command, *, notes: dict[str, Any] | None = None, at: datetime | None = None) -> None:
    """Put a command that is in doubt, failed or waiting back into the queue, due at `at` or now."""
    target = _locked(command.account)
    command.state, command.error_code, command.error_reason, command.finished_at = State.PENDING, "", "", None
    command.notes = command.notes if notes is None else notes
    command.not_before, command.due_at = at, at or now()
    command.save(update_fields=["state", "error_code", "error_reason", "finished_at", "notes", "not_before", "due_at"])
    _call(target, command.due_at)


def close(command: Command, state: State, receipt: dict[str, Any] | None = None) -> None:
    """End a command by a person's decision: done, failed or cancelled."""
    command.state, command.finished_at = state, now()
    command.receipt = command.receipt if receipt is None else receipt
    command.save(update_fields=["state", "finished_at", "receipt"])


def open_commands(account_id: UUID, objects: Sequence[UUID] | None = None) -> list[Command]:
    """The account's open commands in order; with `objects`, those that concern any of them."""
    found = Command.objects.filter(OPEN, account_id=account_id).order_by("number")
    return list(found if objects is None else found.filter(concerns__overlap=list(objects)))


def wake(account: ProviderAccount) -> None:
    """Look at the account's queue now, whatever it waited for."""
    found = SyncTarget.objects.filter(tenant=context.current(), account_id=account.pk, kind=KIND)
    target = found.select_for_update(of=("self",)).first()
    if target is None:
        return
    target.is_active, target.error_count, target.error_code, target.error_reason = True, 0, "", ""
    target.save(update_fields=["is_active", "error_count", "error_code", "error_reason"])
    Command.objects.filter(OPEN, account=account, not_before__isnull=True).update(due_at=now())
    _call(target, now())


def next_due(account_id: UUID) -> datetime:
    """When the next command is due that waits for no earlier one of its objects; `NEVER` when none is open."""
    earlier = Command.objects.filter(
        OPEN, account_id=account_id, number__lt=OuterRef("number"), concerns__overlap=OuterRef("concerns")
    )
    found = Command.objects.filter(~Exists(earlier), OPEN, account_id=account_id).order_by("due_at")
    return found.values_list("due_at", flat=True).first() or NEVER


def _locked(account: ProviderAccount) -> SyncTarget:
    """The account's queue, locked until commit: numbers then follow the order of commits."""
    where = account.settings.get("imap") or {}
    SyncTarget.objects.get_or_create(
        tenant=context.current(),
        account_id=account.pk,
        kind=KIND,
        defaults={
            "provider_type": account.provider_type,
            "host": str(where.get("host", ""))[:255],
            "phase": Phase.LIVE,
            "due_at": NEVER,
        },
    )
    target: SyncTarget = SyncTarget.objects.select_for_update(of=("self",)).get(
        tenant=context.current(), account_id=account.pk, kind=KIND
    )
    return target


def _call(target: SyncTarget, due: datetime) -> None:
    """Have the queue looked at when `due` comes."""
    if due < target.due_at:
        SyncTarget.objects.filter(pk=target.pk).update(due_at=due)
    delay = (due - now()).total_seconds()
    if delay <= 0:
        targets.request(target.pk, "command")
    elif delay <= SOON.total_seconds():
        targets.call(target, delay)
