"""How each target stands, told without any content: for the person, the operator and the command line."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from apps.core.clock import now
from apps.providers.accounts import iso

from .models import Breaker, Phase, SyncTarget, Tier
from .targets import LOST_AFTER


class State(StrEnum):
    """What a target is doing."""

    IDLE = "idle"
    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    """It failed, or its provider asked for a pause; `due_at` says until when."""


@dataclass(frozen=True, slots=True)
class Error:
    """Why the last run failed, by the adapter errors' code and reason."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Row:
    """One target as the API tells it."""

    account_id: str
    kind: str
    tier: str
    phase: str
    last_synced_at: str | None
    due_at: str | None
    state: State
    breaker: str
    error: Error | None
    push: str

    def as_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def rows(targets: Iterable[SyncTarget]) -> list[Row]:
    """The targets as of now."""
    moment = now()
    return [_row(target, moment) for target in targets]


def _row(target: SyncTarget, moment: datetime) -> Row:
    return Row(
        account_id=str(target.account_id),
        kind=target.kind,
        tier=Tier(target.tier).name,
        phase=target.phase,
        last_synced_at=iso(target.last_synced_at),
        due_at=iso(target.due_at),
        state=state(target, moment),
        breaker=target.breaker,
        error=Error(target.error_code, target.error_reason) if target.error_code else None,
        push=target.push_kind if target.push_until and target.push_until > moment and target.push_kind else "none",
    )


def state(target: SyncTarget, moment: datetime) -> State:
    """What the target is doing at that moment."""
    if target.lease_until is not None and target.lease_until > moment:
        return State.RUNNING
    if not target.is_active or (target.error_code and target.due_at > moment) or target.breaker == Breaker.OPEN:
        return State.WAITING
    underway = target.queued_at is not None and target.queued_at > moment - LOST_AFTER
    importing = target.phase == Phase.INITIAL and target.backfill_queued_at is not None
    return State.QUEUED if target.wanted_at is not None or underway or importing else State.IDLE
