"""What the model was asked and answered, sealed with the tenant's key, for as long as the tenant keeps it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from apps.core import crypto
from apps.core.clock import now
from apps.core.ids import new_id
from apps.tenants import context, keys

from . import switches
from .models import ModelCall


@dataclass(frozen=True, slots=True)
class Told:
    """How one attempt went. `prompt` is the list of messages, `output` what came back."""

    outcome: str
    ms: int
    prompt: Any
    output: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0


def keep(
    purpose: str, model: str, told: Told, *, account_id: UUID | None, user_id: UUID | None, about: UUID | None
) -> ModelCall:
    """Note one attempt; its content only where the tenant keeps contents."""
    call_id = new_id()
    content = None
    if switches.bounds().kept_days:
        plain = orjson.dumps({"prompt": told.prompt, "output": told.output})
        content = crypto.seal(keys.newest(context.current()), plain, _context(call_id))
    return ModelCall.objects.create(
        id=call_id,
        account_id=account_id,
        user_id=user_id,
        purpose=purpose,
        model=model,
        about=about,
        outcome=told.outcome,
        ms=told.ms,
        prompt_tokens=told.prompt_tokens,
        completion_tokens=told.completion_tokens,
        content=content,
    )


def content(call: ModelCall) -> dict[str, Any] | None:
    """`prompt` and `output` of an attempt; None when they were not kept."""
    if call.content is None:
        return None
    plain = crypto.unseal(keys.all_of(context.current()), bytes(call.content), _context(call.pk))
    found: dict[str, Any] = orjson.loads(plain)
    return found


def _context(call_id: UUID) -> str:
    return f"ai-call:{call_id}"


def prune() -> int:
    """Forget attempts that are older than the tenant keeps them; return how many."""
    limit = now() - timedelta(days=switches.bounds().kept_days)
    removed, _ = ModelCall.objects.filter(at__lt=limit).delete()
    return removed


def erase(account_id: UUID) -> int:
    """Forget every attempt that was about an account; return how many."""
    removed, _ = ModelCall.objects.filter(account_id=account_id).delete()
    return removed
