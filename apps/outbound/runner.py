"""One run over an account's queue: command after command in their order, each closed in one transaction.

    pending ──▶ executing ──▶ done       settle: the rows say what the provider said
       ▲           │  └─────▶ failed     fail: back to the provider's truth, `command:failed`
       │           ├────────▶ doubt      a person decides
       └───────────┘ retry: the engine's series, as long as it takes; Later: soon, no failure

A worker that dies leaves `executing` behind; the next runner, who can only be there once the lease
ran out, executes the command again. Kinds make that safe, with `Run.note` where it is not by itself.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.db.models import F
from structlog.contextvars import bound_contextvars

from apps.core.clock import now
from apps.core.ids import new_id
from apps.providers import accounts
from apps.providers.adapters.errors import (
    AdapterError,
    NotFound,
    PermissionMissing,
    ProviderDown,
    RateLimited,
    Rejected,
    Transient,
)
from apps.providers.models import AccountStatus, ProviderAccount
from apps.realtime import journal
from apps.sync import lease, limits, outcomes, targets
from apps.sync.lease import Lease, LeaseLost
from apps.sync.models import SyncTarget
from apps.sync.outcomes import Verdict

from . import queue, registry, requests
from .models import OPEN, Command, State
from .run import InDoubt, Later, NotLetIn, Run

log = structlog.get_logger(__name__)

# These say that the provider will not have this command, whatever the account and the connection.
FOR_GOOD: Final = (Rejected, NotFound, PermissionMissing)
# A fault of ours repeats itself: after so many tries a person is told rather than left waiting.
MOST_FAULTS: Final = 5

NEXT: Final = """
SELECT c.id FROM outbound_command c
WHERE c.account_id = %s AND c.finished_at IS NULL AND c.due_at <= now()
  AND NOT EXISTS (
    SELECT 1 FROM outbound_command e WHERE e.account_id = c.account_id AND e.number < c.number
      AND e.finished_at IS NULL AND e.concerns && c.concerns)
ORDER BY c.number LIMIT 1
"""


def run(held: Lease) -> None:
    """Execute what is due in the account's queue, and note when the next command is."""
    target = held.target
    with bound_contextvars(account=str(target.account_id), target=str(target.pk), run=new_id().hex[:12]):
        account = ProviderAccount.objects.filter(pk=target.account_id, status=AccountStatus.ACTIVE).first()
        if account is None:
            held.stop()
            return
        slot = limits.take(target)
        if slot is None:
            _pause(held, timedelta(seconds=limits.retry_delay()))
            return
        working = Run(account, held)
        with slot, lease.kept(held, slot.extend):
            try:
                pause = _work(working)
            except LeaseLost as lost:
                working.drop(lost)
                log.warning("run given up", reason=str(lost))
                return
            except BaseException as error:
                working.drop(error)
                raise
            working.close()
        _pause(held, pause)


def _work(working: Run) -> timedelta:
    """Command after command until none is due; how long to leave the whole account alone."""
    while (command_id := _next(working.account.pk)) is not None:
        command = _begin(working.held, command_id)
        if command is None:
            continue  # cancelled in this moment
        pause = _one(working, command)
        if pause is not None:
            return pause
        working.held.renew()
    return timedelta()


def _next(account_id: UUID) -> UUID | None:
    with connection.cursor() as cursor:
        cursor.execute(NEXT, [account_id])
        row = cursor.fetchone()
    return row[0] if row else None


def _begin(held: Lease, command_id: UUID) -> Command | None:
    """Mark the command as being executed: from here on it cannot be taken back, only undone."""
    with transaction.atomic():
        command = Command.objects.select_for_update().filter(pk=command_id).first()
        if command is None or command.state not in (State.PENDING, State.EXECUTING):
            return None
        held.check()
        command.state, command.attempts = State.EXECUTING, command.attempts + 1
        command.started_at = command.started_at or now()
        command.save(update_fields=["state", "attempts", "started_at"])
    return command


def _one(working: Run, command: Command) -> timedelta | None:
    """Execute one command and close it; a pause when the account should be left alone."""
    kind = registry.get(command.kind)
    try:
        receipt = kind.execute(working, command)
    except Later as later:
        _again(working.held, command, timedelta(seconds=later.seconds))
        log.info("command put off", command=str(command.pk), reason=later.reason)
        return None
    except InDoubt as doubt:
        _close(working, command, State.DOUBT, reason=str(doubt))
        return None
    except NotLetIn as shut:
        return _failed(working, command, shut.error)
    except FOR_GOOD as error:
        _close(working, command, State.FAILED, error=error)
        return None
    except AdapterError as error:
        return _failed(working, command, error)
    except (LeaseLost, KeyboardInterrupt, SystemExit):
        raise
    except Exception as error:
        # A fault of ours or of the database: it is tried again, and after that the person is told.
        log.exception("command broke", command=str(command.pk))
        working.drop(error)
        broken = Transient(f"internal error: {type(error).__name__}")
        if command.attempts >= MOST_FAULTS:
            _close(working, command, State.FAILED, error=Rejected("PMSync could not carry this out; it was logged"))
            return None
        return _failed(working, command, broken)
    _close(working, command, State.DONE, receipt=receipt)
    return None


