"""Whether the agents may work in the open tenant: the tenant's switch, and its bounds. Asked before each call."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.timezone import now

from . import errors
from .models import AgentSwitch


@dataclass(frozen=True, slots=True)
class Bounds:
    """What holds in the open tenant now. `daily_tokens` and `kept_days` of 0 allow, and keep, nothing."""

    enabled: bool
    daily_tokens: int
    kept_days: int


def bounds() -> Bounds:
    """The tenant's switch as it stands; one query."""
    row = AgentSwitch.objects.first() or AgentSwitch()
    return Bounds(
        row.enabled,
        settings.PMSYNC_AI_DAILY_TOKENS if row.daily_tokens is None else row.daily_tokens,
        settings.PMSYNC_AI_KEPT_DAYS if row.kept_days is None else row.kept_days,
    )


def on() -> bool:
    """True while the tenant lets agents work at all, with a model or without."""
    return bounds().enabled


def configured() -> bool:
    """True when this installation has a model to ask."""
    return bool(settings.MISTRAL_API_KEY)


def refuse() -> None:
    """Raise NotConfigured or SwitchedOff when the model may not be asked."""
    if not configured():
        raise errors.NotConfigured
    if not on():
        raise errors.SwitchedOff


def off_because() -> Iterator[errors.ModelError]:
    """Why the model may not be asked here; nothing when it may."""
    if not configured():
        yield errors.NotConfigured()
    if not on():
        yield errors.SwitchedOff()


def change(by_user: UUID, **fields: Any) -> None:
    """Set `enabled`, `daily_tokens` or `kept_days`; a bound of None goes back to what the installation says."""
    AgentSwitch.objects.update_or_create(pk=1, defaults={**fields, "changed_by": by_user, "changed_at": now()})
