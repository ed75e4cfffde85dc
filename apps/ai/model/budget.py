"""What the model may cost in a day, and what it did cost: charged before a call, put right after it.

A worker that dies in between leaves its estimate standing for that day: the call may have been paid for.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum

from apps.core.clock import now

from . import errors, switches
from .models import AgentSwitch, ModelUsage


@dataclass(frozen=True, slots=True)
class Charge:
    """An estimate that stands against the day's budget until it is settled."""

    row: int
    tokens: int


def charge(purpose: str, model: str, tokens: int, *, part: float = 1.0) -> Charge:
    """Take `tokens` from today's budget, of which the purpose gets no more than `part`. Raises BudgetSpent when that is
    more than is left."""
    today = now().date()
    with transaction.atomic():
        AgentSwitch.objects.get_or_create(pk=1)
        AgentSwitch.objects.select_for_update().get(pk=1)
        most = switches.bounds().daily_tokens
        if used(today) + tokens > most or (part < 1 and used(today, purpose) + tokens > most * part):
            raise errors.BudgetSpent
        row, _ = ModelUsage.objects.get_or_create(day=today, purpose=purpose, model=model)
        ModelUsage.objects.filter(pk=row.pk).update(reserved_tokens=F("reserved_tokens") + tokens)
    return Charge(row.pk, tokens)


def settle(held: Charge, prompt: int, completion: int) -> None:
    """Replace the estimate by what was used; zeros for a call that was refused unread."""
    price_in, price_out = settings.PMSYNC_MISTRAL_PRICE
    ModelUsage.objects.filter(pk=held.row).update(
        calls=F("calls") + 1,
        reserved_tokens=F("reserved_tokens") - held.tokens,
        prompt_tokens=F("prompt_tokens") + prompt,
        completion_tokens=F("completion_tokens") + completion,
        # A price for a million tokens is that of one token in millionths.
        micros=F("micros") + round(prompt * price_in + completion * price_out),
    )


def used(day: date, purpose: str = "") -> int:
    """Tokens that were used or are reserved on that day, for one purpose or all."""
    rows = ModelUsage.objects.filter(day=day, **({"purpose": purpose} if purpose else {}))
    found = rows.aggregate(all=Sum(F("prompt_tokens") + F("completion_tokens") + F("reserved_tokens")))
    return int(found["all"] or 0)


def usage(since: date) -> list[dict[str, Any]]:
    """What was used since that day, by day and purpose, the newest first."""
    rows = ModelUsage.objects.filter(day__gte=since).order_by("-day", "purpose", "model")
    return [
        {
            "day": row.day.isoformat(),
            "purpose": row.purpose,
            "model": row.model,
            "calls": row.calls,
            "prompt_tokens": row.prompt_tokens,
            "completion_tokens": row.completion_tokens,
            "cost": row.micros / 1_000_000,
        }
        for row in rows
    ]