def _failed(working: Run, command: Command, error: AdapterError) -> timedelta | None:
    """The provider did not take it this time: when to try again, and whether others of its kind must wait, too."""
    held, account = working.held, working.account
    decided = outcomes.verdict(error)
    if decided is Verdict.ASK:
        working.drop(error)
        mine = SyncTarget.objects.filter(pk=held.target.pk, lease_fence=held.fence)
        accounts.needs_reconnect(account, error, lambda: mine.update(is_active=False))
        _again(held, command, timedelta())
        return timedelta(seconds=outcomes.RETRIES[0])
    failures = max(0, command.attempts - 1)
    pause = outcomes.failure(error, failures).pause or timedelta(seconds=outcomes.RETRIES[0])
    _again(held, command, pause, error)
    log.warning("command failed for now", command=str(command.pk), code=error.code, reason=error.reason)
    whole = isinstance(error, RateLimited | ProviderDown) or not working.usable()
    if not whole:
        return None
    working.drop(error)
    SyncTarget.objects.filter(pk=held.target.pk, lease_fence=held.fence).update(
        error_count=F("error_count") + 1, error_code=error.code, error_reason=error.reason[:500]
    )
    # Mail, calendars and address books of one account live on servers of their own: one that is away holds up its
    # own commands only.
    until = now() + pause
    Command.objects.filter(OPEN, account=account, kind=command.kind, due_at__lt=until).update(due_at=until)
    return None


def _again(held: Lease, command: Command, pause: timedelta, error: AdapterError | None = None) -> None:
    with transaction.atomic():
        fields = {"state": State.PENDING, "due_at": now() + pause}
        if error is not None:
            fields |= {"error_code": error.code, "error_reason": error.reason[:500]}
        Command.objects.filter(pk=command.pk, state=State.EXECUTING).update(**fields)
        held.check()


def _close(
    working: Run,
    command: Command,
    state: State,
    *,
    receipt: registry.Receipt | None = None,
    error: AdapterError | None = None,
    reason: str = "",
) -> None:
    """End a command: its rows, its request's count and the events of both, in one transaction.

    Raises LeaseLost when another runner took over: it will find the command as this one found it.
    """
    kind, account = registry.get(command.kind), working.account
    with transaction.atomic():
        # Closed first, so that what the kind computes from the commands that are open leaves it out.
        command.state, command.receipt, command.finished_at = state, receipt, now()
        command.error_code = error.code if error is not None else ""
        command.error_reason = error.reason[:500] if error is not None else reason[:500]
        kind.lock(account, command)
        working.held.check()
        command.save(update_fields=["state", "receipt", "finished_at", "error_code", "error_reason"])
        if state == State.DONE:
            events = kind.settle(account, command, receipt or {})
        elif state == State.DOUBT:
            events = kind.doubt(account, command, reason)
        else:
            events = kind.fail(account, command, error or Rejected(reason))
        journal.append([*events, *requests.count(command)])
    log.info("command closed", command=str(command.pk), action=command.action, state=state.value)
    held = working.held
    if state == State.DONE and held.target.error_code:
        held.target.error_code = ""
        SyncTarget.objects.filter(pk=held.target.pk, lease_fence=held.fence).update(
            error_count=0, error_code="", error_reason=""
        )


def _pause(held: Lease, pause: timedelta) -> None:
    """Note when the queue is next due: by its commands, and not before the pause is over."""
    with transaction.atomic():
        # Its lock is that of `queue.put`: no command can be queued between the look and the note.
        target = SyncTarget.objects.select_for_update(of=("self",)).filter(pk=held.target.pk).first()
        if target is None or target.lease_fence != held.fence:
            return
        due = _due(held.target.account_id, pause)
        SyncTarget.objects.filter(pk=target.pk).update(due_at=due, last_synced_at=now())
        seconds = (due - now()).total_seconds()
        if seconds <= queue.SOON.total_seconds():
            targets.call(target, max(seconds, 0.0))


def _due(account_id: UUID, pause: timedelta) -> datetime:
    due = queue.next_due(account_id)
    return due if due == queue.NEVER else max(due, now() + pause)
